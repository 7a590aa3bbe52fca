"""
Whether cheaper arcs would be on the routes generated for a trip, without generating them.

When some arcs of a graph grow cheaper and none dearer, the generation of `kernels.routes` goes as it went before until
it first picks a single-via path over one of them. So it is enough to know the trees as they were, where they change
(`ease`), and the routes as they were found: `stays` goes through them again and compares each with the single-via paths
that are new. The proof is in docs/model.md §8.
"""

import numpy as np
from numba import njit

from isthmus.kernels.pricing import rise, sink


@njit(cache=True, nogil=True)
def ease(
    indptr, adj, far, near, cost, klass, b_ptr, b_arc, limit, begin, end, dist, via, row, n_better
):  # fmt: skip
    """
    Repair least-cost trees after some arcs have grown cheaper.

    Parameters
    ----------
    indptr : ndarray of int64, shape (n_node + 1,)
    adj, far, near : ndarray of int32, shape (n_arc,)
        Arcs by the node they are followed from, the node they are followed to, and that from, by arc.
    cost : ndarray of float64, shape (n_class, n_arc)
        As it is now.
    klass : ndarray of int64, shape (n_tree,)
    b_ptr : ndarray of int64, shape (n_class + 1,)
    b_arc : ndarray of int32
        Cheaper arcs of each class.
    limit : ndarray of float64, shape (n_tree,)
        Nodes that are farther are left out.
    begin, end : int
        The trees.
    dist, via : ndarray, shape (n, n_node)
        Trees as they were.
    row : ndarray of int64, shape (n_tree,)
        Row of `dist` and `via` of each tree.
    n_better : int
        Most cheaper arcs of a class.

    Returns
    -------
    ptr : ndarray of int64, shape (end - begin + 1,)
    node, new_via : ndarray of int32
        Nodes that are nearer than before, as they are settled, and their last arcs.
    new_dist : ndarray of float64
    tied : ndarray of bool, shape (end - begin,)
        Some path over a cheaper arc costs what one did before, and would take its place in the tree.
    beyond : ndarray of float64, shape (end - begin, n_better)
        Cost between the root and the near end of each cheaper arc, as it is now.

    References
    ----------
    .. [1] G. Ramalingam and T. Reps, "An incremental algorithm for a generalization of the shortest-path problem",
       Journal of Algorithms 21, 1996, 267-305.
    """
    n_node = indptr.size - 1
    ptr = np.zeros(end - begin + 1, np.int64)
    tied = np.zeros(end - begin, np.bool_)
    beyond = np.full((end - begin, n_better), np.inf)
    node = np.empty(1024, np.int32)
    new_via = np.empty(1024, np.int32)
    new_dist = np.empty(1024)
    now = np.empty(n_node)
    last = np.empty(n_node, np.int32)
    heap = np.empty(n_node, np.int32)
    place = np.full(n_node, -1, np.int32)
    seen = np.empty(n_node, np.int32)
    used = 0
    for i in range(begin, end):
        k = klass[i]
        old, was = dist[row[i]], via[row[i]]
        size = 0
        n_seen = 0
        for j in range(b_ptr[k], b_ptr[k + 1]):
            a = b_arc[j]
            v = far[a]
            dv = old[near[a]] + cost[k, a]
            here = old[v] if place[v] == -1 else now[v]
            if dv < here and dv <= limit[i]:
                if place[v] == -1:
                    place[v] = size
                    seen[n_seen] = v
                    n_seen += 1
                    size += 1
                now[v] = dv
                last[v] = a
                rise(heap, place, now, v, place[v])
            elif dv == here and dv < np.inf:
                if place[v] == -1:
                    tied[i - begin] |= a <= was[v]
                elif a < last[v]:
                    last[v] = a
        while size > 0:
            u = heap[0]
            size -= 1
            if size > 0:
                sink(heap, place, now, heap[size], size)
            place[u] = -2
            if used == node.size:
                node, new_via = _longer(node), _longer(new_via)
                new_dist = _longer(new_dist)
            node[used] = u
            new_dist[used] = now[u]
            new_via[used] = last[u]
            used += 1
            for j in range(indptr[u], indptr[u + 1]):
                a = adj[j]
                v = far[a]
                dv = now[u] + cost[k, a]
                at = place[v]
                here = old[v] if at == -1 else now[v]
                if dv < here and dv <= limit[i]:
                    if at == -1:
                        at = size
                        seen[n_seen] = v
                        n_seen += 1
                        size += 1
                    now[v] = dv
                    last[v] = a
                    rise(heap, place, now, v, at)
                elif dv == here and dv < np.inf:
                    if at == -1:
                        tied[i - begin] |= a <= was[v]
                    elif at >= 0 and a < last[v]:
                        last[v] = a
        ptr[i - begin + 1] = used
        for j in range(b_ptr[k], b_ptr[k + 1]):
            v = near[b_arc[j]]
            beyond[i - begin, j - b_ptr[k]] = old[v] if place[v] == -1 else now[v]
        for j in range(n_seen):
            place[seen[j]] = -1
    return ptr, node[:used], new_via[:used], new_dist[:used], tied, beyond


