"""What the command line prints: tables for people, JSON for scripts. Nothing here computes."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from rich.console import Console
from rich.table import Table

__all__ = ["compact", "hint", "numbers_as_json", "out", "print_json", "print_table", "records"]

out = Console(highlight=False, soft_wrap=False)
"""Results, on standard output."""
note = Console(stderr=True, highlight=False)
"""Progress, hints and errors, on standard error."""

_SCALES = ((1e12, "tn"), (1e9, "bn"), (1e6, "M"), (1e3, "k"))


def compact(value: float, *, sign: bool = False) -> str:
    """
    Return a number with three significant digits and a scale.

    Examples
    --------
    >>> compact(1234567), compact(-0.5, sign=True), compact(float("nan"))
    ('1.23M', '-0.5', 'unknown')
    """
    if value is None or not math.isfinite(value):
        return "unknown" if value is None or math.isnan(value) else "∞"
    text = ""
    for size, name in _SCALES:
        if abs(value) >= 0.9995 * size:
            text = f"{value / size:.3g}{name}"
            break
    if not text:
        text = f"{value:.3g}" if abs(value) >= 1e-12 else "0"
    return f"+{text}" if sign and value > 1e-12 else text


def print_table(
    title: str, columns: Mapping[str, str], rows: Sequence[Sequence[str]], caption: str = ""
) -> None:
    """
    Print a table.

    Parameters
    ----------
    title : str
    columns : mapping of str to str
        Header → 'left' or 'right'.
    rows : sequence of sequence of str
    caption : str
    """
    table = Table(
        title=title, caption=caption or None, title_justify="left", caption_justify="left", box=None
    )
    for header, side in columns.items():
        table.add_column(header, justify="right" if side == "right" else "left", overflow="fold")
    for row in rows:
        table.add_row(*row)
    out.print(table)


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a frame for JSON: unknown numbers become null."""
    return [numbers_as_json(r) for r in frame.to_dict("records")]


def numbers_as_json(value: Any) -> Any:
    """Return a value that JSON can hold; NaN and NA become null, infinity a string."""
    if isinstance(value, Mapping):
        return {str(k): numbers_as_json(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [numbers_as_json(v) for v in value]
    if hasattr(value, "item") and getattr(value, "ndim", 0) == 0:
        value = value.item()
    if value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else "inf"
    return value


def print_json(value: Any) -> None:
    """Print one JSON document, UTF-8, stable key order as given."""
    out.print_json(json.dumps(numbers_as_json(value), ensure_ascii=False), highlight=False)


def hint(command: str) -> None:
    """Print the next useful command on standard error."""
    note.print(f"[dim]Next: {command}[/dim]")
