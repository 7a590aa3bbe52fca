"""The transit game against the programme of every coalition, and on networks drawn by hand."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.optimize import linprog
from typer.testing import CliRunner

import isthmus as ist
from isthmus.analysis.energy import energy_flows, network_of_year
from isthmus.analysis.flows.coalitions import Compiled, compile_game
from isthmus.analysis.flows.game import TransitGame
from isthmus.analysis.power import (
    compare_power,
    energy_power,
    gas_study,
    power,
    transit_by_controller,
)
from isthmus.analysis.power.gas import (
    CHOKE_USD_KM3,
    EXISTING,
    OPTIONS,
    PLAYERS,
    PROJECTS,
    SLOPE,
    worth,
)
from isthmus.assign.base import Trips, build_graph
from isthmus.assign.capacitated import capacitated
from isthmus.assign.least_cost import least_costs
from isthmus.cli import app
from isthmus.errors import InputError
from isthmus.kernels.basis_inverse import bordered, moved, stripped
from isthmus.vocab import PIPE_MODES


def random_game(seed, n=4, n_node=10, n_arc=45, n_trip=10):
    """Parallel arcs, free and closed ones, little room; a class a trip, so that own lands differ."""
    rng = np.random.default_rng(seed)
    tail, head = rng.integers(0, n_node, (2, n_arc))
    graph, _ = build_graph(tail, head, n_node)
    cost = np.repeat(rng.uniform(0.5, 10.0, (1, n_arc)), n_trip, axis=0)
    cost *= rng.uniform(0.8, 1.2, cost.shape)
    cost[:, rng.random(n_arc) < 0.1] = np.inf
    capacity = rng.uniform(5.0, 60.0, n_arc)
    capacity[rng.random(n_arc) < 0.3] = np.inf
    owner = np.where(rng.random(n_arc) < 0.8, 1 << rng.integers(0, n, n_arc), 0)
    start = rng.integers(0, n_node, n_trip)
    ends = np.stack([start, (start + 1 + rng.integers(0, n_node - 1, n_trip)) % n_node])
    trips = Trips(
        np.arange(n_trip, dtype=np.int32), *ends.astype(np.int32), rng.uniform(1, 30, n_trip)
    )
    least = least_costs(graph, cost, trips)
    rows = np.flatnonzero(np.isfinite(least))
    own = (1 << rng.integers(0, n, (2, n_trip))).sum(axis=0) & ((1 << n) - 1)
    own = np.where(rng.random(n_trip) < 0.5, own, 0)
    outside = least * rng.uniform(1.1, 3.0, n_trip) + 1.0
    chosen = Trips(*(x[rows] for x in trips))
    return TransitGame(graph, cost, capacity, chosen, outside[rows], owner, own[rows], n)


def cost_of(game, coalition):
    """Least cost of a coalition by the general programme, arcs of others closed trip by trip."""
    allowed = coalition | game.own
    cost = game.cost[game.trips.klass].copy()
    for t in range(len(game.outside)):
        cost[t, (game.owner & ~allowed[t]) != 0] = np.inf
    trips = game.trips._replace(klass=np.arange(len(game.outside), dtype=np.int32))
    found = capacitated(game.graph, cost, trips, game.capacity, penalty=game.outside, gap=1e-10)
    return found.objective


@pytest.mark.parametrize("seed", range(12))
def test_every_coalition_is_the_optimum_of_its_programme(seed):
    game = random_game(seed)
    compiled, gap = compile_game(game)
    assert gap.most <= 1e-7
    assert gap.mean <= gap.most
    nothing = cost_of(game, 0)
    saved = compiled.every(workers=2)
    for coalition in range(1 << game.n):
        want = nothing - cost_of(game, coalition)
        assert saved[coalition] == pytest.approx(want, abs=1e-5 * max(1.0, abs(nothing)))
    assert np.array_equal(saved, compiled.every(workers=1)), "the same bits on one thread"
    lone = [compiled.one(s)[0] - compiled.one(0)[0] for s in range(1 << game.n)]
    assert saved == pytest.approx(np.array(lone), abs=1e-6 * abs(nothing))


def test_without_capacities_the_search_alone_is_exact():
    game = random_game(3)
    free = TransitGame(
        game.graph, game.cost, np.full(game.graph.n_arc, np.inf), game.trips, game.outside,
        game.owner, game.own, game.n,
    )  # fmt: skip
    compiled = Compiled(free, free.search())
    assert not compiled.coupled.any()
    saved = compiled.every()
    for coalition in range(1 << game.n):
        want = cost_of(free, 0) - cost_of(free, coalition)
        assert saved[coalition] == pytest.approx(want, abs=1e-7 * cost_of(free, 0))


def bridge(n_way):
    """One trip of 10 t at 1 USD each arc from 0 to 1, by one of some ways of two players in a row."""
    tail, head, owner = [], [], []
    for w in range(n_way):
        tail += [0, 2 + w]
        head += [2 + w, 1]
        owner += [1 << 2 * w, 1 << 2 * w + 1]
    graph, order = build_graph(tail, head, 2 + n_way)
    zero = np.zeros(1, np.int32)
    trips = Trips(zero, zero, zero + 1, np.array([10.0]))
    cost, room = np.ones((1, len(tail))), np.full(len(tail), np.inf)
    owners = np.array(owner, np.int64)[order]
    return TransitGame(
        graph, cost, room, trips, np.array([12.0]), owners, np.zeros(1, np.int64), 2 * n_way
    )


def test_two_in_a_row_share_and_two_rows_compete():
    """Closed forms: a chain is unanimity; of two chains each player is needed by half the other's absence."""
    chain = Compiled(bridge(1), bridge(1).search()).every()
    assert chain.tolist() == [0.0, 0.0, 0.0, 100.0]
    assert ist.shapley(chain).tolist() == [50.0, 50.0]
    pair = Compiled(bridge(2), bridge(2).search()).every()
    assert ist.shapley(pair) == pytest.approx([25.0] * 4)
    assert ist.nucleolus(pair) == pytest.approx([25.0] * 4)
    assert pair[0b0011] == pair[0b1111] == 100.0


