"""
Least-cost paths by who must agree to them: for every coalition at once.

A label is a cost and the set of players whose arcs the way used so far. One is of use only if no other at its
node is as cheap and asks nobody more (a shortest path under two criteria, one of them a set). Labels leave the
heap in order of cost, so a label is only compared with those that left before it.
"""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True, inline="always")
def popcount(mask):
    """Return the number of players in a set."""
    n = 0
    while mask:
        mask &= mask - 1
        n += 1
    return n


@njit(cache=True, nogil=True)
def push(heap, size, key, label):
    """Add a label to a binary heap ordered by key."""
    at = size
    while at > 0:
        parent = (at - 1) // 2
        if key[heap[parent]] <= key[label]:
            break
        heap[at] = heap[parent]
        at = parent
    heap[at] = label


@njit(cache=True, nogil=True)
def pop(heap, size, key):
    """Take the cheapest label; the heap then holds one less."""
    top = heap[0]
    label = heap[size - 1]
    size -= 1
    at = 0
    while True:
        child = 2 * at + 1
        if child >= size:
            break
        if child + 1 < size and key[heap[child + 1]] < key[heap[child]]:
            child += 1
        if key[heap[child]] >= key[label]:
            break
        heap[at] = heap[child]
        at = child
    heap[at] = label
    return top


@njit(cache=True, nogil=True)
def beaten(node, mask, newest, older, masks):
    """Whether a label that left the heap before, at most as dear, asks nobody more."""
    at = newest[node]
    while at >= 0:
        if masks[at] & mask == masks[at]:
            return True
        at = older[at]
    return False


@njit(cache=True, nogil=True)
def doubled(array):
    """Return an array twice as long that begins with another."""
    return np.concatenate((array, np.empty_like(array)))


@njit(cache=True, nogil=True)
def ways(indptr, head, cost, owner, origin, ends, limit, floor_row, floor, shut, own):
    """
    Find the ways from one origin that no other way beats in cost and in whom it asks.

    Parameters
    ----------
    indptr, head : ndarray
        Graph.
    cost : ndarray, shape (n_arc,)
        0 or more, inf is closed.
    owner : ndarray of int64, shape (n_arc,)
        Bit of the player who must agree, 0 if nobody must.
    origin : int
    ends : ndarray of int32, shape (m,)
        Destinations.
    limit : ndarray, shape (m,)
        Ways as dear as this are of no use.
    floor_row : ndarray of int64, shape (m,)
    floor : ndarray, shape (n_floor, n_node)
        At most the cost from each node to a destination.
    shut : int
        Players who do not agree.
    own : ndarray of int64, shape (m,)
        Whom a way there need not ask; it may pass the territory of one of those who do not agree, if that is one of these.

    Returns
    -------
    end : ndarray of int64, shape (n_way,)
        Position in `ends`.
    mask : ndarray of int64, shape (n_way,)
    total : ndarray, shape (n_way,)
    starts : ndarray of int64, shape (n_way + 1,)
    arcs : ndarray of int32
        Arcs of each way, in order.
    """
    n_node = len(indptr) - 1
    m = len(ends)
    # what a way may have cost at a node, if it has asked none of those who do not agree, and if it has asked one
    room = np.full((popcount(shut) + 1, n_node), -np.inf)
    for i in range(m):
        row, last, left = floor_row[i], 0, shut
        while True:
            for u in range(n_node):
                spare = limit[i] - floor[row, u]
                if spare > room[last, u]:
                    room[last, u] = spare
            while left:
                bit = left & -left
                left ^= bit
                last += 1
                if own[i] & bit:
                    break
            else:
                break
    newest = np.full(n_node, -1, np.int64)
    size = 1024
    key = np.empty(size)
    masks = np.empty(size, np.int64)
    nodes = np.empty(size, np.int32)
    via = np.empty(size, np.int32)
    before = np.empty(size, np.int64)
    older = np.empty(size, np.int64)
    heap = np.empty(size, np.int64)
    key[0], masks[0], nodes[0], via[0], before[0] = 0.0, 0, origin, -1, -1
    n, n_heap = 1, 1
    heap[0] = 0
    while n_heap:
        label = pop(heap, n_heap, key)
        n_heap -= 1
        u, mask = nodes[label], masks[label]
        if beaten(u, mask, newest, older, masks):
            continue
        older[label] = newest[u]
        newest[u] = label
        for a in range(indptr[u], indptr[u + 1]):
            so_far = key[label] + cost[a]
            v = head[a]
            if not so_far < room[0, v]:
                continue
            new = mask | owner[a]
            asked = new & shut
            if asked and (
                asked & (asked - 1) or not so_far < room[popcount(shut & (asked - 1)) + 1, v]
            ):
                continue
            if beaten(v, new, newest, older, masks):
                continue
            if n == size:
                size *= 2
                key, masks, nodes = doubled(key), doubled(masks), doubled(nodes)
                via, before, older = doubled(via), doubled(before), doubled(older)
                heap = doubled(heap)
            key[n], masks[n], nodes[n], via[n], before[n] = so_far, new, v, a, label
            push(heap, n_heap, key, n)
            n += 1
            n_heap += 1
    n_way, entries = 0, 0
    for i in range(m):
        at = newest[ends[i]]
        while at >= 0:
            if key[at] < limit[i]:
                n_way += 1
                back = at
                while via[back] >= 0:
                    entries += 1
                    back = before[back]
            at = older[at]
    end, mask_of = np.empty(n_way, np.int64), np.empty(n_way, np.int64)
    total, starts = np.empty(n_way), np.zeros(n_way + 1, np.int64)
    arcs = np.empty(entries, np.int32)
    w, entries = 0, 0
    for i in range(m):
        at = newest[ends[i]]
        while at >= 0:
            if key[at] < limit[i]:
                end[w], mask_of[w], total[w] = i, masks[at], key[at]
                length = 0
                back = at
                while via[back] >= 0:
                    length += 1
                    back = before[back]
                back = at
                for j in range(length):
                    arcs[entries + length - 1 - j] = via[back]
                    back = before[back]
                entries += length
                w += 1
                starts[w] = entries
            at = older[at]
    return end, mask_of, total, starts, arcs
