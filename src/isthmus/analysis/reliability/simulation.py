"""
Reliability: how late, how dear and how often not at all, when places shut and waits differ.

Years are simulated: border places, ports, straits and canals are open and shut by turns
(`isthmus.analysis.reliability.hazards`), and every trade does what is best for it with what is left. The same
year is the same for every order, so that two orders differ by what they change alone.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from isthmus.analysis.reliability.cases import cases_of
from isthmus.analysis.reliability.risk import Risk, keys_of, risk_of
from isthmus.assign.base import FloatArray, IntArray
from isthmus.errors import Fault, InputError
from isthmus.kernels import closure_years as kernel

if TYPE_CHECKING:
    from isthmus.assign import Assignment

__all__ = ["Reliability", "Risk", "reliability", "risk_of"]

_BLOCK = 250
"""Years worked on at a time; sums are taken block by block, in order, so that bits do not depend on workers."""


@dataclass(frozen=True)
class Reliability:
    """
    What the years brought.

    Parameters
    ----------
    hazards : DataFrame
        Of `hazards.hazards`, with weather_days_yr and shut_d_yr, expected days by whatever cause.
    trades : DataFrame
        origin_zone_id, destination_zone_id, commodity_id, tonnes_t_yr; p50_h, p90_h, p95_h door to
        door; on_time, chance of arriving within the promised time, nan if none was promised; loss_usd_yr
        and its standard error loss_se_usd_yr; worst_usd_yr, of the worst year; stopped_t_yr,
        stopped_se_t_yr, worst_stopped_t_yr; second_route_t_yr: tonnes a year that would stop if each
        trade had its best route alone, less those that do; second_route_usd_yr: the wait that these are
        spared, at the value of time, less what going round costs (loss_usd_yr), or 0 if that is dearer.
    countries : DataFrame
        territory_id, name, loss_usd_yr, loss_se_usd_yr, p95_usd_yr, worst_usd_yr; the same of stopped
        tonnes. Of trade that begins or ends there.
    total : dict of str to float
        The same of all trade.
    n_year, seed : int
    bound_share : float
        Of the loss in USD, the share that rests on a bound: closures of several elements of one trade that were
        not solved one by one.
    """

    hazards: pd.DataFrame
    trades: pd.DataFrame
    countries: pd.DataFrame
    total: dict[str, float]
    n_year: int
    seed: int
    bound_share: float = 0.0

    def shut_most(self, most: int) -> pd.DataFrame:
        """Return the hazards that shut places longest; a mode alone only where it has a closure of its own."""
        hazards = self.hazards
        told = hazards[hazards["mode"].eq("") | hazards["events"].gt(0)]
        return told.sort_values("shut_d_yr", ascending=False).head(most)


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
    risk = base if isinstance(base, Risk) else risk_of(base, workers=workers)
    removal = risk.removal
    trips, assignment = removal.trips, removal.base
    territory = assignment.virtual.network.zones.set_index("zone_id")["territory_id"]
    ends = [assignment.trips[f"{e}_zone_id"].map(territory) for e in ("origin", "destination")]
    codes, names = pd.factorize(pd.concat(ends), sort=True)
    start, end = (x.astype(np.int64) for x in np.split(codes, 2))
    causes = _for_kernel(risk)
    told = None if progress is None else lambda: progress(0, years)
    by_year, of_trip, worst, on_bound = simulate_years(
        risk, seed, years, causes, (start, end, len(names)), workers=workers, told=told,
        progress=progress,
    )  # fmt: skip
    table = risk.hazards.assign(**_days_shut(risk))
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
    alone, wait_h = _alone(risk)
    spared = np.maximum(alone - mean[:, 1], 0.0)
    # nobody waits at a cost above what not moving at all would lose
    value = assignment.cost.commodities["value_usd_t"].to_numpy(np.float64)[trips.klass]
    most = assignment.cost.parameters.get("no_trade_value_share") * value
    waits_usd_t = np.minimum(wait_h * removal.vot[trips.klass], most)
    trades["second_route_t_yr"] = spared
    trades["second_route_usd_yr"] = np.maximum(
        spared * waits_usd_t - np.maximum(mean[:, 0], 0.0), 0.0
    )
    title = assignment.virtual.network.facts["territories"].set_index("territory_id")["name"]
    countries = pd.DataFrame({"territory_id": names, "name": title.reindex(names).to_numpy()})
    total: dict[str, float] = {}
    for i, (name, unit) in enumerate((("loss", "usd_yr"), ("stopped", "t_yr"))):
        year = by_year[:, :, i]
        columns = {
            f"{name}_{unit}": year.mean(axis=0),
            f"{name}_se_{unit}": _standard_error(year.sum(axis=0), (year**2).sum(axis=0), years)
            if years > 1
            else np.nan,
            f"{name}_p95_{unit}": np.quantile(year, 0.95, axis=0),
            f"{name}_worst_{unit}": year.max(axis=0),
        }
        for key, values in columns.items():
            row = np.broadcast_to(values, len(names) + 1)
            countries[key] = row[:-1]
            total[key] = float(row[-1])
    for key in ("second_route_t_yr", "second_route_usd_yr"):
        total[key] = float(trades[key].sum())
    countries = countries.sort_values("loss_usd_yr", ascending=False, ignore_index=True)
    share = float(on_bound[0]) / max(total["loss_usd_yr"], 1e-300)
    return Reliability(table, trades, countries, total, years, seed, share)


def simulate_years(
    risk: Risk,
    seed: int,
    years: int,
    causes: tuple[npt.NDArray[np.generic], ...],
    country: tuple[IntArray, IntArray, int],
    *,
    exact: int | None = None,
    workers: int = 2,
    told: Callable[[], None] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """
    Simulate years: what is shut when, each set of closures once, then the sums.

    Parameters
    ----------
    risk : Risk
    seed, years : int
    causes : tuple
        See `isthmus.kernels.closure_years.turns`.
    country : tuple
        Codes of the country where each trip begins and ends, and how many there are.
    exact : int, optional
        See `risk.cases_of`.
    workers : int
    told : callable, optional
        Called while sets are valued; what it raises interrupts.
    progress : callable, optional

    Returns
    -------
    by_year : ndarray, shape (years, n_country + 1, 2)
    of_trip : ndarray, shape (m, 4)
    worst : ndarray, shape (m, 2)
    on_bound : ndarray, shape (2,)
        USD and tonnes a year of the losses that are a bound.
    """
    m, words, n_element = len(risk.removal.trips.flow), risk.masks.shape[1], len(risk.elements)
    firsts = list(range(0, years, _BLOCK))

    def shut(first: int) -> tuple[npt.NDArray[np.generic], ...]:
        n = min(_BLOCK, years - first)
        days, year, long, sets = kernel.turns(seed, first, n, n_element, words, causes)
        every, which = np.unique(sets, axis=0, return_inverse=True)
        # a set that comes again within a year is one stretch
        names = year * max(len(every), 1) + which.ravel()
        keys, at = np.unique(names, return_inverse=True)
        year, which = np.divmod(keys, max(len(every), 1))
        return days, year, which, np.bincount(at, long, len(keys)), every

    def lost(k: int) -> tuple[FloatArray, ...]:
        days, year, which, long, _ = turns[k]
        n = len(days)
        out = np.zeros((n, country[2] + 1, 2)), np.zeros((m, 4)), np.zeros((m, 2))
        stretches = year, place[k][which], long
        kernel.losses(days, stretches, pairs, risk.of_element, risk.lone, country, *out)
        return out

    by_year = np.empty((years, country[2] + 1, 2))
    of_trip, worst = np.zeros((m, 4)), np.zeros((m, 2))
    with ThreadPoolExecutor(workers) as pool:
        try:
            turns = list(pool.map(shut, firsts))
            every, back = np.unique(
                np.concatenate([t[4] for t in turns]), axis=0, return_inverse=True
            )
            cuts = np.cumsum([len(t[4]) for t in turns])[:-1]
            place = np.split(back.ravel().astype(np.int64), cuts)
            long = np.zeros(len(every))
            for k, t in enumerate(turns):
                long += np.bincount(place[k][t[2]], t[3], len(every))
            more = {} if exact is None else {"exact": exact}
            cases = cases_of(risk, every, long, workers=workers, progress=told, **more)
            pairs = cases.begins, cases.which, cases.trip, cases.more_usd, cases.more_stopped
            jobs = [pool.submit(lost, k) for k in range(len(firsts))]
            for first, job in zip(firsts, jobs, strict=True):
                found = job.result()
                by_year[first : first + len(found[0])] = found[0]
                of_trip += found[1]
                np.maximum(worst, found[2], out=worst)
                if progress is not None:
                    progress(min(first + _BLOCK, years), years)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    rest = np.where(cases.exact, 0.0, cases.days / 365.0 / years)
    return by_year, of_trip, worst, np.array([rest @ cases.usd, rest @ cases.stopped])


def _error(of_trip: FloatArray, years: int) -> FloatArray:
    """Standard errors of the mean of a year, of USD and of tonnes."""
    return _standard_error(of_trip[:, ::2], of_trip[:, 1::2], years)


def _standard_error(total: FloatArray, square: FloatArray, years: int) -> FloatArray:
    """Return the standard error of the mean of years, of their sum and the sum of their squares."""
    mean = total / years
    return np.asarray(np.sqrt(np.maximum(square / years - mean**2, 0.0) / max(years - 1, 1)))


def _for_kernel(risk: Risk) -> tuple[npt.NDArray[np.generic], ...]:
    """Closures and weather as the kernel takes them."""
    names = ["element", "key", "up_d", "down_d", "first_day", "last_day"]
    return tuple(risk.causes[name].to_numpy() for name in names)


def _year_share(causes: pd.DataFrame) -> FloatArray:
    """Chance of each cause on a day drawn from the whole year."""
    season = (causes["last_day"] - causes["first_day"]) % 365.0
    return np.asarray(causes["chance"] * np.where(season == 0.0, 365.0, season) / 365.0)


def _days_shut(risk: Risk) -> dict[str, FloatArray]:
    """
    Expected days a year that what a hazard shuts is shut, by it or by another cause.

    Causes that overlap are one day: 365 (1 - prod(1 - p)) over the hazard itself, those of the place as a
    whole, and weather.
    """
    causes = risk.causes.assign(share=_year_share(risk.causes))
    once = causes.drop_duplicates("key")
    place = risk.elements["element_id"].to_numpy(dtype=object)[once["element"].to_numpy()]
    kind = risk.elements["kind"].to_numpy(dtype=object)[once["element"].to_numpy()]
    mode = risk.hazards["mode"].to_numpy(dtype=object)[once["hazard"].to_numpy()]
    cold = once["hazard"].to_numpy() < 0
    share = once["share"].to_numpy()
    weather_d, shut_d = np.zeros(len(risk.hazards)), np.zeros(len(risk.hazards))
    for i, r in enumerate(risk.hazards.itertuples(index=False)):
        here = (place == r.element_id) & (kind == r.kind)
        mine = here & (cold | (mode == "") | (mode == r.mode))
        weather_d[i] = 365.0 * (1.0 - np.prod(1.0 - share[here & cold]))
        shut_d[i] = 365.0 * (1.0 - np.prod(1.0 - share[mine]))
    return {"weather_days_yr": weather_d, "shut_d_yr": shut_d}


def _alone(risk: Risk) -> tuple[FloatArray, FloatArray]:
    """
    What each trip would bear with its best route alone.

    A route is shut when any cause on it is; who arrives then waits until the last of them is over. Causes are
    independent and their closures exponential, so the wait has the mean
    integral of 1 - prod(1 - p exp(-x / d)).

    Returns
    -------
    stopped_t : ndarray, shape (m,)
        Tonnes that would stop. [t/yr]
    wait_h : ndarray, shape (m,)
        Mean wait of those; 0 where none stop. [h]
    """
    routes = risk.routes
    causes = risk.causes.assign(share=_year_share(risk.causes))
    element, key, share, days = (
        causes[c].to_numpy() for c in ("element", "key", "share", "down_d")
    )
    top = 40.0 * days.max(initial=1.0)
    x = np.concatenate(([0.0], np.geomspace(1e-3, top, 600)))
    shut, wait_d = np.zeros(len(routes.trip) - 1), np.zeros(len(routes.trip) - 1)
    known: dict[bytes, tuple[float, float]] = {}
    for t in range(len(shut)):
        first, last = routes.trip[t], routes.trip[t + 1]
        if first == last:
            continue
        mask = risk.masks[first + int(risk.weight[first:last].argmax())]
        name = mask.tobytes()
        if name not in known:
            on = (mask[element // 64] >> (element % 64).astype(np.uint64)) & np.uint64(1)
            mine = np.flatnonzero(on)
            # what shuts several elements at once is one cause
            mine = mine[np.unique(key[mine], return_index=True)[1]]
            p, d = share[mine], days[mine]
            later = 1.0 - np.prod(1.0 - p * np.exp(-x[:, None] / d), axis=1)
            known[name] = float(later[0]), float(np.trapezoid(later, x))
        shut[t], wait_d[t] = known[name]
    wait = np.divide(wait_d, shut, out=np.zeros_like(shut), where=shut > 0.0)
    return risk.removal.trips.flow * shut, 24.0 * wait


_STAGE = ("kind", "mode", "gauge_mm", "link_id", "node_id", "to_node_id", "crossing_id", "from_mode",
          "to_mode", "from_gauge_mm", "to_gauge_mm", "terminal_id", "forward")  # fmt: skip
"""Columns of an arc that name it."""


def _times(
    risk: Risk, seed: int, promised_days: float | None, consignments: int
) -> dict[str, FloatArray]:
    """
    Quantiles of door-to-door hours of each trade, and the chance of keeping a promise.

    Draws bear the names of trade, cause and stage: they are the same whatever else there is.
    """
    removal, routes = risk.removal, risk.routes
    cost, base = removal.base.cost, removal.base
    m = len(removal.trips.flow)
    trade = keys_of(base.trips, ("origin_zone_id", "destination_zone_id", "commodity_id"))
    stage = keys_of(base.virtual.arcs, _STAGE)
    names = ["element", "key", "chance", "down_d", "first_day", "last_day"]
    causes = tuple(risk.causes[name].to_numpy() for name in names)
    out = np.full((m, 3), np.nan)
    kept = np.full(m, np.nan)
    hours = np.empty(consignments)
    late = removal.problem.over_all_arcs(removal.found.hours)
    for t in range(m):
        first, last = int(routes.trip[t]), int(routes.trip[t + 1])
        if first == last:
            continue
        arcs = routes.arcs[routes.starts[first] : routes.starts[last]]
        k = removal.trips.klass[t]
        starts = routes.starts[first : last + 1] - routes.starts[first]
        kernel.journeys(
            seed, trade[t], risk.weight[first:last], risk.masks[first:last], starts, stage[arcs],
            cost.hours[k, arcs] + late[arcs], cost.spread_h[k, arcs], causes, hours,
        )  # fmt: skip
        out[t] = np.quantile(hours, (0.5, 0.9, 0.95))
        if promised_days is not None:
            kept[t] = float((hours <= 24.0 * promised_days).mean())
    return {"p50_h": out[:, 0], "p90_h": out[:, 1], "p95_h": out[:, 2], "on_time": kept}
