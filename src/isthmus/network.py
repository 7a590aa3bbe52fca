"""The network as it stood on a day: plain tables, each element with its status or regime."""

from __future__ import annotations

import operator
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.arrays import NumpyExtensionArray

from isthmus.facts.history import in_force, parse_date
from isthmus.vocab import OPEN_STATUS

if TYPE_CHECKING:
    from isthmus.facts.tables import Facts

__all__ = ["Network", "cells_differ", "differing_rows"]


@dataclass(frozen=True)
class Network:
    """
    Nodes, links, crossings and terminals on a day.

    Every change makes a new network; frames are never edited in place.

    Parameters
    ----------
    facts : Facts
        Where everything comes from.
    date : str
        ISO date.
    nodes : DataFrame
    links : DataFrame
        Columns of ``data/links.csv`` plus `status`, `status_cause`, `status_source` and `is_open`.
        A link that does not exist yet on the day has status ``""`` and is not open.
    crossings : DataFrame
        Columns of ``data/crossings.csv`` plus `regime`, `regime_cause`, `regime_source`, `is_open`.
    terminals : DataFrame
        Terminals in force, plus `is_open`.
    zones, connectors, regimes, parameters : DataFrame
    restrictions : DataFrame
        Rows of ``data/restrictions.csv`` of any date, plus `in_force`.
    closed_territories : frozenset of str
        States whose own trade is shut as well as their territory.
    changes : tuple of str
        What a scenario changed, in words.
    """

    facts: Facts = field(repr=False)
    date: str
    nodes: pd.DataFrame = field(repr=False)
    links: pd.DataFrame = field(repr=False)
    crossings: pd.DataFrame = field(repr=False)
    terminals: pd.DataFrame = field(repr=False)
    zones: pd.DataFrame = field(repr=False)
    connectors: pd.DataFrame = field(repr=False)
    regimes: pd.DataFrame = field(repr=False)
    parameters: pd.DataFrame = field(repr=False)
    restrictions: pd.DataFrame = field(repr=False)
    closed_territories: frozenset[str] = frozenset()
    changes: tuple[str, ...] = ()

    @classmethod
    def at(cls, facts: Facts, date: str) -> Network:
        """
        Return the network as it stood on a day.

        Parameters
        ----------
        facts : Facts
        date : str
            ISO date.

        Raises
        ------
        InputError
            If the date is none.

        Examples
        --------
        >>> import isthmus as ist
        >>> network = ist.read().network("2025-01-01")
        >>> bool(network.links.is_open.any())
        True
        """
        day = parse_date(date)
        links = _with_state(facts["links"], facts["link_status"], "link_id", "status", day)
        links["is_open"] = links["status"].isin(OPEN_STATUS)
        crossings = _with_state(
            facts["crossings"], facts["crossing_regimes"], "crossing_id", "regime", day
        )
        passable = set(facts["regimes"].loc[facts["regimes"]["open"], "regime"])
        crossings["is_open"] = crossings["regime"].isin(passable)
        terminals = in_force(facts["terminals"], day).reset_index(drop=True).assign(is_open=True)
        restrictions = facts["restrictions"]
        now = restrictions.index.isin(in_force(restrictions, day).index)
        return cls(
            facts,
            day,
            facts["nodes"],
            links,
            crossings,
            terminals,
            facts["zones"],
            facts["connectors"],
            facts["regimes"],
            facts["parameters"],
            restrictions.assign(in_force=now),
        )

    def replace(self, **changes: Any) -> Network:
        """Return a copy with other tables."""
        return replace(self, **changes)

    def of_modes(self, modes: Collection[str]) -> Network:
        """
        Return the links, crossings and terminals of some modes; places and the rest stay.

        Parameters
        ----------
        modes : collection of str

        Returns
        -------
        Network
            Itself if it holds no other mode.
        """
        wanted = list(modes)
        links = self.links["mode"].isin(wanted)
        crossings = self.crossings["mode"].isin(wanted)
        ends = self.terminals[["from_mode", "to_mode"]]
        terminals = ends.isin(wanted).all(axis=1) if len(ends) else ends.any(axis=1)
        if links.all() and crossings.all() and terminals.all():
            return self
        return self.replace(
            links=self.links[links].reset_index(drop=True),
            crossings=self.crossings[crossings].reset_index(drop=True),
            terminals=self.terminals[terminals].reset_index(drop=True),
        )


def _with_state(
    elements: pd.DataFrame, states: pd.DataFrame, key: str, state: str, date: str
) -> pd.DataFrame:
    """Join each element with its state on a day: state, ``<state>_cause``, ``<state>_source``."""
    now = in_force(states, date).drop_duplicates(key, keep="last")
    now = now[[key, state, "cause_id", "source_id"]].rename(
        columns={"cause_id": f"{state}_cause", "source_id": f"{state}_source"}
    )
    joined = elements.merge(now, on=key, how="left")
    columns = [state, f"{state}_cause", f"{state}_source"]
    return joined.assign(**{c: joined[c].fillna("") for c in columns})


def differing_rows(old: pd.DataFrame, new: pd.DataFrame) -> npt.NDArray[np.intp] | None:
    """
    Return the rows in which a table differs from another of the same rows and columns.

    Parameters
    ----------
    old, new : DataFrame

    Returns
    -------
    ndarray of int, or None
        Positions; None if the tables have other columns or not as many rows.
    """
    if old is new:
        return np.empty(0, np.intp)
    if len(old) != len(new) or not old.columns.equals(new.columns):
        return None
    differ = np.zeros(len(old), dtype=bool)
    for one, other in zip(_arrays(old), _arrays(new), strict=True):
        if one.dtype != other.dtype:
            return None
        if one.dtype == object:
            rows = np.flatnonzero(np.fromiter(map(operator.is_not, one, other), bool, len(old)))
            # text that is not the same object may still say the same
            differ[[i for i in rows if cells_differ(one[i], other[i])]] = True
        elif isinstance(one, np.ndarray):
            differ |= (one != other) & ~((one != one) & (other != other))
        else:
            unlike = pd.Series(one).ne(pd.Series(other)).fillna(True).to_numpy(dtype=bool)
            differ |= unlike & ~(pd.isna(one) & pd.isna(other))
    return np.flatnonzero(differ)


def _arrays(table: pd.DataFrame) -> list[Any]:
    """Return the columns of a table, those of plain types as plain arrays."""
    columns = [column.array for _, column in table.items()]
    return [c.to_numpy() if isinstance(c, NumpyExtensionArray) else c for c in columns]


def cells_differ(one: object, other: object) -> bool:
    """Return whether two cells differ; nothing is like nothing."""
    if one is pd.NA or other is pd.NA:
        return one is not other
    return not (one == other or (one != one and other != other))
