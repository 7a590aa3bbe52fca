"""The engine against answers nobody here wrote."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import numpy as np
import pytest

from isthmus.assign.all_or_nothing import all_or_nothing
from isthmus.assign.base import Trips, build_graph
from isthmus.assign.stochastic import stochastic
from isthmus.cli import app
from isthmus.formats.tntp import read_tntp_network, read_tntp_trips
from isthmus.formats.tntp_assign import assign_tntp

GOLDEN = Path(__file__).parent / "golden"
TNTP = Path(os.environ.get("ISTHMUS_TNTP", Path(__file__).resolve().parents[2] / "shared" / "tntp"))


@pytest.fixture(scope="module")
def sioux_falls():
    """Sioux Falls, LeBlanc, Morlok and Pierskalla 1975, tables 1 and 2."""
    return (
        read_tntp_network(GOLDEN / "sioux_falls_net.tntp"),
        read_tntp_trips(GOLDEN / "sioux_falls_trips.tntp"),
    )


def trips(origin, destination, flow):
    n = len(origin)
    return Trips(
        np.zeros(n, np.int32),
        np.array(origin, np.int32),
        np.array(destination, np.int32),
        np.array(flow, float),
    )


def test_sioux_falls_all_or_nothing_totals_3176000(sioux_falls):
    found = assign_tntp(*sioux_falls, method="all_or_nothing")
    assert found.objective == pytest.approx(3_176_000, abs=1e-6)
    assert found.demand == pytest.approx(360_600)


@pytest.mark.parametrize(
    ("a", "b", "extra"),
    [
        (10, 9, 116_700),
        (9, 10, 115_400),
        (8, 6, 110_400),
        (6, 8, 110_400),
        (17, 16, 100_700),
        (10, 11, 97_900),
    ],
)
def test_sioux_falls_without_one_arc(sioux_falls, a, b, extra):
    network, table = sioux_falls
    graph, order = network.graph()
    cost = network.fixed_cost(0.0, 0.0)[order].copy()
    cost[(network.tail[order] == a) & (network.head[order] == b)] = np.inf
    found = all_or_nothing(graph, cost, table.trips())
    assert found.objective - 3_176_000 == pytest.approx(extra, abs=1e-6)
    assert found.unserved.sum() == 0


def test_without_delays_a_small_mu_is_all_or_nothing(sioux_falls):
    """Its total is the published 3,176,000, and a larger mu adds cost for the sake of spread."""
    network, table = sioux_falls
    graph, order = network.graph()
    cost = network.fixed_cost(0.0, 0.0)[order]
    total = [
        stochastic(graph, cost, table.trips(), mu=mu).arc_flow[0] @ cost for mu in (0.6, 0.1, 1e-6)
    ]
    assert total[0] > total[1] > total[2] * (1.0 + 1e-6)
    assert total[2] == pytest.approx(3_176_000, rel=1e-9)


def test_the_road_of_braess_harms_all_as_mu_falls():
    """Braess 1968: 92 for each with the road in the middle, 83 without it."""
    network = read_tntp_network(GOLDEN / "braess_net.tntp")
    graph, order = network.graph()
    cost, laws = network.fixed_cost(0.0, 0.0)[order], network.delay().take(order)
    table = read_tntp_trips(GOLDEN / "braess_trips.tntp").trips()
    middle = (graph.tail == 2) & (graph.head == 3)
    for closed, each in ((False, 92.0), (True, 83.0)):
        usd = np.where(middle & closed, np.inf, cost)
        found = stochastic(graph, usd, table, delay=laws, mu=1e-6, length=cost, gap=1e-8)
        assert found.converged
        assert found.value[0] == pytest.approx(each, rel=1e-4)


@pytest.mark.parametrize("mu", [0.1, 0.6, 1.2])
def test_parallel_roads_bear_the_same(mu):
    """Cost and length times ln(1 + x) add up to the same on all in use, and are less on none."""
    graph, _ = build_graph([0] * 4, [1] * 4, 2)
    cost, length = np.array([2.0, 2.5, 3.0, 9.0]), np.full(4, 2.0)
    found = stochastic(graph, cost, trips([0], [1], [100.0]), mu=mu, length=length)
    x = found.arc_flow[0] / 100.0
    margin = cost - (2.0 * np.log(2.0) - 1.0) * mu * length + mu * length * np.log1p(x)
    assert x.sum() == pytest.approx(1.0, rel=1e-12)
    used = x > 0.0
    assert used[0]
    assert not used[3]
    assert margin[used] == pytest.approx(margin[0], rel=1e-10)
    assert (margin[~used] >= margin[0]).all()
    assert found.value[0] <= 2.0


def test_same_bits_twice(sioux_falls):
    one, two = (assign_tntp(*sioux_falls, method="stochastic") for _ in range(2))
    assert np.array_equal(one.flow, two.flow)


def test_the_command_writes_flows_that_conserve(tmp_path):
    out = tmp_path / "flows.csv"
    net, table = GOLDEN / "sioux_falls_net.tntp", GOLDEN / "sioux_falls_trips.tntp"
    app(
        ["assign", str(net), str(table), "--method", "all_or_nothing", "--out", str(out), "--json"],
        standalone_mode=False,
    )
    with out.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 76
    total = sum(float(r["flow"]) * float(r["cost"]) for r in rows)
    assert total == pytest.approx(3_176_000)


@pytest.mark.parametrize("name", ["Anaheim", "Barcelona", "ChicagoSketch"])
def test_benchmark_networks_read_and_load(name):
    if not (TNTP / f"{name}_net.tntp").is_file():
        pytest.skip(
            "the TNTP networks are for academic use and not in the repository; set ISTHMUS_TNTP"
        )
    network = read_tntp_network(TNTP / f"{name}_net.tntp")
    table = read_tntp_trips(TNTP / f"{name}_trips.tntp")
    found = assign_tntp(network, table, "all_or_nothing")
    out = np.bincount(network.tail, found.flow, network.n_node + 1)
    into = np.bincount(network.head, found.flow, network.n_node + 1)
    net = np.zeros(network.n_node + 1)
    moving = table.origin != table.destination
    np.add.at(net, table.origin[moving], table.flow[moving])
    np.add.at(net, table.destination[moving], -table.flow[moving])
    assert out - into == pytest.approx(net, abs=1e-6)
    assert found.unserved == 0


def test_a_route_nobody_needs_is_worth_nothing_and_never_less():
    """A dearer twin of the only road beyond reach is left empty; one within reach is worth something."""
    graph, _ = build_graph([0, 0], [1, 1], 2)
    value = {
        dear: stochastic(
            graph, np.array([2.0, dear]), trips([0], [1], [1.0]), mu=0.6, length=np.full(2, 2.0)
        ).value[0]
        for dear in (2.2, 2.5, 3.0, np.inf)
    }
    assert value[np.inf] == value[3.0] == pytest.approx(2.0, rel=1e-13)
    assert value[2.2] < value[2.5] < 2.0
