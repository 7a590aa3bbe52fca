"""Projects as facts: what they cost in the model's money, when they serve, who pays, what they change."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

from isthmus.change_rows import Change
from isthmus.errors import Fault, InputError
from isthmus.facts.payers import shares
from isthmus.facts.units import usd
from isthmus.scenario import Scenario

if TYPE_CHECKING:
    from isthmus.cost.parameters import Parameters
    from isthmus.facts.tables import Facts

__all__ = ["Project", "as_order", "read_projects"]


@dataclass(frozen=True)
class Project:
    """
    Something that might be built.

    Parameters
    ----------
    id, name : str
    packages : tuple of str
        What is spoken of as one and it is part of.
    capital_usd : float
        NaN where unknown. [USD of 2024]
    build_years : float
        From the first payment to service. [yr]
    payers : dict of str to float
        Shares that add up to 1.
    source_id, confidence, note : str
    changes : tuple of Change
    """

    id: str
    name: str
    packages: tuple[str, ...]
    capital_usd: float
    build_years: float
    payers: dict[str, float]
    source_id: str
    confidence: str
    note: str
    changes: tuple[Change, ...] = field(repr=False, default=())

    @property
    def priced(self) -> bool:
        """Whether its cost is known."""
        return math.isfinite(self.capital_usd)


def read_projects(
    facts: Facts,
    parameters: Parameters,
    *,
    only: Sequence[str] | None = None,
    costs: Mapping[str, float] | None = None,
) -> list[Project]:
    """
    Return the projects of ``data/projects.csv``.

    Parameters
    ----------
    facts : Facts
    parameters : Parameters
        `build_years` where a project says nothing, and `project_cost_factor`.
    only : sequence of str, optional
        Ids; default all.
    costs : mapping of str to float, optional
        Capital in place of the table's. [USD of 2024]

    Returns
    -------
    list of Project
        In the order of the table.

    Raises
    ------
    InputError
        If a project is unknown, a share or a cost cannot be read, or a price has no rate.
    """
    rows = facts["projects"].to_dict("records")
    known = [str(r["project_id"]) for r in rows]
    asked = [*(only or []), *(costs or {})]
    odd = [p for p in asked if p not in known]
    if odd:
        raise InputError(
            [Fault("projects", f'"{p}" is no project.', f"One of {', '.join(known)}.") for p in odd]
        )
    effects: dict[str, list[Change]] = {}
    for row in facts["project_effects"].to_dict("records"):
        effects.setdefault(str(row["project_id"]), []).append(_change(row))
    usual = parameters.get("build_years", item="project")
    factor = parameters.get("project_cost_factor", item="project")
    found = []
    for row in rows:
        name = str(row["project_id"])
        if only is not None and name not in only:
            continue
        given = (costs or {}).get(name)
        capital = factor * _capital(facts, row) if given is None else float(given)
        if capital < 0.0:
            raise InputError([Fault(name, f"{capital} is no cost.", "Give 0 or more.")])
        years = float(usual if pd.isna(row["build_years"]) else row["build_years"])
        packages = tuple(p.strip() for p in str(row["packages"]).split(";") if p.strip())
        where = facts.file_of("projects")
        found.append(
            Project(
                name, str(row["name"]), packages, capital, years,
                shares(str(row["payers"]), f"{where}, {name}"),
                str(row["source_id"]), str(row["confidence"]), str(row["note"]),
                tuple(effects.get(name, ())),
            )
        )  # fmt: skip
    return found


def as_order(projects: Sequence[Project], date: str) -> Scenario:
    """Return projects as an order on a day."""
    name = "+".join(p.id for p in projects)
    changes = tuple(c for p in projects for c in p.changes)
    return Scenario(name, name, date, "what-if", "assumed:projects in service", changes=changes)


def _capital(facts: Facts, row: Mapping[Any, Any]) -> float:
    """Return the cost in USD of the model's year, NaN where it is not known."""
    if pd.isna(row["cost"]):
        return math.nan
    return usd(facts, float(row["cost"]), str(row["currency"]), int(row["price_year"]))


def _change(row: Mapping[Any, Any]) -> Change:
    cells: dict[str, Any] = {"id": str(row["item"]), "source": str(row["source_id"])}
    if row["verb"] == "set":
        text = str(row["value"])
        try:
            cells[str(row["column"])] = float(text)
        except ValueError:
            cells[str(row["column"])] = text
    where = f"data/project_effects.csv, {row['project_id']}"
    return Change(str(row["verb"]), str(row["noun"]), cells, where)
