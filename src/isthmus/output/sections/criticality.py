"""The section on criticality: what each loss would cost, the worst first, and who bears it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
from markupsafe import Markup

from isthmus.analysis.criticality import Criticality, criticality
from isthmus.output.page.charts import gains_and_losses, swings
from isthmus.output.page.tables import Column, listing

if TYPE_CHECKING:
    from isthmus.assign import Assignment
    from isthmus.cost.model import GeneralizedCost

__all__ = ["TITLE", "answer", "section"]

TITLE = "What can trade least do without?"

_HEADS = {
    "link": "Links",
    "crossing": "Border places",
    "terminal": "Terminals",
    "corridor": "Corridors",
    "territory": "Territories",
    "sea": "Seas",
    "passage": "Straits and canals",
}
_COLUMNS = [
    Column("name", "Without"),
    Column("through_t_yr", "It carries", "t/yr"),
    Column("unserved_t_yr", "Left without a route", "t/yr"),
    Column("added_usd_yr", "Cost of the others", "USD/yr", sign=True),
    Column("added_td_yr", "Tonne-days", "t·d/yr", sign=True),
    Column("added_co2_t_yr", "CO2e", "t/yr", sign=True),
]


def section(found: Criticality, tornado: pd.DataFrame | None = None, most: int = 12) -> Markup:
    """
    Return the section.

    Parameters
    ----------
    found : Criticality
    tornado : DataFrame, optional
        Of `isthmus.sensitivity.tornado`, of the worst element.
    most : int
        Rows of each kind.

    Returns
    -------
    Markup
    """
    parts = [
        Markup(
            "<p>Each element is taken away alone and all trade chooses anew. Trade that keeps a route "
            "pays more; trade that has none is counted apart, since no cost says what it loses.</p>"
        )
    ]
    for kind, rows in found.elements.groupby("kind", sort=False):
        parts.append(Markup("<h3>{0}</h3>").format(_HEADS[str(kind)]))
        parts.append(gains_and_losses(rows, "added_usd_yr", "USD/yr", most=most, worst_first=True))
        parts.append(listing(rows.head(most), _COLUMNS))
    worst = found.elements.iloc[0] if len(found.elements) else None
    if worst is not None:
        mine = found.by_country["kind"].eq(worst["kind"]) & found.by_country["element_id"].eq(
            worst["element_id"]
        )
        parts.append(Markup("<h3>Who bears the loss of {0}</h3>").format(worst["name"]))
        parts.append(
            gains_and_losses(found.by_country[mine], "added_usd_yr", "USD/yr", worst_first=True)
        )
    if tornado is not None:
        parts.append(Markup("<h3>What moves the cost of the worst loss most</h3>"))
        parts.append(swings(tornado, "USD/yr"))
    return Markup("").join(parts)


def answer(
    base: Assignment, new: Assignment, cost: GeneralizedCost, tornado: pd.DataFrame | None
) -> Markup:
    """Ask the question of an order on a page that answers several."""
    del base, cost
    return section(criticality(new, ["corridor", "passage"]), tornado)
