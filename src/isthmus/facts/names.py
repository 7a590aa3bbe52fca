"""Resolve what a user writes to an id: by id, exact name, alias; else an error with the nearest."""

from __future__ import annotations

import difflib
import unicodedata
from typing import Protocol

import pandas as pd

from isthmus.errors import UnknownName

__all__ = ["Names", "fold", "has_words"]

_NOUNS = {
    "node": ("nodes", "node_id", ("name",)),
    "link": ("links", "link_id", ("name",)),
    "crossing": ("crossings", "crossing_id", ("name",)),
    "terminal": ("terminals", "terminal_id", ("name",)),
    "territory": ("territories", "territory_id", ("name",)),
    "actor": ("actors", "actor_id", ("name",)),
    "zone": ("zones", "zone_id", ("name",)),
    "commodity": ("commodities", "commodity_id", ("name",)),
    "corridor": ("corridors", "corridor_id", ("name",)),
    "passage": ("passages", "passage_id", ("name",)),
    "regime": ("regimes", "regime", ("name",)),
    "source": ("sources", "source_id", ("title",)),
    "event": ("events", "event_id", ("name",)),
    "agreement": ("agreements", "agreement_id", ("name",)),
    "organisation": ("organisations", "organisation_id", ("name",)),
    "restriction": ("restrictions", "restriction_id", ("name",)),
    "claim": ("claims", "claim_id", ()),
    "subject": ("subjects", "subject_id", ("name",)),
}


def fold(text: str) -> str:
    """
    Fold case, accents and punctuation, so that ``Türkiye`` meets ``turkiye``.

    Examples
    --------
    >>> fold("Astara (IR)") == fold("astara  ir")
    True
    """
    plain = unicodedata.normalize("NFKD", text)
    letters = (c if c.isalnum() else " " for c in plain if not unicodedata.combining(c))
    return " ".join("".join(letters).casefold().replace("ı", "i").split())


def has_words(text: str, words: str) -> bool:
    """
    Tell whether a text holds some words, whole and side by side, case and accents aside.

    Examples
    --------
    >>> has_words("Lachin road blocked", "lachin"), has_words("Romania", "Oman")
    (True, False)
    """
    sought = fold(words)
    return bool(sought) and f" {sought} " in f" {fold(text)} "


class Tables(Protocol):
    """Tables by name: all that names are read from."""

    def __getitem__(self, table: str) -> pd.DataFrame:
        """Return a table."""

    def __contains__(self, table: object) -> bool:
        """Tell whether there is one."""


class Names:
    """
    Every name of the facts.

    Parameters
    ----------
    facts : Tables

    Notes
    -----
    Order of trust: id, then exact name, then alias (local names and the ids of the evidence
    dossiers among them), then the same with case and accents folded. Two places that share a name
    resolve only by id or alias.
    """

    def __init__(self, facts: Tables) -> None:
        self._tables: dict[str, list[dict[str, str]]] = {}
        self._shown: dict[str, list[str]] = {}
        for noun, (table, key, columns) in _NOUNS.items():
            if table in facts:
                self._tables[noun] = _dictionaries(facts, table, key, columns)
                frame = facts[table]
                self._shown[noun] = [*(n for c in columns for n in frame[c] if n), *frame[key]]
        local = (
            [c for c in facts["nodes"].columns if c.startswith("name_")] if "nodes" in facts else []
        )
        self._shown["node"] = [n for n in self._shown.get("node", []) if n]
        self._local = local

    def id(self, noun: str, name: str, where: str = "") -> str:
        """
        Return the id that a name stands for.

        Parameters
        ----------
        noun : str
            In the singular: node, link, crossing, territory, zone, commodity …
        name : str
        where : str, optional
            Put before the message, e.g. the scenario file and change.

        Raises
        ------
        UnknownName
            With the nearest names.
        """
        for dictionary in self._tables.get(noun, []):
            found = dictionary.get(name) or dictionary.get("~" + fold(name))
            if found:
                return found
        raise UnknownName(noun, name, self.nearest(noun, name), where)

    def nearest(self, noun: str, name: str, n: int = 3) -> list[str]:
        """Return up to `n` names of that noun that resemble `name`."""
        folded: dict[str, str] = {}
        for shown in self._shown.get(noun, []):
            folded.setdefault(fold(shown), shown)
        close = difflib.get_close_matches(fold(name), list(folded), n=n, cutoff=0.6)
        if not close and fold(name):
            close = [f for f in folded if fold(name) in f or f in fold(name)][:n]
        return [folded[c] for c in close]

    def node(self, name: str, where: str = "") -> str:
        """Return the node id of a place."""
        return self.id("node", name, where)

    def territory(self, name: str, where: str = "") -> str:
        """Return the territory id of a state or sea."""
        return self.id("territory", name, where)

    def link(self, name: str, where: str = "") -> str:
        """Return the link id."""
        return self.id("link", name, where)

    def crossing(self, name: str, where: str = "") -> str:
        """Return the crossing id."""
        return self.id("crossing", name, where)

    def zone(self, name: str, where: str = "") -> str:
        """Return the zone id."""
        return self.id("zone", name, where)

    def commodity(self, name: str, where: str = "") -> str:
        """Return the commodity id."""
        return self.id("commodity", name, where)

    def corridor(self, name: str, where: str = "") -> str:
        """Return the corridor id."""
        return self.id("corridor", name, where)

    def passage(self, name: str, where: str = "") -> str:
        """Return the passage id."""
        return self.id("passage", name, where)

    def actor(self, name: str, where: str = "") -> str:
        """Return the actor id."""
        return self.id("actor", name, where)


def _dictionaries(
    facts: Tables, table: str, key: str, columns: tuple[str, ...]
) -> list[dict[str, str]]:
    """Return lookups in order of trust; a name two rows share is in none of them."""
    frame = facts[table]
    by_id = {k: k for k in frame[key]}
    spoken: list[tuple[str, str]] = [
        (n, k) for c in columns for n, k in zip(frame[c], frame[key], strict=True)
    ]
    other: list[tuple[str, str]] = []
    if "aliases" in frame:
        for text, k in zip(frame["aliases"], frame[key], strict=True):
            other += [(a.strip(), k) for a in text.split(";")]
        other += [
            (n.strip(), k)
            for c in frame.columns
            if c.startswith("name_") or c == "unlocode"
            for text, k in zip(frame[c], frame[key], strict=True)
            for n in text.split(";")
        ]
    return [
        by_id,
        _unique(spoken),
        _unique(other),
        _unique([(k, k) for k in by_id] + spoken + other, folded=True),
    ]


def _unique(pairs: list[tuple[str, str]], *, folded: bool = False) -> dict[str, str]:
    found: dict[str, set[str]] = {}
    for name, key in pairs:
        if name:
            found.setdefault("~" + fold(name) if folded else name, set()).add(key)
    return {name: next(iter(keys)) for name, keys in found.items() if len(keys) == 1}
