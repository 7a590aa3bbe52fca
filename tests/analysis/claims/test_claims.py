"""Claims: the register, the rule of verdicts, and what the tests measure."""

from __future__ import annotations

import dataclasses
import json
import math
import re

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

import isthmus as ist
from conftest import crossing, link, make_facts, node
from isthmus import cli
from isthmus.analysis.claims import claim_of, run_claims
from isthmus.analysis.claims.metrics import METRICS, measure
from isthmus.analysis.claims.pairs import Pair, cheapest
from isthmus.analysis.claims.verdict import (
    CONTRADICTED,
    MIXED,
    NOT_TESTED,
    SUPPORTED,
    of_claim,
    of_test,
)
from isthmus.analysis.flows.territories import branch_shares, disjoint_routes, most_tonnes
from isthmus.errors import InputError, NotTestable, UnknownName
from isthmus.facts.check import check
from isthmus.facts.sources import split

ROUTE_ONLY = ("C20", "C54", "C62")
"""Tested by few runs on shipped scenarios."""


@pytest.fixture(scope="module")
def plain(shipped):
    return run_claims(shipped, ROUTE_ONLY, method="all_or_nothing", assumptions=(), keep=True)


@pytest.fixture(scope="module")
def baseline(shipped):
    network = shipped.network("2025-01-01")
    return ist.assign(network, shipped.demand(), ist.GeneralizedCost(shipped), "all_or_nothing")


# ---------------------------------------------------------------- the register


def test_all_seventy_claims_are_there_attributed_and_with_a_record(shipped):
    claims = shipped["claims"]
    assert list(claims["claim_id"]) == [f"C{i:02d}" for i in range(1, 71)]
    for column in ("attributed_to", "paraphrase", "record", "record_source_id", "cannot_say"):
        assert claims[column].ne("").all(), column


def test_what_no_data_can_test_says_so_in_one_line_the_same_for_all(shipped):
    claims = shipped["claims"]
    outside = claims[claims["testable_by"].eq("not_testable")]
    assert len(outside) >= 20
    assert outside["cannot_say"].nunique() == 1
    assert outside["cannot_say"].iloc[0].startswith("outside what data can test")
    assert not set(outside["claim_id"]) & set(shipped["claim_tests"]["claim_id"])


def test_every_claim_a_network_can_test_has_a_test_with_a_threshold(shipped):
    claims, tests = shipped["claims"], shipped["claim_tests"]
    testable = claims.loc[["network_model" in split(t) for t in claims["testable_by"]], "claim_id"]
    judged = set(tests.loc[tests["direction"].ne(""), "claim_id"])
    assert len(testable) >= 19
    assert set(testable) == judged


def test_tests_name_metrics_that_exist_in_their_unit(shipped):
    for test in shipped["claim_tests"].to_dict("records"):
        assert test["metric"] in METRICS, test["test_id"]
        assert METRICS[test["metric"]].unit == test["unit"], test["test_id"]
        assert test["source_id"].startswith("assumed:"), "a threshold is an assumption"


def test_a_test_of_what_none_can_test_and_a_threshold_the_wrong_way_are_faults(shipped):
    raw, tables = dict(shipped.raw), dict(shipped.tables)
    raw["claim_tests"] = raw["claim_tests"].copy()
    raw["claim_tests"].loc[0, "claim_id"] = "C01"
    tables["claim_tests"] = tables["claim_tests"].copy()
    tables["claim_tests"].loc[1, ["supported", "contradicted"]] = [-1.0, 1.0]
    tables["claim_tests"].loc[1, "direction"] = "more"
    said = [str(f) for f in check(dataclasses.replace(shipped, raw=raw, tables=tables))]
    assert any("C01 has a test" in s for s in said)
    assert any("C04 could be tested" in s for s in said)
    assert any("side of contradicted" in s for s in said)


# ---------------------------------------------------------------- the rule


@pytest.mark.parametrize(
    ("values", "direction", "supported", "contradicted", "verdict"),
    [
        ([5.0], "more", 2.0, 1.0, SUPPORTED),
        ([2.0], "more", 2.0, 1.0, SUPPORTED),
        ([1.5], "more", 2.0, 1.0, MIXED),
        ([1.0], "more", 2.0, 1.0, CONTRADICTED),
        ([5.0, 1.9], "more", 2.0, 1.0, MIXED),
        ([0.5, 1.1], "more", 2.0, 1.0, MIXED),
        ([0.5, 3.0], "more", 2.0, 1.0, MIXED),
        ([-5.0, -3.0], "less", -2.0, -1.0, SUPPORTED),
        ([-5.0, -1.5], "less", -2.0, -1.0, MIXED),
        ([0.0, 4.0], "less", -2.0, -1.0, CONTRADICTED),
        ([math.inf, 9.0], "more", 2.0, 1.0, SUPPORTED),
        ([5.0, math.nan], "more", 2.0, 1.0, NOT_TESTED),
        ([], "more", 2.0, 1.0, NOT_TESTED),
    ],
)
def test_a_verdict_needs_the_whole_range(values, direction, supported, contradicted, verdict):
    assert of_test(values, direction, supported, contradicted) == verdict


