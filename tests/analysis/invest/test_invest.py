"""What to build: values of sets against slow twins, best sets against published ones, the command."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import isthmus as ist
from conftest import Rows, gauge_break_rows, link, make_facts
from isthmus import cli
from isthmus.analysis.flows import compare
from isthmus.analysis.flows.totals import transit
from isthmus.analysis.invest import npv_of
from isthmus.analysis.invest import reassignment as invest_again
from isthmus.analysis.invest.appraisal import appraise, present
from isthmus.analysis.invest.budget import _programme
from isthmus.analysis.invest.interaction import package_table, pair_table
from isthmus.analysis.invest.projects import Project, as_order, read_projects
from isthmus.analysis.invest.savings import Choices, compile_choices
from isthmus.analysis.invest.search import additive, best_set, front, programme, ranked
from isthmus.cli.invest import _print, _tornado
from isthmus.errors import InputError
from isthmus.facts.check import check_keys
from isthmus.facts.check_projects import check_projects
from isthmus.facts.payers import shares
from isthmus.package import Facts
from isthmus.run import assigned

# Knapsack problems P01 to P08 of J. Burkardt, "Data for the 01 Knapsack Problem", Florida State
# University: weights, profits, capacity, greatest profit.
KNAPSACKS = {
    "P01": ([23, 31, 29, 44, 53, 38, 63, 85, 89, 82], [92, 57, 49, 68, 60, 43, 67, 84, 87, 72], 165, 309),
    "P02": ([12, 7, 11, 8, 9], [24, 13, 23, 15, 16], 26, 51),
    "P03": ([56, 59, 80, 64, 75, 17], [50, 50, 64, 46, 50, 5], 190, 150),
    "P04": ([31, 10, 20, 19, 4, 3, 6], [70, 20, 39, 37, 7, 5, 10], 50, 107),
    "P05": ([25, 35, 45, 5, 25, 3, 2, 2], [350, 400, 450, 20, 70, 8, 5, 5], 104, 900),
    "P06": ([41, 50, 49, 59, 55, 57, 60], [442, 525, 511, 593, 546, 564, 617], 170, 1735),
    "P07": (
        [70, 73, 77, 80, 82, 87, 90, 94, 98, 106, 110, 113, 115, 118, 120],
        [135, 139, 149, 150, 156, 163, 173, 184, 192, 201, 210, 214, 221, 229, 240], 750, 1458,
    ),
    "P08": (
        [382745, 799601, 909247, 729069, 467902, 44328, 34610, 698150, 823460, 903959, 853665, 551830,
         610856, 670702, 488960, 951111, 323046, 446298, 931161, 31385, 496951, 264724, 224916, 169684],
        [825594, 1677009, 1676628, 1523970, 943972, 97426, 69666, 1296457, 1679693, 1902996, 1844992,
         1049289, 1252836, 1319836, 953277, 2067538, 675367, 853655, 1826027, 65731, 901489, 577243,
         466257, 369261], 6404180, 13549094,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", KNAPSACKS)
def test_published_knapsacks_are_solved(name: str) -> None:
    weights, profits, capacity, most = KNAPSACKS[name]
    blocks: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    by_programme = programme(len(weights), blocks, profits, weights, capacity)
    assert by_programme.value == pytest.approx(most, rel=1e-9)
    assert by_programme.gap < 1e-6
    if len(weights) <= 15:
        listed = best_set(additive(profits), weights, capacity)
        assert listed.value == most
        assert additive(weights)[listed.chosen] <= capacity


def test_of_equal_sets_the_cheapest_is_chosen() -> None:
    assert best_set([0, 7, 7, 7], [5, 3], 10).chosen == 2


def test_a_budget_nothing_fits_leaves_nothing() -> None:
    assert best_set([0, 7], [5], 4).chosen == 0
    with pytest.raises(InputError):
        best_set([0, 7], [5], -1)


def test_next_sets_hold_no_idle_project() -> None:
    values = np.array([0.0, 5.0, 0.0, 5.0, 3.0, 8.0, 3.0, 8.0])  # the second project adds nothing
    assert ranked(values, [1, 1, 1], math.inf, 9).tolist() == [5, 1, 4, 0]


def test_front_is_what_a_scan_finds() -> None:
    draw = np.random.default_rng(1)
    values, costs = draw.random(300), np.round(draw.random(300), 2)
    kept = front(values, costs)
    slow = [
        i for i in range(300)
        if not any(
            (costs[j] <= costs[i] and values[j] >= values[i])
            and (costs[j] < costs[i] or values[j] > values[i]) for j in range(300)
        )
    ]  # fmt: skip
    assert sorted(kept.tolist()) == slow


# --- a network with something to build ---------------------------------------------------------------


def _rows() -> Rows:
    """The gauge break with two shortcuts, a better half of the old road and a way to the island to build."""
    rows = gauge_break_rows()
    new = [
        link("a", "c", "road", "AAA", 120),
        link("c", "d", "road", "BBB", 300),
        {**link("a", "c", "road", "AAA", 110), "link_id": "road:a-c-2"},
        {**link("b", "c", "road", "BBB", 60), "link_id": "road:b-c-2"},
    ]
    rows["links"] += new
    rows["link_status"] += [
        {
            "link_id": r["link_id"],
            "status": "planned",
            "from_date": "2000-01-01",
            "cause_id": "begin",
        }
        for r in new
    ]
    rows["crossings"] += [
        {"crossing_id": f"{m}:c:{x}-{y}", "name": f"c {m} {x}", "node_id": "c", "mode": m,
         "from_territory_id": x, "to_territory_id": y}
        for m in ("road",) for x, y in (("AAA", "BBB"), ("BBB", "AAA"))
    ]  # fmt: skip
    rows["crossing_regimes"] += [
        {"crossing_id": f"{m}:c:{x}-{y}", "regime": "normal", "from_date": "2000-01-01",
         "cause_id": "begin"}
        for m in ("road",) for x, y in (("AAA", "BBB"), ("BBB", "AAA"))
    ]  # fmt: skip
    rows["projects"] = [
        {"project_id": "short-road", "name": "Short road", "packages": "east; both", "cost": 1000,
         "currency": "USD", "price_year": 2024, "build_years": 2, "payers": "AAA"},
        {"project_id": "island-road", "name": "Island road", "packages": "south; both", "cost": 3000,
         "currency": "USD", "price_year": 2024, "build_years": 0, "payers": "AAA 0.25; BBB 0.75"},
        {"project_id": "half-road", "name": "Half a road", "packages": "east", "cost": 2000,
         "currency": "USD", "price_year": 2024, "payers": "BBB"},
        {"project_id": "other-road", "name": "Other road", "packages": "west", "payers": "BBB"},
    ]  # fmt: skip
    rows["project_effects"] = [
        {"project_id": p, "verb": "open", "noun": "link", "item": i}
        for p, i in (
            ("short-road", "road:a-c"), ("island-road", "road:c-d"),
            ("other-road", "road:a-c-2"), ("half-road", "road:b-c-2"),
        )
    ]  # fmt: skip
    return rows


def _facts(rows: Rows, shipped: Facts) -> Facts:
    facts = make_facts(rows)
    for name in ("sources", "commodities", "parameters", "exchange_rates"):
        facts.tables[name], facts.raw[name] = shipped[name], shipped.raw[name]  # type: ignore[index]
    return facts


@pytest.fixture(scope="module")
def works(shipped: Facts) -> Facts:
    return _facts(_rows(), shipped)


@pytest.fixture(scope="module")
def solved(works: Facts) -> tuple[ist.Assignment, ist.GeneralizedCost, list[Project], Choices]:
    cost = ist.GeneralizedCost(works)
    base = ist.assign(
        works.network("2020-01-01"), works.demand(2024), cost, method="all_or_nothing"
    )
    projects = read_projects(works, base.cost.parameters)
    return base, cost, projects, compile_choices(base, cost, projects)


def _by_assignment(
    base: ist.Assignment, cost: ist.GeneralizedCost, projects: list[Project], chosen: int
) -> float:
    """What a set saves, by assigning the changed network from nothing."""
    members = [p for i, p in enumerate(projects) if chosen >> i & 1]
    order = as_order(members, "2020-01-01")
    new = ist.assign(*order.apply(base.virtual.source, base.demand), cost, method="all_or_nothing")
    return invest_again._compared(base, new, ()).gain_usd_yr


def test_every_set_saves_what_an_assignment_says(solved: tuple) -> None:
    base, cost, projects, choices = solved
    table = choices.table(0)
    assert len(table) == 16
    assert np.ptp(table) > 0
    for chosen in range(16):
        slow = _by_assignment(base, cost, projects, chosen)
        assert table[chosen] == pytest.approx(slow, rel=1e-9, abs=1e-9 * table[-1])
    assert table[2] > 0


def test_adding_a_project_never_saves_less(solved: tuple) -> None:
    table = solved[3].table(0)
    for chosen in range(16):
        for i in range(4):
            assert table[chosen | 1 << i] >= table[chosen] - 1e-9 * table[-1]


def test_tables_are_what_sets_give_one_by_one(solved: tuple) -> None:
    choices = solved[3]
    sets = np.arange(16)
    assert choices.table(0) == pytest.approx(choices.saving(sets))
    assert choices.table(1) == pytest.approx(choices.of(sets)[:, 1])
    assert choices.herfindahl() == pytest.approx(choices.herfindahl_of(sets))
    some = choices.among([3, 1])
    assert some.table(0) == pytest.approx(choices.saving([0, 8, 2, 10]))


def test_programme_finds_what_the_table_does(solved: tuple) -> None:
    _, _, projects, choices = solved
    listed = [p for p in projects if p.priced]
    small = choices.among([0, 1, 2])
    plan = appraise(listed, 0.05, 30, 0.01)
    capital = np.array([p.capital_usd for p in listed])
    values = plan.worth(small.table(0)) - additive(plan.cost_usd)
    for budget in (0.0, 1500.0, 3500.0, math.inf):
        by_table = best_set(values, capital, budget)
        by_programme = _programme(small, plan, capital, budget, "npv")
        assert by_programme.value == pytest.approx(by_table.value, rel=1e-7, abs=1e-6)
        assert by_programme.chosen == by_table.chosen


def test_programme_against_every_set_on_made_up_trades() -> None:
    draw = np.random.default_rng(3)
    for _ in range(10):
        n, starts, masks, values = 7, [0], [], []
        for _ in range(25):
            k = int(draw.integers(1, 4))
            values += sorted(draw.random(k) * 10, reverse=True)
            masks += draw.integers(1, 1 << n, k).tolist()
            starts.append(len(masks))
        columns = np.column_stack([values, np.zeros(len(values))])
        choices = Choices(n, np.array(starts), np.array(masks), columns, (), np.zeros(0))
        table = np.array(
            [
                sum(
                    next((values[j] for j in range(a, b) if masks[j] & ~s == 0), 0.0)
                    for a, b in pairwise(starts)
                )
                for s in range(1 << n)
            ]
        )
        assert choices.table(0) == pytest.approx(table)
        costs = draw.random(n)
        found = programme(n, [(choices.starts, choices.mask, columns[:, 0])], [0.0] * n, costs, 1.5)
        assert found.value == pytest.approx(best_set(table, costs, 1.5).value)


def test_concentration_of_transit_is_the_sum_of_squared_shares_for_every_set() -> None:
    """Of each set the first way that it allows moves tonnes from land to land; shares are of all lands together."""
    draw = np.random.default_rng(7)
    starts, masks = np.array([0, 3, 5]), np.array([3, 1, 0, 2, 0])
    values = draw.uniform(0.5, 2.0, (5, 4))
    values[[2, 4]] = 0.0  # as it is: nothing built, nothing moves elsewhere
    transit = np.array([3.0, 4.0])
    choices = Choices(2, starts, masks, values, ("AAA", "BBB"), transit)
    want = []
    for s in range(4):
        moves = transit.copy()
        for a, b in pairwise(starts):
            moves += next(values[j, 2:] for j in range(a, b) if masks[j] & ~s == 0)
        want.append(((moves / moves.sum()) ** 2).sum())
    assert want[0] == pytest.approx(25.0 / 49.0)
    assert choices.herfindahl() == pytest.approx(want)
    assert choices.herfindahl_of(np.arange(4)) == pytest.approx(want)


def test_packages_and_pairs_interact_by_definition(solved: tuple) -> None:
    _, _, projects, choices = solved
    v = choices.table(0)
    pairs = pair_table(projects, choices).set_index(["first_id", "second_id"])
    both = v[1 | 8] - v[1] - v[8]
    assert both < 0  # two roads between the same places
    row = pairs.loc[("short-road", "other-road")]
    assert row["interaction_usd_yr"] == pytest.approx(both)
    assert row["kind"] == "substitute"
    packages = package_table(projects, choices).set_index(["first", "second"])
    east, joint = 1 | 4, 1 | 2
    assert packages.loc[("east", "both"), "interaction_usd_yr"] == pytest.approx(
        v[east | joint] + v[east & joint] - v[east] - v[joint]
    )
    assert packages.loc[("east", "both"), "shared_ids"] == "short-road"


def test_annuity_is_the_closed_form() -> None:
    assert present(0.05, 1, 30) == pytest.approx((1 - 1.05**-30) / 0.05)
    assert present(0.0, 3, 7) == 5


def test_appraisal_by_hand(solved: tuple) -> None:
    base, cost, projects, choices = solved
    plan = appraise(projects[:2], 0.1, 4)
    # the second serves from the first year, the first from the third
    assert plan.stages[0] == (2, pytest.approx(1 / 1.1 + 1 / 1.1**2))
    assert plan.stages[1] == (3, pytest.approx(1 / 1.1**3 + 1 / 1.1**4))
    assert plan.cost_usd.tolist() == pytest.approx([500 / 1.1 + 500 / 1.1**2, 3000])
    v = choices.table(0)
    by_hand = v[2] * plan.stages[0][1] + v[3] * plan.stages[1][1] - plan.cost_usd.sum()
    names = [p.id for p in projects[:2]]
    assert npv_of(base, cost, names, rate=0.1, years=4, upkeep=0.0) == pytest.approx(by_hand)


def test_unknown_costs_are_shown_and_not_chosen(solved: tuple) -> None:
    base, cost, *_ = solved
    found = ist.invest(base, cost, objective="saving", again=0)
    assert "other-road" not in found.chosen
    assert np.isnan(found.projects.set_index("project_id").loc["other-road", "capital_usd"])
    priced = ist.invest(base, cost, objective="saving", again=0, costs={"other-road": 10})
    assert "other-road" in priced.chosen


def test_what_is_paid_adds_up_and_what_is_saved_too(solved: tuple, tmp_path: Path) -> None:
    base, cost, *_ = solved
    found = ist.invest(base, cost, objective="saving", again=1, folder=tmp_path)
    assert found.payers["capital_usd"].sum() == pytest.approx(found.sets["capital_usd"].iloc[0])
    by_land = found.gainers["saving_usd_yr"].sum()
    best = found.sets.iloc[0]
    assert by_land == pytest.approx(best["saving_usd_yr"] + best["new_trade_usd_yr"])


def test_finished_sets_are_not_assigned_again(
    solved: tuple, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base, cost, *_ = solved
    first = ist.invest(base, cost, again=2, folder=tmp_path)

    def never(*_: object, **__: object) -> None:
        raise AssertionError("assigned again")

    monkeypatch.setattr(invest_again, "assign", never)
    second = ist.invest(base, cost, again=2, folder=tmp_path)
    pd.testing.assert_frame_equal(first.sets, second.sets)
    pd.testing.assert_frame_equal(first.gainers, second.gainers)


def test_what_is_built_is_no_choice(solved: tuple) -> None:
    base, cost, _, choices = solved
    found = ist.invest(base, cost, built=["short-road"], again=0, objective="saving")
    assert "short-road" not in set(found.projects["project_id"])
    alone = found.projects.set_index("project_id")["held_usd_yr"]
    v = choices.table(0)
    assert alone["other-road"] == pytest.approx(v[9] - v[1], abs=1e-6 * v[-1])


def test_weights_between_two_objectives(solved: tuple) -> None:
    base, cost, *_ = solved
    one = ist.invest(base, cost, objective="emissions", again=0)
    same = ist.invest(base, cost, weights={"emissions": 2.0, "npv": 0.0}, again=0)
    assert one.chosen == same.chosen
    with pytest.raises(InputError, match="none"):
        ist.invest(base, cost, objective="glory")


def test_only_the_trade_of_a_land_counts(solved: tuple) -> None:
    base, cost, projects, choices = solved
    assert compile_choices(base, cost, projects, zone_territories=["AAA"]).table(
        0
    ) == pytest.approx(choices.table(0))
    assert not compile_choices(base, cost, projects, zone_territories=["XXX"]).table(0).any()


def test_two_projects_on_one_link_are_refused(shipped: Facts) -> None:
    rows = _rows()
    rows["project_effects"].append(
        {"project_id": "half-road", "verb": "open", "noun": "link", "item": "road:a-c"}
    )
    facts = _facts(rows, shipped)
    cost = ist.GeneralizedCost(facts)
    base = ist.assign(
        facts.network("2020-01-01"), facts.demand(2024), cost, method="all_or_nothing"
    )
    with pytest.raises(InputError, match="same arc"):
        ist.invest(base, cost, again=0)


def test_a_project_that_makes_a_way_dearer_is_refused(shipped: Facts) -> None:
    rows = _rows()
    rows["project_effects"].append(
        {"project_id": "half-road", "verb": "set", "noun": "link", "item": "road:a-b",
         "column": "length_km", "value": "900"}
    )  # fmt: skip
    facts = _facts(rows, shipped)
    cost = ist.GeneralizedCost(facts)
    base = ist.assign(
        facts.network("2020-01-01"), facts.demand(2024), cost, method="all_or_nothing"
    )
    with pytest.raises(InputError, match="dearer"):
        ist.invest(base, cost, again=0)


def test_shares_must_be_whole() -> None:
    with pytest.raises(InputError, match="add up"):
        shares("ARM 0.5; TUR 0.4", "here")
    with pytest.raises(InputError, match="no payer"):
        shares("ARM half", "here")


@pytest.mark.parametrize(
    ("table", "row", "column", "value", "rule"),
    [
        ("projects", 0, "payers", "AZE 0.4", "payers"),
        ("projects", 0, "payers", "XYZ", "payers"),
        ("projects", 3, "currency", "", "project-cost"),
        ("project_effects", 0, "item", "rail:nowhere", "project-effect"),
        ("project_effects", 0, "project_id", "nothing", "dangling-key"),
    ],
)
def test_faults_of_projects_are_found(
    shipped: Facts, table: str, row: int, column: str, value: str, rule: str
) -> None:
    tables, raw = dict(shipped.tables), dict(shipped.raw)
    for package in (tables, raw):
        frame = package[table].copy()
        frame[column] = frame[column].astype(object)
        frame.loc[row, column] = value
        package[table] = frame
    broken = replace(shipped, tables=tables, raw=raw)
    rules = [check_projects, check_keys]
    assert rule in {f.rule for r in rules for f in r(broken)}
    assert not [f for r in rules for f in r(shipped)]


def test_shipped_projects_apply(shipped: Facts) -> None:
    cost = ist.GeneralizedCost(shipped)
    projects = read_projects(shipped, cost.parameters)
    network, demand = shipped.network("2025-01-01"), shipped.demand(2024)
    order = as_order(projects, "2025-01-01")  # two writers of one cell are an error
    changed, _ = order.apply(network, demand)
    assert changed.links["is_open"].sum() > network.links["is_open"].sum()
    assert all(p.changes for p in projects)
    assert sum(p.priced for p in projects) >= 12


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict, Path]:
    folder = tmp_path_factory.mktemp("invest")
    command = [
        "invest", "--method", "all_or_nothing", "--budget", "400M", "--again", "1", "--projects",
        "shalamcheh-basra-railway,gyumri-kars-railway,yeraskh-railway,aras-railway",
        "--folder", str(folder), "--html", str(folder / "p.html"), "--svg", str(folder / "p.svg"),
    ]  # fmt: skip
    done = CliRunner().invoke(cli.app, [*command, "--json"])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout), folder


def test_command_prints_its_schema(printed: tuple[dict, Path]) -> None:
    document, _ = printed
    assert "gap" not in document
    assert document["search"]["gap"] == 0
    assert document["search"]["sets_valued"] == 8
    assert document["budget_usd"] == 4e8
    assert set(document["chosen"]) <= {p["project_id"] for p in document["projects"]}
    best = document["sets"][0]
    assert best["capital_usd"] <= 4e8
    assert best["saving_usd_yr"] == pytest.approx(best["held_usd_yr"], rel=0.25)
    assert document["net_present_value_usd"] == best["npv_usd"]
    assert next(iter(best)) == "rank"
    assert list(best).index("saving_usd_yr") < list(best).index("held_usd_yr")
    front_values = [row["held_npv_usd"] for row in document["front"]]
    assert front_values == sorted(front_values)


def test_page_and_picture_stand_alone(printed: tuple[dict, Path]) -> None:
    _, folder = printed
    page, picture = (folder / "p.html").read_text(), (folder / "p.svg").read_text()
    assert "Who pays and who gains" in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert picture.startswith("<svg")
    assert "<circle" in picture


def test_what_is_printed(solved: tuple, capsys: pytest.CaptureFixture[str]) -> None:
    base, cost, *_ = solved
    _print("works", ist.invest(base, cost, objective="saving", again=1), None)
    shown = capsys.readouterr().out
    assert "gap of the search, by what it sorts by: 0 (8 sets valued)" in shown
    assert "held: at the delays of the base, least-cost routes: what the search sorts by" in shown
    assert shown.index("net value") < shown.index("gap of the search")
    assert "cost not known, not chosen: other-road" in shown


@pytest.fixture(scope="module")
def railway(central, shipped: Facts) -> tuple:
    """One railway, by `invest` and by an assignment of its order."""
    cost = ist.GeneralizedCost(shipped)
    found = ist.invest(central, cost, only=["gyumri-kars-railway"], again=1)
    [project] = read_projects(shipped, central.cost.parameters, only=["gyumri-kars-railway"])
    changed = as_order([project], "2025-01-01").apply(central.virtual.source, central.demand)
    new = ist.assign(*changed, cost, gap=central.asked_gap, start=central)
    return found, compare(central, new)


def test_one_project_has_the_digits_of_its_order(railway: tuple) -> None:
    found, comparison = railway
    saved = -comparison.totals()["cost_change_usd_yr"]
    assert saved > 0.0
    alone = found.projects.set_index("project_id").loc["gyumri-kars-railway"]
    assert alone["alone_usd_yr"] == saved
    of_set = found.sets.set_index("projects").loc["gyumri-kars-railway"]
    assert of_set["saving_usd_yr"] == saved


def test_a_project_pays_for_the_queues_it_makes(railway: tuple) -> None:
    """What it saves at the base's delays is more than what it saves once queues have answered."""
    found, comparison = railway
    alone = found.projects.set_index("project_id").loc["gyumri-kars-railway"]
    at_base = -float(comparison.trips["network_change_usd_yr"].sum())
    assert at_base > alone["alone_usd_yr"]
    assert alone["held_usd_yr"] > alone["alone_usd_yr"]


