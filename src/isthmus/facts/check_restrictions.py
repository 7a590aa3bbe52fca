"""Rules of `data/restrictions.csv` and of the goods that regimes let pass."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pandas as pd

from isthmus.errors import Fault
from isthmus.facts.rows import at
from isthmus.vocab import MODES

if TYPE_CHECKING:
    from isthmus.facts.tables import Facts

__all__ = ["check_restrictions"]

_PLACES = ["territory_id", "passage_id", "crossing_id"]
_CHARGES = ["charge_usd_t", "charge_value_share", "charge_hull_share", "charge_h"]


def check_restrictions(facts: Facts) -> Iterator[Fault]:
    """Lists of unknown ids, no place or several, bans that charge, charges of nothing."""
    table = facts.tables["restrictions"]
    territories = set(facts.tables["territories"]["territory_id"])
    goods = set(facts.tables["commodities"]["commodity_id"])
    lists = {
        "ends_in": territories,
        "other_end_in": territories,
        "not_ends_in": territories,
        "goods": goods,
        "modes": set(MODES),
    }
    for row, cells in zip(table.index, table.to_dict("records"), strict=True):
        where = at(facts, "restrictions", row)
        for column, known in lists.items():
            yield from _unknown(where, column, cells[column], known)
        if sum(bool(cells[c]) for c in _PLACES) != 1:
            what = "names no place, or more than one."
            yield Fault(where, what, f"Fill one of {', '.join(_PLACES)}.", "restriction")
        charged = any(not pd.isna(cells[c]) for c in _CHARGES)
        if cells["effect"] == "ban" and charged:
            yield Fault(where, "is a ban and charges too.", "Make it two rows.", "restriction")
        if cells["effect"] == "charge" and not charged:
            mend = f"Fill one of {', '.join(_CHARGES)}."
            yield Fault(where, "charges nothing.", mend, "restriction")
    regimes = facts.tables["regimes"]
    for row, cell in zip(regimes.index, regimes["goods"], strict=True):
        yield from _unknown(at(facts, "regimes", row), "goods", cell, goods)


def _unknown(where: str, column: str, cell: str, known: set[str]) -> Iterator[Fault]:
    for name in (part.strip() for part in cell.split(";")):
        if name and name not in known:
            yield Fault(
                where, f'{column} = "{name}" is unknown.', "Name a known one.", "dangling-key"
            )
