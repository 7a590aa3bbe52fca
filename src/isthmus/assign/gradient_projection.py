"""
One iteration of path-based assignment on any number of threads, with the same bits on each.

Trees are grown in batches, each on costs one batch old, so that while one batch is served by the
main thread the trees of the next can grow on others; the order of work does not depend on who does it.
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import pairwise
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

from isthmus.assign.base import relative_gap
from isthmus.assign.path_sets import PathSets
from isthmus.kernels import path_newton, path_pool, projection, tree_batches

__all__ = ["GradientProjection"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

Chunks = deque[tuple[int, int, int]]
"""Batch, first tree and the tree after the last, of what is left to do."""

_FEWEST, _BATCHES, _FIRST = 16, 32, 100
"""Least and most batches of an iteration, and those of the first, when there are no paths yet."""
_ALONE = 600_000
"""Below this many tree-arcs threads would cost more than they give."""
_BATCH, _CHUNK = 100_000, 20_000
"""Tree-arcs that a batch and a part of it, taken by one thread, should have at least."""
_SLACK, _LEAST, _OMEGA = 0.02, 0.05, 1.2
"""Shares of the gap below which labels, and differences of cost, are left; over-relaxation."""
_WORST = 2.0
"""What a larger gap is taken for: a share of a gap of 50, as steep arcs begin with, would let any path pass for cheap."""
_ROUNDS, _SOLVE, _PRECISE = 3, 60, 0.03
"""Joint steps at most in a row; iterations of conjugate gradients at most; residual they may leave."""


class GradientProjection:
    """
    The work on path sets: iterations, joint steps and the measured gap.

    Parameters
    ----------
    state : PathSets
    threads : int
    """

    def __init__(self, state: PathSets, threads: int) -> None:
        self.state = state
        self.n_tree = len(state.tree[0])
        # not by a product of vectors, which would wake the threads of BLAS
        self.hour = float((state.trip[1] * state.trip[2]).sum())
        n_arc, n_node = len(state.free), len(state.graph[0]) - 1
        self.threads = max(1, int(threads)) if self.n_tree * n_arc >= _ALONE else 1
        self.pool = ThreadPoolExecutor(self.threads - 1) if self.threads > 1 else None
        fresh = state.used[0] == 0
        n_batch = max(_FEWEST, min(self.n_tree * n_arc // _BATCH, _BATCHES))
        self._divide(_FIRST if fresh else n_batch)
        self.later = n_batch if fresh else 0
        self.scratch = [
            (
                np.empty(n_node, np.int32),
                np.empty(n_node, np.int8),
                np.empty(n_node, np.int32),
                np.empty(n_arc, np.int32),
                np.empty(n_arc),
            )
            for _ in range(self.threads)
        ]

    def _divide(self, n_batch: int) -> None:
        """Divide trees into batches, of which nothing is known but what the state tells."""
        n_batch = max(1, min(n_batch, self.n_tree))
        self.batches = np.arange(n_batch + 1) * self.n_tree // n_batch
        self.was = np.tile(self.state.was, (n_batch, 1))

    def __enter__(self) -> GradientProjection:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the threads."""
        if self.pool is not None:
            self.pool.shutdown()

    def iterate(self, passes: int, gap: float) -> tuple[float, float, float]:
        """
        Run one iteration.

        Parameters
        ----------
        passes : int
            Passes over trips with several paths, between the batches.
        gap : float
            Estimate of the gap: much smaller differences are left.

        Returns
        -------
        excess, total, last : float
            Weighted flow times what it paid above least cost; times least cost; excess of the last
            pass. [t*h/yr]
        """
        state = self.state
        active = np.flatnonzero(state.trip[4] > 1)
        passes = passes if len(active) else 0
        gap = min(gap, _WORST)
        slack, least = _SLACK * gap, max(_LEAST * gap, 1e-16)
        slack = slack if slack > 1e-14 else 0.0
        if self.pool is not None:
            done = self._iterate_on_threads(active, passes, slack, least)
        else:
            done = self._iterate_alone(active, passes, slack, least)
        if self.later:
            self._divide(self.later)
            self.later = 0
        return done

    def _iterate_alone(
        self, active: IntArray, passes: int, slack: float, least: float
    ) -> tuple[float, float, float]:
        """Run one iteration in one compiled call."""
        state = self.state
        at, totals = np.array([0, -1]), np.zeros(3)
        while not projection.cycle(
            state.graph,
            state.first_through,
            state.fixed,
            state.tree,
            self.was,
            self.batches,
            state.trip,
            state.path,
            state.pool,
            state.used,
            state.laws,
            state.marginal,
            state.free,
            state.arc,
            state.mark,
            state.pair,
            self.scratch[0],
            state.snapshot,
            active,
            passes,
            at,
            totals,
            slack,
            least,
            _OMEGA,
        ):
            state.make_room()
        return totals[0], totals[1], totals[2]

    def _iterate_on_threads(
        self, active: IntArray, passes: int, slack: float, least: float
    ) -> tuple[float, float, float]:
        """Do as `kernels.projection.cycle` does, growing the next batch meanwhile."""
        state, batches, n_batch = self.state, self.batches, len(self.batches) - 1
        excess = total = last = 0.0
        self._grow(state.arc[1], 0, 1, slack)
        for b in range(n_batch):
            chunks: Chunks = deque()
            helpers: list[Future[None]] = []
            if b + 1 < n_batch:
                state.snapshot[:] = state.arc[1]
                chunks, helpers = self._start(state.snapshot, b + 1, b + 2, slack)
            i = batches[b]
            while True:
                i, gone, paid = projection.serve(
                    state.graph[2],
                    state.fixed,
                    state.tree,
                    state.trip,
                    state.path,
                    state.pool,
                    state.used,
                    state.laws,
                    state.marginal,
                    state.free,
                    state.arc,
                    state.mark,
                    state.pair,
                    i,
                    batches[b + 1],
                    slack,
                    least,
                    _OMEGA,
                )
                excess, total = excess + gone, total + paid
                if i == batches[b + 1]:
                    break
                # others read the paths that are to move
                self._drain(chunks, self.scratch[0], state.snapshot, slack)
                for helper in helpers:
                    helper.result()
                state.make_room()
            for _ in range((b + 1) * passes // n_batch - b * passes // n_batch):
                last = projection.inner(
                    active,
                    state.trip,
                    state.path,
                    state.pool,
                    state.laws,
                    state.marginal,
                    state.free,
                    state.arc,
                    state.mark,
                    state.pair,
                    least,
                    _OMEGA,
                )
            self._drain(chunks, self.scratch[0], state.snapshot, slack)
            for helper in helpers:
                helper.result()
            if b + 1 < n_batch:
                tree_batches.remember(state.snapshot, slack, self.was[b + 1])
        return excess, total, last

    def newton_steps(self, gap: float, aim: float) -> None:
        """
        Take joint Newton steps on the flows of all trips with several paths.

        Parameters
        ----------
        gap : float
            As in `iterate`.
        aim : float
            Excess at which to stop. [t*h/yr]
        """
        state, gap = self.state, min(gap, _WORST)
        path_newton.settle(
            np.flatnonzero(state.trip[4] > 1),
            state.trip,
            state.path,
            state.pool,
            state.laws,
            state.marginal,
            state.free,
            state.arc,
            state.mark,
            state.pair,
            state.snapshot,
            _ROUNDS,
            aim,
            max(_LEAST * gap, 1e-16),
            _OMEGA,
            _SOLVE,
            _PRECISE,
        )

    def measured_gap(self) -> float:
        """Return the relative gap at the present flows, all trees grown exactly."""
        state = self.state
        path_pool.reload(state.trip, state.path, state.pool, state.preload, state.arc[0])
        projection.refresh(state.laws, state.marginal, state.free, *state.arc)
        self._grow(state.arc[1], 0, len(self.batches) - 1, 0.0)
        excess, total = path_pool.certify(state.trip, state.path, state.pool, state.arc[1])
        return self.gap(excess, total)

    def gap(self, excess: float, total: float) -> float:
        """Return the relative gap of an excess and a total, as of `cycle`."""
        return relative_gap(excess, total, self.hour)

    def _grow(self, cost: FloatArray, first: int, end: int, slack: float) -> None:
        """Grow the trees of some batches on all threads, and wait."""
        chunks, helpers = self._start(cost, first, end, slack)
        self._drain(chunks, self.scratch[0], cost, slack)
        for helper in helpers:
            helper.result()
        for b in range(first, end):
            tree_batches.remember(cost, slack, self.was[b])

    def _start(
        self, cost: FloatArray, first: int, end: int, slack: float
    ) -> tuple[Chunks, list[Future[None]]]:
        """Let the other threads begin to grow some batches; returns what is left to grow."""
        chunks: Chunks = deque()
        for b in range(first, end):
            begin, many = self.batches[b], self.batches[b + 1] - self.batches[b]
            n = max(1, min(many * len(cost) // _CHUNK, many, 8 * self.threads))
            n = 1 if self.pool is None else n
            cuts = (begin + np.arange(n + 1) * many // n).tolist()
            chunks.extend((b, *pair) for pair in pairwise(cuts))
        if self.pool is None:
            return chunks, []
        return chunks, [
            self.pool.submit(self._drain, chunks, scratch, cost, slack)
            for scratch in self.scratch[1 : len(chunks)]
        ]

    def _drain(
        self, chunks: Chunks, scratch: tuple[Any, ...], cost: FloatArray, slack: float
    ) -> None:
        """Grow trees until none is left."""
        state = self.state
        while chunks:
            try:
                b, begin, end = chunks.popleft()
            except IndexError:
                return
            tree_batches.grow(
                state.graph,
                state.first_through,
                cost,
                self.was[b],
                state.fixed,
                state.tree,
                state.trip,
                state.path,
                state.pool,
                scratch,
                begin,
                end,
                slack,
            )
