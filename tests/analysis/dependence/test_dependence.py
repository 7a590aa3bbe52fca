"""Dependence: shares and concentration by hand, refusals, ways against networkx, the tornado."""

from __future__ import annotations

import json
from types import SimpleNamespace

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from isthmus.analysis.dependence import all_routes, dependence, refusal, routes
from isthmus.analysis.dependence.disjoint import _max_flow, _through_gates
from isthmus.analysis.flows.totals import transit
from isthmus.assign.link_removal import LinkRemoval
from isthmus.cli import app
from isthmus.cost.model import GeneralizedCost
from isthmus.errors import InputError, UnknownName
from isthmus.output.page.charts import heat, swings
from isthmus.output.report.questions import QUESTIONS, questions
from isthmus.sensitivity import tornado


@pytest.fixture(scope="module")
def without(central):
    return LinkRemoval(central)


def test_pairs_add_up_to_what_paths_carry(central):
    """Armenia's tonnes over Georgia, path by path."""
    found = dependence(central)
    row = found.pairs.set_index(["who_id", "via_id"]).loc["ARM", "GEO"]
    zones = central.virtual.network.zones.set_index("zone_id")["territory_id"]
    ends = [central.trips[f"{e}_zone_id"].map(zones).to_numpy() for e in ("origin", "destination")]
    land = central.virtual.arcs["territory_id"].to_numpy()
    own = np.flatnonzero((ends[0] == "ARM") | (ends[1] == "ARM"))
    tonnes = 0.0
    for p in np.flatnonzero(np.isin(central.paths.trip, own)):
        t = central.paths.trip[p]
        if "GEO" not in (ends[0][t], ends[1][t]) and "GEO" in land[central.paths.of(p)]:
            tonnes += central.paths.flow[p]
    assert row["tonnes_t_yr"] == pytest.approx(tonnes)
    trade = found.countries.set_index("territory_id").loc["ARM", "trade_t_yr"]
    assert row["share_t"] == pytest.approx(tonnes / trade)


def test_concentration_is_the_sum_of_squared_shares(central):
    found = dependence(central, "control")
    mine = found.of("ARM")["tonnes_t_yr"]
    row = found.countries.set_index("territory_id").loc["ARM"]
    assert row["herfindahl_t"] == pytest.approx(((mine / mine.sum()) ** 2).sum())
    assert 1.0 / row["partners"] <= row["herfindahl_t"] <= 1.0
    assert found.matrix().loc["ARM", "GEO"] == pytest.approx(found.of("ARM")["share_t"].max())


def test_what_passes_is_what_moves_there_at_both_its_ends(central):
    found = dependence(central)
    passed = found.pairs.groupby("via_id")["tonnes_t_yr"].sum()
    moved = transit(central)["transit_t_yr"]
    for land in ("GEO", "KAZ", "IRN", "SEA-CASPIAN"):
        assert moved[land] <= passed[land] * (1 + 1e-9)
        assert passed[land] <= 2.2 * moved[land]


def test_a_refusal_stops_what_passes_and_no_more(without):
    found = dependence(without.base).of("ARM").set_index("via_id")
    one = refusal(without, "ARM", "IRN")
    assert one.passing_t_yr == pytest.approx(found.loc["IRN", "tonnes_t_yr"])
    assert one.stopped_t_yr == 0.0
    assert one.avoidable_share == 1.0
    assert one.extra_usd_yr > 0
    assert one.sentence().startswith("Iran (Islamic Republic of) can stop 0.2")
    both = refusal(without, "ARM", "GEO")
    assert both.passing_t_yr > one.passing_t_yr
    assert both.extra_usd_yr > one.extra_usd_yr