@given(
    values=st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=6),
    low=st.floats(-1e5, 1e5),
    room=st.floats(1e-3, 1e5),
)
def test_the_opposite_claim_gets_the_opposite_verdict(values, low, room):
    other = {SUPPORTED: CONTRADICTED, CONTRADICTED: SUPPORTED, MIXED: MIXED}
    verdict = of_test(values, "more", low + room, low)
    assert of_test(values, "less", low, low + room) == other[verdict]


def test_a_claim_is_supported_only_if_all_its_tests_are():
    assert of_claim([SUPPORTED, SUPPORTED, "reported"]) == SUPPORTED
    assert of_claim([SUPPORTED, NOT_TESTED]) == SUPPORTED
    assert of_claim([SUPPORTED, MIXED]) == MIXED
    assert of_claim([CONTRADICTED, CONTRADICTED]) == CONTRADICTED
    assert of_claim(["reported", NOT_TESTED]) == NOT_TESTED


def test_the_data_say_the_same_words(shipped):
    assert set(shipped["verdicts"]["verdict"]) == {SUPPORTED, CONTRADICTED, MIXED, NOT_TESTED}


# ---------------------------------------------------------------- the runs


def test_another_speaker_gets_the_same_numbers_and_verdicts(shipped, plain):
    claims = shipped["claims"].assign(attributed_to="Somebody else")
    renamed = dataclasses.replace(shipped, tables={**shipped.tables, "claims": claims})
    again = run_claims(renamed, ROUTE_ONLY, method="all_or_nothing", assumptions=())
    assert [c.verdict for c in again] == [c.verdict for c in plain]
    assert [[t.value for t in c.tests] for c in again] == [
        [t.value for t in c.tests] for c in plain
    ]
    assert {c.claim["attributed_to"] for c in again} == {"Somebody else"}


def test_findings_follow_from_the_comparison_of_the_same_two_networks(shipped, plain):
    found = {t.test["test_id"]: t for c in plain for t in c.tests}
    pair = plain[0].pairs["C20-3"]
    links = ist.compare(pair.base, pair.new).by("link").set_index("link_id")
    change = links.loc["rail:kartsakhi-canbaz-kars", "flow_t_yr_change"]
    assert found["C20-3"].value == pytest.approx(change)
    routes = [
        ist.route(side.virtual.network, ist.GeneralizedCost(shipped), "Baku", "Nakhchivan", k=1)
        for side in (plain[1].pairs["C54-1"].base, plain[1].pairs["C54-1"].new)
    ]
    before, after = (r.table["usd_t"].iloc[0] for r in routes)
    assert found["C54-1"].value == pytest.approx(100 * (after / before - 1))


def test_the_sweep_widens_the_range_around_the_value(shipped):
    one = run_claims(shipped, ["C54"], method="all_or_nothing", assumptions=["value-of-time"])[0]
    for test in one.tests:
        assert set(test.varied) == {"value-of-time low", "value-of-time high"}
        assert test.low <= test.value <= test.high
    assert one.tests[0].low < one.tests[0].high, "the cost of the way hangs on the value of time"


def test_a_missing_scenario_leaves_a_test_untested_with_the_reason(shipped):
    tests = shipped["claim_tests"].copy()
    tests.loc[tests["claim_id"].eq("C54"), "scenario"] = "nowhere"
    facts = dataclasses.replace(shipped, tables={**shipped.tables, "claim_tests": tests})
    one = run_claims(facts, ["C54"], method="all_or_nothing", assumptions=())[0]
    assert one.verdict == NOT_TESTED
    assert all("nowhere" in t.why for t in one.tests)


def test_two_days_differ_in_the_network_alone(shipped):
    tests = shipped["claim_tests"]
    row = tests[tests["test_id"].eq("C46-1")]
    facts = dataclasses.replace(shipped, tables={**shipped.tables, "claim_tests": row})
    one = run_claims(facts, ["C46"], method="all_or_nothing", assumptions=(), keep=True)[0]
    pair = one.pairs["C46-1"]
    assert pair.base.virtual.network.date == "2022-02-27"
    assert pair.new.virtual.network.date == "2022-03-01"
    assert pair.base.demand.flows.equals(pair.new.demand.flows)


