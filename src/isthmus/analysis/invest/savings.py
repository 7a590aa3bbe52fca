"""
What every set of projects saves the trade of all, from one search a class and origin.

Each arc that a project opens or improves stands beside the old one as a second arc that needs the project. The ways of a
trade that no other beats both in cost and in the projects it needs are then all that any set of projects can give it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from isthmus.analysis.flows.game import TransitGame, TripPaths
from isthmus.analysis.invest.improved import SAME, Improved, improved_alone, improved_together
from isthmus.analysis.invest.projects import Project
from isthmus.assign.base import build_graph
from isthmus.assign.least_cost import least_costs
from isthmus.errors import Fault, InputError
from isthmus.kernels import project_choices as kernel

if TYPE_CHECKING:
    from isthmus.assign import Assignment
    from isthmus.cost.model import GeneralizedCost

__all__ = ["Choices", "compile_choices"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


_Made = tuple[TransitGame, IntArray, FloatArray, FloatArray]
"""The game, rows of its trips, their cost in the base, and what a tonne gains that could not move."""

_NO_LIMIT = 1e12
"""What a way may cost where there was none. [USD/t]"""


@dataclass(frozen=True, eq=False)
class Choices:
    """
    Groups of trades with the same ways, as `kernels.project_choices` reads them.

    Parameters
    ----------
    n : int
        Projects; number i is bit i of a set.
    starts : ndarray of int64, shape (n_group + 1,)
    mask : ndarray of int64, shape (n_row,)
        Projects each way needs, the cheapest route of a group first.
    values : ndarray, shape (n_row, 2 + n_land)
        Against the base: saving of generalised cost [USD/yr], emissions saved [t/yr], transit added
        over each territory [t/yr].
    territories : tuple of str
    transit : ndarray, shape (n_land,)
        In the base. [t/yr]
    """

    n: int
    starts: IntArray = field(repr=False)
    mask: IntArray = field(repr=False)
    values: FloatArray = field(repr=False)
    territories: tuple[str, ...] = field(repr=False)
    transit: FloatArray = field(repr=False)

    def of(self, sets: npt.ArrayLike) -> FloatArray:
        """Return what some sets give, shape (m, 2 + n_land)."""
        asked = np.atleast_1d(np.asarray(sets, np.int64))
        out = np.zeros((len(asked), self.values.shape[1]))
        kernel.of_sets(self.starts, self.mask, self.values, asked, out)
        return out

    def saving(self, sets: npt.ArrayLike) -> FloatArray:
        """Return the generalised cost that some sets save, shape (m,). [USD/yr]"""
        asked = np.atleast_1d(np.asarray(sets, np.int64))
        out = np.zeros((len(asked), 1))
        first = np.ascontiguousarray(self.values[:, :1])
        kernel.of_sets(self.starts, self.mask, first, asked, out)
        return out[:, 0]

    def table(self, quantity: int) -> FloatArray:
        """Return one quantity of every set, shape (2**n,)."""
        out = np.zeros(1 << self.n)
        column = np.ascontiguousarray(self.values[:, quantity])
        kernel.spread(self.n, self.starts, self.mask, column, out)
        return out

    def herfindahl(self) -> FloatArray:
        """Return the concentration of transit over territories for every set, shape (2**n,). [-]"""
        squares, total = np.zeros(1 << self.n), np.zeros(1 << self.n)
        for i, base in enumerate(self.transit):
            moves = base + self.table(2 + i) if self.values[:, 2 + i].any() else base
            squares += moves * moves
            total += moves
        return squares / np.where(total > 0.0, total, 1.0) ** 2

    def herfindahl_of(self, sets: npt.ArrayLike) -> FloatArray:
        """Return the same for some sets, shape (m,). [-]"""
        moves = self.transit + self.of(sets)[:, 2:]
        total = moves.sum(axis=1)
        squares: FloatArray = (moves * moves).sum(axis=1)
        return squares / np.where(total > 0.0, total, 1.0) ** 2

    def among(self, chosen: Sequence[int]) -> Choices:
        """Return the same with some projects alone, renumbered in the order given."""
        keep = sum(1 << p for p in chosen)
        rows = np.flatnonzero((self.mask & ~keep) == 0)
        group = np.searchsorted(self.starts, rows, side="right") - 1
        mask = np.zeros(len(rows), np.int64)
        for new, old in enumerate(chosen):
            mask |= (self.mask[rows] >> old & 1) << new
        count = np.bincount(group, minlength=len(self.starts) - 1)
        starts = np.concatenate([[0], np.cumsum(count[count > 0])]).astype(np.int64)
        found = Choices(
            len(chosen), starts, mask, self.values[rows], self.territories, self.transit
        )
        return _merged(found)


def compile_choices(
    base: Assignment,
    cost: GeneralizedCost,
    projects: Sequence[Project],
    *,
    share: float | None = None,
    zone_territories: Sequence[str] = (),
    progress: Callable[[str, int, int], None] | None = None,
) -> Choices:
    """
    Find the ways of every trade for every set of projects.

    Costs are those at the delays of the base: a queue neither grows nor shrinks with what is built,
    but a wider passage is passed at its own delay for the flow of the base.

    Parameters
    ----------
    base : Assignment
    cost : GeneralizedCost
    projects : sequence of Project
        At most 60; no two may change the cost of one arc.
    share : float, optional
        What a tonne loses that cannot move, as a share of its value; else the parameter
        ``no_trade_value_share``.
    zone_territories : sequence of str
        If given, only trade that begins or ends in these territories counts.
    progress : callable, optional
        Called with a stage, steps done and to do; what it raises interrupts.

    Returns
    -------
    Choices

    Raises
    ------
    InputError
        If projects add arcs, two change the same arc, or one makes an arc dearer.
    """
    if not 1 <= len(projects) <= 60:
        raise InputError([Fault("projects", f"{len(projects)} projects.", "Name 1 to 60.")])
    flow = base.arc_flow.sum(axis=0)
    usd = base.cost.usd + base.cost.vot_usd_t_h[:, None] * base.delay_h
    if progress is not None:
        progress("costs of projects", 0, len(projects))
    more = improved_together(base, cost, projects, usd, flow)
    if more is None:
        more = improved_alone(base, cost, projects, usd, flow, progress)
    game, order, co2 = _game(base, usd, more, len(projects), share, zone_territories)
    if progress is not None:
        progress("routes of trades", 0, 1)
    paths = game[0].search()
    return _grouped(base, usd, game, paths, order, co2)


def _game(
    base: Assignment,
    usd: FloatArray,
    more: list[Improved],
    n: int,
    share: float | None,
    zone_territories: Sequence[str],
) -> tuple[_Made, IntArray, FloatArray]:
    """Return the game of the graph with a second arc for each improved one, and what its arcs are."""
    graph = base.virtual.graph
    extra = np.concatenate([arcs for _, arcs, _, _ in more]).astype(np.int64)
    owner = np.concatenate(
        [np.zeros(graph.n_arc, np.int64), *(np.full(len(a), 1 << i) for i, a, _, _ in more)]
    )
    wide, order = build_graph(
        np.concatenate([graph.tail, graph.tail[extra]]),
        np.concatenate([graph.head, graph.head[extra]]),
        graph.n_node,
    )
    price = np.ascontiguousarray(np.hstack([usd, *(c for _, _, c, _ in more)])[:, order])
    co2 = np.hstack([base.cost.co2_kg, *(e for _, _, _, e in more)])[:, order]
    trips = base.trip_ends
    before = least_costs(graph, np.ascontiguousarray(usd), trips)
    after = least_costs(wide, price, trips)
    if share is None:
        share = base.cost.parameters.get("no_trade_value_share")
    value = base.cost.commodities["value_usd_t"].to_numpy(np.float64)[trips.klass]
    stuck = np.isfinite(after) & ~np.isfinite(before)
    moves = np.isfinite(after) & (trips.flow > 0.0) & (trips.origin != trips.destination)
    moves &= stuck | (after < before * (1.0 - SAME))
    if len(zone_territories):
        moves &= _of_territories(base, zone_territories)
    rows = np.flatnonzero(moves)
    chosen = trips.take(rows)
    capacity = np.full(wide.n_arc, np.inf)
    # a little above the base, so that the way of the base is found and can be compared with
    limit = np.where(stuck, _NO_LIMIT, before * (1.0 + 1e-7) + 1e-9)[rows]
    game = TransitGame(
        wide, price, capacity, chosen, limit, owner[order].astype(np.int64),
        np.zeros(len(rows), np.int64), n,
    )  # fmt: skip
    arc = np.concatenate([np.arange(graph.n_arc), extra])[order]
    gain = np.where(stuck, share * value, np.nan)[rows]
    return (game, rows, before[rows], gain), arc.astype(np.int64), co2


def _of_territories(base: Assignment, territories: Sequence[str]) -> npt.NDArray[np.bool_]:
    zone = base.virtual.network.zones.set_index("zone_id")["territory_id"]
    ends = base.trips[["origin_zone_id", "destination_zone_id"]].apply(lambda c: c.map(zone))
    return np.asarray(ends.isin(list(territories)).any(axis=1).to_numpy(), dtype=bool)


def _ends(base: Assignment) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.object_]]:
    zone = base.virtual.network.zones.set_index("zone_id")["territory_id"]
    return (
        base.trips["origin_zone_id"].map(zone).to_numpy(dtype=object),
        base.trips["destination_zone_id"].map(zone).to_numpy(dtype=object),
    )


def _territories_of_arcs(base: Assignment) -> tuple[tuple[str, ...], IntArray]:
    """Return the states that arcs move over, and the position of each arc's, -1 for others."""
    arcs = base.virtual.arcs
    kinds = base.virtual.network.facts["territories"].set_index("territory_id")["kind"]
    states = sorted(kinds.index[kinds.eq("state")])
    place = {territory: i for i, territory in enumerate(states)}
    moving = arcs["kind"].eq("move").to_numpy()
    at = np.array([place.get(t, -1) for t in arcs["territory_id"]], np.int64)
    return tuple(states), np.where(moving, at, -1)


