"""Charts that keep their type at any width: bars inside a grid of text."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from markupsafe import Markup, escape

from isthmus.output.text.numerals import Scale, scale_for, signed

__all__ = ["Part", "gains_and_losses", "heat", "pairs", "stacks", "swings"]


@dataclass(frozen=True)
class Part:
    """
    A piece of a stacked bar.

    Parameters
    ----------
    label : str
    kind : str
        Colour of the theme it wears: money, time, spread, carbon.
    base, new : float
    """

    label: str
    kind: str
    base: float
    new: float


def gains_and_losses(
    frame: pd.DataFrame,
    value: str,
    unit: str,
    *,
    name: str = "name",
    note: str = "",
    most: int = 16,
    worst_first: bool = False,
) -> Markup:
    """
    Draw bars to both sides of zero, the greatest gain first.

    Parameters
    ----------
    frame : DataFrame
    value, name, note : str
        Columns; `note` is a percentage shown beside the figure.
    unit : str
    most : int
        Rows shown: those that move most.
    worst_first : bool
        The greatest on top.

    Returns
    -------
    Markup
        Less is blue and to the left, more orange and to the right.
    """
    rows = frame[frame[value].abs() > 0]
    rows = rows.reindex(rows[value].abs().sort_values(ascending=False).index[:most])
    rows = rows.sort_values(value, ascending=not worst_first)
    if rows.empty:
        return Markup('<p class="quiet">Nothing changes.</p>')
    scale = scale_for(rows[value], unit)
    top = float(rows[value].abs().max())
    low = max(0.0, -float(rows[value].min())) / top
    high = max(0.0, float(rows[value].max())) / top
    zero = 100 * low / (low + high)
    parts = []
    for row in rows.to_dict("records"):
        amount = float(row[value])
        width = 100 * abs(amount) / top / (low + high)
        left = zero - width if amount < 0 else zero
        kind = "less" if amount < 0 else "more"
        aside = f"<small>{signed(row[note], digits=2)} %</small>" if note else ""
        parts.append(
            f'<div class="bar-name">{escape(row[name])}</div>'
            f'<div class="bar-room"><i class="zero" style="left:{zero:.2f}%"></i>'
            f'<i class="bar {kind}" style="left:{left:.2f}%;width:{max(width, 0.3):.2f}%"></i></div>'
            f'<div class="bar-figure">{scale.show(amount, sign=True)}{aside}</div>'
        )
    head = _head(scale, len(frame), len(rows))
    return Markup(
        f'<figure class="bars">{head}<div class="bar-grid">{"".join(parts)}</div></figure>'
    )


def pairs(
    frame: pd.DataFrame,
    base: str,
    new: str,
    unit: str,
    *,
    name: str = "name",
    compared: bool = True,
) -> Markup:
    """
    Draw a bar for each row, with the base as a lighter bar beneath.

    Parameters
    ----------
    frame : DataFrame
    base, new, name : str
        Columns.
    unit : str
    compared : bool

    Returns
    -------
    Markup
    """
    rows = frame.sort_values(new, ascending=False)
    if rows.empty:
        return Markup('<p class="quiet">No rows.</p>')
    values = pd.concat([rows[base], rows[new]]) if compared else rows[new]
    top = float(values.max()) or 1.0
    scale = scale_for(values, unit)
    parts = []
    for row in rows.to_dict("records"):
        under = ""
        aside = ""
        if compared:
            under = f'<i class="bar under" style="width:{100 * row[base] / top:.2f}%"></i>'
            aside = f"<small>{scale.show(row[new] - row[base], sign=True, digits=2)}</small>"
        parts.append(
            f'<div class="bar-name">{escape(row[name])}</div>'
            f'<div class="bar-room">{under}'
            f'<i class="bar over" style="width:{100 * row[new] / top:.2f}%"></i></div>'
            f'<div class="bar-figure">{scale.show(row[new])}{aside}</div>'
        )
    keys = (("over", "with the order"), ("under", "base")) if compared else ()
    head = _head(scale, len(rows), len(rows), keys)
    return Markup(
        f'<figure class="bars">{head}<div class="bar-grid">{"".join(parts)}</div></figure>'
    )


def swings(frame: pd.DataFrame, unit: str) -> Markup:
    """
    Draw a tornado: how far each assumption moves a number at its low and at its high end.

    Parameters
    ----------
    frame : DataFrame
        Of `isthmus.sensitivity.tornado`.
    unit : str

    Returns
    -------
    Markup
    """
    ends = frame[["low_change", "high_change"]]
    top = float(ends.abs().to_numpy().max()) if len(ends) else 0.0
    if not top > 0.0:
        return Markup('<p class="quiet">No assumption moves it.</p>')
    scale = scale_for(ends.to_numpy().ravel(), unit)
    low, high = max(0.0, -float(ends.to_numpy().min())), max(0.0, float(ends.to_numpy().max()))
    zero = 100 * low / (low + high)
    parts = []
    for row in frame.to_dict("records"):
        bars, figures = "", []
        for kind, end in (("over", "low_change"), ("under", "high_change")):
            amount = float(row[end])
            width = 100 * abs(amount) / (low + high)
            left = zero - width if amount < 0 else zero
            bars += f'<i class="bar {kind}" style="left:{left:.2f}%;width:{width:.2f}%"></i>'
            figures.append(scale.show(amount, sign=True))
        parts.append(
            f'<div class="bar-name">{escape(row["name"])}</div><div class="bar-room">'
            f'<i class="zero" style="left:{zero:.2f}%"></i>{bars}</div>'
            f'<div class="bar-figure">{figures[0]} <small>{figures[1]}</small></div>'
        )
    keys = (("over", "at its low end"), ("under", "at its high end"))
    head = _head(scale, len(frame), len(frame), keys)
    return Markup(
        f'<figure class="bars">{head}<div class="bar-grid">{"".join(parts)}</div></figure>'
    )


def heat(frame: pd.DataFrame, head: str, *, top: float | None = None) -> Markup:
    """
    Show a table of figures with the greater ones darker.

    Parameters
    ----------
    frame : DataFrame
        Rows by columns, named as they are to be read; nan is left empty.
    head : str
        What rows, columns and figures are.
    top : float, optional
        Figure of the darkest cell; default is the greatest.

    Returns
    -------
    Markup
    """
    if frame.empty:
        return Markup('<p class="quiet">No rows.</p>')
    finite = frame.to_numpy(dtype=float)
    finite = finite[np.isfinite(finite)]
    most = top or (float(finite.max()) if len(finite) else 1.0) or 1.0
    heads = "".join(f'<th scope="col"><span>{escape(c)}</span></th>' for c in frame.columns)
    body = ""
    for name, row in zip(frame.index, frame.to_numpy(dtype=float), strict=True):
        cells = "".join(
            '<td class="own"></td>'
            if math.isnan(v)
            else f'<td style="--v:{min(100.0, 100 * v / most):.0f}">{_cell(v)}</td>'
            for v in row
        )
        body += f'<tr><th scope="row">{escape(name)}</th>{cells}</tr>'
    return Markup(
        f'<figure class="bars"><figcaption>{escape(head)}</figcaption><div class="scroll">'
        f'<table class="heat"><thead><tr><td class="own"></td>{heads}</tr></thead>'
        f"<tbody>{body}</tbody></table></div></figure>"
    )


def _cell(value: float) -> str:
    """Write a figure short: whole numbers, nothing for nothing."""
    if value == 0.0:
        return ""
    if math.isinf(value):
        return "∞"
    return f"{value:.0f}" if value >= 0.5 else "&lt;1"


def stacks(parts: Sequence[Part], unit: str, *, compared: bool = True) -> Markup:
    """
    Draw one stacked bar a state of the world, and a table of its pieces beneath.

    Parameters
    ----------
    parts : sequence of Part
        Drawn in this order.
    unit : str
    compared : bool

    Returns
    -------
    Markup
    """
    states = (("base", "Base"), ("new", "Order")) if compared else (("new", "Level"),)
    sums = {key: sum(getattr(p, key) for p in parts) for key, _ in states}
    top = max(sums.values(), default=0.0)
    if top <= 0:
        return Markup('<p class="quiet">No cost components.</p>')
    scale = scale_for(sums.values(), unit)
    bars = ""
    for key, label in states:
        pieces = "".join(
            f'<i class="piece k-{p.kind} n{i % 4}" style="width:{100 * getattr(p, key) / top:.2f}%" '
            f'title="{escape(p.label)}: {scale.show(getattr(p, key))} {scale.unit}"></i>'
            for i, p in enumerate(parts)
            if getattr(p, key) > 0
        )
        bars += (
            f'<div class="bar-name">{label}</div><div class="stack">{pieces}</div>'
            f'<div class="bar-figure">{scale.show(sums[key])}</div>'
        )
    rows = "".join(_piece_row(i, p, scale, compared=compared) for i, p in enumerate(parts))
    heads = "<th>Base</th><th>Order</th><th>Change</th>" if compared else "<th>Level</th>"
    return Markup(
        f'<figure class="bars">{_head(scale, 0, 0)}<div class="bar-grid">{bars}</div></figure>'
        f'<div class="scroll"><table class="pieces"><thead><tr><th>Component</th><th>Counts as</th>{heads}'
        f"</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _piece_row(index: int, part: Part, scale: Scale, *, compared: bool) -> str:
    key = f'<i class="swatch k-{part.kind} n{index % 4}"></i>'
    figures = f"<td>{scale.show(part.new)}</td>"
    if compared:
        change = part.new - part.base
        share = 100 * change / part.base if part.base else math.nan
        aside = (
            f" <small>{signed(share, digits=2)} %</small>" if math.isfinite(share) and share else ""
        )
        figures = f"<td>{scale.show(part.base)}</td>{figures}<td>{scale.show(change, sign=True)}{aside}</td>"
    return f"<tr><th>{key}{escape(part.label)}</th><td>{escape(part.kind)}</td>{figures}</tr>"


def _head(scale: Scale, total: int, shown: int, keys: Sequence[tuple[str, str]] = ()) -> str:
    legend = "".join(f'<span><i class="swatch {k}"></i>{t}</span>' for k, t in keys)
    cut = f"<span>{shown} of {total:,} rows</span>" if shown < total else ""
    return f"<figcaption><span>{escape(scale.unit)}</span>{cut}{legend}</figcaption>"
