"""The stochastic equilibrium against what is published, a general convex solver, roots, limits and refusals."""

from __future__ import annotations

import os
from pathlib import Path

import cvxpy as cp
import numpy as np
import pytest
from scipy.optimize import brentq

from isthmus.assign.base import Trips, build_graph
from isthmus.assign.path_based import path_based
from isthmus.assign.perturbed_utility import NORM
from isthmus.assign.stochastic import stochastic
from isthmus.errors import CostError, InputError
from isthmus.formats.tntp import read_tntp_network, read_tntp_trips
from isthmus.kernels.delay import BPR, CONICAL, NONE, QUEUE
from made_networks import made, make_laws, make_trips, shares

GOLDEN = Path(__file__).parent / "golden"
TNTP = Path(os.environ.get("ISTHMUS_TNTP", Path(__file__).resolve().parents[2] / "shared" / "tntp"))
EXACT = {"tol_gap_abs": 1e-10, "tol_gap_rel": 1e-10, "tol_feas": 1e-10}


def read(folder, name):
    """Graph, free-flow cost, trips, laws and first node passed, of two TNTP files."""
    network = read_tntp_network(folder / f"{name}_net.tntp")
    graph, order = network.graph()
    trips = read_tntp_trips(folder / f"{name}_trips.tntp").trips()
    first = max(network.first_through_node - 1, 0)
    return graph, network.fixed_cost(0.0, 0.0)[order], trips, network.delay().take(order), first


@pytest.fixture(scope="module")
def sioux_falls():
    """Sioux Falls, LeBlanc, Morlok and Pierskalla 1975, tables 1 and 2."""
    return read(GOLDEN, "sioux_falls")


# what is published


@pytest.mark.parametrize(
    ("length", "price", "wanted"),
    [
        ([2, 1, 1, 1, 1, 2], [1, 1, 1, 1, 1, 2], [0.424, 0.576, 0.288, 0.288, 0, 0]),
        ([2, 1, 1, 1, 1, 2], [1, 1, 1, 1.1, 1, 2], [0.445, 0.555, 0.342, 0.214, 0, 0]),
        ([2, 0.5, 1.5, 1.5, 0.5, 2], [1, 1, 1, 1, 1, 2], [0.381, 0.619, 0.310, 0.310, 0, 0]),
    ],
)
def test_the_toy_network_of_fosgerau_paulsen_and_rasmussen(length, price, wanted):
    """Table 1 of the paper of 2022: three towns, six links, flows to the last printed digit."""
    graph, order = build_graph([0, 0, 1, 1, 1, 0], [2, 1, 2, 2, 0, 2], 3)
    length = np.array(length, float)[order]
    found = stochastic(
        graph, length * np.array(price, float)[order], make_trips((0, 0, 2, 1.0)),
        mu=1.0, length=length, floor=1e-9, normalised=False,
    )  # fmt: skip
    assert found.arc_flow[0] == pytest.approx(np.array(wanted)[order], abs=6e-4)
    assert np.array_equal(found.arc_flow[0] == 0.0, np.array(wanted)[order] == 0.0)


# an independent solver


def worth(x, length):
    """Perturbation of flows as a convex expression: length times (1 + x) ln(1 + x) - x."""
    return cp.sum(cp.multiply(length, -cp.entr(1.0 + x) - x))


def balance(graph, trips):
    """Nodes but the first by arcs, and what each trip makes at each."""
    nodes = np.arange(1, graph.n_node)[:, None]
    out = (graph.tail[None, :] == nodes).astype(float) - (graph.head[None, :] == nodes)
    made_at = (trips.origin[:, None] == nodes.T).astype(float)
    return out, made_at - (trips.destination[:, None] == nodes.T)


@pytest.mark.parametrize("seed", range(50))
def test_values_are_those_of_a_general_convex_solver(seed):
    """The programme on arcs, by Clarabel: values to 1e-8, flows as near as values can tell."""
    of = made(seed, delayed=False)
    some = np.arange(min(len(of.trips.flow), 5))
    of = of.but(trips=Trips(*(x[some] for x in of.trips)))
    found = of.solve()
    k = of.trips.klass
    length = of.mu * of.length[k]
    cost = of.cost[k] - NORM * length
    incidence, made_at = balance(of.graph, of.trips)
    x = cp.Variable(cost.shape, nonneg=True)
    total = cp.sum(cp.multiply(cost, x)) + worth(x, length)
    cp.Problem(cp.Minimize(total), [x @ incidence.T == made_at]).solve(cp.CLARABEL, **EXACT)
    y = np.maximum(x.value, 0.0)
    value = (cost * y + length * ((1.0 + y) * np.log1p(y) - y)).sum(axis=1)
    assert found.value == pytest.approx(value, rel=1e-8)
    assert shares(found, of.graph) == pytest.approx(y, abs=2e-4)


