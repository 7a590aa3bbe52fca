"""
A joint Newton step on the flows of all trips with several paths.

Pairwise exchange (`kernels.projection`) moves one trip at a time and slows down where trips share their dear arcs. Near
the solution the set of used paths is settled, and one step on all their flows at once brings what dozens of sweeps
would: its direction is found by conjugate gradients on differences of cost between paths, the arcs' slopes being the
curvature.
"""

import numpy as np
from numba import njit

from isthmus.kernels.delay import NONE, rise
from isthmus.kernels.path_pool import add_costs, mark_arcs
from isthmus.kernels.projection import inner

ROUNDS, SHORTER = 6, 12
"""Solutions of a direction at most, each with more paths held; shorter ways tried at most."""
SHORT = 0.01
"""
A direction of which less than this can be gone is solved anew with care. Where two classes can swap paths and leave the
flows of arcs as they are, nothing but what they have bounds the first solution. Held there one by one, paths leave the
moves of others without what was to offset them, and a steep arc bears little of that.
"""


@njit(cache=True, nogil=True)
def differences(active, trip, path, pool, law, arc, mark):
    """
    List the paths that may change, each with the arcs in which it differs from its trip's busiest path.

    Parameters
    ----------
    active : ndarray of int64
        Trips.
    trip, path, pool, arc, mark
        As in `kernels.projection.serve`.
    law : ndarray of int8, shape (n_arc,)

    Returns
    -------
    member, partner : ndarray of int64, shape (n,)
        The path and its trip's busiest one; paths of a trip lie together.
    indptr : ndarray of int64, shape (n + 1,)
    arcs : ndarray of int32
        Arcs of the path alone, then, as ``-1 - arc``, arcs of its partner alone; only those with a delay.
    price : ndarray, shape (n,)
        Cost of the path above its partner's. [h]
    curve : ndarray, shape (n,)
        Sum of the slopes of those arcs. [h per t/yr]
    """
    _, _, _, first, count, _, _, _, _ = trip
    following, start, size, share, constant = path
    _, cost, slope = arc
    n = 0
    entries = 0
    for i in range(active.size):
        t = active[i]
        if count[t] < 2:
            continue
        p = first[t]
        longest = 0
        while p >= 0:
            longest = max(longest, size[p])
            p = following[p]
        n += count[t]
        entries += 2 * longest * count[t]
    member = np.empty(n, np.int64)
    partner = np.empty(n, np.int64)
    indptr = np.zeros(n + 1, np.int64)
    arcs = np.empty(entries, np.int32)
    price = np.empty(n)
    curve = np.empty(n)
    n = 0
    at = 0
    for i in range(active.size):
        t = active[i]
        if count[t] < 2:
            continue
        p = first[t]
        b = p
        while p >= 0:
            if share[p] > share[b]:
                b = p
            p = following[p]
        mark_arcs(pool, start[b], size[b], mark, 1)
        base = add_costs(constant[b], pool, start[b], size[b], cost)
        p = first[t]
        while p >= 0:
            if p != b:
                c = add_costs(constant[p] - base, pool, start[p], size[p], cost)
                if share[p] > 0.0 or c < 0.0:
                    s = 0.0
                    for j in range(start[p], start[p] + size[p]):
                        x = pool[j]
                        if mark[x] == 1:
                            mark[x] = 2
                        elif law[x] != NONE:
                            arcs[at] = x
                            at += 1
                            s += slope[x]
                    for j in range(start[b], start[b] + size[b]):
                        x = pool[j]
                        if mark[x] == 2:
                            mark[x] = 1
                        elif law[x] != NONE:
                            arcs[at] = -1 - x
                            at += 1
                            s += slope[x]
                    member[n] = p
                    partner[n] = b
                    price[n] = c
                    curve[n] = s
                    n += 1
                    indptr[n] = at
            p = following[p]
        mark_arcs(pool, start[b], size[b], mark, 0)
    return member[:n], partner[:n], indptr[: n + 1], arcs[:at], price[:n], curve[:n]


