"""An order as a file: a dated, sourced set of changes. Read TOML, check it whole, apply it."""

from __future__ import annotations

import datetime as dt
import difflib
import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isthmus.change_rows import NOUNS, Change, State
from isthmus.changes import VERBS, apply_change, written_tables
from isthmus.demand import Demand
from isthmus.errors import Fault, InputError
from isthmus.facts.history import parse_date
from isthmus.facts.names import fold
from isthmus.facts.tables import package_root
from isthmus.network import Network
from isthmus.vocab import SCENARIO_STATUS

if TYPE_CHECKING:
    from isthmus.facts.tables import Facts

__all__ = ["Scenario", "find_scenario", "list_scenarios"]

_KEYS = ("name", "base", "status", "source", "description", "proponent", "extends")


@dataclass(frozen=True)
class Scenario:
    """
    A dated, sourced set of changes.

    Parameters
    ----------
    id : str
        Name of the file without its suffix.
    name, description, proponent : str
    base : str
        ISO date whose network and trade are changed.
    status : str
        in force, agreed, proposed, claimed or what-if.
    source : str
        Source id, or ``assumed:<why>``; a change may name its own.
    changes : tuple of Change
        Those of the parents first.
    """

    id: str
    name: str
    base: str
    status: str
    source: str
    description: str = ""
    proponent: str = ""
    changes: tuple[Change, ...] = field(default=(), repr=False)

    @classmethod
    def read(cls, path: str | Path, facts: Facts | None = None) -> Scenario:
        """
        Read a scenario file and those it extends.

        Parameters
        ----------
        path : path
        facts : Facts, optional
            If given, the changes are tried on the base date at once, so that every fault shows.

        Returns
        -------
        Scenario

        Raises
        ------
        InputError
            With every fault of the file.

        Examples
        --------
        >>> from isthmus.facts.tables import package_root
        >>> Scenario.read(package_root("scenarios") / "baseline.toml").changes
        ()
        """
        scenario = _read(Path(path), ())
        if facts is not None:
            scenario.apply(Network.at(facts, scenario.base), Demand.of(facts))
        return scenario

    @property
    def digest(self) -> str:
        """SHA-256 of everything that decides the answer, hexadecimal; order of lines left out."""
        lines = sorted(
            json.dumps([c.verb, c.noun, dict(c.cells)], sort_keys=True, default=str)
            for c in self.changes
        )
        return hashlib.sha256("\n".join([self.base, *lines]).encode()).hexdigest()

    def to_toml(self, extends: Scenario | None = None) -> str:
        """
        Return the scenario as the text of a file.

        Parameters
        ----------
        extends : Scenario, optional
            The scenario whose changes come first in this one; they are named, not repeated.

        Returns
        -------
        str

        Examples
        --------
        >>> shut = Change("close", "link", {"id": "rail:baku-x"}, "")
        >>> print(Scenario("x", "X", "2025-01-01", "what-if", "", changes=(shut,)).to_toml())
        name = "X"
        base = 2025-01-01
        status = "what-if"
        source = ""
        <BLANKLINE>
        [[close.link]]
        id = "rail:baku-x"
        <BLANKLINE>
        """
        import tomli_w

        document: dict[str, Any] = {"name": self.name}
        if extends is not None:
            document["extends"] = extends.id
        document |= {"base": dt.date.fromisoformat(self.base), "status": self.status}
        for key in ("proponent", "source", "description"):
            if getattr(self, key) or key == "source":
                document[key] = getattr(self, key)
        parts = []
        for change in self.changes[len(extends.changes) if extends is not None else 0 :]:
            cells = {k: v for k, v in change.cells.items() if k != "source" or v != self.source}
            parts.append(f"[[{change.verb}.{change.noun}]]\n{tomli_w.dumps(cells)}")
        return "\n".join([tomli_w.dumps(document), *parts])

    def apply(self, network: Network, demand: Demand) -> tuple[Network, Demand]:
        """
        Change a network and its demand.

        Verbs work in a fixed order (add, set, open, scale, close), those that override another
        change after all others, so the order of lines never changes the answer.

        Parameters
        ----------
        network : Network
        demand : Demand

        Returns
        -------
        Network, Demand
            New ones; what was given stays as it is.

        Raises
        ------
        InputError
            With every change that cannot be applied: file, verb, noun, number, mend.
        """
        if not self.changes:
            return network, demand
        tables = {
            "nodes": network.nodes,
            "links": network.links,
            "crossings": network.crossings,
            "terminals": network.terminals,
            "zones": network.zones,
            "demand": demand.flows,
            "parameters": network.parameters,
            "restrictions": network.restrictions,
        }
        # a table that nothing writes to stays the same object, by which others know it again
        written = {t for c in self.changes for t in written_tables(c.noun)}
        state = State(
            network.facts,
            {t: frame.copy() if t in written else frame for t, frame in tables.items()},
            set(network.closed_territories),
        )
        faults: list[Fault] = []
        for change in sorted(self.changes, key=_turn):
            try:
                apply_change(state, change)
            except InputError as problem:
                faults += problem.faults
        if faults:
            raise InputError(faults)
        changed = network.replace(
            nodes=state.tables["nodes"],
            links=state.tables["links"],
            crossings=state.tables["crossings"],
            terminals=state.tables["terminals"],
            restrictions=state.tables["restrictions"],
            parameters=state.tables["parameters"],
            closed_territories=frozenset(state.closed_territories),
            changes=(*network.changes, *state.log),
        )
        return changed, demand.replace(state.tables["demand"]) if "demand" in written else demand


