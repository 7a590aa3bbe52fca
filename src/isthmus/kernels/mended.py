"""
Least-cost paths of trips after some arcs are closed, from the trees of the open network.

A closed arc changes the label of a node only if the node's path in the tree passes it. So the tree is kept, the nodes
that hang on a closed arc are found in the order they were settled, and these alone are labelled anew. Labels add up from
the root, as in a fresh search.
"""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def mend(graph, cost, shut, klass, origin, destination, row, dist, via, order, count, starts, out):
    """
    Find the least-cost path of each trip without some arcs.

    Parameters
    ----------
    graph : tuple
        indptr, head, tail, and the arcs by head: pointers and arcs.
    cost : ndarray of float64, shape (n_class, n_arc)
        Not negative, inf is closed.
    shut : ndarray of bool, shape (n_arc,)
    klass, origin, destination : ndarray of int32, shape (m,)
        Trips of the same tree side by side.
    row : ndarray of int64, shape (m,)
        The tree of each trip.
    dist, via, order : ndarray, shape (n_tree, n_node)
    count : ndarray of int64, shape (n_tree,)
        Trees at `cost` without anything closed; see `kernels.paths.tree`.
    starts : ndarray of int64, shape (m + 1,)
        Out: where the arcs of each path begin; nothing between two where there is no path.
    out : ndarray of int32, shape (m * n_node,)
        Out: the arcs.
    """
    indptr, head, tail, back_ptr, back = graph
    n_node = indptr.size - 1
    lost = np.zeros(n_node, np.bool_)
    new = np.empty(n_node)
    last = np.empty(n_node, np.int32)
    part = np.empty(n_node, np.int32)
    queue = np.empty(n_node, np.int32)
    waits = np.zeros(n_node, np.bool_)
    n_lost = 0
    used = 0
    for t in range(row.size):
        r = row[t]
        k = klass[t]
        if t == 0 or row[t - 1] != r:
            for i in range(n_lost):
                lost[part[i]] = False
            n_lost = 0
            for i in range(1, count[r]):
                v = order[r, i]
                if shut[via[r, v]] or lost[tail[via[r, v]]]:
                    lost[v] = True
                    part[n_lost] = v
                    n_lost += 1
            _relabel(
                indptr, head, tail, back_ptr, back, cost[k], shut, dist[r], lost, part, n_lost, new, last, queue, waits
            )  # fmt: skip
        v = destination[t]
        here = new[v] if lost[v] else dist[r, v]
        begin = used
        if here < np.inf:
            while v != origin[t]:
                arc = last[v] if lost[v] else via[r, v]
                out[used] = arc
                used += 1
                v = tail[arc]
            for i in range((used - begin) // 2):
                swap = out[begin + i]
                out[begin + i] = out[used - 1 - i]
                out[used - 1 - i] = swap
        starts[t + 1] = used


@njit(cache=True, nogil=True)
def _relabel(indptr, head, tail, back_ptr, back, cost, shut, dist, lost, part, n_lost, new, last, queue, waits):  # fmt: skip
    """Label the nodes of `part` from those that are not lost, then from each other."""
    size = queue.size
    first = 0
    n = 0
    for i in range(n_lost):
        v = part[i]
        new[v] = np.inf
        last[v] = -1
        for j in range(back_ptr[v], back_ptr[v + 1]):
            arc = back[j]
            if shut[arc] or lost[tail[arc]]:
                continue
            there = dist[tail[arc]] + cost[arc]
            if there < new[v]:
                new[v] = there
                last[v] = arc
        if new[v] < np.inf:
            queue[n] = v
            n += 1
            waits[v] = True
    while n > 0:
        u = queue[first]
        first = first + 1 if first + 1 < size else 0
        n -= 1
        waits[u] = False
        for arc in range(indptr[u], indptr[u + 1]):
            v = head[arc]
            if shut[arc] or not lost[v]:
                continue
            there = new[u] + cost[arc]
            if there < new[v]:
                new[v] = there
                last[v] = arc
                if not waits[v]:
                    waits[v] = True
                    queue[(first + n) % size] = v
                    n += 1
