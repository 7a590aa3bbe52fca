"""Equilibrium and optimum where delays are steep, flat, and steep again, against roots that scipy finds."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import brentq

from isthmus.assign.base import Delay, Trips, build_graph, relative_gap
from isthmus.assign.link_based import link_based
from isthmus.assign.path_based import path_based
from isthmus.assign.path_sets import build_path_sets
from isthmus.kernels.delay import BPR, CONICAL, NONE, QUEUE, derivative, value
from test_path_based import bpr, check_by_scipy, make_trips


def queue(t0, capacity, a, b):
    """Laws of queues."""
    return Delay(
        np.full(len(t0), QUEUE, np.int8), *(np.array(x, float) for x in (t0, capacity, a, b))
    )


def beside(cost, laws, flow, system_optimum, **given):
    """Assign one trip to parallel arcs."""
    graph, order = build_graph([0] * len(cost), [1] * len(cost), 2)
    assert order.tolist() == list(range(len(cost)))
    given = {"gap": 1e-10, "max_iterations": 100} | given
    trips = make_trips((0, 0, 1, flow))
    return path_based(graph, cost, trips, delay=laws, system_optimum=system_optimum, **given)


def split(cost, laws, flow, system_optimum):
    """Flows of one trip on parallel arcs: arc by arc, the root of what it costs above the others."""
    own = [tuple(x[i].item() for x in laws) for i in range(len(cost))]

    def price(i, x):
        more = x * derivative(*own[i], x) if system_optimum and x > 0.0 else 0.0
        return cost[i] + value(*own[i], x) + more

    def solve(i, rest):
        if i + 1 == len(cost):
            return [rest], price(i, rest)

        def apart(x):
            return price(i, x) - solve(i + 1, rest - x)[1]

        if apart(0.0) >= 0.0:
            x = 0.0
        elif apart(rest) <= 0.0:
            x = rest
        else:
            x = brentq(apart, 0.0, rest, xtol=1e-15 * flow, rtol=1e-14)
        others, level = solve(i + 1, rest - x)
        return [x, *others], min(price(i, x), level)

    return np.array(solve(0, flow)[0])


def minimised(cost, laws, flow, system_optimum):
    """What flows minimise: the sum of integrals at equilibrium, of costs at the optimum."""
    delay, _, area = laws.evaluate(flow)
    return cost @ flow + (delay @ flow if system_optimum else area.sum())


def draw_laws(rng, n, flow):
    """Laws of all kinds and shapes, capacities from a fortieth to forty times the flow."""
    kinds = np.array([BPR, QUEUE, CONICAL], np.int8)
    law = rng.choice(kinds, n) if rng.random() < 0.5 else np.full(n, rng.choice(kinds))
    power = np.where(
        rng.random(n) < 0.3, rng.choice([0.0, 0.05, 0.5, 8.0], n), rng.uniform(0, 8, n)
    )
    linear = np.where(rng.random(n) < 0.5, rng.choice([0.95, 0.99], n), rng.uniform(0.5, 0.99, n))
    b = np.select([law == BPR, law == QUEUE], [power, linear], 1.0 + 10 ** rng.uniform(-1, 1.5, n))
    capacity = flow * 10 ** rng.uniform(-1.6, 1.6, n)
    return Delay(law, rng.uniform(0.1, 3.0, n), capacity, rng.uniform(0.1, 2.0, n), b)


STALLED = [32, 42, 63, 78, 90, 113, 120, 128, 158, 177, 199, 208, 287, 329, 336, 360]
"""Networks on which joint steps that hold paths one by one, whatever it does to others, get nowhere."""


@pytest.mark.parametrize("system_optimum", [False, True])
def test_a_pair_whose_flow_went_to_and_fro(system_optimum):
    """One arc is best just below the flow at which its tangent begins, the other just above."""
    cost = np.array([4.93705628, 4.65411098])
    laws = queue(
        [1.69479723, 1.85677209],
        [50.74881207, 17.40630747],
        [1.25666733, 0.84018136],
        [0.95, 0.95],
    )
    flow = 59.376941549165785
    found = beside(cost, laws, flow, system_optimum, gap=1e-12)
    assert found.converged
    assert found.iterations < 15
    expected = split(cost, laws, flow, system_optimum)
    np.testing.assert_allclose(found.arc_flow[0], expected, rtol=1e-10)
    if system_optimum:
        assert found.objective == pytest.approx(1081.4306426725, rel=1e-12)


@pytest.mark.parametrize("system_optimum", [False, True])
@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize(("n", "draws"), [(2, 60), (3, 8)])
def test_parallel_arcs_of_every_law(n, draws, seed, system_optimum):
    rng = np.random.default_rng([n, seed])
    for _ in range(draws):
        flow = 10 ** rng.uniform(0.0, 5.0)
        cost = rng.uniform(0.0, 20.0, n) * (rng.random(n) < 0.9)
        laws = draw_laws(rng, n, flow)
        found = beside(cost, laws, flow, system_optimum)
        told = f"{cost.tolist()}, {laws}, {flow}"
        assert found.converged, told
        expected = split(cost, laws, flow, system_optimum)
        least = minimised(cost, laws, expected, system_optimum)
        reached = minimised(cost, laws, found.arc_flow[0], system_optimum)
        assert reached == pytest.approx(least, rel=1e-8), told


class Marginal:
    """Marginal delays in place of delays, for `check_by_scipy`."""

    def __init__(self, laws):
        self.laws = laws

    def value(self, flow):
        """Return d(flow * delay)/dflow."""
        delay, slope, _ = self.laws.evaluate(flow)
        return delay + np.where(flow > 0.0, flow * np.where(flow > 0.0, slope, 0.0), 0.0)


def steep_network(seed):
    """A ring with chords, up to three classes, steep laws, and from a third to fifteen times what arcs bear well."""
    rng = np.random.default_rng(seed)
    n_class, n_node, n_pair = rng.integers(1, 4), rng.choice([6, 12, 30]), rng.choice([2, 10, 40])
    ring = np.arange(n_node)
    tail = np.concatenate([ring, (ring + 1) % n_node, rng.integers(0, n_node, 3 * n_node)])
    head = np.concatenate([(ring + 1) % n_node, ring, rng.integers(0, n_node, 3 * n_node)])
    keep = tail != head
    graph, _ = build_graph(tail[keep], head[keep], int(n_node))
    n = graph.n_arc
    cost = rng.uniform(0.5, 20.0, (n_class, n))
    law = rng.choice(np.array([NONE, BPR, QUEUE, QUEUE, CONICAL], np.int8), n)
    b = np.select(
        [law == QUEUE, law == BPR],
        [rng.choice([0.5, 0.9, 0.95, 0.99], n), rng.uniform(0.1, 8.0, n)],
        1.0 + 10 ** rng.uniform(-1.0, 1.3, n),
    )
    laws = Delay(
        law, rng.uniform(0.3, 3.0, n), rng.uniform(20.0, 400.0, n), rng.uniform(0.2, 2.0, n), b
    )
    m = n_class * n_pair
    origin = rng.integers(0, n_node, m)
    flow = rng.lognormal(0.0, 1.0, m)
    trips = Trips(
        np.repeat(np.arange(n_class), n_pair).astype(np.int32),
        origin.astype(np.int32),
        ((origin + rng.integers(1, n_node, m)) % n_node).astype(np.int32),
        flow * (20.0 * n * 10 ** rng.uniform(-0.5, 1.2) / flow.sum()),
    )
    return graph, cost, trips, laws, rng.uniform(0.5, 6.0, n_class)


@pytest.mark.parametrize("system_optimum", [False, True])
@pytest.mark.parametrize("seed", [*range(8), *STALLED])
def test_networks_of_steep_arcs(seed, system_optimum):
    graph, cost, trips, laws, vot = steep_network(seed)
    found = path_based(
        graph,
        cost,
        trips,
        delay=laws,
        vot=vot,
        gap=1e-10,
        system_optimum=system_optimum,
        max_iterations=200,
    )
    assert found.converged
    paid = Marginal(laws) if system_optimum else laws
    assert abs(check_by_scipy(graph, cost, trips, paid, found, vot=vot)) < 2e-10


@pytest.mark.parametrize("assign", [path_based, link_based])
@pytest.mark.parametrize("system_optimum", [False, True])
def test_an_empty_arc_that_costs_nothing_is_no_certificate(assign, system_optimum):
    """All flow on one of two free queues: least cost is 0, and what is paid is not."""
    graph, _ = build_graph([0, 0], [1, 1], 2)
    laws = queue([2.0, 2.0], [5.0, 100.0], [1.0, 1.0], [0.65, 0.9])
    found = assign(
        graph,
        np.zeros(2),
        make_trips((0, 0, 1, 20.0)),
        delay=laws,
        gap=1e-9,
        system_optimum=system_optimum,
    )
    assert found.converged
    # as full as each other
    np.testing.assert_allclose(found.arc_flow[0], [20.0 / 21.0, 400.0 / 21.0], rtol=1e-6)


def test_where_going_is_free_nobody_pays():
    laws = bpr([0.0, 1.0], [10.0, 10.0], 1.0, 4.0)
    found = beside(np.zeros(2), laws, 7.0, False)
    assert found.converged
    assert found.objective == pytest.approx(0.0, abs=1e-8)


def test_a_gap_has_something_to_be_measured_by():
    assert relative_gap(3.0, 6.0, 100.0) == 0.5
    assert relative_gap(3.0, 0.0, 100.0) == 0.03
    assert relative_gap(-1e-20, 6.0, 100.0) == 0.0
    assert relative_gap(0.0, 0.0, 0.0) == 0.0


def test_paths_that_come_and_go_take_no_more_room():
    graph, cost, trips, laws, vot = steep_network(1)
    state = build_path_sets(graph, cost, trips, laws, vot, 0, False, None)
    paths, pool = len(state.path[0]), len(state.pool)
    for _ in range(10):
        state.make_room()
    assert len(state.path[0]) <= 2 * paths
    assert len(state.pool) <= pool + graph.n_node
