"""Tables as CSV, Parquet and XLSX, and many of them as one ZIP."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

import pandas as pd

from isthmus.errors import Fault, InputError
from isthmus.formats.files import replacing

__all__ = ["SUFFIXES", "write_tables"]

SUFFIXES = (".csv", ".parquet", ".xlsx", ".zip")

Tables: TypeAlias = "pd.DataFrame | Mapping[str, pd.DataFrame]"

_EPOCH = (1980, 1, 1, 0, 0, 0)
"""Time stamp inside a ZIP, fixed so that the same tables give the same bytes."""

_SHEET_NAME = 31
"""Longest sheet name XLSX allows."""


def write_tables(path: str | Path, tables: Tables) -> Path:
    """
    Write one table, or several where the format holds several.

    Text stays text; unknown is empty. Index labels are not written.

    Parameters
    ----------
    path : path
        The suffix decides: ``.csv`` and ``.parquet`` hold one table, ``.xlsx`` a sheet for each,
        ``.zip`` a CSV for each.
    tables : DataFrame or mapping of str to DataFrame

    Returns
    -------
    Path

    Raises
    ------
    InputError
        If the suffix is unknown, or several tables meet a format for one.
    """
    target = Path(path)
    named = {target.stem: tables} if isinstance(tables, pd.DataFrame) else dict(tables)
    suffix = target.suffix.lower()
    if suffix not in SUFFIXES:
        raise InputError(
            [Fault(str(target), f"{suffix or 'no suffix'} is no table format.", _known())]
        )
    if suffix in (".csv", ".parquet") and len(named) != 1:
        raise InputError(
            [
                Fault(
                    str(target),
                    f"{suffix} holds one table, and there are {len(named)}: {', '.join(named)}.",
                    "Use .xlsx or .zip for several.",
                )
            ]
        )
    with replacing(target) as part:
        if suffix == ".csv":
            next(iter(named.values())).to_csv(part, index=False, lineterminator="\n")
        elif suffix == ".parquet":
            next(iter(named.values())).to_parquet(part, index=False)
        elif suffix == ".xlsx":
            _write_workbook(part, named)
        else:
            _write_archive(part, named)
    return target


def _known() -> str:
    return f"Known suffixes: {', '.join(SUFFIXES)}."


def _write_workbook(path: Path, tables: Mapping[str, pd.DataFrame]) -> None:
    """Write a sheet a table, with its head fixed and columns as wide as their words."""
    with pd.ExcelWriter(path, engine="openpyxl") as book:
        for name, table in tables.items():
            sheet_name = name[:_SHEET_NAME]
            table.to_excel(book, sheet_name=sheet_name, index=False, freeze_panes=(1, 0))
            sheet = book.sheets[sheet_name]
            for i, column in enumerate(table.columns, start=1):
                longest = max((len(str(v)) for v in table[column].head(200)), default=0)
                letter = sheet.cell(row=1, column=i).column_letter
                sheet.column_dimensions[letter].width = min(60, max(len(str(column)), longest) + 2)


def _write_archive(path: Path, tables: Mapping[str, pd.DataFrame]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, table in tables.items():
            entry = zipfile.ZipInfo(f"{name}.csv", date_time=_EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, table.to_csv(index=False, lineterminator="\n"))
