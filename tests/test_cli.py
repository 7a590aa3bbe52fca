"""The commands: a contract that scripts depend on."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import typer

from isthmus import cli

ROOT = Path(__file__).resolve().parents[1]


def isthmus(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from isthmus.cli import main; main()", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, encoding="utf-8")


def commands() -> dict[str, Any]:
    group = typer.main.get_command(cli.app)
    return group.commands  # type: ignore[attr-defined,no-any-return]


@pytest.mark.parametrize("name", sorted(commands()))
def test_every_command_has_help_an_example_and_json(name):
    command = commands()[name]
    assert command.help
    assert "Example" in (command.epilog or ""), "an example in --help"
    assert any("--json" in p.opts for p in command.params)


@pytest.mark.parametrize("name", sorted(commands()))
def test_every_command_is_in_the_documentation(name):
    pages = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    assert f"## isthmus {name}" in pages


def test_a_wrong_place_is_exit_2_with_the_nearest_and_no_traceback():
    done = isthmus("route", "Tbilissi", "Poti")
    assert done.returncode == 2
    assert "Tbilisi" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_wrong_option_is_exit_2():
    assert isthmus("route", "Baku", "Poti", "--nonsense").returncode == 2


def test_a_wrong_scenario_is_exit_2_with_the_nearest():
    done = isthmus("run", "zangesur")
    assert done.returncode == 2
    assert "zangezur" in done.stderr


def test_route_as_json_names_lands_and_exposure():
    done = isthmus("route", "Baku", "Poti", "--json", "-k", "2")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    best = document["routes"][0]
    assert {"money_usd_t", "hours_p50", "hours_p90", "co2_kg_t", "territories", "exposure"} <= set(
        best
    )
    assert best["hours_p90"] >= best["hours_p50"] > 0
    assert "AZE" in best["territories"]
    assert "GEO" in best["territories"]
    assert sum(leg["length_km"] for leg in best["legs"]) == pytest.approx(best["length_km"])
    assert sum(leg["money_usd_t"] for leg in best["legs"]) == pytest.approx(best["money_usd_t"])


def test_a_cut_names_what_cuts():
    done = isthmus(
        "route", "Bandar Abbas", "Mumbai", "--scenario", "hormuz-closed", "--commodity", "coal"
    )
    text = done.stdout + done.stderr
    assert done.returncode in (0, 2)
    if done.returncode == 2:
        assert "closed elements" in text


def test_run_writes_whole_folders_and_reuses_them(tmp_path):
    done = isthmus("run", "baseline", "rasht-astara", "--results", str(tmp_path), "--json")
    assert done.returncode == 0, done.stderr
    documents = json.loads(done.stdout)
    assert [d["manifest"]["scenario"] for d in documents] == ["baseline", "rasht-astara"]
    names = {
        "manifest.json",
        "links.parquet",
        "paths.parquet",
        "skims.omx",
        "comparison.csv",
        "bottlenecks.csv",
        "map.gpkg",
        "report.html",
    }
    folder = tmp_path / "rasht-astara"
    assert {p.name for p in folder.iterdir()} == names
    assert {p.name for p in tmp_path.iterdir()} == {"baseline", "rasht-astara"}, "no scrap is left"
    before = (folder / "report.html").stat().st_mtime_ns
    again = isthmus("run", "rasht-astara", "--results", str(tmp_path), "--json")
    assert again.returncode == 0
    assert (folder / "report.html").stat().st_mtime_ns == before
    assert json.loads(again.stdout)[0]["manifest"] == documents[1]["manifest"]
    manifest, (worst, *_) = documents[1]["manifest"], documents[1]["bottlenecks"]
    assert max(manifest["gap"], manifest["base_gap"]) <= manifest["asked_gap"] == 1e-6
    assert min(manifest["iterations"], manifest["base_iterations"]) > 1
    written = pd.read_csv(folder / "bottlenecks.csv", keep_default_na=False)
    assert written["element_id"][0] == worst["element_id"]
    assert float(written["waiting_usd_yr_new"][0]) == worst["waiting_usd_yr_new"] > 0
    assert set(written["capacity_basis"]) <= {"published", "assumed", "order", "unknown"}
    (folder / "bottlenecks.csv").unlink()
    shown = isthmus("run", "rasht-astara", "--results", str(tmp_path))
    assert (folder / "bottlenecks.csv").is_file(), "a folder with a hole is written anew"
    assert f"{manifest['base_gap']:.1e} in {manifest['base_iterations']}" in shown.stdout
    assert f"{manifest['gap']:.1e} in {manifest['iterations']}" in shown.stdout


def test_an_unreachable_gap_is_exit_3(tmp_path):
    done = isthmus("run", "baseline", "--results", str(tmp_path), "--gap", "1e-300")
    assert done.returncode == 3
    assert "relative gap" in done.stderr


def test_check_passes_on_the_shipped_facts_and_fails_on_a_fault(tmp_path, shipped):
    done = isthmus("check")
    assert done.returncode == 0, done.stdout[:2000]
    row = shipped.raw["links"].head(1).copy()
    row["length_km"] = "1"
    row.to_csv(tmp_path / "links.csv", index=False)
    done = isthmus("check", "--data", str(tmp_path))
    assert done.returncode == 2
    assert re.search(r"links\.csv, row \d+", done.stdout.replace("\n", ""))


def test_list_and_show_speak_json():
    crossings = json.loads(isthmus("list", "crossings", "--json").stdout)
    assert crossings[0]["crossing_id"]
    document = json.loads(isthmus("show", crossings[0]["crossing_id"], "--json").stdout)
    assert document["crossing_regimes"]
    assert document["sources"]


def test_compare_as_json_has_base_new_and_change():
    done = isthmus("compare", "baseline", "hormuz-closed", "--by", "corridor", "--json")
    assert done.returncode == 0, done.stderr
    row = json.loads(done.stdout)["rows"][0]
    assert row["moved_tkm_yr_new"] - row["moved_tkm_yr_base"] == pytest.approx(
        row["moved_tkm_yr_change"]
    )
