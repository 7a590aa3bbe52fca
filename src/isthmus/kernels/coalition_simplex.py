"""
Least cost of trips on given ways under capacities, for coalition after coalition.

Each trip has its ways in order of cost, the last of them the outside option, which takes no room. The programme of
one coalition, ``min sum c x`` with ``sum x = q`` a trip and ``sum x <= C`` an arc, is solved by the primal simplex
method with generalised upper bounds (Dantzig and Van Slyke 1967): a trip's key way carries what its other ways do
not, so that the working basis has a row only for each full arc. A coalition with one player more has all the ways of
the smaller one, whose optimum is thus where it starts; only ways that ask the new player can pay at first.
"""

import numpy as np
from numba import njit

from isthmus.kernels.basis_inverse import bordered, moved, stripped, times

STUCK = 500_000
"""Pivots after which a programme is given up."""

STALE = 100
"""Changes after which the inverse of the working basis is taken anew."""

TINY = 1e-9


@njit(cache=True, nogil=True)
def tolled(way, cost, starts, arcs, toll):
    """Return the cost of a way with what its full arcs ask."""
    total = cost[way]
    for e in range(starts[way], starts[way + 1]):
        total += toll[arcs[e]]
    return total


@njit(cache=True, nogil=True)
def add_rows(way, sign, starts, arcs, place, out):
    """Add what a way puts on the full arcs."""
    for e in range(starts[way], starts[way + 1]):
        if place[arcs[e]] >= 0:
            out[place[arcs[e]]] += sign


@njit(cache=True, nogil=True)
def invert(k, extra, key, trip, starts, arcs, place, inverse):
    """Take the inverse of the working basis anew: what each extra way puts on full arcs beyond its key way."""
    matrix = np.zeros((k, k))
    for j in range(k):
        add_rows(extra[j], 1.0, starts, arcs, place, matrix[:, j])
        add_rows(key[trip[extra[j]]], -1.0, starts, arcs, place, matrix[:, j])
    inverse[:k, :k] = np.linalg.inv(matrix)


@njit(cache=True, nogil=True)
def ask(k, extra, key, trip, cost, full, inverse, toll, low, high, row):
    """Set what full arcs ask, so that all ways in use cost a trip the same; keep the least and the most asked."""
    row[:k] = 0.0
    for j in range(k):
        more = cost[key[trip[extra[j]]]] - cost[extra[j]]
        if more != 0.0:
            for i in range(k):
                row[i] += more * inverse[j, i]
    toll[:] = 0.0
    for i in range(k):
        toll[full[i]] = row[i]
    for a in range(len(toll)):
        low[a] = min(low[a], toll[a])
        high[a] = max(high[a], toll[a])


@njit(cache=True, nogil=True)
def best_way(t, coalition, mask, cost, starts, arcs, first, key, toll):
    """
    Return the way of a trip that saves most, -1 if none does, and how much dearer the next best is.

    The second holds for as long as full arcs ask what they ask, if none asks less than nothing.
    """
    pays = tolled(key[t], cost, starts, arcs, toll)
    enough, found = pays - TINY * (1.0 + abs(pays)), -1
    least, other = enough, np.inf
    for way in range(first[t], first[t + 1]):
        if cost[way] >= least and (found >= 0 or cost[way] >= other):
            break
        if mask[way] & ~coalition != 0 or way == key[t]:
            continue
        price = tolled(way, cost, starts, arcs, toll)
        other = min(other, price)
        if price < least:
            least, found = price, way
    return found, max(other - pays, 0.0)


@njit(cache=True, nogil=True)
def direct(entering, arc_in, k, key, trip, starts, arcs, place, inverse, right, step):
    """Set how the extra ways answer to a unit of what enters, so that full arcs stay full."""
    right[:k] = 0.0
    if entering >= 0:
        add_rows(entering, -1.0, starts, arcs, place, right)
        add_rows(key[trip[entering]], 1.0, starts, arcs, place, right)
    else:
        right[place[arc_in]] = -1.0
    times(inverse, k, right, step)
    for j in range(k):
        if abs(step[j]) < 1e-10:
            step[j] = 0.0


