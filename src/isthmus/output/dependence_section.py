"""The section on dependence: what refusals would stop, what trade passes, how concentrated it is."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from markupsafe import Markup

from isthmus.analysis.dependence import Dependence, Refusal
from isthmus.output.charts import pairs, swings
from isthmus.output.listing import Column, listing

__all__ = ["section"]


def section(
    found: Dependence,
    before: Dependence | None = None,
    refusals: Sequence[Refusal] = (),
    of: str | None = None,
    tornado: pd.DataFrame | None = None,
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
        Column("passing_t_yr", "Over lands and seas passed", "t/yr"),
        Column("partners", "Lands and seas"),
        Column("herfindahl_t", "Herfindahl", "1"),
    ]
    parts.append(listing(found.countries.head(most), columns))
    if tornado is not None:
        parts.append(Markup("<h3>What moves the cost of going round most</h3>"))
        parts.append(swings(tornado, "USD/yr"))
    return Markup("").join(parts)
