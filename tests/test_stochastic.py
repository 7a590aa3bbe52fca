"""The stochastic equilibrium at its limits, and against roots and a general solver."""

from __future__ import annotations

from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from scipy.optimize import brentq, minimize
from scipy.special import expit

from isthmus.assign.base import Delay, Trips, build_graph
from isthmus.assign.path_based import path_based
from isthmus.assign.routes import Routes
from isthmus.assign.stochastic import stochastic
from isthmus.formats.tntp import read_tntp_network, read_tntp_trips
from isthmus.kernels.delay import BPR, CONICAL, NONE, QUEUE

GOLDEN = Path(__file__).parent / "golden"
ALL = {"max_detour": 99.0, "n_routes": 64}


def make_trips(*rows):
    """Trips from rows of class, origin, destination, flow."""
    klass, origin, destination, flow = zip(*rows, strict=True)
    ends = (np.array(x, np.int32) for x in (klass, origin, destination))
    return Trips(*ends, np.array(flow, float))


def make_laws(*rows):
    """Laws from rows of law, t0, capacity, a, b."""
    law, *numbers = zip(*rows, strict=True)
    return Delay(np.array(law, np.int8), *(np.array(x, float) for x in numbers))


@pytest.fixture(scope="module")
def sioux_falls():
    """Sioux Falls, LeBlanc, Morlok and Pierskalla 1975, tables 1 and 2."""
    network = read_tntp_network(GOLDEN / "sioux_falls_net.tntp")
    graph, order = network.graph()
    trips = read_tntp_trips(GOLDEN / "sioux_falls_trips.tntp").trips()
    return graph, network.fixed_cost(0.0, 0.0)[order], trips, network.delay().take(order)


def small(seed=3, n_node=9, n_class=2):
    """A strongly connected network of every law, classes that differ in cost and value of time."""
    rng = np.random.default_rng(seed)
    ring = [(i, (i + 1) % n_node) for i in range(n_node)]
    chords = {(int(a), int(b)) for a, b in rng.integers(0, n_node, (14, 2)) if a != b}
    tail, head = zip(*(ring + sorted(chords - set(ring))), strict=True)
    graph, _ = build_graph(tail, head, n_node)
    n = graph.n_arc
    law = np.resize([BPR, CONICAL, QUEUE, NONE, BPR], n).astype(np.int8)
    b = np.select([law == BPR, law == CONICAL, law == QUEUE], [4.0, 3.0, 0.9], 1.0)
    b[::5] = 1.0  # linear delays among them
    a = rng.uniform(0.3, 1.0, n)
    laws = Delay(law, rng.uniform(1.0, 4.0, n), rng.uniform(20.0, 60.0, n), a, b)
    cost = rng.uniform(2.0, 6.0, (n_class, n))
    ends = [(k, i, (i + 4) % n_node) for i in range(n_node) for k in range(n_class)]
    trips = make_trips(*((k, o, d, float(rng.uniform(5.0, 15.0))) for k, o, d in ends))
    return graph, cost, trips, laws, np.array([1.0, 2.5])[:n_class]


def loading_of(found, cost, trips, laws, theta, vot, path_size_beta=0.0):
    """Logit over the returned paths at the delays of the returned flows, and the gap, by hand."""
    flow = found.arc_flow.sum(axis=0)
    slow = np.atleast_2d(cost) + np.asarray(vot)[:, None] * laws.value(flow)
    out = np.zeros(len(flow))
    for t in np.unique(found.path_trip):
        paths = [found.path(p) for p in np.flatnonzero(found.path_trip == t)]
        k = trips.klass[t]
        free = np.atleast_2d(cost)[k]
        users = np.bincount(np.concatenate(paths), minlength=len(flow))
        size = np.array(
            [(free[p] / users[p]).sum() / free[p].sum() if len(p) else 1.0 for p in paths]
        )
        u = -theta[t] * np.array([slow[k][p].sum() for p in paths]) + path_size_beta * np.log(size)
        share = np.exp(u - u.max())
        share /= share.sum()
        for p, s in zip(paths, share, strict=True):
            out[p] += trips.flow[t] * s
    on = laws.law != NONE
    off = np.abs(out - flow) / np.maximum(np.maximum(out, flow), 1e-9 * trips.flow.sum())
    return float(off[on].max())


