"""
All trips of perturbed utility, one after the other: what is near, the flows, the proof, and the response to delays.

A trip keeps a small set of arcs. Flows on them are found by Newton's method from what was known, or from nothing by the
interior point method; then every arc of the graph is priced and those that would pay join the set, until none would.
"""

import numpy as np
from numba import njit

from isthmus.kernels.interior_point import scratch, solve_interior
from isthmus.kernels.paths import tree
from isthmus.kernels.trip_newton import newton, price, response
from isthmus.kernels.usable_arcs import cost_bound, list_usable

_STEPS, _LAST_STEPS = 12, 120
"""Newton steps, and those with care, after an interior point problem did not say which arcs are in use."""
_FIRST = 0.2
"""Share of the way to the bound up to which ways are taken into the first set."""
_TURNS = 8
"""Interior point problems on the set, before all that is near is taken in."""
_ROUNDS = 12
"""Rounds of pricing before an interior point problem is solved on what they found."""
_MARGIN = 0.02
"""Share of what a trip bears up to which it is measured by how much other ways fail to pay."""
_EXACT, _ROUGH = 1e-11, 1e-2
"""Tolerance of an answer, and the one at which ways that would pay are first looked for."""


@njit(cache=True, nogil=True)
def _enlarged(array, used, wanted):
    """Return an array of at least a size that begins with what is used of another."""
    if wanted <= array.size:
        return array
    out = np.empty(max(wanted, 2 * array.size), array.dtype)
    out[:used] = array[:used]
    return out


@njit(cache=True, nogil=True)
def _add_path(head, via, behind, u, d, place, nodes, n, potential, at_arc, arcs, m_arc, x, used):
    """Take the least-cost path from a node to the destination into the arcs of a trip; return how many nodes and arcs."""
    if behind[u] == np.inf:
        return n, m_arc
    while u != d:
        b = via[u]
        u = head[b]
        if place[u] < 0:
            place[u] = n
            nodes[n] = u
            potential[n] = behind[u]
            n += 1
        if at_arc[b] < 0:
            at_arc[b] = m_arc
            arcs[m_arc] = b
            x[m_arc] = 0.0
            used[m_arc] = 1
            m_arc += 1
    return n, m_arc


