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

_BLOCK = 64
"""Guesses of which the least is kept, so that the next best is found without looking at all."""


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
    indptr, head, tail, cost, first_through, destination, limit,
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
                for arc in range(indptr[here], indptr[here + 1]):
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
def copy_all(source, target):
    """Copy a vector. A loop, as slices compile ten times longer."""
    for i in range(source.size):
        target[i] = source[i]


@njit(cache=True, nogil=True)
def _guess(near, n, done, tail, head, f_dear, dear, r_dear, guess, lowest):
    """Guess the penalised cost of single-via paths, leave out arcs that are done; returns how many are left."""
    left = 0
    low = np.inf
    for i in range(n):
        a = near[i]
        if done[a]:
            continue
        near[left] = a
        guess[left] = f_dear[tail[a]] + dear[a] + r_dear[head[a]]
        low = min(low, guess[left])
        left += 1
        if left % _BLOCK == 0:
            lowest[left // _BLOCK - 1] = low
            low = np.inf
    lowest[left // _BLOCK] = low
    return left


@njit(cache=True, nogil=True)
def _least(guess, lowest, n):
    """Return the first of the least guesses, -1 if there is none."""
    best = np.inf
    found = -1
    for b in range(n // _BLOCK + 1):
        if lowest[b] < best:
            best = lowest[b]
            found = b
    if found < 0:
        return np.int64(-1)
    i = np.int64(found * _BLOCK)
    while guess[i] != best:
        i += 1
    return i


@njit(cache=True, nogil=True)
def _drop(guess, lowest, n, i):
    """Take a guess away."""
    guess[i] = np.inf
    low = np.inf
    for j in range(i // _BLOCK * _BLOCK, min(n, (i // _BLOCK + 1) * _BLOCK)):
        low = min(low, guess[j])
    lowest[i // _BLOCK] = low


@njit(cache=True, nogil=True)
def plant(indptr, adj, far, cost, klass, root, first_through, begin, end, dist, via, order, count):
    """
    Grow least-cost trees of several classes.

    Parameters
    ----------
    indptr, adj, far, first_through
        As in `kernels.paths.tree`: by tail for trees from a root, by head for trees to one.
    cost : ndarray of float64, shape (n_class, n_arc)
    klass, root : ndarray of int32, shape (n_tree,)
    begin, end : int
        The trees.
    dist, via, order : ndarray, shape (n_tree, n_node)
        Out; see `kernels.paths.tree`.
    count : ndarray of int64, shape (n_tree,)
        Out: nodes reached.
    """
    n_node = indptr.size - 1
    heap = np.empty(n_node, np.int32)
    place = np.empty(n_node, np.int32)
    for i in range(begin, end):
        count[i] = tree(
            indptr, adj, far, cost[klass[i]], root[i], first_through, dist[i], via[i], order[i], heap, place
        )  # fmt: skip


@njit(cache=True, nogil=True)
def _near(indptr, head, cost, first_through, o, d, limit, wide, f_dist, r_dist, near, done):
    """List the arcs whose single-via path is short enough, by number; returns how many."""
    n = 0
    for u in range(f_dist.size):
        if not f_dist[u] + r_dist[u] <= wide or (u < first_through and u != o):
            continue
        for a in range(indptr[u], indptr[u + 1]):
            v = head[a]
            if v < first_through and v != d:
                continue
            whole = f_dist[u] + cost[a] + r_dist[v]
            if whole <= limit and whole < np.inf:
                near[n] = a
                n += 1
                done[a] = False
    return n


@njit(cache=True, nogil=True)
def _ordered(order, count, one, other, wide, out):
    """List the nodes of a tree that short enough paths pass, as they were settled; returns how many."""
    n = 0
    for i in range(1, count):
        v = order[i]
        if one[v] > wide:
            break
        if one[v] + other[v] <= wide:
            out[n] = v
            n += 1
    return n


@njit(cache=True, nogil=True)
def generate(
    indptr, head, tail, cost, first_through, klass, origin, destination, forth, f_row, back, r_row,
    begin, end, n_routes, max_detour, penalty,
):  # fmt: skip
    """
    Generate routes for trips.

    Parameters
    ----------
    indptr, head, tail
        The graph by tail; see `kernels.paths`.
    cost : ndarray of float64, shape (n_class, n_arc)
    first_through : int
    klass, origin, destination : ndarray of int32, shape (m,)
        Best sorted by class.
    forth, back : tuple
        dist, via, order, count of trees from origins and to destinations; see `plant`.
    f_row, r_row : ndarray of int64, shape (m,)
        Trees of each trip.
    begin, end : int
        The trips.
    n_routes : int
        At most so many routes a trip.
    max_detour : float
        Greatest cost of a route over the least cost.
    penalty : float
        Share by which an arc grows dearer with each route over it.

    Returns
    -------
    count : ndarray of int64, shape (end - begin,)
        Routes of each trip; 0 where there is no path. A trip whose ends coincide has one route of no arcs.
    tries : ndarray of int64, shape (end - begin,)
        Single-via paths looked at, -1 if there are fewer routes than asked for or a deviation among them.
    starts : ndarray of int64, shape (n_path + 1,)
    out : ndarray of int32
        Arcs of the routes, one after the other.
    """
    f_dist, f_via, f_order, f_count = forth
    r_dist, r_via, r_order, r_count = back
    n_node = indptr.size - 1
    n_arc = head.size
    count = np.zeros(end - begin, np.int64)
    tried = np.full(end - begin, -1, np.int64)
    starts = np.zeros((end - begin) * n_routes + 1, np.int64)
    out = np.empty(max(64 * (end - begin), 64), np.int32)
    n_out = 0
    f_dear = np.zeros(n_node)
    r_dear = np.zeros(n_node)
    load = np.zeros(n_arc)
    dear = np.empty(n_arc)
    done = np.zeros(n_arc, np.bool_)
    near = np.empty(n_arc, np.int32)
    guess = np.empty(n_arc)
    lowest = np.empty(n_arc // _BLOCK + 1)
    f_near = np.empty(n_node, np.int32)
    r_near = np.empty(n_node, np.int32)
    stamp = np.zeros(n_node, np.int64)
    mark = np.int64(0)
    path = np.empty(n_node + n_node, np.int32)
    arcs = np.empty(n_routes * n_node, np.int32)
    start = np.zeros(n_routes + 1, np.int64)
    of_class = -1
    for t in range(begin, end):
        o = origin[t]
        d = destination[t]
        if o == d:
            count[t - begin] = 1
            starts[n_out + 1] = starts[n_out]
            n_out += 1
            continue
        f = f_row[t]
        r = r_row[t]
        least = f_dist[f, d]
        if not least < np.inf:
            continue
        if klass[t] != of_class:
            of_class = klass[t]
            copy_all(cost[of_class], dear)
        price = cost[of_class]
        n = 0
        v = d
        while v != o:
            path[n] = f_via[f, v]
            v = tail[path[n]]
            n += 1
        flip(path, 0, n)
        n_found = _keep(path, n, arcs, start, np.int64(0), load, penalty, price, dear)
        plain = n_routes > 1
        tries = 8 * n_routes
        if n_routes > 1:
            limit = least * max_detour * (1.0 + 1e-12)
            wide = limit * (1.0 + 1e-9)  # roundings must not part a node from its ancestors
            n_near = _near(
                indptr, head, price, first_through, o, d, limit, wide, f_dist[f], r_dist[r], near, done
            )  # fmt: skip
            n_f = _ordered(f_order[f], f_count[f], f_dist[f], r_dist[r], wide, f_near)
            n_r = _ordered(r_order[r], r_count[r], r_dist[r], f_dist[f], wide, r_near)
            _spend(path, n, head, tail, f_via[f], r_via[r], done)
            fresh = True
            while n_found < n_routes:
                if fresh:
                    f_dear[o] = 0.0
                    for i in range(n_f):
                        a = f_via[f, f_near[i]]
                        f_dear[f_near[i]] = f_dear[tail[a]] + dear[a]
                    r_dear[d] = 0.0
                    for i in range(n_r):
                        a = r_via[r, r_near[i]]
                        r_dear[r_near[i]] = r_dear[head[a]] + dear[a]
                    n_near = _guess(
                        near, n_near, done, tail, head, f_dear, dear, r_dear, guess, lowest
                    )
                    fresh = False
                best = _least(guess, lowest, n_near) if tries > 0 else np.int64(-1)
                if best >= 0:
                    tries -= 1
                    a = near[best]
                    done[a] = True
                    mark += 1
                    n = _via_path(a, o, d, head, tail, f_via[f], r_via[r], stamp, mark, path)
                    if n < 0:
                        _drop(guess, lowest, n_near, best)
                        continue
                    _spend(path, n, head, tail, f_via[f], r_via[r], done)
                else:
                    plain = False
                    n, mark = _best_deviation(
                        indptr, head, tail, price, first_through, d, limit, arcs, start,
                        n_found, dear, r_dist[r], r_via[r], r_dear, stamp, mark, path,
                    )  # fmt: skip
                    if n == 0:
                        break
                n_found = _keep(path, n, arcs, start, n_found, load, penalty, price, dear)
                fresh = True
        if plain and n_found == n_routes:
            tried[t - begin] = 8 * n_routes - tries
        size = start[n_found]
        for i in range(size):
            load[arcs[i]] = 0.0
            dear[arcs[i]] = price[arcs[i]]
        base = starts[n_out]
        if base + size > out.size:
            out = grown(out, base, 2 * (base + size))
        copy(arcs, 0, size, out, base)
        for i in range(n_found):
            starts[n_out + 1] = base + start[i + 1]
            n_out += 1
        count[t - begin] = n_found
    return count, tried, starts[: n_out + 1], out[: starts[n_out]]


@njit(cache=True, nogil=True)
def reorder(starts, arcs, order):
    """
    Put routes in another order.

    Parameters
    ----------
    starts : ndarray of int64, shape (n_path + 1,)
    arcs : ndarray of int32
    order : ndarray of int64, shape (n,)
        Route that comes first, second … Those not named are left out.

    Returns
    -------
    starts, arcs
    """
    new_starts = np.zeros(order.size + 1, np.int64)
    for i in range(order.size):
        new_starts[i + 1] = new_starts[i] + starts[order[i] + 1] - starts[order[i]]
    new_arcs = np.empty(new_starts[order.size], np.int32)
    for i in range(order.size):
        copy(arcs, starts[order[i]], new_starts[i + 1] - new_starts[i], new_arcs, new_starts[i])
    return new_starts, new_arcs
