"""A tornado: the assumptions that move one number most, each moved alone."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import pandas as pd

from isthmus.assumptions import CENTRAL, cases, moved
from isthmus.package import Facts
from isthmus.sweep import remembered

__all__ = ["at_end", "tornado"]


def at_end(facts: Facts, parameter: str, side: str) -> Facts:
    """
    Return the facts with one parameter at the low or the high end that its row names.

    Parameters
    ----------
    facts : Facts
    parameter : str
    side : {'low', 'high'}
    """
    frame = facts["parameters"].copy()
    here = frame["parameter"].eq(parameter)
    frame.loc[here, "value"] = frame.loc[here, side]
    digest = hashlib.sha256(f"{facts.digest} {parameter} {side}".encode()).hexdigest()
    tables = {**facts.tables, "parameters": frame}
    return replace(
        facts, tables=tables, raw={**facts.raw, "parameters": frame.astype(str)}, digest=digest
    )


def tornado(
    facts: Facts,
    measure: Callable[[Facts], float],
    *,
    own: Mapping[str, tuple[Callable[[], float], Callable[[], float]]] | None = None,
    most: int = 5,
    keep: tuple[Path, Sequence[object]] | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> pd.DataFrame:
    """
    Move each assumption of ``data/sweep.csv`` to its low and its high end and measure again.

    Parameters
    ----------
    facts : Facts
    measure : callable
        Takes facts, returns the number.
    own : mapping, optional
        Assumptions of the analysis itself that the facts do not hold: by name, the number at the low
        and at the high end.
    most : int
        Assumptions to keep.
    keep : tuple of Path and sequence, optional
        Where to keep numbers that are done, so that a tornado that was stopped goes on where it was,
        and what decides them besides the facts: the analysis, the order, its options.
    progress : callable, optional
        Called with what is moved, cases done and in all; what it raises interrupts.

    Returns
    -------
    DataFrame
        assumption_id, name, central, low, high: the number at each end; low_change, high_change,
        swing: the greater of the two changes, without its sign. The greatest swing first.
    """
    every, extra = cases(facts), own or {}
    n = len(every) - 1 + 2 * len(extra)
    found: dict[str, dict[str, float]] = {}

    def kept(ask: Callable[[], float], *of: object) -> float:
        return float(ask()) if keep is None else remembered(keep[0], [*keep[1], *of], ask)

    central = kept(partial(measure, facts), facts.digest)
    for done, case in enumerate(c for c in every if c.assumption != CENTRAL):
        if progress is not None:
            progress(case.name, done, n)
        changed = moved(facts, case)
        value = kept(partial(measure, changed), changed.digest)
        found.setdefault(case.assumption, {})[case.side] = value
    for i, (name, ends) in enumerate(extra.items()):
        if progress is not None:
            progress(name, len(every) - 1 + 2 * i, n)
        found[name] = {
            side: kept(end, facts.digest, name, side)
            for side, end in zip(("low", "high"), ends, strict=True)
        }
    named = facts["sweep"].drop_duplicates("assumption_id").set_index("assumption_id")["name"]
    frame = pd.DataFrame(
        [
            {
                "assumption_id": name,
                "name": str(named.get(name, name)),
                "central": central,
                "low": at["low"],
                "high": at["high"],
                "low_change": at["low"] - central,
                "high_change": at["high"] - central,
            }
            for name, at in found.items()
        ]
    )
    frame["swing"] = frame[["low_change", "high_change"]].abs().max(axis=1)
    return frame.nlargest(most, "swing").reset_index(drop=True)
