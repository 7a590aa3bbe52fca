"""
What a method works on: the network expanded, its cost, the trips and the delay laws.

A scenario begins from its parent. What the two share is not made again: of an order that opens,
closes or improves something, a few arcs have to be written anew.
"""

from __future__ import annotations

import hashlib
import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from isthmus.assign.base import Delay, Trips
from isthmus.assign.congestion import delay_of, reference_hours
from isthmus.assign.perturbation_lengths import ReferenceNetwork, reference_network
from isthmus.cost.model import ArcCost, GeneralizedCost, freight_goods
from isthmus.cost.restrictions import bites
from isthmus.errors import Fault, InputError, UnknownName
from isthmus.network import differing_rows
from isthmus.revised import revise
from isthmus.virtual import VirtualNetwork, expand

if TYPE_CHECKING:
    from isthmus.assign import Assignment
    from isthmus.demand import Demand
    from isthmus.network import Network

__all__ = ["Inputs", "network_digest", "prepare_inputs", "trip_positions"]

_FLOW = ["origin_zone_id", "destination_zone_id", "commodity_id", "tonnes_t_yr"]


@dataclass(frozen=True)
class Inputs:
    """
    Demand on a network at a cost.

    Parameters
    ----------
    virtual : VirtualNetwork
    cost : ArcCost
    table : DataFrame
        Rows of `Assignment.trips`: the flow, and its class.
    trips : Trips
    delay : Delay, optional
    bites : ndarray of bool, shape (n_restriction,)
        See `cost.restrictions.bites`.
    reference : ReferenceNetwork
        The network without any scenario, which route choice is measured on.
    length : ndarray, shape (n_class, n_arc)
        What the perturbation is measured in. [USD/t]
    overrides : dict of str to float
        Of the cost.
    """

    virtual: VirtualNetwork
    cost: ArcCost
    table: pd.DataFrame
    trips: Trips
    delay: Delay | None
    bites: npt.NDArray[np.bool_]
    reference: ReferenceNetwork
    length: npt.NDArray[np.float64]
    overrides: dict[str, float]

    def same_day(self, network: Network, cost: GeneralizedCost) -> bool:
        """Return whether a network is one of the same facts and day, at the same rates."""
        mine = self.reference.virtual.source
        return (
            network.facts is mine.facts
            and network.date == mine.date
            and cost.overrides == self.overrides
        )


def prepare_inputs(
    network: Network, demand: Demand, cost: GeneralizedCost, start: Assignment | None
) -> Inputs:
    """
    Return what a method works on.

    Parameters
    ----------
    network : Network
    demand : Demand
    cost : GeneralizedCost
    start : Assignment, optional
        Of the parent.

    Returns
    -------
    Inputs
        The same with and without a parent.

    Raises
    ------
    InputError
        If a zone or a commodity is unknown.
    CostError
        If a cost is negative or not a number.
    """
    revised = None if start is None else revise(network, start.virtual)
    if start is None or revised is None:
        virtual = expand(network)
        table, ends = _flows_with_territories(demand, virtual)
        classes, table["class"] = cost.classes(network, table.assign(**ends))
        arc_cost = cost.of(virtual, classes)
        trips = trip_positions(table, virtual)
        origin = reference_network(network, cost, virtual, arc_cost, start)
        return Inputs(
            virtual, arc_cost, table, trips, delay_of(virtual, arc_cost), bites(network), origin,
            origin.lengths(virtual, arc_cost), cost.overrides,
        )  # fmt: skip
    virtual, changed = revised
    table, trips, classes, bite = _trips_and_classes(network, demand, cost, start, virtual)
    arc_cost = cost.of(virtual, classes, start.cost, changed)
    delay = _delay(virtual, arc_cost, start, changed)
    origin = reference_network(network, cost, virtual, arc_cost, start)
    length = origin.lengths(virtual, arc_cost)
    return Inputs(virtual, arc_cost, table, trips, delay, bite, origin, length, cost.overrides)


def _trips_and_classes(
    network: Network,
    demand: Demand,
    cost: GeneralizedCost,
    start: Assignment,
    virtual: VirtualNetwork,
) -> tuple[pd.DataFrame, Trips, pd.DataFrame, npt.NDArray[np.bool_]]:
    """Return the flows, the trips, the classes and the restrictions that bite."""
    bite = bites(network)
    old = start.inputs
    if (
        old is not None
        and demand.flows is start.demand.flows
        and network.restrictions is start.virtual.source.restrictions
        and cost.facts is network.facts
        and np.array_equal(bite, old.bites)
    ):
        table = old.table[[*_FLOW, "class"]].copy()
        return table, old.trips, old.cost.commodities, bite
    table, ends = _flows_with_territories(demand, virtual)
    classes, table["class"] = cost.classes(network, table.assign(**ends))
    return table, trip_positions(table, virtual), classes, bite


