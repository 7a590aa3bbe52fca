"""Published volumes of the base year beside the tonnes of an assignment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from isthmus.analysis.evidence.outcome import Measured
from isthmus.analysis.evidence.places import Places
from isthmus.errors import NotTestable
from isthmus.vocab import LAND_MODES, WATER_MODES

if TYPE_CHECKING:
    from isthmus.assign import Assignment

__all__ = ["volume"]


def volume(row: dict[str, Any], places: Places, assignment: Assignment | None) -> Measured:
    """Tonnes through a port or over a border place, of the base year."""
    if assignment is None:
        raise NotTestable("no flows: volumes are compared with an assignment")
    if row["not_testable"]:
        raise NotTestable(row["not_testable"])
    year = assignment.demand.year
    if pd.isna(row["year"]) or abs(int(row["year"]) - year) > 1:
        raise NotTestable(f"another year: the trade matrix is of {year}")
    if not row["place"]:
        raise NotTestable("no one place: the row counts a corridor, country or fleet")
    nodes = places.resolve(row["place"])
    arcs = assignment.virtual.arcs
    flow = assignment.arc_flow
    here = arcs["node_id"].isin(nodes)
    over = (here & arcs["kind"].eq("cross") & arcs["mode"].isin(LAND_MODES)).to_numpy()
    water = arcs["mode"].isin(WATER_MODES) | arcs.get("from_mode", pd.Series("", arcs.index)).isin(
        WATER_MODES
    )
    quay = (here & arcs["kind"].isin(["load", "unload", "transfer"]) & water).to_numpy()
    used = quay if quay.any() else over
    if row["mode"] == "rail" and over.any():
        used = (pd.Series(over) & arcs["mode"].eq("rail")).to_numpy()
    if not used.any():
        raise NotTestable("no count: the place is neither a port nor a border")
    tonnes = flow[:, used].sum(axis=1)
    if row["quantity"] == "volume_teu":
        goods = assignment.cost.commodities
        boxed = goods["load_type"].eq("container").to_numpy()
        value = float((tonnes[boxed] / goods["payload_t_teu"].to_numpy(dtype=float)[boxed]).sum())
    else:
        value = float(tonnes.sum()) / 1e6
    modes = "+".join(sorted(set(arcs["mode"].to_numpy(dtype=object)[used])))
    cause = "the matrix holds trade between its zones, not empties, home trade and oil outside it"
    return Measured(value, row["value"], modes, cause)
