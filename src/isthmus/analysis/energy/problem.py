"""
Oil and gas as a flow of least cost under hard capacities: from the tables to arrays.

Every place that supplies is a *well*, every place that takes is a *tank*. A contract is a trip from
its well to its tank; all the rest of a commodity is one spot trip from a source of all wells to a
sink of all tanks, whose arcs hold what contracts leave of each supply and demand. What does not
arrive pays the value of the good: `docs/energy.md` has the equations.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from isthmus.analysis.flows.pipelines import in_tonnes
from isthmus.assign.base import Graph, Trips, build_graph
from isthmus.cost.parameters import Parameters
from isthmus.errors import Fault, InputError
from isthmus.network import Network
from isthmus.virtual import expand
from isthmus.vocab import OPEN_STATUS, PIPE_MODES

if TYPE_CHECKING:
    from isthmus.facts.tables import Facts

__all__ = ["EnergyProblem", "balances_of", "energy_problem", "network_of_year"]

FloatArray = npt.NDArray[np.float64]

ENERGY_MODES = (*PIPE_MODES, "sea")

LAST = 0.25
"""
Share of the value of the good that an outlet and a spare demand pay less, and a spare supply asks
more: those who must have it come first, those who must sell it as well.
"""


@dataclass(frozen=True)
class EnergyProblem:
    """
    A minimum-cost flow with the ids of what it stands for.

    Parameters
    ----------
    network : Network
    year : int
        Of the balances.
    graph : Graph
    arcs : DataFrame
        One row an arc: `kind` (move, cross, transfer, supply, demand), link_id, crossing_id,
        terminal_id, mode, territory_id, control_id, passage_id, node_id, role, length_km and
        `basis`, what its capacity rests on.
    goods : list of str
        Commodity of each class.
    cost : ndarray, shape (n_class, n_arc)
        inf where closed or not of the commodity. [USD/t]
    capacity : ndarray, shape (n_arc,)
        inf is no limit. [t/yr]
    trips : Trips
        Contracts, then the spot trips.
    sold : DataFrame
        One row a trip: contract_id ("" spot), name, commodity_id, from_node_id, to_node_id.
    penalty : ndarray, shape (n_trip,)
        [USD/t]
    balances : DataFrame
        Rows of the year in tonnes: node_id, territory_id, commodity_id, role, tonnes_t_yr.
    parameters : Parameters
        With the rows that were used.
    """

    network: Network = field(repr=False)
    year: int
    graph: Graph = field(repr=False)
    arcs: pd.DataFrame = field(repr=False)
    goods: list[str]
    cost: FloatArray = field(repr=False)
    capacity: FloatArray = field(repr=False)
    trips: Trips = field(repr=False)
    sold: pd.DataFrame = field(repr=False)
    penalty: FloatArray = field(repr=False)
    balances: pd.DataFrame = field(repr=False)
    parameters: Parameters = field(repr=False)


def network_of_year(facts: Facts, year: int) -> Network:
    """
    Return the network of a whole year: each link with the share of the days it was open.

    Parameters
    ----------
    facts : Facts
    year : int

    Returns
    -------
    Network
        On 31 December; `links` have `open_share`, and are open if they were on any day.
    """
    network = Network.at(facts, f"{year}-12-31")
    first, last = dt.date(year, 1, 1), dt.date(year + 1, 1, 1)
    days: dict[str, int] = {}
    states = facts["link_status"]
    for row in states[states["status"].isin(OPEN_STATUS)].itertuples(index=False):
        start = max(first, dt.date.fromisoformat(str(row.from_date))) if row.from_date else first
        end = min(last, dt.date.fromisoformat(str(row.to_date))) if row.to_date else last
        link = str(row.link_id)
        days[link] = days.get(link, 0) + max(0, (end - start).days)
    share = network.links["link_id"].map(days).fillna(0.0) / (last - first).days
    links = network.links.assign(open_share=share, is_open=share > 0.0)
    return network.replace(links=links)


def balances_of(facts: Facts, year: int, parameters: Parameters) -> pd.DataFrame:
    """
    Return supplies and demands of a year in tonnes; a year without any is an error.

    Parameters
    ----------
    facts : Facts
    year : int
    parameters : Parameters

    Returns
    -------
    DataFrame
        Rows of ``data/energy_balances.csv`` of the year and of any year, with tonnes_t_yr [t/yr],
        inf for outlets.

    Raises
    ------
    InputError
        If no balance is of that year; names those that are.
    """
    rows = facts["energy_balances"]
    dated = rows["year"].notna()
    if not (rows["year"] == year).any():
        years = ", ".join(str(y) for y in sorted(rows.loc[dated, "year"].unique()))
        where = facts.file_of("energy_balances")
        raise InputError([Fault(where, f"has no balance of {year}.", f"Years: {years}.")])
    kept = rows[(rows["year"] == year).fillna(False) | ~dated].reset_index(drop=True)
    tonnes = in_tonnes(kept["value"], kept["unit"], parameters)
    return kept.assign(tonnes_t_yr=tonnes.where(kept["role"].ne("outlet"), np.inf))


def energy_problem(network: Network, year: int) -> EnergyProblem:
    """
    Set up the flow of oil and gas of a year over a network.

    Parameters
    ----------
    network : Network
        As it stood on a day, of a year (`network_of_year`), or as a scenario changes it.
    year : int
        Whose balances and contracts hold.

    Returns
    -------
    EnergyProblem

    Raises
    ------
    InputError
        If the year has no balances, or a place of one is not on the network.
    """
    facts = network.facts
    parameters = Parameters(network.parameters)
    virtual = expand(network, ENERGY_MODES)
    keep = virtual.arcs["kind"].isin(["move", "cross", "transfer"]).to_numpy()
    arcs = virtual.arcs[keep].reset_index(drop=True)
    tail = [int(t) for t in virtual.graph.tail[keep]]
    head = [int(h) for h in virtual.graph.head[keep]]
    goods = ["crude_oil", "natural_gas"]
    table = facts["commodities"].set_index("commodity_id").loc[goods]
    price = table["value_usd_t"].to_numpy(dtype=float)
    modes = [[m.strip() for m in text.split(";")] for text in table["modes"]]
    cost = np.vstack([_rates(arcs, c, m, parameters) for c, m in zip(goods, modes, strict=True)])
    room, basis = _capacities(network, arcs, parameters)
    arcs["basis"] = basis

    balances = balances_of(facts, year, parameters)
    contracts = _contracts(network, year, parameters)
    at = {(s.node_id, s.mode, s.territory_id): i for i, s in enumerate(virtual.stops)}
    ends = _Ends(len(virtual.stops), at, goods, modes, price)
    for row in balances.to_dict("records"):
        ends.add(row, contracts)
    ends.complete()
    trips, sold = ends.trips(contracts)
    rows = pd.DataFrame(ends.rows)
    arcs = pd.concat([arcs, rows], ignore_index=True)
    for column in arcs.columns:
        if column.endswith("_id") or column in ("mode", "role", "basis"):
            arcs[column] = arcs[column].astype(object).where(arcs[column].notna(), "")
    cost = np.hstack([cost, np.array(ends.cost).reshape(-1, len(goods)).T])
    room = np.concatenate([room, np.array(ends.room)])
    graph, order = build_graph(
        np.array(tail + ends.tail, np.int32), np.array(head + ends.head, np.int32), ends.n
    )
    return EnergyProblem(
        network,
        year,
        graph,
        arcs.iloc[order].reset_index(drop=True),
        goods,
        np.ascontiguousarray(cost[:, order]),
        room[order],
        trips,
        sold,
        price[trips.klass],
        balances,
        parameters,
    )


def _contracts(network: Network, year: int, parameters: Parameters) -> pd.DataFrame:
    """Contracts of the year in tonnes, without those whose link is shut."""
    rows = network.facts["energy_contracts"]
    rows = rows[(rows["year"] == year).fillna(False) | rows["year"].isna()]
    links = network.links
    shut = set(links.loc[~links["is_open"], "link_id"])
    rows = rows[~rows["link_id"].isin(shut)].reset_index(drop=True)
    return rows.assign(tonnes_t_yr=in_tonnes(rows["value"], rows["unit"], parameters))


def _rates(
    arcs: pd.DataFrame, commodity: str, modes: list[str], parameters: Parameters
) -> FloatArray:
    """Tariff of a commodity on every arc, inf where it may not or cannot pass. [USD/t]"""
    out = np.full(len(arcs), np.inf)
    for i, arc in enumerate(arcs.to_dict("records")):
        used = (arc["from_mode"], arc["to_mode"]) if arc["kind"] == "transfer" else (arc["mode"],)
        if not arc["is_open"] or not set(used) <= set(modes):
            continue
        where = {"mode": arc["mode"], "territory_id": arc["territory_id"]}
        if arc["kind"] == "move":
            rate = parameters.get("rate_usd_tkm", commodity_id=commodity, **where)
            out[i] = rate * arc["length_km"]
        else:
            name = "transfer_usd_t" if arc["kind"] == "transfer" else "crossing_usd_t"
            fee = float(arc["fee_usd_t"])
            known = fee == fee
            out[i] = fee if known else parameters.get(name, commodity_id=commodity, **where)
    return out


def _capacities(
    network: Network, arcs: pd.DataFrame, parameters: Parameters
) -> tuple[FloatArray, list[str]]:
    """Hard capacity of every arc, and what it rests on: published, assumed or none. [t/yr]"""
    links = network.links
    share = (
        dict(zip(links["link_id"], links["open_share"], strict=True))
        if "open_share" in links
        else {}
    )
    room, basis = np.full(len(arcs), np.inf), []
    for i, arc in enumerate(arcs.to_dict("records")):
        known = arc["capacity_t_yr"] == arc["capacity_t_yr"]
        bound = arc["kind"] == "transfer" or (arc["mode"] in PIPE_MODES and arc["kind"] == "move")
        if known:
            room[i] = arc["capacity_t_yr"]
        elif bound:
            item = "terminal" if arc["kind"] == "transfer" else ""
            good = "crude_oil" if item else ""
            where = {"mode": arc["mode"], "territory_id": arc["territory_id"]}
            room[i] = parameters.get("capacity_unknown_t_yr", item=item, commodity_id=good, **where)
        if np.isfinite(room[i]):
            room[i] *= share.get(arc["link_id"], 1.0)
        basis.append("published" if known else "assumed" if bound else "none")
    return room, basis


class _Ends:
    """Wells, tanks, sources and sinks: the arcs and nodes that balances add."""

    def __init__(
        self,
        n_stop: int,
        at: dict[tuple[str, str, str], int],
        goods: list[str],
        modes: list[list[str]],
        price: FloatArray,
    ) -> None:
        self.n = n_stop
        self.at, self.goods, self.modes, self.price = at, goods, modes, price
        self.tail: list[int] = []
        self.head: list[int] = []
        self.rows: list[dict[str, object]] = []
        self.cost: list[list[float]] = []
        self.room: list[float] = []
        self.place: dict[tuple[str, ...], int] = {}
        self.joined: set[tuple[str, ...]] = set()
        self.spot = np.zeros(len(goods))
        self.missing: list[Fault] = []

    def node(self, *key: str) -> int:
        if key not in self.place:
            self.place[key] = self.n
            self.n += 1
        return self.place[key]

    def arc(
        self, k: int, ends: tuple[int, int], cost: float, room: float, facts: dict[str, str]
    ) -> None:
        self.tail.append(ends[0])
        self.head.append(ends[1])
        row = np.full(len(self.goods), np.inf)
        row[k] = cost
        self.cost.append(list(row))
        self.room.append(room)
        self.rows.append({"basis": "none", "mode": "", "is_open": True, **facts})

    def add(self, row: dict[str, object], contracts: pd.DataFrame) -> None:
        """Join a balance to the stops of its place and to the source or sink of its commodity."""
        good, place, role = (str(row[c]) for c in ("commodity_id", "node_id", "role"))
        k, territory = self.goods.index(good), str(row["territory_id"])
        only = [m.strip() for m in str(row["modes"]).split(";") if m.strip()]
        modes = [m for m in self.modes[k] if not only or m in only]
        stops = [self.at[(place, m, territory)] for m in modes if (place, m, territory) in self.at]
        if not stops:
            what = f"{place} has no stop of {good} in {territory}."
            self.missing.append(Fault("energy_balances", what, "Add a link to the place."))
            return
        tonnes = float(row["tonnes_t_yr"])  # type: ignore[arg-type]
        facts = {"node_id": place, "territory_id": territory, "role": role}
        gives = role.endswith("supply")
        side = "well" if gives else "tank"
        own = self.node(side, place, good)
        column = "from_node_id" if gives else "to_node_id"
        bound = contracts[column].eq(place) & contracts["commodity_id"].eq(good)
        bound &= role in ("supply", "demand")
        left = max(0.0, tonnes - float(contracts.loc[bound, "tonnes_t_yr"].sum()))
        first = (side, place, good) not in self.joined
        self.joined.add((side, place, good))
        last = 0.0 if role in ("supply", "demand") else LAST * float(self.price[k])
        for stop in stops if first else []:
            ends = (own, stop) if gives else (stop, own)
            self.arc(k, ends, 0.0, np.inf, {"kind": side, **facts})
        everyone = self.node("source" if gives else "sink", good, "")
        ends = (everyone, own) if gives else (own, everyone)
        self.arc(k, ends, last, left, {"kind": "supply" if gives else "demand", **facts})
        if gives:
            self.spot[k] += left

    def complete(self) -> None:
        """Say which places are not on the network, all at once."""
        if self.missing:
            raise InputError(self.missing)

    def trips(self, contracts: pd.DataFrame) -> tuple[Trips, pd.DataFrame]:
        """Trips of the contracts, then one spot trip a commodity."""
        rows, origin, destination, flow = [], [], [], []
        for c in contracts.to_dict("records"):
            good = str(c["commodity_id"])
            origin.append(self.node("well", str(c["from_node_id"]), good))
            destination.append(self.node("tank", str(c["to_node_id"]), good))
            flow.append(float(c["tonnes_t_yr"]))
            names = ("contract_id", "name", "commodity_id", "from_node_id", "to_node_id")
            rows.append({n: c[n] for n in names})
        for k, good in enumerate(self.goods):
            origin.append(self.node("source", good, ""))
            destination.append(self.node("sink", good, ""))
            flow.append(float(self.spot[k]))
            rows.append({"contract_id": "", "name": "spot", "commodity_id": good})
        sold = pd.DataFrame(rows).fillna("")
        klass = [self.goods.index(str(c)) for c in sold["commodity_id"]]
        return Trips(
            np.array(klass, np.int32),
            np.array(origin, np.int32),
            np.array(destination, np.int32),
            np.array(flow),
        ), sold
