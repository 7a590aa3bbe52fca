"""Reliability: closed forms of series and parallel ways, hazards by hand, the same bits on any workers."""

from __future__ import annotations

import json
import math
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import kstest
from typer.testing import CliRunner

from isthmus.analysis.criticality import criticality
from isthmus.analysis.reliability import reliability
from isthmus.analysis.reliability.cases import cases_of
from isthmus.analysis.reliability.hazards import hazards, weather
from isthmus.analysis.reliability.risk import arranged, risk_of
from isthmus.analysis.reliability.simulation import _alone as alone
from isthmus.analysis.reliability.simulation import _error as error_of
from isthmus.analysis.reliability.simulation import simulate_years
from isthmus.assign import Paths
from isthmus.assign.base import Trips
from isthmus.assign.link_removal import LinkRemoval
from isthmus.assign.stochastic import stochastic
from isthmus.cli import app
from isthmus.errors import InputError
from isthmus.kernels import closure_years as kernel
from isthmus.kernels.graph import build_graph

WHOLE = (0.0, 365.0)


def tiny(ways, flow=100.0):
    """
    Lay out one trip over parallel ways, each a row of named elements: (cost, elements).

    Returns the risk, and what a tonne bears with some elements shut, solved from nothing.
    """
    n_element = 1 + max((e for _, r in ways for e in r), default=0)
    tail, head, cost, closed = [], [], [], [[] for _ in range(n_element)]
    node = 2
    for usd, elements in ways:
        at = 0
        for e in [*elements, None]:
            to = 1 if e is None else node
            node += e is not None
            tail.append(at)
            head.append(to)
            cost.append(usd / (1 + len(elements)))
            if e is not None:
                closed[e].append(len(tail) - 1)
            at = to
    graph, order = build_graph(np.array(tail), np.array(head), node)
    rank = np.argsort(order)
    closed = [np.sort(rank[np.array(c, np.int64)]) for c in closed]
    zero = np.zeros(1, np.int32)
    trips = Trips(zero, zero, zero + 1, np.array([flow]))
    usd = np.array(cost)[order][None]
    solution = stochastic(graph, usd, trips, mu=1.0)
    paths = Paths(solution.path_trip, solution.path_indptr, solution.path_arcs, solution.path_flow)
    base = SimpleNamespace(
        solution=solution, method="stochastic", unit=solution.unit, paths=paths,
        cost=SimpleNamespace(hours=np.zeros_like(usd), co2_kg=np.zeros_like(usd)),
    )  # fmt: skip
    without = LinkRemoval(base)
    table = pd.DataFrame({"element_id": range(n_element)})
    risk = arranged(without, table, closed, pd.DataFrame(), pd.DataFrame())

    def bears(*shut):
        shut_usd = usd.copy()
        for e in shut:
            shut_usd[:, closed[e]] = np.inf
        again = stochastic(graph, shut_usd, trips, mu=1.0)
        return float(again.value[0]) if again.unserved[0] == 0.0 else math.inf

    return risk, bears


def simulate(ways, causes, n_year=4000, seed=3, **more):
    """Run one trip; returns USD and tonnes a year, their standard errors, and what a tonne bears."""
    risk, bears = tiny(ways)
    columns = list(zip(*[(e, 77 + i, up, down, *WHOLE) for i, (e, up, down) in enumerate(causes)],
                       strict=True))  # fmt: skip
    table = (np.array(columns[0], np.int64), np.array(columns[1], np.uint64),
             *(np.array(c, float) for c in columns[2:]))  # fmt: skip
    zero = np.zeros(1, np.int64)
    out = simulate_years(risk, seed, n_year, table, (zero, zero, 1), **more)
    year = out[0][:, 1]
    return year.mean(axis=0), year.std(axis=0) / math.sqrt(n_year), bears


def shut_share(causes, n_year):
    columns = [np.array(c) for c in zip(*causes, strict=True)]
    n = len(causes)
    table = (columns[0].astype(np.int64), np.arange(77, 77 + n).astype(np.uint64),
             columns[1].astype(float), columns[2].astype(float), np.zeros(n), np.full(n, 365.0))  # fmt: skip
    return kernel.turns(3, 0, n_year, n, 1, table)[0].mean(axis=0) / 365.0


