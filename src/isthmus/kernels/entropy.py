"""
Most likely flows in bushes whose arc totals are given: sweeps of the dual.

In the most likely flows the weight of a path is a product over its arcs of exp(-price), one price an arc in all bushes
(`assign.proportional`). Among the ways into a place the flow splits in proportion to the weights of all paths by each.
Only *live* entries take part: those that some trip has a choice about. What others carry is constant.
"""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def compact(first, tail_place, arc_of, carried, live, demand, number):
    """
    Keep live entries and the places they lead to.

    Parameters
    ----------
    first : ndarray of int64, shape (n_place + 1,)
    tail_place : ndarray of int64, shape (n_entry,)
    arc_of : ndarray of int32, shape (n_entry,)
    carried, live : ndarray, shape (n_entry,)
    demand : ndarray, shape (n_place,)
        [t/yr]
    number : ndarray of int32, shape (n_arc,)
        Number of each arc among the live ones.

    Returns
    -------
    begin : ndarray of int64, shape (n + 1,)
        First live entry of each place that has any.
    tail : ndarray of int32, shape (n_live,)
        Number of the place of its tail, -1 where no choice comes before it.
    arc : ndarray of int32, shape (n_live,)
        Number of the arc.
    load : ndarray, shape (n,)
        Flow that enters each place and leaves it without a choice. [t/yr]
    where : ndarray of int64, shape (n_live,)
        Entry.
    """
    n_place, n_live = first.size - 1, 0
    for e in range(live.size):
        n_live += live[e]
    place = np.full(n_place, -1, np.int32)
    n = 0
    for i in range(n_place):
        if first[i] < first[i + 1] and live[first[i]]:
            place[i] = n
            n += 1
    begin, load = np.zeros(n + 1, np.int64), np.zeros(n)
    tail, arc = np.empty(n_live, np.int32), np.empty(n_live, np.int32)
    where = np.empty(n_live, np.int64)
    at = 0
    for i in range(n_place):
        mine = place[i]
        if mine >= 0:
            load[mine] += demand[i]
        for e in range(first[i], first[i + 1]):
            before = place[tail_place[e]]
            if live[e]:
                tail[at], arc[at], where[at] = before, number[arc_of[e]], e
                at += 1
            elif before >= 0:
                load[before] += carried[e]
        if mine >= 0:
            begin[mine + 1] = at
    return begin, tail, arc, load, where


@njit(cache=True, nogil=True)
def weigh(begin, tail, arc, load, price, level, share):
    """
    Sweep forward: weights of places and shares of the ways into them.

    Parameters
    ----------
    begin, tail, arc, load
        As of `compact`.
    price : ndarray, shape (n,)
        Of live arcs. [-]
    level : ndarray, shape (n_place,)
        Out: logarithm of the sum of weights of all ways.
    share : ndarray, shape (n_live,)
        Out: share of the flow of its place that comes by each entry.

    Returns
    -------
    float
        Sum of load times level. [t/yr]
    """
    value = 0.0
    for i in range(load.size):
        b, c = begin[i], begin[i + 1]
        top = -np.inf
        for e in range(b, c):
            up = level[tail[e]] if tail[e] >= 0 else 0.0
            share[e] = up - price[arc[e]]
            top = max(top, share[e])
        if c == b + 1:
            share[b] = 1.0
            level[i] = top
        else:
            s = 0.0
            for e in range(b, c):
                share[e] = np.exp(share[e] - top)
                s += share[e]
            for e in range(b, c):
                share[e] /= s
            level[i] = top + np.log(s)
        value += load[i] * level[i]
    return value


@njit(cache=True, nogil=True)
def load_arcs(begin, tail, arc, load, share, flow, total):
    """
    Sweep backward: flows of places and arcs.

    Parameters
    ----------
    begin, tail, arc, load, share
        As of `weigh`.
    flow : ndarray, shape (n_place,)
        Out. [t/yr]
    total : ndarray, shape (n,)
        Out: flow of live arcs. [t/yr]
    """
    for x in range(flow.size):
        flow[x] = load[x]
    total[:] = 0.0
    for i in range(load.size - 1, -1, -1):
        for e in range(begin[i], begin[i + 1]):
            x = flow[i] * share[e]
            total[arc[e]] += x
            if tail[e] >= 0:
                flow[tail[e]] += x


@njit(cache=True, nogil=True)
def respond(begin, tail, arc, share, flow, price, level, change, total):
    """
    Rate at which arc flows fall when prices move in a direction: the dual's second derivative times it.

    Parameters
    ----------
    begin, tail, arc, share, flow
        As of `load_arcs`.
    price : ndarray, shape (n,)
        Direction.
    level, change : ndarray, shape (n_place,)
        Scratch.
    total : ndarray, shape (n,)
        Out. [t/yr]
    """
    n_place = flow.size
    total[:] = 0.0
    for i in range(n_place):
        mean = 0.0
        for e in range(begin[i], begin[i + 1]):
            up = level[tail[e]] if tail[e] >= 0 else 0.0
            mean += share[e] * (price[arc[e]] - up)
        level[i] = -mean
        change[i] = 0.0
    for i in range(n_place - 1, -1, -1):
        for e in range(begin[i], begin[i + 1]):
            up = level[tail[e]] if tail[e] >= 0 else 0.0
            more = share[e] * (change[i] + flow[i] * (up - price[arc[e]] - level[i]))
            total[arc[e]] -= more
            if tail[e] >= 0:
                change[tail[e]] += more


@njit(cache=True, nogil=True)
def direction(begin, tail, arc, share, flow, lack, scale, ridge, precision, most):
    """
    Prices that would mend a lack of arc flow to first order: Newton's direction, damped, by conjugate gradients.

    Parameters
    ----------
    begin, tail, arc, share, flow
        As of `load_arcs`.
    lack : ndarray, shape (n,)
        Flow wanted less flow had. [t/yr]
    scale : ndarray, shape (n,)
        Flow that prices are measured by, above 0. [t/yr]
    ridge : float
        Share of `scale` added to the curvature: prices of different arcs can offset each other, and where next to
        nothing responds they would grow without bounds. [-]
    precision : float
        Share of the lack that may be left. [-]
    most : int
        Iterations.

    Returns
    -------
    step : ndarray, shape (n,)
    """
    n, n_place = lack.size, flow.size
    level, change = np.empty(n_place), np.empty(n_place)
    step, response = np.zeros(n), np.empty(n)
    rest = -lack
    steep = rest / scale
    along = steep.copy()
    size = np.sum(rest * steep)
    enough = precision * precision * size
    for _ in range(most):
        if size <= enough:
            break
        respond(begin, tail, arc, share, flow, along, level, change, response)
        response += ridge * scale * along
        bend = np.sum(along * response)
        if bend <= 0.0:
            break
        length = size / bend
        step += length * along
        rest -= length * response
        steep = rest / scale
        new = np.sum(rest * steep)
        along = steep + new / size * along
        size = new
    return step
