"""
What a test of a claim measures: one small function a metric, by its name in `METRICS`.

A metric takes two assignments and a subject in words and gives one number. A new one is one
function and one line of the dictionary; ``data/claim_tests.csv`` names it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from isthmus.analysis.flows import Comparison, compare
from isthmus.analysis.flows.pipelines import export_capacity
from isthmus.analysis.flows.territories import (
    branch_shares,
    disjoint_ways,
    most_tonnes,
    trade_between,
)
from isthmus.assign.base import shortest_tree
from isthmus.corridor import corridor_links
from isthmus.errors import Fault, InputError, NotTestable
from isthmus.vocab import LAND_MODES, OPEN_STATUS

if TYPE_CHECKING:
    from isthmus.assign import Assignment

__all__ = ["METRICS", "Metric", "Pair", "Way", "cheapest", "measure", "ways_of"]

_GOODS = "container"
"""What is sent between two places where a metric does not say."""
_BEGUN = (*OPEN_STATUS, "under_construction")
"""States of a link that works have reached."""


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


class Metric(NamedTuple):
    """
    One thing that can be measured.

    Parameters
    ----------
    unit : str
    subject : str
        How its subject is written.
    means : str
        What it is, in a sentence.
    of : callable
        Takes a `Pair` and the subject.
    """

    unit: str
    subject: str
    means: str
    of: Callable[[Pair, str], float]


class Way(NamedTuple):
    """
    The cheapest way between two places.

    Parameters
    ----------
    usd_t, money_usd_t : float
        Generalised cost and the money in it. [USD/t]
    hours_h : float
        [h]
    lands, modes : str
        Lands and seas it moves through and the modes it takes, in order.
    """

    usd_t: float
    money_usd_t: float
    hours_h: float
    lands: str = ""
    modes: str = ""


def measure(metric: str, pair: Pair, subject: str) -> float:
    """
    Return the value of a metric.

    Parameters
    ----------
    metric : str
        A key of `METRICS`.
    pair : Pair
    subject : str
        As the metric wants it.

    Returns
    -------
    float
        In the unit of the metric; infinite where a way is cut off.

    Raises
    ------
    InputError
        If the metric or something in the subject is unknown.
    NotTestable
        If the model has nothing to measure: no such trade, or a part that is not installed.
    """
    if metric not in METRICS:
        raise InputError(
            [Fault("metric", f'"{metric}" is no metric.', f"One of {', '.join(METRICS)}.")]
        )
    return float(METRICS[metric].of(pair, subject))


def cheapest(
    assignment: Assignment,
    origin: str,
    destination: str,
    without: tuple[str, ...] = (),
    mode: str = "",
) -> Way:
    """
    Return the cheapest way between two places at the delays of an assignment.

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
    Way
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
        usd = np.where(_elements(assignment, list(without)), np.inf, usd)
    if mode:
        usd = np.where(virtual.arcs["mode"].eq(mode).to_numpy(), usd, np.inf)
    for place, ends in ((start, virtual.source_of_node), (end, virtual.sink_of_node)):
        if place not in ends:
            raise NotTestable(f"{place} has no terminal, port or station where goods are loaded")
    sink = virtual.sink_of_node[end]
    total, via = shortest_tree(virtual.graph, usd, virtual.source_of_node[start])
    if not math.isfinite(total[sink]):
        return Way(math.inf, math.inf, math.inf)
    path, stop = [], sink
    while via[stop] >= 0:
        path.append(int(via[stop]))
        stop = int(virtual.graph.tail[via[stop]])
    path.reverse()
    arcs = virtual.arcs.iloc[path]
    moving = arcs[arcs["kind"].eq("move")]
    return Way(
        float(total[sink]),
        float(cost.money[k, path].sum()),
        float((cost.hours[k, path] + assignment.delay_h[path]).sum()),
        " > ".join(dict.fromkeys(moving["territory_id"])),
        " > ".join(dict.fromkeys(moving["mode"])),
    )


def _class_between(assignment: Assignment, start: str, end: str) -> int:
    """Return the class of the goods in the trade of the two lands; of any trade if there is none."""
    network, trips = assignment.virtual.network, assignment.trips
    land = dict(zip(network.nodes["node_id"], network.nodes["territory_id"], strict=True))
    zone = dict(zip(network.zones["zone_id"], network.zones["territory_id"], strict=True))
    same = trips["commodity_id"].eq(_GOODS)
    same &= trips["origin_zone_id"].map(zone).eq(land[start])
    same &= trips["destination_zone_id"].map(zone).eq(land[end])
    found = trips.loc[same, "class"]
    return int(found.iloc[0]) if len(found) else assignment.cost.position(_GOODS)