def test_one_element_is_shut_as_long_as_renewal_theory_says():
    (_, stopped), (_, error), _ = simulate([(10.0, [0])], [(0, 90.0, 10.0)])
    assert shut_share([(0, 90.0, 10.0)], 4000)[0] == pytest.approx(0.1, abs=0.003)
    assert stopped == pytest.approx(10.0, abs=4 * error)


def test_series_and_parallel_ways_have_their_closed_forms():
    q = np.array([0.1, 0.2])
    causes = [(0, 90.0, 10.0), (1, 80.0, 20.0)]
    (_, stopped), (_, error), _ = simulate([(10.0, [0, 1])], causes)
    assert stopped == pytest.approx(100.0 * (1 - (1 - q[0]) * (1 - q[1])), abs=4 * error)
    (usd, stopped), (usd_error, error), bears = simulate([(10.0, [0]), (11.0, [1])], causes)
    assert stopped == pytest.approx(100.0 * q[0] * q[1], abs=4 * error)
    lost = [bears(0) - bears(), bears(1) - bears()]
    assert min(lost) > 0.01
    wanted = 100.0 * (q[0] * (1 - q[1]) * lost[0] + q[1] * (1 - q[0]) * lost[1])
    assert usd == pytest.approx(wanted, abs=4 * usd_error)


def test_the_best_route_alone_waits_for_the_last_of_its_causes():
    """Shares 0.3 and 0.2 of exponential closures of 10 and 4 days: the mean of the longer, by hand."""
    p, d = np.array([0.3, 0.2, 0.2]), np.array([10.0, 4.0, 4.0])
    causes = pd.DataFrame(
        # the last two are one cause that shuts two elements at once
        {"element": [0, 1, 2], "key": np.array([7, 8, 8], np.uint64), "chance": p, "down_d": d,
         "first_day": 0.0, "last_day": 365.0}
    )  # fmt: skip
    risk = SimpleNamespace(
        routes=SimpleNamespace(trip=np.array([0, 2, 2])),
        weight=np.array([0.4, 0.6]),
        masks=np.array([[0], [0b111]], np.uint64),
        causes=causes,
        removal=SimpleNamespace(trips=SimpleNamespace(flow=np.array([100.0, 5.0]))),
    )
    stopped, wait_h = alone(risk)
    shut = 1.0 - 0.7 * 0.8
    mean = 0.3 * 10.0 + 0.2 * 4.0 - 0.3 * 0.2 * 10.0 * 4.0 / 14.0
    assert stopped == pytest.approx([100.0 * shut, 0.0])
    assert wait_h == pytest.approx([24.0 * mean / shut, 0.0], rel=1e-3)


def test_two_causes_of_one_element_shut_it_together():
    causes = [(0, 90.0, 10.0), (0, 80.0, 20.0)]
    (_, stopped), (_, error), _ = simulate([(10.0, [0])], causes)
    assert stopped == pytest.approx(100.0 * (1 - 0.9 * 0.8), abs=4 * error)


@pytest.mark.parametrize("third", [12.0, 19.0])
def test_a_way_free_of_both_shut_places_stands(third):
    """Three ways, two of them shut by turns and together; the third used from the first, or not at all."""
    q = np.array([0.1, 0.2])
    causes = [(0, 90.0, 10.0), (1, 80.0, 20.0)]
    ways = [(10.0, [0]), (11.0, [1]), (third, [])]
    (usd, stopped), (usd_error, _), bears = simulate(ways, causes)
    assert stopped == 0.0
    wanted = 100.0 * (
        q[0] * (1 - q[1]) * (bears(0) - bears())
        + q[1] * (1 - q[0]) * (bears(1) - bears())
        + q[0] * q[1] * (bears(0, 1) - bears())
    )
    assert usd == pytest.approx(wanted, abs=4 * usd_error)


