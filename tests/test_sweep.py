"""Orders under moved assumptions: ranges, signs, ranks; stopped and gone on with."""

from __future__ import annotations

import json
import sys

import numpy as np
import pandas as pd
import pytest
from scipy.stats import kendalltau

import isthmus as ist
from isthmus.assumptions import CENTRAL, Case, cases, moved
from isthmus.cli import app
from isthmus.errors import CostError, InputError
from isthmus.facts.check import check
from isthmus.run import run
from isthmus.scenario import find_scenario, list_scenarios
from isthmus.sweep import QUANTITIES, Sweep, sweep

ORDERS = ("zangezur", "hormuz-closed", "upper-lars-closed")


def made_up():
    """Three orders, two lands, three cases of one quantity."""
    numbers = {
        ("a", "X"): (-5.0, -4.0, -6.0),
        ("b", "X"): (-1.0, 2.0, -3.0),
        ("c", "X"): (3.0, 1.0, 4.0),
        ("a", "Y"): (0.0, 0.0, 0.0),
        ("b", "Y"): (1.0, 2.0, 3.0),
        ("c", "Y"): (2.0, 1.0, 4.0),
    }
    rows = [
        {"case": case, "order": o, "territory_id": t, **dict.fromkeys(QUANTITIES, v)}
        for (o, t), values in numbers.items()
        for case, v in zip((CENTRAL, "k low", "k high"), values, strict=True)
    ]
    return Sweep(pd.DataFrame(rows), {"X": "Ex", "Y": "Why"})


def test_ranges_signs_and_ranks_worked_by_hand():
    table = made_up().table("cost_usd_yr").set_index(["order", "territory_id"])
    assert table.loc[("b", "X"), ["low", "central", "high"]].tolist() == [-3.0, -1.0, 2.0]
    assert not table.loc[("b", "X"), "sign_holds"]
    assert table.loc[("a", "X"), "sign_holds"]
    assert table.loc[("a", "Y"), "sign_holds"], "nothing in every case"
    ranks = table.loc[("b", "X"), ["rank", "rank_low", "rank_high"]].tolist()
    assert ranks == [2, 2, 3]
    assert table.loc[("c", "Y"), ["rank", "rank_low", "rank_high"]].tolist() == [3, 2, 3]


def test_agreement_is_kendalls_tau_of_the_worst_case():
    found = made_up().agreement().set_index("territory_id")
    central, low = [-5.0, -1.0, 3.0], [-4.0, 2.0, 1.0]
    assert found.loc["X", "tau_least"] == pytest.approx(kendalltau(central, low).statistic)
    assert found.loc["Y", "tau_least"] == pytest.approx(1.0 / 3.0)


def test_each_assumption_moves_what_it_names_and_nothing_else(shipped):
    assert {c.assumption for c in cases(shipped)} == {CENTRAL, *shipped["sweep"]["assumption_id"]}
    for case in cases(shipped)[1:]:
        varied = moved(shipped, case)
        rows = shipped["sweep"][shipped["sweep"]["assumption_id"].eq(case.assumption)]
        touched = {name for name in shipped.tables if not shipped[name].equals(varied.tables[name])}
        assert touched == set(rows["table"])
        assert varied.digest != shipped.digest
        for row in rows.to_dict("records"):
            old = shipped[row["table"]][row["column"]].to_numpy(dtype=float)
            new = varied[row["table"]][row["column"]].to_numpy(dtype=float)
            with np.errstate(invalid="ignore", divide="ignore"):
                ratio = np.unique(np.round((new / old)[np.isfinite(new / old)], 9))
            assert set(ratio) <= {1.0, row[case.side]}
            assert row[case.side] in ratio
    assert moved(shipped, Case(CENTRAL, "")) is shipped
    assert check(shipped) == []


