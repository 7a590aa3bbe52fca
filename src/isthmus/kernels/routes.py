"""
Route generation: a bounded, diverse, repeatable set of loopless routes for each trip.

The method is in docs/model.md §8. In short, for one trip with least cost C:

1. the least-cost route, ties to the lower arc index;
2. single-via routes (least-cost path to an arc, the arc, least-cost path from it; Abraham et al. 2013), picked one after
   the other by a cost in which every arc already on a route is dearer (link penalty, de la Barra et al. 1993);
3. if there is room, deviations from the routes found (one arc off a route, then the least-cost path on; the deviation
   step of Yen 1971 without its searches), picked by the same penalised cost.

No route costs more than `max_detour` times C. On a graph without cycles step 3 reaches every such route; with cycles it
leaves out those whose continuation would cross their own beginning.
"""

import numpy as np
from numba import njit

from isthmus.kernels.paths import copy, flip, grown, tree


@njit(cache=True, nogil=True)
def _keep(path, n, arcs, start, n_found, load, penalty, cost, dear):
    """Store a route and make its arcs dearer; returns the number of routes found."""
    begin = start[n_found]
    for i in range(n):
        arc = path[i]
        arcs[begin + i] = arc
        load[arc] += 1.0
        dear[arc] = cost[arc] * (1.0 + penalty * load[arc])
    start[n_found + 1] = begin + n
    return n_found + 1


@njit(cache=True, nogil=True)
def _via_path(arc, origin, destination, head, tail, f_via, r_via, stamp, mark, path):
    """Write least-cost path, arc, least-cost path to `path`; returns its length, negative if it crosses itself."""
    n = 1
    node = tail[arc]
    stamp[node] = mark
    while node != origin:
        n += 1
        node = tail[f_via[node]]
        stamp[node] = mark
    i = n - 1
    path[i] = arc
    node = tail[arc]
    while node != origin:
        i -= 1
        path[i] = f_via[node]
        node = tail[f_via[node]]
    node = head[arc]
    while True:
        if stamp[node] == mark:
            return -n
        stamp[node] = mark
        if node == destination:
            return n
        path[n] = r_via[node]
        node = head[r_via[node]]
        n += 1


@njit(cache=True, nogil=True)
def _spend(path, n, head, tail, f_via, r_via, done):
    """Mark the arcs of a route whose single-via path is this same route (its plateau)."""
    last = n - 1  # the suffix after `last` follows the tree to the destination
    while last > 0 and r_via[tail[path[last]]] == path[last]:
        last -= 1
    for i in range(n):
        if i >= last:
            done[path[i]] = True
        if f_via[head[path[i]]] != path[i]:
            break


@njit(cache=True, nogil=True)
def _best_deviation(
    indptr, adj, head, tail, cost, first_through, destination, limit,
    arcs, start, n_found, dear, r_dist, r_via, r_dear, stamp, mark, path,
):  # fmt: skip
    """Write the cheapest new deviation to `path`; returns its length (0: none) and the last mark used."""
    best = np.inf
    best_route = -1
    best_at = 0
    best_arc = -1
    for r in range(n_found):
        n = start[r + 1] - start[r]
        fresh = 0  # positions below it are shared with an earlier route, and were looked at there
        for q in range(r):
            i = 0
            n_q = start[q + 1] - start[q]
            while i < min(n, n_q) and arcs[start[q] + i] == arcs[start[r] + i]:
                i += 1
            fresh = max(fresh, i + 1)
        mark += 1
        here = tail[arcs[start[r]]]
        true_cost = 0.0
        dear_cost = 0.0
        for at in range(n):
            stamp[here] = mark
            if at >= fresh:
                for j in range(indptr[here], indptr[here + 1]):
                    arc = adj[j]
                    v = head[arc]
                    if v < first_through and v != destination:
                        continue
                    whole = true_cost + cost[arc] + r_dist[v]
                    if not (whole <= limit and whole < np.inf):
                        continue
                    guess = dear_cost + dear[arc] + r_dear[v]
                    if guess >= best:
                        continue
                    known = False
                    for q in range(r, n_found):
                        if start[q + 1] - start[q] <= at or arcs[start[q] + at] != arc:
                            continue
                        known = True
                        for i in range(at):
                            if arcs[start[q] + i] != arcs[start[r] + i]:
                                known = False
                                break
                        if known:
                            break
                    if known:
                        continue
                    while v != destination and stamp[v] != mark:
                        v = head[r_via[v]]
                    if stamp[v] == mark:
                        continue
                    best = guess
                    best_route = r
                    best_at = at
                    best_arc = arc
            arc = arcs[start[r] + at]
            true_cost += cost[arc]
            dear_cost += dear[arc]
            here = head[arc]
    if best_route < 0:
        return 0, mark
    for i in range(best_at):
        path[i] = arcs[start[best_route] + i]
    path[best_at] = best_arc
    n = best_at + 1
    v = head[best_arc]
    while v != destination:
        path[n] = r_via[v]
        v = head[r_via[v]]
        n += 1
    return n, mark


