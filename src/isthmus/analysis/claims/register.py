"""
Run the tests of the register of claims: scenario pairs, measured once and under other assumptions.

The metrics live in `isthmus.analysis.claims.metrics` and the rule of verdicts in `isthmus.analysis.claims.verdict`;
here are the runs they need.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from isthmus.analysis.claims.metrics import METRICS, measure
from isthmus.analysis.claims.pairs import Pair
from isthmus.analysis.claims.verdict import NOT_TESTED, of_claim, of_test
from isthmus.assign import Assignment, assign
from isthmus.assumptions import cases, moved
from isthmus.cost.model import GeneralizedCost
from isthmus.demand import demand_year
from isthmus.errors import InputError, NotTestable, UnknownName
from isthmus.facts.history import parse_date
from isthmus.scenario import Scenario, find_scenario

if TYPE_CHECKING:
    from isthmus.demand import Demand
    from isthmus.network import Network
    from isthmus.package import Facts

__all__ = ["ASSUMPTIONS", "DATE", "ClaimFinding", "Finding", "claim_of", "run_claims"]

DATE = "date:"


ASSUMPTIONS = ("value-of-time", "rail-rates", "border-hours", "perturbation")
"""Rows of ``data/sweep.csv`` that are moved unless others are named: those that decide most."""


@dataclass(frozen=True)
class Finding:
    """
    What one test found.

    Parameters
    ----------
    test : dict
        The row of ``data/claim_tests.csv``.
    value : float
        NaN if nothing was computed. [unit of the test]
    low, high : float
        Least and most over the sweep, the value itself among them.
    verdict : str
    why : str
        Why nothing was computed.
    varied : dict of str to float
        Value by case, such as ``"value-of-time low"``.
    """

    test: dict[str, Any]
    value: float
    low: float
    high: float
    verdict: str
    why: str = ""
    varied: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class ClaimFinding:
    """
    One claim with its finding.

    Parameters
    ----------
    claim : dict
        The row of ``data/claims.csv``.
    tests : tuple of Finding
    verdict : str
    pairs : dict of str to Pair
        Assignments behind each test, where they were asked to be kept.
    """

    claim: dict[str, Any]
    tests: tuple[Finding, ...]
    verdict: str
    pairs: dict[str, Pair] = field(default_factory=dict, repr=False)


def claim_of(facts: Facts, claim_id: str) -> dict[str, Any]:
    """
    Return one claim.

    Raises
    ------
    UnknownName
        With the nearest ids.
    """
    table = facts["claims"]
    hit = table[table["claim_id"].str.casefold().eq(claim_id.casefold())]
    if hit.empty:
        raise UnknownName("claim", claim_id, facts.names.nearest("claim", claim_id))
    return dict(hit.iloc[0])


def run_claims(
    facts: Facts,
    claims: Iterable[str] | None = None,
    *,
    method: str = "stochastic",
    gap: float = 1e-6,
    assumptions: Sequence[str] | None = ASSUMPTIONS,
    keep: bool = False,
    progress: Callable[[str], None] | None = None,
) -> list[ClaimFinding]:
    """
    Test claims.

    Parameters
    ----------
    facts : Facts
    claims : iterable of str, optional
        Claim ids; all if None. Claims without a test come back as not tested.
    method : str
        Of assignment.
    gap : float
        Relative gap asked for; variations are taken at a hundredfold of it.
    assumptions : sequence of str, optional
        Rows of ``data/sweep.csv`` that are moved, each a fifth down and up; empty for the value
        alone, None for all.
    keep : bool
        Whether to return the assignments behind each test.
    progress : callable, optional
        Called with what is being run.

    Returns
    -------
    list of ClaimFinding
        In the order of the register.

    Raises
    ------
    UnknownName
        If there is no such claim.
    """
    table = facts["claims"]
    wanted = list(table["claim_id"]) if claims is None else list(claims)
    ids = list(dict.fromkeys(claim_of(facts, c)["claim_id"] for c in wanted))
    rows = facts["claim_tests"]
    tests = rows[rows["claim_id"].isin(ids)].to_dict("records")
    tell = progress or _silent
    pairs: dict[str, Pair] = {}
    values, why = _measure_all(facts, tests, method, gap, tell, pairs if keep else None)
    varied: dict[str, dict[str, float]] = {t["test_id"]: {} for t in tests}
    sound = [t for t in tests if t["test_id"] in values]
    for case in cases(facts, assumptions)[1:] if sound else ():
        found, _ = _measure_all(
            moved(facts, case),
            sound,
            method,
            min(100 * gap, 1e-3),
            lambda text, label=case.name: tell(f"{label}: {text}"),  # type: ignore[misc]
        )
        for test in sound:
            varied[test["test_id"]][case.name] = found.get(test["test_id"], math.nan)
    results = [
        _result(t, values.get(t["test_id"], math.nan), varied[t["test_id"]], why) for t in tests
    ]
    out = []
    for claim_id in ids:
        own = tuple(r for r in results if r.test["claim_id"] == claim_id)
        out.append(
            ClaimFinding(
                claim_of(facts, claim_id),
                own,
                of_claim(r.verdict for r in own),
                {
                    r.test["test_id"]: pairs[r.test["test_id"]]
                    for r in own
                    if r.test["test_id"] in pairs
                },
            )
        )
    return out


def _silent(text: str) -> None:
    """Tell nobody."""


def _result(
    test: dict[str, Any], value: float, varied: dict[str, float], why: dict[str, str]
) -> Finding:
    all_values = [value, *varied.values()]
    verdict = of_test(all_values, test["direction"], test["supported"], test["contradicted"])
    known = [v for v in all_values if not math.isnan(v)] or [math.nan]
    reason = why.get(test["test_id"], "")
    if verdict == NOT_TESTED and not reason:
        reason = "nothing was computed under some of the assumptions"
    return Finding(test, value, min(known), max(known), verdict, reason, varied)


def _measure_all(
    facts: Facts,
    tests: list[dict[str, Any]],
    method: str,
    gap: float,
    tell: Callable[[str], None],
    pairs: dict[str, Pair] | None = None,
) -> tuple[dict[str, float], dict[str, str]]:
    """Return the value of each test, and why the others have none."""
    runs = _Runs(facts, method, gap, tell)
    values: dict[str, float] = {}
    why: dict[str, str] = {}
    ordered = sorted(tests, key=lambda t: (t["scenario"], t["base"]))
    for i, test in enumerate(ordered):
        name = test["test_id"]
        try:
            if test["metric"] not in METRICS:
                raise NotTestable(f'no metric "{test["metric"]}"')
            pair = runs.pair(test["base"], test["scenario"])
            value = measure(test["metric"], pair, test["subject"])
            if math.isnan(value):
                raise NotTestable("the model gives no number")
            values[name] = value
            if pairs is not None:
                pairs[name] = pair
        except (NotTestable, InputError) as problem:
            why[name] = str(problem).splitlines()[0]
        still = {s for t in ordered[i + 1 :] for s in (t["base"], t["scenario"])}
        runs.forget(still)
    return values, why


class _Runs:
    """Assignments of one set of facts, each made once and let go when no test needs it."""

    def __init__(self, facts: Facts, method: str, gap: float, tell: Callable[[str], None]) -> None:
        self.facts, self.method, self.gap, self.tell = facts, method, gap, tell
        self.cost = GeneralizedCost(facts)
        self.days: dict[tuple[str, int], Assignment] = {}
        self.done: dict[tuple[str, int], Assignment] = {}
        self.read: dict[str, Scenario | None] = {}
        self.missing: dict[str, InputError] = {}
        self.pairs: dict[tuple[str, str], Pair] = {}

    def pair(self, base: str, scenario: str) -> Pair:
        """Return both sides, with the trade of the right one, so that only the network differs."""
        key = (base, scenario)
        if key not in self.pairs:
            for name in key:
                self._scenario(name)  # a missing one is told before anything is run
            year = demand_year(self.facts, self._date(scenario))
            left = self._assignment(base, year)
            right = left if base == scenario else self._assignment(scenario, year)
            self.pairs[key] = Pair(left, right)
        return self.pairs[key]

    def forget(self, still: set[str]) -> None:
        """Let go of what no later test names."""
        self.pairs = {k: v for k, v in self.pairs.items() if set(k) <= still}
        self.done = {k: v for k, v in self.done.items() if k[0] in still}
        dates = {self._date(name) for name in still if self._known(name)}
        self.days = {k: v for k, v in self.days.items() if k[0] in dates}

    def _scenario(self, name: str) -> Scenario | None:
        """Return a scenario, None for a plain day; one that is missing stays missing."""
        if name in self.missing:
            raise self.missing[name]
        if name not in self.read:
            try:
                self.read[name] = None if name.startswith(DATE) else find_scenario(name)
            except InputError as problem:
                self.missing[name] = problem
                raise
        return self.read[name]

    def _date(self, name: str) -> str:
        scenario = self._scenario(name)
        return parse_date(name.removeprefix(DATE), name) if scenario is None else scenario.base

    def _known(self, name: str) -> bool:
        try:
            self._scenario(name)
        except InputError:
            return False
        return True

    def _assignment(self, name: str, year: int) -> Assignment:
        scenario = self._scenario(name)
        day = self._day(self._date(name), year)
        if scenario is None or not scenario.changes:
            return day
        key = (name, year)
        if key not in self.done:
            self.tell(name)
            network: Network = day.virtual.network
            demand: Demand = day.demand
            changed = scenario.apply(network, demand)
            self.done[key] = assign(
                *changed, self.cost, method=self.method, gap=self.gap, start=day
            )
        return self.done[key]

    def _day(self, date: str, year: int) -> Assignment:
        key = (date, year)
        if key not in self.days:
            self.tell(f"the network of {date}")
            network, demand = self.facts.network(date), self.facts.demand(year)
            self.days[key] = assign(network, demand, self.cost, method=self.method, gap=self.gap)
        return self.days[key]