@njit(cache=True, nogil=True)
def solve_trips(
    graph,
    first_through,
    cost,
    length,
    trips,
    rows,
    known,
    fallen,
    checked,
    felt,
    slots,
    values,
    slope,
):
    """
    Solve some trips, best sorted by class and destination.

    Parameters
    ----------
    graph : tuple
        indptr, head, tail, back_ptr, back.
    first_through : int
        Nodes below it are never passed.
    cost : ndarray, shape (n_class, n_arc)
        At the delays, above 0; inf is closed. [USD/t]
    length : ndarray, shape (n_class, n_arc)
        Weight of the perturbation, mu included. [USD/t]
    trips : tuple
        class, origin, destination (int32); flow times value of time [USD/h a year]; what a tonne bears at most, and
        the range below that within which tonnes stay at home [USD/t].
    rows : ndarray of int64
        Trips to solve.
    known : tuple
        Answers to begin from, by place in `rows`: indptr, arcs, x, indptr, nodes, potentials, and by how much what they
        leave out fails to pay [USD/t]; trips with none are solved from nothing.
    fallen : ndarray, shape (n_class,)
        By how much all arcs together are cheaper than where `known` was priced. [USD/t]
    checked : bool
        Whether to price what an answer leaves out. Without it a trip keeps to the arcs it is known to use, if all are
        open, and the answer is no more than a step on the way.
    felt : ndarray of int32, shape (n_arc,)
        Row of each arc in the slope, -1 of those whose delay is not followed.
    slots : ndarray of int32, shape (n_arc,)
        Column of each arc, -1 of those whose flow is not.
    values : ndarray, shape (m, 6)
        Out, by trip: value, dual bound [USD/t], flow out of balance, whether solved (1, 0, or -1 without a route),
        interior point problems solved, share that moves.
    slope : ndarray, shape (n_felt, n_slot)
        Added to: how flows (columns) fall as delays (rows) rise. [t/yr per h]

    Returns
    -------
    tuple
        As `known`; nothing of trips that were not solved.
    """
    indptr, head, tail, back_ptr, back = graph
    klass, origins, destinations, worth, ceiling, band = trips
    old_at, old_arcs, old_x, old_node_at, old_nodes, old_potential, old_room = known
    n_node, n_arc = indptr.size - 1, head.size
    behind, via = np.empty(n_node), np.empty(n_node, np.int32)
    settled, heap, where = (
        np.empty(n_node, np.int32),
        np.empty(n_node, np.int32),
        np.empty(n_node, np.int32),
    )
    ahead, place = np.full(n_node, np.inf), np.full(n_node, -1, np.int32)
    label, state, last = (
        np.full(n_node, -np.inf),
        np.zeros(n_node, np.int8),
        np.empty(n_node, np.int32),
    )
    in_use, found = np.zeros(n_arc, np.int8), np.empty(n_arc, np.int32)
    keys, queue = np.empty(n_arc + n_node), np.empty(n_arc + n_node, np.int32)
    nodes, seen = np.empty(n_node, np.int32), np.empty(n_node + 1, np.int32)
    arcs, at_arc = np.empty(n_arc, np.int32), np.full(n_arc, -1, np.int32)
    tails, heads = np.empty(n_arc, np.int32), np.empty(n_arc, np.int32)
    here, weight = np.empty(n_arc), np.empty(n_arc)
    x, potential = np.empty(n_arc), np.empty(n_node)
    used, active = np.empty(n_arc, np.int8), np.empty(n_arc, np.int32)
    felt_here, slot_here = np.empty(n_arc, np.int32), np.empty(n_arc, np.int32)
    work = scratch(n_node, n_arc)
    pos, slack = work[0][2], work[1][8]
    block = np.empty((64, 64))
    rows_of, columns_of = np.empty(n_arc, np.int32), np.empty(n_arc, np.int32)
    at, node_at = np.zeros(rows.size + 1, np.int64), np.zeros(rows.size + 1, np.int64)
    out_arcs, out_x = np.empty(64 * rows.size + 8, np.int32), np.empty(64 * rows.size + 8)
    out_nodes, out_p = np.empty(64 * rows.size + 8, np.int32), np.empty(64 * rows.size + 8)
    room = np.zeros(rows.size)
    n_out, n_nodes_out = 0, 0
    root, of_class = -1, -1
    for r in range(rows.size):
        t = rows[r]
        k, o, d = klass[t], origins[t], destinations[t]
        at[r + 1], node_at[r + 1] = n_out, n_nodes_out
        values[t, 0], values[t, 1], values[t, 2], values[t, 3], values[t, 4] = (
            0.0,
            0.0,
            0.0,
            1.0,
            0.0,
        )
        values[t, 5] = 1.0
        if o == d:
            continue
        warm, broken = old_at[r + 1] > old_at[r], False
        for j in range(old_at[r], old_at[r + 1]):
            broken = broken or cost[k, old_arcs[j]] == np.inf
        priced = checked or broken
        if (broken or not warm) and (k != of_class or d != root):
            tree(back_ptr, back, tail, cost[k], d, first_through, behind, via, settled, heap, where)
            of_class, root = k, d
        if (broken or not warm) and behind[o] == np.inf:
            values[t, 0], values[t, 1], values[t, 3], values[t, 5] = np.inf, np.inf, -1.0, 0.0
            continue
        n, m_arc, n_active, m = 0, 0, 0, 0
        missing = 1.0
        good = False
        for turn in range(_TURNS + 1):
            if (turn > 0 or not warm) and (k != of_class or d != root):
                tree(
                    back_ptr, back, tail, cost[k], d, first_through, behind, via, settled, heap, where,
                )  # fmt: skip
                of_class, root = k, d
            if warm and turn == 0:
                for j in range(old_node_at[r], old_node_at[r + 1]):
                    nodes[n] = old_nodes[j]
                    potential[n] = old_potential[j]
                    n += 1
                for j in range(old_at[r], old_at[r + 1]):
                    if cost[k, old_arcs[j]] < np.inf:
                        arcs[m_arc] = old_arcs[j]
                        x[m_arc] = old_x[j]
                        used[m_arc] = 1
                        m_arc += 1
                if broken:
                    for i in range(n):
                        place[nodes[i]] = i
                    for a in range(m_arc):
                        at_arc[arcs[a]] = a
                    n, m_arc = _add_path(
                        head, via, behind, o, d, place, nodes, n, potential, at_arc, arcs, m_arc, x, used,
                    )  # fmt: skip
                    for j in range(old_at[r], old_at[r + 1]):
                        if cost[k, old_arcs[j]] == np.inf:
                            n, m_arc = _add_path(
                                head, via, behind, tail[old_arcs[j]], d, place, nodes, n, potential, at_arc, arcs,
                                m_arc, x, used,
                            )  # fmt: skip
            elif turn == _TURNS or m_arc == 0:
                for i in range(n):
                    place[nodes[i]] = -1
                for a in range(m_arc):
                    at_arc[arcs[a]] = -1
                if behind[o] == np.inf:
                    n, m_arc = 0, 0
                    break
                bound = cost_bound(head, cost[k], length[k], via, o, d) * (1.0 + 1e-9)
                if turn < _TURNS:
                    bound = behind[o] + _FIRST * (bound - behind[o])
                n, m_arc = list_usable(
                    indptr, head, cost[k], first_through, o, d, behind, bound, ahead, place, keys, queue, nodes, arcs,
                    seen,
                )  # fmt: skip
            for i in range(n):
                place[nodes[i]] = i
            for a in range(m_arc):
                b = arcs[a]
                at_arc[b] = a
                tails[a] = place[tail[b]]
                heads[a] = place[head[b]]
                here[a] = cost[k, b]
                weight[a] = length[k, b]
            source, ground = place[o], place[d]
            if turn > 0 or not warm:
                for a in range(m_arc):
                    active[a] = a
                for i in range(n):
                    potential[i] = behind[nodes[i]]
                values[t, 4] += 1.0
                steps = solve_interior(
                    n, m_arc, tails, heads, here, weight, source, ground, x, potential, active, work
                )
                if steps < 0:
                    break
                for a in range(m_arc):
                    used[a] = 1 if x[a] * behind[o] > slack[a] else 0
                    if used[a] == 0:
                        x[a] = 0.0
            tolerance = _ROUGH if priced and (turn > 0 or not warm or broken) else _EXACT
            careful = turn > 1 or (turn == 1 and not warm)
            steps = _LAST_STEPS if careful else _STEPS
            kept = False
            for _ in range(_ROUNDS):
                good, n_active, m, missing = newton(
                    n, m_arc, tails, heads, here, weight, source, ground, x, potential, used, active, steps, tolerance,
                    careful, work,
                )  # fmt: skip
                kept = good
                if not good:
                    break
                if (
                    turn == 0
                    and warm
                    and not broken
                    and m_arc == n_active == old_at[r + 1] - old_at[r]
                ):
                    # what did not pay before pays no more if potentials and costs moved by less than it failed by
                    moved = 0.0
                    for i in range(n):
                        if i == ground or pos[i] >= 0:
                            moved = max(
                                moved, abs(potential[i] - old_potential[old_node_at[r] + i])
                            )
                    room[r] = max(0.0, old_room[r] - fallen[k] - 2.0 * moved)
                    if room[r] > 0.0:
                        break
                if not priced:
                    break
                if k != of_class or d != root:
                    tree(
                        back_ptr, back, tail, cost[k], d, first_through, behind, via, settled, heap, where,
                    )  # fmt: skip
                    of_class, root = k, d
                n_seen = 0
                for i in range(n):
                    if i == ground or pos[i] >= 0:
                        seen[n_seen] = nodes[i]
                        label[nodes[i]] = potential[i]
                        state[nodes[i]] = 1
                        n_seen += 1
                for e in range(n_active):
                    in_use[arcs[active[e]]] = 1
                n_found, n_seen, room[r] = price(
                    indptr, head, tail, cost[k], first_through, o, d, behind, seen, n_seen, label, state, in_use, last,
                    keys, queue, found, 1e-11 * potential[source], _MARGIN * potential[source],
                )  # fmt: skip
                for e in range(n_active):
                    in_use[arcs[active[e]]] = 0
                for j in range(n_found):
                    b = found[j]
                    in_use[b] = 0
                    for v in (tail[b], head[b]):
                        if place[v] < 0:
                            place[v] = n
                            nodes[n] = v
                            n += 1
                        potential[place[v]] = label[v]
                    a = at_arc[b]
                    if a < 0:
                        a = m_arc
                        at_arc[b] = a
                        arcs[a] = b
                        tails[a] = place[tail[b]]
                        heads[a] = place[head[b]]
                        here[a] = cost[k, b]
                        weight[a] = length[k, b]
                        m_arc += 1
                    used[a] = 1
                    x[a] = 0.0
                for i in range(n_seen):
                    label[seen[i]] = -np.inf
                    state[seen[i]] = 0
                good = n_found == 0 and tolerance == _EXACT
                if n_found == 0:
                    if tolerance == _EXACT:
                        break
                    tolerance = _EXACT
            if good:
                break
            if turn == 0 and not warm and kept:
                # what the first problem left empty is not worth carrying on
                keep = 0
                for a in range(m_arc):
                    at_arc[arcs[a]] = -1
                for a in range(m_arc):
                    if used[a] or x[a] > 0.0:
                        arcs[keep] = arcs[a]
                        keep += 1
                m_arc = keep
        if m_arc == 0:
            for i in range(n):
                place[nodes[i]] = -1
            values[t, 0], values[t, 1], values[t, 3], values[t, 5] = np.inf, np.inf, -1.0, 0.0
            continue
        value, dual = 0.0, potential[source]
        out_arcs, out_x = (
            _enlarged(out_arcs, n_out, n_out + n_active),
            _enlarged(out_x, n_out, n_out + n_active),
        )
        for e in range(n_active):
            a = active[e]
            value += here[a] * x[a] + weight[a] * ((1.0 + x[a]) * np.log1p(x[a]) - x[a])
            y = (potential[tails[a]] - potential[heads[a]] - here[a]) / weight[a]
            if y > 0.0:
                dual -= weight[a] * (np.expm1(y) - y)
            if good:
                out_arcs[n_out] = arcs[a]
                out_x[n_out] = x[a]
                n_out += 1
        out_nodes, out_p = (
            _enlarged(out_nodes, n_nodes_out, n_nodes_out + n),
            _enlarged(out_p, n_nodes_out, n_nodes_out + n),
        )
        for i in range(n):
            if good and (i == ground or pos[i] >= 0):
                out_nodes[n_nodes_out] = nodes[i]
                out_p[n_nodes_out] = potential[i]
                n_nodes_out += 1
        at[r + 1], node_at[r + 1] = n_out, n_nodes_out
        values[t, 0], values[t, 1], values[t, 2] = value, dual, missing
        values[t, 3] = 1.0 if good else 0.0
        share = 1.0
        if value > ceiling[t] - band[t]:
            share = max(0.0, (ceiling[t] - value) / band[t]) if band[t] > 0.0 else 0.0
            share = min(share, 1.0)
        values[t, 5] = share
        if slope.size > 0 and good and worth[t] > 0.0 and share > 0.0:
            for a in range(m_arc):
                felt_here[a], slot_here[a] = felt[arcs[a]], slots[arcs[a]]
            if n_active > block.shape[0]:
                block = np.empty((2 * n_active, 2 * n_active))
            n_row, n_column = response(
                m, n_active, active, tails, heads, ground, work, felt_here, slot_here, share * worth[t], block, rows_of,
                columns_of,
            )  # fmt: skip
            leaves = worth[t] / band[t] if share < 1.0 else 0.0
            for i in range(n_row):
                a = active[rows_of[i]]
                p = felt_here[a]
                for j in range(n_column):
                    b = active[columns_of[j]]
                    slope[p, slot_here[b]] += block[i, j] + leaves * x[a] * x[b]
        for i in range(n):
            place[nodes[i]] = -1
        for a in range(m_arc):
            at_arc[arcs[a]] = -1
    return (
        at,
        out_arcs[:n_out],
        out_x[:n_out],
        node_at,
        out_nodes[:n_nodes_out],
        out_p[:n_nodes_out],
        room,
    )