@pytest.fixture(scope="module")
def base(shipped):
    network, demand = shipped.network("2025-01-01"), shipped.demand(2024)
    return ist.assign(network, demand, ist.GeneralizedCost(shipped), method="all_or_nothing")


def test_shipped_network_gives_a_monotone_game(base):
    found = power(base, ["GEO", "AZE", "ARM"])
    v = found.values
    assert v[0] == 0.0
    for i in range(3):
        without = [s for s in range(8) if not s >> i & 1]
        assert all(v[s | 1 << i] >= v[s] - 1e-6 * v[-1] for s in without)
    table = found.table()
    assert table["shapley_usd_yr"].sum() == pytest.approx(v[-1])
    assert table["player_id"].iloc[0] != "ARM"
    assert found.certificate.holds
    assert found.path_gap.most < 1e-6
    assert (table["veto_usd_yr"] >= -1e-6 * v[-1]).all()


def test_own_trade_needs_no_consent_at_home(base):
    transit = transit_by_controller(base)
    assert transit.is_monotonic_decreasing
    land = base.virtual.network.zones.set_index("zone_id")["territory_id"]
    path = int(np.argmax(base.paths.flow))
    trip = base.trips.iloc[base.paths.trip[path]]
    game = power(base, ["KAZ"], commodity=str(trip["commodity_id"]))
    assert game.players["name"].tolist() == ["Kazakhstan"]
    home = land[trip["origin_zone_id"]]
    assert home in set(land)


def test_an_order_is_compared_at_the_prices_of_its_base(shipped, base):
    from isthmus.scenario import find_scenario

    order = find_scenario("azerbaijan-closed", shipped)
    network, demand = order.apply(shipped.network(str(order.base)), shipped.demand(2024))
    new = ist.assign(network, demand, ist.GeneralizedCost(shipped), method="all_or_nothing")
    players = ["AZE", "GEO"]
    before = power(base, players)
    after = power(new, players, outside=before.outside)
    table = compare_power(before, after).set_index("player_id")
    assert table.loc["AZE", "shapley_usd_yr_base"] > 0.0
    assert table.loc["AZE", "shapley_usd_yr_new"] == pytest.approx(
        0.0, abs=1e-6 * before.total_usd_yr
    )
    with pytest.raises(InputError, match="different players"):
        compare_power(before, power(new, ["GEO", "AZE"], outside=before.outside))


