"""
What the removal of each element does to all trips, from one set of least-cost trees.

A removal changes the path of a node only if the node hangs, in the tree, on an arc of the element. So every tree is
grown once, its nodes are laid out such that what hangs on an arc is one stretch, and for each element only those
stretches are labelled anew: from arcs that enter them from outside, then among themselves. Labels add up along a path
from the root, as in a fresh search: the two agree to the bit.
"""

import numpy as np
from numba import njit

from isthmus.kernels.trees import plant


@njit(cache=True, nogil=True)
def lay_out(root, tail, via, child, sibling, order, end):
    """
    Lay out the nodes of a tree such that what hangs on a node is one stretch.

    Parameters
    ----------
    root : int
    tail : ndarray of int32, shape (n_arc,)
    via : ndarray of int32, shape (n_node,)
        Last arc of each node's path, -1 where there is none.
    child, sibling : ndarray of int32, shape (n_node,)
        Scratch.
    order : ndarray of int32, shape (n_node,)
        Out: the nodes reached, the root first.
    end : ndarray of int32, shape (n_node,)
        Out: for the i-th of `order`, where the stretch that begins at i ends.

    Returns
    -------
    int
        Nodes reached.
    """
    child[:] = -1
    for v in range(via.size - 1, -1, -1):
        if via[v] >= 0:
            u = tail[via[v]]
            sibling[v] = child[u]
            child[u] = v
    at = np.empty(via.size, np.int32)
    n = 1
    order[0] = root
    at[root] = 0
    u = root
    while True:
        v = child[u]
        if v >= 0:
            child[u] = sibling[v]
            at[v] = n
            order[n] = v
            n += 1
            u = v
            continue
        end[at[u]] = n
        if u == root:
            return n
        u = tail[via[u]]


@njit(cache=True, nogil=True)
def _relabel(
    graph, cost, first_through, root, gone, element, dist, part, mark, stamp, new, queue, waits
):
    """
    Label the nodes in ``part`` (those whose `stamp` is `mark`) without the arcs of an element.

    Labels of other nodes stand. `new` is written at the nodes of `part`; inf where nothing is left.
    """
    indptr, head, tail, back_ptr, back = graph
    n = part.size
    size = queue.size
    first = 0
    count = 0
    for i in range(n):
        v = part[i]
        best = np.inf
        for j in range(back_ptr[v], back_ptr[v + 1]):
            arc = back[j]
            u = tail[arc]
            if stamp[u] == mark or element[arc] == gone or (u < first_through and u != root):
                continue
            there = dist[u] + cost[arc]
            if there < best:
                best = there
        new[v] = best
        waits[v] = False
        if best < np.inf:
            queue[count] = v
            count += 1
            waits[v] = True
    while count > 0:
        u = queue[first]
        first += 1
        if first == size:
            first = 0
        count -= 1
        waits[u] = False
        if u < first_through and u != root:
            continue
        here = new[u]
        for arc in range(indptr[u], indptr[u + 1]):
            v = head[arc]
            if stamp[v] != mark or element[arc] == gone:
                continue
            there = here + cost[arc]
            if there < new[v]:
                new[v] = there
                if not waits[v]:
                    waits[v] = True
                    at = first + count
                    if at >= size:
                        at -= size
                    queue[at] = v
                    count += 1


