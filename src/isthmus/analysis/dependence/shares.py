"""
Dependence: how much of a country's trade passes what another owns or controls, and what it could do.

Whose trade passes whose territory is counted in the assignment. What a refusal would cost is found by closing
the territory, or what is controlled, to that one country's trade and letting all choose anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from isthmus.assign.link_removal import LinkRemoval
from isthmus.errors import Fault, InputError, UnknownName

if TYPE_CHECKING:
    from isthmus.assign import Assignment

__all__ = ["Dependence", "Refusal", "dependence", "refusal", "titles_of"]


BY = ("territory", "control")
"""Whose territory an arc lies in, or whose consent its opening needs."""


@dataclass(frozen=True)
class Dependence:
    """
    Who depends on whom.

    Parameters
    ----------
    pairs : DataFrame
        who_id, who, via_id, via; tonnes_t_yr, value_usd_yr: of the trade of *who* that passes *via*
        and neither begins nor ends there; share_t, share_usd: of all its trade.
    countries : DataFrame
        territory_id, name, trade_t_yr, trade_usd_yr, passing_t_yr (the sum over territories passed),
        partners, herfindahl_t, herfindahl_usd: sum of squared shares among territories passed, 1 where all
        hangs on one, nan where none is passed.
    by : str
    """

    pairs: pd.DataFrame
    countries: pd.DataFrame
    by: str

    def matrix(self, share: str = "share_t") -> pd.DataFrame:
        """Return one share as a square table: rows whose trade, columns what it passes."""
        return self.pairs.set_index(["who_id", "via_id"])[share].unstack(fill_value=0.0)  # noqa: PD010

    def of(self, territory_id: str) -> pd.DataFrame:
        """Return what one country's trade passes, most first."""
        mine = self.pairs[self.pairs["who_id"].eq(territory_id)]
        return mine.sort_values("tonnes_t_yr", ascending=False, ignore_index=True)


def dependence(assignment: Assignment, by: str = "territory") -> Dependence:
    """
    Count whose trade passes whose territory or control.

    Parameters
    ----------
    assignment : Assignment
    by : {'territory', 'control'}

    Returns
    -------
    Dependence

    Raises
    ------
    InputError
        If `by` is neither.

    References
    ----------
    .. [1] O. C. Herfindahl, *Concentration in the Steel Industry*, Columbia University, 1950.
    """
    if by not in BY:
        raise InputError([Fault("--by", f'"{by}" is neither.', f"One of {', '.join(BY)}.")])
    paths, trips = assignment.paths, assignment.trips
    start, end = _ends(assignment)
    owner = assignment.virtual.arcs[f"{by}_id"].to_numpy(dtype=object)
    codes, names = pd.factorize(owner)
    on = paths.path_of_arc.astype(np.int64) * len(names) + codes[paths.arcs]
    # most arcs of a route lie in the territory of the one before
    passed = np.unique(on[np.diff(on, prepend=-1) != 0])
    path, via = np.divmod(passed, len(names))
    t = paths.flow[path]
    goods = assignment.virtual.network.facts["commodities"].set_index("commodity_id")
    price = trips["commodity_id"].map(goods["value_usd_t"]).to_numpy(dtype=float)
    usd = t * price[paths.trip[path]]
    frame = pd.DataFrame(
        {
            "via_id": names[via],
            "start": start[paths.trip[path]],
            "end": end[paths.trip[path]],
            "tonnes_t_yr": t,
            "value_usd_yr": usd,
        }
    )
    away = frame["via_id"].ne(frame["start"]) & frame["via_id"].ne(frame["end"])
    frame = frame[away & frame["via_id"].ne("")]
    numbers = ["tonnes_t_yr", "value_usd_yr"]
    ends = [frame[["start", "via_id", *numbers]], frame.loc[
        frame["start"].ne(frame["end"]), ["end", "via_id", *numbers]]]  # fmt: skip
    both = pd.concat([e.set_axis(["who_id", "via_id", *numbers], axis=1) for e in ends])
    pairs = both.groupby(["who_id", "via_id"], as_index=False)[numbers].sum()
    served = trips["served_t_yr"].to_numpy(dtype=float)
    trade = pd.DataFrame({"start": start, "end": end, "t": served, "usd": served * price})
    inside = trade["start"].eq(trade["end"])
    total = trade.groupby("start")[["t", "usd"]].sum().add(
        trade[~inside].groupby("end")[["t", "usd"]].sum(), fill_value=0.0
    )  # fmt: skip
    pairs["share_t"] = pairs["tonnes_t_yr"] / pairs["who_id"].map(total["t"])
    pairs["share_usd"] = pairs["value_usd_yr"] / pairs["who_id"].map(total["usd"])
    title = titles_of(assignment)
    pairs.insert(1, "who", pairs["who_id"].map(title).fillna(pairs["who_id"]))
    pairs.insert(3, "via", pairs["via_id"].map(title).fillna(pairs["via_id"]))
    pairs = pairs.sort_values(["who_id", "tonnes_t_yr"], ascending=[True, False], ignore_index=True)
    return Dependence(pairs, _countries(pairs, total, title), by)


