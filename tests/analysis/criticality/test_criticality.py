"""Criticality: published and brute-force answers on Sioux Falls, random networks, the shipped network."""

from __future__ import annotations

import json
import math
from itertools import combinations
from pathlib import Path
from types import SimpleNamespace

import networkx as nx
import numpy as np
import pytest
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra
from typer.testing import CliRunner

import isthmus as ist
from isthmus.analysis.criticality import (
    bench,
    criticality,
    criticality_tntp,
    elements_of,
    interdiction_tntp,
    smallest_cuts,
    worst_together,
)
from isthmus.analysis.criticality.cuts import smallest_cut
from isthmus.analysis.criticality.ground import ground, singles
from isthmus.analysis.criticality.interdiction import interdict_flow, interdict_path
from isthmus.analysis.criticality.removals import worst_sets
from isthmus.assign.base import Trips, build_graph
from isthmus.assign.link_removal import LinkRemoval
from isthmus.cli import app, main
from isthmus.errors import InputError, UnknownName
from isthmus.formats.tntp import read_tntp_network, read_tntp_trips
from isthmus.run import prepare
from isthmus.scenario import find_scenario
from isthmus.web.edits import Edit, edited

GOLDEN = Path(__file__).resolve().parents[2] / "golden"
FILES = GOLDEN / "sioux_falls_net.tntp", GOLDEN / "sioux_falls_trips.tntp"


@pytest.fixture(scope="module")
def sioux():
    return read_tntp_network(FILES[0]), read_tntp_trips(FILES[1])


@pytest.fixture(scope="module")
def found(sioux):
    return criticality_tntp(*sioux, 3, top=5)


def test_one_link_of_sioux_falls_gone(found):
    """All trips on free-flow shortest paths; certified by an independent script."""
    assert found.total == 3_176_000.0
    links = found.singles["links"].set_index("element")["extra_cost"]
    wanted = {
        "9-10": 232_100, "6-8": 220_800, "16-17": 201_400, "10-11": 194_100, "10-16": 194_000,
        "15-22": 176_200, "17-19": 175_800, "13-24": 175_100,
    }  # fmt: skip
    assert dict(links.head(8)) == wanted
    arcs = found.singles["arcs"].set_index("element")["extra_cost"]
    wanted = {
        "10>9": 116_700, "9>10": 115_400, "8>6": 110_400, "6>8": 110_400, "17>16": 100_700,
        "16>17": 100_700, "10>11": 97_900, "16>10": 97_300,
    }  # fmt: skip
    assert dict(arcs.head(8)) == wanted


def test_two_links_of_sioux_falls_gone(found):
    worst = found.worst[1]
    assert (worst.n_sets, worst.n_disconnecting) == (703, 5)
    named = [(names(found, r), r.extra) for r in worst.costly.sets]
    assert named[:4] == [
        ("6-8 9-10", 515_300.0), ("10-16 16-17", 488_900.0), ("4-5 9-10", 486_300.0),
        ("6-8 10-16", 485_800.0),
    ]  # fmt: skip
    assert {names(found, r) for r in worst.minimal} == {
        "1-2 1-3", "1-2 2-6", "1-3 2-6", "7-8 7-18", "12-13 13-24",
    }  # fmt: skip
    assert worst.costly.proven
    assert worst.disconnecting.proven


def names(found, removal):
    return " ".join(found.bench.names[e] for e in removal.elements)


def test_greedy_fails_at_three(found):
    """The three worst links are none of those that one finds one after the other."""
    worst = found.worst[2]
    assert worst.n_sets == math.comb(38, 3)
    best = worst.costly.sets[0]
    assert names(found, best) == "3-4 11-12 13-24"
    assert best.extra == 1_090_000.0
    assert worst.greedy.extra == 882_000.0
    problem = found.bench.problem
    for removal in (best, worst.greedy):
        assert by_scipy(problem, removal.elements) == pytest.approx((removal.extra, 0.0))


def by_scipy(problem, elements):
    """Added cost and flow cut off, of an independent shortest-path code."""
    _, head, tail, _, _ = problem.graph
    cost = problem.without(elements)[0]
    keep = np.isfinite(cost)
    n = len(problem.graph[0]) - 1
    least = {}
    for u, v, c in zip(tail[keep].tolist(), head[keep].tolist(), cost[keep].tolist(), strict=True):
        least[u, v] = min(c, least.get((u, v), math.inf))
    ends = np.array(list(least)).reshape(-1, 2).T
    dist = dijkstra(csr_matrix((list(least.values()), ends), (n, n)))
    root = np.repeat(problem.roots, np.diff(problem.first))
    there = dist[root, problem.node]
    served = np.isfinite(there)
    extra = float((problem.flow * (there - problem.intact))[served].sum())
    return extra, float(problem.flow[~served].sum())


