"""The section on what to build: the front of cost against worth, then the tables; a page of its own."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pandas as pd
from markupsafe import Markup, escape

from isthmus.analysis.invest import OBJECTIVES, Invest, invest
from isthmus.output.page.charts import gains_and_losses, swings
from isthmus.output.page.tables import Column, listing
from isthmus.output.text.numerals import scale_for

if TYPE_CHECKING:
    from isthmus.assign import Assignment
    from isthmus.cost.model import GeneralizedCost

__all__ = ["TITLE", "answer", "picture", "section"]

TITLE = "What to build?"

_USD = "USD"
_RATE = "USD/yr"


_THEME = {"#fff": "paper", "#222": "ink", "#ddd": "rule", "#b5541c": "more", "#2a6f97": "bar"}
"""Colours of the picture by itself, and what they are on a page, light or dark."""


def section(found: Invest, tornado: pd.DataFrame | None = None) -> Markup:
    """
    Return the section.

    Parameters
    ----------
    found : Invest
    tornado : DataFrame, optional
        name, low_usd, high_usd: change of the net present value of the best set.

    Returns
    -------
    Markup
    """
    drawn = picture(found)
    for colour, name in _THEME.items():
        drawn = drawn.replace(f'"{colour}"', f'"var(--{name})"')
    parts = [Markup('<figure class="front">'), Markup(drawn), Markup("</figure>")]
    parts.append(_words(found))
    parts.append(Markup("<h3>The best sets</h3>"))
    parts.append(_named_sets(found))
    parts.append(
        listing(
            found.sets.assign(rank=found.sets["rank"].astype(str)),
            [
                Column("rank", "Set"),
                Column("capital_usd", "Cost", _USD),
                Column("saving_usd_yr", "Saves", _RATE),
                Column("npv_usd", "Net value", _USD),
                Column("bcr", "Benefit–cost", "-"),
                Column("co2_saved_t_yr", "CO₂e saved", "t/yr"),
                Column("held_usd_yr", "Held", _RATE),
                Column("held_npv_usd", "Held net value", _USD),
                Column("held_herfindahl", "Held Herfindahl", "-"),
            ],
        )
    )
    parts.append(Markup("<h3>The projects</h3>"))
    parts.append(
        listing(
            found.projects.assign(pick=found.projects["chosen"].map({True: "yes", False: ""})),
            [
                Column("name", "Project"),
                Column("pick", "Chosen"),
                Column("capital_usd", "Cost", _USD),
                Column("payers", "Who pays"),
                Column("alone_usd_yr", "Saves alone", _RATE),
                Column("alone_npv_usd", "Net value", _USD),
                Column("alone_bcr", "Benefit–cost", "-"),
                Column("held_usd_yr", "Held", _RATE),
                Column("held_last_usd_yr", "Held, as the last", _RATE),
            ],
        )
    )
    parts.append(Markup("<details><summary>Where costs come from</summary>"))
    said = [Column("name", "Project"), Column("note", "Note"), Column("confidence", "Confidence")]
    parts.append(listing(found.projects, [*said, Column("source_id", "Source")]))
    parts.append(Markup("</details>"))
    parts.append(Markup("<h3>What needs what, what stands in for what</h3>"))
    both = found.packages[found.packages["kind"].ne("none")]
    parts.append(
        listing(
            both,
            [
                Column("first", "Package"),
                Column("second", "with"),
                Column("first_usd_yr", "Saves alone", _RATE),
                Column("second_usd_yr", "The other alone", _RATE),
                Column("both_usd_yr", "Both", _RATE),
                Column("interaction_usd_yr", "Interaction", _RATE, sign=True),
                Column("kind", "Kind"),
            ],
        )
    )
    parts += _incidence(found)
    if tornado is not None:
        parts.append(Markup("<h3>What moves the net value of the best set most</h3>"))
        parts.append(swings(tornado, _USD))
    return Markup("").join(parts)


def _named_sets(found: Invest) -> Markup:
    names = found.projects.set_index("project_id")["name"]
    rows = []
    for text in found.sets["projects"]:
        members = [names[p] for p in text.split("; ")] if text else ["nothing"]
        rows.append(Markup("<li>{}</li>").format(", ".join(members)))
    return Markup("<ol>{}</ol>").format(Markup("").join(rows))


def _incidence(found: Invest) -> list[Markup]:
    parts = [Markup("<h3>Who pays and who gains</h3>")]
    if len(found.gainers):
        lost = found.gainers.assign(change=-found.gainers["saving_usd_yr"])
        parts.append(gains_and_losses(lost, "change", _RATE))
    columns = [Column("name", "Payer"), Column("capital_usd", "Capital", _USD)]
    parts.append(listing(found.payers, columns))
    parts.append(
        listing(
            found.gainers,
            [
                Column("name", "Territory"),
                Column("saving_usd_yr", "Its trade saves", _RATE, sign=True),
                Column("fee_usd_yr", "Border fees", _RATE, sign=True),
                Column("transit_t_yr", "Transit", "t/yr", sign=True),
                Column("paid_usd", "Pays", _USD),
            ],
        )
    )
    return parts


def _words(found: Invest) -> Markup:
    """Say what the figures are and how sure."""
    plan = found.appraisal
    how = (
        f"The search valued all {found.best.sets:,} affordable sets."
        if found.best.sets
        else f"The search solved an integer programme, to a gap of {found.best.gap:.1e} of its own value."
    )
    kind = OBJECTIVES.get(found.objective, "several objectives, weighted")
    unknown = int(found.projects["capital_usd"].isna().sum())
    left = f" {unknown} projects without a known cost are not chosen." if unknown else ""
    rate = f" {plan.rate:.1%} a year over {plan.years} years from the first payment."
    return Markup('<p class="caption">{0}</p>').format(
        escape(
            f"Judged by {kind}. Figures are of the assignment made anew; held: at the delays of the base, "
            f"least-cost routes: what the search sorts by, and what the picture shows. {how}{rate}{left}"
        )
    )


def picture(found: Invest) -> str:
    """
    Draw the front: what the best set for each amount is worth.

    Parameters
    ----------
    found : Invest

    Returns
    -------
    str
        SVG.
    """
    rows = found.front
    value = "held_npv_usd" if found.objective == "npv" else "held_usd_yr"
    unit = _USD if value == "held_npv_usd" else _RATE
    head = "Held net value" if value == "held_npv_usd" else "Held saving"
    if found.objective == "emissions":
        value, unit, head = "held_co2_saved_t_yr", "t/yr", "CO2e saved"
    if found.objective == "diversification":
        value, unit, head = "held_herfindahl", "-", "Herfindahl index"
    across, up = scale_for(rows["capital_usd"], _USD), scale_for(rows[value], unit)
    most_x = float(rows["capital_usd"].max()) or 1.0
    if math.isfinite(found.budget_usd):
        most_x = max(most_x, min(found.budget_usd, 1.3 * most_x))
    low, high = min(0.0, float(rows[value].min())), float(rows[value].max()) or 1.0
    if value == "held_herfindahl":
        low = float(rows[value].min())
    left, top, width, height = 86, 46, 560, 280

    def at(x: float, y: float) -> tuple[float, float]:
        span = (high - low) or 1.0
        return left + width * x / most_x, top + height * (1 - (y - low) / span)

    dots: list[str] = []
    steps: list[str] = []
    for row in rows.to_dict("records"):
        x, y = at(float(row["capital_usd"]), float(row[value]))
        steps.append(f"H{x:.1f} V{y:.1f}" if steps else f"M{x:.1f} {y:.1f}")
        colour = "#b5541c" if row["chosen"] else "#2a6f97"
        name = row["projects"] or "nothing"
        dots.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{6 if row["chosen"] else 4}" fill="{colour}">'
            f"<title>{escape(name)}</title></circle>"
        )
    ticks = []
    for mark in _marks(0.0, most_x / across.factor):
        x, _ = at(mark * across.factor, low)
        ticks.append(
            f'<text x="{x:.1f}" y="{top + height + 18}" text-anchor="middle">{mark:g}</text>'
        )
    for mark in _marks(low / up.factor, high / up.factor):
        _, y = at(0.0, mark * up.factor)
        ticks.append(
            f'<line x1="{left}" x2="{left + width}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>'
            f'<text x="{left - 8}" y="{y + 4:.1f}" text-anchor="end">{mark:g}</text>'
        )
    spent = ""
    if math.isfinite(found.budget_usd) and found.budget_usd <= most_x:
        x, _ = at(found.budget_usd, low)
        spent = (
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{top}" y2="{top + height}" stroke="#b5541c" '
            f'stroke-dasharray="4 4"/><text x="{x - 5:.1f}" y="{top + height - 8}" '
            f'text-anchor="end" fill="#b5541c">budget</text>'
        )
    names = _labels(found, at, value)
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 680 372" font-family="sans-serif" '
        'font-size="13" fill="#222" role="img" aria-label="Cost against worth of the best sets">'
        '<rect width="680" height="372" fill="#fff"/>'
        f'<text x="12" y="22" font-weight="bold">{escape(head)} ({escape(up.unit)}) of the best '
        "set for each amount</text>"
        f'{"".join(ticks)}<path d="{"".join(steps)} H{left + width}" fill="none" stroke="#2a6f97"/>'
        f"{spent}{''.join(dots)}{names}"
        f'<text x="{left + width / 2}" y="{top + height + 38}" text-anchor="middle">'
        f"capital spent ({escape(across.unit)})</text></svg>\n"
    )


def _marks(low: float, high: float) -> list[float]:
    """Return round numbers from one end to the other, about five."""
    rough = (high - low) / 5 or 1.0
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(size * k for k in (1, 2, 2.5, 5, 10) if size * k >= rough)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(step * k, 12) for k in range(first, last + 1)]


def _labels(found: Invest, at: object, value: str) -> str:
    """Name the chosen set beside its dot, one project a line."""
    rows = found.front[found.front["chosen"]]
    if rows.empty:
        return ""
    row = rows.iloc[0]
    x, y = at(float(row["capital_usd"]), float(row[value]))  # type: ignore[operator]
    names = found.projects.set_index("project_id")["name"]
    # under the step that the set ends: nothing is drawn to the right of it lower down
    side, shift = ("end", -6) if x > 470 else ("start", 8)
    return "".join(
        f'<text x="{x + shift:.1f}" y="{y + 22 + 16 * k:.1f}" text-anchor="{side}" '
        f'fill="#b5541c" font-size="12" stroke="#fff" stroke-width="3" paint-order="stroke">'
        f"{escape(names[p])}</text>"
        for k, p in enumerate(found.chosen[:10])
    )


def answer(
    base: Assignment, new: Assignment, cost: GeneralizedCost, tornado: pd.DataFrame | None
) -> Markup:
    """Ask the question of an order on a page that answers several."""
    del base
    return section(invest(new, cost, again=1), tornado)
