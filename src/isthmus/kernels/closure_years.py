"""
Years of closures: each element is open and shut by turns, and trade pays for what is shut.

Draws come from a counter: a number depends on seed, year, element and place in the sequence alone, so that the same
year is the same for any order, and on any number of threads.
"""

import numpy as np
from numba import njit

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
MIX_A = np.uint64(0xBF58476D1CE4E5B9)
MIX_B = np.uint64(0x94D049BB133111EB)
_TOP = 1.0 / 9007199254740992.0


@njit(cache=True, nogil=True)
def draw(seed, year, key, place):
    """Return a number in (0, 1), the same for the same four integers (splitmix64, finalised twice)."""
    z = np.uint64(seed) * GOLDEN + np.uint64(year)
    for more in (np.uint64(key), np.uint64(place)):
        z = (z ^ (z >> np.uint64(30))) * MIX_A
        z = (z ^ (z >> np.uint64(27))) * MIX_B
        z = (z ^ (z >> np.uint64(31))) + more * GOLDEN
    z = (z ^ (z >> np.uint64(30))) * MIX_A
    z = (z ^ (z >> np.uint64(27))) * MIX_B
    z = z ^ (z >> np.uint64(31))
    return (np.float64(z >> np.uint64(11)) + 0.5) * _TOP


@njit(cache=True, nogil=True)
def longer(array):
    """Return an array of twice the length that begins with what is there."""
    more = np.empty((2 * array.shape[0],) + array.shape[1:], array.dtype)  # noqa: RUF005 (compiled)
    more[: array.shape[0]] = array
    return more


@njit(cache=True, nogil=True)
def spells(seed, year, key, up, down, first, last):
    """
    Draw the closures of one cause in one year, stationary from the first day.

    Parameters
    ----------
    seed, year, key : int
    up, down : float
        Mean days open and shut.
    first, last : float
        Days of the year between which the cause acts; the season may pass the turn of the year.

    Returns
    -------
    starts, ends : ndarray, shape (n,)
        Days of the year; as many as there are.
    """
    starts, ends = np.empty(16), np.empty(16)
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
        while t < b:
            wait = -np.log(draw(seed, year, key, place)) * (down if shut else up)
            place += 1
            if shut:
                if n == starts.size:
                    starts, ends = longer(starts), longer(ends)
                starts[n] = t
                ends[n] = min(t + wait, b)
                n += 1
            t += wait
            shut = not shut
    return starts[:n], ends[:n]


