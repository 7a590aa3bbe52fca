"""
Binary heaps: one of nodes ordered by their distances, which may fall while they are in it; one of nodes with keys.

The first knows the place of each node, so that a node whose distance falls can rise from where it is.
"""

from numba import njit


@njit(cache=True, nogil=True)
def sift_up(heap, place, dist, node, at):
    """Move a node up the binary heap from position `at`."""
    key = dist[node]
    while at > 0:
        parent = (at - 1) // 2
        if dist[heap[parent]] <= key:
            break
        heap[at] = heap[parent]
        place[heap[at]] = at
        at = parent
    heap[at] = node
    place[node] = at


@njit(cache=True, nogil=True)
def sift_down(heap, place, dist, node, size):
    """Put a node at the top of the binary heap and let it sink."""
    key = dist[node]
    at = 0
    while True:
        child = 2 * at + 1
        if child >= size:
            break
        if child + 1 < size and dist[heap[child + 1]] < dist[heap[child]]:
            child += 1
        if dist[heap[child]] >= key:
            break
        heap[at] = heap[child]
        place[heap[at]] = at
        at = child
    heap[at] = node
    place[node] = at


@njit(cache=True, nogil=True)
def push(keys, nodes, size, key, node):
    """Put a node on a binary heap with its key; return the new size."""
    i = size
    while i > 0:
        up = (i - 1) >> 1
        if keys[up] <= key:
            break
        keys[i] = keys[up]
        nodes[i] = nodes[up]
        i = up
    keys[i] = key
    nodes[i] = node
    return size + 1


@njit(cache=True, nogil=True)
def pop(keys, nodes, size):
    """Take the node of least key from a heap; return key, node and the new size."""
    key = keys[0]
    node = nodes[0]
    size -= 1
    if size > 0:
        last_key = keys[size]
        last = nodes[size]
        i = 0
        while True:
            child = 2 * i + 1
            if child >= size:
                break
            if child + 1 < size and keys[child + 1] < keys[child]:
                child += 1
            if keys[child] >= last_key:
                break
            keys[i] = keys[child]
            nodes[i] = nodes[child]
            i = child
        keys[i] = last_key
        nodes[i] = last
    return key, node, size
