"""
The generalised cost of every arc for every commodity.

``usd = money + vot·hours + rr·vot·sd + co2_price·co2`` (docs/model.md, eq. 1): terms yield
attribute rows, a commodity has a price for each, so that breakdown, skim and sensitivity are the
same rows.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from isthmus.cost.parameters import Parameters
from isthmus.cost.restrictions import bind, listed, trade_classes
from isthmus.cost.terms import TERMS, TermContext
from isthmus.errors import CostError, Fault, InputError
from isthmus.vocab import PIPE_MODES, WATER_MODES

if TYPE_CHECKING:
    from isthmus.facts.tables import Facts
    from isthmus.network import Network
    from isthmus.virtual import VirtualNetwork

__all__ = ["ArcCost", "GeneralizedCost", "freight_goods"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

ATTRIBUTES = {"money": "USD/t", "hours": "h", "spread": "h", "co2": "kg CO2e/t"}
"""What a term yields, with its unit."""


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
    components : dict of str to ndarray, shape (n_class, n_arc)
        One array a term, in the unit of its attribute.
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
    """

    commodities: pd.DataFrame = field(repr=False)
    components: dict[str, FloatArray] = field(repr=False)
    attribute_of: dict[str, str]
    allowed: BoolArray = field(repr=False)
    barred_by: npt.NDArray[np.int16] = field(repr=False)
    prices: pd.DataFrame = field(repr=False)
    capacity_t_yr: FloatArray = field(repr=False)
    parameters: Parameters = field(repr=False)

    def attribute(self, name: str) -> FloatArray:
        """Return the sum of the components of one attribute, shape (n_class, n_arc)."""
        total = np.zeros(self.allowed.shape)
        for component, values in self.components.items():
            if self.attribute_of[component] == name:
                total += values
        return total

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
        price = self.prices
        return (
            self.money * price["money"].to_numpy()[:, None]
            + self.hours * price["hours"].to_numpy()[:, None]
            + self.spread_h * price["spread"].to_numpy()[:, None]
            + self.co2_kg * price["co2"].to_numpy()[:, None]
        )

    @cached_property
    def usd(self) -> FloatArray:
        """Generalised cost; inf where closed or not allowed. [USD/t]"""
        return np.where(self.allowed, self.usd_if_open, np.inf)

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


class GeneralizedCost:
    """
    The cost model: facts in, the cost of every arc out.

    Parameters
    ----------
    facts : Facts
    **overrides : float
        Other values for parameters, by name: ``co2_price_usd_kg=0.1``. They apply to every row of
        that parameter and are part of the digest.

    Raises
    ------
    InputError
        If an override names no parameter.

    Examples
    --------
    >>> import isthmus as ist
    >>> facts = ist.read()
    >>> cost = ist.GeneralizedCost(facts, co2_price_usd_kg=0.1)
    """

    def __init__(self, facts: Facts, **overrides: float) -> None:
        self.facts = facts
        self.overrides = dict(sorted(overrides.items()))
        self.parameters = Parameters(facts["parameters"]).replace(**overrides)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the rates and overrides, hexadecimal."""
        import hashlib

        sha = hashlib.sha256(self.facts.raw["parameters"].to_csv().encode())
        sha.update(self.facts.raw["commodities"].to_csv().encode())
        sha.update(repr(self.overrides).encode())
        return sha.hexdigest()

    def classes(
        self, network: Network, trades: pd.DataFrame | None = None
    ) -> tuple[pd.DataFrame, npt.NDArray[np.int64]]:
        """
        Return the classes that trades fall into, and the class of each.

        Parameters
        ----------
        network : Network
        trades : DataFrame, optional
            origin, destination [lands], commodity_id; without them there is a class a commodity.

        Returns
        -------
        classes : DataFrame
        class_of : ndarray of int, shape (n_trade,)
        """
        commodities = freight_goods(self.facts["commodities"])
        if trades is None:
            trades = pd.DataFrame(columns=["origin", "destination", "commodity_id"], dtype=object)
        return trade_classes(network, commodities, trades)

    def of(self, virtual: VirtualNetwork, classes: pd.DataFrame | None = None) -> ArcCost:
        """
        Return the cost of every arc.

        Parameters
        ----------
        virtual : VirtualNetwork
        classes : DataFrame, optional
            Of `classes`; without them trades have unknown ends.

        Returns
        -------
        ArcCost

        Raises
        ------
        CostError
            If a term is negative or NaN; names the arc and the term.
        """
        commodities = freight_goods(self.facts["commodities"])
        if classes is None:
            classes, _ = self.classes(virtual.network)
        at = {c: i for i, c in enumerate(commodities["commodity_id"])}
        goods = classes["commodity_id"].map(at).to_numpy()
        parameters = self._of_network(virtual)
        bound = bind(virtual.network, virtual.arcs, classes, _hull(virtual.arcs, parameters))
        context = TermContext(virtual.arcs, commodities, parameters, bound)
        components: dict[str, FloatArray] = {}
        attribute_of: dict[str, str] = {}
        for term in TERMS:
            values = np.asarray(term.f(context), dtype=np.float64)
            _refuse_bad(values, term.name, virtual.arcs, classes if term.by_class else commodities)
            components[term.name] = values if term.by_class else values[goods]
            attribute_of[term.name] = term.attribute
        vot = classes["vot_usd_t_h"].to_numpy(dtype=float)
        prices = pd.DataFrame(
            {
                "money": 1.0,
                "hours": vot,
                "spread": vot * classes["reliability_ratio"].to_numpy(dtype=float),
                "co2": parameters.get("co2_price_usd_kg"),
            }
        )
        prices.insert(0, "commodity_id", classes["commodity_id"])
        allowed = _allowed(virtual.arcs, commodities, virtual.network.regimes)[goods]
        allowed &= bound.barred_by < 0
        capacity = virtual.arcs["capacity_t_yr"].to_numpy(dtype=float)
        return ArcCost(
            classes,
            components,
            attribute_of,
            allowed,
            bound.barred_by,
            prices,
            capacity,
            parameters,
        )

    def _of_network(self, virtual: VirtualNetwork) -> Parameters:
        """Use the network's own parameter rows: a scenario may have set or scaled them."""
        rows = virtual.network.parameters
        if rows is self.facts["parameters"]:
            return self.parameters
        return Parameters(rows).replace(**self.overrides)


