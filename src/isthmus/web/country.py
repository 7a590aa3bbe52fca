"""One country on the map: whose land its trade crosses, whose trade crosses its own, what is at risk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from isthmus.analysis.levels import levels
from isthmus.console import records

if TYPE_CHECKING:
    from isthmus.assign import Assignment
    from isthmus.run import Run

__all__ = ["country", "matrix"]

_SHOWN, _LANDS = 16, 40
"""Rows of each table, and of lands and seas."""


def country(run: Run, territory_id: str) -> dict[str, Any]:
    """
    Return one country's trade before and after.

    Parameters
    ----------
    run : Run
    territory_id : str

    Returns
    -------
    dict
        As `isthmus.web.schemas.Country`.

    Raises
    ------
    InputError
        If there is no such country.
    """
    facts = run.base.virtual.network.facts
    land = facts.names.territory(territory_id, "country")
    names = facts["territories"].set_index("territory_id")["name"]
    frame = run.comparison.by("territory").set_index("territory_id")
    totals = frame.loc[[land]].reset_index() if land in frame.index else pd.DataFrame()
    pairs = {side: _passages(a, land) for side, a in (("base", run.base), ("new", run.new))}
    return {
        "id": land,
        "name": str(names[land]),
        "totals": records(totals)[0] if len(totals) else {},
        "over": _beside(pairs, "over", names),
        "through": _beside(pairs, "through", names),
        "crossings": _crossings(run, land),
        "trades": _trades(run, land, names),
    }


def _passages(assignment: Assignment, land: str) -> dict[str, pd.Series]:
    """Return tonnes of this land's trade by lands passed, and of others' trade by whose it is."""
    pairs = _pairs(assignment)
    own = pairs["start"].eq(land) | pairs["end"].eq(land)
    foreign = pairs["land"].ne(pairs["start"]) & pairs["land"].ne(pairs["end"])
    over = pairs[own & foreign].groupby("land")["t"].sum()
    through = pairs[pairs["land"].eq(land) & ~own]
    whose = pd.concat(
        [through[["start", "t"]].set_axis(["who", "t"], axis=1),
         through[through["start"].ne(through["end"])][["end", "t"]].set_axis(["who", "t"], axis=1)]
    )  # fmt: skip
    return {"over": over, "through": whose.groupby("who")["t"].sum()}


def _pairs(assignment: Assignment) -> pd.DataFrame:
    """Return a row for each path and land it passes: land, t, and the lands it begins and ends in."""
    arcs, paths = assignment.virtual.arcs, assignment.paths
    zone = assignment.virtual.network.zones.set_index("zone_id")["territory_id"]
    start = assignment.trips["origin_zone_id"].map(zone).to_numpy()[paths.trip]
    end = assignment.trips["destination_zone_id"].map(zone).to_numpy()[paths.trip]
    moving = arcs["kind"].isin(["move", "transfer"]).to_numpy()
    on = moving[paths.arcs]
    pairs = pd.DataFrame(
        {
            "path": paths.path_of_arc[on],
            "land": arcs["territory_id"].to_numpy()[paths.arcs[on]],
        }
    ).drop_duplicates()
    path = pairs["path"].to_numpy()
    pairs["t"] = paths.flow[path]
    pairs["start"], pairs["end"] = start[path], end[path]
    return pairs


def matrix(run: Run, most: int = 16) -> dict[str, Any]:
    """
    Return whose trade passes whose land, as shares of its tonnes: the dependence of all on all.

    Parameters
    ----------
    run : Run
    most : int
        Lands shown: those passed most. Countries shown are all that a named corridor runs through
        and whose trade passes another land.

    Returns
    -------
    dict
        As `isthmus.web.schemas.Matrix`: rows are whose trade, columns whose land.
    """
    facts = run.base.virtual.network.facts
    names = facts["territories"].set_index("territory_id")
    states = set(names.index[names["kind"].eq("state")])
    now, was = (_shares(a, states) for a in (run.new, run.base))
    weight = now["t"].groupby(level="land").sum().sort_values(ascending=False)
    lands = list(weight.index[:most])
    own = now["t"].groupby(level="who").sum().sort_values(ascending=False)
    corridors = set(
        facts["nodes"]
        .set_index("node_id")["territory_id"]
        .reindex(facts["corridor_nodes"]["node_id"])
    )
    who = [w for w in own.index if w in corridors]
    cells = pd.MultiIndex.from_product([who, lands])

    def table(frame: pd.DataFrame) -> list[list[float]]:
        grid = frame["share"].reindex(cells).fillna(0.0).to_numpy().reshape(len(who), -1)
        return [[round(float(v), 4) for v in row] for row in grid]

    title = names["name"]
    return {
        "rows": [{"id": i, "name": str(title[i])} for i in who],
        "columns": [{"id": i, "name": str(title[i])} for i in lands],
        "now": table(now),
        "base": table(was),
    }


def _shares(assignment: Assignment, states: set[str]) -> pd.DataFrame:
    """Tonnes of each country's trade over each other land, and their share of its trade."""
    pairs = _pairs(assignment)
    foreign = pairs["land"].ne(pairs["start"]) & pairs["land"].ne(pairs["end"])
    pairs = pairs[foreign & pairs["land"].isin(states)]
    inside = pairs["start"].eq(pairs["end"])
    ends = pd.concat(
        [pairs[["start", "land", "t"]].set_axis(["who", "land", "t"], axis=1),
         pairs.loc[~inside, ["end", "land", "t"]].set_axis(["who", "land", "t"], axis=1)]
    )  # fmt: skip
    over = ends[ends["who"].isin(states)].groupby(["who", "land"])["t"].sum()
    trade = levels(assignment, "territory").set_index("territory_id")["trade_t_yr"]
    return pd.DataFrame({"t": over, "share": over / over.index.get_level_values("who").map(trade)})


