"""Origin–destination matrices of attributes along the used paths."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from isthmus.assign import Assignment

__all__ = ["Skims", "skim"]

FloatArray = npt.NDArray[np.float64]

_ATTRIBUTES = {
    "usd": "usd_t",
    "money": "money_usd_t",
    "hours": "hours_h",
    "co2": "co2_kg_t",
    "length_km": "length_km",
}


@dataclass(frozen=True)
class Skims:
    """
    Matrices by zone.

    Parameters
    ----------
    zones : list of str
        Order of both axes.
    matrices : dict of str to ndarray, shape (n_zone, n_zone)
        ``<commodity>_tonnes_t_yr`` and ``<commodity>_<attribute>``: flow-weighted means, NaN where
        nothing moves.
    """

    zones: list[str]
    matrices: dict[str, FloatArray] = field(repr=False)


def skim(assignment: Assignment) -> Skims:
    """
    Return tonnes and mean attributes from zone to zone by commodity.

    Parameters
    ----------
    assignment : Assignment

    Returns
    -------
    Skims
    """
    network, trips, paths = assignment.virtual.network, assignment.trips, assignment.paths
    zones = list(network.zones["zone_id"])
    at = {zone: i for i, zone in enumerate(zones)}
    n = len(zones)
    cell = (
        trips["origin_zone_id"].map(at).to_numpy() * n
        + trips["destination_zone_id"].map(at).to_numpy()
    )[paths.trip]
    totals = {name: assignment.path_total(name) for name in _ATTRIBUTES}
    matrices: dict[str, FloatArray] = {}
    goods = assignment.cost.commodities["commodity_id"].to_numpy()
    carried = goods[assignment.class_of_path]
    for commodity in dict.fromkeys(goods):
        here = carried == commodity
        flow = np.bincount(cell[here], weights=paths.flow[here], minlength=n * n)
        matrices[f"{commodity}_tonnes_t_yr"] = flow.reshape(n, n).astype(np.float64)
        for name, column in _ATTRIBUTES.items():
            weighted = paths.flow[here] * totals[name][here]
            total = np.bincount(cell[here], weights=weighted, minlength=n * n)
            with np.errstate(invalid="ignore", divide="ignore"):
                matrices[f"{commodity}_{column}"] = (total / flow).reshape(n, n)
    return Skims(zones, matrices)
