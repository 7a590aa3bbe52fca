"""The report of one order: a single HTML file that needs nothing but a browser."""

from __future__ import annotations

from pathlib import Path

from markupsafe import Markup

from isthmus.output.bundle import Headline, ReportBundle
from isthmus.output.map.drawing import DEFINITIONS, draw_maps
from isthmus.output.page.charts import Part, gains_and_losses, pairs, stacks
from isthmus.output.page.document import asset, render_page, style_sheet, write_page
from isthmus.output.page.tables import Column, listing
from isthmus.output.page.theme import MODES, REGIMES
from isthmus.output.sections.flows import capacities_in_words, changes_of, chart_of, table_of
from isthmus.output.text.numerals import number, plural, scale_for, scientific
from isthmus.output.text.prose import answer_of, headlines_of, path_change, territories_of

__all__ = ["render_report", "write_report"]

_KINDS = {"money": "money", "hours": "time", "time": "time", "spread": "spread", "co2": "carbon"}


def write_report(path: str | Path, bundle: ReportBundle) -> Path:
    """
    Write the report of an order, whole or not at all.

    Parameters
    ----------
    path : path
        File to write; its folder must exist.
    bundle : ReportBundle

    Returns
    -------
    Path

    Raises
    ------
    InputError
        If the shapes of the map are not installed.
    """
    return write_page(path, render_report(bundle))


def render_report(bundle: ReportBundle) -> str:
    """
    Return the report as HTML.

    The same bundle gives the same text, byte for byte. Nothing in it is fetched from elsewhere;
    the only outside addresses are the sources a reader may follow.
    """
    return render_page(
        "report.html.j2",
        b=bundle,
        answer=answer_of(bundle),
        headlines=[_figure(h) for h in headlines_of(bundle)],
        maps=draw_maps(bundle),
        definitions=DEFINITIONS,
        style=Markup(style_sheet("report.css")),
        script=Markup(asset("report.js")),
        tables=_tables(bundle),
        charts=_charts(bundle),
        exposure=_exposure(bundle),
        gaps=_gaps(bundle),
        capacities=capacities_in_words(bundle),
        paths_change=abs(path_change(bundle)) >= 1.0,
        plural=plural,
        number=number,
    )


def _figure(headline: Headline) -> dict[str, str]:
    scale = scale_for([headline.value, headline.base or 0.0], headline.unit)
    note = headline.note
    if headline.base is not None:
        note = f"from {scale.show(headline.base)}; {note}".rstrip("; ")
    return {
        "label": headline.label,
        "figure": scale.show(headline.value, sign=headline.is_change),
        "unit": scale.unit,
        "note": note,
    }


def _charts(bundle: ReportBundle) -> dict[str, Markup]:
    territories = territories_of(bundle)
    territories = territories.assign(
        transit_change=territories["transit_t_new"] - territories["transit_t_base"]
    )
    parts = [
        Part(
            str(r["component"]),
            _KINDS.get(str(r["attribute"]), "money"),
            float(r["base"]),
            float(r["new"]),
        )
        for r in bundle.components.to_dict("records")
    ]
    parts.sort(key=lambda p: (list(_KINDS.values()).index(p.kind), -p.new))
    served = bundle.corridors[(bundle.corridors["base_t"] > 0) | (bundle.corridors["new_t"] > 0)]
    charts = {
        "corridors": pairs(served, "base_t", "new_t", "t/yr", compared=bundle.compared),
        "bottlenecks": chart_of(bundle),
        "waiting": changes_of(bundle),
        "components": stacks(parts, "USD/yr", compared=bundle.compared),
    }
    if bundle.compared:
        charts["cost"] = gains_and_losses(territories, "change_usd", "USD/yr", note="change_pct")
        charts["transit"] = gains_and_losses(territories, "transit_change", "t/yr")
    else:
        top = territories.nlargest(16, "transit_t_new")
        charts["transit"] = pairs(
            top[top["transit_t_new"] > 0], "transit_t_base", "transit_t_new", "t/yr", compared=False
        )
        dear = territories.nlargest(16, "cost_usd_new")
        charts["cost"] = pairs(dear, "cost_usd_base", "cost_usd_new", "USD/yr", compared=False)
    return charts