CURVES = {
    "bpr": ((BPR, 1.0, 40.0, 1.0, 4.0), (BPR, 2.0, 80.0, 0.5, 2.0)),
    "root": ((BPR, 1.0, 40.0, 1.0, 0.5), (BPR, 2.0, 80.0, 0.5, 1.5)),
    "queue": ((QUEUE, 1.0, 40.0, 1.0, 0.9), (QUEUE, 1.0, 80.0, 0.5, 0.95)),
    "conical": ((CONICAL, 1.0, 40.0, 1.0, 4.0), (CONICAL, 2.0, 80.0, 1.0, 8.0)),
    "constant": ((BPR, 1.0, 40.0, 1.0, 0.0), (BPR, 2.0, 80.0, 0.5, 4.0)),
    "mixed": ((QUEUE, 1.0, 40.0, 1.0, 0.9), (CONICAL, 2.0, 80.0, 1.0, 8.0)),
    "one free": ((NONE, 0.0, 1.0, 0.0, 1.0), (CONICAL, 2.0, 80.0, 1.0, 8.0)),
}


def hours(row, x):
    """Each law as its author prints it."""
    law, t0, capacity, a, b = row
    r = x / capacity
    if law == BPR:
        return t0 * a * r**b
    if law == CONICAL:
        e = (2 * b - 1) / (2 * b - 2)
        return t0 * a * (1 + np.sqrt(b**2 * (1 - r) ** 2 + e**2) - b * (1 - r) - e)
    if law == QUEUE:
        return t0 * a * (r / (1 - r) if r <= b else b / (1 - b) + (r - b) / (1 - b) ** 2)
    return 0.0


@pytest.mark.parametrize("theta", [0.0, 0.05, 1.0, 30.0, 1e4])
@pytest.mark.parametrize("name", CURVES)
def test_two_roads_are_the_root_of_one_equation(name, theta):
    """ln(x1 / x2) = theta (c2 - c1): rising on the left, falling on the right, so one root."""
    one, two = CURVES[name]
    graph, order = build_graph([0, 0], [1, 1], 2)
    cost, total, vot = np.array([1.0, 1.3]), 100.0, 0.7

    def off(logit):
        x = total * expit(logit)
        return logit - theta * (cost[1] - cost[0] + vot * (hours(two, total - x) - hours(one, x)))

    x = total * expit(brentq(off, -2e4, 2e4, xtol=1e-13, rtol=1e-14))
    found = stochastic(
        graph,
        cost[order],
        make_trips((0, 0, 1, total)),
        vot=vot,
        delay=make_laws(one, two),
        theta=theta,
        scale="absolute",
        gap=1e-9,
        max_detour=9.0,
    )
    assert found.converged
    assert found.arc_flow[0] == pytest.approx([x, total - x], rel=1e-7)


def every_path(graph, origin, destination):
    """All loopless paths, by networkx."""
    net = nx.MultiDiGraph()
    net.add_edges_from(
        (t, h, a) for a, (t, h) in enumerate(zip(graph.tail, graph.head, strict=True))
    )
    found = nx.all_simple_edge_paths(net, origin, destination)
    return [np.array([a for _, _, a in path], np.int32) for path in found]


