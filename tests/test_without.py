"""What losses share must give what each would give alone."""

from __future__ import annotations

import numpy as np
import pytest

from isthmus.analysis.criticality import elements_of
from isthmus.assign.base import by_head
from isthmus.assign.fixed_point import FixedPoint
from isthmus.assign.routes import Routes, draw, trips_of
from isthmus.assign.spliced import Spliced, spans
from isthmus.assign.without import Without
from isthmus.kernels import routes as route_kernels
from isthmus.kernels.graph import build_graph
from isthmus.kernels.mended import mend
from isthmus.kernels.routes import plant


@pytest.mark.parametrize("seed", range(4))
def test_mended_trees_find_the_least_cost_paths_of_the_closed_network(seed):
    """Against trees grown anew, ties aside: costs are random."""
    rng = np.random.default_rng(seed)
    n = 40
    graph, _ = build_graph(rng.integers(0, n, 160), rng.integers(0, n, 160), n)
    cost = rng.uniform(1, 9, (2, graph.n_arc))
    cost[0, rng.integers(0, graph.n_arc, 5)] = np.inf
    shut = np.zeros(graph.n_arc, bool)
    shut[rng.integers(0, graph.n_arc, 12)] = True
    klass = np.repeat(np.arange(2, dtype=np.int32), 3 * n)
    origin = np.tile(np.repeat(np.array([0, 5, 9], np.int32), n), 2)
    goal = np.tile(np.arange(n, dtype=np.int32), 6)
    row = np.repeat(np.arange(6), n)

    def trees(table):
        out = np.empty((6, n)), np.empty((6, n), np.int32), np.empty((6, n), np.int32)
        size = np.empty(6, np.int64)
        all_arcs = np.arange(graph.n_arc, dtype=np.int32)
        roots = klass[::n].copy(), origin[::n].copy()
        plant(graph.indptr, all_arcs, graph.head, table, *roots, 0, 0, 6, *out, size)
        return *out, size

    starts, arcs = np.zeros(len(row) + 1, np.int64), np.empty(len(row) * n, np.int32)
    ways = (graph.indptr, graph.head, graph.tail, *by_head(graph))
    mend(ways, cost, shut, klass, origin, goal, row, *trees(cost), starts, arcs)
    closed = cost.copy()
    closed[:, shut] = np.inf
    best = trees(closed)[0]
    changed = 0
    for t in range(len(row)):
        path = arcs[starts[t] : starts[t + 1]]
        least = best[row[t], goal[t]]
        if goal[t] == origin[t] or np.isinf(least):
            assert not len(path)
            continue
        assert cost[klass[t], path].sum() == pytest.approx(least, rel=1e-12)
        assert not shut[path].any()
        assert graph.tail[path[0]] == origin[t]
        assert graph.head[path[-1]] == goal[t]
        assert (graph.head[path[:-1]] == graph.tail[path[1:]]).all()
        changed += least > trees(cost)[0][row[t], goal[t]]
    assert changed > 5


@pytest.fixture(scope="module")
def without(central):
    return Without(central, 1e-7)


def _case(without, kind, name):
    found = elements_of(without.base, [kind])
    arcs = found.arcs[int(found.table.index[found.table["element_id"].eq(name)][0])]
    case = without._case(arcs, without.routes_over(arcs))
    return arcs, case, without._mended(case)


@pytest.mark.parametrize(("kind", "name"), [("crossing", "jolfa"), ("passage", "hormuz")])
def test_a_spliced_fixed_point_is_that_of_all_trips(without, kind, name):
    """One that knows nothing of the base, over the same routes, gives the same flows and shares."""
    _, case, fresh = _case(without, kind, name)
    graph, trips = without.graph, without.trips
    given = without.laws, without.theta, without.vot, without.beta
    mine = Routes(*route_kernels.merge(*case.kept, *fresh, 24))
    now = FixedPoint(graph, without.usd, without.length, case.trips, mine, given[0],
                     without.theta[case.hit], *given[2:])  # fmt: skip
    point = Spliced(without._point, case.hit, now, without.laws)
    x, dual = point.load(point.start.law[0])
    assert point.start.loaded == pytest.approx(x, rel=1e-9, abs=1e-3)
    assert point.start.dual == pytest.approx(dual, rel=1e-9)
    found, gap, share = point.settle(1e-7)
    assert gap <= 1e-7
    assert (share is None) == (name == "jolfa")

    m = len(trips.flow)
    left = np.setdiff1d(np.arange(m), case.hit)
    owner = np.concatenate([without.path_trip, case.hit[now.path_trip]])
    keep = np.concatenate([np.isin(without.path_trip, left), np.ones(len(now.path_trip), bool)])
    size = np.concatenate([np.diff(without.routes.starts), np.diff(mine.starts)])
    starts = np.concatenate(([0], np.cumsum(size)))
    arcs = np.concatenate([without.routes.arcs, mine.arcs])
    order = np.flatnonzero(keep)[np.argsort(owner[keep], kind="stable")]
    trip = np.concatenate(([0], np.cumsum(np.bincount(owner[keep], minlength=m))))
    every = Routes(trip, *route_kernels.reorder(starts, arcs, order))
    whole = FixedPoint(graph, without.usd, without.length, trips, every, *given)
    flow, gap, _ = whole.solve(np.zeros(len(whole.arcs)), 1e-8, 400, 0, False, None)
    assert gap < 1e-6
    expected = np.zeros(graph.n_arc)
    expected[whole.arcs] = flow
    assert found == pytest.approx(expected[point.arcs], rel=1e-4, abs=10.0)
    assert point.share[point.n_path :] == pytest.approx(
        whole.share[np.isin(owner[order], case.hit)], abs=1e-4
    )


def test_new_routes_are_those_of_a_fresh_search(without):
    arcs, case, fresh = _case(without, "crossing", "jolfa")
    shut = without.usd.copy()
    shut[:, arcs] = np.inf
    usd = without._at_delays(shut, without.delay_h)
    some = np.flatnonzero(np.diff(case.kept.trip) > 0)
    drawn = draw(without.graph, usd, trips_of(case.trips, some), 1).routes
    assert (np.diff(drawn.trip) == 1).all()
    for i, t in enumerate(some):
        route = fresh.arcs[fresh.starts[fresh.trip[t]] : fresh.starts[fresh.trip[t] + 1]]
        other = drawn.arcs[drawn.starts[i] : drawn.starts[i + 1]]
        k = case.trips.klass[t]
        assert usd[k, route].sum() == pytest.approx(usd[k, other].sum(), rel=1e-12)


def test_elements_in_one_row_are_one_case(without):
    """A border station and the lines to it lose the same routes; the case is assigned once."""
    found = elements_of(without.base, ["link", "crossing"])
    names = ["rail:aghstafa-boyuk-kesik", "rail:boyuk-kesik-gardabani", "boyuk-kesik"]
    arcs = [found.arcs[int(np.flatnonzero(found.table["element_id"] == n)[0])] for n in names]
    known = {}
    first, *others = (without.of(a, known=known) for a in arcs)
    assert len(known) == 1
    assert all(o is first for o in others)
    alone = without.of(arcs[2])
    assert alone.usd_t == pytest.approx(first.usd_t, rel=1e-6, abs=1e-6)


def test_spans():
    got = spans(np.array([3, 7, 1]), np.array([5, 7, 4]))
    assert got.tolist() == [3, 4, 1, 2, 3]
