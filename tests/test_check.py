"""Mutations: every planted fault is found, named with file, row, value and mend."""

from __future__ import annotations

import copy
from collections.abc import Callable

import pytest

from conftest import Rows, gauge_break_rows, link, node
from isthmus.facts.check import CHECKS, check, unknown

Plant = Callable[[Rows], None]


@pytest.fixture
def clean() -> Rows:
    """The gauge break without its island, complete in every required cell."""
    rows = gauge_break_rows()
    rows["nodes"] = [r for r in rows["nodes"] if r["node_id"] != "d"]
    rows["zones"] = [r for r in rows["zones"] if r["node_id"] != "d"]
    rows["connectors"] = [r for r in rows["connectors"] if r["node_id"] != "d"]
    rows["demand"] = [r for r in rows["demand"] if r["destination_zone_id"] != "D"]
    return rows


def change(table: str, row: int, **cells: object) -> Plant:
    def plant(rows: Rows) -> None:
        rows[table][row].update(cells)

    return plant


def append(table: str, **cells: object) -> Plant:
    def plant(rows: Rows) -> None:
        rows.setdefault(table, []).append(dict(cells))

    return plant


def add_link(*arguments: object, **more: object) -> Plant:
    def plant(rows: Rows) -> None:
        row = link(*arguments, **more)  # type: ignore[arg-type]
        rows["links"].append(row)
        rows["link_status"].append(
            {"link_id": row["link_id"], "status": "open", "from_date": "2000-01-01"}
        )

    return plant


def one_way_island(rows: Rows) -> None:
    rows["nodes"].append(node("e", "BBB", 2.0, 0.0))
    add_link("c", "e", "road", "BBB", 60, directed=True)(rows)


def drop(table: str, row: int) -> Plant:
    def plant(rows: Rows) -> None:
        del rows[table][row]

    return plant


def drop_crossings(rows: Rows) -> None:
    rows["crossings"] = [r for r in rows["crossings"] if r["mode"] != "road"]
    rows["crossing_regimes"] = [
        r for r in rows["crossing_regimes"] if not r["crossing_id"].startswith("road")
    ]


def order(table: str, row: int, **cells: object) -> Plant:
    """Plant in a small sound order: an organisation, two members, an agreement of two states."""

    def plant(rows: Rows) -> None:
        rows["organisations"] = [{"organisation_id": "club", "name": "The Club", "kind": "forum"}]
        rows["memberships"] = [
            {
                "membership_id": f"club:{t}",
                "organisation_id": "club",
                "territory_id": t,
                "role": "member",
                "from_date": "2000-01-01",
            }
            for t in ("AAA", "BBB")
        ]
        rows["agreements"] = [
            {
                "agreement_id": "treaty",
                "name": "Treaty",
                "signed": "2010-01-01",
                "from_date": "2011-01-01",
                "to_date": "2020-01-01",
            }
        ]
        rows["agreement_parties"] = [
            {"agreement_id": "treaty", "territory_id": t, "role": "signatory"}
            for t in ("AAA", "BBB")
        ]
        if row == len(rows[table]):
            rows[table].append({})
        rows[table][row].update(cells)

    return plant


