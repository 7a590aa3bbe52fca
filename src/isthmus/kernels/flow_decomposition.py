"""Flows of trips as paths, and sums along them."""

import numpy as np
from numba import njit

from isthmus.kernels.paths import grown

_NOTHING = 1e-9
"""Share of a trip below which what is left is rounding."""


@njit(cache=True, nogil=True)
def paths(at, arcs, x, origin, destination, flow, tail, head):
    """
    Take the flow of each trip apart into paths, always along the arc that most of it is left on.

    Flows are without circles. The answer is one of many and always the same one: ties go to the lower arc.

    Parameters
    ----------
    at, arcs, x
        Of `UnitFlows`, by trip.
    origin, destination : ndarray of int32, shape (m,)
    flow : ndarray, shape (m,)
        Trips without flow get no path; a trip that stays where it is gets one of no arcs. [t/yr]
    tail, head : ndarray of int32, shape (n_arc,)

    Returns
    -------
    trip : ndarray of int32, shape (n_path,)
    indptr : ndarray of int64, shape (n_path + 1,)
    arcs : ndarray of int32
    flow : ndarray, shape (n_path,)
        [t/yr]
    """
    m = flow.size
    trips, shares = np.empty(4 * m + 8, np.int32), np.empty(4 * m + 8)
    starts, out = np.zeros(4 * m + 9, np.int64), np.empty(64 * m + 64, np.int32)
    n, used = 0, 0
    left = np.empty(16)
    for t in range(m):
        if flow[t] <= 0.0:
            continue
        size = at[t + 1] - at[t]
        if size > left.size:
            left = np.empty(2 * size)
        for j in range(size):
            left[j] = x[at[t] + j]
        whole = 1.0
        first = n
        while whole > _NOTHING:
            begin = used
            least = whole
            u = origin[t]
            while u != destination[t]:
                best = -1
                for j in range(size):
                    a = arcs[at[t] + j]
                    if (
                        tail[a] == u
                        and left[j] > 0.0
                        and (
                            best < 0
                            or left[j] > left[best]
                            or (left[j] == left[best] and a < arcs[at[t] + best])
                        )
                    ):
                        best = j
                if best < 0:
                    break
                if used == out.size:
                    out = grown(out, used, 2 * used)
                out[used] = best
                used += 1
                least = min(least, left[best])
                u = head[arcs[at[t] + best]]
            if u != destination[t]:
                used = begin
                break
            for i in range(begin, used):
                left[out[i]] -= least
                out[i] = arcs[at[t] + out[i]]
            whole -= least
            if n + 1 == trips.size:
                trips = grown(trips, n, 2 * trips.size)
                more = np.empty(2 * shares.size)
                more[:n] = shares[:n]
                shares = more
                longer = np.empty(2 * starts.size, np.int64)
                longer[: n + 1] = starts[: n + 1]
                starts = longer
            trips[n] = t
            shares[n] = least
            n += 1
            starts[n] = used
        total = 0.0
        for p in range(first, n):
            total += shares[p]
        for p in range(first, n):
            shares[p] *= flow[t] / total
    return trips[:n], starts[: n + 1], out[:used], shares[:n]


@njit(cache=True, nogil=True)
def by_class(at, arcs, x, klass, flow, out):
    """Add the flows of trips to those of their classes on arcs, shape (n_class, n_arc)."""
    for t in range(flow.size):
        if flow[t] > 0.0:
            for j in range(at[t], at[t + 1]):
                out[klass[t], arcs[j]] += flow[t] * x[j]


@njit(cache=True, nogil=True)
def along(at, arcs, x, values, out):
    """Put the sum of ``x * values`` over the arcs of each trip in `out`."""
    for t in range(out.size):
        total = 0.0
        for j in range(at[t], at[t + 1]):
            total += x[j] * values[arcs[j]]
        out[t] = total


@njit(cache=True, nogil=True)
def along_class(at, arcs, x, klass, values, out):
    """Put the sum of ``x * values`` over the arcs of each trip in `out`, values by class."""
    for t in range(out.size):
        total = 0.0
        for j in range(at[t], at[t + 1]):
            total += x[j] * values[klass[t], arcs[j]]
        out[t] = total


@njit(cache=True, nogil=True)
def add_paths(path_klass, starts, arcs, path_flow, out):
    """
    Add route flows to arc flows.

    Parameters
    ----------
    path_klass : ndarray of int32, shape (n_path,)
    starts, arcs
        Routes.
    path_flow : ndarray of float64, shape (n_path,)
        [t/yr]
    out : ndarray of float64, shape (n_class, n_arc)
        Flow is added to it. [t/yr]
    """
    for p in range(path_flow.size):
        for i in range(starts[p], starts[p + 1]):
            out[path_klass[p], arcs[i]] += path_flow[p]
