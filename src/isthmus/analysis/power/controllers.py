"""
Who can stop whom, in money: the transit game over those whose consent opens an arc.

A coalition of controllers lets third parties pass what it controls. What it is worth is the
generalised cost it saves the trade of all, under hard capacities, against nobody letting anybody pass.
`docs/power.md` has the equations and what they cannot say.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from isthmus.analysis.flows.coalitions import MOST_EXACT, PathGap, compile_game
from isthmus.analysis.power.game import transit_by_controller, transit_game
from isthmus.errors import Fault, InputError
from isthmus.games import (
    Kohlberg,
    LeastCore,
    Sampled,
    banzhaf,
    kohlberg,
    least_core,
    nucleolus,
    prenucleolus,
    sampled_shapley,
    shapley,
)

if TYPE_CHECKING:
    from isthmus.assign import Assignment
    from isthmus.facts.tables import Facts

__all__ = ["Power", "compare_power", "named", "power"]

FloatArray = npt.NDArray[np.float64]

Progress = Callable[[str, int, int], None]
"""Called with a stage, steps done and steps to do; what it raises interrupts."""


@dataclass(frozen=True, eq=False)
class Power:
    """
    The transit game of a network, solved.

    Parameters
    ----------
    players : DataFrame
        player_id, name, transit_t_yr: third parties' tonnes over what it controls in the assignment
        the game was made of [t/yr]. Player i is bit i of a coalition.
    values : ndarray, shape (2**n,), or None
        What each coalition saves; None if there are too many players to solve all. [USD/yr]
    outside : DataFrame
        origin_zone_id, destination_zone_id, commodity_id, outside_usd_t: what a tonne costs that
        does not move [USD/t].
    path_gap : PathGap
        What ways that were not generated could save more, as a share of what all save.
    checked : int
        Coalitions solved: all of them, or those of the sample.
    sampled : Sampled or None
        Estimates where not all coalitions are solved.
    total_usd_yr : float
        What all players together save. [USD/yr]
    """

    players: pd.DataFrame = field(repr=False)
    values: FloatArray | None = field(repr=False)
    outside: pd.DataFrame = field(repr=False)
    path_gap: PathGap
    checked: int
    sampled: Sampled | None = field(repr=False)
    total_usd_yr: float

    @property
    def exact(self) -> bool:
        """Whether every coalition was solved."""
        return self.values is not None

    def shapley(self) -> pd.DataFrame:
        """
        Return the Shapley values.

        Returns
        -------
        DataFrame
            player_id, name, shapley_usd_yr, low_usd_yr, high_usd_yr (interval of 95 % of a sample;
            the value itself where it is exact) [USD/yr], share of what all save.
        """
        frame = self.players[["player_id", "name"]].copy()
        if self.sampled is not None:
            found, low, high = self.sampled.value, self.sampled.low, self.sampled.high
        else:
            found = shapley(self._vector)
            low = high = found
        frame["shapley_usd_yr"], frame["low_usd_yr"], frame["high_usd_yr"] = found, low, high
        frame["share"] = found / self.total_usd_yr if self.total_usd_yr else 0.0
        return frame

    def banzhaf(self) -> pd.DataFrame:
        """Return player_id, name, banzhaf_usd_yr: not scaled to add up. [USD/yr]"""
        return self._column("banzhaf_usd_yr", banzhaf(self._vector))

    def nucleolus(self) -> pd.DataFrame:
        """
        Return player_id, name, nucleolus_usd_yr [USD/yr].

        Where ways replace each other, the players alone may save more than together, and no payoff
        gives everyone what it saves alone: then it is the prenucleolus, which asks no such thing, and
        `nucleolus_kind` says so.
        """
        return self._column("nucleolus_usd_yr", self._nucleolus)

    @cached_property
    def nucleolus_kind(self) -> str:
        """``nucleolus``, or ``prenucleolus`` where the former does not exist."""
        v = self._vector
        alone = float(v[1 << np.arange(len(self.players))].sum())
        return "nucleolus" if alone <= v[-1] * (1.0 + 1e-9) else "prenucleolus"

    @cached_property
    def _nucleolus(self) -> FloatArray:
        found = nucleolus if self.nucleolus_kind == "nucleolus" else prenucleolus
        return found(self._vector)

    @cached_property
    def certificate(self) -> Kohlberg:
        """Kohlberg's test of the nucleolus."""
        floor = self.nucleolus_kind == "nucleolus"
        return kohlberg(self._vector, self._nucleolus, floor=floor)

    @cached_property
    def least_core(self) -> LeastCore:
        """The least core, with the proof of its level; the core is empty if that is above 0."""
        return least_core(self._vector)

    @property
    def core_is_empty(self) -> bool:
        """Whether some coalition always does better on its own."""
        return bool(self.least_core.level > 1e-9 * self.total_usd_yr)

    def table(self) -> pd.DataFrame:
        """
        Return one row a player, the largest Shapley value first.

        Returns
        -------
        DataFrame
            player_id, name, transit_t_yr [t/yr], shapley_usd_yr, low_usd_yr, high_usd_yr, share; where
            every coalition is solved also banzhaf_usd_yr, nucleolus_usd_yr, alone_usd_yr (it alone lets
            pass) and veto_usd_yr (lost if it alone does not) [USD/yr].
        """
        frame = self.players.merge(self.shapley(), on=["player_id", "name"])
        if self.values is not None:
            n, v = len(self.players), self.values
            bits = 1 << np.arange(n)
            frame["banzhaf_usd_yr"] = banzhaf(v)
            frame["nucleolus_usd_yr"] = self._nucleolus
            frame["alone_usd_yr"] = v[bits]
            frame["veto_usd_yr"] = v[-1] - v[len(v) - 1 - bits]
        return frame.sort_values("shapley_usd_yr", ascending=False, ignore_index=True)

    @property
    def _vector(self) -> FloatArray:
        if self.values is None:
            what = f"{len(self.players)} players have {2 ** len(self.players):,} coalitions."
            mend = f"Up to {MOST_EXACT} players every coalition is solved; name fewer."
            raise InputError([Fault("players", what, mend, "too-many-players")])
        return self.values

    def _column(self, name: str, values: FloatArray) -> pd.DataFrame:
        return self.players[["player_id", "name"]].assign(**{name: values})


