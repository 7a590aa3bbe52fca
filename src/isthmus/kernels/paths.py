"""
Shortest-path trees on CSR arrays, and loading along them.

One Dijkstra serves both directions: `adj[indptr[u]:indptr[u + 1]]` lists the arcs that leave `u` (or enter it, for a
reverse tree) and `far[arc]` is the node at their other end. Costs are not negative; inf means closed. Ties go to the
lower arc index. The graph is shared and never written; scratch belongs to the caller.
"""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def copy(source, begin, n, target, at):
    """Copy `n` entries. A loop, as slices compile ten times longer."""
    for i in range(n):
        target[at + i] = source[begin + i]


@njit(cache=True, nogil=True)
def flip(array, begin, end):
    """Turn a part of an array round, in place."""
    last = end - 1
    while begin < last:
        swap = array[begin]
        array[begin] = array[last]
        array[last] = swap
        begin += 1
        last -= 1


@njit(cache=True, nogil=True)
def grown(array, used, size):
    """Return a larger array of int32 that begins with the used part of another."""
    out = np.empty(size, np.int32)
    copy(array, 0, used, out, 0)
    return out


@njit(cache=True, nogil=True)
def read_path(node, root, via, tail, arcs, used):
    """Add the arcs of a tree's path to a node to a list; return the list, which may have grown, and how much is used."""
    begin = used
    while node != root:
        if used == arcs.size:
            arcs = grown(arcs, used, 2 * used)
        arcs[used] = via[node]
        used += 1
        node = tail[via[node]]
    flip(arcs, begin, used)
    return arcs, used


@njit(cache=True, nogil=True)
def tree(indptr, adj, far, cost, root, first_through, dist, via, order, heap, place):
    """
    Grow the tree of least-cost paths from (or to) one node by Dijkstra with an indexed binary heap.

    Nodes below `first_through` begin and end paths but are never passed.

    Parameters
    ----------
    indptr : ndarray of int64, shape (n_node + 1,)
    adj : ndarray of int32, shape (n_arc,)
        Arc ids by node.
    far : ndarray of int32, shape (n_arc,)
        Node at the other end, by arc id.
    cost : ndarray of float64, shape (n_arc,)
    root, first_through : int
    dist : ndarray of float64, shape (n_node,)
        Out: cost, inf where not reached.
    via : ndarray of int32, shape (n_node,)
        Out: the arc by which the node is reached, -1 at the root and where not reached.
    order : ndarray of int32, shape (n_node,)
        Out: nodes as they were settled.
    heap, place : ndarray of int32, shape (n_node,)
        Scratch.

    Returns
    -------
    int
        Number of nodes reached.

    References
    ----------
    .. [1] E. W. Dijkstra, "A note on two problems in connexion with graphs", Numerische Mathematik 1, 1959, problem 2.
    """
    # the heap of `kernels.heap`, written out: as calls it takes a tenth longer
    dist[:] = np.inf
    via[:] = -1
    place[:] = -1  # -1 not seen, -2 settled, else the position in the heap
    dist[root] = 0.0
    heap[0] = root
    place[root] = 0
    size = 1
    n = 0
    while size > 0:
        u = heap[0]
        size -= 1
        if size > 0:
            last = heap[size]
            key = dist[last]
            i = 0
            while True:
                child = 2 * i + 1
                if child >= size:
                    break
                if child + 1 < size and dist[heap[child + 1]] < dist[heap[child]]:
                    child += 1
                if dist[heap[child]] >= key:
                    break
                heap[i] = heap[child]
                place[heap[i]] = i
                i = child
            heap[i] = last
            place[last] = i
        place[u] = -2
        order[n] = u
        n += 1
        if u < first_through and u != root:
            continue
        du = dist[u]
        for j in range(indptr[u], indptr[u + 1]):
            arc = adj[j]
            v = far[arc]
            i = place[v]
            if i == -2:
                continue
            dv = du + cost[arc]
            if dv < dist[v]:
                dist[v] = dv
                via[v] = arc
                if i == -1:
                    i = size
                    size += 1
                while i > 0:
                    parent = (i - 1) // 2
                    if dist[heap[parent]] <= dv:
                        break
                    heap[i] = heap[parent]
                    place[heap[i]] = i
                    i = parent
                heap[i] = v
                place[v] = i
            elif i >= 0 and dv == dist[v] and arc < via[v]:
                via[v] = arc
    return n


