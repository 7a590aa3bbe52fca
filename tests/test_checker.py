"""The independent checker of flows: that it is right, that it can say no, and what it says of ours."""

from __future__ import annotations

import ast
import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from isthmus.assign.path_based import path_based
from isthmus.formats.tntp import read_tntp_network, read_tntp_trips
from isthmus.formats.tntp_flow import write_tntp_flow

ROOT = Path(__file__).resolve().parents[1]
GOLDEN = Path(__file__).parent / "golden"
CHECKER = ROOT / "benchmarks" / "checker.py"

BRAESS = [4, 2, 2, 2, 4]
"""Flows on 1-3, 1-4, 3-2, 3-4, 4-2 at equilibrium (Braess 1968): each of six trips pays 92."""


@pytest.fixture(scope="module")
def checker():
    spec = importlib.util.spec_from_file_location("checker", CHECKER)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def files(tmp_path):
    """Write a network, trips and flows; returns their paths."""

    def write(links, trips, flows, n_zone, n_node, first_through=1):
        net, table, out = (tmp_path / name for name in ("net.tntp", "trips.tntp", "flows.csv"))
        tags = {
            "NUMBER OF ZONES": n_zone,
            "NUMBER OF NODES": n_node,
            "FIRST THRU NODE": first_through,
            "NUMBER OF LINKS": len(links),
        }
        head = "".join(f"<{k}> {v}\n" for k, v in tags.items()) + "<END OF METADATA>\n"
        net.write_text(head + "".join(" ".join(map(str, row)) + " ;\n" for row in links))
        body = "".join(f"Origin {o}\n{d} : {q};\n" for o, d, q in trips)
        table.write_text(f"<NUMBER OF ZONES> {n_zone}\n<END OF METADATA>\n{body}")
        rows = "".join(
            f"{row[0]},{row[1]},{flow},\n" for row, flow in zip(links, flows, strict=True)
        )
        out.write_text("from,to,flow,cost\n" + rows)
        return net, table, out

    return write


def link(tail, head, time, b=0.0, capacity=1.0, power=1.0, length=0.0, toll=0.0):
    return tail, head, capacity, length, time, b, power, 0, toll, 1


def solved(net, trips, out, gap, toll=0.0, distance=0.0):
    """Write the equilibrium of the path-based method as the command line does."""
    network, table = read_tntp_network(net), read_tntp_trips(trips)
    graph, order = network.graph()
    fixed, laws = network.fixed_cost(toll, distance), network.delay()
    first = max(network.first_through_node - 1, 0)
    found = path_based(
        graph,
        fixed[order],
        table.trips(),
        delay=laws.take(order),
        gap=gap,
        first_through_node=first,
    )
    flow = np.empty(network.n_link)
    flow[order] = found.arc_flow[0]
    write_tntp_flow(out, network, flow, fixed + laws.value(flow))
    return found


