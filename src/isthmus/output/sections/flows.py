"""The section on bottlenecks: a chart and a table of the elements where waiting costs most."""

from __future__ import annotations

import pandas as pd
from markupsafe import Markup

from isthmus.output.bundle import ReportBundle
from isthmus.output.page.charts import gains_and_losses, pairs
from isthmus.output.page.tables import Column, listing
from isthmus.output.page.theme import MODES
from isthmus.output.text.numerals import plural

__all__ = ["capacities_in_words", "changes_of", "chart_of", "table_of", "worst"]

_SHOWN = 10
"""Rows of the table: most of the waiting stands in them."""

_UNIT = "USD mn/yr"
"""One unit in all: an order can make one element a thousand times dearer than the others."""

_NONE = "No element with a known capacity makes anything wait."


def worst(bundle: ReportBundle, most: int = _SHOWN) -> pd.DataFrame:
    """
    Return the rows where waiting costs most, with or without the order.

    An order that clears a bottleneck must show it: the dearer of both sides counts.

    Parameters
    ----------
    bundle : ReportBundle
    most : int

    Returns
    -------
    DataFrame
        Waiting in USD mn/yr, its change, and a `label`, since a railway and a road may join the
        same places.
    """
    frame = bundle.bottlenecks
    sides = ["waiting_base", "waiting_new"] if bundle.compared else ["waiting_new"]
    size = frame[sides].astype(float).max(axis=1)
    return _labelled(frame.loc[size[size > 0].nlargest(most).index])


def _labelled(rows: pd.DataFrame) -> pd.DataFrame:
    label = [
        f"{name} ({MODES[mode].label.lower() if mode in MODES else mode})"
        if kind == "link"
        else name
        for name, kind, mode in zip(rows["name"], rows["kind"], rows["mode"], strict=True)
    ]
    sides = ("waiting_base", "waiting_new")
    waiting = {c: rows[c].astype(float).fillna(0.0) / 1e6 for c in sides}
    change = waiting["waiting_new"] - waiting["waiting_base"]
    return rows.assign(label=pd.Series(label, rows.index, dtype=object), change=change, **waiting)


def chart_of(bundle: ReportBundle) -> Markup:
    """Draw the cost of waiting, the base beneath where there is one."""
    rows = worst(bundle)
    if rows.empty:
        return Markup("")
    names = ("waiting_base", "waiting_new")
    return pairs(rows, *names, _UNIT, name="label", compared=bundle.compared)


def changes_of(bundle: ReportBundle) -> Markup:
    """Draw where the order makes waiting dearer or cheaper; nothing without a base."""
    if not bundle.compared or bundle.bottlenecks.empty:
        return Markup("")
    rows = _labelled(bundle.bottlenecks)
    return gains_and_losses(rows, "change", _UNIT, name="label", most=_SHOWN)


def table_of(bundle: ReportBundle) -> Markup:
    """Return the table: capacity and who says it, load, waiting, and what more room is worth."""
    rows = worst(bundle)
    shown = rows.assign(
        stands=[_basis(b, c) for b, c in zip(rows["basis"], rows["confidence"], strict=True)],
        load=100.0 * rows["load_new"].astype(float),
    )
    cost = "Cost, order" if bundle.compared else "Its cost"
    columns = [
        Column("label", "Element"),
        Column("territory", "Territory"),
        Column("towards", "Busier towards"),
        Column("tonnes_new", "Tonnes", "t/yr"),
        Column("capacity", "Capacity", "t/yr"),
        Column("stands", "Basis"),
        Column("load", "Load", "%"),
        Column("delay_h_new", "Wait", "h"),
        Column("waiting_base", "Cost, base", _UNIT),
        Column("waiting_new", cost, _UNIT),
        Column("shadow_new", "Shadow price", "USD/t"),
        Column("external_new", "External cost", "USD/t"),
    ]
    kept = [c for c in columns if bundle.compared or c.key != "waiting_base"]
    return listing(shown, kept, empty=_NONE)


def _basis(basis: object, confidence: object) -> str:
    """Return what a capacity rests on, and how sure a published one is."""
    if basis == "published" and confidence:
        return f"published ({confidence})"
    return {"order": "set by order"}.get(str(basis), str(basis))


def capacities_in_words(bundle: ReportBundle) -> str:
    """Say how many elements stand on a published capacity, an assumed one, or none."""
    count = bundle.bottlenecks["basis"].value_counts()
    if not len(count):
        return ""
    stated = int(count.get("published", 0) + count.get("order", 0))
    return (
        f"Of {plural(int(count.sum()), 'element')} that carry tonnes {stated:,} have a published "
        f"capacity, {int(count.get('assumed', 0)):,} an assumed one, "
        f"and {int(count.get('unknown', 0)):,} none: what waits there is unknown, not nothing."
    )