@njit(cache=True, nogil=True)
def trees(indptr, adj, far, cost, roots, first_through, dist, via, order, count):
    """
    Grow a tree for each root; row i of the outputs belongs to ``roots[i]``. See `tree`.

    Parameters
    ----------
    roots : ndarray of int32, shape (n_root,)
    dist, via, order : ndarray, shape (n_root, n_node)
    count : ndarray of int64, shape (n_root,)
        Out: nodes reached from each root.
    """
    n_node = indptr.size - 1
    heap = np.empty(n_node, np.int32)
    place = np.empty(n_node, np.int32)
    for i in range(roots.size):
        count[i] = tree(
            indptr, adj, far, cost, roots[i], first_through, dist[i], via[i], order[i], heap, place
        )


@njit(cache=True, nogil=True)
def skim(indptr, adj, head, tail, cost, attribute, roots, targets, first_through, dist, total):
    """
    Add up attributes along least-cost paths from each root to each target.

    Parameters
    ----------
    attribute : ndarray of float64, shape (n_attribute, n_arc)
    roots, targets : ndarray of int32, shape (n_root,), (n_target,)
    dist : ndarray of float64, shape (n_root, n_target)
        Out: least cost, inf where there is no path.
    total : ndarray of float64, shape (n_attribute, n_root, n_target)
        Out: attribute along the path, nan where there is none.
    """
    n_node = indptr.size - 1
    d = np.empty(n_node)
    via = np.empty(n_node, np.int32)
    order = np.empty(n_node, np.int32)
    heap = np.empty(n_node, np.int32)
    place = np.empty(n_node, np.int32)
    along = np.empty(n_node)
    for i in range(roots.size):
        n = tree(indptr, adj, head, cost, roots[i], first_through, d, via, order, heap, place)
        for j in range(targets.size):
            dist[i, j] = d[targets[j]]
        for k in range(attribute.shape[0]):
            along[:] = np.nan
            along[roots[i]] = 0.0
            for m in range(1, n):
                arc = via[order[m]]
                along[order[m]] = along[tail[arc]] + attribute[k, arc]
            for j in range(targets.size):
                total[k, i, j] = along[targets[j]]


@njit(cache=True, nogil=True)
def load_trees(indptr, adj, head, tail, cost, origin, destination, flow, first_through, keep, out):
    """
    Load trips on least-cost paths, one tree an origin.

    A trip whose ends coincide has a path of no arcs. A trip that cannot be served loads nothing.

    Parameters
    ----------
    origin, destination : ndarray of int32, shape (m,)
        Sorted by origin.
    flow : ndarray of float64, shape (m,)
    keep : bool
        Whether to return the paths.
    out : ndarray of float64, shape (n_arc,)
        Flow is added to it.

    Returns
    -------
    served : ndarray of bool, shape (m,)
    indptr : ndarray of int64, shape (m + 1,)
        Where each trip's arcs begin; all zero if not `keep`.
    arcs : ndarray of int32
    total : float
        Sum of flow times cost.
    """
    n_node = indptr.size - 1
    m = origin.size
    dist = np.empty(n_node)
    via = np.empty(n_node, np.int32)
    order = np.empty(n_node, np.int32)
    heap = np.empty(n_node, np.int32)
    place = np.empty(n_node, np.int32)
    through = np.zeros(n_node)
    served = np.zeros(m, np.bool_)
    starts = np.zeros(m + 1, np.int64)
    arcs = np.empty(max(16 * m, 16) if keep else 1, np.int32)
    used = 0
    total = 0.0
    first = 0
    while first < m:
        root = origin[first]
        n = tree(indptr, adj, head, cost, root, first_through, dist, via, order, heap, place)
        t = first
        while t < m and origin[t] == root:
            node = destination[t]
            if dist[node] < np.inf:
                served[t] = True
                total += flow[t] * dist[node]
                through[node] += flow[t]
                if keep:
                    arcs, used = read_path(node, root, via, tail, arcs, used)
            starts[t + 1] = used
            t += 1
        for i in range(n - 1, 0, -1):
            node = order[i]
            if through[node] > 0.0:
                out[via[node]] += through[node]
                through[tail[via[node]]] += through[node]
                through[node] = 0.0
        through[root] = 0.0
        first = t
    return served, starts, arcs[:used], total
