"""Frank and Wolfe's family against published optima, and against the other way to equilibrium."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from isthmus.assign.all_or_nothing import all_or_nothing
from isthmus.assign.base import Delay, Trips, build_graph
from isthmus.assign.least_cost import least_costs
from isthmus.assign.link_based import _mixture, link_based
from isthmus.assign.path_based import path_based
from isthmus.errors import CostError, InputError
from isthmus.formats.tntp import read_tntp_network, read_tntp_trips
from isthmus.kernels.delay import BPR, NONE, QUEUE

GOLDEN = Path(__file__).parent / "golden"
TNTP = Path(os.environ.get("ISTHMUS_TNTP", Path(__file__).resolve().parents[2] / "shared" / "tntp"))
VARIANTS = ["frank_wolfe", "conjugate", "biconjugate"]

SIOUX_FALLS = 4_231_335.287107
"""Best known sum of integrals, github.com/bstabler/TransportationNetworks."""
SIOUX_FALLS_SHARED = 7_194_256.052893
"""Least total time, by a solver of paths in plain Python that shares nothing with this one."""
ANAHEIM = 1_286_032.171096
"""The same, at the best known flows of that collection."""


def read(folder, network, trips):
    """Graph, cost, trips, delay and first-through node of a network of the TNTP format."""
    network = read_tntp_network(folder / network)
    graph, order = network.graph()
    cost, delay = network.fixed_cost()[order], network.delay().take(order)
    trips = read_tntp_trips(folder / trips).trips()
    return graph, cost, trips, delay, network.first_through_node - 1


@pytest.fixture(scope="module")
def sioux_falls():
    """Sioux Falls, LeBlanc, Morlok and Pierskalla 1975, tables 1 and 2."""
    return read(GOLDEN, "sioux_falls_net.tntp", "sioux_falls_trips.tntp")


@pytest.fixture(scope="module")
def braess():
    """Six users between two nodes, Braess 1968."""
    return read(GOLDEN, "braess_net.tntp", "braess_trips.tntp")


def solve(problem, method=link_based, **options):
    graph, cost, trips, delay, first = problem
    return method(graph, cost, trips, delay=delay, first_through_node=first, **options)


def height(problem, found, vot=1.0, preload=0.0, system_optimum=False):
    """
    What is minimised, and what the flows pay (docs/model.md).

    In hours: integrals of the delays, or flow times delay, and constants over the value of time.
    In money: flow times cost, marginal cost at a system optimum.
    """
    _, cost, _, delay, _ = problem
    table = np.where(found.arc_flow > 0.0, cost, 0.0)
    load = found.arc_flow.sum(axis=0) + preload
    value, slope, area = delay.evaluate(load)
    # 0 x inf: nothing flows where nothing may
    steep = np.where(load > 0.0, load, 0.0) * np.where(np.isfinite(slope), slope, 0.0)
    price = value + steep if system_optimum else value
    vot = np.reshape(vot, (-1, 1))
    hours = (found.arc_flow * table / vot).sum() + (load @ value if system_optimum else area.sum())
    return hours, (found.arc_flow * (table + vot * price)).sum()


def is_as_near_as_its_gap_says(problem, found, best, **options):
    """A convex function is no more above its least than flow times what it pays too much."""
    hours, money = height(problem, found, **options)
    least_vot = np.min(options.get("vot", 1.0))
    assert -1e-9 * best <= hours - best <= found.gap * money / least_vot + 1e-9 * best


def random_problem(seed, n_node=12, n_arc=60, n_class=3, n_trip=25):
    """
    Every law, parallel and closed arcs, arcs that take nothing, idle and still trips, two zones.

    A ring of dear arcs joins all, so that what is closed cuts nobody off.
    """
    rng = np.random.default_rng(seed)
    ring = np.arange(n_node)
    tail = np.concatenate([ring, rng.integers(0, n_node, n_arc)])
    head = np.concatenate([np.roll(ring, -1), rng.integers(0, n_node, n_arc)])
    graph, order = build_graph(tail, head, n_node)
    on_ring = order < n_node
    cost = rng.uniform(0.5, 10.0, (n_class, graph.n_arc))
    cost[:, on_ring] *= 5.0
    cost[(rng.random(cost.shape) < 0.1) & ~on_ring] = np.inf
    law = rng.choice([NONE, BPR, QUEUE], graph.n_arc, p=[0.2, 0.4, 0.4])
    power = np.where(law == QUEUE, 0.9, rng.choice([1.0, 2.0, 4.0], graph.n_arc))
    capacity = rng.uniform(20.0, 80.0, graph.n_arc)
    capacity[(rng.random(graph.n_arc) < 0.05) & ~on_ring] = 0.0
    delay = Delay(
        law.astype(np.int8), rng.uniform(0.5, 3.0, graph.n_arc), capacity, law * 0.5, power
    )
    ends = rng.integers(0, n_node, (2, n_trip)).astype(np.int32)
    ends[:, 0] = 3
    flow = rng.uniform(1.0, 20.0, n_trip)
    flow[1] = 0.0
    trips = Trips(rng.integers(0, n_class, n_trip).astype(np.int32), *ends, flow)
    problem = graph, cost, trips, delay, 2
    vot = rng.uniform(0.5, 3.0, n_class)
    return problem, vot, rng.uniform(0.0, 30.0, graph.n_arc) * (capacity > 0.0)


@pytest.mark.parametrize("variant", VARIANTS)
def test_sioux_falls_user_equilibrium(sioux_falls, variant):
    found = solve(sioux_falls, variant=variant)
    assert found.converged
    assert found.gap <= 1e-4
    assert found.unserved.sum() == 0.0
    assert len(found.path_flow) == len(found.path_trip) == len(found.path_arcs) == 0
    is_as_near_as_its_gap_says(sioux_falls, found, SIOUX_FALLS)


@pytest.mark.parametrize("variant", VARIANTS)
def test_sioux_falls_system_optimum(sioux_falls, variant):
    found = solve(sioux_falls, variant=variant, system_optimum=True, gap=5e-4)
    assert found.converged
    total = height(sioux_falls, found, system_optimum=True)[0]
    assert found.objective == pytest.approx(total, rel=1e-12)
    is_as_near_as_its_gap_says(sioux_falls, found, SIOUX_FALLS_SHARED, system_optimum=True)


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_shortcut_costs_all_six_of_braess_more(braess, variant):
    goal = 1e-3 if variant == "frank_wolfe" else 1e-9
    own = solve(braess, variant=variant, gap=goal)
    shared = solve(braess, variant=variant, gap=goal, system_optimum=True)
    assert own.converged
    assert shared.converged
    assert own.objective == pytest.approx(552.0, rel=2.0 * goal)
    assert height(braess, own)[0] == pytest.approx(386.0, rel=2.0 * goal)
    assert shared.objective == pytest.approx(498.0, rel=2.0 * goal)


@pytest.mark.parametrize("method", [link_based, path_based])
@pytest.mark.parametrize("capacity", [10.0, 20.0])
@pytest.mark.parametrize("cost", [1.0, 8.0, 32.0, 80.0])
def test_a_queue_is_shared_out_by_the_closed_form(method, capacity, cost):
    """
    A road of fixed cost beside a queue of one hour, capacity c: 30 t at the system optimum.

    Marginal cost of the queue is 1/(1 - r)^2 - 1 at r = v/c, so r = 1 - 1/sqrt(1 + cost). All or
    nothing first lies far beyond its capacity, where the law is a line and its slope jumps.
    """
    graph, _ = build_graph([0, 0], [1, 1], 2)
    shape = np.ones(2), np.array([1.0, capacity]), np.ones(2), np.array([1.0, 0.9])
    delay = Delay(np.array([NONE, QUEUE], np.int8), *shape)
    trips = Trips(*(np.array([x]) for x in (0, 0, 1, 30.0)))
    found = method(graph, [cost, 0.0], trips, delay=delay, system_optimum=True, gap=1e-9)
    assert found.converged
    assert found.arc_flow[0, 1] == pytest.approx(capacity * (1.0 - (1.0 + cost) ** -0.5), rel=1e-6)


def test_anaheim_beyond_its_zones():
    if not (TNTP / "Anaheim_net.tntp").is_file():
        pytest.skip("for academic use and not in the repository; set ISTHMUS_TNTP")
    problem = read(TNTP, "Anaheim_net.tntp", "Anaheim_trips.tntp")
    found = solve(problem, gap=1e-5)
    assert found.converged
    is_as_near_as_its_gap_says(problem, found, ANAHEIM)


def test_more_memory_needs_far_fewer_iterations(sioux_falls):
    plain, one, two = (solve(sioux_falls, variant=v, max_iterations=5000) for v in VARIANTS)
    assert plain.converged
    assert one.converged
    assert two.converged
    assert 2 * one.iterations < plain.iterations
    assert 5 * two.iterations < plain.iterations


@pytest.mark.parametrize("memory", [1, 2])
@pytest.mark.parametrize("seed", range(5))
def test_a_mixture_is_conjugate_to_the_ways_before(seed, memory):
    """Two ways walked, conjugate to each other, and a least point that leans back on both."""
    rng = np.random.default_rng(seed)
    slope, step = rng.uniform(0.1, 5.0, 30), rng.uniform(0.1, 0.9)
    older, newer, fresh = rng.normal(size=(3, 2, 30))

    def product(one, other):
        return one.sum(axis=0) @ (slope * other.sum(axis=0))

    newer -= older * product(newer, older) / product(older, older)
    for way in (older, newer):
        fresh -= way * product(fresh, way) / product(way, way)
    before = rng.normal(size=(2, 30))
    now = before + step * newer
    least = now + fresh - 0.3 * newer - 0.2 * older
    past = [before + newer, before + 1.7 * older][:memory]
    way = _mixture(now, least, past, step, slope) - now
    assert product(way, newer) == pytest.approx(0.0, abs=1e-9)
    if memory == 2:
        assert product(way, older) == pytest.approx(0.0, abs=1e-9)
    assert product(way, fresh) > 0.1 * product(fresh, fresh)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("system_optimum", [False, True])
def test_the_objective_never_rises(sioux_falls, variant, system_optimum):
    options = {"gap": 0.0, "variant": variant, "system_optimum": system_optimum}
    points = [solve(sioux_falls, max_iterations=n, **options) for n in range(1, 41)]
    assert [p.iterations for p in points] == list(range(1, 41))
    hours = [height(sioux_falls, p, system_optimum=system_optimum)[0] for p in points]
    assert (np.diff(hours) < 1e-12 * hours[-1]).all()


@pytest.mark.parametrize(("variant", "goal"), [*zip(VARIANTS, [1e-4, 1e-5, 1e-6], strict=True)])
@pytest.mark.parametrize("system_optimum", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_both_ways_lead_to_the_same_flows(seed, system_optimum, variant, goal):
    problem, vot, preload = random_problem(seed)
    options = {"vot": vot, "preload": preload, "system_optimum": system_optimum}
    found = solve(problem, variant=variant, gap=goal, max_iterations=20_000, **options)
    exact = solve(problem, path_based, gap=1e-12, **options)
    assert found.converged
    assert exact.converged
    assert np.array_equal(found.unserved, exact.unserved)
    # where an objective is curved, flows lie as far apart as the root of its excess
    apart = np.abs(found.arc_flow - exact.arc_flow).sum()
    assert apart < np.sqrt(goal) * exact.arc_flow.sum()
    is_as_near_as_its_gap_says(problem, found, height(problem, exact, **options)[0], **options)


@pytest.mark.parametrize("seed", range(6))
def test_the_gap_is_what_flow_pays_above_the_least(seed):
    problem, vot, preload = random_problem(seed)
    graph, cost, trips, delay, first = problem
    found = solve(problem, vot=vot, preload=preload, gap=0.0, max_iterations=5)
    assert found.delay_h == pytest.approx(delay.value(found.arc_flow.sum(axis=0) + preload))
    takes_none = (delay.capacity == 0.0) & (delay.law != NONE)
    now = np.where(takes_none, np.inf, cost + vot[:, None] * found.delay_h)
    least = least_costs(graph, now, trips, first)
    open_ = np.isfinite(least)
    total = trips.flow[open_] @ least[open_]
    assert found.gap == pytest.approx((found.objective - total) / total, rel=1e-9)
    assert found.gap > 1e-6
    assert not found.arc_flow[:, takes_none].any()
    for k, flow in enumerate(found.arc_flow):
        mine = trips.klass == k
        net = np.zeros(graph.n_node)
        np.add.at(net, trips.origin[mine], trips.flow[mine] - found.unserved[mine])
        np.add.at(net, trips.destination[mine], found.unserved[mine] - trips.flow[mine])
        out = np.bincount(graph.tail, flow, graph.n_node)
        assert out - np.bincount(graph.head, flow, graph.n_node) == pytest.approx(net, abs=1e-9)


def test_without_delay_it_is_all_or_nothing(sioux_falls):
    graph, cost, trips, _, first = sioux_falls
    found = link_based(graph, cost, trips, first_through_node=first)
    assert found.iterations == 1
    assert found.gap == 0.0
    assert found.converged
    assert found.objective == pytest.approx(3_176_000, abs=1e-6)
    assert np.array_equal(found.arc_flow, all_or_nothing(graph, cost, trips).arc_flow)


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_pair_without_a_path_is_unserved(variant):
    """1 -> 2 by two roads, nothing leads to 0, and the way to 3 takes nothing."""
    graph, order = build_graph([1, 1, 2], [2, 2, 3], 4)
    capacity = np.array([10.0, 20.0, 0.0])[order]
    delay = Delay(np.full(3, BPR, np.int8), np.ones(3), capacity, np.ones(3), np.ones(3))
    ends = np.array([[1, 1, 1, 0, 2], [0, 2, 3, 0, 0]], np.int32)
    trips = Trips(np.zeros(5, np.int32), *ends, np.array([7.0, 30.0, 5.0, 4.0, 0.0]))
    found = link_based(graph, np.ones(3), trips, delay=delay, variant=variant, gap=1e-9)
    assert found.unserved.tolist() == [7.0, 0.0, 5.0, 0.0, 0.0]
    assert found.converged
    assert found.arc_flow[0] == pytest.approx(np.array([10.0, 20.0, 0.0])[order], rel=1e-6)


def test_an_interrupt_ends_it_with_the_flows_reached(sioux_falls):
    def stop(iteration, gap):
        assert np.isfinite(gap)
        if iteration == 7:
            raise KeyboardInterrupt

    halted = solve(sioux_falls, progress=stop)
    short = solve(sioux_falls, max_iterations=7)
    assert not halted.converged
    assert halted.iterations == 7
    assert halted.gap == short.gap
    assert np.array_equal(halted.arc_flow, short.arc_flow)

    def fail(iteration, gap):
        raise RuntimeError("elsewhere")

    with pytest.raises(RuntimeError, match="elsewhere"):
        solve(sioux_falls, progress=fail)


def test_no_trips_no_iterations_to_make():
    graph, _ = build_graph([0], [1], 2)
    empty = np.empty(0, np.int32)
    found = link_based(graph, [1.0], Trips(empty, empty, empty, np.empty(0)))
    assert found.converged
    assert found.gap == 0.0
    assert found.arc_flow.tolist() == [[0.0]]


def test_what_makes_no_sense_is_refused(braess):
    with pytest.raises(InputError, match="frank_wolfe"):
        solve(braess, variant="triconjugate")
    with pytest.raises(CostError, match="above 0"):
        solve(braess, vot=0.0)
