"""
The main assumptions, each moved alone: which answers hold when it moves?

Rows of `data/sweep.csv` name the assumptions and how far each is moved.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pandas as pd

from isthmus.cost.restrictions import listed
from isthmus.errors import Fault, InputError
from isthmus.package import Facts

__all__ = ["CENTRAL", "Case", "cases", "moved"]

CENTRAL = "central"


@dataclass(frozen=True)
class Case:
    """One assumption moved: its id, `low` or `high`, and the factor of each row; or the central case."""

    assumption: str
    side: str

    @property
    def name(self) -> str:
        """How tables name it."""
        return CENTRAL if self.assumption == CENTRAL else f"{self.assumption} {self.side}"


def cases(facts: Facts, only: Sequence[str] | None = None) -> list[Case]:
    """
    Return the central case and two for each assumption.

    Raises
    ------
    InputError
        If `only` names an assumption that is none.
    """
    known = list(dict.fromkeys(facts["sweep"]["assumption_id"]))
    odd = [a for a in only or [] if a not in known]
    if odd:
        mend = f"One of {', '.join(known)}."
        raise InputError([Fault("--assumptions", f'"{odd[0]}" is none.', mend)])
    chosen = [a for a in known if only is None or a in only]
    return [Case(CENTRAL, ""), *(Case(a, side) for a in chosen for side in ("low", "high"))]


def moved(facts: Facts, case: Case) -> Facts:
    """
    Return the facts with one assumption moved; the digest says which.

    Parameters
    ----------
    facts : Facts
    case : Case

    Returns
    -------
    Facts
    """
    if case.assumption == CENTRAL:
        return facts
    tables, raw = dict(facts.tables), dict(facts.raw)
    rows = facts["sweep"]
    for row in rows[rows["assumption_id"].eq(case.assumption)].to_dict("records"):
        frame = tables[row["table"]].copy()
        here = pd.Series(True, frame.index)
        if row["items"]:
            here &= frame["parameter"].isin(listed(row["items"]))
        if row["modes"]:
            here &= frame["mode"].isin(listed(row["modes"]))
        column = row["column"]
        frame.loc[here, column] = frame.loc[here, column] * row[case.side]
        tables[row["table"]] = frame
        raw[row["table"]] = frame.astype(str)  # digests of cost are taken over it
    digest = hashlib.sha256(f"{facts.digest} {case.name}".encode()).hexdigest()
    return replace(facts, tables=tables, raw=raw, digest=digest)
