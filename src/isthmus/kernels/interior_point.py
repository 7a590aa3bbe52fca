"""
One trip of perturbed utility from nothing: a primal-dual interior point method on a few arcs.

References
----------
.. [1] S. Mehrotra, "On the implementation of a primal-dual interior point method", SIAM Journal on Optimization 2, 1992.
"""

import numpy as np
from numba import njit

from isthmus.kernels.cholesky import elimination_order, factor, solve

_NEAR = 512
"""Neighbours a node may have while nodes are eliminated."""
_FILL = 96
"""Entries of a factor a node, in the mean."""
_CENTRAL = 80
"""Steps at most."""


@njit(cache=True, nogil=True)
def scratch(n_node, n_arc):
    """Return the arrays that a thread works on, for graphs of a size."""
    near = min(n_node, _NEAR)
    ints = (
        np.empty((n_node, near), np.int32),  # near
        np.empty(n_node, np.int32),  # degree
        np.empty(n_node, np.int32),  # pos
        np.empty(n_node + 1, np.int32),  # begin
        np.empty(n_node * min(near, _FILL), np.int32),  # rows
        np.empty(n_arc, np.int32),  # slot
        np.empty(n_node, np.int32),  # left
        np.empty(2 * n_node, np.int32),  # link
        np.empty(n_node, np.int32),  # first
    )
    floats = (
        np.empty(n_node * min(near, _FILL)),  # low
        np.empty(n_node),  # diagonal
        np.empty(n_node),  # right-hand side
        np.empty(n_node),  # its solution
        np.empty(n_arc),  # weight
        np.empty(n_arc),  # residual
        np.empty(n_arc),  # step of x
        np.empty(n_arc),  # step of s
        np.empty(n_arc),  # s
    )
    return ints, floats


@njit(cache=True, nogil=True)
def order_nodes(n, n_active, tails, heads, active, ground, work):
    """Order the nodes that active arcs touch, in the arrays of `scratch`; return how many, -1 if these are too small."""
    near, degree, pos, begin, rows, slot, left, _, _ = work[0]
    return elimination_order(
        n, tails, heads, active, n_active, ground, near, degree, pos, begin, rows, slot, left
    )


@njit(cache=True, nogil=True)
def factor_active(m, n_active, tails, heads, active, ground, work):
    """Factor the matrix of active arcs with the weights in `scratch`."""
    _, _, pos, begin, rows, slot, _, link, first = work[0]
    low, diagonal, _, column, weight, _, _, _, _ = work[1]
    factor(
        m, tails, heads, active, n_active, ground, weight, pos, begin, rows, slot, low, diagonal, link, first, column
    )  # fmt: skip


@njit(cache=True, nogil=True)
def scatter(n_active, active, tails, heads, ground, pos, weight, g, w):
    """Take weighted values of arcs off their tails and add them to their heads."""
    for e in range(n_active):
        a = active[e]
        y = weight[e] * g[e]
        if tails[a] != ground:
            w[pos[tails[a]]] -= y
        if heads[a] != ground:
            w[pos[heads[a]]] += y


@njit(cache=True, nogil=True)
def balance(n_active, active, tails, heads, x, origin, ground, pos, m, out):
    """Put what is missing of conservation at each node in `out`; return the largest."""
    for j in range(m):
        out[j] = 0.0
    for e in range(n_active):
        a = active[e]
        if tails[a] != ground:
            out[pos[tails[a]]] -= x[a]
        if heads[a] != ground:
            out[pos[heads[a]]] += x[a]
    out[pos[origin]] += 1.0
    worst = 0.0
    for j in range(m):
        worst = max(worst, abs(out[j]))
    return worst


@njit(cache=True, nogil=True)
def rise(pos, w, ground, u, v):
    """Difference of a solution between two nodes, 0 at the ground."""
    return (w[pos[u]] if u != ground else 0.0) - (w[pos[v]] if v != ground else 0.0)


