"""What was in force on a day: dated rows, read as ``from_date <= day < to_date``."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pandas as pd

from isthmus.errors import Fault, InputError

if TYPE_CHECKING:
    from isthmus.facts.tables import Facts

__all__ = ["RECORD", "causes", "in_force", "parse_date"]

RECORD = "record"
"""Kind of the event that is none: the start of this record."""


def parse_date(text: str | dt.date, where: str = "date") -> str:
    """
    Return an ISO date, or say what is wrong with it.

    Raises
    ------
    InputError

    Examples
    --------
    >>> parse_date("2025-01-01")
    '2025-01-01'
    """
    try:
        return (text if isinstance(text, dt.date) else dt.date.fromisoformat(text)).isoformat()
    except (TypeError, ValueError):
        raise InputError(
            [Fault(where, f'"{text}" is no date.', "Write it as 2025-01-01.", "date")]
        ) from None


def in_force(rows: pd.DataFrame, date: str) -> pd.DataFrame:
    """
    Keep the rows that hold on a day.

    Parameters
    ----------
    rows : DataFrame
        With ``from_date`` and ``to_date``, ISO text; empty means without bound.
    date : str
        ISO date.

    Returns
    -------
    DataFrame
        Rows with ``from_date <= date`` and ``to_date`` empty or later than `date`.
    """
    begun = rows["from_date"].eq("") | rows["from_date"].le(date)
    going = rows["to_date"].eq("") | rows["to_date"].gt(date)
    return rows[begun & going]


def causes(facts: Facts) -> pd.DataFrame:
    """
    Return events and agreements as causes.

    Returns
    -------
    DataFrame
        cause_id, name, date [ISO; of an agreement the day it was signed, else the day it began],
        to_date, kind, effect, source_id.
    """
    events = facts["events"].rename(columns={"event_id": "cause_id"})
    agreements = facts["agreements"].rename(columns={"agreement_id": "cause_id"})
    signed = agreements["signed"].where(agreements["signed"].ne(""), agreements["from_date"])
    agreements = agreements.assign(date=signed, kind="agreement")
    columns = ["cause_id", "name", "date", "to_date", "kind", "effect", "source_id"]
    return pd.concat([events[columns], agreements[columns]], ignore_index=True)