def ways_of(pair: Pair, metric: str, subject: str) -> list[Way]:
    """
    Return the cheapest ways a metric between two places compares: base, then new.

    Parameters
    ----------
    pair : Pair
    metric, subject : str

    Returns
    -------
    list of Way
        Empty if the metric is not about two places.
    """
    if not METRICS[metric].subject.startswith(_PLACES):
        return []
    return [_cheapest(side, subject) for side in (pair.base, pair.new)]


def _percent(new: float, base: float) -> float:
    """Return the change in percent; from nothing to something, and to a cut, it is infinite."""
    if math.isinf(base):
        return 0.0 if math.isinf(new) else -math.inf
    if math.isinf(new):
        return math.inf
    if base == 0:
        return 0.0 if new == 0 else math.copysign(math.inf, new)
    return 100.0 * (new / base - 1.0)


def _list(subject: str) -> list[str]:
    return [part.strip() for part in subject.split(";") if part.strip()]


def _two(subject: str) -> tuple[str, str, dict[str, list[str]]]:
    """Read "A > B", "A > B by rail without C; D": two ends, and lists by the word before them."""
    first, *rest = re.split(r" (over|by|without|through) ", subject)
    a, arrow, b = first.partition(" > ")
    if not arrow:
        raise InputError([Fault("subject", f'"{subject}" names no two ends.', 'Write "A > B".')])
    said = {word: _list(text) for word, text in zip(rest[::2], rest[1::2], strict=True)}
    return a.strip(), b.strip(), said


def _cheapest(assignment: Assignment, subject: str) -> Way:
    a, b, said = _two(subject)
    mode = said.get("by", [""])[0]
    return cheapest(assignment, a, b, mode=mode)


def _row(pair: Pair, dimension: str, key: str) -> dict[str, float]:
    frame = pair.comparison.by(dimension)
    hit = frame[frame[f"{dimension}_id"].eq(key)]
    if hit.empty:
        raise InputError([Fault("subject", f'"{key}" is no {dimension}.', "See `isthmus list`.")])
    return dict(hit.iloc[0])


def _od(attribute: str) -> Callable[[Pair, str], float]:
    def change(pair: Pair, subject: str) -> float:
        before, after = _cheapest(pair.base, subject), _cheapest(pair.new, subject)
        return _percent(getattr(after, attribute), getattr(before, attribute))

    return change


def _od_rise_if_shut(pair: Pair, subject: str) -> float:
    """How much less dear a closure is in the new network than in the base."""
    a, b, said = _two(subject)
    mode = said.get("by", [""])[0]

    def rise(assignment: Assignment) -> float:
        whole = cheapest(assignment, a, b, mode=mode)
        cut = cheapest(assignment, a, b, tuple(said.get("without", [])), mode)
        return _percent(cut.usd_t, whole.usd_t)

    before, after = rise(pair.base), rise(pair.new)
    return 0.0 if before == after else after - before


def _corridor_tonnes(pair: Pair, subject: str) -> float:
    return _row(pair, "corridor", subject)["mean_t_yr_new"]


def _corridor_change(pair: Pair, subject: str) -> float:
    row = _row(pair, "corridor", subject)
    return _percent(row["mean_t_yr_new"], row["mean_t_yr_base"])


def _links_begun(pair: Pair, subject: str) -> float:
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


def _link_tonnes(pair: Pair, subject: str) -> float:
    return max(_row(pair, "link", link)["flow_t_yr_new"] for link in _list(subject))


def _link_change(pair: Pair, subject: str) -> float:
    return sum(_row(pair, "link", link)["flow_t_yr_change"] for link in _list(subject))


def _passage_change(pair: Pair, subject: str) -> float:
    def tonnes(assignment: Assignment) -> float:
        links = assignment.virtual.network.links
        here = set(links.loc[links["passage_id"].eq(subject), "link_id"])
        if not here:
            raise NotTestable(f"no link passes {subject}")
        arcs = assignment.virtual.arcs
        on = (arcs["link_id"].isin(here) & arcs["kind"].eq("move")).to_numpy()
        return float(assignment.paths.flow[assignment.paths.any_arc(on)].sum())

    return _percent(tonnes(pair.new), tonnes(pair.base))


def _territory_cost(pair: Pair, subject: str) -> float:
    row = _row(pair, "territory", subject)
    if row["cost_usd_yr_base"] <= 0:
        raise NotTestable(f"{subject} has no trade in the base")
    return 100.0 * row["cost_usd_yr_change"] / row["cost_usd_yr_base"]