@njit(cache=True, nogil=True)
def generate(
    indptr, adj, head, tail, r_indptr, r_adj, cost, first_through, origin, destination,
    row, f_dist, f_via, f_order, f_count, n_routes, max_detour, penalty,
):  # fmt: skip
    """
    Generate routes for trips of one class.

    Parameters
    ----------
    indptr, adj, head, tail
        The graph by tail; see `kernels.paths`.
    r_indptr, r_adj
        The same arcs by head.
    cost : ndarray of float64, shape (n_arc,)
    first_through : int
    origin, destination : ndarray of int32, shape (m,)
        Sorted by destination.
    row : ndarray of int64, shape (m,)
        Row of the forward trees that belongs to the trip's origin.
    f_dist, f_via, f_order, f_count
        Forward trees from `kernels.paths.trees`.
    n_routes : int
        At most so many routes a trip.
    max_detour : float
        Greatest cost of a route over the least cost.
    penalty : float
        Share by which an arc grows dearer with each route over it.

    Returns
    -------
    count : ndarray of int64, shape (m,)
        Routes of each trip; 0 where there is no path. A trip whose ends coincide has one route of no arcs.
    starts : ndarray of int64, shape (n_path + 1,)
    out : ndarray of int32
        Arcs of the routes, one after the other.
    """
    n_node = indptr.size - 1
    n_arc = head.size
    m = origin.size
    count = np.zeros(m, np.int64)
    starts = np.zeros(m * n_routes + 1, np.int64)
    out = np.empty(max(64 * m, 64), np.int32)
    n_out = 0
    r_dist = np.empty(n_node)
    r_via = np.empty(n_node, np.int32)
    r_order = np.empty(n_node, np.int32)
    heap = np.empty(n_node, np.int32)
    place = np.empty(n_node, np.int32)
    f_dear = np.zeros(n_node)
    r_dear = np.zeros(n_node)
    load = np.zeros(n_arc)
    dear = cost.copy()
    done = np.zeros(n_arc, np.bool_)
    near = np.empty(n_arc, np.int32)
    f_near = np.empty(n_node, np.int32)
    r_near = np.empty(n_node, np.int32)
    stamp = np.zeros(n_node, np.int64)
    mark = np.int64(0)
    path = np.empty(n_node + n_node, np.int32)
    arcs = np.empty(n_routes * n_node, np.int32)
    start = np.zeros(n_routes + 1, np.int64)
    r_count = 0
    towards = -1
    for t in range(m):
        o = origin[t]
        d = destination[t]
        if o == d:
            count[t] = 1
            starts[n_out + 1] = starts[n_out]
            n_out += 1
            continue
        k = row[t]
        least = f_dist[k, d]
        if not least < np.inf:
            continue
        n = 0
        v = d
        while v != o:
            path[n] = f_via[k, v]
            v = tail[path[n]]
            n += 1
        flip(path, 0, n)
        n_found = _keep(path, n, arcs, start, np.int64(0), load, penalty, cost, dear)
        if n_routes > 1:
            if towards != d:
                r_count = tree(
                    r_indptr,
                    r_adj,
                    tail,
                    cost,
                    d,
                    first_through,
                    r_dist,
                    r_via,
                    r_order,
                    heap,
                    place,
                )
                towards = d
            limit = least * max_detour * (1.0 + 1e-12)
            wide = limit * (1.0 + 1e-9)  # roundings must not part a node from its ancestors
            n_near = 0
            for a in range(n_arc):
                u = tail[a]
                v = head[a]
                if (u < first_through and u != o) or (v < first_through and v != d):
                    continue
                whole = f_dist[k, u] + cost[a] + r_dist[v]
                if whole <= limit and whole < np.inf:
                    near[n_near] = a
                    n_near += 1
                    done[a] = False
            n_f = 0
            for i in range(1, f_count[k]):
                v = f_order[k, i]
                if f_dist[k, v] + r_dist[v] <= wide:
                    f_near[n_f] = v
                    n_f += 1
            n_r = 0
            for i in range(1, r_count):
                v = r_order[i]
                if f_dist[k, v] + r_dist[v] <= wide:
                    r_near[n_r] = v
                    n_r += 1
            _spend(path, n, head, tail, f_via[k], r_via, done)
            tries = 8 * n_routes
            fresh = True
            while n_found < n_routes:
                if fresh:
                    f_dear[o] = 0.0
                    for i in range(n_f):
                        a = f_via[k, f_near[i]]
                        f_dear[f_near[i]] = f_dear[tail[a]] + dear[a]
                    r_dear[d] = 0.0
                    for i in range(n_r):
                        a = r_via[r_near[i]]
                        r_dear[r_near[i]] = r_dear[head[a]] + dear[a]
                    fresh = False
                best = np.int64(-1)
                if tries > 0:
                    best_cost = np.inf
                    for i in range(n_near):
                        a = near[i]
                        if not done[a]:
                            guess = f_dear[tail[a]] + dear[a] + r_dear[head[a]]
                            if guess < best_cost:
                                best_cost = guess
                                best = a
                if best >= 0:
                    tries -= 1
                    done[best] = True
                    mark += 1
                    n = _via_path(best, o, d, head, tail, f_via[k], r_via, stamp, mark, path)
                    if n < 0:
                        continue
                    _spend(path, n, head, tail, f_via[k], r_via, done)
                else:
                    n, mark = _best_deviation(
                        indptr, adj, head, tail, cost, first_through, d, limit, arcs, start,
                        n_found, dear, r_dist, r_via, r_dear, stamp, mark, path,
                    )  # fmt: skip
                    if n == 0:
                        break
                n_found = _keep(path, n, arcs, start, n_found, load, penalty, cost, dear)
                fresh = True
        size = start[n_found]
        for i in range(size):
            load[arcs[i]] = 0.0
            dear[arcs[i]] = cost[arcs[i]]
        base = starts[n_out]
        if base + size > out.size:
            out = grown(out, base, 2 * (base + size))
        copy(arcs, 0, size, out, base)
        for r in range(n_found):
            starts[n_out + 1] = base + start[r + 1]
            n_out += 1
        count[t] = n_found
    return count, starts[: n_out + 1], out[: starts[n_out]]


