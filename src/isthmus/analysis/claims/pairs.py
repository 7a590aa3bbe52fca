"""Two assignments side by side as a test of a claim has them, and the cheapest path between two places in one."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from isthmus.analysis.flows import Comparison, compare
from isthmus.assign.least_cost import shortest_tree
from isthmus.errors import Fault, InputError, NotTestable

if TYPE_CHECKING:
    from isthmus.assign import Assignment

__all__ = [
    "GOODS",
    "Pair",
    "Route",
    "cheapest",
    "elements_named",
    "names_in",
    "percent_change",
    "two_in",
]


GOODS = "container"
"""What is sent between two places where a metric does not say."""


@dataclass(frozen=True, eq=False)
class Pair:
    """
    What a test sets side by side.

    Parameters
    ----------
    base, new : Assignment
    """

    base: Assignment = field(repr=False)
    new: Assignment = field(repr=False)

    @cached_property
    def comparison(self) -> Comparison:
        """The two side by side."""
        return compare(self.base, self.new)


class Route(NamedTuple):
    """
    The cheapest route between two places.

    Parameters
    ----------
    usd_t, money_usd_t : float
        Generalised cost and the money in it. [USD/t]
    hours_h : float
        [h]
    territories, modes : str
        Territories and seas it moves through and the modes it takes, in order.
    """

    usd_t: float
    money_usd_t: float
    hours_h: float
    territories: str = ""
    modes: str = ""


def cheapest(
    assignment: Assignment,
    origin: str,
    destination: str,
    without: tuple[str, ...] = (),
    mode: str = "",
) -> Route:
    """
    Return the cheapest route between two places at the delays of an assignment.

    Parameters
    ----------
    assignment : Assignment
    origin, destination : str
        Id, name or alias of a place.
    without : tuple of str
        Links and territories that are taken as shut.
    mode : str
        The one mode to go by; any if empty.

    Returns
    -------
    Route
        For goods in containers; infinite where there is none.

    Raises
    ------
    UnknownName
        If there is no such place.
    InputError
        If something in `without` is no link and no territory.
    """
    virtual, cost = assignment.virtual, assignment.cost
    names = virtual.network.facts.names
    start, end = names.node(origin, "subject"), names.node(destination, "subject")
    k = _class_between(assignment, start, end)
    usd = cost.usd[k] + cost.vot_usd_t_h[k] * assignment.delay_h
    if without:
        usd = np.where(elements_named(assignment, list(without)), np.inf, usd)
    if mode:
        usd = np.where(virtual.arcs["mode"].eq(mode).to_numpy(), usd, np.inf)
    for place, ends in ((start, virtual.source_of_node), (end, virtual.sink_of_node)):
        if place not in ends:
            raise NotTestable(f"{place} has no terminal, port or station where goods are loaded")
    sink = virtual.sink_of_node[end]
    total, via = shortest_tree(virtual.graph, usd, virtual.source_of_node[start])
    if not math.isfinite(total[sink]):
        return Route(math.inf, math.inf, math.inf)
    path, stop = [], sink
    while via[stop] >= 0:
        path.append(int(via[stop]))
        stop = int(virtual.graph.tail[via[stop]])
    path.reverse()
    arcs = virtual.arcs.iloc[path]
    moving = arcs[arcs["kind"].eq("move")]
    return Route(
        float(total[sink]),
        float(cost.money[k, path].sum()),
        float((cost.hours[k, path] + assignment.delay_h[path]).sum()),
        " > ".join(dict.fromkeys(moving["territory_id"])),
        " > ".join(dict.fromkeys(moving["mode"])),
    )


def _class_between(assignment: Assignment, start: str, end: str) -> int:
    """Return the class of the goods in the trade of the two territories; of any trade if there is none."""
    network, trips = assignment.virtual.network, assignment.trips
    territory = dict(zip(network.nodes["node_id"], network.nodes["territory_id"], strict=True))
    zone = dict(zip(network.zones["zone_id"], network.zones["territory_id"], strict=True))
    same = trips["commodity_id"].eq(GOODS)
    same &= trips["origin_zone_id"].map(zone).eq(territory[start])
    same &= trips["destination_zone_id"].map(zone).eq(territory[end])
    found = trips.loc[same, "class"]
    return int(found.iloc[0]) if len(found) else assignment.cost.position(GOODS)


def percent_change(new: float, base: float) -> float:
    """Return the change in percent; from nothing to something, and to a cut, it is infinite."""
    if math.isinf(base):
        return 0.0 if math.isinf(new) else -math.inf
    if math.isinf(new):
        return math.inf
    if base == 0:
        return 0.0 if new == 0 else math.copysign(math.inf, new)
    return 100.0 * (new / base - 1.0)


def names_in(subject: str) -> list[str]:
    """Return the names of a subject, which semicolons part."""
    return [part.strip() for part in subject.split(";") if part.strip()]


def two_in(subject: str) -> tuple[str, str, dict[str, list[str]]]:
    """Read "A > B", "A > B by rail without C; D": two ends, and lists by the word before them."""
    first, *rest = re.split(r" (over|by|without|through) ", subject)
    a, arrow, b = first.partition(" > ")
    if not arrow:
        raise InputError([Fault("subject", f'"{subject}" names no two ends.', 'Write "A > B".')])
    said = {word: names_in(text) for word, text in zip(rest[::2], rest[1::2], strict=True)}
    return a.strip(), b.strip(), said


def elements_named(assignment: Assignment, parts: list[str]) -> np.ndarray:
    """Return which arcs lie on a link or move in a territory that is named."""
    arcs = assignment.virtual.arcs
    facts = assignment.virtual.network.facts
    known = set(facts["links"]["link_id"]) | set(facts["territories"]["territory_id"])
    known |= set(assignment.virtual.network.links["link_id"])
    for part in parts:
        if part not in known:
            raise InputError([Fault("subject", f'"{part}" is no link and no territory.')])
    named = arcs["link_id"].isin(parts) | arcs["territory_id"].isin(parts)
    return (named & arcs["kind"].eq("move")).to_numpy()