def _delay(
    virtual: VirtualNetwork,
    cost: ArcCost,
    start: Assignment,
    changed: npt.NDArray[np.int64],
) -> Delay | None:
    """Return the delay laws; those of the parent where no capacity has changed."""
    old = start.inputs
    if old is None or cost.parameters is not old.cost.parameters or old.delay is None:
        return delay_of(virtual, cost)
    now, before = cost.capacity_t_yr[changed], old.cost.capacity_t_yr[changed]
    if not np.array_equal(now, before, equal_nan=True):
        return delay_of(virtual, cost)
    return old.delay._replace(t0=reference_hours(cost))


def _flows_with_territories(
    demand: Demand, virtual: VirtualNetwork
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Return the flows and the lands they begin and end in; all unknown names in one error."""
    table = demand.flows[_FLOW].reset_index(drop=True).copy()
    facts = virtual.network.facts
    lookups = {
        "origin_zone_id": ("zone", virtual.source_of_zone),
        "destination_zone_id": ("zone", virtual.sink_of_zone),
        "commodity_id": ("commodity", set(freight_goods(facts["commodities"])["commodity_id"])),
    }
    faults: list[Fault] = []
    for column, (noun, known) in lookups.items():
        for name in sorted(set(table[column]) - set(known)):
            near = facts.names.nearest(noun, name)
            faults += UnknownName(noun, name, near, f"demand, {column}").faults
    if faults:
        raise InputError(faults)
    land = virtual.network.zones.set_index("zone_id")["territory_id"]
    return table, {
        "origin": table["origin_zone_id"].map(land),
        "destination": table["destination_zone_id"].map(land),
    }


def trip_positions(table: pd.DataFrame, virtual: VirtualNetwork) -> Trips:
    """
    Turn flows into positions.

    Parameters
    ----------
    table : DataFrame
        Rows of `Assignment.trips`.
    virtual : VirtualNetwork

    Returns
    -------
    Trips
    """
    return Trips(
        table["class"].to_numpy(np.int32),
        table["origin_zone_id"].map(virtual.source_of_zone).to_numpy(np.int32),
        table["destination_zone_id"].map(virtual.sink_of_zone).to_numpy(np.int32),
        table["tonnes_t_yr"].to_numpy(np.float64),
    )


def network_digest(network: Network, demand: Demand, like: Network | None = None) -> str:
    """
    Return the SHA-256 of a network and its demand as changed, hexadecimal.

    Parameters
    ----------
    network : Network
    demand : Demand
    like : Network, optional
        One that differs in few rows: the others are not hashed again.

    Returns
    -------
    str
    """
    sha = hashlib.sha256(network.date.encode())
    for name in ("links", "crossings", "terminals", "parameters", "restrictions"):
        table = getattr(network, name)
        sha.update(_hashes(table, None if like is None else getattr(like, name)).tobytes())
    sha.update(_hashes(demand.flows, None).tobytes())
    sha.update(",".join(sorted(network.closed_territories)).encode())
    return sha.hexdigest()


_known: dict[int, tuple[weakref.ref[pd.DataFrame], npt.NDArray[np.uint64]]] = {}
"""Hashes of the rows of tables that are in use; tables are never edited in place."""


def _hashes(table: pd.DataFrame, like: pd.DataFrame | None) -> npt.NDArray[np.uint64]:
    """Return a hash of each row of a table; only of those that differ from another if it is known."""
    found = _known.get(id(table))
    if found is not None and found[0]() is table:
        return found[1]
    other = None if like is None else _known.get(id(like))
    rows = None
    if like is not None and other is not None and other[0]() is like:
        rows = differing_rows(like, table)
    if rows is None or other is None:
        hashes = _hashed(table)
    else:
        hashes = other[1].copy()
        if len(rows):
            hashes[rows] = _hashed(table.iloc[rows])
    key = id(table)
    _known[key] = weakref.ref(table, lambda _: _known.pop(key, None)), hashes
    return hashes


def _hashed(table: pd.DataFrame) -> npt.NDArray[np.uint64]:
    return pd.util.hash_pandas_object(table.astype(str), index=False).to_numpy()