@pytest.mark.parametrize("via", ["GEO", "IRN"])
def test_own_trade_is_never_a_refusal(without, via):
    """What Armenia trades with the land itself goes on: none of it stops, and none is counted as passing."""
    assignment = without.base
    land = assignment.virtual.network.zones.set_index("zone_id")["territory_id"]
    start, end = (
        assignment.trips[f"{e}_zone_id"].map(land).to_numpy() for e in ("origin", "destination")
    )
    mine = (start == "ARM") | (end == "ARM")
    own = mine & ((start == via) | (end == via))
    one = refusal(without, "ARM", via)
    assert own.any()
    assert one.own_t_yr == pytest.approx(without.trips.flow[own].sum())
    arcs = np.flatnonzero(assignment.virtual.arcs["territory_id"].eq(via).to_numpy())
    assert one.passing_t_yr == pytest.approx(without.tonnes(arcs, mine & ~own))
    assert one.passing_t_yr < without.tonnes(arcs, mine)
    outcome = without.remove(arcs, mine & ~own)
    assert not outcome.stopped_t_yr[~mine | own].any()
    assert outcome.kept_t_yr[own] == pytest.approx(without.flow[own])
    itself = refusal(without, "ARM", "ARM")
    assert (itself.passing_t_yr, itself.stopped_t_yr, itself.extra_usd_yr) == (0.0, 0.0, 0.0)


def test_closed_to_all_is_closed_to_each(without):
    virtual = without.base.virtual
    arcs = np.flatnonzero(virtual.arcs["territory_id"].eq("GEO").to_numpy())
    every = np.ones(len(without.trips.flow), bool)
    one, other = without.remove(arcs), without.remove(arcs, every)
    assert np.array_equal(one.lost, other.lost)
    flow = without.trips.flow
    assert one.usd_t @ flow == pytest.approx(other.usd_t @ flow, rel=1e-6)
    nobody = without.remove(arcs, ~every)
    assert not nobody.lost.any()
    assert not nobody.usd_t.any()


@pytest.mark.parametrize("seed", range(8))
def test_ways_are_those_of_menger(seed):
    rng = np.random.default_rng(seed)
    n, m = 8, 16
    ends = np.array([rng.choice(n, 2, replace=False) for _ in range(m)])
    tail = np.concatenate([ends[:, 0], ends[:, 1]]).astype(np.int32)
    head = np.concatenate([ends[:, 1], ends[:, 0]]).astype(np.int32)
    link = np.tile(np.arange(m), 2)
    whole = np.ones(2 * m, bool)
    found = _max_flow(*_through_gates(tail, head, link, whole, whole, n), [0], [1])
    net = nx.Graph()
    net.add_nodes_from(range(n))
    for a, b in ends:
        old = net.get_edge_data(a, b, {"capacity": 0})
        net.add_edge(a, b, capacity=old["capacity"] + 1)
    assert found == nx.maximum_flow_value(net, 0, 1)


def test_ways_on_the_shipped_network(central):
    n, flow = routes(central, "ARM", "RUS")
    assert n >= 4
    assert flow > 1e6
    with pytest.raises(UnknownName, match="ATA"):
        routes(central, "ARM", "ATA")


def test_wrong_views_are_told(central):
    with pytest.raises(InputError, match="neither"):
        dependence(central, "owner")


def test_tornado_moves_each_assumption_alone(shipped):
    """A number that is one parameter moves with that parameter alone."""

    def rate(facts):
        table = facts["commodities"].set_index("commodity_id")
        return float(table.loc["container", "vot_usd_t_h"])

    swings = tornado(shipped, rate, most=3)
    first = swings.iloc[0]
    assert first["assumption_id"] == "value-of-time"
    assert first["high"] == pytest.approx(1.2 * rate(shipped))
    assert (swings["swing"].iloc[1:] == 0.0).all()


def test_questions_stand_on_one_page(shipped, central):
    cost = GeneralizedCost(shipped)
    page = questions(["dependence"], central, central, cost, "Questions: as it is")
    assert "<h2>Whose trade passes whose territory?</h2>" in page
    assert "Netherlands" in page
    assert "http" not in page.replace("http://www.w3.org", "")
    with pytest.raises(InputError, match="who"):
        questions(["who"], central, central, cost, "")
    assert set(QUESTIONS) == {"criticality", "dependence", "power", "reliability", "invest"}