@njit(cache=True, nogil=True)
def spread(indptr, arcs, move, push):
    """Add the moves of all paths up by arc; `push`, shape (n_arc,), is out. [t/yr]"""
    push[:] = 0.0
    for i in range(move.size):
        d = move[i]
        for j in range(indptr[i], indptr[i + 1]):
            x = arcs[j]
            if x >= 0:
                push[x] += d
            else:
                push[-1 - x] -= d


@njit(cache=True, nogil=True)
def hold(partner, share, room, move, weight):
    """
    Cut moves to what each trip has; paths cut get no `weight`.

    Parameters
    ----------
    partner, share
        Of `differences` and of the paths.
    room, move, weight : ndarray, shape (n,)
        As in `direction`; `move` and `weight` are in and out.

    Returns
    -------
    int
        Number of paths cut.
    """
    cut = 0
    i = 0
    while i < move.size:
        j = i
        gain = 0.0
        loss = 0.0
        while j < move.size and partner[j] == partner[i]:
            if move[j] < -room[j]:
                move[j] = -room[j]
                weight[j] = 0.0
                cut += 1
            if move[j] > 0.0:
                gain += move[j]
            else:
                loss -= move[j]
            j += 1
        have = share[partner[i]] + loss
        if gain > have:
            for k in range(i, j):
                if move[k] > 0.0:
                    move[k] *= have / gain
                    weight[k] = 0.0
                    cut += 1
        i = j
    return cut


@njit(cache=True, nogil=True)
def fraction(partner, share, room, kept, aim, weight):
    """
    Part of the way from one move to another after which some path has nothing left to lose.

    Parameters
    ----------
    partner, share, room
        As in `hold`.
    kept, aim : ndarray, shape (n,)
        A move within what each trip has, and the one wished for. [t/yr]
    weight : ndarray, shape (n,)
        As in `hold`: paths that can go no part of the way get none.

    Returns
    -------
    part : float
        1 at most; of no use if paths are blocked.
    blocked : int
        Number of paths that can go no part of it.
    """
    part = 1.0
    blocked = 0
    i = 0
    while i < kept.size:
        j = i
        left = share[partner[i]]
        drain = 0.0
        while j < kept.size and partner[j] == partner[i]:
            d = aim[j] - kept[j]
            if d < 0.0 and room[j] + kept[j] <= 0.0:
                weight[j] = 0.0
                blocked += 1
            elif d < 0.0 and part * d < -room[j] - kept[j]:
                part = (-room[j] - kept[j]) / d
            left -= kept[j]
            drain += d
            j += 1
        if drain > 0.0 and left <= 1e-14 * share[partner[i]]:
            for k in range(i, j):
                if aim[k] > kept[k]:
                    weight[k] = 0.0
                    blocked += 1
        elif drain > 0.0 and part * drain > left:
            part = left / drain
        i = j
    return part, blocked


@njit(cache=True, nogil=True)
def model(indptr, arcs, price, slope, push, move):
    """Change of the objective by a move while slopes stay; `push`, shape (n_arc,), is scratch. [t*h/yr]"""
    spread(indptr, arcs, move, push)
    bend = 0.0
    for x in range(push.size):
        bend += push[x] * push[x] * slope[x]
    fall = 0.0
    for i in range(move.size):
        fall += price[i] * move[i]
    return fall + 0.5 * bend


