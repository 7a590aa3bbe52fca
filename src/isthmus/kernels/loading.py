"""
Logit loading over fixed routes, its dual objective and its slope (docs/model.md eq. 16 to 24).

Routes of trip t are ``trip[t] .. trip[t + 1] - 1``. Only the arcs whose delay rises with flow matter here; route p meets
them at ``slots[at[p] : at[p + 1]]``, positions in the short vector of such arcs.
"""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def measure(
    trip, starts, arcs, klass, flow, cost, length, slot, begin, end, path_cost, path_size, size, slots, common
):  # fmt: skip
    """
    Cost and path size of every route of some trips, and the slots their choice depends on.

    An arc that all routes of a trip take adds the same to each, so that the choice does not depend on it: it is left
    out of the slots of the routes, and what the trip carries over it is known beforehand.

    Parameters
    ----------
    trip, starts, arcs
        Routes of trips, each arc at most once on a route.
    klass : ndarray of int32, shape (m,)
    flow : ndarray of float64, shape (m,)
        [t/yr]
    cost, length : ndarray of float64, shape (n_class, n_arc)
    slot : ndarray of int32, shape (n_arc,)
        Position of an arc among those whose delay rises with flow, -1 for the others.
    begin, end : int
        The trips.
    path_cost, path_size : ndarray of float64, shape (n_path,)
        Out. Path size lies in (0, 1]; it is 1 for a route of no length.
    size : ndarray of int64, shape (n_path,)
        Out: slots of each route that not all routes of its trip meet.
    slots : ndarray of int32
        Out: these slots, one route after the other, from the place of the first arc of the trips on.
    common : ndarray of float64, shape (n_slot,)
        Out: flow of the trips that have no way round a slot is added to it. [t/yr]

    References
    ----------
    .. [1] M. Ben-Akiva and M. Bierlaire, "Discrete choice methods and their applications to short term travel
       decisions", in *Handbook of Transportation Science*, Kluwer, 1999, section on path-size logit.
    """
    users = np.zeros(cost.shape[1], np.int64)
    used = starts[trip[begin]]
    for t in range(begin, end):
        k = klass[t]
        n = trip[t + 1] - trip[t]
        first = starts[trip[t]]
        last = starts[trip[t + 1]]
        for i in range(first, last):
            users[arcs[i]] += 1
        for p in range(trip[t], trip[t + 1]):
            total = 0.0
            span = 0.0
            share = 0.0
            before = used
            for i in range(starts[p], starts[p + 1]):
                arc = arcs[i]
                total += cost[k, arc]
                span += length[k, arc]
                share += length[k, arc] / users[arc]
                if slot[arc] >= 0:
                    if users[arc] < n:
                        slots[used] = slot[arc]
                        used += 1
                    elif p == trip[t]:
                        common[slot[arc]] += flow[t]
            path_cost[p] = total
            path_size[p] = share / span if span > 0.0 else 1.0
            size[p] = used - before
        for i in range(first, last):
            users[arcs[i]] = 0


@njit(cache=True, nogil=True)
def free_worth(trip, utility, out):
    """
    Log-sum of the utilities of each trip's routes without delay.

    Parameters
    ----------
    trip : ndarray of int64, shape (m + 1,)
    utility : ndarray of float64, shape (n_path,)
    out : ndarray of float64, shape (m,)
        Out; 0 where a trip has no route.
    """
    for t in range(out.size):
        top = -np.inf
        for p in range(trip[t], trip[t + 1]):
            top = max(top, utility[p])
        total = 0.0
        for p in range(trip[t], trip[t + 1]):
            total += np.exp(utility[p] - top)
        out[t] = top + np.log(total) if total > 0.0 else 0.0


@njit(cache=True, nogil=True)
def logit(trip, at, slots, utility, free, weight, flow, delay, begin, end, share, out):
    """
    Load some trips on their routes by logit at given delays.

    Parameters
    ----------
    trip : ndarray of int64, shape (m + 1,)
    at : ndarray of int64, shape (n_path + 1,)
    slots : ndarray of int32
    utility : ndarray of float64, shape (n_path,)
        Utility without delay. [-]
    free : ndarray of float64, shape (m,)
        Of `free_worth`.
    weight : ndarray of float64, shape (m,)
        Loss of utility an hour of delay. [1/h]
    flow : ndarray of float64, shape (m,)
        [t/yr]
    delay : ndarray of float64, shape (n_slot,)
        [h]
    begin, end : int
        The trips.
    share : ndarray of float64, shape (n_path,)
        Out: probability of each route within its trip.
    out : ndarray of float64, shape (n_slot,)
        Out: flow is added to it. [t/yr]

    Returns
    -------
    float
        Expected perceived delay of the trips above that at no delay: the concave function whose slope is `out`.
        [t*h/yr]
    """
    objective = 0.0
    for t in range(begin, end):
        first = trip[t]
        last = trip[t + 1]
        if last - first < 2:
            if first < last:
                share[first] = 1.0
            continue
        top = -np.inf
        for p in range(first, last):
            hours = 0.0
            for i in range(at[p], at[p + 1]):
                hours += delay[slots[i]]
            u = utility[p] - weight[t] * hours
            share[p] = u
            top = max(top, u)
        total = 0.0
        for p in range(first, last):
            share[p] = np.exp(share[p] - top)
            total += share[p]
        expected = 0.0
        for p in range(first, last):
            share[p] /= total
            load = flow[t] * share[p]
            for i in range(at[p], at[p + 1]):
                out[slots[i]] += load
                expected += load * delay[slots[i]]
        if weight[t] > 0.0:
            objective += flow[t] * (free[t] - top - np.log(total)) / weight[t]
        else:
            objective += expected
    return objective


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