def power(
    assignment: Assignment,
    players: Sequence[str] | None = None,
    *,
    most: int = MOST_EXACT,
    share: float | None = None,
    outside: pd.DataFrame | None = None,
    commodity: str | None = None,
    free_passages: bool = False,
    pairs: int = 60,
    seed: int = 0,
    workers: int = 2,
    progress: Progress | None = None,
) -> Power:
    """
    Solve the transit game of the network, demand and cost of an assignment.

    Parameters
    ----------
    assignment : Assignment
        Of any method: only its network, trips and cost are used, and its flows to choose players.
    players : sequence of str, optional
        Controllers (values of `control_id`); everybody else lets all pass in every coalition. Without
        it, those that most tonnes of third parties cross.
    most : int
        How many players are chosen if none are named. Above 16 a sample is taken.
    share : float, optional
        What a tonne that does not move loses beyond what its cheapest route costs, as a share of its
        value; without it, the parameter ``no_trade_value_share``.
    outside : DataFrame, optional
        `Power.outside` of another game: the same prices for the same trades, so that the two compare.
    commodity : str, optional
        Trade of this one alone; the others do not move and take no room.
    free_passages : bool
        Straits and canals let all pass in every coalition.
    pairs : int
        Pairs of orders of arrival in a sample.
    seed : int
    workers : int
        Threads; the answer does not depend on them.
    progress : callable, optional

    Returns
    -------
    Power

    Raises
    ------
    InputError
        If a player controls nothing, or an option is out of range.

    References
    ----------
    .. [1] F. Hubert and S. Ikonnikova, "Investment options and bargaining power: the Eurasian supply
       chain for natural gas", Journal of Industrial Economics 59, 2011 (the game on pipelines).
       Differs in: trade begins and ends where it does, so members' own trade needs no consent at home.

    Examples
    --------
    >>> import isthmus as ist
    >>> facts = ist.read()
    >>> network, demand = facts.network("2025-01-01"), facts.demand(2024)
    >>> base = ist.assign(network, demand, ist.GeneralizedCost(facts), method="all_or_nothing")
    >>> found = ist.power(base, ["GEO", "AZE", "ARM"])
    >>> bool(abs(found.shapley().shapley_usd_yr.sum() - found.total_usd_yr) < 1.0)
    True
    """
    chosen = _players(assignment, players, most, commodity)
    game, prices = transit_game(
        assignment,
        list(chosen["player_id"]),
        share=share,
        outside=outside,
        commodity=commodity,
        free_passages=free_passages,
    )

    def told(stage: str) -> Callable[[int, int], None] | None:
        return None if progress is None else lambda i, n: progress(stage, i, n)

    compiled, gap = compile_game(game, progress=told("ways"))
    if game.n <= MOST_EXACT:
        values = compiled.every(workers, told("coalitions"))
        return Power(chosen, values, prices, gap, len(values), None, float(values[-1]))
    nothing = compiled.one(0)[0]
    sampled = sampled_shapley(
        lambda s: compiled.one(s)[0] - nothing,
        game.n,
        pairs=pairs,
        seed=seed,
        progress=told("orders"),
    )
    return Power(chosen, None, prices, gap, sampled.n_value, sampled, float(sampled.value.sum()))


