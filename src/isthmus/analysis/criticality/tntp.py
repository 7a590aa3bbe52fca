"""Criticality on a network of the TNTP format: one element gone, the worst k, one pair of places."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from isthmus.analysis.criticality.benchmark import REMOVALS, Bench, bench
from isthmus.analysis.criticality.ground import singles
from isthmus.analysis.criticality.interdiction import Interdiction, interdict_flow, interdict_path
from isthmus.analysis.criticality.removals import Ranking, Removal, Worst, worst_sets
from isthmus.assign.path_based import path_based
from isthmus.assign.solution import PathFlows, Solution
from isthmus.errors import Fault, InputError
from isthmus.formats.tntp import TntpNetwork, TntpTrips

__all__ = ["METRICS", "TntpCriticality", "criticality_tntp", "interdiction_tntp"]

FloatArray = npt.NDArray[np.float64]
Tell = Callable[[str], None]


METRICS = ("free-flow", "equilibrium", "max-flow")

_EVERY = 2_000
"""Sets up to which each is assigned anew."""

_CANDIDATES = 20
"""Sets, the worst at free flow, that are assigned anew where there are more."""


@dataclass(frozen=True)
class TntpCriticality:
    """
    What was found.

    Parameters
    ----------
    bench : Bench
    metric : str
    singles : dict of str to DataFrame
        For links and for arcs: element, arcs, extra_cost, unserved, disconnects; worst first.
    worst : tuple of Worst
        One a size, from 1 to k.
    total, unserved : float
        On the intact network.
    exact : bool
        Whether the worst sets are proven.
    """

    bench: Bench
    metric: str
    singles: dict[str, pd.DataFrame]
    worst: tuple[Worst, ...]
    total: float
    unserved: float
    exact: bool


def criticality_tntp(
    network: TntpNetwork,
    trips: TntpTrips,
    k: int = 1,
    *,
    remove: str = "links",
    metric: str = "free-flow",
    toll_weight: float = 0.0,
    distance_weight: float = 0.0,
    top: int = 10,
    gap: float = 1e-8,
    seconds: float = math.inf,
    tell: Tell | None = None,
) -> TntpCriticality:
    """
    Remove each element, then the worst sets of up to k elements.

    With ``free-flow`` every trip takes its least-cost path at free-flow cost and the worst sets are
    exact. With ``equilibrium`` every case is a user equilibrium begun from the intact one; sets are
    all assigned where they are few, else the worst at free flow are, without a proof.

    Parameters
    ----------
    network : TntpNetwork
    trips : TntpTrips
    k : int
    remove : {'links', 'arcs'}
    metric : {'free-flow', 'equilibrium'}
    toll_weight, distance_weight : float
    top : int
        Sets to keep of each kind.
    gap : float
        Relative gap of each equilibrium.
    seconds : float
        Time for the search of each size.
    tell : callable, optional
        Called with what is going on; what it raises interrupts.

    Returns
    -------
    TntpCriticality

    Raises
    ------
    InputError
    """
    told: Tell = tell or (lambda _: None)
    if remove not in REMOVALS:
        mend = f"One of {', '.join(REMOVALS)}."
        raise InputError([Fault("remove", f'"{remove}" cannot be removed.', mend, "remove")])
    common: dict[str, Any] = {"toll_weight": toll_weight, "distance_weight": distance_weight}
    both = {r: bench(network, trips, remove=r, **common) for r in REMOVALS}
    own = both[remove]
    _checked_size(k, len(own.names), remove)
    if metric == "free-flow":
        tables = {r: _table(b, *singles(b.problem)) for r, b in both.items()}
        worst = tuple(
            worst_sets(own.problem, size, top=top, seconds=seconds, tell=tell)
            for size in range(1, k + 1)
        )
        exact = all(w.costly.proven and w.disconnecting.proven for w in worst)
        return TntpCriticality(
            own, metric, tables, worst, own.problem.total, own.problem.unserved, exact
        )
    if metric != "equilibrium":
        mend = "free-flow or equilibrium; max-flow needs an origin and a destination."
        raise InputError([Fault("metric", f'"{metric}" has no worst sets.', mend, "metric")])
    runs = {r: _Equilibria(b, gap) for r, b in both.items()}
    tables = {}
    for r, run in runs.items():
        found = []
        for e in range(len(both[r].names)):
            told(f"without {both[r].names[e]}: {e + 1} of {len(both[r].names)} {r}")
            found.append(run.without((e,)))
        tables[r] = _table(
            both[r], np.array([f.extra for f in found]), np.array([f.unserved for f in found])
        )
    worst = tuple(
        _worst_equilibria(own, runs[remove], size, top, seconds, told) for size in range(1, k + 1)
    )
    exact = all(w.costly.proven for w in worst)
    total = runs[remove].total
    return TntpCriticality(own, metric, tables, worst, total, own.problem.unserved, exact)


def _checked_size(k: int, n: int, what: str) -> None:
    """Refuse sets of more elements than there are."""
    if not 1 <= k <= n:
        raise InputError(
            [Fault("-k", f"{k} together of {n} {what}.", f"1 to {n}.", "criticality-k")]
        )


def _table(found: Bench, extra: FloatArray, unserved: FloatArray) -> pd.DataFrame:
    """Return one row an element, the worst first: those that disconnect, then by cost."""
    frame = pd.DataFrame(
        {
            "element": list(found.names),
            "arcs": [found.arcs((e,)) for e in range(len(found.names))],
            "extra_cost": extra,
            "unserved": unserved,
            "disconnects": unserved > 0.0,
        }
    )
    return frame.sort_values(
        ["unserved", "extra_cost"], ascending=False, kind="stable", ignore_index=True
    )


class _Equilibria:
    """User equilibria of a network without some elements, each begun from the intact one."""

    def __init__(self, found: Bench, gap: float) -> None:
        self.bench, self.gap = found, gap
        network = found.network
        self.graph = network.graph()[0]
        self.delay = network.delay().take(found.order)
        self.trips = found.trips.trips()
        self.base = self._assign(())
        value = self.base.value
        assert value is not None
        self.before = np.where(np.isfinite(value), value, 0.0)
        self.total = self._cost(self.base)
        self.left = math.fsum(self.base.unserved)
        self.known: dict[tuple[int, ...], Removal] = {}

    def _assign(self, elements: tuple[int, ...], start: PathFlows | None = None) -> Solution:
        problem = self.bench.problem
        return path_based(
            self.graph,
            problem.without(elements),
            self.trips,
            delay=self.delay,
            gap=self.gap,
            start=start,
            first_through_node=problem.first_through,
        )

    def _cost(self, found: Solution) -> float:
        cost = np.where(found.arc_flow[0] > 0.0, self.bench.problem.cost[0] + found.delay_h, 0.0)
        return math.fsum(cost * found.arc_flow[0])

    def without(self, elements: tuple[int, ...]) -> Removal:
        """Assign without some elements; those that carry nothing change nothing."""
        carried = self.base.arc_flow[0] > 0.0
        used = tuple(e for e in elements if carried[self.bench.problem.element == e].any())
        if not used:
            return Removal(elements, 0.0, 0.0)
        if elements not in self.known:
            base = self.base
            flows = PathFlows(base.path_trip, base.path_indptr, base.path_arcs, base.path_flow)
            found = self._assign(elements, flows)
            served = self.trips.flow - found.unserved
            extra = self._cost(found) - math.fsum(self.before * served)
            lost = math.fsum(found.unserved) - self.left
            self.known[elements] = Removal(elements, extra, max(lost, 0.0))
        return self.known[elements]


def _worst_equilibria(
    found: Bench, runs: _Equilibria, size: int, top: int, seconds: float, tell: Tell
) -> Worst:
    """Assign every set, or where they are many the worst at free flow."""
    n = len(found.names)
    whole = math.comb(n, size) <= _EVERY
    free = worst_sets(found.problem, size, top=max(top, _CANDIDATES), seconds=seconds, tell=tell)
    if whole:
        asked = list(combinations(range(n), size))
    else:
        asked = [r.elements for r in (*free.costly.sets, *free.disconnecting.sets)]
    done = []
    for i, elements in enumerate(asked):
        tell(f"{size} together: {i + 1:,} of {len(asked):,}")
        done.append(runs.without(elements))
    costly = sorted((r for r in done if not r.unserved > 0.0), key=lambda r: -r.extra)
    cuts = sorted((r for r in done if r.unserved > 0.0), key=lambda r: (-r.unserved, -r.extra))
    greedy: tuple[int, ...] | None = ()
    for _ in range(size if whole else 0):
        assert greedy is not None
        tries = [runs.without(tuple(sorted((*greedy, e)))) for e in range(n) if e not in greedy]
        tries = [r for r in tries if not r.unserved > 0.0]
        greedy = max(tries, key=lambda r: r.extra).elements if tries else None
        if greedy is None:
            break
    bound = math.inf if not whole else (costly[0].extra if costly else -math.inf)
    return Worst(
        size,
        math.comb(n, size),
        free.n_disconnecting,
        Ranking(tuple(costly[:top]), bound, whole),
        Ranking(
            tuple(cuts[:top]),
            free.disconnecting.bound,
            free.disconnecting.proven,
        ),
        free.minimal,
        runs.without(greedy) if whole and greedy else None,
    )


def interdiction_tntp(
    found: Bench,
    origin: int,
    destination: int,
    k: int,
    *,
    metric: str = "free-flow",
    delay: float = math.inf,
    tell: Tell | None = None,
) -> list[tuple[int, Interdiction, Interdiction | None]]:
    """
    Lengthen the shortest path, or narrow the maximum flow, of one pair most.

    Parameters
    ----------
    found : Bench
    origin, destination : int
        Nodes as the file numbers them.
    k : int
    metric : {'free-flow', 'max-flow'}
    delay : float
        Added to each arc of an element; inf removes it.
    tell : callable, optional

    Returns
    -------
    list of (int, Interdiction, Interdiction or None)
        For each size from 1 to k: the worst set; where it leaves no path, also the worst set that
        leaves one.

    Raises
    ------
    InputError
        If a node does not exist, both are the same, or the delay is not 0 or more.
    """
    network, problem = found.network, found.problem
    faults = [
        Fault(name, f"{node} is no node of {network.path}.", f"Nodes are 1 to {network.n_node}.")
        for name, node in (("origin", origin), ("destination", destination))
        if not 1 <= node <= network.n_node
    ]
    if origin == destination:
        faults.append(Fault("destination", f"{destination} is also the origin.", ""))
    if not delay >= 0.0:
        faults.append(Fault("delay", f"{delay} is not 0 or more.", ""))
    if faults:
        raise InputError(faults)
    _checked_size(k, len(found.names), found.remove)
    graph, order = network.graph()
    ends = (origin - 1, destination - 1)
    answers: list[tuple[int, Interdiction, Interdiction | None]] = []
    for size in range(1, k + 1):
        if metric == "max-flow":
            one = interdict_flow(
                graph,
                network.capacity[order],
                problem.element,
                *ends,
                size,
                first_through_node=problem.first_through,
            )
            answers.append((size, one, None))
            continue
        common = (graph, problem.cost[0], problem.element, *ends, size)
        first = problem.first_through
        one = interdict_path(*common, delay=delay, first_through_node=first, tell=tell)
        other = None
        if math.isinf(one.value) and math.isfinite(one.base):
            other = interdict_path(*common, keep_joined=True, first_through_node=first, tell=tell)
        answers.append((size, one, other))
    return answers
