"""
Years of closures: each element is open and shut by turns, and trade pays for what is shut.

Draws come from a counter: a number depends on seed, year, element and place in the sequence alone, so that the same
year is the same for any order, and on any number of threads.
"""

import numpy as np
from numba import njit

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_A = np.uint64(0xBF58476D1CE4E5B9)
_MIX_B = np.uint64(0x94D049BB133111EB)
_TOP = 1.0 / 9007199254740992.0
_STEPS = 4_000
"""Turns of one element in one year at most."""


@njit(cache=True, nogil=True)
def draw(seed, year, key, place):
    """Return a number in (0, 1), the same for the same four integers (splitmix64, finalised twice)."""
    z = np.uint64(seed) * _GOLDEN + np.uint64(year)
    for more in (np.uint64(key), np.uint64(place)):
        z = (z ^ (z >> np.uint64(30))) * _MIX_A
        z = (z ^ (z >> np.uint64(27))) * _MIX_B
        z = (z ^ (z >> np.uint64(31))) + more * _GOLDEN
    z = (z ^ (z >> np.uint64(30))) * _MIX_A
    z = (z ^ (z >> np.uint64(27))) * _MIX_B
    z = z ^ (z >> np.uint64(31))
    return (np.float64(z >> np.uint64(11)) + 0.5) * _TOP


@njit(cache=True, nogil=True)
def spells(seed, year, key, up, down, first, last, starts, ends):
    """
    Draw the closures of one cause in one year, stationary from the first day.

    Parameters
    ----------
    seed, year, key : int
    up, down : float
        Mean days open and shut.
    first, last : float
        Days of the year between which the cause acts; the season may pass the turn of the year.
    starts, ends : ndarray
        Out.

    Returns
    -------
    int
        Closures found.
    """
    n = 0
    place = 0
    for part in range(2):
        a, b = first, last
        if last < first:
            if part == 0:
                a, b = 0.0, last
            else:
                a, b = first, 365.0
        elif part == 1:
            break
        t = a
        shut = draw(seed, year, key, place) * (up + down) < down
        place += 1
        while t < b and n < starts.size:
            wait = -np.log(draw(seed, year, key, place)) * (down if shut else up)
            place += 1
            if shut:
                starts[n] = t
                ends[n] = min(t + wait, b)
                n += 1
            t += wait
            shut = not shut
    return n


@njit(cache=True, nogil=True)
def closed_loss(trip, weight, masks, theta, flow, wanted, n_wanted, shut, usd, lost):
    """
    Loss of some trips while a set of elements is shut, at the rate of a year.

    Parameters
    ----------
    trip : ndarray of int64, shape (m + 1,)
        Where each trip's routes begin.
    weight : ndarray, shape (n_path,)
        Logit weight of each route.
    masks : ndarray of uint64, shape (n_path, n_word)
        Elements each route passes.
    theta, flow : ndarray, shape (m,)
        [t/USD], [t/yr]
    wanted : ndarray of int64
        Trips.
    n_wanted : int
    shut : ndarray of uint64, shape (n_word,)
    usd, lost : ndarray, shape (n_wanted or more,)
        Out: added cost [USD/yr], tonnes without a way [t/yr].
    """
    for i in range(n_wanted):
        t = wanted[i]
        whole = 0.0
        left = 0.0
        for p in range(trip[t], trip[t + 1]):
            whole += weight[p]
            hit = False
            for w in range(shut.size):
                if masks[p, w] & shut[w]:
                    hit = True
            if not hit:
                left += weight[p]
        usd[i] = 0.0
        lost[i] = 0.0
        if whole > 0.0:
            if left > 0.0:
                usd[i] = -flow[t] * np.log(min(1.0, left / whole)) / theta[t]
            else:
                lost[i] = flow[t]


