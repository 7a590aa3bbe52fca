"""From two assignments to what a report shows: ids become names, numbers keep their sources."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from isthmus.analysis.flows import Comparison
from isthmus.facts.sources import ASSUMED, cited, split
from isthmus.output.bundle import ReportBundle, Source

if TYPE_CHECKING:
    from isthmus.assign import Assignment
    from isthmus.facts.tables import Facts
    from isthmus.scenario import Scenario

__all__ = ["LIMITS", "assemble"]

LIMITS = (
    "Trade does not react: the same tonnes move before and after; new trade that a cheaper way "
    "would create, and trade that a dearer one would end, are not in these numbers.",
    "Prices do not react: carriers, ports and states keep their tariffs whatever others do.",
    "Most crossings have no surveyed hours; they take the average of their mode and country.",
    "Railways and roads without a published capacity take an assumed one; crossings, terminals and "
    "sea lanes without one never congest here. The report counts both.",
    "The matrix is derived from national figures and rounded; single pairs may be far off.",
    "Costs of building and running a line are not weighed against what it saves.",
    "Security, politics and the will of any party are outside the model.",
)
"""What the model cannot say, printed with every report."""


def assemble(
    scenario: Scenario, comparison: Comparison, manifest: Mapping[str, Any], *, compared: bool
) -> ReportBundle:
    """
    Return the bundle of one order.

    Parameters
    ----------
    scenario : Scenario
    comparison : Comparison
        Base and new; of the baseline itself both are the same.
    manifest : mapping
        What reproduces the result.
    compared : bool
        False for the baseline.

    Returns
    -------
    ReportBundle
    """
    new = comparison.new
    facts = new.virtual.network.facts
    links = _links(comparison, facts)
    sources, assumptions = _provenance(comparison, facts)
    return ReportBundle(
        title=scenario.name,
        description=scenario.description,
        status=scenario.status,
        scenario_id=str(manifest["scenario"]),
        base_name="the network without it",
        base_date=str(manifest["date"]),
        proponent=scenario.proponent,
        source=_source(facts, scenario.source),
        compared=compared,
        totals=comparison.totals() if compared else {},
        manifest={k: str(v) for k, v in manifest.items()},
        changes=tuple(new.virtual.network.changes),
        limits=LIMITS,
        created=str(manifest["date"]),
        by_territory=_territories(comparison),
        corridors=_corridors(comparison),
        components=_components(comparison),
        commodities=_commodities(comparison, facts),
        links=links,
        nodes=_nodes(facts, links),
        crossings=_crossings(comparison),
        disputed=_disputed(facts),
        bottlenecks=_bottlenecks(comparison, facts),
        runs=_runs(comparison, compared=compared),
        sanctions=_sanctions(comparison, facts),
        unserved=_unserved(new, facts),
        assumptions=assumptions,
        sources=sources,
    )


def _source(facts: Facts, source_id: str) -> Source | None:
    for source in split(source_id):
        if source.startswith(ASSUMED):
            return Source("Assumption: " + source.removeprefix(ASSUMED).strip())
        row = facts["sources"][facts["sources"]["source_id"].eq(source)]
        if len(row):
            return Source(str(row["title"].iloc[0]), str(row["url"].iloc[0]))
    return None


def _territories(comparison: Comparison) -> pd.DataFrame:
    frame = comparison.by("territory")
    base = frame["cost_usd_yr_base"]
    return pd.DataFrame(
        {
            "territory_id": frame["territory_id"],
            "name": frame["name"],
            "kind": frame["territory_kind"],
            "trade_t_yr": frame["trade_t_yr_new"],
            "cost_usd_base": base,
            "cost_usd_new": base + frame["cost_usd_yr_change"],
            "change_usd": frame["cost_usd_yr_change"],
            "change_pct": 100.0 * frame["cost_usd_yr_change"] / base.where(base > 0),
            "change_hours": frame["time_th_yr_change"],
            "change_co2_kg": 1000.0 * frame["co2_t_yr_change"],
            "transit_t_base": frame["transit_t_yr_base"],
            "transit_t_new": frame["transit_t_yr_new"],
            "unserved_t_change": frame["unserved_t_yr_change"],
        }
    )


def _corridors(comparison: Comparison) -> pd.DataFrame:
    frame = comparison.by("corridor")
    return pd.DataFrame(
        {
            "corridor_id": frame["corridor_id"],
            "name": frame["name"],
            "proponent": frame["proponent"],
            "base_t": frame["mean_t_yr_base"],
            "new_t": frame["mean_t_yr_new"],
            "tkm": frame["moved_tkm_yr_new"],
        }
    )


def _components(comparison: Comparison) -> pd.DataFrame:
    frame = comparison.terms()
    return pd.DataFrame(
        {
            "component": frame["component"],
            "attribute": frame["attribute"],
            "base": frame["cost_usd_yr_base"],
            "new": frame["cost_usd_yr_new"],
        }
    )


def _commodities(comparison: Comparison, facts: Facts) -> pd.DataFrame:
    frame = comparison.by("commodity")
    names = facts["commodities"].set_index("commodity_id")["name"]

    def per_tonne(side: str) -> pd.Series[float]:
        served = frame[f"trade_t_yr_{side}"] - frame[f"unserved_t_yr_{side}"]
        return frame[f"cost_usd_yr_{side}"] / served.where(served > 0)

    return pd.DataFrame(
        {
            "commodity_id": frame["commodity_id"],
            "name": frame["commodity_id"].map(names),
            "tonnes_t_yr": frame["trade_t_yr_new"],
            "cost_usd_t_base": per_tonne("base"),
            "cost_usd_t_new": per_tonne("new"),
        }
    )


def _links(comparison: Comparison, facts: Facts) -> pd.DataFrame:
    frame = comparison.by("link")
    columns = ["link_id", "from_node_id", "to_node_id", "waypoints", "source_id"]
    both = [a.virtual.network.links[columns] for a in (comparison.new, comparison.base)]
    ends = pd.concat(both).drop_duplicates("link_id")
    place = _places(comparison)
    frame = frame.merge(ends, on="link_id", how="left")
    names = facts["territories"].set_index("territory_id")["name"]
    shown = place["name"]
    default = frame["from_node_id"].map(shown) + " – " + frame["to_node_id"].map(shown)
    return pd.DataFrame(
        {
            "link_id": frame["link_id"],
            "name": frame["name"].where(frame["name"].ne(""), default),
            "mode": frame["mode"],
            "from_lon": frame["from_node_id"].map(place["x_coord"]),
            "from_lat": frame["from_node_id"].map(place["y_coord"]),
            "to_lon": frame["to_node_id"].map(place["x_coord"]),
            "to_lat": frame["to_node_id"].map(place["y_coord"]),
            "waypoints": [_points(text) for text in frame["waypoints"]],
            "territory": frame["territory_id"].map(names).fillna(frame["territory_id"]),
            "status_base": frame["status_base"],
            "status_new": frame["status_new"],
            "flow_base": frame["flow_t_yr_base"],
            "flow_new": frame["flow_t_yr_new"],
            "capacity": frame["capacity_t_yr"],
            "source": frame["source_id"],
        }
    )


def _places(comparison: Comparison) -> pd.DataFrame:
    """Return the nodes of both networks: a scenario may have added some."""
    both = [a.virtual.network.nodes for a in (comparison.new, comparison.base)]
    return pd.concat(both).drop_duplicates("node_id").set_index("node_id")


def _points(text: object) -> list[tuple[float, float]]:
    """
    Return the points of a ``lon lat; lon lat`` cell.

    Examples
    --------
    >>> _points("49.4 40; 50 41.5")
    [(49.4, 40.0), (50.0, 41.5)]
    """
    pairs = (p.split() for p in str(text).split(";") if p.strip() and text == text)
    return [(float(x), float(y)) for x, y in pairs]


def _nodes(facts: Facts, links: pd.DataFrame) -> pd.DataFrame:
    nodes = facts["nodes"]
    local = [c for c in nodes if c.startswith("name_")]
    names = [
        " · ".join(dict.fromkeys(n for n in row if n))
        for row in nodes[local].itertuples(index=False)
    ]
    load = (
        pd.concat(
            [
                links[["from_lon", "from_lat", "flow_new"]].set_axis(["x", "y", "t"], axis=1),
                links[["to_lon", "to_lat", "flow_new"]].set_axis(["x", "y", "t"], axis=1),
            ]
        )
        .groupby(["x", "y"])["t"]
        .sum()
    )
    at = pd.MultiIndex.from_frame(nodes[["x_coord", "y_coord"]])
    return pd.DataFrame(
        {
            "name": nodes["name"],
            "lon": nodes["x_coord"],
            "lat": nodes["y_coord"],
            "node_type": nodes["node_type"],
            "local_names": names,
            "flow_new": np.nan_to_num(load.reindex(at).to_numpy(dtype=float)),
        }
    )


def _crossings(comparison: Comparison) -> pd.DataFrame:
    frame = comparison.by("crossing")
    place = _places(comparison)
    frame = frame[frame["mode"].isin(["rail", "road"])]
    best = frame.assign(
        ends=[
            " – ".join(sorted(p))
            for p in zip(frame["from_territory_id"], frame["to_territory_id"], strict=True)
        ]
    )
    grouped = (
        best.groupby(["node_id", "mode"], sort=False)
        .agg(
            regime_base=("regime_base", "first"),
            regime_new=("regime_new", "first"),
            flow_base=("flow_t_yr_base", "sum"),
            flow_new=("flow_t_yr_new", "sum"),
        )
        .reset_index()
    )
    return pd.DataFrame(
        {
            "name": grouped["node_id"].map(place["name"]),
            "lon": grouped["node_id"].map(place["x_coord"]),
            "lat": grouped["node_id"].map(place["y_coord"]),
            **{
                c: grouped[c]
                for c in ("mode", "regime_base", "regime_new", "flow_base", "flow_new")
            },
        }
    )


def _bottlenecks(comparison: Comparison, facts: Facts) -> pd.DataFrame:
    frame = comparison.bottlenecks()
    names = facts["territories"].set_index("territory_id")["name"]

    def land(column: str) -> pd.Series[str]:
        return frame[column].map(names).fillna(frame[column])

    entered = land("territory_id")
    left = land("from_territory_id")
    quantities = {
        "tonnes": "tonnes_t_yr",
        "load": "load_share",
        "delay_h": "delay_h",
        "waiting": "waiting_usd_yr",
        "shadow": "shadow_usd_t",
        "external": "external_usd_t",
    }
    return pd.DataFrame(
        {
            **{c: frame[c] for c in ("element_id", "name", "kind", "mode", "towards")},
            "territory": entered.where(left.eq(""), left + " → " + entered),
            "basis": frame["capacity_basis"],
            "confidence": frame["capacity_confidence"],
            "capacity": frame["capacity_t_yr_new"].fillna(frame["capacity_t_yr_base"]),
            **{
                f"{short}_{side}": frame[f"{name}_{side}"]
                for short, name in quantities.items()
                for side in ("base", "new")
            },
        }
    )


def _runs(comparison: Comparison, *, compared: bool) -> pd.DataFrame:
    """Return how near each assignment came to what its method defines."""
    sides = {"Base": comparison.base, "Order": comparison.new}
    rows = [
        (name if compared else "Network", a.method, a.gap, a.asked_gap, a.converged, a.iterations)
        for name, a in sides.items()
        if compared or name == "Order"
    ]
    columns = ["run", "method", "gap", "asked_gap", "converged", "iterations"]
    return pd.DataFrame(rows, columns=columns)


def _disputed(facts: Facts) -> pd.DataFrame:
    columns = ["area_id", "name", "un_usage", "positions"]
    frame = facts["disputed_areas"]
    return frame[columns].assign(
        lon=frame["x_coord"], lat=frame["y_coord"], outline=[_points(t) for t in frame["outline"]]
    )


def _sanctions(comparison: Comparison, facts: Facts) -> pd.DataFrame:
    frame = comparison.exposure()
    titles = facts["sources"].set_index("source_id")["title"]
    return pd.DataFrame(
        {
            "subject": frame["subject"],
            "listed_by": frame["listed_by"],
            "since": frame["from_date"],
            "measure": frame["measure"],
            "t_base": frame["tonnes_t_yr_base"],
            "t_new": frame["tonnes_t_yr_new"],
            "source": [
                "; ".join(str(titles.get(s, s)) for s in split(cell)) for cell in frame["source_id"]
            ],
        }
    )


def _unserved(assignment: Assignment, facts: Facts) -> pd.DataFrame:
    frame = assignment.unserved
    zones = facts["zones"].set_index("zone_id")["name"]
    goods = facts["commodities"].set_index("commodity_id")["name"]
    cut = frame["cut"].where(frame["cut"].ne(""), "")
    return pd.DataFrame(
        {
            "origin": frame["origin_zone_id"].map(zones),
            "destination": frame["destination_zone_id"].map(zones),
            "commodity": frame["commodity_id"].map(goods),
            "tonnes": frame["tonnes_t_yr"],
            "reason": [f"{r}: {c}" if c else r for r, c in zip(frame["reason"], cut, strict=True)],
        }
    ).sort_values("tonnes", ascending=False, ignore_index=True)


def _provenance(comparison: Comparison, facts: Facts) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the sources of everything that carried flow, and the parameters that were used."""
    new = comparison.new
    used = new.arc_flow.sum(axis=0) > 0
    network = new.virtual.network
    cells = [*new.virtual.arcs.loc[used, "source_id"], *new.demand.flows["source_id"]]
    carried = set(new.virtual.arcs.loc[used, "link_id"])
    cells += [
        s
        for s, i in zip(network.links["status_source"], network.links["link_id"], strict=True)
        if i in carried
    ]
    rows = new.cost.parameters.used
    cells += [*rows["source_id"]]
    sources = cited(facts, (c for c in cells if isinstance(c, str) and c))
    assumed = rows[rows["source_id"].str.startswith(ASSUMED)]
    label = [
        " ".join(
            str(v)
            for v in (
                r["parameter"],
                r["mode"],
                r["territory_id"],
                r["load_type"],
                r["commodity_id"],
                r["item"],
            )
            if v
        )
        for r in assumed.to_dict("records")
    ]
    assumptions = pd.DataFrame(
        {
            "assumption": label,
            "value": assumed["value"].to_numpy(),
            "unit": assumed["unit"].to_numpy(),
            "reason": assumed["source_id"].str.removeprefix(ASSUMED).str.strip().to_numpy(),
        }
    )
    return sources[["source_id", "title", "publisher", "url", "times"]], assumptions