def test_a_way_taken_only_when_another_is_shut_may_be_shut_too():
    """The second way is so dear that none takes it while the first is open: shut with it, all wait for the third."""
    risk, bears = tiny([(10.0, [0]), (25.0, [1]), (60.0, [])])
    cases = cases_of(risk, np.array([[3]], np.uint64), np.ones(1))
    assert bears(1) == pytest.approx(bears(), rel=1e-9), "the second is not used"
    assert cases.usd == pytest.approx([100.0 * (bears(0, 1) - bears())], rel=1e-9)
    assert bears(0, 1) - bears() > 1.5 * (bears(0) - bears())


def test_the_standard_error_is_the_spread_of_runs():
    """Two hundred runs of fifty years: their means spread as one run says of itself."""
    risk, _ = tiny([(10.0, [0]), (12.0, [1])])
    table = (np.array([0, 1]), np.array([7, 8], np.uint64), np.array([300.0, 200.0]),
             np.array([30.0, 30.0]), np.zeros(2), np.full(2, 365.0))  # fmt: skip
    zero, years = np.zeros(1, np.int64), 50
    means, said = [], []
    for seed in range(200):
        of_trip = simulate_years(risk, seed, years, table, (zero, zero, 1), workers=1)[1]
        means.append(of_trip[0, ::2] / years)
        said.append(error_of(of_trip, years)[0])
    ratio = np.std(means, axis=0, ddof=1) / np.sqrt(np.mean(np.square(said), axis=0))
    assert (ratio > 0.8).all()
    assert (ratio < 1.25).all()


def test_no_turn_is_dropped_however_many_there_are():
    """Fifty thousand closures a year: the share of time shut is still that of renewal theory."""
    starts, ends = kernel.spells(1, 0, 5, 0.005, 0.002, 0.0, 365.0)
    assert len(starts) > 40_000
    assert ends[-1] > 364.9
    causes = [(0, 0.02, 0.01), (1, 0.02, 0.01)]
    assert shut_share(causes, 2) == pytest.approx([1 / 3, 1 / 3], abs=0.01)


def test_draws_are_uniform_and_depend_on_all_four_numbers():
    draws = np.array([kernel.draw(5, y, 11, p) for y in range(200) for p in range(50)])
    assert kstest(draws, "uniform").pvalue > 1e-3
    assert abs(np.corrcoef(draws[:-1], draws[1:])[0, 1]) < 0.03
    one = kernel.draw(5, 6, 7, 8)
    assert all(
        kernel.draw(*x) != one for x in ((6, 6, 7, 8), (5, 7, 7, 8), (5, 6, 8, 8), (5, 6, 7, 9))
    )


