"""Which trees of a batch a change of costs touches, and their repair, before an iteration serves the batch."""

from numba import njit

from isthmus.kernels.trees import repair

ROUNDING = 1e-14
"""Changes of a cost by less than this share of it are rounding."""


@njit(cache=True, nogil=True)
def differ(cost, was, slack, changed):
    """
    List the arcs whose cost has changed.

    Parameters
    ----------
    cost, was : ndarray, shape (n_arc,)
        Now and before, negative where unknown. [h]
    slack : float
        Changes up to a quarter of this share of the cost do not count. [-]
    changed : ndarray of int32, shape (n_arc,)
        Out.

    Returns
    -------
    int
        Number of arcs.
    """
    n = 0
    share = max(0.25 * slack, ROUNDING)
    for x in range(cost.size):
        if cost[x] != was[x] and not abs(cost[x] - was[x]) <= share * min(cost[x], was[x]):
            changed[n] = x
            n += 1
    return n


@njit(cache=True, nogil=True)
def remember(cost, slack, was):
    """Take changes of cost over, those that `differ` counts; `was` is in and out."""
    share = max(0.25 * slack, ROUNDING)
    for x in range(cost.size):
        if cost[x] != was[x] and not abs(cost[x] - was[x]) <= share * min(cost[x], was[x]):
            was[x] = cost[x]


@njit(cache=True, nogil=True)
def touched(head, tail, cost, own, via, dist, changed, slack):
    """
    Whether changed arcs are in a tree or would improve it.

    Parameters
    ----------
    head, tail : ndarray of int32, shape (n_arc,)
    cost : ndarray, shape (n_arc,)
        [h]
    own : ndarray, shape (n_arc,) or (0,)
        Constants of the tree's class, added. [h]
    via, dist : ndarray, shape (n_node,)
        The tree and its labels.
    changed : ndarray of int32
    slack : float
        As in `repair`.

    Returns
    -------
    bool
    """
    keep = 1.0 - slack
    for x in changed:
        v = head[x]
        if via[v] == x:
            return True
        c = cost[x] if own.size == 0 else cost[x] + own[x]
        if dist[tail[x]] + c < keep * dist[v]:
            return True
    return False


@njit(cache=True, nogil=True)
def grow(
    graph, first_through, cost, was, fixed, tree, trip, path, pool, scratch, begin, end, slack
):
    """
    Repair a range of trees and find the trips of one path that they serve better.

    Trees that no changed cost touches are left as they are. Paths of those trips are read, of others not: other trips
    may change meanwhile.

    Parameters
    ----------
    graph : tuple
        indptr, head, tail.
    cost : ndarray, shape (n_arc,)
        [h]
    was : ndarray, shape (n_arc,)
        Cost for which the trees were last looked at, negative where unknown. [h]
    fixed : ndarray, shape (n_class, n_arc)
        Constants of each class, added to `cost`; of no rows if there is one class, whose constants are in `cost`. [h]
    tree : tuple
        root, klass (int32, shape (n_tree,)), first trip of each (int64, shape (n_tree + 1,)), via, order (int32,
        shape (n_tree, n_node)), size (int64, shape (n_tree,)), label (shape (n_tree, n_node)),
        loose (shape (n_tree,): `slack` at its last repair).
    trip, path, pool : tuple, tuple, ndarray of int32
        As in `kernels.projection.serve`. Out: least cost (`reach`), inf where there is no path; for trips of one path
        also whether the tree has a better one (`moved`), and whether the path is that of the tree (`lone`).
    scratch : tuple
        queue (int32), state (int8), log (int32), each of shape (n_node,), changed (int32) and row, of shape (n_arc,).
    begin, end : int
        Trees.
    slack : float
        As in `repair`.
    """
    indptr, head, tail = graph
    root, klass, trips_of, via, order, size, label, loose = tree
    destination, _, _, first, _, reach, moved, lone, _ = trip
    _, start, length, _, _ = path
    queue, state, log, changed, row = scratch
    n_changed = differ(cost, was, slack, changed)
    few = 8 * n_changed < cost.size
    for i in range(begin, end):
        r = root[i]
        k = klass[i]
        last = via[i]
        dist = label[i]
        several = fixed.shape[0] > 0
        if few and size[i] > 0 and loose[i] <= 2.0 * slack:
            own = fixed[k] if several else was[:0]
            idle = not touched(head, tail, cost, own, last, dist, changed[:n_changed], slack)
        else:
            idle = False
        now = cost
        if several and not idle:
            for x in range(row.size):
                row[x] = fixed[k, x] + cost[x]
            now = row
        if not idle:
            loose[i] = slack
            size[i] = repair(
                indptr,
                head,
                tail,
                now,
                r,
                first_through,
                last,
                order[i],
                size[i],
                dist,
                queue,
                state,
                log,
                slack,
            )
        for t in range(trips_of[i], trips_of[i + 1]):
            node = destination[t]
            d = dist[node]
            reach[t] = d
            if lone[t] == 0:
                continue
            at = start[first[t]]
            stop = at + length[first[t]]
            if lone[t] == 1 or (not idle and state[node] > 2):
                j = at
                while node != r and j < stop and pool[j] == last[node]:
                    node = tail[last[node]]
                    j += 1
                lone[t] = 2 if node == r else 1
            if lone[t] == 1:
                here = 0.0
                for j in range(at, stop):
                    here += cost[pool[j]]
                if several:
                    for j in range(at, stop):
                        here += fixed[k, pool[j]]
                moved[t] = d < here * (1.0 - slack)
            else:
                moved[t] = False