def _worst_territory_cost(pair: Pair, subject: str) -> float:
    return max(_territory_cost(pair, land) for land in _list(subject))


def _world_cost(pair: Pair, subject: str) -> float:  # noqa: ARG001 - every metric takes a subject
    totals = pair.comparison.totals()
    return 100.0 * totals["cost_change_usd_yr"] / totals["cost_base_usd_yr"]


def _transit_change(pair: Pair, subject: str) -> float:
    return _row(pair, "territory", subject)["transit_t_yr_change"]


def _unserved_change(pair: Pair, subject: str) -> float:
    if subject == "world":
        totals = pair.comparison.totals()
        return totals["unserved_new_t_yr"] - totals["unserved_base_t_yr"]
    return _row(pair, "territory", subject)["unserved_t_yr_change"]


def _ways(pair: Pair, subject: str) -> float:
    a, b, said = _two(subject)
    return disjoint_ways(pair.new.virtual.network, a, b, said.get("through"))


def _most_change(pair: Pair, subject: str) -> float:
    a, b, said = _two(subject)
    modes, through = said.get("by", list(LAND_MODES)), said.get("through")
    before = most_tonnes(pair.base, a, b, modes, through)
    after = most_tonnes(pair.new, a, b, modes, through)
    if math.isinf(before) or math.isinf(after):
        raise NotTestable(f"no known capacity binds between {a} and {b}")
    return _percent(after, before)


def _concentration(pair: Pair, subject: str) -> float:
    a, b, _ = _two(subject)
    shares = branch_shares(pair.new, a, b)
    if shares.empty:
        raise NotTestable(f"no trade between {a} and {b} is served")
    return float((shares**2).sum())


def _elements(assignment: Assignment, parts: list[str]) -> np.ndarray:
    """Return which arcs lie on a link or move in a land that is named."""
    arcs = assignment.virtual.arcs
    facts = assignment.virtual.network.facts
    known = set(facts["links"]["link_id"]) | set(facts["territories"]["territory_id"])
    known |= set(assignment.virtual.network.links["link_id"])
    for part in parts:
        if part not in known:
            raise InputError([Fault("subject", f'"{part}" is no link and no territory.')])
    named = arcs["link_id"].isin(parts) | arcs["territory_id"].isin(parts)
    return (named & arcs["kind"].eq("move")).to_numpy()


def _over(assignment: Assignment, subject: str) -> tuple[float, float]:
    """Return tonnes of the trade of two lands that pass something, and all of it. [t/yr]"""
    a, b, said = _two(subject)
    mine = trade_between(assignment, _list(a), _list(b))
    hit = assignment.paths.any_arc(_elements(assignment, said.get("over", [])))
    flow = assignment.paths.flow
    return float(flow[mine[hit[mine]]].sum()), float(flow[mine].sum())


def _tonnes_over(pair: Pair, subject: str) -> float:
    return _over(pair.new, subject)[0]


def _share_over(assignment: Assignment, subject: str) -> float:
    part, whole = _over(assignment, subject)
    if whole <= 0:
        raise NotTestable(f"none of the trade of {subject} is served")
    return 100.0 * part / whole


def _share(pair: Pair, subject: str) -> float:
    return _share_over(pair.new, subject)


def _share_change(pair: Pair, subject: str) -> float:
    return _share_over(pair.new, subject) - _share_over(pair.base, subject)


def _both(pair: Pair, subject: str) -> float:
    one, _, other = subject.partition("&")
    paths = pair.new.paths
    hit = paths.any_arc(_elements(pair.new, _list(one)))
    hit &= paths.any_arc(_elements(pair.new, _list(other)))
    return float(paths.flow[hit].sum())


def _mode_work(pair: Pair, subject: str) -> float:
    frame = pair.comparison.by("mode")
    hit = frame[frame["mode"].eq(subject)]
    if hit.empty:
        raise InputError([Fault("subject", f'"{subject}" is no mode that is used.')])
    return _percent(float(hit["moved_tkm_yr_new"].iloc[0]), float(hit["moved_tkm_yr_base"].iloc[0]))


def _crossing_hours(pair: Pair, subject: str) -> float:
    places, _, mode = subject.partition(" by ")

    def hours(assignment: Assignment) -> float:
        arcs, cost = assignment.virtual.arcs, assignment.cost
        here = arcs["kind"].eq("cross") & arcs["node_id"].isin(_list(places))
        here &= arcs["is_open"].astype(bool)
        if mode:
            here &= arcs["mode"].eq(mode.strip())
        if not here.any():
            raise NotTestable(f"no open crossing at {places}")
        values = cost.hours[cost.position(_GOODS)] + assignment.delay_h
        mean = arcs.assign(h=values)[here].groupby("node_id")["h"].mean()
        return float(mean.sum())

    return _percent(hours(pair.new), hours(pair.base))


