"""
How dear the way of each trip can become when any few elements are taken away.

Two answers, both valid: as many ways without a common element as are needed, one of which must be left, or every way of
taking elements off the path of the moment, tried to the end.
"""

import numpy as np
from numba import njit

from isthmus.kernels.trees import plant


@njit(cache=True, nogil=True)
def _shut(tail, path_from, root, via, element, free, row, shut):
    """Close the elements of a path, but for the free ones; returns whether there was one."""
    any_shut = False
    v = path_from
    while v != root:
        arc = via[v]
        e = element[arc]
        if e >= 0 and not free[e]:
            shut[e] = True
            any_shut = True
        v = tail[arc]
    if any_shut:
        for x in range(row.size):
            if element[x] >= 0 and shut[element[x]]:
                row[x] = np.inf
    return any_shut


@njit(cache=True, nogil=True)
def disjoint(graph, cost, first_through, root, node, element, free, k, out):
    """
    Find k + 1 ways without a common element, one after the other by cost, for each trip of a root.

    Parameters
    ----------
    graph : tuple
        indptr, head, tail.
    cost : ndarray, shape (n_arc,)
    first_through, root : int
    node : ndarray of int32, shape (n_trip,)
    element : ndarray of int32, shape (n_arc,)
        -1 where an arc is in no element.
    free : ndarray of bool, shape (n_element,)
        Elements that ways may share, as they are never taken.
    k : int
    out : ndarray, shape (n_trip,)
        Out: cost of the dearest of the ways, inf if they were not found.
    """
    indptr, head, tail = graph
    n_node = indptr.size - 1
    via = np.empty(n_node, np.int32)
    dist = np.empty(n_node)
    queue = np.empty(n_node, np.int32)
    state = np.empty(n_node, np.int8)
    row = np.empty(cost.size)
    shut = np.empty(free.size, np.bool_)
    for t in range(node.size):
        row[:] = cost
        shut[:] = False
        for i in range(k + 1):
            plant(indptr, head, row, root, first_through, via, dist, queue, state)
            out[t] = dist[node[t]]
            if out[t] == np.inf:
                break
            if i < k and not _shut(tail, node[t], root, via, element, free, row, shut):
                break


@njit(cache=True, nogil=True)
def dearest(graph, cost, first_through, root, node, element, k, budget, out):
    """
    Take up to k elements off the paths of one trip, in every way, and keep the dearest.

    Parameters
    ----------
    graph, cost, first_through, root, element, k
        As in `disjoint`.
    node : int
    budget : int
        Trees grown at most.
    out : ndarray, shape (2,)
        Out: greatest cost that is not inf, and 1 if some k elements leave no way; inf and 1 when
        the budget ran out.
    """
    indptr, head, tail = graph
    n_node = indptr.size - 1
    via = np.empty((k + 1, n_node), np.int32)
    dist = np.empty(n_node)
    queue = np.empty(n_node, np.int32)
    state = np.empty(n_node, np.int8)
    row = cost.copy()
    taken = np.full(k + 1, -1, np.int64)
    at = np.full(k + 1, node, np.int64)
    out[0] = 0.0
    out[1] = 0.0
    grown = 0
    level = 0
    fresh = True
    while level >= 0:
        if fresh:
            grown += 1
            if grown > budget:
                out[0] = np.inf
                out[1] = 1.0
                return
            plant(indptr, head, row, root, first_through, via[level], dist, queue, state)
            fresh = False
            if dist[node] == np.inf:
                out[1] = 1.0
                at[level] = root
            else:
                out[0] = max(out[0], dist[node])
                at[level] = node if level < k else root
        # put back what this level took last, and take the next
        if taken[level] >= 0:
            for x in range(row.size):
                if element[x] == taken[level]:
                    row[x] = cost[x]
            taken[level] = -1
        while at[level] != root:
            arc = via[level, at[level]]
            at[level] = tail[arc]
            if element[arc] >= 0:
                taken[level] = element[arc]
                break
        if taken[level] < 0:
            level -= 1
            continue
        for x in range(row.size):
            if element[x] == taken[level]:
                row[x] = np.inf
        level += 1
        fresh = True
