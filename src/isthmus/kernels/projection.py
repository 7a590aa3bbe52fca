"""
Path-based gradient projection: user equilibrium by pairwise exchange of flow between paths of a trip.

A trip (one class, one origin, one destination) holds a linked list of paths whose first is its *basis*. Flow moves
between the basis and each other path by safeguarded Newton steps on their difference of cost, and every move updates
the arcs at once (Gauss-Seidel). New paths come from least-cost trees, one a class and origin (`kernels.trees`).

Costs are in hours: a class's constants divided by its value of time, plus the delay all classes share.

References
----------
.. [1] R. Jayakrishnan et al., "A faster path-based algorithm for traffic assignment", Transportation Research Record
   1443, 1994.
.. [2] J. Xie, Y. Nie and X. Liu, "A greedy path-based algorithm for traffic assignment", Transportation Research
   Record 2672(48), 2018.
"""

import numpy as np
from numba import njit

from isthmus.kernels.delay import NONE, rise
from isthmus.kernels.path_pool import add_costs, mark_arcs, same_arcs
from isthmus.kernels.tree_batches import grow, remember

TRIES, SEARCH = 4, 40
"""
Steps of an exchange at most, and where one of them has passed the balance. A slope says how far to go while it lasts, and
that of a queue's marginal delay falls to 1 - b of itself where its tangent begins: steps from either stretch land on
the other. A few of them may end further off than they began; between a point on either side the balance is found.
"""


@njit(cache=True, nogil=True)
def refresh(laws, marginal, free, flow, cost, slope):
    """
    Evaluate all arcs.

    Parameters
    ----------
    laws : tuple of ndarray
        law, t0, capacity, a, b, each of shape (n_arc,): see `kernels.delay`.
    marginal : bool
        Take marginal costs (system optimum) in place of average ones.
    free : ndarray, shape (n_arc,)
        Constant added to the delay. [h]
    flow, cost, slope : ndarray, shape (n_arc,)
        Flow [t/yr]; out: cost [h] and its derivative [h per t/yr].
    """
    law, t0, capacity, a, b = laws
    for i in range(law.size):
        if law[i] != NONE:
            delay, s = rise(law[i], t0[i], capacity[i], a[i], b[i], flow[i], marginal)
            cost[i] = free[i] + delay
            slope[i] = s


@njit(cache=True, nogil=True)
def exchange(t, first, path, pool, laws, marginal, free, arc, mark, scratch, reach, least, omega):
    """
    Move flow between the basis of a trip and each of its other paths.

    Parameters
    ----------
    t : int
    first : ndarray of int32, shape (m,)
        Basis of each trip.
    path : tuple
        following (int32), start (int64), size (int32), flow, constant; shape (n_path,).
    pool : ndarray of int32
        Arcs of paths, last arc first.
    laws, marginal, free
        As in `refresh`.
    arc : tuple
        flow, cost, slope; shape (n_arc,).
    mark : ndarray of int8, shape (n_arc,)
        Scratch, all 0 before and after.
    scratch : ndarray of int32, shape (2, n_node)
    reach : float
        Least cost of the trip; paths without flow are kept while they cost little more. [h]
    least : float
        Differences up to this are left. [h]
    omega : float
        Over-relaxation of the first step. [-]

    Returns
    -------
    excess : float
        Flow times what it paid above the cheapest path of the trip, before. [t*h/yr]
    count : int
        Paths left.
    """
    following, start, size, share, constant = path
    law, t0, capacity, a, b = laws
    flow, cost, slope = arc
    basis = first[t]
    b0 = start[basis]
    b1 = b0 + size[basis]
    mark_arcs(pool, b0, size[basis], mark, 1)
    excess = 0.0
    lowest = 0.0
    total = share[basis]
    count = 1
    spare = min(20.0 * least, 1e-3 * abs(reach))
    cheaper = -1
    cheapest = 0.0
    before = basis
    p = following[basis]
    while p >= 0:
        # arcs of one path and not of the other
        n_out = 0
        n_in = 0
        g = constant[p] - constant[basis]
        s = 0.0
        for i in range(start[p], start[p] + size[p]):
            x = pool[i]
            if mark[x] == 1:
                mark[x] = 2
            else:
                scratch[0, n_out] = x
                n_out += 1
                g += cost[x]
                s += slope[x]
        for i in range(b0, b1):
            x = pool[i]
            if mark[x] == 2:
                mark[x] = 1
            else:
                scratch[1, n_in] = x
                n_in += 1
                g -= cost[x]
                s += slope[x]
        excess += share[p] * g
        total += share[p]
        lowest = min(lowest, g)
        if g < cheapest:
            cheapest = g
            cheaper = p
        if abs(g) > least:
            aim = max(0.25, 1.25 * (omega - 1.0)) * abs(g)
            over = omega
            # how far the balance may be: all flow, then, once passed, the way back to the other side
            room = share[p] if g > 0.0 else -share[basis]
            passed = False
            short = 0.5
            for k in range(SEARCH):
                step = room
                if over * abs(g) < s * abs(room):
                    step = over * g / s
                elif passed:
                    # it is on this side of where we came from: the slope does not last that far. Half of what is left, then
                    # less: where a power below 1 begins, the balance is at a flow of many zeros behind the point
                    step = room - short * room
                    short = max(short * short, 1e-3)
                over = 1.0
                if step == 0.0:
                    break
                share[p] -= step
                share[basis] += step
                g = constant[p] - constant[basis]
                s = 0.0
                for i in range(n_out):
                    x = scratch[0, i]
                    if law[x] != NONE:
                        v = flow[x] - step
                        flow[x] = v
                        delay, rate = rise(law[x], t0[x], capacity[x], a[x], b[x], v, marginal)
                        cost[x] = free[x] + delay
                        slope[x] = rate
                        s += rate
                    g += cost[x]
                for i in range(n_in):
                    x = scratch[1, i]
                    if law[x] != NONE:
                        v = flow[x] + step
                        flow[x] = v
                        delay, rate = rise(law[x], t0[x], capacity[x], a[x], b[x], v, marginal)
                        cost[x] = free[x] + delay
                        slope[x] = rate
                        s += rate
                    g -= cost[x]
                if abs(g) <= aim:
                    break
                if (g > 0.0) != (step > 0.0):
                    room = -step
                    passed = True
                    short = 0.5
                elif passed or k < TRIES - 1:
                    room -= step
                else:
                    break
        after = following[p]
        if share[p] <= 0.0 and g > spare:
            share[p] = 0.0
            following[before] = after
            size[p] = -size[p]
            if cheaper == p:
                cheaper = -1
        else:
            before = p
            count += 1
        p = after
    mark_arcs(pool, b0, b1 - b0, mark, 0)
    if cheaper >= 0 and cheaper != basis:
        # the cheapest path found leads from now on
        before = basis
        while following[before] != cheaper:
            before = following[before]
        following[before] = following[cheaper]
        following[cheaper] = basis
        first[t] = cheaper
        if share[basis] <= 0.0:
            following[cheaper] = following[basis]
            size[basis] = -size[basis]
            count -= 1
    return excess - lowest * total, count


