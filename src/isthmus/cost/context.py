"""What the cost terms see: the arcs, the goods, the parameters, and the lanes a port boards."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from isthmus.cost.parameters import Parameters
from isthmus.cost.restrictions import Binding
from isthmus.vocab import WATER_MODES

__all__ = ["BoolArray", "FloatArray", "TermContext", "mean_lognormal", "sd_lognormal"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

_Z90 = 1.2815515655446004
"""90 % quantile of the standard normal distribution."""

_SAME_SHIP = ("sea", "inland_water")
"""River-sea ships pass from one to the other without a new boarding."""


def sd_lognormal(p50: npt.ArrayLike, p90: npt.ArrayLike) -> FloatArray:
    """
    Return the standard deviation of a lognormal time from two of its quantiles.

    ``sigma = ln(p90/p50)/1.2816; sd = p50 exp(sigma²/2) sqrt(exp(sigma²) - 1)``

    Parameters
    ----------
    p50, p90 : array
        [h]

    Returns
    -------
    ndarray
        Zero where p50 is zero or p90 does not exceed it. [h]

    Examples
    --------
    >>> sd_lognormal([0.0, 5.0], [0.0, 5.0]).tolist()
    [0.0, 0.0]
    """
    low, high = np.asarray(p50, dtype=np.float64), np.asarray(p90, dtype=np.float64)
    some = (low > 0) & (high > low)
    sigma = np.log(np.where(some, high, 1.0) / np.where(some, low, 1.0)) / _Z90
    return np.where(some, low * np.exp(sigma**2 / 2) * np.sqrt(np.expm1(sigma**2)), 0.0)


def mean_lognormal(p50: npt.ArrayLike, p90: npt.ArrayLike) -> FloatArray:
    """
    Return the mean of a lognormal time from two of its quantiles.

    ``sigma = ln(p90/p50)/1.2816; mean = p50 exp(sigma²/2)``

    Parameters
    ----------
    p50, p90 : array
        [h]

    Returns
    -------
    ndarray
        The median where p90 does not exceed it. [h]

    Examples
    --------
    >>> mean_lognormal([0.0, 5.0], [0.0, 5.0]).tolist()
    [0.0, 5.0]
    """
    low, high = np.asarray(p50, dtype=np.float64), np.asarray(p90, dtype=np.float64)
    some = (low > 0) & (high > low)
    sigma = np.log(np.where(some, high, 1.0) / np.where(some, low, 1.0)) / _Z90
    return low * np.exp(sigma**2 / 2)


@dataclass(frozen=True)
class TermContext:
    """
    What the terms see.

    Parameters
    ----------
    arcs : DataFrame
        `VirtualNetwork.arcs`.
    commodities : DataFrame
        Rows of ``data/commodities.csv``.
    parameters : Parameters
    bound : Binding
        What restrictions do to each class of trades.
    """

    arcs: pd.DataFrame = field(repr=False)
    commodities: pd.DataFrame = field(repr=False)
    parameters: Parameters = field(repr=False)
    bound: Binding = field(repr=False)

    @cached_property
    def kind(self) -> npt.NDArray[np.object_]:
        """Kind of each arc, shape (n_arc,)."""
        return self.arcs["kind"].to_numpy(dtype=object)

    @cached_property
    def containerised(self) -> BoolArray:
        """Whether a good travels in containers, shape (n_commodity,)."""
        return self.commodities["load_type"].eq("container").to_numpy()

    @cached_property
    def payload_t_teu(self) -> FloatArray:
        """Net load of a TEU [t/TEU], shape (n_commodity,)."""
        return self.commodities["payload_t_teu"].to_numpy(dtype=np.float64)

    def of(self, *kinds: str) -> BoolArray:
        """Return where arcs are of these kinds, shape (n_arc,)."""
        return np.isin(self.kind, kinds)

    def text(self, column: str, where: BoolArray) -> npt.NDArray[np.object_]:
        """Return a text column of some arcs, empty where the network has none."""
        if column not in self.arcs:
            return np.full(int(where.sum()), "", dtype=object)
        return self.arcs[column].to_numpy(dtype=object)[where]

    def number(self, column: str, where: BoolArray, default: float = np.nan) -> FloatArray:
        """Return a number column of some arcs, `default` where the network has none."""
        if column not in self.arcs:
            return np.full(int(where.sum()), default)
        return self.arcs[column].to_numpy(dtype=np.float64, na_value=np.nan)[where]

    def table(self, parameter: str, where: BoolArray, item: str = "") -> FloatArray:
        """Return a parameter for every good on some arcs, shape (n_commodity, n)."""
        if not where.any():
            return np.zeros((len(self.commodities), 0))
        return self.parameters.table(
            parameter,
            commodities=self.commodities,
            mode=self.text("mode", where),
            territory_id=self.text("territory_id", where),
            item=item,
        )

    def row(self, parameter: str, where: BoolArray, item: npt.ArrayLike | str = "") -> FloatArray:
        """Return a parameter that no good minds on some arcs, shape (n,)."""
        if not where.any():
            return np.zeros(0)
        mode, territory = self.text("mode", where), self.text("territory_id", where)
        return self.parameters.table(parameter, mode=mode, territory_id=territory, item=item)

    def spread_out(self, where: BoolArray, values: FloatArray) -> FloatArray:
        """Return values of some arcs laid over all, zero elsewhere, shape (n_commodity, n_arc)."""
        out = np.zeros((len(self.commodities), len(self.arcs)))
        out[:, where] = values
        return out

    def price(self, name: str, where: BoolArray) -> FloatArray:
        """Return ``<name>_usd_teu…`` a payload for boxed goods and ``<name>_usd_t…`` for others."""
        suffix = "km" if name == "rate" else ""
        by_box = self.table(f"{name}_usd_teu{'_' + suffix if suffix else ''}", where)
        by_tonne = self.table(f"{name}_usd_t{suffix}", where)
        boxed = self.containerised[:, None]
        factor = self.table("rate_factor", where)
        return np.where(boxed, by_box / self.payload_t_teu[:, None], by_tonne) * factor

    @cached_property
    def lanes(self) -> BoolArray:
        """Where arcs move over water."""
        return self.of("move") & np.isin(self.arcs["mode"].to_numpy(dtype=object), WATER_MODES)

    @cached_property
    def boardings(self) -> BoolArray:
        """Where arcs lead on board a ship or a ferry."""
        mode = self.arcs["mode"].to_numpy(dtype=object)
        everywhere = np.ones(len(self.arcs), dtype=bool)
        before = self.text("from_mode", everywhere)
        same = np.isin(before, _SAME_SHIP) & np.isin(mode, _SAME_SHIP)
        return self.of("load", "transfer") & np.isin(mode, WATER_MODES) & ~same

    @cached_property
    def _ports(self) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], int]:
        """Port and mode of each boarding, of each lane's start, and how many there are."""
        at = self.arcs["node_id"].astype(str) + "\0" + self.arcs["mode"].astype(str)
        codes, names = pd.factorize(at)
        return codes[self.boardings], codes[self.lanes], len(names)

    def boarding(self, of_lane: FloatArray) -> FloatArray:
        """
        Share out what a lane costs once: the least of the port on board, the rest on the lane.

        Parameters
        ----------
        of_lane : ndarray, shape (n_commodity, n_lane)
            What a trip over this lane costs if it is boarded at its start.

        Returns
        -------
        ndarray, shape (n_commodity, n_arc)
        """
        board, start, n = self._ports
        out = np.zeros((len(self.commodities), len(self.arcs)))
        lanes, boardings = np.flatnonzero(self.lanes), np.flatnonzero(self.boardings)
        changes = self.boardings & self.of("transfer")
        is_port = np.isin(start, board[changes[self.boardings]])
        for k, values in enumerate(of_lane):
            least = np.full(n, np.inf)
            np.minimum.at(least, start, values)
            least[np.isinf(least)] = 0.0
            out[k, boardings] = least[board]
            out[k, lanes] = np.where(is_port, values - least[start], 0.0)
        return out
