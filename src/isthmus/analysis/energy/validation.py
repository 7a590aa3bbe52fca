"""Modelled flows of oil and gas beside the published ones of a year."""

from __future__ import annotations

import numpy as np
import pandas as pd

from isthmus.analysis.energy.trade import EnergyFlows
from isthmus.analysis.flows.pipelines import in_tonnes
from isthmus.errors import Fault, InputError

__all__ = ["validate_energy"]

WITHIN = 0.15
"""Relative error within which a route counts as met."""

_NOTHING = 1e5
"""Below so many tonnes a year a published zero counts as met. [t/yr]"""


def validate_energy(flows: EnergyFlows) -> pd.DataFrame:
    """
    Lay modelled flows beside the published ones of the same year.

    Parameters
    ----------
    flows : EnergyFlows
        Over the network of a year, or of any other.

    Returns
    -------
    DataFrame
        flow_id, name, commodity_id, published_t_yr, model_t_yr [t/yr], error (relative), met
        (within 15 %, or below 0.1 Mt where nothing was published), only_route: the share of the
        modelled flow that has no other route, so that the balances alone decide it; basis, the
        weakest capacity on it; source_id.

    Raises
    ------
    InputError
        If no flow of that year is published.
    """
    problem = flows.problem
    table = problem.network.facts["energy_flows"]
    rows = table[table["year"] == problem.year].reset_index(drop=True)
    if rows.empty:
        raise InputError(
            [
                Fault(
                    "data/energy_flows.csv", f"has no flow of {problem.year}.", "Name another year."
                )
            ]
        )
    published = in_tonnes(rows["value"], rows["unit"], problem.parameters)
    out = []
    for row, tonnes in zip(rows.to_dict("records"), published, strict=True):
        links = [part.strip() for part in str(row["link_ids"]).split(";")]
        ends = (str(row["origin_territory_id"]), str(row["destination_territory_id"]))
        model = _over(flows, links, *ends)
        error = model / tonnes - 1.0 if tonnes > 0 else np.nan
        met = abs(error) <= WITHIN if tonnes > 0 else model < _NOTHING
        out.append(
            {
                **{c: row[c] for c in ("flow_id", "name", "commodity_id")},
                "published_t_yr": tonnes,
                "model_t_yr": model,
                "error": error,
                "met": bool(met),
                "only_route": _only_route(flows, links, *ends, model),
                "basis": _basis(flows, links),
                "source_id": row["source_id"],
            }
        )
    return pd.DataFrame(out)


def _passing(flows: EnergyFlows, links: list[str], origin: str, end: str) -> pd.Series:
    """Paths between these countries that use one of the links; "" is any country."""
    named = flows.problem.arcs["link_id"].to_numpy(object)
    paths = flows.paths
    over = pd.Series([bool(set(named[at]) & set(links)) for at in paths["arcs"]], paths.index)
    if origin:
        over &= paths["exporter_id"].eq(origin)
    if end:
        over &= paths["importer_id"].eq(end)
    return over.astype(bool)


def _over(flows: EnergyFlows, links: list[str], origin: str, end: str) -> float:
    over = _passing(flows, links, origin, end)
    return float(flows.paths.loc[over, "tonnes_t_yr"].sum())


def _only_route(flows: EnergyFlows, links: list[str], origin: str, end: str, model: float) -> float:
    """Share of a flow that does not arrive if all its links are shut. [1]"""
    if model <= 0.0:
        return np.nan
    over = _passing(flows, links, origin, end)
    sellers = flows.paths.loc[over, ["exporter_id", "importer_id", "commodity_id"]]
    pairs = sellers.drop_duplicates()
    keys = list(pairs.columns)
    after = flows.without("link_id", *links)
    before = flows.paths.groupby(keys)["tonnes_t_yr"].sum()
    left = after.paths.groupby(keys)["tonnes_t_yr"].sum()
    lost = sum(
        max(0.0, float(before[key]) - float(left.get(key, 0.0)))
        for key in pairs.itertuples(index=False, name=None)
    )
    return min(1.0, lost / model)


def _basis(flows: EnergyFlows, links: list[str]) -> str:
    arcs = flows.problem.arcs
    here = set(arcs.loc[arcs["link_id"].isin(links) & arcs["kind"].eq("move"), "basis"])
    return "assumed" if "assumed" in here else "published" if "published" in here else "none"
