"""Name a row as the user finds it in the file."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from isthmus.facts.tables import Facts

__all__ = ["at"]


def at(facts: Facts, table: str, row: int) -> str:
    """
    Return file and line of a row, that of the overlay if it comes from one.

    Parameters
    ----------
    facts : Facts
    table : str
    row : int
        Position in the table.
    """
    file, line = facts.line_of(table, row)
    return f"{file}, row {line}"
