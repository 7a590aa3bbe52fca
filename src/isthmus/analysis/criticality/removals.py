"""
What the removal of elements costs all trips, and the worst k elements together, exactly.

Trips follow least-cost paths that do not depend on flow. A set of elements either leaves some trips
without a route (it *disconnects*) or makes their routes dearer (it is *costly*): two rankings, never
mixed. The method is in docs/criticality.md.
"""

from __future__ import annotations

import heapq
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np
import numpy.typing as npt

from isthmus.analysis.criticality.ground import Ground, ceilings_of, scan_losses

__all__ = ["Ranking", "Removal", "Worst", "worst_sets"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Tell = Callable[[str], None]

_WHOLE = 60_000_000
"""Sets times trees times nodes up to which every set is looked at, so that they can be counted."""


_WIDTH = 5
"""Sets of each size that the first look goes on from."""

_SLACK = 1e-9
"""Share by which bounds are widened, against rounding."""


@dataclass(frozen=True, order=True)
class Removal:
    """A set of elements, what its removal adds to the cost of those still served, and who is not."""

    elements: tuple[int, ...]
    extra: float
    unserved: float


@dataclass(frozen=True)
class Ranking:
    """
    The worst sets by one measure, worst first.

    `bound` is what no set exceeds; `proven` says that no set left out is worse than the last.
    """

    sets: tuple[Removal, ...]
    bound: float
    proven: bool


@dataclass(frozen=True)
class Worst:
    """
    The worst sets of k elements.

    Parameters
    ----------
    k : int
    n_sets : int
        Sets of k elements that there are.
    n_disconnecting : int or None
        How many leave trips without a route; None where not every set was looked at.
    costly : Ranking
        Sets that leave no trip without a route, by added cost.
    disconnecting : Ranking
        Sets that do, by unserved flow, then by added cost of the others.
    minimal : tuple of Removal, or None
        Disconnecting sets no part of which disconnects; None where not every set was looked at.
    greedy : Removal
        What taking the worst element first, then the worst beside it, and so on finds among costly
        sets.
    """

    k: int
    n_sets: int
    n_disconnecting: int | None
    costly: Ranking
    disconnecting: Ranking
    minimal: tuple[Removal, ...] | None
    greedy: Removal | None


@dataclass
class _Best:
    """The best sets so far; of equal ones, those that come first."""

    size: int
    heap: list[tuple[float, float, tuple[int, ...]]] = field(default_factory=list)

    def offer(self, value: float, second: float, elements: tuple[int, ...]) -> None:
        """Take a set in if it is among the best."""
        item = (value, second, tuple(-e for e in elements))
        if any(known[2] == item[2] for known in self.heap):
            return
        if len(self.heap) < self.size:
            heapq.heappush(self.heap, item)
        elif item > self.heap[0]:
            heapq.heapreplace(self.heap, item)

    @property
    def floor(self) -> float:
        """Value of the last of the best, -inf while there is room."""
        return self.heap[0][0] if len(self.heap) == self.size else -math.inf

    def sets(self) -> list[tuple[float, float, tuple[int, ...]]]:
        """Value, second value and elements, best first."""
        found = sorted(self.heap, key=lambda i: (-i[0], -i[1], tuple(-e for e in i[2])))
        return [(v, s, tuple(-e for e in elements)) for v, s, elements in found]


def worst_sets(
    problem: Ground,
    k: int,
    *,
    top: int = 10,
    seconds: float = math.inf,
    whole: int = _WHOLE,
    tell: Tell | None = None,
) -> Worst:
    """
    Find the worst sets of k elements, with a proof.

    Small problems are enumerated: every set, each from the trees of the set without its last
    element. Larger ones are searched: a set can add no more than its elements' bounds together,
    where the bound of an element is, over the trips whose path it is on, flow times what any k
    removals can add; branches that cannot reach the best sets known are cut. Either way the answer
    is exact; when time runs out, `bound` holds what was not ruled out.

    Parameters
    ----------
    problem : Ground
    k : int
        1 or more.
    top : int
        Sets to keep of each kind.
    seconds : float
        Time to stop at.
    whole : int
        Work up to which every set is looked at.
    tell : callable, optional
        Called with what is going on; what it raises interrupts.

    Returns
    -------
    Worst

    Notes
    -----
    Least-cost paths only: with congestion a removal may lower the total (Braess), and no bound of
    this kind holds.
    """
    n = problem.n_element
    told: Tell = tell or (lambda _: None)
    stop = time.monotonic() + seconds
    work = math.comb(n, max(k - 1, 0)) * len(problem.roots) * len(problem.graph[0])
    greedy = _greedy(problem, k) if n >= k else None
    if work <= whole:
        return _enumerate(problem, k, top, stop, greedy, told)
    # each of what follows has its share of the time that is left to it: bounds a half, the first
    # search half of the rest
    most, bridges = ceilings_of(problem, k, _halfway(stop), told)
    costly = _search(problem, k, top, _halfway(stop), most, bridges, False, told)
    lost = _search(problem, k, top, stop, most, bridges, True, told)
    return Worst(k, math.comb(n, k), None, costly, lost, None, greedy)


def _enumerate(
    problem: Ground, k: int, top: int, stop: float, greedy: Removal | None, tell: Tell
) -> Worst:
    """Look at every set of k elements."""
    n = problem.n_element
    costly, lost = _Best(top), _Best(top)
    count, done, ended = 0, 0, False
    minimal: list[Removal] = []
    known: set[tuple[int, ...]] = set()
    for size in range(1, k + 1) if n >= k else ():
        last = size == k
        for base in combinations(range(n - 1), size - 1):
            if time.monotonic() > stop:
                ended = True
                break
            begin = base[-1] + 1 if base else 0
            skip = np.arange(n) < begin
            inside = _holds(known, base)
            if inside and not last:
                continue
            out, total = scan_losses(problem, base, skip)
            extra, gone = total[0] + out[0, begin:], total[1] + out[1, begin:]
            cut = gone > 0.0
            if not inside:
                for e in np.flatnonzero(cut) + begin:
                    elements = (*base, int(e))
                    if not _holds(known, elements):
                        known.add(elements)
                        minimal.append(
                            Removal(elements, float(extra[e - begin]), float(gone[e - begin]))
                        )
            if not last:
                continue
            done += 1
            count += int(cut.sum())
            if done % 200 == 0:
                tell(f"{k} together: {done:,} of {math.comb(n - 1, k - 1):,} sets of {k - 1}")
            for e in _above(np.where(cut, -np.inf, extra), costly.floor):
                costly.offer(float(extra[e]), 0.0, (*base, int(e) + begin))
            for e in _above(np.where(cut, gone, -np.inf), lost.floor):
                lost.offer(float(gone[e]), float(extra[e]), (*base, int(e) + begin))
        if ended:
            break
    open_bound = math.inf if ended else -math.inf
    ends = [Removal(s, v, 0.0) for v, _, s in costly.sets()]
    cuts = [Removal(s, x, v) for v, x, s in lost.sets()]
    return Worst(
        k,
        math.comb(n, k),
        None if ended else count,
        Ranking(tuple(ends), max(open_bound, ends[0].extra if ends else -math.inf), not ended),
        Ranking(tuple(cuts), max(open_bound, cuts[0].unserved if cuts else 0.0), not ended),
        None if ended else tuple(minimal),
        greedy,
    )


def _holds(known: set[tuple[int, ...]], elements: tuple[int, ...]) -> bool:
    """Whether a set holds one of the known sets."""
    return bool(known) and any(
        part in known
        for size in range(1, len(elements) + 1)
        for part in combinations(elements, size)
    )


def _above(values: FloatArray, floor: float) -> IntArray:
    """Positions of values that may be among the best, greatest first."""
    found = np.flatnonzero((values >= floor) & (values > -np.inf))
    return found[np.argsort(-values[found], kind="stable")]


def _greedy(problem: Ground, k: int) -> Removal | None:
    """Take the worst element that disconnects nothing, then the worst beside it, and so on."""
    taken: tuple[int, ...] = ()
    extra = 0.0
    for _ in range(k):
        skip = np.isin(np.arange(problem.n_element), taken)
        out, total = scan_losses(problem, taken, skip)
        value = np.where((out[1] > 0.0) | skip, -np.inf, total[0] + out[0])
        best = int(value.argmax())
        if value[best] == -np.inf:
            return None
        taken, extra = (*taken, best), float(value[best])
    return Removal(taken, extra, 0.0)


def _halfway(stop: float) -> float:
    """Return the middle of the time that is left."""
    now = time.monotonic()
    return now + max(stop - now, 0.0) / 2.0


def _first_look(problem: Ground, k: int, by_loss: bool, best: _Best, tell: Tell) -> None:
    """Put the worst beside the few worst sets of each size: a floor for the search to begin from."""
    sets: list[tuple[int, ...]] = [()]
    for size in range(1, k + 1):
        grown = best if size == k else _Best(_WIDTH)
        for taken in sets:
            tell(f"{k} together: a first look")
            skip = np.isin(np.arange(problem.n_element), taken)
            out, total = scan_losses(problem, taken, skip)
            extra, gone = total[0] + out[0], total[1] + out[1]
            value = gone if by_loss else np.where(gone > 0.0, -np.inf, extra)
            # sets that lose nothing are gone on from, but are no answer
            fits = ~skip & ((value > 0.0) if size == k else (value >= 0.0))
            for e in _above(np.where(fits, value, -np.inf), grown.floor)[: grown.size]:
                second = float(extra[e]) if by_loss else 0.0
                grown.offer(float(value[e]), second, tuple(sorted((*taken, int(e)))))
        sets = [elements for _, _, elements in grown.sets()]


def _search(
    problem: Ground,
    k: int,
    top: int,
    stop: float,
    most: FloatArray,
    bridges: npt.NDArray[np.bool_],
    by_loss: bool,
    tell: Tell,
) -> Ranking:
    """Search the sets of k elements depth first, cutting branches that their bound rules out."""
    best = _Best(top)
    _first_look(problem, k, by_loss, best, tell)
    state = {"open": -math.inf, "seen": 0}
    barred = np.zeros(problem.n_element, np.bool_) if by_loss else bridges
    # a set that adds nothing is no answer: at least something must be lost
    least = 0.0

    def floor() -> float:
        return max(best.floor * (1.0 - _SLACK), least)

    def visit(taken: tuple[int, ...], skip: npt.NDArray[np.bool_]) -> None:
        left = k - len(taken)
        state["seen"] += 1
        if state["seen"] % 50 == 0:
            kind = "unserved" if by_loss else "cost"
            tell(f"{k} together, by {kind}: {state['seen']:,} branches")
        inner = (math.inf, math.inf)
        ask = (math.inf, floor()) if by_loss else (floor(), math.inf)
        out, total = scan_losses(problem, taken, skip, most, inner if left > 1 else ask)
        if not by_loss and total[1] > 0.0:
            return
        here = total[1] if by_loss else total[0]
        if left == 1:
            looked = (out[4] > 0.0) & ~skip
            value = here + (out[1] if by_loss else out[0])
            other = total[0] + out[0]
            fits = looked & ((value > 0.0) if by_loss else (out[1] <= 0.0))
            for e in _above(np.where(fits, value, -np.inf), best.floor):
                second = float(other[e]) if by_loss else 0.0
                best.offer(float(value[e]), second, tuple(sorted((*taken, int(e)))))
            return
        bound = out[3 if by_loss else 2] * (1.0 + _SLACK)
        order = np.argsort(-bound, kind="stable")
        order = order[~skip[order]]
        closed = skip.copy()
        for i in range(len(order) - left + 1):
            reach = here + float(bound[order[i : i + left]].sum())
            if reach < floor() or reach <= 0.0:
                return
            if time.monotonic() > stop:
                state["open"] = max(state["open"], reach)
                return
            closed[order[i]] = True
            visit((*taken, int(order[i])), closed.copy())

    visit((), barred.copy())
    found = best.sets()
    top_value = found[0][0] if found else 0.0
    sets = tuple(Removal(s, x, v) if by_loss else Removal(s, v, 0.0) for v, x, s in found)
    return Ranking(sets, max(top_value, state["open"]), state["open"] == -math.inf)