def test_classes_against_a_general_solver_of_the_primal():
    """Fisk 1980 over all loopless paths: integrals plus class constants plus entropy over theta."""
    graph, cost, trips, laws, vot = small(n_node=6)
    theta = 0.8
    sets = [every_path(graph, o, d) for o, d in zip(trips.origin, trips.destination, strict=True)]
    assert min(map(len, sets)) > 1
    owner = np.repeat(np.arange(len(sets)), [len(s) for s in sets])
    paths = [p for s in sets for p in s]
    incidence = np.zeros((graph.n_arc, len(paths)))
    for j, p in enumerate(paths):
        incidence[p, j] = 1.0
    price = vot[trips.klass[owner]]
    fixed = np.array([cost[trips.klass[t]][p].sum() for t, p in zip(owner, paths, strict=True)])

    def objective(flow):
        value, _, area = laws.evaluate(incidence @ flow)
        entropy = (flow * np.log(flow / trips.flow[owner])) @ (1.0 / (theta * price))
        slope = fixed / price + (np.log(flow / trips.flow[owner]) + 1.0) / (theta * price)
        return area.sum() + fixed @ (flow / price) + entropy, incidence.T @ value + slope

    first = np.searchsorted(owner, np.arange(len(sets)))
    total = np.zeros((len(sets), len(paths)))
    total[owner, np.arange(len(paths))] = 1.0
    wanted = minimize(
        objective,
        (trips.flow / total.sum(axis=1))[owner],
        jac=True,
        method="SLSQP",
        bounds=[(1e-9, None)] * len(paths),
        constraints={"type": "eq", "fun": lambda x: total @ x - trips.flow, "jac": lambda x: total},
        options={"ftol": 1e-14, "maxiter": 1000},
    )
    given = Routes(
        np.append(first, len(paths)).astype(np.int64),
        np.concatenate(([0], np.cumsum([len(p) for p in paths]))).astype(np.int64),
        np.concatenate(paths),
    )
    found = stochastic(
        graph, cost, trips, vot=vot, delay=laws, theta=theta, scale="absolute",
        path_size_beta=0.0, gap=1e-11, routes=given, n_routes=len(paths),
    )  # fmt: skip
    assert len(found.path_flow) == len(paths), "no route beyond all of them"
    at = {(found.path_trip[p], tuple(found.path(p))): p for p in range(len(paths))}
    own = found.path_flow[[at[t, tuple(p)] for t, p in zip(owner, paths, strict=True)]]
    print(
        wanted.message, wanted.nit, np.c_[owner, own, wanted.x], objective(own)[0] / wanted.fun - 1
    )
    assert own == pytest.approx(wanted.x, rel=1e-4, abs=1e-5)
    best = objective(own)[0]
    assert wanted.fun * (1.0 - 1e-9) <= best <= wanted.fun * (1.0 + 1e-12)


@pytest.mark.parametrize("beta", [0.0, 1.0])
def test_a_growing_theta_reaches_user_equilibrium_on_sioux_falls(sioux_falls, beta):
    graph, cost, trips, laws = sioux_falls
    wanted = path_based(graph, cost, trips, delay=laws, gap=1e-10).arc_flow[0]
    away = []
    for theta in (1.0, 10.0, 100.0, 1e3, 1e4, 1e5):
        found = stochastic(graph, cost, trips, delay=laws, theta=theta, path_size_beta=beta)
        assert found.converged
        away.append(np.abs(found.arc_flow[0] / wanted - 1.0).max())
    assert (np.diff(away) < 0.0).all()
    assert away[3] < 4e-3
    assert away[4] < 4e-4
    assert away[5] < 4e-5


@pytest.mark.parametrize("seed", [3, 4, 5])
def test_a_growing_theta_reaches_user_equilibrium_of_classes(seed):
    graph, cost, trips, laws, vot = small(seed)
    wanted = path_based(graph, cost, trips, delay=laws, vot=vot, gap=1e-11)
    goal = wanted.arc_flow.sum(axis=0)
    away = []
    for theta in (1.0, 10.0, 100.0, 1e3, 1e4):
        found = stochastic(graph, cost, trips, vot=vot, delay=laws, theta=theta, path_size_beta=0.0)
        assert found.converged
        away.append(np.abs(found.arc_flow.sum(axis=0) - goal).sum() / goal.sum())
    assert (np.diff(away) < 0.0).all()
    assert away[-1] < 1e-4


