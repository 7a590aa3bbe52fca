"""Who ships what to whom: tonnes a year from zone to zone by commodity."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

from isthmus.errors import Fault, InputError

if TYPE_CHECKING:
    from isthmus.facts.tables import Facts

__all__ = ["Demand"]


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
    def of(cls, facts: Facts, year: int) -> Demand:
        """
        Return the matrix of a year; years without one are an error, never a silent zero.

        Raises
        ------
        InputError
            Naming the years there are.
        """
        rows = facts["demand"]
        flows = rows[rows["year"] == year].reset_index(drop=True)
        if flows.empty:
            years = ", ".join(str(y) for y in sorted(rows["year"].dropna().unique()))
            mend = f"Years with a matrix: {years}."
            raise InputError([Fault(facts.file_of("demand"), f"has no flow in {year}.", mend)])
        return cls(flows, int(year))

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
