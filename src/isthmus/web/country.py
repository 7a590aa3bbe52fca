"""One country on the map: whose territory its trade crosses, whose trade crosses its own, what is at risk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from isthmus.analysis.dependence import dependence
from isthmus.console import records
from isthmus.corridor import corridor_territories

if TYPE_CHECKING:
    from isthmus.assign import Assignment
    from isthmus.results import Run

__all__ = ["country", "matrix"]

_SHOWN, _TERRITORIES = 16, 40
"""Rows of each table, and of territories and seas."""


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
    territory = facts.names.territory(territory_id, "country")
    names = facts["territories"].set_index("territory_id")["name"]
    frame = run.comparison.by("territory").set_index("territory_id")
    totals = frame.loc[[territory]].reset_index() if territory in frame.index else pd.DataFrame()
    pairs = {side: _passages(a, territory) for side, a in (("base", run.base), ("new", run.new))}
    return {
        "id": territory,
        "name": str(names[territory]),
        "totals": records(totals)[0] if len(totals) else {},
        "over": _beside(pairs, "over", names),
        "through": _beside(pairs, "through", names),
        "crossings": _crossings(run, territory),
        "trades": _trades(run, territory, names),
    }


def _passages(assignment: Assignment, territory: str) -> dict[str, pd.Series]:
    """Return tonnes of this territory's trade by territories passed, and of others' trade by whose it is."""
    pairs = dependence(assignment).pairs
    over, through = pairs[pairs["who_id"].eq(territory)], pairs[pairs["via_id"].eq(territory)]
    return {
        "over": over.set_index("via_id")["tonnes_t_yr"],
        "through": through.set_index("who_id")["tonnes_t_yr"],
    }


def matrix(run: Run, most: int = 16) -> dict[str, Any]:
    """
    Return whose trade passes whose territory, as shares of its tonnes: the dependence of all on all.

    Parameters
    ----------
    run : Run
    most : int
        Territories shown: those passed most. Countries shown are all that a named corridor runs through
        and whose trade passes another territory.

    Returns
    -------
    dict
        As `isthmus.web.schemas.Matrix`: rows are whose trade, columns whose territory.
    """
    facts = run.base.virtual.network.facts
    names = facts["territories"].set_index("territory_id")
    states = set(names.index[names["kind"].eq("state")])
    now, was = (_shares(a, states) for a in (run.new, run.base))
    territories = list(now.groupby("via_id")["tonnes_t_yr"].sum().nlargest(most).index)
    own = now.groupby("who_id")["tonnes_t_yr"].sum().sort_values(ascending=False)
    corridors = set(corridor_territories(facts))
    who = [w for w in own.index if w in corridors]
    cells = pd.MultiIndex.from_product([who, territories])

    def table(frame: pd.DataFrame) -> list[list[float]]:
        share = frame.set_index(["who_id", "via_id"])["share_t"]
        grid = share.reindex(cells).fillna(0.0).to_numpy().reshape(len(who), -1)
        return [[round(float(v), 4) for v in row] for row in grid]

    title = names["name"]
    return {
        "rows": [{"id": i, "name": str(title[i])} for i in who],
        "columns": [{"id": i, "name": str(title[i])} for i in territories],
        "now": table(now),
        "base": table(was),
    }


def _shares(assignment: Assignment, states: set[str]) -> pd.DataFrame:
    """Return the pairs of `dependence` between states."""
    pairs = dependence(assignment).pairs
    return pairs[pairs["who_id"].isin(states) & pairs["via_id"].isin(states)]


def _beside(
    pairs: dict[str, dict[str, pd.Series]], what: str, names: pd.Series
) -> list[dict[str, Any]]:
    frame = pd.DataFrame({side: pairs[side][what] for side in ("base", "new")}).fillna(0.0)
    frame = frame[frame.index != ""]
    frame = frame.assign(change=frame["new"] - frame["base"])
    frame.insert(0, "name", names.reindex(frame.index).fillna(""))
    frame = frame.rename_axis("id").reset_index()
    size = np.maximum(frame["base"], frame["new"])
    return records(frame.loc[size.sort_values(ascending=False).index].head(_TERRITORIES))


def _crossings(run: Run, territory: str) -> list[dict[str, Any]]:
    """Return the busiest crossings of the country's own borders."""
    frame = run.comparison.by("crossing")
    here = frame["from_territory_id"].eq(territory) | frame["to_territory_id"].eq(territory)
    frame = frame[here].sort_values("flow_t_yr_base", ascending=False)
    columns = ["crossing_id", "name", "mode", "flow_t_yr_base", "flow_t_yr_new", "flow_t_yr_change"]
    return records(frame[columns].head(_SHOWN))


def _trades(run: Run, territory: str, names: pd.Series) -> list[dict[str, Any]]:
    """Return the country's trades by partner, those whose cost or service changes most first."""
    trips = run.comparison.trips
    here = trips["origin_territory_id"].eq(territory) | trips["destination_territory_id"].eq(
        territory
    )
    own = trips[here].copy()
    out = own["origin_territory_id"].eq(territory)
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
