"""The finding in one sentence and three figures, composed from the frames of a report."""

from __future__ import annotations

import math

import pandas as pd

from isthmus.output.bundle import Headline, ReportBundle
from isthmus.output.text.numerals import number, scale_for

__all__ = [
    "answer_of",
    "cost_change",
    "headlines_of",
    "path_change",
    "territories_of",
    "total_cost",
    "total_trade",
]

_TELLS_APART = 1e-5
"""Least share of the cost that is called a change: ten times the everyday gap of an assignment."""

_WORTH_A_WORD = 1000.0
"""Changes below this many tonnes are left to the tables. [t/yr]"""


def territories_of(bundle: ReportBundle) -> pd.DataFrame:
    """Return the rows of states: seas carry transit too, but nobody gains there."""
    frame = bundle.by_territory
    if not len(frame):
        return frame
    at_sea = frame["territory_id"].astype(str).str.startswith("SEA-")
    return frame[~at_sea].reset_index(drop=True)


def total_cost(bundle: ReportBundle) -> tuple[float, float]:
    """
    Return the cost of all trade, base and new, from the components. [USD/yr]

    Rows of countries are not summed: each trade stands in two of them.
    """
    frame = bundle.components
    return float(frame["base"].astype(float).sum()), float(frame["new"].astype(float).sum())


def total_trade(bundle: ReportBundle) -> float:
    """Return the tonnes of the matrix, whether or not they find a path. [t/yr]"""
    return float(bundle.commodities["tonnes_t_yr"].astype(float).sum())


def path_change(bundle: ReportBundle) -> float:
    """Return by how much the trade without a path grows. [t/yr]"""
    totals = bundle.totals
    if "unserved_new_t_yr" in totals:
        return totals["unserved_new_t_yr"] - totals["unserved_base_t_yr"]
    # Each trade stands in two countries.
    return float(territories_of(bundle)["unserved_t_change"].astype(float).sum()) / 2


def cost_change(bundle: ReportBundle) -> tuple[float, float]:
    """
    Return the cost before and its change, over the trade that moves in both. [USD/yr]

    A trade that stops costs nothing any more: the difference of totals would book it as a saving.
    Where some stops or begins and the bundle has no like-for-like totals, the change is NaN.
    """
    totals = bundle.totals
    if "cost_change_usd_yr" in totals:
        return totals["cost_base_usd_yr"], totals["cost_change_usd_yr"]
    base, new = total_cost(bundle)
    return base, math.nan if abs(path_change(bundle)) >= _WORTH_A_WORD else new - base


def answer_of(bundle: ReportBundle) -> str:
    """Return the finding in one sentence that takes no side."""
    return bundle.answer or (_change(bundle) if bundle.compared else _level(bundle))


def headlines_of(bundle: ReportBundle) -> tuple[Headline, ...]:
    """Return three figures: cost, transit, and tonnes without a path."""
    if bundle.headlines:
        return bundle.headlines
    territories = territories_of(bundle)
    lost = float(bundle.unserved["tonnes"].astype(float).sum())
    if not bundle.compared:
        new = total_cost(bundle)[1]
        moved = max(total_trade(bundle) - lost, 0.0)
        each = f"USD {number(new / moved)} a tonne on average" if moved and new else ""
        return (
            Headline(
                "Trade that finds a path", moved, "t/yr", note="tonnes of the base-year matrix"
            ),
            Headline("Generalised cost of moving it", new, "USD/yr", note=each),
            Headline("Trade without a path", lost, "t/yr", note="kept in the count; reasons below"),
        )
    base, change = cost_change(bundle)
    share = f"{number(100 * abs(change) / base, digits=2)} % of {_usd(base)}" if base else ""
    if abs(path_change(bundle)) >= _WORTH_A_WORD:
        share = f"{share}; trade that moves in both only"
    shift = (territories["transit_t_new"] - territories["transit_t_base"]).astype(float)
    to = float(shift.clip(lower=0).sum())
    cut = path_change(bundle)
    return (
        Headline("Generalised cost of trade", change, "USD/yr", note=share, is_change=True),
        Headline(
            "Transit that moves to another country",
            to,
            "t/yr",
            note=_first_upper(_movers(territories, shift)),
        ),
        Headline(
            "Change in trade without a path",
            cut,
            "t/yr",
            note=f"{_tonnes(lost)} in all have none; reasons below",
            is_change=True,
        ),
    )