def _grouped(
    base: Assignment,
    usd: FloatArray,
    made: _Made,
    paths: TripPaths,
    arc: IntArray,
    co2: FloatArray,
) -> Choices:
    """Return what the ways of each trade give it against the base, trades of like ways together."""
    game, rows, before, gain = made
    territories, territory_of = _territories_of_arcs(base)
    start, end = (
        np.array([_place(territories, x) for x in side], np.int64) for side in _ends(base)
    )
    size = np.diff(paths.starts)
    entry = np.repeat(np.arange(len(paths.trip)), size)
    klass = game.trips.klass[paths.trip]
    emitted = np.bincount(entry, co2[klass[entry], paths.arcs], len(paths.trip)) / 1000.0
    through = np.zeros((len(paths.trip), len(territories)))
    here = territory_of[arc[paths.arcs]]
    trip = rows[paths.trip[entry]]
    foreign = (here >= 0) & (here != start[trip]) & (here != end[trip])
    through[entry[foreign], here[foreign]] = 1.0
    order = np.lexsort((paths.mask, paths.cost, paths.trip))
    flow = game.trips.flow
    merged: dict[tuple[int, ...], FloatArray] = {}
    cut = np.searchsorted(paths.trip[order], np.arange(len(rows) + 1))
    for t in range(len(rows)):
        mine = order[cut[t] : cut[t + 1]]
        masks = paths.mask[mine]
        old = mine[masks == 0]
        mine, masks = mine[masks != 0], masks[masks != 0]
        if not len(mine):
            continue
        block = np.empty((len(mine), 2 + len(territories)))
        # a tonne that could not move gains the same by any way
        block[:, 0] = gain[t] if np.isfinite(gain[t]) else before[t] - paths.cost[mine]
        # a trade that could not move before has no emissions to compare with
        block[:, 1] = emitted[old[0]] - emitted[mine] if len(old) else 0.0
        block[:, 2:] = through[mine] - (through[old[0]] if len(old) else 0.0)
        key = tuple(masks.tolist())
        merged[key] = merged.get(key, 0.0) + flow[t] * block
    keys = list(merged)
    starts = np.concatenate([[0], np.cumsum([len(k) for k in keys])]).astype(np.int64)
    mask = np.array([m for k in keys for m in k], np.int64)
    values = (
        np.concatenate([merged[k] for k in keys]) if keys else np.zeros((0, 2 + len(territories)))
    )
    return Choices(
        game.n, starts, mask, values, territories, _base_transit(base, territories, start, end, usd)
    )


