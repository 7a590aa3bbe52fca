"""The engine against answers nobody here wrote."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import numpy as np
import pytest

from isthmus.assign.all_or_nothing import all_or_nothing
from isthmus.assign.base import Delay, Trips, build_graph
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


def test_dial_grid_is_the_logit_of_its_six_paths():
    """3 x 3 grid, arcs right and down, 1000 trips from corner to corner; flows by enumeration."""
    arcs = {
        (1, 2): (2, 135.151117),
        (2, 3): (2, 28.644138),
        (4, 5): (1, 786.986042),
        (5, 6): (1, 653.195738),
        (7, 8): (2, 77.862841),
        (8, 9): (2, 318.160124),
        (1, 4): (1, 864.848883),
        (4, 7): (2, 77.862841),
        (2, 5): (2, 106.506979),
        (5, 8): (2, 240.297283),
        (3, 6): (2, 28.644138),
        (6, 9): (2, 681.839876),
    }
    graph, order = build_graph([a - 1 for a, _ in arcs], [b - 1 for _, b in arcs], 9)
    cost = np.array([c for c, _ in arcs.values()], float)[order]
    found = stochastic(
        graph,
        cost,
        trips([0], [8], [1000.0]),
        theta=1.0,
        scale="absolute",
        path_size_beta=0.0,
        max_detour=9.0,
    )
    wanted = np.array([f for _, f in arcs.values()])[order]
    assert found.arc_flow[0] == pytest.approx(wanted, abs=1e-6)


@pytest.mark.parametrize("theta", [0.3, 1.0, 4.0])
def test_parallel_routes_follow_the_closed_form(theta):
    graph, _ = build_graph([0, 0, 0], [1, 1, 1], 2)
    cost = np.array([2.0, 2.5, 3.0])
    found = stochastic(graph, cost, trips([0], [1], [100.0]), theta=theta, scale="absolute")
    share = np.exp(-theta * cost)
    assert found.arc_flow[0] == pytest.approx(100.0 * share / share.sum(), rel=1e-12)
    logsum = -np.log(share.sum()) / theta
    assert found.satisfaction[0] == pytest.approx(logsum, rel=1e-12)


def test_path_size_halves_two_routes_that_are_one():
    """One route alone; two that share all but nothing: logit thirds become 1/2, 1/4, 1/4."""
    graph, order = build_graph([0, 0, 1, 1], [2, 1, 2, 2], 3)
    length = np.array([1.0, 1.0, 1e-9, 1e-9])[order]
    found = stochastic(
        graph,
        length,
        trips([0], [2], [1.0]),
        theta=1e-9,
        scale="absolute",
        max_detour=9.0,
        length=length,
    )
    flows = sorted(found.path_flow)
    assert flows == pytest.approx([0.25, 0.25, 0.5], abs=1e-6)
    plain = stochastic(
        graph,
        length,
        trips([0], [2], [1.0]),
        theta=1e-9,
        scale="absolute",
        max_detour=9.0,
        path_size_beta=0.0,
    )
    assert sorted(plain.path_flow) == pytest.approx([1 / 3] * 3, abs=1e-6)


def test_a_large_scale_is_all_or_nothing(sioux_falls):
    network, table = sioux_falls
    graph, order = network.graph()
    cost = network.fixed_cost(0.0, 0.0)[order]
    sharp = stochastic(graph, cost, table.trips(), theta=2000.0, scale="relative")
    assert (sharp.arc_flow[0] @ cost) == pytest.approx(3_176_000, rel=1e-9)


def test_congestion_is_a_fixed_point():
    """Two roads between two towns; the flows load themselves again at their own delays."""
    graph, _ = build_graph([0, 0], [1, 1], 2)
    delay = Delay(
        np.array([1, 1], np.int8),
        np.array([1.0, 1.0]),
        np.array([40.0, 80.0]),
        np.array([1.0, 0.5]),
        np.array([4.0, 2.0]),
    )
    cost = np.array([1.0, 1.2])
    found = stochastic(
        graph, cost, trips([0], [1], [100.0]), theta=3.0, scale="absolute", delay=delay, gap=1e-10
    )
    flow = found.arc_flow[0]
    slow = cost + np.array([1.0 * (flow[0] / 40) ** 4, 0.5 * (flow[1] / 80) ** 2])
    share = np.exp(-3.0 * slow)
    assert found.converged
    assert flow == pytest.approx(100 * share / share.sum(), rel=1e-8)


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
    """A dearer twin of the only route: path size would make the set worse; the shipper ignores it."""
    graph, order = build_graph([0, 0], [1, 1], 2)
    alone = stochastic(
        graph, np.array([2.0, np.inf]), trips([0], [1], [1.0]), theta=1.0, scale="absolute"
    )
    graph, order = build_graph([0, 1, 1], [1, 2, 2], 3)
    cost = np.array([2.0, 0.0, 0.4])[order]
    length = np.array([1.0, 0.0, 0.0])[order]
    both = stochastic(
        graph,
        cost,
        trips([0], [2], [1.0]),
        theta=1.0,
        scale="absolute",
        length=length,
        max_detour=9.0,
    )
    assert alone.satisfaction[0] == pytest.approx(2.0)
    assert len(both.path_flow) == 2
    assert both.satisfaction[0] == pytest.approx(2.0)
