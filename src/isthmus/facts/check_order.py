"""Rules of agreements, organisations and memberships."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pandas as pd

from isthmus.errors import Fault
from isthmus.facts.rows import at

if TYPE_CHECKING:
    from isthmus.facts.tables import Facts

__all__ = ["check_memberships", "check_parties"]


def check_parties(facts: Facts) -> Iterator[Fault]:
    """Agreements without parties; parties whose name and id differ."""
    parties = facts.tables["agreement_parties"]
    agreements = facts.tables["agreements"]
    alone = ~agreements["agreement_id"].isin(parties["agreement_id"])
    for row in agreements.index[alone]:
        what = f"{agreements.loc[row, 'agreement_id']} has no party."
        yield Fault(at(facts, "agreements", row), what, "Add agreement_parties.csv rows.", "party")
    yield from _nameless(facts, "agreement_parties", "party")


def check_memberships(facts: Facts) -> Iterator[Fault]:
    """Memberships of nobody or of a state by name alone, overlapping or reversed."""
    frame = facts.tables["memberships"]
    nobody = frame["territory_id"].eq("") & frame["member"].eq("")
    for row in frame.index[nobody]:
        mend = "Fill territory_id, or member if it is no land of ours."
        yield Fault(at(facts, "memberships", row), "is of nobody.", mend, "member")
    yield from _nameless(facts, "memberships", "member")
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
    """A land that is named but not by its id."""
    names = facts.tables["territories"].set_index("name")["territory_id"]
    frame = facts.tables[table]
    ids: pd.Series[str] = frame[column].map(names).fillna("")
    for row in frame.index[ids.ne("") & frame["territory_id"].ne(ids)]:
        what = f'{column} = "{frame.loc[row, column]}" is a land, and territory_id does not say so.'
        yield Fault(at(facts, table, row), what, f"Write {ids[row]} there.", "member")
