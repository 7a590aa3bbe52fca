"""What a solved state shows: flows, states, who gains and who loses; ids as the map knows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from isthmus.output.report.assemble import LIMITS
from isthmus.results import manifest_of
from isthmus.web.world import added_links

if TYPE_CHECKING:
    from isthmus.assign import Assignment
    from isthmus.results import Run

__all__ = ["answer", "detail", "flows"]

_WORST = 25
"""Bottlenecks sent."""


def answer(run: Run) -> dict[str, Any]:
    """
    Return what the map draws of a solved state, and who gains and who loses by it.

    Parameters
    ----------
    run : Run

    Returns
    -------
    dict
        As `isthmus.web.schemas.Answer`.
    """
    comparison, new = run.comparison, run.new
    network, was = new.virtual.network, run.base.virtual.network
    return {
        "scenario": {
            "id": run.scenario.id,
            "name": run.scenario.name,
            "status": run.scenario.status,
            "proponent": run.scenario.proponent,
            "base": run.scenario.base,
            "description": run.scenario.description,
        },
        "compared": run.compared,
        "date": network.date,
        "demand_year": new.demand.year,
        "changes": list(network.changes),
        "totals": comparison.totals(),
        "base": flows(run.base),
        "new": flows(new) if run.compared else None,
        "links": _changed(was.links, network.links, "link_id", "status"),
        "crossings": _changed(was.crossings, network.crossings, "crossing_id", "regime"),
        "closed_territories": sorted(network.closed_territories),
        "added_links": added_links(network),
        "territories": _rows(_territories(comparison.by("territory"))),
        "limits": list(LIMITS),
        "manifest": manifest_of(run),
    }


def detail(run: Run) -> dict[str, Any]:
    """
    Return the tables behind an answer, which take longer than the map may wait.

    Parameters
    ----------
    run : Run

    Returns
    -------
    dict
        As `isthmus.web.schemas.Detail`.
    """
    comparison = run.comparison
    unserved = run.new.unserved.sort_values("tonnes_t_yr", ascending=False)
    return {
        "corridors": _rows(comparison.by("corridor").drop(columns=["proponent"])),
        "bottlenecks": _rows(comparison.bottlenecks().head(_WORST)),
        "exposure": _rows(comparison.exposure().head(12)),
        "unserved": _rows(unserved.head(12)),
    }


def _rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a frame for JSON, unknown numbers as null, column by column."""
    columns = {}
    for name in frame:
        values = frame[name]
        if pd.api.types.is_float_dtype(values):
            known = np.isfinite(values.to_numpy(dtype=float, na_value=np.nan))
            columns[name] = [float(v) if k else None for v, k in zip(values, known, strict=True)]
        else:
            columns[name] = [None if v is pd.NA else v for v in values.tolist()]
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def flows(assignment: Assignment) -> dict[str, Any]:
    """
    Return tonnes a year by element.

    Returns
    -------
    dict
        links: id → [along the link, against it]; crossings: id → tonnes. Elements without flow are
        left out. [t/yr]
    """
    key = "flows of the map"
    if key not in assignment.memo:
        assignment.memo[key] = _flows(assignment)
    return dict(assignment.memo[key])


def _flows(assignment: Assignment) -> dict[str, Any]:
    arcs = assignment.virtual.arcs
    total = assignment.arc_flow.sum(axis=0)
    moving = (arcs["kind"].eq("move") & (total > 0.5)).to_numpy()
    links: dict[str, list[float]] = {}
    for link, forward, tonnes in zip(
        arcs["link_id"].to_numpy()[moving],
        arcs["forward"].to_numpy()[moving],
        total[moving],
        strict=True,
    ):
        links.setdefault(link, [0.0, 0.0])[0 if forward else 1] += round(float(tonnes), 1)
    crossing = (arcs["kind"].eq("cross") & (total > 0.5)).to_numpy()
    by = pd.Series(total[crossing]).groupby(arcs["crossing_id"].to_numpy()[crossing]).sum()
    return {"links": links, "crossings": {str(k): round(float(v), 1) for k, v in by.items()}}


def _changed(was: pd.DataFrame, now: pd.DataFrame, key: str, state: str) -> dict[str, str]:
    """State of the elements that a scenario opened, closed, set or added."""
    before = was.set_index(key)[[state, "is_open"]]
    after = now.set_index(key)[[state, "is_open"]]
    old = before.reindex(after.index)
    differs = (old[state] != after[state]) | (old["is_open"] != after["is_open"])
    shut = np.where(after["is_open"] | after[state].eq("closed"), after[state], "closed")
    return dict(zip(after.index[differs], shut[differs.to_numpy()], strict=True))


def _territories(frame: pd.DataFrame) -> pd.DataFrame:
    """Leave out the territories that have neither trade nor transit."""
    moves = frame[["trade_t_yr_base", "trade_t_yr_new", "transit_t_yr_base", "transit_t_yr_new"]]
    return frame[(moves > 0).any(axis=1)]
