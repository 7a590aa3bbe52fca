"""Closures counted from a made-up record by hand, and the rates and durations that follow from them."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest
from scipy.stats import gamma

from isthmus.analysis.reliability.hazards import hazards, weather
from isthmus.cost.parameters import Parameters

WEIGHT, SPELLS, LONGEST = 0.5, 2.0, 700.0
LAST = "2022-01-01"
"""The last date of the record: what runs is counted up to it."""


def parameters(*rows):
    usual = [
        ("closure_prior_events", "", "reliability", WEIGHT),
        ("closure_prior_spells", "", "reliability", SPELLS),
        ("closure_longest_d", "", "reliability", LONGEST),
    ]
    return Parameters(pd.DataFrame([*usual, *rows], columns=["parameter", "mode", "item", "value"]))


def spells(part, *turns, to=""):
    """Spells of one part: (state, from, cause), each until the next begins and the last until `to`."""
    ends = [*(t[1] for t in turns[1:]), to]
    return [(part, s, a, b, c) for (s, a, c), b in zip(turns, ends, strict=True)]


def estimate(crossings, links=(), elements=None):
    """Estimate the hazards of a record of crossings ``mode:place`` and of links of passages ``link:passage``."""
    columns = ["part", "state", "from_date", "to_date", "cause_id"]
    links = [*links, *spells("else:", ("open", LAST, ""))]
    cross, lanes = (pd.DataFrame(r, columns=columns, dtype=object) for r in (crossings, links))
    parts = sorted(set(cross["part"]))
    table = pd.DataFrame(
        [(p, *p.split(":")) for p in parts], columns=["crossing_id", "mode", "node_id"]
    )
    ways = [(p, p.split(":")[1]) for p in sorted(set(lanes["part"]))]
    facts = {
        "crossings": table,
        "crossing_regimes": cross.rename(columns={"part": "crossing_id", "state": "regime"}),
        "links": pd.DataFrame(ways, columns=["link_id", "passage_id"]),
        "link_status": lanes.rename(columns={"part": "link_id", "state": "status"}),
    }  # fmt: skip
    if elements is None:
        known = [("crossing", n, m, n.upper()) for _, m, n in table.itertuples(index=False)]
        known += [("passage", n, "", n.upper()) for n in dict.fromkeys(n for _, n in ways) if n]
        known = [k for k in known if not k[2].endswith("pipeline")]
        elements = pd.DataFrame(known, columns=["kind", "element_id", "mode", "name"])
    found = hazards(facts, parameters(), elements)  # type: ignore[arg-type]
    return found.set_index(["element_id", "mode"])


def days(a, b=LAST):
    return (date.fromisoformat(b) - date.fromisoformat(a)).days


RECORD = [
    *spells(
        "rail:x", ("normal", "2000-01-01", ""), ("closed", "2010-01-01", "war"),
        ("normal", "2010-01-31", ""), ("closed", "2015-01-01", "strike"), ("normal", "2015-01-11", ""),
    ),
    *spells(
        "road:x", ("normal", "2001-01-01", ""), ("closed", "2010-01-01", "war"),
        ("normal", "2010-03-01", ""),
    ),
    *spells("road:y", ("normal", "2005-01-01", "")),
]  # fmt: skip


def check(row, events, years, shut_d, ended, pooled, mean):
    """Rate and duration of a row from its own record and the pooled ones (Gamma-Poisson, exponential)."""
    assert row["events"] == events
    assert row["years"] == pytest.approx(years)
    shape, rate = WEIGHT + events, WEIGHT / pooled + years
    assert row["rate_yr"] == pytest.approx(shape / rate)
    assert row["rate_low_yr"] == pytest.approx(gamma.ppf(0.05, shape) / rate)
    assert row["rate_high_yr"] == pytest.approx(gamma.ppf(0.95, shape) / rate)
    assert row["mean_d"] == pytest.approx((SPELLS * mean + shut_d) / (SPELLS + ended))
    shut = row["rate_yr"] * row["mean_d"] / 365.25
    assert row["shut_share"] == pytest.approx(shut / (1 + shut))


def test_a_place_and_its_modes_share_the_record_without_counting_a_day_twice():
    """What shuts all modes on one day is of the place, for as long as all are shut; the rest is of the mode."""
    found = estimate(RECORD)
    assert found.index.tolist() == [("x", ""), ("x", "rail"), ("x", "road"), ("y", "")]
    whole = (days("2000-01-01") - 30) / 365.25
    calm = days("2005-01-01") / 365.25
    pooled = 1 / (whole + calm)
    check(found.loc[("x", "")], 1, whole, 30, 1, pooled, 30.0)
    check(found.loc[("y", "")], 0, calm, 0, 0, pooled, 30.0)
    own = {
        "rail": (days("2000-01-01") - 10) / 365.25, "road": (days("2001-01-01") - 29) / 365.25,
    }  # fmt: skip
    pooled = 2 / sum(own.values())
    check(found.loc[("x", "rail")], 1, own["rail"], 10, 1, pooled, 39 / 2)
    check(found.loc[("x", "road")], 1, own["road"], 29, 1, pooled, 39 / 2)
    assert found["causes"].tolist() == ["war", "strike", "war", ""]
    assert found["name"].tolist() == ["X", "X", "X", "Y"]


def test_a_pool_without_an_event_is_given_half_a_one():
    """Half an event in the years of all, and a day a closure: no place is without any risk."""
    found = estimate(RECORD[-1:])
    years = days("2005-01-01") / 365.25
    check(found.loc[("y", "")], 0, years, 0, 0, 0.5 / years, 1.0)


def test_closures_one_after_the_other_are_one_and_those_that_run_have_not_ended():
    """A closure lasts through spells of other causes; one still running counts with its days, not as ended."""
    found = estimate(
        [
            *spells(
                "road:z", ("closed", "1999-01-01", "old"), ("normal", "2000-01-01", ""),
                ("closed", "2010-01-01", "flood"), ("closed", "2010-02-01", "war"),
                ("facilitated", "2010-03-01", ""), ("closed", "2021-12-01", "strike"),
            ),
        ]
    ).loc[("z", "")]  # fmt: skip
    shut = days("2010-01-01", "2010-03-01") + 31
    years = (days("2000-01-01") - shut) / 365.25
    check(found, 2, years, shut, 1, 2 / years, shut / 1)
    assert found["causes"] == "flood; strike"


def test_a_closure_of_years_counts_as_the_longest_and_as_ended():
    """It has become a state: its days are cut in the mean, not in the time that the place was open."""
    long = spells("road:z", ("normal", "2000-01-01", ""), ("closed", "2020-01-01", "war"))
    found = estimate(long).loc[("z", "")]
    years = (days("2000-01-01") - 731) / 365.25
    check(found, 1, years, LONGEST, 1, 1 / years, LONGEST)
    just = spells(
        "road:z", ("normal", "2000-01-01", ""), ("closed", "2019-01-01", "war"),
        ("normal", "2020-12-01", ""),
    )  # fmt: skip
    assert days("2019-01-01", "2020-12-01") == LONGEST
    years = (days("2000-01-01") - LONGEST) / 365.25
    check(estimate(just).loc[("z", "")], 1, years, LONGEST, 1, 1 / years, LONGEST)


def test_a_passage_is_shut_when_one_of_its_links_is():
    """Links shut on one day are one closure until the last opens; a second day is a second."""
    links = [
        *spells(
            "one:s", ("open", "2000-01-01", ""), ("closed", "2010-01-01", "ship"),
            ("open", "2010-01-08", ""),
        ),
        *spells(
            "two:s", ("open", "2002-01-01", ""), ("closed", "2010-01-01", "ship"),
            ("open", "2010-01-05", ""), ("closed", "2012-01-01", "storm"), ("open", "2012-01-04", ""),
        ),
        *spells("free:", ("open", "1990-01-01", ""), ("closed", "2011-01-01", "no passage")),
    ]  # fmt: skip
    found = estimate(RECORD[-1:], links)
    assert found.index.tolist() == [("y", ""), ("s", "")]
    years = (days("2000-01-01") - 10) / 365.25
    check(found.loc[("s", "")], 2, years, 10, 2, 2 / years, 5.0)
    assert found["kind"].tolist() == ["crossing", "passage"]


def test_pipes_and_modes_that_never_opened_are_no_modes_of_a_place():
    """A closure of all that freight could use is one of the place, whatever a pipe there did."""
    dead = spells("rail:y", ("closed", "1991-01-01", "never"))
    pipe = spells("oil_pipeline:x", ("normal", "1990-01-01", ""), ("closed", "2013-01-01", "leak"))
    lone = [("road:y", s, a, b, c) for p, s, a, b, c in RECORD if p == "rail:x"]
    one, other = estimate(lone), estimate([*lone, *pipe, *dead])
    columns = ["events", "years", "causes"]
    assert other.loc[("y", ""), columns].tolist() == one.loc[("y", ""), columns].tolist()
    assert one.loc[("y", ""), "events"] == 2
    assert other.loc[("y", "rail"), ["events", "years"]].tolist() == [0, 0.0]
    assert other.loc[("y", "road"), ["events", "causes"]].tolist() == [0, ""]


def test_a_place_without_a_record_has_no_year_and_the_rate_of_all():
    """Nothing known of it: the mean of the kind, from the prior alone."""
    unknown = pd.DataFrame(
        {"kind": "crossing", "element_id": ["q"], "mode": ["road"], "name": ["Q"]}
    )
    found = estimate(RECORD, elements=unknown).loc[("q", "")]
    whole = (days("2000-01-01") - 30) / 365.25 + days("2005-01-01") / 365.25
    check(found, 0, 0.0, 0, 0, 1 / whole, 30.0)
    assert found["rate_yr"] == pytest.approx(1 / whole)


def test_weather_shuts_its_share_of_the_season_in_spells():
    """Days a year over those of the season, from its first month to its last, over the turn of a year too."""
    table = weather(
        parameters(
            ("weather_first_month", "", "reliability", 10), ("weather_last_month", "", "reliability", 4),
            ("weather_spell_d", "", "reliability", 3.0), ("weather_spell_d", "", "c", 6.0),
            ("weather_first_month", "", "b", 6), ("weather_last_month", "", "b", 8),
            ("weather_first_month", "", "d", 1), ("weather_last_month", "", "d", 12),
            ("weather_days_yr", "", "a", 53.0), ("weather_days_yr", "sea", "b", 23.0),
            ("weather_days_yr", "", "c", 1000.0), ("weather_days_yr", "", "d", 73.0),
        )
    ).set_index("element_id")  # fmt: skip
    winter = 365 - 273 + 120
    assert table.loc["a", ["first_day", "last_day"]].tolist() == [273.0, 120.0]
    assert table.loc["b", ["first_day", "last_day"]].tolist() == [151.0, 243.0]
    assert table.loc["d", ["first_day", "last_day"]].tolist() == [0.0, 365.0]
    assert table["mode"].to_dict() == {"a": "", "b": "sea", "c": "", "d": ""}
    assert table["spell_d"].to_dict() == {"a": 3.0, "b": 3.0, "c": 6.0, "d": 3.0}
    share = {"a": 53 / winter, "b": 23 / 92, "c": 0.95, "d": 0.2}
    season = {"a": winter, "b": 92, "c": winter, "d": 365}
    for name, part in share.items():
        row = table.loc[name]
        assert row["days_yr"] == pytest.approx(part * season[name])
        assert row["spell_d"] / (row["spell_d"] + row["up_d"]) == pytest.approx(part)
