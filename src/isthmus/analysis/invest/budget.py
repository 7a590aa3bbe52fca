"""The best sets under a budget: from the value of every set, or by integer programming."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from isthmus.analysis.invest import search
from isthmus.analysis.invest.appraisal import Appraisal
from isthmus.analysis.invest.projects import Project
from isthmus.analysis.invest.savings import Choices
from isthmus.errors import Fault, InputError

__all__ = ["search_budget"]


FloatArray = npt.NDArray[np.float64]
_Found = tuple[
    search.Best, "npt.NDArray[np.int64]", "npt.NDArray[np.int64]", "npt.NDArray[np.int64]"
]


def search_budget(
    choices: Choices,
    listed: Sequence[Project],
    plan: Appraisal,
    budget: float,
    weigh: Mapping[str, float],
) -> _Found:
    """Return the best set, the sets after it, the front against cost and the front of objectives."""
    capital = np.array([p.capital_usd for p in listed])
    none = np.zeros(1, np.int64)
    if not listed:
        return search.Best(0, 0.0, 0.0, 1), none, none, none
    if len(listed) > search.MOST_LISTED:
        if set(weigh) - {"npv", "saving"} or len(weigh) > 1:
            what = f"{len(listed)} projects cannot all be combined for this objective."
            mend = f"Name up to {search.MOST_LISTED}, or take npv or saving."
            raise InputError([Fault("--objective", what, mend, "too-many-projects")])
        best = _programme(choices, plan, capital, budget, next(iter(weigh)))
        one = np.array([best.chosen], np.int64)
        return best, one, np.unique(np.concatenate([none, one])), one
    saving = choices.table(0)
    worth = plan.worth(saving)
    price = search.additive(capital)
    affordable = price <= budget * (1.0 + 1e-12)
    known: dict[str, FloatArray] = {
        "saving": worth,
        "npv": worth - search.additive(plan.cost_usd),
        "emissions": choices.table(1),
    }
    concentration = choices.herfindahl()
    known["diversification"] = concentration[0] - concentration
    if len(weigh) == 1:
        values = known[next(iter(weigh))]
    else:
        values = np.zeros(len(price))
        for name, weight in weigh.items():
            most = float(known[name][affordable].max())
            values += weight * known[name] / (most if most > 0.0 else 1.0)
    best = search.best_set(values, capital, budget)
    ranks = search.ranked(values, capital, budget, 200)
    ranks = np.concatenate([[best.chosen], ranks[ranks != best.chosen]]).astype(np.int64)
    rows = np.flatnonzero(affordable)
    trades = _unbeaten(
        rows, [known["saving"][rows], known["emissions"][rows], known["diversification"][rows]]
    )
    return best, ranks, search.front(values, price), trades


def _unbeaten(
    rows: npt.NDArray[np.int64], goods: list[FloatArray], most: int = 40
) -> npt.NDArray[np.int64]:
    """Return sets that no other reaches in all goods, at most some of the best in the first."""
    table = np.column_stack(goods)
    floor = 1e-9 * np.abs(table).max(axis=0)
    left = np.lexsort([-g for g in reversed(goods)])
    kept: list[int] = []
    while len(left) and len(kept) < most:
        first = int(left[0])
        kept.append(first)
        left = left[(table[left] > table[first] + floor).any(axis=1)]
    return rows[kept].astype(np.int64)


def _programme(
    choices: Choices, plan: Appraisal, capital: FloatArray, budget: float, objective: str
) -> search.Best:
    """Solve the choice as an integer programme, a block for each stage."""
    blocks = []
    for serving, weight in plan.stages:
        stage = choices.among([i for i in range(choices.n) if serving >> i & 1])
        back = [i for i in range(choices.n) if serving >> i & 1]
        mask = np.zeros(len(stage.mask), np.int64)
        for new, old in enumerate(back):
            mask |= (stage.mask >> new & 1) << old
        blocks.append((stage.starts, mask, weight * stage.values[:, 0]))
    fixed = -plan.cost_usd if objective == "npv" else np.zeros(choices.n)
    return search.programme(choices.n, blocks, fixed, capital, budget)
