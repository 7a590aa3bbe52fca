"""Published volumes of the base year beside the tonnes of an assignment."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pandas as pd

from isthmus.analysis.evidence.observed import Places
from isthmus.analysis.evidence.outcome import Measured
from isthmus.errors import NotTestable
from isthmus.facts.names import fold
from isthmus.vocab import LAND_MODES, WATER_MODES

if TYPE_CHECKING:
    from isthmus.assign import Assignment

__all__ = ["volume"]

_AHEAD = r"target|forecast|plan|planned|expected|potential|scenario|goal|best case|could"
_PART = (
    r"jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec|q1|q2|q3|q4|months|month|monthly|daily|"
    r"per day|quarter|half|since|cumulative|season|week|date|to [a-z]+"
)


def volume(row: dict[str, Any], places: Places, assignment: Assignment | None) -> Measured:
    """Tonnes through a port or over a border place, of the base year."""
    if assignment is None:
        raise NotTestable("no flows: volumes are compared with an assignment")
    said = fold(f"{row['route_description']} {row['note']} {row['unit']}")
    if re.search(rf"\b({_AHEAD})\b", said):
        raise NotTestable("ahead of time: a plan or forecast, not an outturn")
    if (
        re.search(rf"\b({_PART})\b", fold(row["route_description"]))
        or "train" in row["unit"].lower()
    ):
        raise NotTestable("part of a year: the model's flows are of a whole year")
    year = assignment.demand.year
    if pd.isna(row["year"]) or abs(int(row["year"]) - year) > 1:
        raise NotTestable(f"another year: the trade matrix is of {year}")
    nodes = _volume_nodes(row, places)
    arcs = assignment.virtual.arcs
    flow = assignment.arc_flow
    here = arcs["node_id"].isin(nodes)
    over = (here & arcs["kind"].eq("cross") & arcs["mode"].isin(LAND_MODES)).to_numpy()
    water = arcs["mode"].isin(WATER_MODES) | arcs.get("from_mode", pd.Series("", arcs.index)).isin(
        WATER_MODES
    )
    quay = (here & arcs["kind"].isin(["load", "unload", "transfer"]) & water).to_numpy()
    used = quay if quay.any() else over
    if re.search(r"\brail", fold(f"{row['subject']} {row['route_description']}")) and over.any():
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


def _volume_nodes(row: dict[str, Any], places: Places) -> frozenset[str]:
    if row["origin"] and not row["destination"] and not places.territory(row["origin"]):
        return places.resolve(row["origin"])
    named = places.along(row["subject"])
    if not named:
        raise NotTestable("no one place: the row counts a corridor, country or fleet")
    return frozenset().union(*named)