@njit(cache=True, nogil=True)
def approach(partner, indptr, arcs, price, share, room, slope, push, kept, move, weight):
    """
    Cut a move to what each trip has, the way to it shortened until the cut move is better than the one kept.

    Parameters
    ----------
    partner, indptr, arcs, price, share, room, slope, push
        As in `direction`.
    kept : ndarray, shape (n,)
        A move within what each trip has. [t/yr]
    move, weight : ndarray, shape (n,)
        As in `hold`.

    Returns
    -------
    int
        Number of paths cut, or held where they are; -1 if no part of the way is better: `move` is then the one kept.
    """
    worth = model(indptr, arcs, price, slope, push, kept)
    aim = move.copy()
    whole = weight.copy()
    cut = hold(partner, share, room, move, weight)
    if model(indptr, arcs, price, slope, push, move) < worth:
        return cut
    part, blocked = fraction(partner, share, room, kept, aim, whole)
    if blocked:
        # they have no part in any way from here: the others are to be solved anew without them
        for i in range(move.size):
            move[i] = kept[i]
            weight[i] = whole[i]
        return blocked
    part = min(4.0 * part, 0.5)
    for _ in range(SHORTER):
        for i in range(move.size):
            move[i] = kept[i] + part * (aim[i] - kept[i])
            weight[i] = whole[i]
        cut = hold(partner, share, room, move, weight)
        if model(indptr, arcs, price, slope, push, move) < worth:
            return cut
        part *= 0.5
    for i in range(move.size):
        move[i] = kept[i]
    return -1


@njit(cache=True, nogil=True)
def direction(
    partner, indptr, arcs, price, curve, share, room, slope, push, most, tolerance, careful
):
    """
    Solve for the Newton direction by preconditioned conjugate gradients, no path losing more than it has.

    Paths that would fall below zero are held there and the others solved anew.

    Parameters
    ----------
    partner, indptr, arcs, price, curve
        Of `differences`.
    share : ndarray
        Flow of all paths. [t/yr]
    room : ndarray, shape (n,)
        Flow of each path. [t/yr]
    slope : ndarray, shape (n_arc,)
        [h per t/yr]
    push : ndarray, shape (n_arc,)
        Scratch.
    most : int
        Iterations at most, of each solution.
    tolerance : float
        Share of the preconditioned residual at which to stop. [-]
    careful : bool
        Hold paths only where that is better than what was kept before (`approach`).

    Returns
    -------
    ndarray, shape (n,)
        Flow that each path should gain. [t/yr]
    """
    n = price.size
    move = np.zeros(n)
    kept = np.zeros(n)
    rest = np.empty(n)
    way = np.empty(n)
    weight = np.empty(n)
    begin = 0.0
    for i in range(n):
        # a path without curvature has no Newton step: leave it to the exchange
        weight[i] = 1.0 / curve[i] if curve[i] > 0.0 else 0.0
        begin += price[i] * price[i] * weight[i]
    for _ in range(ROUNDS):
        inner = 0.0
        spread(indptr, arcs, move, push)
        for x in range(push.size):
            push[x] *= slope[x]
        for i in range(n):
            kept[i] = move[i]
            rest[i] = 0.0
            if weight[i] > 0.0:
                h = price[i]
                for j in range(indptr[i], indptr[i + 1]):
                    x = arcs[j]
                    if x >= 0:
                        h += push[x]
                    else:
                        h -= push[-1 - x]
                rest[i] = -h
            way[i] = weight[i] * rest[i]
            inner += rest[i] * way[i]
        for _ in range(most):
            if inner <= tolerance * tolerance * begin:
                break
            spread(indptr, arcs, way, push)
            bend = 0.0
            for x in range(push.size):
                if push[x] != 0.0:
                    bend += push[x] * push[x] * slope[x]
                    push[x] *= slope[x]
            if bend <= 1e-14 * inner:
                break
            alpha = inner / bend
            new = 0.0
            for i in range(n):
                if weight[i] == 0.0:
                    continue
                h = 0.0
                for j in range(indptr[i], indptr[i + 1]):
                    x = arcs[j]
                    if x >= 0:
                        h += push[x]
                    else:
                        h -= push[-1 - x]
                move[i] += alpha * way[i]
                rest[i] -= alpha * h
                new += rest[i] * rest[i] * weight[i]
            beta = new / inner
            inner = new
            for i in range(n):
                way[i] = weight[i] * rest[i] + beta * way[i]
        if careful:
            cut = approach(
                partner, indptr, arcs, price, share, room, slope, push, kept, move, weight
            )
        else:
            cut = hold(partner, share, room, move, weight)
        if cut <= 0:
            break
    return move


