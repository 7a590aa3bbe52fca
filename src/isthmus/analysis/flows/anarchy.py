"""What it costs that everybody chooses for themselves: equilibrium beside the optimum of all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from isthmus.assign import Assignment, assign
from isthmus.corridor import corridor_links

if TYPE_CHECKING:
    from isthmus.cost.model import GeneralizedCost
    from isthmus.demand import Demand
    from isthmus.network import Network

__all__ = ["Anarchy", "price_of_anarchy"]


@dataclass(frozen=True, eq=False)
class Anarchy:
    """
    User equilibrium and system optimum of the same demand on the same network.

    Parameters
    ----------
    equilibrium, optimum : Assignment
        By ``path_based``.
    """

    equilibrium: Assignment = field(repr=False)
    optimum: Assignment = field(repr=False)

    @property
    def price(self) -> float:
        """
        Total cost at equilibrium over that at the optimum, 1 or more. [-]

        Each class's cost is counted in hours of its own, at its value of time: what the optimum
        makes least. In dollars the ratio may differ; `table` shows both.
        """
        return _hours(self.equilibrium).sum() / _hours(self.optimum).sum()

    def table(self) -> pd.DataFrame:
        """
        Return totals of both, and their ratio.

        Returns
        -------
        DataFrame
            quantity, unit, equilibrium, optimum, ratio.
        """
        one, other = self.equilibrium, self.optimum
        rows = [
            ("cost at own values of time", "t*h/yr", _hours(one).sum(), _hours(other).sum()),
            ("cost", "USD/yr", _usd(one).sum(), _usd(other).sum()),
            ("waiting", "t*h/yr", _waiting(one), _waiting(other)),
        ]
        frame = pd.DataFrame(rows, columns=["quantity", "unit", "equilibrium", "optimum"])
        frame["ratio"] = frame["equilibrium"] / frame["optimum"]
        return frame

    def by_corridor(self) -> pd.DataFrame:
        """
        Return, of each corridor, what it carries and what the trades that use it pay.

        Returns
        -------
        DataFrame
            corridor_id, name, mean_t_yr_equilibrium and mean_t_yr_optimum (tonne-kilometres on it
            over its length) [t/yr], usd_t_equilibrium and usd_t_optimum [USD/t]: what the trades
            that use the corridor at equilibrium pay, by all their routes, in proportion to their
            tonne-kilometres on it. A ratio below 1 says that they pay more at the optimum, for the
            good of others. Of a corridor that nobody uses, costs are nan.
        """
        one, other = self.equilibrium, self.optimum
        mean = {a: _per_trip(a) for a in (one, other)}
        chains = corridor_links(one.virtual.network)
        name = one.virtual.network.facts["corridors"].set_index("corridor_id")["name"]
        km = one.virtual.network.links.set_index("link_id")["length_km"]
        rows = []
        for corridor, links in chains.groupby("corridor_id")["link_id"]:
            chain = sorted(set(links) - {""})
            length = float(km.reindex(chain).sum())
            moved = [_moved(a, chain) for a in (one, other)]
            total = float(moved[0].sum())
            paid = [
                float((moved[0] * np.nan_to_num(mean[a])).sum() / total) if total else np.nan
                for a in (one, other)
            ]
            loads = [float(m.sum()) / length if length else np.nan for m in moved]
            rows.append((corridor, name[corridor], *loads, *paid))
        columns = ["corridor_id", "name", "mean_t_yr_equilibrium", "mean_t_yr_optimum"]
        frame = pd.DataFrame(rows, columns=[*columns, "usd_t_equilibrium", "usd_t_optimum"])
        frame["ratio"] = frame["usd_t_equilibrium"] / frame["usd_t_optimum"]
        return frame.sort_values("mean_t_yr_equilibrium", ascending=False, ignore_index=True)


def price_of_anarchy(
    network: Network,
    demand: Demand,
    cost: GeneralizedCost,
    *,
    gap: float = 1e-8,
    progress: Callable[[int, float], None] | None = None,
) -> Anarchy:
    """
    Solve user equilibrium and system optimum of a demand.

    Parameters
    ----------
    network : Network
    demand : Demand
    cost : GeneralizedCost
    gap : float
        Relative gap asked of both.
    progress : callable, optional

    Returns
    -------
    Anarchy

    References
    ----------
    .. [1] T. Roughgarden and É. Tardos, "How bad is selfish routing?", Journal of the ACM 49(2),
       2002.
    """
    one = assign(network, demand, cost, method="path_based", gap=gap, progress=progress)
    other = assign(
        network,
        demand,
        cost,
        method="path_based",
        gap=gap,
        progress=progress,
        system_optimum=True,
    )
    return Anarchy(one, other)


def _usd(assignment: Assignment) -> npt.NDArray[np.float64]:
    """Dollars of each path. [USD/yr]"""
    return assignment.paths.flow * assignment.path_total("usd")


def _hours(assignment: Assignment) -> npt.NDArray[np.float64]:
    """Cost of each path in hours of its class. [t*h/yr]"""
    return _usd(assignment) / assignment.cost.vot_usd_t_h[assignment.class_of_path]


def _waiting(assignment: Assignment) -> float:
    return float((assignment.arc_flow.sum(axis=0) * assignment.delay_h).sum())


def _moved(assignment: Assignment, links: list[str]) -> npt.NDArray[np.float64]:
    """Tonne-kilometres of each trip on some links. [t*km/yr]"""
    arcs = assignment.virtual.arcs
    on = (arcs["link_id"].isin(links) & arcs["kind"].eq("move")).to_numpy()
    km = np.where(on, arcs["length_km"], 0.0).astype(float)
    paths = assignment.paths
    each = paths.flow * paths.total(km[paths.arcs])
    return np.bincount(paths.trip, each, len(assignment.trips)).astype(np.float64)


def _per_trip(assignment: Assignment) -> npt.NDArray[np.float64]:
    """Mean cost of each trip. [USD/t]"""
    n = len(assignment.trips)
    paid = np.bincount(assignment.paths.trip, _usd(assignment), n)
    flow = np.bincount(assignment.paths.trip, assignment.paths.flow, n)
    return np.divide(paid, flow, out=np.full(n, np.nan), where=flow > 0.0)