def _change(bundle: ReportBundle) -> str:
    base, change = cost_change(bundle)
    territories = territories_of(bundle)
    shift = (territories["transit_t_new"] - territories["transit_t_base"]).astype(float)
    parts = []
    cut = path_change(bundle)
    what = "the region’s trade" if abs(cut) < _WORTH_A_WORD else "the trade that still finds a path"
    if cut >= _WORTH_A_WORD:
        parts.append(f"{_tonnes(cut)} lose every path they had")
    if base and abs(change) >= _TELLS_APART * base:
        word = "less" if change < 0 else "more"
        share = number(100 * abs(change) / base, digits=2)
        parts.append(f"moving {what} costs {_usd(abs(change))} a year {word} ({share} %)")
    elif base and math.isfinite(change):
        parts.append(f"the cost of moving {what} stays the same, as far as the model can tell")
    movers = _movers(territories, shift)
    if movers:
        parts.append(movers)
    if cut <= -_WORTH_A_WORD:
        parts.append(f"{_tonnes(-cut)} find a path that had none")
    if not parts:
        return "The model finds no change."
    return "In the model, " + "; ".join(parts) + "."


def _level(bundle: ReportBundle) -> str:
    _, new = total_cost(bundle)
    territories = territories_of(bundle).sort_values("transit_t_new", ascending=False)
    lost = float(bundle.unserved["tonnes"].astype(float).sum())
    lead = [
        f"{row['name']} ({_tonnes(row['transit_t_new'])})"
        for row in territories.head(3).to_dict("records")
        if row["transit_t_new"] > 0
    ]
    day = f"On {bundle.base_date}" if bundle.base_date else "On the base date"
    moved = _tonnes(max(total_trade(bundle) - lost, 0.0), 3)
    text = f"{day}, in the model, {moved} move at a cost of {_usd(new, 3)} a year"
    if lead:
        text += "; most transit crosses " + ", ".join(lead)
    if lost >= _WORTH_A_WORD:
        text += f"; {_tonnes(lost)} find no path"
    return text + "."


def _movers(territories: pd.DataFrame, shift: pd.Series[float]) -> str:
    """Name who gains and who loses most transit, if the shift is worth a word."""
    if (
        not len(territories)
        or not math.isfinite(float(shift.abs().max()))
        or shift.abs().max() < _WORTH_A_WORD
    ):
        return ""
    parts = []
    up, down = int(shift.to_numpy().argmax()), int(shift.to_numpy().argmin())
    if shift.iloc[up] >= _WORTH_A_WORD:
        parts.append(
            f"transit rises most in {territories['name'].iloc[up]} (+{_tonnes(shift.iloc[up])})"
        )
    if shift.iloc[down] <= -_WORTH_A_WORD:
        lead = "falls" if parts else "transit falls"
        parts.append(
            f"{lead} most in {territories['name'].iloc[down]} (−{_tonnes(-shift.iloc[down])})"
        )
    return " and ".join(parts)


def _first_upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def _tonnes(value: float, digits: int = 2) -> str:
    scale = scale_for([value], "t/yr")
    return f"{number(float(value) / scale.factor, digits=digits)} {scale.unit}"


def _usd(value: float, digits: int = 2) -> str:
    scale = scale_for([value], "USD")
    unit = {"USD bn": " billion", "USD mn": " million"}.get(scale.unit, "")
    return f"USD {number(float(value) / scale.factor, digits=digits)}{unit}"
