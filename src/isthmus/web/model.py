"""The model behind the map: facts read once, a base for each day, every answer kept."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from isthmus.analysis.claims import ASSUMPTIONS, claim_document, claim_of, run_claims
from isthmus.analysis.flows import route
from isthmus.analysis.power import compare_power, power
from isthmus.assign import Assignment, assign
from isthmus.cost.model import GeneralizedCost
from isthmus.demand import demand_year
from isthmus.results import Run
from isthmus.run import prepare
from isthmus.scenario import Scenario, find_scenario, list_scenarios
from isthmus.web.answers import answer, detail
from isthmus.web.edits import State, edited

if TYPE_CHECKING:
    from isthmus.package import Facts
    from isthmus.web.schemas import RouteAsked

__all__ = ["Model"]

_DAYS, _RUNS, _ANSWERS = 4, 4, 64
"""Bases, runs and answers held at once: a run is a hundred megabytes, its answer a tenth of one."""


class Model:
    """
    Facts, costs and the answers given so far.

    The same state has the same answer whatever was asked before it: every order is assigned from
    the base of its day, as `isthmus run` does it.

    Parameters
    ----------
    facts : Facts
    method : str
    gap : float
        As of `isthmus run`.
    assumptions : sequence of str
        Rows of ``data/sweep.csv`` that ranges of findings are taken over.
    """

    def __init__(
        self,
        facts: Facts,
        method: str = "stochastic",
        gap: float = 1e-6,
        assumptions: Sequence[str] = ASSUMPTIONS,
    ) -> None:
        self.facts, self.method, self.gap, self.assumptions = facts, method, gap, assumptions
        self.cost = GeneralizedCost(facts)
        self._days: OrderedDict[str, Assignment] = OrderedDict()
        self._runs: OrderedDict[str, Run] = OrderedDict()
        self._answers: OrderedDict[str, dict[str, Any]] = OrderedDict()
        self._scenarios: dict[str, Scenario] = {}
        self._claims: dict[tuple[str, bool], dict[str, Any]] = {}
        self._games: dict[str, dict[str, Any]] = {}
        self._turn = threading.RLock()
        self._claiming, self._playing = threading.Lock(), threading.Lock()

    def order(self, name: str) -> Scenario:
        """
        Return a shipped order by name.

        Raises
        ------
        InputError
            With the nearest names.
        """
        if name not in self._scenarios:
            if name not in list_scenarios():
                find_scenario(name.removesuffix(".toml"))  # raises with the nearest
            self._scenarios[name] = find_scenario(name)
        return self._scenarios[name]

    def scenario(self, state: State) -> Scenario:
        """Return the scenario a state of the map stands for."""
        return edited(self.order(state.order), state.edits, state.date)

    def base(self, date: str) -> Assignment:
        """Return the flows of a day as it was, assigned once."""
        with self._turn:
            if date not in self._days:
                demand = self.facts.demand(demand_year(self.facts, date))
                network = self.facts.network(date)
                self._days[date] = assign(
                    network, demand, self.cost, method=self.method, gap=self.gap
                )
                _trim(self._days, _DAYS)
            self._days.move_to_end(date)
            return self._days[date]

    def run(self, state: State) -> Run:
        """
        Return a state's order, assigned beside its base.

        Raises
        ------
        InputError
            If an edit names nothing, or cannot be.
        """
        scenario = self.scenario(state)
        key = f"{scenario.base} {scenario.digest}"
        with self._turn:
            found = self._runs.get(key)
            if found is None:
                found = prepare(
                    self.facts,
                    scenario,
                    self.cost,
                    method=self.method,
                    gap=self.gap,
                    base=self.base(scenario.base),
                )
                self._runs[key] = found
                _trim(self._runs, _RUNS)
            self._runs.move_to_end(key)
            return found

    def answer(self, state: State) -> dict[str, Any]:
        """Return what the map shows of a state; see `run`."""
        scenario = self.scenario(state)
        key = f"{scenario.base} {scenario.digest} {scenario.id}"
        with self._turn:
            found = self._answers.get(key)
            if found is None:
                found = answer(self.run(state))
                self._answers[key] = found
                _trim(self._answers, _ANSWERS)
            self._answers.move_to_end(key)
            return found

    def detail(self, state: State) -> dict[str, Any]:
        """Return the tables behind an answer; see `isthmus.web.answers.detail`."""
        scenario = self.scenario(state)
        key = f"detail {scenario.base} {scenario.digest}"
        with self._turn:
            if key not in self._answers:
                self._answers[key] = detail(self.run(state))
                _trim(self._answers, _ANSWERS)
            return self._answers[key]

    def power(self, state: State, players: int = 8) -> dict[str, Any]:
        """
        Return the transit game before and after a state's order: who can stop whom, in money.

        Parameters
        ----------
        state : State
        players : int
            Those whose territory most tonnes of others pass in the base; the same in both games.

        Returns
        -------
        dict
            As `isthmus.web.schemas.Power`.
        """
        run = self.run(state)
        key = f"{run.scenario.base} {run.scenario.digest} {players}"
        with self._playing:
            if key not in self._games:
                base = power(run.base, most=players)
                who = list(base.players["player_id"])
                new = power(run.new, who, outside=base.outside) if run.compared else base
                self._games[key] = {
                    "compared": run.compared,
                    "exact": base.exact,
                    "total_usd_yr": base.total_usd_yr,
                    "rows": compare_power(base, new).to_dict("records"),
                }
            return self._games[key]

    def route(self, asked: RouteAsked) -> dict[str, Any]:
        """
        Return alternatives between two places in a state of the network; as `isthmus route`.

        Raises
        ------
        InputError
            If a place or a commodity is unknown.
        NoPath
            Naming the closed elements that cut the two.
        """
        scenario = self.scenario(asked)
        network, _ = scenario.apply(self.facts.network(scenario.base), self.facts.demand())
        found = route(network, self.cost, asked.origin, asked.destination, asked.commodity, asked.k)
        return found.as_dict()

    def claim(self, claim_id: str, *, ranged: bool = True) -> dict[str, Any]:
        """
        Return a claim with its finding and the flows behind it, run once.

        Parameters
        ----------
        claim_id : str
        ranged : bool
            Whether to take the range under other assumptions too: many runs.

        Raises
        ------
        UnknownName
            If there is no such claim.
        """
        key = str(claim_of(self.facts, claim_id)["claim_id"])
        with self._claiming:
            known = self._claims.get((key, True)) or self._claims.get((key, ranged))
            if known is None:
                assumptions = self.assumptions if ranged else ()
                [found] = run_claims(self.facts, [key], assumptions=assumptions, keep=True)
                known = claim_document(self.facts, found, flows=True)
                self._claims[key, ranged] = known
            return known


def _trim(kept: OrderedDict[str, Any], most: int) -> None:
    while len(kept) > most:
        kept.popitem(last=False)
