"""A game on paths: what each coalition of those who can let trade pass saves it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from isthmus.assign.base import Graph, Trips
from isthmus.assign.column_generation import costs_to_destinations
from isthmus.kernels import coalitions

__all__ = ["TransitGame", "TripPaths"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


class TripPaths(NamedTuple):
    """
    Ways of trips, sorted by trip.

    Parameters
    ----------
    trip : ndarray of int64, shape (n_way,)
    mask : ndarray of int64, shape (n_way,)
        Players who must agree.
    cost : ndarray, shape (n_way,)
        [USD/t]
    starts : ndarray of int64, shape (n_way + 1,)
    arcs : ndarray of int32
    """

    trip: IntArray
    mask: IntArray
    cost: FloatArray
    starts: IntArray
    arcs: npt.NDArray[np.int32]

    def take(self, rows: IntArray) -> TripPaths:
        """Return some of the ways, in the order asked."""
        size = np.diff(self.starts)[rows]
        starts = np.zeros(len(rows) + 1, np.int64)
        np.cumsum(size, out=starts[1:])
        at = np.repeat(self.starts[rows] - starts[:-1], size) + np.arange(starts[-1])
        return TripPaths(self.trip[rows], self.mask[rows], self.cost[rows], starts, self.arcs[at])

    def plus(self, *others: TripPaths) -> TripPaths:
        """Return these and others, sorted by trip, each way once."""
        every = (self, *others)
        sizes = np.concatenate([np.diff(w.starts) for w in every])
        both = TripPaths(
            np.concatenate([w.trip for w in every]),
            np.concatenate([w.mask for w in every]),
            np.concatenate([w.cost for w in every]),
            np.concatenate([[0], np.cumsum(sizes)]),
            np.concatenate([w.arcs for w in every]),
        )
        cut, raw = 4 * both.starts, both.arcs.tobytes()
        seen: dict[tuple[int, bytes], int] = {}
        for w, t in enumerate(both.trip.tolist()):
            seen.setdefault((t, raw[cut[w] : cut[w + 1]]), w)
        rows = np.array(sorted(seen.values()), np.int64)
        return both.take(rows[np.argsort(both.trip[rows], kind="stable")])


@dataclass(frozen=True, eq=False)
class TransitGame:
    """
    Trips, their prices without trade, and who must agree to each arc.

    Parameters
    ----------
    graph : Graph
    cost : ndarray, shape (n_class, n_arc)
        [USD/t], inf is closed.
    capacity : ndarray, shape (n_arc,)
        [t/yr], inf is no limit.
    trips : Trips
        Those with a way if all agree. [t/yr]
    outside : ndarray, shape (n_trip,)
        What a tonne costs that does not move. [USD/t]
    owner : ndarray of int64, shape (n_arc,)
        Bit of the player who must agree, 0 where nobody is asked.
    own : ndarray of int64, shape (n_trip,)
        Bits of the players in whose territories a trip begins and ends, who need not be asked.
    n : int
        Players.
    """

    graph: Graph = field(repr=False)
    cost: FloatArray = field(repr=False)
    capacity: FloatArray = field(repr=False)
    trips: Trips = field(repr=False)
    outside: FloatArray = field(repr=False)
    owner: IntArray = field(repr=False)
    own: IntArray = field(repr=False)
    n: int

    @cached_property
    def _floor(self) -> tuple[FloatArray, IntArray]:
        """Least cost to every destination, and the row of each trip."""
        key = self.trips.klass.astype(np.int64) * self.graph.n_node + self.trips.destination
        towards, row = np.unique(key, return_inverse=True)
        floor = costs_to_destinations(self.graph, self.cost, towards, 0)
        return floor, row.astype(np.int64) if len(floor) == len(towards) else np.zeros_like(key)

    @cached_property
    def _groups(self) -> list[IntArray]:
        """Trips of one class, origin and own territory there."""
        klass, origin = self.trips.klass, self.trips.origin
        order = np.lexsort((origin, klass))
        change = (np.diff(klass[order]) != 0) | (np.diff(origin[order]) != 0)
        return np.split(order, np.flatnonzero(change) + 1)

    def search(
        self, toll: FloatArray | None = None, coalition: int = -1, limit: FloatArray | None = None
    ) -> TripPaths:
        """
        Find the ways that no other way beats in cost and in whom it asks.

        Parameters
        ----------
        toll : ndarray, shape (n_arc,), optional
            Added to the cost of every class. [USD/t]
        coalition : int
            Who agrees; ways then count by cost alone. Without it, ways for every coalition.
        limit : ndarray, shape (n_trip,), optional
            What a way must cost less than, tolls among it; without it, the outside option.

        Returns
        -------
        TripPaths
        """
        floor, row = self._floor
        most = self.outside if limit is None else limit
        everyone = (1 << self.n) - 1
        shut = 0 if coalition < 0 else everyone & ~coalition
        owner = self.owner if coalition < 0 else self.owner & shut
        parts = []
        for whole in self._groups:
            group = whole[np.isfinite(most[whole])]
            if not len(group):
                continue
            k, start = int(self.trips.klass[group[0]]), int(self.trips.origin[group[0]])
            price = self.cost[k] if toll is None else self.cost[k] + toll
            # the territory of the origin asks nobody; that of the destination is left out below
            home = np.bitwise_and.reduce(self.own[whole])
            found = coalitions.ways(
                self.graph.indptr, self.graph.head, price, owner & ~home, start,
                self.trips.destination[group], most[group], row[group], floor, shut & ~home, self.own[group],
            )  # fmt: skip
            parts.append((group[found[0]], found[1], found[3], found[4]))
        return self._gathered(parts, shut)

    def _gathered(
        self, parts: list[tuple[IntArray, IntArray, IntArray, npt.NDArray[np.int32]]], shut: int
    ) -> TripPaths:
        """Join the ways of all groups; only those that ask nobody who has not agreed."""
        if not parts:
            none = np.empty(0, np.int64)
            return TripPaths(none, none, np.empty(0), np.zeros(1, np.int64), none.astype(np.int32))
        trip = np.concatenate([p[0] for p in parts])
        size = np.concatenate([np.diff(p[2]) for p in parts])
        starts = np.zeros(len(trip) + 1, np.int64)
        np.cumsum(size, out=starts[1:])
        arcs = np.concatenate([p[3] for p in parts]).astype(np.int32)
        at = np.repeat(np.arange(len(trip)), size)
        mask = np.zeros(len(trip), np.int64)
        np.bitwise_or.at(mask, at, self.owner[arcs])
        mask &= ~self.own[trip]
        each = self.cost[self.trips.klass[trip[at]], arcs]
        cost = np.bincount(at, each, len(trip)).astype(np.float64)
        paths = TripPaths(trip.astype(np.int64), mask, cost, starts, arcs)
        rows = np.flatnonzero((mask & shut) == 0)
        return paths.take(rows[np.argsort(trip[rows], kind="stable")])
