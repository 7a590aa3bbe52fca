"""Paths of bushes, written out by falling share."""

import heapq

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def best_ways(first, tail_place, share, best, by):
    """
    Find the likeliest way to every place.

    Parameters
    ----------
    first, tail_place
        As of `bushes.build`.
    share : ndarray, shape (n_entry,)
        Share of the flow of its place that comes by each entry; 1 where there is no other.
    best : ndarray, shape (n_place,)
        Out: its share of all ways. [-]
    by : ndarray of int64, shape (n_place,)
        Out: its last entry, -1 at a root.
    """
    for i in range(best.size):
        best[i], by[i] = 0.0, -1
        if first[i] == first[i + 1]:
            best[i] = 1.0
        for e in range(first[i], first[i + 1]):
            s = share[e] * best[tail_place[e]]
            if s > best[i] or by[i] < 0:
                best[i], by[i] = s, e


@njit(cache=True, nogil=True)
def _retrace(place, turns, n_turn, head_place, tail_place, by, walk):
    """Write the entries of a path, last first: at each turn another entry than the likeliest; returns their number."""
    n, at = 0, n_turn - 1
    while True:
        e = by[place]
        if at >= 0 and head_place[at] == place:
            e = turns[at]
            at -= 1
        if e < 0:
            return n
        walk[n] = e
        n += 1
        place = tail_place[e]


@njit(cache=True, nogil=True)
def _same(arcs, begin, end, walk, n, arc_of):
    """Whether a path written first arc first is the one walked last entry first."""
    if end - begin != n:
        return False
    wrong = 0
    for j in range(n):
        wrong += arcs[begin + j] != arc_of[walk[n - 1 - j]]
    return wrong == 0


@njit(cache=True, nogil=True)
def _follow(place, arcs, begin, end, first, tail_place, arc_of, share, walk):
    """Find the entries of a path, last first; returns its share."""
    s = 1.0
    for j in range(end - 1, begin - 1, -1):
        for e in range(first[place], first[place + 1]):
            if arc_of[e] == arcs[j]:
                walk[end - 1 - j] = e
                s *= share[e]
                place = tail_place[e]
                break
    return s


@njit(cache=True, nogil=True)
def list_paths(
    first, tail_place, arc_of, share, best, by, place_of_trip, own_of, own_indptr, own_arcs, held,
    cut, most, start, count, indptr, arcs, part,
):  # fmt: skip
    """
    Write the paths of every trip from `start` on, likeliest first, until there is no more room.

    From each path written, those that leave it once more towards the root, and follow the likeliest way from there,
    join the candidates; so each path comes up once, and in order. The solution's own paths always are among them.

    Parameters
    ----------
    first, tail_place, arc_of, share, best, by
        As of `best_ways`.
    place_of_trip : ndarray of int64, shape (m,)
        -1: no paths.
    own_of : ndarray of int64, shape (m + 1,)
        First own path of each trip.
    own_indptr, own_arcs : ndarray
    held : ndarray of bool, shape (n_own,)
        Own paths outside of the bush, passed over.
    cut : float
        Paths of a smaller share are left out. [-]
    most : int
        Paths of a trip, own ones not counted.
    start : int
        First trip.
    count : ndarray of int64, shape (m + 1,)
        Out: first path of each trip; of `start` it is read.
    indptr : ndarray of int64
    arcs : ndarray of int32
    part : ndarray
        Out: share of each path. [-]

    Returns
    -------
    int
        The trip for which there was no room, or the number of trips.
    """
    m, n_place = place_of_trip.size, best.size
    walk, turns = np.empty(n_place, np.int64), np.empty(n_place, np.int64)
    heads = np.empty(n_place, np.int64)
    for t in range(start, m):
        n = count[t]
        count[t + 1] = n
        goal = place_of_trip[t]
        if goal < 0:
            continue
        before = [-1]
        turn = [np.int64(-1)]
        turn_head = [np.int64(-1)]
        heap = [(-best[goal], 0)]
        while len(heap) > 0 and n - count[t] < most:
            minus, c = heapq.heappop(heap)
            n_turn, k = 0, c
            while before[k] >= 0:
                turns[n_turn], heads[n_turn] = turn[k], turn_head[k]
                n_turn += 1
                k = before[k]
            size = _retrace(goal, turns, n_turn, heads, tail_place, by, walk)
            if n + 1 >= indptr.size or indptr[n] + size > arcs.size:
                return t
            for j in range(size):
                arcs[indptr[n] + j] = arc_of[walk[size - 1 - j]]
            indptr[n + 1] = indptr[n] + size
            part[n] = -minus
            n += 1
            place = goal if c == 0 else tail_place[turn[c]]
            while by[place] >= 0:
                for e in range(first[place], first[place + 1]):
                    if e == by[place]:
                        continue
                    s = -minus * (share[e] * best[tail_place[e]] / best[place])
                    if s >= cut:
                        before.append(c)
                        turn.append(np.int64(e))
                        turn_head.append(np.int64(place))
                        heapq.heappush(heap, (-s, len(turn) - 1))
                place = tail_place[by[place]]
        listed = n
        for p in range(own_of[t], own_of[t + 1]):
            if held[p]:
                continue
            b, c = own_indptr[p], own_indptr[p + 1]
            s = _follow(goal, own_arcs, b, c, first, tail_place, arc_of, share, walk)
            known = False
            for q in range(count[t], listed):
                known = known or _same(arcs, indptr[q], indptr[q + 1], walk, c - b, arc_of)
            if known:
                continue
            if n + 1 >= indptr.size or indptr[n] + c - b > arcs.size:
                return t
            arcs[indptr[n] : indptr[n] + c - b] = own_arcs[b:c]
            indptr[n + 1] = indptr[n] + c - b
            part[n] = s
            n += 1
        count[t + 1] = n
    return m