def test_sets_assigned_anew_are_sorted_by_what_they_are_worth_then(solved: tuple) -> None:
    base, cost, *_ = solved
    found = ist.invest(base, cost, again=3)
    worth = found.sets["npv_usd"]
    assert worth.notna().all()
    assert worth.is_monotonic_decreasing
    assert found.headline_usd == worth.iloc[0]
    assert sorted(found.sets["held_rank"]) == [1, 2, 3]
    assert "; ".join(found.chosen) == found.sets["projects"].iloc[0]


@pytest.mark.parametrize("option", [["--budget", "much"], ["--cost", "x"]])
def test_bad_options_are_said_plainly(option: list[str]) -> None:
    done = CliRunner().invoke(cli.app, ["invest", "--method", "all_or_nothing", *option])
    assert isinstance(done.exception, InputError)


def test_tornado_moves_the_appraisal_as_defined(
    works: Facts, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    cost = ist.GeneralizedCost(works)
    base, _ = assigned(works, None, "2020-01-01", method="all_or_nothing")
    found = ist.invest(base, cost, objective="saving", again=0)
    choice: dict = {"costs": {}, "built": [], "trade_of": [], "rate": None, "years": None}
    swings = _tornado(
        works,
        None,
        "2020-01-01",
        "all_or_nothing",
        1e-6,
        found,
        choice,
        lambda *_: None,
    ).set_index("name")
    paid = float(found.sets["cost_usd"].iloc[0])
    assert swings.loc["What projects cost", "high_change"] == pytest.approx(-0.45 * paid)
    assert swings.loc["What projects cost", "low_change"] == pytest.approx(0.2 * paid)
    assert (
        swings.loc["Discount rate", "high_change"] < 0 < swings.loc["Discount rate", "low_change"]
    )
    assert swings["swing"].is_monotonic_decreasing


def test_a_set_on_the_shipped_network_is_what_an_assignment_says(shipped: Facts) -> None:
    network, demand = shipped.network("2025-01-01"), shipped.demand(2024)
    cost = ist.GeneralizedCost(shipped)
    base = ist.assign(network, demand, cost, method="all_or_nothing")
    projects = read_projects(shipped, base.cost.parameters)
    choices = compile_choices(base, cost, projects)
    chosen = 11253989
    members = [p for i, p in enumerate(projects) if chosen >> i & 1]
    order = as_order(members, "2025-01-01")
    new = ist.assign(*order.apply(network, demand), cost, method="all_or_nothing", start=base)
    slow = invest_again._compared(base, new, ())
    given = choices.of(chosen)[0]
    assert given[0] == pytest.approx(slow.gain_usd_yr, rel=1e-9)
    assert given[1] == pytest.approx(slow.co2_saved_t_yr, rel=1e-9)
    for assignment, moved in ((base, choices.transit), (new, choices.transit + given[2:])):
        seen = transit(assignment)["transit_t_yr"].reindex(choices.territories).fillna(0.0)
        assert moved == pytest.approx(seen.to_numpy(), rel=1e-9, abs=1.0)
    shares_of = seen / seen.sum()
    assert choices.herfindahl_of(chosen)[0] == pytest.approx(float((shares_of**2).sum()))