def test_sets_agree_with_scipy(found):
    problem = found.bench.problem
    for worst in found.worst[1:]:
        for removal in (*worst.costly.sets, *worst.disconnecting.sets):
            assert by_scipy(problem, removal.elements) == pytest.approx(
                (removal.extra, removal.unserved)
            )


@pytest.mark.parametrize(
    ("ends", "delay", "values"),
    [((1, 20), 10.0, (24, 32, 34)), ((1, 20), math.inf, (24, math.inf)),
     ((13, 2), math.inf, (29, math.inf))],
)  # fmt: skip
def test_interdiction_of_sioux_falls(sioux, ends, delay, values):
    found = bench(*sioux, remove="arcs")
    answers = interdiction_tntp(found, *ends, len(values), delay=delay)
    assert [one.value for _, one, _ in answers] == list(values)
    assert all(one.proven for _, one, _ in answers)


def made(seed, n_node=9, n_arc=30, n_trip=14):
    rng = np.random.default_rng(seed)
    tail, head = rng.integers(0, n_node, (2, n_arc))
    graph, order = build_graph(tail, head, n_node)
    cost = rng.integers(1, 20, n_arc).astype(float)[order]
    trips = Trips(
        np.zeros(n_trip, np.int32), *rng.integers(0, n_node, (2, n_trip)).astype(np.int32),
        rng.integers(1, 50, n_trip).astype(float),
    )  # fmt: skip
    return graph, cost, trips, (np.arange(n_arc) // 2)[order].astype(np.int32)


def test_search_without_time_names_sets_and_a_bound_that_holds(found):
    problem = found.bench.problem
    for k, most in ((2, 515_300.0), (3, 1_090_000.0)):
        worst = worst_sets(problem, k, top=3, seconds=0.0, whole=0)
        assert not worst.costly.proven
        assert worst.costly.bound >= most
        for removal in worst.costly.sets:
            assert by_scipy(problem, removal.elements) == pytest.approx((removal.extra, 0.0))
        assert len({r.elements for r in worst.costly.sets}) == 3
        assert worst.disconnecting.bound >= found.worst[k - 1].disconnecting.sets[0].unserved
        assert worst.disconnecting.sets


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("k", [2, 3])
def test_search_finds_what_enumeration_does(seed, k):
    problem = ground(*made(seed))
    every = [(by_scipy(problem, s), s) for s in combinations(range(problem.n_element), k)]
    costly = max((x for (x, lost), _ in every if lost == 0.0), default=None)
    lost = max(lost for (_, lost), _ in every)
    for whole in (0, 10**9):
        worst = worst_sets(problem, k, top=1, whole=whole)
        assert worst.costly.proven
        assert worst.disconnecting.proven
        if costly:
            assert worst.costly.sets[0].extra == pytest.approx(costly)
        if lost:
            assert worst.disconnecting.sets[0].unserved == pytest.approx(lost)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("whole", [0, 10**9])
def test_classes_of_other_costs_add_up(seed, whole):
    """Each class takes its own least-cost ways; the worst set is that of the sum over classes."""
    graph, cost, trips, element = made(seed)
    dear = np.where(np.arange(graph.n_arc) % 3 == 0, np.inf, cost[::-1])
    two = Trips(
        np.concatenate([trips.klass, trips.klass + 1]), np.tile(trips.origin, 2),
        np.tile(trips.destination, 2), np.concatenate([trips.flow, trips.flow[::-1]]),
    )  # fmt: skip
    both = ground(graph, np.stack([cost, dear]), two, element)
    apart = [
        ground(graph, row, Trips(trips.klass, *trips[1:3], flow), element)
        for row, flow in ((cost, trips.flow), (dear, trips.flow[::-1]))
    ]
    assert both.total == pytest.approx(sum(p.total for p in apart))
    assert both.unserved == pytest.approx(sum(p.unserved for p in apart))
    sums = np.sum([singles(p) for p in apart], axis=0)
    assert np.array(singles(both)) == pytest.approx(sums)
    every = {
        s: np.sum([by_scipy(p, s) for p in apart], axis=0)
        for s in combinations(range(both.n_element), 2)
    }
    worst = worst_sets(both, 2, top=1, whole=whole)
    costly = max(extra for extra, lost in every.values() if lost == 0.0)
    assert worst.costly.sets[0].extra == pytest.approx(costly)
    assert worst.disconnecting.sets[0].unserved == pytest.approx(max(x for _, x in every.values()))


@pytest.mark.parametrize("seed", range(8))
def test_interdiction_and_cuts_agree_with_brute_force(seed):
    graph, cost, _, element = made(seed)
    n = int(element.max()) + 1

    def length(shut, value):
        gone = np.isin(element, shut)
        net = nx.DiGraph()
        net.add_nodes_from(range(graph.n_node))
        for a in np.flatnonzero(~gone):
            u, v = int(graph.tail[a]), int(graph.head[a])
            old = net.get_edge_data(u, v, {"w": math.inf, "c": 0.0})
            net.add_edge(u, v, w=min(old["w"], cost[a]), c=old["c"] + cost[a])
        if value == "path":
            return nx.single_source_dijkstra_path_length(net, 0, weight="w").get(1, math.inf)
        return nx.maximum_flow_value(net, 0, 1, capacity="c")

    sets = [s for k in range(3) for s in combinations(range(n), k)]
    found = interdict_path(graph, cost, element, 0, 1, 2)
    assert found.value == max(length(s, "path") for s in sets)
    flow = interdict_flow(graph, cost, element, 0, 1, 2)
    assert flow.value == pytest.approx(min(length(s, "flow") for s in sets))
    taken, total, apart = smallest_cut(graph, element, [0], [1])
    assert apart == math.isinf(length((), "path"))
    assert math.isinf(length(taken, "path"))
    parting = [len(s) for s in sets if math.isinf(length(s, "path"))]
    assert total == min(parting) if parting else total > 2


@pytest.fixture(scope="module")
def base(central):
    return central


def test_losses_are_near_those_of_a_scenario_that_closes_the_same(shipped, base):
    """The cases share routes and slopes; a scenario assigned by itself does not."""
    found = criticality(base, ["passage"], ["hormuz", "bosporus"])
    table = found.elements.set_index("element_id")
    assert found.worst_gap < 2e-4
    order = find_scenario("baseline")
    for name in ("hormuz", "bosporus"):
        closed = edited(order, [Edit(verb="close", noun="passage", id=name)], None)
        run = prepare(shipped, closed, ist.GeneralizedCost(shipped), base=base)
        totals = run.comparison.totals()
        row = table.loc[name]
        assert row["unserved_t_yr"] == pytest.approx(totals["unserved_new_t_yr"], abs=1.0)
        assert row["added_usd_yr"] == pytest.approx(totals["cost_change_usd_yr"], rel=2e-2)
        assert row["added_td_yr"] == pytest.approx(totals["time_change_th_yr"] / 24, rel=2e-2)
    country = found.by_country[found.by_country["element_id"].eq("hormuz")]
    assert country["added_usd_yr"].sum() >= table.loc["hormuz", "added_usd_yr"]
    assert (found.elements["added_usd_yr"] > -1e6).all()


def test_what_no_route_uses_costs_nothing(base):
    without = LinkRemoval(base)
    elements = elements_of(base, ["link"])
    idle = [i for i, arcs in enumerate(elements.arcs) if not len(without.trips_over(arcs))]
    assert idle
    outcome = without.remove(elements.arcs[idle[0]])
    assert not outcome.lost.any()
    assert not outcome.usd_t.any()


def test_armenia_is_parted_from_russia_by_five_border_places(base):
    """Four with Georgia and one with Iran are open; those with Azerbaijan and Türkiye are shut."""
    [row] = smallest_cuts(base, "ARM", "RUS", ["container"]).to_dict("records")
    assert row["n_places"] == 5
    assert row["node_ids"].split("; ") == [
        "agarak-norduz", "ayrum", "bagratashen-sadakhlo", "bavra-ninotsminda", "gogavan-guguti",
    ]  # fmt: skip


def test_two_border_places_together(base):
    found = worst_together(base, 2, commodity="grain_food", top=2)
    assert found.sets["proven"].all()
    assert found.tonnes_t_yr == pytest.approx(
        base.trips.loc[base.trips["commodity_id"].eq("grain_food"), "tonnes_t_yr"].sum()
    )
    one, two = (
        found.sets[found.sets["k"].eq(k) & found.sets["kind"].eq("costly")]["added_usd_yr"].max()
        for k in (1, 2)
    )
    assert two > one > 0


def test_straits_together_in_all_trade(base):
    """Of straits, two cost more than one; the sets name straits."""
    found = worst_together(base, 2, "passage", top=3)
    worst = found.sets[found.sets["rank"].eq(1)].set_index(["kind", "k"])
    assert found.sets["proven"].all()
    assert found.tonnes_t_yr == pytest.approx(base.trips["tonnes_t_yr"].sum())
    assert worst.loc[("costly", 2), "added_usd_yr"] > worst.loc[("costly", 1), "added_usd_yr"]
    assert set(worst["element_ids"].str.split("; ").explode()) <= set(
        elements_of(base, ["passage"]).table["element_id"]
    )


def test_sets_that_have_no_bound_are_refused(base):
    with pytest.raises(InputError, match="share links"):
        worst_together(base, 2, "corridor")
    with pytest.raises(InputError, match="together of"):
        worst_together(base, 99, "passage")
    with pytest.raises(UnknownName, match="oil_products"):
        smallest_cuts(base, "ARM", "RUS", ["oil_product"])


def test_ocean_routes_are_no_corridors_to_lose(base):
    """They share their seas: the loss of one would be that of all ships."""
    corridors = set(elements_of(base, ["corridor"]).table["element_id"])
    assert {"titr", "northern", "btk"} <= corridors
    assert not any(c.startswith("ocean") for c in corridors)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--date", "abc"], "is no day"),
        (["--date", "1985-01-01"], "before the record begins"),
        (["--html", "/no/such/folder/page.html"], "there is no folder"),
        (["-k", "2", "--html", "page.html"], "has no effect with -k"),
        (["--commodity", "container"], "has no effect with one element gone"),
        (["--remove", "arcs"], "--tntp"),
        (["--cut", "ARM,ARM"], "is not two territories"),
        (["--cut", "ARM,RUS", "--commodity", "oil_product"], "oil_products"),
        (["--tntp", *map(str, FILES), "--remove", "foo"], "One of links, arcs"),
        (["--tntp", *map(str, FILES), "-k", "39"], "1 to 38"),
        (["--tntp", *map(str, FILES), "--cut", "ARM,RUS"], "has no effect with --tntp"),
        (["--tntp", *map(str, FILES), "--toll-weight", "nan"], "0 or more"),
    ],
)
def test_what_would_have_no_effect_is_refused(words, said, monkeypatch, capsys):
    """One message, exit 2, before any work; never a traceback."""
    monkeypatch.setattr("sys.argv", ["isthmus", "criticality", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert said in " ".join(capsys.readouterr().err.split())


def test_wrong_kinds_are_told(base):
    with pytest.raises(InputError, match="bridge"):
        elements_of(base, ["bridge"])
    with pytest.raises(InputError, match="hormuz"):
        criticality(base, ["passage"], ["hormus"])


def test_command_answers_for_tntp_files():
    done = CliRunner().invoke(
        app, ["criticality", "--tntp", *map(str, FILES), "-k", "2", "--json", "--top", "1"]
    )
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert said["singles"]["links"][0]["element"] == "9-10"
    assert said["worst"][1]["costly"]["sets"][0]["extra_cost"] == 515_300
    assert said["worst"][1]["n_disconnecting"] == 5


def test_tornado_moves_the_loss_that_costs_most(shipped, base, monkeypatch, tmp_path):
    """With one assumption, at its two ends: dearer time makes the same detour dearer."""
    from isthmus import sensitivity
    from isthmus.cli.criticality import _tornado

    monkeypatch.chdir(tmp_path)
    every = sensitivity.cases(shipped)
    some = [c for c in every if c.assumption in ("central", "value-of-time")]
    assert len(some) == 3
    monkeypatch.setattr(sensitivity, "cases", lambda facts: some)
    found = criticality(base, ["passage"], ["bosporus", "kerch"])
    [row] = _tornado(
        shipped, None, "2025-01-01", found, SimpleNamespace(update=lambda text: None)
    ).to_dict("records")
    assert row["element_id"] == "bosporus"
    worst = float(found.elements["added_usd_yr"].max())
    assert row["central"] == pytest.approx(worst, rel=1e-3)
    assert row["low_change"] < 0 < row["high_change"]
