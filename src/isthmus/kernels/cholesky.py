"""
Sparse symmetric positive definite systems of a small graph: an order of elimination, its factor, and solutions.

The matrix is A W A' with one row a node, the ground left out, A the incidence of the arcs and W their positive weights: a
weighted Laplacian. Nodes are eliminated by least degree, the factor is L D L' column by column.
"""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def elimination_order(
    n, tails, heads, active, n_active, ground, near, degree, pos, begin, rows, slot, left
):
    """
    Order the nodes that active arcs touch by least degree, and lay out the factor.

    Parameters
    ----------
    n : int
        Nodes.
    tails, heads : ndarray of int32
        Ends of the arcs.
    active : ndarray of int32
        The arcs, `n_active` of them.
    n_active, ground : int
    near : ndarray of int32, shape (n, most)
        Scratch: neighbours.
    degree, left : ndarray of int32
        Scratch.
    pos : ndarray of int32
        Out: place of each node in the order, -1 of the ground and of nodes without an arc.
    begin : ndarray of int32
        Out: where each column of the factor begins.
    rows : ndarray of int32
        Out: rows of the factor below the diagonal, ascending in each column.
    slot : ndarray of int32
        Out: entry of the matrix that an active arc adds to, -1 if an end is the ground.

    Returns
    -------
    int
        Nodes in the order; -1 if scratch is too small.
    """
    most = near.shape[1]
    for i in range(n):
        degree[i] = -1
        pos[i] = -1
    for e in range(n_active):
        u = tails[active[e]]
        v = heads[active[e]]
        if u != ground and degree[u] < 0:
            degree[u] = 0
        if v != ground and degree[v] < 0:
            degree[v] = 0
        if u == ground or v == ground:
            continue
        known = False
        for q in range(degree[u]):
            if near[u, q] == v:
                known = True
                break
        if not known:
            if degree[u] >= most or degree[v] >= most:
                return -1
            near[u, degree[u]] = v
            degree[u] += 1
            near[v, degree[v]] = u
            degree[v] += 1
    count = 0
    for i in range(n):
        if degree[i] >= 0:
            left[count] = i
            count += 1
    m = count
    used = 0
    begin[0] = 0
    for k in range(m):
        best = 0
        least = 1 << 30
        for q in range(count):
            if degree[left[q]] < least:
                least = degree[left[q]]
                best = q
                if least <= 1:
                    break
        v = left[best]
        count -= 1
        left[best] = left[count]
        pos[v] = k
        dv = degree[v]
        if used + dv > rows.size:
            return -1
        for q in range(dv):
            rows[used] = near[v, q]
            used += 1
        begin[k + 1] = used
        for q in range(dv):
            u = near[v, q]
            for r in range(degree[u]):
                if near[u, r] == v:
                    degree[u] -= 1
                    near[u, r] = near[u, degree[u]]
                    break
        for q in range(dv):
            u = near[v, q]
            for r in range(q + 1, dv):
                w = near[v, r]
                known = False
                for s in range(degree[u]):
                    if near[u, s] == w:
                        known = True
                        break
                if not known:
                    if degree[u] >= most or degree[w] >= most:
                        return -1
                    near[u, degree[u]] = w
                    degree[u] += 1
                    near[w, degree[w]] = u
                    degree[w] += 1
    for j in range(m):
        for p in range(begin[j], begin[j + 1]):
            row = pos[rows[p]]
            q = p - 1
            while q >= begin[j] and rows[q] > row:
                rows[q + 1] = rows[q]
                q -= 1
            rows[q + 1] = row
    for e in range(n_active):
        u = tails[active[e]]
        v = heads[active[e]]
        slot[e] = -1
        if u == ground or v == ground:
            continue
        j = min(pos[u], pos[v])
        i = max(pos[u], pos[v])
        for p in range(begin[j], begin[j + 1]):
            if rows[p] == i:
                slot[e] = p
                break
    return m