def freight_goods(commodities: pd.DataFrame) -> pd.DataFrame:
    """
    Return the goods that freight carries: those no pipe does.

    Parameters
    ----------
    commodities : DataFrame
        Rows of ``data/commodities.csv``.

    Returns
    -------
    DataFrame
        Indexed 0..n.
    """
    piped = [
        bool({m.strip() for m in str(text).split(";")} & set(PIPE_MODES))
        for text in commodities["modes"]
    ]
    return commodities[~np.array(piped, dtype=bool)].reset_index(drop=True)


def _hull(arcs: pd.DataFrame, parameters: Parameters) -> FloatArray:
    """Return the value of the ship a tonne on arcs over water and into it, 0 elsewhere. [USD/t]"""
    here = arcs["mode"].isin(WATER_MODES).to_numpy()
    out = np.zeros(len(arcs))
    if here.any():
        out[here] = parameters.table(
            "hull_value_usd_t",
            mode=arcs["mode"].to_numpy(dtype=object)[here],
            territory_id=arcs["territory_id"].to_numpy(dtype=object)[here],
        )
    return out


def _allowed(arcs: pd.DataFrame, commodities: pd.DataFrame, regimes: pd.DataFrame) -> BoolArray:
    """
    Return whether a commodity may use an arc.

    It is open, of a mode of the commodity (road for access), and the regime lets such goods pass.
    """
    mode = arcs["mode"].to_numpy()
    is_open = arcs["is_open"].to_numpy(dtype=bool)
    free = arcs["kind"].isin(["access", "egress"]).to_numpy()
    limits = {r: listed(g) for r, g in zip(regimes["regime"], regimes["goods"], strict=True) if g}
    regime = arcs["regime"].to_numpy(dtype=object)
    rows = []
    for name, text in zip(commodities["commodity_id"], commodities["modes"], strict=True):
        modes = [m.strip() for m in str(text).split(";")]
        refused = np.isin(regime, [r for r, goods in limits.items() if name not in goods])
        rows.append(is_open & (free | np.isin(mode, modes)) & ~refused)
    return np.array(rows, dtype=bool).reshape(len(commodities), len(arcs))


def _refuse_bad(
    values: FloatArray, term: str, arcs: pd.DataFrame, commodities: pd.DataFrame
) -> None:
    bad = ~(values >= 0) | np.isinf(values)
    if not bad.any():
        return
    k, a = (int(i) for i in np.argwhere(bad)[0])
    arc = arcs.iloc[a]
    names = (arc.get(c, "") for c in ("link_id", "crossing_id", "terminal_id", "node_id"))
    element = next((n for n in names if isinstance(n, str) and n), f"arc {a}")
    raise CostError(
        f"term {term} is {values[k, a]} for {commodities.commodity_id[k]} on {arc.kind} {element}; "
        f"{int(bad.sum())} cells in all. Check the row and its parameters: `isthmus check`."
    )
