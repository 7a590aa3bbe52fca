"""Rules of `data/projects.csv` and `data/project_effects.csv` that types and keys do not say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pandas as pd

from isthmus.errors import Fault, InputError
from isthmus.facts.payers import shares
from isthmus.facts.rows import at

if TYPE_CHECKING:
    from isthmus.facts.tables import Facts

__all__ = ["check_projects"]

_NOUNS = {
    "link": ("links", "link_id"),
    "crossing": ("crossings", "crossing_id"),
    "terminal": ("terminals", "terminal_id"),
}


def check_projects(facts: Facts) -> Iterator[Fault]:
    """Payers unknown or not whole, costs without currency or year, effects on nothing."""
    table = facts.tables["projects"]
    territories = set(facts.tables["territories"]["territory_id"])
    acting = set(facts.tables["project_effects"]["project_id"])
    for row, cells in zip(table.index, table.to_dict("records"), strict=True):
        where = at(facts, "projects", row)
        try:
            paid = shares(str(cells["payers"]), where)
        except InputError as problem:
            yield from problem.faults
            paid = {}
        for payer in paid:
            if payer not in territories:
                what = f'payer "{payer}" is no territory.'
                yield Fault(where, what, "Name a territory_id.", "payers")
        if not pd.isna(cells["cost"]) and (not cells["currency"] or pd.isna(cells["price_year"])):
            what = "has a cost without currency or price_year."
            yield Fault(where, what, "Fill both.", "project-cost")
        if cells["project_id"] not in acting:
            yield Fault(
                where, "changes nothing.", "Add a row of project_effects.", "project-effect"
            )
    effects = facts.tables["project_effects"]
    for row, cells in zip(effects.index, effects.to_dict("records"), strict=True):
        where = at(facts, "project_effects", row)
        name, key = _NOUNS.get(str(cells["noun"]), ("links", "link_id"))
        if cells["item"] not in set(facts.tables[name][key]):
            what = f'{cells["noun"]} "{cells["item"]}" is unknown.'
            yield Fault(where, what, "Name a known one.", "project-effect")
        if (cells["verb"] == "set") != bool(cells["column"]):
            mend = "Fill column and value to set, neither to open."
            yield Fault(where, "a column does not go with the verb.", mend, "project-effect")
