"""
Oil and gas: who sells to whom, by which line, through whose land, and what a line is worth.

Trades of `data/energy_trade.csv` flow over pipelines, and oil over the sea lanes, at least cost under
hard capacities (`assign.capacitated`). The lines are links of the network, so dates, orders and
closures work on them as on any other (docs/energy.md).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from isthmus.assign.base import Graph, Trips, build_graph
from isthmus.assign.capacitated import CapacitatedSolution, capacitated
from isthmus.cost.parameters import Parameters
from isthmus.errors import Fault, InputError
from isthmus.vocab import PIPELINES

if TYPE_CHECKING:
    from isthmus.facts.tables import Facts
    from isthmus.network import Network

__all__ = ["CARRIED", "Energy", "energy", "export_capacity"]

FloatArray = npt.NDArray[np.float64]

CARRIED = {"crude_oil": ("oil_pipeline", "sea"), "natural_gas": ("gas_pipeline",)}
"""Modes each commodity can use."""


@dataclass(frozen=True, eq=False)
class Energy:
    """
    Flows of oil and gas.

    Parameters
    ----------
    network : Network
    year : int
    arcs : DataFrame
        One row an arc: link_id, name, commodity, mode, territory_id, control_id, passage_id, forward,
        capacity_t_yr, assumed [whether the capacity is the named assumption], cost_usd_t.
    trades : DataFrame
        Rows of ``data/energy_trade.csv`` with served_t_yr and usd_t.
    solution : CapacitatedSolution
    """

    network: Network = field(repr=False)
    year: int
    arcs: pd.DataFrame = field(repr=False)
    trades: pd.DataFrame = field(repr=False)
    solution: CapacitatedSolution = field(repr=False)

    @cached_property
    def flow(self) -> FloatArray:
        """Tonnes on each arc, shape (n_arc,). [t/yr]"""
        return self.solution.arc_flow.sum(axis=0)

    def lines(self) -> pd.DataFrame:
        """
        Return flow, capacity, use and worth of every line.

        Returns
        -------
        DataFrame
            link_id, name, mode, territory_id, control_id, flow_t_yr, capacity_t_yr, assumed, use
            [share of the busier direction], worth_usd_t [what a tonne more would save].
        """
        frame = self.arcs.assign(flow_t_yr=self.flow, worth_usd_t=self.solution.dual)
        keys = ["link_id", "name", "mode", "territory_id", "control_id", "capacity_t_yr", "assumed"]
        grouped = frame.groupby(keys, sort=False, dropna=False)
        out = grouped.agg(
            flow_t_yr=("flow_t_yr", "sum"),
            busier=("flow_t_yr", "max"),
            worth_usd_t=("worth_usd_t", "max"),
        ).reset_index()
        out["use"] = out.pop("busier") / out["capacity_t_yr"]
        out = out[out["mode"].isin(PIPELINES) | out["flow_t_yr"].gt(0.0)]
        return out.sort_values("flow_t_yr", ascending=False, ignore_index=True)

    def routes(self) -> pd.DataFrame:
        """
        Return modelled beside published volumes.

        Returns
        -------
        DataFrame
            route_id, name, modelled_t_yr, published_t_yr, error [modelled over published less 1],
            within [15 %], confidence, source_id; of routes published for the year.
        """
        table = self.network.facts["energy_routes"]
        table = table[table["year"].eq(self.year)]
        flow = pd.Series(self.flow).groupby(self.arcs["link_id"]).sum()
        rows = []
        for row in table.to_dict("records"):
            found = sum(float(flow.get(e.strip(), 0.0)) for e in row["elements"].split(";"))
            said = float(row["value_t_yr"])
            error = found / said - 1.0 if said > 0 else (0.0 if found == 0.0 else np.inf)
            rows.append(
                {
                    "route_id": row["route_id"],
                    "name": row["name"],
                    "modelled_t_yr": found,
                    "published_t_yr": said,
                    "error": error,
                    "within": abs(error) <= 0.15,
                    "confidence": row["confidence"],
                    "source_id": row["source_id"],
                }
            )
        return pd.DataFrame(rows)

    def countries(self) -> pd.DataFrame:
        """
        Return, for each exporter and importer, what goes through each other land, and by whose consent.

        Returns
        -------
        DataFrame
            commodity, side [exports or imports], land, by [territory or control], through,
            tonnes_t_yr, share [of the exports or imports of the land that are served].
        """
        home = self.network.nodes.set_index("node_id")["territory_id"]
        paths = self.solution
        owner = np.asarray(paths.path_trip)
        rows = []
        for by in ("territory", "control"):
            via = self.arcs[f"{by}_id"].to_numpy(dtype=object)
            for p, t in enumerate(owner):
                trade = self.trades.iloc[t]
                tonnes = float(paths.path_flow[p])
                if tonnes <= 0.0:
                    continue
                ends = home[trade["from_node_id"]], home[trade["to_node_id"]]
                through = sorted({v for v in via[paths.path(p)] if v})
                for side, land in zip(("exports", "imports"), ends, strict=True):
                    rows += [
                        (trade["commodity"], side, land, by, v, tonnes)
                        for v in through
                        if v != land
                    ]
        columns = ["commodity", "side", "land", "by", "through", "tonnes_t_yr"]
        frame = pd.DataFrame(rows, columns=columns)
        frame = frame.groupby(columns[:-1], as_index=False)["tonnes_t_yr"].sum()
        total: dict[tuple[str, str, str], float] = {}
        for trade in self.trades.to_dict("records"):
            for side, node in (("exports", "from_node_id"), ("imports", "to_node_id")):
                key = (trade["commodity"], side, home[trade[node]])
                total[key] = total.get(key, 0.0) + trade["served_t_yr"]
        keys = zip(frame["commodity"], frame["side"], frame["land"], strict=True)
        frame["share"] = frame["tonnes_t_yr"] / [total[k] for k in keys]
        return frame.sort_values("tonnes_t_yr", ascending=False, ignore_index=True)

    def dependence(self, land: str) -> pd.DataFrame:
        """
        Return what each land loses if one closes its lines and ports to all but its own trade.

        Parameters
        ----------
        land : str
            Territory id.

        Returns
        -------
        DataFrame
            commodity, side, land, through_t_yr [what passes the land now], lost_t_yr [what no other way
            takes], avoidable [share of it that finds another way], extra_usd_yr [what that costs more].
        """
        home = self.network.nodes.set_index("node_id")["territory_id"]
        own = self.trades["from_node_id"].map(home).eq(land) | self.trades["to_node_id"].map(
            home
        ).eq(land)
        others = self.trades[~own]
        before = _solve(self.network, self.arcs, others, self.year)
        shut = self.arcs.assign(
            cost_usd_t=self.arcs["cost_usd_t"].where(self.arcs["territory_id"].ne(land), np.inf)
        )
        after = _solve(self.network, shut, others, self.year)
        rows = []
        through = self.arcs["territory_id"].eq(land).to_numpy()
        passing = np.zeros(len(others))
        for p, t in enumerate(before.solution.path_trip):
            if through[before.solution.path(p)].any():
                passing[t] += before.solution.path_flow[p]
        lost = before.trades["served_t_yr"].to_numpy() - after.trades["served_t_yr"].to_numpy()
        both = np.minimum(before.trades["served_t_yr"], after.trades["served_t_yr"]).to_numpy()
        dearer = (after.trades["usd_t"] - before.trades["usd_t"]).fillna(0.0).to_numpy() * both
        for i, trade in enumerate(others.to_dict("records")):
            for side, node in (("exports", "from_node_id"), ("imports", "to_node_id")):
                rows.append(
                    (trade["commodity"], side, home[trade[node]], passing[i], lost[i], dearer[i])
                )
        columns = ["commodity", "side", "land", "through_t_yr", "lost_t_yr", "extra_usd_yr"]
        frame = pd.DataFrame(rows, columns=columns)
        frame = frame.groupby(columns[:3], as_index=False).sum()
        frame = frame[frame["through_t_yr"].gt(0.0) | frame["lost_t_yr"].abs().gt(1.0)]
        room = frame["through_t_yr"].where(frame["through_t_yr"].gt(0.0))
        frame["avoidable"] = (1.0 - frame["lost_t_yr"] / room).clip(0.0, 1.0)
        return frame.sort_values("through_t_yr", ascending=False, ignore_index=True)

    def unserved(self) -> pd.DataFrame:
        """Return the trades that no line carries in full: trade_id, commodity, ends, tonnes. [t/yr]"""
        left = self.trades["tonnes_t_yr"] - self.trades["served_t_yr"]
        frame = self.trades.assign(unserved_t_yr=left)
        keep = [
            "trade_id",
            "commodity",
            "from_node_id",
            "to_node_id",
            "tonnes_t_yr",
            "unserved_t_yr",
        ]
        return frame.loc[left.gt(1.0), keep].reset_index(drop=True)

    def as_dict(self) -> dict[str, Any]:
        """Return the tables as lists of rows."""
        return {
            "date": self.network.date,
            "year": self.year,
            "gap": self.solution.gap,
            "lines": self.lines().to_dict("records"),
            "routes": self.routes().to_dict("records"),
            "countries": self.countries().to_dict("records"),
            "unserved": self.unserved().to_dict("records"),
        }


def energy(network: Network, year: int = 2023) -> Energy:
    """
    Return the flows of oil and gas of a year's trade on a network.

    Parameters
    ----------
    network : Network
        Of a day, or as an order changes it.
    year : int
        Of ``data/energy_trade.csv``.

    Returns
    -------
    Energy

    Raises
    ------
    InputError
        If the year has no trade.

    Examples
    --------
    >>> import isthmus as ist
    >>> found = ist.energy(ist.read().network("2023-07-01"))
    >>> bool(found.solution.gap < 1e-9)
    True
    """
    trades = network.facts["energy_trade"]
    years = sorted(int(y) for y in trades["year"].unique())
    trades = trades[trades["year"].eq(year)].reset_index(drop=True)
    if trades.empty:
        mend = f"Years there are: {', '.join(map(str, years))}."
        raise InputError([Fault("--year", f"{year} has no trade in oil and gas.", mend)])
    return _solve(network, _arcs(network), trades, year)


def _arcs(network: Network) -> pd.DataFrame:
    """Return the arcs oil and gas may use, both directions of a link that has two."""
    parameters = Parameters(network.parameters)
    modes = sorted({m for modes in CARRIED.values() for m in modes})
    links = network.links[network.links["mode"].isin(modes)]
    shut_ports = _shut_ports(network)
    rows = []
    for link in links.to_dict("records"):
        pipe = link["mode"] in PIPELINES
        rate = "pipeline_usd_tkm" if pipe else "tanker_usd_tkm"
        usd_km = parameters.get(rate, mode=link["mode"], territory_id=link["territory_id"])
        capacity, assumed = link["capacity_t_yr"], False
        if not pipe:
            capacity = np.inf
        elif pd.isna(capacity):
            capacity, assumed = (
                parameters.get("pipeline_capacity_unknown_t_yr", mode=link["mode"]),
                True,
            )
        open_ = bool(link["is_open"]) and link["territory_id"] not in network.closed_territories
        both = [("from_node_id", "to_node_id", True)]
        if not link["directed"]:
            both.append(("to_node_id", "from_node_id", False))
        for start, end, forward in both:
            cost = usd_km * link["length_km"]
            if not pipe and (link[start], link["territory_id"]) in shut_ports:
                cost = np.inf
            rows.append(
                {
                    "link_id": link["link_id"],
                    "name": link["name"],
                    "commodity": "natural_gas" if link["mode"] == "gas_pipeline" else "crude_oil",
                    "mode": link["mode"],
                    "territory_id": link["territory_id"],
                    "control_id": link["control_id"],
                    "passage_id": link["passage_id"],
                    "tail": link[start],
                    "head": link[end],
                    "forward": forward,
                    "capacity_t_yr": capacity,
                    "assumed": assumed,
                    "cost_usd_t": cost if open_ else np.inf,
                }
            )
    frame = pd.DataFrame(rows)
    piped = set(frame.loc[frame["mode"].eq("oil_pipeline"), ["tail", "head"]].to_numpy().ravel())
    boarding = frame["mode"].eq("sea") & frame["tail"].isin(piped)
    fee = parameters.get("tanker_loading_usd_t", mode="sea")
    frame.loc[boarding, "cost_usd_t"] += fee  # a tanker is loaded where a line ends
    return frame


def _shut_ports(network: Network) -> set[tuple[str, str]]:
    """Return (port, sea) where no ship may leave: a blockade stops tankers as well."""
    crossings = network.crossings[
        network.crossings["mode"].eq("sea") & ~network.crossings["is_open"]
    ]
    return set(zip(crossings["node_id"], crossings["to_territory_id"], strict=True))


def _solve(network: Network, arcs: pd.DataFrame, trades: pd.DataFrame, year: int) -> Energy:
    """Flow of least cost under hard capacities; what no line carries stays behind at a price."""
    parameters = Parameters(network.parameters)
    names = pd.Index(
        pd.unique(
            pd.concat([arcs["tail"], arcs["head"], trades["from_node_id"], trades["to_node_id"]])
        )
    )
    graph, order = _graph(arcs, names)
    arcs = arcs.iloc[order].reset_index(drop=True)
    classes = list(CARRIED)
    cost = np.array(
        [np.where(arcs["mode"].isin(CARRIED[c]), arcs["cost_usd_t"], np.inf) for c in classes]
    )
    trips = Trips(
        trades["commodity"].map({c: i for i, c in enumerate(classes)}).to_numpy(np.int32),
        names.get_indexer(trades["from_node_id"]).astype(np.int32),
        names.get_indexer(trades["to_node_id"]).astype(np.int32),
        trades["tonnes_t_yr"].to_numpy(np.float64),
    )
    solution = capacitated(
        graph,
        cost,
        trips,
        arcs["capacity_t_yr"].to_numpy(dtype=float),
        penalty=parameters.get("energy_penalty_usd_t"),
    )
    served = trades["tonnes_t_yr"].to_numpy() - solution.unserved
    paid = np.zeros(len(trades))
    for p, t in enumerate(solution.path_trip):
        paid[t] += solution.path_flow[p] * cost[trips.klass[t], solution.path(p)].sum()
    with np.errstate(invalid="ignore", divide="ignore"):
        usd = np.where(served > 0.0, paid / served, np.nan)
    return Energy(network, year, arcs, trades.assign(served_t_yr=served, usd_t=usd), solution)


def _graph(arcs: pd.DataFrame, names: pd.Index) -> tuple[Graph, npt.NDArray[np.intp]]:
    tail = names.get_indexer(arcs["tail"]).astype(np.int32)
    head = names.get_indexer(arcs["head"]).astype(np.int32)
    return build_graph(tail, head, len(names))


def export_capacity(facts: Facts, date: str, without: Collection[str] = ()) -> pd.DataFrame:
    """
    Return what lines in service on a day can carry out of each land: a stock, no flow.

    Parameters
    ----------
    facts : Facts
    date : str
    without : collection of str
        Lands whose lines are left out.

    Returns
    -------
    DataFrame
        commodity, territory_id [land a line leaves], capacity_t_yr [of lines of known capacity that
        lead out of it, by both ways a line can run], unknown [lines without a published capacity].
    """
    links = facts.network(date).links
    links = links[links["mode"].isin(PIPELINES) & links["is_open"]]
    links = links[~links["territory_id"].isin(set(without))]
    home = facts["nodes"].set_index("node_id")["territory_id"]
    lands: dict[str, set[str]] = {}
    for link in links.to_dict("records"):
        for node in (link["from_node_id"], link["to_node_id"]):
            lands.setdefault(f"{link['mode']} {node}", set()).add(link["territory_id"])
    rows = []
    for link in links.to_dict("records"):
        ends = (link["from_node_id"], link["to_node_id"])
        border = any(len(lands[f"{link['mode']} {n}"] | {home[n]}) > 1 for n in ends)
        port = any(home[n] == link["territory_id"] and _is_port(facts, n) for n in ends)
        if border or port:
            commodity = "crude_oil" if link["mode"] == "oil_pipeline" else "natural_gas"
            known = not pd.isna(link["capacity_t_yr"])
            rows.append(
                (
                    commodity,
                    link["territory_id"],
                    link["capacity_t_yr"] if known else 0.0,
                    int(not known),
                )
            )
    columns = ["commodity", "territory_id", "capacity_t_yr", "unknown"]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.groupby(columns[:2], as_index=False).sum()


def _is_port(facts: Facts, node: str) -> bool:
    links = facts["links"]
    ends = links["from_node_id"].eq(node) | links["to_node_id"].eq(node)
    return bool((ends & links["mode"].eq("sea")).any())