def test_it_imports_nothing_of_the_package():
    tree = ast.parse(CHECKER.read_text(encoding="utf-8"))
    names = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    names |= {n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    assert not [name for name in names if name.split(".")[0] == "isthmus"]


def test_braess_by_hand(checker, tmp_path):
    net, trips = GOLDEN / "braess_net.tntp", GOLDEN / "braess_trips.tntp"
    network = checker.read_net(net)
    found = checker.check(network, checker.read_trips(trips), np.array(BRAESS, float))
    assert found["total_cost"] == pytest.approx(6 * 92, rel=1e-9)
    assert found["objective"] == pytest.approx(80 + 102 + 102 + 22 + 80, rel=1e-9)
    assert abs(found["gap"]) < 1e-9
    assert found["feasible"]
    # without the bridge all pay 83, and one who took it would pay 70; the file adds 1e-8 here and there
    aside = checker.check(network, checker.read_trips(trips), np.array([3, 3, 3, 0, 3], float))
    assert aside["total_cost"] == pytest.approx(6 * 83, rel=1e-9)
    assert aside["gap"] == pytest.approx(83 / 70 - 1, rel=1e-8)


def test_lost_negative_and_forbidden_flow_is_found(checker, files):
    """Zones 1, 2, 3 and a node 4; zone 2 lies between 1 and 3 and may not be passed."""
    links = [link(1, 2, 1), link(2, 3, 1), link(1, 4, 5), link(4, 3, 5)]
    trips = [(1, 3, 10.0)]
    good = checker.check_files(*files(links, trips, [0, 0, 10, 10], 3, 4, 4))
    assert good["feasible"]
    assert good["gap"] == 0.0
    through = checker.check_files(*files(links, trips, [10, 10, 0, 0], 3, 4, 4))
    assert not through["feasible"]
    assert through["lost"] == 0.0
    assert through["through"] == pytest.approx(1.0)
    passed = checker.check_files(*files(links, trips, [10, 10, 0, 0], 3, 4, 1))
    assert passed["feasible"]
    assert passed["gap"] == 0.0
    lost = checker.check_files(*files(links, trips, [0, 0, 10, 9], 3, 4, 4))
    assert not lost["feasible"]
    assert lost["lost"] == pytest.approx(0.1)
    negative = checker.check_files(*files(links, trips, [-1, -1, 11, 11], 3, 4, 1))
    assert not negative["feasible"]
    assert negative["least_flow"] == -1.0


def test_a_link_of_no_cost_is_a_link_and_of_parallel_ones_the_cheapest_counts(checker, files):
    links = [link(1, 3, 0), link(3, 2, 2), link(3, 2, 1), link(1, 2, 7)]
    cheap = checker.check_files(*files(links, [(1, 2, 4.0)], [4, 0, 4, 0], 2, 3))
    assert cheap["least_total_cost"] == 4.0
    assert cheap["gap"] == 0.0
    dear = checker.check_files(*files(links, [(1, 2, 4.0)], [4, 4, 0, 0], 2, 3))
    assert dear["feasible"]
    assert dear["gap"] == pytest.approx(1.0)


def test_weights_of_toll_and_length_count(checker, files):
    links = [link(1, 2, 1, length=10, toll=100), link(1, 2, 4)]
    paths = files(links, [(1, 2, 1.0)], [1, 0], 2, 2)
    assert checker.check_files(*paths)["total_cost"] == 1.0
    found = checker.check_files(*paths, toll=0.02, distance=0.1)
    assert found["total_cost"] == pytest.approx(1 + 2 + 1)
    assert found["gap"] == pytest.approx(0.0)


def test_trips_without_a_path_are_counted_apart(checker, files):
    found = checker.check_files(*files([link(1, 2, 1)], [(1, 2, 3.0), (2, 1, 4.0)], [3], 2, 2))
    assert found["unserved"] == 4.0
    assert found["feasible"]


def test_rows_may_come_in_any_order_and_must_all_be_there(checker, files):
    links = [link(1, 3, 1), link(3, 2, 1), link(1, 2, 7)]
    net, trips, flows = files(links, [(1, 2, 4.0)], [4, 4, 0], 2, 3)
    rows = flows.read_text().splitlines()
    flows.write_text("\n".join([rows[0], *reversed(rows[1:])]) + "\n")
    assert checker.check_files(net, trips, flows)["gap"] == 0.0
    flows.write_text("\n".join(rows[:-1]) + "\n")
    with pytest.raises(SystemExit, match="no flow for 1 links"):
        checker.check_files(net, trips, flows)
    flows.write_text("\n".join([*rows, "2,1,0,0"]) + "\n")
    with pytest.raises(SystemExit, match="no link of the network"):
        checker.check_files(net, trips, flows)


def test_sioux_falls_reaches_the_best_known_objective(tmp_path):
    """4231335.287107 is the objective of the best known flows (TransportationNetworks)."""
    net, trips = GOLDEN / "sioux_falls_net.tntp", GOLDEN / "sioux_falls_trips.tntp"
    out = tmp_path / "flows.csv"
    ours = solved(net, trips, out, 1e-10)
    run = subprocess.run(
        [sys.executable, str(CHECKER), str(net), str(trips), str(out)],
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(run.stdout)
    assert found["objective"] == pytest.approx(4231335.287107, rel=1e-9)
    assert found["lost"] < 1e-12
    assert found["cost_error"] < 1e-12
    # the gap is a difference of sums of some millions: about three figures of it are left here
    assert found["gap"] == pytest.approx(ours.gap, abs=1e-13)
    assert found["gap"] <= 1e-10


def test_a_solution_of_low_precision_is_seen_as_one(tmp_path, checker):
    net, trips = GOLDEN / "sioux_falls_net.tntp", GOLDEN / "sioux_falls_trips.tntp"
    ours = solved(net, trips, tmp_path / "flows.csv", 1e-2)
    found = checker.check_files(net, trips, tmp_path / "flows.csv")
    assert found["gap"] == pytest.approx(ours.gap, rel=1e-6)
    assert found["gap"] > 1e-6
