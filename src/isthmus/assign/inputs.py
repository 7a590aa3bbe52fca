"""What a method works on: the network expanded, its cost, the trips and the delay laws; and its digest."""

from __future__ import annotations

import hashlib
import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from isthmus.assign.base import Delay, Trips
from isthmus.assign.perturbation_lengths import ReferenceNetwork
from isthmus.cost.model import ArcCost, GeneralizedCost
from isthmus.network import differing_rows
from isthmus.virtual import VirtualNetwork

if TYPE_CHECKING:
    from isthmus.demand import Demand
    from isthmus.network import Network

__all__ = ["Inputs", "network_digest", "trip_positions"]


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
