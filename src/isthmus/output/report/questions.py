"""
The questions asked of an order on one page: a section each, in the order asked.

`QUESTIONS` is the one place that knows them all: a new one is a section with a title and an answer, and one line.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from markupsafe import Markup

from isthmus.errors import Fault, InputError
from isthmus.output.page.document import section_page
from isthmus.output.sections import criticality, dependence, invest, power, reliability

if TYPE_CHECKING:
    import pandas as pd

    from isthmus.assign import Assignment
    from isthmus.cost.model import GeneralizedCost

__all__ = ["QUESTIONS", "named", "questions"]

Answer = Callable[["Assignment", "Assignment", "GeneralizedCost", "pd.DataFrame | None"], Markup]

QUESTIONS: dict[str, tuple[str, Answer]] = {
    "criticality": (criticality.TITLE, criticality.answer),
    "dependence": (dependence.TITLE, dependence.answer),
    "power": (power.TITLE, power.answer),
    "reliability": (reliability.TITLE, reliability.answer),
    "invest": (invest.TITLE, invest.answer),
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
