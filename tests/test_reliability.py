"""Reliability: closed forms of series and parallel ways, hazards by hand, the same bits on any workers."""

from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest
from scipy.stats import kstest
from typer.testing import CliRunner

from isthmus.analysis.hazards import hazards, weather
from isthmus.analysis.reliability import reliability, risk_of
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
    out = np.zeros((n_year, 2, 2)), np.zeros((1, 4)), np.zeros((1, 2)), np.zeros(n_element)
    zero = np.zeros(1, np.int64)
    kernel.simulate(seed, 0, n_year, table, args, (indptr, trips), lone, (zero, zero, 1), *out)
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


def test_two_causes_of_one_element_shut_it_together():
    causes = [(0, 90.0, 10.0), (0, 80.0, 20.0)]
    (_, stopped), (_, error), _ = simulate([{0}], [1.0], causes)
    assert stopped == pytest.approx(100.0 * (1 - 0.9 * 0.8), abs=4 * error)


def test_draws_are_uniform_and_depend_on_all_four_numbers():
    draws = np.array([kernel.draw(5, y, 11, p) for y in range(200) for p in range(50)])
    assert kstest(draws, "uniform").pvalue > 1e-3
    assert abs(np.corrcoef(draws[:-1], draws[1:])[0, 1]) < 0.03
    one = kernel.draw(5, 6, 7, 8)
    assert all(
        kernel.draw(*x) != one for x in ((6, 6, 7, 8), (5, 7, 7, 8), (5, 6, 8, 8), (5, 6, 7, 9))
    )


def test_hours_of_one_stage_are_lognormal():
    mean, spread = 50.0, 30.0
    out = np.empty(20_000)
    one = np.ones(1)
    kernel.journeys(
        1, 2, 0, 1, one, np.zeros((1, 1), np.uint64), np.array([0, 1]), mean * one, spread * one,
        np.zeros(1), np.zeros(1), out,
    )  # fmt: skip
    sigma = math.sqrt(math.log(1 + (spread / mean) ** 2))
    median = mean * math.exp(-(sigma**2) / 2)
    assert out.mean() == pytest.approx(mean, rel=0.02)
    assert np.quantile(out, 0.5) == pytest.approx(median, rel=0.02)
    assert np.quantile(out, 0.9) == pytest.approx(median * math.exp(1.2815515655 * sigma), rel=0.02)


@pytest.fixture(scope="module")
def risk(central):
    return risk_of(central)


def test_rates_are_gamma_poisson(shipped, central, risk):
    """A place's posterior mean by hand, from its record and the pooled rate of its kind."""
    table = risk.hazards[risk.hazards["kind"].eq("crossing")]
    pooled = table["events"].sum() / table["years"].sum()
    weight = central.cost.parameters.get("closure_prior_events", item="reliability")
    assert table["events"].sum() > 5
    for row in table.head(40).itertuples():
        assert row.rate_yr == pytest.approx((weight + row.events) / (weight / pooled + row.years))
        assert row.rate_low_yr < row.rate_yr < row.rate_high_yr
    lars = table.set_index("element_id").loc["kazbegi-larsi-verkhny-lars"]
    assert lars["events"] == 1
    assert "upper-lars-closed-2006" in lars["causes"]


def test_a_state_of_the_record_is_no_event(shipped, central):
    """A border shut since the record begins has no closure and no open year."""
    elements = pd.DataFrame({"kind": ["crossing"], "element_id": ["akhurik-akyaka"], "name": ["x"]})
    found = hazards(shipped, central.cost.parameters, elements)
    assert found["events"].tolist() == [0] or found["years"].iloc[0] > 0


def test_weather_is_a_share_of_winter(central):
    table = weather(central.cost.parameters)
    share = table["spell_d"] / (table["spell_d"] + table["up_d"])
    assert np.allclose(share * (365.0 - table["first_day"] + table["last_day"]), table["days_yr"])


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


def test_command_prints_json():
    done = CliRunner().invoke(app, ["reliability", "--years", "20", "--json"])
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert said["years"] == 20
    assert said["total"]["loss_usd_yr"] >= 0.0