def test_an_unknown_claim_is_told_with_the_nearest(shipped):
    with pytest.raises(UnknownName):
        claim_of(shipped, "C99")


# ---------------------------------------------------------------- metrics against others


def test_disjoint_routes_are_those_of_networkx(baseline):
    network = baseline.virtual.network
    crossings = network.crossings[network.crossings["is_open"]]
    graph = nx.DiGraph(
        list(zip(crossings["from_territory_id"], crossings["to_territory_id"], strict=True))
    )
    for one, other in (("IRN", "RUS"), ("CHN", "TUR"), ("AZE", "ARM")):
        expected = len(list(nx.node_disjoint_paths(graph, one, other)))
        assert disjoint_routes(network, one, other) == expected
    through = {"AZE", "SEA-CASPIAN"}
    inner = graph.subgraph(through | {"IRN", "RUS"})
    expected = len(list(nx.node_disjoint_paths(inner, "IRN", "RUS")))
    assert disjoint_routes(network, "IRN", "RUS", through) == expected
    assert disjoint_routes(network, "IRN", "RUS", set()) == 0


def test_most_tonnes_is_the_least_capacity_on_the_way(rows, facts_of):
    rows["territories"].append({"territory_id": "CCC", "name": "Ccc", "kind": "state"})
    rows["nodes"].append(node("e", "CCC", 2.4, 0.0))
    further = link("c", "e", "rail", "CCC", 100, 1435, capacity_t_yr=4_000_000)
    rows["links"][0]["capacity_t_yr"] = 5_000_000
    rows["links"][1]["capacity_t_yr"] = 3_000_000
    rows["links"].append(further)
    status = {"link_id": further["link_id"], "status": "open", "from_date": "2000-01-01"}
    rows["link_status"].append(status)
    rows["zones"].append({"zone_id": "E", "name": "E", "territory_id": "CCC", "node_id": "e"})
    rows["connectors"].append({"zone_id": "E", "node_id": "e", "access_km": 5})
    for row in crossing("c", "rail", "BBB", "CCC"):
        rows["crossings"].append(row)
        regime = {"crossing_id": row["crossing_id"], "regime": "normal", "from_date": "2000-01-01"}
        rows["crossing_regimes"].append(regime)
    facts = facts_of(rows)
    cost = ist.GeneralizedCost(facts)
    one = ist.assign(facts.network("2025-01-01"), facts.demand(2024), cost, "all_or_nothing")
    share = one.cost.parameters.get("capacity_direction_share")
    rail = ("rail",)
    assert most_tonnes(one, "AAA", "CCC", rail) == pytest.approx(3_000_000 * share, abs=1000)
    assert most_tonnes(one, "CCC", "AAA", rail) == pytest.approx(3_000_000 * share, abs=1000)
    assert most_tonnes(one, "BBB", "CCC", rail) == pytest.approx(4_000_000 * share, abs=1000)
    # no terminal joins road and rail here, so the road adds nothing
    assert most_tonnes(one, "AAA", "CCC", rail, ["BBB"]) == most_tonnes(one, "AAA", "CCC")
    assert most_tonnes(one, "AAA", "CCC", rail, []) == 0.0
    assert most_tonnes(one, "AAA", "DDD") == 0.0


def test_the_cheapest_way_is_that_of_networkx(baseline):
    virtual, cost = baseline.virtual, baseline.cost
    k = cost.position("container")
    usd = cost.usd[k] + cost.vot_usd_t_h[k] * baseline.delay_h
    graph = nx.MultiDiGraph()
    for arc in np.flatnonzero(np.isfinite(usd)):
        graph.add_edge(int(virtual.graph.tail[arc]), int(virtual.graph.head[arc]), weight=usd[arc])
    start, end = virtual.source_of_node["baku"], virtual.sink_of_node["nakhchivan"]
    expected = nx.shortest_path_length(graph, start, end, weight="weight")
    way = cheapest(baseline, "Baku", "Nakhchivan")
    assert way.usd_t == pytest.approx(expected)
    assert way.territories == "AZE > IRN"


def test_concentration_is_the_sum_of_squared_shares(baseline):
    shares = branch_shares(baseline, "IRN", "RUS")
    assert shares.sum() == pytest.approx(1.0)
    value = measure("concentration", Pair(baseline, baseline), "IRN > RUS")
    assert value == pytest.approx(sum(s * s for s in shares))
    assert 1 / len(shares) <= value <= 1


