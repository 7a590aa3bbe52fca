"""
Read what published rows say in words into the columns that `isthmus validate` compares by.

``data/observations.csv`` keeps the words of each source (`subject`, `origin`, `destination`, `route_description`, `note`).
This reads them once, by names and patterns, into places, modes, waypoints and scope, and writes these columns beside them
for a person to check: run ``python recipes/observations.py``, look at the difference, commit. The package reads no prose.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path

import pandas as pd

import isthmus as ist
from isthmus.errors import UnknownName
from isthmus.facts.names import fold
from isthmus.facts.observations import READ
from isthmus.package import Facts

TABLE = Path(__file__).resolve().parents[1] / "data" / "observations.csv"

REGIONS: Mapping[str, tuple[str, str]] = {
    "chn": ("cn-xian", "most trains to Europe and Central Asia start at Xi'an"),
    "china": ("cn-xian", "most trains to Europe and Central Asia start at Xi'an"),
    "inland chn": ("cn-xian", "most trains to Europe and Central Asia start at Xi'an"),
    "eur": ("de-duisburg", "the largest inland terminal of China-Europe trains"),
    "europe": ("de-duisburg", "the largest inland terminal of China-Europe trains"),
    "inland eur": ("de-duisburg", "the largest inland terminal of China-Europe trains"),
    "rus": ("RUMOW", "most freight of the corridors begins or ends around Moscow"),
    "russia": ("RUMOW", "most freight of the corridors begins or ends around Moscow"),
    "ind": ("INNSA", "first container port of India"),
    "india": ("INNSA", "first container port of India"),
    "india west coast": ("INNSA", "first container port of India"),
    "irn": ("aprin", "dry port of Tehran, where trains from China and Russia end"),
    "iran": ("aprin", "dry port of Tehran, where trains from China and Russia end"),
    "north iran ports": ("IRAMD", "the north Iranian port with a railway"),
    "central asia": ("UZTAS", "largest city of the region"),
    "east asia": ("CNSHA", "largest port of the region"),
    "east south asia": ("CNSHA", "largest port of the region"),
    "middle east": ("aprin", "Tehran, the largest market reached by rail"),
    "india gulf": ("INNSA", "first container port of India"),
}
"""Places that are wider than a node, the node that stands for them, and why."""

SPELLINGS: Mapping[str, tuple[str, str]] = {
    "sergeli": ("uz-tashkent", "freight terminal of Tashkent"),
    "chukursay": ("uz-tashkent", "freight terminal of Tashkent"),
    "naibabad": ("AFMZR", "freight station of Mazar-i-Sharif"),
    "derince": ("TRIST", "port and railhead on the Gulf of Izmit, in the freight area of Istanbul"),
    "vorsino": ("RUMOW", "freight village south of Moscow"),
    "chekhov": ("RUMOW", "terminal south of Moscow"),
    "tsiteli khidi": ("az-red-bridge", "Georgian name of the Red Bridge"),
    "krasnyi most": ("az-red-bridge", "Russian name of the Red Bridge"),
}
"""Stations and second names within a node, the node, and what they are."""

PORTS: Mapping[str, tuple[str, str]] = {
    "chn": ("CNSHA", "largest port of China"),
    "china": ("CNSHA", "largest port of China"),
    "eur": ("NLRTM", "largest port of Europe"),
    "europe": ("NLRTM", "largest port of Europe"),
    "rus": ("RULED", "container port of European Russia"),
    "russia": ("RULED", "container port of European Russia"),
    "ind": ("INNSA", "first container port of India"),
    "india": ("INNSA", "first container port of India"),
    "irn": ("IRBND", "container port of Iran"),
    "iran": ("IRBND", "container port of Iran"),
}
"""The same for rows that speak of the sea alone."""

_RAIL, _SEA = ("rail",), ("sea", "inland_water")
_FERRIES = ("ferry", "rail_ferry")
_MODE_WORDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"rail|railway|train|trains|wagon|wagons|block train", _RAIL),
    (r"road|truck|trucks|lorry|lorries|bus|motorway|highway|car", ("road",)),
    (r"sea|ocean|ship|ships|vessel|feeder|maritime|nm|kn|knots|wci|drewry|argus", _SEA),
    (r"ferry|ferries|ro ro", (*_FERRIES, "rail", "road")),
    (r"river|volga|barge|canal", ("inland_water", "sea")),
)
_CASPIAN = frozenset({"@SEA-CASPIAN"})
_LENSES: tuple[tuple[str, tuple[str, ...], tuple[frozenset[str], ...], frozenset[str]], ...] = (
    # words, its modes, places it passes (each a choice), territories it goes round
    (
        r"titr|middle corridor|trans caspian (international|rail|east west)",
        ("rail", "sea", "rail_ferry"),
        (_CASPIAN,),
        frozenset({"RUS", "IRN"}),
    ),
    (
        r"btk|baku tbilisi kars",
        ("rail", "sea", "rail_ferry"),
        (frozenset({"ge-akhalkalaki"}),),
        frozenset({"RUS", "IRN"}),
    ),
    (r"northern corridor|northern route", _RAIL, (), frozenset()),
    (
        r"instc west",
        ("rail", "road", "sea"),
        (frozenset({"astara_az", "astara_ir_rail", "IRATR"}),),
        frozenset({"IRQ", "PAK"}),
    ),
    (
        r"instc trans caspian",
        ("rail", "road", "sea"),
        (_CASPIAN,),
        frozenset({"AZE", "TKM", "KAZ", "GEO", "ARM", "IRQ", "PAK"}),
    ),
    (
        r"instc east",
        ("rail", "sea"),
        (frozenset({"serhetyaka", "bolashak", "serakhs_tm", "sarakhs_ir"}),),
        frozenset({"IRQ", "PAK"}),
    ),
)
"""Corridors by name: modes, a place they cannot avoid, territories their proponents mean to go round.