def test_routes_that_only_congestion_makes_good_are_found():
    """One route to begin with, twelve roads of rising cost: at capacity all are used."""
    n = 12
    graph, order = build_graph([0] * n, [1] * n, 2)
    cost = np.linspace(1.0, 3.0, n)[order]
    laws = make_laws(*((BPR, 1.0, 10.0, 1.0, 4.0) for _ in range(n)))
    trips = make_trips((0, 0, 1, 200.0))
    wanted = path_based(graph, cost, trips, delay=laws, gap=1e-12).arc_flow[0]
    assert (wanted > 1.0).all()
    found = stochastic(graph, cost, trips, delay=laws, theta=1e4, n_routes=1)
    assert found.converged
    assert len(found.path_flow) == n
    assert found.arc_flow[0] == pytest.approx(wanted, rel=1e-3)
    few = stochastic(graph, cost, trips, delay=laws, theta=1e4, n_routes=1, max_iterations=2)
    assert not few.converged, "a gap that counts what is missing"
    assert few.gap > 1e-2


def test_far_above_capacity_a_large_theta_still_settles(sioux_falls):
    graph, cost, trips, laws = sioux_falls
    trips = trips._replace(flow=4.0 * trips.flow)
    wanted = path_based(graph, cost, trips, delay=laws, gap=1e-10).arc_flow[0]
    found = stochastic(graph, cost, trips, delay=laws, theta=1e4)
    assert found.arc_flow[0] == pytest.approx(wanted, rel=1e-4)


@pytest.mark.parametrize(("theta", "beta"), [(0.01, 0.0), (1.0, 1.0), (12.0, 0.7), (1000.0, 0.0)])
def test_the_reported_gap_is_that_of_the_returned_flows(theta, beta):
    graph, cost, trips, laws, vot = small()
    for asked in (1e-2, 1e-6):
        found = stochastic(
            graph, cost, trips, vot=vot, delay=laws, theta=theta, scale="absolute",
            path_size_beta=beta, gap=asked,
        )  # fmt: skip
        scales = np.full(len(trips.flow), theta)
        again = loading_of(found, cost, trips, laws, scales, vot, beta)
        assert found.gap <= asked
        assert again == pytest.approx(found.gap, rel=0.01, abs=1e-9)


def test_no_theta_spreads_evenly_or_by_path_size():
    """At 0, delays do not matter: equal shares, or shares by path size to the power beta."""
    graph, cost, trips, laws, vot = small()
    for beta in (0.0, 1.0, 2.0):
        found, near = (
            stochastic(graph, cost, trips, vot=vot, delay=laws, theta=theta, path_size_beta=beta)
            for theta in (0.0, 1e-9)
        )
        count = np.bincount(found.path_trip)[found.path_trip]
        share = found.path_flow / trips.flow[found.path_trip]
        if beta == 0.0:
            assert share == pytest.approx(1.0 / count, rel=1e-14)
        else:
            weight = np.empty(len(share))
            for i, t in enumerate(found.path_trip):
                mine = [found.path(p) for p in np.flatnonzero(found.path_trip == t)]
                users = np.bincount(np.concatenate(mine), minlength=graph.n_arc)
                own, path = cost[trips.klass[t]], found.path(i)
                weight[i] = ((own[path] / users[path]).sum() / own[path].sum()) ** beta
            total = np.bincount(found.path_trip, weight)[found.path_trip]
            assert share == pytest.approx(weight / total, rel=1e-12)
            assert np.ptp(share * count) > 0.1
        assert near.path_flow == pytest.approx(found.path_flow, rel=1e-6)


def test_a_smaller_theta_comes_nearer_to_the_even_spread(sioux_falls):
    graph, cost, trips, laws = sioux_falls
    away = []
    for theta in (1.0, 0.1, 0.01, 1e-3, 1e-4):
        found = stochastic(graph, cost, trips, delay=laws, theta=theta, path_size_beta=0.0)
        even = trips.flow[found.path_trip] / np.bincount(found.path_trip)[found.path_trip]
        away.append(np.abs(found.path_flow - even).sum() / trips.flow.sum())
    assert (np.diff(away) < 0.0).all()
    assert away[-1] < 1e-3
