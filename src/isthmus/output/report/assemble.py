"""From two assignments to what a report shows: ids become names, numbers keep their sources."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from isthmus.analysis.flows import Comparison
from isthmus.facts.sources import ASSUMED, cited, split
from isthmus.output.bundle import ReportBundle, Source
from isthmus.output.report.places import crossings_of, disputed_of, links_of, nodes_of

if TYPE_CHECKING:
    from isthmus.assign import Assignment
    from isthmus.facts.tables import Facts
    from isthmus.scenario import Scenario

__all__ = ["LIMITS", "assemble"]

LIMITS = (
    "Trade does not react: the same tonnes move before and after; new trade that a cheaper route "
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
    links = links_of(comparison, facts)
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
        nodes=nodes_of(facts, links),
        crossings=crossings_of(comparison),
        disputed=disputed_of(facts),
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


def _bottlenecks(comparison: Comparison, facts: Facts) -> pd.DataFrame:
    frame = comparison.bottlenecks()
    names = facts["territories"].set_index("territory_id")["name"]

    def territory(column: str) -> pd.Series[str]:
        return frame[column].map(names).fillna(frame[column])

    entered = territory("territory_id")
    left = territory("from_territory_id")
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