def _place(territories: tuple[str, ...], name: object) -> int:
    return territories.index(str(name)) if name in territories else -2


def _base_transit(
    base: Assignment, territories: tuple[str, ...], start: IntArray, end: IntArray, usd: FloatArray
) -> FloatArray:
    """Return transit over each territory when every trade takes its cheapest route at the base's delays."""
    from isthmus.assign.all_or_nothing import all_or_nothing

    found = all_or_nothing(base.virtual.graph, usd, base.trip_ends)
    _, territory_of = _territories_of_arcs(base)
    entry = np.repeat(np.arange(len(found.path_trip)), np.diff(found.path_indptr))
    here = territory_of[found.path_arcs]
    trip = found.path_trip[entry]
    foreign = (here >= 0) & (here != start[trip]) & (here != end[trip])
    pairs = np.unique(entry[foreign] * len(territories) + here[foreign])
    path, territory = np.divmod(pairs, len(territories))
    return np.bincount(territory, found.path_flow[path], len(territories)).astype(np.float64)


def _merged(choices: Choices) -> Choices:
    """Put groups together whose ways need the same projects in the same order."""
    found: dict[tuple[int, ...], FloatArray] = {}
    for a, b in pairwise(choices.starts.tolist()):
        key = tuple(choices.mask[a:b].tolist())
        found[key] = found.get(key, 0.0) + choices.values[a:b]
    if not found:
        return choices
    starts = np.concatenate([[0], np.cumsum([len(k) for k in found])]).astype(np.int64)
    mask = np.array([m for k in found for m in k], np.int64)
    values = np.concatenate(list(found.values()))
    return Choices(choices.n, starts, mask, values, choices.territories, choices.transit)
