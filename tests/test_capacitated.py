"""The optimum under hard capacities against published answers, the programme of arc flows and laws."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import linprog
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import dijkstra

from isthmus.assign import column_generation
from isthmus.assign.all_or_nothing import all_or_nothing
from isthmus.assign.base import Trips, build_graph
from isthmus.assign.capacitated import capacitated
from isthmus.assign.least_cost import least_costs
from isthmus.errors import CostError, Infeasible, InputError
from isthmus.formats.tntp import read_tntp_network, read_tntp_trips

GOLDEN = Path(__file__).parent / "golden"
SEEDS = range(24)


def make_trips(*rows):
    """Trips from rows of class, origin, destination, flow."""
    klass, origin, destination, flow = zip(*rows, strict=True)
    ends = (np.array(x, np.int32) for x in (klass, origin, destination))
    return Trips(*ends, np.array(flow, float))


@pytest.fixture(scope="module")
def sioux_falls():
    """Sioux Falls, LeBlanc, Morlok and Pierskalla 1975, tables 1 and 2, at free-flow times."""
    network = read_tntp_network(GOLDEN / "sioux_falls_net.tntp")
    trips = read_tntp_trips(GOLDEN / "sioux_falls_trips.tntp").trips()
    graph, order = network.graph()
    return graph, network.fixed_cost(0.0, 0.0)[order], trips, network.capacity[order]


def random_problem(seed, n_node=9, n_arc=30, n_class=2, n_trip=14, tight=1.0):
    """Small and nasty: parallel arcs, loops, free, closed and full arcs, idle and still trips."""
    rng = np.random.default_rng(seed)
    tail, head = rng.integers(0, n_node, (2, n_arc))
    graph, _ = build_graph(tail, head, n_node)
    cost = rng.uniform(0.5, 10.0, (n_class, n_arc))
    cost[rng.random(cost.shape) < 0.1] = 0.0
    cost[rng.random(cost.shape) < 0.1] = np.inf
    capacity = rng.uniform(5.0, 60.0, n_arc) / tight
    capacity[rng.random(n_arc) < 0.35] = np.inf
    capacity[rng.random(n_arc) < 0.05] = 0.0
    flow = rng.uniform(1.0, 20.0, n_trip)
    flow[rng.random(n_trip) < 0.1] = 0.0
    ends = rng.integers(0, n_node, (2, n_trip)).astype(np.int32)
    klass = rng.integers(0, n_class, n_trip).astype(np.int32)
    return graph, cost, Trips(klass, *ends, flow), capacity, int(rng.choice([0, 3]))


def arc_form(graph, cost, trips, capacity, first=0, penalty=None):
    """
    Solve the programme of arc flows, one commodity a trip; None if it is infeasible.

    Trips without a way of finite cost are left out, at their penalty if there is one.
    """
    n, n_arc = graph.n_node, graph.n_arc
    reached = np.isfinite(least_costs(graph, cost, trips, first))
    charge = 0.0 if penalty is None else float(penalty[~reached] @ trips.flow[~reached])
    moving = np.flatnonzero(reached & (trips.origin != trips.destination))
    if not len(moving):
        return charge
    m = len(moving)
    price, upper = np.zeros(m * n_arc + m), np.full(m * n_arc + m, np.inf)
    row, col, val, rhs = [], [], [], np.zeros(m * n)
    for i, t in enumerate(moving):
        each = i * n_arc + np.arange(n_arc)
        usd = cost[trips.klass[t]]
        barred = np.isinf(usd) | ((graph.tail < first) & (graph.tail != trips.origin[t]))
        price[each] = np.where(barred, 0.0, usd)
        upper[each[barred]] = 0.0
        left = m * n_arc + i
        price[left] = 0.0 if penalty is None else penalty[t]
        upper[left] = 0.0 if penalty is None else np.inf
        row += [i * n + graph.tail, i * n + graph.head, [i * n + trips.origin[t]]]
        row += [[i * n + trips.destination[t]]]
        col += [each, each, [left], [left]]
        val += [np.ones(n_arc), -np.ones(n_arc), [1.0], [-1.0]]
        rhs[i * n + trips.origin[t]] = trips.flow[t]
        rhs[i * n + trips.destination[t]] = -trips.flow[t]
    balance = coo_array(
        (np.concatenate(val), (np.concatenate(row), np.concatenate(col))), (m * n, len(price))
    )
    tight = np.flatnonzero(np.isfinite(capacity))
    which = np.tile(np.arange(len(tight)), m)
    where = np.concatenate([i * n_arc + tight for i in range(m)])
    room = coo_array((np.ones(len(which)), (which, where)), (len(tight), len(price)))
    found = linprog(
        price,
        room if len(tight) else None,
        capacity[tight] if len(tight) else None,
        balance,
        rhs,
        list(zip(np.zeros_like(upper), upper, strict=True)),
        method="highs",
    )
    assert found.status in (0, 2), found.message
    return None if found.status == 2 else found.fun + charge


def check_certificate(found, graph, cost, trips, capacity, first, penalty=None):
    """Flows conserve and fit, and the bound, derived again with whole trees, meets the objective."""
    served = np.bincount(found.path_trip, found.path_flow, len(trips.flow))
    np.testing.assert_allclose(served + found.unserved, trips.flow, rtol=1e-12, atol=1e-12)
    again = np.zeros_like(found.arc_flow)
    for p, t in enumerate(found.path_trip):
        arcs = found.path(p)
        ends = [trips.origin[t], *graph.head[arcs]]
        assert [*graph.tail[arcs], trips.destination[t]] == ends
        assert all(node >= first for node in ends[1:-1])
        again[trips.klass[t], arcs] += found.path_flow[p]
    np.testing.assert_allclose(found.arc_flow, again, rtol=1e-12, atol=1e-12)
    assert np.all(np.isfinite(cost[found.arc_flow > 0]))
    total = found.arc_flow.sum(axis=0)
    assert np.all(total <= capacity * (1 + 1e-7) + 1e-7)
    assert np.all(found.dual >= 0.0)
    full = found.dual > 0.0
    np.testing.assert_allclose(total[full], capacity[full], rtol=1e-7, atol=1e-7)
    least = least_costs(graph, cost + found.dual, trips, first)
    price = np.where(np.isfinite(least), np.inf, 0.0) if penalty is None else penalty
    worth = np.minimum(least, price)
    bound = trips.flow @ worth - found.dual[full] @ capacity[full]
    scale = abs(found.objective) + 1e-6
    assert abs(bound - found.bound) <= 1e-8 * scale
    assert abs(bound - found.objective) <= 1e-8 * scale
    assert found.converged
    assert found.gap <= 1e-9


def check_cut(cut, graph, cost, trips, capacity, first=0):
    """The metric inequality, with distances by scipy: weight needed exceeds weight there is."""
    assert np.all((cut.weight >= 0.0) & (cut.weight <= 1.0))
    need = 0.0
    for k, o, d, flow in zip(*trips, strict=True):
        usable = np.isfinite(cost[k]) & ((graph.tail >= first) | (graph.tail == o))
        # scipy takes an explicit 0 for no arc and adds parallel ones: the lightest first, from 1
        order = np.argsort(cut.weight[usable], kind="stable")
        a, b = graph.tail[usable][order], graph.head[usable][order]
        _, first_of = np.unique(a.astype(np.int64) * graph.n_node + b, return_index=True)
        w = cut.weight[usable][order][first_of] + 1e-12
        matrix = csr_array((w, (a[first_of], b[first_of])), (graph.n_node,) * 2)
        dist = dijkstra(matrix, indices=o)[d]
        need += flow * dist if np.isfinite(dist) else 0.0
    arcs = cut.weight > 0.0
    room = cut.weight[arcs] @ capacity[arcs]
    assert np.isfinite(room)
    assert need > room
    assert cut.need == pytest.approx(need, rel=1e-7)
    assert cut.room == pytest.approx(room, rel=1e-9)
    assert cut.arcs.tolist() == np.flatnonzero(arcs).tolist()


@pytest.mark.parametrize(
    ("times", "objective", "binding"),
    [(np.inf, 3_176_000.0, 0), (3, 3_239_126.820686, 6), (2, 3_439_373.874323, 23)],
)
def test_sioux_falls_at_multiples_of_its_capacities(sioux_falls, times, objective, binding):
    graph, cost, trips, capacity = sioux_falls
    room = np.full(graph.n_arc, np.inf) if times == np.inf else times * capacity
    found = capacitated(graph, cost, trips, room)
    assert found.objective == pytest.approx(objective, rel=1e-11)
    assert int((found.dual > 1e-9).sum()) == binding
    assert found.cut is None
    check_certificate(found, graph, cost[None], trips, room, 0)


def test_sioux_falls_does_not_fit_its_capacities(sioux_falls):
    graph, cost, trips, capacity = sioux_falls
    with pytest.raises(Infeasible, match=r"must cross the arcs .*\n.*Pass penalty") as caught:
        capacitated(graph, cost, trips, capacity)
    cut = caught.value.cut
    check_cut(cut, graph, cost[None], trips, capacity)
    assert cut.is_plain
    assert isinstance(caught.value, InputError)
    assert (caught.value.need, caught.value.room) == (cut.need, cut.room)


def test_sioux_falls_leaves_at_a_price_what_does_not_fit(sioux_falls):
    graph, cost, trips, capacity = sioux_falls
    price = np.full(len(trips.flow), 100.0)
    found = capacitated(graph, cost, trips, capacity, penalty=100.0)
    check_certificate(found, graph, cost[None], trips, capacity, 0, price)
    assert found.unserved.sum() > 0
    check_cut(found.cut, graph, cost[None], trips, capacity)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("tight", [0.5, 1.5])
def test_agrees_with_the_programme_of_arc_flows(seed, tight):
    graph, cost, trips, capacity, first = random_problem(seed, tight=tight)
    wanted = arc_form(graph, cost, trips, capacity, first)
    if wanted is None:
        with pytest.raises(Infeasible) as caught:
            capacitated(graph, cost, trips, capacity, first_through_node=first)
        check_cut(caught.value.cut, graph, cost, trips, capacity, first)
        return
    found = capacitated(graph, cost, trips, capacity, first_through_node=first)
    assert found.objective == pytest.approx(wanted, rel=1e-7, abs=1e-7)
    reached = np.isfinite(least_costs(graph, cost, trips, first))
    np.testing.assert_array_equal(found.unserved, np.where(reached, 0.0, trips.flow))
    check_certificate(found, graph, cost, trips, capacity, first)


@pytest.mark.parametrize("seed", SEEDS)
def test_agrees_at_a_price_with_the_programme_of_arc_flows(seed):
    graph, cost, trips, capacity, first = random_problem(seed, tight=2.0)
    penalty = np.random.default_rng(seed).uniform(0.0, 60.0, len(trips.flow))
    wanted = arc_form(graph, cost, trips, capacity, first, penalty)
    found = capacitated(graph, cost, trips, capacity, first_through_node=first, penalty=penalty)
    assert found.objective == pytest.approx(wanted, rel=1e-7, abs=1e-7)
    check_certificate(found, graph, cost, trips, capacity, first, penalty)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_dual_is_what_a_slot_is_worth(seed):
    """Convexity: the dual is a subgradient, and the slope where the saving has no kink."""
    graph, cost, trips, capacity, first = random_problem(seed, tight=2.0)
    penalty = np.full(len(trips.flow), 40.0)
    found = capacitated(graph, cost, trips, capacity, first_through_node=first, penalty=penalty)
    arcs = np.flatnonzero(np.isfinite(capacity))
    step = 1e-3
    for arc in arcs[np.argsort(-found.dual[arcs], kind="stable")][:4]:
        more, less = capacity.copy(), capacity.copy()
        more[arc] += step
        less[arc] = max(0.0, less[arc] - step)
        right = (found.objective - arc_form(graph, cost, trips, more, first, penalty)) / step
        assert right <= found.dual[arc] + 1e-5
        if capacity[arc] >= step:
            left = (arc_form(graph, cost, trips, less, first, penalty) - found.objective) / step
            assert left >= found.dual[arc] - 1e-5
            if abs(left - right) < 1e-6:
                assert found.dual[arc] == pytest.approx(left, abs=1e-5)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_start_changes_nothing_but_the_time(seed):
    graph, cost, trips, capacity, first = random_problem(seed, tight=2.0)
    rng = np.random.default_rng(seed)
    penalty, options = 40.0, {"first_through_node": first}
    start = capacitated(graph, cost, trips, capacity, penalty=penalty, **options)
    flow, dual = start.path_flow.copy(), start.dual.copy()
    room, usd, tonnes = capacity.copy(), cost.copy(), trips.flow.copy()
    room[rng.integers(0, graph.n_arc, 3)] = [0.0, 7.0, np.inf]
    usd[:, rng.integers(0, graph.n_arc)] = np.inf
    usd[:, rng.integers(0, graph.n_arc)] = 1.0
    tonnes[rng.integers(0, len(tonnes), 2)] = [0.0, 30.0]
    changed = trips._replace(flow=tonnes)
    for problem in ((cost, trips, room), (usd, trips, capacity), (usd, changed, room)):
        cold = capacitated(graph, *problem, penalty=penalty, **options)
        warm = capacitated(graph, *problem, penalty=penalty, start=start, **options)
        again = capacitated(graph, *problem, penalty=penalty, start=start, **options)
        assert warm.objective == pytest.approx(cold.objective, rel=1e-9, abs=1e-9)
        check_certificate(warm, graph, *problem, first, np.full(len(tonnes), penalty))
        np.testing.assert_array_equal(warm.path_flow, again.path_flow)
        np.testing.assert_array_equal(warm.dual, again.dual)
        chained = capacitated(graph, cost, trips, capacity, penalty=90.0, start=warm, **options)
        fresh = capacitated(graph, cost, trips, capacity, penalty=90.0, **options)
        assert chained.objective == pytest.approx(fresh.objective, rel=1e-9, abs=1e-9)
    np.testing.assert_array_equal(start.path_flow, flow)
    np.testing.assert_array_equal(start.dual, dual)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_closure_from_a_start_is_a_closure(seed):
    """Without a penalty: arcs close, trips lose their way or no longer fit, and open again."""
    graph, cost, trips, capacity, first = random_problem(seed, tight=0.3)
    rng, options = np.random.default_rng(seed), {"first_through_node": first}
    try:
        start = capacitated(graph, cost, trips, capacity, **options)
    except Infeasible:
        pytest.skip("this one does not fit from the beginning")
    shut = cost.copy()
    shut[:, rng.integers(0, graph.n_arc, 6)] = np.inf
    wanted = arc_form(graph, shut, trips, capacity, first)
    if wanted is None:
        with pytest.raises(Infeasible) as caught:
            capacitated(graph, shut, trips, capacity, start=start, **options)
        check_cut(caught.value.cut, graph, shut, trips, capacity, first)
        return
    found = capacitated(graph, shut, trips, capacity, start=start, **options)
    assert found.objective == pytest.approx(wanted, rel=1e-7, abs=1e-7)
    check_certificate(found, graph, shut, trips, capacity, first)
    reached = np.isfinite(least_costs(graph, shut, trips, first))
    np.testing.assert_array_equal(found.unserved, np.where(reached, 0.0, trips.flow))
    back = capacitated(graph, cost, trips, capacity, start=found, **options)
    assert back.objective == pytest.approx(start.objective, rel=1e-9, abs=1e-9)
    check_certificate(back, graph, cost, trips, capacity, first)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_floors_only_save_time(seed, monkeypatch):
    graph, cost, trips, capacity, first = random_problem(seed, tight=2.0)
    options = {"first_through_node": first, "penalty": 40.0}
    wanted = capacitated(graph, cost, trips, capacity, **options)
    monkeypatch.setattr(column_generation, "_FLOOR_ENTRIES", 0)
    found = capacitated(graph, cost, trips, capacity, **options)
    assert found.objective == pytest.approx(wanted.objective, rel=1e-9)
    check_certificate(found, graph, cost, trips, capacity, first, np.full(len(trips.flow), 40.0))


def test_a_start_of_other_trips_is_not_used():
    graph, _ = build_graph([0, 0], [1, 1], 2)
    start = capacitated(graph, [2.0, 5.0], make_trips((0, 0, 1, 9.0)), [4.0, np.inf])
    other = make_trips((0, 0, 1, 9.0), (0, 0, 1, 1.0))
    found = capacitated(graph, [2.0, 5.0], other, [4.0, np.inf], start=start)
    assert found.objective == pytest.approx(4 * 2 + 6 * 5)


def test_same_bits_twice():
    problem = random_problem(5, n_node=30, n_arc=140, n_trip=80)[:4]
    one, two = (capacitated(*problem, penalty=50.0) for _ in range(2))
    for field in fields(one):
        if isinstance(getattr(one, field.name), np.ndarray):
            np.testing.assert_array_equal(getattr(one, field.name), getattr(two, field.name))


def test_without_capacities_it_is_all_or_nothing():
    graph, cost, trips, _, first = random_problem(3, n_node=30, n_arc=140, n_trip=80)
    found = capacitated(graph, cost, trips, np.full(140, np.inf), first_through_node=first)
    wanted = all_or_nothing(graph, cost, trips, first)
    assert found.objective == pytest.approx(wanted.objective, rel=1e-12)
    np.testing.assert_array_equal(found.unserved, wanted.unserved)


def test_a_violated_metric_that_is_no_cut():
    """
    Okamura and Seymour 1981: two towns joined to three others, trade within each side.

    Every set of nodes has room for what leaves it, yet eight flows of 0.8 must each go from the
    side of two to the side of three once, and six arcs do.
    """
    ways = [(i, j) for i in (0, 1) for j in (2, 3, 4)]
    graph, _ = build_graph(*np.array(ways + [(j, i) for i, j in ways]).T, 5)
    pairs = [(0, 1), (2, 3), (3, 4), (4, 2)]
    trips = make_trips(*[(0, *ends, 0.8) for a, b in pairs for ends in ((a, b), (b, a))])
    for inside in np.array(list(np.ndindex(*[2] * 5)), bool):
        leaves = trips.flow[inside[trips.origin] & ~inside[trips.destination]].sum()
        assert leaves <= (inside[graph.tail] & ~inside[graph.head]).sum()
    with pytest.raises(Infeasible, match=r"6\.4 t/yr must cross") as caught:
        capacitated(graph, np.ones(12), trips, np.ones(12))
    cut = caught.value.cut
    check_cut(cut, graph, np.ones((1, 12)), trips, np.ones(12))
    assert cut.is_plain
    assert (cut.need, cut.room) == (pytest.approx(6.4), pytest.approx(6.0))
    relieved = np.ones(12)
    for arc in cut.arcs:  # none can be spared: without any one of them the rest proves nothing
        relieved[:] = np.inf
        relieved[cut.arcs] = 1.0
        relieved[arc] = np.inf
        assert capacitated(graph, np.ones(12), trips, relieved).converged


def test_a_cut_with_weights():
    """A problem found by search: its proof counts some arcs half."""
    graph, cost, trips, capacity, first = random_problem(394, n_node=8, n_arc=40, n_trip=30)
    assert arc_form(graph, cost, trips, capacity, first) is None
    with pytest.raises(Infeasible, match="at the weights of the cut") as caught:
        capacitated(graph, cost, trips, capacity, first_through_node=first)
    cut = caught.value.cut
    check_cut(cut, graph, cost, trips, capacity, first)
    assert set(cut.weight) == {0.0, 0.5, 1.0}
    assert not cut.is_plain


def test_the_cut_names_the_one_arc_that_is_too_small():
    """a - b - c; only b - c is too small, and it is named with need and room."""
    graph, _ = build_graph([0, 1], [1, 2], 3)
    with pytest.raises(Infeasible, match=r"9 t/yr must cross the arcs 1 \(1 to 2\), .* 5 t/yr"):
        capacitated(graph, np.ones(2), make_trips((0, 0, 2, 9.0)), [20.0, 5.0])


def test_what_must_be_served_is_served_however_dear():
    """The way round costs 5,000 times the way that is too small."""
    graph, _ = build_graph([0, 0], [1, 1], 2)
    trips = make_trips((0, 0, 1, 9.0))
    found = capacitated(graph, [1.0, 5000.0], trips, [4.0, np.inf])
    assert found.objective == pytest.approx(4 + 5 * 5000)
    assert found.dual == pytest.approx([4999.0, 0.0])
    check_certificate(found, graph, np.array([[1.0, 5000.0]]), trips, np.array([4.0, np.inf]), 0)


def test_an_arc_without_room_is_a_way_that_is_full():
    graph, _ = build_graph([0], [1], 2)
    trips = make_trips((0, 0, 1, 9.0))
    with pytest.raises(Infeasible, match="can take 0 t/yr"):
        capacitated(graph, [1.0], trips, [0.0])
    found = capacitated(graph, [1.0], trips, [0.0], penalty=7.0)
    assert (found.objective, found.dual.tolist(), found.unserved.tolist()) == (63.0, [6.0], [9.0])


def test_a_trip_without_a_way_stays_unserved_and_pays():
    graph, _ = build_graph([0], [1], 3)
    trips = make_trips((0, 0, 1, 9.0), (0, 0, 2, 4.0), (0, 1, 1, 5.0), (0, 1, 0, 0.0))
    free = capacitated(graph, [2.0], trips, [9.0])
    assert free.unserved.tolist() == [0.0, 4.0, 0.0, 0.0]
    assert (free.objective, free.bound, free.cut) == (18.0, 18.0, None)
    assert free.path_trip.tolist() == [0, 2]
    assert free.path(1).tolist() == []
    charged = capacitated(graph, [2.0], trips, [9.0], penalty=10.0)
    assert (charged.objective, charged.bound) == (58.0, 58.0)


@pytest.mark.parametrize("rows", [[(0, 0, 0, 5.0)], [(0, 1, 0, 5.0)], [(0, 0, 1, 0.0)]])
def test_nothing_to_move(rows):
    graph, _ = build_graph([0], [1], 2)
    found = capacitated(graph, [2.0], make_trips(*rows), [1.0])
    assert (found.objective, found.bound, found.gap, found.converged) == (0.0, 0.0, 0.0, True)
    assert found.arc_flow.tolist() == [[0.0]]


def test_no_trips_at_all():
    graph, _ = build_graph([0], [1], 2)
    none = np.empty(0, np.int32)
    found = capacitated(graph, [2.0], Trips(none, none, none, np.empty(0)), [1.0])
    assert (found.objective, len(found.path_flow)) == (0.0, 0)


@pytest.mark.parametrize("penalty", [None, 40.0])
def test_converged_says_that_the_gap_asked_for_was_reached(penalty):
    """Reached is what the objective is above the bound, as a share; asked for less, it is not converged."""
    told = set()
    for seed in SEEDS:
        graph, cost, trips, capacity, first = random_problem(seed, tight=0.5)
        for asked in (1e-9, -1.0):
            try:
                found = capacitated(
                    graph,
                    cost,
                    trips,
                    capacity,
                    first_through_node=first,
                    penalty=penalty,
                    gap=asked,
                )
            except Infeasible:
                continue
            over = (found.objective - found.bound) / (abs(found.objective) or 1.0)
            assert found.gap == pytest.approx(max(0.0, over), abs=1e-12)
            assert found.converged == (found.gap <= asked)
            told.add(found.converged)
    assert told == {True, False}


@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_the_units_do_not_matter(scale):
    graph, cost, trips, capacity, first = random_problem(1, tight=2.0)
    options = {"first_through_node": first}
    one = capacitated(graph, cost, trips, capacity, penalty=40.0, **options)
    other = capacitated(
        graph,
        cost * scale,
        trips._replace(flow=trips.flow / scale),
        capacity / scale,
        penalty=40.0 * scale,
        **options,
    )
    assert other.objective == pytest.approx(one.objective, rel=1e-8)
    assert other.converged


def test_progress_may_interrupt():
    graph, _ = build_graph([0, 0], [1, 1], 2)
    seen = []

    def stop(iteration, gap):
        seen.append((iteration, gap))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        capacitated(graph, [2.0, 5.0], make_trips((0, 0, 1, 9.0)), [4.0, 9.0], progress=stop)
    assert seen[0][0] == 1


def test_what_is_wrong_is_named():
    graph, _ = build_graph([0, 0], [1, 1], 2)
    trips, cost = make_trips((0, 0, 1, 9.0)), [2.0, 5.0]
    with pytest.raises(InputError, match=r"arc 0 \(0 to 1\): -1.0.*\n.*\n.*arc 1 .*nan is no"):
        capacitated(graph, cost, trips, [-1.0, np.nan])
    with pytest.raises(InputError, match="does not fit a graph of 2 arcs"):
        capacitated(graph, cost, trips, [1.0])
    with pytest.raises(InputError, match="inf is no price"):
        capacitated(graph, cost, trips, [1.0, 1.0], penalty=np.inf)
    with pytest.raises(InputError, match="does not fit 1 trips"):
        capacitated(graph, cost, trips, [1.0, 1.0], penalty=[1.0, 2.0])
    with pytest.raises(CostError, match="class 0 on arc 0"):
        capacitated(graph, [-2.0, 5.0], trips, [1.0, 1.0])
