"""The brief: orders side by side, who gains and who loses, claims with findings; one HTML file."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd
from markupsafe import Markup

from isthmus.output.bundle import ReportBundle
from isthmus.output.map.drawing import DEFINITIONS, Tops, draw_map, focus_of, legend_of, tops_of
from isthmus.output.map.links import Drawn, lay_out
from isthmus.output.map.projection import REGION, Frame, close_up
from isthmus.output.page.charts import gains_and_losses
from isthmus.output.page.document import asset, render_page, style_sheet, write_page
from isthmus.output.page.tables import Column, listing
from isthmus.output.sections.claims import ClaimNote, claim_of, counts_of, untested
from isthmus.output.text.numerals import plural, signed
from isthmus.output.text.prose import territories_of

__all__ = ["BriefBundle", "render_brief", "write_brief"]

_MOST_TERRITORIES = 20
"""Countries in the tables: those that some order moves most."""
_MOST_BARS = 10


@dataclass(frozen=True)
class BriefBundle:
    """
    Everything a brief shows.

    Parameters
    ----------
    base : ReportBundle
        The network without any order.
    orders : tuple of ReportBundle
        Each compared with the network without it.
    claims : tuple of ClaimNote
        Empty leaves the section out.
    rules : mapping of str to str
        What each verdict means.
    swept : str
        What was varied for the ranges; empty if nothing was.
    manifest : mapping of str to str
        What reproduces it.
    """

    base: ReportBundle
    orders: tuple[ReportBundle, ...]
    claims: tuple[ClaimNote, ...] = ()
    rules: Mapping[str, str] = field(default_factory=dict)
    swept: str = ""
    manifest: Mapping[str, str] = field(default_factory=dict)


def write_brief(path: str | Path, bundle: BriefBundle) -> Path:
    """
    Write the brief, whole or not at all.

    Parameters
    ----------
    path : path
        File to write; its folder must exist.
    bundle : BriefBundle

    Returns
    -------
    Path
    """
    return write_page(path, render_brief(bundle))


def render_brief(bundle: BriefBundle) -> str:
    """
    Return the brief as HTML; the same bundle gives the same text, byte for byte.

    Nothing in it is fetched from elsewhere; outside addresses are the sources a reader may follow.
    """
    totals = _totals(bundle.orders)
    on_region = lay_out(bundle.base.links, REGION, compared=False)
    tops = tops_of(on_region)
    cards = _cards(bundle.orders)
    tested = [c for c in bundle.claims if c.findings]
    return render_page(
        "brief.html.j2",
        b=bundle,
        answer=_answer(bundle, totals, tested),
        definitions=DEFINITIONS,
        style=Markup(style_sheet("report.css", "brief.css")),
        script=Markup(asset("report.js")),
        map=draw_map(bundle.base, REGION, on_region, ("new",), tops),
        legend=legend_of(on_region, ("new",), tops, bundle.base),
        totals=_totals_table(totals),
        cards=cards,
        difference=_difference_legend(bundle.orders),
        lands=_territories_table(bundle.orders, "change_usd", 1e6, "USD mn/yr"),
        share=_territories_table(bundle.orders, "change_pct", 1.0, "%"),
        transit=_territories_table(bundle.orders, "transit_change", 1e3, "kt/yr"),
        tested=[claim_of(c) for c in tested],
        counts=counts_of(tested),
        disputed=_disputed(bundle.base),
        others=untested([c for c in bundle.claims if not c.findings and not c.outside]),
        outside=[c for c in bundle.claims if c.outside],
        sources=_sources(bundle),
        plural=plural,
    )


def _totals(orders: Sequence[ReportBundle]) -> pd.DataFrame:
    """One row an order: changes over the tonnes served in both, and who gains and loses most."""
    rows = []
    for order in orders:
        t = order.totals
        territories = _with_transit(order)
        states = territories[territories["cost_usd_base"] > 0].sort_values("change_usd")
        rows.append(
            {
                "order": order.title,
                "id": order.scenario_id,
                "status": order.status,
                "cost": t["cost_change_usd_yr"] / 1e6,
                "pct": 100.0 * t["cost_change_usd_yr"] / t["cost_base_usd_yr"],
                "days": t.get("time_change_th_yr", math.nan) / 24.0 / 1e6,
                "co2": t.get("co2_change_t_yr", math.nan) / 1e3,
                "unserved": (t["unserved_new_t_yr"] - t["unserved_base_t_yr"]) / 1e3,
                "cheaper": _named(states[states["change_usd"] < 0].head(3)),
                "dearer": _named(states[states["change_usd"] > 0].iloc[::-1].head(3)),
            }
        )
    return pd.DataFrame(rows)


def _with_transit(order: ReportBundle) -> pd.DataFrame:
    territories = territories_of(order)
    return territories.assign(
        transit_change=territories["transit_t_new"] - territories["transit_t_base"]
    )


def _named(rows: pd.DataFrame) -> str:
    """Return countries with their change, at the precision of the figure."""
    shown = [
        f"{r['name']} {signed(r['change_usd'] / 1e6, digits=2)}" for r in rows.to_dict("records")
    ]
    return ", ".join(shown) or "none"


def _totals_table(totals: pd.DataFrame) -> Markup:
    columns = [
        Column("order", "Order"),
        Column("status", "Status"),
        Column("cost", "Cost of all trade", "USD mn/yr", sign=True),
        Column("pct", "of it", "%", sign=True, digits=2),
        Column("days", "Time", "mn tonne-days/yr", sign=True),
        Column("co2", "Emissions", "kt CO₂e/yr", sign=True),
        Column("unserved", "No path", "kt/yr", sign=True),
        Column("cheaper", "Own trade cheaper most"),
        Column("dearer", "Own trade dearer most"),
    ]
    return listing(totals, columns)


def _cards(orders: Sequence[ReportBundle]) -> list[dict[str, Any]]:
    """Each order with its map and its bars; widths mean the same on every map."""
    frames = [_frame(order, i) for i, order in enumerate(orders)]
    drawn = [
        lay_out(order.links, frame, compared=True)
        for order, frame in zip(orders, frames, strict=True)
    ]
    tops = _common(drawn)
    cards = []
    for order, frame, links in zip(orders, frames, drawn, strict=True):
        territories = _with_transit(order)
        cards.append(
            {
                "order": order,
                "map": draw_map(order, frame, links, ("diff",), tops),
                "cost": gains_and_losses(
                    territories, "change_usd", "USD/yr", note="change_pct", most=_MOST_BARS
                ),
                "transit": gains_and_losses(territories, "transit_change", "t/yr", most=_MOST_BARS),
            }
        )
    return cards


def _frame(order: ReportBundle, i: int) -> Frame:
    return replace(close_up(*(order.focus or focus_of(order))), name=f"close-{i}")


def _common(drawn: Sequence[Sequence[Drawn]]) -> Tops:
    each = [tops_of(links) for links in drawn]
    return Tops(
        max((t.flow for t in each), default=0.0), max((t.change for t in each), default=0.0)
    )


def _difference_legend(orders: Sequence[ReportBundle]) -> Markup:
    """Explain the maps of the orders once, with what occurs on any of them."""
    if not orders:
        return Markup("")
    drawn = [lay_out(o.links, _frame(o, i), compared=True) for i, o in enumerate(orders)]
    links = [one for some in drawn for one in some]
    crossings = pd.concat([o.crossings for o in orders], ignore_index=True)
    return legend_of(links, ("diff",), _common(drawn), replace(orders[0], crossings=crossings))


def _territories_table(
    orders: Sequence[ReportBundle], value: str, factor: float, unit: str
) -> Markup:
    """One row a country, one column an order, all in one unit so that columns compare."""
    frames = [_with_transit(o).set_index("name")[value].rename(o.scenario_id) for o in orders]
    if not frames:
        return Markup("")
    table = pd.concat(frames, axis=1).fillna(0.0) / factor
    size = table.abs().max(axis=1)
    table = table[size > 0].loc[
        size[size > 0].sort_values(ascending=False).index[:_MOST_TERRITORIES]
    ]
    # In the order of the alphabet: no country stands first because it gains or loses.
    table = table.sort_index().reset_index()
    columns = [Column("name", "Country")]
    columns += [Column(o.scenario_id, o.scenario_id, unit, sign=True, digits=2) for o in orders]
    return listing(table, columns, empty="Nothing changes.")


def _answer(bundle: BriefBundle, totals: pd.DataFrame, tested: Sequence[ClaimNote]) -> str:
    """Return what the brief finds, in two sentences."""
    parts = []
    if len(totals):
        low, high = totals["cost"].min(), totals["cost"].max()
        parts.append(
            f"{plural(len(totals), 'order')} on the network of {bundle.base.base_date}: the cost of "
            f"all trade changes by {signed(low)} to {signed(high)} million USD a year."
            if len(totals) > 1
            else f"One order on the network of {bundle.base.base_date}: the cost of all trade "
            f"changes by {signed(low)} million USD a year."
        )
    if tested:
        counts = dict(counts_of(tested))
        said = ", ".join(f"{n} {v}" for v, n in counts.items())
        parts.append(f"Of {plural(len(tested), 'claim')} that runs can test in part: {said}.")
    return " ".join(parts)


def _disputed(base: ReportBundle) -> Markup:
    return listing(
        base.disputed,
        [
            Column("name", "Area"),
            Column("un_usage", "How the United Nations names it"),
            Column("positions", "Who says what"),
        ],
    )


def _sources(bundle: BriefBundle) -> Markup:
    frames = [o.sources for o in (bundle.base, *bundle.orders)]
    frame = pd.concat(frames, ignore_index=True).drop_duplicates("source_id")
    columns = [
        Column("title", "Source", link="url"),
        Column("publisher", "Publisher"),
        Column("source_id", "Id"),
    ]
    return listing(frame.sort_values("source_id"), columns)
