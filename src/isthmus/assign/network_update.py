"""
The inputs of a method, from nothing or as an update of the parent scenario's.

What a scenario shares with its parent is not made again: of an order that opens, closes or improves something, a few
arcs have to be written anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from isthmus.assign.assignment import Assignment
from isthmus.assign.base import Delay, Trips
from isthmus.assign.congestion import delay_of, reference_hours
from isthmus.assign.inputs import Inputs, trip_positions
from isthmus.assign.perturbation_lengths import ReferenceNetwork, reference_network
from isthmus.cost.model import ArcCost, GeneralizedCost, freight_goods
from isthmus.cost.restrictions import bites
from isthmus.errors import Fault, InputError, UnknownName
from isthmus.revised import revise
from isthmus.virtual import VirtualNetwork, expand

if TYPE_CHECKING:
    from isthmus.demand import Demand
    from isthmus.network import Network

__all__ = ["prepare_inputs"]

_FLOW = ["origin_zone_id", "destination_zone_id", "commodity_id", "tonnes_t_yr"]


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
        reference = _reference(network, cost, virtual, arc_cost, start)
        return Inputs(
            virtual, arc_cost, table, trips, delay_of(virtual, arc_cost), bites(network), reference,
            reference.lengths(virtual, arc_cost), cost.overrides,
        )  # fmt: skip
    virtual, changed = revised
    table, trips, classes, bite = _trips_and_classes(network, demand, cost, start, virtual)
    arc_cost = cost.of(virtual, classes, start.cost, changed)
    delay = _delay(virtual, arc_cost, start, changed)
    reference = _reference(network, cost, virtual, arc_cost, start)
    length = reference.lengths(virtual, arc_cost)
    return Inputs(virtual, arc_cost, table, trips, delay, bite, reference, length, cost.overrides)


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


def _reference(
    network: Network,
    cost: GeneralizedCost,
    virtual: VirtualNetwork,
    arc_cost: ArcCost,
    start: Assignment | None,
) -> ReferenceNetwork:
    """Return the network without any scenario; the parent's where it is of the same day."""
    parent = None if start is None else start.inputs
    if parent is not None and parent.same_day(network, cost):
        return parent.reference
    return reference_network(network, cost, virtual, arc_cost)


def _flows_with_territories(
    demand: Demand, virtual: VirtualNetwork
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Return the flows and the territories they begin and end in; all unknown names in one error."""
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
    territory = virtual.network.zones.set_index("zone_id")["territory_id"]
    return table, {
        "origin": table["origin_zone_id"].map(territory),
        "destination": table["destination_zone_id"].map(territory),
    }
