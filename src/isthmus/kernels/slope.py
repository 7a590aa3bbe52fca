"""
How logit loads fall with delays, and the linear system of a Newton step (docs/model.md eq. 22 to 24).

The slope is the sum over trips of flow * weight * covariance of route membership: symmetric, positive semidefinite, of
one row a slot. It is never written out: a step needs its diagonal, a block of it, and its product with a vector.
Routes and slots are those of `kernels.loading`.
"""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def diagonal(trip, at, slots, weight, flow, share, begin, end, out):
    """
    Diagonal of the slope.

    Parameters
    ----------
    trip, at, slots, weight, flow, share
        As in `loading.logit`, after it.
    begin, end : int
        The trips.
    out : ndarray of float64, shape (n_slot,)
        Out: it is added to. [t/yr per h]
    """
    mean = np.zeros(out.size)
    seen = np.empty(out.size, np.int32)
    for t in range(begin, end):
        scale = flow[t] * weight[t]
        if scale <= 0.0 or trip[t + 1] - trip[t] < 2:
            continue
        n = 0
        for p in range(trip[t], trip[t + 1]):
            if share[p] <= 0.0:
                continue
            for i in range(at[p], at[p + 1]):
                s = slots[i]
                if mean[s] == 0.0:
                    seen[n] = s
                    n += 1
                mean[s] += share[p]
        for i in range(n):
            s = seen[i]
            if mean[s] < 1.0 - 1e-14:  # what every route passes does not vary
                out[s] += scale * mean[s] * (1.0 - mean[s])
            mean[s] = 0.0


@njit(cache=True, nogil=True)
def block(trip, at, slots, weight, flow, share, place, begin, end, out):
    """
    Upper triangle of the slope between some slots.

    Parameters
    ----------
    trip, at, slots, weight, flow, share
        As in `loading.logit`, after it.
    place : ndarray of int32, shape (n_slot,)
        Row of a slot in the block, -1 if it has none.
    begin, end : int
        The trips.
    out : ndarray of float64, shape (n, n)
        Out: its upper triangle is added to. [t/yr per h]
    """
    n_row = out.shape[0]
    mean = np.zeros(n_row)
    seen = np.empty(n_row, np.int32)
    near = np.empty(n_row, np.int32)
    for t in range(begin, end):
        scale = flow[t] * weight[t]
        if scale <= 0.0 or trip[t + 1] - trip[t] < 2:
            continue
        n = 0
        for p in range(trip[t], trip[t + 1]):
            if share[p] <= 0.0:
                continue
            for i in range(at[p], at[p + 1]):
                s = place[slots[i]]
                if s < 0:
                    continue
                if mean[s] == 0.0:
                    seen[n] = s
                    n += 1
                mean[s] += share[p]
        if n == 0:
            continue
        for p in range(trip[t], trip[t + 1]):
            w = scale * share[p]
            if share[p] <= 1e-12:
                continue
            size = 0
            for i in range(at[p], at[p + 1]):
                s = place[slots[i]]
                if s >= 0 and mean[s] < 1.0 - 1e-14:
                    near[size] = s
                    size += 1
            for i in range(size):
                a = near[i]
                for j in range(i, size):
                    b = near[j]
                    if a < b:
                        out[a, b] += w
                    else:
                        out[b, a] += w
        size = 0
        for i in range(n):
            s = seen[i]
            if mean[s] < 1.0 - 1e-14:
                near[size] = s
                size += 1
        for i in range(size):
            a = near[i]
            w = scale * mean[a]
            for j in range(i, size):
                b = near[j]
                if a < b:
                    out[a, b] -= w * mean[b]
                else:
                    out[b, a] -= w * mean[b]
        for i in range(n):
            mean[seen[i]] = 0.0


@njit(cache=True, nogil=True)
def times(trip, at, slots, weight, flow, share, delay, begin, end, out):
    """
    Multiply the slope by a change of delays.

    Parameters
    ----------
    trip, at, slots, weight, flow, share
        As in `loading.logit`, after it.
    delay : ndarray of float64, shape (n_slot,)
        [h]
    begin, end : int
        The trips.
    out : ndarray of float64, shape (n_slot,)
        Out: it is added to. [t/yr]
    """
    longest = 0
    for t in range(begin, end):
        longest = max(longest, trip[t + 1] - trip[t])
    hours = np.empty(longest)
    for t in range(begin, end):
        first = trip[t]
        scale = flow[t] * weight[t]
        if scale <= 0.0 or trip[t + 1] - first < 2:
            continue
        mean = 0.0
        for p in range(first, trip[t + 1]):
            total = 0.0
            for i in range(at[p], at[p + 1]):
                total += delay[slots[i]]
            hours[p - first] = total
            mean += share[p] * total
        for p in range(first, trip[t + 1]):
            w = scale * share[p] * (hours[p - first] - mean)
            for i in range(at[p], at[p + 1]):
                out[slots[i]] += w


@njit(cache=True, nogil=True)
def solve_definite(matrix, vector):
    """
    Solve a symmetric positive definite system by Cholesky, in place.

    Written here rather than taken from LAPACK so that the bits do not depend on the number of threads. Four rows are
    taken off the rest at a time, which reads and writes it a quarter as often.

    Parameters
    ----------
    matrix : ndarray of float64, shape (n, n)
        Its upper triangle is overwritten by the factor.
    vector : ndarray of float64, shape (n,)
        Overwritten by the solution.

    Returns
    -------
    bool
        False if the matrix is not positive definite.
    """
    n = vector.size
    for first in range(0, n, 4):
        end = min(first + 4, n)
        for k in range(first, end):
            pivot = matrix[k, k]
            if not pivot > 0.0:
                return False
            pivot = np.sqrt(pivot)
            matrix[k, k] = pivot
            for j in range(k + 1, n):
                matrix[k, j] /= pivot
            for i in range(k + 1, end):
                f = matrix[k, i]
                for j in range(i, n):
                    matrix[i, j] -= f * matrix[k, j]
        if end < n:
            a, b = matrix[first], matrix[first + 1]
            c, d = matrix[first + 2], matrix[first + 3]
            for i in range(end, n):
                fa, fb, fc, fd = a[i], b[i], c[i], d[i]
                row = matrix[i]
                for j in range(i, n):
                    row[j] -= (fa * a[j] + fb * b[j]) + (fc * c[j] + fd * d[j])
    for i in range(n):
        vector[i] /= matrix[i, i]
        for j in range(i + 1, n):
            vector[j] -= vector[i] * matrix[i, j]
    for i in range(n - 1, -1, -1):
        total = vector[i]
        for j in range(i + 1, n):
            total -= matrix[i, j] * vector[j]
        vector[i] = total / matrix[i, i]
    return True
