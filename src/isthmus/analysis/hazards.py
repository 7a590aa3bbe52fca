"""
How often border places, ports, straits and canals shut, and for how long: dated closures and a stated prior.

A closure is a spell of the regime or status *closed* that follows an open one of the same crossing or link. Rates are
Gamma-Poisson: the mean rate of all places of a kind counts as `closure_prior_events` events. Durations
are exponential with the mean of all as `closure_prior_spells` closures; those still running count with
the days they have lasted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from isthmus.cost.parameters import Parameters
    from isthmus.facts.tables import Facts

__all__ = ["hazards", "weather"]

_DAYS = 365.25
_WINTER = (274.0, 120.0)
"""Days of the year, 1 October to 30 April, in which weather shuts a place."""


def hazards(facts: Facts, parameters: Parameters, elements: pd.DataFrame) -> pd.DataFrame:
    """
    Estimate the closure hazard of elements.

    Parameters
    ----------
    facts : Facts
    parameters : Parameters
    elements : DataFrame
        kind ('crossing' or 'passage'), element_id, name.

    Returns
    -------
    DataFrame
        kind, element_id, name; events, closures in the record; years, open years in it; causes, ids of
        events; rate_yr, closures in a year that is open, and rate_low_yr, rate_high_yr, its 5 % and 95 %
        points; mean_d, mean days shut; shut_share, of the time in the long run.

    References
    ----------
    .. [1] A. Gelman et al., *Bayesian Data Analysis*, 3rd ed., CRC, 2013, section 2.6.
    """
    from scipy.stats import gamma

    longest = parameters.get("closure_longest_d", item="reliability")
    weight = parameters.get("closure_prior_events", item="reliability")
    spells = parameters.get("closure_prior_spells", item="reliability")
    places = facts["crossings"].set_index("crossing_id")["node_id"]
    regimes = facts["crossing_regimes"]
    regimes = regimes.assign(element_id=regimes["crossing_id"].map(places), state=regimes["regime"])
    regimes = regimes.assign(part_id=regimes["crossing_id"])
    passage = facts["links"].set_index("link_id")["passage_id"]
    status = facts["link_status"]
    status = status.assign(element_id=status["link_id"].map(passage), state=status["status"])
    status = status.assign(part_id=status["link_id"])
    end = max(pd.to_datetime(t["from_date"]).max() for t in (regimes, status))
    rows = []
    for kind, table in (("crossing", regimes), ("passage", status)):
        wanted = elements[elements["kind"].eq(kind)]
        records = dict(
            list(table[table["element_id"].isin(wanted["element_id"])].groupby("element_id"))
        )
        for name, title in zip(wanted["element_id"], wanted["name"], strict=True):
            rows.append((kind, name, title, *_record(records.get(name), end, longest)))
    columns = ["kind", "element_id", "name", "events", "years", "shut_d", "ended", "causes"]
    frame = pd.DataFrame(rows, columns=columns)
    for kind in frame["kind"].unique():
        here = frame["kind"].eq(kind)
        some = frame[here]
        pooled = max(float(some["events"].sum()), 0.5) / max(float(some["years"].sum()), 1.0)
        days = max(float(some["shut_d"].sum()), 1.0) / max(float(some["ended"].sum()), 1.0)
        shape = weight + some["events"]
        rate = weight / pooled + some["years"]
        frame.loc[here, "rate_yr"] = shape / rate
        frame.loc[here, "rate_low_yr"] = gamma.ppf(0.05, shape) / rate
        frame.loc[here, "rate_high_yr"] = gamma.ppf(0.95, shape) / rate
        frame.loc[here, "mean_d"] = (spells * days + some["shut_d"]) / (spells + some["ended"])
    shut = frame["rate_yr"] * frame["mean_d"] / _DAYS
    frame["shut_share"] = shut / (1.0 + shut)
    return frame.drop(columns=["shut_d", "ended"])


def _record(
    spells: pd.DataFrame | None, end: pd.Timestamp, longest: float
) -> tuple[int, float, float, int, str]:
    """Return closures, open years, days shut, closures that ended, and what caused them."""
    if spells is None or not len(spells):
        return 0, 0.0, 0.0, 0, ""
    causes: dict[pd.Timestamp, tuple[pd.Timestamp, str, bool]] = {}
    opened = end
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
    days = [min((b - a).days, longest) for a, (b, _, _) in causes.items()]
    # a closure longer than the longest has become a state: it counts as ended there
    ended = sum(over or (b - a).days >= longest for a, (b, _, over) in causes.items())
    shut = sum((b - a).days for a, (b, _, _) in causes.items())
    years = max((end - opened).days - shut, 0) / _DAYS
    names = "; ".join(dict.fromkeys(c for _, c, _ in causes.values()))
    return len(causes), years, float(sum(days)), ended, names


def weather(parameters: Parameters) -> pd.DataFrame:
    """
    Return what weather shuts in winter.

    Returns
    -------
    DataFrame
        element_id, days_yr, spell_d, first_day, last_day, up_d: mean days between two spells.
    """
    rows = parameters.frame
    mine = rows[rows["parameter"].eq("weather_days_yr")]
    spell = parameters.get("weather_spell_d", item="reliability")
    first, last = _WINTER
    season = 365.0 - first + last
    share = np.minimum(mine["value"].to_numpy(dtype=float) / season, 0.95)
    return pd.DataFrame(
        {
            "element_id": mine["item"].to_numpy(),
            "days_yr": share * season,
            "spell_d": spell,
            "first_day": first,
            "last_day": last,
            "up_d": spell * (1.0 - share) / np.maximum(share, 1e-9),
        }
    )
