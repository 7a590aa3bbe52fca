"""
Paths of trips as linked lists over a pool of arcs: their sums, and how they are packed, loaded and written out.

What is in the arrays is said in `kernels.projection`, which moves flow between them.
"""

from numba import njit


@njit(cache=True, nogil=True)
def add_costs(total, pool, begin, n, cost):
    """Return a sum to which the costs of a path's arcs are added one by one."""
    for j in range(begin, begin + n):
        total += cost[pool[j]]
    return total


@njit(cache=True, nogil=True)
def mark_arcs(pool, begin, n, mark, value):
    """Mark the arcs of a path."""
    for j in range(begin, begin + n):
        mark[pool[j]] = value


@njit(cache=True, nogil=True)
def same_arcs(pool, one, other, size, n):
    """Whether two paths in the pool are the same."""
    if size != n:
        return False
    j = 0
    while j < n and pool[one + j] == pool[other + j]:
        j += 1
    return j == n


@njit(cache=True, nogil=True)
def reload(trip, path, pool, preload, flow):
    """
    Add up arc flows from path flows, so that rounding does not pile up.

    Parameters
    ----------
    trip, path, pool
        As in `kernels.projection.serve`.
    preload : ndarray, shape (n_arc,)
        Flow that is always there. [t/yr]
    flow : ndarray, shape (n_arc,)
        Out. [t/yr]
    """
    _, demand, _, first, _, _, _, _, _ = trip
    following, start, size, share, _ = path
    for x in range(flow.size):
        flow[x] = preload[x]
    for t in range(first.size):
        p = first[t]
        total = 0.0
        while p >= 0:
            total += share[p]
            p = following[p]
        scale = demand[t] / total if total > 0.0 else 1.0
        p = first[t]
        while p >= 0:
            share[p] *= scale
            for j in range(start[p], start[p] + size[p]):
                flow[pool[j]] += share[p]
            p = following[p]


@njit(cache=True, nogil=True)
def certify(trip, path, pool, cost):
    """
    Measure the gap at given costs and least costs.

    Parameters
    ----------
    trip, path, pool
        As in `kernels.projection.serve`; `reach` holds least costs at `cost`.
    cost : ndarray, shape (n_arc,)
        [h]

    Returns
    -------
    excess, total : float
        Weighted flow times what it pays above the least cost, and times the least cost.
    """
    _, demand, weight, first, _, reach, _, _, _ = trip
    following, start, size, share, constant = path
    excess = 0.0
    total = 0.0
    for t in range(first.size):
        p = first[t]
        if p < 0:
            continue
        d = reach[t]
        here = 0.0
        while p >= 0:
            here += share[p] * add_costs(constant[p] - d, pool, start[p], size[p], cost)
            p = following[p]
        excess += weight[t] * here
        total += weight[t] * demand[t] * d
    return excess, total


@njit(cache=True, nogil=True)
def compact(first, path, pool, out, out_pool):
    """
    Copy the paths in use, trip by trip, to other arrays.

    Returns
    -------
    paths, entries : int
        Numbers in use.
    """
    following, start, size, share, constant = path
    new_following, new_start, new_size, new_share, new_constant = out
    n = 0
    at = 0
    for t in range(first.size):
        p = first[t]
        before = -1
        while p >= 0:
            if before < 0:
                first[t] = n
            else:
                new_following[before] = n
            new_start[n] = at
            new_size[n] = size[p]
            new_share[n] = share[p]
            new_constant[n] = constant[p]
            for j in range(start[p], start[p] + size[p]):
                out_pool[at] = pool[j]
                at += 1
            before = n
            n += 1
            p = following[p]
        if before >= 0:
            new_following[before] = -1
    return n, at


@njit(cache=True, nogil=True)
def unload(first, order, klass, path, pool, starts, arcs, flow, arc_flow):
    """
    Write paths out in a given order of trips, first arc first, and add up arc flows by class.

    Parameters
    ----------
    first : ndarray of int32, shape (m,)
    order : ndarray of int64, shape (m,)
        Trips as they are to come.
    klass : ndarray of int32, shape (m,)
    path, pool
        As in `kernels.projection.exchange`.
    starts : ndarray of int64, shape (n_path + 1,)
        Out: where each path's arcs begin.
    arcs : ndarray of int32
    flow : ndarray, shape (n_path,)
    arc_flow : ndarray, shape (n_class, n_arc)
        Out, added to. [t/yr]
    """
    following, start, size, share, _ = path
    n = 0
    at = 0
    for i in range(order.size):
        t = order[i]
        p = first[t]
        k = klass[t]
        while p >= 0:
            if share[p] > 0.0:
                starts[n] = at
                for j in range(start[p] + size[p] - 1, start[p] - 1, -1):
                    arcs[at] = pool[j]
                    arc_flow[k, pool[j]] += share[p]
                    at += 1
                flow[n] = share[p]
                n += 1
            p = following[p]
    starts[n] = at
    return n
