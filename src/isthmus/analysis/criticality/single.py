"""
Criticality: what the loss of one element of the network does to every country and every trade.

Each link, border place, terminal, corridor, territory, sea and passage is taken away in turn, and all trade is
assigned anew (`isthmus.assign.link_removal`). The worst sets of several elements and the smallest cuts are
in `isthmus.analysis.criticality.sets`.
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

from isthmus.analysis.flows.elements import KINDS, Elements, elements_of
from isthmus.assign.link_removal import LinkRemoval, Outcome
from isthmus.assign.threads import one_thread
from isthmus.errors import Fault, InputError

if TYPE_CHECKING:
    from isthmus.assign import Assignment

__all__ = ["Criticality", "criticality"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

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
    removal = LinkRemoval(base, gap)
    tally = _Tally(base, removal.trips.flow, trades)
    alike: dict[bytes, list[int]] = {}
    for i, arcs in enumerate(found.arcs):
        if len(removal.trips_over(arcs)):
            alike.setdefault(np.unique(arcs).tobytes(), []).append(i)
    # the long cases first, so that no thread is left with one at the end
    groups = [alike[gone] for gone in sorted(alike, key=len, reverse=True)]
    n = len(found.table)
    used = sorted(i for group in alike.values() for i in group)
    results: dict[int, _Losses] = {}

    def cases(group: list[int]) -> list[_Losses]:
        # elements of the same arcs are one case
        with one_thread():
            return [tally.of(removal.remove(found.arcs[group[0]]))] * len(group)

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
        through_t_yr=[removal.tonnes(a) for a in found.arcs],
        **dict(zip(_LOSSES, totals.T, strict=True)),
    )
    return Criticality(
        table.sort_values(_LOSSES[:2], ascending=False, kind="stable", ignore_index=True),
        _stacked(table, tally.territories, [(i, *results[i].countries) for i in used]),
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
    """What one case does: rows of the territories and trades that feel it, what they lose, and all in all."""

    countries: tuple[IntArray, FloatArray]
    trades: tuple[IntArray, FloatArray]
    total: FloatArray
    gap: float


class _Tally:
    """Adds outcomes up by country and by trade."""

    def __init__(self, base: Assignment, flow: FloatArray, trades: int) -> None:
        network = base.virtual.network
        territory = network.zones.set_index("zone_id")["territory_id"]
        ends = pd.DataFrame(
            {
                "origin_territory_id": base.trips["origin_zone_id"].map(territory),
                "destination_territory_id": base.trips["destination_zone_id"].map(territory),
                "commodity_id": base.trips["commodity_id"],
            }
        )
        both = pd.concat([ends["origin_territory_id"], ends["destination_territory_id"]])
        codes, territories = pd.factorize(both, sort=True)
        self.start, self.end = np.split(codes, 2)
        self.inside = self.start == self.end
        title = network.facts["territories"].set_index("territory_id")["name"]
        self.territories = pd.DataFrame(
            {"territory_id": territories, "name": title.reindex(territories).fillna("").to_numpy()}
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
        n = len(self.territories)
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
