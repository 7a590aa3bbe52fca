"""
Modelled times, costs, distances, border hours and volumes beside the published ones.

A published row names its places, modes and waypoints; the model's own route between them is
taken on the row's date and measured as the row measures it. No parameter is set per route, so the
distribution of errors says how far the model may be trusted. Rows that cannot be laid beside
anything are listed with the reason.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from isthmus.analysis.evidence.outcome import Measured
from isthmus.analysis.evidence.paths import Routes
from isthmus.analysis.evidence.places import Places
from isthmus.analysis.evidence.quantities import measure
from isthmus.errors import NotTestable, UnknownName
from isthmus.facts.observations import read_observations

if TYPE_CHECKING:
    from isthmus.assign import Assignment
    from isthmus.cost.model import GeneralizedCost
    from isthmus.network import Network

__all__ = ["GOALS", "Validation", "validate"]

GOALS = {"transit_time_days": 0.15, "distance_km": 0.05, "cost": 0.25}
"""Goal for the median absolute relative error."""


@dataclass(frozen=True)
class Validation:
    """
    Modelled values beside published ones.

    Parameters
    ----------
    rows : DataFrame
        One row an observation: id, quantity, subject, origin, destination, year, unit, observed,
        modelled, error, relative_error, status (`compared` or `not testable`), reason, corridor,
        modes, confidence, cause, note, source_url. Money is brought to 2024 prices first:
        `observed` is the published number, `observed_2024` what is compared.
    date : str
        Date of rows without a year.
    """

    rows: pd.DataFrame = field(repr=False)
    date: str

    @property
    def compared(self) -> pd.DataFrame:
        """Rows that were compared."""
        return self.rows[self.rows["status"].eq("compared")]

    def distribution(self, *by: str) -> pd.DataFrame:
        """
        Return the distribution of relative errors.

        Parameters
        ----------
        *by : {'quantity', 'modes', 'corridor', 'confidence', 'year'}
            By default quantity, costs of all units together.

        Returns
        -------
        DataFrame
            n, median_abs, p25, p75 of the absolute relative error, bias (median signed error),
            goal.
        """
        key = ["quantity", *(b for b in by if b != "quantity")]
        frame = self.compared.assign(quantity=self.compared["quantity"].map(_group))
        grouped = frame.groupby(key, sort=True)["relative_error"]
        out = grouped.agg(
            n="size",
            median_abs=lambda e: e.abs().median(),
            p25=lambda e: e.abs().quantile(0.25),
            p75=lambda e: e.abs().quantile(0.75),
            bias="median",
        ).reset_index()
        return out.assign(goal=out["quantity"].map(GOALS))

    def worst(self, n: int = 10) -> pd.DataFrame:
        """Return the rows furthest from the published value, with the likely cause."""
        ratio = self.compared["modelled"] / self.compared["observed_2024"]
        far = np.log(ratio.clip(lower=1e-6)).abs().sort_values(ascending=False).index[:n]
        columns = [
            "id",
            "subject",
            "quantity",
            "observed_2024",
            "modelled",
            "relative_error",
            "cause",
        ]
        return self.compared.loc[far, columns].reset_index(drop=True)

    def skipped(self) -> pd.DataFrame:
        """Return how many rows could not be tested, by reason, with their ids."""
        frame = self.rows[self.rows["status"].ne("compared")]
        kind = frame["reason"].str.split(":").str[0]
        grouped = frame.groupby(kind, sort=False)["id"].agg(["size", " ".join]).reset_index()
        grouped.columns = pd.Index(["reason", "n", "ids"])
        return grouped.sort_values("n", ascending=False, ignore_index=True)

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return the tables of the report, title → frame."""
        by_mode, by_corridor = self.distribution("modes"), self.distribution("corridor")
        return {
            "Errors by quantity": self.distribution(),
            "Errors by mode": by_mode,
            "Errors by corridor": by_corridor,
            "Ten worst": self.worst(),
            "Not testable": self.skipped().assign(ids=lambda f: f["ids"].map(_short)),
        }

    def as_dict(self) -> dict[str, Any]:
        """Return everything for JSON; what is not known is null."""
        rows = self.rows.astype(object).where(self.rows.notna(), None)
        tables = {
            title.lower().replace(" ", "_"): t.astype(object)
            .where(t.notna(), None)
            .to_dict("records")
            for title, t in self.tables().items()
        }
        return {"date": self.date, "rows": rows.to_dict("records"), **tables}


