"""The section on dependence: what refusals would stop, what trade passes, how concentrated it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd
from markupsafe import Markup

from isthmus.analysis.dependence import Dependence, Refusal, dependence
from isthmus.output.page.charts import heat, pairs, swings
from isthmus.output.page.tables import Column, listing

if TYPE_CHECKING:
    from isthmus.assign import Assignment
    from isthmus.cost.model import GeneralizedCost

__all__ = ["TITLE", "answer", "section"]

TITLE = "Whose trade passes whose territory?"


def section(
    found: Dependence,
    before: Dependence | None = None,
    refusals: Sequence[Refusal] = (),
    of: str | None = None,
    tornado: pd.DataFrame | None = None,
    routes: pd.DataFrame | None = None,
    most: int = 16,
) -> Markup:
    """
    Return the section.

    Parameters
    ----------
    found : Dependence
    before : Dependence, optional
        Of the base of an order.
    refusals : sequence of Refusal
    of : str, optional
        Country that it is about; else how all stand.
    tornado : DataFrame, optional
        Of `isthmus.sensitivity.tornado`.
    routes : DataFrame, optional
        Of `isthmus.analysis.dependence.all_routes`.
    most : int
        Rows shown.

    Returns
    -------
    Markup
    """
    parts = [Markup("<p>{0}</p>").format(r.sentence()) for r in refusals]
    if of is not None:
        own = found.of(of).head(most).assign(name=lambda f: f["via"])
        old = None if before is None else before.of(of).set_index("via_id")["tonnes_t_yr"]
        own["before"] = 0.0 if old is None else own["via_id"].map(old).fillna(0.0)
        parts.append(pairs(own, "before", "tonnes_t_yr", "t/yr", compared=before is not None))
    columns = [
        Column("name", "Country"),
        Column("trade_t_yr", "Its trade", "t/yr"),
        Column("passing_t_yr", "Over territories and seas passed", "t/yr"),
        Column("partners", "Territories and seas", "number", digits=2),
        Column("herfindahl_t", "Herfindahl", "1"),
    ]
    parts.append(listing(found.countries.head(most), columns))
    parts.append(_grid(found, most))
    if routes is not None:
        parts.append(Markup("<h3>Routes that share no link</h3>"))
        head = "From the row to the column: as many links must shut to part the two."
        table = routes.pivot_table(index="origin", columns="destination", values="routes")
        parts.append(heat(table, head, top=12.0))
    if tornado is not None:
        parts.append(Markup("<h3>What moves the cost of going round most</h3>"))
        parts.append(swings(tornado, "USD/yr"))
    return Markup("").join(parts)


def _grid(found: Dependence, most: int) -> Markup:
    """Show whose trade passes what, in per cent of its tonnes: those that are passed most."""
    own = set(found.countries["territory_id"])
    passed = found.pairs.groupby("via_id")["tonnes_t_yr"].sum()
    if found.by == "territory":  # seas have no trade of their own, and no will
        passed = passed[passed.index.isin(own)]
    territories = passed.nlargest(most).index
    weight = found.pairs.groupby("who_id")["tonnes_t_yr"].sum()
    who = [x for x in weight.nlargest(2 * most).index if x in own]
    title = pd.concat(
        [found.pairs.set_index("who_id")["who"], found.pairs.set_index("via_id")["via"]]
    )
    title = title[~title.index.duplicated()]
    table = 100.0 * found.matrix().reindex(index=who, columns=territories).fillna(0.0)
    for name in set(who) & set(territories):
        table.loc[name, name] = float("nan")
    table.index, table.columns = title.reindex(who), title.reindex(territories)
    what = "other territories" if found.by == "territory" else "what others control"
    head = f"Per cent of a country's tonnes (rows) that pass {what} (columns)."
    return Markup("<h3>Whose trade passes what</h3>") + heat(table, head, top=100.0)


def answer(
    base: Assignment, new: Assignment, cost: GeneralizedCost, tornado: pd.DataFrame | None
) -> Markup:
    """Ask the question of an order on a page that answers several."""
    del cost
    before = dependence(base) if new is not base else None
    return section(dependence(new), before, tornado=tornado)