def test_command_answers_in_one_line():
    done = CliRunner().invoke(app, ["dependence", "--of", "ARM", "--on", "IRN", "--json"])
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert said["refusals"][0]["sentence"].startswith("Iran (Islamic Republic of) can stop")
    assert said["pairs"][0]["via_id"] == "GEO"
    wrong = CliRunner().invoke(app, ["dependence", "--on", "IRN"])
    assert isinstance(wrong.exception, InputError)


def test_ways_between_all_pairs_are_those_between_each(central):
    found = all_routes(central, "grain_food", ["ARM", "GEO", "RUS"])
    assert len(found) == 6
    for row in found.to_dict("records"):
        pair = row["origin_id"], row["destination_id"]
        assert (row["routes"], row["flow_t_yr"]) == routes(central, *pair, "grain_food")
    assert "Armenia" in set(found["origin"])


def test_a_question_of_an_order_has_its_tornado_on_the_page(
    shipped, central, monkeypatch, tmp_path
):
    """With one assumption, at its two ends: dearer time makes going round dearer."""
    from isthmus import sensitivity
    from isthmus.cli.swings import swings as moved

    monkeypatch.chdir(tmp_path)
    every = sensitivity.cases(shipped)
    some = [c for c in every if c.assumption in ("central", "value-of-time")]
    monkeypatch.setattr(sensitivity, "cases", lambda facts: some)
    asked = SimpleNamespace(update=lambda text: None)
    frame = moved("dependence", shipped, "aras", central, central, asked)
    [row] = frame.to_dict("records")
    assert row["assumption_id"] == "value-of-time"
    assert row["low_change"] < 0.0 < row["high_change"]
    assert list((tmp_path / "results" / ".tornado").iterdir()), "kept as it is done"
    cost = GeneralizedCost(shipped)
    page = questions(["dependence"], central, central, cost, "", swings={"dependence": frame})
    assert "What moves the cost of going round most" in page
    assert "Value of time" in page


def test_a_tornado_that_was_stopped_goes_on_where_it_was(shipped, tmp_path):
    asked = []

    def rate(facts):
        asked.append(facts.digest)
        table = facts["parameters"]
        return float(table.loc[table["parameter"].str.startswith("rate_"), "value"].sum())

    def stop(name, done, of):
        if done == 3:
            raise KeyboardInterrupt

    keep = tmp_path, ["rates", None, 3]
    with pytest.raises(KeyboardInterrupt):
        tornado(shipped, rate, keep=keep, progress=stop)
    before = len(asked)
    assert before == 4, "the central case and three more"
    own = {"mine": (lambda: 1.0, lambda: 2.0)}
    swings = tornado(shipped, rate, keep=keep, own=own)
    cases_in_all = len(set(asked))
    assert len(asked) == cases_in_all, "none is asked for twice"
    again = tornado(shipped, rate, keep=keep, own={"mine": (lambda: 0 / 0, lambda: 0 / 0)})
    assert len(asked) == cases_in_all, "nothing is left to ask"
    pd.testing.assert_frame_equal(again, swings)
    tornado(shipped, rate, keep=(tmp_path, ["rates", None, 4]), own=own)
    assert len(asked) == 2 * cases_in_all, "another option is another number"
    (tmp_path / ".tornado" / "broken.json").write_text("{")
    for file in (tmp_path / ".tornado").iterdir():
        file.write_text("{")
    pd.testing.assert_frame_equal(tornado(shipped, rate, keep=keep, own=own), swings)


def test_the_grid_and_the_tornado_are_drawn_to_scale():
    grid = pd.DataFrame([[float("nan"), 50.0], [0.2, 100.0]], ["A<", "B"], ["A<", "B"])
    drawn = str(heat(grid, "Per cent", top=100.0))
    assert 'style="--v:50">50<' in drawn
    assert 'style="--v:0">&lt;1<' in drawn
    assert "A&lt;" in drawn
    frame = pd.DataFrame({"name": ["rate"], "low_change": [-1e6], "high_change": [3e6]})
    bars = str(swings(frame, "USD/yr"))
    assert "left:0.00%;width:25.00%" in bars
    assert "left:25.00%;width:75.00%" in bars
    assert "−1.00" in bars
    assert "+3.00" in bars
