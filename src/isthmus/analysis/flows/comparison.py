"""What a scenario changes: two assignments side by side, by country, corridor, link, trade."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from isthmus.analysis.flows.bottleneck import bottlenecks
from isthmus.analysis.flows.exposure import exposure
from isthmus.analysis.flows.totals import DIMENSIONS, corridor_levels, levels, transit, trip_levels
from isthmus.analysis.flows.welfare import Parts, parts

if TYPE_CHECKING:
    from isthmus.assign import Assignment

__all__ = ["COMPONENTS", "Comparison", "compare"]

_TRIP = ["origin_zone_id", "destination_zone_id", "commodity_id"]
COMPONENTS = {
    "money": "money",
    "time": "time on the way and at borders",
    "spread": "uncertainty of that time",
    "co2": "price of emissions",
    "waiting": "waiting in queues",
    "choice": "worth of the choice among routes",
}
"""What a tonne bears, by where it comes from."""

_GAINS = ["cost_change_usd_yr", "money_change_usd_yr", "time_change_th_yr", "co2_change_t_yr"]


@dataclass(frozen=True, eq=False)
class Comparison:
    """
    A base and a new assignment.

    Parameters
    ----------
    base, new : Assignment
    """

    base: Assignment = field(repr=False)
    new: Assignment = field(repr=False)

    @cached_property
    def parts(self) -> Parts | None:
        """What the network does at the base's delays, and what trade that stops relieves."""
        return parts(self.base, self.new)

    @cached_property
    def trips(self) -> pd.DataFrame:
        """
        One row a flow of either matrix.

        Changes of cost, money, time and CO2 are taken over the tonnes served in both, so that a
        trade that stops is never booked as a saving: it stands in `unserved_change_t_yr`. The
        change of cost is that of what a tonne bears (docs/model.md, 7), by the cost that flows of each side
        bear; `network_change_usd_yr` is the part of it at the base's delays, nan for methods without one. Of a
        trade whose change is below `doubt_usd_yr`, what the gaps of the two may be worth to it, all is 0.
        """
        left, right = trip_levels(self.base), trip_levels(self.new)
        keep = [*_TRIP, "origin_territory_id", "destination_territory_id"]
        both = left.merge(right, on=keep, how="outer", suffixes=("_base", "_new"))
        tonnes = [c for c in both if c.startswith(("tonnes_t_yr", "served_t_yr"))]
        both[tonnes] = both[tonnes].fillna(0.0)
        common = both[["served_t_yr_base", "served_t_yr_new"]].min(axis=1)
        both["common_t_yr"] = common

        def change(column: str) -> pd.Series[float]:
            difference = both[f"{column}_new"] - both[f"{column}_base"]
            return pd.Series(np.where(common > 0, common * difference.fillna(0.0), 0.0), both.index)

        both["cost_change_usd_yr"] = change("borne_usd_t")
        both["money_change_usd_yr"] = change("money_usd_t")
        both["time_change_th_yr"] = change("hours_h")
        both["co2_change_t_yr"] = change("co2_kg_t") / 1000.0
        for name in COMPONENTS:
            both[f"{name}_part_usd_yr"] = change(f"{name}_usd_t")
        pair = both[["doubt_usd_yr_base", "doubt_usd_yr_new"]].fillna(0.0)
        both["doubt_usd_yr"] = pair.sum(axis=1)
        nothing = both["cost_change_usd_yr"].abs() <= both["doubt_usd_yr"]
        both.loc[nothing, [*_GAINS, *(f"{c}_part_usd_yr" for c in COMPONENTS)]] = 0.0
        both["network_change_usd_yr"] = np.nan
        if self.parts is not None:
            right = self.new.trips[_TRIP].assign(held=self.parts.network_usd_t)
            held = both[_TRIP].merge(right.drop_duplicates(_TRIP), on=_TRIP, how="left")["held"]
            both["network_change_usd_yr"] = np.where(common > 0, common * held.fillna(0.0), 0.0)
        both["unserved_base_t_yr"] = both["tonnes_t_yr_base"] - both["served_t_yr_base"]
        both["unserved_new_t_yr"] = both["tonnes_t_yr_new"] - both["served_t_yr_new"]
        both["unserved_change_t_yr"] = both["unserved_new_t_yr"] - both["unserved_base_t_yr"]
        return both

    def by(self, dimension: str) -> pd.DataFrame:
        """
        Return base, new and change by a dimension.

        Parameters
        ----------
        dimension : {'territory', 'corridor', 'link', 'crossing', 'od', 'commodity', 'mode', \
'component'}

        Returns
        -------
        DataFrame
            Key, name and for each quantity ``<quantity>_base``, ``_new`` and ``_change``. By
            territory, od and commodity the changes of cost, money, time and CO2 are taken over the
            tonnes served in both.

        Raises
        ------
        InputError
            If there is no such dimension.
        """
        if dimension == "component":
            return self._components()
        return self._side_by_side(dimension)

    def terms(self) -> pd.DataFrame:
        """Return the terms that cost is made of, totals of either side; see `levels` by component."""
        return self._side_by_side("component")

    def _side_by_side(self, dimension: str) -> pd.DataFrame:
        left, right = self._levels(dimension)
        key = DIMENSIONS[dimension][0]
        numbers = [c for c in left if c not in key and pd.api.types.is_float_dtype(left[c])]
        labels = [c for c in left if c not in key and c not in numbers]
        static = [c for c in numbers if c in ("length_km", "capacity_t_yr")]
        numbers = [c for c in numbers if c not in static]
        frame = left.merge(right, on=key, how="outer", suffixes=("_base", "_new"))
        for column in labels + static:
            old, new = frame.pop(f"{column}_base"), frame.pop(f"{column}_new")
            if column in ("status", "regime"):
                frame[f"{column}_base"], frame[f"{column}_new"] = old.fillna(""), new.fillna("")
            else:
                frame[column] = new.where(new.notna(), old)
        for column in numbers:
            pair = [f"{column}_base", f"{column}_new"]
            frame[pair] = frame[pair].fillna(0.0)
            frame[f"{column}_change"] = frame[pair[1]] - frame[pair[0]]
        if dimension in ("territory", "od", "commodity"):
            frame = self._over_common_tonnes(frame, dimension)
        first = [*key, *[c for c in frame if c not in key and c in labels]]
        return frame[[*first, *[c for c in frame if c not in first]]]

    def _levels(self, dimension: str) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Totals of either; a corridor is the same chain of links in both."""
        if dimension != "corridor":
            return levels(self.base, dimension), levels(self.new, dimension)
        links = pd.concat([a.virtual.network.links for a in (self.base, self.new)])
        links = links.drop_duplicates("link_id")
        return corridor_levels(self.base, links), corridor_levels(self.new, links)

    def _components(self) -> pd.DataFrame:
        """What a change of cost is made of, over the tonnes served in both; the rows add up to it."""
        trips = self.trips
        rows = []
        for name, title in COMPONENTS.items():
            worth = trips[f"{name}_usd_t_base"].fillna(0.0), trips[f"{name}_usd_t_new"].fillna(0.0)
            base, new = (float((trips["common_t_yr"] * w).sum()) for w in worth)
            rows.append((name, title, base, new, float(trips[f"{name}_part_usd_yr"].sum())))
        columns = ["component", "name", "cost_usd_yr_base", "cost_usd_yr_new", "cost_usd_yr_change"]
        return pd.DataFrame(rows, columns=columns)

    def _over_common_tonnes(self, frame: pd.DataFrame, dimension: str) -> pd.DataFrame:
        """Replace naive differences of totals by changes over the tonnes served in both."""
        trips = self.trips
        if dimension == "territory":
            begins = trips.groupby("origin_territory_id")[[*_GAINS, "doubt_usd_yr"]].sum()
            inside = trips["origin_territory_id"].eq(trips["destination_territory_id"])
            ends = (
                trips[~inside].groupby("destination_territory_id")[[*_GAINS, "doubt_usd_yr"]].sum()
            )
            gains = begins.add(ends, fill_value=0.0).rename_axis("territory_id").reset_index()
            key = ["territory_id"]
        else:
            key = DIMENSIONS[dimension][0]
            gains = trips.groupby(key)[[*_GAINS, "doubt_usd_yr"]].sum().reset_index()
        names = {
            "cost_change_usd_yr": "cost_usd_yr_change",
            "money_change_usd_yr": "money_usd_yr_change",
            "time_change_th_yr": "time_th_yr_change",
            "co2_change_t_yr": "co2_t_yr_change",
        }
        gains = gains.rename(columns=names)
        # what is less than the gaps can tell is nothing
        nothing = gains["cost_usd_yr_change"].abs() <= gains.pop("doubt_usd_yr")
        gains.loc[nothing, list(names.values())] = 0.0
        frame = frame.drop(columns=[c for c in names.values() if c in frame])
        joined = frame.merge(gains, on=key, how="left")
        return joined.assign(**{c: joined[c].fillna(0.0) for c in names.values()})

    def totals(self) -> dict[str, float]:
        """
        Return the headline numbers.

        Returns
        -------
        dict of str to float
            Changes of cost, money [USD/yr], time [t·h/yr] and CO2 [t/yr] over tonnes served in
            both. Of the change of cost: network_change_usd_yr, at the base's delays; relief_change_usd_yr, what
            trade that stops takes off the rest, and trade that starts puts on it; congestion_change_usd_yr, what
            else others' moving does [USD/yr]; nan for methods that have no such parts. least_usd_yr: the smallest
            change that the gaps can tell from none; what is below is 0 [USD/yr]. Tonnes unserved before and
            after [t/yr]; cost before [USD/yr].
        """
        trips = self.trips
        out = {column: float(trips[column].sum()) for column in _GAINS}
        least = float(trips["doubt_usd_yr"].sum())
        if abs(out["cost_change_usd_yr"]) <= least:
            out = dict.fromkeys(_GAINS, 0.0)
        network = float(trips["network_change_usd_yr"].sum(skipna=False))
        relief = np.nan
        if self.parts is not None:
            relief = self.parts.relief_usd_yr
            network = 0.0 if abs(network) <= least else network
            relief = 0.0 if abs(relief) <= least else relief
        elif self.base is self.new:
            network = relief = 0.0
        out["network_change_usd_yr"] = network
        out["relief_change_usd_yr"] = relief
        rest = out["cost_change_usd_yr"] - network - relief
        out["congestion_change_usd_yr"] = 0.0 if abs(rest) <= least else rest
        out["least_usd_yr"] = least
        out["cost_base_usd_yr"] = float(
            (trips["served_t_yr_base"] * trips["borne_usd_t_base"]).sum()
        )
        out["unserved_base_t_yr"] = float(trips["unserved_base_t_yr"].sum())
        out["unserved_new_t_yr"] = float(trips["unserved_new_t_yr"].sum())
        out["common_t_yr"] = float(trips["common_t_yr"].sum())
        return out

    def exposure(self) -> pd.DataFrame:
        """Return tonnes that touch each sanctions measure, before and after. [t/yr]"""
        key = ["sanction_id", "subject", "listed_by", "measure", "from_date", "scope", "source_id"]
        both = exposure(self.base).merge(
            exposure(self.new), on=key, how="outer", suffixes=("_base", "_new")
        )
        pair = ["tonnes_t_yr_base", "tonnes_t_yr_new"]
        both[pair] = both[pair].fillna(0.0)
        both["tonnes_t_yr_change"] = both[pair[1]] - both[pair[0]]
        return both.sort_values(pair[1], ascending=False, ignore_index=True)

    def bottlenecks(self) -> pd.DataFrame:
        """Return the elements that carry tonnes, the dearest waiting first, before and after."""
        return bottlenecks(self.new, self.base)

    def transit(self) -> pd.DataFrame:
        """Return transit over each territory and sea, before and after. [t/yr]"""
        both = transit(self.base).merge(
            transit(self.new),
            how="outer",
            left_index=True,
            right_index=True,
            suffixes=("_base", "_new"),
        )
        return both.fillna(0.0).rename_axis("territory_id").reset_index()


def compare(base: Assignment, new: Assignment) -> Comparison:
    """
    Set two assignments side by side.

    Parameters
    ----------
    base, new : Assignment

    Returns
    -------
    Comparison

    Examples
    --------
    >>> import isthmus as ist
    >>> facts = ist.read()
    >>> network, demand = facts.network("2025-01-01"), facts.demand(2024)
    >>> base = ist.assign(network, demand, ist.GeneralizedCost(facts), method="all_or_nothing")
    >>> float(ist.compare(base, base).totals()["cost_change_usd_yr"])
    0.0
    """
    return Comparison(base, new)
