"""The section on power: bars of what each player is worth, then the table; and a page of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
from markupsafe import Markup, escape

from isthmus.analysis.power import Power, compare_power, power
from isthmus.output.page.charts import gains_and_losses, pairs, swings
from isthmus.output.page.tables import Column, listing
from isthmus.output.text.numerals import scale_for

if TYPE_CHECKING:
    from isthmus.assign import Assignment
    from isthmus.cost.model import GeneralizedCost

__all__ = ["PLAYERS", "TITLE", "answer", "picture", "section"]

TITLE = "Who can stop whom, in money?"

PLAYERS = 6
"""Players on a page that answers everything; the command takes more."""

_UNIT = "USD/yr"


def section(
    power: Power, change: pd.DataFrame | None = None, tornado: pd.DataFrame | None = None
) -> Markup:
    """
    Return the section.

    Parameters
    ----------
    power : Power
        Of the order, or of the only network.
    change : DataFrame, optional
        Of `compare_power`.
    tornado : DataFrame, optional
        assumption, low_usd_yr, high_usd_yr: change of the first player's value.

    Returns
    -------
    Markup
    """
    parts = []
    if change is None:
        shown = power.table().assign(nothing=0.0)
        parts.append(pairs(shown, "nothing", "shapley_usd_yr", _UNIT, compared=False))
    else:
        parts.append(pairs(change, "shapley_usd_yr_base", "shapley_usd_yr_new", _UNIT))
        parts.append(Markup("<h3>Who gains and who loses bargaining power</h3>"))
        parts.append(gains_and_losses(change, "shapley_usd_yr_change", _UNIT))
    parts.append(_words(power))
    columns = [Column("name", "Player"), Column("transit_t_yr", "Third parties' tonnes", "t/yr")]
    columns.append(Column("shapley_usd_yr", "Shapley value", _UNIT))
    if power.sampled is not None:
        columns += [Column("low_usd_yr", "Low", _UNIT), Column("high_usd_yr", "High", _UNIT)]
    else:
        columns += [
            Column("banzhaf_usd_yr", "Banzhaf value", _UNIT),
            Column("nucleolus_usd_yr", power.nucleolus_kind.capitalize(), _UNIT),
            Column("alone_usd_yr", "It alone opens", _UNIT),
            Column("veto_usd_yr", "It alone shuts", _UNIT),
        ]
    parts.append(listing(power.table(), columns))
    if tornado is not None:
        parts.append(Markup("<h3>What moves the first value most</h3>"))
        parts.append(swings(tornado, _UNIT))
    return Markup("").join(parts)


def _words(power: Power) -> Markup:
    """Say what the figures are and how sure."""
    if power.sampled is not None:
        how = f"A sample of {power.sampled.n_pair} pairs of orders; intervals of 95 %."
        core = ""
    else:
        how = f"All {power.checked:,} coalitions are solved."
        core = (
            " The core is empty: whatever each gets, some coalition would do better on its own."
            if power.core_is_empty
            else " The core is not empty."
        )
    most, mean = power.path_gap
    gap = (
        f" Paths that were not found could save a coalition {mean:.2%} of the whole more on average, "
        f"{most:.2%} at most, where looked for."
        if most > 5e-5
        else ""
    )
    return Markup('<p class="caption">{0}</p>').format(escape(how + core + gap))


def picture(table: pd.DataFrame, base: str, new: str, title: str) -> str:
    """
    Draw two bars a player as a picture of its own: with the order, and without it beneath.

    Parameters
    ----------
    table : DataFrame
        With `name`.
    base, new : str
        Columns [USD/yr]; the same one twice where there is no order.
    title : str

    Returns
    -------
    str
        SVG.
    """
    rows = table.sort_values(new, ascending=False)
    top = float(rows[[base, new]].to_numpy().max()) or 1.0
    left, width, step = 190, 380, 34
    height = 46 + step * len(rows)
    scale = scale_for(rows[new], _UNIT)
    parts = []
    for i, row in enumerate(rows.to_dict("records")):
        y = 40 + step * i
        long, under = (width * max(0.0, float(row[c])) / top for c in (new, base))
        parts.append(
            f'<text x="{left - 8}" y="{y + 14}" text-anchor="end">{escape(row["name"])}</text>'
            f'<rect x="{left}" y="{y}" width="{long:.1f}" height="12" fill="#2a6f97"/>'
            f'<text x="{left + max(long, under) + 6:.1f}" y="{y + 14}">{scale.show(float(row[new]))}</text>'
        )
        if base != new:
            parts.append(
                f'<rect x="{left}" y="{y + 13}" width="{under:.1f}" height="6" fill="#9db8c7"/>'
            )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 680 {height}" font-family="sans-serif" '
        f'font-size="13" fill="#222"><rect width="680" height="{height}" fill="#fff"/>'
        f'<text x="12" y="22" font-weight="bold">{escape(title)} ({escape(scale.unit)})</text>'
        f"{''.join(parts)}</svg>\n"
    )


def answer(
    base: Assignment, new: Assignment, cost: GeneralizedCost, tornado: pd.DataFrame | None
) -> Markup:
    """Ask the question of an order on a page that answers several."""
    del cost
    first = power(base, most=PLAYERS)
    if new is base:
        return section(first, tornado=tornado)
    second = power(new, list(first.players["player_id"]), outside=first.outside)
    return section(second, compare_power(first, second), tornado)
