"""
What route choice is measured in: the arcs of the network without any scenario, at what they cost each commodity.

A scenario must not change the measure, or two networks could not be compared; so it is taken from the day's network as
the facts have it, and kept whatever is closed, opened, priced or barred.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from isthmus.assign.arc_keys import arc_keys
from isthmus.network import Network
from isthmus.virtual import VirtualNetwork, expand

if TYPE_CHECKING:
    from isthmus.cost.model import ArcCost, GeneralizedCost

__all__ = ["ReferenceNetwork", "reference_network"]

FloatArray = npt.NDArray[np.float64]

_SCALED = ("load", "unload", "transfer")
"""Kinds of arcs whose perturbation has a scale of its own, beside ferries."""


@dataclass(frozen=True, eq=False)
class ReferenceNetwork:
    """
    The network of a day without any scenario.

    Parameters
    ----------
    virtual : VirtualNetwork
    length : ndarray, shape (n_good, n_arc)
        Cost as if all were open, without what restrictions ask of some trades alone; inf where the mode is not
        allowed. [USD/t]
    """

    virtual: VirtualNetwork = field(repr=False)
    length: FloatArray = field(repr=False)

    def lengths(self, virtual: VirtualNetwork, cost: ArcCost) -> FloatArray:
        """
        Return the measure of the arcs of a network, by class.

        Parameters
        ----------
        virtual : VirtualNetwork
        cost : ArcCost
            Of its arcs: what a new one costs is its measure.

        Returns
        -------
        ndarray, shape (n_class, n_arc)
            [USD/t]
        """
        length = self.length
        if virtual.graph is not self.virtual.graph:
            there = arc_keys(self.virtual).get_indexer(arc_keys(virtual))
            own = _by_good(cost)
            length = np.where(there >= 0, length[:, np.maximum(there, 0)], own)
        return np.ascontiguousarray((length * _scales(virtual, cost))[cost.components.good])


def reference_network(
    network: Network,
    cost: GeneralizedCost,
    virtual: VirtualNetwork,
    arc_cost: ArcCost,
) -> ReferenceNetwork:
    """
    Return the reference of a network: itself if nothing is changed, or the network of its day.

    Parameters
    ----------
    network : Network
    cost : GeneralizedCost
    virtual : VirtualNetwork
    arc_cost : ArcCost

    Returns
    -------
    ReferenceNetwork
    """
    if not network.changes:
        return ReferenceNetwork(virtual, _by_good(arc_cost))
    day = expand(Network.at(network.facts, network.date))
    return ReferenceNetwork(day, _by_good(cost.of(day)))


def _by_good(cost: ArcCost) -> FloatArray:
    """Return what an arc costs each good if it is open, restrictions apart. [USD/t]"""
    return cost.usd_of_goods


def _scales(virtual: VirtualNetwork, cost: ArcCost) -> FloatArray:
    """Return the scale of each arc: 1, but for ways into a mode and ferries. [-]"""
    kind, mode = virtual.arcs["kind"].to_numpy(), virtual.arcs["mode"].to_numpy()
    out = np.ones(len(kind))
    for item in _SCALED:
        out[kind == item] = cost.parameters.get("perturbation_scale", item=item)
    ferries = (kind == "move") & np.isin(mode, ["ferry", "rail_ferry"])
    out[ferries] = cost.parameters.get("perturbation_scale", item="ferry")
    return out
