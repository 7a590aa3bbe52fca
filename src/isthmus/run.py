"""The straight line for one scenario, and what it leaves on disk: whole or not at all."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from isthmus.analysis.flows import Comparison, compare
from isthmus.assign import Assignment, assign, network_digest
from isthmus.chronicle import BEGINS
from isthmus.cost.model import GeneralizedCost
from isthmus.demand import demand_year
from isthmus.errors import Fault, InputError, IsthmusError
from isthmus.scenario import Scenario, find_scenario
from isthmus.version import __version__

if TYPE_CHECKING:
    from isthmus.package import Facts

__all__ = [
    "FILES",
    "Finished",
    "Run",
    "manifest_of",
    "prepare",
    "run",
    "write_run",
]

FILES = (
    "manifest.json",
    "links.parquet",
    "paths.parquet",
    "skims.omx",
    "comparison.csv",
    "bottlenecks.csv",
    "map.gpkg",
    "report.html",
)
"""What the folder of a run holds."""


@dataclass(frozen=True, eq=False)
class Run:
    """
    One scenario, assigned beside its base.

    Parameters
    ----------
    scenario : Scenario
    base, new : Assignment
        The same object for a scenario without changes.
    """

    scenario: Scenario
    base: Assignment = field(repr=False)
    new: Assignment = field(repr=False)

    @property
    def compared(self) -> bool:
        """Whether the scenario changes anything."""
        return self.base is not self.new

    @cached_property
    def comparison(self) -> Comparison:
        """Base and new side by side."""
        return compare(self.base, self.new)


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


def manifest_of(result: Run) -> dict[str, Any]:
    """Return what reproduces a run: digests, version, method, gap."""
    new = result.new
    return {
        "scenario": result.scenario.id,
        "title": result.scenario.name,
        "date": new.virtual.network.date,
        "demand_year": new.demand.year,
        "version": __version__,
        "method": new.method,
        "route_flows": new.route_flows,
        "gap": new.gap,
        "asked_gap": new.asked_gap,
        "converged": bool(new.converged and result.base.converged),
        "iterations": new.iterations,
        "base_gap": result.base.gap,
        "base_converged": result.base.converged,
        "base_iterations": result.base.iterations,
        "certificate": _certificate(new),
        "compared": result.compared,
        "totals": {k: None if v != v else v for k, v in result.comparison.totals().items()},
        "seed": None,
        "stops": new.virtual.n_stop,
        "arcs": new.virtual.n_arc,
        "paths": new.paths.n_path,
        "scenario_digest": result.scenario.digest,
        "base_network_digest": result.base.digests["network"],
        **{f"{k}_digest": v for k, v in new.digests.items()},
        "digest": _digest(result),
    }


def _certificate(new: Assignment) -> dict[str, float | None]:
    """Return what proves a stochastic equilibrium; nothing of other methods."""
    proof = new.certificate
    if proof is None:
        return {"conservation": None, "duality_gap": None, "least_usd_yr": None}
    return {
        "conservation": proof.conservation,
        "duality_gap": proof.duality_gap,
        "least_usd_yr": proof.least_usd_yr,
    }


def _digest(result: Run) -> str:
    new, base = result.new, result.base.digests["network"]
    return _digest_of(result.scenario, new.method, new.asked_gap, base, new.digests)


def _digest_of(
    scenario: Scenario, method: str, gap: float, base: str, digests: Mapping[str, str]
) -> str:
    sha = hashlib.sha256(__version__.encode())
    for part in [scenario.id, scenario.digest, method, repr(gap), base, *digests.values()]:
        sha.update(b"\0" + part.encode())
    return sha.hexdigest()


def write_run(result: Run, folder: Path) -> Path:
    """
    Write ``results/<scenario>/`` whole or not at all.

    Parameters
    ----------
    result : Run
    folder : Path
        Parent, usually ``results``.

    Returns
    -------
    Path
        The folder of this scenario. If it holds the same digest already, it is left as it is.
    """
    from isthmus.formats.geo import write_map
    from isthmus.formats.omx import write_omx
    from isthmus.output.report.assemble import assemble
    from isthmus.output.report.order import write_report
    from isthmus.skim import skim

    manifest = manifest_of(result)
    target = folder / result.scenario.id
    if _holds(target, str(manifest["digest"])):
        return target
    folder.mkdir(parents=True, exist_ok=True)
    comparison = result.comparison
    part = Path(tempfile.mkdtemp(prefix=f".{result.scenario.id}-", dir=folder))
    try:
        comparison.by("link").to_parquet(part / "links.parquet", index=False)
        path_table(result.new).to_parquet(part / "paths.parquet", index=False)
        comparison_table(comparison).to_csv(part / "comparison.csv", index=False)
        comparison.bottlenecks().to_csv(part / "bottlenecks.csv", index=False)
        skims = skim(result.new)
        write_omx(part / "skims.omx", skims.matrices, skims.zones)
        bundle = assemble(result.scenario, comparison, manifest, compared=result.compared)
        write_map(part / "map.gpkg", bundle)
        write_report(part / "report.html", bundle)
        (part / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
        _replace(part, target)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return target


def _holds(target: Path, digest: str) -> bool:
    manifest = target / "manifest.json"
    if not all((target / name).is_file() for name in FILES):
        return False  # a folder of an older version, or one somebody took from
    try:
        return bool(json.loads(manifest.read_text(encoding="utf-8")).get("digest") == digest)
    except ValueError:
        return False


def _replace(part: Path, target: Path) -> None:
    """Put the finished folder in place; an older one steps aside first."""
    part.chmod(0o755)
    if target.exists():
        old = Path(tempfile.mkdtemp(prefix=f".{target.name}-old-", dir=target.parent))
        target.rename(old / target.name)
        part.rename(target)
        shutil.rmtree(old, ignore_errors=True)
    else:
        part.rename(target)


def comparison_table(comparison: Comparison) -> pd.DataFrame:
    """Return every dimension in one long table: dimension, key, quantity, base, new, change."""
    from isthmus.analysis.flows import DIMENSIONS

    parts = []
    for dimension, (key, _) in DIMENSIONS.items():
        frame = comparison.by(dimension)
        if frame.empty:
            continue
        label = frame[key].astype(str).agg(" > ".join, axis=1)
        for column in [c for c in frame if c.endswith("_change")]:
            quantity = column.removesuffix("_change")
            part = pd.DataFrame({"dimension": dimension, "key": label, "quantity": quantity})
            part["base"], part["new"] = frame[f"{quantity}_base"], frame[f"{quantity}_new"]
            part["change"] = frame[column]
            parts.append(part[(part["base"] != 0) | (part["new"] != 0) | (part["change"] != 0)])
    return pd.concat(parts, ignore_index=True)


def path_table(assignment: Assignment) -> pd.DataFrame:
    """Return the used paths: trade, tonnes, attributes and the links in order."""
    paths, arcs = assignment.paths, assignment.virtual.arcs
    link = arcs["link_id"].to_numpy()
    frame = assignment.trips[["origin_zone_id", "destination_zone_id", "commodity_id"]]
    frame = frame.iloc[paths.trip].reset_index(drop=True)
    frame["tonnes_t_yr"] = paths.flow
    for attribute, column in {
        "usd": "usd_t",
        "money": "money_usd_t",
        "hours": "hours_h",
        "co2": "co2_kg_t",
        "length_km": "length_km",
    }.items():
        frame[column] = assignment.path_total(attribute)
    frame["links"] = [" ".join(i for i in link[paths.of(p)] if i) for p in range(paths.n_path)]
    return frame


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
        held = _held(facts, scenario, cost, method, gap, target) if resume else None
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


def _held(
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
    wanted = _digest_of(scenario, method, gap, network_digest(network, demand), digests)
    if not _holds(target, wanted):
        return None
    return dict(json.loads((target / "manifest.json").read_text(encoding="utf-8")))
