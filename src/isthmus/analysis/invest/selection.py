"""
What to build: the best set of projects under a budget, with the proof, and who pays and who gains.

The answer is that of the assignment made anew, which `isthmus run` gives for the same order. Which sets are worth that is
found by a search that values every set on cheapest ways at the delays of the base, a value that never falls when a
project is added; it stands beside the answer as ``held``.
`docs/invest.md` has the equations and what they cannot say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from isthmus.analysis.invest import search
from isthmus.analysis.invest.appraisal import Appraisal, appraise
from isthmus.analysis.invest.budget import search_budget
from isthmus.analysis.invest.interaction import package_table, pair_table
from isthmus.analysis.invest.projects import Project, as_order, read_projects
from isthmus.analysis.invest.reassignment import Again, assigned_anew
from isthmus.analysis.invest.savings import Choices, compile_choices
from isthmus.analysis.invest.tables import gainers_table, payers_table, projects_table
from isthmus.errors import Fault, InputError

if TYPE_CHECKING:
    from isthmus.assign import Assignment
    from isthmus.cost.model import GeneralizedCost

__all__ = ["OBJECTIVES", "Invest", "invest", "npv_of"]

Progress = Callable[[str, int, int], None]

OBJECTIVES = {
    "npv": "savings less costs, today's money [USD]",
    "saving": "generalised cost saved, today's money [USD]",
    "emissions": "emissions saved a year, all in service [t CO2e/yr]",
    "diversification": "fall of the Herfindahl index of transit over territories [-]",
}
"""What a set of projects may be judged by."""


@dataclass(frozen=True, eq=False)
class Invest:
    """
    The best set of projects, and what surrounds it.

    Parameters
    ----------
    objective : str
        One of `OBJECTIVES`, or ``weighted``.
    weights : dict of str to float
        Of the objectives; each counts as a share of the most that an affordable set reaches.
    budget_usd : float
        [USD of 2024]; inf without one.
    chosen : tuple of str
        Ids of the best set of those assigned anew; without any, the best of the search.
    best : Best
        The best set of the search, its value there and the proof, in the unit of the objective.
    projects : DataFrame
        One row a project: project_id, name, packages, capital_usd [USD], build_years, payers, chosen;
        it alone assigned anew: alone_usd_yr [USD/yr], alone_npv_usd [USD], alone_bcr; by the search, at the
        delays of the base: held_usd_yr, held_last_usd_yr (lost if it alone is missing of all) [USD/yr],
        held_npv_usd [USD]; source_id, confidence, note.
    sets : DataFrame
        The best set and the next, by the assignment made anew: rank, projects, chosen, capital_usd [USD],
        cost_usd [USD], saving_usd_yr, new_trade_usd_yr [USD/yr], worth_usd, npv_usd [USD], bcr,
        co2_saved_t_yr [t/yr]; by the search: held_usd_yr, held_worth_usd, held_npv_usd, held_bcr,
        held_co2_saved_t_yr, held_herfindahl, held_rank.
    front : DataFrame
        Sets that none beats in cost and objective, by the search; columns as of `sets`.
    trade_off : DataFrame
        Affordable sets that none beats in savings, emissions and concentration, by the search, at most 40.
    pairs, packages : DataFrame
        See `analysis.interaction`; by the search.
    payers : DataFrame
        payer_id, name, capital_usd, share.
    gainers : DataFrame
        territory_id, name, saving_usd_yr (half to each end of a trade), transit_t_yr (change),
        fee_usd_yr (change), paid_usd, of the best set by full re-assignment.
    appraisal : Appraisal
    base_herfindahl : float
    """

    objective: str
    weights: dict[str, float]
    budget_usd: float
    chosen: tuple[str, ...]
    best: search.Best
    projects: pd.DataFrame = field(repr=False)
    sets: pd.DataFrame = field(repr=False)
    front: pd.DataFrame = field(repr=False)
    trade_off: pd.DataFrame = field(repr=False)
    pairs: pd.DataFrame = field(repr=False)
    packages: pd.DataFrame = field(repr=False)
    payers: pd.DataFrame = field(repr=False)
    gainers: pd.DataFrame = field(repr=False)
    appraisal: Appraisal = field(repr=False)
    base_herfindahl: float

    @property
    def headline_usd(self) -> float:
        """Net present value of the best set, assigned anew; by the search if none was. [USD]"""
        if not len(self.sets):
            return 0.0
        first = self.sets.iloc[0]
        return float(first["held_npv_usd"] if np.isnan(first["npv_usd"]) else first["npv_usd"])


def invest(
    base: Assignment,
    cost: GeneralizedCost,
    *,
    budget_usd: float = np.inf,
    objective: str = "npv",
    weights: Mapping[str, float] | None = None,
    only: Sequence[str] | None = None,
    costs: Mapping[str, float] | None = None,
    built: Sequence[str] = (),
    trade_of: Sequence[str] = (),
    rate: float | None = None,
    years: int | None = None,
    again: int = 3,
    folder: str | Path | None = None,
    progress: Progress | None = None,
) -> Invest:
    """
    Find the best set of projects.

    Parameters
    ----------
    base : Assignment
        Of any method; re-assignments are by the same one and begin from here.
    cost : GeneralizedCost
        That `base` was made with.
    budget_usd : float
        Capital that may be spent. [USD of 2024]
    objective : str
        One of `OBJECTIVES`.
    weights : mapping of str to float, optional
        Of several objectives, in place of one.
    only : sequence of str, optional
        Projects; default all. Those whose cost is unknown are shown, not chosen.
    costs : mapping of str to float, optional
        Capital in place of the table's. [USD of 2024]
    built : sequence of str
        Projects taken as built before anything is chosen.
    trade_of : sequence of str
        Count only trade that begins or ends in these territories.
    rate : float, optional
        Else the parameter ``discount_rate``.
    years : int, optional
        Else the parameter ``appraisal_years``.
    again : int
        Sets assigned anew: the best of the search and those after it. Without any, no project is either.
    folder : path, optional
        Where re-assignments that are done are kept.
    progress : callable, optional
        Called with a stage, steps done and to do; what it raises interrupts.

    Returns
    -------
    Invest

    Raises
    ------
    InputError
        If a name, weight, rate or budget is none, or projects change the same arc.

    Examples
    --------
    >>> import isthmus as ist
    >>> facts = ist.read()
    >>> network, demand = facts.network("2025-01-01"), facts.demand(2024)
    >>> cost = ist.GeneralizedCost(facts)
    >>> base = ist.assign(network, demand, cost, method="all_or_nothing")
    >>> some = ["shalamcheh-basra-railway", "gyumri-kars-railway"]
    >>> ist.invest(base, cost, only=some, budget_usd=1e8, again=0).chosen
    ('gyumri-kars-railway',)
    """
    weigh = _weights(objective, weights)
    parameters = base.cost.parameters
    facts = base.virtual.network.facts
    if built:
        base = _with_built(base, cost, read_projects(facts, parameters, only=built))
    every = [
        p
        for p in read_projects(facts, parameters, only=only, costs=costs)
        if p.id not in set(built)
    ]
    if not every:
        raise InputError([Fault("projects", "none is left.", "Name some that are not built.")])
    choices = compile_choices(base, cost, every, zone_territories=trade_of, progress=progress)
    open_to = [i for i, p in enumerate(every) if p.priced and p.capital_usd <= budget_usd]
    listed = [every[i] for i in open_to]
    rate = parameters.get("discount_rate") if rate is None else rate
    years = int(parameters.get("appraisal_years")) if years is None else years
    upkeep = parameters.get("upkeep_share_yr", item="project")
    plan = appraise(listed, rate, years, upkeep)
    if progress is not None:
        progress("sets of projects", 0, 1)
    small = choices.among(open_to) if len(open_to) < len(every) else choices
    found = search_budget(small, listed, plan, budget_usd, weigh)
    best, ranks, fronts, trades = found
    sets = _describe(ranks[: max(1, again)], best.chosen, small, listed, plan)
    anew = []
    for k, row in enumerate(ranks[:again]):
        if progress is not None:
            progress("assigning anew", k, min(again, len(ranks)))
        anew.append(_again(int(row), base, cost, listed, plan, trade_of, folder))
    sets, order = _beside(sets, anew, weigh)
    first = int(ranks[order[0]])
    picked = [p for i, p in enumerate(listed) if first >> i & 1]
    alone: list[Again | None] = [None] * len(every)
    if again:
        for k, p in enumerate(every):
            if progress is not None:
                progress("assigning projects anew", k, len(every))
            alone[k] = assigned_anew(base, cost, [p], trade_of=trade_of, folder=folder)
    payers = payers_table(facts, picked)
    return Invest(
        objective=next(iter(weigh)) if len(weigh) == 1 else "weighted",
        weights=weigh,
        budget_usd=float(budget_usd),
        chosen=tuple(p.id for p in picked),
        best=best,
        projects=projects_table(every, choices, picked, alone, rate, years, upkeep),
        sets=sets,
        front=_describe(fronts, first, small, listed, plan),
        trade_off=_describe(trades, first, small, listed, plan),
        pairs=pair_table(every, choices),
        packages=package_table(every, choices),
        payers=payers,
        gainers=gainers_table(anew[order[0] : order[0] + 1], payers),
        appraisal=plan,
        base_herfindahl=float(choices.herfindahl_of(0)[0]),
    )


def npv_of(
    base: Assignment,
    cost: GeneralizedCost,
    chosen: Sequence[str],
    *,
    costs: Mapping[str, float] | None = None,
    built: Sequence[str] = (),
    trade_of: Sequence[str] = (),
    rate: float | None = None,
    years: int | None = None,
    upkeep: float | None = None,
) -> float:
    """
    Return the net present value of one set, by the value of the search; options as in `invest`.

    `upkeep` is the share of the capital paid each year of service, else the parameter.

    Returns
    -------
    float
        [USD]
    """
    parameters, facts = base.cost.parameters, base.virtual.network.facts
    if not chosen:
        return 0.0
    if built:
        base = _with_built(base, cost, read_projects(facts, parameters, only=built))
    members = read_projects(facts, parameters, only=chosen, costs=costs)
    rate = parameters.get("discount_rate") if rate is None else rate
    years = int(parameters.get("appraisal_years")) if years is None else years
    if upkeep is None:
        upkeep = parameters.get("upkeep_share_yr", item="project")
    plan = appraise(members, rate, years, upkeep)
    choices = compile_choices(base, cost, members, zone_territories=trade_of)
    whole = (1 << len(members)) - 1
    worth = _worth_of(whole, lambda s: float(choices.saving(s)[0]), plan)
    return worth - float(plan.cost_usd.sum())


def _weights(objective: str, weights: Mapping[str, float] | None) -> dict[str, float]:
    asked = dict(weights) if weights else {objective: 1.0}
    for name, weight in asked.items():
        if name not in OBJECTIVES:
            mend = f"One of {', '.join(OBJECTIVES)}."
            raise InputError([Fault("--objective", f'"{name}" is none.', mend)])
        if not np.isfinite(weight):
            raise InputError([Fault("--weights", f"{name}={weight} is no weight.", "A number.")])
    return asked


def _with_built(base: Assignment, cost: GeneralizedCost, built: Sequence[Project]) -> Assignment:
    from isthmus.assign import assign

    order = as_order(built, str(base.virtual.network.date))
    changed, demand = order.apply(base.virtual.source, base.demand)
    return assign(changed, demand, cost, method=base.method, gap=base.asked_gap, start=base)


def _worth_of(chosen: int, saving: Callable[[int], float], plan: Appraisal) -> float:
    return sum(weight * saving(chosen & serving) for serving, weight in plan.stages)


def _describe(
    sets: npt.NDArray[np.int64],
    first: int,
    choices: Choices,
    listed: Sequence[Project],
    plan: Appraisal,
) -> pd.DataFrame:
    """Return what some sets cost and give, by the value of the search."""
    rows = []
    given = choices.of(sets) if len(listed) else np.zeros((len(sets), 2))
    spread = choices.herfindahl_of(sets) if len(listed) else np.zeros(len(sets))
    for k, chosen in enumerate(int(s) for s in sets):
        members = [i for i in range(len(listed)) if chosen >> i & 1]
        paid = float(plan.cost_usd[members].sum())
        worth = _worth_of(chosen, lambda s: float(choices.saving(s)[0]), plan) if listed else 0.0
        rows.append(
            {
                "rank": k + 1,
                "projects": "; ".join(listed[i].id for i in members),
                "chosen": chosen == first,
                "capital_usd": sum(listed[i].capital_usd for i in members),
                "cost_usd": paid,
                "held_usd_yr": float(given[k, 0]),
                "held_worth_usd": worth,
                "held_npv_usd": worth - paid,
                "held_bcr": worth / paid if paid > 0.0 else np.nan,
                "held_co2_saved_t_yr": float(given[k, 1]),
                "held_herfindahl": float(spread[k]),
            }
        )
    return pd.DataFrame(rows)


def _again(
    chosen: int,
    base: Assignment,
    cost: GeneralizedCost,
    listed: Sequence[Project],
    plan: Appraisal,
    trade_of: Sequence[str],
    folder: str | Path | None,
) -> dict[str, object]:
    """Assign a set anew, with its stages, and say what it is worth then."""
    done: dict[int, Again] = {}

    def of(some: int) -> Again:
        if some not in done:
            members = [p for i, p in enumerate(listed) if some >> i & 1]
            done[some] = assigned_anew(base, cost, members, trade_of=trade_of, folder=folder)
        return done[some]

    whole = of(chosen)
    worth = _worth_of(chosen, lambda s: of(s).gain_usd_yr, plan)
    paid = float(sum(plan.cost_usd[i] for i in range(len(listed)) if chosen >> i & 1))
    return {
        "saving_usd_yr": whole.saving_usd_yr,
        "new_trade_usd_yr": whole.new_trade_usd_yr,
        "worth_usd": worth,
        "npv_usd": worth - paid,
        "bcr": worth / paid if paid > 0.0 else np.nan,
        "co2_saved_t_yr": whole.co2_saved_t_yr,
        "by_land": whole.by_territory,
    }


_ANEW = ["saving_usd_yr", "new_trade_usd_yr", "worth_usd", "npv_usd", "bcr", "co2_saved_t_yr"]
"""Columns of a set assigned anew."""
_JUDGED = {"npv": "npv_usd", "saving": "worth_usd", "emissions": "co2_saved_t_yr"}
"""Column that decides between sets assigned anew; for what is not in one, the search does."""


def _beside(
    sets: pd.DataFrame, anew: list[dict[str, object]], weigh: Mapping[str, float]
) -> tuple[pd.DataFrame, list[int]]:
    """Set what is assigned anew before what the search held, and sort by it; the order is of the search's rows."""
    for name in _ANEW:
        values = [row[name] for row in anew]
        sets[name] = np.array([*values, *[np.nan] * (len(sets) - len(values))], dtype=float)
    sets = sets.rename(columns={"rank": "held_rank"})
    order = list(range(len(sets)))
    by = _JUDGED.get(next(iter(weigh))) if len(weigh) == 1 else None
    if by is not None:
        worth = sets[by].fillna(-np.inf).to_numpy()
        order.sort(key=lambda k: (-worth[k], k))
    sets = sets.iloc[order].reset_index(drop=True)
    sets["chosen"] = np.arange(len(sets)) == 0
    sets.insert(0, "rank", np.arange(1, len(sets) + 1))
    first = ["rank", "projects", "chosen", "capital_usd", "cost_usd", *_ANEW]
    return sets[[*first, *(c for c in sets if c not in first)]], order
