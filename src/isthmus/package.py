"""
The data package as users hold it: the facts, with the network of a day and the trade of a year at their door.

The floors below know facts as tables alone; the door stands above networks and demand, which are made of them.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

from isthmus.demand import YEAR, Demand
from isthmus.facts import tables
from isthmus.network import Network

__all__ = ["Facts", "read"]


@dataclass(frozen=True)
class Facts(tables.Facts):
    """
    The facts, and what follows from them on a day or in a year.

    Everything else is as in `isthmus.facts.tables.Facts`.
    """

    def network(self, date: str) -> Network:
        """
        Return the network as it stood on a day.

        Parameters
        ----------
        date : str
            ISO date, ``YYYY-MM-DD``.

        Returns
        -------
        Network
        """
        return Network.at(self, date)

    def demand(self, year: int = YEAR) -> Demand:
        """
        Return the trade matrix of a year.

        Parameters
        ----------
        year : int

        Returns
        -------
        Demand
        """
        return Demand.of(self, year)


def read(*overlays: str | Path, base: str | Path | None = None) -> Facts:
    """
    Read the shipped facts and lay the user's own rows over them.

    A row of an overlay with the same primary key replaces the shipped row; any other row is added.
    A demand table in an overlay replaces nothing but the pairs it names.

    Parameters
    ----------
    *overlays : path
        Folders with CSV files named like the tables, each with a subset of the tables and all
        required columns.
    base : path, optional
        Another data package to start from.

    Returns
    -------
    Facts

    Raises
    ------
    InputError
        If a folder, the descriptor, a table or a column is missing or unknown.

    Examples
    --------
    >>> facts = read()
    >>> facts["links"].length_km.gt(0).all()
    np.True_
    >>> facts.network("2025-01-01").date
    '2025-01-01'
    """
    found = tables.read(*overlays, base=base)
    return Facts(**{field.name: getattr(found, field.name) for field in fields(found)})
