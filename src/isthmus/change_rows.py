"""What a change is, and which rows of which table it names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

from isthmus.errors import Fault, InputError, UnknownName

if TYPE_CHECKING:
    from isthmus.facts.tables import Facts

__all__ = [
    "NOUNS",
    "PICK",
    "TABLES",
    "Change",
    "State",
    "label_of",
    "lets_through",
    "links_named",
    "node_named",
    "rows_named",
]


TABLES = {
    "link": ("links", "link_id"),
    "crossing": ("crossings", "crossing_id"),
    "terminal": ("terminals", "terminal_id"),
    "node": ("nodes", "node_id"),
    "demand": ("demand", ""),
    "parameter": ("parameters", ""),
    "restriction": ("restrictions", "restriction_id"),
}
NOUNS = (*TABLES, "territory", "passage", "corridor")
"""Nouns a change may speak of."""
PICK = ("id", "at", "between", "mode", "from", "to", "in", "override", "source", "note")


@dataclass(frozen=True)
class Change:
    """
    One change of a scenario.

    Parameters
    ----------
    verb, noun : str
    cells : mapping
        As written, `source` among them.
    where : str
        File, verb, noun and number: how a fault names it.
    """

    verb: str
    noun: str
    cells: Mapping[str, Any]
    where: str

    def fault(self, what: str, mend: str, rule: str = "scenario") -> InputError:
        """Return an error that names this change."""
        return InputError([Fault(self.where, what, mend, rule)])


@dataclass
class State:
    """
    Copies of the tables that changes write into.

    Parameters
    ----------
    facts : Facts
    tables : dict of str to DataFrame
    closed_territories : set of str
    written : dict
        (table, id, column) → the change that wrote it: two writers of one cell are an error.
    log : list of str
        What changed, in words.
    """

    facts: Facts
    tables: dict[str, pd.DataFrame]
    closed_territories: set[str] = field(default_factory=set)
    written: dict[tuple[str, Any, str], Change] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)

    def write(self, change: Change, table: str, rows: pd.Index, column: str, value: Any) -> None:
        """Write one value into some rows of a column, or refuse if another change did."""
        frame = self.tables[table]
        key = frame.columns[0]
        for row in rows:
            cell = (
                table,
                frame.loc[row, key] if table not in ("demand", "parameters") else row,
                column,
            )
            other = self.written.get(cell)
            if other is not None and not change.cells.get("override"):
                raise change.fault(
                    f"{cell[1]}.{column} is changed by {other.where} as well.",
                    "Keep one of the two, or say `override = true` in the scenario that extends.",
                    "two-changes",
                )
            self.written[cell] = change
        frame.loc[rows, column] = value


def links_named(state: State, change: Change) -> pd.Index:
    """Return the links of the passage or corridor that a change names."""
    name = str(change.cells.get("id", change.cells.get("at", "")))
    links = state.tables["links"]
    if change.noun == "passage":
        passage = state.facts.names.passage(name, change.where)
        return links.index[links["passage_id"].eq(passage)]
    from isthmus.corridor import corridor_chain_links

    corridor = state.facts.names.corridor(name, change.where)
    return links.index[links["link_id"].isin(corridor_chain_links(state.facts, links, corridor))]


def rows_named(state: State, change: Change) -> pd.Index:
    """Return the rows a change speaks of; none is an error with the nearest names."""
    table, key = TABLES[change.noun]
    frame, cells, names = state.tables[table], change.cells, state.facts.names
    mask = pd.Series(True, frame.index)
    picked = False
    if key and "id" in cells:
        found = frame[key].eq(cells["id"])
        if not found.any():
            shown = [str(v) for v in frame[key]]
            import difflib

            near = difflib.get_close_matches(str(cells["id"]), shown, 3, 0.5)
            raise UnknownName(change.noun, str(cells["id"]), near, change.where)
        mask, picked = mask & found, True
    if "between" in cells and change.noun == "link":
        ends = {node_named(state, change, e) for e in cells["between"]}
        pair = [
            {a, b} == ends for a, b in zip(frame["from_node_id"], frame["to_node_id"], strict=True)
        ]
        mask, picked = mask & pd.Series(pair, frame.index), True
    if "at" in cells and change.noun in ("crossing", "terminal", "node"):
        mask, picked = mask & frame["node_id"].eq(node_named(state, change, cells["at"])), True
    if "mode" in cells and "mode" in frame:
        mask = mask & frame["mode"].eq(cells["mode"])
    for side in ("from", "to"):
        if side in cells and change.noun == "crossing":
            territory = names.territory(cells[side], change.where)
            mask = mask & frame[f"{side}_territory_id"].eq(territory)
    if change.noun == "demand":
        mask = mask & _demand_rows(state, change, frame)
        picked = True
    if change.noun == "parameter":
        mask, picked = mask & _parameter_rows(change, frame), True
    if not picked:
        raise change.fault("says not which.", "Name it by id, at or between.", "missing")
    if not mask.any():
        said = ", ".join(
            f"{c} = {cells[c]!r}" for c in PICK if c in cells and c not in ("source", "note")
        )
        raise change.fault(
            f"no {change.noun} fits {said}.", f"`isthmus list {table}` shows all.", "unknown-name"
        )
    return frame.index[mask]


def _demand_rows(state: State, change: Change, frame: pd.DataFrame) -> pd.Series:
    mask = pd.Series(True, frame.index)
    zones = state.tables["zones"].set_index("zone_id")["territory_id"]
    for side, column in (("from", "origin_zone_id"), ("to", "destination_zone_id")):
        if side not in change.cells:
            continue
        name = str(change.cells[side])
        if name in zones.index:
            mask &= frame[column].eq(name)
        else:
            territory = state.facts.names.territory(name, change.where)
            mask &= frame[column].map(zones).eq(territory)
    if "commodity_id" in change.cells:
        goods = state.facts.names.commodity(str(change.cells["commodity_id"]), change.where)
        mask &= frame["commodity_id"].eq(goods)
    return mask


def _parameter_rows(change: Change, frame: pd.DataFrame) -> pd.Series:
    mask = pd.Series(True, frame.index)
    for column in ("parameter", "territory_id", "load_type", "commodity_id", "item"):
        name = change.cells.get("id") if column == "parameter" else change.cells.get(column)
        if name is not None:
            mask &= frame[column].eq(str(name))
    return mask


def node_named(state: State, change: Change, name: object) -> str:
    """Return the node that a change names, one that it adds among them."""
    if str(name) in set(state.tables["nodes"]["node_id"]):
        return str(name)
    return state.facts.names.node(str(name), change.where)


def lets_through(state: State, change: Change, regime: str) -> bool:
    """Tell whether a regime lets anything through."""
    regimes = state.facts["regimes"].set_index("regime")["open"]
    if regime not in regimes.index:
        raise change.fault(
            f'"{regime}" is no regime.', f"One of {', '.join(regimes.index)}.", "regime"
        )
    return bool(regimes[regime])


def label_of(state: State, change: Change, rows: pd.Index) -> str:
    """Return what a change is about, in words."""
    if change.noun in ("passage", "corridor"):
        return f"{change.noun} {change.cells.get('id', change.cells.get('at', ''))} ({len(rows)} links)"
    table, key = TABLES[change.noun]
    if not key:
        return f"{len(rows)} rows of {table}"
    ids = [str(i) for i in state.tables[table].loc[rows, key]]
    return f"{change.noun} {', '.join(ids[:4])}{' …' if len(ids) > 4 else ''}"
