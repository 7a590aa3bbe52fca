"""Metrics of what passes over elements, by which mode, and how long it stands at borders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from isthmus.analysis.claims.pairs import (
    GOODS,
    Pair,
    elements_named,
    names_in,
    percent_change,
    two_in,
)
from isthmus.analysis.flows.territories import (
    trade_between,
)
from isthmus.corridor import corridor_links
from isthmus.errors import Fault, InputError, NotTestable
from isthmus.vocab import OPEN_STATUS

if TYPE_CHECKING:
    from isthmus.assign import Assignment

__all__ = [
    "crossing_hours",
    "links_begun",
    "mode_work",
    "share_change",
    "share_of",
    "tonnes_over",
    "tonnes_over_both",
]


_BEGUN = (*OPEN_STATUS, "under_construction")
"""States of a link that works have reached."""


def links_begun(pair: Pair, subject: str) -> float:
    """Links of a corridor that works have reached, new less base."""

    def begun(assignment: Assignment) -> int:
        network = assignment.virtual.network
        chain = corridor_links(network)
        mine = set(chain.loc[chain["corridor_id"].eq(subject), "link_id"])
        if not mine:
            raise InputError([Fault("subject", f'"{subject}" is no corridor.')])
        links = network.links
        reached = links["link_id"].isin(mine) & links["status"].isin(_BEGUN)
        return int(reached.sum())

    return begun(pair.new) - begun(pair.base)


def _over(assignment: Assignment, subject: str) -> tuple[float, float]:
    """Return tonnes of the trade of two territories that pass something, and all of it. [t/yr]"""
    a, b, said = two_in(subject)
    mine = trade_between(assignment, names_in(a), names_in(b))
    hit = assignment.paths.any_arc(elements_named(assignment, said.get("over", [])))
    flow = assignment.paths.flow
    return float(flow[mine[hit[mine]]].sum()), float(flow[mine].sum())


def tonnes_over(pair: Pair, subject: str) -> float:
    """Tonnes that pass the elements. [t/yr]"""
    return _over(pair.new, subject)[0]


def _share_over(assignment: Assignment, subject: str) -> float:
    part, whole = _over(assignment, subject)
    if whole <= 0:
        raise NotTestable(f"none of the trade of {subject} is served")
    return 100.0 * part / whole


def share_of(pair: Pair, subject: str) -> float:
    """Share of the tonnes of a trade that pass the elements. [-]"""
    return _share_over(pair.new, subject)


def share_change(pair: Pair, subject: str) -> float:
    """Change of that share. [-]"""
    return _share_over(pair.new, subject) - _share_over(pair.base, subject)


def tonnes_over_both(pair: Pair, subject: str) -> float:
    """Tonnes that pass both of two sets of elements. [t/yr]"""
    one, _, other = subject.partition("&")
    paths = pair.new.paths
    hit = paths.any_arc(elements_named(pair.new, names_in(one)))
    hit &= paths.any_arc(elements_named(pair.new, names_in(other)))
    return float(paths.flow[hit].sum())


def mode_work(pair: Pair, subject: str) -> float:
    """Change of the tonne-kilometres of a mode. [%]"""
    frame = pair.comparison.by("mode")
    hit = frame[frame["mode"].eq(subject)]
    if hit.empty:
        raise InputError([Fault("subject", f'"{subject}" is no mode that is used.')])
    return percent_change(
        float(hit["moved_tkm_yr_new"].iloc[0]), float(hit["moved_tkm_yr_base"].iloc[0])
    )


def crossing_hours(pair: Pair, subject: str) -> float:
    """Change of the hours at border places, of a mode if one is named. [%]"""
    places, _, mode = subject.partition(" by ")

    def hours(assignment: Assignment) -> float:
        arcs, cost = assignment.virtual.arcs, assignment.cost
        here = arcs["kind"].eq("cross") & arcs["node_id"].isin(names_in(places))
        here &= arcs["is_open"].astype(bool)
        if mode:
            here &= arcs["mode"].eq(mode.strip())
        if not here.any():
            raise NotTestable(f"no open crossing at {places}")
        values = cost.hours[cost.position(GOODS)] + assignment.delay_h
        mean = arcs.assign(h=values)[here].groupby("node_id")["h"].mean()
        return float(mean.sum())

    return percent_change(hours(pair.new), hours(pair.base))
