"""
Perturbed utility route choice of one trip after the other (docs/model.md, 5).

A trip sends one unit from origin to destination over the arcs near its least-cost path, at the least of

    sum over arcs of  cost x + length ((1 + x) ln(1 + x) - x)

with potentials p as multipliers of conservation: on an arc in use ``p_tail - p_head = cost + length ln(1 + x)``, on one
that is not ``p_tail - p_head <= cost``. Flows are sparse and, as costs are above 0, without cycles. Far from the answer a
primal-dual interior point method is used, near it Newton's method on the arcs in use, the logarithm made linear; the
arcs left out are then priced, which certifies the answer or names arcs to take in.

References
----------
.. [1] M. Fosgerau, M. Paulsen, T. K. Rasmussen, "A perturbed utility route choice model", Transportation Research Part C
   136, 2022.
.. [2] R. Yao, M. Fosgerau, M. Paulsen, T. K. Rasmussen, "Perturbed utility stochastic traffic assignment", Transportation
   Science 58, 2024.
"""

import numpy as np
from numba import njit

from isthmus.kernels.cholesky import solve
from isthmus.kernels.heap import pop, push
from isthmus.kernels.interior_point import balance, factor_active, order_nodes, rise, scatter


@njit(cache=True, nogil=True)
def newton(
    n, m_arc, tails, heads, cost, length, origin, ground, x, potential, used, active, most_steps, tolerance, careful,
    work,
):  # fmt: skip
    """
    Solve by Newton's method on the arcs in use; arcs whose flow would fall below 0 are left out.

    With care a step ends at the first such arc, so that flows stay in balance and the unit keeps a route.

    Parameters
    ----------
    n, m_arc : int
        Nodes and arcs of the trip, by local numbers.
    tails, heads : ndarray of int32
    cost, length : ndarray
        Of the arcs, above 0. [USD/t]
    origin, ground : int
        Where the unit begins and ends.
    x, potential : ndarray
        Flows and multipliers to begin from; out: those found.
    used : ndarray of int8, shape (m_arc,)
        1 on arcs in use at the beginning; out: at the end.
    active : ndarray of int32
        Out: the arcs in use.
    most_steps : int
    tolerance : float
        Largest flow out of balance, and error of a potential over what the trip bears.
    careful : bool
    work : tuple
        Of `scratch`.

    Returns
    -------
    good : bool
    n_active : int
    m : int
        Of `elimination_order`; the factor in `work` is that of the arcs in use.
    missing : float
        Largest flow out of balance.
    """
    ints, floats = work
    pos, begin, rows = ints[2], ints[3], ints[4]
    low, diagonal, rhs, w, weight, g, dx, _, _ = floats
    changed = True
    m = 0
    n_active = 0
    for _ in range(most_steps):
        if changed:
            n_active = 0
            for a in range(m_arc):
                if used[a]:
                    active[n_active] = a
                    n_active += 1
            m = order_nodes(n, n_active, tails, heads, active, ground, work)
            if m < 0 or pos[origin] < 0:
                return False, n_active, m, 1.0
        missing = balance(n_active, active, tails, heads, x, origin, ground, pos, m, rhs)
        off = 0.0
        for e in range(n_active):
            a = active[e]
            g[e] = potential[tails[a]] - potential[heads[a]] - cost[a] - length[a] * np.log1p(x[a])
            off = max(off, abs(g[e]))
            weight[e] = (1.0 + x[a]) / length[a]
        factor_active(m, n_active, tails, heads, active, ground, work)
        if not changed and missing < tolerance and off < tolerance * abs(potential[origin]):
            return True, n_active, m, missing
        for j in range(m):
            w[j] = rhs[j]
        scatter(n_active, active, tails, heads, ground, pos, weight, g, w)
        solve(m, begin, rows, low, diagonal, w)
        changed = False
        reach, stop = 1.0, -1
        for e in range(n_active):
            a = active[e]
            dx[e] = weight[e] * (rise(pos, w, ground, tails[a], heads[a]) + g[e])
            if careful and dx[e] < 0.0 and x[a] + reach * dx[e] <= 0.0:
                reach, stop = -x[a] / dx[e], a
        for e in range(n_active):
            a = active[e]
            after = x[a] + reach * dx[e]
            if a == stop or (after <= 0.0 and not careful):
                x[a] = 0.0
                used[a] = 0
                changed = True
            else:
                x[a] = max(after, 0.0)
        for i in range(n):
            if i != ground and pos[i] >= 0:
                potential[i] += w[pos[i]]
    return False, n_active, m, 1.0