def test_free_passages_leave_no_veto_at_a_canal(base):
    """The way into the Suez Canal from either sea is passage too; Egypt's ports stay its own."""
    held = power(base, ["EGY", "TUR"]).table().set_index("player_id")
    free = power(base, ["EGY", "TUR"], free_passages=True).table().set_index("player_id")
    assert held.loc["EGY", "veto_usd_yr"] > 1e9
    assert free.loc["EGY", "veto_usd_yr"] < 1e-3 * held.loc["EGY", "veto_usd_yr"]
    assert 0.0 < free.loc["TUR", "veto_usd_yr"] < held.loc["TUR", "veto_usd_yr"]


def test_tonnes_over_a_land_are_of_the_good_played_for(base):
    every = transit_by_controller(base)
    grain = transit_by_controller(base, "grain_food")
    assert 0.0 < grain["EGY"] < every["EGY"]
    players = power(base, ["EGY", "GEO"], commodity="grain_food").players
    assert players.set_index("player_id").loc["EGY", "transit_t_yr"] == grain["EGY"]


def test_wrong_players_are_told(base):
    with pytest.raises(InputError, match='"ATLANTIS" controls nothing'):
        power(base, ["ATLANTIS"])
    with pytest.raises(InputError, match="no share"):
        power(base, ["GEO"], share=-1.0)
    with pytest.raises(InputError, match="not traded"):
        power(base, ["GEO"], commodity="dreams")


@pytest.mark.parametrize("k", [1, 2, 5])
def test_the_inverse_follows_its_matrix(k):
    rng = np.random.default_rng(k)
    matrix, room = rng.normal(size=(k, k)), np.zeros((k + 1, k + 1))
    room[:k, :k] = np.linalg.inv(matrix)
    column, row = np.zeros(k + 1), np.zeros(k + 1)
    left, right = rng.normal(size=k), rng.normal(size=k)
    assert moved(room, k, left, right, column, row)
    matrix = matrix + np.outer(left, right)
    assert room[:k, :k] == pytest.approx(np.linalg.inv(matrix))
    left, right, corner = rng.normal(size=k), rng.normal(size=k), rng.normal()
    assert bordered(room, k, left, right, corner, column, row)
    matrix = np.block([[matrix, left[:, None]], [right[None, :], np.array([[corner]])]])
    assert room == pytest.approx(np.linalg.inv(matrix))
    assert stripped(room, k + 1, 0, k)
    kept = matrix[1:][:, :k] if k == 1 else matrix[[k, *range(1, k)]][:, :k]
    assert room[:k, :k] == pytest.approx(np.linalg.inv(kept))
    assert not moved(np.eye(1), 1, np.array([-1.0]), np.array([1.0]), column, row)


def test_published_statements_hold_on_the_study():
    """Abstracts of Hubert and Ikonnikova 2011 and of Hubert and Cobanli 2014."""
    found = gas_study()
    assert len(found.statements) == 5
    assert found.statements["holds"].all(), found.statements.to_string()
    total = found.values.groupby("lines")[["shapley_musd_yr", "nucleolus_musd_yr"]].sum()
    assert total["shapley_musd_yr"].to_numpy() == pytest.approx(total["nucleolus_musd_yr"])