A place may be a territory or sea, written ``@SEA-CASPIAN``, or a passage, written ``#suez``.
"""

_CUT = re.compile(r"\b(vs|versus|against|instead of|compared|than|before|while)\b", re.I)
_SEQUENCE = re.compile(r"\bvia\b|\bthrough\b|\bto\b|\band\b|\bwith\b|->|[-–—→,;:+()>]", re.I)
_CHOICE = re.compile(r"/|\bor\b", re.I)
_DULL_WORDS = (
    "port station terminal north south east west central line border road rail sea route "
    "corridor canal strait junction gate region middle crossing dry international free zone "
    "city main new trans caspian black mary sari khash planned end bank side pier access "
    "train incl area"
)
_DULL = frozenset(_DULL_WORDS.split())
"""Words that name no place by themselves."""


@dataclass(frozen=True)
class Reading:
    """
    What a row says of the way.

    Parameters
    ----------
    modes : frozenset of str
        Modes it names, by word or by corridor; empty if it names none.
    via : tuple of frozenset of str
        Waypoints in order, each a choice of nodes.
    shut : frozenset of str
        Passages (``#suez``) and territories (``@RUS``) it goes round.
    sailing : bool
        Time under way alone.
    door : bool
        From door to door: loading and unloading belong to it.
    """

    modes: frozenset[str]
    via: tuple[frozenset[str], ...]
    shut: frozenset[str]
    sailing: bool
    door: bool


class Places:
    """
    Places as published rows write them.

    Parameters
    ----------
    facts : Facts
    """

    def __init__(self, facts: Facts) -> None:
        self.facts = facts

    @cached_property
    def _phrases(self) -> dict[str, frozenset[str]]:
        """Every name and part of a name, folded, with the nodes it may mean."""
        found: dict[str, set[str]] = {}
        nodes = self.facts["nodes"]
        nodes = nodes[nodes["node_type"].ne("sea_point")]
        spoken = [c for c in nodes.columns if c.startswith("name")] + ["aliases", "node_id"]
        for row in nodes[["node_id", *[c for c in spoken if c != "node_id"]]].itertuples(
            index=False
        ):
            for cell in row:
                for part in re.split(r"[;/(),]", str(cell)):
                    words = fold(part).split()
                    while words:
                        phrase = " ".join(words)
                        if len(phrase) >= 4 and phrase not in _DULL:
                            found.setdefault(phrase, set()).add(str(row[0]))
                        if words[-1] not in _DULL:
                            break
                        words.pop()
        for phrase, (node, _) in SPELLINGS.items():
            found.setdefault(phrase, set()).update(self._exact(node))
        wide = set(REGIONS) | self._written["territory"]
        return {p: frozenset(ids) for p, ids in found.items() if ids and p not in wide}

    def resolve(self, text: str, *, by_sea: bool = False) -> frozenset[str]:
        """
        Return the nodes a cell stands for; several where it gives a choice.

        Parameters
        ----------
        text : str
        by_sea : bool
            Let a port stand for a country.

        Raises
        ------
        UnknownName
            With the nearest names.
        """
        found: set[str] = set()
        for part in (p.strip() for p in text.split(";")):
            port = PORTS.get(fold(part)) if by_sea else None
            if part:
                found |= (self._exact(port[0]) if port else frozenset()) or self._one(part)
        if not found:
            raise UnknownName("node", text, ())
        return frozenset(found)

    def _one(self, text: str) -> frozenset[str]:
        bare = re.sub(r"\s*\([^)]*\)", "", text).strip()
        inner = re.findall(r"\(([^)]*)\)", text)
        for name in dict.fromkeys([text, bare, *inner]):
            for attempt in (self._region, self._exact, self._territory, self._phrase):
                hit = attempt(name)
                if hit:
                    return hit
        for name in (p for p in _CHOICE.split(bare) if p.strip() and p.strip() != bare):
            hit = self._exact(name.strip()) or self._phrase(name.strip())
            if hit:
                return hit
        raise UnknownName("node", text, self.facts.names.nearest("node", bare))

    @cached_property
    def _written(self) -> dict[str, frozenset[str]]:
        """Every name, folded, by noun: asked before `Names`, which looks long for the nearest."""
        out = {}
        for noun, table in (("node", "nodes"), ("zone", "zones"), ("territory", "territories")):
            frame = self.facts[table]
            columns = [
                c
                for c in frame
                if c.startswith("name") or c in ("aliases", "unlocode", f"{noun}_id")
            ]
            cells = (part for c in columns for cell in frame[c] for part in str(cell).split(";"))
            out[noun] = frozenset(fold(cell) for cell in cells)
        return out

    def _id(self, noun: str, name: str) -> str:
        """Return the id a name stands for, empty if none."""
        if fold(name) not in self._written[noun]:
            return ""
        try:
            return self.facts.names.id(noun, name)
        except UnknownName:
            return ""

    def _exact(self, name: str) -> frozenset[str]:
        node = self._id("node", name) or self._node_of_zone.get(self._id("zone", name), "")
        return frozenset([node] if node else [])

    def _region(self, name: str) -> frozenset[str]:
        found = REGIONS.get(fold(name)) or SPELLINGS.get(fold(name))
        return self._exact(found[0]) if found else frozenset()

    def _territory(self, name: str) -> frozenset[str]:
        """Return the node of the first zone of a state."""
        territory = self.territory(name)
        nodes = self._nodes_of_territory.get(territory, ())
        return frozenset(nodes[:1])

    def territory(self, name: str) -> str:
        """Return the state a word names, by code or name; empty if none."""
        return self._id("territory", name)

    def _phrase(self, name: str) -> frozenset[str]:
        words = fold(name).split()
        while words:
            hit = self._phrases.get(" ".join(words), frozenset())
            if hit:
                return hit
            if words[-1] not in _DULL:
                return frozenset()
            words.pop()
        return frozenset()

    @cached_property
    def _node_of_zone(self) -> dict[str, str]:
        zones = self.facts["zones"]
        return dict(zip(zones["zone_id"], zones["node_id"], strict=True))

    @cached_property
    def _nodes_of_territory(self) -> dict[str, list[str]]:
        out: dict[str, list[str]] = {}
        for row in self.facts["zones"].itertuples(index=False):
            out.setdefault(str(row.territory_id), []).append(str(row.node_id))
        return out

    def known(self, names: Iterable[str]) -> frozenset[str]:
        """Return the nodes that names stand for, leaving out unknown ones; territories and passages stay."""
        found: set[str] = set()
        for name in names:
            found |= {name} if name[0] in "@#" else self._exact(name)
        return frozenset(found)

    def ashore(self, names: Iterable[str]) -> frozenset[str]:
        """Return the nodes of links that lie in territories or seas written ``@SEA-CASPIAN``."""
        links = self.facts["links"]
        inside = links[("@" + links["territory_id"]).isin(set(names))]
        return frozenset(inside["from_node_id"]) | frozenset(inside["to_node_id"])

    def along(self, text: str) -> list[frozenset[str]]:
        """Return the places a text runs through, in order, each a choice of nodes."""
        text = _CUT.split(text)[0]
        whole = self._longest(text)
        found: list[frozenset[str]] = []
        for leg in _SEQUENCE.split(text):
            choices = [hit for part in _CHOICE.split(leg) for hit in self._longest(part)]
            if choices:
                found.append(frozenset().union(*choices))
        if len(found) < len(whole):
            found = whole
        return [f for i, f in enumerate(found) if i == 0 or f != found[i - 1]]

    def _longest(self, text: str) -> list[frozenset[str]]:
        """Return the longest names in a text, left to right."""
        words, at, found = fold(text).split(), 0, []
        while at < len(words):
            for n in range(min(5, len(words) - at), 0, -1):
                hit = self._phrases.get(" ".join(words[at : at + n]))
                if hit:
                    found.append(hit)
                    at += n
                    break
            else:
                at += 1
        return found

    def territories(self, text: str) -> list[str]:
        """Return the states a text names, by code or name."""
        words = re.findall(r"[\w']+", text)
        pairs = [" ".join(p) for p in pairwise(words)]
        short = [w for w in words if len(w) > 3 or (len(w) == 3 and w.isupper())]
        return list(dict.fromkeys(t for w in pairs + short if (t := self.territory(w))))


def read_row(places: Places, subject: str, route: str) -> Reading:
    """
    Read modes, waypoints and scope off the words of a row.

    Parameters
    ----------
    places : Places
    subject, route : str
        Cells `subject` and `route_description`.

    Returns
    -------
    Reading
    """
    words = fold(f"{subject} {route}")
    modes = set(_modes(_MODE_WORDS, words))
    via = places.along(route)
    if re.search(r"\b(via|through)\b", route, re.I):
        after = re.split(r"\b(?:via|through)\b", _CUT.split(route)[0], maxsplit=1, flags=re.I)
        via += [frozenset({f"@{territory}"}) for territory in places.territories(after[-1])]
    shut: set[str] = set()
    for pattern, more, passed, round_ in _LENSES:
        if not re.search(rf"\b({pattern})\b", words):
            continue
        modes.update(more)
        for choice in passed:
            known = places.known(choice)
            touched = known | places.ashore(choice)
            if known and not any(touched & v for v in via):
                via.append(known)
        shut |= {
            f"@{territory}"
            for territory in round_
            if territory not in places.territories(f"{subject} {route}")
        }
    for passage, other in (("cape-of-good-hope", "suez"), ("suez", "cape-of-good-hope")):
        if re.search(rf"\b{passage.split('-')[0]}\b", words):
            modes = (modes & {"rail", "road"}) | set(_SEA)
            via.append(frozenset({f"#{passage}"}))
            shut.add(f"#{other}")
            break
    return Reading(
        frozenset(modes),
        tuple(via),
        frozenset(shut),
        bool(re.search(r"\b(sailing|nm at|knots|kn)\b", words)),
        bool(re.search(r"\bdoor\b", words)),
    )


def _modes(table: Iterable[tuple[str, tuple[str, ...]]], words: str) -> Iterable[str]:
    for pattern, modes in table:
        if re.search(rf"\b({pattern})\b", words):
            yield from modes


_AHEAD = r"target|forecast|plan|planned|expected|potential|scenario|goal|best case|could"
_PART = (
    r"jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec|q1|q2|q3|q4|months|month|monthly|daily|"
    r"per day|quarter|half|since|cumulative|season|week|date|to [a-z]+"
)
_GOODS = (
    (r"corn|grain|wheat|barley|flour|maize", "grain_food"),
    (r"coal|coke", "coal"),
    (r"fertiliser|fertilizer|sulphur|urea|potash|chemical", "fertiliser_chemicals"),
    (r"petroleum|oil|fuel|petrol|diesel|lpg", "oil_products"),
    (r"steel|metal|ore|copper", "ore_metals"),
    (r"timber|wood|paper|pulp", "timber_paper"),
    (r"cement|construction", "construction"),
    (r"fruit|vegetable|fresh|perishable", "perishables"),
)
_CORRIDORS = (
    ("BTK", ("btk",)),
    ("INSTC", ("instc",)),
    ("Middle Corridor", ("titr", "middle corridor", "caspian")),
    ("Northern corridor", ("northern", "china-europe rail")),
    ("China-Iran", ("china-iran",)),
    ("Ocean", ("sea", "suez", "ocean", "cape")),
    ("Zangezur and Aras", ("zangezur", "aras", "nakhchivan", "horadiz")),
)
_DOUBTS = (
    (
        "doubted",
        (
            "implausible",
            "conflict",
            "likely",
            "not reproducible",
            "not verified",
            "probably",
            "garbled",
        ),
    ),
    (
        "best case",
        ("promotional", "best", "claim", "expectation", "plan", "target", "scheduled"),
    ),
    ("one trip", ("pilot", "first", "single case", "peak")),
)
_ROUTED = (
    "transit_time_days",
    "distance_km",
    "cost_usd_per_feu",
    "cost_usd_per_teu",
    "cost_usd_per_t",
)


def columns_of(places: Places, row: dict[str, str]) -> dict[str, str]:
    """Return the columns that a row's words are read into; empty where they say nothing."""
    out = dict.fromkeys(READ, "")
    quantity, subject = row["quantity"].strip().lower(), row["subject"]
    route, note = row["route_description"], row["note"]
    low = subject.lower()
    out["corridor"] = next((n for n, keys in _CORRIDORS if any(k in low for k in keys)), "")
    said = f"{route} {note}".lower()
    out["doubt"] = next((n for n, keys in _DOUBTS if any(k in said for k in keys)), "")
    words = fold(f"{subject} {route} {note}")
    if quantity.startswith("volume_"):
        return out | _volume(places, row)
    if re.search(r"\b(bus|passenger|not freight|delivered price)\b", words):
        out["not_testable"] = "not freight: a bus, passengers or a price of goods"
    elif quantity in _ROUTED:
        out |= _routed(places, row)
    elif quantity in ("border_hours", "border_cost_usd"):
        out |= _border(places, row)
    elif quantity == "speed_kmh":
        out |= _speed(places, row)
    return out


def _cell(choice: Iterable[str]) -> str:
    return ";".join(sorted(choice))


def _routed(places: Places, row: dict[str, str]) -> dict[str, str]:
    subject, route = row["subject"], row["route_description"]
    words = fold(f"{subject} {route}")
    quantity = row["quantity"].strip().lower()
    out = {}
    if quantity.startswith("cost_") and re.search(r"\b(component|infrastructure)\b", words):
        return {"not_testable": "part of a price: the row leaves out wagon or terminal"}
    if quantity == "cost_usd_per_t":
        out["goods"] = next((g for p, g in _GOODS if re.search(rf"\b({p})\b", words)), "")
    reading = read_row(places, subject, route)
    by_sea = bool(reading.modes) and reading.modes <= {"sea", "inland_water"}
    origin, destination = row["origin"], row["destination"]
    named = places.along(subject)
    if origin and destination:
        for column, cell in (("from", origin), ("to", destination)):
            try:
                out[column] = _cell(places.resolve(cell, by_sea=by_sea))
            except UnknownName:
                out[column] = ""  # the name stands in origin or destination
    elif not origin and not destination and len(named) >= 2:
        out |= {"from": _cell(named[0]), "to": _cell(named[-1])}
    scope = [
        w for w, is_so in (("under sail", reading.sailing), ("door to door", reading.door)) if is_so
    ]
    return out | {
        "mode": _cell(reading.modes),
        "via": " > ".join(_cell(v) for v in reading.via),
        "avoid": _cell(reading.shut),
        "scope": ";".join(scope),
    }


def _border(places: Places, row: dict[str, str]) -> dict[str, str]:
    subject = row["subject"]
    said = f"{subject} {row['route_description']}"
    words = fold(said)
    if re.search(r"\bside\b", fold(subject)) and row["quantity"].strip().lower() == "border_hours":
        return {"not_testable": "one side of a border: the model holds both sides as one"}
    out = {}
    if re.search(r"\brail|train|wagon", words):
        out["mode"] = "rail"
    elif re.search(r"\broad|truck|lorry|bcp", words):
        out["mode"] = "road"
    named = places.along(subject)
    territories = places.territories(said)
    ends = [places.territory(row["origin"]), places.territory(row["destination"])]
    if named:
        out["place"] = _cell(frozenset().union(*named))
    if territories:
        out["border_of"] = _cell(territories)
        if not all(ends):
            out["direction"] = next((w for w in ("outbound", "inbound") if w in words), "")
    elif re.search(r"\bcarec\b", words):
        out["border_of"] = "CAREC"
    if all(ends):
        out |= {"from": f"@{ends[0]}", "to": f"@{ends[1]}"}
    return out


def _speed(places: Places, row: dict[str, str]) -> dict[str, str]:
    said = f"{row['subject']} {row['route_description']}"
    words = fold(said)
    if re.search(r"\b(design|line speed|existing|swod|without delay)\b", words):
        return {"not_testable": "no such quantity in the model: speed of a line or without rests"}
    if row["origin"] and row["destination"]:
        return _routed(places, row)
    return {
        "mode": "rail" if re.search(r"\brail", words) else "road",
        "border_of": _cell(places.territories(said)) or "CAREC",
    }


def _volume(places: Places, row: dict[str, str]) -> dict[str, str]:
    subject, route = row["subject"], row["route_description"]
    if re.search(rf"\b({_AHEAD})\b", fold(f"{route} {row['note']} {row['unit']}")):
        return {"not_testable": "ahead of time: a plan or forecast, not an outturn"}
    if re.search(rf"\b({_PART})\b", fold(route)) or "train" in row["unit"].lower():
        return {"not_testable": "part of a year: the model's flows are of a whole year"}
    out = {}
    if re.search(r"\brail", fold(f"{subject} {route}")):
        out["mode"] = "rail"
    if row["origin"] and not row["destination"] and not places.territory(row["origin"]):
        try:
            out["place"] = _cell(places.resolve(row["origin"]))
        except UnknownName:
            out["place"] = row["origin"]
    else:
        out["place"] = _cell(frozenset().union(*places.along(subject)))
    return out


def main() -> None:
    """Write the columns beside the words, or say which differ."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    check = parser.parse_args().check
    table = pd.read_csv(TABLE, dtype=str, keep_default_na=False)
    places = Places(ist.read())
    read = [columns_of(places, row) for row in table.to_dict("records")]
    now = pd.DataFrame(read, index=table.index)[list(READ)]
    if check:
        other = (
            []
            if not set(READ) <= set(table)
            else table.index[table[list(READ)].ne(now).any(axis=1)]
        )
        print("\n".join(table.loc[other, "id"]) or "all as it is read")
        raise SystemExit(int(len(other) > 0))
    table[list(READ)] = now
    table.to_csv(TABLE, index=False, lineterminator="\n")
    print(f"{len(table)} rows")


if __name__ == "__main__":
    main()