def _tables(bundle: ReportBundle) -> dict[str, Markup]:
    both = bundle.compared
    territories = territories_of(bundle)
    share = territories.assign(
        transit_change=territories["transit_t_new"] - territories["transit_t_base"]
    )
    territory = [
        Column("name", "Country"),
        Column("trade_t_yr", "Own trade", "t/yr"),
        Column("cost_usd_base", "Cost, base", "USD/yr"),
        Column("cost_usd_new", "Cost, order", "USD/yr"),
        Column("change_usd", "Change", "USD/yr", sign=True),
        Column("change_pct", "Change", "%", sign=True, digits=2),
        Column("change_hours", "Time", "t·h/yr", sign=True),
        Column("change_co2_kg", "Emissions", "kg CO2e/yr", sign=True),
        Column("transit_t_base", "Transit, base", "t/yr"),
        Column("transit_t_new", "Transit, order", "t/yr"),
        Column("transit_change", "Transit", "t/yr", sign=True),
        Column("unserved_t_change", "No path", "t/yr", sign=True),
    ]
    levels = {"name", "trade_t_yr", "cost_usd_new", "transit_t_new"}
    goods = bundle.commodities.assign(
        change=bundle.commodities["cost_usd_t_new"] - bundle.commodities["cost_usd_t_base"]
    )
    commodity = [
        Column("name", "Commodity"),
        Column("tonnes_t_yr", "Trade", "t/yr"),
        Column("cost_usd_t_base", "Cost, base", "USD/t"),
        Column("cost_usd_t_new", "Cost, order", "USD/t"),
        Column("change", "Change", "USD/t", sign=True),
    ]
    corridor = [
        Column("name", "Corridor"),
        Column("base_t", "Base", "t/yr"),
        Column("new_t", "Order", "t/yr"),
        Column("tkm", "Work done", "tkm/yr"),
    ]
    crossings = bundle.crossings.assign(
        mode=bundle.crossings["mode"].map(lambda m: MODES[m].label if m in MODES else m),
        base=bundle.crossings["regime_base"].map(lambda r: REGIMES.get(r, r)),
        new=bundle.crossings["regime_new"].map(lambda r: REGIMES.get(r, r)),
        change=bundle.crossings["flow_new"] - bundle.crossings["flow_base"],
    )
    turned = crossings["regime_base"].ne(crossings["regime_new"])
    moved = crossings["change"].abs() if both else crossings["flow_new"]
    crossings = crossings[turned | moved.gt(0)].assign(turned=turned, moved=moved)
    crossings = crossings.sort_values(["turned", "moved"], ascending=False).head(40)
    crossing = [
        Column("name", "Place"),
        Column("mode", "Mode"),
        Column("base", "Control, base"),
        Column("new", "Control, order"),
        Column("flow_base", "Base", "t/yr"),
        Column("flow_new", "Order", "t/yr"),
        Column("change", "Change", "t/yr", sign=True),
    ]
    after = {"name", "mode", "new", "flow_new", "new_t", "tkm", "cost_usd_t_new", "tonnes_t_yr"}
    return {
        "territories": listing(share, [c for c in territory if both or c.key in levels]),
        "commodities": listing(goods, [c for c in commodity if both or c.key in after]),
        "corridors": listing(bundle.corridors, [c for c in corridor if both or c.key in after]),
        "crossings": listing(crossings, [c for c in crossing if both or c.key in after]),
        "bottlenecks": table_of(bundle),
        "runs": _runs(bundle),
        "sanctions": _sanctions(bundle),
        "unserved": listing(
            bundle.unserved.head(60),
            [
                Column("origin", "From"),
                Column("destination", "To"),
                Column("commodity", "Commodity"),
                Column("tonnes", "Trade", "t/yr"),
                Column("reason", "What cuts it"),
            ],
            empty="Every tonne finds a path.",
        ),
        "disputed": listing(
            bundle.disputed,
            [
                Column("name", "Area"),
                Column("un_usage", "How the United Nations names it"),
                Column("positions", "Who says what"),
            ],
            empty="No disputed area is recorded in the data.",
        ),
        "assumptions": listing(
            bundle.assumptions.assign(shown=bundle.assumptions["value"].map(_plain)),
            [
                Column("assumption", "Assumption"),
                Column("shown", "Value"),
                Column("unit", "Unit"),
                Column("reason", "Why"),
            ],
            empty="No assumption was used.",
        ),
        "sources": listing(
            bundle.sources,
            [
                Column("title", "Source", link="url"),
                Column("publisher", "Publisher"),
                Column("source_id", "Id"),
            ],
        ),
    }


