"""Losses on a made-up world, one by one against the network solved without, and sets and cuts against all of them."""

from __future__ import annotations

from itertools import combinations

import networkx as nx
import numpy as np
import pytest

import isthmus as ist
from isthmus.analysis.criticality import criticality, elements_of, smallest_cuts, worst_together
from isthmus.assign.base import Trips
from isthmus.assign.stochastic import stochastic
from made_worlds import DAY, LANDS, world_rows

KINDS = ["link", "crossing", "terminal", "territory", "sea"]
GAP = 1e-9
LOSSES = ["unserved_t_yr", "added_usd_yr", "added_td_yr", "added_co2_t_yr"]


@pytest.fixture(scope="module")
def base(shipped):
    """A world whose trade is assigned; one land lets no containers of another pass by road."""
    from conftest import make_facts

    rows = world_rows(4)
    rows["restrictions"] = [
        {
            "restriction_id": "ban", "name": "Ban", "effect": "ban", "territory_id": "BBB",
            "modes": "road", "ends_in": "CCC", "own_trade": False, "goods": "container",
            "imposed_by": "B", "from_date": "2000-01-01", "cause_id": "begin",
        }
    ]  # fmt: skip
    facts = make_facts(rows)
    for name in ("sources", "commodities", "parameters", "exchange_rates"):
        facts.tables[name], facts.raw[name] = shipped[name], shipped.raw[name]  # type: ignore[index]
    cost = ist.GeneralizedCost(facts)
    return ist.assign(facts.network(DAY), facts.demand(2024), cost, gap=1e-11)


def anew(base, arcs):
    """Solve the network without some arcs from nothing."""
    usd = base.cost.usd.copy()
    usd[:, arcs] = np.inf
    get = base.cost.parameters.get
    value = base.cost.commodities["value_usd_t"].to_numpy(float)[base.trip_ends.klass]
    return stochastic(
        base.virtual.graph, usd, Trips(*base.trip_ends), vot=base.cost.vot_usd_t_h,
        delay=base.inputs.delay, mu=get("perturbation"), length=base.inputs.length,
        floor=get("least_arc_cost_usd_t"), most=get("no_trade_value_share") * value, gap=1e-10,
    )  # fmt: skip


def means(base, found):
    """Mean hours, waiting among them, and kilograms of emissions of each trip."""
    unit, klass = found.unit, base.trip_ends.klass
    out = np.zeros((len(klass), 2))
    for t, k in enumerate(klass):
        at = slice(unit.at[t], unit.at[t + 1])
        arcs, x = unit.arcs[at], unit.x[at]
        out[t] = (
            (x * (base.cost.hours[k, arcs] + found.delay_h[arcs])).sum(),
            (x * base.cost.co2_kg[k, arcs]).sum(),
        )
    return out


@pytest.fixture(scope="module")
def losses(base):
    """Of each element of each kind: what every trip loses by it."""
    here, was = elements_of(base, KINDS), base.solution
    before, mean = base.trip_ends.flow - was.unserved, means(base, was)
    out = {}
    for row, arcs in zip(here.table.itertuples(index=False), here.arcs, strict=True):
        new = anew(base, arcs)
        after = base.trip_ends.flow - new.unserved
        kept = np.minimum(before, after)
        on = kept > 0.0
        usd = np.where(on, new.value - was.value, 0.0)
        change = np.where(on[:, None], means(base, new) - mean, 0.0)
        out[row.kind, row.element_id] = np.stack(
            [np.maximum(before - after, 0.0), kept * usd, kept * change[:, 0] / 24.0,
             kept * change[:, 1] / 1000.0], axis=1,
        )  # fmt: skip
    return out


@pytest.fixture(scope="module")
def found(base):
    return criticality(base, KINDS, gap=GAP, trades=4)


def near(told, losses):
    """Sums of losses: tonnes and cost to six digits, days and emissions as near as who hardly feels it is looked at."""
    off, size = np.abs(np.asarray(told, float) - losses.sum(axis=0)), np.abs(losses).sum(axis=0)
    return (off <= np.array([1e-6, 1e-6, 5e-3, 5e-3]) * size + 1e-2).all()


def test_each_loss_is_what_the_network_solved_without_it_says(base, losses, found):
    """Tonnes, cost, days and emissions of every link, border, terminal, land and sea."""
    table = found.elements.set_index(["kind", "element_id"])
    assert set(table.index) == set(losses)
    arcs = dict(zip(losses, elements_of(base, KINDS).arcs, strict=True))
    used = 0
    for name, loss in losses.items():
        assert near(table.loc[name, LOSSES], loss), name
        mine = set(arcs[name].tolist())
        over = [p for p in range(base.paths.n_path) if mine & set(base.paths.of(p).tolist())]
        assert table.loc[name, "through_t_yr"] == pytest.approx(base.paths.flow[over].sum())
        used += bool(over)
    assert found.n_cases == used
    assert found.worst_gap <= GAP
    worst = found.elements[["unserved_t_yr", "added_usd_yr"]].to_numpy().tolist()
    assert worst == sorted(worst, reverse=True)