@njit(cache=True, nogil=True)
def load(at, arcs, x, flow, out):
    """Add the flows of trips to those on arcs: ``out += flow[r] * x`` over the arcs of each trip r."""
    for r in range(flow.size):
        for j in range(at[r], at[r + 1]):
            out[arcs[j]] += flow[r] * x[j]


@njit(cache=True, nogil=True)
def cost_falls(before, after, out):
    """Put by how much all arcs together got cheaper in `out`, by class; inf where a closed one is open. [USD/t]"""
    for k in range(out.size):
        out[k] = 0.0
        for a in range(after.shape[1]):
            if after[k, a] < before[k, a]:
                out[k] += before[k, a] - after[k, a]


@njit(cache=True, nogil=True)
def largest_response(at, arcs, x, klass, worth, length, out):
    """Add what flows on arcs could fall at most as delays rise, all else held: ``out += worth (1 + x) / length``."""
    for r in range(klass.size):
        for j in range(at[r], at[r + 1]):
            out[arcs[j]] += worth[r] * (1.0 + x[j]) / length[klass[r], arcs[j]]


@njit(cache=True, nogil=True)
def take(at, names, values, rows, out_at, out_names, out_values):
    """Copy what some rows have."""
    n = 0
    for r in range(rows.size):
        for j in range(at[rows[r]], at[rows[r] + 1]):
            out_names[n] = names[j]
            out_values[n] = values[j]
            n += 1
        out_at[r + 1] = n
