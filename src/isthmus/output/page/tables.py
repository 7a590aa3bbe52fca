"""Tables of a report: one unit a column, figures aligned, sortable where a script may run."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from markupsafe import Markup, escape

from isthmus.output.text.numerals import DASH, Scale, scale_for

__all__ = ["Column", "listing"]


@dataclass(frozen=True)
class Column:
    """
    One column as the reader sees it.

    Parameters
    ----------
    key : str
        Column of the frame.
    head : str
    unit : str
        Unit of the frame's figures; empty for text.
    sign : bool
        Show a plus on gains: the column is a change.
    digits : int
        Significant digits.
    link : str
        Column with an address the text leads to.
    """

    key: str
    head: str
    unit: str = ""
    sign: bool = False
    digits: int = 3
    link: str = ""


def listing(frame: pd.DataFrame, columns: Sequence[Column], *, empty: str = "None.") -> Markup:
    """
    Return a frame as a table.

    Parameters
    ----------
    frame : DataFrame
    columns : sequence of Column
        Shown from left to right; the first is the head of its row.
    empty : str
        Said where there are no rows.

    Returns
    -------
    Markup
        Every text is escaped; an address is linked only if it begins with http.
    """
    if frame.empty:
        return Markup('<p class="quiet">{}</p>').format(empty)
    scales = {c.key: scale_for(frame[c.key].astype(float), c.unit) for c in columns if c.unit}
    heads = "".join(_head(c, scales) for c in columns)
    body = "".join(
        "<tr>"
        + "".join(_cell(c, row, scales, first=i == 0) for i, c in enumerate(columns))
        + "</tr>"
        for row in frame.to_dict("records")
    )
    return Markup(
        f'<div class="scroll"><table class="sortable"><thead><tr>{heads}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _head(column: Column, scales: dict[str, Scale]) -> str:
    unit = f"<small>{escape(scales[column.key].unit)}</small>" if column.unit else ""
    kind = "figure" if column.unit else "text"
    return f'<th scope="col" class="{kind}">{escape(column.head)}{unit}</th>'


def _cell(column: Column, row: dict[str, Any], scales: dict[str, Scale], *, first: bool) -> str:
    value = row[column.key]
    if column.unit:
        amount = float(value) if value is not None and not pd.isna(value) else math.nan
        text = scales[column.key].show(amount, digits=column.digits, sign=column.sign)
        order = f"{amount:.10g}" if math.isfinite(amount) else "-1e300"
        tone = ""
        if column.sign and math.isfinite(amount) and amount:
            tone = " less" if amount < 0 else " more"
        return f'<td class="figure{tone}" data-v="{order}">{text}</td>'
    text = str(escape(DASH if _is_unknown(value) else value))
    address = row.get(column.link) if column.link else None
    if isinstance(address, str) and address.startswith(("http://", "https://")):
        text = f'<a href="{escape(address)}" rel="noreferrer">{text}</a>'
    return f'<th scope="row">{text}</th>' if first else f'<td class="text">{text}</td>'


def _is_unknown(value: Any) -> bool:
    return (
        value is None
        or value == ""
        or (not isinstance(value, (list, tuple)) and bool(pd.isna(value)))
    )
