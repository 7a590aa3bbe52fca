"""The network as it was on a day, and what changed between two days, when and why."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

from isthmus.errors import Fault, InputError, UnknownName
from isthmus.facts.history import causes, in_force, parse_date
from isthmus.vocab import OPEN_STATUS

if TYPE_CHECKING:
    from isthmus.facts.tables import Facts

__all__ = ["BEGINS", "AsOf", "as_of", "changes"]

BEGINS = "1991-01-01"
"""First day of the record."""

_RECENT_DAYS = 90
_STATES = {
    "link": ("links", "link_status", "link_id", "status"),
    "crossing": ("crossings", "crossing_regimes", "crossing_id", "regime"),
    "restriction": ("restrictions", "restrictions", "restriction_id", ""),
}


@dataclass(frozen=True)
class AsOf:
    """
    A day of the record.

    Parameters
    ----------
    date : str
    counts : DataFrame
        noun, mode, state, number: links by status, crossings by regime.
    unusual : DataFrame
        noun, element_id, name, mode, state, from_date, cause, source_id: links that stood and were
        not open, crossings that were shut or under another regime than normal, restrictions in force.
    agreements : DataFrame
        agreement_id, name, parties, from_date: in force, or signed and not ended.
    memberships : DataFrame
        organisation, members: who was in what, where the data has it.
    recent : DataFrame
        date, name, kind, effect: events of the 90 days before, and of the day.
    """

    date: str
    counts: pd.DataFrame = field(repr=False)
    unusual: pd.DataFrame = field(repr=False)
    agreements: pd.DataFrame = field(repr=False)
    memberships: pd.DataFrame = field(repr=False)
    recent: pd.DataFrame = field(repr=False)

    def as_dict(self) -> dict[str, Any]:
        """Return the tables as lists of rows."""
        names = ("counts", "unusual", "agreements", "memberships", "recent")
        return {"date": self.date, **{n: getattr(self, n).to_dict("records") for n in names}}


def as_of(facts: Facts, date: str, of: str = "") -> AsOf:
    """
    Return the network as it was on a day.

    Parameters
    ----------
    facts : Facts
    date : str
        ISO date, not before 1991.
    of : str
        Only what this is about: the id or name of an element, place, land or agreement, or a part
        of one.

    Returns
    -------
    AsOf

    Raises
    ------
    InputError
    """
    day = _day(date, "--date")
    network = facts.network(day)
    links = network.links[network.links["status"].ne("")]
    crossings = network.crossings[network.crossings["regime"].ne("")]
    counts = pd.concat(
        [
            _count(links, "link", "status"),
            _count(crossings, "crossing", "regime"),
        ],
        ignore_index=True,
    )
    told = _told(facts, network)
    wanted = _about(facts, told, of)
    events = facts["events"]
    since = (dt.date.fromisoformat(day) - dt.timedelta(days=_RECENT_DAYS)).isoformat()
    recent = events[events["date"].between(since, day) & events["kind"].ne("record")]
    agreements = in_force(_dated_agreements(facts), day)
    return AsOf(
        day,
        counts,
        told[wanted].reset_index(drop=True),
        agreements[["agreement_id", "name", "parties", "from_date"]].reset_index(drop=True),
        _members(facts, day),
        recent[["date", "name", "kind", "effect", "source_id"]].reset_index(drop=True),
    )


def changes(facts: Facts, start: str, end: str, of: str = "") -> pd.DataFrame:
    """
    Return what changed from one day to another, when and why.

    Parameters
    ----------
    facts : Facts
    start, end : str
        ISO dates, both days included.
    of : str
        As in `as_of`.

    Returns
    -------
    DataFrame
        date, noun, before, after, cause_id, cause, elements [ids], names, number, source_id: one row
        for all elements that changed alike on a day by one cause; in order of date. Also events and
        agreements that changed no element, with `after` empty.

    Raises
    ------
    InputError
        If a date is none, is before 1991, or the end comes before the start.
    """
    first, last = _day(start, "--from"), _day(end, "--to")
    if last < first:
        raise InputError([Fault("--to", f"{last} comes before {first}.", "Turn them round.")])
    rows = pd.DataFrame(_turns(facts))
    rows = rows[rows["date"].between(first, last)].reset_index(drop=True)
    rows = rows[_about(facts, rows, of)]
    why = causes(facts).set_index("cause_id")
    names = why["name"].to_dict()
    out = []
    key = ["date", "noun", "before", "after", "cause_id"]
    for (date, noun, before, after, cause), part in rows.groupby(key, sort=False):
        out.append(
            {
                "date": date,
                "noun": noun,
                "before": before,
                "after": after,
                "cause_id": cause,
                "cause": names.get(cause, ""),
                "elements": "; ".join(part["element_id"]),
                "names": "; ".join(dict.fromkeys(part["name"])),
                "number": len(part),
                "source_id": part["source_id"].iloc[0],
            }
        )
    if not of:
        used = {r["cause_id"] for r in out}
        quiet = why[why["date"].between(first, last) & ~why.index.isin(used)]
        quiet = quiet[quiet["kind"].ne("record")]
        for cause, row in quiet.iterrows():
            blank = dict.fromkeys(["before", "after", "elements", "names"], "")
            noun = "agreement" if row["kind"] == "agreement" else "event"
            out.append(
                {
                    **blank, "date": row["date"], "noun": noun, "cause_id": cause,
                    "cause": row["name"], "number": 0, "source_id": row["source_id"],
                }
            )  # fmt: skip
    columns = [*key, "cause", "elements", "names", "number", "source_id"]
    frame = pd.DataFrame(out, columns=columns)
    return frame.sort_values(["date", "cause_id"], kind="stable", ignore_index=True)


def _day(text: str, where: str) -> str:
    day = parse_date(text, where)
    if day < BEGINS:
        mend = "Give a day from 1991 on."
        raise InputError([Fault(where, f"{day} is before the record begins.", mend)])
    return day


def _count(frame: pd.DataFrame, noun: str, state: str) -> pd.DataFrame:
    out = frame.groupby(["mode", state], sort=True).size().rename("number").reset_index()
    out.insert(0, "noun", noun)
    return out.rename(columns={state: "state"})


def _told(facts: Facts, network: Any) -> pd.DataFrame:
    """Return what is out of the ordinary on the day of a network."""
    name = causes(facts).set_index("cause_id")["name"].to_dict()
    parts = []
    for noun, (table, dated, key, state) in _STATES.items():
        frame = getattr(network, table)
        if noun == "link":
            frame = frame[~frame["status"].isin(["open", ""])]
        elif noun == "crossing":
            frame = frame[~frame["regime"].isin(["normal", ""])]
        else:
            frame = frame[frame["in_force"]].assign(mode="", state="in force")
        if state:
            now = in_force(facts[dated], network.date)[[key, "from_date", "cause_id"]]
            frame = frame.merge(now.drop_duplicates(key, keep="last"), on=key, how="left")
            frame = frame.rename(columns={state: "state"})
            frame["source_id"] = frame[f"{state}_source"]
        parts.append(
            pd.DataFrame(
                {
                    "noun": noun,
                    "element_id": frame[key],
                    "name": frame[key].map(_titles(facts, table, key)).fillna(frame[key]),
                    "mode": frame["mode"],
                    "state": frame["state"],
                    "from_date": frame["from_date"],
                    "cause_id": frame["cause_id"],
                    "cause": frame["cause_id"].map(name).fillna(""),
                    "source_id": frame["source_id"],
                }
            )
        )
    out = pd.concat(parts, ignore_index=True)
    open_ = set(OPEN_STATUS) | {"customs_union", "in force"}
    return out.sort_values(
        ["state", "noun", "from_date"],
        key=lambda c: c.isin(open_) if c.name == "state" else c,
        kind="stable",
        ignore_index=True,
    )


def _turns(facts: Facts) -> list[dict[str, str]]:
    """Return every turn of state of every element: the day it begins, what was before, why."""
    out = []
    for noun, (table, dated, key, state) in _STATES.items():
        name = _titles(facts, table, key)
        frame = facts[dated].sort_values([key, "from_date"], kind="stable")
        for element, part in frame.groupby(key, sort=False):
            before, ended = "", ""
            last: dict[str, Any] = {}
            for row in part.to_dict("records"):
                now = row[state] if state else "in force"
                gap = bool(ended) and row["from_date"] > ended
                if gap:
                    out.append(_turn(ended, noun, element, name, before, "", last))
                    before = ""
                if now != before:
                    out.append(
                        _turn(row["from_date"] or BEGINS, noun, element, name, before, now, row)
                    )
                before, ended, last = now, row["to_date"], row
            if ended:
                out.append(_turn(ended, noun, element, name, before, "", last))
    return sorted(out, key=lambda r: (r["date"], r["cause_id"], r["noun"], r["element_id"]))


def _titles(facts: Facts, table: str, key: str) -> dict[Any, str]:
    """Return what each element is called: a link without a name by its ends and mode."""
    frame = facts[table]
    titles = frame.set_index(key)["name"].to_dict()
    if table == "links":
        place = facts["nodes"].set_index("node_id")["name"]
        ends = frame["from_node_id"].map(place) + "–" + frame["to_node_id"].map(place)
        said = ends + " (" + frame["mode"].str.replace("_", " ") + ")"
        shown = frame["name"].where(frame["name"].ne(""), said)
        titles = dict(zip(frame[key], shown, strict=True))
    return titles


def _turn(
    date: str, noun: str, element: Any, name: dict[Any, str], before: str, after: str, row: Any
) -> dict[str, str]:
    return {
        "date": date,
        "noun": noun,
        "element_id": str(element),
        "name": name.get(element, str(element)),
        "before": before,
        "after": after,
        "cause_id": row["cause_id"],
        "source_id": row["source_id"],
    }


def _about(facts: Facts, rows: pd.DataFrame, of: str) -> pd.Series[bool]:
    """Return which rows are about what is asked for; an unknown name is an error."""
    if not of or rows.empty:
        return pd.Series(True, rows.index)
    from isthmus.facts.names import fold

    ids = {of}
    for noun in ("territory", "node", "link", "crossing", "agreement", "event"):
        try:
            ids.add(facts.names.id(noun, of))
        except UnknownName:
            continue
    links, crossings = facts["links"], facts["crossings"]
    ends = ["from_node_id", "to_node_id", "territory_id"]
    mine = set(links.loc[links[ends].isin(ids).any(axis=1), "link_id"])
    sides = ["node_id", "from_territory_id", "to_territory_id"]
    mine |= set(crossings.loc[crossings[sides].isin(ids).any(axis=1), "crossing_id"])
    bound = facts["restrictions"]
    mine |= set(bound.loc[bound["territory_id"].isin(ids), "restriction_id"])
    why = causes(facts).set_index("cause_id")["name"]
    said = fold(of)
    text = rows["name"] + " " + rows["element_id"] + " " + rows["cause_id"].map(why).fillna("")
    hit = (
        rows["element_id"].isin(mine | ids)
        | rows["cause_id"].isin(ids)
        | text.map(fold).str.contains(said, regex=False)
    )
    everything = facts["links"]["name"].map(fold).str.contains(said, regex=False).any()
    if not hit.any() and len(ids) == 1 and not everything:
        near = facts.names.nearest("node", of)
        raise UnknownName("node", of, near, "--of")
    return hit


def _dated_agreements(facts: Facts) -> pd.DataFrame:
    frame = facts["agreements"].copy()
    parties = facts["agreement_parties"].groupby("agreement_id")["party"].agg("; ".join)
    frame["parties"] = frame["agreement_id"].map(parties).fillna("")
    return frame[frame["from_date"].ne("")]


def _members(facts: Facts, day: str) -> pd.DataFrame:
    now = in_force(facts["memberships"], day)
    now = now[now["role"].eq("member")]
    name = facts["organisations"].set_index("organisation_id")["name"]
    who = now["territory_id"].where(now["territory_id"].ne(""), now["member"])
    grouped = who.groupby(now["organisation_id"].map(name)).agg(lambda v: " ".join(sorted(v)))
    return grouped.rename_axis("organisation").rename("members").reset_index()
