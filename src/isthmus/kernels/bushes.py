"""
Bushes: for every tree the arcs of all its least-cost routes.

A bush is an acyclic part of the graph that leads from a root to its destinations. Its nodes are kept in an order in
which every arc goes forward, so that one sweep answers what all of its paths together weigh or carry, however many
they are. All bushes lie one after the other in the same arrays: a *place* is a node of a bush, an *entry* one of its
arcs, filed under the place it leads to. The first place of a bush is its root.
"""

import numpy as np
from numba import njit

from isthmus.kernels.trees import repair


@njit(cache=True, nogil=True)
def rank_nodes(order, size, dist, rank, by_rank):
    """
    Rank the nodes of a tree by label, and by the order of the tree among equal ones.

    Parameters
    ----------
    order : ndarray of int32, shape (n_node,)
        Nodes of the tree, each after the one before it on its path.
    size : int
    dist : ndarray, shape (n_node,)
        Labels. [h]
    rank, by_rank : ndarray of int32, shape (n_node,)
        Out: rank of each node, -1 outside of the tree; nodes by rank.
    """
    rank[:] = -1
    labels = np.empty(size)
    for i in range(size):
        labels[i] = dist[order[i]]
    sorting = np.argsort(labels, kind="mergesort")
    for i in range(size):
        x = order[sorting[i]]
        by_rank[i] = x
        rank[x] = i


@njit(cache=True, nogil=True)
def rank_ties(indptr, head, cost, dist, size, rank, by_rank, before, ready):
    """
    Rank nodes of one label so that free arcs between them lead forward, as far as they can.

    Free arcs in a circle cannot all: then the order of before decides which do.

    Parameters
    ----------
    indptr, head : ndarray
        The graph.
    cost : ndarray, shape (n_arc,)
        [h]
    dist : ndarray, shape (n_node,)
        Labels. [h]
    size : int
        Nodes in the tree.
    rank, by_rank : ndarray of int32, shape (n_node,)
        As `rank_nodes` gave them; in and out.
    before, ready : ndarray of int32, shape (n_node,)
        Scratch.
    """
    begin = 0
    while begin < size:
        label = dist[by_rank[begin]]
        little = 1e-12 * label
        end = begin + 1
        while end < size and dist[by_rank[end]] - label <= little:
            end += 1
        if end > begin + 1:
            for i in range(begin, end):
                before[by_rank[i]] = 0
            for i in range(begin, end):
                u = by_rank[i]
                for a in range(indptr[u], indptr[u + 1]):
                    v = head[a]
                    if cost[a] <= little and begin <= rank[v] < end and v != u:
                        before[v] += 1
            # the first in the old order of those that nothing left leads to, then the next
            n = begin
            while n < end:
                pick = -1
                for i in range(begin, end):
                    u = by_rank[i]
                    if before[u] == 0:
                        pick = u
                        break
                    if pick < 0 and before[u] > 0:
                        pick = u
                before[pick] = -1
                ready[n] = pick
                n += 1
                for a in range(indptr[pick], indptr[pick + 1]):
                    v = head[a]
                    if cost[a] <= little and begin <= rank[v] < end and before[v] > 0:
                        before[v] -= 1
            for i in range(begin, end):
                by_rank[i] = ready[i]
            for i in range(begin, end):
                rank[by_rank[i]] = i
        begin = end


@njit(cache=True, nogil=True)
def add_own(graph, first_through, root, begin, end, path, rank, own, wanted, held, touched):
    """
    Add up what the solution's paths carry in one tree; hold those that do not lead forward.

    Parameters
    ----------
    graph : tuple
        indptr, head, tail.
    first_through, root : int
    begin, end : int
        Paths of the tree.
    path : tuple
        destination (int32), indptr (int64), arcs (int32), flow [t/yr].
    rank : ndarray of int32, shape (n_node,)
    own : ndarray, shape (n_arc,)
        Out, zero before: flow. [t/yr]
    wanted : ndarray, shape (n_node,)
        Out, zero before: flow that ends there. [t/yr]
    held : ndarray of bool, shape (n_path,)
        Out.
    touched : ndarray of int32, shape (n_arc,)
        Out: arcs that are used.

    Returns
    -------
    int
        Number of arcs that are used.
    """
    _, head, tail = graph
    destination, indptr, arcs, flow = path
    n = 0
    for p in range(begin, end):
        held[p] = False
        for j in range(indptr[p], indptr[p + 1]):
            u, v = tail[arcs[j]], head[arcs[j]]
            passed = u >= first_through or u == root
            if not passed or rank[u] < 0 or rank[u] >= rank[v]:
                held[p] = True
        if held[p]:
            continue
        wanted[destination[p]] += flow[p]
        for j in range(indptr[p], indptr[p + 1]):
            if own[arcs[j]] == 0.0:
                touched[n] = arcs[j]
                n += 1
            own[arcs[j]] += flow[p]
    return n


