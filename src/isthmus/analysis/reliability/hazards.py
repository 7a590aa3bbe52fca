"""
How often border places, ports, straits and canals shut, and for how long: dated closures and a stated prior.

A closure is a spell of the regime or status *closed* that follows an open one of the same crossing or
link. Where a place has several modes, what shuts all of them on one day is a closure of the place, and
what shuts one alone is a closure of that mode. Rates are Gamma-Poisson: the mean rate of all places on
record of a kind counts as `closure_prior_events` events. Durations are exponential with the mean of all as
`closure_prior_spells` closures; those still running count with the days they have lasted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from isthmus.vocab import PIPE_MODES

if TYPE_CHECKING:
    from isthmus.cost.parameters import Parameters
    from isthmus.facts.tables import Facts

__all__ = ["hazards", "weather"]

_DAYS = 365.25
_YEAR_D = 365.0
_MONTH_ENDS = np.cumsum([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])


def hazards(facts: Facts, parameters: Parameters, elements: pd.DataFrame) -> pd.DataFrame:
    """
    Estimate the closure hazard of elements.

    Parameters
    ----------
    facts : Facts
    parameters : Parameters
    elements : DataFrame
        kind ('crossing' or 'passage'), element_id, mode (empty: all), name.

    Returns
    -------
    DataFrame
        kind, element_id, mode, name; mode is empty where all modes shut together, and a place of several
        modes has a row for each besides; events, closures in the record; years, open years in it;
        causes, ids of events; rate_yr, closures in a year that is open, and rate_low_yr, rate_high_yr, its 5 % and 95 %
        points; mean_d, mean days shut; shut_share, of the time in the long run.

    References
    ----------
    .. [1] A. Gelman et al., *Bayesian Data Analysis*, 3rd ed., CRC, 2013, section 2.6.
    """
    from scipy.stats import gamma

    longest = parameters.get("closure_longest_d", item="reliability")
    weight = parameters.get("closure_prior_events", item="reliability")
    spells = parameters.get("closure_prior_spells", item="reliability")
    crossings = facts["crossings"].set_index("crossing_id")
    regimes = facts["crossing_regimes"]
    of = regimes["crossing_id"]
    regimes = regimes.assign(
        element_id=of.map(crossings["node_id"]), mode=of.map(crossings["mode"]),
        state=regimes["regime"], part_id=of,
    )  # fmt: skip
    # pipes are no way of the network of freight: what shuts all else at a place shuts the place
    regimes = regimes[~regimes["mode"].isin(PIPE_MODES)]
    status = facts["link_status"]
    of = status["link_id"]
    passage = facts["links"].set_index("link_id")["passage_id"]
    status = status.assign(
        element_id=of.map(passage), mode="", state=status["status"], part_id=of,
    )  # fmt: skip
    end = max(pd.to_datetime(t["from_date"]).max() for t in (regimes, status))
    records = {
        kind: dict(list(table.groupby("element_id")))
        for kind, table in (("crossing", regimes), ("passage", status))
    }
    frame = _tally(elements, records, end, longest)
    # the mean is that of all places on record, so that no order moves the rate of a place it leaves alone
    known = pd.concat([regimes.assign(kind="crossing"), status.assign(kind="passage")])
    known = known[known["element_id"].fillna("").ne("")]  # most links are in no passage
    known = known[["kind", "element_id", "mode"]].drop_duplicates().assign(name="")
    every = _tally(known.sort_values(["kind", "element_id", "mode"]), records, end, longest)
    pool_of = _pools(every)
    for pool, here in frame.groupby(_pools(frame)).groups.items():
        some, own = every[pool_of.eq(pool)], frame.loc[here]
        pooled = max(float(some["events"].sum()), 0.5) / max(float(some["years"].sum()), 1.0)
        days = max(float(some["shut_d"].sum()), 1.0) / max(float(some["ended"].sum()), 1.0)
        shape = weight + own["events"]
        rate = weight / pooled + own["years"]
        frame.loc[here, "rate_yr"] = shape / rate
        frame.loc[here, "rate_low_yr"] = gamma.ppf(0.05, shape) / rate
        frame.loc[here, "rate_high_yr"] = gamma.ppf(0.95, shape) / rate
        frame.loc[here, "mean_d"] = (spells * days + own["shut_d"]) / (spells + own["ended"])
    shut = frame["rate_yr"] * frame["mean_d"] / _DAYS
    frame["shut_share"] = shut / (1.0 + shut)
    return frame.drop(columns=["shut_d", "ended"])


def _tally(
    elements: pd.DataFrame,
    records: dict[str, dict[str, pd.DataFrame]],
    end: pd.Timestamp,
    longest: float,
) -> pd.DataFrame:
    """Count closures and open years: a row for each place, and for each mode of a place of several."""
    rows: list[tuple[object, ...]] = []
    for kind, ours in records.items():
        for name, mine in elements[elements["kind"].eq(kind)].groupby("element_id", sort=False):
            record, title = ours.get(str(name)), mine["name"].iloc[0]
            modes = list(mine["mode"])
            found = [_closures(record, None if kind == "passage" else m, end) for m in modes]
            whole = _shared(found, end)
            rows.append((kind, name, "", title, *_counted(whole, end, longest)))
            if len(modes) > 1:
                for mode, one in zip(modes, found, strict=True):
                    rows.append(
                        (kind, name, mode, title, *_counted(_less(one, whole), end, longest))
                    )
    columns = ["kind", "element_id", "mode", "name", "events", "years", "shut_d", "ended", "causes"]
    return pd.DataFrame(rows, columns=columns)


def _pools(frame: pd.DataFrame) -> pd.Series:
    """Name what shares a mean rate: places of a kind, and single modes of them."""
    return frame["kind"].where(frame["mode"].eq(""), frame["kind"] + " mode")


class _Record(NamedTuple):
    """Closures of one mode of a place: begin, end, what caused it, whether it is over; and first open."""

    closures: dict[pd.Timestamp, tuple[pd.Timestamp, str, bool]]
    opened: pd.Timestamp


def _closures(spells: pd.DataFrame | None, mode: str | None, end: pd.Timestamp) -> _Record:
    """Read the closures of one mode, or of a passage, from the spells of its parts."""
    causes: dict[pd.Timestamp, tuple[pd.Timestamp, str, bool]] = {}
    opened = end
    if spells is not None and mode is not None:
        spells = spells[spells["mode"].eq(mode)]
    if spells is None or not len(spells):
        return _Record(causes, opened)
    for _, rows in spells.sort_values("from_date").groupby("part_id", sort=False):
        was_open, since = False, None
        for row in rows.itertuples(index=False):
            begin = pd.to_datetime(row.from_date)
            over = pd.notna(row.to_date) and bool(str(row.to_date))
            until = pd.to_datetime(row.to_date) if over else end
            if row.state != "closed":
                opened, was_open, since = min(opened, begin), True, None
                continue
            if was_open:  # never open before is a state, or a plan, and no event
                since = begin
                causes.setdefault(since, (until, str(row.cause_id), over))
            if since is not None:  # spells of closed one after the other are one closure
                last, cause, _ = causes[since]
                causes[since] = (max(until, last), cause, over)
            was_open = False
    return _Record(causes, opened)


def _shared(found: list[_Record], end: pd.Timestamp) -> _Record:
    """Return the closures that begin on one day in all modes, for as long as all are shut."""
    # a mode that never opened in the record is no mode of the place
    known = [f for f in found if f.opened < end] or found
    first = known[0]
    causes = {
        since: min((f.closures[since] for f in known), key=lambda c: c[0])
        for since in first.closures
        if all(since in f.closures for f in known)
    }
    return _Record(causes, min(f.opened for f in known))


def _less(one: _Record, whole: _Record) -> _Record:
    """Return the closures of a mode that are its own: what the place as a whole is shut is not in them."""
    causes = {}
    for since, (until, cause, over) in one.closures.items():
        begin = whole.closures[since][0] if since in whole.closures else since
        if begin < until:
            causes[begin] = (until, cause, over)
    return _Record(causes, one.opened)


def _counted(
    record: _Record, end: pd.Timestamp, longest: float
) -> tuple[int, float, float, int, str]:
    """Return closures, open years, days shut, closures that ended, and what caused them."""
    causes = record.closures
    days = [min((b - a).days, longest) for a, (b, _, _) in causes.items()]
    # a closure longer than the longest has become a state: it counts as ended there
    ended = sum(over or (b - a).days >= longest for a, (b, _, over) in causes.items())
    shut = sum((b - a).days for a, (b, _, _) in causes.items())
    years = max((end - record.opened).days - shut, 0) / _DAYS
    names = "; ".join(dict.fromkeys(c for _, c, _ in causes.values()))
    return len(causes), years, float(sum(days)), ended, names


def weather(parameters: Parameters) -> pd.DataFrame:
    """
    Return what weather shuts in its season.

    Returns
    -------
    DataFrame
        element_id, mode (empty: all), days_yr, spell_d, first_day, last_day, up_d: mean days between two
        spells. The season runs from `weather_first_month` to `weather_last_month` of the place, or of
        all places.
    """
    rows = parameters.frame
    mine = rows[rows["parameter"].eq("weather_days_yr")]
    out = []
    for name, mode, days in zip(mine["item"], mine["mode"], mine["value"], strict=True):
        a, b = (int(_of_place(parameters, f"weather_{e}_month", name)) for e in ("first", "last"))
        first, last = float(_MONTH_ENDS[a - 1]), float(_MONTH_ENDS[b])
        season = (last - first) % _YEAR_D or _YEAR_D
        share = min(float(days) / season, 0.95)
        spell = _of_place(parameters, "weather_spell_d", name)
        up = spell * (1.0 - share) / max(share, 1e-9)
        out.append((name, str(mode or ""), share * season, spell, first, last, up))
    columns = ["element_id", "mode", "days_yr", "spell_d", "first_day", "last_day", "up_d"]
    return pd.DataFrame(out, columns=columns)


def _of_place(parameters: Parameters, parameter: str, place: str) -> float:
    """Return the value of a place, or else the one of all."""
    rows = parameters.frame
    here = rows["parameter"].eq(parameter) & rows["item"].eq(place)
    return parameters.get(parameter, item=place if here.any() else "reliability")
