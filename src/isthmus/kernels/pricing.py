"""
Cheaper paths than those known, for column generation.

A search is a Dijkstra from one origin that enters no node off the way: with a floor under the cost from every node to
each destination, a node is of no use once cost so far plus floor reaches what every trip of the origin already pays.
Most trips of a network with few full arcs are settled without a step. Conventions are those of `kernels.paths`.
"""

import numpy as np
from numba import njit

from isthmus.kernels.heap import sift_down, sift_up
from isthmus.kernels.paths import read_path


@njit(cache=True, nogil=True)
def useful(node, so_far, live, n_live, floor_row, floor, limit):
    """Whether a node may lie on a path that some trip still looks for."""
    for i in range(n_live):
        t = live[i]
        if so_far + floor[floor_row[t], node] < limit[t]:
            return True
    return False


@njit(cache=True, nogil=True)
def price(
    indptr,
    head,
    tail,
    cost,
    toll,
    starts,
    klass,
    origin,
    ends,
    floor_row,
    floor,
    limit,
    first_through,
    least,
):
    """
    Find, for each trip, its least-cost path if that costs less than a limit.

    Parameters
    ----------
    indptr : ndarray of int64, shape (n_node + 1,)
    head, tail : ndarray of int32, shape (n_arc,)
    cost : ndarray of float64, shape (n_class, n_arc)
        inf is closed.
    toll : ndarray of float64, shape (n_arc,)
        Added to the cost of every class, not negative.
    starts : ndarray of int64, shape (n_group + 1,)
        Trips ``starts[g] .. starts[g + 1] - 1`` share a class and an origin.
    klass, origin : ndarray of int32, shape (n_group,)
    ends : ndarray of int32, shape (m,)
        Destinations.
    floor_row : ndarray of int64, shape (m,)
        Row of `floor` of each trip.
    floor : ndarray of float64, shape (n_floor, n_node)
        At most the cost without tolls from a node to the destination.
    limit : ndarray of float64, shape (m,)
        -inf asks for nothing.
    first_through : int
        Nodes below it begin and end paths but are never passed.
    least : ndarray of float64, shape (m,)
        Out: cost of the path found; untouched where there is none below the limit.

    Returns
    -------
    found : ndarray of int32, shape (n_path,)
        Trips with a path.
    begin : ndarray of int64, shape (n_path + 1,)
    arcs : ndarray of int32
        Arcs of path p are ``arcs[begin[p]:begin[p + 1]]``.

    References
    ----------
    .. [1] P. E. Hart, N. J. Nilsson and B. Raphael, "A formal basis for the heuristic determination of minimum cost
       paths", IEEE Transactions on Systems Science and Cybernetics 4, 1968. Differs in: the floor only prunes, the
       order is Dijkstra's, as one search serves several destinations.
    """
    n_node = indptr.size - 1
    m = ends.size
    dist = np.empty(n_node)
    via = np.empty(n_node, np.int32)
    heap = np.empty(n_node, np.int32)
    place = np.empty(n_node, np.int32)
    live = np.empty(m, np.int64)
    found = np.empty(m, np.int32)
    begin = np.zeros(m + 1, np.int64)
    arcs = np.empty(1024, np.int32)
    used = 0
    n_path = 0
    for g in range(klass.size):
        n_live = 0
        for t in range(starts[g], starts[g + 1]):
            if limit[t] > floor[floor_row[t], origin[g]]:
                live[n_live] = t
                n_live += 1
        if n_live == 0:
            continue
        k = klass[g]
        root = origin[g]
        dist[:] = np.inf
        place[:] = -1
        dist[root] = 0.0
        heap[0] = root
        place[root] = 0
        size = 1
        while size > 0 and n_live > 0:
            u = heap[0]
            size -= 1
            if size > 0:
                sift_down(heap, place, dist, heap[size], size)
            place[u] = -2
            i = 0
            while i < n_live:
                t = live[i]
                if ends[t] != u:
                    i += 1
                    continue
                least[t] = dist[u]
                arcs, used = read_path(u, root, via, tail, arcs, used)
                found[n_path] = t
                n_path += 1
                begin[n_path] = used
                n_live -= 1
                live[i] = live[n_live]
            if u < first_through and u != root:
                continue
            for arc in range(indptr[u], indptr[u + 1]):
                v = head[arc]
                at = place[v]
                if at == -2:
                    continue
                dv = dist[u] + cost[k, arc] + toll[arc]
                if dv < dist[v]:
                    if not useful(v, dv, live, n_live, floor_row, floor, limit):
                        continue
                    dist[v] = dv
                    via[v] = arc
                    if at == -1:
                        at = size
                        size += 1
                    sift_up(heap, place, dist, v, at)
                elif at >= 0 and dv == dist[v] and arc < via[v]:
                    via[v] = arc
    return found[:n_path], begin[: n_path + 1], arcs[:used]


@njit(cache=True, nogil=True)
def load(trip, starts, arcs, flow, klass, out):
    """Add the flow of every path to the arcs it takes; `out` has shape (n_class, n_arc)."""
    for p in range(trip.size):
        x = flow[p]
        if x == 0.0:
            continue
        k = klass[trip[p]]
        for i in range(starts[p], starts[p + 1]):
            out[k, arcs[i]] += x


@njit(cache=True, nogil=True)
def path_costs(trip, starts, arcs, klass, cost, out):
    """Add up the cost of every path for its class; inf where an arc is closed."""
    for p in range(trip.size):
        k = klass[trip[p]]
        total = 0.0
        for i in range(starts[p], starts[p + 1]):
            total += cost[k, arcs[i]]
        out[p] = total
