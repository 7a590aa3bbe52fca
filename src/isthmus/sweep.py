"""
Do answers hold when the main assumptions move? Orders run again and again, kept as they are done.

Rows of `data/sweep.csv` name the assumptions and how far each is moved, one at a time. Every case of
an order is a small file under ``results/.sweep``, named by the digest of all that decides it, so that a
sweep that was stopped goes on where it was.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.stats import kendalltau

from isthmus.analysis.flows import compare
from isthmus.assign import Assignment, assign
from isthmus.assumptions import CENTRAL, Case, cases, moved
from isthmus.cost.model import GeneralizedCost
from isthmus.demand import demand_year
from isthmus.errors import Fault, InputError
from isthmus.package import Facts, read
from isthmus.scenario import find_scenario
from isthmus.version import __version__

if TYPE_CHECKING:
    from isthmus.scenario import Scenario

__all__ = ["QUANTITIES", "Sweep", "remembered", "sweep"]

QUANTITIES = {
    "cost_usd_yr": "generalised cost of its trade",
    "money_usd_yr": "money its trade pays",
    "time_th_yr": "tonne-hours of its trade",
    "co2_t_yr": "emissions of its trade",
    "transit_t_yr": "transit of others over its territory",
    "unserved_t_yr": "tonnes of its trade without a route",
}
"""What is kept of an order for each territory: its change. All but transit and unserved over the tonnes served in both."""

_NOTHING = 1e-9
"""Share of the greatest change below which a change is nothing: its sign says nothing."""


@dataclass(frozen=True)
class Sweep:
    """
    What orders do to territories, over all cases.

    Parameters
    ----------
    values : DataFrame
        case, order, territory_id, then one column a quantity: the change against the base.
    names : dict of str to str
        Territory → its name.
    """

    values: pd.DataFrame = field(repr=False)
    names: dict[str, str] = field(repr=False)

    def table(self, quantity: str = "cost_usd_yr") -> pd.DataFrame:
        """
        Return central value, range, sign and rank of each order for each territory.

        Parameters
        ----------
        quantity : str
            One of `QUANTITIES`.

        Returns
        -------
        DataFrame
            order, territory_id, name, central, low, high, sign_holds, rank, rank_low, rank_high
            (1 is the lowest value: for a cost the order that saves most); orders and territories as given.

        Raises
        ------
        InputError
            If there is no such quantity.
        """
        if quantity not in QUANTITIES:
            mend = f"One of {', '.join(QUANTITIES)}."
            raise InputError([Fault("--quantity", f'"{quantity}" is none.', mend)])
        wide = self.values.pivot_table(
            index=["order", "territory_id"], columns="case", values=quantity, sort=False
        )
        out = pd.DataFrame({"central": wide[CENTRAL], "low": wide.min(axis=1)})
        out["high"] = wide.max(axis=1)
        least = _NOTHING * float(wide.abs().to_numpy().max(initial=0.0))
        signs = np.sign(np.where(wide.abs() > least, wide, 0.0))
        out["sign_holds"] = (signs == signs[:, :1]).all(axis=1)
        ranks = wide.groupby(level="territory_id").rank(method="min")
        out["rank"] = ranks[CENTRAL].astype(int)
        out["rank_low"] = ranks.min(axis=1).astype(int)
        out["rank_high"] = ranks.max(axis=1).astype(int)
        out = out.reset_index()
        out.insert(2, "name", out["territory_id"].map(self.names).fillna(out["territory_id"]))
        return out

    def agreement(self, quantity: str = "cost_usd_yr") -> pd.DataFrame:
        """
        Return, for each territory, how far the ranking of orders agrees with the central one.

        Returns
        -------
        DataFrame
            territory_id, name, tau_least and tau_mean: Kendall's tau-b over the other cases (1 is the
            same ranking; NaN where there is nothing to rank).
        """
        rows = []
        for territory, part in self.values.groupby("territory_id", sort=False):
            wide = part.pivot_table(index="order", columns="case", values=quantity, sort=False)
            others = [c for c in wide if c != CENTRAL]
            tau = [kendalltau(wide[CENTRAL], wide[c]).statistic for c in others]
            rows.append(
                {
                    "territory_id": territory,
                    "name": self.names.get(str(territory), str(territory)),
                    "tau_least": float(np.min(tau)) if tau else np.nan,
                    "tau_mean": float(np.mean(tau)) if tau else np.nan,
                }
            )
        return pd.DataFrame(rows, columns=["territory_id", "name", "tau_least", "tau_mean"])


def sweep(
    facts: Facts,
    orders: Sequence[str],
    *,
    assumptions: Sequence[str] | None = None,
    folder: str | Path = "results",
    method: str = "stochastic",
    gap: float = 1e-5,
    overlays: Sequence[Path] = (),
    workers: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> Sweep:
    """
    Run orders under each case.

    Parameters
    ----------
    facts : Facts
    orders : sequence of str
        Files or names; all are read before the first is run.
    assumptions : sequence of str, optional
        Ids of ``data/sweep.csv``; default all. An empty one runs the central case alone.
    folder : path
        Cases that are done are kept in ``.sweep`` below it.
    method : str
    gap : float
    overlays : sequence of Path
        What `facts` was read from besides the shipped tables: workers read it anew.
    workers : int
        Processes; 1 runs here. The numbers are the same.
    progress : callable, optional
        Called with cases of orders done and to do.

    Returns
    -------
    Sweep

    Raises
    ------
    InputError
    """
    scenarios = [find_scenario(name, facts) for name in orders]
    todo = cases(facts, assumptions)
    kept = Path(folder) / ".sweep"
    kept.mkdir(parents=True, exist_ok=True)
    total, done = len(todo) * len(scenarios), 0
    frames: dict[tuple[str, str], pd.DataFrame] = {}

    def take(case: Case, name: str, frame: pd.DataFrame) -> None:
        nonlocal done
        frames[case.name, name] = frame
        done += 1
        if progress is not None:
            progress(done, total)

    left = []
    for case in todo:
        varied = moved(facts, case)
        files = [kept / f"{_digest(varied, s, method, gap)}.parquet" for s in scenarios]
        for s, file in zip(scenarios, files, strict=True):
            if file.is_file():
                take(case, s.id, pd.read_parquet(file))
        if any((case.name, s.id) not in frames for s in scenarios):
            left.append(case)
    if workers > 1 and len(left) > 1:
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            jobs = {
                pool.submit(_job, list(overlays), list(orders), case, str(kept), method, gap): case
                for case in left
            }
            try:
                for job in as_completed(jobs):
                    for name, frame in job.result():
                        if (jobs[job].name, name) not in frames:
                            take(jobs[job], name, frame)
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
    else:
        for case in left:
            for name, frame in _run(moved(facts, case), scenarios, kept, method, gap):
                if (case.name, name) not in frames:
                    take(case, name, frame)
    values = pd.concat(
        [
            frames[case.name, s.id].assign(case=case.name, order=s.id)
            for case in todo
            for s in scenarios
        ],
        ignore_index=True,
    )
    names = facts["territories"].set_index("territory_id")["name"].to_dict()
    return Sweep(values[["case", "order", "territory_id", *QUANTITIES]], names)


def _job(
    overlays: list[Path], orders: list[str], case: Case, kept: str, method: str, gap: float
) -> list[tuple[str, pd.DataFrame]]:
    facts = read(*overlays)
    scenarios = [find_scenario(name, facts) for name in orders]
    return list(_run(moved(facts, case), scenarios, Path(kept), method, gap))


@cache
def _code() -> str:
    """Digest of the package's modules: a number is kept for the code that made it."""
    digest = hashlib.sha256()
    for file in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def remembered(folder: Path, key: Sequence[object], measure: Callable[[], float]) -> float:
    """
    Return a number that was measured before, or measure it and keep it.

    Parameters
    ----------
    folder : Path
        Numbers are kept in ``.tornado`` below it, each a small file.
    key : sequence
        All that decides the number, beside the code of the package.
    measure : callable

    Returns
    -------
    float
    """
    name = "\0".join([_code(), *map(repr, key)])
    file = Path(folder) / ".tornado" / f"{hashlib.sha256(name.encode()).hexdigest()[:40]}.json"
    try:
        return float(json.loads(file.read_text(encoding="utf-8"))["value"])
    except (OSError, ValueError, KeyError, TypeError):
        value = float(measure())  # not there, or not whole
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=file.parent) as place:
        draft = Path(place) / "draft"
        draft.write_text(json.dumps({"value": value, "of": list(map(repr, key))}), encoding="utf-8")
        draft.replace(file)
    return value