@njit(cache=True, nogil=True)
def concerned(
    k, extra, key, trip, starts, arcs, toll, was, low, high, over, over_starts, slack, shift, looked, stamp, todo
):  # fmt: skip
    """
    List the trips that may do better than when they were looked at; returns how many.

    `was` is what an arc asked at the last list, `low` and `high` the least and the most since: those bind trips that
    were looked at in between. What it asks less, a way over it may have gained; what it asks more, those on it have
    lost. Where both together are within the slack of a trip, no way of its can be better, and its slack is less by so
    much. Those with several ways are always listed.
    """
    now = stamp[-1]
    stamp[-1] += 1
    n, changed = 0, False
    for a in range(len(toll)):
        fall, rise = high[a] - toll[a], toll[a] - low[a]
        less, more = max(was[a] - toll[a], 0.0), max(toll[a] - was[a], 0.0)
        low[a] = high[a] = was[a] = toll[a]
        if fall <= 1e-12 and rise <= 1e-12:
            continue
        changed = True
        for e in range(over_starts[a], over_starts[a + 1]):
            t = over[e]
            between = looked[t] == now
            by = fall if between else less
            lost = rise if between else more
            if lost > 0.0:
                for i in range(starts[key[t]], starts[key[t] + 1]):
                    if arcs[i] == a:
                        by += lost
            if stamp[t] != stamp[-1]:
                stamp[t] = stamp[-1]
                shift[t] = 0.0
                todo[n] = t
                n += 1
            shift[t] += by
    if changed:
        for j in range(k):
            t = trip[extra[j]]
            if stamp[t] != stamp[-1]:
                stamp[t] = stamp[-1]
                todo[n] = t
                n += 1
            slack[t] = -1.0
    listed = 0
    for i in range(n):
        t = todo[i]
        if slack[t] <= shift[t]:
            todo[listed] = t
            listed += 1
        else:
            slack[t] -= shift[t]
    return listed