def _export_capacity(pair: Pair, subject: str) -> float:
    """Export capacity that is left when lines over some lands are taken out, in percent."""
    network = pair.new.virtual.network
    shut = tuple(_list(subject))
    whole = export_capacity(network.facts, network.date)["capacity_t_yr"].sum()
    left = export_capacity(network.facts, network.date, without=shut)["capacity_t_yr"].sum()
    return 100.0 * float(left) / float(whole)


_PLACES, _LANDS = "place > place", "territory > territory"

METRICS: dict[str, Metric] = {
    "od_cost_change_pct": Metric(
        "%",
        f"{_PLACES}, by mode",
        "change of the generalised cost of the cheapest way",
        _od("usd_t"),
    ),
    "od_money_change_pct": Metric(
        "%",
        f"{_PLACES}, by mode",
        "change of the money paid on the cheapest way",
        _od("money_usd_t"),
    ),
    "od_hours_change_pct": Metric(
        "%", f"{_PLACES}, by mode", "change of the hours on the cheapest way", _od("hours_h")
    ),
    "od_rise_if_shut_change_pp": Metric(
        "percentage points",
        f"{_PLACES}, by mode, without link or territory",
        "change of the rise of the generalised cost when links are shut; minus is a smaller rise",
        _od_rise_if_shut,
    ),
    "corridor_tonnes_t_yr": Metric(
        "t/yr",
        "corridor",
        "mean tonnes over the length of a corridor, local ones among them",
        _corridor_tonnes,
    ),
    "corridor_tonnes_change_pct": Metric(
        "%", "corridor", "change of the mean tonnes over its length", _corridor_change
    ),
    "links_begun_change": Metric(
        "links",
        "corridor",
        "change of the links of a corridor that are open or under construction",
        _links_begun,
    ),
    "link_tonnes_t_yr": Metric(
        "t/yr", "link; link", "tonnes on the busiest of some links", _link_tonnes
    ),
    "link_tonnes_change_t_yr": Metric(
        "t/yr", "link; link", "change of the tonnes on some links together", _link_change
    ),
    "passage_tonnes_change_pct": Metric(
        "%", "passage", "change of the tonnes through a strait or canal", _passage_change
    ),
    "territory_cost_change_pct": Metric(
        "%",
        "territory",
        "change of the cost of its trade, over tonnes served in both",
        _territory_cost,
    ),
    "worst_territory_cost_change_pct": Metric(
        "%", "territory; territory", "the same for the one that fares worst", _worst_territory_cost
    ),
    "world_cost_change_pct": Metric(
        "%", "world", "change of the cost of all trade, over tonnes served in both", _world_cost
    ),
    "transit_change_t_yr": Metric(
        "t/yr",
        "territory",
        "change of the tonnes that pass over it between others",
        _transit_change,
    ),
    "unserved_change_t_yr": Metric(
        "t/yr", "territory, or world", "change of the tonnes without a way", _unserved_change
    ),
    "disjoint_ways": Metric(
        "ways", f"{_LANDS} through lands", "ways that share no third land or sea", _ways
    ),
    "most_tonnes_change_pct": Metric(
        "%",
        f"{_LANDS} by mode; mode through lands",
        "change of what land modes can carry at most",
        _most_change,
    ),
    "concentration": Metric(
        "-",
        _LANDS,
        "Herfindahl index of their trade by the third states it moves through",
        _concentration,
    ),
    "tonnes_over_t_yr": Metric(
        "t/yr",
        f"{_LANDS} over link or territory",
        "tonnes of their trade that pass it",
        _tonnes_over,
    ),
    "share_over_pct": Metric(
        "%", f"{_LANDS} over link or territory", "share of their trade that passes it", _share
    ),
    "share_over_change_pp": Metric(
        "percentage points",
        f"{_LANDS} over link or territory",
        "change of the share of their trade that passes it",
        _share_change,
    ),
    "tonnes_over_both_t_yr": Metric(
        "t/yr", "link; link & link or territory", "tonnes that pass both", _both
    ),
    "mode_work_change_pct": Metric(
        "%", "mode", "change of the tonne-kilometres of a mode", _mode_work
    ),
    "crossing_hours_change_pct": Metric(
        "%", "node; node by mode", "change of the hours at some borders together", _crossing_hours
    ),
    "export_capacity_left_pct": Metric(
        "%",
        "territory; territory",
        "share of the capacity of export pipelines that needs none of some lands",
        _export_capacity,
    ),
}
"""Every metric by name."""