@njit(cache=True, nogil=True)
def simulate(
    seed, first_year, n_year, causes, routes, of_element, lone, country, out_year, out_trip, worst,
    shut_days,
):  # fmt: skip
    """
    Simulate some years.

    Parameters
    ----------
    seed, first_year, n_year : int
    causes : tuple
        element (int64), key (uint64), up, down, first, last of each cause; an element may have several.
    routes : tuple
        trip, weight, masks, theta, flow; see `closed_loss`.
    of_element : tuple
        indptr and trips (int64) of each element: those with a route over it.
    lone : tuple
        usd and lost aligned with the trips of `of_element`: losses while that element alone is shut.
    country : tuple
        Codes of the country where each trip begins and ends, and how many there are.
    out_year : ndarray, shape (n_year, n_country + 1, 2)
        Out: USD and tonnes lost by country in each year; the last row is all trips once.
    out_trip : ndarray, shape (m, 4)
        Added to: USD, its square, tonnes, its square, of each trip's years.
    worst : ndarray, shape (m, 2)
        Raised to: USD and tonnes of each trip's worst year.
    shut_days : ndarray, shape (n_element,)
        Added to. [d]
    """
    element, key, up, down, first, last = causes
    trip, weight, masks, theta, flow = routes
    indptr, trips = of_element
    lone_usd, lone_lost = lone
    begin, end, n_country = country
    m = flow.size
    n_element = indptr.size - 1
    starts = np.empty(_STEPS)
    ends = np.empty(_STEPS)
    when = np.empty(_STEPS * 4)
    what = np.empty(_STEPS * 4, np.int64)
    count = np.zeros(n_element, np.int64)
    shut = np.zeros(masks.shape[1], np.uint64)
    usd = np.zeros(m)
    lost = np.zeros(m)
    wanted = np.empty(m, np.int64)
    stamp = np.full(m, -1, np.int64)
    mark = 0
    some_usd = np.empty(m)
    some_lost = np.empty(m)
    for y in range(n_year):
        n = 0
        for c in range(element.size):
            k = spells(
                seed, first_year + y, key[c], up[c], down[c], first[c], last[c], starts, ends
            )
            for i in range(k):
                if n + 2 > when.size:
                    break
                when[n] = starts[i]
                what[n] = element[c] + 1
                when[n + 1] = ends[i]
                what[n + 1] = -element[c] - 1
                n += 2
                shut_days[element[c]] += ends[i] - starts[i]
        order = np.argsort(when[:n], kind="mergesort")
        usd[:] = 0.0
        lost[:] = 0.0
        count[:] = 0
        shut[:] = np.uint64(0)
        n_shut = 0
        alone = -1
        for j in range(n):
            at = order[j]
            e = abs(what[at]) - 1
            if what[at] > 0:
                count[e] += 1
                if count[e] == 1:
                    shut[e // 64] |= np.uint64(1) << np.uint64(e % 64)
                    n_shut += 1
            else:
                count[e] -= 1
                if count[e] == 0:
                    shut[e // 64] &= ~(np.uint64(1) << np.uint64(e % 64))
                    n_shut -= 1
            if n_shut == 0 or j + 1 == n:
                continue
            share = (when[order[j + 1]] - when[at]) / 365.0
            if share <= 0.0:
                continue
            if n_shut == 1:
                for alone in range(n_element):
                    if count[alone] > 0:
                        break
                for i in range(indptr[alone], indptr[alone + 1]):
                    usd[trips[i]] += share * lone_usd[i]
                    lost[trips[i]] += share * lone_lost[i]
                continue
            mark += 1
            n_wanted = 0
            for x in range(n_element):
                if count[x] > 0:
                    for i in range(indptr[x], indptr[x + 1]):
                        t = trips[i]
                        if stamp[t] != mark:
                            stamp[t] = mark
                            wanted[n_wanted] = t
                            n_wanted += 1
            closed_loss(
                trip, weight, masks, theta, flow, wanted, n_wanted, shut, some_usd, some_lost
            )
            for i in range(n_wanted):
                usd[wanted[i]] += share * some_usd[i]
                lost[wanted[i]] += share * some_lost[i]
        for t in range(m):
            if usd[t] == 0.0 and lost[t] == 0.0:
                continue
            out_trip[t, 0] += usd[t]
            out_trip[t, 1] += usd[t] * usd[t]
            out_trip[t, 2] += lost[t]
            out_trip[t, 3] += lost[t] * lost[t]
            worst[t, 0] = max(worst[t, 0], usd[t])
            worst[t, 1] = max(worst[t, 1], lost[t])
            out_year[y, begin[t], 0] += usd[t]
            out_year[y, begin[t], 1] += lost[t]
            if end[t] != begin[t]:
                out_year[y, end[t], 0] += usd[t]
                out_year[y, end[t], 1] += lost[t]
            out_year[y, n_country, 0] += usd[t]
            out_year[y, n_country, 1] += lost[t]


@njit(cache=True, nogil=True)
def _normal(seed, year, key, place):
    """Standard normal by Box and Muller."""
    a = draw(seed, year, key, 2 * place)
    b = draw(seed, year, key, 2 * place + 1)
    return np.sqrt(-2.0 * np.log(a)) * np.cos(2.0 * np.pi * b)


@njit(cache=True, nogil=True)
def journeys(seed, key, first, last, weight, masks, starts, mean, spread, chance, wait, out):
    """
    Draw door-to-door hours of consignments of one trip.

    Parameters
    ----------
    seed, key : int
    first, last : int
        Its routes.
    weight, masks
        As in `closed_loss`.
    starts : ndarray of int64, shape (n_path + 1,)
        Stages of each route.
    mean, spread : ndarray
        Mean hours of each stage and their standard deviation; lognormal. [h]
    chance : ndarray, shape (n_element,)
        Chance that each element is shut on a day.
    wait : ndarray, shape (n_element,)
        Mean hours until a shut element opens. [h]
    out : ndarray, shape (n,)
        Out. [h]
    """
    n_element = chance.size
    shut = np.zeros(masks.shape[1], np.uint64)
    for i in range(out.size):
        shut[:] = np.uint64(0)
        for e in range(n_element):
            if chance[e] > 0.0 and draw(seed, i, key, 1_000_000 + e) < chance[e]:
                shut[e // 64] |= np.uint64(1) << np.uint64(e % 64)
        left = 0.0
        whole = 0.0
        for p in range(first, last):
            whole += weight[p]
            hit = False
            for w in range(shut.size):
                hit = hit or (masks[p, w] & shut[w]) != np.uint64(0)
            if not hit:
                left += weight[p]
        pick = draw(seed, i, key, 0) * (left if left > 0.0 else whole)
        chosen = last - 1
        for p in range(first, last):
            hit = False
            if left > 0.0:
                for w in range(shut.size):
                    hit = hit or (masks[p, w] & shut[w]) != np.uint64(0)
            if hit:
                continue
            chosen = p
            pick -= weight[p]
            if pick <= 0.0:
                break
        hours = 0.0
        if left <= 0.0:  # nothing is open: it waits for what is shut on its way
            for e in range(n_element):
                bit = np.uint64(1) << np.uint64(e % 64)
                if (shut[e // 64] & bit) and (masks[chosen, e // 64] & bit):
                    hours = max(hours, -np.log(draw(seed, i, key, 2_000_000 + e)) * wait[e])
        for s in range(starts[chosen], starts[chosen + 1]):
            if spread[s] > 0.0 and mean[s] > 0.0:
                sigma2 = np.log(1.0 + (spread[s] / mean[s]) ** 2)
                z = _normal(seed, i, key, 5_000 + s - starts[chosen])
                hours += mean[s] * np.exp(np.sqrt(sigma2) * z - 0.5 * sigma2)
            else:
                hours += mean[s]
        out[i] = hours