@pytest.mark.parametrize("mu", [0.1, 0.6, 1.2])
def test_sioux_falls_is_the_optimum_of_one_convex_programme(sioux_falls, mu):
    """Twelve pairs with delays: the sum of what trips bear and of the integrals of the delays."""
    graph, cost, trips, laws, _ = sioux_falls
    rows = np.random.default_rng(1).choice(np.flatnonzero(trips.flow > 0.0), 12, replace=False)
    some = Trips(*(x[rows] for x in trips))
    some = some._replace(flow=some.flow * 0.3 * trips.flow.sum() / some.flow.sum())
    found = stochastic(graph, cost, some, delay=laws, mu=mu, gap=1e-11)
    assert found.converged
    length, flow = mu * cost, some.flow
    free = cost - NORM * length
    incidence, made_at = balance(graph, some)
    x = cp.Variable((12, graph.n_arc), nonneg=True)
    tons = 1e4  # so that all numbers are near 1
    weight = (flow / tons)[:, None]
    volume = (flow / tons) @ x
    assert (laws.b == 4.0).all()
    area = laws.t0 * laws.a * (laws.capacity / tons) / 5.0
    integrals = cp.sum(cp.multiply(area, cp.power(cp.multiply(volume, tons / laws.capacity), 5)))
    total = cp.sum(cp.multiply(weight * free, x)) + worth(x, weight * length) + integrals
    cp.Problem(cp.Minimize(total), [x @ incidence.T == made_at]).solve(cp.CLARABEL, **EXACT)

    def programme(y):
        each = free * y + length * ((1.0 + y) * np.log1p(y) - y)
        return (flow[:, None] * each).sum() + laws.evaluate(flow @ y)[2].sum()

    mine, best = shares(found, graph), np.maximum(x.value, 0.0)
    assert programme(mine) == pytest.approx(programme(best), rel=1e-7)
    assert programme(mine) <= programme(best) * (1.0 + 1e-9)
    assert flow @ mine == pytest.approx(flow @ best, abs=1e-4 * flow.sum())


# closed forms

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


@pytest.mark.parametrize("mu", [1e-3, 0.05, 0.6, 1.2])
@pytest.mark.parametrize("name", CURVES)
def test_two_roads_are_the_root_of_one_equation(name, mu):
    """Cost plus length times ln(1 + x) is the same on both: one rises with x, the other falls."""
    rows, total, vot = CURVES[name], 100.0, 0.7
    graph, order = build_graph([0, 0], [1, 1], 2)
    cost, length = np.array([1.0, 1.3]), mu * np.array([0.9, 1.1])

    def marginal(i, x):
        own = cost[i] - NORM * length[i] + length[i] * np.log1p(x)
        return own + vot * hours(rows[i], total * x)

    def off(x):
        return marginal(0, x) - marginal(1, 1.0 - x)

    x = 1.0 if off(1.0) < 0.0 else brentq(off, 0.0, 1.0, xtol=1e-15, rtol=1e-14)
    found = stochastic(
        graph, cost[order], make_trips((0, 0, 1, total)), vot=vot, delay=make_laws(*rows).take(order),
        mu=mu, length=length[order] / mu, gap=1e-11,
    )  # fmt: skip
    assert found.converged
    wanted = np.array([x, 1.0 - x])[order] * total
    assert found.arc_flow[0] == pytest.approx(wanted, rel=1e-8, abs=1e-8)
    now = np.array([x, 1.0 - x])
    delay = [hours(row, total * y) for row, y in zip(rows, now, strict=True)]
    spread = (1.0 + now) * np.log1p(now) - now - NORM * now
    value = ((cost + vot * np.array(delay)) * now + length * spread).sum()
    assert found.value[0] == pytest.approx(value, rel=1e-8)


# as mu falls to nothing


def beckmann(cost, laws, found):
    """Sum of constants and integrals of the delays at the flows of one class."""
    flow = found.arc_flow[0]
    return float((cost * flow).sum() + laws.evaluate(flow)[2].sum())


def test_a_falling_mu_reaches_user_equilibrium_on_sioux_falls(sioux_falls):
    """The objective of path_based from above, ever nearer, as the square of mu."""
    graph, cost, trips, laws, _ = sioux_falls
    best = beckmann(cost, laws, path_based(graph, cost, trips, delay=laws, gap=1e-12))
    away = []
    for mu in (0.6, 0.1, 0.01, 1e-3, 1e-4, 1e-6):
        found = stochastic(graph, cost, trips, delay=laws, mu=mu, gap=1e-7, max_iterations=300)
        assert found.converged
        away.append(beckmann(cost, laws, found) / best - 1.0)
    assert (np.diff(away) < 0.0).all()
    assert away[3] < 1e-7
    assert abs(away[-1]) < 1e-12