def validate(
    network: Network,
    cost: GeneralizedCost,
    observations: str | Path | pd.DataFrame | None = None,
    *,
    assignment: Assignment | None = None,
) -> Validation:
    """
    Lay the model beside published observations.

    Parameters
    ----------
    network : Network
        Its facts hold the history; its date is that of rows without a year.
    cost : GeneralizedCost
    observations : path or DataFrame, optional
        In the columns of ``data/observations.csv``; by default the shipped ones.
    assignment : Assignment, optional
        Needed to compare volumes.

    Returns
    -------
    Validation

    Raises
    ------
    InputError
        If the file cannot be read or lacks a needed column. An unknown place, quantity or unit is
        no error: the row is listed as not testable.
    """
    rows = read_observations(network.facts, observations)
    places, routes = Places(network.facts), Routes(network, cost)
    results = {}
    for at, row in rows.sort_values("year", kind="stable").to_dict("index").items():
        try:
            if np.isnan(row["value"]):
                raise NotTestable("no number: the value is empty or text")
            found = measure(row, places, routes, assignment)
            results[at] = _compared(row, found)
        except UnknownName as e:
            near = f" (nearest: {', '.join(e.nearest)})" if e.nearest else ""
            results[at] = _skipped(row, f'unknown place: "{e.name}"{near}')
        except NotTestable as e:
            results[at] = _skipped(row, str(e))
    return Validation(
        pd.DataFrame([results[at] for at in rows.index], columns=_COLUMNS), network.date
    )


_COLUMNS = [
    "id",
    "quantity",
    "subject",
    "origin",
    "destination",
    "year",
    "unit",
    "observed",
    "observed_2024",
    "modelled",
    "error",
    "relative_error",
    "status",
    "reason",
    "corridor",
    "modes",
    "confidence",
    "cause",
    "note",
    "source_url",
]


def _common(row: dict[str, Any]) -> dict[str, Any]:
    kept = ("id", "quantity", "subject", "origin", "destination", "year", "unit", "confidence")
    common = {k: row[k] for k in (*kept, "source_url")}
    return {**common, "observed": row["value"], "corridor": row["corridor"] or "other"}


def _skipped(row: dict[str, Any], reason: str) -> dict[str, Any]:
    nothing = dict.fromkeys(("observed_2024", "modelled", "error", "relative_error"), np.nan)
    blank = {"cause": "", "note": "", "modes": ""}
    return {**_common(row), **nothing, **blank, "status": "not testable", "reason": reason}


def _compared(row: dict[str, Any], found: Measured) -> dict[str, Any]:
    error = found.value - found.observed
    relative = error / abs(found.observed) if found.observed else np.nan
    return {
        **_common(row),
        "observed_2024": found.observed,
        "modelled": found.value,
        "error": error,
        "relative_error": relative,
        "status": "compared",
        "reason": "",
        "modes": found.modes,
        "cause": _cause(row, found, relative),
        "note": found.note,
    }


def _group(quantity: str) -> str:
    return "cost" if quantity.startswith("cost_") else quantity


_DOUBTS = {
    "doubted": "its own note doubts the published value",
    "best case": "the published value is a plan or a best case, the model's is usual",
    "one trip": "the published value is one trip, the model's is usual",
}
"""What `doubt` of a row says."""


def _cause(row: dict[str, Any], found: Measured, relative: float) -> str:
    """Say in words what most likely parts the two values."""
    if row["doubt"] in _DOUBTS:
        return f"{_DOUBTS[row['doubt']]}; {found.largest}".rstrip("; ")
    year = row["year"]
    if not pd.isna(year) and abs(int(year) - 2024) >= 2 and "hour" not in row["unit"]:
        side = "above" if relative > 0 else "below"
        return f"{side} the level of {int(year)}: parameters are those of 2024; {found.largest}".rstrip(
            "; "
        )
    return found.largest


def _short(ids: str) -> str:
    parts = ids.split()
    return " ".join(parts[:8]) + (" …" if len(parts) > 8 else "")