PLANTS: dict[str, tuple[Plant, str, str, str]] = {
    "dangling key": (
        change("links", 0, to_node_id="nowhere"),
        "dangling-key",
        "links.csv, row 2",
        "nowhere",
    ),
    "impossible length": (
        change("links", 2, length_km=12),
        "impossible-length",
        "links.csv, row 4",
        "12",
    ),
    "absurd length": (
        change("links", 2, length_km=1500),
        "impossible-length",
        "links.csv, row 4",
        "1500",
    ),
    "overlapping dates": (
        append("link_status", link_id="rail:a-b", status="closed", from_date="2010-01-01"),
        "overlapping-dates",
        "link_status.csv, row 6",
        "2010-01-01",
    ),
    "overlapping regimes": (
        append(
            "crossing_regimes",
            crossing_id="rail:b:AAA-BBB",
            regime="closed",
            from_date="2010-01-01",
        ),
        "overlapping-dates",
        "crossing_regimes.csv, row 6",
        "rail:b:AAA-BBB",
    ),
    "reversed dates": (
        change("link_status", 1, to_date="1999-01-01"),
        "reversed-dates",
        "link_status.csv, row 3",
        "1999-01-01",
    ),
    "missing source": (
        change("links", 1, source_id=""),
        "missing-source",
        "links.csv, row 3",
        "source",
    ),
    "unknown source": (
        change("nodes", 0, source_id="hearsay"),
        "missing-source",
        "nodes.csv, row 2",
        "hearsay",
    ),
    "assumption without a reason": (
        change("nodes", 0, source_id="assumed:"),
        "missing-source",
        "nodes.csv, row 2",
        "reason",
    ),
    "duplicate key": (
        append("regimes", regime="normal", name="n", definition="n", open=True),
        "duplicate",
        "regimes.csv, row 8",
        "normal",
    ),
    "duplicate link": (
        add_link("b", "a", "road", "AAA", 150, link_id="road:again"),
        "duplicate",
        "links.csv, row 6",
        "road:again",
    ),
    "wrong unit of speed": (
        change("links", 0, free_speed_km_h=22000),
        "unit",
        "links.csv, row 2",
        "22000",
    ),
    "wrong unit of gauge": (change("links", 0, gauge_mm=152), "unit", "links.csv, row 2", "152"),
    "wrong unit of capacity": (
        change("links", 0, capacity_t_yr=15),
        "unit",
        "links.csv, row 2",
        "15",
    ),
    "wrong unit of hours": (
        change("crossings", 0, delay_p50_h=99999),
        "unit",
        "crossings.csv, row 2",
        "99999",
    ),
    "p90 below p50": (
        change("crossings", 0, delay_p90_h=1),
        "unit",
        "crossings.csv, row 2",
        "below",
    ),
    "isolated node": (
        lambda rows: rows["nodes"].append(node("z", "AAA", 3.0, 3.0)),
        "isolated-node",
        "nodes.csv, row 5",
        "z",
    ),
    "one-way trap": (one_way_island, "one-way-trap", "nodes.csv, row 5", "e"),
    "text for a number": (change("links", 0, length_km="far"), "type", "links.csv, row 2", "far"),
    "no date": (
        change("link_status", 0, from_date="May 2000"),
        "type",
        "link_status.csv, row 2",
        "May 2000",
    ),
    "word outside its vocabulary": (
        change("link_status", 0, status="opened"),
        "vocabulary",
        "link_status.csv, row 2",
        "opened",
    ),
    "no mode": (change("links", 2, mode="camel"), "vocabulary", "links.csv, row 4", "camel"),
    "empty required cell": (change("nodes", 1, name=""), "required", "nodes.csv, row 3", "name"),
    "link without a status": (drop("link_status", 0), "no-state", "links.csv, row 2", "rail:a-b"),
    "border without a crossing": (
        drop_crossings,
        "border-without-crossing",
        "nodes.csv, row 3",
        "road",
    ),
    "crossing without a link": (
        append(
            "crossings",
            crossing_id="rail:c:BBB-AAA",
            name="x",
            node_id="c",
            mode="rail",
            from_territory_id="BBB",
            to_territory_id="AAA",
        ),
        "crossing-side",
        "crossings.csv, row 6",
        "rail:c:BBB-AAA",
    ),
    "land of neither end": (
        change("links", 2, territory_id="BBB"),
        "territory",
        "links.csv, row 4",
        "BBB",
    ),
    "zone without connector": (drop("connectors", 0), "zone", "zones.csv, row 2", "A"),
    "passage without link": (
        append("passages", passage_id="strait", name="Strait", kind="strait"),
        "passage",
        "passages.csv, row 2",
        "strait",
    ),
    "corridor without a way": (
        lambda rows: rows.update(
            corridors=[{"corridor_id": "x", "name": "X", "proponent": "A"}],
            corridor_nodes=[
                {"corridor_id": "x", "branch": "m", "sequence": 1, "node_id": "a", "mode": "sea"}
            ],
        ),
        "corridor",
        "corridor_nodes.csv, row 2",
        "sea",
    ),
    "a status of unknown cause": (
        change("link_status", 0, cause_id="rumour"),
        "dangling-key",
        "link_status.csv, row 2",
        "rumour",
    ),
    "a status before its cause": (
        lambda rows: (
            rows["events"].append(
                {"event_id": "late", "name": "Late", "date": "2020-01-01", "kind": "opening"}
            ),
            rows["link_status"][0].update(cause_id="late"),
        ),
        "cause",
        "link_status.csv, row 2",
        "late",
    ),
    "a status without a cause": (
        change("crossing_regimes", 0, cause_id=""),
        "required",
        "crossing_regimes.csv, row 2",
        "cause_id",
    ),
    "an agreement without parties": (
        lambda rows: rows.update(agreements=[{"agreement_id": "pact", "name": "Pact"}]),
        "party",
        "agreements.csv, row 2",
        "pact",
    ),
    "a membership of an unknown state": (
        lambda rows: rows.update(
            organisations=[{"organisation_id": "club", "name": "Club", "kind": "forum"}],
            memberships=[
                {
                    "membership_id": "m",
                    "organisation_id": "club",
                    "territory_id": "ZZZ",
                    "role": "member",
                }
            ],
        ),
        "dangling-key",
        "memberships.csv, row 2",
        "ZZZ",
    ),
    "a membership of nobody": (
        lambda rows: rows.update(
            organisations=[{"organisation_id": "club", "name": "Club", "kind": "forum"}],
            memberships=[{"membership_id": "m", "organisation_id": "club", "role": "member"}],
        ),
        "member",
        "memberships.csv, row 2",
        "nobody",
    ),
    "memberships that overlap": (
        lambda rows: rows.update(
            organisations=[{"organisation_id": "club", "name": "Club", "kind": "forum"}],
            memberships=[
                {
                    "membership_id": f"m{year}",
                    "organisation_id": "club",
                    "territory_id": "AAA",
                    "role": "member",
                    "from_date": f"{year}-01-01",
                }
                for year in (2001, 2005)
            ],
        ),
        "overlapping-dates",
        "memberships.csv, row 3",
        "m2005",
    ),
    "a restriction on no place": (
        lambda rows: rows.update(
            restrictions=[
                {
                    "restriction_id": "r",
                    "name": "R",
                    "effect": "ban",
                    "own_trade": False,
                    "imposed_by": "A",
                }
            ]
        ),
        "restriction",
        "restrictions.csv, row 2",
        "place",
    ),
    "a ban that charges": (
        lambda rows: rows.update(
            restrictions=[
                {
                    "restriction_id": "r",
                    "name": "R",
                    "effect": "ban",
                    "territory_id": "AAA",
                    "own_trade": False,
                    "imposed_by": "A",
                    "charge_usd_t": 3,
                }
            ]
        ),
        "restriction",
        "restrictions.csv, row 2",
        "charges",
    ),
    "a restriction on unknown trades": (
        lambda rows: rows.update(
            restrictions=[
                {
                    "restriction_id": "r",
                    "name": "R",
                    "effect": "ban",
                    "territory_id": "AAA",
                    "ends_in": "AAA; QQQ",
                    "own_trade": False,
                    "imposed_by": "A",
                }
            ]
        ),
        "dangling-key",
        "restrictions.csv, row 2",
        "QQQ",
    ),
    "change caused by the start of the record": (
        lambda rows: (
            rows["link_status"][0].update(to_date="2010-01-01"),
            rows["link_status"].append(
                {
                    "link_id": "rail:a-b",
                    "status": "closed",
                    "from_date": "2010-01-01",
                    "cause_id": "begin",
                }
            ),
        ),
        "cause",
        "link_status.csv, row 6",
        "2010-01-01",
    ),
    "event and agreement of one id": (
        order("agreements", 0, agreement_id="begin"),
        "cause",
        "agreements.csv, row 2",
        "begin",
    ),
    "agreement that ends before it begins": (
        order("agreements", 0, to_date="2010-06-01"),
        "reversed-dates",
        "agreements.csv, row 2",
        "2010-06-01",
    ),
    "agreement in force before its signature": (
        order("agreements", 0, from_date="2009-01-01"),
        "agreement-dates",
        "agreements.csv, row 2",
        "2009-01-01",
    ),
    "party before the signature": (
        order("agreement_parties", 1, from_date="2009-12-31"),
        "agreement-dates",
        "agreement_parties.csv, row 3",
        "2009-12-31",
    ),
    "party that is nobody": (
        order("agreement_parties", 2, agreement_id="treaty", role="witness"),
        "party",
        "agreement_parties.csv, row 4",
        "nobody",
    ),
    "party of an unknown state": (
        order("agreement_parties", 0, territory_id="ATL"),
        "dangling-key",
        "agreement_parties.csv, row 2",
        "ATL",
    ),
    "state that stands as a name": (
        order("agreement_parties", 1, territory_id="", party="bbb"),
        "member",
        "agreement_parties.csv, row 3",
        "bbb",
    ),
    "role outside its vocabulary": (
        order("agreement_parties", 1, role="friend"),
        "vocabulary",
        "agreement_parties.csv, row 3",
        "friend",
    ),
    "membership in an unknown organisation": (
        order("memberships", 1, organisation_id="cabal"),
        "dangling-key",
        "memberships.csv, row 3",
        "cabal",
    ),
    "member that is a state in disguise": (
        order("memberships", 1, territory_id="", member="Bbb"),
        "member",
        "memberships.csv, row 3",
        "Bbb",
    ),
    "sea as a member": (
        lambda rows: (
            order("memberships", 1, territory_id="SEA")(rows),
            rows["territories"].append({"territory_id": "SEA", "name": "Sea", "kind": "sea"}),
        ),
        "member",
        "memberships.csv, row 3",
        "SEA",
    ),
    "organisation with the id of a place": (
        order("organisations", 0, organisation_id="a"),
        "duplicate",
        "organisations.csv, row 2",
        "nodes.csv",
    ),
    "member of two names": (
        order("memberships", 1, member="Somebody"),
        "member",
        "memberships.csv, row 3",
        "of two",
    ),
    "parameter outside its range": (
        lambda rows: rows.update(
            parameters=[{"parameter": "p", "value": 5, "unit": "h", "low": 6, "high": 7}]
        ),
        "unit",
        "parameters.csv, row 2",
        "5",
    ),
}