def _turn(change: Change) -> tuple[bool, int, bool]:
    """When a change is applied: overriding ones last, then by verb, places before what joins them."""
    return bool(change.cells.get("override")), list(VERBS).index(change.verb), change.noun != "node"


def _parent_file(path: Path, name: str) -> Path:
    """Return the file a scenario extends: beside it, else the shipped one of that name."""
    file = name if name.endswith(".toml") else f"{name}.toml"
    beside = path.parent / file
    shipped = package_root("scenarios") / file
    return shipped if not beside.is_file() and shipped.is_file() else beside


def _read(path: Path, seen: tuple[Path, ...]) -> Scenario:
    shown = str(path) if "scenarios" not in path.parts else f"scenarios/{path.name}"
    if not path.is_file():
        raise InputError(
            [Fault(shown, "is no file.", "`isthmus list scenarios` shows the shipped ones.")]
        )
    if path.resolve() in seen:
        raise InputError([Fault(shown, "extends itself.", "Break the circle.", "extends")])
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise InputError(
            [Fault(shown, f"is no TOML: {problem}.", "See docs/scenarios.md.", "toml")]
        ) from None
    parent = None
    if "extends" in document:
        parent = _read(_parent_file(path, str(document["extends"])), (*seen, path.resolve()))
    faults = _head_faults(document, shown, parent)
    own, more = _changes(document, shown)
    faults += more
    if faults:
        raise InputError(faults)
    head = {
        k: document.get(k, getattr(parent, k, "") if k in ("base", "source", "proponent") else "")
        for k in _KEYS
    }
    return Scenario(
        path.stem,
        str(head["name"]),
        parse_date(head["base"], f"{shown}, base"),
        str(head["status"]),
        str(head["source"]),
        " ".join(str(head["description"]).split()),
        str(head["proponent"]),
        (*(parent.changes if parent else ()), *own),
    )


def _head_faults(document: Mapping[str, Any], shown: str, parent: Scenario | None) -> list[Fault]:
    faults = [
        Fault(
            shown, f'"{key}" is no key.', f"Keys: {', '.join(_KEYS)}; tables: [[verb.noun]].", "key"
        )
        for key in document
        if key not in _KEYS and key not in VERBS
    ]
    needed = ["name", "status"] if parent else ["name", "base", "status", "source"]
    faults += [
        Fault(shown, f"{key} is missing.", "Name it.", "missing")
        for key in needed
        if key not in document
    ]
    status = document.get("status")
    if status is not None and status not in SCENARIO_STATUS:
        faults.append(
            Fault(
                shown,
                f'status = "{status}" is none.',
                f"One of {', '.join(SCENARIO_STATUS)}.",
                "status",
            )
        )
    base = document.get("base")
    if base is not None and not isinstance(base, dt.date):
        try:
            parse_date(base, f"{shown}, base")
        except InputError as problem:
            faults += problem.faults
    return faults


def _changes(document: Mapping[str, Any], shown: str) -> tuple[list[Change], list[Fault]]:
    changes: list[Change] = []
    faults: list[Fault] = []
    for verb in VERBS:
        nouns = document.get(verb, {})
        if not isinstance(nouns, Mapping):
            faults.append(Fault(shown, f"{verb} holds no noun.", f"Write [[{verb}.link]].", "noun"))
            continue
        for noun, rows in nouns.items():
            if noun not in NOUNS:
                faults.append(
                    Fault(
                        f"{shown}, {verb}.{noun}",
                        "is no noun.",
                        f"One of {', '.join(NOUNS)}.",
                        "noun",
                    )
                )
                continue
            if not isinstance(rows, list):
                faults.append(
                    Fault(
                        f"{shown}, {verb}.{noun}",
                        "is no list.",
                        f"Write [[{verb}.{noun}]].",
                        "noun",
                    )
                )
                continue
            for number, cells in enumerate(rows, 1):
                full = {"source": document.get("source", ""), **cells}
                changes.append(Change(verb, noun, full, f"{shown}, {verb}.{noun} {number}"))
    return changes, faults


def list_scenarios() -> dict[str, Path]:
    """Return the shipped scenarios by name."""
    return {p.stem: p for p in sorted(package_root("scenarios").glob("*.toml"))}


def find_scenario(name: str, facts: Facts | None = None) -> Scenario:
    """
    Return a scenario by file or by the name of a shipped one.

    Raises
    ------
    InputError
        With the nearest names.
    """
    path = Path(name)
    if path.suffix == ".toml":
        return Scenario.read(path, facts)
    shipped = list_scenarios()
    if name in shipped:
        return Scenario.read(shipped[name], facts)
    close = difflib.get_close_matches(fold(name), [fold(n) for n in shipped], 3, 0.4)
    near = [n for n in shipped if fold(n) in close]
    hint = f"Nearest: {', '.join(near)}. " if near else ""
    raise InputError(
        [
            Fault(
                "scenario",
                f'"{name}" is no scenario.',
                f"{hint}`isthmus list scenarios` shows all.",
            )
        ]
    )
