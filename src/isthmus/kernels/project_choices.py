"""
Trades that take the first of their ways that a set of projects makes possible.

Trades with the same ways, in the same order of cost and asking the same projects, stand together as one group. Row j of
a group holds what all its trades gain on way j; a set of projects S gives a group the first row whose projects are all
in S, and nothing if there is none.
"""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def of_sets(starts, mask, values, sets, out):
    """
    Add up what some sets of projects give.

    Parameters
    ----------
    starts : ndarray of int64, shape (n_group + 1,)
    mask : ndarray of int64, shape (n_row,)
        Projects each way needs.
    values : ndarray, shape (n_row, n_quantity)
    sets : ndarray of int64, shape (m,)
    out : ndarray, shape (m, n_quantity)
        Zeros; becomes the sums.
    """
    for i in range(len(sets)):
        for g in range(len(starts) - 1):
            for j in range(starts[g], starts[g + 1]):
                if mask[j] & ~sets[i] == 0:
                    for q in range(values.shape[1]):
                        out[i, q] += values[j, q]
                    break


@njit(cache=True, nogil=True)
def spread(n, starts, mask, value, out):
    """
    Write what every set of projects gives.

    What one group gains is written as dividends (Harsanyi 1959) on the projects its ways need; they add up over groups,
    and one sum over subsets gives every set what its projects make possible.

    Parameters
    ----------
    n : int
        Projects.
    starts : ndarray of int64, shape (n_group + 1,)
    mask : ndarray of int64, shape (n_row,)
    value : ndarray, shape (n_row,)
    out : ndarray, shape (2**n,)
        Zeros; becomes the sums.
    """
    bits = np.empty(n, np.int64)
    for g in range(len(starts) - 1):
        union = 0
        for j in range(starts[g], starts[g + 1]):
            union |= mask[j]
        k = 0
        for i in range(n):
            if union >> i & 1:
                bits[k] = i
                k += 1
        end = starts[g + 1]
        first = np.full(1 << k, end)
        for j in range(starts[g], end):
            local = 0
            for i in range(k):
                if mask[j] >> bits[i] & 1:
                    local |= 1 << i
            first[local] = min(first[local], j)
        for i in range(k):
            for s in range(1 << k):
                if s >> i & 1:
                    first[s] = min(first[s], first[s ^ (1 << i)])
        gain = np.zeros(1 << k)
        for s in range(1 << k):
            if first[s] < end:
                gain[s] = value[first[s]]
        for i in range(k):
            for s in range(1 << k):
                if s >> i & 1:
                    gain[s] -= gain[s ^ (1 << i)]
        for s in range(1 << k):
            if gain[s] != 0.0:
                whole = 0
                for i in range(k):
                    if s >> i & 1:
                        whole |= 1 << bits[i]
                out[whole] += gain[s]
    for i in range(n):
        step = 1 << i
        for begin in range(0, 1 << n, 2 * step):
            for s in range(begin, begin + step):
                out[s + step] += out[s]