def _digest(facts: Facts, scenario: Scenario, method: str, gap: float) -> str:
    parts = [__version__, facts.digest, scenario.id, scenario.digest, method, repr(gap)]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:40]


def _run(
    facts: Facts, scenarios: Sequence[Scenario], kept: Path, method: str, gap: float
) -> Iterator[tuple[str, pd.DataFrame]]:
    """Run the orders of one case, each written when done; those of one day share their base."""
    cost = GeneralizedCost(facts)
    bases: dict[str, Assignment] = {}
    for scenario in scenarios:
        file = kept / f"{_digest(facts, scenario, method, gap)}.parquet"
        if file.is_file():
            yield scenario.id, pd.read_parquet(file)
            continue
        network = facts.network(scenario.base)
        demand = facts.demand(demand_year(facts, scenario.base))
        if scenario.base not in bases:
            bases[scenario.base] = assign(network, demand, cost, method=method, gap=gap)
        base = bases[scenario.base]
        changed, trade = scenario.apply(network, demand)
        new = assign(changed, trade, cost, method=method, gap=gap, start=base)
        frame = compare(base, new).by("territory")
        frame = frame[frame["territory_kind"].eq("state")]
        frame = frame[["territory_id", *(f"{q}_change" for q in QUANTITIES)]]
        frame = frame.rename(columns={f"{q}_change": q for q in QUANTITIES})
        _write(frame, file)
        yield scenario.id, frame


def _write(frame: pd.DataFrame, file: Path) -> None:
    """Write a file whole or not at all."""
    with tempfile.NamedTemporaryFile(dir=file.parent, suffix=".part", delete=False) as part:
        path = Path(part.name)
    try:
        frame.to_parquet(path, index=False)
        path.replace(file)
    finally:
        path.unlink(missing_ok=True)