@njit(cache=True, nogil=True)
def settle(
    coalition,
    trips,
    trip,
    mask,
    cost,
    starts,
    arcs,
    first,
    over,
    over_starts,
    flow,
    capacity,
    state,
    scratch,
):
    """
    Solve the programme of a coalition from the basis of a smaller one.

    Parameters
    ----------
    coalition : int
    trips : ndarray of int64
        Those with a way that may pay at first.
    trip, mask, cost, starts, arcs
        Of ways, sorted by trip and cost, the outside option last; `arcs` are positions in `capacity`.
    first : ndarray of int64, shape (n_trip + 1,)
        First way of each trip.
    over, over_starts : ndarray
        Trips with a way over arc a are ``over[over_starts[a]:over_starts[a + 1]]``.
    flow : ndarray, shape (n_trip,)
    capacity : ndarray, shape (n_arc,)
    state : tuple
        key (n_trip), load (n_arc), toll (n_arc), place (n_arc; row of a full arc or -1), full, extra, carried (n_arc
        each), inverse (n_arc, n_arc), count (2: full arcs, changes of the inverse), slack (n_trip; at most what a trip's
        next best way is dearer by). Changed.
    scratch : tuple
        Vectors: change (n_arc), key_change, listed, spot (n_trip), on_key, right, step, left, column, row (n_arc + 1),
        was, low, high (n_arc), shift, looked (n_trip), stamp (n_trip + 1), todo (n_trip).

    Returns
    -------
    int
        Pivots, -1 if given up.
    """
    key, load, toll, place, full, extra, carried, inverse, count, slack = state
    (
        change,
        key_change,
        listed,
        spot,
        on_key,
        right,
        step,
        left,
        column,
        row,
        was,
        low,
        high,
        shift,
        looked,
        stamp,
        todo,
    ) = scratch
    n_arc = len(capacity)
    was[:] = toll
    low[:] = toll
    high[:] = toll
    pivots, at, n_todo = 0, 0, len(trips)
    todo[:n_todo] = trips
    k = count[0]
    while True:
        entering, arc_in = -1, -1
        while True:
            if at == n_todo:
                n_todo = concerned(
                    k, extra, key, trip, starts, arcs, toll, was, low, high, over, over_starts, slack,
                    shift, looked, stamp, todo,
                )  # fmt: skip
                at = 0
                if n_todo == 0:
                    break
            t = todo[at]
            looked[t] = stamp[-1]
            entering, other = best_way(t, coalition, mask, cost, starts, arcs, first, key, toll)
            if entering >= 0:
                break
            slack[t] = other
            at += 1
        if entering < 0:
            worst = -TINY
            for i in range(k):
                if toll[full[i]] < worst:
                    worst, arc_in = toll[full[i]], full[i]
            if arc_in < 0:
                count[0] = k
                return pivots
        pivots += 1
        if pivots > STUCK:
            return -1
        direct(entering, arc_in, k, key, trip, starts, arcs, place, inverse, right, step)
        # what a unit changes: loads of arcs, flows of keys
        change[:] = 0.0
        n_listed = 0
        if entering >= 0:
            t = trip[entering]
            listed[0], spot[t], n_listed = t, 0, 1
            key_change[t] = -1.0
            for e in range(starts[entering], starts[entering + 1]):
                change[arcs[e]] += 1.0
            for e in range(starts[key[t]], starts[key[t] + 1]):
                change[arcs[e]] -= 1.0
        for j in range(k):
            y = step[j]
            if y == 0.0:
                continue
            t = trip[extra[j]]
            if not (spot[t] < n_listed and listed[spot[t]] == t):
                listed[n_listed], spot[t] = t, n_listed
                n_listed += 1
                key_change[t] = 0.0
            key_change[t] -= y
            for e in range(starts[extra[j]], starts[extra[j] + 1]):
                change[arcs[e]] += y
            for e in range(starts[key[t]], starts[key[t] + 1]):
                change[arcs[e]] -= y
        # how far: until a way runs empty or an arc is full
        theta, kind, which = np.inf, 0, -1
        for i in range(n_listed):
            on_key[i] = flow[listed[i]]
        for j in range(k):
            t = trip[extra[j]]
            if spot[t] < n_listed and listed[spot[t]] == t:
                on_key[spot[t]] -= carried[j]
        for i in range(n_listed):
            t = listed[i]
            if key_change[t] < -TINY:
                far = max(on_key[i], 0.0) / -key_change[t]
                if far < theta:
                    theta, kind, which = far, 1, t
        for j in range(k):
            if step[j] < -TINY:
                far = max(carried[j], 0.0) / -step[j]
                if far < theta:
                    theta, kind, which = far, 2, j
        for a in range(n_arc):
            if change[a] > TINY and place[a] < 0:
                far = max(capacity[a] - load[a], 0.0) / change[a]
                if far < theta:
                    theta, kind, which = far, 3, a
        if kind == 0:
            return -1
        for j in range(k):
            carried[j] += theta * step[j]
        for a in range(n_arc):
            if change[a] != 0.0 and place[a] < 0:
                load[a] += theta * change[a]
        # who leaves; the inverse follows
        good, same = True, False
        if kind == 1 and entering >= 0 and which == trip[entering]:
            left[:k], right[:k] = 0.0, 0.0
            same = True
            for j in range(k):
                if trip[extra[j]] == which:
                    right[j], same = 1.0, False
            if not same:
                add_rows(key[which], 1.0, starts, arcs, place, left)
                add_rows(entering, -1.0, starts, arcs, place, left)
                good = moved(inverse, k, left, right, column, row)
            key[which] = entering
        else:
            gone = -1
            if kind == 1:
                n_other = 0
                for j in range(k):
                    if trip[extra[j]] == which and (gone < 0 or carried[j] > carried[gone]):
                        gone = j
                left[:k], right[:k] = 0.0, 0.0
                for j in range(k):
                    if trip[extra[j]] == which and j != gone:
                        right[j] = 1.0
                        n_other += 1
                # the old key stands in the column of the new one, with the sign turned
                old_key = key[which]
                key[which], extra[gone] = extra[gone], old_key
                add_rows(old_key, 1.0, starts, arcs, place, left)
                add_rows(key[which], -1.0, starts, arcs, place, left)
                right[gone] = 2.0
                good = moved(inverse, k, left, right, column, row)
            elif kind == 2:
                gone = which
            if entering >= 0 and gone >= 0:
                left[:k], right[:k] = 0.0, 0.0
                add_rows(entering, 1.0, starts, arcs, place, left)
                add_rows(key[trip[entering]], -1.0, starts, arcs, place, left)
                add_rows(extra[gone], -1.0, starts, arcs, place, left)
                add_rows(key[trip[extra[gone]]], 1.0, starts, arcs, place, left)
                right[gone] = 1.0
                good = good and moved(inverse, k, left, right, column, row)
                extra[gone], carried[gone] = entering, theta
            elif entering >= 0:
                left[:k], right[:k] = 0.0, 0.0
                add_rows(entering, 1.0, starts, arcs, place, left)
                add_rows(key[trip[entering]], -1.0, starts, arcs, place, left)
                full[k], place[which], load[which] = which, k, capacity[which]
                extra[k], carried[k] = entering, theta
                corner = 0.0
                for j in range(k + 1):
                    on = 0.0
                    for e in range(starts[extra[j]], starts[extra[j] + 1]):
                        on += arcs[e] == which
                    other = key[trip[extra[j]]]
                    for e in range(starts[other], starts[other + 1]):
                        on -= arcs[e] == which
                    if j < k:
                        right[j] = on
                    else:
                        corner = on
                good = bordered(inverse, k, left, right, corner, column, row)
                k += 1
            elif gone >= 0:
                i = place[arc_in]
                good = good and stripped(inverse, k, i, gone)
                k -= 1
                extra[gone], carried[gone] = extra[k], carried[k]
                full[i] = full[k]
                place[full[k]] = i
                place[arc_in] = -1
                load[arc_in] = capacity[arc_in] - theta
            else:
                i = place[arc_in]
                full[i], place[which], place[arc_in] = which, i, -1
                load[which], load[arc_in] = capacity[which], capacity[arc_in] - theta
                good = False
        count[1] += 0 if same else 1
        if k and (not good or count[1] > STALE):
            invert(k, extra, key, trip, starts, arcs, place, inverse)
            count[1] = 0
        if not same:
            ask(k, extra, key, trip, cost, full, inverse, toll, low, high, row)


