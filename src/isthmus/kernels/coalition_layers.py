"""
Every coalition by size, each from the best of those with one player less.

All ways of a coalition are open to a larger one, so the optimum of any coalition with one player less is where its
programme (`kernels.coalition_simplex`) may start; the cheapest of them is nearest. Only arcs that were ever full are in the
programme; every answer is looked at on all arcs, and one that overfills an arc is solved again with it.
"""

import numpy as np
from numba import njit

from isthmus.kernels.coalition_simplex import (
    adopted,
    best_way,
    blank,
    crossed,
    desk,
    settle,
    spent,
    tolled,
    weighed,
)

OVER = 1e-9
"""Share of its capacity by which an arc may be overfull."""


@njit(cache=True, nogil=True)
def kept(starts, arcs, place):
    """Return the arcs of each way that have a place, as places."""
    out_starts = np.zeros(len(starts), starts.dtype)
    out = np.empty(len(arcs), arcs.dtype)
    n = 0
    for way in range(len(starts) - 1):
        for e in range(starts[way], starts[way + 1]):
            if place[arcs[e]] >= 0:
                out[n] = place[arcs[e]]
                n += 1
        out_starts[way + 1] = n
    return out_starts, out[:n].copy()


@njit(cache=True, nogil=True)
def asking(n, mask):
    """Return the ways that ask player i as ``ways[starts[i]:starts[i + 1]]``."""
    starts = np.zeros(n + 1, np.int64)
    for way in range(len(mask)):
        for i in range(n):
            starts[i + 1] += mask[way] >> i & 1
    for i in range(n):
        starts[i + 1] += starts[i]
    at = starts[:n].copy()
    ways = np.empty(starts[n], np.int64)
    for way in range(len(mask)):
        for i in range(n):
            if mask[way] >> i & 1:
                ways[at[i]] = way
                at[i] += 1
    return starts, ways


@njit(cache=True, nogil=True)
def opened(begin, end, ways, mask, coalition):
    """Whether a coalition may use any of these ways."""
    out = False
    for e in range(begin, end):
        out = mask[ways[e]] & ~coalition == 0
        if out:
            break
    return out


@njit(cache=True, nogil=True)
def tempted(
    begin, end, ways, coalition, trip, mask, cost, starts, arcs, first, key, toll, slack, out
):
    """
    List the trips that do better on one of these ways, those that gain most a tonne first; returns how many.

    The slack of those that do not is set, as they have more ways than before.
    """
    n, seen = 0, -1
    gain = np.empty(end - begin)
    for e in range(begin, end):
        way = ways[e]
        t = trip[way]
        if t == seen or mask[way] & ~coalition != 0:
            continue
        seen = t
        best, slack[t] = best_way(t, coalition, mask, cost, starts, arcs, first, key, toll)
        if best >= 0:
            gain[n] = tolled(key[t], cost, starts, arcs, toll) - tolled(
                best, cost, starts, arcs, toll
            )
            out[n] = t
            n += 1
    # filled in that order, few are pushed out again
    out[:n] = out[:n][np.argsort(-gain[:n])]
    return n


@njit(cache=True, nogil=True)
def placed(load, capacity, place, hot):
    """Give overfull arcs a place at the end of `hot`; returns whether there were any."""
    n = len(hot)
    for a in range(len(capacity)):
        if place[a] < 0 and load[a] > capacity[a] * (1.0 + OVER):
            place[a] = n
            n += 1
    if n == len(hot):
        return hot
    more = np.empty(n, np.int64)
    for a in range(len(capacity)):
        if place[a] >= 0:
            more[place[a]] = a
    return more


