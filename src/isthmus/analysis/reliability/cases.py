"""Which elements are shut together in simulated years, and whom each case meets."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from isthmus.analysis.reliability.risk import Risk
from isthmus.assign.base import FloatArray, IntArray
from isthmus.assign.trip_closures import solve_with_closures
from isthmus.kernels import closure_cases as kernel

__all__ = ["Cases", "cases_of"]

Masks = npt.NDArray[np.uint64]

_EXACT = 40_000
"""Pairs of a trip and several elements that are solved; for the rest a bound stands."""


class Cases(NamedTuple):
    """
    What sets of elements do to trips that meet several of them.

    Parameters
    ----------
    begins, which : ndarray
        Pairs of each set; see `kernels.closure_cases.gather`.
    trip : ndarray of int64, shape (n,)
        Of each pair.
    mask : ndarray of uint64, shape (n, n_word)
    usd_t : ndarray, shape (n,)
        What a tonne bears more. [USD/t]
    usd, stopped : ndarray, shape (n,)
        In all. [USD/yr], [t/yr]
    more_usd, more_stopped : ndarray, shape (n,)
        Beyond the sum of the elements alone. [USD/yr], [t/yr]
    exact : ndarray of bool, shape (n,)
        Whether solved; else a bound.
    days : ndarray, shape (n,)
        For which each stands, of all years. [d]
    """

    begins: IntArray
    which: npt.NDArray[np.int32]
    trip: IntArray
    mask: Masks
    usd_t: FloatArray
    usd: FloatArray
    stopped: FloatArray
    more_usd: FloatArray
    more_stopped: FloatArray
    exact: npt.NDArray[np.bool_]
    days: FloatArray


def cases_of(
    risk: Risk,
    sets: Masks,
    days: FloatArray,
    *,
    exact: int = _EXACT,
    workers: int = 2,
    progress: Callable[[], None] | None = None,
) -> Cases:
    """
    Find what sets of elements cost trips that meet several of them.

    Each trip is solved with all that it meets closed, at the base's delays; to this is added what queues cost it while
    each of them alone is shut, but for what it is relieved of. Of the pairs of a trip and the elements that it meets
    those are solved that weigh most, first those that are left no known way. The rest bear what the dearest part of them
    that is solved does, and stop as much: a bound from below.

    Parameters
    ----------
    risk : Risk
    sets : ndarray of uint64, shape (n, n_word)
    days : ndarray, shape (n,)
        How long each is shut. [d]
    exact : int
        Pairs to solve at most.
    workers : int
    progress : callable, optional
        What it raises interrupts.

    Returns
    -------
    Cases
    """
    removal, met = risk.removal, risk.met
    trips, m = removal.trips, len(removal.trips.flow)
    begins, which, trip, mask, long = kernel.gather(
        (met.indptr, met.trips), met.used, sets, days, m
    )
    n, n_element = len(trip), len(risk.closed)
    # by pair, what its elements cost alone
    usd_t, served = np.zeros(n), np.ones(n)
    late, most_late = np.zeros(n), np.zeros(n)
    total, top_usd, top_stopped = np.zeros((2, n)), np.zeros(n), np.zeros(n)
    for e in range(n_element):
        on = np.flatnonzero((mask[:, e // 64] >> np.uint64(e % 64)) & np.uint64(1))
        mine = slice(met.indptr[e], met.indptr[e + 1])
        for values, out in ((met.usd_t, usd_t), (met.late_t, most_late)):
            row = np.zeros(m)
            row[met.trips[mine]] = values[mine]
            np.maximum.at(out, on, row[trip[on]])
        row = np.zeros(m)
        row[met.trips[mine]] = np.maximum(met.late_t[mine], 0.0)
        late[on] += row[trip[on]]
        row = np.ones(m)
        row[met.trips[mine]] = met.served[mine]
        served[on] = np.minimum(served[on], row[trip[on]])
        mine = slice(risk.of_element[0][e], risk.of_element[0][e + 1])
        for k, top in enumerate((top_usd, top_stopped)):
            row = np.zeros(m)
            row[risk.of_element[1][mine]] = risk.lone[k][mine]
            total[k, on] += row[trip[on]]
            top[on] = np.maximum(top[on], row[trip[on]])
    cut = _cut(risk, trip, mask)
    # those that may have no way first, then by what is not known of them
    doubt = long * np.maximum(total[0] - top_usd, 1e-6 * top_usd)
    order = np.lexsort((np.arange(n), -doubt, -(cut * long * trips.flow[trip])))
    chosen = np.sort(order[:exact])
    solved = np.zeros(n, bool)
    solved[chosen] = True
    names, shut = np.unique(mask[chosen], axis=0, return_inverse=True)
    closed = [
        np.unique(np.concatenate([risk.closed[e] for e in _members(x, n_element)])) for x in names
    ]
    found = solve_with_closures(
        removal.problem, removal.found.hours, trip[chosen], shut.ravel().astype(np.int64), closed,
        removal.unit, known_at=removal.found.choice.cost, workers=workers, progress=progress,
    )  # fmt: skip
    usd_t[solved] = np.maximum(found.value - removal.value[trip[chosen]], usd_t[solved])
    served[solved] = np.minimum(found.served, served[solved])
    by_trip = np.argsort(trip, kind="stable")
    at = np.concatenate(([0], np.cumsum(np.bincount(trip, minlength=m)))).astype(np.int64)
    raised = usd_t[by_trip], served[by_trip]
    kernel.at_least(at, mask[by_trip], solved[by_trip], *raised)
    usd_t[by_trip], served[by_trip] = raised
    flow, share = trips.flow[trip], removal.share[trip]
    stopped = flow * np.maximum(share - np.minimum(served, share), 0.0)
    stopped = np.minimum(np.maximum(stopped, top_stopped), flow * share)
    stopped[stopped < 1e-9 * flow] = 0.0
    kept = flow * share - stopped
    usd_t = np.where(kept > 0.0, np.where(np.isfinite(usd_t), usd_t, 0.0) + late, 0.0)
    usd = kept * usd_t
    return Cases(
        begins,
        which,
        trip,
        mask,
        usd_t,
        usd,
        stopped,
        usd - total[0],
        stopped - total[1],
        solved,
        long,
    )


def _members(mask: Masks, n: int) -> IntArray:
    every = np.arange(n)
    return np.flatnonzero((mask[every // 64] >> (every % 64).astype(np.uint64)) & np.uint64(1))


def _cut(risk: Risk, trip: IntArray, mask: Masks) -> npt.NDArray[np.bool_]:
    """Return the pairs whose elements are on all known routes of the trip."""
    routes = risk.routes
    out = np.ones(len(trip), bool)
    size = np.diff(routes.trip)[trip]
    for j in range(int(size.max(initial=0))):
        some = np.flatnonzero(out & (size > j))
        if len(some):
            p = routes.trip[trip[some]] + j
            out[some] = (risk.masks[p] & mask[some]).any(axis=1)
    return out
