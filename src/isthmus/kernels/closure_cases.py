"""Sets of elements that are shut together, the trades that each set meets, and what these lose at least."""

import numpy as np
from numba import njit

from isthmus.kernels.closure_years import GOLDEN, MIX_A, longer


@njit(cache=True, nogil=True)
def gather(of_element, used, sets, days, n_trip):
    """
    Find the trips that meet several elements of a set, and which, each pair of trip and elements once.

    A trip meets the elements of a set that it uses with all open, and those that it uses while one of these alone is
    shut.

    Parameters
    ----------
    of_element : tuple
        indptr and trips (int64) of each element: those that use it with all open.
    used : ndarray of uint64, shape (n_entry, n_word)
        Elements that each of these uses while that element alone is shut.
    sets : ndarray of uint64, shape (n, n_word)
    days : ndarray, shape (n,)
        How long each set is shut.
    n_trip : int

    Returns
    -------
    begins : ndarray of int64, shape (n + 1,)
    which : ndarray of int32
        Pairs of each set.
    trip : ndarray of int64, shape (n_pair,)
    mask : ndarray of uint64, shape (n_pair, n_word)
    long : ndarray, shape (n_pair,)
        Days of all sets that a pair stands for.
    """
    indptr, trips = of_element
    n_element, n_word = indptr.size - 1, sets.shape[1]
    stamp = np.full(n_trip, -1, np.int64)
    met = np.zeros((n_trip, n_word), np.uint64)
    touched = np.empty(n_trip, np.int64)
    begins = np.zeros(sets.shape[0] + 1, np.int64)
    which = np.empty(1024, np.int32)
    size = 4096
    table = np.full(size, -1, np.int64)
    trip, long = np.empty(1024, np.int64), np.zeros(1024)
    mask = np.empty((1024, n_word), np.uint64)
    n, n_pair = 0, 0
    for s in range(sets.shape[0]):
        n_touched = 0
        for e in range(n_element):
            if not sets[s, e // 64] & (np.uint64(1) << np.uint64(e % 64)):
                continue
            for i in range(indptr[e], indptr[e + 1]):
                t = trips[i]
                if stamp[t] != s:
                    stamp[t] = s
                    met[t, :] = np.uint64(0)
                    touched[n_touched] = t
                    n_touched += 1
                met[t, e // 64] |= np.uint64(1) << np.uint64(e % 64)
                for w in range(n_word):
                    met[t, w] |= used[i, w] & sets[s, w]
        if n + n_touched > which.size:
            more = np.empty(2 * (n + n_touched), np.int32)
            more[:n] = which[:n]
            which = more
        for j in range(n_touched):
            t = touched[j]
            several, some = False, False
            h = np.uint64(t) * GOLDEN
            for w in range(n_word):
                x = met[t, w]
                if x != np.uint64(0):
                    several = several or some or (x & (x - np.uint64(1))) != np.uint64(0)
                    some = True
                h = (h ^ (h >> np.uint64(29)) ^ x) * MIX_A
            if not several:
                continue
            at = np.int64((h ^ (h >> np.uint64(32))) & np.uint64(size - 1))
            while table[at] >= 0:
                p = table[at]
                same = trip[p] == t
                for w in range(n_word):
                    same = same and mask[p, w] == met[t, w]
                if same:
                    break
                at = (at + 1) & (size - 1)
            p = table[at]
            if p < 0:
                if n_pair == trip.size:
                    trip, mask = longer(trip), longer(mask)
                    wider = np.zeros(2 * n_pair)
                    wider[:n_pair] = long
                    long = wider
                p = n_pair
                n_pair += 1
                trip[p] = t
                mask[p, :] = met[t, :]
                table[at] = p
                if 2 * n_pair > size:
                    size *= 4
                    table = np.full(size, -1, np.int64)
                    for q in range(n_pair):
                        g = np.uint64(trip[q]) * GOLDEN
                        for w in range(n_word):
                            g = (g ^ (g >> np.uint64(29)) ^ mask[q, w]) * MIX_A
                        to = np.int64((g ^ (g >> np.uint64(32))) & np.uint64(size - 1))
                        while table[to] >= 0:
                            to = (to + 1) & (size - 1)
                        table[to] = q
            which[n] = p
            n += 1
            long[p] += days[s]
        begins[s + 1] = n
    return begins, which[:n], trip[:n_pair], mask[:n_pair], long[:n_pair]


@njit(cache=True, nogil=True)
def at_least(trip_at, mask, exact, usd_t, served):
    """
    Raise pairs that were not solved to the dearest that was, of the same trip and some of the same elements.

    Parameters
    ----------
    trip_at : ndarray of int64, shape (m + 1,)
        Where the pairs of each trip begin.
    mask : ndarray of uint64, shape (n_pair, n_word)
    exact : ndarray of bool, shape (n_pair,)
    usd_t, served : ndarray, shape (n_pair,)
        Changed where not exact: what a tonne bears more, share that moves.
    """
    for t in range(trip_at.size - 1):
        for p in range(trip_at[t], trip_at[t + 1]):
            if exact[p]:
                continue
            for q in range(trip_at[t], trip_at[t + 1]):
                if not exact[q]:
                    continue
                inside = True
                for w in range(mask.shape[1]):
                    inside = inside and (mask[q, w] & ~mask[p, w]) == np.uint64(0)
                if inside:
                    usd_t[p] = max(usd_t[p], usd_t[q])
                    served[p] = min(served[p], served[q])