@njit(cache=True, nogil=True)
def climb(fixed, n_fixed, n, trip, mask, cost, starts, arcs, first, flow, capacity, hot, out):
    """
    Solve every coalition whose first players are given.

    Parameters
    ----------
    fixed : int
        Those of the first `n_fixed` players who are in.
    n_fixed, n : int
    trip, mask, cost, starts, arcs, first, flow, capacity
        As in `lattice.settle`; only ways that ask none of the first players who are not in.
    hot : ndarray of int64
        Arcs that are likely to be full; others join when they are overfull.
    out : ndarray, shape (2**n,)
        Cost of each coalition, filled in.

    Returns
    -------
    int
        Pivots of all, -1 if one was given up.
    """
    n_trip, m = len(flow), n - n_fixed
    place = np.full(len(capacity), -1, np.int64)
    for i in range(len(hot)):
        place[hot[i]] = i
    hot_starts, hot_arcs = kept(starts, arcs, place)
    over_starts, over = crossed(trip, hot_starts, hot_arcs, len(hot))
    ask_starts, ask_ways = asking(n, mask)
    state, scratch = blank(n_trip, len(hot)), desk(n_trip, len(hot))
    load = np.empty(len(capacity))
    trips, n_trips = np.arange(n_trip), n_trip
    outside = first[1:].astype(np.int64) - 1
    # optima of one size and of the next, in order of their subsets
    most = 1
    for r in range(1, m // 2 + 1):
        most = most * (m - r + 1) // r
    keys = np.empty((2, most, n_trip), np.int32)
    fulls = np.empty((2, most, len(capacity)), np.int32)
    extras = np.empty((2, most, len(capacity)), np.int32)
    carrieds = np.empty((2, most, len(capacity)))
    slacks = np.empty((2, most, n_trip))
    counts = np.zeros((2, most), np.int64)
    slot = np.zeros(1 << m, np.int64)
    total = 0
    for size in range(m + 1):
        now, before = size % 2, (size + 1) % 2
        used, subset = 0, (1 << size) - 1
        while subset < 1 << m:
            coalition = fixed | subset << n_fixed
            parent, idle = -1, False
            for i in range(m):
                if subset >> i & 1:
                    p = subset ^ 1 << i
                    nobody = not opened(
                        ask_starts[n_fixed + i],
                        ask_starts[n_fixed + i + 1],
                        ask_ways,
                        mask,
                        coalition,
                    )
                    if (
                        parent < 0
                        or nobody
                        or out[fixed | p << n_fixed] < out[fixed | parent << n_fixed]
                    ):
                        parent = p
                    if nobody:
                        idle = True
                        break
            if idle:
                s, k = slot[parent], counts[before, slot[parent]]
                keys[now, used] = keys[before, s]
                fulls[now, used, :k] = fulls[before, s, :k]
                extras[now, used, :k] = extras[before, s, :k]
                carrieds[now, used, :k] = carrieds[before, s, :k]
                slacks[now, used] = slacks[before, s]
                counts[now, used] = k
                out[coalition] = out[fixed | parent << n_fixed]
            else:
                while True:
                    if parent < 0:
                        state[0][:] = outside
                        state[3][:] = -1
                        state[1][:] = 0.0
                        state[2][:] = 0.0
                        state[8][:] = 0
                    else:
                        s = slot[parent]
                        k = counts[before, s]
                        state[0][:] = keys[before, s]
                        state[4][:k] = fulls[before, s, :k]
                        state[5][:k] = extras[before, s, :k]
                        state[6][:k] = carrieds[before, s, :k]
                        state[8][0] = k
                        state[9][:] = slacks[before, s]
                        adopted(trip, cost, hot_starts, hot_arcs, flow, state)
                        i = 0
                        while subset ^ parent != 1 << i:
                            i += 1
                        i += n_fixed
                        n_trips = tempted(
                            ask_starts[i], ask_starts[i + 1], ask_ways, coalition, trip, mask, cost,
                            hot_starts, hot_arcs, first, state[0], state[2], state[9], trips,
                        )  # fmt: skip
                    pivots = settle(
                        coalition, trips[:n_trips], trip, mask, cost, hot_starts, hot_arcs, first, over,
                        over_starts, flow, capacity[hot], state, scratch,
                    )  # fmt: skip
                    if pivots < 0:
                        return -1
                    total += pivots
                    weighed(
                        state[8][0], state[0], state[5], state[6], trip, starts, arcs, flow, load
                    )
                    grown = placed(load, capacity, place, hot)
                    if len(grown) == len(hot):
                        break
                    hot = grown
                    hot_starts, hot_arcs = kept(starts, arcs, place)
                    over_starts, over = crossed(trip, hot_starts, hot_arcs, len(hot))
                    state, scratch = blank(n_trip, len(hot)), desk(n_trip, len(hot))
                k = state[8][0]
                keys[now, used] = state[0]
                fulls[now, used, :k] = state[4][:k]
                extras[now, used, :k] = state[5][:k]
                carrieds[now, used, :k] = state[6][:k]
                slacks[now, used] = state[9]
                counts[now, used] = k
                out[coalition] = spent(trip, cost, flow, state)
            slot[subset] = used
            used += 1
            if subset == 0:
                break
            # the next subset of the same size (Gosper's hack)
            low = subset & -subset
            ripple = subset + low
            subset = ripple | ((subset ^ ripple) >> 2) // low
    return total