@njit(cache=True, nogil=True)
def merge(trip_a, starts_a, arcs_a, trip_b, starts_b, arcs_b, n_most):
    """
    Add to the routes of each trip those of a second set that it has not yet.

    Parameters
    ----------
    trip_a, trip_b : ndarray of int64, shape (m + 1,)
        Where each trip's routes begin.
    starts_a, starts_b : ndarray of int64, shape (n_path + 1,)
        Where each route's arcs begin.
    arcs_a, arcs_b : ndarray of int32
    n_most : int
        No trip gets more routes than this.

    Returns
    -------
    trip, starts, arcs
        The union, the first set first.
    """
    m = trip_a.size - 1
    trip = np.zeros(m + 1, np.int64)
    starts = np.zeros(starts_a.size + starts_b.size, np.int64)
    arcs = np.empty(arcs_a.size + arcs_b.size, np.int32)
    n = 0
    used = 0
    for t in range(m):
        first = n
        for p in range(trip_a[t], trip_a[t + 1]):
            size = starts_a[p + 1] - starts_a[p]
            copy(arcs_a, starts_a[p], size, arcs, used)
            used += size
            n += 1
            starts[n] = used
        for p in range(trip_b[t], trip_b[t + 1]):
            if n - first >= n_most:
                break
            size = starts_b[p + 1] - starts_b[p]
            known = False
            for q in range(first, n):
                if starts[q + 1] - starts[q] != size:
                    continue
                known = True
                for i in range(size):
                    if arcs[starts[q] + i] != arcs_b[starts_b[p] + i]:
                        known = False
                        break
                if known:
                    break
            if not known:
                copy(arcs_b, starts_b[p], size, arcs, used)
                used += size
                n += 1
                starts[n] = used
        trip[t + 1] = n
    return trip, starts[: n + 1], arcs[:used]


@njit(cache=True, nogil=True)
def reorder(starts, arcs, order):
    """
    Put routes in another order.

    Parameters
    ----------
    starts : ndarray of int64, shape (n_path + 1,)
    arcs : ndarray of int32
    order : ndarray of int64, shape (n_path,)
        Route that comes first, second …

    Returns
    -------
    starts, arcs
    """
    new_starts = np.zeros(starts.size, np.int64)
    new_arcs = np.empty(arcs.size, np.int32)
    used = 0
    for i in range(order.size):
        p = order[i]
        size = starts[p + 1] - starts[p]
        copy(arcs, starts[p], size, new_arcs, used)
        used += size
        new_starts[i + 1] = used
    return new_starts, new_arcs