def _sanctions(bundle: ReportBundle) -> Markup:
    frame = bundle.sanctions.sort_values("t_new", ascending=False)
    columns = [
        Column("subject", "Listed"),
        Column("listed_by", "By"),
        Column("since", "Since"),
        Column("measure", "Measure"),
        Column("t_base", "Base", "t/yr"),
        Column("t_new", "Order", "t/yr"),
        Column("source", "Source"),
    ]
    shown = [c for c in columns if bundle.compared or c.key != "t_base"]
    return listing(frame, shown, empty="No listed operator or port is touched.")


def _gaps(bundle: ReportBundle) -> dict[str, object]:
    """Return the gap of every run for the first screen; empty if the bundle does not say."""
    runs = bundle.runs
    if not len(runs):
        return {}
    reached = [
        f"{r['run'].lower()} {scientific(r['gap'])}" if len(runs) > 1 else scientific(r["gap"])
        for r in runs.to_dict("records")
    ]
    asked = " / ".join(dict.fromkeys(scientific(g) for g in runs["asked_gap"]))
    short = not runs["converged"].astype(bool).all()
    return {"reached": ", ".join(reached), "asked": asked, "short": short}


def _runs(bundle: ReportBundle) -> Markup:
    runs = bundle.runs
    shown = runs.assign(
        method=runs["method"].astype(str).str.replace("_", " "),
        reached=runs["gap"].map(scientific),
        asked=runs["asked_gap"].map(scientific),
        met=runs["converged"].map(lambda c: "yes" if c else "no, stopped short"),
        steps=runs["iterations"].map(lambda i: f"{i:,}"),
    )
    columns = [
        Column("run", "Network"),
        Column("method", "Method"),
        Column("reached", "Gap reached"),
        Column("asked", "Gap asked for"),
        Column("met", "Reached"),
        Column("steps", "Iterations"),
    ]
    return listing(shown, columns, empty="The bundle does not say.")


def _exposure(bundle: ReportBundle) -> list[dict[str, str]]:
    """Return the three listed subjects that most tonnes touch, for the first screen."""
    frame = bundle.sanctions
    frame = frame.assign(most=frame[["t_base", "t_new"]].max(axis=1))
    # One subject may be on several lists: it is named once, with all of them.
    grouped = frame.groupby("subject", sort=False).agg(
        t_base=("t_base", "max"), t_new=("t_new", "max"), most=("most", "max")
    )
    lists = frame.groupby("subject", sort=False)[["listed_by", "since"]].apply(
        lambda g: ", ".join(
            f"{a} ({s})" if s else str(a) for a, s in zip(g["listed_by"], g["since"], strict=True)
        )
    )
    top = grouped[grouped["most"] > 0].nlargest(3, "most")
    rows = []
    for subject, row in top.iterrows():
        scale = scale_for([row["t_base"], row["t_new"]], "t/yr")
        figure = f"{scale.show(row['t_new'])} {scale.unit}"
        if bundle.compared:
            figure = f"{scale.show(row['t_base'])} → {figure}"
        rows.append({"subject": str(subject), "lists": str(lists[subject]), "figure": figure})
    return rows


def _plain(value: object) -> str:
    return number(float(value), digits=4) if isinstance(value, (int, float)) else str(value)
