"""
Logit loading over fixed routes, its dual objective and its slope (docs/model.md eq. 16 to 24).

Routes of trip t are ``trip[t] .. trip[t + 1] - 1``. Only the arcs whose delay rises with flow matter here; route p meets
them at ``slots[at[p] : at[p + 1]]``, positions in the short vector of such arcs.
"""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def measure(trip, starts, arcs, klass, cost, length, path_cost, path_size):
    """
    Cost and path size of every route.

    Parameters
    ----------
    trip, starts, arcs
        Routes of trips.
    klass : ndarray of int32, shape (m,)
    cost, length : ndarray of float64, shape (n_class, n_arc)
    path_cost, path_size : ndarray of float64, shape (n_path,)
        Out. Path size lies in (0, 1]; it is 1 for a route of no length.

    References
    ----------
    .. [1] M. Ben-Akiva and M. Bierlaire, "Discrete choice methods and their applications to short term travel
       decisions", in *Handbook of Transportation Science*, Kluwer, 1999, section on path-size logit.
    """
    users = np.zeros(cost.shape[1], np.int64)
    for t in range(klass.size):
        k = klass[t]
        first = starts[trip[t]]
        last = starts[trip[t + 1]]
        for i in range(first, last):
            users[arcs[i]] += 1
        for p in range(trip[t], trip[t + 1]):
            total = 0.0
            span = 0.0
            share = 0.0
            for i in range(starts[p], starts[p + 1]):
                arc = arcs[i]
                total += cost[k, arc]
                span += length[k, arc]
                share += length[k, arc] / users[arc]
            path_cost[p] = total
            path_size[p] = share / span if span > 0.0 else 1.0
        for i in range(first, last):
            users[arcs[i]] = 0


@njit(cache=True, nogil=True)
def logit(trip, at, slots, utility, weight, flow, delay, share, out):
    """
    Load trips on their routes by logit at given delays.

    Parameters
    ----------
    trip : ndarray of int64, shape (m + 1,)
    at : ndarray of int64, shape (n_path + 1,)
    slots : ndarray of int32
    utility : ndarray of float64, shape (n_path,)
        Utility without delay. [-]
    weight : ndarray of float64, shape (m,)
        Loss of utility an hour of delay. [1/h]
    flow : ndarray of float64, shape (m,)
        [t/yr]
    delay : ndarray of float64, shape (n_slot,)
        [h]
    share : ndarray of float64, shape (n_path,)
        Out: probability of each route within its trip.
    out : ndarray of float64, shape (n_slot,)
        Out: flow. [t/yr]

    Returns
    -------
    float
        Expected perceived delay of all trips above that at no delay: the concave function whose slope is `out`. [t*h/yr]
    """
    out[:] = 0.0
    objective = 0.0
    for t in range(flow.size):
        first = trip[t]
        last = trip[t + 1]
        if first == last:
            continue
        top = -np.inf
        free_top = -np.inf
        for p in range(first, last):
            hours = 0.0
            for i in range(at[p], at[p + 1]):
                hours += delay[slots[i]]
            u = utility[p] - weight[t] * hours
            share[p] = u
            top = max(top, u)
            free_top = max(free_top, utility[p])
        total = 0.0
        free_total = 0.0
        for p in range(first, last):
            share[p] = np.exp(share[p] - top)
            total += share[p]
            free_total += np.exp(utility[p] - free_top)
        expected = 0.0
        for p in range(first, last):
            share[p] /= total
            load = flow[t] * share[p]
            for i in range(at[p], at[p + 1]):
                out[slots[i]] += load
                expected += load * delay[slots[i]]
        if weight[t] > 0.0:
            objective += flow[t] * (free_top - top + np.log(free_total) - np.log(total)) / weight[t]
        else:
            objective += expected
    return objective


@njit(cache=True, nogil=True)
def logit_slope(trip, at, slots, weight, flow, share, out):
    """
    How loads fall with delays: sum over trips of flow * weight * covariance of route membership.

    Parameters
    ----------
    trip, at, slots, weight, flow, share
        As in `logit`, after it.
    out : ndarray of float64, shape (n_slot, n_slot)
        Out: symmetric, positive semidefinite. [t/yr per h]
    """
    n_slot = out.shape[0]
    out[:] = 0.0
    mean = np.zeros(n_slot)
    split = np.zeros(n_slot, np.bool_)
    seen = np.empty(n_slot, np.int32)
    near = np.empty(n_slot, np.int32)
    for t in range(flow.size):
        scale = flow[t] * weight[t]
        first = trip[t]
        last = trip[t + 1]
        if scale <= 0.0 or last - first < 2:
            continue
        n = 0
        for p in range(first, last):
            for i in range(at[p], at[p + 1]):
                s = slots[i]
                if mean[s] == 0.0 and share[p] > 0.0:
                    seen[n] = s
                    n += 1
                mean[s] += share[p]
        for i in range(n):  # what every route passes does not vary
            split[seen[i]] = mean[seen[i]] < 1.0 - 1e-14
        for p in range(first, last):
            w = scale * share[p]
            if share[p] <= 1e-12:
                continue
            size = 0
            for i in range(at[p], at[p + 1]):
                if split[slots[i]]:
                    near[size] = slots[i]
                    size += 1
            for i in range(size):
                for j in range(i, size):
                    out[near[i], near[j]] += w
        size = 0
        for i in range(n):
            if split[seen[i]]:
                near[size] = seen[i]
                size += 1
        for i in range(size):
            w = scale * mean[near[i]]
            for j in range(i, size):
                out[near[i], near[j]] -= w * mean[near[j]]
        for i in range(n):
            mean[seen[i]] = 0.0
    for i in range(n_slot):  # each pair was met in one order or the other
        for j in range(i + 1, n_slot):
            both = out[i, j] + out[j, i]
            out[i, j] = both
            out[j, i] = both


@njit(cache=True, nogil=True)
def logit_tilt(trip, at, slots, weight, share, delay, out):
    """
    Shares after a small change of delays, to first order.

    Parameters
    ----------
    trip, at, slots, weight, share
        As in `logit`, after it.
    delay : ndarray of float64, shape (n_slot,)
        Change. [h]
    out : ndarray of float64, shape (n_path,)
        Out: ``share (1 - weight (change - mean change))``, at least a tenth of `share`, adding up to
        1 within each trip.
    """
    for t in range(weight.size):
        first = trip[t]
        last = trip[t + 1]
        mean = 0.0
        for p in range(first, last):
            hours = 0.0
            for i in range(at[p], at[p + 1]):
                hours += delay[slots[i]]
            out[p] = hours
            mean += share[p] * hours
        total = 0.0
        for p in range(first, last):
            out[p] = share[p] * max(1.0 - weight[t] * (out[p] - mean), 0.1)
            total += out[p]
        for p in range(first, last):
            out[p] /= total


@njit(cache=True, nogil=True)
def solve_definite(matrix, vector):
    """
    Solve a symmetric positive definite system by Cholesky, in place.

    Written here rather than taken from LAPACK so that the bits do not depend on the number of threads.

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
    for k in range(n):
        pivot = matrix[k, k]
        if not pivot > 0.0:
            return False
        pivot = np.sqrt(pivot)
        matrix[k, k] = pivot
        for j in range(k + 1, n):
            matrix[k, j] /= pivot
        for i in range(k + 1, n):
            f = matrix[k, i]
            if f != 0.0:
                for j in range(i, n):
                    matrix[i, j] -= f * matrix[k, j]
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
