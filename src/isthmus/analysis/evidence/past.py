"""
Back-casts: the model on the network and trade of past years, beside what was published.

Nothing of a year is put in but its network (dated facts), its restrictions (sanctions, risk) and its
trade (`data/trade_growth.csv`). What moves between corridors has to come out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from isthmus.assign import Assignment, assign
from isthmus.cost.restrictions import listed
from isthmus.errors import Fault, InputError

if TYPE_CHECKING:
    from isthmus.cost.model import GeneralizedCost
    from isthmus.package import Facts

__all__ = ["Backcast", "backcast"]

_DAY = "-07-01"
"""Day of a year whose network is taken."""


@dataclass(frozen=True)
class Backcast:
    """
    Modelled beside published volumes.

    Parameters
    ----------
    table : DataFrame
        measure_id, name, unit, year, modelled, published, ratio [modelled over published],
        published_confidence, source_id. Published is NaN where no figure is known.
    changes : DataFrame
        measure_id, name, from_year, to_year, modelled and published [new over old], agrees: whether
        both rose or both fell. Only between years that have a published figure.
    fit : DataFrame
        quantity, value: how well it does in all.
    gaps : dict of int to float
        Relative gap reached by each year.
    """

    table: pd.DataFrame = field(repr=False)
    changes: pd.DataFrame = field(repr=False)
    fit: pd.DataFrame = field(repr=False)
    gaps: dict[int, float]

    def as_dict(self) -> dict[str, Any]:
        """Return the tables as lists of rows."""
        return {
            "volumes": self.table.to_dict("records"),
            "changes": self.changes.to_dict("records"),
            "fit": self.fit.to_dict("records"),
            "gaps": self.gaps,
        }


def backcast(
    facts: Facts,
    cost: GeneralizedCost,
    years: Sequence[int] = (2019, 2021, 2023, 2025),
    *,
    method: str = "stochastic",
    gap: float = 1e-6,
    progress: Callable[[str], None] | None = None,
) -> Backcast:
    """
    Run past years and lay their volumes beside published ones.

    Parameters
    ----------
    facts : Facts
    cost : GeneralizedCost
        Prices stay those of the base year: the model knows no freight rates of other years.
    years : sequence of int
        Each with the network of 1 July.
    method : str
    gap : float
    progress : callable, optional
        Told the year that is run.

    Returns
    -------
    Backcast

    Raises
    ------
    InputError
        If a year has no trade or is given twice.
    """
    if len(set(years)) != len(years):
        raise InputError([Fault("--years", "names a year twice.", "Name each once.")])
    rows, gaps = [], {}
    for year in sorted(years):
        if progress is not None:
            progress(f"{year}")
        network, demand = facts.network(f"{year}{_DAY}"), facts.demand(year)
        found = assign(network, demand, cost, method=method, gap=gap)
        gaps[year] = found.gap
        rows += [{"measure_id": m, "year": year, "modelled": v} for m, v in _counted(found).items()]
    measures = facts["backcast_measures"][["measure_id", "name", "unit"]]
    said = facts["backcast_values"].rename(
        columns={"value": "published", "confidence": "published_confidence"}
    )
    table = pd.DataFrame(rows).merge(measures, on="measure_id").merge(
        said[["measure_id", "year", "published", "published_confidence", "source_id"]],
        on=["measure_id", "year"],
        how="left",
    )  # fmt: skip
    table["ratio"] = table["modelled"] / table["published"]
    columns = ["measure_id", "name", "unit", "year", "modelled", "published", "ratio"]
    table = table[[*columns, "published_confidence", "source_id"]]
    table[["published_confidence", "source_id"]] = table[
        ["published_confidence", "source_id"]
    ].fillna("")
    changes = _changes(table)
    return Backcast(table, changes, _fit(table, changes), gaps)


def _counted(found: Assignment) -> dict[str, float]:
    """Return the volume of each measure, in its unit."""
    facts = found.virtual.network.facts
    arcs = found.virtual.arcs
    element = np.where(arcs["link_id"].ne(""), arcs["link_id"], arcs["crossing_id"])
    territory = facts["zones"].set_index("zone_id")["territory_id"]
    origin = found.trips["origin_zone_id"].map(territory).to_numpy(dtype=object)
    destination = found.trips["destination_zone_id"].map(territory).to_numpy(dtype=object)
    goods = found.cost.commodities.iloc[found.trips["class"]]
    boxed = goods["load_type"].eq("container").to_numpy()
    payload = goods["payload_t_teu"].to_numpy(dtype=float)
    out = {}
    for row in facts["backcast_measures"].to_dict("records"):
        over = found.paths.any_arc(np.isin(element, list(listed(row["elements"]))))
        one, other = listed(row["ends_in"]), listed(row["other_end_in"])
        pair = (_in(origin, one) & _in(destination, other)) | (
            _in(destination, one) & _in(origin, other)
        )
        trip = found.paths.trip
        flow = np.where(over & pair[trip], found.paths.flow, 0.0)
        if row["unit"] == "TEU":
            flow = np.where(boxed[trip], flow / np.where(boxed, payload, 1.0)[trip], 0.0)
        out[row["measure_id"]] = float(flow.sum()) * (1.0 if row["unit"] == "TEU" else 1e-6)
    return out


def _in(territories: Any, wanted: set[str]) -> Any:
    return np.isin(territories, list(wanted)) if wanted else np.ones(len(territories), dtype=bool)


def _changes(table: pd.DataFrame) -> pd.DataFrame:
    """Return growth from one published year to the next, modelled and published."""
    rows = []
    for (measure, name), part in table.dropna(subset=["published"]).groupby(
        ["measure_id", "name"], sort=False
    ):
        part = part.sort_values("year")
        for old, new in zip(
            part.iloc[:-1].to_dict("records"), part.iloc[1:].to_dict("records"), strict=True
        ):
            modelled = new["modelled"] / old["modelled"] if old["modelled"] > 0 else np.nan
            published = new["published"] / old["published"]
            rows.append(
                {
                    "measure_id": measure,
                    "name": name,
                    "from_year": old["year"],
                    "to_year": new["year"],
                    "modelled": modelled,
                    "published": published,
                    "agrees": bool(np.sign(modelled - 1.0) == np.sign(published - 1.0)),
                }
            )
    columns = ["measure_id", "name", "from_year", "to_year", "modelled", "published", "agrees"]
    return pd.DataFrame(rows, columns=columns)


def _fit(table: pd.DataFrame, changes: pd.DataFrame) -> pd.DataFrame:
    """Say in a few numbers how well it does."""
    both = table.dropna(subset=["published"])
    some = both[both["modelled"] > 0.0]
    off = np.abs(np.log(some["ratio"]))
    rank = spearmanr(both["modelled"], both["published"]).statistic if len(both) > 2 else np.nan
    rows = [
        ("volumes compared", float(len(both))),
        ("median factor off", float(np.exp(off.median())) if len(off) else np.nan),
        ("share within a factor of 2", float((off < np.log(2.0)).mean()) if len(off) else np.nan),
        ("modelled as nothing", float(len(both) - len(some))),
        ("rank correlation of volumes", float(rank)),
        ("changes compared", float(len(changes))),
        ("changes of the right direction", float(changes["agrees"].sum())),
    ]
    return pd.DataFrame(rows, columns=["quantity", "value"])
