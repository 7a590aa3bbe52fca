"""
Least-cost trees that are kept from one iteration to the next and repaired where costs have changed.

A tree is a row of `via`, the last arc of each node's path, and a row of `order`, its nodes such that each comes after
the one before it on its path. Labels along the old tree are valid upper bounds, so only nodes that an arc can improve
are looked at again. The graph and costs are shared and never written: trees of different roots can be repaired at the
same time.
"""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def sort_tree(root, tail, via, order, queue, state):
    """
    Order the nodes of a tree from the root on.

    Parameters
    ----------
    root : int
    tail : ndarray of int32, shape (n_arc,)
    via : ndarray of int32, shape (n_node,)
        Last arc of each node's path, -1 where there is none.
    order : ndarray of int32, shape (n_node,)
        Out.
    queue : ndarray of int32, shape (n_node,)
        Scratch.
    state : ndarray of int8, shape (n_node,)
        Scratch.

    Returns
    -------
    int
        Number of nodes in the tree.
    """
    state[:] = 0
    order[0] = root
    state[root] = 1
    n = 1
    for node in range(via.size):
        top = 0
        x = node
        while state[x] == 0 and via[x] >= 0:
            queue[top] = x
            top += 1
            state[x] = 1
            x = tail[via[x]]
        while top > 0:
            top -= 1
            order[n] = queue[top]
            n += 1
    return n


@njit(cache=True, nogil=True)
def plant(indptr, head, cost, root, first_through, via, dist, queue, state):
    """
    Grow a tree where there is none.

    Labels are corrected with two queues: nodes seen before go to the first, which is served first.

    Parameters
    ----------
    indptr, head
        The graph.
    cost : ndarray, shape (n_arc,)
        Not negative, inf is closed. [h]
    root, first_through : int
    via : ndarray of int32, shape (n_node,)
        Out: last arc of each node's path, -1 where there is none.
    dist : ndarray, shape (n_node,)
        Out: labels, inf where there is no path. [h]
    queue : ndarray of int32, shape (n_node,)
        Scratch.
    state : ndarray of int8, shape (n_node,)
        Scratch.

    References
    ----------
    .. [1] S. Pallottino, "Shortest-path methods: complexity, interrelations and new propositions", Networks 14, 1984.
    """
    dist[:] = np.inf
    via[:] = -1
    state[:] = 0
    dist[root] = 0.0
    state[root] = 1
    queue[root] = -1
    fast = -1
    fast_end = -1
    slow = root
    slow_end = root
    while True:
        if fast >= 0:
            u = fast
            fast = queue[u]
        elif slow >= 0:
            u = slow
            slow = queue[u]
        else:
            break
        state[u] = 2
        if u < first_through and u != root:
            continue
        du = dist[u]
        for arc in range(indptr[u], indptr[u + 1]):
            v = head[arc]
            dv = du + cost[arc]
            if dv < dist[v]:
                dist[v] = dv
                via[v] = arc
                seen = state[v]
                if seen == 1:
                    continue
                state[v] = 1
                queue[v] = -1
                if seen == 2:
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
def plant_all(indptr, head, cost, roots, first_through, via, dist):
    """
    Grow a tree from each root; row i of the outputs belongs to ``roots[i]``. See `plant`.

    Parameters
    ----------
    roots : ndarray of int32, shape (n_root,)
    via, dist : ndarray, shape (n_root, n_node)
    """
    n_node = indptr.size - 1
    queue = np.empty(n_node, np.int32)
    state = np.empty(n_node, np.int8)
    for i in range(roots.size):
        plant(indptr, head, cost, roots[i], first_through, via[i], dist[i], queue, state)


@njit(cache=True, nogil=True)
def plant_classes(indptr, head, cost, klass, roots, first_through, begin, end, via, dist):
    """
    Grow some trees of several classes: ``roots[i]`` at the costs of class ``klass[i]``. See `plant`.

    Parameters
    ----------
    cost : ndarray, shape (n_class, n_arc)
    klass, roots : ndarray of int32, shape (n_tree,)
    begin, end : int
        The trees.
    via, dist : ndarray, shape (n_tree, n_node)
    """
    n_node = indptr.size - 1
    queue = np.empty(n_node, np.int32)
    state = np.empty(n_node, np.int8)
    for i in range(begin, end):
        plant(indptr, head, cost[klass[i]], roots[i], first_through, via[i], dist[i], queue, state)


@njit(cache=True, nogil=True)
def repair(
    indptr, head, tail, cost, root, first_through, via, order, size, dist, queue, state, log, slack
):
    """
    Bring a tree up to date with changed costs, or grow it if `size` is 0.

    Labels are corrected as in `plant`.

    Parameters
    ----------
    indptr, head, tail
        The graph.
    cost : ndarray, shape (n_arc,)
        Not negative, inf is closed. [h]
    root, first_through : int
    via, order : ndarray of int32, shape (n_node,)
        The tree, in and out.
    size : int
        Nodes in the tree.
    dist : ndarray, shape (n_node,)
        Out: labels, inf where there is no path. [h]
    queue : ndarray of int32, shape (n_node,)
        Scratch.
    state : ndarray of int8, shape (n_node,)
        Out: above 2 where the path has changed.
    log : ndarray of int32
        Scratch: nodes as they are served.
    slack : float
        Improvements of a label below this share of it are left. [-]

    Returns
    -------
    int
        Nodes in the tree.
    """
    fast = -1
    fast_end = -1
    slow = -1
    slow_end = -1
    keep = 1.0 - slack
    if size == 0:
        plant(indptr, head, cost, root, first_through, via, dist, queue, state)
        size = sort_tree(root, tail, via, order, queue, state)
        state[:] = 3
        return size
    dist[:] = np.inf
    dist[root] = 0.0
    for i in range(1, size):
        x = order[i]
        arc = via[x]
        dist[x] = dist[tail[arc]] + cost[arc]
    state[:] = 2
    first = indptr[min(first_through, dist.size)]
    for part in range(2):
        begin = first if part == 0 else indptr[root]
        end = head.size if part == 0 else indptr[root + 1]
        if part == 1 and root >= first_through:
            break
        for arc in range(begin, end):
            dv = dist[tail[arc]] + cost[arc]
            v = head[arc]
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
    served = 0
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
        if served < log.size:
            log[served] = u
        served += 1
        if u < first_through and u != root:
            continue
        du = dist[u]
        for arc in range(indptr[u], indptr[u + 1]):
            v = head[arc]
            dv = du + cost[arc]
            if (
                dv < keep * dist[v] or via[v] == arc
            ):  # the tree's own children follow, however little
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
    if served == 0:
        return size
    if served > log.size:
        size = sort_tree(root, tail, via, order, queue, state)
        state[:] = 3
        return size
    # nodes served go behind the others, in the order they were served last
    n = 0
    for i in range(size):
        x = order[i]
        if state[x] != 3:
            order[n] = x
            n += 1
    at = size
    for i in range(served - 1, -1, -1):
        x = log[i]
        if state[x] == 3:
            state[x] = 4
            at -= 1
            order[at] = x
    return size
