"""
Reliability: how late, how dear and how often not at all, when places shut and waits differ.

Years are simulated: border places, ports, straits and canals are open and shut by turns
(`isthmus.analysis.hazards`), and every trade takes what is left of its routes. The same year is the same
for every order, so that two orders differ by what they change alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from isthmus.analysis.criticality import elements_of
from isthmus.analysis.hazards import hazards, weather
from isthmus.assign.routes import Routes, draw, trips_of
from isthmus.assign.without import Without
from isthmus.errors import Fault, InputError
from isthmus.kernels import routes as route_kernels
from isthmus.kernels import years as kernel

if TYPE_CHECKING:
    from isthmus.assign import Assignment

__all__ = ["Reliability", "Risk", "reliability", "risk_of"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_BLOCK = 250
"""Years worked on at a time; sums are taken block by block, in order, so that bits do not depend on workers."""
_SPARE = 2
"""Routes found for a trip that loses all it has when one element shuts."""


@dataclass(frozen=True)
class Risk:
    """
    What a simulation works on: routes with spares, what they pass, and what shuts.

    Parameters
    ----------
    without : Without
    hazards : DataFrame
        Of `hazards.hazards`, by element.
    weather : DataFrame
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
    hazards: pd.DataFrame
    weather: pd.DataFrame
    routes: Routes = field(repr=False)
    weight: FloatArray = field(repr=False)
    masks: npt.NDArray[np.uint64] = field(repr=False)
    of_element: tuple[IntArray, IntArray] = field(repr=False)
    lone: tuple[FloatArray, FloatArray] = field(repr=False)