def test_the_same_network_changes_nothing(baseline):
    same = Pair(baseline, baseline)
    for metric, subject in (
        ("od_cost_change_pct", "Baku > Kars"),
        ("od_rise_if_shut_change_pp", "Baku > Kars by rail without rail:kartsakhi-canbaz-kars"),
        ("corridor_tonnes_change_pct", "titr"),
        ("links_begun_change", "aras"),
        ("link_tonnes_change_t_yr", "rail:kartsakhi-canbaz-kars"),
        ("passage_tonnes_change_pct", "bosporus"),
        ("territory_cost_change_pct", "ARM"),
        ("worst_territory_cost_change_pct", "ARM; AZE"),
        ("world_cost_change_pct", "world"),
        ("transit_change_t_yr", "GEO"),
        ("unserved_change_t_yr", "world"),
        ("most_tonnes_change_pct", "RUS > IRN by rail"),
        ("share_over_change_pp", "IRN > RUS over AZE"),
        ("mode_work_change_pct", "rail"),
        ("crossing_hours_change_pct", "yalama by rail"),
    ):
        assert measure(metric, same, subject) == pytest.approx(0.0, abs=1e-9), metric
    part = measure("share_over_pct", same, "IRN > RUS over SEA-CASPIAN")
    tonnes = measure("tonnes_over_t_yr", same, "IRN > RUS over SEA-CASPIAN")
    assert 0 < part < 100
    assert tonnes > 0
    both = measure("tonnes_over_both_t_yr", same, "SEA-CASPIAN & SEA-BLACK")
    assert both <= ist.compare(baseline, baseline).transit()["over_t_yr_base"].max()


def test_a_subject_that_is_unknown_is_an_error_and_nothing_to_measure_is_none(baseline):
    same = Pair(baseline, baseline)
    for metric, subject in (
        ("nonsense", "x"),
        ("od_cost_change_pct", "Baku"),
        ("corridor_tonnes_change_pct", "nowhere"),
        ("tonnes_over_t_yr", "IRN > RUS over nowhere"),
    ):
        with pytest.raises(InputError):
            measure(metric, same, subject)
    with pytest.raises(NotTestable):
        measure("crossing_hours_change_pct", same, "ganja")


def test_a_metric_is_documented():
    page = (cli_docs() / "claims.md").read_text(encoding="utf-8")
    missing = [name for name in METRICS if f"`{name}`" not in page]
    assert not missing


def cli_docs():
    from pathlib import Path

    return Path(__file__).resolve().parents[3] / "docs"


# ---------------------------------------------------------------- the command


def test_the_list_runs_nothing_and_prints_every_claim():
    done = CliRunner().invoke(cli.app, ["claims", "--list", "--json"])
    assert done.exit_code == 0
    assert len(json.loads(done.stdout)) == 70


def test_one_claim_whole_with_the_flows_behind_it(plain, monkeypatch):
    asked = []

    def known(facts, claims, **options):
        asked.append((claims, options["method"], options["assumptions"], options["keep"]))
        return [c for c in plain if c.claim["claim_id"] == "C54"]

    monkeypatch.setattr("isthmus.analysis.claims.run_claims", known)
    command = ["claims", "c54", "--explain", "--no-sweep", "--method", "all_or_nothing"]
    done = CliRunner().invoke(cli.app, [*command, "--json"])
    assert done.exit_code == 0, done.output
    document = json.loads(done.stdout)[0]
    assert document["claim_id"] == "C54"
    assert document["verdict"] in (SUPPORTED, CONTRADICTED, MIXED)
    assert set(document["flows"]["C54-1"]) == {"corridor", "territory", "link", "crossing"}
    shown = CliRunner().invoke(cli.app, command)
    assert shown.exit_code == 0
    for part in ("Ahmad Kazemi", "record:", "cannot say:", "cheapest route Baku > Nakhchivan"):
        assert re.search(re.escape(part).replace(r"\ ", r"\s+"), shown.stdout), part
    assert asked == [(["c54"], "all_or_nothing", (), True)] * 2


def test_a_claim_is_listed_and_shown():
    runner = CliRunner()
    assert runner.invoke(cli.app, ["list", "claims"]).exit_code == 0
    shown = json.loads(runner.invoke(cli.app, ["show", "C57", "--json"]).stdout)
    assert shown["claims"][0]["claim_id"] == "C57"
    assert {t["test_id"] for t in shown["claim_tests"]} >= {"C57-1"}
    assert any("kazemi" in s["source_id"] for s in shown["sources"])


def test_facts_without_claims_have_none():
    facts = make_facts({})
    assert facts["claims"].empty
    assert run_claims(facts, assumptions=()) == []
