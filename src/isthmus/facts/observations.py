"""Read published observations from a user's file, in the columns of `data/observations.csv`."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from isthmus.errors import Fault, InputError

if TYPE_CHECKING:
    from isthmus.facts.tables import Facts

__all__ = ["READ", "read_observations"]

READ = (
    "from",
    "to",
    "place",
    "border_of",
    "direction",
    "mode",
    "via",
    "avoid",
    "scope",
    "goods",
    "corridor",
    "doubt",
    "not_testable",
)
"""Columns that say in ids what the words of a row mean; `docs/data.md` has their meaning."""

_TEXT = (
    "id",
    "subject",
    "quantity",
    "origin",
    "destination",
    "route_description",
    "unit",
    "source_url",
    "confidence",
    "note",
    *READ,
)
_NEEDED = ("quantity", "value")


def read_observations(facts: Facts, file: str | Path | pd.DataFrame | None = None) -> pd.DataFrame:
    """
    Return published observations, typed.

    Parameters
    ----------
    facts : Facts
    file : path or DataFrame, optional
        Rows in the columns of ``data/observations.csv``, in any order; columns beyond these are
        passed over, and only `quantity` and `value` must be there. By default the shipped rows.

    Returns
    -------
    DataFrame
        All columns of the table; text is never missing, `value` is NaN where it is no number,
        `year` is ``<NA>`` where it is none.

    Raises
    ------
    InputError
        If the file cannot be read or lacks a needed column.
    """
    if file is None:
        frame = facts["observations"]
    elif isinstance(file, pd.DataFrame):
        frame = file
    else:
        frame = _read(Path(file))
    frame = frame.rename(columns=lambda c: str(c).strip().lower()).reset_index(drop=True)
    missing = [c for c in _NEEDED if c not in frame]
    if missing:
        where = "observations" if file is None or isinstance(file, pd.DataFrame) else str(file)
        mend = "Its columns are those of data/observations.csv."
        raise InputError(
            [Fault(f"{where}, header", f'column "{c}" is missing.', mend) for c in missing]
        )
    out = pd.DataFrame(index=frame.index)
    for column in _TEXT:
        given = frame[column] if column in frame else pd.Series("", index=frame.index)
        out[column] = given.astype(object).where(given.notna(), "").astype(str).str.strip()
    for column, words in (("from", "origin"), ("to", "destination")):
        # who gives names in the words alone means them
        out[column] = out[column].where(out[column].ne(""), out[words])
    numbers = frame["value"].astype(str).str.replace(",", "", regex=False)
    out["value"] = pd.to_numeric(numbers, errors="coerce").astype("float64")
    years = frame["year"] if "year" in frame else pd.Series("", index=frame.index)
    year = pd.to_numeric(years.astype(str).str.extract(r"(\d{4})", expand=False), errors="coerce")
    out["year"] = year.astype("Int64")
    unnamed = out["id"].eq("")
    out.loc[unnamed, "id"] = [f"row {i + 2}" for i in out.index[unnamed]]
    return out


def _read(path: Path) -> pd.DataFrame:
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows = [row for row in csv.reader(stream) if row]
    except (OSError, UnicodeDecodeError, csv.Error) as e:
        raise InputError(
            [Fault(str(path), f"cannot be read: {e}.", "Name a CSV file in UTF-8.")]
        ) from None
    if not rows:
        raise InputError([Fault(str(path), "is empty.", "Give it a header line.")])
    header = rows[0]
    body = [(row + [""] * len(header))[: len(header)] for row in rows[1:]]
    return pd.DataFrame(body, columns=header, dtype=str)
