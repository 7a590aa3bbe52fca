"""Export capacity of oil and gas lines by the countries they cross: a stock, no flow."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from isthmus.cost.parameters import Parameters
from isthmus.errors import Fault, InputError
from isthmus.network import Network

if TYPE_CHECKING:
    from isthmus.facts.tables import Facts

__all__ = ["export_capacity", "export_lines", "in_tonnes"]


def export_lines(facts: Facts, date: str, network: Network | None = None) -> pd.DataFrame:
    """
    Return the lines in force on a day, with the territories they cross.

    Parameters
    ----------
    facts : Facts
    date : str
        ISO date.
    network : Network, optional
        Instead of that of the day: as a scenario changes it.

    Returns
    -------
    DataFrame
        line_id, name, commodity_id, exporter_id, transit (tuple of territories crossed after the
        exporter's and before the market's), capacity_t_yr (NaN unknown). [t/yr]

    Notes
    -----
    A line is in force if every one of its links is open. Lines that end in the exporter's own territory
    export nothing and are left out. The capacity is the published one of the line, or of its
    narrowest link if that is less.
    """
    network = network or Network.at(facts, date)
    links = network.links.set_index("link_id")
    table = facts["energy_lines"]
    said = in_tonnes(
        table["capacity"], table["capacity_unit"], Parameters(network.parameters), "/yr"
    )
    rows: list[dict[str, Any]] = []
    for line, capacity in zip(table.to_dict("records"), said, strict=True):
        parts = [p.strip() for p in str(line["link_ids"]).split(";")]
        if any(p not in links.index or not links.loc[p, "is_open"] for p in parts):
            continue
        territories = [str(links.loc[p, "territory_id"]) for p in parts]
        narrow = links.loc[parts, "capacity_t_yr"].min()
        own = {line["exporter_id"], line["market_id"]}
        beyond = [t for t in dict.fromkeys(territories) if not t.startswith("SEA-")]
        if set(beyond) <= {line["exporter_id"]} and line["market_id"] == line["exporter_id"]:
            continue
        rows.append(
            {
                **{c: line[c] for c in ("line_id", "name", "commodity_id", "exporter_id")},
                "transit": tuple(t for t in beyond if t not in own),
                "capacity_t_yr": np.nanmin([capacity, narrow])
                if capacity == capacity or narrow == narrow
                else np.nan,
            }
        )
    columns = ["line_id", "name", "commodity_id", "exporter_id", "transit", "capacity_t_yr"]
    return pd.DataFrame(rows, columns=columns)


def export_capacity(
    facts: Facts, date: str, without: Collection[str] = (), network: Network | None = None
) -> pd.DataFrame:
    """
    Return the export capacity of the lines in force on a day by exporter and transit country.

    Parameters
    ----------
    facts : Facts
    date : str
        ISO date.
    without : collection of str
        Territories; lines that cross one of them in transit are left out. A country's own exports
        stay: they do not lead through it, they begin there.
    network : Network, optional
        Instead of that of the day: as a scenario changes it.

    Returns
    -------
    DataFrame
        commodity_id, exporter_id, transit_id ("" where a line reaches its market or the sea from
        the exporter's territory), lines (how many), unknown (lines without a capacity, which add
        nothing), capacity_t_yr [t/yr], line_ids. A line that crosses two countries counts for
        each, so capacities add up within an exporter and transit country, not over them.

    Examples
    --------
    >>> import isthmus as ist
    >>> facts = ist.read()
    >>> all_lines = export_capacity(facts, "2025-01-01")
    >>> fewer = export_capacity(facts, "2025-01-01", without=("RUS", "IRN"))
    >>> set(fewer.transit_id) & {"RUS", "IRN"}
    set()
    """
    lines = export_lines(facts, date, network)
    gone = set(without)
    lines = lines[[not gone & set(t) for t in lines["transit"]]]
    rows = [
        {**{c: line[c] for c in lines.columns if c != "transit"}, "transit_id": territory}
        for line in lines.to_dict("records")
        for territory in (line["transit"] or ("",))
    ]
    columns = ["commodity_id", "exporter_id", "transit_id", "capacity_t_yr", "line_id"]
    table = pd.DataFrame(rows, columns=columns)
    keys = ["commodity_id", "exporter_id", "transit_id"]
    found = table.groupby(keys).agg(
        lines=("line_id", "size"),
        unknown=("capacity_t_yr", lambda c: int(c.isna().sum())),
        capacity_t_yr=("capacity_t_yr", "sum"),
        line_ids=("line_id", "; ".join),
    )
    return found.reset_index()


def in_tonnes(
    value: pd.Series, unit: pd.Series, parameters: Parameters, per: str = ""
) -> pd.Series:
    """
    Convert amounts a year to tonnes a year.

    Parameters
    ----------
    value : Series
    unit : Series
        Mt, bcm or kbbl/d, with `per` behind.
    parameters : Parameters
        Rows tonnes_per_bcm and barrels_per_tonne.
    per : str
        ``"/yr"`` where units are Mt/yr and bcm/yr.

    Returns
    -------
    Series
        [t/yr]

    Raises
    ------
    InputError
        If a unit is unknown.
    """
    bcm = parameters.get("tonnes_per_bcm", commodity_id="natural_gas")
    barrels = parameters.get("barrels_per_tonne", commodity_id="crude_oil")
    factors = {f"Mt{per}": 1e6, f"bcm{per}": bcm, "kbbl/d": 365e3 / barrels, "": np.nan}
    wrong = sorted(set(unit) - set(factors))
    if wrong:
        text = f"{', '.join(wrong)} is no unit of oil or gas."
        raise InputError([Fault("unit", text, f"One of {', '.join(filter(None, factors))}.")])
    return value.astype(float) * unit.map(factors).astype(float)
