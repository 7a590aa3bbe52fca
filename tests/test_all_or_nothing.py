"""All-or-nothing on small graphs drawn at random: ways, flows, what is left, and what may be passed."""

from __future__ import annotations

import numpy as np
import pytest

from isthmus.assign.all_or_nothing import all_or_nothing
from isthmus.assign.base import Trips, build_graph
from isthmus.assign.least_cost import least_costs
from isthmus.errors import CostError, InputError


def problem(seed, n_node=9, n_arc=26, n_class=2, n_trip=20):
    rng = np.random.default_rng(seed)
    tail, head = rng.integers(0, n_node, (2, n_arc))
    graph, _ = build_graph(tail, head, n_node)
    cost = rng.uniform(0.5, 9.0, (n_class, n_arc))
    cost[rng.random(cost.shape) < 0.15] = np.inf
    ends = rng.integers(0, n_node, (2, n_trip)).astype(np.int32)
    klass = rng.integers(0, n_class, n_trip).astype(np.int32)
    return graph, cost, Trips(klass, *ends, rng.uniform(1.0, 20.0, n_trip))


@pytest.mark.parametrize("first", [0, 3])
@pytest.mark.parametrize("seed", range(6))
def test_every_flow_is_on_one_way_of_least_cost(seed, first):
    """Each served trip has one way from end to end, at the least cost there is; ways add up to the flows."""
    graph, cost, trips = problem(seed)
    found = all_or_nothing(graph, cost, trips, first)
    least = least_costs(graph, cost, trips, first)
    again, total = np.zeros_like(cost), 0.0
    assert len(set(found.path_trip)) == len(found.path_trip)
    for p, t in enumerate(found.path_trip):
        arcs = found.path(p)
        assert [*graph.tail[arcs], trips.destination[t]] == [trips.origin[t], *graph.head[arcs]]
        assert all(node >= first for node in graph.head[arcs][:-1]), "zones are not passed"
        usd = cost[trips.klass[t], arcs].sum()
        assert usd == pytest.approx(least[t], rel=1e-12)
        assert found.path_flow[p] == trips.flow[t]
        again[trips.klass[t], arcs] += trips.flow[t]
        total += usd * trips.flow[t]
    np.testing.assert_allclose(found.arc_flow, again, rtol=1e-12)
    assert found.objective == pytest.approx(total)
    reached = np.isfinite(least)
    assert 0 < reached.sum() < len(reached)
    assert set(found.path_trip) == set(np.flatnonzero(reached))
    assert found.unserved.tolist() == np.where(reached, 0.0, trips.flow).tolist()
    assert (found.gap, found.converged, found.iterations) == (0.0, True, 1)
    assert found.delay_h.tolist() == [0.0] * graph.n_arc


@pytest.mark.parametrize("seed", range(3))
def test_without_ways_the_flows_are_the_same(seed):
    """Ways are kept unless one says not to; what moves does not depend on it."""
    graph, cost, trips = problem(seed)
    usual, kept = (
        all_or_nothing(graph, cost, trips),
        all_or_nothing(graph, cost, trips, keep_paths=True),
    )
    bare = all_or_nothing(graph, cost, trips, keep_paths=False)
    np.testing.assert_array_equal(usual.path_arcs, kept.path_arcs)
    assert len(usual.path_flow) == len(kept.path_flow) > 0
    assert len(bare.path_flow) == len(bare.path_trip) == len(bare.path_arcs) == 0
    assert bare.path_indptr.tolist() == [0]
    np.testing.assert_array_equal(bare.arc_flow, usual.arc_flow)
    np.testing.assert_array_equal(bare.unserved, usual.unserved)
    assert bare.objective == usual.objective


def test_a_trip_within_a_zone_has_a_way_of_no_arcs_and_a_tie_the_lower_arc():
    graph, _ = build_graph([0, 0, 1], [1, 1, 0], 3)
    zero = np.zeros(3, np.int32)
    trips = Trips(
        zero,
        np.array([0, 0, 2], np.int32),
        np.array([0, 1, 2], np.int32),
        np.array([4.0, 5.0, 6.0]),
    )
    found = all_or_nothing(graph, [[2.0, 2.0, 9.0]], trips)
    assert [found.path(p).tolist() for p in range(3)] == [[], [0], []]
    assert found.arc_flow.tolist() == [[5.0, 0.0, 0.0]]
    assert found.unserved.tolist() == [0.0] * 3
    assert found.objective == 10.0


def test_progress_is_told_and_may_interrupt():
    graph, cost, trips = problem(1)
    told = []
    all_or_nothing(graph, cost, trips, progress=lambda *x: told.append(x))
    assert told
    assert set(told) == {(0, np.inf)}

    def stop(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        all_or_nothing(graph, cost, trips, progress=stop)


def test_what_is_wrong_is_named():
    graph, cost, trips = problem(1)
    cost[1, 3] = -1.0
    with pytest.raises(CostError, match="class 1 on arc 3"):
        all_or_nothing(graph, cost, trips)
    with pytest.raises(InputError):
        all_or_nothing(graph, np.abs(cost), trips._replace(destination=trips.destination + 90))
