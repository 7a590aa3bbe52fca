"""
Criticality: what the loss of one element of the network does to every country and every trade.

Each link, border place, terminal, corridor, land, sea and passage is taken away in turn, and all trade is
assigned anew (`isthmus.assign.without`). The worst sets of several elements and the smallest cuts are
in `isthmus.analysis.criticality_sets`.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from isthmus.assign.parts import one_after_the_other
from isthmus.assign.without import Outcome, Without
from isthmus.corridor import corridor_links
from isthmus.errors import Fault, InputError

if TYPE_CHECKING:
    from isthmus.assign import Assignment

__all__ = ["KINDS", "Criticality", "criticality", "elements_of"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

KINDS = ("link", "crossing", "terminal", "corridor", "territory", "sea", "passage")
"""What is taken away. A crossing is a border place or a port, all its modes and both ways; a terminal all that
changes mode or gauge at a place; a corridor all links of its chain, whoever uses them, but for ocean routes, which
share their seas with each other: their straits are passages; a territory its land, its own trade included."""

_LOSSES = ["unserved_t_yr", "added_usd_yr", "added_td_yr", "added_co2_t_yr"]
_FELT = 0.5
"""Tonnes, USD, tonne-days or tonnes of CO2 a year below which a loss is left out."""
_AT_ONCE = 2
"""Cases worked on at a time; none depends on another."""


@dataclass(frozen=True)
class Criticality:
    """
    What each loss does.

    Parameters
    ----------
    elements : DataFrame
        kind, element_id, name; through_t_yr, what moves over it; unserved_t_yr [t/yr]; added_usd_yr,
        generalised cost [USD/yr]; added_td_yr [t·d/yr]; added_co2_t_yr [t CO2e/yr]. Added is over
        what is still served. The worst first: by unserved tonnes, then by cost.
    by_country : DataFrame
        kind, element_id, territory_id, name and the same losses, of trade that begins or ends there.
    by_trade : DataFrame
        The same by origin_territory_id, destination_territory_id and commodity_id: of each element
        the trades that lose most.
    n_cases : int
        Elements that any route uses, each assigned anew.
    worst_gap : float
        The largest relative gap of a case.
    """

    elements: pd.DataFrame
    by_country: pd.DataFrame
    by_trade: pd.DataFrame
    n_cases: int
    worst_gap: float


def criticality(
    base: Assignment,
    kinds: Sequence[str] = KINDS,
    only: Sequence[str] | None = None,
    *,
    gap: float = 1e-6,
    trades: int = 5,
    progress: Callable[[int, int], None] | None = None,
) -> Criticality:
    """
    Take away each element of the network in turn and assign all trade anew.

    Parameters
    ----------
    base : Assignment
        By method stochastic.
    kinds : sequence of {'link', 'crossing', 'terminal', 'corridor', 'territory', 'sea', 'passage'}
    only : sequence of str, optional
        Ids of the elements to take away; default is all of these kinds.
    gap : float
        Relative gap of each case.
    trades : int
        Trades to keep of each element, those that lose most.
    progress : callable, optional
        Called with cases done and in all; what it raises interrupts.

    Returns
    -------
    Criticality

    Raises
    ------
    InputError
        If a kind or an element is unknown, or the base was assigned by another method.
    """
    found = elements_of(base, kinds)
    if only is not None:
        found = _chosen(found, only)
    without = Without(base, gap)
    tally = _Tally(base, without.trips.flow, trades)
    alike: dict[bytes, list[int]] = {}
    for i, arcs in enumerate(found.arcs):
        if len(without.trips_over(arcs)):
            alike.setdefault(np.unique(arcs).tobytes(), []).append(i)
    # the long cases first, so that no thread is left with one at the end
    groups = [alike[gone] for gone in sorted(alike, key=len, reverse=True)]
    n = len(found.table)
    used = sorted(i for group in alike.values() for i in group)
    results: dict[int, _Losses] = {}

    def cases(group: list[int]) -> list[_Losses]:
        # elements of the same arcs are one case
        with one_after_the_other():
            return [tally.of(without.of(found.arcs[group[0]]))] * len(group)

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        jobs = [(group, pool.submit(cases, group)) for group in groups]
        try:
            for group, job in jobs:
                results.update(zip(group, job.result(), strict=True))
                if progress is not None:
                    progress(len(results), len(used))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    totals = np.zeros((n, len(_LOSSES)))
    for i, result in results.items():
        totals[i] = result.total
    table = found.table.assign(
        through_t_yr=[without.tonnes(a) for a in found.arcs],
        **dict(zip(_LOSSES, totals.T, strict=True)),
    )
    return Criticality(
        table.sort_values(_LOSSES[:2], ascending=False, kind="stable", ignore_index=True),
        _stacked(table, tally.lands, [(i, *results[i].countries) for i in used]),
        _stacked(table, tally.trades, [(i, *results[i].trades) for i in used]),
        len(used),
        max([base.gap, *(r.gap for r in results.values())]),
    )


def _stacked(
    table: pd.DataFrame, named: pd.DataFrame, parts: list[tuple[int, IntArray, FloatArray]]
) -> pd.DataFrame:
    """Set the losses of all cases one under another, beside what they are of."""
    size = [len(rows) for _, rows, _ in parts]
    cases = np.repeat([i for i, _, _ in parts], size).astype(np.int64)
    rows = np.concatenate([np.empty(0, np.int64), *(r for _, r, _ in parts)])
    losses = np.concatenate([np.empty((0, len(_LOSSES))), *(x for _, _, x in parts)])
    frame = pd.concat(
        [
            table[["kind", "element_id"]].iloc[cases].reset_index(drop=True),
            named.iloc[rows].reset_index(drop=True),
        ],
        axis=1,
    )
    return frame.assign(**dict(zip(_LOSSES, losses.T, strict=True)))


class _Losses(NamedTuple):
    """What one case does: rows of the lands and trades that feel it, what they lose, and all in all."""

    countries: tuple[IntArray, FloatArray]
    trades: tuple[IntArray, FloatArray]
    total: FloatArray
    gap: float


class _Tally:
    """Adds outcomes up by country and by trade."""

    def __init__(self, base: Assignment, flow: FloatArray, trades: int) -> None:
        network = base.virtual.network
        land = network.zones.set_index("zone_id")["territory_id"]
        ends = pd.DataFrame(
            {
                "origin_territory_id": base.trips["origin_zone_id"].map(land),
                "destination_territory_id": base.trips["destination_zone_id"].map(land),
                "commodity_id": base.trips["commodity_id"],
            }
        )
        both = pd.concat([ends["origin_territory_id"], ends["destination_territory_id"]])
        codes, lands = pd.factorize(both, sort=True)
        self.start, self.end = np.split(codes, 2)
        self.inside = self.start == self.end
        title = network.facts["territories"].set_index("territory_id")["name"]
        self.lands = pd.DataFrame(
            {"territory_id": lands, "name": title.reindex(lands).fillna("").to_numpy()}
        )
        by = ends.groupby(list(ends), sort=True)
        self.trade = by.ngroup().to_numpy()
        self.trades = by.size().index.to_frame(index=False)
        self.flow = flow
        self.most = trades

    def of(self, outcome: Outcome) -> _Losses:
        """Return the losses of one case."""
        flow = outcome.kept_t_yr
        losses = np.stack(
            [
                outcome.stopped_t_yr,
                flow * outcome.usd_t,
                flow * outcome.hours / 24.0,
                flow * outcome.co2_kg_t / 1000.0,
            ]
        )
        abroad = ~self.inside
        n = len(self.lands)
        country = np.stack(
            [
                np.bincount(self.start, x, n) + np.bincount(self.end[abroad], x[abroad], n)
                for x in losses
            ],
            axis=1,
        ).astype(np.float64)
        felt = np.flatnonzero(np.abs(country).max(axis=1) > _FELT)
        hurt = (losses[0] > _FELT) | (losses[1] > _FELT)
        m = len(self.trades)
        by_trade = [np.bincount(self.trade[hurt], x[hurt], m) for x in losses]
        trade = np.stack(by_trade, axis=1).astype(np.float64)
        worst = np.lexsort((-trade[:, 1], -trade[:, 0]))[: self.most]
        worst = worst[np.bincount(self.trade[hurt], minlength=m)[worst] > 0]
        return _Losses(
            (felt, country[felt]),
            (worst, trade[worst]),
            losses.sum(axis=1),
            outcome.gap,
        )


@dataclass(frozen=True)
class Elements:
    """
    Elements of a network and their arcs.

    Parameters
    ----------
    table : DataFrame
        kind, element_id, name.
    arcs : list of ndarray of int
        Positions in the graph, by row of the table.
    """

    table: pd.DataFrame
    arcs: list[IntArray]


def elements_of(base: Assignment, kinds: Sequence[str] = KINDS) -> Elements:
    """
    List what can be taken away, with the open arcs it stands for.

    Parameters
    ----------
    base : Assignment
    kinds : sequence of str
        Of `KINDS`.

    Returns
    -------
    Elements

    Raises
    ------
    InputError
        If a kind is unknown.
    """
    faults = [
        Fault("kind", f'"{k}" is none.', f"One of {', '.join(KINDS)}.")
        for k in kinds
        if k not in KINDS
    ]
    if faults:
        raise InputError(faults)
    network, arcs = base.virtual.network, base.virtual.arcs
    facts = network.facts
    is_open = arcs["is_open"].to_numpy(dtype=bool)
    kind = arcs["kind"].to_numpy(dtype=object)
    states = set(facts["territories"].query("kind == 'state'")["territory_id"])
    ashore = (arcs["territory_id"].isin(states) | arcs["from_territory_id"].isin(states)).to_numpy()
    territories = facts["territories"].set_index("territory_id")
    places = network.nodes.set_index("node_id")["name"]
    columns = {
        "link": ("link_id", is_open, network.links.set_index("link_id")["name"]),
        "crossing": ("node_id", is_open & (kind == "cross") & ashore, places),
        "terminal": ("node_id", is_open & (kind == "transfer"), places),
        "territory": (
            "territory_id",
            is_open & arcs["territory_id"].map(territories["kind"]).eq("state").to_numpy(),
            territories["name"],
        ),
        "sea": (
            "territory_id",
            is_open & ~arcs["territory_id"].map(territories["kind"]).eq("state").to_numpy(),
            territories["name"],
        ),
        "passage": ("passage_id", is_open, facts["passages"].set_index("passage_id")["name"]),
    }
    rows: list[tuple[str, str, str]] = []
    found: list[IntArray] = []
    links: dict[str, IntArray] = {}
    for wanted in dict.fromkeys(kinds):
        if wanted == "corridor":
            if not links:
                links = dict(_grouped(arcs["link_id"], is_open))
            chains = corridor_links(network)
            titles = facts["corridors"].set_index("corridor_id")["name"]
            mode = network.links.set_index("link_id")["mode"]
            for name, chain in chains.groupby("corridor_id", sort=True):
                if chain["link_id"].map(mode).isin(["sea"]).all():
                    continue
                pieces = [links[x] for x in chain["link_id"] if x in links]
                if pieces:
                    rows.append((wanted, str(name), str(titles[name])))
                    found.append(np.concatenate(pieces))
            continue
        column, where, title = columns[wanted]
        for name, positions in _grouped(arcs[column], where):
            rows.append((wanted, name, str(title.get(name, name))))
            found.append(positions)
    return Elements(pd.DataFrame(rows, columns=["kind", "element_id", "name"]), found)


def _chosen(found: Elements, only: Sequence[str]) -> Elements:
    """Keep the elements that are named."""
    known = found.table["element_id"]
    faults = []
    for name in only:
        if not known.eq(name).any():
            near = difflib.get_close_matches(name, list(known), 3)
            mend = f"Nearest: {', '.join(near)}." if near else "Other --kinds may hold it."
            faults.append(Fault("--only", f'"{name}" is no such element here.', mend))
    if faults:
        raise InputError(faults)
    rows = np.flatnonzero(known.isin(list(only)))
    return Elements(found.table.iloc[rows].reset_index(drop=True), [found.arcs[i] for i in rows])


def _grouped(column: pd.Series, where: npt.NDArray[np.bool_]) -> list[tuple[str, IntArray]]:
    """Positions of the arcs of each name of a column; those without a name are left out."""
    rows = np.flatnonzero(where & column.ne("").to_numpy(dtype=bool))
    codes, names = pd.factorize(column.to_numpy(dtype=object)[rows], sort=True)
    order = np.argsort(codes, kind="stable")
    cuts = np.cumsum(np.bincount(codes, minlength=len(names)))[:-1]
    return [
        (str(n), np.asarray(p, np.int64))
        for n, p in zip(names, np.split(rows[order], cuts), strict=True)
    ]