def test_a_clean_package_has_no_fault(clean, facts_of):
    assert check(facts_of(clean)) == []


def test_a_clean_order_has_no_fault(clean, facts_of):
    order("memberships", 0)(clean)
    assert check(facts_of(clean)) == []


def test_a_cause_may_lie_before_its_effect_but_no_day_after(clean, facts_of):
    """An agreement counts from its signature, though it comes into force later."""
    order("agreements", 0, signed="2000-01-01")(clean)
    clean["link_status"][0]["cause_id"] = "treaty"
    assert check(facts_of(clean)) == []
    clean["agreements"][0]["signed"] = "2000-01-02"
    assert [f.rule for f in check(facts_of(clean))] == ["cause"]


def test_the_shipped_package_has_no_fault(shipped):
    assert check(shipped) == []


@pytest.mark.parametrize("name", PLANTS)
def test_a_planted_fault_is_found(name, clean, facts_of):
    plant, rule, where, value = PLANTS[name]
    plant(clean)
    found = check(facts_of(clean))
    hits = [f for f in found if f.rule == rule and f.where == f"data/{where}" and value in f.what]
    assert hits, [str(f) for f in found]
    assert all(f.mend for f in found)


def test_all_faults_are_told_at_once(clean, facts_of):
    rows = copy.deepcopy(clean)
    several = [
        "wrong unit of speed",
        "missing source",
        "isolated node",
        "absurd length",
        "duplicate key",
    ]
    for name in several:
        PLANTS[name][0](rows)
    rules = {f.rule for f in check(facts_of(rows))}
    assert {PLANTS[name][1] for name in several} <= rules


def test_every_rule_is_planted():
    rules = {rule for _, rule, _, _ in PLANTS.values()}
    assert len(rules) >= len(CHECKS)


def test_unknown_counts_what_is_empty(clean, facts_of):
    found = unknown(facts_of(clean))
    row = found[(found["table"] == "links") & (found["column"] == "capacity_t_yr")]
    assert row["unknown"].tolist() == [4]