def test_losses_of_lands_are_those_of_trade_that_begins_or_ends_there(base, losses, found):
    """A land's own trade counts once, trade between two at both; what no land feels is left out."""
    start, end = (
        np.array([next(t for t in LANDS if t[0] == z) for z in base.trips[f"{e}_zone_id"]])
        for e in ("origin", "destination")
    )
    told = found.by_country.set_index(["kind", "element_id", "territory_id"])[LOSSES]
    for name, loss in losses.items():
        for land in LANDS:
            mine = loss[(start == land) | (end == land)]
            if (*name, land) in told.index:
                assert near(told.loc[(*name, land)], mine), (name, land)
            most = np.abs(mine.sum(axis=0)).max()
            assert ((*name, land) in told.index) == (most > 0.5) or abs(most - 0.5) < 0.02
    assert len(told)


def test_the_trades_kept_are_those_that_lose_most(base, losses, found):
    """By tonnes that stop, then by cost; each with its own four losses, no more of them than asked."""
    names = [
        (next(t for t in LANDS if t[0] == o), next(t for t in LANDS if t[0] == d), good)
        for o, d, good in base.trips[
            ["origin_zone_id", "destination_zone_id", "commodity_id"]
        ].itertuples(index=False)
    ]
    columns = ["origin_territory_id", "destination_territory_id", "commodity_id"]
    for (kind, element), loss in losses.items():
        mine = found.by_trade[
            found.by_trade["kind"].eq(kind) & found.by_trade["element_id"].eq(element)
        ]
        hurt = {n: x for n, x in zip(names, loss, strict=True) if x[0] > 0.5 or x[1] > 0.5}
        sure = {n: x for n, x in hurt.items() if abs(x[1] - 0.5) > 0.1 or x[0] > 0.6}
        ranked = sorted(hurt.values(), key=lambda x: (-x[0], -x[1]))[:4]
        assert min(len(sure), 4) <= len(mine) <= 4
        for (_, row), want in zip(mine.iterrows(), ranked, strict=False):
            own = hurt[tuple(row[columns])]
            told = row[LOSSES].to_numpy(float)
            assert np.abs(told - own).max() <= 1e-4 * np.abs(own).max() + 0.5
            assert abs(told[0] - want[0]) <= 0.5
            assert abs(told[1] - want[1]) <= 1e-4 * abs(want[1]) + 0.5


def test_asked_for_all_trades_all_that_lose_are_told(base, losses):
    """However many are asked for, those that lose nothing are none of them; elements named are taken alone."""
    names = ["road:a-ab", "bc", "SEA-X"]
    few = criticality(base, KINDS, names, gap=GAP, trades=1000)
    assert set(few.elements["element_id"]) == set(names)
    for (kind, element), loss in losses.items():
        mine = few.by_trade["kind"].eq(kind) & few.by_trade["element_id"].eq(element)
        if element not in names:
            assert not mine.any()
            continue
        assert near(few.elements.set_index("element_id").loc[element, LOSSES], loss)
        sure = (loss[:, 0] > 0.51) | (loss[:, 1] > 0.51)
        maybe = (loss[:, 0] > 0.49) | (loss[:, 1] > 0.49)
        assert sure.sum() <= mine.sum() <= maybe.sum()


def least(base, shut, only):
    """Least cost of each trip of some over what is left, at the delays as they are, by networkx."""
    graph, ends = base.virtual.graph, base.trip_ends
    out = np.full(len(only), np.inf)
    for k in np.unique(ends.klass[only]):
        usd = base.cost.usd[k] + base.cost.vot_usd_t_h[k] * base.delay_h
        net = nx.DiGraph()
        for a in np.flatnonzero(np.isfinite(usd)):
            u, v = int(graph.tail[a]), int(graph.head[a])
            if a not in shut and usd[a] < net.get_edge_data(u, v, {"c": np.inf})["c"]:
                net.add_edge(u, v, c=usd[a])
        mine = [i for i, t in enumerate(only) if ends.klass[t] == k]
        for root in {int(ends.origin[only[i]]) for i in mine}:
            dist = (
                nx.single_source_dijkstra_path_length(net, root, weight="c") if root in net else {}
            )
            for i in mine:
                if ends.origin[only[i]] == root:
                    out[i] = dist.get(int(ends.destination[only[i]]), np.inf)
    return out


