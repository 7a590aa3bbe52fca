"""
Read the data package into tidy tables, lay a user's rows over it, and answer for their origin.

The runtime schema is ``data/datapackage.json``: one place says what a table holds.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Any

import pandas as pd

from isthmus.errors import Fault, InputError
from isthmus.facts.names import Names

__all__ = ["Facts", "package_root", "read"]

_DESCRIPTOR = "datapackage.json"


def package_root(folder: str = "data") -> Path:
    """
    Folder of what ships with isthmus.

    Parameters
    ----------
    folder : {'data', 'scenarios'}

    Returns
    -------
    Path
        Inside the installed package, or in the working tree of a checkout.
    """
    inside = Path(str(resources.files("isthmus"))) / f"_{folder}"
    return inside if inside.is_dir() else Path(__file__).resolve().parents[3] / folder


@dataclass(frozen=True)
class Facts:
    """
    The facts: every table of the data package, typed, with the files they come from.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        Typed rows. Unknown numbers are NaN (``<NA>`` in integer columns), unknown text is ``""``,
        dates are ISO text so that they compare as they read.
    raw : mapping of str to DataFrame
        The same rows as text, for the checks.
    schema : mapping of str to dict
        Frictionless table schema of each table.
    origin : mapping of str to tuple of str
        Files each table was read from, the package first.
    digest : str
        SHA-256 over all files, hexadecimal.
    lines : mapping of str to list of (str, int)
        File and line of each row, for tables that an overlay touches.
    """

    tables: Mapping[str, pd.DataFrame]
    raw: Mapping[str, pd.DataFrame] = field(repr=False)
    schema: Mapping[str, dict[str, Any]] = field(repr=False)
    origin: Mapping[str, tuple[str, ...]] = field(repr=False)
    digest: str = ""
    lines: Mapping[str, list[tuple[str, int]]] = field(default_factory=dict, repr=False)

    def line_of(self, table: str, row: int) -> tuple[str, int]:
        """Return the file and the line of a row of a table."""
        known = self.lines.get(table)
        return known[row] if known else (self.file_of(table), row + 2)

    def __getitem__(self, table: str) -> pd.DataFrame:
        """Return the typed table; raises `InputError` naming the tables there are."""
        try:
            return self.tables[table]
        except KeyError:
            known = ", ".join(sorted(self.tables))
            raise InputError(
                [Fault(table, "is no table of the facts.", f"Tables: {known}.")]
            ) from None

    def __contains__(self, table: object) -> bool:
        return table in self.tables

    def file_of(self, table: str) -> str:
        """Return the file a table was read from, as the user knows it."""
        files = self.origin.get(table, ())
        return files[0] if files else f"data/{table}.csv"

    @cached_property
    def names(self) -> Names:
        """Names of places and things, resolved by id, exact name or alias."""
        return Names(self)


def read(*overlays: str | Path, base: str | Path | None = None) -> Facts:
    """
    Read the tables of the shipped facts and lay the user's own rows over them; `isthmus.package.read` has the terms.

    Parameters
    ----------
    *overlays : path
    base : path, optional

    Returns
    -------
    Facts
        Tables alone.

    Raises
    ------
    InputError
        If a folder, the descriptor, a table or a column is missing or unknown.
    """
    root = Path(base) if base is not None else package_root()
    descriptor = root / _DESCRIPTOR
    if not descriptor.is_file():
        raise InputError(
            [Fault(str(root), f"holds no {_DESCRIPTOR}.", "Name a data package folder.")]
        )
    package = json.loads(descriptor.read_text(encoding="utf-8"))
    sha = hashlib.sha256()
    raw: dict[str, pd.DataFrame] = {}
    schema: dict[str, dict[str, Any]] = {}
    origin: dict[str, tuple[str, ...]] = {}
    for resource in package["resources"]:
        name = resource["name"]
        schema[name] = resource["schema"]
        path = root / resource["path"]
        shown = f"data/{path.name}" if root == package_root() else str(path)
        if not path.is_file():
            raise InputError([Fault(shown, "is missing.", f"{_DESCRIPTOR} lists it.")])
        raw[name] = _read_csv(path, shown, schema[name])
        origin[name] = (shown,)
        sha.update(name.encode() + b"\0" + path.read_bytes())
    lines: dict[str, list[tuple[str, int]]] = {}
    for folder in map(Path, overlays):
        _lay_over(folder, raw, schema, origin, lines, sha)
    tables = {name: _typed(frame, schema[name]) for name, frame in raw.items()}
    return Facts(tables, raw, schema, origin, sha.hexdigest(), lines)


def _lay_over(
    folder: Path,
    raw: dict[str, pd.DataFrame],
    schema: Mapping[str, dict[str, Any]],
    origin: dict[str, tuple[str, ...]],
    lines: dict[str, list[tuple[str, int]]],
    sha: Any,
) -> None:
    if not folder.is_dir():
        raise InputError([Fault(str(folder), "is no folder.", "Name a folder with CSV tables.")])
    faults = []
    for path in sorted(folder.glob("*.csv")):
        name = path.stem
        if name not in raw:
            known = ", ".join(sorted(raw))
            faults.append(Fault(str(path), f'"{name}" is no table.', f"Tables: {known}."))
            continue
        rows = _read_csv(path, str(path), schema[name])
        key = schema[name].get("primaryKey", [])
        key = [key] if isinstance(key, str) else list(key)
        kept = raw[name]
        said = lines.get(name) or [(origin[name][0], i + 2) for i in range(len(kept))]
        if key:
            new = set(map(tuple, rows[key].itertuples(index=False)))
            old = [tuple(row) not in new for row in kept[key].itertuples(index=False)]
            kept = kept[old]
            said = [line for line, keep in zip(said, old, strict=True) if keep]
        lines[name] = said + [(str(path), i + 2) for i in range(len(rows))]
        raw[name] = pd.concat([kept, rows], ignore_index=True)
        origin[name] = (*origin[name], str(path))
        sha.update(b"+" + name.encode() + b"\0" + path.read_bytes())
    if faults:
        raise InputError(faults)


def _read_csv(path: Path, shown: str, schema: Mapping[str, Any]) -> pd.DataFrame:
    """Read one table as text; all unknown and missing columns and ragged rows in one error."""
    names = [f["name"] for f in schema["fields"]]
    required = {f["name"] for f in schema["fields"] if f.get("constraints", {}).get("required")}
    with path.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.reader(stream))
    if not rows:
        raise InputError([Fault(shown, "is empty.", "Give it a header line.")])
    header, body = rows[0], rows[1:]
    faults = [
        Fault(f"{shown}, header", f'"{c}" is no column.', f"Columns: {', '.join(names)}.", "column")
        for c in header
        if c not in names
    ]
    faults += [
        Fault(f"{shown}, header", f'column "{c}" is missing.', "It is required.", "column")
        for c in sorted(required - set(header))
    ]
    faults += [
        Fault(
            f"{shown}, row {i}", f"has {len(row)} cells, not {len(header)}.", "Quote commas.", "row"
        )
        for i, row in enumerate(body, 2)
        if row and len(row) != len(header)
    ]
    if faults:
        raise InputError(faults)
    frame = pd.DataFrame([row for row in body if row], columns=header, dtype=str)
    return frame.reindex(columns=names, fill_value="").apply(lambda c: c.str.strip())


def _typed(raw: pd.DataFrame, schema: Mapping[str, Any]) -> pd.DataFrame:
    """Type the columns; text that is no number becomes unknown here and a fault in `check`."""
    columns: dict[str, Any] = {}
    for spec in schema["fields"]:
        text = raw[spec["name"]]
        if spec["type"] == "number":
            columns[spec["name"]] = pd.to_numeric(text, errors="coerce").astype("float64")
        elif spec["type"] == "integer":
            number = pd.to_numeric(text, errors="coerce")
            columns[spec["name"]] = number.where(number == number.round()).astype("Int64")
        elif spec["type"] == "boolean":
            columns[spec["name"]] = text.str.lower().isin(["true", "1", "yes"])
        else:
            columns[spec["name"]] = text.astype(object)
    return pd.DataFrame(columns, index=raw.index)
