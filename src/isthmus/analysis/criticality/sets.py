"""
Several elements gone together: the worst sets, and the fewest border places that part two territories.

Both are exact at the costs of the flows as they are.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from isthmus.analysis.criticality.cuts import smallest_cut
from isthmus.analysis.criticality.ground import ground
from isthmus.analysis.criticality.removals import Ranking, Removal, Worst, worst_sets
from isthmus.analysis.flows.elements import elements_of
from isthmus.assign.base import Trips
from isthmus.errors import Fault, InputError, UnknownName

if TYPE_CHECKING:
    from isthmus.assign import Assignment

__all__ = ["Sets", "smallest_cuts", "worst_together"]


@dataclass(frozen=True)
class Sets:
    """
    The worst sets of elements of one kind.

    Parameters
    ----------
    sets : DataFrame
        k, kind ('costly' or 'disconnecting'), rank, names, element_ids, added_usd_yr [USD/yr],
        unserved_t_yr [t/yr], bound, proven. `bound` is what no set of that size exceeds: of cost
        for costly sets, of tonnes for disconnecting ones.
    greedy : DataFrame
        k, element_ids, added_usd_yr: what taking the worst element first, then the worst beside it,
        and so on finds; and fails, whether a set was found that costs more.
    element_kind : str
        What is taken away.
    commodity_id : str
        Empty for all trade.
    tonnes_t_yr : float
        Trade looked at. [t/yr]
    """

    sets: pd.DataFrame
    greedy: pd.DataFrame
    element_kind: str
    commodity_id: str
    tonnes_t_yr: float


def worst_together(
    base: Assignment,
    k: int,
    kind: str = "crossing",
    commodity: str | None = None,
    *,
    top: int = 5,
    seconds: float = 300.0,
    tell: Callable[[str], None] | None = None,
) -> Sets:
    """
    Find the elements of a kind whose loss together hurts all trade, or that in one good, most.

    Costs are those of the flows as they are, waiting included, and do not move with the case: else
    no bound would hold. Each trade takes its cheapest route.

    Parameters
    ----------
    base : Assignment
    k : int
        Sets of 1 to k elements.
    kind : {'crossing', 'link', 'terminal', 'territory', 'sea', 'passage'}
        What is taken away. Corridors share links, so that no set of them has a bound of this kind.
    commodity : str, optional
        Default is all trade.
    top : int
        Sets to keep of each size and kind.
    seconds : float
        Time for the search of each size; the bound then holds what was not ruled out.
    tell : callable, optional

    Returns
    -------
    Sets

    Raises
    ------
    InputError
        If the good or the kind is not known, or there are not k elements.
    """
    names, label = _labelled(base, kind)
    if not 1 <= k <= len(names):
        what = f"{k} together of {len(names)} elements of kind {kind}."
        raise InputError([Fault("-k", what, f"1 to {len(names)}.", "criticality-k")])
    trips = base.trip_ends
    only = np.ones(len(trips.flow), np.bool_)
    if commodity is not None:
        _known_good(base, commodity)
        only = base.trips["commodity_id"].eq(commodity).to_numpy()
    some = Trips(trips.klass[only], trips.origin[only], trips.destination[only], trips.flow[only])
    problem = ground(base.virtual.graph, _usd(base), some, label)
    rows, greedy = [], []
    for size in range(1, k + 1):
        worst = worst_sets(problem, size, top=top, seconds=seconds, tell=tell)
        rows += _rows(worst, "costly", worst.costly, names)
        rows += _rows(worst, "disconnecting", worst.disconnecting, names)
        if worst.greedy is not None:
            best = worst.costly.sets[0].extra if worst.costly.sets else -math.inf
            greedy.append(
                {
                    "k": size,
                    "element_ids": _ids(worst.greedy, names),
                    "added_usd_yr": worst.greedy.extra,
                    "fails": bool(worst.greedy.extra < best * (1.0 - 1e-9)),
                }
            )
    return Sets(pd.DataFrame(rows), pd.DataFrame(greedy), kind, commodity or "", problem.demand)


def _rows(
    worst: Worst, kind: str, ranking: Ranking, names: pd.DataFrame
) -> list[dict[str, object]]:
    return [
        {
            "k": worst.k,
            "kind": kind,
            "rank": rank + 1,
            "names": "; ".join(names["name"].iloc[list(found.elements)]),
            "element_ids": _ids(found, names),
            "added_usd_yr": found.extra,
            "unserved_t_yr": found.unserved,
            "bound": ranking.bound,
            "proven": ranking.proven,
        }
        for rank, found in enumerate(ranking.sets)
    ]


def _ids(found: Removal, names: pd.DataFrame) -> str:
    return "; ".join(names["element_id"].iloc[list(found.elements)])


def smallest_cuts(
    base: Assignment, origin: str, destination: str, commodities: list[str] | None = None
) -> pd.DataFrame:
    """
    Find the fewest border places whose closing parts two territories, good by good.

    Parameters
    ----------
    base : Assignment
    origin, destination : str
        Territories, by id.
    commodities : list of str, optional
        Default is every good of freight.

    Returns
    -------
    DataFrame
        commodity_id, name, n_places (inf where no set of border places parts them, 0 where they are
        apart), places, node_ids. Of sets of one size one is named.

    Raises
    ------
    UnknownName
        If a territory has no zone, or a good is not known.
    """
    virtual, cost = base.virtual, base.cost
    zones = virtual.network.zones
    known = sorted(set(zones["territory_id"]))
    for territory in (origin, destination):
        if territory not in known:
            near = virtual.network.facts.names.nearest("territory", territory)
            raise UnknownName("territory", territory, near, "criticality --cut")
    names, label = _labelled(base, "crossing")
    usd = _usd(base)
    sources = _stops(virtual.source_of_zone, zones, origin)
    sinks = _stops(virtual.sink_of_zone, zones, destination)
    goods = virtual.network.facts["commodities"].set_index("commodity_id")["name"]
    rows = []
    for good in commodities or list(dict.fromkeys(cost.commodities["commodity_id"])):
        klass = _class_between(base, good, origin, destination)
        is_open = np.isfinite(usd[klass])
        taken, total, apart = smallest_cut(virtual.graph, label, sources, sinks, open_arcs=is_open)
        rows.append(
            {
                "commodity_id": good,
                "name": str(goods[good]),
                "n_places": 0.0 if apart else total,
                "places": "; ".join(names["name"].iloc[list(taken)]),
                "node_ids": "; ".join(names["element_id"].iloc[list(taken)]),
            }
        )
    return pd.DataFrame(rows)


def _labelled(base: Assignment, kind: str) -> tuple[pd.DataFrame, npt.NDArray[np.int32]]:
    """Return the elements of a kind and the element of each arc, -1 where it is in none."""
    if kind == "corridor":
        mend = "Corridors share links: take --kinds link."
        raise InputError([Fault("--kinds", "corridors are not taken away together.", mend)])
    found = elements_of(base, [kind])
    label = np.full(base.virtual.graph.n_arc, -1, np.int32)
    for i, arcs in enumerate(found.arcs):
        label[arcs] = i
    return found.table, label


def _stops(of_zone: dict[str, int], zones: pd.DataFrame, territory: str) -> list[int]:
    here = zones.loc[zones["territory_id"].eq(territory), "zone_id"]
    return [of_zone[z] for z in here if z in of_zone]


def _known_good(base: Assignment, commodity: str) -> None:
    """Refuse a good that is not known."""
    if not base.cost.commodities["commodity_id"].eq(commodity).any():
        near = base.virtual.network.facts.names.nearest("commodity", commodity)
        raise UnknownName("commodity", commodity, near, "criticality --commodity")


def _class_of(base: Assignment, commodity: str) -> int:
    """Return the largest class of a good."""
    _known_good(base, commodity)
    goods = base.cost.commodities["commodity_id"].to_numpy()
    tonnes = np.bincount(base.trip_ends.klass, base.trip_ends.flow, len(goods))
    return int(np.where(goods == commodity, tonnes, -1.0).argmax())


def _class_between(base: Assignment, commodity: str, origin: str, destination: str) -> int:
    """Return the class that the trade of two territories in a good falls into, else the good's largest."""
    territory = base.virtual.network.zones.set_index("zone_id")["territory_id"]
    table = base.trips
    here = (
        table["commodity_id"].eq(commodity)
        & table["origin_zone_id"].map(territory).eq(origin)
        & table["destination_zone_id"].map(territory).eq(destination)
    )
    if here.any():
        return int(table.loc[here, "class"].iloc[0])
    return _class_of(base, commodity)


def _usd(base: Assignment) -> npt.NDArray[np.float64]:
    """Cost of each arc to each class at the flows as they are. [USD/t]"""
    usd = base.cost.usd
    vot = np.broadcast_to(np.asarray(base.cost.vot_usd_t_h, np.float64), (len(usd),))
    hours = np.where(np.isfinite(usd), base.delay_h, 0.0)
    return np.where(np.isfinite(usd), usd + vot[:, None] * hours, np.inf)