@dataclass(frozen=True)
class Reliability:
    """
    What the years brought.

    Parameters
    ----------
    hazards : DataFrame
        Of `hazards.hazards`, with weather_days_yr and simulated shut_d_yr.
    trades : DataFrame
        origin_zone_id, destination_zone_id, commodity_id, tonnes_t_yr; p50_h, p90_h, p95_h door to
        door; on_time, chance of arriving within the promised time, nan if none was promised; loss_usd_yr
        and its standard error loss_se_usd_yr; worst_usd_yr, of the worst year; stopped_t_yr,
        stopped_se_t_yr, worst_stopped_t_yr; second_route_t_yr: tonnes a year that would stop if each
        trade had its best route alone, less those that do.
    countries : DataFrame
        territory_id, name, loss_usd_yr, loss_se_usd_yr, p95_usd_yr, worst_usd_yr; the same of stopped
        tonnes. Of trade that begins or ends there.
    total : dict of str to float
        The same of all trade.
    n_year, seed : int
    """

    hazards: pd.DataFrame
    trades: pd.DataFrame
    countries: pd.DataFrame
    total: dict[str, float]
    n_year: int
    seed: int


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
    found = elements_of(base, ["crossing", "passage"])
    table = hazards(facts, base.cost.parameters, found.table)
    element = np.full(base.virtual.graph.n_arc, -1, np.int64)
    twice = np.full(base.virtual.graph.n_arc, -1, np.int64)
    for i, arcs in enumerate(found.arcs):
        free = element[arcs] < 0
        element[arcs[free]] = i
        twice[arcs[~free]] = i
    routes = without.routes
    m = len(without.trips.flow)
    spare: Routes | None = None
    for arcs in found.arcs:
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
    words = (len(found.arcs) + 63) // 64
    masks = np.zeros((len(routes.starts) - 1, max(words, 1)), np.uint64)
    path = np.repeat(np.arange(len(masks)), np.diff(routes.starts))
    for label in (element, twice):
        on = label[routes.arcs] >= 0
        e = label[routes.arcs[on]]
        np.bitwise_or.at(masks, (path[on], e // 64), np.uint64(1) << (e % 64).astype(np.uint64))
    of_element = _trips_of_elements(masks, routes, len(found.arcs))
    theta = np.where(without.theta > 0.0, without.theta, 1e-12)
    usd_lost = np.zeros(len(of_element[1])), np.zeros(len(of_element[1]))
    for i in range(len(found.arcs)):
        mine = slice(of_element[0][i], of_element[0][i + 1])
        shut = np.zeros(masks.shape[1], np.uint64)
        shut[i // 64] = np.uint64(1) << np.uint64(i % 64)
        wanted = of_element[1][mine]
        kernel.closed_loss(
            routes.trip, weight, masks, theta, without.trips.flow, wanted, len(wanted), shut,
            usd_lost[0][mine], usd_lost[1][mine],
        )  # fmt: skip
    return Risk(
        without, table, weather(base.cost.parameters), routes, weight, masks, of_element, usd_lost
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


def reliability(
    base: Assignment | Risk,
    years: int = 10_000,
    *,
    seed: int = 1,
    promised_days: float | None = None,
    consignments: int = 400,
    workers: int = 2,
    progress: Callable[[int, int], None] | None = None,
) -> Reliability:
    """
    Simulate years of closures, and consignments door to door.

    Parameters
    ----------
    base : Assignment or Risk
    years : int
    seed : int
        The same seed gives the same closures to every order.
    promised_days : float, optional
        Days within which a consignment is promised. [d]
    consignments : int
        Drawn of each trade, for the hours door to door.
    workers : int
        Threads; the answer is the same to the bit.
    progress : callable, optional
        Called with years done and in all; what it raises interrupts.

    Returns
    -------
    Reliability

    Raises
    ------
    InputError
        If `years`, `consignments` or `workers` is not 1 or more.
    """
    for name, value in (("years", years), ("consignments", consignments), ("workers", workers)):
        if value < 1:
            raise InputError([Fault(f"--{name}", f"{value} is not 1 or more.", "")])
    risk = base if isinstance(base, Risk) else risk_of(base)
    without = risk.without
    trips, assignment = without.trips, without.base
    m, n_element = len(trips.flow), len(risk.hazards)
    land = assignment.virtual.network.zones.set_index("zone_id")["territory_id"]
    ends = [assignment.trips[f"{e}_zone_id"].map(land) for e in ("origin", "destination")]
    codes, names = pd.factorize(pd.concat(ends), sort=True)
    start, end = (x.astype(np.int64) for x in np.split(codes, 2))
    causes = _causes(risk)
    theta = np.where(without.theta > 0.0, without.theta, 1e-12)
    routes = (risk.routes.trip, risk.weight, risk.masks, theta, trips.flow)
    firsts = list(range(0, years, _BLOCK))

    def block(first: int) -> tuple[FloatArray, ...]:
        n = min(_BLOCK, years - first)
        out = (
            np.zeros((n, len(names) + 1, 2)), np.zeros((m, 4)), np.zeros((m, 2)),
            np.zeros(n_element),
        )  # fmt: skip
        kernel.simulate(
            seed,
            first,
            n,
            causes,
            routes,
            risk.of_element,
            risk.lone,
            (start, end, len(names)),
            *out,
        )
        return out

    by_year = np.empty((years, len(names) + 1, 2))
    of_trip, worst, shut = np.zeros((m, 4)), np.zeros((m, 2)), np.zeros(n_element)
    with ThreadPoolExecutor(workers) as pool:
        jobs = [pool.submit(block, first) for first in firsts]
        try:
            for first, job in zip(firsts, jobs, strict=True):
                found = job.result()
                by_year[first : first + len(found[0])] = found[0]
                of_trip += found[1]
                np.maximum(worst, found[2], out=worst)
                shut += found[3]
                if progress is not None:
                    progress(min(first + _BLOCK, years), years)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    table = risk.hazards.assign(
        weather_days_yr=risk.hazards["element_id"]
        .map(risk.weather.set_index("element_id")["days_yr"])
        .fillna(0.0),
        shut_d_yr=shut / years,
    )
    trades = assignment.trips[
        ["origin_zone_id", "destination_zone_id", "commodity_id", "tonnes_t_yr"]
    ].copy()
    times = _times(risk, seed, promised_days, consignments)
    for column in times:
        trades[column] = times[column]
    mean, error = of_trip[:, ::2] / years, _error(of_trip, years)
    for i, (name, unit) in enumerate((("loss", "usd_yr"), ("stopped", "t_yr"))):
        trades[f"{name}_{unit}"] = mean[:, i]
        trades[f"{name}_se_{unit}"] = error[:, i]
        trades[f"worst_{'' if i == 0 else 'stopped_'}{unit}"] = worst[:, i]
    trades["second_route_t_yr"] = np.maximum(_alone(risk) - mean[:, 1], 0.0)
    title = assignment.virtual.network.facts["territories"].set_index("territory_id")["name"]
    countries = pd.DataFrame({"territory_id": names, "name": title.reindex(names).to_numpy()})
    total: dict[str, float] = {}
    for i, (name, unit) in enumerate((("loss", "usd_yr"), ("stopped", "t_yr"))):
        year = by_year[:, :, i]
        columns = {
            f"{name}_{unit}": year.mean(axis=0),
            f"{name}_se_{unit}": year.std(axis=0, ddof=1) / np.sqrt(years) if years > 1 else np.nan,
            f"{name}_p95_{unit}": np.quantile(year, 0.95, axis=0),
            f"{name}_worst_{unit}": year.max(axis=0),
        }
        for key, values in columns.items():
            row = np.broadcast_to(values, len(names) + 1)
            countries[key] = row[:-1]
            total[key] = float(row[-1])
    countries = countries.sort_values("loss_usd_yr", ascending=False, ignore_index=True)
    return Reliability(table, trades, countries, total, years, seed)


def _error(of_trip: FloatArray, years: int) -> FloatArray:
    """Standard errors of the mean of a year, of USD and of tonnes."""
    mean, square = of_trip[:, ::2] / years, of_trip[:, 1::2] / years
    return np.asarray(np.sqrt(np.maximum(square - mean**2, 0.0) / max(years - 1, 1)))


def _causes(risk: Risk) -> tuple[npt.NDArray[np.generic], ...]:
    """Closures and weather as the kernel takes them; the key of a cause is its name's."""
    rows: list[tuple[int, int, float, float, float, float]] = []
    at = {name: i for i, name in enumerate(risk.hazards["element_id"])}
    for i, r in enumerate(risk.hazards.itertuples(index=False)):
        rows.append((i, _key(f"{r.kind} {r.element_id}"), 365.25 / r.rate_yr, r.mean_d, 0.0, 365.0))
    for r in risk.weather.itertuples(index=False):
        if r.element_id in at:
            rows.append(
                (at[r.element_id], _key(f"weather {r.element_id}"), r.up_d, r.spell_d, r.first_day, r.last_day)
            )  # fmt: skip
    element, key, *rest = zip(*rows, strict=True)
    return (
        np.array(element, np.int64),
        np.array(key, np.uint64),
        *(np.array(x, np.float64) for x in rest),
    )


def _key(name: str) -> int:
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "big")


def _alone(risk: Risk) -> FloatArray:
    """Tonnes a year that would stop if each trip had its best route alone."""
    routes = risk.routes
    open_share = 1.0 - _shut_share(risk)
    log_open = np.log(np.maximum(open_share, 1e-300))
    bits = np.arange(64, dtype=np.uint64)
    best = np.zeros(len(routes.trip) - 1)
    for t in range(len(best)):
        first, last = routes.trip[t], routes.trip[t + 1]
        if first == last:
            continue
        p = first + int(risk.weight[first:last].argmax())
        on = ((risk.masks[p][:, None] >> bits[None, :]) & np.uint64(1)).astype(bool).ravel()
        best[t] = 1.0 - float(np.exp(log_open[on[: len(log_open)]].sum()))
    return risk.without.trips.flow * best


def _shut_share(risk: Risk) -> FloatArray:
    """Share of the year that each element is shut, by hazard or weather."""
    days = risk.weather.set_index("element_id")["days_yr"]
    cold = risk.hazards["element_id"].map(days).fillna(0.0).to_numpy(dtype=float) / 365.0
    hot = risk.hazards["shut_share"].to_numpy(dtype=float)
    return np.asarray(1.0 - (1.0 - hot) * (1.0 - cold))


def _times(
    risk: Risk, seed: int, promised_days: float | None, consignments: int
) -> dict[str, FloatArray]:
    """Quantiles of door-to-door hours of each trade, and the chance of keeping a promise."""
    without, routes = risk.without, risk.routes
    cost = without.base.cost
    m = len(without.trips.flow)
    chance = _shut_share(risk)
    wait = 24.0 * risk.hazards["mean_d"].to_numpy(dtype=float)
    out = np.full((m, 3), np.nan)
    kept = np.full(m, np.nan)
    hours = np.empty(consignments)
    for t in range(m):
        first, last = int(routes.trip[t]), int(routes.trip[t + 1])
        if first == last:
            continue
        arcs = routes.arcs[routes.starts[first] : routes.starts[last]]
        k = without.trips.klass[t]
        starts = routes.starts[first : last + 1] - routes.starts[first]
        kernel.journeys(
            seed, t, 0, last - first, risk.weight[first:last], risk.masks[first:last], starts,
            cost.hours[k, arcs] + without.delay_h[arcs], cost.spread_h[k, arcs], chance, wait, hours,
        )  # fmt: skip
        out[t] = np.quantile(hours, (0.5, 0.9, 0.95))
        if promised_days is not None:
            kept[t] = float((hours <= 24.0 * promised_days).mean())
    return {"p50_h": out[:, 0], "p90_h": out[:, 1], "p95_h": out[:, 2], "on_time": kept}