def _beside(
    pairs: dict[str, dict[str, pd.Series]], what: str, names: pd.Series
) -> list[dict[str, Any]]:
    frame = pd.DataFrame({side: pairs[side][what] for side in ("base", "new")}).fillna(0.0)
    frame = frame[frame.index != ""]
    frame = frame.assign(change=frame["new"] - frame["base"])
    frame.insert(0, "name", names.reindex(frame.index).fillna(""))
    frame = frame.rename_axis("id").reset_index()
    size = np.maximum(frame["base"], frame["new"])
    return records(frame.loc[size.sort_values(ascending=False).index].head(_LANDS))


def _crossings(run: Run, land: str) -> list[dict[str, Any]]:
    """Return the busiest crossings of the country's own borders."""
    frame = run.comparison.by("crossing")
    here = frame["from_territory_id"].eq(land) | frame["to_territory_id"].eq(land)
    frame = frame[here].sort_values("flow_t_yr_base", ascending=False)
    columns = ["crossing_id", "name", "mode", "flow_t_yr_base", "flow_t_yr_new", "flow_t_yr_change"]
    return records(frame[columns].head(_SHOWN))


def _trades(run: Run, land: str, names: pd.Series) -> list[dict[str, Any]]:
    """Return the country's trades by partner, those whose cost or service changes most first."""
    trips = run.comparison.trips
    here = trips["origin_territory_id"].eq(land) | trips["destination_territory_id"].eq(land)
    own = trips[here].copy()
    out = own["origin_territory_id"].eq(land)
    own["partner"] = own["destination_territory_id"].where(out, own["origin_territory_id"])
    columns = [
        "tonnes_t_yr_base", "unserved_base_t_yr", "unserved_new_t_yr", "cost_change_usd_yr",
        "time_change_th_yr",
    ]  # fmt: skip
    frame = own.groupby("partner")[columns].sum().reset_index()
    frame.insert(1, "name", frame["partner"].map(names).fillna(""))
    size = (
        frame["cost_change_usd_yr"].abs()
        + 100 * (frame["unserved_new_t_yr"] - frame["unserved_base_t_yr"]).abs()
    )
    order = pd.DataFrame({"size": size, "t": frame["tonnes_t_yr_base"]})
    frame = frame.loc[order.sort_values(["size", "t"], ascending=False).index]
    return records(frame.head(_SHOWN))
