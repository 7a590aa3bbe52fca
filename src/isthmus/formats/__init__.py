"""
File formats, one a module. Nothing above this floor opens an input file, `facts` apart.

`write` finds the writer by what is written and by the suffix of the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from isthmus.errors import Fault, InputError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["write"]


def write(obj: Any, path: str | Path) -> Path:
    """
    Write a result to a file, whole or not at all.

    Parameters
    ----------
    obj : DataFrame, mapping of str to DataFrame, Assignment, Skims or report bundle
        An assignment gives its flows by link and crossing, or its skims as ``.omx``.
    path : path
        Tables: ``.csv``, ``.parquet``, ``.xlsx``, ``.zip``. Maps: ``.gpkg``, ``.geojson``,
        ``.parquet``. Matrices: ``.omx``.

    Returns
    -------
    Path

    Raises
    ------
    InputError
        If nothing writes such an object with that suffix; names the suffixes that would do.
    """
    suffix = Path(path).suffix.lower()
    writers = _writers(obj)
    writer = writers.get(suffix)
    if writer is None:
        does = f"Known suffixes: {', '.join(writers)}." if writers else "Write a table or a result."
        what = f"{type(obj).__name__} cannot be written as {suffix or 'a file without suffix'}."
        raise InputError([Fault(str(path), what, does, "unknown-format")])
    return writer(path)


def _writers(obj: Any) -> dict[str, Callable[[str | Path], Path]]:
    """Return who can write an object, by suffix."""
    from isthmus.formats import geo, omx, tables

    if isinstance(obj, pd.DataFrame):
        if "geometry" in obj.columns and hasattr(obj, "to_file"):
            return {s: lambda p: geo.write_layers(p, {Path(p).stem: obj}) for s in geo.SUFFIXES}
        return {s: lambda p: tables.write_tables(p, obj) for s in tables.SUFFIXES}
    if isinstance(obj, Mapping):
        return {s: lambda p: tables.write_tables(p, obj) for s in tables.SUFFIXES}
    if hasattr(obj, "virtual") and hasattr(obj, "arc_flow"):
        from isthmus.formats.flows import flow_map
        from isthmus.skim import skim

        def write_skims(path: str | Path) -> Path:
            skims = skim(obj)
            return omx.write_omx(path, skims.matrices, skims.zones)

        return {
            **{s: lambda p: geo.write_map(p, flow_map(obj)) for s in geo.SUFFIXES},
            ".csv": lambda p: tables.write_tables(p, flow_map(obj).links),
            ".xlsx": lambda p: tables.write_tables(p, flow_map(obj).tables),
            ".zip": lambda p: tables.write_tables(p, flow_map(obj).tables),
            ".omx": write_skims,
        }
    if hasattr(obj, "matrices") and hasattr(obj, "zones"):
        return {".omx": lambda p: omx.write_omx(p, obj.matrices, obj.zones)}
    if all(hasattr(obj, name) for name in ("links", "nodes", "crossings", "disputed")):
        return {s: lambda p: geo.write_map(p, obj) for s in geo.SUFFIXES}
    return {}
