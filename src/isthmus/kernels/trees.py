"""
Least-cost trees that are kept from one iteration to the next and repaired where costs have changed.

A tree is its row of `via`: the last arc of each node's path. Labels along the old tree are valid upper bounds, so
only nodes that an arc can improve are looked at again. The graph and costs are shared and never written: trees of
different roots can be repaired at the same time.
"""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def repair(indptr, head, tail, cost, root, first_through, dist, via, queue, state, slack):
    """
    Bring a tree up to date with changed costs, or grow it if ``via[root]`` is -2.

    Labels are corrected with two queues: nodes seen before go to the first, which is served first.

    Parameters
    ----------
    cost : ndarray, shape (n_arc,)
        Not negative, inf is closed. [h]
    root, first_through : int
    dist : ndarray, shape (n_node,)
        Out: labels. [h]
    via : ndarray of int32, shape (n_node,)
        Last arc of each node's path, -1 where there is none; in and out.
    queue : ndarray of int32, shape (n_node,)
        Scratch.
    state : ndarray of int8, shape (n_node,)
        Out: 3 where the path has changed.
    slack : float
        Improvements of a label below this share of it are left. [-]

    References
    ----------
    .. [1] S. Pallottino, "Shortest-path methods: complexity, interrelations and new propositions", Networks 14, 1984.
    """
    n_node = dist.size
    fast = -1
    fast_end = -1
    slow = -1
    slow_end = -1
    keep = 1.0 - slack
    if via[root] == -2:
        dist[:] = np.inf
        via[:] = -1
        dist[root] = 0.0
        state[:] = 0
        slow = root
        slow_end = root
        queue[root] = -1
        state[root] = 1
    else:
        # labels along the old tree: climb to a labelled node, come back down
        dist[:] = -1.0
        dist[root] = 0.0
        for n in range(n_node):
            if dist[n] >= 0.0:
                continue
            top = 0
            x = n
            while dist[x] < 0.0:
                arc = via[x]
                if arc < 0:
                    dist[x] = np.inf
                    break
                queue[top] = x
                top += 1
                x = tail[arc]
            label = dist[x]
            while top > 0:
                top -= 1
                x = queue[top]
                label += cost[via[x]]
                dist[x] = label
        state[:] = 2
        for u in range(n_node):
            if u < first_through and u != root:
                continue
            du = dist[u]
            for arc in range(indptr[u], indptr[u + 1]):
                v = head[arc]
                dv = du + cost[arc]
                if dv < keep * dist[v]:
                    dist[v] = dv
                    via[v] = arc
                    if state[v] != 1:
                        state[v] = 1
                        queue[v] = -1
                        if slow >= 0:
                            queue[slow_end] = v
                        else:
                            slow = v
                        slow_end = v
    while True:
        if fast >= 0:
            u = fast
            fast = queue[u]
        elif slow >= 0:
            u = slow
            slow = queue[u]
        else:
            break
        state[u] = 3
        if u < first_through and u != root:
            continue
        du = dist[u]
        for arc in range(indptr[u], indptr[u + 1]):
            v = head[arc]
            dv = du + cost[arc]
            if dv < keep * dist[v] or via[v] == arc:  # the tree's own children follow, however little
                dist[v] = dv
                via[v] = arc
                seen = state[v]
                if seen == 1:
                    continue
                state[v] = 1
                queue[v] = -1
                if seen >= 2:
                    if fast >= 0:
                        queue[fast_end] = v
                    else:
                        fast = v
                    fast_end = v
                else:
                    if slow >= 0:
                        queue[slow_end] = v
                    else:
                        slow = v
                    slow_end = v


@njit(cache=True, nogil=True)
def grow(graph, first_through, cost, fixed, tree, destination, reach, moved, scratch, begin, end, slack):
    """
    Repair a range of trees and note the least costs of their trips.

    Parameters
    ----------
    graph : tuple
        indptr, head, tail.
    cost : ndarray, shape (n_arc,)
        [h]
    fixed : ndarray, shape (n_class, n_arc)
        Constants of each class, added to `cost`; of no rows if there is one class, whose constants are in `cost`. [h]
    tree : tuple
        root, klass (int32, shape (n_tree,)), first trip of each (int64, shape (n_tree + 1,)), via (int32, shape
        (n_tree, n_node)).
    destination : ndarray of int32, shape (m,)
    reach : ndarray, shape (m,)
        Out: least cost, inf where there is no path. [h]
    moved : ndarray of bool, shape (m,)
        Set where the path in the tree may have changed; never cleared here.
    scratch : tuple
        dist (shape (n_node,)), queue (int32), state (int8), row (shape (n_arc,)).
    begin, end : int
        Trees.
    slack : float
        As in `repair`.
    """
    indptr, head, tail = graph
    root, klass, trips_of, via = tree
    dist, queue, state, row = scratch
    for i in range(begin, end):
        if fixed.shape[0] > 0:
            k = klass[i]
            for x in range(row.size):
                row[x] = fixed[k, x] + cost[x]
            repair(indptr, head, tail, row, root[i], first_through, dist, via[i], queue, state, slack)
        else:
            repair(indptr, head, tail, cost, root[i], first_through, dist, via[i], queue, state, slack)
        for t in range(trips_of[i], trips_of[i + 1]):
            node = destination[t]
            reach[t] = dist[node]
            if state[node] == 3:
                moved[t] = True