def test_a_falling_mu_reaches_user_equilibrium_on_anaheim():
    """The same where centroids are not passed."""
    if not (TNTP / "Anaheim_net.tntp").is_file():
        pytest.skip("reference network not on this machine (ISTHMUS_TNTP)")
    graph, cost, trips, laws, first = read(TNTP, "Anaheim")
    found = stochastic(
        graph, cost, trips, delay=laws, mu=1e-3, gap=1e-6, first_through_node=first,
        max_iterations=300,
    )  # fmt: skip
    assert found.converged
    assert beckmann(cost, laws, found) == pytest.approx(1_286_032.171096, rel=1e-6)


@pytest.mark.parametrize("seed", range(6))
def test_a_falling_mu_reaches_user_equilibrium_of_classes(seed):
    """Flows of all classes together come nearer to those of path_based."""
    of = made(seed)
    wanted = path_based(
        of.graph, of.cost, of.trips, delay=of.laws, vot=of.vot, gap=1e-11
    ).arc_flow.sum(axis=0)
    away = []
    for mu in (1.0, 0.1, 0.01, 1e-3):
        flow = of.solve(gap=1e-7, mu=mu, max_iterations=300).arc_flow.sum(axis=0)
        away.append(np.abs(flow - wanted).sum() / wanted.sum())
    assert away[-1] < 0.05 * away[0] + 1e-6


# what is unlike a network


def test_free_arcs_and_free_circles():
    """Nothing goes round a circle that costs nothing, and the value is the cost of the way out."""
    graph, order = build_graph([0, 1, 2, 2, 1, 3, 2], [1, 2, 0, 3, 0, 2, 1], 4)
    cost = np.array([0.0, 0.0, 0.0, 5.0, 0.0, 0.0, 0.0])[order]
    found = stochastic(graph, cost, make_trips((0, 0, 3, 7.0)), mu=0.6)
    flow = dict(zip(zip(graph.tail, graph.head, strict=True), found.arc_flow[0], strict=True))
    assert {k: v for k, v in flow.items() if v} == {(0, 1): 7.0, (1, 2): 7.0, (2, 3): 7.0}
    assert found.value[0] == pytest.approx(5.0, abs=1e-4)
    nothing = stochastic(graph, 0.0 * cost, make_trips((0, 0, 3, 7.0)), mu=0.6)
    assert nothing.value[0] == pytest.approx(0.0, abs=1e-4)
    assert len(nothing.path_flow) == 1


def test_loops_of_an_arc_take_nothing():
    """An arc from a node to itself is no way to anywhere, however little it costs."""
    graph, order = build_graph([0, 0, 0, 1, 0], [0, 1, 1, 1, 1], 2)
    cost = np.array([0.0, 1.0, 1.1, 1e-9, 1.2])[order]
    found = stochastic(graph, cost, make_trips((0, 0, 1, 7.0)), mu=0.6)
    loop = graph.tail == graph.head
    assert (found.arc_flow[0, loop] == 0.0).all()
    assert (found.arc_flow[0, ~loop] > 0.0).all()


def test_what_cannot_go_is_unserved_and_the_rest_is_right():
    """No capacity is closed; who stays has a path of no arcs; no way, no value."""
    graph, order = build_graph([0, 0, 2], [1, 1, 3], 5)
    laws = make_laws((BPR, 1, 10, 1, 1), (BPR, 1, 0, 1, 1), (BPR, 1, 5, 1, 1)).take(order)
    trips = make_trips(
        (0, 0, 1, 10.0), (0, 1, 0, 4.0), (0, 2, 2, 7.0), (0, 4, 3, 0.0), (0, 0, 4, 2.0)
    )
    found = stochastic(graph, np.ones(3), trips, delay=laws, mu=0.6, gap=1e-10)
    assert found.converged
    assert found.arc_flow[0].tolist() == [10.0, 0.0, 0.0]
    assert found.unserved.tolist() == [0.0, 4.0, 0.0, 0.0, 2.0]
    assert found.path_trip.tolist() == [0, 2]
    assert np.diff(found.path_indptr).tolist() == [1, 0]
    assert found.path_flow.tolist() == [10.0, 7.0]
    assert found.value == pytest.approx([2.0, np.nan, 0.0, np.nan, np.nan], nan_ok=True)


