"""List a table; gather everything the facts say of one thing."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import pandas as pd

from isthmus.errors import Fault, InputError, UnknownName
from isthmus.facts.names import has_words
from isthmus.facts.sources import cited

if TYPE_CHECKING:
    from isthmus.facts.tables import Facts

__all__ = ["dossier", "listing"]

_ABOUT = (
    "node",
    "link",
    "crossing",
    "terminal",
    "territory",
    "zone",
    "commodity",
    "corridor",
    "passage",
    "regime",
    "actor",
    "event",
    "agreement",
    "organisation",
    "restriction",
    "claim",
    "subject",
    "source",
)

_ORDER = {
    "corridor": "corridors",
    "event": "events",
    "agreement": "agreements",
    "organisation": "organisations",
}
"""Nouns that may share a name with each other: a corridor and the proposal that drew it."""


def listing(facts: Facts, noun: str) -> pd.DataFrame:
    """
    Return a table by its name, singular or plural; `scenarios` lists the shipped orders.

    Raises
    ------
    InputError
        Naming the tables there are.
    """
    if noun in ("scenario", "scenarios"):
        return _scenarios()
    plural = {"territory": "territories", "commodity": "commodities"}.get(noun, f"{noun}s")
    for name in (noun, noun.replace("-", "_"), plural):
        if name in facts:
            return facts[name]
    known = ", ".join(["scenarios", *sorted(facts.tables)])
    raise InputError([Fault("list", f'"{noun}" is no table.', f"One of: {known}.")])


def _scenarios() -> pd.DataFrame:
    import tomllib

    from isthmus.facts.tables import package_root

    rows = []
    for path in sorted(package_root("scenarios").glob("*.toml")):
        head = tomllib.loads(path.read_text(encoding="utf-8"))
        rows.append(
            {
                "scenario": path.stem,
                **{
                    k: str(head.get(k, ""))
                    for k in ("name", "status", "base", "extends", "proponent")
                },
            }
        )
    return pd.DataFrame(
        rows, columns=["scenario", "name", "status", "base", "extends", "proponent"]
    )


def dossier(facts: Facts, name: str) -> dict[str, list[dict[str, Any]]]:
    """
    Return every row about one thing, what refers to it, and the sources.

    A corridor, event, agreement or organisation of the same name is told together with it; those
    whose name merely holds the words follow as `see_also`.

    Parameters
    ----------
    facts : Facts
    name : str
        Id, exact name or alias of a node, link, crossing, territory …

    Returns
    -------
    dict of str to list of dict
        The thing itself, then each table that refers to it, then `see_also` (noun, id, name) if
        there is any, then `sources`.

    Raises
    ------
    UnknownName
    """
    for noun in _ABOUT:
        try:
            key = facts.names.id(noun, name)
            break
        except UnknownName:
            continue
    else:
        near = facts.names.nearest("node", name) + facts.names.nearest("link", name, 2)
        raise UnknownName("node", name, near)
    keys = {key} | _namesakes(facts, name)
    found: dict[str, list[dict[str, Any]]] = {}
    cells: list[str] = []
    for table, frame in facts.tables.items():
        columns = [
            c for c in frame if (c.endswith("_id") and not c.endswith("source_id")) or c == "regime"
        ]
        hit = frame[columns].isin(keys).any(axis=1) if columns else pd.Series(False, frame.index)
        if (table == "sources" and noun != "source") or not hit.any():
            continue
        rows = frame[hit]
        for column in ("source_id", "record_source_id"):
            if column in rows and table != "sources":
                cells += [c for c in rows[column] if c]
        if table in ("demand", "trade_flows", "national_totals"):
            continue
        found[table] = [
            {k: v for k, v in r.items() if not _blank(v)} for r in rows.to_dict("records")
        ]
    own = {"territory": "territories", "commodity": "commodities"}.get(noun, f"{noun}s")
    found = {own: found.get(own, []), **{k: v for k, v in found.items() if k != own}}
    if also := _see_also(facts, name, keys):
        found["see_also"] = also
    found["sources"] = cited(facts, cells).to_dict("records")
    return found


def _namesakes(facts: Facts, name: str) -> set[str]:
    """Ids of the corridor, event, agreement and organisation that go by a name."""
    found = set()
    for noun in _ORDER:
        with contextlib.suppress(UnknownName):
            found.add(facts.names.id(noun, name))
    return found


def _see_also(facts: Facts, name: str, keys: set[str]) -> list[dict[str, Any]]:
    """Return the corridors, events, agreements and organisations whose name holds the words."""
    rows = []
    for noun, table in _ORDER.items():
        if table not in facts:
            continue
        frame = facts[table]
        for key, title in zip(frame[f"{noun}_id"], frame["name"], strict=True):
            if key not in keys and has_words(f"{key} {title}", name):
                rows.append({"noun": noun, "id": key, "name": title})
    return rows


def _blank(value: Any) -> bool:
    return bool(value == "" or pd.isna(value))