@njit(cache=True, nogil=True)
def mark_choices(first, tail_place, live, begin, end, above, limit):
    """
    Mark the entries of one bush about which some trip has a choice: between a merge and its dominator.

    The dominator of a place is the last one before it that all ways to it pass.

    Parameters
    ----------
    first : ndarray of int64
        First entry of each place.
    tail_place : ndarray of int64
    live : ndarray of bool
        Out.
    begin, end : int
        Places of the bush.
    above, limit : ndarray of int64, shape (n_node,)
        Scratch.

    References
    ----------
    .. [1] K. D. Cooper, T. J. Harvey and K. Kennedy, "A simple, fast dominance algorithm", Rice University, 2001.
    """
    above[0] = 0
    limit[0] = 0
    for i in range(1, end - begin):
        e = first[begin + i]
        a = tail_place[e] - begin
        for f in range(e + 1, first[begin + i + 1]):
            b = tail_place[f] - begin
            while a != b:
                if a > b:
                    a = above[a]
                else:
                    b = above[b]
        above[i] = a
        limit[i] = a if first[begin + i + 1] - e > 1 else i
    for i in range(end - begin - 1, 0, -1):
        choice = limit[i] < i
        for e in range(first[begin + i], first[begin + i + 1]):
            live[e] = choice
            if choice:
                u = tail_place[e] - begin
                limit[u] = min(limit[u], limit[i])


@njit(cache=True, nogil=True)
def write_bush(
    graph, inward, first_through, root, row, dist, slack, by_rank, rank, size, own, wanted, total,
    shut, place_of, keep, node, entry, n_place, n_entry,
):  # fmt: skip
    """
    Write the places and entries of one bush.

    Parameters
    ----------
    graph, inward : tuple
        indptr, head, tail; and indptr and arcs by head.
    first_through, root : int
    row : ndarray, shape (n_arc,)
        Costs of the class. [h]
    dist : ndarray, shape (n_node,)
        [h]
    slack : float
        What an arc may cost above the least-cost way to its head. [h]
    by_rank, rank : ndarray of int32, shape (n_node,)
    size : int
        Nodes in the tree.
    own, wanted : ndarray
        As of `add_own`; wanted is overwritten.
    total : ndarray, shape (n_arc,)
        Flow of all trees: an arc without it is in no bush. [t/yr]
    shut : ndarray of bool, shape (n_arc,)
        Arcs in the bushes alone that use them.
    place_of : ndarray of int64, shape (n_node,)
        Scratch.
    keep : ndarray of bool, shape (n_arc,)
        Scratch, False before and after.
    node, entry : tuple
        Out: see `build`.
    n_place, n_entry : int
        Places and entries written already.

    Returns
    -------
    n_place, n_entry : int
    """
    tail = graph[2]
    in_ptr, in_arc = inward
    first, node_at, demand = node
    arc_of, tail_place, carried, live = entry
    place_of[:] = -1
    for i in range(size - 1, 0, -1):
        v = by_rank[i]
        if wanted[v] == 0.0 and place_of[v] != -2:
            continue
        place_of[v] = -2
        for j in range(in_ptr[v], in_ptr[v + 1]):
            a = in_arc[j]
            u = tail[a]
            if rank[u] < 0 or rank[u] >= i or (u < first_through and u != root):
                continue
            near = total[a] > 0.0 and not shut[a] and dist[u] + row[a] - dist[v] <= slack
            if near or own[a] > 0.0:
                keep[a] = True
                place_of[u] = -2
    begin = n_place
    for i in range(size):
        v = by_rank[i]
        if place_of[v] != -2 and i > 0:
            continue
        begin_entry = n_entry
        for j in range(in_ptr[v], in_ptr[v + 1]):
            a = in_arc[j]
            if keep[a] and place_of[tail[a]] >= 0:
                arc_of[n_entry] = a
                tail_place[n_entry] = place_of[tail[a]]
                carried[n_entry] = own[a]
                live[n_entry] = False
                n_entry += 1
            keep[a] = False
        if n_entry > begin_entry or n_place == begin:
            place_of[v] = n_place
            first[n_place] = begin_entry
            node_at[n_place] = v
            demand[n_place] = wanted[v]
            n_place += 1
    first[n_place] = n_entry
    return n_place, n_entry


