"""Trees grown, repaired and left alone, against scipy's Dijkstra."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from isthmus.assign.base import build_graph
from isthmus.assign.least_cost import shortest_trees, skims
from isthmus.kernels import tree_batches, trees


def random_graph(rng, n_node=60, n_arc=220):
    """Parallel arcs, arcs of no cost, closed arcs and nodes that cannot be reached."""
    tail, head = rng.integers(0, n_node - 2, (2, n_arc))
    graph, _ = build_graph(tail[tail != head], head[tail != head], n_node)
    cost = rng.choice([0.0, 1.0, np.inf, 2.5], graph.n_arc, p=[0.15, 0.2, 0.05, 0.6])
    return graph, cost * rng.uniform(0.5, 2.0, graph.n_arc)


def least(graph, cost, roots, first=0):
    """Labels by scipy; nodes below `first` are left only at the root."""
    out = np.empty((len(roots), graph.n_node))
    for i, root in enumerate(roots):
        best = {}
        for a in np.flatnonzero(np.isfinite(cost)):
            if graph.tail[a] >= first or graph.tail[a] == root:
                pair = (int(graph.tail[a]), int(graph.head[a]))
                best[pair] = min(best.get(pair, np.inf), cost[a])
        ends = np.array(list(best)).T
        weight = np.maximum(list(best.values()), 1e-300)
        matrix = csr_array((weight, ends), shape=(graph.n_node, graph.n_node))
        out[i] = dijkstra(matrix, indices=root)
    return out


def walk(graph, cost, root, via):
    """Labels of a tree, arc by arc."""
    out = np.full(graph.n_node, np.inf)
    for node in range(graph.n_node):
        here, total = node, 0.0
        for _ in range(graph.n_node + 1):
            if here == root:
                out[node] = total
                break
            if via[here] < 0:
                break
            total += cost[via[here]]
            here = graph.tail[via[here]]
        else:
            raise AssertionError("a tree with a cycle")
    return out


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("first", [0, 15])
def test_labels_are_those_of_scipy(seed, first):
    rng = np.random.default_rng(seed)
    graph, cost = random_graph(rng)
    roots = rng.permutation(graph.n_node)[:20]
    dist, via = shortest_trees(graph, cost, roots, first)
    np.testing.assert_allclose(dist, least(graph, cost, roots, first), atol=1e-290)
    for i, root in enumerate(roots):
        np.testing.assert_allclose(walk(graph, cost, root, via[i]), dist[i])
    targets = rng.permutation(graph.n_node)[:7]
    alone, none = skims(graph, cost, roots, targets, first_through_node=first)
    again, _ = skims(graph, cost, roots, targets, np.ones(graph.n_arc), first)
    np.testing.assert_allclose(alone, again)
    assert none.shape == (0, 20, 7)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("first", [0, 15])
def test_a_repaired_tree_is_as_good_as_a_new_one(seed, first):
    rng = np.random.default_rng(seed)
    graph, cost = random_graph(rng)
    n, root = graph.n_node, int(rng.integers(0, 40))
    via, order = np.empty((2, n), np.int32)
    dist, queue, state = np.empty(n), np.empty(n, np.int32), np.empty(n, np.int8)
    size = 0
    # a log of three entries overflows, one of n seldom does
    log = np.empty(3 if seed % 2 else n, np.int32)
    for turn in range(12):
        before = via.copy()
        size = trees.repair(
            graph.indptr, graph.head, graph.tail, cost, root, first, via, order, size, dist, queue,
            state, log, 0.0,
        )  # fmt: skip
        np.testing.assert_allclose(dist, least(graph, cost, [root], first)[0], atol=1e-290)
        np.testing.assert_allclose(walk(graph, cost, root, via), dist)
        assert size == np.isfinite(dist).sum() or not np.isfinite(cost).all()
        assert order[0] == root
        place = np.full(n, n)
        place[order[:size]] = np.arange(size)
        inside = np.flatnonzero((via >= 0) & np.isfinite(dist))
        assert (place[graph.tail[via[inside]]] < place[inside]).all()
        if turn:
            # what is not marked has kept its path
            still = np.flatnonzero((state <= 2) & np.isfinite(dist))
            assert (via[still] == before[still]).all()
        hit = rng.random(graph.n_arc) < rng.choice([0.02, 0.3, 1.0])
        cost = np.where(hit, cost * rng.choice([0.3, 0.9, 1.5, 4.0], graph.n_arc), cost)
        if turn == 5:
            cost[rng.integers(0, graph.n_arc, 5)] = np.inf


@pytest.mark.parametrize("seed", range(40))
def test_trees_are_left_alone_only_where_nothing_changes(seed):
    rng = np.random.default_rng(seed)
    graph, cost = random_graph(rng)
    root = int(rng.integers(0, 40))
    dist, via = shortest_trees(graph, cost, [root])
    now = cost.copy()
    some = rng.integers(0, graph.n_arc, 2)
    now[some] *= rng.choice([0.2, 0.95, 1.1, 5.0], 2)
    changed = np.empty(graph.n_arc, np.int32)
    n = tree_batches.differ(now, cost, 0.0, changed)
    assert set(changed[:n]) <= set(some)
    hit = tree_batches.touched(
        graph.head, graph.tail, now, np.empty(0), via[0], dist[0], changed[:n], 0.0
    )
    if not hit:
        np.testing.assert_allclose(least(graph, now, [root])[0], dist[0], atol=1e-290)
    was = cost.copy()
    tree_batches.remember(now, 0.0, was)
    assert np.array_equal(was, now)


def test_both_answers_of_touched_occur():
    """The test above is not empty."""
    found = set()
    for seed in range(40):
        rng = np.random.default_rng(seed)
        graph, cost = random_graph(rng)
        dist, via = shortest_trees(graph, cost, [0])
        one = rng.integers(0, graph.n_arc, 1).astype(np.int32)
        now = cost.copy()
        now[one] *= 0.5
        found.add(
            bool(
                tree_batches.touched(
                    graph.head, graph.tail, now, np.empty(0), via[0], dist[0], one, 0.0
                )
            )
        )
    assert found == {False, True}