def test_worth_of_lines_is_the_optimum_of_their_programme():
    """The same by HiGHS, demand cut into steps of a tenth of a bcm."""
    lines = (*EXISTING, *OPTIONS, *PROJECTS.values())
    v = worth(lines)
    step = 0.1
    price = CHOKE_USD_KM3 - SLOPE * step * (np.arange(2000) + 0.5)
    price = price[price > 0]
    for coalition in range(1, 1 << len(PLAYERS)):
        names = {p for i, p in enumerate(PLAYERS) if coalition >> i & 1}
        mine = [s for s in lines if set(s.players) <= names]
        if not mine:
            assert v[coalition] == 0.0
            continue
        cost = np.concatenate([[s.cost_usd_km3 for s in mine], -price])
        most = [(0, s.capacity_bcm) for s in mine] + [(0, step)] * len(price)
        row = np.concatenate([np.ones(len(mine)), -np.ones(len(price))])[None, :]
        found = linprog(cost, A_eq=row, b_eq=[0.0], bounds=most)
        assert v[coalition] == pytest.approx(-found.fun, rel=1e-3)


@pytest.fixture(scope="module")
def gas(shipped):
    flows = energy_flows(network_of_year(shipped, 2023), 2023)
    return flows, energy_power(flows, "natural_gas", ["AZE", "GEO", "TUR", "IRN"])


def test_coalitions_of_gas_are_those_of_the_energy_programme(gas):
    """Every coalition again with the pipes and wells of the others shut, by `assign.capacitated`."""
    flows, found = gas
    problem, n = flows.problem, len(found.players)
    good = problem.trips.klass == problem.goods.index("natural_gas")
    trips = problem.trips._replace(flow=np.where(good, problem.trips.flow, 0.0))
    names, arcs = found.players["player_id"].to_numpy(), problem.arcs
    piped = arcs["kind"].eq("move") & arcs["mode"].isin(PIPE_MODES)

    def cost(coalition):
        out = [names[i] for i in range(n) if not coalition >> i & 1]
        shut = (piped & arcs["control_id"].isin(out)) | (
            arcs["kind"].eq("well") & arcs["territory_id"].isin(out)
        )
        price = np.where(shut.to_numpy()[None, :], np.inf, problem.cost)
        return capacitated(
            problem.graph, price, trips, problem.capacity, penalty=problem.penalty
        ).objective

    nothing = cost(0)
    for coalition in range(1 << n):
        want = nothing - cost(coalition)
        assert found.values[coalition] == pytest.approx(want, abs=1e-6 * nothing)


def test_links_of_a_chain_are_worth_more_together(gas):
    """From Azerbaijan through Georgia to Türkiye: no part of it brings the gas alone."""
    v = gas[1].values
    assert v[0b0111] > v[0b0001] + v[0b0010] + v[0b0100] + 1e9
    with pytest.raises(InputError, match="neither oil nor gas"):
        energy_power(gas[0], "coal")
    with pytest.raises(InputError, match="no well and no pipe"):
        energy_power(gas[0], "natural_gas", ["NARNIA"])


def test_too_many_players_are_sampled(base):
    players = list(transit_by_controller(base).index[:17])
    found = power(base, players, pairs=2, commodity="perishables")
    assert not found.exact
    table = found.table()
    assert table["shapley_usd_yr"].sum() == pytest.approx(found.total_usd_yr)
    assert (table["low_usd_yr"] <= table["shapley_usd_yr"]).all()
    with pytest.raises(InputError, match="17 players"):
        found.nucleolus()


def call(*args):
    return CliRunner().invoke(app, ["power", *args])


def test_command_prints_json_and_writes_a_page(tmp_path):
    page = tmp_path / "power.html"
    done = call("zangezur", "--players", "AZE,ARM", "--json", "--html", str(page))
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert {p["player_id"] for p in found["players"]} == {"AZE", "ARM"}
    assert found["exact"]
    assert found["coalitions"] == 4
    assert {"scenario", "path_gap", "total_usd_yr", "core_is_empty", "change"} <= set(found)
    text = page.read_text(encoding="utf-8")
    assert "Who gains and who loses bargaining power" in text
    assert "http" not in text.replace("http://www.w3.org", "")


def test_command_for_gas_and_for_the_study():
    done = call("--commodity", "gas", "--players", "AZE,GEO,TUR")
    assert done.exit_code == 0, done.output
    assert "Georgia" in done.stdout
    done = call("--study", "--json")
    assert [s["holds"] for s in json.loads(done.stdout)["statements"]] == [True] * 5
