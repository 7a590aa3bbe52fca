"""Made networks for the stochastic equilibrium, and a way to say what must hold of any answer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from isthmus.assign.base import Delay, Graph, Trips, build_graph
from isthmus.assign.solution import Solution
from isthmus.assign.stochastic import stochastic
from isthmus.kernels.delay import BPR, CONICAL, NONE, QUEUE


def make_trips(*rows):
    """Trips from rows of class, origin, destination, flow."""
    klass, origin, destination, flow = zip(*rows, strict=True)
    ends = (np.array(x, np.int32) for x in (klass, origin, destination))
    return Trips(*ends, np.array(flow, float))


def make_laws(*rows):
    """Laws from rows of law, t0, capacity, a, b."""
    law, *numbers = zip(*rows, strict=True)
    return Delay(np.array(law, np.int8), *(np.array(x, float) for x in numbers))


@dataclass(frozen=True)
class Made:
    """A network, what it costs and who moves on it, with what route choice is measured in."""

    graph: Graph
    cost: np.ndarray
    trips: Trips
    laws: Delay | None
    vot: np.ndarray
    mu: float
    length: np.ndarray
    floor: float = 1e-6
    more: dict[str, Any] | None = None

    def solve(self, gap=1e-10, **more) -> Solution:
        """Solve; what is given replaces what is made."""
        given = {
            "vot": self.vot,
            "delay": self.laws,
            "mu": self.mu,
            "length": self.length,
            "floor": self.floor,
        } | (self.more or {})
        found = stochastic(self.graph, self.cost, self.trips, gap=gap, **(given | more))
        assert found.converged
        return found

    def but(self, **changes) -> Made:
        """Return it with something else in place."""
        return replace(self, **changes)

    def closed(self, arc) -> Made:
        """Return it without some arcs, by no cost that anybody could pay."""
        cost = self.cost.copy()
        cost[:, arc] = np.inf
        return self.but(cost=cost)

    def with_capacity(self, arc, factor) -> Made:
        """Return it with a law on an arc that has `factor` of its capacity."""
        capacity = self.laws.capacity.copy()
        capacity[arc] *= factor
        return self.but(laws=self.laws._replace(capacity=capacity))


def laws_of(rng, n):
    """Every law, linear and square-root delays among them."""
    law = rng.choice(np.array([BPR, CONICAL, QUEUE, NONE, BPR], np.int8), n)
    b = np.select([law == CONICAL, law == QUEUE], [3.0, 0.9], rng.choice([0.5, 1.0, 4.0], n))
    return Delay(
        law, rng.uniform(1.0, 4.0, n), rng.uniform(20.0, 90.0, n), rng.uniform(0.2, 1, n), b
    )


def made(seed, *, delayed=True, nasty=False) -> Made:
    """
    A connected network with parallel arcs, classes that differ in cost and value of time.

    A nasty one has loops, free arcs both ways, arcs closed to some, trips that stay, that cannot go and of no flow.
    """
    rng = np.random.default_rng(seed)
    n_node, n_class = int(rng.integers(5, 25)), int(rng.integers(1, 4))
    ring = np.arange(n_node)
    extra = rng.integers(0, n_node, (2, int(rng.integers(n_node, 4 * n_node))))
    tail = np.concatenate([ring, (ring + 1) % n_node, extra[0]])
    head = np.concatenate([(ring + 1) % n_node, ring, extra[1]])
    keep = (tail != head) | nasty
    graph, _ = build_graph(tail[keep], head[keep], n_node + nasty)  # a node that none reaches
    n = graph.n_arc
    cost = rng.uniform(1.0, 10.0, (n_class, n))
    length = cost * rng.uniform(0.7, 1.0, (n_class, n))
    m = int(rng.integers(3, 30))
    origin = rng.integers(0, n_node, m).astype(np.int32)
    destination = ((origin + rng.integers(1, n_node, m)) % n_node).astype(np.int32)
    klass = rng.integers(0, n_class, m).astype(np.int32)
    flow = rng.lognormal(2.0, 1.0, m)
    if nasty:
        cost[rng.random(cost.shape) < 0.2] = 0.0
        cost[rng.random(cost.shape) < 0.1] = np.inf
        destination[0], destination[1], flow[2] = origin[0], n_node, 0.0
    return Made(
        graph,
        cost,
        Trips(klass, origin, destination, flow),
        laws_of(rng, n) if delayed else None,
        rng.uniform(0.3, 3.0, n_class),
        float(rng.choice([0.05, 0.2, 0.6, 1.2])),
        length,
    )


def shares(found, graph):
    """Share of each trip on each arc, shape (m, n_arc)."""
    unit = found.unit
    out = np.zeros((len(unit.at) - 1, graph.n_arc))
    np.add.at(out, (np.repeat(np.arange(len(out)), np.diff(unit.at)), unit.arcs), unit.x)
    return out


def out_of_balance(graph, trips, x, served):
    """Largest flow that a trip of one unit makes or loses at a node."""
    net = np.zeros((len(x), graph.n_node))
    rows = np.arange(len(x))[:, None]
    np.add.at(net, (rows, graph.tail[None, :]), x)
    np.add.at(net, (rows, graph.head[None, :]), -x)
    moves = served & (trips.origin != trips.destination)
    net[np.flatnonzero(moves), trips.origin[moves]] -= 1.0
    net[np.flatnonzero(moves), trips.destination[moves]] += 1.0
    return float(np.abs(net).max(initial=0.0))
