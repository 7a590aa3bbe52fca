"""
The transit game: what each coalition of controllers saves the trade of all by letting it pass.

Ways of every trip for every coalition are found at once (`kernels.coalitions`), the least cost of each
coalition on them by a simplex method (`kernels.coalition_simplex`) that starts each where a smaller one ended
(`kernels.coalition_layers`).
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from isthmus.analysis.flows.game import TransitGame, TripPaths
from isthmus.errors import IsthmusError
from isthmus.kernels import coalition_layers, coalition_simplex

__all__ = ["MOST_EXACT", "Compiled", "PathGap", "compile_game"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

MOST_EXACT = 16
"""Players up to which every coalition is solved."""

_CHECKED = 16
"""Coalitions drawn each round to look for ways that capacities make worth while."""

_ROUNDS = 10
"""Rounds of those looks; three times as many where every coalition is looked at."""

_RECENT, _ENOUGH = 4, 1e-4
"""Rounds whose draws tell the mean gap, and the gap that is small enough."""

_ALL = 7
"""Players up to which ways are looked for in every coalition."""

_WORKERS = 2
"""Threads that look for ways; the answer does not depend on them."""

_SPLIT = 5
"""Players who split the coalitions into parts that are solved apart."""

_TRIED = 64
"""Coalitions drawn to see which arcs are full."""

_SETTLED = 1e-7
"""Share of what all save below which no more ways are looked for."""

_PERTURBED = 1e-9
"""Share by which capacities are moved apart, so that no pivot of the simplex method stands still."""


class PathGap(NamedTuple):
    """
    What ways that were not generated could save, as a share of what all players save.

    Parameters
    ----------
    most : float
        In the coalition of the last few looks that they could save most.
    mean : float
        In the mean over those, which are drawn as the Shapley value weighs them: about as much is a
        player's value off at most.
    """

    most: float
    mean: float


@dataclass(frozen=True, eq=False)
class Compiled:
    """
    Ways as the kernels read them: trips that may meet a full arc apart from those that cannot.

    Parameters
    ----------
    game : TransitGame
    paths : TripPaths
    """

    game: TransitGame = field(repr=False)
    paths: TripPaths = field(repr=False)

    @cached_property
    def tight(self) -> IntArray:
        """Arcs that cannot take all trips with a way over them."""
        game, paths = self.game, self.paths
        entry = np.repeat(paths.trip, np.diff(paths.starts))
        bound = np.isfinite(game.capacity[paths.arcs])
        pairs = np.unique(paths.arcs[bound].astype(np.int64) * len(game.outside) + entry[bound])
        arc, trip = np.divmod(pairs, len(game.outside))
        most = np.bincount(arc, game.trips.flow[trip], game.graph.n_arc)
        return np.flatnonzero(most > game.capacity)

    @cached_property
    def coupled(self) -> npt.NDArray[np.bool_]:
        """Trips with a way over such an arc, shape (n_trip,)."""
        over = np.isin(self.paths.arcs, self.tight)
        out = np.zeros(len(self.game.outside), dtype=bool)
        out[np.repeat(self.paths.trip, np.diff(self.paths.starts))[over]] = True
        return out

    @cached_property
    def free(self) -> tuple[IntArray, IntArray, FloatArray, FloatArray, FloatArray]:
        """What `coalition_simplex.spread` reads of the trips that cannot meet a full arc."""
        game = self.game
        chosen = np.flatnonzero(~self.coupled)
        rows = np.flatnonzero(~self.coupled[self.paths.trip])
        count = np.bincount(self.paths.trip[rows], minlength=len(game.outside))[chosen]
        starts = np.concatenate([[0], np.cumsum(count)])
        flow, outside = game.trips.flow[chosen], game.outside[chosen]
        return starts, self.paths.mask[rows], self.paths.cost[rows], flow, outside

    @cached_property
    def bound(self) -> tuple[npt.NDArray[Any], ...]:
        """What `coalition_simplex.alone` reads of the others, from trip to capacity."""
        game, paths = self.game, self.paths
        chosen = np.flatnonzero(self.coupled)
        number = np.full(len(game.outside), -1, np.int64)
        number[chosen] = np.arange(len(chosen))
        taken = paths.take(np.flatnonzero(self.coupled[paths.trip]))
        place = np.full(game.graph.n_arc, -1, np.int64)
        place[self.tight] = np.arange(len(self.tight))
        entry = place[taken.arcs]
        kept = entry >= 0
        size = np.bincount(
            np.repeat(np.arange(len(taken.trip)), np.diff(taken.starts))[kept],
            minlength=len(taken.trip),
        )
        trip = np.concatenate([np.arange(len(chosen)), number[taken.trip]])
        mask = np.concatenate([np.zeros(len(chosen), np.int64), taken.mask])
        cost = np.concatenate([game.outside[chosen], taken.cost])
        order = np.lexsort((cost, trip))
        mask, cost = mask[order], cost[order]
        sizes = np.concatenate([np.zeros(len(chosen), np.int64), size])
        begin = np.concatenate([[0], np.cumsum(sizes)])
        flat = entry[kept]
        starts = np.concatenate([[0], np.cumsum(sizes[order])])
        at = np.repeat(begin[:-1][order] - starts[:-1], sizes[order]) + np.arange(starts[-1])
        first = np.concatenate([[0], np.cumsum(np.bincount(trip, minlength=len(chosen)))])
        draw = np.random.default_rng(0)
        room = game.capacity[self.tight] * (1.0 + _PERTURBED * draw.random(len(self.tight)))
        trip, flat = trip[order], flat[at]
        # half the size of the arrays read most
        small = [x.astype(np.int32) for x in (trip, starts, flat, first)]
        return small[0], mask, cost, *small[1:], game.trips.flow[chosen], room

    def one(self, coalition: int) -> tuple[float, FloatArray, FloatArray]:
        """
        Solve one coalition.

        Returns
        -------
        saved : float
            Against the outside option. [USD/yr]
        toll : ndarray, shape (n_arc,)
            What full arcs of the graph ask. [USD/t]
        pays : ndarray, shape (n_trip,)
            What the last tonne of a trip costs; -inf for those that meet no full arc. [USD/t]
        """
        game = self.game
        starts, mask, cost, flow, outside = self.free
        owner = np.repeat(np.arange(len(flow)), np.diff(starts))
        usable = (mask & ~coalition) == 0
        least = outside.copy()
        np.minimum.at(least, owner[usable], cost[usable])
        saved = float(flow @ (outside - least))
        toll, pays = np.zeros(game.graph.n_arc), np.full(len(game.outside), -np.inf)
        paid, asked = np.zeros(len(self.bound[-2])), np.zeros(len(self.bound[-1]))
        if len(paid):
            saved += float(self.bound[-2] @ game.outside[self.coupled])
            saved -= _solved(coalition_simplex.alone(coalition, *self.bound, paid, asked))  # type: ignore[call-arg]
        toll[self.tight] = asked
        pays[self.coupled] = paid
        return saved, toll, pays

    def every(
        self, workers: int = 2, progress: Callable[[int, int], None] | None = None
    ) -> FloatArray:
        """
        Solve every coalition.

        The first players split the work into parts that each begin from nothing, so the bits do not
        depend on the number of workers.

        Returns
        -------
        ndarray, shape (2**n,)
            What each saves against nobody agreeing. [USD/yr]
        """
        n = self.game.n
        saved = np.zeros(1 << n)
        coalition_simplex.spread(n, *self.free, saved)
        bound = self.bound
        if not len(bound[-2]):
            return saved - saved[0]
        order, hot = self._weightiest(workers)
        trip, mask, cost, starts, arcs, first, flow, capacity = bound
        mask = _shuffled(mask, order)
        spent = np.full(1 << n, np.nan)
        split = max(0, min(_SPLIT, n - 4))

        def part(fixed: int) -> float:
            absent = (1 << split) - 1 & ~fixed
            rows = np.flatnonzero((mask & absent) == 0)
            paths = TripPaths(trip, mask, cost, starts, arcs).take(rows)
            begin = np.searchsorted(paths.trip, np.arange(len(first))).astype(np.int32)
            done = coalition_layers.climb(
                fixed, split, n, paths.trip, paths.mask, paths.cost, paths.starts.astype(np.int32),
                paths.arcs, begin, flow, capacity, hot, spent,
            )  # fmt: skip
            return _solved(np.nan if done < 0 else float(done))

        with ThreadPoolExecutor(workers) as pool:
            try:
                for done, _ in enumerate(pool.map(part, range(1 << split)), start=1):
                    if progress is not None:
                        progress(done, 1 << split)
            except BaseException:
                pool.shutdown(wait=True, cancel_futures=True)
                raise
        saved += spent[0] - spent[_shuffled(np.arange(1 << n), order)]
        return saved - saved[0]

    def _weightiest(self, workers: int) -> tuple[IntArray, IntArray]:
        """
        Return the players, those first who change most alone and as the last, and arcs likely to be full.

        Coalitions are solved from others with one player less, but for the first players: those whose
        entry changes so much that hardly any coalition would be solved from the one without them.
        """
        n = self.game.n
        everyone = (1 << n) - 1
        bits = [1 << i for i in range(n)]
        draw = np.random.default_rng(0)
        looked = [0, everyone, *bits, *(everyone ^ b for b in bits)]
        looked += [_drawn(draw, n) for _ in range(_TRIED)]
        with ThreadPoolExecutor(workers) as pool:
            found = list(pool.map(self.one, looked))
        saved = np.array([f[0] for f in found])
        weight = saved[2 : n + 2] - saved[0] + saved[1] - saved[n + 2 : 2 * n + 2]
        asked = np.any([f[1][self.tight] > 0.0 for f in found], axis=0)
        return np.argsort(-weight, kind="stable"), np.flatnonzero(asked)


def compile_game(
    game: TransitGame,
    *,
    checked: int = _CHECKED,
    every: bool | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Compiled, PathGap]:
    """
    Find ways until capacities make no other worth while in the coalitions looked at.

    Without capacities the ways that `TransitGame.search` finds are all that any coalition needs. Full
    arcs make others worth while: those are found at the prices of the full arcs, for all players
    together, all but one, none, and coalitions drawn at random; for up to `_ALL` players for every coalition.

    Parameters
    ----------
    game : TransitGame
    checked : int
        Coalitions drawn.
    every : bool, optional
        Look at every coalition; without it, if there are at most `_ALL` players.
    progress : callable, optional
        Called with rounds done and asked for.

    Returns
    -------
    compiled : Compiled
    gap : PathGap
    """
    compiled = Compiled(game, game.search())
    everyone = (1 << game.n) - 1
    every = game.n <= _ALL if every is None else every
    draw = np.random.default_rng(0)
    gap, worth = 0.0, 1.0
    drawn: list[list[float]] = []
    settled: set[int] = set()
    rounds = 3 * _ROUNDS if every else _ROUNDS
    looked = list(range(everyone + 1)) if every else []
    fixed = [everyone & ~(1 << i) for i in range(game.n)]
    for done in range(rounds + 1):
        if not every:
            # other draws each time: the gap is measured on coalitions not looked at before
            looked = [*(_drawn(draw, game.n) for _ in range(checked)), everyone]
            looked += [] if done else [0, *fixed]
        gap, new, unsettled = 0.0, [], []
        drawn.append([])
        worth = max(compiled.one(everyone)[0] - compiled.one(0)[0], 0.0) or 1.0
        # more ways make no settled one dearer, nor does any way save it more
        asked = [c for c in dict.fromkeys(looked) if c not in settled]
        game.search(
            None, everyone, np.full(len(game.outside), -np.inf)
        )  # fills what searches share
        with ThreadPoolExecutor(_WORKERS) as pool:
            answers = list(pool.map(partial(_missing, compiled), asked))
        for coalition, (short, found) in zip(asked, answers, strict=True):
            gap = max(gap, short)
            if every or coalition != everyone:
                drawn[-1].append(short)
            if found is None or short == 0.0:
                settled.add(coalition)
            else:
                new.append(found)
                unsettled.append(coalition)
        if not every:
            drawn[-1] += [0.0] * len(settled.intersection(looked).difference(asked, [everyone]))
        if progress is not None:
            progress(done + 1, rounds + 1)
        if gap <= _SETTLED * worth or done == rounds:
            break
        recent = np.concatenate(drawn[1:][-_RECENT:] or drawn)
        if not every and done >= _RECENT and recent.mean() <= _ENOUGH * worth:
            break
        looked = unsettled if every else looked
        compiled = replace(compiled, paths=compiled.paths.plus(*new))
    if every:
        return compiled, PathGap(gap / worth, sum(drawn[-1]) / (everyone + 1) / worth)
    recent = np.concatenate(drawn[1:][-_RECENT:] or drawn)
    most = max(gap, float(recent.max(initial=0.0)))
    return compiled, PathGap(most / worth, float(recent.mean()) / worth)


def _missing(compiled: Compiled, coalition: int) -> tuple[float, TripPaths | None]:
    """Return by how much a coalition's cost is above the bound over all ways, and ways that pay."""
    game = compiled.game
    _, toll, pays = compiled.one(coalition)
    if not toll.any():
        return 0.0, None
    toll = np.maximum(toll, 0.0)
    limit = np.where(np.isfinite(pays), pays - 1e-9 * (1.0 + np.abs(pays)), -np.inf)
    found = game.search(toll, coalition, limit)
    if not len(found.trip):
        return 0.0, None
    entry = np.repeat(np.arange(len(found.trip)), np.diff(found.starts))
    price = found.cost + np.bincount(entry, toll[found.arcs], len(found.trip))
    least = pays.copy()
    np.minimum.at(least, found.trip, price)
    better = np.flatnonzero(least < pays)
    return float(game.trips.flow[better] @ (pays[better] - least[better])), found


def _shuffled(mask: IntArray, order: IntArray) -> IntArray:
    """Return coalitions in terms of reordered players: bit j stands for player ``order[j]``."""
    out = np.zeros_like(mask)
    for j, i in enumerate(order.tolist()):
        out |= (mask >> i & 1) << j
    return out


def _drawn(draw: np.random.Generator, n: int) -> int:
    """Return a coalition of a size drawn first: small and large ones are as likely as those of half."""
    size = int(draw.integers(1, n)) if n > 1 else 1
    return int(sum(1 << int(i) for i in draw.permutation(n)[:size]))


def _solved(value: float) -> float:
    """Return what a kernel found; nan says that it gave up."""
    if value != value:
        raise IsthmusError("a coalition of the transit game was not solved: too many pivots.")
    return value