@njit(cache=True, nogil=True)
def spent(trip, cost, flow, state):
    """Return the cost of all trips."""
    key, extra, carried, count = state[0], state[5], state[6], state[8]
    total = 0.0
    for t in range(len(flow)):
        total += flow[t] * cost[key[t]]
    for j in range(count[0]):
        total += carried[j] * (cost[extra[j]] - cost[key[trip[extra[j]]]])
    return total


@njit(cache=True, nogil=True)
def desk(n_trip, n_arc):
    """Return scratch for `settle`."""
    return (
        np.zeros(n_arc), np.zeros(n_trip), np.zeros(n_trip, np.int64), np.zeros(n_trip, np.int64),
        np.zeros(n_arc + 1), np.zeros(n_arc + 1), np.zeros(n_arc + 1), np.zeros(n_arc + 1), np.zeros(n_arc + 1),
        np.zeros(n_arc + 1), np.zeros(n_arc), np.zeros(n_arc), np.zeros(n_arc), np.zeros(n_trip),
        np.zeros(n_trip, np.int64), np.zeros(n_trip + 1, np.int64), np.zeros(n_trip, np.int64),
    )  # fmt: skip


@njit(cache=True, nogil=True)
def crossed(trip, starts, arcs, n_arc):
    """Return the trips with a way over arc a as ``over[over_starts[a]:over_starts[a + 1]]``."""
    last = np.full(n_arc, -1, np.int64)
    over_starts = np.zeros(n_arc + 1, np.int64)
    for way in range(len(trip)):
        for e in range(starts[way], starts[way + 1]):
            if last[arcs[e]] != trip[way]:
                last[arcs[e]] = trip[way]
                over_starts[arcs[e] + 1] += 1
    for a in range(n_arc):
        over_starts[a + 1] += over_starts[a]
    at, over = over_starts[:n_arc].copy(), np.empty(over_starts[n_arc], np.int32)
    last[:] = -1
    for way in range(len(trip)):
        for e in range(starts[way], starts[way + 1]):
            a = arcs[e]
            if last[a] != trip[way]:
                last[a] = trip[way]
                over[at[a]] = trip[way]
                at[a] += 1
    return over_starts, over


@njit(cache=True, nogil=True)
def blank(n_trip, n_arc):
    """Return a state for `settle`; its keys are yet to be set."""
    return (
        np.zeros(n_trip, np.int64), np.zeros(n_arc), np.zeros(n_arc), np.full(n_arc, -1, np.int64),
        np.zeros(n_arc, np.int64), np.zeros(n_arc, np.int64), np.zeros(n_arc), np.zeros((n_arc, n_arc)),
        np.zeros(2, np.int64), np.zeros(n_trip),
    )  # fmt: skip


