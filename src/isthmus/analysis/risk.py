"""What a simulation of years works on: routes with spares, what they pass, and what shuts it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from isthmus.analysis.criticality import elements_of
from isthmus.analysis.hazards import hazards, weather
from isthmus.assign.base import FloatArray, IntArray
from isthmus.assign.routes import Routes, draw, trips_of
from isthmus.assign.without import Without
from isthmus.kernels import routes as route_kernels
from isthmus.kernels import years as kernel

if TYPE_CHECKING:
    from isthmus.assign import Assignment

__all__ = ["Risk", "key_of", "keys_of", "risk_of"]

_SPARE = 2
"""Routes found for a trip that loses all it has when one element shuts."""


@dataclass(frozen=True)
class Risk:
    """
    What a simulation works on: routes with spares, what they pass, and what shuts.

    Parameters
    ----------
    without : Without
    elements : DataFrame
        What is shut or open: kind, element_id, mode (empty for a passage), name.
    hazards : DataFrame
        Of `hazards.hazards`.
    causes : DataFrame
        What shuts elements: element, its row in `elements`; hazard, its row in `hazards`, -1 for weather;
        key, the same for a cause of several elements; chance of a day in season; up_d and down_d, mean
        days between and in closures; first_day, last_day of its season.
    routes : Routes
    weight : ndarray, shape (n_path,)
        Logit weight, 1 in all for the routes of the base.
    masks : ndarray of uint64, shape (n_path, n_word)
    of_element : tuple
        indptr and trips of each element.
    lone : tuple
        USD and tonnes lost while one element is shut, aligned with the trips.
    """

    without: Without = field(repr=False)
    elements: pd.DataFrame
    hazards: pd.DataFrame
    causes: pd.DataFrame = field(repr=False)
    routes: Routes = field(repr=False)
    weight: FloatArray = field(repr=False)
    masks: npt.NDArray[np.uint64] = field(repr=False)
    of_element: tuple[IntArray, IntArray] = field(repr=False)
    lone: tuple[FloatArray, FloatArray] = field(repr=False)


def risk_of(base: Assignment) -> Risk:
    """
    Lay out routes and hazards.

    Trips whose routes all pass one element get spare routes round it, at the costs of the flows as they
    are; a spare's weight is what the logit gives it beside the others.

    Parameters
    ----------
    base : Assignment
        By method stochastic.

    Returns
    -------
    Risk
    """
    without = Without(base, 1e-3)
    facts = base.virtual.network.facts
    elements, closed = _elements(base)
    table = hazards(facts, base.cost.parameters, elements)
    element = np.full(base.virtual.graph.n_arc, -1, np.int64)
    twice = np.full(base.virtual.graph.n_arc, -1, np.int64)
    for i, arcs in enumerate(closed):
        free = element[arcs] < 0
        element[arcs[free]] = i
        twice[arcs[~free]] = i
    routes = without.routes
    m = len(without.trips.flow)
    spare: Routes | None = None
    for arcs in closed:
        gone = without.routes_over(arcs)
        if not len(gone):
            continue
        left = np.diff(routes.trip) - np.bincount(without.path_trip[gone], minlength=m)
        bare = np.flatnonzero((left <= 0) & without.served)
        if not len(bare):
            continue
        usd = without.usd.copy()
        usd[:, arcs] = np.inf
        waits = np.where(np.isfinite(usd), without.delay_h, 0.0)
        drawn = draw(
            without.graph, usd + without.vot[:, None] * waits, trips_of(without.trips, bare), _SPARE
        ).routes
        count = np.zeros(m, np.int64)
        count[bare] = np.diff(drawn.trip)
        more = Routes(
            np.concatenate(([0], np.cumsum(count))).astype(np.int64), drawn.starts, drawn.arcs
        )
        spare = more if spare is None else Routes(*route_kernels.merge(*spare, *more, 64))
    if spare is not None:
        routes = Routes(*route_kernels.merge(*routes, *spare, 96))
    weight = _weights(without, routes)
    words = (len(closed) + 63) // 64
    masks = np.zeros((len(routes.starts) - 1, max(words, 1)), np.uint64)
    path = np.repeat(np.arange(len(masks)), np.diff(routes.starts))
    for label in (element, twice):
        on = label[routes.arcs] >= 0
        e = label[routes.arcs[on]]
        np.bitwise_or.at(masks, (path[on], e // 64), np.uint64(1) << (e % 64).astype(np.uint64))
    of_element = _trips_of_elements(masks, routes, len(closed))
    theta = np.where(without.theta > 0.0, without.theta, 1e-12)
    usd_lost = np.zeros(len(of_element[1])), np.zeros(len(of_element[1]))
    for i in range(len(closed)):
        mine = slice(of_element[0][i], of_element[0][i + 1])
        shut = np.zeros(masks.shape[1], np.uint64)
        shut[i // 64] = np.uint64(1) << np.uint64(i % 64)
        wanted = of_element[1][mine]
        kernel.closed_loss(
            routes.trip, weight, masks, theta, without.trips.flow, wanted, len(wanted), shut,
            usd_lost[0][mine], usd_lost[1][mine],
        )  # fmt: skip
    causes = _causes(elements, table, weather(base.cost.parameters))
    return Risk(without, elements, table, causes, routes, weight, masks, of_element, usd_lost)


def key_of(name: str) -> int:
    """Return 64 bits that stand for a name, the same on any machine."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "big")