@njit(cache=True, nogil=True)
def _longer(array):
    """Return a vector twice as long that begins with another."""
    out = np.empty(2 * array.size, array.dtype)
    for i in range(array.size):
        out[i] = array[i]
    return out


@njit(cache=True, nogil=True)
def least_over(klass, f_row, r_row, tail, cost, f_dist, b_ptr, b_arc, beyond, out):
    """
    Least cost of each trip over a cheaper arc.

    Parameters
    ----------
    klass, f_row, r_row : ndarray, shape (m,)
        Class and trees of each trip.
    tail : ndarray of int32, shape (n_arc,)
    cost : ndarray of float64, shape (n_class, n_arc)
        As it is now.
    f_dist : ndarray of float64, shape (n, n_node)
        Cost from origins as it was.
    b_ptr, b_arc
        As in `ease`.
    beyond : ndarray of float64, shape (n, n_better)
        From the head of each cheaper arc on, by `r_row`.
    out : ndarray of float64, shape (m,)
        Out; inf where there is none.
    """
    for t in range(klass.size):
        k = klass[t]
        best = np.inf
        for j in range(b_ptr[k], b_ptr[k + 1]):
            a = b_arc[j]
            best = min(
                best, f_dist[f_row[t], tail[a]] + cost[k, a] + beyond[r_row[t], j - b_ptr[k]]
            )
        out[t] = best


@njit(cache=True, nogil=True)
def _lay(ptr, node, new_via, new_dist, i, mark, stamp, d, v):
    """Lay what changes in a tree over it."""
    for j in range(ptr[i], ptr[i + 1]):
        x = node[j]
        stamp[x] = mark
        d[x] = new_dist[j]
        v[x] = new_via[j]


@njit(cache=True, nogil=True)
def _dear(x, end, via, row, stamp, mark, new_via, other, dear, known, turn, sums, stack):
    """Sum what the arcs of a tree between a node and its root cost now; what is known of a turn is not summed again."""
    n = 0
    while x != end and known[x] != turn:
        stack[n] = x
        n += 1
        a = new_via[x] if stamp[x] == mark else via[row, x]
        x = other[a]
    total = 0.0 if x == end else sums[x]
    while n > 0:
        n -= 1
        x = stack[n]
        a = new_via[x] if stamp[x] == mark else via[row, x]
        total += dear[a]
        sums[x] = total
        known[x] = turn
    return total


@njit(cache=True, nogil=True)
def _crosses(
    a,
    o,
    d,
    head,
    tail,
    f_via,
    f,
    f_stamp,
    f_mark,
    f_new,
    r_via,
    r,
    r_stamp,
    r_mark,
    r_new,
    met,
    mark,
):
    """Whether a single-via path comes to a node twice."""
    x = tail[a]
    met[x] = mark
    while x != o:
        x = tail[f_new[x] if f_stamp[x] == f_mark else f_via[f, x]]
        met[x] = mark
    x = head[a]
    while True:
        if met[x] == mark:
            return True
        met[x] = mark
        if x == d:
            return False
        x = head[r_new[x] if r_stamp[x] == r_mark else r_via[r, x]]


@njit(cache=True, nogil=True)
def _found_still(
    arcs, begin, end, head, tail, f_via, f, f_stamp, f_mark, f_new, r_via, r, r_stamp, r_mark, r_new
):
    """Whether a route is still the single-via path of one of its arcs."""
    last = end - 1
    while last > begin:
        x = tail[arcs[last]]
        if (r_new[x] if r_stamp[x] == r_mark else r_via[r, x]) != arcs[last]:
            break
        last -= 1
    i = begin
    while i < last:
        x = head[arcs[i]]
        if (f_new[x] if f_stamp[x] == f_mark else f_via[f, x]) != arcs[i]:
            return False
        i += 1
    return True


