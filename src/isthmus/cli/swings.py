"""The tornado of each question of an order, for the page that answers several."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from isthmus.cli.criticality import _tornado as of_criticality
from isthmus.cli.dependence import _tornado as of_dependence
from isthmus.cli.invest import _tornado as of_invest
from isthmus.cli.power import _tornado as of_power
from isthmus.cli.reliability import _tornado as of_reliability

if TYPE_CHECKING:
    import pandas as pd

    from isthmus.assign import Assignment
    from isthmus.package import Facts

__all__ = ["swings"]

_DAY = "2025-01-01"
"""Of no effect with an order, which names its own."""


def swings(
    question: str, facts: Facts, order: str, base: Assignment, new: Assignment, status: Any
) -> pd.DataFrame:
    """
    Return the tornado of one question: the five assumptions that move its first number most.

    Parameters
    ----------
    question : str
        Of `isthmus.output.report.questions.QUESTIONS`.
    facts : Facts
    order : str
    base, new : Assignment
    status : object
        What progress is told to, by ``update``.

    Returns
    -------
    DataFrame
        Of `isthmus.sensitivity.tornado`.
    """
    ask: dict[str, Callable[[], pd.DataFrame]] = {
        "criticality": lambda: _criticality(facts, order, new, status),
        "dependence": lambda: _dependence(facts, order, new, status),
        "power": lambda: _power(facts, order, base, status),
        "reliability": lambda: of_reliability(facts, order, _DAY, 1, status),
        "invest": lambda: _invest(facts, order, new, status),
    }
    return ask[question]()


def _criticality(facts: Facts, order: str, new: Assignment, status: Any) -> pd.DataFrame:
    """What losing the strait or canal that costs most adds."""
    from isthmus.analysis.criticality import criticality

    return of_criticality(facts, order, _DAY, criticality(new, ["passage"]), status)


def _dependence(facts: Facts, order: str, new: Assignment, status: Any) -> pd.DataFrame:
    """What going round costs the territory most of whose tonnes pass another."""
    from isthmus.analysis.dependence import dependence

    states = set(facts["territories"].query("kind == 'state'")["territory_id"])
    pairs = dependence(new).pairs
    first = pairs[pairs["via_id"].isin(states)].nlargest(1, "tonnes_t_yr").iloc[0]
    found = of_dependence(facts, order, _DAY, first["who_id"], first["via_id"], "territory", status)
    return found.assign(who_id=first["who_id"], via_id=first["via_id"])


def _power(facts: Facts, order: str, base: Assignment, status: Any) -> pd.DataFrame:
    """What the order gives or takes of the player with most transit."""
    from isthmus.analysis.power import transit_by_controller
    from isthmus.output.sections.power import PLAYERS

    def show_progress(name: str, done: int, of: int) -> None:
        status.update(f"tornado: {name}, {done} of {of}")

    players = [str(p) for p in transit_by_controller(base).index[:PLAYERS]]
    options = {"most": PLAYERS, "free_passages": False, "pairs": 60, "seed": 0}
    return of_power(facts, order, _DAY, players, players[0], None, options, show_progress)


def _invest(facts: Facts, order: str, new: Assignment, status: Any) -> pd.DataFrame:
    """The net present value of the best set."""
    from isthmus.analysis.invest import invest
    from isthmus.cost.model import GeneralizedCost

    def show_progress(name: str, done: int, of: int) -> None:
        status.update(f"tornado: {name}, {done} of {of}")

    found = invest(new, GeneralizedCost(facts), again=0)
    choice: dict[str, Any] = {"costs": {}, "built": [], "trade_of": [], "rate": None, "years": None}
    return of_invest(facts, order, _DAY, new.method, new.asked_gap, found, choice, show_progress)