@njit(cache=True, nogil=True)
def serve(
    tail,
    fixed,
    tree,
    trip,
    path,
    pool,
    used,
    laws,
    marginal,
    free,
    arc,
    mark,
    pair,
    begin,
    end,
    slack,
    least,
    omega,
):
    """
    Take the new paths of a range of trees in and exchange flows of their trips.

    Parameters
    ----------
    tail, fixed, tree
        As in `kernels.tree_batches.grow`, which has run on these trees.
    trip : tuple
        destination (int32), demand, weight, first path (int32, -1 none yet), number of paths (int32), least cost
        (`reach`), moved (bool), lone (int8: 0 to be served; 1 it has one path; 2 that is the tree's; the latter two are
        served if `moved`), `reach` when it was served last (`level`: trees of later trips may be growing meanwhile);
        shape (m,).
    path, pool : tuple, ndarray of int32
        As in `exchange`.
    used : ndarray of int64, shape (2,)
        Paths and pool entries in use; in and out.
    laws, marginal, free, arc
        As in `refresh`.
    mark, pair
        Scratch of `exchange`.
    begin, end : int
        Trees.
    slack, least : float
        Paths that save no more than `slack` of the cost are not taken in; differences up to `least` of the cost are
        left. [-]
    omega : float

    Returns
    -------
    reached : int
        `end`, or the tree to go on with when there is more room: paths or pool were full.
    excess, total : float
        Weighted flow times what it paid above the least cost (all it pays, if it had no path), and times the least
        cost.
    """
    root, klass, trips_of, via, _, _, _, _ = tree
    destination, demand, weight, first, count, reach, moved, lone, level = trip
    following, start, size, share, constant = path
    flow, cost, slope = arc
    several = fixed.shape[0] > 0
    excess = 0.0
    total = 0.0
    for i in range(begin, end):
        r = root[i]
        k = klass[i]
        t_begin = trips_of[i]
        t_end = trips_of[i + 1]
        if used[0] + (t_end - t_begin) > following.size:
            return i, excess, total
        loaded = False
        tree_excess = 0.0
        tree_total = 0.0
        for t in range(t_begin, t_end):
            d = reach[t]
            if d == np.inf:
                continue
            tree_total += weight[t] * demand[t] * d
            level[t] = d
            if lone[t] > 0 and not moved[t]:
                continue
            lone[t] = 0
            moved[t] = False
            basis = first[t]
            # the tree is one batch old: what its path costs now decides
            node = destination[t]
            at = used[1]
            n = 0
            c = 0.0
            d = 0.0
            while node != r:
                x = via[i, node]
                if at + n == pool.size:
                    if loaded:
                        refresh(laws, marginal, free, flow, cost, slope)
                    return i, excess, total
                pool[at + n] = x
                if several:
                    c += fixed[k, x]
                d += cost[x]
                n += 1
                node = tail[x]
            d += c
            dearest = 0.0
            if basis >= 0:
                dearest = add_costs(constant[basis], pool, start[basis], size[basis], cost)
            if basis < 0 or d < dearest * (1.0 - slack):
                q = basis
                same = False
                while q >= 0 and not same:
                    same = same_arcs(pool, start[q], at, size[q], n)
                    q = following[q]
                if not same:
                    p = used[0]
                    used[0] += 1
                    used[1] += n
                    start[p] = at
                    size[p] = n
                    constant[p] = c
                    following[p] = basis
                    share[p] = 0.0
                    first[t] = p
                    count[t] += 1
                    if basis < 0:
                        share[p] = demand[t]
                        for j in range(at, at + n):
                            flow[pool[j]] += demand[t]
                        loaded = True
                        lone[t] = 2
                        tree_excess += weight[t] * demand[t] * d
            if basis >= 0:
                if count[t] > 1:
                    gone, count[t] = exchange(
                        t, first, path, pool, laws, marginal, free, arc, mark, pair, d, least * d, omega,
                    )  # fmt: skip
                    tree_excess += weight[t] * gone
                else:
                    tree_excess += weight[t] * demand[t] * max(dearest - d, 0.0)
                if count[t] == 1:
                    lone[t] = 1
        if loaded:
            refresh(laws, marginal, free, flow, cost, slope)
        excess += tree_excess
        total += tree_total
    return end, excess, total


