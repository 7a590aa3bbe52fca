"""Rules of agreements, organisations and memberships."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pandas as pd

from isthmus.errors import Fault
from isthmus.facts.names import fold
from isthmus.facts.rows import at

if TYPE_CHECKING:
    from isthmus.facts.tables import Facts

__all__ = ["check_memberships", "check_organisations", "check_parties"]


def check_organisations(facts: Facts) -> Iterator[Fault]:
    """Organisations with the id of a place or corridor: showing one would show both."""
    rows = facts.tables["organisations"]
    for table, key in (("nodes", "node_id"), ("corridors", "corridor_id"), ("zones", "zone_id")):
        both = rows["organisation_id"].isin(facts.tables[table][key])
        for row in rows.index[both]:
            what = f"{rows.loc[row, 'organisation_id']} is also an id of {table}.csv."
            yield Fault(at(facts, "organisations", row), what, "Rename it.", "duplicate")


def check_parties(facts: Facts) -> Iterator[Fault]:
    """Agreements without parties, parties that are nobody, days before the signature."""
    parties = facts.tables["agreement_parties"]
    agreements = facts.tables["agreements"]
    alone = ~agreements["agreement_id"].isin(parties["agreement_id"])
    for row in agreements.index[alone]:
        what = f"{agreements.loc[row, 'agreement_id']} has no party."
        yield Fault(at(facts, "agreements", row), what, "Add agreement_parties.csv rows.", "party")
    nobody = parties[["party", "territory_id", "organisation_id"]].eq("").all(axis=1)
    for row in parties.index[nobody]:
        mend = "Fill territory_id, organisation_id, or party if it is neither."
        yield Fault(at(facts, "agreement_parties", row), "is of nobody.", mend, "party")
    yield from _nameless(facts, "agreement_parties", "party")
    yield from _no_states(facts, "agreement_parties")
    for column in ("from_date", "to_date"):
        early = agreements[column].ne("") & agreements[column].lt(agreements["signed"])
        for row in agreements.index[early]:
            what = (
                f"{column} = {agreements.loc[row, column]} lies before its signature on "
                f"{agreements.loc[row, 'signed']}."
            )
            yield Fault(at(facts, "agreements", row), what, "Correct one.", "agreement-dates")
    signed = agreements.drop_duplicates("agreement_id").set_index("agreement_id")["signed"]
    day = parties["agreement_id"].map(signed).fillna("")
    for row in parties.index[parties["from_date"].ne("") & parties["from_date"].lt(day)]:
        what = f"from {parties.loc[row, 'from_date']}, before the signature on {day[row]}."
        yield Fault(at(facts, "agreement_parties", row), what, "Correct one.", "agreement-dates")


def check_memberships(facts: Facts) -> Iterator[Fault]:
    """Memberships of nobody or of a state by name alone, overlapping or reversed."""
    frame = facts.tables["memberships"]
    nobody = frame["territory_id"].eq("") & frame["member"].eq("")
    for row in frame.index[nobody]:
        mend = "Fill territory_id, or member if it is no territory of ours."
        yield Fault(at(facts, "memberships", row), "is of nobody.", mend, "member")
    for row in frame.index[frame["territory_id"].ne("") & frame["member"].ne("")]:
        what = f'is of two: member = "{frame.loc[row, "member"]}" beside a territory_id.'
        yield Fault(at(facts, "memberships", row), what, "Keep one.", "member")
    yield from _nameless(facts, "memberships", "member")
    yield from _no_states(facts, "memberships")
    key = ["organisation_id", "territory_id", "member", "role"]
    ordered = frame.sort_values([*key, "from_date"], kind="stable")
    before = ordered.shift()
    same = (ordered[key] == before[key]).all(axis=1)
    over = same & (before["to_date"].eq("") | (before["to_date"] > ordered["from_date"]))
    for row in ordered.index[over]:
        what = f"{frame.loc[row, 'membership_id']} overlaps another of the same role."
        mend = "End the first before the second begins."
        yield Fault(at(facts, "memberships", row), what, mend, "overlapping-dates")
    for table, start in (("memberships", "from_date"), ("agreements", "from_date")):
        rows = facts.tables[table]
        wrong = rows["to_date"].ne("") & rows[start].ne("") & (rows["to_date"] <= rows[start])
        for row in rows.index[wrong]:
            what = f"ends {rows.loc[row, 'to_date']}, not after it begins {rows.loc[row, start]}."
            yield Fault(at(facts, table, row), what, "Turn the dates round.", "reversed-dates")


def _nameless(facts: Facts, table: str, column: str) -> Iterator[Fault]:
    """A territory or organisation of ours that stands by its name and not by its id."""
    ours = {
        fold(text): (key, row_id)
        for there, key in (
            ("territories", "territory_id"),
            ("organisations", "organisation_id"),
        )
        if key in facts.tables[table]
        for row_id, name in facts.tables[there][[key, "name"]].itertuples(index=False)
        for text in (row_id, name)
        if text
    }
    frame = facts.tables[table]
    for row, said in frame[column].items():
        key, row_id = ours.get(fold(said), ("", "")) if said else ("", "")
        if key and frame.loc[row, key] != row_id:
            what = f'{column} = "{said}" is a row of ours, and {key} does not say so.'
            yield Fault(at(facts, table, row), what, f"Write {row_id} there.", "member")


def _no_states(facts: Facts, table: str) -> Iterator[Fault]:
    """A sea as a party or member."""
    kinds = facts.tables["territories"].drop_duplicates("territory_id").set_index("territory_id")
    frame = facts.tables[table]
    kind: pd.Series[str] = frame["territory_id"].map(kinds["kind"])
    for row in frame.index[kind.notna() & kind.ne("state")]:
        what = f"territory_id = {frame.loc[row, 'territory_id']} is no state."
        yield Fault(at(facts, table, row), what, "Name the state.", "member")
