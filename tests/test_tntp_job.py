"""The command `assign`: methods, resuming, routes, refusals."""

from __future__ import annotations

import csv
import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from isthmus.assign.solution import PathFlows
from isthmus.cli import app
from isthmus.errors import Infeasible, InputError, NotConverged
from isthmus.formats.paths import read_paths
from isthmus.formats.tntp_job import Job

GOLDEN = Path(__file__).parent / "golden"
NET, TRIPS = GOLDEN / "sioux_falls_net.tntp", GOLDEN / "sioux_falls_trips.tntp"
OPTIMUM = 4_231_335.287107


def job(method="path_based", gap=1e-9, system_optimum=False, toll=0.0):
    return Job(NET, TRIPS, method, gap, toll, 0.0, system_optimum)


def test_the_command_prints_what_was_reached(tmp_path, capsys):
    out = tmp_path / "flows.csv"
    app(
        [
            "assign",
            str(NET),
            str(TRIPS),
            "--gap",
            "1e-12",
            "--threads",
            "2",
            "--out",
            str(out),
            "--json",
        ],
        standalone_mode=False,
    )
    said = json.loads(capsys.readouterr().out)
    assert said["method"] == "path_based"
    assert said["objective"] == pytest.approx(OPTIMUM, rel=1e-12)
    assert said["gap"] <= 1e-12
    assert {"iterations", "seconds", "memory_mb", "threads"} <= set(said)
    with out.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert list(rows[0]) == ["from", "to", "flow", "cost"]
    assert sum(float(r["flow"]) * float(r["cost"]) for r in rows) == pytest.approx(
        said["total_cost_at_delays"]
    )


def test_system_optimum_is_cheaper_in_total_and_dearer_to_beckmann():
    own, _ = job().run()
    best, _ = job(system_optimum=True).run()
    assert best.objective == best.loaded_total == pytest.approx(7_194_256.052893, rel=1e-9)
    assert best.loaded_total < own.loaded_total
    assert best.beckmann > own.beckmann


def test_link_based_agrees_as_far_as_it_goes():
    slow, _ = job("link_based", 1e-4).run()
    assert OPTIMUM <= slow.objective <= OPTIMUM * (1 + 1e-4)


def test_work_is_resumed_from_its_file(tmp_path):
    kept = tmp_path / "flows.npz"
    with pytest.raises(NotConverged):
        _short_of_gap(kept)
    whole, _ = job(gap=1e-12).run()
    rest, _ = job(gap=1e-12).run(resume=kept)
    assert 0 < rest.iterations < whole.iterations
    again, _ = job(gap=1e-12).run(resume=kept)
    assert again.iterations == 1
    np.testing.assert_allclose(again.flow, whole.flow, rtol=1e-6)


def _short_of_gap(kept):
    """Stop after five iterations, as Ctrl-C would."""
    import isthmus.formats.tntp_job as module

    def stop(text):
        if text.startswith("iteration 5"):
            raise KeyboardInterrupt

    result, _ = module.Job(NET, TRIPS, "path_based", 1e-12, 0.0, 0.0, False).run(
        resume=kept, tell=stop
    )
    raise NotConverged(result.gap, 1e-12, result.iterations)


def test_path_flows_of_other_files_are_refused(tmp_path):
    kept = tmp_path / "flows.npz"
    job().run(resume=kept)
    with pytest.raises(InputError, match="another network"):
        job(toll=1.0).run(resume=kept)
    kept.write_bytes(b"half a file")
    with pytest.raises(InputError, match="Delete it"):
        job().run(resume=kept)
    assert not list(tmp_path.glob("*.part"))


def test_path_flows_come_back_as_they_went(tmp_path):
    kept = tmp_path / "flows.npz"
    result, _ = job().run(resume=kept)
    back = read_paths(kept, job().digest)
    assert isinstance(back, PathFlows)
    for name in ("path_trip", "path_indptr", "path_arcs", "path_flow"):
        assert np.array_equal(getattr(back, name), getattr(result.solution, name))


def test_routes_are_written_and_said_to_be_unique(tmp_path):
    path = tmp_path / "routes.csv"
    result, said = job(gap=1e-12).run(routes=path)
    assert said["routes_unique"]
    assert said["routes_residual"] < 1e-9
    flow = {}
    with path.open(newline="") as stream:
        for row in csv.DictReader(stream):
            nodes = row["nodes"].split("-")
            assert nodes[0] == row["origin"]
            assert nodes[-1] == row["destination"]
            for pair in pairwise(nodes):
                flow[pair] = flow.get(pair, 0.0) + float(row["flow"])
    network = result.network
    for a, b, f in zip(network.tail, network.head, result.flow, strict=True):
        assert flow[str(a), str(b)] == pytest.approx(f, rel=1e-6)


def test_too_many_trips_name_the_cut_and_a_price_leaves_some_behind():
    with pytest.raises(Infeasible, match="10-17, 16-17, 19-17"):
        job("capacitated").run()
    found, said = job("capacitated").run(penalty=1000.0)
    assert found.unserved > 0.0
    assert said["bound"] == pytest.approx(found.objective, rel=1e-8)
    assert (found.dual >= 0.0).all()
    assert found.dual.max() > 0.0


def test_mu_falling_to_0_reaches_the_equilibrium():
    wide, narrow = (job("stochastic").run(mu=mu)[0] for mu in (0.6, 1e-4))
    assert narrow.converged
    assert wide.converged
    assert narrow.beckmann == pytest.approx(OPTIMUM, rel=1e-9)
    assert wide.beckmann > OPTIMUM * (1.0 + 1e-4)


def test_mu_is_0_6_unless_it_is_given(capsys):
    said = []
    for more in ([], ["--mu", "0.6"], ["--mu", "0.1"]):
        app(
            ["assign", str(NET), str(TRIPS), "--method", "stochastic", "--json", *more],
            standalone_mode=False,
        )
        said.append(json.loads(capsys.readouterr().out)["beckmann"])
    assert said[0] == said[1] > said[2]


@pytest.mark.parametrize(
    ("method", "options", "word"),
    [
        ("link_based", {"routes": Path("x.csv")}, "no path flows"),
        ("stochastic", {"resume": Path("x.npz")}, "no path flows"),
        ("path_based", {"threads": 0}, "1 or more"),
        ("stochastic", {"mu": 0.0}, "not above 0"),
        ("wardrop", {}, "no method"),
    ],
)
def test_what_cannot_be_done_is_refused_first(method, options, word):
    with pytest.raises(InputError, match=word):
        job(method).run(**options)


def test_a_method_without_an_optimum_says_so():
    with pytest.raises(InputError, match="no system optimum"):
        job("stochastic", system_optimum=True).run()
