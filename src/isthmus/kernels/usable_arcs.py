"""
The part of a graph that a trip can use at all, exact, from one tree an origin.

A trip of perturbed utility leaves arc *a* empty whenever going over it costs more, at no flow, than the least-cost path
does if all of the trip went there (docs/model.md, 5). What is left is a few score nodes around that path.
"""

import numpy as np
from numba import njit

from isthmus.kernels.heap import pop, push

LN2 = np.log(2.0)


@njit(cache=True, nogil=True)
def cost_bound(head, cost, length, via, origin, destination):
    """
    Return what a trip bears at most on its least-cost path: its cost if all of the trip went there.

    Parameters
    ----------
    head : ndarray of int32, shape (n_arc,)
    cost : ndarray, shape (n_arc,)
        At no flow of the trip.
    length : ndarray, shape (n_arc,)
        Weight of the perturbation, mu included.
    via : ndarray of int32, shape (n_node,)
        First arc of the path from each node.
    origin, destination : int

    Returns
    -------
    float
    """
    total = 0.0
    u = origin
    while u != destination:
        a = via[u]
        total += cost[a] + LN2 * length[a]
        u = head[a]
    return total


@njit(cache=True, nogil=True)
def list_usable(
    indptr, head, cost, first_through, origin, destination, behind, bound, ahead, place, keys, queue, nodes, arcs, seen
):  # fmt: skip
    """
    List the nodes and arcs on some path from origin to destination of cost up to a bound.

    Parameters
    ----------
    indptr, head
        The graph by tail.
    cost : ndarray, shape (n_arc,)
        Above 0; inf is closed.
    first_through, origin, destination : int
    behind : ndarray, shape (n_node,)
        Least costs to the destination.
    bound : float
    ahead : ndarray, shape (n_node,)
        Scratch, inf before and after.
    place : ndarray of int32, shape (n_node,)
        -1 before; out: number of each node that is listed.
    keys, queue, seen
        Scratch.
    nodes : ndarray of int32
        Out: the nodes by cost from the origin.
    arcs : ndarray of int32
        Out.

    Returns
    -------
    n_node, n_arc : int
    """
    n_seen = 1
    seen[0] = origin
    ahead[origin] = 0.0
    size = push(keys, queue, 0, 0.0, origin)
    n = 0
    while size > 0:
        key, v, size = pop(keys, queue, size)
        if place[v] >= 0 or key > ahead[v]:
            continue
        place[v] = n
        nodes[n] = v
        n += 1
        if v == destination:
            continue
        for a in range(indptr[v], indptr[v + 1]):
            u = head[a]
            if place[u] >= 0 or (u < first_through and u != destination):
                continue
            to = key + cost[a]
            if to < ahead[u] and to + behind[u] <= bound:
                if ahead[u] == np.inf:
                    seen[n_seen] = u
                    n_seen += 1
                ahead[u] = to
                size = push(keys, queue, size, to, u)
    m = 0
    for i in range(n):
        v = nodes[i]
        if v == destination:
            continue
        for a in range(indptr[v], indptr[v + 1]):
            u = head[a]
            if u in (origin, v) or place[u] < 0:
                continue
            if ahead[v] + cost[a] + behind[u] <= bound:
                arcs[m] = a
                m += 1
    for i in range(n_seen):
        ahead[seen[i]] = np.inf
    return n, m
