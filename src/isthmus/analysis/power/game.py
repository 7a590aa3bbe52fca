"""From an assignment to the transit game: who controls what, and which trips pass it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from isthmus.analysis.flows.game import TransitGame
from isthmus.assign.base import Trips
from isthmus.assign.congestion import delay_of
from isthmus.assign.least_cost import least_costs
from isthmus.errors import Fault, InputError
from isthmus.kernels.delay import NONE

if TYPE_CHECKING:
    from isthmus.assign import Assignment

__all__ = ["transit_by_controller", "transit_game"]


_KEY = ["origin_zone_id", "destination_zone_id", "commodity_id"]


def transit_by_controller(assignment: Assignment, commodity: str | None = None) -> pd.Series:
    """
    Return third parties' tonnes over the arcs of each controller.

    A trade is nobody's third party in the territories where it begins and ends.

    Parameters
    ----------
    assignment : Assignment
    commodity : str, optional
        Of this trade alone.

    Returns
    -------
    Series
        control_id → [t/yr], largest first.
    """
    paths = assignment.paths
    names, codes = np.unique(
        assignment.virtual.arcs["control_id"].to_numpy(str), return_inverse=True
    )
    pairs = np.unique(paths.path_of_arc * len(names) + codes[paths.arcs])
    path, code = np.divmod(pairs, len(names))
    start, end = _territories(assignment)
    trip = paths.trip[path]
    foreign = (names[code] != start[trip]) & (names[code] != end[trip]) & (names[code] != "")
    if commodity is not None:
        foreign &= assignment.trips["commodity_id"].eq(commodity).to_numpy()[trip]
    total = np.bincount(code[foreign], paths.flow[path[foreign]], len(names))
    found = pd.Series(total, index=names, name="transit_t_yr")
    return found[found > 0.0].sort_values(ascending=False, kind="stable")


def transit_game(
    assignment: Assignment,
    players: Sequence[str],
    *,
    share: float | None = None,
    outside: pd.DataFrame | None = None,
    commodity: str | None = None,
    free_passages: bool = False,
) -> tuple[TransitGame, pd.DataFrame]:
    """
    Make the game of an assignment; options as in `power`.

    Returns
    -------
    game : TransitGame
    outside : DataFrame
        As in `Power`.
    """
    virtual, cost, table = assignment.virtual, assignment.cost, assignment.trips
    trips = Trips(
        table["class"].to_numpy(np.int32),
        table["origin_zone_id"].map(virtual.source_of_zone).to_numpy(np.int32),
        table["destination_zone_id"].map(virtual.sink_of_zone).to_numpy(np.int32),
        table["tonnes_t_yr"].to_numpy(np.float64),
    )
    least = least_costs(virtual.graph, cost.usd, trips)
    if share is None:
        share = cost.parameters.get("no_trade_value_share")
    if not 0.0 < share < np.inf:
        what = f"{share} is no share of a value."
        raise InputError([Fault("share", what, "Give a number above 0.", "share")])
    value = cost.commodities["value_usd_t"].to_numpy(np.float64)[trips.klass]
    price = least + share * value
    if outside is not None:
        known = table[_KEY].merge(outside, on=_KEY, how="left")["outside_usd_t"].to_numpy()
        price = np.where(np.isfinite(known), known, price)
    moves = np.isfinite(least) & (trips.origin != trips.destination) & (trips.flow > 0.0)
    moves &= least < price
    if commodity is not None:
        here = table["commodity_id"].eq(commodity).to_numpy()
        if not here.any():
            mend = "`isthmus list commodities` shows all; gas and oil move in pipes."
            raise InputError([Fault("--commodity", f'"{commodity}" is not traded.', mend)])
        moves &= here
    rows = np.flatnonzero(moves)
    bit = {p: 1 << i for i, p in enumerate(players)}
    owner = np.array([bit.get(c, 0) for c in virtual.arcs["control_id"]], np.int64)
    if free_passages:
        owner[_free(assignment)] = 0
    start, end = _territories(assignment)
    own = np.array(
        [bit.get(a, 0) | bit.get(b, 0) for a, b in zip(start, end, strict=True)], np.int64
    )
    delay = delay_of(virtual, cost)
    capacity = np.full(virtual.graph.n_arc, np.inf)
    if delay is not None:
        limited = delay.law != NONE
        capacity[limited] = delay.capacity[limited]
    klass, origin, destination, flow = trips
    chosen = Trips(klass[rows], origin[rows], destination[rows], flow[rows])
    game = TransitGame(
        virtual.graph, cost.usd, capacity, chosen, price[rows], owner, own[rows], len(players)
    )
    prices = table.loc[moves, _KEY].assign(outside_usd_t=price[rows]).reset_index(drop=True)
    return game, prices


def _free(assignment: Assignment) -> npt.NDArray[np.bool_]:
    """
    Return the arcs of straits and canals, with the way into them from the sea.

    Where the water is a state's, as the Bosporus and the Suez Canal are, a ship crosses its border at
    either end: the consent asked there is that of passage.
    """
    arcs = assignment.virtual.arcs
    passage = arcs["passage_id"].ne("")
    water = arcs.loc[passage, ["node_id", "to_node_id", "territory_id"]]
    ends = {
        (node, territory)
        for column in ("node_id", "to_node_id")
        for node, territory in zip(water[column], water["territory_id"], strict=True)
    }
    at_end = np.array(
        [
            kind == "cross" and ((node, a) in ends or (node, b) in ends)
            for kind, node, a, b in zip(
                arcs["kind"], arcs["node_id"], arcs["from_territory_id"], arcs["territory_id"],
                strict=True,
            )
        ]
    )  # fmt: skip
    return np.asarray(passage.to_numpy(bool) | (at_end & arcs["mode"].eq("sea").to_numpy(bool)))


def _territories(assignment: Assignment) -> tuple[npt.NDArray[np.str_], npt.NDArray[np.str_]]:
    """Return the territories where each trip begins and ends."""
    territory = assignment.virtual.network.zones.set_index("zone_id")["territory_id"]
    start, end = (
        assignment.trips[c].map(territory).to_numpy(str)
        for c in ("origin_zone_id", "destination_zone_id")
    )
    return start, end