def test_no_trips_at_all():
    """Nobody moves: no flow, no cost, and it is known at once."""
    graph, _ = build_graph([0], [1], 2)
    for trips in (make_trips((0, 0, 1, 0.0)), make_trips((0, 1, 0, 3.0))):
        found = stochastic(graph, [1.0], trips, mu=0.6)
        assert found.converged
        assert found.arc_flow.sum() == found.objective == 0.0
        assert len(found.path_flow) == 0


@pytest.mark.parametrize("first", [0, 3])
def test_nodes_below_the_first_through_node_are_not_passed(first):
    """They begin and end trips alone, from nothing and from the answer of who may pass them."""
    graph, order = build_graph([0, 1, 0, 3], [1, 2, 3, 2], 4)
    cost = np.array([1.0, 1.0, 5.0, 5.0])[order]
    trips = make_trips((0, 0, 2, 3.0), (0, 0, 1, 2.0), (0, 1, 2, 1.0))
    found = stochastic(graph, cost, trips, mu=0.6, first_through_node=first)
    flow = dict(zip(zip(graph.tail, graph.head, strict=True), found.arc_flow[0], strict=True))
    if first:
        assert flow == {(0, 1): 2.0, (0, 3): 3.0, (1, 2): 1.0, (3, 2): 3.0}
        assert found.value.tolist() == [10.0, 1.0, 1.0]
    else:
        assert flow == {(0, 1): 5.0, (0, 3): 0.0, (1, 2): 4.0, (3, 2): 0.0}


@pytest.mark.parametrize("seed", range(20))
def test_first_through_nodes_are_kept_on_made_networks(seed):
    """No path passes a node below the first, and no value is below that of passing them."""
    of = made(seed)
    kept = of.solve(first_through_node=3)
    for p in range(len(kept.path_flow)):
        assert (of.graph.head[kept.path(p)][:-1] >= 3).all()
    fixed = of.but(laws=None)
    free, kept = fixed.solve(), fixed.solve(first_through_node=3)
    both = np.isfinite(kept.value)
    assert (kept.value[both] >= free.value[both] * (1.0 - 1e-12)).all()


@pytest.mark.parametrize("mu", [0.0, -1.0, np.nan, np.inf])
def test_mu_must_be_above_zero(mu):
    """And for its limit another method is named."""
    graph, _ = build_graph([0], [1], 2)
    with pytest.raises(InputError, match=r"mu.*not above 0"):
        stochastic(graph, [1.0], make_trips((0, 0, 1, 1.0)), mu=mu)


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"vot": -1.0}, "vot"),
        ({"vot": np.nan}, "vot"),
        ({"vot": np.inf}, "vot"),
        ({"gap": 0.0}, "gap"),
        ({"gap": np.nan}, "gap"),
        ({"floor": 0.0}, "floor"),
        ({"floor": np.nan}, "floor"),
        ({"most": [-1.0]}, "most"),
        ({"most": [np.nan]}, "most"),
        ({"length": [-1.0]}, "length"),
        ({"length": [np.nan]}, "length"),
    ],
)
def test_what_is_no_number_of_its_kind_is_refused(options, word):
    """An error names the option."""
    graph, _ = build_graph([0], [1], 2)
    with pytest.raises(InputError, match=word):
        stochastic(graph, [1.0], make_trips((0, 0, 1, 1.0)), **({"mu": 0.6} | options))


def test_all_that_is_wrong_is_said_at_once():
    """And what is wrong with costs and trips is said too."""
    graph, _ = build_graph([0], [1], 2)
    with pytest.raises(InputError, match=r"(?s)mu.*vot.*gap"):
        stochastic(graph, [1.0], make_trips((0, 0, 1, 1.0)), mu=0.0, vot=-1.0, gap=-1.0)
    with pytest.raises(CostError, match="arc 0"):
        stochastic(graph, [-1.0], make_trips((0, 0, 1, 1.0)), mu=0.6)
    with pytest.raises(InputError, match="trip 0"):
        stochastic(graph, [1.0], make_trips((0, 0, 5, 1.0)), mu=0.6)


def test_work_may_be_interrupted_and_begun_from(sioux_falls):
    """Progress is told with the gap, which ends at what was asked, and a start saves steps."""
    graph, cost, trips, laws, _ = sioux_falls
    told = []
    whole = stochastic(
        graph, cost, trips, delay=laws, mu=0.6, gap=1e-9, progress=lambda i, g: told.append((i, g))
    )
    assert [i for i, _ in told] == list(range(whole.iterations + 1))
    assert told[-1][1] == whole.gap <= 1e-9
    again = stochastic(graph, cost, trips, delay=laws, mu=0.6, gap=1e-8, start=whole)
    assert again.iterations == 0

    def stop(iteration, gap):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stochastic(graph, cost, trips, delay=laws, mu=0.6, progress=stop)
