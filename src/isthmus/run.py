"""The straight line for one scenario, and what it leaves on disk: whole or not at all."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from isthmus.assign import Assignment, assign, network_digest
from isthmus.chronicle import BEGINS
from isthmus.cost.model import GeneralizedCost
from isthmus.demand import demand_year
from isthmus.errors import Fault, InputError, IsthmusError
from isthmus.results import Run, digest_of, holds, manifest_of, write_run
from isthmus.scenario import Scenario, find_scenario

if TYPE_CHECKING:
    from isthmus.package import Facts

__all__ = ["Finished", "prepare", "run"]


@dataclass(frozen=True, eq=False)
class Finished:
    """
    A scenario whose results are on disk.

    Parameters
    ----------
    scenario : Scenario
    folder : Path
    manifest : dict
        As in ``manifest.json``, totals of the comparison among it.
    result : Run or None
        None if the folder held the same digest already and nothing was run.
    """

    scenario: Scenario
    folder: Path
    manifest: dict[str, Any] = field(repr=False)
    result: Run | None = field(default=None, repr=False)


def prepare(
    facts: Facts,
    scenario: Scenario,
    cost: GeneralizedCost,
    *,
    method: str = "stochastic",
    gap: float = 1e-6,
    base: Assignment | None = None,
    progress: Callable[[int, float], None] | None = None,
) -> Run:
    """
    Assign a scenario and its base.

    Parameters
    ----------
    facts : Facts
    scenario : Scenario
    cost : GeneralizedCost
    method : str
    gap : float
    base : Assignment, optional
        Of the same day, to save its solution.
    progress : callable, optional

    Returns
    -------
    Run
    """
    date = str(scenario.base)
    if base is None or not _is_base(base, facts, date, method):
        network, demand = facts.network(date), facts.demand(demand_year(facts, date))
        base = assign(network, demand, cost, method=method, gap=gap, progress=progress)
    # the very tables the base was assigned on: what a scenario leaves alone is known by identity
    network, demand = base.virtual.source, base.demand
    changed, changed_demand = scenario.apply(network, demand)
    if not changed.changes and changed_demand.flows.equals(demand.flows):
        return Run(scenario, base, base)
    new = assign(
        changed, changed_demand, cost, method=method, gap=gap, start=base, progress=progress
    )
    return Run(scenario, base, new)


def assigned(
    facts: Facts,
    scenario: str | None,
    date: str,
    *,
    method: str = "stochastic",
    gap: float = 1e-6,
) -> tuple[Assignment, Assignment | None]:
    """
    Assign the network of a day or, with an order, its base and the order.

    Parameters
    ----------
    facts : Facts
    scenario : str or None
        Order.
    date : str
        Day of the network without an order.
    method : str
    gap : float

    Returns
    -------
    base : Assignment
    new : Assignment or None
        With the order, if there is one.
    """
    cost = GeneralizedCost(facts)
    if scenario is None:
        _checked_day(date)
        demand = facts.demand(demand_year(facts, date))
        return assign(facts.network(date), demand, cost, method=method, gap=gap), None
    run = prepare(facts, find_scenario(scenario, facts), cost, method=method, gap=gap)
    return run.base, run.new


def _is_base(base: Assignment, facts: Facts, date: str, method: str) -> bool:
    """Return whether an assignment is that of the untouched network of a day."""
    source = base.virtual.source
    return (
        source.facts is facts
        and source.date == date
        and not source.changes
        and base.demand.year == demand_year(facts, date)
        and base.method == method
    )


def _checked_day(date: str) -> None:
    """Refuse what is no day, or one before the record begins."""
    try:
        day = dt.date.fromisoformat(date).isoformat()
    except ValueError:
        what = f'"{date}" is no day.'
        raise InputError([Fault("--date", what, "Write it as 2025-01-01.", "date")]) from None
    if day < BEGINS:
        what = f"{date} is before the record begins."
        raise InputError([Fault("--date", what, f"Take {BEGINS} or a later day.", "date")])


def run(
    facts: Facts,
    names: list[str],
    *,
    folder: str | Path = "results",
    method: str = "stochastic",
    gap: float = 1e-6,
    resume: bool = False,
    progress: Callable[[str], None] | None = None,
    **overrides: float,
) -> list[Finished]:
    """
    Run scenarios and write their results.

    Those of one day share their base. If one fails, the others are run all the same.

    Parameters
    ----------
    facts : Facts
    names : list of str
        Files or names of shipped scenarios; all are read before the first is run.
    folder : path
    method : str
    gap : float
    resume : bool
        Do not run again what a folder holds already by the same digest, so that a long list that was
        stopped goes on where it was.
    progress : callable, optional
        Told how far it is, in words.
    **overrides : float
        Other values for parameters.

    Returns
    -------
    list of Finished

    Raises
    ------
    InputError
        If a file cannot be read; or, when all others are done, with the faults of those that failed.
    """
    scenarios = [find_scenario(name, facts) for name in names]
    cost = GeneralizedCost(facts, **overrides)
    bases: dict[str, Assignment] = {}
    done: list[Finished] = []
    faults: list[Fault] = []
    for number, scenario in enumerate(scenarios, 1):
        said = f"{number} of {len(scenarios)}, {scenario.id}"

        def tell(iteration: int, reached: float, said: str = said) -> None:
            if progress is not None:
                progress(f"{said}: iteration {iteration}, gap {reached:.1e}")

        target = Path(folder) / scenario.id
        held = _kept(facts, scenario, cost, method, gap, target) if resume else None
        if held is not None:
            done.append(Finished(scenario, target, held))
            continue
        base = bases.get(scenario.base)
        try:
            result = prepare(
                facts, scenario, cost, method=method, gap=gap, base=base, progress=tell
            )
            bases[scenario.base] = result.base
            where = write_run(result, Path(folder))
        except IsthmusError as problem:
            if len(scenarios) == 1:
                raise
            mend = f"The others are done; run it alone: isthmus run {scenario.id}"
            faults.append(Fault(f"order {scenario.id}", str(problem), mend))
            continue
        done.append(Finished(scenario, where, manifest_of(result), result))
    if faults:
        raise InputError(faults)
    return done


def _kept(
    facts: Facts, scenario: Scenario, cost: GeneralizedCost, method: str, gap: float, target: Path
) -> dict[str, Any] | None:
    """Return the manifest of a folder that holds this very run, else None."""
    if not (target / "manifest.json").is_file():
        return None
    network, demand = facts.network(scenario.base), facts.demand(demand_year(facts, scenario.base))
    changed, trade = scenario.apply(network, demand)
    digests = {
        "facts": facts.digest,
        "network": network_digest(changed, trade),
        "cost": cost.digest,
    }
    wanted = digest_of(scenario, method, gap, network_digest(network, demand), digests)
    if not holds(target, wanted):
        return None
    return dict(json.loads((target / "manifest.json").read_text(encoding="utf-8")))
