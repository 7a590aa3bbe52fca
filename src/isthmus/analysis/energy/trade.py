"""
Flows of oil and gas by cost under hard capacities: who sells to whom, by which lines, over whose territory.

The flow is the optimum of a linear programme (`assign.capacitated`); what an exporter cannot sell
and an importer does not get is named, never dropped. `docs/energy.md` has the equations.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from isthmus.analysis.energy.problem import EnergyProblem, energy_problem
from isthmus.assign.capacitated import CapacitatedSolution, capacitated
from isthmus.network import Network
from isthmus.vocab import PIPE_MODES

__all__ = ["EnergyFlows", "energy_flows"]

WORLD = "world market"
"""Importer of what an outlet takes."""

_TINY = 1e-6
"""Tonnes a year below which a flow is none."""


@dataclass(frozen=True)
class EnergyFlows:
    """
    Flows of oil and gas over a network.

    Parameters
    ----------
    problem : EnergyProblem
    solution : CapacitatedSolution
    """

    problem: EnergyProblem
    solution: CapacitatedSolution = field(repr=False)

    @cached_property
    def paths(self) -> pd.DataFrame:
        """
        One row a path with flow.

        commodity_id, contract_id, exporter_id, importer_id, from_node_id, to_node_id, arcs (array
        of positions), tonnes_t_yr, cost_usd_t.
        """
        problem, found = self.problem, self.solution
        arcs = problem.arcs
        kind, node = arcs["kind"].to_numpy(object), arcs["node_id"].to_numpy(object)
        territory, role = arcs["territory_id"].to_numpy(object), arcs["role"].to_numpy(object)
        rows = []
        for p in range(len(found.path_flow)):
            if found.path_flow[p] <= _TINY:
                continue
            at = found.path_arcs[found.path_indptr[p] : found.path_indptr[p + 1]]
            well = next(a for a in at if kind[a] == "well")
            tank = next(a for a in at if kind[a] == "tank")
            trip = int(found.path_trip[p])
            moved = at[np.isin(kind[at], ["move", "cross", "transfer"])]
            rows.append(
                {
                    "commodity_id": problem.sold["commodity_id"].iloc[trip],
                    "contract_id": problem.sold["contract_id"].iloc[trip],
                    "exporter_id": territory[well],
                    "importer_id": WORLD if role[tank] == "outlet" else territory[tank],
                    "from_node_id": node[well],
                    "to_node_id": node[tank],
                    "arcs": moved,
                    "tonnes_t_yr": float(found.path_flow[p]),
                    "cost_usd_t": float(problem.cost[problem.trips.klass[trip], moved].sum()),
                }
            )
        columns = ["commodity_id", "contract_id", "exporter_id", "importer_id", "from_node_id"]
        columns += ["to_node_id", "arcs", "tonnes_t_yr", "cost_usd_t"]
        return pd.DataFrame(rows, columns=columns)

    @cached_property
    def _flow(self) -> npt.NDArray[np.float64]:
        return np.asarray(self.solution.arc_flow.sum(axis=0))

    def links(self) -> pd.DataFrame:
        """
        Return every pipe, and every sea lane with oil on it.

        Returns
        -------
        DataFrame
            link_id, name, mode, territory_id, control_id, operator_id, flow_t_yr, capacity_t_yr
            [t/yr], use (flow over capacity), dual_usd_t, what one more tonne a year of capacity
            would save [USD/t], basis (published, assumed, none), status.
        """
        problem = self.problem
        arcs, used = problem.arcs, problem.arcs["kind"].eq("move").to_numpy()
        frame = pd.DataFrame(
            {
                "link_id": arcs["link_id"][used],
                "flow_t_yr": self._flow[used],
                "dual_usd_t": self.solution.dual[used],
                "capacity_t_yr": problem.capacity[used],
                "basis": arcs["basis"][used],
            }
        )
        parts = {"flow_t_yr": "sum", "dual_usd_t": "max", "capacity_t_yr": "max", "basis": "first"}
        flows = frame.groupby("link_id", sort=False).agg(parts).reset_index()
        said = ["link_id", "name", "mode", "territory_id", "control_id", "operator_id", "status"]
        table = problem.network.links[said].merge(flows, on="link_id")
        shown = table["mode"].isin(PIPE_MODES) | (table["flow_t_yr"] > _TINY)
        table = table[shown].reset_index(drop=True)
        table["use"] = table["flow_t_yr"] / table["capacity_t_yr"].replace(0.0, np.nan)
        return table[[*said[:-1], *parts, "use", "status"]]

    def lines(self) -> pd.DataFrame:
        """
        Return the lines as they are spoken of.

        Returns
        -------
        DataFrame
            line_id, name, commodity_id, exporter_id, flow_t_yr where the line is counted,
            capacity_t_yr of its narrowest section [t/yr], use, the highest of its sections,
            dual_usd_t summed over them [USD/t], basis of the narrowest, status of the worst.
        """
        links = self.links().set_index("link_id")
        flow = links["flow_t_yr"].to_dict()
        lanes = self.problem.network.links.set_index("link_id")
        rows = []
        for line in self.problem.network.facts["energy_lines"].to_dict("records"):
            parts = [p for p in _listed(line["link_ids"]) if p in lanes.index]
            own = links.reindex([p for p in parts if p in links.index])
            narrow = own["capacity_t_yr"].idxmin() if len(own) else None
            shut = [p for p in parts if not lanes.loc[p, "is_open"]]
            rows.append(
                {
                    **{c: line[c] for c in ("line_id", "name", "commodity_id", "exporter_id")},
                    "flow_t_yr": 0.0 if shut else flow.get(line["counted_at"], 0.0),
                    "capacity_t_yr": own.loc[narrow, "capacity_t_yr"] if narrow else np.nan,
                    "use": float(own["use"].max()),
                    "dual_usd_t": float(own["dual_usd_t"].sum()),
                    "basis": own.loc[narrow, "basis"] if narrow else "none",
                    "status": lanes.loc[shut[0], "status"] if shut else "open",
                }
            )
        return pd.DataFrame(rows)

    def routes(self) -> pd.DataFrame:
        """
        Return who sells to whom by which route.

        Returns
        -------
        DataFrame
            commodity_id, exporter_id, importer_id, from_node_id, to_node_id, route (lines and waters
            in order), territories (territories in order), contract_id, tonnes_t_yr [t/yr], cost_usd_t
            [USD/t]; largest first.
        """
        frame = self.paths
        route, territories = (
            zip(*map(self._shown, frame["arcs"]), strict=True) if len(frame) else ((), ())
        )
        frame = frame.drop(columns="arcs").assign(route=list(route), territories=list(territories))
        frame["spent"] = frame["tonnes_t_yr"] * frame["cost_usd_t"]
        keys = ["commodity_id", "exporter_id", "importer_id", "from_node_id", "to_node_id"]
        keys += ["route", "territories", "contract_id"]
        table = frame.groupby(keys, as_index=False)[["tonnes_t_yr", "spent"]].sum()
        table["cost_usd_t"] = table["spent"] / table["tonnes_t_yr"]
        table = table.drop(columns="spent").sort_values("tonnes_t_yr", ascending=False)
        return table.reset_index(drop=True)

    def _shown(self, at: npt.NDArray[np.int64]) -> tuple[str, str]:
        """Name the lines, waters and territories of a path."""
        links = self._named
        routes: list[str] = []
        territories: list[str] = []
        for arc in self.problem.arcs.iloc[at].to_dict("records"):
            if arc["kind"] != "move":
                continue
            name = str(arc["passage_id"]) or ("tanker" if arc["mode"] == "sea" else "")
            name = name or str(links[arc["link_id"]])
            if name and name not in routes[-1:]:
                routes.append(name)
            if arc["territory_id"] not in territories[-1:]:
                territories.append(str(arc["territory_id"]))
        return " > ".join(routes), " > ".join(territories)

    @cached_property
    def _named(self) -> dict[str, str]:
        links = self.problem.network.links
        return dict(zip(links["link_id"], links["name"], strict=True))

    def parties(self) -> pd.DataFrame:
        """
        Return what every place supplies and takes, and what is left.

        Returns
        -------
        DataFrame
            role (supply, demand, spare_supply, spare_demand, outlet), commodity_id, territory_id,
            node_id, tonnes_t_yr (inf for outlets), moved_t_yr, left_t_yr: unsold of a supply,
            unmet of a demand. [t/yr]
        """
        problem, arcs = self.problem, self.problem.arcs
        spot = arcs[arcs["kind"].isin(["supply", "demand"])]
        moved: dict[tuple[str, str, str], float] = {}
        for i, arc in spot.iterrows():
            k = int(np.flatnonzero(np.isfinite(problem.cost[:, i]))[0])
            key = (str(arc["node_id"]), problem.goods[k], str(arc["role"]))
            moved[key] = moved.get(key, 0.0) + float(self._flow[i])
        rows = problem.balances[["node_id", "commodity_id", "role"]]
        known = set(rows.itertuples(index=False, name=None))
        bound = self.paths[self.paths["contract_id"].ne("")]
        for column, role in (("from_node_id", "supply"), ("to_node_id", "demand")):
            for (node, good), part in bound.groupby([column, "commodity_id"]):
                key = (str(node), str(good), role)
                key = key if key in known else (str(node), str(good), "outlet")
                moved[key] = moved.get(key, 0.0) + float(part["tonnes_t_yr"].sum())
        table = problem.balances[
            ["role", "commodity_id", "territory_id", "node_id", "tonnes_t_yr"]
        ].copy()
        keys = zip(table["node_id"], table["commodity_id"], table["role"], strict=True)
        table["moved_t_yr"] = [moved.get(k, 0.0) for k in keys]
        left = (table["tonnes_t_yr"] - table["moved_t_yr"]).clip(lower=0.0)
        table["left_t_yr"] = left.where(left > 1.0, 0.0).where(np.isfinite(left), 0.0)
        return table

    def countries(self) -> pd.DataFrame:
        """
        Return exports and imports by country and commodity; spare ones and outlets are apart.

        Returns
        -------
        DataFrame
            territory_id, commodity_id, exports_t_yr, unsold_t_yr, imports_t_yr, unmet_t_yr,
            spare_exports_t_yr, spare_imports_t_yr. [t/yr]
        """
        table = self.parties()
        table = table[table["role"].ne("outlet")]
        parts = {
            "exports_t_yr": ("supply", "moved_t_yr"),
            "unsold_t_yr": ("supply", "left_t_yr"),
            "imports_t_yr": ("demand", "moved_t_yr"),
            "unmet_t_yr": ("demand", "left_t_yr"),
            "spare_exports_t_yr": ("spare_supply", "moved_t_yr"),
            "spare_imports_t_yr": ("spare_demand", "moved_t_yr"),
        }
        keys = ["territory_id", "commodity_id"]
        found = {
            name: table[table["role"].eq(role)].groupby(keys)[value].sum()
            for name, (role, value) in parts.items()
        }
        return pd.DataFrame(found).fillna(0.0).reset_index()

    def transit(self) -> pd.DataFrame:
        """
        Return how much of each country's trade crosses each territory, control and water, and what is lost.

        Everything is settled anew with the pipes of the territory or of the controller shut, or the
        water closed: `lost` is what then does not arrive, `avoidable` the share of what crossed
        that still does. Oil and gas that begin or end in a territory do not cross it; straits count as
        waters, not as land of the states at them.

        Returns
        -------
        DataFrame
            kind (territory, control, passage), via, role (exporter, importer), party,
            commodity_id, tonnes_t_yr that cross, share of the party's trade, lost_t_yr,
            avoidable_share. [t/yr]
        """
        rows = []
        for kind, column in (
            ("territory", "territory_id"),
            ("control", "control_id"),
            ("passage", "passage_id"),
        ):
            arcs = self.problem.arcs
            here = arcs["kind"].eq("move")
            if kind != "passage":
                here &= arcs["mode"].isin(PIPE_MODES)
            values = arcs[column].where(here, "").to_numpy(object)
            crossed = [set(values[at]) - {""} for at in self.paths["arcs"]]
            for via in sorted({v for c in crossed for v in c if not v.startswith("SEA-")}):
                over = np.array([via in c for c in crossed], dtype=bool)
                rows += self._through(kind, column, via, over & self._foreign(via))
        columns = ["kind", "via", "role", "party", "commodity_id", "tonnes_t_yr", "share"]
        return pd.DataFrame(rows, columns=[*columns, "lost_t_yr", "avoidable_share"])

    def _foreign(self, via: str) -> npt.NDArray[np.bool_]:
        """Where a path neither begins nor ends in a territory: only then it is transit."""
        ends = self.paths[["exporter_id", "importer_id"]]
        return np.asarray(~ends.eq(via).any(axis=1), dtype=bool)

    def _through(
        self, kind: str, column: str, via: str, over: npt.NDArray[np.bool_]
    ) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        if not over.any():
            return rows
        after = self.without(column, via)
        rest = after.paths[after._foreign(via)]
        for role in ("exporter", "importer"):
            keys = [f"{role}_id", "commodity_id"]
            whole = self.paths.groupby(keys)["tonnes_t_yr"].sum()
            before = self.paths[self._foreign(via)].groupby(keys)["tonnes_t_yr"].sum()
            part = self.paths[over].groupby(keys)["tonnes_t_yr"].sum()
            still = rest.groupby(keys)["tonnes_t_yr"].sum()
            for key, tonnes in part.items():
                lost = max(0.0, float(before[key]) - float(still.get(key, 0.0)))
                rows.append(
                    {
                        "kind": kind,
                        "via": via,
                        "role": role,
                        **dict(zip(("party", "commodity_id"), key, strict=True)),
                        "tonnes_t_yr": float(tonnes),
                        "share": float(tonnes / whole[key]),
                        "lost_t_yr": lost if lost > 1.0 else 0.0,
                        "avoidable_share": max(0.0, 1.0 - lost / float(tonnes)),
                    }
                )
        return rows

    def without(self, column: str, *names: str) -> EnergyFlows:
        """
        Settle everything anew with some pipes or a water shut.

        Parameters
        ----------
        column : {'territory_id', 'control_id', 'passage_id', 'link_id'}
            Pipes only for the first two: closing a territory does not close its straits.
        *names : str

        Returns
        -------
        EnergyFlows
        """
        arcs = self.problem.arcs
        shut = arcs["kind"].eq("move") & arcs[column].isin(list(names))
        if column in ("territory_id", "control_id"):
            shut &= arcs["mode"].isin(PIPE_MODES)
        cost = self.problem.cost.copy()
        cost[:, shut.to_numpy()] = np.inf
        return _solve(self.problem, cost, self.solution)


def _solve(
    problem: EnergyProblem,
    cost: npt.NDArray[np.float64],
    start: CapacitatedSolution | None = None,
) -> EnergyFlows:
    solution = capacitated(
        problem.graph,
        cost,
        problem.trips,
        problem.capacity,
        penalty=problem.penalty,
        start=start,
    )
    return EnergyFlows(problem, solution)


def energy_flows(network: Network, year: int = 2023) -> EnergyFlows:
    """
    Find the flows of oil and gas of a year over a network.

    Parameters
    ----------
    network : Network
        Of a day, of a year (`energy_problem.network_of_year`), or as a scenario changes it.
    year : int
        Whose balances and contracts hold.

    Returns
    -------
    EnergyFlows

    Raises
    ------
    InputError
        If the year has no balances.

    Examples
    --------
    >>> import isthmus as ist
    >>> flows = energy_flows(ist.read().network("2025-01-01"), 2023)
    >>> bool(flows.solution.converged)
    True
    """
    problem = energy_problem(network, year)
    return _solve(problem, problem.cost)


def _listed(text: object) -> list[str]:
    return [part.strip() for part in str(text).split(";") if part.strip()]
