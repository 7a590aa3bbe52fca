"""
The tree of errors.

IsthmusError
├── InputError          a file, row, option or argument is wrong; says where, what and the mend
│   ├── UnknownName     a name resolves to nothing; carries the nearest names
│   └── Infeasible      trips do not fit the capacities; carries the cut
├── NoPath              two places are not joined at this date and scenario; carries the cut
├── CostError           a cost is negative or not a number; names the arc and the term
├── NotConverged        an assignment stopped above the asked gap; carries the gap it reached
└── NotTestable         what was published or said has nothing in the model to be laid beside
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

__all__ = [
    "Certificate",
    "CostError",
    "Fault",
    "Infeasible",
    "InputError",
    "IsthmusError",
    "NoPath",
    "NotConverged",
    "NotTestable",
    "UnknownName",
]


@dataclass(frozen=True)
class Fault:
    """
    One thing that is wrong with the input.

    Parameters
    ----------
    where : str
        File and row, or option, as the user knows it.
    what : str
        The value and why it is wrong.
    mend : str
        What to do about it.
    rule : str
        Name of the rule that was broken.
    """

    where: str
    what: str
    mend: str = ""
    rule: str = ""

    def __str__(self) -> str:
        """Where, what and, on a second line, the mend."""
        text = f"{self.where}: {self.what}"
        return f"{text}\n  {self.mend}" if self.mend else text


class IsthmusError(Exception):
    """Root of every error that isthmus raises on purpose."""


class InputError(IsthmusError):
    """
    Input is wrong.

    Parameters
    ----------
    faults : iterable of Fault, or str
        Everything found wrong, so that the user mends it in one go.
    """

    def __init__(self, faults: Iterable[Fault] | str) -> None:
        self.faults: tuple[Fault, ...] = (
            (Fault("input", faults),) if isinstance(faults, str) else tuple(faults)
        )
        text = faults if isinstance(faults, str) else "\n".join(str(f) for f in self.faults)
        super().__init__(text)


class UnknownName(InputError):
    """
    A name resolves to nothing.

    Parameters
    ----------
    noun : str
        What was looked for, in the singular: ``node``, ``crossing`` …
    name : str
        What the user wrote.
    nearest : sequence of str
        Names that resemble it.
    where : str
        File and row, or option.
    """

    def __init__(self, noun: str, name: str, nearest: Sequence[str] = (), where: str = "") -> None:
        self.noun, self.name, self.nearest = noun, name, tuple(nearest)
        near = "Nearest: " + ", ".join(f'"{n}"' for n in nearest) + ". " if nearest else ""
        plural = (
            "territories"
            if noun == "territory"
            else "commodities"
            if noun == "commodity"
            else f"{noun}s"
        )
        mend = f"{near}`isthmus list {plural}` shows all."
        super().__init__([Fault(where or noun, f'"{name}" names no {noun}.', mend, "unknown-name")])


class Certificate(Protocol):
    """What proves that trips do not fit: arcs with weights that anybody can check."""

    @property
    def arcs(self) -> Any:
        """Positions of the arcs with a weight."""

    @property
    def weight(self) -> Any:
        """Weight of every arc, 0 to 1."""

    @property
    def is_plain(self) -> bool:
        """Whether every tonne counts once: then these arcs are a cut in the plain sense."""


class Infeasible(InputError):
    """
    Trips do not fit the capacities, and no penalty says what staying behind costs.

    Parameters
    ----------
    arcs : sequence of str
        Names of the arcs of the cut.
    need, room : float
        What must cross them and what they can take. [t/yr]
    cut : Certificate
        The arcs with their weights; see `isthmus.assign.capacity_cuts`.
    """

    def __init__(self, arcs: Sequence[str], need: float, room: float, cut: Certificate) -> None:
        self.arcs, self.need, self.room, self.cut = tuple(arcs), need, room, cut
        shown = ", ".join(arcs[:8]) + (f" and {len(arcs) - 8} more" if len(arcs) > 8 else "")
        weighted = (
            ""
            if cut.is_plain
            else " (each tonne counted for every one it must cross, at the weights of the cut)"
        )
        what = f"{need:,.6g} t/yr must cross the arcs {shown}, which can take {room:,.6g} t/yr{weighted}."
        mend = "Pass penalty (USD/t) to leave what does not fit unserved at a price."
        super().__init__([Fault("capacity", what, mend, "infeasible")])


class NoPath(IsthmusError):
    """Two places are not joined; the message names what cuts them."""


class CostError(IsthmusError):
    """A cost is negative or not a number."""


class NotConverged(IsthmusError):
    """
    An assignment stopped above the asked gap.

    Parameters
    ----------
    gap, asked : float
        Relative gap reached and asked.
    iterations : int
    """

    def __init__(self, gap: float, asked: float, iterations: int) -> None:
        self.gap, self.asked, self.iterations = gap, asked, iterations
        super().__init__(
            f"stopped at a relative gap of {gap:.2e} after {iterations} iterations; {asked:.0e} was asked."
        )


class NotTestable(IsthmusError):
    """What was published or said has nothing in the model to be laid beside; the message says why."""
