"""
The verbs of a scenario: add, set, open, scale, close.

Each is one function that takes a `State` and one change and writes into the state's own copies of
the tables. They are applied in that order, whatever the order of the lines.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

from isthmus.change_rows import (
    PICK,
    TABLES,
    Change,
    State,
    label_of,
    lets_through,
    links_named,
    node_named,
    rows_named,
)
from isthmus.vocab import LINK_STATUS, OPEN_STATUS

__all__ = ["VERBS", "apply_change", "written_tables"]


_EXTRA = {
    "link": ("status",),
    "crossing": ("regime",),
    "terminal": (),
    "node": (),
    "demand": (),
    "parameter": (),
    "restriction": ("in_force",),
}


def written_tables(noun: str) -> tuple[str, ...]:
    """Return the tables that a change of a noun may write to."""
    if noun == "territory":
        return "links", "crossings"
    return (TABLES[noun][0] if noun in TABLES else "links",)


def apply_change(state: State, change: Change) -> None:
    """
    Apply one change.

    Raises
    ------
    InputError
        If the verb does not know the noun, a name, column or value is unknown, or another change
        has written the same cell.
    """
    VERBS[change.verb](state, change)


def _add(state: State, change: Change) -> None:
    """Add a row: the columns of that noun's table, names allowed where ids are."""
    if change.noun not in ("link", "crossing", "terminal", "node", "demand", "restriction"):
        raise change.fault(
            f"nothing can be added to {change.noun}.",
            "Nouns: link, crossing, terminal, node, demand, restriction.",
        )
    table, key = TABLES[change.noun]
    frame = state.tables[table]
    row: dict[str, Any] = {c: v for c, v in change.cells.items() if c in frame.columns}
    row["source_id"] = change.cells.get("source", "")
    row["confidence"] = change.cells.get("confidence", "low")
    if change.noun in ("link", "crossing", "terminal"):
        _complete(state, change, row)
    if change.noun == "restriction":
        row.setdefault("in_force", True)
    unknown = [
        c
        for c in change.cells
        if c not in frame.columns and c not in (*PICK, "confidence", "gauge")
    ]
    if unknown:
        raise change.fault(
            f'"{unknown[0]}" is no column.', f"Columns: {', '.join(frame.columns)}.", "column"
        )
    if key and key not in row:
        raise change.fault(f"{key} is missing.", "Name it.", "missing")
    if key and row[key] in set(frame[key]):
        raise change.fault(
            f"{row[key]} is there already.", f"Use [[set.{change.noun}]].", "duplicate"
        )
    new = pd.DataFrame([row]).reindex(columns=frame.columns)
    for column in frame.columns:
        if pd.api.types.is_object_dtype(frame[column]) or pd.api.types.is_string_dtype(
            frame[column]
        ):
            new[column] = new[column].astype(object).where(new[column].notna(), "")
        elif frame[column].dtype == bool:
            new[column] = [bool(v) if v == v else False for v in new[column]]
        else:
            new[column] = new[column].astype(frame[column].dtype)
    state.tables[table] = pd.concat([frame, new], ignore_index=True)
    state.written[(table, row.get(key, len(frame)), "*")] = change
    state.log.append(f"adds {change.noun} {row.get(key, '')}".strip())


def _complete(state: State, change: Change, row: dict[str, Any]) -> None:
    """Turn names into ids and fill what follows from the rest of an added row."""
    names, cells = state.facts.names, change.cells
    if change.noun == "link":
        ends = cells.get("between")
        if not ends or len(ends) != 2:
            raise change.fault("between is missing.", 'Write between = ["A", "B"].', "missing")
        a, b = (node_named(state, change, e) for e in ends)
        home = state.tables["nodes"].set_index("node_id")["territory_id"]
        if home[a] != home[b] and "territory_id" not in cells:
            raise change.fault(
                f"{a} and {b} lie in two territories.",
                "Name territory_id; a border is a node.",
                "missing",
            )
        row |= {"from_node_id": a, "to_node_id": b, "status": cells.get("status", "open")}
        row.setdefault("territory_id", home[a])
        row.setdefault("control_id", row["territory_id"])
        row.setdefault("link_id", f"{cells.get('mode')}:{a}-{b}")
        row.setdefault("length_basis", "sourced")
        for need in ("mode", "length_km"):
            if need not in cells:
                raise change.fault(
                    f"{need} is missing.", "A link has a mode and a length.", "missing"
                )
        row["is_open"] = row["status"] in OPEN_STATUS
        row["status_source"] = row["source_id"]
        return
    row["node_id"] = node_named(state, change, cells.get("at", cells.get("node_id", "")))
    if change.noun == "crossing":
        a, b = (
            names.territory(cells.get(c, cells.get(f"{c}_territory_id", "")), change.where)
            for c in ("from", "to")
        )
        regime = cells.get("regime", "normal")
        row |= {"from_territory_id": a, "to_territory_id": b, "regime": regime}
        row |= {"is_open": lets_through(state, change, regime), "regime_source": row["source_id"]}
        row.setdefault("crossing_id", f"{cells.get('mode')}:{row['node_id']}:{a}-{b}")
        row.setdefault("name", f"{row['node_id']} {a} to {b}")
    else:
        row.setdefault(
            "terminal_id", f"{row['node_id']}:{cells.get('from_mode')}-{cells.get('to_mode')}"
        )
        row.setdefault("name", row["terminal_id"])
        row["is_open"] = True