@njit(cache=True, nogil=True)
def inner(active, trip, path, pool, laws, marginal, free, arc, mark, pair, least, omega):
    """
    Exchange flows of trips with several paths, without trees.

    Parameters
    ----------
    active : ndarray of int64
        Trips.
    least : float
        Differences of cost up to this share of the least cost are left. [-]
    trip, path, pool, laws, marginal, free, arc, mark, pair, omega
        As in `serve`.

    Returns
    -------
    float
        Weighted excess met.
    """
    _, _, weight, first, count, _, _, _, level = trip
    excess = 0.0
    for i in range(active.size):
        t = active[i]
        if count[t] > 1:
            gone, count[t] = exchange(
                t, first, path, pool, laws, marginal, free, arc, mark, pair, level[t], least * level[t], omega,
            )  # fmt: skip
            excess += weight[t] * gone
    return excess


@njit(cache=True, nogil=True)
def cycle(
    graph,
    first_through,
    fixed,
    tree,
    was,
    batches,
    trip,
    path,
    pool,
    used,
    laws,
    marginal,
    free,
    arc,
    mark,
    pair,
    scratch,
    snapshot,
    active,
    sweeps,
    at,
    totals,
    slack,
    least,
    omega,
):
    """
    One iteration: serve every batch of trees, each grown on costs one batch old, with sweeps in between.

    The order of work is that of the threaded driver, so the result is the same to the bit.

    Parameters
    ----------
    was : ndarray, shape (n_batch, n_arc)
        As in `kernels.tree_batches.grow`, for each batch; in and out. [h]
    batches : ndarray of int64, shape (n_batch + 1,)
        First tree of each batch.
    snapshot : ndarray, shape (n_arc,)
        Scratch: costs that trees are grown on.
    active : ndarray of int64
        Trips with several paths.
    sweeps : int
        Passes over `active`.
    at : ndarray of int64, shape (2,)
        Batch and tree to begin with, tree -1 if the batch is untouched; out: where it stopped.
    totals : ndarray, shape (3,)
        In and out: excess, total, excess of the last pass over `active`.

    Returns
    -------
    bool
        False if paths or pool were full: make room and call again.
    """
    head_cost = arc[1]
    n_batch = batches.size - 1
    for b in range(at[0], n_batch):
        i = batches[b]
        if at[1] >= 0:
            i = at[1]
        else:
            if b == 0:
                grow(
                    graph, first_through, head_cost, was[0], fixed, tree, trip, path, pool, scratch, 0, batches[1],
                    slack,
                )  # fmt: skip
                remember(head_cost, slack, was[0])
            if b + 1 < n_batch:
                # a loop compiles ten times faster than a slice here
                for x in range(head_cost.size):
                    snapshot[x] = head_cost[x]
                grow(
                    graph, first_through, snapshot, was[b + 1], fixed, tree, trip, path, pool, scratch,
                    batches[b + 1], batches[b + 2], slack,
                )  # fmt: skip
                remember(snapshot, slack, was[b + 1])
        i, excess, total = serve(
            graph[2], fixed, tree, trip, path, pool, used, laws, marginal, free, arc, mark, pair, i, batches[b + 1],
            slack, least, omega,
        )  # fmt: skip
        totals[0] += excess
        totals[1] += total
        if i < batches[b + 1]:
            at[0] = b
            at[1] = i
            return False
        at[1] = -1
        for _ in range((b + 1) * sweeps // n_batch - b * sweeps // n_batch):
            totals[2] = inner(
                active, trip, path, pool, laws, marginal, free, arc, mark, pair, least, omega
            )
    at[0] = 0
    return True
