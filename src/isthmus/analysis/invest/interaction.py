"""Which projects need each other and which stand in for each other."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from isthmus.analysis.invest.projects import Project
    from isthmus.analysis.invest.savings import Choices

__all__ = ["package_table", "pair_table"]

_NOTHING = 1e-9
"""Share of what all save below which an interaction is none."""


def pair_table(projects: Sequence[Project], choices: Choices) -> pd.DataFrame:
    """
    Return what pairs of projects save together beyond what each saves alone.

    Parameters
    ----------
    projects : sequence of Project
        Number i is bit i of a set.
    choices : Choices

    Returns
    -------
    DataFrame
        first_id, second_id, first, second (names), first_usd_yr, second_usd_yr, both_usd_yr,
        interaction_usd_yr [USD/yr], kind: ``synergy`` or ``substitute``. Pairs without interaction are
        left out; the strongest first.
    """
    pairs = list(combinations(range(len(projects)), 2))
    one = choices.saving(1 << np.arange(len(projects), dtype=np.int64))
    both = choices.saving([(1 << a) | (1 << b) for a, b in pairs]) if pairs else np.zeros(0)
    least = _NOTHING * float(choices.saving((1 << len(projects)) - 1)[0])
    rows = []
    for (a, b), saved in zip(pairs, both, strict=True):
        more = float(saved - one[a] - one[b])
        if abs(more) > least:
            rows.append(
                {
                    "first_id": projects[a].id,
                    "second_id": projects[b].id,
                    "first": projects[a].name,
                    "second": projects[b].name,
                    "first_usd_yr": float(one[a]),
                    "second_usd_yr": float(one[b]),
                    "both_usd_yr": float(saved),
                    "interaction_usd_yr": more,
                    "kind": "synergy" if more > 0.0 else "substitute",
                }
            )
    columns = [
        "first_id", "second_id", "first", "second", "first_usd_yr", "second_usd_yr",
        "both_usd_yr", "interaction_usd_yr", "kind",
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=columns)
    order = frame["interaction_usd_yr"].abs().sort_values(ascending=False, kind="stable").index
    return frame.loc[order].reset_index(drop=True)


def package_table(projects: Sequence[Project], choices: Choices) -> pd.DataFrame:
    """
    Return the same for packages: what is spoken of as one.

    Two packages may share projects; what those save is counted once:
    interaction = v(A ∪ B) + v(A ∩ B) − v(A) − v(B), which is 0 for packages that leave each other alone.

    Returns
    -------
    DataFrame
        first, second, first_usd_yr, second_usd_yr, both_usd_yr, shared_usd_yr, interaction_usd_yr
        [USD/yr], kind: ``synergy``, ``substitute`` or ``none``; shared_ids: projects in both.
    """
    sets: dict[str, int] = {}
    for i, project in enumerate(projects):
        for package in project.packages:
            sets[package] = sets.get(package, 0) | 1 << i
    least = _NOTHING * float(choices.saving((1 << len(projects)) - 1)[0])
    rows = []
    for (a, one), (b, other) in combinations(sets.items(), 2):
        shared = one & other
        v = choices.saving([one, other, one | other, shared])
        more = float(v[2] + v[3] - v[0] - v[1])
        kind = "none" if abs(more) <= least else "synergy" if more > 0.0 else "substitute"
        rows.append(
            {
                "first": a,
                "second": b,
                "first_usd_yr": float(v[0]),
                "second_usd_yr": float(v[1]),
                "both_usd_yr": float(v[2]),
                "shared_usd_yr": float(v[3]),
                "interaction_usd_yr": more,
                "kind": kind,
                "shared_ids": "; ".join(p.id for i, p in enumerate(projects) if shared >> i & 1),
            }
        )
    columns = [
        "first", "second", "first_usd_yr", "second_usd_yr", "both_usd_yr", "shared_usd_yr",
        "interaction_usd_yr", "kind", "shared_ids",
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)
