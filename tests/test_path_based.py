"""User equilibrium and system optimum against best-known optima, closed forms and a solver of the field's own."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import brentq, minimize
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from isthmus.assign.base import Delay, Trips, build_graph
from isthmus.assign.path_based import path_based
from isthmus.errors import CostError
from isthmus.formats.tntp import read_tntp_network, read_tntp_trips
from isthmus.kernels.delay import BPR, NONE, QUEUE

GOLDEN = Path(__file__).parent / "golden"
TNTP = Path(os.environ.get("ISTHMUS_TNTP", Path(__file__).resolve().parents[2] / "shared" / "tntp"))


def make_trips(*rows):
    """Trips from rows of class, origin, destination, flow."""
    klass, origin, destination, flow = zip(*rows, strict=True)
    ends = (np.array(x, np.int32) for x in (klass, origin, destination))
    return Trips(*ends, np.array(flow, float))


def bpr(t0, capacity, a=0.15, b=4.0):
    """BPR delays; a, b one number for all or one each."""
    t0 = np.asarray(t0, float)
    capacity = np.broadcast_to(np.asarray(capacity, float), t0.shape).copy()
    a, b = (np.broadcast_to(np.asarray(x, float), t0.shape).copy() for x in (a, b))
    return Delay(np.full(len(t0), BPR, np.int8), t0, capacity, a, b)


def load(folder, net, table, toll=0.0, distance=0.0):
    """Graph, cost, trips, laws and first node passed, of two TNTP files."""
    network = read_tntp_network(folder / net)
    graph, order = network.graph()
    cost = network.fixed_cost(toll, distance)[order]
    laws = network.delay().take(order)
    first = max(network.first_through_node - 1, 0)
    return graph, cost, read_tntp_trips(folder / table).trips(), laws, first


@pytest.fixture(scope="module")
def sioux_falls():
    """Sioux Falls, LeBlanc, Morlok and Pierskalla 1975, tables 1 and 2."""
    return load(GOLDEN, "sioux_falls_net.tntp", "sioux_falls_trips.tntp")


def beckmann(cost, laws, found):
    """Sum of constants and integrals of the delays at the flows of one class."""
    flow = found.arc_flow[0]
    used = flow > 0.0
    return float((cost[used] * flow[used]).sum() + laws.evaluate(flow)[2].sum())


def check_by_scipy(graph, cost, trips, laws, found, first=0, vot=(1.0,), preload=0.0):
    """Relative gap of the path flows, computed with scipy alone; parallel and free arcs included."""
    flow = found.arc_flow.sum(axis=0) + preload
    delay = laws.value(flow)
    excess = total = 0.0
    for k, own in enumerate(np.atleast_2d(cost)):
        price = own / vot[k] + delay
        best = {}
        for a in np.flatnonzero(np.isfinite(price)):
            pair = (int(graph.tail[a]), int(graph.head[a]))
            best[pair] = min(best.get(pair, np.inf), price[a])
        mine = trips.klass == k
        for origin in np.unique(trips.origin[mine]):
            pairs = [p for p in best if p[0] >= first or p[0] == origin]
            # scipy takes zeros for no arc at all
            weights = [max(best[p], 1e-300) for p in pairs]
            matrix = csr_array((weights, np.array(pairs).T), shape=(graph.n_node, graph.n_node))
            least = dijkstra(matrix, indices=origin)
            for t in np.flatnonzero(mine & (trips.origin == origin)):
                paths = np.flatnonzero(found.path_trip == t)
                reach = least[trips.destination[t]]
                if not np.isfinite(reach):
                    assert len(paths) == 0
                    assert found.unserved[t] == trips.flow[t]
                    continue
                assert found.path_flow[paths].sum() == pytest.approx(trips.flow[t], rel=1e-12)
                for p in paths:
                    arcs = found.path_arcs[found.path_indptr[p] : found.path_indptr[p + 1]]
                    at = origin
                    for a in arcs:
                        assert graph.tail[a] == at
                        assert at == origin or at >= first
                        at = graph.head[a]
                    assert at == trips.destination[t]
                    excess += vot[k] * found.path_flow[p] * (price[arcs].sum() - reach)
                total += vot[k] * trips.flow[t] * reach
    again = np.zeros_like(found.arc_flow)
    for p, t in enumerate(found.path_trip):
        arcs = found.path_arcs[found.path_indptr[p] : found.path_indptr[p + 1]]
        np.add.at(again[trips.klass[t]], arcs, found.path_flow[p])
    np.testing.assert_allclose(again, found.arc_flow, rtol=1e-9, atol=1e-9)
    return excess / total if total else 0.0


@pytest.mark.parametrize("threads", [1, 2])
def test_sioux_falls_to_the_last_printed_digit(sioux_falls, threads):
    graph, cost, trips, laws, first = sioux_falls
    found = path_based(graph, cost, trips, delay=laws, gap=1e-12, threads=threads)
    assert found.converged
    assert found.gap <= 1e-12
    assert beckmann(cost, laws, found) == pytest.approx(4_231_335.287107, rel=1e-12)
    assert found.objective == pytest.approx(7_480_225.344921, rel=1e-9)
    assert abs(check_by_scipy(graph, cost, trips, laws, found, first)) < 1e-12


@pytest.mark.parametrize(
    ("name", "toll", "distance", "optimum"),
    [
        ("Anaheim", 0.0, 0.0, 1_286_032.171096),
        ("Barcelona", 0.0, 0.0, 1_265_654.922032),
        ("ChicagoSketch", 0.02, 0.04, 17_313_018.738748),
    ],
)
def test_best_known_objectives(name, toll, distance, optimum):
    if not (TNTP / f"{name}_net.tntp").exists():
        pytest.skip("reference network not on this machine (ISTHMUS_TNTP)")
    graph, cost, trips, laws, first = load(
        TNTP, f"{name}_net.tntp", f"{name}_trips.tntp", toll, distance
    )
    found = path_based(graph, cost, trips, delay=laws, gap=1e-12, first_through_node=first)
    assert found.gap <= 1e-12
    assert beckmann(cost, laws, found) == pytest.approx(optimum, rel=1e-12)


def test_gap_asked_is_the_gap_reached_and_no_more(sioux_falls):
    graph, cost, trips, laws, _ = sioux_falls
    rough = path_based(graph, cost, trips, delay=laws, gap=1e-3)
    assert rough.converged
    assert 1e-12 < rough.gap <= 1e-3
    assert check_by_scipy(graph, cost, trips, laws, rough) == pytest.approx(rough.gap, rel=1e-6)
    stopped = path_based(graph, cost, trips, delay=laws, gap=1e-12, max_iterations=4)
    assert not stopped.converged
    assert check_by_scipy(graph, cost, trips, laws, stopped) == pytest.approx(stopped.gap, rel=1e-6)


def test_system_optima(sioux_falls):
    graph, cost, trips, laws, _ = sioux_falls
    best = path_based(graph, cost, trips, delay=laws, gap=1e-12, system_optimum=True)
    assert best.gap <= 1e-12
    assert best.objective == pytest.approx(7_194_256.052893, rel=1e-12)


def test_system_optimum_of_anaheim():
    if not (TNTP / "Anaheim_net.tntp").exists():
        pytest.skip("reference network not on this machine (ISTHMUS_TNTP)")
    graph, cost, trips, laws, first = load(TNTP, "Anaheim_net.tntp", "Anaheim_trips.tntp")
    best = path_based(
        graph,
        cost,
        trips,
        delay=laws,
        gap=1e-12,
        first_through_node=first,
        system_optimum=True,
    )
    assert best.objective == pytest.approx(1_395_015.086695, rel=1e-11)


def test_braess_pays_552_where_498_would_do():
    graph, cost, trips, laws, _ = load(GOLDEN, "braess_net.tntp", "braess_trips.tntp")
    free = path_based(graph, cost, trips, delay=laws, gap=1e-12)
    best = path_based(graph, cost, trips, delay=laws, gap=1e-12, system_optimum=True)
    # the file's free times of 1e-8 stand for zero
    assert free.objective == pytest.approx(552, rel=1e-7)
    assert best.objective == pytest.approx(498, rel=1e-7)
    np.testing.assert_allclose(np.sort(free.path_flow), [2, 2, 2], rtol=1e-6)


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0, 1.7, 4.0])
@pytest.mark.parametrize("system_optimum", [False, True])
def test_two_roads_of_any_power(power, system_optimum):
    graph, order = build_graph([0, 0], [1, 1], 2)
    assert order.tolist() == [0, 1]
    free, t0, capacity = np.array([1.0, 1.6]), np.array([1.0, 1.0]), np.array([50.0, 80.0])
    laws = bpr(t0, capacity, 0.9, power)
    found = path_based(
        graph,
        free,
        make_trips((0, 0, 1, 150.0)),
        delay=laws,
        gap=1e-13,
        system_optimum=system_optimum,
    )
    steep = power + 1.0 if system_optimum else 1.0

    def apart(x):
        one = free[0] + steep * 0.9 * (x / 50.0) ** power
        return one - free[1] - steep * 0.9 * ((150.0 - x) / 80.0) ** power

    expected = 150.0 if power == 0.0 else brentq(apart, 0.0, 150.0, xtol=1e-13)
    assert found.arc_flow[0, 0] == pytest.approx(expected, rel=1e-9)


def test_a_queue_and_an_arc_without_law():
    graph, _ = build_graph([0, 0], [1, 1], 2)
    laws = Delay(
        np.array([QUEUE, NONE], np.int8),
        np.array([2.0, 0.0]),
        np.array([100.0, 0.0]),
        np.array([1.0, 0.0]),
        np.array([0.95, 0.0]),
    )
    found = path_based(graph, [0.0, 3.0], make_trips((0, 0, 1, 150.0)), delay=laws, gap=1e-13)
    # 2 r / (1 - r) = 3 at r = 0.6
    np.testing.assert_allclose(found.arc_flow[0], [60.0, 90.0], rtol=1e-10)
    np.testing.assert_allclose(found.delay_h, [3.0, 0.0], rtol=1e-10)


def random_problem(seed, n_class=3, n_node=30, n_pair=60):
    """A ring with chords, classes of different constants and values of time, all laws."""
    rng = np.random.default_rng(seed)
    ring = np.arange(n_node)
    tail = np.concatenate([ring, (ring + 1) % n_node, rng.integers(0, n_node, 3 * n_node)])
    head = np.concatenate([(ring + 1) % n_node, ring, rng.integers(0, n_node, 3 * n_node)])
    keep = tail != head
    graph, _ = build_graph(tail[keep], head[keep], n_node)
    n = graph.n_arc
    cost = rng.uniform(1.0, 20.0, (n_class, n))
    law = rng.choice(np.array([NONE, BPR, QUEUE], np.int8), n)
    laws = Delay(
        law,
        rng.uniform(0.5, 3.0, n),
        rng.uniform(50.0, 300.0, n),
        rng.uniform(0.2, 1.0, n),
        np.where(law == QUEUE, 0.95, rng.choice([0.0, 1.0, 1.5, 4.0], n)),
    )
    m = n_class * n_pair
    origin = rng.integers(0, n_node, m)
    trips = Trips(
        np.repeat(np.arange(n_class), n_pair).astype(np.int32),
        origin.astype(np.int32),
        ((origin + rng.integers(1, n_node, m)) % n_node).astype(np.int32),
        rng.lognormal(2.0, 1.0, m),
    )
    return graph, cost, trips, laws, rng.uniform(0.5, 6.0, n_class)


@pytest.mark.parametrize("seed", range(12))
def test_classes_share_delays(seed):
    graph, cost, trips, laws, vot = random_problem(seed)
    found = path_based(graph, cost, trips, delay=laws, vot=vot, gap=1e-12)
    assert found.converged
    assert abs(check_by_scipy(graph, cost, trips, laws, found, vot=vot)) < 2e-12
    flow = found.arc_flow.sum(axis=0)
    np.testing.assert_allclose(found.delay_h, laws.value(flow), rtol=1e-9)
    paid = (found.arc_flow * (cost + vot[:, None] * laws.value(flow))).sum()
    assert found.objective == pytest.approx(paid, rel=1e-12)


def test_classes_against_a_general_solver():
    """Four arcs, two classes: the convex programme of the design, solved by scipy."""
    graph, _ = build_graph([0, 0, 0, 0], [1, 1, 1, 1], 2)
    cost = np.array([[1.0, 2.0, 3.0, 9.0], [4.0, 2.0, 1.0, 9.0]])
    vot = np.array([1.0, 3.0])
    laws = bpr([1.0, 1.0, 1.0, 1.0], [20.0, 30.0, 25.0, 10.0], 1.0, [1.0, 2.0, 4.0, 1.0])
    trips = make_trips((0, 0, 1, 60.0), (1, 0, 1, 40.0))
    found = path_based(graph, cost, trips, delay=laws, vot=vot, gap=1e-13)

    def total(x):
        x = x.reshape(2, 4)
        return ((cost / vot[:, None]) * x).sum() + laws.evaluate(x.sum(axis=0))[2].sum()

    sums = [
        {"type": "eq", "fun": lambda x, k=k, q=q: x.reshape(2, 4)[k].sum() - q}
        for k, q in enumerate((60.0, 40.0))
    ]
    best = minimize(
        total,
        np.repeat([15.0, 10.0], 4),
        bounds=[(0, None)] * 8,
        constraints=sums,
        options={"ftol": 1e-14, "maxiter": 1000},
    )
    assert total(found.arc_flow.ravel()) <= best.fun + 1e-9
    np.testing.assert_allclose(
        found.arc_flow.sum(axis=0), best.x.reshape(2, 4).sum(axis=0), atol=1e-3
    )


@pytest.mark.parametrize("threads", [2, 3, 5])
@pytest.mark.parametrize("seed", [1, 2])
def test_same_bits_on_any_number_of_threads(seed, threads, monkeypatch):
    sweeps = sys.modules["isthmus.assign.gradient_projection"]
    monkeypatch.setattr(sweeps, "_ALONE", 0)
    monkeypatch.setattr(sweeps, "_CHUNK", 1)
    graph, cost, trips, laws, vot = random_problem(seed, n_class=2, n_node=120, n_pair=900)
    one, many = (
        path_based(graph, cost, trips, delay=laws, vot=vot, gap=1e-12, threads=n)
        for n in (1, threads)
    )
    assert one.iterations == many.iterations
    for name in ("arc_flow", "path_flow", "path_arcs", "path_trip", "delay_h"):
        assert np.array_equal(getattr(one, name), getattr(many, name)), name


def test_preload_delays_but_is_not_in_the_result():
    graph, _ = build_graph([0, 0], [1, 1], 2)
    laws = bpr([1.0, 1.0], [10.0, 10.0], 1.0, 1.0)
    found = path_based(
        graph, [0.0, 0.0], make_trips((0, 0, 1, 20.0)), delay=laws, gap=1e-13, preload=[8.0, 0.0]
    )
    np.testing.assert_allclose(found.arc_flow[0], [6.0, 14.0], rtol=1e-10)


def test_tolls_and_lengths_weigh_in():
    folder = GOLDEN
    graph, cost, trips, laws, _ = load(
        folder, "sioux_falls_net.tntp", "sioux_falls_trips.tntp", 0.0, 0.5
    )
    network = read_tntp_network(folder / "sioux_falls_net.tntp")
    assert not np.allclose(cost, network.fixed_cost(0.0, 0.0)[network.graph()[1]])
    found = path_based(graph, cost, trips, delay=laws, gap=1e-12)
    assert abs(check_by_scipy(graph, cost, trips, laws, found)) < 1e-12


def test_nodes_below_the_first_through_node_are_not_passed():
    # 0 -> 1 -> 2 is short but passes 1; 0 -> 3 -> 2 does not
    graph, order = build_graph([0, 1, 0, 3], [1, 2, 3, 2], 4)
    cost = np.array([1.0, 1.0, 5.0, 5.0])[order]
    trips = make_trips((0, 0, 2, 3.0), (0, 0, 1, 2.0), (0, 1, 2, 1.0))
    found = path_based(graph, cost, trips, first_through_node=3, gap=1e-12)
    flow = dict(zip(zip(graph.tail, graph.head, strict=True), found.arc_flow[0], strict=True))
    assert flow == {(0, 1): 2.0, (0, 3): 3.0, (1, 2): 1.0, (3, 2): 3.0}


def test_what_cannot_go_is_unserved_and_the_rest_is_right():
    graph, order = build_graph([0, 0, 2], [1, 1, 3], 5)
    laws = bpr(np.ones(3), [10.0, 0.0, 5.0], 1.0, 1.0).take(order)
    trips = make_trips(
        (0, 0, 1, 10.0), (0, 1, 0, 4.0), (0, 2, 2, 7.0), (0, 4, 3, 0.0), (0, 0, 4, 2.0)
    )
    found = path_based(graph, np.ones(3), trips, delay=laws, gap=1e-12)
    # the second of the parallel arcs has no capacity: closed
    np.testing.assert_allclose(found.arc_flow[0], [10.0, 0.0, 0.0])
    assert found.unserved.tolist() == [0.0, 4.0, 0.0, 0.0, 2.0]
    # a trip within its zone has a path of no arcs
    assert found.path_trip.tolist() == [0, 2]
    assert np.diff(found.path_indptr).tolist() == [1, 0]
    assert found.path_flow.tolist() == [10.0, 7.0]


def test_no_trips_at_all():
    graph, _ = build_graph([0], [1], 2)
    found = path_based(graph, [1.0], make_trips((0, 0, 1, 0.0)), gap=1e-9)
    assert found.converged
    assert found.arc_flow.sum() == 0.0
    assert found.objective == 0.0


@pytest.mark.parametrize("seed", range(4))
def test_zero_times_and_parallel_arcs(seed):
    """Free arcs in both directions, and twins of every arc."""
    graph, cost, trips, laws, vot = random_problem(seed, n_class=1)
    rng = np.random.default_rng(seed)
    cost = np.where(rng.random(cost.shape) < 0.4, 0.0, cost)
    t0 = np.where(cost[0] == 0.0, 0.0, laws.t0)
    twice = np.repeat(np.arange(graph.n_arc), 2)
    double, order = build_graph(graph.tail[twice], graph.head[twice], graph.n_node)
    laws = Delay(laws.law, t0, laws.capacity, laws.a, laws.b).take(twice[order])
    found = path_based(double, cost[:, twice[order]], trips, delay=laws, vot=vot, gap=1e-12)
    assert found.converged
    assert abs(check_by_scipy(double, cost[:, twice[order]], trips, laws, found, vot=vot)) < 1e-11


def test_interrupted_work_goes_on_where_it_stopped(sioux_falls):
    graph, cost, trips, laws, _ = sioux_falls

    def stop(iteration, gap):
        if iteration == 5:
            raise KeyboardInterrupt

    part = path_based(graph, cost, trips, delay=laws, gap=1e-12, progress=stop)
    assert not part.converged
    assert part.iterations == 5
    assert check_by_scipy(graph, cost, trips, laws, part) == pytest.approx(part.gap, rel=1e-6)
    whole = path_based(graph, cost, trips, delay=laws, gap=1e-12)
    rest = path_based(graph, cost, trips, delay=laws, gap=1e-12, start=part)
    assert rest.iterations < whole.iterations
    np.testing.assert_allclose(rest.arc_flow, whole.arc_flow, rtol=1e-6, atol=1e-3)


def test_warm_start_after_a_closure_reaches_the_same_flows(sioux_falls):
    graph, cost, trips, laws, _ = sioux_falls
    before = path_based(graph, cost, trips, delay=laws, gap=1e-12)
    busiest = int(np.argmax(before.arc_flow[0]))
    closed = cost.copy()
    closed[busiest] = np.inf
    cold = path_based(graph, closed, trips, delay=laws, gap=1e-12)
    warm = path_based(graph, closed, trips, delay=laws, gap=1e-12, start=before)
    assert warm.arc_flow[0, busiest] == 0.0
    np.testing.assert_allclose(warm.arc_flow, cold.arc_flow, rtol=1e-6, atol=1e-3)
    assert abs(check_by_scipy(graph, closed, trips, laws, warm)) < 1e-12


def test_order_of_trips_does_not_matter(sioux_falls):
    graph, cost, trips, laws, _ = sioux_falls
    mixed = np.random.default_rng(5).permutation(len(trips.flow))
    shuffled = Trips(*(x[mixed] for x in trips))
    one = path_based(graph, cost, trips, delay=laws, gap=1e-12)
    other = path_based(graph, cost, shuffled, delay=laws, gap=1e-12)
    np.testing.assert_allclose(one.arc_flow, other.arc_flow, rtol=1e-12)
    assert abs(check_by_scipy(graph, cost, shuffled, laws, other)) < 1e-12


@pytest.mark.parametrize("vot", [0.0, -1.0, np.nan])
def test_a_value_of_time_must_be_above_zero(vot):
    graph, _ = build_graph([0], [1], 2)
    with pytest.raises(CostError, match="above 0"):
        path_based(graph, [1.0], make_trips((0, 0, 1, 1.0)), vot=vot)
