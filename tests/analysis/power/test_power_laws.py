"""Closed forms of the transit game on networks of a few arcs, and what the options mean."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from test_power import random_game

from conftest import crossing, link, node, strait_rows
from isthmus.analysis.flows import coalitions as search
from isthmus.analysis.flows.coalitions import Compiled, compile_game
from isthmus.analysis.flows.game import TransitGame, TripPaths
from isthmus.analysis.flows.totals import trip_levels
from isthmus.analysis.power import compare_power, power, transit_by_controller
from isthmus.analysis.power.controllers import named
from isthmus.analysis.power.game import transit_game
from isthmus.assign import assign
from isthmus.assign.base import Trips, build_graph
from isthmus.cost.model import GeneralizedCost
from isthmus.errors import InputError

LANDS = ("AAA", "BBB", "DDD", "CCC")
TONNES = {"container": 100.0, "grain_food": 10.0}


def chain(round_km=0.0, **of_border):
    """A and C with the lands of B and D in a row between them, and perhaps a way round of their own."""
    places = [
        ("a", "AAA"),
        ("ab", "AAA"),
        ("bd", "BBB"),
        ("dc", "DDD"),
        ("c", "CCC"),
        ("ac", "AAA"),
    ]
    links = [
        link("a", "ab", "road", "AAA", 50, control_id="AAA"),
        link("ab", "bd", "road", "BBB", 100, control_id="BBB"),
        link("bd", "dc", "road", "DDD", 100, control_id="DDD"),
        link("dc", "c", "road", "CCC", 50, control_id="CCC"),
    ]
    borders = [("ab", "AAA", "BBB"), ("bd", "BBB", "DDD"), ("dc", "DDD", "CCC")]
    if round_km:
        links += [
            link("a", "ac", "road", "AAA", round_km, control_id="AAA"),
            link("ac", "c", "road", "CCC", round_km, control_id="CCC"),
        ]
        borders.append(("ac", "AAA", "CCC"))
    crossings = [
        row for at, x, y in borders for row in crossing(at, "road", x, y, **of_border)
    ]  # fmt: skip
    since = {"from_date": "2000-01-01"}
    flows = [("A", "C", g, t) for g, t in TONNES.items()] + [("A", "B", "container", 30.0)]
    return {
        "territories": [{"territory_id": t, "name": t.title(), "kind": "state"} for t in LANDS],
        "nodes": [node(n, t, float(i), float(n == "ac")) for i, (n, t) in enumerate(places)],
        "links": links,
        "link_status": [{"link_id": r["link_id"], "status": "open", **since} for r in links],
        "regimes": [
            {
                "regime": r, "name": r, "definition": r, "open": r != "closed", "delay_factor": 1,
                "spread_factor": 1, "fee_factor": 1, "flags": "all", "direction": "both",
                "control": "each",
            }
            for r in ("normal", "closed")
        ],
        "crossings": crossings,
        "crossing_regimes": [
            {"crossing_id": r["crossing_id"], "regime": "normal", **since} for r in crossings
        ],
        "zones": [
            {"zone_id": z, "name": z, "territory_id": t, "node_id": n}
            for z, t, n in (("A", "AAA", "a"), ("C", "CCC", "c"), ("B", "BBB", "bd"))
        ],
        "connectors": [
            {"zone_id": z, "node_id": n, "access_km": 5} for z, n in (("A", "a"), ("C", "c"), ("B", "bd"))
        ],
        "demand": [
            {
                "origin_zone_id": o, "destination_zone_id": d, "commodity_id": g, "year": 2024,
                "tonnes_t_yr": t,
            }
            for o, d, g, t in flows
        ],
    }  # fmt: skip


def solved(facts):
    return assign(
        facts.network("2024-06-01"), facts.demand(2024), GeneralizedCost(facts),
        method="all_or_nothing",
    )  # fmt: skip


def lost(facts, share):
    """What all trade from A to C loses if it does not move, beyond what its way costs. [USD/yr]"""
    value = facts["commodities"].set_index("commodity_id")["value_usd_t"]
    return share * sum(tonnes * value[good] for good, tonnes in TONNES.items())


KEY = ["origin_zone_id", "destination_zone_id", "commodity_id"]


@pytest.mark.parametrize("share", [None, 0.1, 2.0])
def test_two_in_a_row_share_what_not_moving_loses(facts_of, share):
    """
    Without another way a tonne outside pays its least cost and a share of its value, so that two players
    who both must agree save exactly that share of the value of what they let pass, and halve it.
    """
    facts = facts_of(chain())
    base = solved(facts)
    found = power(base, ["BBB", "DDD"], share=share)
    usual = float(facts["parameters"].query("parameter == 'no_trade_value_share'")["value"].iloc[0])
    want = lost(facts, usual if share is None else share)
    assert found.values == pytest.approx([0.0, 0.0, 0.0, want])
    assert found.total_usd_yr == pytest.approx(want)
    table = found.table().set_index("player_id")
    for column, part in (
        ("shapley_usd_yr", 0.5), ("nucleolus_usd_yr", 0.5), ("banzhaf_usd_yr", 0.5),
        ("alone_usd_yr", 0.0), ("veto_usd_yr", 1.0), ("low_usd_yr", 0.5), ("high_usd_yr", 0.5),
    ):  # fmt: skip
        assert table[column].tolist() == pytest.approx([part * want] * 2), column
    assert table["share"].tolist() == pytest.approx([0.5, 0.5])
    assert table["transit_t_yr"].to_dict() == {"BBB": 110.0, "DDD": 110.0}
    assert found.exact
    assert (found.checked, found.nucleolus_kind, found.core_is_empty) == (4, "nucleolus", False)
    assert found.certificate.holds
    outside = found.outside.set_index(KEY)["outside_usd_t"]
    usd = trip_levels(base).set_index(KEY)["usd_t"]
    value = facts["commodities"].set_index("commodity_id")["value_usd_t"]
    for key, price in outside.items():
        more = (usual if share is None else share) * value[key[2]]
        assert price == pytest.approx(usd[key] + more)
    assert len(outside) == 3, "trade that asks nobody is priced too"


def test_a_way_round_is_the_most_that_those_on_the_short_one_can_ask(facts_of):
    """With a way round the two save what it costs more, where that is less than not moving loses."""
    facts = facts_of(chain(round_km=1200.0))
    base = solved(facts)
    rows = chain(round_km=1200.0)
    for row in rows["crossing_regimes"]:
        if ":bd:" in row["crossing_id"]:
            row["regime"] = "closed"
    around = trip_levels(solved(facts_of(rows))).set_index(KEY)["usd_t"]
    usd = trip_levels(base).set_index(KEY)["usd_t"]
    value = facts["commodities"].set_index("commodity_id")["value_usd_t"]
    share = 0.25
    want, kinds = 0.0, set()
    for good, tonnes in TONNES.items():
        key = ("A", "C", good)
        detour, loss = around[key] - usd[key], share * value[good]
        assert detour > 0.0
        kinds.add(detour < loss)
        want += tonnes * min(detour, loss)
    assert kinds == {True, False}, "one good goes round, the other stays"
    found = power(base, ["BBB", "DDD"], share=share)
    assert found.values == pytest.approx([0.0, 0.0, 0.0, want])


def test_a_land_is_nobodys_third_party_in_its_own_trade(facts_of):
    """Trade that begins or ends in a land needs no consent there, and is no transit of it."""
    facts = facts_of(chain())
    base = solved(facts)
    transit = transit_by_controller(base)
    assert transit.to_dict() == {"BBB": 110.0, "DDD": 110.0}
    assert transit_by_controller(base, "grain_food").to_dict() == {"BBB": 10.0, "DDD": 10.0}
    one = power(base, ["AAA", "CCC"])
    assert one.values == pytest.approx([0.0] * 4, abs=1e-9), "no trade of others passes them"
    assert one.table()["share"].tolist() == [0.0, 0.0]
    alone = power(base, ["DDD"])
    assert alone.values == pytest.approx([0.0, lost(facts, 0.25)]), "who is no player lets all pass"
    assert power(base, most=1).players["player_id"].tolist() == ["BBB"]
    assert power(base).players["player_id"].tolist() == ["BBB", "DDD"]
    grain = power(base, ["BBB", "DDD"], commodity="grain_food")
    value = facts["commodities"].set_index("commodity_id").loc["grain_food", "value_usd_t"]
    assert grain.total_usd_yr == pytest.approx(0.25 * 10.0 * value)
    assert len(grain.outside) == 1


def test_room_for_a_part_is_worth_that_part(facts_of):
    """Under a capacity the players save the best tonnes that fit, 60 % of it one way, and no more."""
    rows = chain()
    rows["links"][2]["capacity_t_yr"] = 100.0
    facts = facts_of(rows)
    value = facts["commodities"].set_index("commodity_id")["value_usd_t"]
    found = power(solved(facts), ["BBB", "DDD"], share=0.25)
    assert value["container"] > value["grain_food"]
    assert found.total_usd_yr == pytest.approx(60.0 * 0.25 * value["container"], rel=1e-6)


def test_an_order_is_played_at_the_prices_of_its_base(facts_of):
    """A shut way at the prices of the base loses all of it; at its own prices nothing was there to lose."""
    facts = facts_of(chain(round_km=40_000.0))
    base = solved(facts)
    rows = chain(round_km=40_000.0)
    for row in rows["crossing_regimes"]:
        if ":bd:" in row["crossing_id"]:
            row["regime"] = "closed"
    shut = solved(facts_of(rows))
    players = ["BBB", "DDD"]
    before = power(base, players, share=0.25)
    after = power(shut, players, share=0.25, outside=before.outside)
    table = compare_power(before, after).set_index("player_id")
    half = lost(facts, 0.25) / 2
    assert table["shapley_usd_yr_base"].tolist() == pytest.approx([half, half])
    assert table["shapley_usd_yr_new"].tolist() == pytest.approx([0.0, 0.0], abs=1e-9)
    assert table["shapley_usd_yr_change"].tolist() == pytest.approx([-half, -half])
    assert table["share_change"].tolist() == pytest.approx([-0.5, -0.5])
    assert table["transit_t_yr_change"].tolist() == [-110.0, -110.0]
    assert table["nucleolus_usd_yr_change"].tolist() == pytest.approx([-half, -half])
    own = transit_game(shut, players, share=0.25)[1].set_index(KEY)["outside_usd_t"]
    usd = trip_levels(shut).set_index(KEY)["usd_t"]
    assert own["A", "C", "container"] > before.outside.set_index(KEY)["outside_usd_t"]["A", "C", "container"]  # fmt: skip
    value = facts["commodities"].set_index("commodity_id")["value_usd_t"]
    assert own["A", "C", "container"] == pytest.approx(
        usd["A", "C", "container"] + 0.25 * value["container"]
    )


def test_free_passages_ask_nobody_on_the_water_and_at_its_ends(facts_of):
    """With free passages a strait and the borders to its water are out of the game, the ports are not."""
    rows = strait_rows()
    for row in rows["links"]:
        row["control_id"] = "BBB" if row["mode"] == "sea" else row["territory_id"]
    for row in rows["crossings"]:
        row["control_id"] = "BBB"
    base = solved(facts_of(rows))
    arcs = base.virtual.arcs
    held, free = (transit_game(base, ["AAA", "BBB"], free_passages=f)[0] for f in (False, True))
    sea = arcs["mode"].eq("sea").to_numpy() & arcs["kind"].isin(["move", "cross"]).to_numpy()
    assert sea.sum() == 8
    assert (held.owner[sea] == 2).all()
    assert (free.owner[sea] == 0).all()
    assert (free.owner[~sea] == held.owner[~sea]).all()
    assert (held.owner[arcs["link_id"].eq("road:a-p").to_numpy()] == 1).all()
    assert set(held.own) == {3}, "trade of both lands asks neither at home"


def test_options_out_of_range_are_told(facts_of):
    """A share above 0, players that control something, 1 to 60 of them, a good that is traded."""
    base = solved(facts_of(chain()))
    for share in (0.0, -1.0, np.inf, np.nan):
        with pytest.raises(InputError, match="no share of a value"):
            power(base, ["BBB"], share=share)
    for most in (0, 61):
        with pytest.raises(InputError, match=f"{most} players"):
            power(base, most=most)
    with pytest.raises(InputError, match="0 players"):
        power(base, [])
    with pytest.raises(InputError, match="controls nothing"):
        power(base, ["BBB", "nobody"])
    with pytest.raises(InputError, match="not traded"):
        power(base, ["BBB"], commodity="coal")
    assert power(base, ["BBB", "BBB"]).players["player_id"].tolist() == ["BBB"]
    facts = base.virtual.network.facts
    assert named(facts, ["BBB", "somebody"]) == ["Bbb", "somebody"]


def test_two_ways_that_replace_each_other_have_a_prenucleolus_and_an_empty_core(facts_of):
    """Of two that each save all, the values alone are twice that of both: no nucleolus, an empty core."""
    rows = chain()
    for row in rows["links"]:
        if row["link_id"] == "road:bd-dc":
            row["control_id"] = "BBB"
    twin = [dict(r) for r in rows["links"] if r["link_id"] in ("road:ab-bd", "road:bd-dc")]
    for row in twin:
        row |= {"link_id": row["link_id"] + ":2", "control_id": "DDD"}
    rows["links"] += twin
    rows["link_status"] += [
        {"link_id": r["link_id"], "status": "open", "from_date": "2000-01-01"} for r in twin
    ]
    rows["demand"] = rows["demand"][:2]
    facts = facts_of(rows)
    found = power(solved(facts), ["BBB", "DDD"], share=0.25)
    all_of_it = lost(facts, 0.25)
    assert found.values == pytest.approx([0.0] + [all_of_it] * 3)
    assert found.nucleolus_kind == "prenucleolus"
    assert found.core_is_empty
    assert found.shapley()["shapley_usd_yr"].tolist() == pytest.approx([all_of_it / 2] * 2)
    table = found.table().set_index("player_id")
    assert table["alone_usd_yr"].tolist() == pytest.approx([all_of_it] * 2)
    assert table["veto_usd_yr"].tolist() == pytest.approx([0.0, 0.0], abs=1e-9)


def lone_arc_game(flow=10.0, room=np.inf, outside=12.0):
    """One trip by either of two arcs: 2 USD with the consent of player 0, 5 USD with that of player 1."""
    graph, order = build_graph([0, 0], [1, 1], 2)
    zero = np.zeros(1, np.int32)
    return TransitGame(
        graph, np.array([[2.0, 5.0]])[:, order], np.array([room, np.inf])[order],
        Trips(zero, zero, zero + 1, np.array([flow])), np.array([outside]),
        np.array([1, 2], np.int64)[order], np.zeros(1, np.int64), 2,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("room", "saved"),
    [(np.inf, [0, 100, 70, 100]), (4.0, [0, 40, 70, 82]), (10.0, [0, 100, 70, 100])],
)
def test_one_trip_and_two_arcs_by_hand(room, saved):
    """Each tonne saves the outside price less that of its arc; those that do not fit take the other."""
    compiled, gap = compile_game(lone_arc_game(room=room))
    assert compiled.every() == pytest.approx(saved, rel=1e-6)
    for coalition in range(4):
        value, toll, pays = compiled.one(coalition)
        assert value - compiled.one(0)[0] == pytest.approx(saved[coalition], rel=1e-6)
        full = room < 10.0 and coalition & 1
        assert toll.max() == pytest.approx((3.0 if coalition == 3 else 10.0) if full else 0.0)
        if np.isfinite(pays[0]):
            assert pays[0] == pytest.approx([12.0, 12.0, 5.0, 5.0][coalition])
    assert gap.most <= 1e-7
    assert bool(len(compiled.tight)) == (room < 10.0), "an arc that takes all is not tight"
    assert compiled.coupled.tolist() == [room < 10.0]


def test_what_the_outside_beats_is_no_way():
    """A way that costs as much as not moving, or more, saves nothing to anybody."""
    for outside in (1.0, 2.0):
        game = lone_arc_game(outside=outside)
        assert not len(game.search().trip)
        assert Compiled(game, game.search()).every().tolist() == [0.0] * 4
    assert Compiled(lone_arc_game(outside=4.0), lone_arc_game(outside=4.0).search()).every() == (
        pytest.approx([0.0, 20.0, 0.0, 20.0])
    )


def test_ways_taken_and_joined_keep_their_arcs_and_come_once():
    """Joining sorts by trip and drops what is there already: the same trip by the same arcs."""
    one = TripPaths(
        np.array([0, 2]), np.array([1, 2]), np.array([5.0, 6.0]), np.array([0, 2, 3]),
        np.array([7, 8, 9], np.int32),
    )  # fmt: skip
    other = TripPaths(
        np.array([2, 1, 2, 0]), np.array([2, 4, 8, 1]), np.array([6.0, 7.0, 8.0, 9.0]),
        np.array([0, 1, 3, 3, 5]), np.array([9, 7, 8, 7, 8], np.int32),
    )  # fmt: skip
    both = one.plus(other)
    ways = [
        (int(both.trip[w]), both.arcs[both.starts[w] : both.starts[w + 1]].tolist())
        for w in range(len(both.trip))
    ]
    assert ways == [(0, [7, 8]), (1, [7, 8]), (2, [9]), (2, [])]
    assert both.cost.tolist() == [5.0, 7.0, 6.0, 8.0]
    assert both.mask.tolist() == [1, 4, 2, 8]
    turned = both.take(np.array([2, 0]))
    assert turned.arcs.tolist() == [9, 7, 8]
    assert turned.starts.tolist() == [0, 1, 3]
    assert pd.Series(turned.trip).tolist() == [2, 0]


def test_a_sample_draws_as_many_orders_as_are_asked_for_and_adds_up(facts_of):
    """Seventeen in a row: all must agree, so each order gives all to its last; pairs are the orders drawn."""
    n, rows = 17, chain()
    names = [f"s{i}" for i in range(n + 1)]
    links = [
        link(a, b, "road", "AAA", 10, control_id=f"p{i:02}")
        for i, (a, b) in enumerate(pairwise(names))
    ]
    rows |= {
        "nodes": [node(s, "AAA", float(i), 0.0) for i, s in enumerate(names)],
        "links": links,
        "link_status": [
            {"link_id": r["link_id"], "status": "open", "from_date": "2000-01-01"} for r in links
        ],
        "crossings": [],
        "crossing_regimes": [],
        "zones": [
            {"zone_id": z, "name": z, "territory_id": "AAA", "node_id": s}
            for z, s in (("A", names[0]), ("C", names[-1]))
        ],
        "connectors": [
            {"zone_id": z, "node_id": s, "access_km": 5} for z, s in (("A", names[0]), ("C", names[-1]))
        ],
        "demand": rows["demand"][:2],
    }  # fmt: skip
    facts = facts_of(rows)
    base = solved(facts)
    players = [r["control_id"] for r in links]
    want = lost(facts, 0.25)
    found = {pairs: power(base, players, share=0.25, pairs=pairs, seed=3) for pairs in (2, 9)}
    for pairs, sample in found.items():
        table = sample.table()
        assert not sample.exact
        assert sample.total_usd_yr == pytest.approx(want)
        assert table["shapley_usd_yr"].sum() == pytest.approx(want)
        lasts = table["shapley_usd_yr"] * 2 * pairs / want
        assert lasts.to_numpy() == pytest.approx(lasts.round().to_numpy()), (
            "a share of 2 · pairs orders"
        )
        assert (table["low_usd_yr"] <= table["shapley_usd_yr"]).all()
        assert (table["shapley_usd_yr"] <= table["high_usd_yr"]).all()
    assert found[2].checked < found[9].checked
    with pytest.raises(InputError, match="17 players"):
        found[2].banzhaf()
    other = power(base, players, share=0.25, pairs=2, seed=4)
    assert (
        other.shapley()["shapley_usd_yr"].tolist() != found[2].shapley()["shapley_usd_yr"].tolist()
    )


def test_the_gap_bounds_what_ways_that_were_not_looked_for_would_save(monkeypatch):
    """As shares of what all save: the most of any coalition, the mean over all; in whatever money."""
    found = []
    for seed in range(8):
        game = random_game(seed)
        exact, _ = compile_game(game)
        with monkeypatch.context() as patched:
            patched.setattr(search, "_ROUNDS", 0)
            rough, gap = compile_game(game)
            dear = replace(game, cost=game.cost * 1000.0, outside=game.outside * 1000.0)
            assert compile_game(dear)[1] == pytest.approx(gap, rel=1e-5, abs=1e-9)
        every = range(1 << game.n)
        more = np.array([exact.one(s)[0] - rough.one(s)[0] for s in every])
        worth = rough.one(every[-1])[0] - rough.one(0)[0]
        tiny = 1e-6 * worth
        assert (more >= -tiny).all(), "more ways save more"
        assert more.max() <= gap.most * worth + tiny
        assert more.mean() <= gap.mean * worth + tiny
        found.append(gap.most)
    assert max(found) > 1e-3, "some ways were missing"


@pytest.mark.parametrize("seed", range(4))
def test_looking_at_some_coalitions_alone_finds_no_more_than_there_is(seed):
    """Ways looked for in coalitions drawn at random: no value is above that of all ways, and near it."""
    game = random_game(seed)
    exact, some = compile_game(game)[0].every(), compile_game(game, every=False)
    compiled, gap = some
    assert 0.0 <= gap.mean <= gap.most
    assert (compiled.every() <= exact + 1e-6 * exact[-1]).all()
    assert compiled.every() == pytest.approx(exact, abs=(gap.most + 1e-3) * exact[-1])
