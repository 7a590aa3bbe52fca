"""What a report is made from: tidy frames and values, no engine objects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields

import pandas as pd

from isthmus.errors import Fault, InputError

__all__ = ["FRAMES", "Headline", "ReportBundle", "Source"]

FRAMES: dict[str, tuple[str, ...]] = {
    "by_territory": (
        "territory_id",
        "name",
        "trade_t_yr",
        "cost_usd_base",
        "cost_usd_new",
        "change_usd",
        "change_pct",
        "change_hours",
        "change_co2_kg",
        "transit_t_base",
        "transit_t_new",
        "unserved_t_change",
    ),
    "corridors": ("corridor_id", "name", "base_t", "new_t", "tkm"),
    "components": ("component", "attribute", "base", "new"),
    "commodities": ("commodity_id", "name", "tonnes_t_yr", "cost_usd_t_base", "cost_usd_t_new"),
    "links": (
        "link_id",
        "name",
        "mode",
        "from_lon",
        "from_lat",
        "to_lon",
        "to_lat",
        "waypoints",
        "territory",
        "status_base",
        "status_new",
        "flow_base",
        "flow_new",
        "capacity",
        "source",
    ),
    "nodes": ("name", "lon", "lat", "node_type", "local_names"),
    "crossings": (
        "name",
        "lon",
        "lat",
        "mode",
        "regime_base",
        "regime_new",
        "flow_base",
        "flow_new",
    ),
    "bottlenecks": (
        "element_id",
        "name",
        "kind",
        "mode",
        "territory",
        "towards",
        "basis",
        "confidence",
        "tonnes_base",
        "tonnes_new",
        "capacity",
        "load_base",
        "load_new",
        "delay_h_base",
        "delay_h_new",
        "waiting_base",
        "waiting_new",
        "shadow_base",
        "shadow_new",
        "external_base",
        "external_new",
    ),
    "runs": ("run", "method", "gap", "asked_gap", "converged", "iterations"),
    "disputed": ("area_id", "name", "un_usage", "positions", "lon", "lat", "outline"),
    "sanctions": ("subject", "listed_by", "since", "measure", "t_base", "t_new", "source"),
    "unserved": ("origin", "destination", "commodity", "tonnes", "reason"),
    "assumptions": ("assumption", "value", "unit", "reason"),
    "sources": ("source_id", "title", "publisher", "url"),
}
"""Columns each frame must have; more are welcome, and fewer rows than columns are no fault."""


@dataclass(frozen=True)
class Source:
    """
    Who says so.

    Parameters
    ----------
    title : str
    url : str
        Empty where the source has no address.
    """

    title: str
    url: str = ""


@dataclass(frozen=True)
class Headline:
    """
    One figure of the first screen.

    Parameters
    ----------
    label : str
        What is counted, in words.
    value : float
        The figure, or the new level when `base` is given.
    unit : str
        A unit `numerals.scale_for` knows is scaled; any other is shown as it is.
    base : float, optional
        Level without the order; the change is then shown below.
    note : str
        One short line of context.
    is_change : bool
        `value` is a difference and is shown with its sign.
    """

    label: str
    value: float
    unit: str
    base: float | None = None
    note: str = ""
    is_change: bool = False


def _empty(name: str) -> pd.DataFrame:
    return pd.DataFrame({column: [] for column in FRAMES[name]})


@dataclass(frozen=True)
class ReportBundle:
    """
    Everything one report shows.

    Frames hold the columns listed in `FRAMES`; their order of rows is free. A frame that is left
    out is empty and its section says so. With `compared` false the report shows levels only and
    reads the `_new` and `new` columns.

    Parameters
    ----------
    title, description : str
        Name of the order and what it is, in the words of its file.
    status : str
        in force, agreed, proposed, claimed or what-if.
    scenario_id, base_name, base_date : str
        Base network and the day it is taken from.
    proponent : str
        Who proposes the order.
    source : Source, optional
        Where the order itself is written down.
    compared : bool
        Whether a base stands beside the result.
    answer : str
        The finding in one sentence; composed from the frames where empty.
    headlines : tuple of Headline
        Three figures; composed from the frames where empty.
    totals : mapping of str to float
        Totals over the trade that moves in both, as `Comparison.totals` gives them:
        `cost_base_usd_yr`, `cost_change_usd_yr`, `unserved_base_t_yr`, `unserved_new_t_yr`.
        Without them no change of cost is claimed where trade gains or loses its path.
    manifest : mapping of str to str
        Digests, version, method, gap, seed: what reproduces the result.
    changes : tuple of str
        The order's changes, one plain line each.
    limits : tuple of str
        What the model cannot say.
    focus : tuple of float, optional
        West, south, east, north of the close-up map; found from the changes where None. [degree]
    created : str
        Date of the report.
    by_territory, corridors, components, commodities : DataFrame
        Results: one row a territory, a corridor, a cost component, a commodity. [t/yr, USD/yr]
    links, nodes, crossings, disputed : DataFrame
        The map. `waypoints` holds (lon, lat) pairs; `outline` is WKT or such pairs.
    bottlenecks : DataFrame
        The elements that carry tonnes: capacity and who says it, share of the capacity taken,
        waiting and what it costs, what one more t/yr of capacity is worth. NaN where no capacity
        is known. [t/yr, h, USD/yr, USD/t]
    runs : DataFrame
        One row an assignment, the base first: gap reached and asked for, iterations.
    sanctions, unserved, assumptions, sources : DataFrame
        What stands beside the totals.

    Raises
    ------
    InputError
        If a frame lacks a column; names every one that is missing.
    """

    title: str
    description: str = ""
    status: str = "what-if"
    scenario_id: str = ""
    base_name: str = "baseline"
    base_date: str = ""
    proponent: str = ""
    source: Source | None = None
    compared: bool = True
    answer: str = ""
    headlines: tuple[Headline, ...] = ()
    totals: Mapping[str, float] = field(default_factory=dict)
    manifest: Mapping[str, str] = field(default_factory=dict)
    changes: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()
    focus: tuple[float, float, float, float] | None = None
    created: str = ""
    by_territory: pd.DataFrame = field(default_factory=lambda: _empty("by_territory"))
    corridors: pd.DataFrame = field(default_factory=lambda: _empty("corridors"))
    components: pd.DataFrame = field(default_factory=lambda: _empty("components"))
    commodities: pd.DataFrame = field(default_factory=lambda: _empty("commodities"))
    links: pd.DataFrame = field(default_factory=lambda: _empty("links"))
    nodes: pd.DataFrame = field(default_factory=lambda: _empty("nodes"))
    crossings: pd.DataFrame = field(default_factory=lambda: _empty("crossings"))
    disputed: pd.DataFrame = field(default_factory=lambda: _empty("disputed"))
    bottlenecks: pd.DataFrame = field(default_factory=lambda: _empty("bottlenecks"))
    runs: pd.DataFrame = field(default_factory=lambda: _empty("runs"))
    sanctions: pd.DataFrame = field(default_factory=lambda: _empty("sanctions"))
    unserved: pd.DataFrame = field(default_factory=lambda: _empty("unserved"))
    assumptions: pd.DataFrame = field(default_factory=lambda: _empty("assumptions"))
    sources: pd.DataFrame = field(default_factory=lambda: _empty("sources"))

    def __post_init__(self) -> None:
        """Check the columns of every frame at once."""
        faults = []
        for item in fields(self):
            needed = FRAMES.get(item.name)
            if needed is None:
                continue
            missing = [c for c in needed if c not in getattr(self, item.name).columns]
            if missing:
                faults.append(
                    Fault(
                        f"report bundle, frame {item.name}",
                        f"lacks {', '.join(missing)}.",
                        f"A {item.name} frame has the columns {', '.join(needed)}.",
                        "bundle-columns",
                    )
                )
        if faults:
            raise InputError(faults)