def journeys(routes, mean, spread, causes, n, key=2, weight=None, names=None):
    """Draw hours of routes of one stage each over named elements: causes are (element, name, chance, days)."""
    columns = [np.array(c) for c in zip(*causes, strict=True)] or [np.empty(0)] * 4
    element, name, chance, days = columns
    word = max(routes, key=lambda r: max(r, default=0))
    n_word = 1 + max(word, default=0) // 64
    masks = np.zeros((len(routes), n_word), np.uint64)
    for p, route in enumerate(routes):
        for e in route:
            masks[p, e // 64] |= np.uint64(1) << np.uint64(e % 64)
    stage = np.array(names or [100 + p for p in range(len(routes))], np.uint64)
    out = np.empty(n)
    table = (element.astype(np.int64), name.astype(np.uint64), chance.astype(float),
             days.astype(float), np.zeros(len(element)), np.full(len(element), 365.0))  # fmt: skip
    kernel.journeys(
        1, np.uint64(key), np.array(weight or np.ones(len(routes))), masks,
        np.arange(len(routes) + 1), stage, np.array(mean, float), np.array(spread, float), table, out,
    )  # fmt: skip
    return out


def test_hours_bear_the_names_of_what_is_drawn_not_their_numbers():
    """Another element before, and a route shut out, leave what is drawn of the rest the same to the bit."""
    one = journeys([{0}], [50.0], [30.0], [(0, 7, 0.3, 4.0)], 400)
    assert one.max() > 3 * np.median(one), "some wait for the opening"
    moved = [(0, 9, 0.5, 4.0), (70, 7, 0.3, 4.0)]
    assert (journeys([{70}], [50.0], [30.0], moved, 400) == one).all()
    assert (journeys([{0}], [50.0], [30.0], [(0, 8, 0.3, 4.0)], 400) != one).any()
    two = journeys([{0}, {1}], [50.0, 900.0], [30.0, 0.0], [(1, 3, 1.0, 1.0)], 400)
    assert (two == journeys([{0}], [50.0], [30.0], [], 400)).all()


def test_hours_take_routes_by_their_weights():
    """The race of exponentials: a share of 0.2 of one route, within four standard errors."""
    out = journeys([{0}, {1}], [1.0, 2.0], [0.0, 0.0], [], 10_000, weight=[0.8, 0.2])
    assert (out == 2.0).mean() == pytest.approx(0.2, abs=4 * math.sqrt(0.16 / 10_000))


def test_hours_of_one_stage_are_lognormal():
    mean, spread = 50.0, 30.0
    out = journeys([{}], [mean], [spread], [], 20_000)
    sigma = math.sqrt(math.log(1 + (spread / mean) ** 2))
    median = mean * math.exp(-(sigma**2) / 2)
    assert out.mean() == pytest.approx(mean, rel=0.02)
    assert np.quantile(out, 0.5) == pytest.approx(median, rel=0.02)
    assert np.quantile(out, 0.9) == pytest.approx(median * math.exp(1.2815515655 * sigma), rel=0.02)


SOME = ("kazbegi-larsi-verkhny-lars", "brest", "jolfa", "sarpi", "dostyk", "aktau-port", "kuryk-port",
        "bekabad", "gogavan-guguti", "kapikoy-razi", "khorgos", "suez", "hormuz", "bosporus",
        "dardanelles", "kerch", "volga-don", "don-mouth")  # fmt: skip


@pytest.fixture(scope="module")
def risk(central):
    """Some of the places: each is a case assigned anew."""
    return risk_of(central, SOME)


def total_of(risk, sets, **more):
    """USD and tonnes that sets lose, the elements alone and what they have with each other."""
    n = len(risk.elements)
    cases = cases_of(risk, sets, np.ones(len(sets)), **more)
    alone = np.array(
        [
            [x[risk.of_element[0][e] : risk.of_element[0][e + 1]].sum() for x in risk.lone]
            for e in range(n)
        ]
    )
    on = np.unpackbits(sets.view(np.uint8), axis=1, bitorder="little")[:, :n].astype(bool)
    total = on @ alone
    for s in range(len(sets)):
        p = cases.which[cases.begins[s] : cases.begins[s + 1]]
        total[s] += cases.more_usd[p].sum(), cases.more_stopped[p].sum()
    return total, alone, on, cases


def test_an_element_shut_all_year_costs_what_criticality_says(central, risk):
    [e] = np.flatnonzero(risk.elements["element_id"].eq("hormuz"))
    always = (np.array([e]), np.array([5], np.uint64), np.array([1e-9]), np.array([1e12]),
              np.zeros(1), np.full(1, 365.0))  # fmt: skip
    zero = np.zeros(len(risk.removal.trips.flow), np.int64)
    by_year = simulate_years(risk, 1, 2, always, (zero, zero, 1))[0]
    said = criticality(central, ["passage"], ["hormuz"]).elements.iloc[0]
    assert said["added_usd_yr"] > 1e6
    assert by_year[:, 1, 0] == pytest.approx(said["added_usd_yr"], rel=1e-9)
    assert by_year[:, 1, 1] == pytest.approx(said["unserved_t_yr"], rel=1e-9)
    outcome = risk.removal.remove(risk.closed[e])
    assert by_year[0, 1, 0] == pytest.approx(outcome.kept_t_yr @ outcome.usd_t, rel=1e-9)


@pytest.mark.parametrize("exact", [100_000, 100, 0])
def test_more_that_is_shut_never_costs_less(risk, exact):
    """Of each trade that meets several, tonnes that stop and what those bear that move; and of all together."""
    ids = risk.elements["element_id"].to_numpy()
    some = np.flatnonzero(np.isin(ids, ["jolfa", "sarpi", "kazbegi-larsi-verkhny-lars", "dostyk"]))[
        :6
    ]
    bits = np.arange(1 << len(some))
    sets = np.zeros((len(bits), risk.masks.shape[1]), np.uint64)
    for j, e in enumerate(some):
        sets[:, e // 64] |= (bits >> j & 1).astype(np.uint64) << np.uint64(e % 64)
    total, alone, on, cases = total_of(risk, sets, exact=exact)
    assert len(cases.trip) > 200
    assert cases.exact.sum() == min(exact, len(cases.trip))
    assert (cases.usd >= 0.0).all()
    dearest = np.where(on[:, :, None], alone, 0.0).max(axis=1)
    # tonnes that stop are counted, not priced
    moves = total[:, 1] <= dearest[:, 1] + 1e-6
    assert moves.sum() > len(sets) // 2
    assert (total[moves] >= dearest[moves] * (1 - 1e-9) - 1e-6).all()
    assert (total[:, 1] >= dearest[:, 1] - 1e-6).all()
    for j in range(len(some)):
        more = total[bits | 1 << j]
        still = more[:, 1] <= total[:, 1] + 1e-6
        assert (more[:, 1] >= total[:, 1] - 1e-6).all()
        assert (more[still, 0] >= total[still, 0] * (1 - 1e-9) - 1e-6).all()
    order = np.argsort(cases.trip, kind="stable")
    for t in np.unique(cases.trip)[:200]:
        mine = order[
            np.searchsorted(cases.trip[order], t) : np.searchsorted(cases.trip[order], t, "right")
        ]
        for p in mine:
            above = mine[((cases.mask[p] & ~cases.mask[mine]) == 0).all(axis=1)]
            assert (cases.stopped[above] >= cases.stopped[p] - 1e-6).all()
            moves = above[cases.stopped[above] <= cases.stopped[p] + 1e-6]
            assert (cases.usd_t[moves] >= cases.usd_t[p] * (1 - 1e-8) - 1e-9).all()


def test_sets_are_solved_as_the_network_without_them(risk):
    """Of one pair, what is lost at the base's delays against the problem with both closed."""
    ids = risk.elements["element_id"].to_numpy()
    some = np.flatnonzero(np.isin(ids, ["jolfa", "sarpi"]))
    sets = np.zeros((1, risk.masks.shape[1]), np.uint64)
    for e in some:
        sets[0, e // 64] |= np.uint64(1) << np.uint64(e % 64)
    cases = cases_of(risk, sets, np.ones(1))
    without = risk.removal
    rows = without._sorted(np.unique(cases.trip))
    shut = without.problem.with_closed(np.concatenate([risk.closed[e] for e in some]))
    value = np.full(len(without.value), np.inf)
    value[rows] = shut.solve(without.found.hours, rows, without.unit.take(rows)).value
    met = risk.met
    late = np.zeros(len(value))
    for e in some:
        mine = slice(met.indptr[e], met.indptr[e + 1])
        late[met.trips[mine]] += np.maximum(met.late_t[mine], 0.0)
    wanted = (value - without.value + late)[cases.trip]
    moves = cases.stopped == 0.0
    assert moves.sum() > 20
    assert cases.usd_t[moves] == pytest.approx(wanted[moves], rel=1e-6, abs=1e-6)


def everywhere(shipped):
    """All places and passages of the facts, in the network of a day or not."""
    places = shipped["crossings"][["node_id", "mode"]].drop_duplicates()
    places = places[~places["mode"].str.endswith("pipeline")]
    border = places.rename(columns={"node_id": "element_id"}).assign(kind="crossing")
    waters = shipped["passages"][["passage_id"]].rename(columns={"passage_id": "element_id"})
    return pd.concat([border, waters.assign(kind="passage", mode="")]).assign(name="")


@pytest.mark.parametrize("kind", ["crossing", "passage"])
def test_rates_are_gamma_poisson(central, shipped, risk, kind):
    """A place's posterior mean by hand, from its record and the pooled rate of all of its kind."""
    parameters = central.cost.parameters
    every = hazards(shipped, parameters, everywhere(shipped))
    every = every[every["kind"].eq(kind) & every["mode"].eq("")]
    pooled = every["events"].sum() / every["years"].sum()
    weight = parameters.get("closure_prior_events", item="reliability")
    table = risk.hazards[risk.hazards["kind"].eq(kind) & risk.hazards["mode"].eq("")]
    assert len(table) > 5
    for row in table.head(40).itertuples():
        assert row.rate_yr == pytest.approx((weight + row.events) / (weight / pooled + row.years))
        assert row.rate_low_yr < row.rate_yr < row.rate_high_yr
    place, cause = {
        "crossing": ("kazbegi-larsi-verkhny-lars", "upper-lars-closed-2006"),
        "passage": ("suez", "ever-given-2021"),
    }[kind]
    row = table.set_index("element_id").loc[place]
    assert row["events"] == 1
    assert cause in row["causes"]


def test_rates_of_a_place_stay_whatever_else_is_in_the_network(central, shipped, risk):
    """An order that opens or shuts other places does not move the hazard of one it leaves alone."""
    names = risk.elements["element_id"].drop_duplicates()
    some = risk.elements[risk.elements["element_id"].isin(names[::3])]
    key = ["element_id", "mode"]
    few = hazards(shipped, central.cost.parameters, some).set_index(key)
    whole = risk.hazards.set_index(key).loc[few.index]
    assert few["rate_yr"].nunique() > 3
    pd.testing.assert_frame_equal(few, whole[few.columns])


def recorded(shipped, central, spells):
    """Estimate one made-up place of two modes from spells of (mode, regime, from, to, cause)."""
    places = pd.DataFrame(
        {"crossing_id": ["rail:x", "road:x"], "node_id": "x", "mode": ["rail", "road"]}
    )
    rows = pd.DataFrame(spells, columns=["mode", "regime", "from_date", "to_date", "cause_id"])
    rows["crossing_id"] = rows["mode"] + ":x"
    facts = {"crossings": places, "crossing_regimes": rows.drop(columns="mode"),
             "link_status": shipped["link_status"], "links": shipped["links"]}  # fmt: skip
    elements = pd.DataFrame(
        {"kind": "crossing", "element_id": "x", "mode": ["rail", "road"], "name": "X"}
    )
    return hazards(facts, central.cost.parameters, elements).set_index("mode")


OPEN = [("rail", "normal", "2000-01-01", None, ""), ("road", "normal", "2000-01-01", None, "")]


def test_a_closure_of_one_mode_leaves_the_other_open(shipped, central):
    strike = ("rail", "closed", "2010-01-01", "2010-02-01", "strike")
    table = recorded(shipped, central, [*OPEN, strike])
    assert table["events"].to_dict() == {"": 0, "rail": 1, "road": 0}
    both = [
        (m, "closed", "2010-01-01", f"2010-0{n}-01", "war") for m, n in (("rail", 2), ("road", 3))
    ]
    table = recorded(shipped, central, [*OPEN, *both])
    assert table["events"].to_dict() == {"": 1, "rail": 0, "road": 1}, "the road for a month more"


def test_what_shuts_a_mode_shuts_only_its_element(risk):
    """A hazard of a mode stands for one element, one of the place for all, with one key."""
    causes = risk.causes[risk.causes["hazard"].ge(0)]
    modes = risk.elements["mode"].to_numpy()[causes["element"].to_numpy()]
    hazard = risk.hazards.iloc[causes["hazard"].to_numpy()]
    own = hazard["mode"].ne("").to_numpy()
    assert own.any()
    assert (modes[own] == hazard["mode"].to_numpy()[own]).all()
    brest = causes[hazard["element_id"].eq("brest").to_numpy() & ~own]
    assert sorted(risk.elements["mode"].iloc[brest["element"]]) == ["rail", "road"]
    assert len(set(brest["key"])) == 1


def test_days_shut_are_those_of_the_union(risk):
    """Overlapping causes are one day: the expectation against what the years bring."""
    found = reliability(risk, 1, consignments=1).hazards
    lars = found.set_index("element_id").loc["kazbegi-larsi-verkhny-lars"]
    wanted = 365 * (1 - (1 - lars["shut_share"]) * (1 - lars["weather_days_yr"] / 365))
    assert lars["shut_d_yr"] == pytest.approx(wanted)
    assert lars["shut_d_yr"] < 365 * lars["shut_share"] + lars["weather_days_yr"]
    causes = tuple(
        risk.causes[c].to_numpy()
        for c in ("element", "key", "up_d", "down_d", "first_day", "last_day")
    )
    days = kernel.turns(4, 0, 3000, len(risk.elements), risk.masks.shape[1], causes)[0]
    at = risk.elements.index[risk.elements["element_id"].eq("kazbegi-larsi-verkhny-lars")][0]
    error = days[:, at].std() / math.sqrt(len(days))
    assert days[:, at].mean() == pytest.approx(wanted, abs=4 * error)


def test_a_state_of_the_record_is_no_event(shipped, central):
    """A mode shut since the record begins has no closure and no open year; opened once, it has both."""
    state = ("rail", "closed", "2000-01-01", "2010-01-01", "old")
    again = [
        ("rail", "normal", "2010-01-01", "2012-01-01", ""),
        ("rail", "closed", "2012-01-01", "2012-03-01", "new"),
    ]
    never = recorded(shipped, central, [("rail", "closed", "2000-01-01", None, "old"), OPEN[1]])
    assert never.loc["rail", ["events", "years"]].tolist() == [0, 0.0]
    assert never.loc["", "years"] > 10.0
    once = recorded(shipped, central, [state, *again, OPEN[1]])
    assert once.loc["rail", "events"] == 1
    assert once.loc["rail", "causes"] == "new"
    assert once.loc["rail", "years"] > 1.9


def test_weather_is_a_share_of_the_season_of_its_place(central):
    table = weather(central.cost.parameters)
    share = table["spell_d"] / (table["spell_d"] + table["up_d"])
    season = (table["last_day"] - table["first_day"]) % 365.0
    assert np.allclose(share * season, table["days_yr"])
    at = table.set_index("element_id")
    lars = at.loc["kazbegi-larsi-verkhny-lars"]
    assert (lars["first_day"], lars["last_day"]) == (334.0, 120.0), "December to April"
    assert (at.loc["aktau-port", "first_day"], at.loc["aktau-port", "last_day"]) == (273.0, 120.0)


def test_bits_do_not_depend_on_workers(risk):
    one = reliability(risk, 300, consignments=4, workers=1)
    two = reliability(risk, 300, consignments=4, workers=2)
    assert one.total == two.total
    pd.testing.assert_frame_equal(one.trades, two.trades, check_exact=True)
    pd.testing.assert_frame_equal(one.countries, two.countries, check_exact=True)
    assert one.total["loss_se_usd_yr"] > 0.0
    more = reliability(risk, 350, consignments=4)
    assert more.total["loss_worst_usd_yr"] >= one.total["loss_worst_usd_yr"], (
        "the same years, and more"
    )


def test_quantiles_are_in_order(risk):
    trades = reliability(risk, 50, consignments=60, promised_days=30.0).trades.dropna()
    assert (trades["p50_h"] <= trades["p90_h"]).all()
    assert (trades["p90_h"] <= trades["p95_h"]).all()
    assert trades["on_time"].between(0, 1).all()
    assert (trades.loc[trades["p95_h"] < 720.0, "on_time"] >= 0.94).all()
    with pytest.raises(InputError, match="years"):
        reliability(risk, 0)


def test_a_second_route_is_worth_no_more_than_not_moving_loses(risk):
    found = reliability(risk, 50, consignments=1).trades
    cost = risk.removal.base.cost
    value = cost.commodities.set_index("commodity_id")["value_usd_t"]
    value = value[~value.index.duplicated()]
    most = cost.parameters.get("no_trade_value_share") * found["commodity_id"].map(value)
    worth = found["second_route_usd_yr"]
    assert worth.sum() > 0.0
    assert (worth <= most * found["second_route_t_yr"] + 1e-6).all()


def test_command_prints_json(monkeypatch):
    """The command says years and losses; some of the places, as each is a case assigned anew."""
    monkeypatch.setattr(
        "isthmus.analysis.reliability.simulation.risk_of",
        lambda base, workers: risk_of(base, SOME[:4], workers),
    )
    done = CliRunner().invoke(app, ["reliability", "--years", "20", "--json"])
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert said["years"] == 20
    assert said["total"]["loss_usd_yr"] >= 0.0