def keys_of(frame: pd.DataFrame, columns: Iterable[str]) -> npt.NDArray[np.uint64]:
    """Return the key of each row, by the names in some columns."""
    text = frame[list(columns)].astype(object).fillna("").astype(str)
    codes, names = pd.factorize(text.agg("|".join, axis=1))
    return np.array([key_of(n) for n in names], np.uint64)[codes]


def _elements(base: Assignment) -> tuple[pd.DataFrame, list[IntArray]]:
    """List border places by mode, and straits and canals, with their arcs."""
    found = elements_of(base, ["crossing", "passage"])
    modes = base.virtual.arcs["mode"].to_numpy(dtype=object)
    rows, closed = [], []
    for row, arcs in zip(found.table.itertuples(index=False), found.arcs, strict=True):
        if row.kind == "passage":
            rows.append((row.kind, row.element_id, "", row.name))
            closed.append(arcs)
            continue
        for mode in sorted(set(modes[arcs])):
            rows.append((row.kind, row.element_id, mode, row.name))
            closed.append(arcs[modes[arcs] == mode])
    return pd.DataFrame(rows, columns=["kind", "element_id", "mode", "name"]), closed


def _causes(elements: pd.DataFrame, table: pd.DataFrame, storms: pd.DataFrame) -> pd.DataFrame:
    """Say what shuts which elements; what names no mode shuts all of a place at once."""
    rows: list[tuple[object, ...]] = []
    kinds, places, modes = (
        elements[c].to_numpy(dtype=object) for c in ("kind", "element_id", "mode")
    )

    def shut(kind: str, place: str, mode: str) -> IntArray:
        return np.flatnonzero(
            (kinds == kind) & (places == place) & ((mode == "") | (modes == mode))
        )

    for i, r in enumerate(table.itertuples(index=False)):
        key = key_of(f"{r.kind} {r.element_id} {r.mode}")
        for e in shut(r.kind, r.element_id, r.mode):
            rows.append((e, i, key, r.shut_share, 365.25 / r.rate_yr, r.mean_d, 0.0, 365.0))
    for r in storms.itertuples(index=False):
        key = key_of(f"weather {r.element_id} {r.mode}")
        share = r.spell_d / (r.spell_d + r.up_d)
        for e in shut("crossing", r.element_id, r.mode):
            rows.append((e, -1, key, share, r.up_d, r.spell_d, r.first_day, r.last_day))
    columns = ["element", "hazard", "key", "chance", "up_d", "down_d", "first_day", "last_day"]
    return pd.DataFrame(rows, columns=columns).astype(
        {"element": np.int64, "hazard": np.int64, "key": np.uint64}
    )


def _weights(without: Without, routes: Routes) -> FloatArray:
    """Return the base's shares, and for spare routes what the logit gives them beside the best one."""
    trip_of = np.repeat(np.arange(len(routes.trip) - 1), np.diff(routes.trip))
    n_own = np.diff(without.routes.trip)
    place = np.arange(len(trip_of)) - routes.trip[:-1][trip_of]
    own = place < n_own[trip_of]
    weight = np.zeros(len(trip_of))
    weight[own] = without.flow / np.maximum(without.trips.flow, 1e-300)[without.path_trip]
    usd = without.cost_along(routes)
    best = np.full(len(routes.trip) - 1, np.inf)
    np.minimum.at(best, trip_of[own], usd[own])
    top = np.zeros(len(best))
    np.maximum.at(top, trip_of[own], weight[own])
    extra = ~own
    above = np.maximum(usd[extra] - best[trip_of[extra]], 0.0)
    weight[extra] = top[trip_of[extra]] * np.exp(
        -np.minimum(without.theta[trip_of[extra]] * above, 700.0)
    )
    return weight


def _trips_of_elements(
    masks: npt.NDArray[np.uint64], routes: Routes, n: int
) -> tuple[IntArray, IntArray]:
    trip_of = np.repeat(np.arange(len(routes.trip) - 1), np.diff(routes.trip))
    found = []
    for e in range(n):
        passes = (masks[:, e // 64] >> np.uint64(e % 64)) & np.uint64(1)
        found.append(np.unique(trip_of[passes.astype(bool)]))
    indptr = np.concatenate(([0], np.cumsum([len(f) for f in found]))).astype(np.int64)
    return indptr, np.concatenate(found).astype(np.int64) if found else np.empty(0, np.int64)
