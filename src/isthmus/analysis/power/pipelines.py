"""The transit game of oil and gas: exporters and those whose pipes lead on are the players."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from isthmus.analysis.flows.coalitions import MOST_EXACT, compile_game
from isthmus.analysis.flows.game import TransitGame
from isthmus.analysis.power.controllers import Power, Progress, named
from isthmus.assign.least_cost import least_costs
from isthmus.errors import Fault, InputError
from isthmus.vocab import PIPE_MODES

if TYPE_CHECKING:
    from isthmus.analysis.energy import EnergyFlows

__all__ = ["GOODS", "energy_power"]

GOODS = {"gas": "natural_gas", "oil": "crude_oil"}
"""Words of the command line and the commodities they stand for."""

_EVERY = 10
"""Players up to which ways are looked for in every coalition: a search for one good is short."""


def energy_power(
    flows: EnergyFlows,
    commodity: str,
    players: Sequence[str] | None = None,
    *,
    most: int = 10,
    workers: int = 2,
    progress: Progress | None = None,
) -> Power:
    """
    Solve the transit game of oil or gas.

    A coalition has its members' wells and pipes; those of nobody among the players are open to all.
    What it is worth is the value of what then arrives, less what it costs to bring, under the
    capacities and contracts of `isthmus energy`. Buyers are no players.

    Parameters
    ----------
    flows : EnergyFlows
    commodity : {'natural_gas', 'crude_oil'}
    players : sequence of str, optional
        Controllers of pipes, or territories with wells; without it, those with most tonnes.
    most : int
        How many are chosen if none are named, up to 16.
    workers : int
    progress : callable, optional

    Returns
    -------
    Power
        `players` has in `transit_t_yr` tonnes over pipes of a player that are not its own. [t/yr]

    Raises
    ------
    InputError
        If the commodity or a player is unknown, or there are more than 16 players.
    """
    problem = flows.problem
    if commodity not in problem.goods:
        what = f'"{commodity}" is neither oil nor gas.'
        raise InputError([Fault("--commodity", what, f"One of {', '.join(problem.goods)}.")])
    chosen = _players(flows, commodity, players, most)
    bit = {p: 1 << i for i, p in enumerate(chosen["player_id"])}
    arcs = problem.arcs
    piped = arcs["kind"].eq("move") & arcs["mode"].isin(PIPE_MODES)
    asked = arcs["control_id"].where(piped, "")
    asked = asked.where(~arcs["kind"].eq("well"), arcs["territory_id"])
    owner = np.array([bit.get(c, 0) for c in asked], np.int64)
    trips = problem.trips
    least = least_costs(problem.graph, problem.cost, trips)
    rows = np.flatnonzero(
        (trips.klass == problem.goods.index(commodity))
        & (trips.flow > 0.0)
        & (least < problem.penalty)
    )
    game = TransitGame(
        problem.graph,
        problem.cost,
        problem.capacity,
        trips.take(rows),
        problem.penalty[rows],
        owner,
        np.zeros(len(rows), np.int64),
        len(chosen),
    )
    every = len(chosen) <= _EVERY
    compiled, gap = compile_game(
        game, every=every, progress=progress and (lambda i, n: progress("ways", i, n))
    )
    values = compiled.every(workers, progress and (lambda i, n: progress("coalitions", i, n)))
    none = pd.DataFrame(columns=["origin_zone_id", "destination_zone_id", "commodity_id"])
    return Power(
        chosen, values, none.assign(outside_usd_t=0.0), gap, len(values), None, float(values[-1])
    )


def _players(
    flows: EnergyFlows, commodity: str, players: Sequence[str] | None, most: int
) -> pd.DataFrame:
    """Return the players: those with most tonnes of their own or over their pipes."""
    problem = flows.problem
    arcs = problem.arcs
    piped = (arcs["kind"].eq("move") & arcs["mode"].isin(PIPE_MODES)).to_numpy()
    control = arcs["control_id"].to_numpy(str)
    own: dict[str, float] = {}
    transit: dict[str, float] = {}
    paths = flows.paths[flows.paths["commodity_id"].eq(commodity)]
    for path in paths.to_dict("records"):
        tonnes, seller = float(path["tonnes_t_yr"]), str(path["exporter_id"])
        own[seller] = own.get(seller, 0.0) + tonnes
        for c in set(control[path["arcs"]][piped[path["arcs"]]]) - {
            "",
            seller,
            path["importer_id"],
        }:
            transit[c] = transit.get(c, 0.0) + tonnes
    total = pd.Series(own).add(pd.Series(transit, dtype=float), fill_value=0.0)
    ranked = total.sort_values(ascending=False, kind="stable").index
    chosen = list(dict.fromkeys(players)) if players is not None else list(ranked[:most])
    known = set(control[piped]) | set(problem.balances["territory_id"])
    odd = [p for p in chosen if p not in known]
    if odd or not 1 <= len(chosen) <= MOST_EXACT:
        what = f'"{odd[0]}" has no well and no pipe here.' if odd else f"{len(chosen)} players."
        mend = f"1 to {MOST_EXACT} of {', '.join(sorted(known - {''}))}."
        raise InputError([Fault("--players", what, mend, "players")])
    return pd.DataFrame(
        {
            "player_id": chosen,
            "name": named(problem.network.facts, chosen),
            "transit_t_yr": [transit.get(p, 0.0) for p in chosen],
        }
    )
