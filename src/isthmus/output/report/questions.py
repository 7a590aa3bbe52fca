"""
The questions asked of an order on one page: a section each, in the order asked.

`QUESTIONS` is the one place that knows them all: a new analysis is one function and one line.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from markupsafe import Markup

from isthmus.errors import Fault, InputError
from isthmus.output import (
    criticality_section,
    dependence_section,
    invest_section,
    power_section,
    reliability_section,
)
from isthmus.output.page import section_page

if TYPE_CHECKING:
    import pandas as pd

    from isthmus.assign import Assignment
    from isthmus.cost.model import GeneralizedCost

__all__ = ["PLAYERS", "QUESTIONS", "YEARS", "named", "questions"]

Answer = Callable[["Assignment", "Assignment", "GeneralizedCost", "pd.DataFrame | None"], Markup]

YEARS, PLAYERS = 2_000, 6
"""Years and players of a page that answers everything; the commands take more."""


def _criticality(
    base: Assignment, new: Assignment, cost: GeneralizedCost, tornado: pd.DataFrame | None
) -> Markup:
    from isthmus.analysis.criticality import criticality

    del base, cost
    return criticality_section.section(criticality(new, ["corridor", "passage"]), tornado)


def _dependence(
    base: Assignment, new: Assignment, cost: GeneralizedCost, tornado: pd.DataFrame | None
) -> Markup:
    from isthmus.analysis.dependence import dependence

    del cost
    before = dependence(base) if new is not base else None
    return dependence_section.section(dependence(new), before, tornado=tornado)


def _power(
    base: Assignment, new: Assignment, cost: GeneralizedCost, tornado: pd.DataFrame | None
) -> Markup:
    from isthmus.analysis.power import compare_power, power

    del cost
    first = power(base, most=PLAYERS)
    if new is base:
        return power_section.section(first, tornado=tornado)
    second = power(new, list(first.players["player_id"]), outside=first.outside)
    return power_section.section(second, compare_power(first, second), tornado)


def _reliability(
    base: Assignment, new: Assignment, cost: GeneralizedCost, tornado: pd.DataFrame | None
) -> Markup:
    from isthmus.analysis.reliability import reliability

    del cost
    before = reliability(base, YEARS) if new is not base else None
    return reliability_section.section(reliability(new, YEARS), before, tornado)


def _invest(
    base: Assignment, new: Assignment, cost: GeneralizedCost, tornado: pd.DataFrame | None
) -> Markup:
    from isthmus.analysis.invest import invest

    del base
    return invest_section.section(invest(new, cost, again=1), tornado)


QUESTIONS: dict[str, tuple[str, Answer]] = {
    "criticality": ("What can trade least do without?", _criticality),
    "dependence": ("Whose trade passes whose land?", _dependence),
    "power": ("Who can stop whom, in money?", _power),
    "reliability": ("What do closures cost, and how late is it?", _reliability),
    "invest": ("What to build?", _invest),
}


def named(names: Sequence[str]) -> list[str]:
    """
    Return the questions that were named, each once; ``all`` is all of them.

    Raises
    ------
    InputError
        If a question is unknown.
    """
    if list(names) == ["all"]:
        return list(QUESTIONS)
    faults = [
        Fault("--also", f'"{n}" is no question.', f"One of {', '.join(QUESTIONS)}, or all.")
        for n in names
        if n not in QUESTIONS
    ]
    if faults:
        raise InputError(faults)
    return list(dict.fromkeys(names))


def questions(
    names: Sequence[str],
    base: Assignment,
    new: Assignment,
    cost: GeneralizedCost,
    title: str,
    tell: Callable[[str], None] | None = None,
    swings: Mapping[str, pd.DataFrame] | None = None,
) -> str:
    """
    Answer questions of an order on one page.

    Parameters
    ----------
    names : sequence of str
        Of `QUESTIONS`.
    base, new : Assignment
        The same one twice where there is no order.
    cost : GeneralizedCost
        That they were assigned with.
    title : str
    tell : callable, optional
        Called with the question that is being answered; what it raises interrupts.
    swings : mapping of str to DataFrame, optional
        The tornado of questions, by name; see `isthmus.sensitivity.tornado`.

    Returns
    -------
    str
        HTML, self-contained.

    Raises
    ------
    InputError
        If a question is unknown.
    """
    parts = []
    for name in named(names):
        head, answer = QUESTIONS[name]
        if tell is not None:
            tell(head)
        parts.append(
            Markup("<h2>{0}</h2>").format(head) + answer(base, new, cost, (swings or {}).get(name))
        )
    return section_page(title, Markup("").join(parts))