@pytest.mark.parametrize(
    ("kind", "commodity"),
    [("crossing", None), ("crossing", "machinery"), ("territory", None), ("territory", "machinery"),
     ("link", "container")],
)  # fmt: skip
def test_worst_sets_are_those_that_trying_all_finds(base, kind, commodity):
    """Every pair of borders or lands closed in turn, at the costs of the flows as they are."""
    found = worst_together(base, 2, kind, commodity)
    goods = base.trips["commodity_id"]
    only = np.flatnonzero(goods.eq(commodity) if commodity else goods.notna())
    flow, here = base.trip_ends.flow[only], elements_of(base, [kind])
    names = list(here.table["element_id"])
    whole = least(base, set(), only)
    assert found.tonnes_t_yr == pytest.approx(flow.sum())
    assert found.commodity_id == (commodity or "")
    sizes = []
    for k in (1, 2):
        tried: dict[str, tuple[float, float]] = {}
        sizes.append(tried)
        for some in combinations(range(len(names)), k):
            there = least(base, {a for i in some for a in here.arcs[i].tolist()}, only)
            on = np.isfinite(there)
            tried["; ".join(names[i] for i in some)] = (
                (flow * (there - whole))[on].sum(), flow[~on].sum(),
            )  # fmt: skip
        rows = found.sets[found.sets["k"].eq(k)]
        assert len(rows)
        for _, ranked in rows.groupby("kind"):
            assert ranked["rank"].tolist() == list(range(1, len(ranked) + 1))
        for row in rows.itertuples(index=False):
            extra, lost = tried[row.element_ids]
            assert row.added_usd_yr == pytest.approx(extra, rel=1e-9, abs=1e-6)
            assert row.unserved_t_yr == pytest.approx(lost, rel=1e-9, abs=1e-6)
            assert row.proven
        costly = sorted((x for x, lost in tried.values() if lost == 0.0), reverse=True)
        if kind == "crossing":
            told = rows.loc[rows["kind"].eq("costly"), "added_usd_yr"].to_numpy()
            assert told[: len(costly)] == pytest.approx(costly[: len(told)], rel=1e-9, abs=1e-6)
        cut = sorted((lost for _, lost in tried.values() if lost > 0.0), reverse=True)
        told = rows.loc[rows["kind"].eq("disconnecting"), "unserved_t_yr"].to_numpy()
        assert told == pytest.approx(cut[: len(told)], rel=1e-9)
    first, pair = (
        {frozenset(n.split("; ")): x[0] for n, x in tried.items() if not x[1]} for tried in sizes
    )
    for step in found.greedy.itertuples(index=False):
        taken, of = step.element_ids.split("; "), (first, pair)[step.k - 1]
        assert step.added_usd_yr == pytest.approx(of[frozenset(taken)], rel=1e-9)
        assert step.fails == (step.added_usd_yr < max(of.values()) * (1.0 - 1e-9))
        if step.k == 2:  # the worst first, then the worst beside it
            assert first[frozenset(taken[:1])] == max(first.values())
            beside = max(x for some, x in pair.items() if taken[0] in some)
            assert step.added_usd_yr == pytest.approx(beside, rel=1e-9)
    failed = [step.fails for step in found.greedy.itertuples(index=False)]
    assert any(failed) == (kind == "link")


@pytest.mark.parametrize("good", ["container", "grain_food"])
def test_the_smallest_cut_is_the_smallest_of_all_sets_that_part_two_lands(base, good):
    """All sets of border places in order of size: the first that leaves no way has as many as are told."""
    here = elements_of(base, ["crossing"])
    names, graph = list(here.table["element_id"]), base.virtual.graph
    classes = set()

    def parted(shut, origin, destination):
        trades = base.trips.set_index(["origin_zone_id", "destination_zone_id", "commodity_id"])
        first = list(base.cost.commodities["commodity_id"]).index(good)
        k = trades["class"].get((origin, destination, good), first)
        classes.add(k)
        is_open = np.isfinite(base.cost.usd[k])
        net = nx.DiGraph()
        net.add_nodes_from(range(graph.n_node))
        gone = {a for i in shut for a in here.arcs[i].tolist()}
        net.add_edges_from(
            (int(graph.tail[a]), int(graph.head[a]))
            for a in np.flatnonzero(is_open)
            if a not in gone
        )
        one, other = base.virtual.source_of_zone[origin], base.virtual.sink_of_zone[destination]
        return not nx.has_path(net, one, other)

    for origin, destination in (("AAA", "CCC"), ("EEE", "BBB"), ("DDD", "AAA")):
        table = smallest_cuts(base, origin, destination)
        assert list(table["commodity_id"]) == list(
            dict.fromkeys(base.cost.commodities["commodity_id"])
        )
        told = table.set_index("commodity_id").loc[good]
        alone = smallest_cuts(base, origin, destination, [good])
        assert alone["n_places"].tolist() == [told["n_places"]]
        taken = [names.index(n) for n in told["node_ids"].split("; ")]
        assert parted(taken, origin[0], destination[0])
        assert len(taken) == told["n_places"]
        fewer = combinations(range(len(names)), len(taken) - 1)
        assert not any(parted(some, origin[0], destination[0]) for some in fewer)
    assert len(classes) == (2 if good == "container" else 1)
