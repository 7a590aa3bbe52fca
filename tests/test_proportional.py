"""Most likely route flows: closed forms, the entropy programme solved directly, and laws."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from scipy.linalg import qr
from scipy.optimize import minimize

from isthmus.assign.base import Delay, Trips, build_graph
from isthmus.assign.path_based import path_based
from isthmus.assign.proportional import proportional, route_entropy
from isthmus.assign.solution import Solution
from isthmus.errors import CostError, InputError
from isthmus.formats.tntp import read_tntp_network, read_tntp_trips
from isthmus.kernels.delay import BPR

GOLDEN = Path(__file__).parent / "golden"


def make_trips(*rows):
    """Trips from rows of class, origin, destination, flow."""
    klass, origin, destination, flow = zip(*rows, strict=True)
    ends = (np.array(x, np.int32) for x in (klass, origin, destination))
    return Trips(*ends, np.array(flow, float))


def solution_of(graph, trips, paths, n_class=1):
    """A solution from rows of trip, arcs and flow, sorted by trip."""
    trip, arcs, flow = zip(*paths, strict=True)
    indptr = np.append(0, np.cumsum([len(a) for a in arcs])).astype(np.int64)
    arc_flow = np.zeros((n_class, graph.n_arc))
    unserved = trips.flow.copy()
    for t, a, f in paths:
        np.add.at(arc_flow[trips.klass[t]], np.array(a, int), f)
        unserved[t] = 0.0
    return Solution(
        np.array(trip, np.int32),
        indptr,
        np.array([x for a in arcs for x in a], np.int32),
        np.array(flow, float),
        arc_flow,
        unserved,
        0.0,
        1,
        True,
        0.0,
        np.zeros(graph.n_arc),
    )


def flows(solution):
    """Flow of each path: its trip and arcs to its flow."""
    return {
        (int(t), *solution.path(i).tolist()): float(f)
        for i, (t, f) in enumerate(zip(solution.path_trip, solution.path_flow, strict=True))
    }


def furthest(one, other):
    """Largest difference between two sets of path flows."""
    return max(abs(one.get(k, 0.0) - other.get(k, 0.0)) for k in one.keys() | other.keys())


# ---------------------------------------------------------------- closed forms


def test_two_origins_split_alike_over_shared_roads():
    # 0 -> 2, 1 -> 2, then two roads from 2 to 3
    graph, _ = build_graph([0, 1, 2, 2], [2, 2, 3, 3], 4)
    trips = make_trips((0, 0, 3, 70.0), (0, 1, 3, 30.0))
    given = solution_of(graph, trips, [(0, (0, 2), 60.0), (0, (0, 3), 10.0), (1, (1, 3), 30.0)])
    found = proportional(graph, np.ones(4), trips, given)
    assert found.converged
    want = {(0, 0, 2): 42.0, (0, 0, 3): 28.0, (1, 1, 2): 18.0, (1, 1, 3): 12.0}
    assert flows(found) == pytest.approx(want, rel=1e-9)
    assert found.path_flow.tolist() == sorted(found.path_flow, reverse=True)


def test_shares_of_chained_pairs_multiply():
    """Three pairs of roads in a row, from three paths: all eight carry the product of shares."""
    graph, _ = build_graph([0, 0, 1, 1, 2, 2], [1, 1, 2, 2, 3, 3], 4)
    trips = make_trips((0, 0, 3, 10.0))
    given = solution_of(
        graph, trips, [(0, (0, 2, 4), 5.0), (0, (1, 2, 4), 3.0), (0, (1, 3, 5), 2.0)]
    )
    found = proportional(graph, np.ones(6), trips, given)
    share = [(0.5, 0.5), (0.8, 0.2), (0.8, 0.2)]
    want = {
        (0, i, 2 + j, 4 + k): 10.0 * share[0][i] * share[1][j] * share[2][k]
        for i in (0, 1)
        for j in (0, 1)
        for k in (0, 1)
    }
    assert flows(found) == pytest.approx(want, rel=1e-9)


def test_what_others_must_carry_is_nobodys_choice():
    """One trip has both roads at equal cost, but the others need all that the second carries."""
    graph, _ = build_graph([0, 1, 2, 2, 4], [2, 4, 3, 4, 3], 5)
    trips = make_trips((0, 0, 3, 10.0), (0, 1, 3, 5.0))
    given = solution_of(graph, trips, [(0, (0, 2), 10.0), (1, (1, 4), 5.0)])
    found = proportional(graph, np.array([1.0, 1.0, 2.0, 1.0, 1.0]), trips, given)
    assert flows(found) == {(0, 0, 2): 10.0, (1, 1, 4): 5.0}
    assert found.converged


def test_classes_share_totals_not_flows():
    """Lorries and wagons split alike over two roads: only the total of each road is given."""
    graph, _ = build_graph([0, 0], [1, 1], 2)
    trips = make_trips((0, 0, 1, 40.0), (1, 0, 1, 60.0))
    given = solution_of(graph, trips, [(0, (0,), 40.0), (1, (0,), 10.0), (1, (1,), 50.0)], 2)
    cost = np.array([[2.0, 2.0], [9.0, 9.0]])
    found = proportional(graph, cost, trips, given, vot=[1.0, 4.0])
    want = {(0, 0): 20.0, (0, 1): 20.0, (1, 0): 30.0, (1, 1): 30.0}
    assert flows(found) == pytest.approx(want, rel=1e-9)
    assert found.arc_flow == pytest.approx(np.array([[20.0, 20.0], [30.0, 30.0]]))
    assert found.objective == pytest.approx(40.0 * 2.0 + 60.0 * 9.0)


# ---------------------------------------------------------------- the programme itself


def level_problem(seed, n_node=8, n_arc=16, n_class=2, n_trip=7, used=1.0):
    """
    Every way between two nodes costs a class the same, so that any route flows are an equilibrium.

    Costs are differences of a height of each node; each path of each trip is used with a chance.
    """
    rng = np.random.default_rng(seed)
    pairs = np.sort(np.array([rng.choice(n_node, 2, replace=False) for _ in range(n_arc)]), axis=1)
    graph, _ = build_graph(pairs[:, 0], pairs[:, 1], n_node)
    height = np.cumsum(rng.uniform(0.5, 3.0, (n_class, n_node)), axis=1)
    vot = rng.uniform(0.5, 2.0, n_class)
    cost = (height[:, graph.head] - height[:, graph.tail]) * vot[:, None]
    ways = nx.MultiDiGraph()
    ways.add_nodes_from(range(n_node))
    ways.add_edges_from((int(graph.tail[a]), int(graph.head[a]), a) for a in range(graph.n_arc))
    rows, paths = [], []
    while len(rows) < n_trip:
        k, (o, d) = int(rng.integers(n_class)), np.sort(rng.choice(n_node, 2, replace=False))
        found = [tuple(e[2] for e in p) for p in nx.all_simple_edge_paths(ways, int(o), int(d))]
        if not found:
            continue
        flow = rng.uniform(1.0, 10.0, len(found)) * (rng.random(len(found)) < used)
        flow[rng.integers(len(found))] = 5.0
        paths += [(len(rows), a, f) for a, f in zip(found, flow, strict=True)]
        rows.append((k, int(o), int(d), float(flow.sum())))
    return graph, cost, make_trips(*rows), vot, paths


def most_likely(graph, trips, paths):
    """Maximise entropy over all enumerated paths with the arc totals as linear constraints."""
    trip = np.array([t for t, _, _ in paths])
    start = np.array([f for _, _, f in paths])
    rows = np.zeros((len(trips.flow) + graph.n_arc, len(paths)))
    for p, (t, arcs, _) in enumerate(paths):
        rows[t, p] = 1.0
        rows[len(trips.flow) + np.array(arcs), p] = 1.0
    # constraints that follow from others are dropped: the solver wants independent ones
    _, r, pivot = qr(rows.T, pivoting=True, mode="economic")
    rank = int((np.abs(np.diag(r)) > 1e-9).sum())
    rows = rows[np.sort(pivot[:rank])]
    demand = trips.flow[trip]
    found = minimize(
        lambda h: np.sum(h * np.log(h / demand)),
        start,
        jac=lambda h: np.log(h / demand) + 1.0,
        method="SLSQP",
        bounds=[(1e-9, None)] * len(paths),
        constraints={"type": "eq", "fun": lambda h: rows @ (h - start), "jac": lambda h: rows},
        options={"ftol": 1e-15, "maxiter": 2000},
    )
    return {(t, *a): f for (t, a, _), f in zip(paths, found.x, strict=True)}


@pytest.mark.parametrize("seed", range(8))
def test_agrees_with_the_entropy_programme_over_all_paths(seed):
    graph, cost, trips, vot, paths = level_problem(seed)
    found = proportional(graph, cost, trips, solution_of(graph, trips, paths, 2), vot=vot)
    assert found.converged
    assert furthest(flows(found), most_likely(graph, trips, paths)) < 1e-6 * trips.flow.sum()


@pytest.mark.parametrize("seed", range(30))
def test_laws_where_some_paths_are_used(seed):
    graph, cost, trips, vot, paths = level_problem(
        seed, n_node=12, n_arc=34, n_class=3, n_trip=25, used=0.3
    )
    given = solution_of(graph, trips, [p for p in paths if p[2] > 0.0], 3)
    found = proportional(graph, cost, trips, given, vot=vot)
    assert found.converged
    assert found.held == 0.0
    total, before = found.arc_flow.sum(axis=0), given.arc_flow.sum(axis=0)
    assert total == pytest.approx(before, rel=1e-9, abs=0.0)
    assert np.bincount(found.path_trip, found.path_flow) == pytest.approx(trips.flow, rel=1e-12)
    assert route_entropy(trips, found) >= route_entropy(trips, given) * (1.0 - 1e-12)
    again = proportional(graph, cost, trips, found, vot=vot)
    assert furthest(flows(again), flows(found)) < 1e-6 * trips.flow.sum()
    used = {(t, *a) for t, a, f in paths if f > 0.0}
    assert used <= flows(found).keys()
    assert flows(found).keys() <= {(t, *a) for t, a, _ in paths}


# ---------------------------------------------------------------- Sioux Falls


@pytest.fixture(scope="module")
def sioux_falls():
    """Sioux Falls, LeBlanc, Morlok and Pierskalla 1975: graph, times, trips and delays."""
    network = read_tntp_network(GOLDEN / "sioux_falls_net.tntp")
    trips = read_tntp_trips(GOLDEN / "sioux_falls_trips.tntp").trips()
    graph, order = network.graph()
    return graph, network.fixed_cost()[order], trips, network.delay().take(order)


@pytest.fixture(scope="module")
def settled(sioux_falls):
    graph, cost, trips, delay = sioux_falls
    given = path_based(graph, cost, trips, delay=delay, gap=1e-12)
    return given, proportional(graph, cost, trips, given, delay=delay)


def test_sioux_falls_keeps_arcs_trips_and_gap(sioux_falls, settled):
    trips = sioux_falls[2]
    given, found = settled
    assert found.converged
    assert found.residual <= 1e-9
    assert found.gap <= 1e-12
    assert found.arc_flow[0] == pytest.approx(given.arc_flow[0], rel=1e-8, abs=0.0)
    assert np.bincount(found.path_trip, found.path_flow) == pytest.approx(trips.flow, rel=1e-12)
    assert found.objective == pytest.approx(given.objective, rel=1e-9)
    assert route_entropy(trips, found) > route_entropy(trips, given)
    assert flows(given).keys() <= flows(found).keys()


def test_sioux_falls_does_not_depend_on_the_order_of_trips(sioux_falls, settled):
    graph, cost, trips, delay = sioux_falls
    back = Trips(*(x[::-1].copy() for x in trips))
    given = path_based(graph, cost, back, delay=delay, gap=1e-12)
    found = proportional(graph, cost, back, given, delay=delay)
    last = len(trips.flow) - 1
    mine = {(last - key[0], *key[1:]): f for key, f in flows(found).items()}
    assert furthest(mine, flows(settled[1])) < 1e-6 * trips.flow.max()


def test_sioux_falls_does_not_depend_on_the_given_route_flows(sioux_falls, settled):
    graph, cost, trips, delay = sioux_falls
    more = trips._replace(flow=1.4 * trips.flow)
    busy = path_based(graph, cost, more, delay=delay, gap=1e-6)
    start = replace(busy, path_flow=busy.path_flow / 1.4)
    given = path_based(graph, cost, trips, delay=delay, gap=1e-12, start=start)
    assert furthest(flows(given), flows(settled[0])) > 0.1 * trips.flow.max()
    found = proportional(graph, cost, trips, given, delay=delay)
    assert furthest(flows(found), flows(settled[1])) < 1e-5 * trips.flow.max()


def test_sioux_falls_is_proportional_over_every_pair_of_segments(sioux_falls, settled):
    """Two paths of a trip differ by a pair of segments; all trips with that pair have one ratio."""

    def spread(solution):
        ratios = {}
        of_trip = {}
        for (t, *arcs), f in flows(solution).items():
            of_trip.setdefault(t, []).append((frozenset(arcs), f))
        for paths in of_trip.values():
            for (a, f), (b, g) in combinations(sorted(paths, key=lambda p: sorted(p[0])), 2):
                ratios.setdefault((a - b, b - a), []).append(f / g)
        shared = [r for r in ratios.values() if len(r) > 1]
        return len(shared), max(max(r) / min(r) for r in shared)

    given, found = settled
    assert spread(given)[1] > 1.5
    count, worst = spread(found)
    assert count > 50
    assert worst == pytest.approx(1.0, abs=1e-6)


def test_two_classes_of_one_cost_share_the_flows_of_one(sioux_falls, settled):
    """Divided by their values of time both classes see the same: each gets its part of every path."""
    graph, cost, trips, delay = sioux_falls
    m = len(trips.flow)
    both = Trips(
        np.repeat(np.array([0, 1], np.int32), m),
        *(np.tile(x, 2) for x in (trips.origin, trips.destination)),
        np.concatenate((0.25 * trips.flow, 0.75 * trips.flow)),
    )
    costs, vot = np.stack((cost, 3.0 * cost)), [1.0, 3.0]
    given = path_based(graph, costs, both, delay=delay, vot=vot, gap=1e-12)
    found = proportional(graph, costs, both, given, delay=delay, vot=vot)
    assert found.converged
    want = {(t, *a): 0.25 * f for (t, *a), f in flows(settled[1]).items()}
    want |= {(t + m, *a): 0.75 * f for (t, *a), f in flows(settled[1]).items()}
    assert furthest(flows(given), want) > 0.1 * trips.flow.max()
    assert furthest(flows(found), want) < 1e-5 * trips.flow.max()


def test_a_system_optimum_is_settled_at_marginal_costs(sioux_falls):
    graph, cost, trips, delay = sioux_falls
    given = path_based(graph, cost, trips, delay=delay, gap=1e-10, system_optimum=True)
    found = proportional(graph, cost, trips, given, delay=delay, system_optimum=True)
    assert found.converged
    assert found.gap <= 1e-10 + 1e-12
    assert route_entropy(trips, found) > route_entropy(trips, given)
    # at users' own costs the same flows are no equilibrium
    assert proportional(graph, cost, trips, given, delay=delay).gap > 1e-3


def test_few_paths_still_give_the_arcs(sioux_falls, settled):
    graph, cost, trips, delay = sioux_falls
    given, full = settled
    found = proportional(graph, cost, trips, given, delay=delay, max_paths=2)
    assert len(found.path_flow) < len(full.path_flow)
    assert found.residual <= 1e-9
    assert route_entropy(trips, given) < route_entropy(trips, found) < route_entropy(trips, full)


def test_what_was_not_reached_is_said(sioux_falls, settled):
    graph, cost, trips, delay = sioux_falls
    found = proportional(graph, cost, trips, settled[0], delay=delay, max_iterations=1)
    assert found.iterations == 1
    assert found.residual > 1e-9
    assert not found.converged
    total = found.arc_flow[0] / settled[0].arc_flow[0] - 1.0
    assert found.residual == pytest.approx(np.abs(total).max())


@pytest.mark.parametrize("tolerance", [1e-11, 1e-5])
def test_the_tolerance_does_not_matter_near_equilibrium(sioux_falls, settled, tolerance):
    graph, cost, trips, delay = sioux_falls
    found = proportional(graph, cost, trips, settled[0], delay=delay, tolerance=tolerance)
    assert furthest(flows(found), flows(settled[1])) < 1e-9 * trips.flow.max()


# ---------------------------------------------------------------- what may be odd


@pytest.mark.parametrize("both_ways", [False, True])
def test_free_arcs_still_trips_and_trips_without_a_path(both_ways):
    """Arcs of no time, a trip within its zone, one to nowhere, one of no flow and a doubled one."""
    # two roads 0 -> 1 and 0 -> 2, free arcs between 1 and 2, roads on to 3; zone 4 alone
    graph, order = build_graph([0, 0, 1, 2, 1, 2, 0], [1, 2, 2, 1, 3, 3, 3], 5)
    time = np.array([1.0, 1.0, 0.0, 0.0 if both_ways else np.inf, 1.0, 1.0, 2.0])[order]
    trips = make_trips(
        (0, 0, 3, 12.0), (0, 2, 2, 5.0), (0, 0, 4, 7.0), (0, 1, 3, 4.0), (0, 0, 3, 0.0),
        (0, 0, 3, 6.0),
    )  # fmt: skip
    laws = (np.where(np.isfinite(time), time, 0.0), *(np.full(7, x) for x in (4.0, 0.15, 4.0)))
    delay = Delay(np.full(7, BPR, np.int8), *laws)
    given = path_based(graph, time, trips, delay=delay, gap=1e-12)
    found = proportional(graph, time, trips, given, delay=delay)
    assert found.gap <= 1e-9
    assert found.residual <= 1e-9
    # flow against the order of labels, by free arcs both ways, is left and said
    assert found.converged == (found.held <= 1e-9 * found.path_flow.sum())
    assert found.converged or both_ways
    assert found.unserved.tolist() == given.unserved.tolist() == [0.0, 0.0, 7.0, 0.0, 0.0, 0.0]
    assert flows(found)[(1,)] == 5.0
    served = np.bincount(found.path_trip, found.path_flow, 6)
    assert served == pytest.approx(trips.flow - found.unserved, rel=1e-12)
    assert route_entropy(trips, found) > route_entropy(trips, given)
    mine = flows(found)
    if not both_ways:
        twin = {k: f / 2.0 for k, f in mine.items() if k[0] == 0}
        assert twin == pytest.approx({(0, *k[1:]): f for k, f in mine.items() if k[0] == 5})


def test_paths_that_lead_backward_are_held_and_said():
    """A path by a free arc against the order of labels is kept as it is."""
    graph, _ = build_graph([0, 1, 0], [1, 2, 2], 3)
    trips = make_trips((0, 0, 2, 10.0))
    given = solution_of(graph, trips, [(0, (0, 1), 6.0), (0, (0, 1), 4.0)])
    good = proportional(graph, np.array([1.0, 1.0, 2.0]), trips, given)
    assert good.held == 0.0
    # 2 is nearer than 1: the way by 1 leads back
    given = solution_of(graph, trips, [(0, (0, 2), 6.0), (0, (1,), 4.0)])
    found = proportional(graph, np.array([5.0, 2.0, 0.0]), trips, given)
    assert found.held == 6.0
    assert not found.converged
    assert flows(found) == {(0, 0, 2): 6.0, (0, 1): 4.0}
    assert found.residual == 0.0


def test_no_trips_at_all():
    graph, _ = build_graph([0], [1], 2)
    trips = Trips(*(np.empty(0, np.int32) for _ in range(3)), np.empty(0))
    found = proportional(graph, np.ones(1), trips, path_based(graph, np.ones(1), trips, gap=1e-12))
    assert len(found.path_flow) == 0
    assert found.converged


def test_paths_through_zones_are_held():
    graph, _ = build_graph([0, 0, 1, 2, 2], [1, 2, 3, 3, 3], 4)
    trips = make_trips((0, 0, 3, 10.0), (0, 0, 3, 4.0))
    paths = [(0, (0, 2), 3.0), (0, (1, 3), 7.0), (1, (1, 4), 4.0)]
    given = solution_of(graph, trips, paths)
    passed = proportional(graph, np.ones(5), trips, given)
    assert flows(passed)[(1, 0, 2)] == pytest.approx(4.0 * 3.0 / 14.0)
    found = proportional(graph, np.ones(5), trips, given, first_through_node=2)
    assert found.held == 3.0
    assert not found.converged
    want = {(0, 0, 2): 3.0, (0, 1, 3): 49.0 / 11.0, (0, 1, 4): 28.0 / 11.0}
    want |= {(1, 1, 3): 28.0 / 11.0, (1, 1, 4): 16.0 / 11.0}
    assert flows(found) == pytest.approx(want)


def test_preload_delays_but_is_not_in_the_result():
    graph, _ = build_graph([0, 0], [1, 1], 2)
    trips = make_trips((0, 0, 1, 30.0), (0, 0, 1, 10.0))
    delay = Delay(np.full(2, BPR, np.int8), np.ones(2), np.full(2, 100.0), np.ones(2), np.ones(2))
    rest = {"delay": delay, "preload": [20.0, 0.0]}
    given = path_based(graph, np.ones(2), trips, gap=1e-12, **rest)
    found = proportional(graph, np.ones(2), trips, given, **rest)
    assert flows(found) == pytest.approx(
        {(0, 0): 7.5, (0, 1): 22.5, (1, 0): 2.5, (1, 1): 7.5}, rel=1e-8
    )
    assert found.converged
    assert found.delay_h == pytest.approx([0.3, 0.3])


def test_wrong_input_is_refused():
    graph, _ = build_graph([0], [1], 2)
    trips = make_trips((0, 0, 1, 1.0))
    given = solution_of(graph, trips, [(0, (0,), 1.0)])
    with pytest.raises(CostError):
        proportional(graph, [-1.0], trips, given)
    with pytest.raises(CostError):
        proportional(graph, [1.0], trips, given, vot=0.0)
    with pytest.raises(InputError):
        proportional(graph, [1.0], make_trips((0, 0, 9, 1.0)), given)
