"""The places, modes and waypoints of a published row, as its columns have them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from isthmus.errors import UnknownName

if TYPE_CHECKING:
    from isthmus.facts.tables import Facts

__all__ = ["Places", "Reading", "read_row"]


@dataclass(frozen=True)
class Reading:
    """
    What a row says of the route.

    Parameters
    ----------
    modes : frozenset of str
        Modes it names; empty if it names none.
    via : tuple of frozenset of str
        Waypoints in order, each a choice of nodes, territories (``@SEA-CASPIAN``) or passages (``#suez``).
    shut : frozenset of str
        Passages and territories it goes round.
    sailing : bool
        Time under way alone.
    door : bool
        From door to door: loading and unloading belong to it.
    """

    modes: frozenset[str]
    via: tuple[frozenset[str], ...]
    shut: frozenset[str]
    sailing: bool
    door: bool


class Places:
    """
    Places by id or name.

    Parameters
    ----------
    facts : Facts
    """

    def __init__(self, facts: Facts) -> None:
        self.facts = facts

    def resolve(self, cell: str) -> frozenset[str]:
        """
        Return the nodes a cell stands for: ids or names, several parted by ``;`` where it gives a choice.

        A zone stands for its node; ``@`` and ``#`` lead the ids of territories and passages, which stay.

        Raises
        ------
        UnknownName
            With the nearest names.
        """
        parts = [p.strip() for p in cell.split(";") if p.strip()]
        if not parts:
            raise UnknownName("node", cell, ())
        return frozenset(p if p[0] in "@#" else self._node(p) for p in parts)

    def _node(self, name: str) -> str:
        if name in self._ids:
            return name
        try:
            return self.facts.names.id("node", name)
        except UnknownName as unknown:
            try:
                return self._node_of_zone[self.facts.names.id("zone", name)]
            except (UnknownName, KeyError):
                raise unknown from None

    @cached_property
    def _ids(self) -> frozenset[str]:
        return frozenset(self.facts["nodes"]["node_id"])

    @cached_property
    def _node_of_zone(self) -> dict[str, str]:
        zones = self.facts["zones"]
        return dict(zip(zones["zone_id"], zones["node_id"], strict=True))


def choices(cell: str) -> frozenset[str]:
    """Return the parts of a cell, parted by ``;``."""
    return frozenset(p.strip() for p in cell.split(";") if p.strip())


def read_row(places: Places, row: dict[str, Any]) -> Reading:
    """
    Return what the columns of a row say of the route.

    Parameters
    ----------
    places : Places
    row : dict
        Of `read_observations`: `mode`, `via`, `avoid` and `scope`.

    Raises
    ------
    UnknownName
        If a waypoint is unknown.
    """
    via = tuple(places.resolve(leg) for leg in row["via"].split(">") if leg.strip())
    scope = choices(row["scope"])
    return Reading(
        choices(row["mode"]),
        via,
        choices(row["avoid"]),
        "under sail" in scope,
        "door to door" in scope,
    )
