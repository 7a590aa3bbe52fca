"""The section on reliability: what shuts, who loses by it, and how late trades are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
from markupsafe import Markup

from isthmus.analysis.reliability import Reliability, reliability
from isthmus.output.page.charts import pairs, swings
from isthmus.output.page.tables import Column, listing

if TYPE_CHECKING:
    from isthmus.assign import Assignment
    from isthmus.cost.model import GeneralizedCost

__all__ = ["TITLE", "YEARS", "answer", "section"]

TITLE = "What do closures cost, and how late is it?"

YEARS = 2_000
"""Years on a page that answers everything; the command takes more."""


def section(
    found: Reliability,
    before: Reliability | None = None,
    tornado: pd.DataFrame | None = None,
    most: int = 14,
) -> Markup:
    """
    Return the section.

    Parameters
    ----------
    found : Reliability
    before : Reliability, optional
        Of the base of an order, with the same seed.
    tornado : DataFrame, optional
        Of `isthmus.sensitivity.tornado`.
    most : int
        Rows shown.

    Returns
    -------
    Markup
    """
    parts = [
        Markup(
            "<p>{0:,} years of closures, as the dated record and a stated prior have them.</p>"
        ).format(found.n_year)
    ]
    territories = found.countries.head(most).copy()
    old = None if before is None else before.countries.set_index("territory_id")["loss_usd_yr"]
    territories["before"] = 0.0 if old is None else territories["territory_id"].map(old).fillna(0.0)
    parts.append(pairs(territories, "before", "loss_usd_yr", "USD/yr", compared=before is not None))
    columns = [
        Column("name", "Country"),
        Column("loss_usd_yr", "Expected loss", "USD/yr"),
        Column("loss_se_usd_yr", "Standard error", "USD/yr"),
        Column("loss_p95_usd_yr", "One year in twenty", "USD/yr"),
        Column("loss_worst_usd_yr", "Worst year", "USD/yr"),
        Column("stopped_t_yr", "Stopped", "t/yr"),
        Column("stopped_se_t_yr", "Standard error", "t/yr"),
    ]
    parts.append(listing(territories, columns))
    parts.append(Markup("<h3>What shuts most</h3>"))
    hazards = found.shut_most(most)
    columns = [
        Column("name", "Place"),
        Column("mode", "Mode alone"),
        Column("events", "Closures on record"),
        Column("causes", "Event"),
        Column("rate_yr", "Expected a year", "1/yr"),
        Column("rate_low_yr", "5 % point", "1/yr"),
        Column("rate_high_yr", "95 % point", "1/yr"),
        Column("mean_d", "Days each", "d"),
        Column("shut_d_yr", "Days shut", "d/yr"),
    ]
    parts.append(listing(hazards, columns))
    trades = _trades(found.trades, most)
    parts.append(Markup("<h3>The trades that lose most</h3>"))
    which = [Column("trade", "Trade"), Column("commodity_id", "Good")]
    columns = [
        *which,
        Column("loss_usd_yr", "Expected loss", "USD/yr"),
        Column("loss_se_usd_yr", "Standard error", "USD/yr"),
        Column("worst_usd_yr", "Worst year", "USD/yr"),
        Column("stopped_t_yr", "Stopped", "t/yr"),
        Column("second_route_usd_yr", "Value of a second route", "USD/yr"),
    ]
    parts.append(listing(trades, columns))
    parts.append(Markup("<h3>How long these take, door to door</h3>"))
    columns = [
        *which,
        Column("p50_d", "Half arrive within", "d"),
        Column("p90_d", "Nine in ten", "d"),
        Column("p95_d", "19 in 20", "d"),
    ]
    if found.trades["on_time"].notna().any():  # only where days were promised
        columns.append(Column("on_time_pct", "In the promised time", "%"))
    parts.append(listing(trades, columns))
    if tornado is not None:
        parts.append(Markup("<h3>What moves the loss most</h3>"))
        parts.append(swings(tornado, "USD/yr"))
    return Markup("").join(parts)


def _trades(trades: pd.DataFrame, most: int) -> pd.DataFrame:
    """Return the trades that lose most, as the reader sees them."""
    rows = trades.sort_values("loss_usd_yr", ascending=False).head(most).copy()
    rows["trade"] = rows["origin_zone_id"] + " to " + rows["destination_zone_id"]
    for point in ("p50", "p90", "p95"):
        rows[f"{point}_d"] = rows[f"{point}_h"] / 24.0
    rows["on_time_pct"] = 100.0 * rows["on_time"]
    return rows


def answer(
    base: Assignment, new: Assignment, cost: GeneralizedCost, tornado: pd.DataFrame | None
) -> Markup:
    """Ask the question of an order on a page that answers several."""
    del cost
    before = reliability(base, YEARS) if new is not base else None
    return section(reliability(new, YEARS), before, tornado)
