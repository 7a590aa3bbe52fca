"""The network as it was on a day, and what changed between two days, when and why."""

from __future__ import annotations

import contextlib
import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

from isthmus.errors import Fault, InputError, UnknownName
from isthmus.facts.history import causes, in_force, parse_date
from isthmus.facts.names import has_words
from isthmus.facts.sources import ASSUMED, split
from isthmus.facts.standing import agreements_on, members_on, parties_on
from isthmus.vocab import OPEN_STATUS

if TYPE_CHECKING:
    from isthmus.package import Facts

__all__ = ["BEGINS", "AsOf", "as_of", "history"]

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
        noun, element_id, name, mode, state, from_date, cause, source_id, said_by: links that stood
        and were not open, crossings that were shut or under another regime than normal,
        restrictions in force.
    agreements : DataFrame
        agreement_id, name, parties, from_date, effect, state: in force; or signed, initialled, declared or
        proposed, not in force as far as is known, and not ended.
    memberships : DataFrame
        organisation, members, others: who was in what, where the data has it; others by role.
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
        Only what this is about: the id or name of an element, place, territory or agreement, or a part
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
    told = _shown(facts, network)
    wanted = _about(facts, told, of)
    events = facts["events"]
    pacts, members = agreements_on(facts, day), members_on(facts, day)
    since = (dt.date.fromisoformat(day) - dt.timedelta(days=_RECENT_DAYS)).isoformat()
    recent = events[events["date"].between(since, day) & events["kind"].ne("record")]
    if of:
        said = [of, *_full_names(facts, of)]
        recent = recent[_says(recent["name"] + " " + recent["effect"] + " " + recent["note"], said)]
        pacts = pacts[_says(pacts[["name", "parties", "effect"]].agg(" ".join, axis=1), said)]
        territories = _ids(facts, of, ("territory",))
        here = members["members"].str.split().map(lambda who: bool(territories & set(who)))
        members = members[here | _says(members["organisation"], said)]
    return AsOf(
        day,
        counts,
        told[wanted].reset_index(drop=True),
        pacts.reset_index(drop=True),
        members.reset_index(drop=True),
        recent[["date", "name", "kind", "effect", "source_id"]].reset_index(drop=True),
    )


def history(facts: Facts, start: str, end: str, of: str = "") -> pd.DataFrame:
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
        date, noun, before, after, cause_id, cause, elements [ids], names, number, source_id,
        said_by: one row for all elements that changed alike on a day by one cause; in order of
        date. Also events and agreements that changed no element, with `after` empty.

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
                "source_id": "; ".join(
                    dict.fromkeys(s for cell in part["source_id"] for s in split(cell))
                ),
            }
        )
    used = {r["cause_id"] for r in out}
    quiet = why[why["date"].between(first, last) & ~why.index.isin(used)]
    quiet = quiet[quiet["kind"].ne("record")]
    if of:
        parties = parties_on(facts, last).reindex(quiet.index).fillna("")
        text = quiet["name"] + " " + quiet["effect"] + " " + parties
        quiet = quiet[_says(text, [of, *_full_names(facts, of)])]
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
    frame = _with_publishers(facts, pd.DataFrame(out, columns=columns))
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


def _shown(facts: Facts, network: Any) -> pd.DataFrame:
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
    out = _with_publishers(facts, pd.concat(parts, ignore_index=True))
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
    """Return which rows are about what is asked for; a name that stands nowhere is an error."""
    if not of or rows.empty:
        return pd.Series(True, rows.index)
    ids = {of} | _ids(facts, of)
    links, crossings = facts["links"], facts["crossings"]
    ends = ["from_node_id", "to_node_id", "territory_id"]
    mine = set(links.loc[links[ends].isin(ids).any(axis=1), "link_id"])
    sides = ["node_id", "from_territory_id", "to_territory_id"]
    mine |= set(crossings.loc[crossings[sides].isin(ids).any(axis=1), "crossing_id"])
    # The border at the other end of a way belongs to what is told of a place.
    place = _ids(facts, of, ("node",))
    near = links.loc[links[ends[:2]].isin(place).any(axis=1), ends[:2]]
    mine |= set(crossings.loc[crossings["node_id"].isin(near.to_numpy().ravel()), "crossing_id"])
    bound = facts["restrictions"]
    mine |= set(bound.loc[bound["territory_id"].isin(ids), "restriction_id"])
    known = causes(facts)
    why = known.set_index("cause_id")["name"]
    text = rows["name"] + " " + rows["element_id"] + " " + rows["cause_id"].map(why).fillna("")
    hit = rows["element_id"].isin(mine | ids) | rows["cause_id"].isin(ids) | _says(text, [of])
    if not hit.any() and len(ids) == 1:
        titles = [facts[t]["name"] for t in ("links", "crossings", "organisations")]
        if not any(_says(t, [of]).any() for t in (*titles, known["name"], known["effect"])):
            near = facts.names.nearest("node", of)
            raise UnknownName("node", of, near, "--of")
    return hit


def _ids(facts: Facts, of: str, nouns: tuple[str, ...] = ()) -> set[str]:
    """Return the ids that a name stands for, among some nouns."""
    every = ("territory", "node", "link", "crossing", "agreement", "event", "organisation")
    found = set()
    for noun in nouns or every:
        with contextlib.suppress(UnknownName):
            found.add(facts.names.id(noun, of))
    return found


def _full_names(facts: Facts, of: str) -> list[str]:
    """Return the name of the territory that a name or id stands for, if it is one."""
    territories = facts["territories"].set_index("territory_id")["name"]
    return [territories[key] for key in _ids(facts, of, ("territory",))]


def _says(text: pd.Series[str], words: list[str]) -> pd.Series[bool]:
    return text.map(lambda t: any(has_words(t, w) for w in words)).astype(bool)


def _with_publishers(facts: Facts, frame: pd.DataFrame) -> pd.DataFrame:
    """Add who says so: the publishers of the sources, `assumed` for an assumption."""
    publisher = facts["sources"].set_index("source_id")["publisher"].to_dict()

    def said_by(cell: str) -> str:
        names = ["assumed" if s.startswith(ASSUMED) else publisher.get(s, s) for s in split(cell)]
        return ", ".join(dict.fromkeys(names))

    return frame.assign(said_by=frame["source_id"].map(said_by))
