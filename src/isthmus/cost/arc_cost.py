"""What an arc costs each class of trades: terms, their sums and the generalised cost."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from isthmus.cost.components import Components
from isthmus.cost.parameters import Parameters
from isthmus.errors import Fault, InputError

__all__ = ["ATTRIBUTES", "ArcCost"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

ATTRIBUTES = {"money": "USD/t", "hours": "h", "spread": "h", "co2": "kg CO2e/t"}
"""What a term yields, with its unit."""


_SUMS = {"money": "money", "hours": "hours", "spread_h": "spread", "co2_kg": "co2"}
"""Properties of `ArcCost` and the attribute each sums up."""


@dataclass(frozen=True)
class ArcCost:
    """
    What an arc costs each commodity.

    Parameters
    ----------
    commodities : DataFrame
        Classes of trades in the order of the first axis of every array: rows of
        ``data/commodities.csv`` with `bound_by`, the restrictions on the class. First one row a
        commodity for trades of unknown ends, then one a commodity and set of restrictions.
    components : Components
        One array a term, shape (n_class, n_arc), in the unit of its attribute.
    attribute_of : dict of str to str
        Component → money, hours, spread or co2.
    allowed : ndarray of bool, shape (n_class, n_arc)
        The arc is open, its mode is one the commodity can use, and nothing bars the class.
    barred_by : ndarray of int16, shape (n_class, n_arc)
        Row of `Network.restrictions` that bars the class from the arc; -1 if none does.
    prices : DataFrame
        Price of each attribute per class: columns money, hours, spread, co2. [USD/unit]
    capacity_t_yr : ndarray, shape (n_arc,)
        NaN where unknown. [t/yr]
    parameters : Parameters
        With the rows that were used.
    arcs : DataFrame
        `VirtualNetwork.arcs`.
    """

    commodities: pd.DataFrame = field(repr=False)
    components: Components = field(repr=False)
    attribute_of: dict[str, str]
    allowed: BoolArray = field(repr=False)
    barred_by: npt.NDArray[np.int16] = field(repr=False)
    prices: pd.DataFrame = field(repr=False)
    capacity_t_yr: FloatArray = field(repr=False)
    parameters: Parameters = field(repr=False)
    arcs: pd.DataFrame = field(repr=False)

    def attribute(self, name: str) -> FloatArray:
        """Return the sum of the components of one attribute, shape (n_class, n_arc)."""
        total, more = self._of_attribute(name)
        whole = np.asarray(total[self.components.good])
        return whole if more is None else whole + more

    def hours_of(self, row: int) -> FloatArray:
        """Return the hours without congestion of one class, shape (n_arc,). [h]"""
        total, more = self._of_attribute("hours")
        whole = total[self.components.good[row]]
        return whole.copy() if more is None else whole + more[row]

    def _of_attribute(self, name: str) -> tuple[FloatArray, FloatArray | None]:
        """Return an attribute by good, and what restrictions add to it by class."""
        return self.components.sum_of([c for c in self.components if self.attribute_of[c] == name])

    @cached_property
    def money(self) -> FloatArray:
        """Money. [USD/t]"""
        return self.attribute("money")

    @cached_property
    def hours(self) -> FloatArray:
        """Time without congestion. [h]"""
        return self.attribute("hours")

    @cached_property
    def spread_h(self) -> FloatArray:
        """Standard deviation of time. [h]"""
        return self.attribute("spread")

    @cached_property
    def co2_kg(self) -> FloatArray:
        """Well-to-wheel emissions. [kg CO2e/t]"""
        return self.attribute("co2")

    @cached_property
    def usd_if_open(self) -> FloatArray:
        """Generalised cost as if every arc were open; inf where the mode is not allowed. [USD/t]"""
        parts = {name: self._of_attribute(name) for name in ATTRIBUTES}
        by_class = [more != 0.0 for _, more in parts.values() if more is not None]
        bound = np.zeros(parts["money"][0].shape[1], dtype=bool)
        for some in by_class:
            bound |= some.any(axis=0)
        good = self.components.good
        first = np.array([int(np.argmax(good == g)) for g in range(len(parts["money"][0]))])
        out = np.asarray(self._priced({n: total for n, (total, _) in parts.items()}, first)[good])
        if bound.any():
            both = {
                n: total[:, bound][good] + (0.0 if more is None else more[:, bound])
                for n, (total, more) in parts.items()
            }
            out[:, bound] = self._priced(both, np.arange(len(good)))
        return out

    @property
    def usd_of_goods(self) -> FloatArray:
        """
        Generalised cost as if every arc were open, without what restrictions ask; inf where the mode is not allowed.

        Returns
        -------
        ndarray, shape (n_good, n_arc)
            [USD/t]
        """
        good = self.components.good
        first = np.array([int(np.argmax(good == g)) for g in range(int(good.max(initial=-1)) + 1)])
        return self._priced({n: self._of_attribute(n)[0] for n in ATTRIBUTES}, first)

    def _priced(self, values: dict[str, FloatArray], rows: npt.NDArray[np.int64]) -> FloatArray:
        """Add up attributes at the prices of some classes. [USD/t]"""
        price = {name: self.prices[name].to_numpy(dtype=float)[rows, None] for name in ATTRIBUTES}
        return (
            values["money"] * price["money"]
            + values["hours"] * price["hours"]
            + values["spread"] * price["spread"]
            + values["co2"] * price["co2"]
        )

    @cached_property
    def usd(self) -> FloatArray:
        """Generalised cost; inf where closed or not allowed. [USD/t]"""
        return np.where(self.allowed, self.usd_if_open, np.inf)

    def take_over(self, like: ArcCost, arcs: npt.NDArray[np.int64]) -> None:
        """
        Take the sums of another cost that differs on some arcs only.

        Parameters
        ----------
        like : ArcCost
            Of the same classes.
        arcs : ndarray of int
        """
        if self.components is like.components:
            whole = like.usd_if_open
        else:
            whole = like.usd_if_open.copy()
            whole[:, arcs] = replace(self, components=self.components.on(arcs)).usd_if_open
        usd = like.usd.copy()
        usd[:, arcs] = np.where(self.allowed[:, arcs], whole[:, arcs], np.inf)
        self.__dict__["usd_if_open"], self.__dict__["usd"] = whole, usd
        for name, attribute in _SUMS.items():
            terms = [c for c in self.components if self.attribute_of[c] == attribute]
            same = all(self.components.is_of(like.components, c) for c in terms)
            if same and name in like.__dict__:
                self.__dict__[name] = like.__dict__[name]

    @property
    def vot_usd_t_h(self) -> FloatArray:
        """Value of time. [USD/(t·h)]"""
        return self.prices["hours"].to_numpy(dtype=float)

    def position(self, commodity_id: str) -> int:
        """Return the row of a commodity for trades of unknown ends; an error if freight has none."""
        rows = np.flatnonzero(self.commodities["commodity_id"].eq(commodity_id))
        if not len(rows):
            raise InputError(
                [Fault(commodity_id, "moves by pipe, not as freight.", "See `isthmus energy`.")]
            )
        return int(rows[0])