@njit(cache=True, nogil=True)
def factor(
    m,
    tails,
    heads,
    active,
    n_active,
    ground,
    weight,
    pos,
    begin,
    rows,
    slot,
    low,
    diagonal,
    link,
    first,
    column,
):
    """
    Factor the matrix of active arcs with some weights: left-looking L D L'.

    Parameters
    ----------
    m : int
        Of `elimination_order`.
    tails, heads, active, n_active, ground, pos, begin, rows, slot
        As in `elimination_order`.
    weight : ndarray
        Of the active arcs, above 0.
    low : ndarray
        Out: L, aligned with `rows`.
    diagonal : ndarray
        Out: D.
    link, first, column : ndarray
        Scratch.
    """
    for j in range(m):
        diagonal[j] = 0.0
        link[j] = -1
    for p in range(begin[m]):
        low[p] = 0.0
    for e in range(n_active):
        u = tails[active[e]]
        v = heads[active[e]]
        if u != ground:
            diagonal[pos[u]] += weight[e]
        if v != ground:
            diagonal[pos[v]] += weight[e]
        if slot[e] >= 0:
            low[slot[e]] -= weight[e]
    for j in range(m):
        whole = diagonal[j]
        d = whole
        for p in range(begin[j], begin[j + 1]):
            column[rows[p]] = low[p]
        u = link[j]
        while u >= 0:
            after = link[m + u]
            p = first[u]
            y = low[p] * diagonal[u]
            d -= low[p] * y
            for q in range(p + 1, begin[u + 1]):
                column[rows[q]] -= y * low[q]
            first[u] = p + 1
            if p + 1 < begin[u + 1]:
                r = rows[p + 1]
                link[m + u] = link[r]
                link[r] = u
            u = after
        if d <= 1e-14 * whole:  # rounding alone: the matrix is definite
            d = 1e-14 * whole + 1e-300
        diagonal[j] = d
        for p in range(begin[j], begin[j + 1]):
            low[p] = column[rows[p]] / d
        if begin[j] < begin[j + 1]:
            first[j] = begin[j]
            r = rows[begin[j]]
            link[m + j] = link[r]
            link[r] = j


@njit(cache=True, nogil=True)
def solve(m, begin, rows, low, diagonal, b):
    """Solve with the factor, in place."""
    for j in range(m):
        x = b[j]
        if x != 0.0:
            for p in range(begin[j], begin[j + 1]):
                b[rows[p]] -= low[p] * x
    for j in range(m - 1, -1, -1):
        x = b[j] / diagonal[j]
        for p in range(begin[j], begin[j + 1]):
            x -= low[p] * b[rows[p]]
        b[j] = x


@njit(cache=True, nogil=True)
def solve_dense(matrix, vector):
    """
    Solve a symmetric positive definite system by Cholesky, in place.

    Written here rather than taken from LAPACK so that the bits do not depend on the number of threads. Four rows are
    taken off the rest at a time, which reads and writes it a quarter as often.

    Parameters
    ----------
    matrix : ndarray of float64, shape (n, n)
        Its upper triangle is overwritten by the factor.
    vector : ndarray of float64, shape (n,)
        Overwritten by the solution.

    Returns
    -------
    bool
        False if the matrix is not positive definite.
    """
    n = vector.size
    for first in range(0, n, 4):
        end = min(first + 4, n)
        for k in range(first, end):
            pivot = matrix[k, k]
            if not pivot > 0.0:
                return False
            pivot = np.sqrt(pivot)
            matrix[k, k] = pivot
            for j in range(k + 1, n):
                matrix[k, j] /= pivot
            for i in range(k + 1, end):
                f = matrix[k, i]
                for j in range(i, n):
                    matrix[i, j] -= f * matrix[k, j]
        if end < n:
            a, b = matrix[first], matrix[first + 1]
            c, d = matrix[first + 2], matrix[first + 3]
            for i in range(end, n):
                fa, fb, fc, fd = a[i], b[i], c[i], d[i]
                row = matrix[i]
                for j in range(i, n):
                    row[j] -= (fa * a[j] + fb * b[j]) + (fc * c[j] + fd * d[j])
    for i in range(n):
        vector[i] /= matrix[i, i]
        for j in range(i + 1, n):
            vector[j] -= vector[i] * matrix[i, j]
    for i in range(n - 1, -1, -1):
        total = vector[i]
        for j in range(i + 1, n):
            total -= matrix[i, j] * vector[j]
        vector[i] = total / matrix[i, i]
    return True