def _set(state: State, change: Change) -> None:
    """Set columns of rows that exist."""
    if change.noun in ("territory", "passage", "corridor"):
        raise change.fault(
            f"{change.noun} has nothing to set.", "Open or close it, or set its links."
        )
    table, _ = TABLES[change.noun]
    rows = rows_named(state, change)
    frame = state.tables[table]
    values = {c: v for c, v in change.cells.items() if c not in PICK}
    allowed = [*frame.columns, *_EXTRA[change.noun]]
    for column, value in values.items():
        if column not in allowed or column in ("is_open", "source_id"):
            near = ", ".join(c for c in allowed if not c.endswith("_id") and c != "is_open")
            raise change.fault(f'"{column}" is no column.', f"Columns: {near}.", "column")
        state.write(change, table, rows, column, value)
        if column == "regime":
            frame.loc[rows, "is_open"] = lets_through(state, change, value)
            frame.loc[rows, "regime_source"] = change.cells.get("source", "")
        if column == "status":
            if value not in LINK_STATUS:
                raise change.fault(
                    f'"{value}" is no status.', f"One of {', '.join(LINK_STATUS)}.", "status"
                )
            frame.loc[rows, "is_open"] = value in OPEN_STATUS
            frame.loc[rows, "status_source"] = change.cells.get("source", "")
    what = ", ".join(f"{c} = {v}" for c, v in values.items())
    state.log.append(f"sets {label_of(state, change, rows)}: {what}")


def _open(state: State, change: Change) -> None:
    _switch(state, change, open_=True)


def _close(state: State, change: Change) -> None:
    _switch(state, change, open_=False)


def _switch(state: State, change: Change, *, open_: bool) -> None:
    """Open or close links, crossings, terminals, a passage, a corridor or a whole territory."""
    word = "opens" if open_ else "closes"
    if change.noun == "territory":
        territory = state.facts.names.territory(
            str(change.cells.get("id", change.cells.get("at", ""))), change.where
        )
        if open_:
            raise change.fault(
                "a territory cannot be opened as one.", "Open its links and crossings."
            )
        state.closed_territories.add(territory)
        for table, columns in (
            ("links", ["territory_id"]),
            ("crossings", ["from_territory_id", "to_territory_id"]),
        ):
            frame = state.tables[table]
            frame.loc[frame[columns].eq(territory).any(axis=1), "is_open"] = False
        state.log.append(f"closes territory {territory} to all freight, its own trade included")
        return
    if change.noun in ("node", "demand", "parameter", "restriction"):
        mend = "Nouns: link, crossing, terminal, passage, corridor, territory."
        if change.noun == "restriction":
            mend = "Write [[set.restriction]] with in_force = true or false."
        raise change.fault(f"{change.noun} cannot be opened or closed.", mend)
    if change.noun in ("passage", "corridor"):
        rows = links_named(state, change)
        table = "links"
    else:
        rows, table = rows_named(state, change), TABLES[change.noun][0]
    if table == "links":
        state.write(change, table, rows, "status", "open" if open_ else "closed")
        state.tables[table].loc[rows, "status_source"] = change.cells.get("source", "")
    elif table == "crossings":
        regime = change.cells.get("regime", "normal") if open_ else "closed"
        state.write(change, table, rows, "regime", regime)
        state.tables[table].loc[rows, "regime_source"] = change.cells.get("source", "")
    state.tables[table].loc[rows, "is_open"] = open_
    state.log.append(f"{word} {label_of(state, change, rows)}")


def _scale(state: State, change: Change) -> None:
    """Multiply numbers: ``factor`` for demand and parameters, or columns of links and crossings."""
    cells = change.cells
    if change.noun in ("demand", "parameter"):
        table = TABLES[change.noun][0]
        column = "tonnes_t_yr" if change.noun == "demand" else "value"
        values = {column: cells.get("factor")}
    else:
        table = TABLES[change.noun][0] if change.noun in TABLES else "links"
        values = {c: v for c, v in cells.items() if c not in PICK}
    rows = rows_named(state, change)
    frame = state.tables[table]
    for column, factor in values.items():
        if not isinstance(factor, int | float) or factor < 0 or isinstance(factor, bool):
            raise change.fault(
                f"factor = {factor!r} is no factor.", "Give a number, 0 or more.", "factor"
            )
        if column not in frame or not pd.api.types.is_float_dtype(frame[column]):
            raise change.fault(
                f'"{column}" is no number column.',
                "Scale capacities, lengths, hours, fees.",
                "column",
            )
        state.write(change, table, rows, column, frame.loc[rows, column] * factor)
        state.log.append(f"scales {label_of(state, change, rows)}: {column} times {factor}")


VERBS: dict[str, Callable[[State, Change], None]] = {
    "add": _add,
    "set": _set,
    "open": _open,
    "scale": _scale,
    "close": _close,
}
"""In the order they are applied."""