@njit(cache=True, nogil=True)
def weighed(k, key, extra, carried, trip, starts, arcs, flow, load):
    """Set what arcs carry."""
    load[:] = 0.0
    for t in range(len(flow)):
        for e in range(starts[key[t]], starts[key[t] + 1]):
            load[arcs[e]] += flow[t]
    for j in range(k):
        for e in range(starts[extra[j]], starts[extra[j] + 1]):
            load[arcs[e]] += carried[j]
        way = key[trip[extra[j]]]
        for e in range(starts[way], starts[way + 1]):
            load[arcs[e]] -= carried[j]


@njit(cache=True, nogil=True)
def adopted(trip, cost, starts, arcs, flow, state):
    """Set all of a state that follows from its keys, full arcs, extra ways and what these carry."""
    key, load, toll, place, full, extra, carried, inverse, count, _ = state
    k = count[0]
    weighed(k, key, extra, carried, trip, starts, arcs, flow, load)
    place[:] = -1
    for i in range(k):
        place[full[i]] = i
    count[1] = 0
    if k:
        invert(k, extra, key, trip, starts, arcs, place, inverse)
    ask(
        k,
        extra,
        key,
        trip,
        cost,
        full,
        inverse,
        toll,
        toll.copy(),
        toll.copy(),
        np.empty(len(toll)),
    )


@njit(cache=True, nogil=True)
def alone(coalition, trip, mask, cost, starts, arcs, first, flow, capacity, pays, toll):
    """
    Solve the programme of one coalition from nothing.

    Parameters
    ----------
    coalition : int
    trip, mask, cost, starts, arcs, first, flow, capacity
        As in `settle`.
    pays : ndarray, shape (n_trip,)
        What a trip's last tonne costs with what full arcs ask; filled in.
    toll : ndarray, shape (n_arc,)
        What full arcs ask; filled in.

    Returns
    -------
    float
        Cost of all trips, nan if the programme was given up.
    """
    n_trip, n_arc = len(flow), len(capacity)
    over_starts, over = crossed(trip, starts, arcs, n_arc)
    state, scratch = blank(n_trip, n_arc), desk(n_trip, n_arc)
    state[0][:] = first[1:] - 1
    every = np.arange(n_trip)
    done = settle(
        coalition, every, trip, mask, cost, starts, arcs, first, over, over_starts, flow, capacity, state, scratch
    )  # fmt: skip
    if done < 0:
        return np.nan
    toll[:] = state[2]
    for t in range(n_trip):
        pays[t] = tolled(state[0][t], cost, starts, arcs, toll)
    return spent(trip, cost, flow, state)


@njit(cache=True, nogil=True)
def spread(n, trip_starts, mask, cost, flow, outside, out):
    """
    Add what trips that never meet a full arc save in every coalition.

    What one trip saves is written as dividends (Harsanyi 1959) on the players its ways ask; dividends add up over
    trips, and one sum over subsets gives every coalition what its members make possible.

    Parameters
    ----------
    n : int
    trip_starts : ndarray of int64, shape (n_trip + 1,)
    mask, cost : ndarray, shape (n_way,)
    flow, outside : ndarray, shape (n_trip,)
        `outside` is the cost of the outside option.
    out : ndarray, shape (2**n,)
        Zeros; becomes the saving.
    """
    bits = np.empty(n, np.int64)
    for t in range(len(flow)):
        union = 0
        for w in range(trip_starts[t], trip_starts[t + 1]):
            union |= mask[w]
        k = 0
        for i in range(n):
            if union >> i & 1:
                bits[k] = i
                k += 1
        least = np.full(1 << k, outside[t])
        for w in range(trip_starts[t], trip_starts[t + 1]):
            local = 0
            for i in range(k):
                if mask[w] >> bits[i] & 1:
                    local |= 1 << i
            least[local] = min(least[local], cost[w])
        for i in range(k):
            for s in range(1 << k):
                if s >> i & 1:
                    least[s] = min(least[s], least[s ^ (1 << i)])
        for s in range(1 << k):
            least[s] = flow[t] * (outside[t] - least[s])
        for i in range(k):
            for s in range(1 << k):
                if s >> i & 1:
                    least[s] -= least[s ^ (1 << i)]
        for s in range(1 << k):
            if least[s] != 0.0:
                whole = 0
                for i in range(k):
                    if s >> i & 1:
                        whole |= 1 << bits[i]
                out[whole] += least[s]
    for i in range(n):
        for s in range(1 << n):
            if s >> i & 1:
                out[s] += out[s ^ (1 << i)]