@njit(cache=True, nogil=True)
def price(
    indptr, head, tail, cost, first_through, origin, destination, behind, seen, n_seen, label, state, in_use, last,
    keys, queue, found, tolerance, margin,
):  # fmt: skip
    """
    Price all arcs that a trip does not use, and list ways round that would pay.

    A way leaves a node in use, runs over arcs that are not and comes back to a node in use for less than the
    difference of their potentials. No more is looked at than what could still reach the destination in time, were it
    cheaper by a margin.

    Parameters
    ----------
    indptr, head, tail : ndarray
    cost : ndarray, shape (n_arc,)
        At no flow of the trip; inf is closed.
    first_through, origin, destination : int
    behind : ndarray, shape (n_node,)
        Least costs to the destination.
    seen : ndarray of int32
        The nodes in use, `n_seen` of them; out: those that were labelled too.
    n_seen : int
    label : ndarray, shape (n_node,)
        Potentials of nodes in use, -inf elsewhere; out: of the others that were reached.
    state : ndarray of int8, shape (n_node,)
        1 where in use, else 0; out: 2 and 3 where done.
    in_use : ndarray of int8, shape (n_arc,)
        1 on arcs in use; out: 2 on those of the ways found.
    last, keys, queue
        Scratch.
    found : ndarray of int32
        Out: arcs of the ways.
    tolerance : float
    margin : float
        [USD/t]

    Returns
    -------
    n_found, n_seen : int
    room : float
        By how much the ways that do not pay fail to, at least; at most the margin. [USD/t]
    """
    room = margin
    size = 0
    for i in range(n_seen):
        size = push(keys, queue, size, -label[seen[i]], seen[i])
    n_found = 0
    while size > 0:
        key, v, size = pop(keys, queue, size)
        if state[v] >= 2 or -key < label[v]:
            continue
        state[v] += 2
        if v == destination or (v < first_through and v != origin):
            continue
        for a in range(indptr[v], indptr[v + 1]):
            c = cost[a]
            if in_use[a] == 1 or c == np.inf:
                continue
            u = head[a]
            left = label[v] - c
            if left + margin <= behind[u] or u == origin:
                continue
            if left <= label[u] + tolerance:
                if (state[u] == 1 or state[u] == 3) and label[u] - left < room:
                    back = False
                    for b in range(indptr[u], indptr[u + 1]):
                        back = back or (head[b] == v and in_use[b] == 1)
                    # what is in use is never worth going back over
                    if not back:
                        room = label[u] - left
                continue
            if state[u] == 1 or state[u] == 3:
                b = a
                while True:
                    if in_use[b] == 0:
                        in_use[b] = 2
                        found[n_found] = b
                        n_found += 1
                    w = tail[b]
                    if state[w] == 1 or state[w] == 3:
                        break
                    b = last[w]
            elif state[u] == 0:
                if label[u] == -np.inf:
                    seen[n_seen] = u
                    n_seen += 1
                label[u] = left
                last[u] = a
                size = push(keys, queue, size, -left, u)
    return n_found, n_seen, room


@njit(cache=True, nogil=True)
def response(
    m, n_active, active, tails, heads, ground, work, rows_of, columns_of, factor_of, block, rows, columns
):  # fmt: skip
    """
    Return how the flows on delayed arcs in use fall as the delays of some of them rise: a block of the slope.

    Parameters
    ----------
    m, n_active, active, tails, heads, ground, work
        Of `newton`, at its end.
    rows_of : ndarray of int32, shape (m_arc,)
        -1 of each local arc to whose delay no answer is wanted.
    columns_of : ndarray of int32, shape (m_arc,)
        -1 of each local arc whose flow is of no interest.
    factor_of : float
        Flow times value of time. [USD/h per year]
    block : ndarray, shape (n, n)
        Out: its first rows and columns. [t/yr per h]
    rows, columns : ndarray of int32
        Out: positions in `active` of those of the block.

    Returns
    -------
    n_row, n_column : int
    """
    ints, floats = work
    pos, begin, entry = ints[2], ints[3], ints[4]
    low, diagonal, w, weight = floats[0], floats[1], floats[3], floats[4]
    n_row, n_column = 0, 0
    for e in range(n_active):
        if rows_of[active[e]] >= 0:
            rows[n_row] = e
            n_row += 1
        if columns_of[active[e]] >= 0:
            columns[n_column] = e
            n_column += 1
    for i in range(n_row):
        e = rows[i]
        a = active[e]
        for j in range(m):
            w[j] = 0.0
        if tails[a] != ground:
            w[pos[tails[a]]] += weight[e]
        if heads[a] != ground:
            w[pos[heads[a]]] -= weight[e]
        solve(m, begin, entry, low, diagonal, w)
        for k in range(n_column):
            f = columns[k]
            b = active[f]
            block[i, k] = -factor_of * weight[f] * rise(pos, w, ground, tails[b], heads[b])
            if f == e:
                block[i, k] += factor_of * weight[e]
    return n_row, n_column
