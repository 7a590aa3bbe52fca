"""Who stood in what on a day: agreements and their parties, organisations and their members."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from isthmus.facts.history import in_force

if TYPE_CHECKING:
    from isthmus.facts.tables import Facts

__all__ = ["agreements_on", "members_on", "parties_on"]

_MEMBERS = ("member", "party")
_SIGNED = ("signatory", "initialled", "declarant", "proponent")
"""Roles that tell how far an agreement without an entry into force has come, furthest first."""


def parties_on(facts: Facts, day: str) -> pd.Series[str]:
    """
    Return the names of the parties of each agreement that were so on a day.

    Parameters
    ----------
    facts : Facts
    day : str
        ISO date.

    Returns
    -------
    Series of str
        Names separated by "; ", by agreement_id.
    """
    rows = in_force(facts["agreement_parties"], day)
    territories = facts["territories"].set_index("territory_id")["name"]
    bodies = facts["organisations"].set_index("organisation_id")["name"]
    # A body of a state, its railway say, is told by its own name.
    name = rows["party"].where(rows["party"].ne(""), rows["territory_id"].map(territories))
    name = name.fillna(rows["organisation_id"].map(bodies)).fillna("")
    return name.groupby(rows["agreement_id"]).agg("; ".join)


def agreements_on(facts: Facts, day: str) -> pd.DataFrame:
    """
    Return what was in force on a day, or signed by then, and how far each had come.

    Parameters
    ----------
    facts : Facts
    day : str
        ISO date.

    Returns
    -------
    DataFrame
        agreement_id, name, parties, from_date [in force, else signed], state, effect, by
        from_date.
    """
    frame = facts["agreements"]
    begun = frame["from_date"].ne("") & frame["from_date"].le(day)
    signed = frame["signed"].ne("") & frame["signed"].le(day)
    going = frame["to_date"].eq("") | frame["to_date"].gt(day)
    roles = facts["agreement_parties"].groupby("agreement_id")["role"].agg(set)

    def reached(agreement: str) -> str:
        held = roles.get(agreement, set())
        role = next((r for r in _SIGNED if r in held), "signatory")
        words = {"signatory": "signed", "declarant": "declared", "proponent": "proposed"}
        return words.get(role, role)

    state = frame["agreement_id"].map(reached).where(~begun, "in force")
    parties = frame["agreement_id"].map(parties_on(facts, day)).fillna("")
    since = frame["from_date"].where(begun, frame["signed"])
    frame = frame.assign(state=state, parties=parties, from_date=since)
    columns = ["agreement_id", "name", "parties", "from_date", "state", "effect"]
    return frame.loc[(begun | signed) & going, columns].sort_values("from_date", kind="stable")


def members_on(facts: Facts, day: str) -> pd.DataFrame:
    """
    Return who was in what: members and parties together, the others by role.

    Parameters
    ----------
    facts : Facts
    day : str
        ISO date.

    Returns
    -------
    DataFrame
        organisation, members [ids of states and names], others [by role].
    """
    now = in_force(facts["memberships"], day)
    now = now[now["role"].ne("none")]
    who = now["territory_id"].where(now["territory_id"].ne(""), now["member"])
    rows = []
    for key, name in facts["organisations"][["organisation_id", "name"]].itertuples(index=False):
        here = now["organisation_id"].eq(key)
        full = sorted(who[here & now["role"].isin(_MEMBERS)])
        rest = who[here & ~now["role"].isin(_MEMBERS)].groupby(now["role"], sort=True)
        others = "; ".join(f"{r.replace('_', ' ')}: {' '.join(sorted(v))}" for r, v in rest)
        if full or others:
            rows.append((name, " ".join(full), others))
    return pd.DataFrame(rows, columns=["organisation", "members", "others"])