@njit(cache=True, nogil=True)
def solve_interior(
    n, n_active, tails, heads, cost, length, origin, ground, x, potential, active, work
):
    """
    Solve from nothing on some arcs, to a part in 1e10 or to what tells free arcs apart: Mehrotra's predictor and corrector.

    Parameters
    ----------
    n, n_active : int
        Nodes, and arcs.
    tails, heads : ndarray of int32
        Ends of the arcs, as local numbers.
    cost, length : ndarray
        Of the arcs, above 0. [USD/t]
    origin, ground : int
        Where the unit begins and ends.
    x : ndarray
        Out: flows.
    potential : ndarray
        Least costs to the ground; out: multipliers.
    active : ndarray of int32
        The arcs.
    work : tuple
        Of `scratch`.

    Returns
    -------
    int
        Steps taken, -1 if scratch is too small. `x` and `potential` are filled, and the slacks in `work`.
    """
    ints, floats = work
    pos, begin, rows = ints[2], ints[3], ints[4]
    low, diagonal, rhs, w, weight, g, dx, ds, s = floats
    m = order_nodes(n, n_active, tails, heads, active, ground, work)
    if m < 0:
        return -1
    scale = potential[origin]
    least = np.inf
    for e in range(n_active):
        a = active[e]
        least = min(least, cost[a])
        x[a] = 0.2
        pull = potential[tails[a]] - potential[heads[a]]
        s[e] = max(cost[a] + length[a] * np.log1p(x[a]) - pull, 0.02 * scale / (1.0 + 0.1 * n))
    # flow around a circle of nearly free arcs must be told from none
    enough = scale * max(min(1e-10, 0.1 * (least / scale) ** 2), 1e-15)
    for step in range(_CENTRAL):
        gap = 0.0
        for e in range(n_active):
            a = active[e]
            gap += x[a] * s[e]
        missing = balance(n_active, active, tails, heads, x, origin, ground, pos, m, rhs)
        off = 0.0
        for e in range(n_active):
            a = active[e]
            ds[e] = cost[a] + length[a] * np.log1p(x[a]) - s[e]
            ds[e] -= potential[tails[a]] - potential[heads[a]]
            off = max(off, abs(ds[e]))
            weight[e] = 1.0 / (length[a] / (1.0 + x[a]) + s[e] / x[a])
        if gap < enough and missing < 1e-10 and off < 1e-10 * scale:
            return step
        factor_active(m, n_active, tails, heads, active, ground, work)
        # where the complementarity would go without centring
        for j in range(m):
            w[j] = rhs[j]
        for e in range(n_active):
            a = active[e]
            g[e] = -ds[e] - s[e]
        scatter(n_active, active, tails, heads, ground, pos, weight, g, w)
        solve(m, begin, rows, low, diagonal, w)
        reach_x, reach_s = 1.0, 1.0
        for e in range(n_active):
            a = active[e]
            dx[e] = weight[e] * (rise(pos, w, ground, tails[a], heads[a]) + g[e])
            change = (-x[a] * s[e] - s[e] * dx[e]) / x[a]
            if dx[e] < 0.0:
                reach_x = min(reach_x, -x[a] / dx[e])
            if change < 0.0:
                reach_s = min(reach_s, -s[e] / change)
        after = 0.0
        for e in range(n_active):
            a = active[e]
            change = (-x[a] * s[e] - s[e] * dx[e]) / x[a]
            after += (x[a] + reach_x * dx[e]) * (s[e] + reach_s * change)
        centre = (after / gap) ** 3 * gap / n_active
        for j in range(m):
            w[j] = rhs[j]
        for e in range(n_active):
            a = active[e]
            change = (-x[a] * s[e] - s[e] * dx[e]) / x[a]
            wanted = centre - x[a] * s[e] - dx[e] * change
            dx[e] = wanted
            g[e] = -ds[e] + wanted / x[a]
        scatter(n_active, active, tails, heads, ground, pos, weight, g, w)
        solve(m, begin, rows, low, diagonal, w)
        # one length for both: the problem is not linear
        reach = 1.0 / 0.995
        for e in range(n_active):
            a = active[e]
            moved = weight[e] * (rise(pos, w, ground, tails[a], heads[a]) + g[e])
            ds[e] = (dx[e] - s[e] * moved) / x[a]
            dx[e] = moved
            if moved < 0.0:
                reach = min(reach, -x[a] / moved)
            if ds[e] < 0.0:
                reach = min(reach, -s[e] / ds[e])
        reach = min(0.995 * reach, 1.0)
        for e in range(n_active):
            a = active[e]
            x[a] += reach * dx[e]
            s[e] += reach * ds[e]
        for i in range(n):
            if i != ground and pos[i] >= 0:
                potential[i] += reach * w[pos[i]]
    return _CENTRAL
