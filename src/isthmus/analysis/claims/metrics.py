"""
What a test of a claim measures: one small function a metric, by its name in `METRICS`.

A metric takes two assignments and a subject in words and gives one number. A new one is one
function and one line of the dictionary; ``data/claim_tests.csv`` names it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from isthmus.analysis.claims.pairs import (
    Pair,
    Route,
    cheapest,
    names_in,
    percent_change,
    two_in,
)
from isthmus.analysis.claims.passing import (
    crossing_hours,
    links_begun,
    mode_work,
    share_change,
    share_of,
    tonnes_over,
    tonnes_over_both,
)
from isthmus.analysis.flows.pipelines import export_capacity
from isthmus.analysis.flows.territories import (
    branch_shares,
    disjoint_routes,
    most_tonnes,
)
from isthmus.errors import Fault, InputError, NotTestable
from isthmus.vocab import LAND_MODES

if TYPE_CHECKING:
    from isthmus.assign import Assignment

__all__ = ["METRICS", "Metric", "measure", "routes_of"]


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


def routes_of(pair: Pair, metric: str, subject: str) -> list[Route]:
    """
    Return the cheapest ways a metric between two places compares: base, then new.

    Parameters
    ----------
    pair : Pair
    metric, subject : str

    Returns
    -------
    list of Route
        Empty if the metric is not about two places.
    """
    if not METRICS[metric].subject.startswith(_PLACES):
        return []
    return [_cheapest(side, subject) for side in (pair.base, pair.new)]


def _cheapest(assignment: Assignment, subject: str) -> Route:
    a, b, said = two_in(subject)
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
        return percent_change(getattr(after, attribute), getattr(before, attribute))

    return change


def _od_rise_if_shut(pair: Pair, subject: str) -> float:
    """How much less dear a closure is in the new network than in the base."""
    a, b, said = two_in(subject)
    mode = said.get("by", [""])[0]

    def rise(assignment: Assignment) -> float:
        whole = cheapest(assignment, a, b, mode=mode)
        cut = cheapest(assignment, a, b, tuple(said.get("without", [])), mode)
        return percent_change(cut.usd_t, whole.usd_t)

    before, after = rise(pair.base), rise(pair.new)
    return 0.0 if before == after else after - before


def _corridor_tonnes(pair: Pair, subject: str) -> float:
    return _row(pair, "corridor", subject)["mean_t_yr_new"]


def _corridor_change(pair: Pair, subject: str) -> float:
    row = _row(pair, "corridor", subject)
    return percent_change(row["mean_t_yr_new"], row["mean_t_yr_base"])


def _link_tonnes(pair: Pair, subject: str) -> float:
    return max(_row(pair, "link", link)["flow_t_yr_new"] for link in names_in(subject))


def _link_change(pair: Pair, subject: str) -> float:
    return sum(_row(pair, "link", link)["flow_t_yr_change"] for link in names_in(subject))


def _passage_change(pair: Pair, subject: str) -> float:
    def tonnes(assignment: Assignment) -> float:
        links = assignment.virtual.network.links
        here = set(links.loc[links["passage_id"].eq(subject), "link_id"])
        if not here:
            raise NotTestable(f"no link passes {subject}")
        arcs = assignment.virtual.arcs
        on = (arcs["link_id"].isin(here) & arcs["kind"].eq("move")).to_numpy()
        return float(assignment.paths.flow[assignment.paths.any_arc(on)].sum())

    return percent_change(tonnes(pair.new), tonnes(pair.base))


def _territory_cost(pair: Pair, subject: str) -> float:
    row = _row(pair, "territory", subject)
    if row["cost_usd_yr_base"] <= 0:
        raise NotTestable(f"{subject} has no trade in the base")
    return 100.0 * row["cost_usd_yr_change"] / row["cost_usd_yr_base"]


def _worst_territory_cost(pair: Pair, subject: str) -> float:
    return max(_territory_cost(pair, territory) for territory in names_in(subject))


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


def _routes(pair: Pair, subject: str) -> float:
    a, b, said = two_in(subject)
    return disjoint_routes(pair.new.virtual.network, a, b, said.get("through"))


def _most_change(pair: Pair, subject: str) -> float:
    a, b, said = two_in(subject)
    modes, through = said.get("by", list(LAND_MODES)), said.get("through")
    before = most_tonnes(pair.base, a, b, modes, through)
    after = most_tonnes(pair.new, a, b, modes, through)
    if math.isinf(before) or math.isinf(after):
        raise NotTestable(f"no known capacity binds between {a} and {b}")
    return percent_change(after, before)


def _concentration(pair: Pair, subject: str) -> float:
    a, b, _ = two_in(subject)
    shares = branch_shares(pair.new, a, b)
    if shares.empty:
        raise NotTestable(f"no trade between {a} and {b} is served")
    return float((shares**2).sum())


def _export_capacity(pair: Pair, subject: str) -> float:
    """Export capacity that is left when lines over some territories are taken out, in percent."""
    network = pair.new.virtual.network
    shut = tuple(names_in(subject))
    whole = export_capacity(network.facts, network.date)["capacity_t_yr"].sum()
    left = export_capacity(network.facts, network.date, without=shut)["capacity_t_yr"].sum()
    return 100.0 * float(left) / float(whole)


_PLACES, _TERRITORIES = "place > place", "territory > territory"

METRICS: dict[str, Metric] = {
    "od_cost_change_pct": Metric(
        "%",
        f"{_PLACES}, by mode",
        "change of the generalised cost of the cheapest route",
        _od("usd_t"),
    ),
    "od_money_change_pct": Metric(
        "%",
        f"{_PLACES}, by mode",
        "change of the money paid on the cheapest route",
        _od("money_usd_t"),
    ),
    "od_hours_change_pct": Metric(
        "%", f"{_PLACES}, by mode", "change of the hours on the cheapest route", _od("hours_h")
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
        links_begun,
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
        "t/yr", "territory, or world", "change of the tonnes without a route", _unserved_change
    ),
    "disjoint_routes": Metric(
        "routes",
        f"{_TERRITORIES} through territories",
        "routes that share no third territory or sea",
        _routes,
    ),
    "most_tonnes_change_pct": Metric(
        "%",
        f"{_TERRITORIES} by mode; mode through territories",
        "change of what land modes can carry at most",
        _most_change,
    ),
    "concentration": Metric(
        "-",
        _TERRITORIES,
        "Herfindahl index of their trade by the third states it moves through",
        _concentration,
    ),
    "tonnes_over_t_yr": Metric(
        "t/yr",
        f"{_TERRITORIES} over link or territory",
        "tonnes of their trade that pass it",
        tonnes_over,
    ),
    "share_over_pct": Metric(
        "%",
        f"{_TERRITORIES} over link or territory",
        "share of their trade that passes it",
        share_of,
    ),
    "share_over_change_pp": Metric(
        "percentage points",
        f"{_TERRITORIES} over link or territory",
        "change of the share of their trade that passes it",
        share_change,
    ),
    "tonnes_over_both_t_yr": Metric(
        "t/yr", "link; link & link or territory", "tonnes that pass both", tonnes_over_both
    ),
    "mode_work_change_pct": Metric(
        "%", "mode", "change of the tonne-kilometres of a mode", mode_work
    ),
    "crossing_hours_change_pct": Metric(
        "%", "node; node by mode", "change of the hours at some borders together", crossing_hours
    ),
    "export_capacity_left_pct": Metric(
        "%",
        "territory; territory",
        "share of the capacity of export pipelines that needs none of some territories",
        _export_capacity,
    ),
}
"""Every metric by name."""
