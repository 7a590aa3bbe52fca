"""
The generalised cost of every arc for every commodity.

``usd = money + vot·hours + rr·vot·sd + co2_price·co2`` (docs/model.md, eq. 1): terms yield
attribute rows, a commodity has a price for each, so that breakdown, skim and sensitivity are the
same rows.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from isthmus.cost.arc_cost import ATTRIBUTES, ArcCost
from isthmus.cost.components import Components
from isthmus.cost.parameters import Parameters
from isthmus.cost.restrictions import Binding, bind, listed, trade_classes
from isthmus.cost.terms import TERMS, TermContext
from isthmus.errors import CostError
from isthmus.vocab import PIPE_MODES, WATER_MODES

if TYPE_CHECKING:
    from isthmus.facts.tables import Facts
    from isthmus.network import Network
    from isthmus.virtual import VirtualNetwork

__all__ = ["ATTRIBUTES", "ArcCost", "GeneralizedCost", "freight_goods"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

_SHARED = ("length_km", "passage_id")
"""What a restriction on a passage divides among the arcs of it."""
_PRICED = (
    *_SHARED, "free_speed_km_h", "wait_h", "delay_p50_h", "delay_p90_h", "fee_usd_t", "method",
    "delay_factor", "spread_factor", "fee_factor",
)  # fmt: skip
"""Columns of arcs that cost terms read, beside those that are part of the graph."""


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
            origin, destination [territories], commodity_id; without them there is a class a commodity.

        Returns
        -------
        classes : DataFrame
        class_of : ndarray of int, shape (n_trade,)
        """
        commodities = freight_goods(self.facts["commodities"])
        if trades is None:
            trades = pd.DataFrame(columns=["origin", "destination", "commodity_id"], dtype=object)
        return trade_classes(network, commodities, trades)

    def of(
        self,
        virtual: VirtualNetwork,
        classes: pd.DataFrame | None = None,
        like: ArcCost | None = None,
        changed: npt.NDArray[np.int64] | None = None,
    ) -> ArcCost:
        """
        Return the cost of every arc.

        Parameters
        ----------
        virtual : VirtualNetwork
        classes : DataFrame, optional
            Of `classes`; without them trades have unknown ends.
        like : ArcCost, optional
            Of a network with the same arcs but for those `changed`: it is written anew there only.
        changed : ndarray of int, optional
            See `isthmus.revised.revise`.

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
        if like is not None and changed is not None:
            known = self._revised(virtual, classes, commodities, like, changed)
            if known is not None:
                return known
        at = {c: i for i, c in enumerate(commodities["commodity_id"])}
        goods = classes["commodity_id"].map(at).to_numpy()
        parameters = self._of_network(virtual)
        bound = bind(virtual.network, virtual.arcs, classes, _hull(virtual.arcs, parameters))
        context = TermContext(virtual.arcs, commodities, parameters, bound)
        of_good: dict[str, FloatArray] = {}
        of_class: dict[str, FloatArray] = {}
        for term in TERMS:
            values = np.asarray(term.f(context), dtype=np.float64)
            _refuse_bad(values, term.name, virtual.arcs, classes if term.by_class else commodities)
            (of_class if term.by_class else of_good)[term.name] = values
        components = Components(of_good, of_class, goods, tuple(t.name for t in TERMS))
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
            {term.name: term.attribute for term in TERMS},
            allowed,
            bound.barred_by,
            prices,
            capacity,
            parameters,
            virtual.arcs,
        )

    def _revised(
        self,
        virtual: VirtualNetwork,
        classes: pd.DataFrame,
        commodities: pd.DataFrame,
        like: ArcCost,
        changed: npt.NDArray[np.int64],
    ) -> ArcCost | None:
        """Return a cost with some arcs written anew; None if more than these may differ."""
        arcs, old = virtual.arcs, like.arcs
        if classes is not like.commodities or self._of_network(virtual) is not like.parameters:
            return None
        differ = {c: _differ(arcs[c], old[c], changed) for c in _PRICED if c in arcs}
        if any(differ.get(c, False) for c in _SHARED):
            return None
        components, rows = like.components, changed
        if any(differ.values()):
            water = arcs["mode"].isin(WATER_MODES).to_numpy()
            if water[changed].any():  # what a port boards depends on all its lanes
                rows = np.union1d(changed, np.flatnonzero(water))
            components = components.with_arcs(
                self._terms_on(arcs.iloc[rows].reset_index(drop=True), commodities, like), rows
            )
        allowed = like.allowed.copy()
        some = _allowed(arcs.iloc[changed], commodities, virtual.network.regimes)
        allowed[:, changed] = some[components.good] & (like.barred_by[:, changed] < 0)
        found = ArcCost(
            classes, components, like.attribute_of, allowed, like.barred_by, like.prices,
            arcs["capacity_t_yr"].to_numpy(dtype=float), like.parameters, arcs,
        )  # fmt: skip
        found.take_over(like, rows)
        return found

    def _terms_on(
        self, arcs: pd.DataFrame, commodities: pd.DataFrame, like: ArcCost
    ) -> dict[str, FloatArray]:
        """Return the terms that classes of a good share, on some arcs."""
        none = np.zeros((0, len(arcs)))
        bound = Binding(none.astype(np.int16), none, none)
        context = TermContext(arcs, commodities, like.parameters, bound)
        kinds = set(arcs["kind"])
        found = {}
        for term in TERMS:
            if term.by_class or not kinds & set(term.arcs):
                continue
            found[term.name] = np.asarray(term.f(context), dtype=np.float64)
            _refuse_bad(found[term.name], term.name, arcs, commodities)
        return found

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


def _differ(one: pd.Series, other: pd.Series, rows: npt.NDArray[np.int64]) -> bool:
    """Return whether two columns differ in some rows; nothing is like nothing."""
    if one is other:
        return False
    a, b = one.array, other.array
    return any(not (a[i] == b[i] or (a[i] != a[i] and b[i] != b[i])) for i in rows)


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
