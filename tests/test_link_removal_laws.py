"""What an assignment becomes without some arcs is what solving it anew without them says, on made networks."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.optimize import brentq

from isthmus.assign import Paths
from isthmus.assign.base import Trips, build_graph
from isthmus.assign.link_removal import LinkRemoval
from isthmus.kernels.delay import BPR
from made_networks import made, make_laws, make_trips, shares

GAP = 1e-9
SEEDS = range(14)


def assigned(of, found):
    """What is asked of an assignment, with tables of hours and emissions of its own."""
    rng = np.random.default_rng(of.graph.n_arc)
    hours, co2 = rng.uniform(1.0, 9.0, (2, *of.cost.shape))
    ways = (x.astype(np.int64) for x in (found.path_trip, found.path_indptr, found.path_arcs))
    return SimpleNamespace(
        method="stochastic",
        solution=found,
        unit=found.unit,
        arc_flow=found.arc_flow,
        paths=Paths(*ways, found.path_flow),
        cost=SimpleNamespace(hours=hours, co2_kg=co2),
    )


def larger(seed):
    """A made network on which many more trips move, so that a closure touches but some of them."""
    of = made(seed)
    rng = np.random.default_rng(seed)
    n, m = of.graph.n_node, 60
    origin = rng.integers(0, n, m)
    ends = rng.integers(0, len(of.vot), m), origin, (origin + rng.integers(1, n, m)) % n
    trips = Trips(*(x.astype(np.int32) for x in ends), rng.lognormal(0.5, 1.0, m))
    return of.but(trips=trips)


def in_use(found, n=4):
    """Arcs by what they carry: the busiest, some between, and the least busy that carries anything."""
    flow = found.arc_flow.sum(axis=0)
    order = np.argsort(-flow, kind="stable")[: (flow > 0.0).sum()]
    return [np.array([a]) for a in order[np.linspace(0, len(order) - 1, n).astype(int)]]


def over(of, found, arcs):
    """Which trips use any of some arcs."""
    return (shares(found, of.graph)[:, arcs] > 0.0).any(axis=1) & (found.unserved < of.trips.flow)


def check(of, base, found, one, shut, hit):
    """Hold every number of an outcome against the closed network solved from nothing."""
    flow, size = of.trips.flow, np.nan_to_num(found.value)
    cold = shut.solve(gap=1e-11)
    before, after = flow - found.unserved, flow - cold.unserved
    kept = np.minimum(before, after)
    assert one.gap <= GAP
    few = 2e-5 * flow
    assert (np.abs(one.kept_t_yr - kept) <= few).all()
    assert (np.abs(one.stopped_t_yr - np.maximum(before - after, 0.0)) <= few).all()
    assert np.array_equal(one.lost, (before > 0.0) & (after == 0.0))
    both = kept > few
    change = np.where(both, cold.value - found.value, 0.0)
    assert (np.abs(one.usd_t - change)[both] <= np.where(hit, 2e-6, 5e-6)[both] * size[both]).all()
    assert not one.usd_t[after == 0.0].any()
    # what is paid at the delays of the base, by those alone to whom something is closed
    held = shut.but(cost=shut.cost + shut.vot[:, None] * found.delay_h, laws=None, more=None)
    part = np.where(hit & both, held.solve().value - found.value, 0.0)
    assert (np.abs(one.network_usd_t - part)[both] <= 1e-9 * size[both]).all()
    assert (one.network_usd_t >= -1e-9 * size).all()
    assert not one.network_usd_t[~hit].any()
    # means over the routes of each trip
    klass, x, y = of.trips.klass, shares(found, of.graph), shares(cold, of.graph)
    for told, table, then, now in (
        (one.hours, base.cost.hours, found.delay_h, cold.delay_h),
        (one.co2_kg_t, base.cost.co2_kg, 0.0, 0.0),
    ):
        was, new = (x * (table[klass] + then)).sum(axis=1), (y * (table[klass] + now)).sum(axis=1)
        wanted = np.where(both, new - was, 0.0)
        off = np.abs(told - wanted)
        assert (off[hit & both] <= 1e-5 * was[hit & both]).all()
        assert (off[both] <= 2e-3 * was[both]).all()
        assert not told[after == 0.0].any()


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("few", [False, True])
def test_a_case_is_the_network_without_its_arcs_solved_from_nothing(seed, few):
    """Tonnes, what they bear, its part at held delays, hours and emissions, trip by trip."""
    of = made(seed) if few else larger(seed)
    found = of.solve(gap=1e-11)
    base = assigned(of, found)
    without = LinkRemoval(base, GAP)
    for arcs in in_use(found):
        check(of, base, found, without.remove(arcs), of.closed(arcs), over(of, found, arcs))


@pytest.mark.parametrize("seed", SEEDS)
def test_what_stays_at_home_beside_the_base_is_what_stays_from_nothing(seed):
    """Where tonnes may stay at home, a closure stops those that the closed network would."""
    of = larger(seed)
    free = of.solve()
    rng = np.random.default_rng(seed)
    most = free.value * rng.choice([0.3, 1.0, 20.0], len(free.value))
    of = of.but(more={"most": most})
    found = of.solve(gap=1e-11)
    base = assigned(of, found)
    without = LinkRemoval(base, GAP)
    for arcs in in_use(found, 3):
        check(of, base, found, without.remove(arcs), of.closed(arcs), over(of, found, arcs))


def test_what_is_borne_at_most_is_what_the_way_that_is_left_allows():
    """Where no way that is left takes the whole trip, it is the cost of that way, not of the one that is gone."""
    graph, _ = build_graph([0, 0], [1, 1], 2)
    cost = np.array([[1.0, 5.0]])
    of = made(0).but(
        graph=graph, cost=cost, length=cost, vot=np.ones(1), trips=make_trips((0, 0, 1, 50.0)),
        laws=make_laws((BPR, 1.0, 100.0, 0.5, 4.0), (BPR, 1.0, 20.0, 0.5, 4.0)),
        more={"most": np.array([10.0])},
    )  # fmt: skip
    found = of.solve(gap=1e-11)
    one = LinkRemoval(assigned(of, found), GAP).remove(np.array([0]))
    # 5 to pay, half an hour times (v / 20)**4, tonnes stay at home from 14 to 15
    moves = brentq(lambda v: 5.0 + 0.5 * (v / 20.0) ** 4 - (15.0 - v / 50.0), 0.0, 50.0)
    assert one.kept_t_yr[0] == pytest.approx(moves, rel=1e-8)
    assert one.stopped_t_yr[0] == pytest.approx(50.0 - moves, rel=1e-8)


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_closed_to_some_is_closed_to_a_class_of_their_own(seed):
    """Trips that may not pass are a class whose arcs are closed; the others keep all of theirs."""
    of = larger(seed)
    found = of.solve(gap=1e-11)
    base = assigned(of, found)
    without = LinkRemoval(base, GAP)
    rng = np.random.default_rng(seed)
    n = len(of.vot)
    for arcs in in_use(found, 3):
        whose = rng.random(len(of.trips.flow)) < 0.5
        cost = np.concatenate([of.cost, of.cost])
        cost[n:, arcs] = np.inf
        klass = (of.trips.klass + n * whose).astype(np.int32)
        shut = of.but(
            cost=cost, length=np.concatenate([of.length, of.length]), vot=np.tile(of.vot, 2),
            trips=of.trips._replace(klass=klass),
        )  # fmt: skip
        hit = over(of, found, arcs) & whose
        check(of, base, found, without.remove(arcs, whose), shut, hit)


@pytest.mark.parametrize("seed", SEEDS)
def test_what_passes_is_counted_once_however_many_arcs_it_passes(seed):
    """Tonnes over some arcs are those of paths that meet any, of all trips or of some."""
    of = larger(seed)
    found = of.solve(gap=1e-6)
    without = LinkRemoval(assigned(of, found))
    rng = np.random.default_rng(seed)
    arcs = rng.choice(of.graph.n_arc, 3, replace=False)
    whose = rng.random(len(of.trips.flow)) < 0.5
    for some in (None, whose):
        tonnes = sum(
            found.path_flow[p]
            for p, t in enumerate(found.path_trip)
            if set(found.path(p)) & set(arcs) and (some is None or some[t])
        )
        assert without.tonnes(arcs, some) == pytest.approx(tonnes, rel=1e-12)
    users = np.flatnonzero((shares(found, of.graph)[:, arcs] > 0.0).any(axis=1))
    assert without.trips_over(arcs).tolist() == users.tolist()


def test_a_closure_that_few_feel_is_solved_for_these_few(monkeypatch):
    """Where delays answer a little to flow, steps beside the base come to the end of nearly every case."""
    anew = []
    whole = LinkRemoval._solve_all
    monkeypatch.setattr(LinkRemoval, "_solve_all", lambda *a: (anew.append(1), whole(*a))[1])
    tried = 0
    for seed in SEEDS:
        of = larger(seed)
        of = of.but(laws=of.laws._replace(t0=0.02 * of.laws.t0))
        found = of.solve(gap=1e-11)
        without = LinkRemoval(assigned(of, found), GAP)
        for arcs in in_use(found, 12):
            if over(of, found, arcs).sum() <= 3:
                tried += 1
                assert without.remove(arcs).gap <= GAP
    assert tried > 50
    assert len(anew) < 0.1 * tried