def compare_power(base: Power, new: Power) -> pd.DataFrame:
    """
    Return the game before and after an order.

    Parameters
    ----------
    base, new : Power
        Of the same players; `new` with the outside prices of `base`.

    Returns
    -------
    DataFrame
        player_id, name, then of shapley_usd_yr, share, nucleolus_usd_yr and transit_t_yr the base, the
        order and the change; largest change of the Shapley value first. [USD/yr], [t/yr]

    Raises
    ------
    InputError
        If the players differ.
    """
    if list(base.players["player_id"]) != list(new.players["player_id"]):
        what = "the two games have different players."
        raise InputError([Fault("players", what, "Name the same players for both.", "players")])
    one, other = base.table().set_index("player_id"), new.table().set_index("player_id")
    other = other.reindex(one.index)
    frame = one[["name"]].copy()
    for column in ("shapley_usd_yr", "share", "nucleolus_usd_yr", "transit_t_yr"):
        if column in one:
            frame[f"{column}_base"], frame[f"{column}_new"] = one[column], other[column]
            frame[f"{column}_change"] = other[column] - one[column]
    order = frame["shapley_usd_yr_change"].abs().sort_values(ascending=False).index
    return frame.loc[order].reset_index()


def _players(
    assignment: Assignment, players: Sequence[str] | None, most: int, commodity: str | None = None
) -> pd.DataFrame:
    """Return the players with their names and transit."""
    transit = transit_by_controller(assignment, commodity)
    known = set(assignment.virtual.arcs["control_id"]) - {""}
    if players is None:
        if not 1 <= most <= 60:
            raise InputError([Fault("most", f"{most} players.", "Ask for 1 to 60.", "players")])
        chosen = list(transit.index[:most])
    else:
        chosen = list(dict.fromkeys(players))
        odd = [p for p in chosen if p not in known]
        if odd or not 1 <= len(chosen) <= 60:
            what = f'"{odd[0]}" controls nothing here.' if odd else f"{len(chosen)} players."
            mend = f"1 to 60 of {', '.join(sorted(known))}."
            raise InputError([Fault("--players", what, mend, "players")])
    names = named(assignment.virtual.network.facts, chosen)
    return pd.DataFrame(
        {
            "player_id": chosen,
            "name": names,
            "transit_t_yr": transit.reindex(chosen).fillna(0.0).to_numpy(),
        }
    )


def named(facts: Facts, players: Sequence[str]) -> list[str]:
    """Return the names of controllers: territories or actors."""
    territories = facts["territories"].set_index("territory_id")["name"]
    actors = facts["actors"].set_index("actor_id")["name"]
    return [str(territories.get(p, actors.get(p, p))) for p in players]