def test_a_sweep_is_what_runs_one_by_one_say_and_goes_on_where_it_was(shipped, tmp_path):
    options = {"assumptions": ["value-of-time"], "folder": tmp_path, "method": "all_or_nothing"}
    found = sweep(shipped, ORDERS, **options)
    case = Case("value-of-time", "high")
    facts = moved(shipped, case)
    cost = ist.GeneralizedCost(facts)
    network, demand = facts.network("2025-01-01"), facts.demand(2024)
    base = ist.assign(network, demand, cost, method="all_or_nothing")
    changed, trade = find_scenario("hormuz-closed").apply(network, demand)
    new = ist.assign(changed, trade, cost, method="all_or_nothing", start=base)
    one = ist.compare(base, new).by("territory").set_index("territory_id")["cost_usd_yr_change"]
    values = found.values.set_index(["case", "order", "territory_id"])["cost_usd_yr"].sort_index()
    here = values[case.name, "hormuz-closed"]
    assert here.to_numpy() == pytest.approx(one[here.index].to_numpy())

    files = sorted((tmp_path / ".sweep").glob("*.parquet"))
    assert len(files) == 3 * len(ORDERS)
    assert not list((tmp_path / ".sweep").glob("*.part"))
    files[0].unlink()
    kept = {f: f.stat().st_mtime_ns for f in files[1:]}
    again = sweep(shipped, ORDERS, **options)
    pd.testing.assert_frame_equal(again.values, found.values)
    assert {f: f.stat().st_mtime_ns for f in kept} == kept, "what is done is not done again"


def test_what_is_stopped_keeps_what_is_done(shipped, tmp_path):
    def stop(done, total):
        if done == 2:
            raise KeyboardInterrupt

    options = {"assumptions": [], "folder": tmp_path, "method": "all_or_nothing"}
    with pytest.raises(KeyboardInterrupt):
        sweep(shipped, ORDERS, progress=stop, **options)
    assert len(list((tmp_path / ".sweep").glob("*.parquet"))) == 2
    assert len(sweep(shipped, ORDERS, **options).values["order"].unique()) == 3


def test_unknown_assumptions_and_quantities_are_refused(shipped):
    with pytest.raises(InputError, match="value-of-time"):
        cases(shipped, ["weather"])
    with pytest.raises(InputError, match="cost_usd_yr"):
        made_up().table("glory")


def test_the_command_prints_every_order(tmp_path, capsys, monkeypatch):
    few = {name: list_scenarios()[name] for name in [*ORDERS, "baseline"]}
    monkeypatch.setattr(sys.modules["isthmus.scenario"], "list_scenarios", lambda: few)
    table = tmp_path / "orders.csv"
    arguments = ["compare", "--all", "--by", "territory", "--no-sweep", "--workers", "1"]
    arguments += ["--method", "all_or_nothing", "--results", str(tmp_path), "--json"]
    app([*arguments, "--csv", str(table)], standalone_mode=False)
    said = json.loads(capsys.readouterr().out)
    assert {r["order"] for r in said["rows"]} == set(ORDERS)
    assert said["swept"] is False
    assert len(pd.read_csv(table)) == len(said["rows"])


def test_a_failing_order_does_not_lose_the_others(shipped, tmp_path, monkeypatch):
    module = sys.modules["isthmus.run"]
    whole = module.prepare

    def fail(facts, scenario, cost, **options):
        if scenario.id == "zangezur":
            raise CostError("a term is negative")
        return whole(facts, scenario, cost, **options)

    monkeypatch.setattr(module, "prepare", fail)
    options = {"folder": tmp_path, "method": "all_or_nothing", "resume": True}
    with pytest.raises(InputError, match=r"order zangezur(?s:.*)a term is negative"):
        run(shipped, ["zangezur", "upper-lars-closed"], **options)
    (order,) = run(shipped, ["upper-lars-closed"], **options)
    assert order.result is None, "done before, not run again"
    assert order.manifest["totals"]["common_t_yr"] > 0
