"""What a click on the map changes, as a scenario: the same file the command line reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, Field

from isthmus.change_rows import Change
from isthmus.scenario import Scenario

if TYPE_CHECKING:
    from isthmus.package import Facts

__all__ = ["EDITED", "Edit", "State", "as_file", "edited"]

EDITED = "assumed:changed by hand on the map"
"""Source of a change that a click made."""


class Edit(BaseModel):
    """One change made by hand: open, close, or set a regime."""

    verb: Literal["open", "close", "set"]
    noun: Literal["link", "crossing", "terminal", "passage", "corridor", "territory"]
    id: str = Field(min_length=1, max_length=200)
    regime: str | None = Field(default=None, max_length=40)


class State(BaseModel):
    """What is solved: an order, the day it is applied to, and what was changed by hand."""

    order: str = Field(default="baseline", max_length=80, pattern=r"^[a-z0-9-]+$")
    date: str | None = Field(default=None, max_length=10)
    edits: list[Edit] = Field(default_factory=list, max_length=200)


def edited(order: Scenario, edits: Sequence[Edit], date: str | None, name: str = "") -> Scenario:
    """
    Return an order with changes made by hand on top, applied to a day.

    Parameters
    ----------
    order : Scenario
    edits : sequence of Edit
        Applied after the order's own changes, whatever these say.
    date : str, optional
        ISO date; default is the order's own.
    name : str
        Of the result, if it is to differ from the order's.

    Returns
    -------
    Scenario
        The order itself if nothing differs.
    """
    day = date or order.base
    if not edits and day == order.base and not name:
        return order
    changes = tuple(_change(edit, number) for number, edit in enumerate(edits, 1))
    return Scenario(
        id="edited",
        name=name or f"{order.name}, changed by hand",
        base=day,
        status="what-if",
        source=EDITED,
        description=f"Begun from {order.name} ({order.id}); changed by hand on the map.",
        changes=(*order.changes, *changes),
    )


def _change(edit: Edit, number: int) -> Change:
    cells: dict[str, object] = {"id": edit.id}
    if edit.regime is not None:
        cells["regime"] = edit.regime
    return Change(
        edit.verb,
        edit.noun,
        cells | {"override": True, "source": EDITED},
        f"change {number} on the map, {edit.verb}.{edit.noun}",
    )


def as_file(facts: Facts, order: Scenario, scenario: Scenario) -> str:
    """Return the scenario as a file for `isthmus run`; it names the order it extends."""
    from isthmus.scenario import list_scenarios

    shipped = order.changes and order.id in list_scenarios()
    head = (
        f"# Made on the map of Isthmus. Run it: isthmus run THIS.toml\n# Facts: {facts.digest}\n\n"
    )
    return head + scenario.to_toml(order if shipped else None)
