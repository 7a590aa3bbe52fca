"""
Investment: what the parts of the best set take on the shipped network, and the table of 20 projects.

Run ``python benchmarks/invest.py``; it prints seconds of the wall.
"""

from __future__ import annotations

import time

import numpy as np

import isthmus as ist
from isthmus.analysis.invest.appraisal import appraise
from isthmus.analysis.invest.projects import read_projects
from isthmus.analysis.invest.savings import compile_choices
from isthmus.analysis.invest.search import additive, best_set


def timed(what, function):
    """Run, print what it took, return the answer."""
    begun = time.perf_counter()
    found = function()
    print(f"{what:60s} {time.perf_counter() - begun:9.3f} s", flush=True)
    return found


def main() -> None:
    """Print all timings."""
    facts = ist.read()
    network, demand = facts.network("2025-01-01"), facts.demand(2024)
    cost = ist.GeneralizedCost(facts)
    base = timed("base, cold", lambda: ist.assign(network, demand, cost, gap=1e-5))
    asked = {p.id: 1e9 for p in read_projects(facts, base.cost.parameters) if not p.priced}
    projects = read_projects(facts, base.cost.parameters, costs=asked)
    compile_choices(base, cost, projects[:2]).table(0)  # compiles
    choices = timed(
        f"ways for every set of {len(projects)} projects",
        lambda: compile_choices(base, cost, projects),
    )
    some = choices.among(range(20))
    saving = timed("saving of all sets of 20 projects", lambda: some.table(0))
    timed("concentration of all sets of 20 projects", some.herfindahl)
    plan = appraise(projects[:20], 0.05, 30, 0.01)
    capital = np.array([p.capital_usd for p in projects[:20]])

    def best():
        return best_set(plan.worth(saving) - additive(plan.cost_usd), capital, 10e9)

    found = timed("best of all sets of 20 projects", best)
    print(
        f"  net present value {found.value / 1e6:,.0f} million USD, {found.sets:,} affordable sets"
    )
    timed("isthmus.invest, 24 priced, as a programme", lambda: ist.invest(
        base, cost, costs=asked, budget_usd=10e9, again=0, objective="saving"))  # fmt: skip
    names = [p.id for p in projects[:20]]
    timed("isthmus.invest, 20 priced, every set", lambda: ist.invest(
        base, cost, costs={k: v for k, v in asked.items() if k in names}, only=names,
        budget_usd=10e9, again=0, objective="saving"))  # fmt: skip


if __name__ == "__main__":
    main()
