"""Who ships what to whom: tonnes a year from zone to zone by commodity."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

from isthmus.errors import Fault, InputError

if TYPE_CHECKING:
    from isthmus.facts.tables import Facts

__all__ = ["YEAR", "Demand", "demand_year"]

YEAR = 2024
"""Of trade where none is named."""


@dataclass(frozen=True)
class Demand:
    """
    The trade matrix of a year.

    Parameters
    ----------
    flows : DataFrame
        origin_zone_id, destination_zone_id, commodity_id, tonnes_t_yr [t/yr], source_id, …
    year : int
    """

    flows: pd.DataFrame = field(repr=False)
    year: int

    @classmethod
    def of(cls, facts: Facts, year: int = YEAR) -> Demand:
        """
        Return the matrix of a year; years without one are an error, never a silent zero.

        A year that has no matrix of its own but rows in ``data/trade_growth.csv`` is the nearest
        matrix with every flow times its growth: that of the pair of territories if there is one, else the
        geometric mean of the exporter's and the importer's, 1 where a territory has none.

        Raises
        ------
        InputError
            Naming the years there are.
        """
        rows = facts["demand"]
        flows = rows[rows["year"] == year].reset_index(drop=True)
        if len(flows):
            return cls(flows, int(year))
        matrices = sorted(int(y) for y in rows["year"].dropna().unique())
        grown = sorted(int(y) for y in facts["trade_growth"]["year"].unique())
        if year not in grown or not matrices:
            years = ", ".join(str(y) for y in matrices)
            mend = f"Years with a matrix: {years}; with growth: {', '.join(map(str, grown))}."
            raise InputError([Fault(facts.file_of("demand"), f"has no flow in {year}.", mend)])
        base = cls.of(facts, min(matrices, key=lambda y: abs(y - year))).flows
        factor = _growth(facts, base, year)
        kept = base.assign(tonnes_t_yr=base["tonnes_t_yr"] * factor, year=year)
        return cls(kept, int(year))

    @property
    def tonnes(self) -> float:
        """Total. [t/yr]"""
        return float(self.flows["tonnes_t_yr"].sum())

    def replace(self, flows: pd.DataFrame) -> Demand:
        """Return a copy with other flows; extra keyword-free, so that the year is kept."""
        return Demand(flows.reset_index(drop=True), self.year)

    def of_zone(self, zone_id: str) -> Any:
        """Return the flows that begin or end in a zone."""
        ends = self.flows["origin_zone_id"].eq(zone_id) | self.flows["destination_zone_id"].eq(
            zone_id
        )
        return self.flows[ends]


def demand_year(facts: Facts, date: str) -> int:
    """
    Return the year whose trade moves on a date.

    The newest matrix not later than the date; before the first, a year with growth of its own; else
    the first matrix.
    """
    year = int(date[:4])
    years = sorted({int(y) for y in facts["demand"]["year"].dropna()})
    before = [y for y in years if y <= year]
    if before:
        return before[-1]
    return year if year in set(facts["trade_growth"]["year"]) else years[0]


def _growth(facts: Facts, flows: pd.DataFrame, year: int) -> pd.Series[float]:
    """Return the factor of each flow in a year against the matrix it is taken from."""
    table = facts["trade_growth"]
    table = table[table["year"] == year]
    ends = ["origin_territory_id", "destination_territory_id"]
    factor = {(o, d): f for o, d, f in table[[*ends, "factor"]].itertuples(index=False)}
    territory = facts["zones"].set_index("zone_id")["territory_id"]
    origin = flows["origin_zone_id"].map(territory)
    destination = flows["destination_zone_id"].map(territory)
    out = [
        factor.get((o, d), math.sqrt(factor.get((o, ""), 1.0) * factor.get(("", d), 1.0)))
        for o, d in zip(origin, destination, strict=True)
    ]
    return pd.Series(out, index=flows.index)