@njit(cache=True, nogil=True)
def scan(graph, cost, first_through, roots, klass, trips, element, skip, most, need, out, total):
    """
    Load all trips on least-cost paths, then without each element in turn.

    Parameters
    ----------
    graph : tuple
        indptr, head, tail, and the arcs by head: pointers and arcs.
    cost : ndarray, shape (n_class, n_arc)
        Not negative, inf is closed.
    first_through : int
    roots, klass : ndarray of int32, shape (n_root,)
        Where trips begin, and their class.
    trips : tuple
        first trip of each root (int64, shape (n_root + 1,)), node (int32), flow and cost on the intact network of
        each trip. Trips that the intact network does not serve are not among them.
    element : ndarray of int32, shape (n_arc,)
        Element of each arc, -1 where it is in none.
    skip : ndarray of bool, shape (n_element,)
        Elements that are not removed.
    most : ndarray, shape (n_trip, 2)
        What the loss of its path can cost each trip at most: cost in all, and a share of its flow.
    need : tuple of 2 floats
        Elements are removed if they may add at least this much to the cost, or leave at least this much unserved.
    out : ndarray, shape (5, n_element)
        Out: added cost of those still served, unserved flow, bounds of both, and 1 where the element was removed.
        All beside the network at `cost`; cost added is against the intact network.
    total : ndarray, shape (3,)
        Out: added cost, unserved flow, and cost of all that is served.
    """
    indptr, head, tail, _, _ = graph
    first, node, flow, intact = trips
    n_root = roots.size
    n_node = indptr.size - 1
    n_element = skip.size
    via = np.empty((n_root, n_node), np.int32)
    dist = np.empty((n_root, n_node))
    order = np.empty((n_root, n_node), np.int32)
    end = np.empty((n_root, n_node), np.int32)
    reached = np.empty(n_root, np.int64)
    queue = np.empty(n_node, np.int32)
    state = np.empty(n_node, np.int8)
    child = np.empty(n_node, np.int32)
    stamp = np.full(n_node, -1, np.int64)
    weight = np.zeros(n_node)
    was = np.zeros(n_node)
    room = np.zeros((n_node, 2))
    new = np.empty(n_node)
    waits = np.zeros(n_node, np.bool_)
    part = np.empty(n_node, np.int32)
    many = np.empty(n_element + 1, np.int64)
    places = np.empty(n_node, np.int32)
    sums = np.empty((n_node + 1, 3))
    out[:] = 0.0
    total[:] = 0.0
    for stage in range(2):
        for r in range(n_root):
            root, price = roots[r], cost[klass[r]]
            if stage == 0:
                plant(indptr, head, price, root, first_through, via[r], dist[r], queue, state)
                reached[r] = lay_out(root, tail, via[r], child, queue, order[r], end[r])
            weight[:] = 0.0
            for t in range(first[r], first[r + 1]):
                v = node[t]
                there = dist[r, v]
                if stage == 0:
                    if there < np.inf:
                        total[0] += flow[t] * (there - intact[t])
                        total[2] += flow[t] * there
                    else:
                        total[1] += flow[t]
                if there < np.inf:
                    weight[v] = flow[t]
                    was[v] = intact[t]
                    room[v, 0] = max(most[t, 0] - there, 0.0) * flow[t]
                    room[v, 1] = most[t, 1] * flow[t]
            # what each stretch of the tree holds
            n = reached[r]
            sums[0] = 0.0
            for i in range(n):
                v = order[r, i]
                held = weight[v] > 0.0
                sums[i + 1, 0] = sums[i, 0] + weight[v]
                sums[i + 1, 1] = sums[i, 1] + (room[v, 0] if held else 0.0)
                sums[i + 1, 2] = sums[i, 2] + (room[v, 1] if held else 0.0)
            # places in the tree where arcs of each element lie, element by element
            many[:] = 0
            for i in range(1, n):
                e = element[via[r, order[r, i]]]
                if e >= 0 and not skip[e]:
                    many[e + 1] += 1
            for e in range(n_element):
                many[e + 1] += many[e]
            for i in range(1, n):
                e = element[via[r, order[r, i]]]
                if e >= 0 and not skip[e]:
                    places[many[e]] = i
                    many[e] += 1
            begin = 0
            for e in range(n_element):
                stop = many[e]
                if stop == begin:
                    continue
                if stage == 0:
                    last = 0
                    for j in range(begin, stop):
                        i = places[j]
                        if i >= last:
                            last = end[r, i]
                            out[2, e] += sums[last, 1] - sums[i, 1]
                            out[3, e] += sums[last, 2] - sums[i, 2]
                elif out[4, e] > 0.0:
                    held = False
                    for j in range(begin, stop):
                        i = places[j]
                        held = held or sums[end[r, i], 0] > sums[i, 0]
                    if not held:
                        begin = stop
                        continue
                    # also what holds no trip is labelled anew: others may have to pass it
                    mark = r * n_element + e
                    size = 0
                    last = 0
                    for j in range(begin, stop):
                        i = places[j]
                        if i >= last:
                            last = end[r, i]
                            for x in range(i, last):
                                v = order[r, x]
                                stamp[v] = mark
                                part[size] = v
                                size += 1
                    _relabel(
                        graph, price, first_through, root, e, element, dist[r], part[:size], mark,
                        stamp, new, queue, waits,
                    )  # fmt: skip
                    for x in range(size):
                        v = part[x]
                        if weight[v] > 0.0:
                            if new[v] < np.inf:
                                out[0, e] += weight[v] * (new[v] - dist[r, v])
                            else:
                                out[0, e] -= weight[v] * (dist[r, v] - was[v])
                                out[1, e] += weight[v]
                begin = stop
        if stage == 0:
            for e in range(n_element):
                may = total[0] + out[2, e] >= need[0] or total[1] + out[3, e] >= need[1]
                out[4, e] = 1.0 if may and not skip[e] else 0.0