def _countries(pairs: pd.DataFrame, total: pd.DataFrame, title: pd.Series) -> pd.DataFrame:
    """Return trade and concentration of each country."""
    out = total.rename(columns={"t": "trade_t_yr", "usd": "trade_usd_yr"})
    out = out.rename_axis("territory_id").reset_index()
    out.insert(1, "name", out["territory_id"].map(title).fillna(out["territory_id"]))
    groups = pairs.groupby("who_id")
    out["passing_t_yr"] = out["territory_id"].map(groups["tonnes_t_yr"].sum()).fillna(0.0)
    out["partners"] = out["territory_id"].map(groups.size()).fillna(0).astype(int)
    for column, name in (("tonnes_t_yr", "herfindahl_t"), ("value_usd_yr", "herfindahl_usd")):
        share = pairs[column] / groups[column].transform("sum")
        out[name] = out["territory_id"].map((share**2).groupby(pairs["who_id"]).sum())
    return out.sort_values("trade_t_yr", ascending=False, ignore_index=True)


@dataclass(frozen=True)
class Refusal:
    """
    What one country's trade loses if another lets it pass no more.

    Parameters
    ----------
    who_id, who, via_id, via : str
    trade_t_yr : float
        All trade of *who*.
    own_t_yr : float
        Its trade with *via* itself, which a refusal to let others' goods pass leaves alone.
    passing_t_yr : float
        Its trade with others that passes *via*.
    stopped_t_yr : float
        Of this, what has no other route.
    avoidable_share : float
        Of this, the share that has; nan where nothing passes.
    extra_usd_yr : float
        What those that go round pay more, waiting and time included. [USD/yr]
    extra_usd_t : float
        The same over the tonnes that pass now and go round. [USD/t]
    extra_days : float
        [d]
    """

    who_id: str
    who: str
    via_id: str
    via: str
    trade_t_yr: float
    own_t_yr: float
    passing_t_yr: float
    stopped_t_yr: float
    avoidable_share: float
    extra_usd_yr: float
    extra_usd_t: float
    extra_days: float

    def sentence(self) -> str:
        """Say it in one line."""
        if not self.passing_t_yr > 0.0:
            return f"None of {self.who}'s trade with others passes {self.via}."
        share = 100.0 * self.passing_t_yr / self.trade_t_yr
        said = (
            f"{self.via} can stop {self.passing_t_yr / 1e6:,.2f} Mt/yr, {share:.1f} %, of "
            f"{self.who}'s trade in the matrix"
        )
        if self.own_t_yr > 0.0:
            said += f" (beside {self.own_t_yr / 1e6:,.2f} Mt/yr with it)"
        if self.avoidable_share <= 0.0:
            return f"{said}; none of it has another route."
        lost = (
            "all of it can go round"
            if self.stopped_t_yr < 0.5
            else f"{self.stopped_t_yr / 1e6:,.2f} Mt/yr of it has no other route, the rest can go round"
        )
        slower = f"{abs(self.extra_days):,.1f} days {'more' if self.extra_days >= 0 else 'less'}"
        return (
            f"{said}; {lost}, for {self.extra_usd_t:,.1f} USD/t more and {slower}, "
            f"{self.extra_usd_yr / 1e6:,.1f} M USD/yr in all."
        )


def refusal(base: Assignment | LinkRemoval, who: str, via: str, by: str = "territory") -> Refusal:
    """
    Close what a territory holds or controls to one country's trade with others, and assign anew.

    Parameters
    ----------
    base : Assignment or LinkRemoval
        By method stochastic.
    who : str
        Country, by id.
    via : str
        Territory, sea or controller, by id.
    by : {'territory', 'control'}

    Returns
    -------
    Refusal

    Raises
    ------
    UnknownName
        If there is no such country, territory or controller.
    """
    removal = base if isinstance(base, LinkRemoval) else LinkRemoval(base)
    assignment = removal.base
    start, end = _ends(assignment)
    owner = assignment.virtual.arcs[f"{by}_id"].to_numpy(dtype=object)
    for name, known in ((who, {*start, *end}), (via, set(owner))):
        if name not in known:
            near = assignment.virtual.network.facts.names.nearest("territory", name)
            raise UnknownName("territory", name, near, "dependence")
    flow = removal.trips.flow
    own = (start == who) | (end == who)
    other = own & (start != via) & (end != via)
    arcs = np.flatnonzero(owner == via).astype(np.int64)
    passing = removal.tonnes(arcs, other)
    outcome = removal.remove(arcs, other)
    stopped = float(outcome.stopped_t_yr[other].sum())
    extra = float((outcome.kept_t_yr * outcome.usd_t)[other].sum())
    days = float((outcome.kept_t_yr * outcome.hours)[other].sum()) / 24.0
    # of trips that lost their only way, what passed is all that they carried
    around = max(passing - stopped, 0.0)
    title = titles_of(assignment)
    return Refusal(
        who,
        str(title.get(who, who)),
        via,
        str(title.get(via, via)),
        float(flow[own].sum()),
        float(flow[own & ~other].sum()),
        passing,
        stopped,
        around / passing if passing > 0.0 else float("nan"),
        extra,
        extra / around if around > 0.5 else float("nan"),
        days / around if around > 0.5 else float("nan"),
    )


def _ends(
    assignment: Assignment,
) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.object_]]:
    """Return the countries where each trip begins and ends."""
    zone = assignment.virtual.network.zones.set_index("zone_id")["territory_id"]
    start, end = (
        assignment.trips[f"{e}_zone_id"].map(zone).to_numpy(dtype=object)
        for e in ("origin", "destination")
    )
    return start, end


def titles_of(assignment: Assignment) -> pd.Series:
    """Names of territories, seas and other controllers."""
    facts = assignment.virtual.network.facts
    territories = facts["territories"].set_index("territory_id")["name"]
    actors = facts["actors"].set_index("actor_id")["name"] if "actors" in facts.tables else None
    return (
        territories
        if actors is None
        else pd.concat([territories, actors[~actors.index.isin(territories.index)]])
    )
