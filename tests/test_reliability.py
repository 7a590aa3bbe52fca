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

from isthmus.analysis.hazards import hazards, weather
from isthmus.analysis.reliability import _alone as alone
from isthmus.analysis.reliability import reliability, risk_of, simulate_years
from isthmus.cli import app
from isthmus.errors import InputError
from isthmus.kernels import years as kernel

WHOLE = (0.0, 365.0)


def simulate(routes, weights, causes, n_year=4000, seed=3, theta=0.1, flow=100.0):
    """Run one trip over named elements; returns USD and tonnes a year, shut share, standard errors."""
    n_element = 1 + max(e for e, *_ in causes)
    masks = np.array([[sum(1 << e for e in r)] for r in routes], np.uint64)
    trip, weight = np.array([0, len(routes)]), np.array(weights)
    columns = list(zip(*[(e, 77 + i, up, down, *WHOLE) for i, (e, up, down) in enumerate(causes)],
                       strict=True))  # fmt: skip
    table = (np.array(columns[0], np.int64), np.array(columns[1], np.uint64),
             *(np.array(c, float) for c in columns[2:]))  # fmt: skip
    used = [int(any(e in r for r in routes)) for e in range(n_element)]
    indptr = np.concatenate(([0], np.cumsum(used))).astype(np.int64)
    trips = np.zeros(sum(used), np.int64)
    lone = np.zeros(len(trips)), np.zeros(len(trips))
    args = trip, weight, masks, np.array([theta]), np.array([flow])
    for e in range(n_element):
        if used[e]:
            at = slice(indptr[e], indptr[e + 1])
            kernel.closed_loss(
                *args, trips[at], 1, np.array([1 << e], np.uint64), lone[0][at], lone[1][at]
            )
    zero = np.zeros(1, np.int64)
    out = simulate_years(seed, (0, n_year), table, args, (indptr, trips), lone, (zero, zero, 1))
    year = out[0][:, 1]
    return year.mean(axis=0), year.std(axis=0) / math.sqrt(n_year), out[3] / n_year / 365.0


def test_one_element_is_shut_as_long_as_renewal_theory_says():
    (_, stopped), (_, error), shut = simulate([{0}], [1.0], [(0, 90.0, 10.0)])
    assert shut[0] == pytest.approx(0.1, abs=0.003)
    assert stopped == pytest.approx(10.0, abs=4 * error)


def test_series_and_parallel_ways_have_their_closed_forms():
    q = np.array([0.1, 0.2])
    causes = [(0, 90.0, 10.0), (1, 80.0, 20.0)]
    (_, stopped), (_, error), _ = simulate([{0, 1}], [1.0], causes)
    assert stopped == pytest.approx(100.0 * (1 - (1 - q[0]) * (1 - q[1])), abs=4 * error)
    (usd, stopped), (usd_error, error), _ = simulate([{0}, {1}], [0.7, 0.3], causes)
    assert stopped == pytest.approx(100.0 * q[0] * q[1], abs=4 * error)
    wanted = 100.0 / 0.1 * (q[0] * (1 - q[1]) * -math.log(0.3) + q[1] * (1 - q[0]) * -math.log(0.7))
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
        without=SimpleNamespace(trips=SimpleNamespace(flow=np.array([100.0, 5.0]))),
    )
    stopped, wait_h = alone(risk)
    shut = 1.0 - 0.7 * 0.8
    mean = 0.3 * 10.0 + 0.2 * 4.0 - 0.3 * 0.2 * 10.0 * 4.0 / 14.0
    assert stopped == pytest.approx([100.0 * shut, 0.0])
    assert wait_h == pytest.approx([24.0 * mean / shut, 0.0], rel=1e-3)


def test_two_causes_of_one_element_shut_it_together():
    causes = [(0, 90.0, 10.0), (0, 80.0, 20.0)]
    (_, stopped), (_, error), _ = simulate([{0}], [1.0], causes)
    assert stopped == pytest.approx(100.0 * (1 - 0.9 * 0.8), abs=4 * error)


def test_a_route_free_of_both_shut_places_stands():
    """Three ways, two of them shut by turns and together: nothing stops, the log-sum of what is left."""
    q = np.array([0.1, 0.2])
    causes = [(0, 90.0, 10.0), (1, 80.0, 20.0)]
    (usd, stopped), (usd_error, _), _ = simulate([{0}, {1}, set()], [0.5, 0.3, 0.2], causes)
    assert stopped == 0.0
    wanted = (
        -100.0
        / 0.1
        * (
            q[0] * (1 - q[1]) * math.log(0.5)
            + q[1] * (1 - q[0]) * math.log(0.7)
            + q[0] * q[1] * math.log(0.2)
        )
    )
    assert usd == pytest.approx(wanted, abs=4 * usd_error)


def test_no_turn_is_dropped_however_many_there_are():
    """Fifty thousand closures a year: the share of time shut is still that of renewal theory."""
    starts, ends = kernel.spells(1, 0, 5, 0.005, 0.002, 0.0, 365.0)
    assert len(starts) > 40_000
    assert ends[-1] > 364.9
    causes = [(0, 0.02, 0.01), (1, 0.02, 0.01)]
    _, _, shut = simulate([{0, 1}], [1.0], causes, n_year=2)
    assert shut == pytest.approx([1 / 3, 1 / 3], abs=0.01)


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


@pytest.fixture(scope="module")
def risk(central):
    return risk_of(central)


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
    assert few["rate_yr"].nunique() > 5
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
    cost = risk.without.base.cost
    value = cost.commodities.set_index("commodity_id")["value_usd_t"]
    value = value[~value.index.duplicated()]
    most = cost.parameters.get("no_trade_value_share") * found["commodity_id"].map(value)
    worth = found["second_route_usd_yr"]
    assert worth.sum() > 0.0
    assert (worth <= most * found["second_route_t_yr"] + 1e-6).all()


def test_command_prints_json():
    done = CliRunner().invoke(app, ["reliability", "--years", "20", "--json"])
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert said["years"] == 20
    assert said["total"]["loss_usd_yr"] >= 0.0