@njit(cache=True, nogil=True)
def stays(
    indptr, head, tail, r_indptr, r_adj, cost, klass, origin, destination, forth, f_row, f_eased, back, r_row, r_eased,
    b_ptr, b_arc, first, last, starts, arcs, tries, begin, end, n_routes, max_detour, penalty, out,
):  # fmt: skip
    """
    Whether the routes generated for trips stay as they were, none over a cheaper arc.

    Parameters
    ----------
    indptr, head, tail, r_indptr, r_adj
        The graph by tail and by head.
    cost : ndarray of float64, shape (n_class, n_arc)
        As it is now.
    klass, origin, destination : ndarray, shape (m,)
    forth, back : tuple
        dist and via of trees as they were.
    f_row, r_row : ndarray of int64, shape (m,)
        Trees of each trip.
    f_eased, r_eased : tuple
        ptr, node, via, dist, tied by tree: what `ease` found.
    b_ptr, b_arc
        As in `ease`.
    first, last : ndarray of int64, shape (m,)
        First route of each trip and the one after its last.
    starts, arcs
        Routes as they were generated, in the order they were found.
    tries : ndarray of int64, shape (m,)
        As `kernels.routes.generate` gave them.
    begin, end : int
        The trips.
    n_routes, max_detour, penalty
        As in `kernels.routes.generate`.
    out : ndarray of bool, shape (m,)
        Out: True only if they stay.
    """
    f_dist, f_via = forth
    r_dist, r_via = back
    n_node = indptr.size - 1
    f_stamp, r_stamp = np.full(n_node, -1, np.int64), np.full(n_node, -1, np.int64)
    f_now, r_now = np.empty(n_node), np.empty(n_node)
    f_new, r_new = np.empty(n_node, np.int32), np.empty(n_node, np.int32)
    f_known, r_known = np.full(n_node, -1, np.int64), np.full(n_node, -1, np.int64)
    f_sum, r_sum = np.empty(n_node), np.empty(n_node)
    stack, met = np.empty(n_node, np.int32), np.full(n_node, -1, np.int64)
    fresh, whole = np.empty(head.size + 1, np.int32), np.empty(head.size + 1)
    load, dear = np.zeros(head.size), np.empty(head.size)
    turn, of_class, mark = np.int64(0), -1, np.int64(0)
    for t in range(begin, end):
        f, r, o, d, k = f_row[t], r_row[t], origin[t], destination[t], klass[t]
        out[t] = False
        if tries[t] < 0 or f_eased[4][f] or r_eased[4][r]:
            continue
        if k != of_class:
            of_class = k
            for a in range(head.size):
                dear[a] = cost[k, a]
        least = f_dist[f, d]
        limit = least * max_detour * (1.0 + 1e-12)
        _lay(f_eased[0], f_eased[1], f_eased[2], f_eased[3], f, t, f_stamp, f_now, f_new)
        _lay(r_eased[0], r_eased[1], r_eased[2], r_eased[3], r, t, r_stamp, r_now, r_new)
        if f_stamp[d] == t or r_stamp[o] == t:
            continue
        n = 0
        for j in range(f_eased[0][f], f_eased[0][f + 1]):
            u = f_eased[1][j]
            for a in range(indptr[u], indptr[u + 1]):
                v = head[a]
                rest = r_now[v] if r_stamp[v] == t else r_dist[r, v]
                whole[n] = f_now[u] + cost[k, a] + rest
                if whole[n] <= limit:
                    fresh[n] = a
                    n += 1
        for j in range(r_eased[0][r], r_eased[0][r + 1]):
            v = r_eased[1][j]
            for i in range(r_indptr[v], r_indptr[v + 1]):
                a = r_adj[i]
                u = tail[a]
                whole[n] = f_dist[f, u] + cost[k, a] + r_now[v]
                if f_stamp[u] != t and whole[n] <= limit:
                    fresh[n] = a
                    n += 1
        for j in range(b_ptr[k], b_ptr[k + 1]):
            a = b_arc[j]
            u, v = tail[a], head[a]
            if (
                f_stamp[u] != t
                and r_stamp[v] != t
                and f_dist[f, u] + cost[k, a] + r_dist[r, v] <= limit
            ):
                fresh[n] = a
                n += 1
        same = True
        more = tries[t]
        for p in range(first[t], last[t]):
            if p > first[t]:
                same = _found_still(
                    arcs, starts[p], starts[p + 1], head, tail, f_via, f, f_stamp, t, f_new, r_via, r, r_stamp, t, r_new
                )  # fmt: skip
                picked = 0.0
                for i in range(starts[p], starts[p + 1]):
                    picked += dear[arcs[i]]
                picked *= 1.0 + 1e-9
                turn += 1
                i = 0
                while i < n and same:
                    a = fresh[i]
                    if whole[i] > picked:  # so it costs at least, without penalties
                        i += 1
                        continue
                    guess = (
                        _dear(
                            tail[a],
                            o,
                            f_via,
                            f,
                            f_stamp,
                            t,
                            f_new,
                            tail,
                            dear,
                            f_known,
                            turn,
                            f_sum,
                            stack,
                        )
                        + dear[a]
                        + _dear(
                            head[a],
                            d,
                            r_via,
                            r,
                            r_stamp,
                            t,
                            r_new,
                            head,
                            dear,
                            r_known,
                            turn,
                            r_sum,
                            stack,
                        )
                    )
                    if guess > picked:
                        i += 1
                        continue
                    mark += 1
                    same = _crosses(
                        a, o, d, head, tail, f_via, f, f_stamp, t, f_new, r_via, r, r_stamp, t, r_new, met, mark
                    )  # fmt: skip
                    more += 1  # it was looked at in vain
                    n -= 1
                    fresh[i] = fresh[n]
                    whole[i] = whole[n]
                if not same:
                    break
            for i in range(starts[p], starts[p + 1]):
                a = arcs[i]
                load[a] += 1.0
                dear[a] = cost[k, a] * (1.0 + penalty * load[a])
        out[t] = same and more < 8 * n_routes
        for i in range(starts[first[t]], starts[last[t]]):
            load[arcs[i]] = 0.0
            dear[arcs[i]] = cost[k, arcs[i]]
