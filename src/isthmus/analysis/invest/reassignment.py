"""A set of projects assigned anew in full: what it really moves, and who gains. Kept on disk when done."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from isthmus.analysis.flows import compare
from isthmus.analysis.flows.totals import transit
from isthmus.analysis.invest.projects import Project, as_order
from isthmus.assign import Assignment, assign
from isthmus.version import __version__

if TYPE_CHECKING:
    from isthmus.cost.model import GeneralizedCost

__all__ = ["Again", "assigned_anew"]

_TEXT = {"territory_id": object, "name": object}


@dataclass(frozen=True)
class Again:
    """
    What a set of projects does when the trade is assigned anew.

    Parameters
    ----------
    saving_usd_yr : float
        Fall of what is borne by the tonnes served before and after: what `compare` counts. [USD/yr]
    new_trade_usd_yr : float
        For tonnes served only after, their share of value that not moving costs. [USD/yr]
    co2_saved_t_yr : float
        Over tonnes served before and after. [t/yr]
    by_territory : DataFrame
        territory_id, name, saving_usd_yr (new trade included), transit_t_yr, fee_usd_yr: changes; a trade's
        saving is halved between its ends.
    """

    saving_usd_yr: float
    new_trade_usd_yr: float
    co2_saved_t_yr: float
    by_territory: pd.DataFrame = field(repr=False)

    @property
    def gain_usd_yr(self) -> float:
        """What is saved, and what new trade is worth. [USD/yr]"""
        return self.saving_usd_yr + self.new_trade_usd_yr


def assigned_anew(
    base: Assignment,
    cost: GeneralizedCost,
    projects: Sequence[Project],
    *,
    trade_of: Sequence[str] = (),
    folder: str | Path | None = None,
) -> Again:
    """
    Assign with some projects in service.

    Parameters
    ----------
    base : Assignment
    cost : GeneralizedCost
    projects : sequence of Project
    trade_of : sequence of str
        Count only trade that begins or ends in these territories.
    folder : path, optional
        Kept there when done, and taken from there.

    Returns
    -------
    Again
    """
    file = None if folder is None else Path(folder) / f"{_key(base, projects, trade_of)}.json"
    if file is not None and file.is_file():
        return _read(file)
    if not projects:
        empty = ["territory_id", "name", "saving_usd_yr", "transit_t_yr", "fee_usd_yr"]
        return Again(0.0, 0.0, 0.0, pd.DataFrame(columns=empty))
    order = as_order(projects, str(base.virtual.network.date))
    changed, demand = order.apply(base.virtual.source, base.demand)
    new = assign(changed, demand, cost, method=base.method, gap=base.asked_gap, start=base)
    found = _compared(base, new, trade_of)
    if file is not None:
        _write(file, found)
    return found


def _compared(base: Assignment, new: Assignment, trade_of: Sequence[str]) -> Again:
    trips = compare(base, new).trips
    if len(trade_of):
        ends = trips[["origin_territory_id", "destination_territory_id"]]
        trips = trips[ends.isin(list(trade_of)).any(axis=1)]
    goods = base.cost.commodities.drop_duplicates("commodity_id").set_index("commodity_id")
    value = trips["commodity_id"].map(goods["value_usd_t"]).to_numpy(float)
    share = base.cost.parameters.get("no_trade_value_share")
    moved = -trips["unserved_change_t_yr"].to_numpy(float)
    saving, new_trade = -trips["cost_change_usd_yr"].to_numpy(float), share * value * moved
    saved = saving + new_trade
    half = pd.Series(0.5 * saved, trips.index)
    by_territory = half.groupby(trips["origin_territory_id"]).sum()
    by_territory = by_territory.add(
        half.groupby(trips["destination_territory_id"]).sum(), fill_value=0.0
    )
    through = transit(new)["transit_t_yr"].sub(transit(base)["transit_t_yr"], fill_value=0.0)
    fees = _fees(new).sub(_fees(base), fill_value=0.0)
    names = base.virtual.network.facts["territories"].set_index("territory_id")
    territories = names.index[names["kind"].eq("state")]
    frame = pd.DataFrame(
        {
            "territory_id": territories,
            "name": names["name"].reindex(territories).to_numpy(),
            "saving_usd_yr": by_territory.reindex(territories).fillna(0.0).to_numpy(),
            "transit_t_yr": through.reindex(territories).fillna(0.0).to_numpy(),
            "fee_usd_yr": fees.reindex(territories).fillna(0.0).to_numpy(),
        }
    ).astype(_TEXT)
    for column in ("transit_t_yr", "fee_usd_yr"):  # what is left of rounding is no change
        least = 1e-6 * float(frame[column].abs().max())
        frame[column] = frame[column].where(frame[column].abs() > least, 0.0)
    numbers = frame[["saving_usd_yr", "transit_t_yr", "fee_usd_yr"]].abs()
    frame = frame[(numbers > 1e-6 * numbers.max().clip(lower=1e-300)).any(axis=1)]
    co2 = -float(trips["co2_change_t_yr"].sum())
    return Again(
        -float(trips["cost_change_usd_yr"].sum()),
        float(new_trade.sum()),
        co2,
        frame.reset_index(drop=True),
    )


def _fees(assignment: Assignment) -> pd.Series[float]:
    """Return what crossings ask, by the territory that is entered. [USD/yr]"""
    paid = (assignment.cost.components["crossing_fee"] * assignment.arc_flow).sum(axis=0)
    territory = assignment.virtual.arcs["territory_id"].to_numpy()
    return pd.Series(np.asarray(paid)).groupby(territory).sum()


def _key(base: Assignment, projects: Sequence[Project], trade_of: Sequence[str]) -> str:
    parts = [
        __version__, "2", *base.digests.values(), base.method, repr(base.asked_gap),
        *sorted(trade_of), *(repr(sorted(map(repr, p.changes))) for p in projects),
    ]  # fmt: skip
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:40]


def _read(file: Path) -> Again:
    kept = json.loads(file.read_text(encoding="utf-8"))
    frame = pd.DataFrame(kept["by_land"]).astype(_TEXT)
    return Again(kept["saving_usd_yr"], kept["new_trade_usd_yr"], kept["co2_saved_t_yr"], frame)


def _write(file: Path, found: Again) -> None:
    """Write a file whole or not at all."""
    kept = {
        "saving_usd_yr": found.saving_usd_yr,
        "new_trade_usd_yr": found.new_trade_usd_yr,
        "co2_saved_t_yr": found.co2_saved_t_yr,
        "by_land": found.by_territory.to_dict("list"),
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(
        "w", dir=file.parent, suffix=".part", delete=False, encoding="utf-8"
    ) as part:
        path = Path(part.name)
        part.write(json.dumps(kept))
    try:
        path.replace(file)
    finally:
        path.unlink(missing_ok=True)