@njit(cache=True, nogil=True)
def turns(seed, first_year, n_year, n_element, n_word, causes):
    """
    Open and shut the elements year by year.

    Parameters
    ----------
    seed, first_year, n_year : int
    n_element, n_word : int
    causes : tuple
        element (int64), key (uint64), up, down, first, last of each cause; an element may have several,
        and causes with one key shut their elements together.

    Returns
    -------
    days : ndarray, shape (n_year, n_element)
        Days each element is shut, by whatever cause. [d]
    year : ndarray of int64, shape (n,)
        Of the stretches with two elements or more shut, in order.
    days_of : ndarray, shape (n,)
        Their length. [d]
    sets : ndarray of uint64, shape (n, n_word)
        What is shut in them.
    """
    element, key, up, down, first, last = causes
    days = np.zeros((n_year, n_element))
    year = np.empty(256, np.int64)
    days_of = np.empty(256)
    sets = np.empty((256, n_word), np.uint64)
    found = 0
    when = np.empty(256)
    what = np.empty(256, np.int64)
    count = np.zeros(n_element, np.int64)
    since = np.zeros(n_element)
    shut = np.zeros(n_word, np.uint64)
    for y in range(n_year):
        n = 0
        for c in range(element.size):
            starts, ends = spells(seed, first_year + y, key[c], up[c], down[c], first[c], last[c])
            while n + 2 * starts.size > when.size:
                when, what = longer(when), longer(what)
            for i in range(starts.size):
                when[n] = starts[i]
                what[n] = element[c] + 1
                when[n + 1] = ends[i]
                what[n + 1] = -element[c] - 1
                n += 2
        order = np.argsort(when[:n], kind="mergesort")
        count[:] = 0
        shut[:] = np.uint64(0)
        n_shut = 0
        for j in range(n):
            at = order[j]
            e = abs(what[at]) - 1
            if what[at] > 0:
                count[e] += 1
                if count[e] == 1:
                    shut[e // 64] |= np.uint64(1) << np.uint64(e % 64)
                    since[e] = when[at]
                    n_shut += 1
            else:
                count[e] -= 1
                if count[e] == 0:
                    shut[e // 64] &= ~(np.uint64(1) << np.uint64(e % 64))
                    days[y, e] += when[at] - since[e]
                    n_shut -= 1
            if n_shut < 2:
                continue
            long = when[order[j + 1]] - when[at]
            if long <= 0.0:
                continue
            if found == year.size:
                year, days_of, sets = longer(year), longer(days_of), longer(sets)
            year[found] = y
            days_of[found] = long
            sets[found] = shut
            found += 1
    return days, year[:found], days_of[:found], sets[:found]


@njit(cache=True, nogil=True)
def losses(
    days, stretches, cases, of_element, lone, country, out_year, out_trip, worst
):  # fmt: skip
    """
    Add up the losses of some years.

    Parameters
    ----------
    days : ndarray, shape (n_year, n_element)
        Of `turns`.
    stretches : tuple
        year (int64, in order), set (int64) and days of those with two elements or more shut.
    cases : tuple
        begins and which, of `gather`; the trip of each pair, and what it loses beyond the sum of the losses of the
        elements alone. [USD/yr], [t/yr]
    of_element, lone : tuple
        indptr and trips of each element, and aligned with them what these lose while it alone is shut; less than
        nothing where others make room. [USD/yr], [t/yr]
    country : tuple
        Codes of the country where each trip begins and ends, and how many there are.
    out_year : ndarray, shape (n_year, n_country + 1, 2)
        Out: USD and tonnes lost by country in each year; the last row is all trips once.
    out_trip : ndarray, shape (m, 4)
        Added to: USD, its square, tonnes, its square, of each trip's years.
    worst : ndarray, shape (m, 2)
        Raised to: USD and tonnes of each trip's worst year.
    """
    year, which, long = stretches
    begins, pairs, who, more_usd, more_lost = cases
    indptr, trips = of_element
    lone_usd, lone_lost = lone
    begin, end, n_country = country
    m = out_trip.shape[0]
    usd = np.zeros(m)
    lost = np.zeros(m)
    at = 0
    for y in range(days.shape[0]):
        usd[:] = 0.0
        lost[:] = 0.0
        for e in range(days.shape[1]):
            share = days[y, e] / 365.0
            if share > 0.0:
                for i in range(indptr[e], indptr[e + 1]):
                    usd[trips[i]] += share * lone_usd[i]
                    lost[trips[i]] += share * lone_lost[i]
        while at < year.size and year[at] == y:
            share = long[at] / 365.0
            for j in range(begins[which[at]], begins[which[at] + 1]):
                i = pairs[j]
                usd[who[i]] += share * more_usd[i]
                lost[who[i]] += share * more_lost[i]
            at += 1
        for t in range(m):
            # sums and what is taken off them may leave a last bit below nothing
            a, b = usd[t], max(lost[t], 0.0)
            if a == 0.0 and b == 0.0:
                continue
            out_trip[t, 0] += a
            out_trip[t, 1] += a * a
            out_trip[t, 2] += b
            out_trip[t, 3] += b * b
            worst[t, 0] = max(worst[t, 0], a)
            worst[t, 1] = max(worst[t, 1], b)
            out_year[y, begin[t], 0] += a
            out_year[y, begin[t], 1] += b
            if end[t] != begin[t]:
                out_year[y, end[t], 0] += a
                out_year[y, end[t], 1] += b
            out_year[y, n_country, 0] += a
            out_year[y, n_country, 1] += b


@njit(cache=True, nogil=True)
def _normal(seed, year, key, place):
    """Standard normal by Box and Muller."""
    a = draw(seed, year, key, place)
    b = draw(seed, year, key, place ^ MIX_A)
    return np.sqrt(-2.0 * np.log(a)) * np.cos(2.0 * np.pi * b)


@njit(cache=True, nogil=True)
def _meets(mask, shut):
    for w in range(shut.size):  # noqa: SIM110 (compiled)
        if mask[w] & shut[w]:
            return True
    return False


@njit(cache=True, nogil=True)
def journeys(seed, key, weight, masks, starts, stage, mean, spread, causes, out):
    """
    Draw door-to-door hours of consignments of one trip.

    Each draw bears a key: of the trip, of the cause that may shut its way, of the stage and of the route,
    so that what is drawn does not depend on what else there is. A route is chosen by the race of
    exponentials [1]_, which gives a route that stays the same draw when another goes.

    Parameters
    ----------
    seed : int
    key : uint64
        Of the trip.
    weight, masks
        Share of each of its routes, and the elements that it passes.
    starts : ndarray of int64, shape (n_path + 1,)
        Stages of each route.
    stage : ndarray of uint64
        Key of each stage.
    mean, spread : ndarray
        Mean hours of each stage and their standard deviation; lognormal. [h]
    causes : tuple
        element, key, chance on a day in season, mean days until it is over, first and last day of its
        season; those with one key shut their elements together.
    out : ndarray, shape (n,)
        Out. [h]

    References
    ----------
    .. [1] L. Devroye, *Non-Uniform Random Variate Generation*, Springer, 1986, section III.3.
    """
    element, of_cause, chance, wait_d, first, last = causes
    n_path = weight.size
    n_word = masks.shape[1]
    path_key = np.zeros(n_path, np.uint64)
    touched = np.zeros(n_word, np.uint64)
    for p in range(n_path):
        for s in range(starts[p], starts[p + 1]):
            path_key[p] = (path_key[p] ^ stage[s]) * GOLDEN
        for w in range(n_word):
            touched[w] |= masks[p, w]
    mine = np.empty(element.size, np.int64)
    n_mine = 0
    for c in range(element.size):
        if touched[element[c] // 64] & (np.uint64(1) << np.uint64(element[c] % 64)):
            mine[n_mine] = c
            n_mine += 1
    shut = np.zeros(n_word, np.uint64)
    for i in range(out.size):
        shut[:] = np.uint64(0)
        day = 365.0 * draw(seed, i, key, MIX_B)
        for j in range(n_mine):
            c = mine[j]
            inside = first[c] <= day <= last[c]
            if last[c] < first[c]:
                inside = day >= first[c] or day <= last[c]
            if inside and draw(seed, i, key, of_cause[c]) < chance[c]:
                shut[element[c] // 64] |= np.uint64(1) << np.uint64(element[c] % 64)
        some = False
        for p in range(n_path):
            some = some or (weight[p] > 0.0 and not _meets(masks[p], shut))
        chosen = 0
        soonest = np.inf
        for p in range(n_path):
            if weight[p] <= 0.0 or (some and _meets(masks[p], shut)):
                continue
            rings = -np.log(draw(seed, i, key, path_key[p])) / weight[p]
            if rings < soonest:
                soonest = rings
                chosen = p
        hours = 0.0
        if not some:  # nothing is open: it waits for what is shut on its way
            for j in range(n_mine):
                c = mine[j]
                bit = np.uint64(1) << np.uint64(element[c] % 64)
                if not masks[chosen, element[c] // 64] & bit:
                    continue
                inside = first[c] <= day <= last[c]
                if last[c] < first[c]:
                    inside = day >= first[c] or day <= last[c]
                if inside and draw(seed, i, key, of_cause[c]) < chance[c]:
                    over = -np.log(draw(seed, i, key, of_cause[c] ^ MIX_A)) * wait_d[c]
                    hours = max(hours, 24.0 * over)
        for s in range(starts[chosen], starts[chosen + 1]):
            if spread[s] > 0.0 and mean[s] > 0.0:
                sigma2 = np.log(1.0 + (spread[s] / mean[s]) ** 2)
                z = _normal(seed, i, key, stage[s])
                hours += mean[s] * np.exp(np.sqrt(sigma2) * z - 0.5 * sigma2)
            else:
                hours += mean[s]
        out[i] = hours
