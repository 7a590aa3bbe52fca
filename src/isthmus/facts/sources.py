"""Who says so: what stands behind a `source_id` cell."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from isthmus.facts.tables import Facts

__all__ = ["ASSUMED", "cited", "split"]

ASSUMED = "assumed:"


def split(cell: str) -> list[str]:
    """
    Return the source ids of a cell.

    Examples
    --------
    >>> split("cpmm-2022; assumed:speed as in Georgia")
    ['cpmm-2022', 'assumed:speed as in Georgia']
    """
    return [part for part in (p.strip() for p in cell.split("; ")) if part]


def cited(facts: Facts, cells: Iterable[str]) -> pd.DataFrame:
    """
    Return the sources that some cells cite, each with how often.

    Parameters
    ----------
    facts : Facts
    cells : iterable of str
        `source_id` cells.

    Returns
    -------
    DataFrame
        source_id, title, publisher, url, accessed, times, sorted by times. Assumptions carry
        their reason as the title.
    """
    count: dict[str, int] = {}
    for cell in cells:
        for source in split(cell):
            count[source] = count.get(source, 0) + 1
    known = facts["sources"].set_index("source_id")
    rows = []
    for source, times in count.items():
        if source.startswith(ASSUMED):
            row = {"title": source.removeprefix(ASSUMED).strip(), "publisher": "assumption"}
        elif source in known.index:
            row = known.loc[source, ["title", "publisher", "url", "accessed"]].to_dict()
        else:
            row = {"title": source, "publisher": "unknown source"}
        blank = {"url": "", "accessed": ""}
        rows.append({"source_id": source, **blank, **row, "times": times})
    columns = ["source_id", "title", "publisher", "url", "accessed", "times"]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.sort_values(["times", "source_id"], ascending=[False, True], ignore_index=True)