@njit(cache=True, nogil=True)
def along(laws, marginal, free, arc, push, now):
    """
    Find how far to go along a direction: downhill all the way, and not much further than the lowest point.

    Parameters
    ----------
    laws, marginal, free, arc
        As in `kernels.projection.inner`.
    push : ndarray, shape (n_arc,)
        Change of flow over the whole direction. [t/yr]
    now : float
        Slope of the objective at its begin. [t*h/yr]

    Returns
    -------
    float
        Share of the direction, 0 if it does not lead downhill.
    """
    law, t0, capacity, a, b = laws
    flow, cost, _ = arc
    if not now < 0.0:
        return 0.0
    low = 0.0
    low_at = now
    high = 1.0
    length = 1.0
    for _ in range(8):
        there = now
        for x in range(push.size):
            if push[x] != 0.0 and law[x] != NONE:
                delay, _ = rise(
                    law[x], t0[x], capacity[x], a[x], b[x], flow[x] + length * push[x], marginal
                )
                there += (free[x] + delay - cost[x]) * push[x]
        if there <= -0.1 * now:
            if there >= 0.5 * now or length == 1.0:
                return length
            low = length
            low_at = there
            length = 0.5 * (low + high)
        else:
            high = length
            ratio = low_at / (low_at - there)
            length = low + (high - low) * min(max(ratio, 0.1), 0.9)
    return low


@njit(cache=True, nogil=True)
def step(active, trip, path, pool, laws, marginal, free, arc, mark, push, most, tolerance):
    """
    Take one Newton step on the flows of all given trips, kept feasible and never uphill.

    Parameters
    ----------
    active, trip, path, pool, laws, marginal, free, arc, mark
        As in `kernels.projection.inner`.
    push : ndarray, shape (n_arc,)
        Scratch.
    most, tolerance
        As in `direction`.

    Returns
    -------
    bool
        Whether flows have moved.
    """
    law, t0, capacity, a, b = laws
    flow, cost, slope = arc
    share = path[3]
    member, partner, indptr, arcs, price, curve = differences(
        active, trip, path, pool, law, arc, mark
    )
    n = member.size
    if n == 0:
        return False
    room = share[member]
    move = price
    length = 0.0
    for careful in (False, True):
        move = direction(
            partner, indptr, arcs, price, curve, share, room, slope, push, most, tolerance, careful,
        )  # fmt: skip
        spread(indptr, arcs, move, push)
        now = 0.0
        for i in range(n):
            now += price[i] * move[i]
        length = along(laws, marginal, free, arc, push, now)
        if length >= SHORT:
            break
    if length == 0.0:
        return False
    for i in range(n):
        d = length * move[i]
        share[member[i]] = max(share[member[i]] + d, 0.0)
        share[partner[i]] = max(share[partner[i]] - d, 0.0)
    for x in range(push.size):
        if push[x] != 0.0 and law[x] != NONE:
            flow[x] += length * push[x]
            delay, rate = rise(law[x], t0[x], capacity[x], a[x], b[x], flow[x], marginal)
            cost[x] = free[x] + delay
            slope[x] = rate
    return True


@njit(cache=True, nogil=True)
def settle(
    active,
    trip,
    path,
    pool,
    laws,
    marginal,
    free,
    arc,
    mark,
    pair,
    push,
    rounds,
    aim,
    least,
    omega,
    most,
    tolerance,
):
    """
    Alternate Newton steps and sweeps of exchange until little is left.

    Parameters
    ----------
    active, trip, path, pool, laws, marginal, free, arc, mark, pair, least, omega
        As in `kernels.projection.inner`.
    push : ndarray, shape (n_arc,)
        Scratch.
    rounds : int
        Newton steps at most.
    aim : float
        Excess at which to stop. [t*h/yr]

    Returns
    -------
    float
        Weighted excess met by the last sweep.
    """
    excess = np.inf
    for _ in range(rounds):
        if not step(
            active, trip, path, pool, laws, marginal, free, arc, mark, push, most, tolerance
        ):
            break
        excess = inner(
            active, trip, path, pool, laws, marginal, free, arc, mark, pair, least, omega
        )
        if excess <= aim:
            break
    return excess