@njit(cache=True, nogil=True)
def build(
    graph, inward, first_through, cost, fixed, root, klass, path_of, path, tolerance, total, shut,
    held, trips_of, destination, place_of_trip, start, places_of, node, entry,
):  # fmt: skip
    """
    Write the bush of every tree from `start` on, until there is no more room.

    An arc is in the bush of a tree if the solution's own paths there use it; or if it carries flow, is not shut, costs
    no more than the tolerance above the least-cost way to its head, and leads forward. Own paths that do not lead
    forward are held: none of their arcs and flow enter.

    Parameters
    ----------
    graph, inward : tuple
        indptr, head, tail; and indptr and arcs by head.
    first_through : int
    cost : ndarray, shape (n_arc,)
        [h]
    fixed : ndarray, shape (n_class, n_arc)
        Added to `cost`; of no rows if there is one class, whose constants are in `cost`. [h]
    root, klass : ndarray of int32, shape (n_tree,)
    path_of : ndarray of int64, shape (n_tree + 1,)
        First path of each tree.
    path : tuple
        destination (int32), indptr (int64), arcs (int32), flow [t/yr].
    tolerance : float
        Share of the longest label asked for in the tree. [-]
    total : ndarray, shape (n_arc,)
        [t/yr]
    shut : ndarray of bool, shape (n_arc,)
    held : ndarray of bool, shape (n_path,)
        Out.
    trips_of : ndarray of int64, shape (n_tree + 1,)
        First trip of each tree.
    destination : ndarray of int32, shape (m,)
    place_of_trip : ndarray of int64, shape (m,)
        Out: place of each trip's destination, -1 where the bush does not reach it.
    start : int
        First tree to write.
    places_of : ndarray of int64, shape (n_tree + 1,)
        Out: first place of each tree; of `start` it is read.
    node : tuple
        Out, by place: first entry (int64, one longer), node (int32), own flow that ends there [t/yr].
    entry : tuple
        Out: arc (int32), place of its tail (int64), own flow [t/yr], live (bool): some trip has a choice about it.

    Returns
    -------
    int
        The tree for which there was no room, or the number of trees.
    """
    n_node, n_arc = graph[0].size - 1, cost.size
    dist, row = np.empty(n_node), np.empty(n_arc)
    via, order = np.empty(n_node, np.int32), np.empty(n_node, np.int32)
    queue, state = np.empty(n_node, np.int32), np.empty(n_node, np.int8)
    log, touched = np.empty(n_node, np.int32), np.empty(n_arc, np.int32)
    rank, by_rank = np.empty(n_node, np.int32), np.empty(n_node, np.int32)
    own, wanted = np.zeros(n_arc), np.zeros(n_node)
    keep = np.zeros(n_arc, np.bool_)
    place_of, above = np.empty(n_node, np.int64), np.empty(n_node, np.int64)
    limit = np.empty(n_node, np.int64)
    n_place = places_of[start]
    n_entry = node[0][n_place]
    for t in range(start, root.size):
        if n_place + n_node > node[1].size or n_entry + n_arc > entry[0].size:
            return t
        for a in range(n_arc):
            row[a] = fixed[klass[t], a] + cost[a] if fixed.shape[0] > 0 else cost[a]
        size = repair(
            graph[0], graph[1], graph[2], row, root[t], first_through, via, order, 0, dist, queue,
            state, log, 0.0,
        )  # fmt: skip
        rank_nodes(order, size, dist, rank, by_rank)
        rank_ties(graph[0], graph[1], row, dist, size, rank, by_rank, queue, log)
        wanted[:] = 0.0
        n = add_own(
            graph, first_through, root[t], path_of[t], path_of[t + 1], path, rank, own, wanted,
            held, touched,
        )  # fmt: skip
        longest = 0.0
        for p in range(path_of[t], path_of[t + 1]):
            if not held[p]:
                longest = max(longest, dist[path[0][p]])
        begin = n_place
        n_place, n_entry = write_bush(
            graph, inward, first_through, root[t], row, dist, tolerance * longest, by_rank, rank,
            size, own, wanted, total, shut, place_of, keep, node, entry, n_place, n_entry,
        )  # fmt: skip
        mark_choices(node[0], entry[1], entry[3], begin, n_place, above, limit)
        places_of[t + 1] = n_place
        for i in range(trips_of[t], trips_of[t + 1]):
            place_of_trip[i] = max(place_of[destination[i]], -1)
        for i in range(n):
            own[touched[i]] = 0.0
    return root.size


@njit(cache=True, nogil=True)
def shut_idle(arc_of, carried, live, shut):
    """
    Shut the arcs that no trip with a choice uses.

    What trips without a choice carry is the same in every solution, so the others carry nothing there in any.

    Parameters
    ----------
    arc_of : ndarray of int32, shape (n_entry,)
    carried : ndarray, shape (n_entry,)
        Own flow. [t/yr]
    live : ndarray of bool, shape (n_entry,)
    shut : ndarray of bool, shape (n_arc,)
        In and out.

    Returns
    -------
    int
        Arcs newly shut.
    """
    used = np.zeros(shut.size, np.bool_)
    for e in range(arc_of.size):
        if live[e] and carried[e] > 0.0:
            used[arc_of[e]] = True
    n = 0
    for e in range(arc_of.size):
        if live[e] and not used[arc_of[e]] and not shut[arc_of[e]]:
            shut[arc_of[e]] = True
            n += 1
    return n
