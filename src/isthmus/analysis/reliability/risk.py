"""What a simulation of years works on: what shuts, whom it meets, what each loses by it, and ways that are left."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from isthmus.analysis.flows.elements import elements_of
from isthmus.analysis.reliability.hazards import hazards, weather
from isthmus.assign.base import FloatArray, IntArray
from isthmus.assign.link_removal import LinkRemoval, Outcome
from isthmus.assign.route_generation import Routes
from isthmus.assign.threads import one_thread
from isthmus.assign.trip_closures import solve_with_closures
from isthmus.assign.unit_flows import UnitFlows
from isthmus.kernels import flow_decomposition

if TYPE_CHECKING:
    from isthmus.assign import Assignment

__all__ = ["Met", "Risk", "arranged", "key_of", "keys_of", "risk_of"]

Masks = npt.NDArray[np.uint64]

_SPARES = 3
"""Routes kept of a trip that loses all it has when one element shuts."""
_SPARE_WEIGHT = 1e-9
"""Their weight beside those of the base: they are taken when no other is open."""


@dataclass(frozen=True)
class Risk:
    """
    What a simulation works on: what shuts, whom it meets, and what is left.

    Parameters
    ----------
    removal : LinkRemoval
    elements : DataFrame
        What is shut or open: kind, element_id, mode (empty for a passage), name.
    closed : list of ndarray of int
        Arcs of each.
    hazards : DataFrame
        Of `hazards.hazards`.
    causes : DataFrame
        What shuts elements: element, its row in `elements`; hazard, its row in `hazards`, -1 for weather;
        key, the same for a cause of several elements; chance of a day in season; up_d and down_d, mean
        days between and in closures; first_day, last_day of its season.
    routes : Routes
        Paths of the base, and spares of trips that lose all of them when one element shuts.
    weight : ndarray, shape (n_path,)
        Share of the trip; of spares next to nothing.
    masks : ndarray of uint64, shape (n_path, n_word)
        Elements on each.
    of_element : tuple
        indptr and trips of each element: those that lose or gain while it is shut.
    lone : tuple
        USD and tonnes a year lost while one element is shut, queues included, aligned with these.
    met : Met
    """

    removal: LinkRemoval = field(repr=False)
    elements: pd.DataFrame
    closed: list[IntArray] = field(repr=False)
    hazards: pd.DataFrame
    causes: pd.DataFrame = field(repr=False)
    routes: Routes = field(repr=False)
    weight: FloatArray = field(repr=False)
    masks: Masks = field(repr=False)
    of_element: tuple[IntArray, IntArray] = field(repr=False)
    lone: tuple[FloatArray, FloatArray] = field(repr=False)
    met: Met = field(repr=False)


class Met(NamedTuple):
    """
    Trips that use elements, and what they lose at the base's delays while one alone is shut.

    Parameters
    ----------
    indptr, trips : ndarray of int64
        Of each element.
    usd_t : ndarray
        What a tonne bears more, inf without a route. [USD/t]
    served : ndarray
        Share of the trip that moves.
    late_t : ndarray
        What a tonne bears more for queues that the closure makes. [USD/t]
    more_stopped : ndarray
        Tonnes that stop for these queues. [t/yr]
    used : ndarray of uint64, shape (n, n_word)
        Elements that the trip then uses.
    """

    indptr: IntArray
    trips: IntArray
    usd_t: FloatArray
    served: FloatArray
    late_t: FloatArray
    more_stopped: FloatArray
    used: Masks


def risk_of(base: Assignment, only: Sequence[str] | None = None, workers: int = 2) -> Risk:
    """
    Find what shuts, and what each element costs while it alone is shut.

    Parameters
    ----------
    base : Assignment
        By method stochastic.
    only : sequence of str, optional
        Ids of the places and passages that may shut; default is all.
    workers : int
        Threads; the answer is the same to the bit.

    Returns
    -------
    Risk
    """
    removal = LinkRemoval(base)
    facts = base.virtual.network.facts
    elements, closed = _elements(base)
    if only is not None:
        kept = np.flatnonzero(elements["element_id"].isin(list(only)))
        elements = elements.iloc[kept].reset_index(drop=True)
        closed = [closed[i] for i in kept]
    table = hazards(facts, base.cost.parameters, elements)
    causes = _causes(elements, table, weather(base.cost.parameters))
    return arranged(removal, elements, closed, table, causes, workers)


def arranged(
    removal: LinkRemoval,
    elements: pd.DataFrame,
    closed: list[IntArray],
    table: pd.DataFrame,
    causes: pd.DataFrame,
    workers: int = 2,
) -> Risk:
    """Return the risk of some elements; parameters as of `Risk`."""
    label = _labels(closed, removal.graph.n_arc)
    outcomes = _alone(removal, closed, workers)
    met, spares = _met(removal, closed, label, outcomes, workers)
    routes, weight = _routes(removal, spares)
    masks = _masks(routes.starts, routes.arcs, label, len(closed))
    felt, usd, stopped = [], [], []
    for i in range(len(closed)):
        lost = outcomes.get(i)
        some = np.empty(0, np.int64)
        if lost is not None:
            change = lost.kept_t_yr * lost.usd_t
            some = np.flatnonzero((change != 0.0) | (lost.stopped_t_yr > 0.0))
            usd.append(change[some])
            stopped.append(lost.stopped_t_yr[some])
        felt.append(some)
    size = np.cumsum([0, *map(len, felt)]).astype(np.int64)
    nothing = np.empty(0)
    return Risk(
        removal, elements, closed, table, causes, routes, weight, masks,
        (size, np.concatenate([nothing, *felt]).astype(np.int64)),
        (np.concatenate([nothing, *usd]), np.concatenate([nothing, *stopped])), met,
    )  # fmt: skip


def _alone(removal: LinkRemoval, closed: list[IntArray], workers: int) -> dict[int, Outcome]:
    """Return the outcome of each element that a trip uses: what `criticality` counts."""
    used = [i for i, arcs in enumerate(closed) if len(removal.trips_over(arcs))]
    # the long cases first, so that no thread is left with one at the end
    used.sort(key=lambda i: -len(removal.trips_over(closed[i])))

    def case(i: int) -> Outcome:
        with one_thread():
            return removal.remove(closed[i])

    with ThreadPoolExecutor(workers) as pool:
        try:
            found = list(pool.map(case, used))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return dict(zip(used, found, strict=True))


def _met(
    removal: LinkRemoval,
    closed: list[IntArray],
    label: IntArray,
    outcomes: dict[int, Outcome],
    workers: int,
) -> tuple[Met, list[tuple[IntArray, IntArray, npt.NDArray[np.int32]]]]:
    """Solve each trip with each element that it uses closed, at the base's delays; find spare routes."""
    pieces = [removal.trips_over(arcs) for arcs in closed]
    pieces = [t[removal.flow[t] > 0.0] for t in pieces]
    indptr = np.cumsum([0, *map(len, pieces)]).astype(np.int64)
    trips = np.concatenate([np.empty(0, np.int64), *pieces]).astype(np.int64)
    shut = np.repeat(np.arange(len(closed)), np.diff(indptr))
    paths = removal.base.paths
    masks = _masks(paths.indptr, paths.arcs, label, len(closed))
    bare = np.ones((len(removal.trips.flow), len(closed)), bool)
    for e in range(len(closed)):
        spared = ((masks[:, e // 64] >> np.uint64(e % 64)) & np.uint64(1)) == 0
        bare[paths.trip[spared], e] = False
    used = np.zeros((len(trips), masks.shape[1]), np.uint64)
    spares: list[tuple[IntArray, IntArray, npt.NDArray[np.int32]]] = []
    graph = removal.graph

    def each(mine: IntArray, flows: UnitFlows) -> None:
        used[mine] = _masks(flows.at, flows.arcs, label, len(closed))
        lost = np.flatnonzero(bare[trips[mine], shut[mine]] & (np.diff(flows.at) > 0))
        if not len(lost):
            return
        t = trips[mine[lost]]
        some = flows.take(lost)
        found = flow_decomposition.paths(
            some.at, some.arcs, some.x, removal.trips.origin[t], removal.trips.destination[t],
            np.ones(len(t)), graph.tail, graph.head,
        )  # fmt: skip
        order = np.lexsort((-found[3], found[0]))
        place = np.arange(len(order)) - np.searchsorted(found[0][order], found[0][order])
        for p in np.sort(order[place < _SPARES]):
            spares.append((t[found[0][p]], p, found[2][found[1][p] : found[1][p + 1]]))

    got = solve_with_closures(
        removal.problem, removal.found.hours, trips, shut, closed, removal.unit,
        known_at=removal.found.choice.cost, workers=workers, each=each,
    )  # fmt: skip
    usd_t = np.maximum(got.value - removal.value[trips], 0.0)
    late, more = np.zeros(len(trips)), np.zeros(len(trips))
    share, flow = removal.share[trips], removal.trips.flow[trips]
    stopped = flow * np.maximum(share - np.minimum(got.served, share), 0.0)
    for e, outcome in outcomes.items():
        mine = slice(indptr[e], indptr[e + 1])
        t = trips[mine]
        moves = outcome.kept_t_yr[t] > 0.0
        late[mine] = np.where(moves & np.isfinite(usd_t[mine]), outcome.usd_t[t] - usd_t[mine], 0.0)
        more[mine] = outcome.stopped_t_yr[t] - stopped[mine]
    return Met(indptr, trips, usd_t, got.served, late, more, used), spares


def _routes(
    removal: LinkRemoval, spares: list[tuple[IntArray, IntArray, npt.NDArray[np.int32]]]
) -> tuple[Routes, FloatArray]:
    """Return the paths of the base and the spares, by trip, with their weights."""
    paths, m = removal.base.paths, len(removal.trips.flow)
    known: set[tuple[int, bytes]] = set()
    own, arcs = [], []
    for t, _, route in spares:
        name = int(t), route.tobytes()
        if name not in known:
            known.add(name)
            own.append(int(t))
            arcs.append(route)
    trip = np.concatenate([paths.trip, np.array(own, np.int64)]).astype(np.int64)
    weight = np.concatenate(
        [paths.flow / removal.flow[paths.trip], np.full(len(own), _SPARE_WEIGHT)]
    )
    size = np.concatenate([np.diff(paths.indptr), np.array([len(a) for a in arcs], np.int64)])
    every = np.concatenate([paths.arcs.astype(np.int32), *arcs])
    starts = np.concatenate(([0], np.cumsum(size))).astype(np.int64)
    order = np.argsort(trip, kind="stable")
    begin, length = starts[:-1][order], size[order].astype(np.int64)
    new = np.concatenate(([0], np.cumsum(length))).astype(np.int64)
    take = np.repeat(begin - new[:-1], length) + np.arange(new[-1])
    at = np.concatenate(([0], np.cumsum(np.bincount(trip, minlength=m)))).astype(np.int64)
    return Routes(at, new, every[take]), weight[order]


def _labels(closed: list[IntArray], n_arc: int) -> IntArray:
    """Return the elements of each arc, -1 where none is, as many columns as an arc has at most."""
    arcs = np.concatenate([np.empty(0, np.int64), *closed]).astype(np.int64)
    element = np.repeat(np.arange(len(closed)), [len(a) for a in closed])
    order = np.argsort(arcs, kind="stable")
    place = np.arange(len(arcs)) - np.searchsorted(arcs[order], arcs[order])
    out = np.full((n_arc, int(place.max(initial=0)) + 1), -1, np.int64)
    out[arcs[order], place] = element[order]
    return out


def _masks(starts: IntArray, arcs: npt.NDArray[np.integer], label: IntArray, n: int) -> Masks:
    """Return the elements on each of some rows of arcs."""
    masks = np.zeros((len(starts) - 1, max((n + 63) // 64, 1)), np.uint64)
    row = np.repeat(np.arange(len(masks)), np.diff(starts))
    for one in label.T:
        on = np.flatnonzero(one[arcs] >= 0)
        e = one[arcs[on]]
        np.bitwise_or.at(masks, (row[on], e // 64), np.uint64(1) << (e % 64).astype(np.uint64))
    return masks


def key_of(name: str) -> int:
    """Return 64 bits that stand for a name, the same on any machine."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "big")


def keys_of(frame: pd.DataFrame, columns: Iterable[str]) -> npt.NDArray[np.uint64]:
    """Return the key of each row, by the names in some columns."""
    text = frame[list(columns)].astype(object).fillna("").astype(str)
    codes, names = pd.factorize(text.agg("|".join, axis=1))
    return np.array([key_of(n) for n in names], np.uint64)[codes]


def _elements(base: Assignment) -> tuple[pd.DataFrame, list[IntArray]]:
    """List border places by mode, and straits and canals, with their arcs."""
    found = elements_of(base, ["crossing", "passage"])
    modes = base.virtual.arcs["mode"].to_numpy(dtype=object)
    rows, closed = [], []
    for row, arcs in zip(found.table.itertuples(index=False), found.arcs, strict=True):
        if row.kind == "passage":
            rows.append((row.kind, row.element_id, "", row.name))
            closed.append(arcs)
            continue
        for mode in sorted(set(modes[arcs])):
            rows.append((row.kind, row.element_id, mode, row.name))
            closed.append(arcs[modes[arcs] == mode])
    return pd.DataFrame(rows, columns=["kind", "element_id", "mode", "name"]), closed


def _causes(elements: pd.DataFrame, table: pd.DataFrame, storms: pd.DataFrame) -> pd.DataFrame:
    """Say what shuts which elements; what names no mode shuts all of a place at once."""
    rows: list[tuple[object, ...]] = []
    kinds, places, modes = (
        elements[c].to_numpy(dtype=object) for c in ("kind", "element_id", "mode")
    )

    def shut(kind: str, place: str, mode: str) -> IntArray:
        return np.flatnonzero(
            (kinds == kind) & (places == place) & ((mode == "") | (modes == mode))
        )

    for i, r in enumerate(table.itertuples(index=False)):
        key = key_of(f"{r.kind} {r.element_id} {r.mode}")
        for e in shut(r.kind, r.element_id, r.mode):
            rows.append((e, i, key, r.shut_share, 365.25 / r.rate_yr, r.mean_d, 0.0, 365.0))
    for r in storms.itertuples(index=False):
        key = key_of(f"weather {r.element_id} {r.mode}")
        share = r.spell_d / (r.spell_d + r.up_d)
        for e in shut("crossing", r.element_id, r.mode):
            rows.append((e, -1, key, share, r.up_d, r.spell_d, r.first_day, r.last_day))
    columns = ["element", "hazard", "key", "chance", "up_d", "down_d", "first_day", "last_day"]
    return pd.DataFrame(rows, columns=columns).astype(
        {"element": np.int64, "hazard": np.int64, "key": np.uint64}
    )
