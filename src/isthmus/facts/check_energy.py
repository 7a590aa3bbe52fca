"""Faults of the tables of oil and gas that keys and types do not say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pandas as pd

from isthmus.errors import Fault
from isthmus.facts.rows import at

if TYPE_CHECKING:
    from isthmus.facts.tables import Facts

__all__ = ["check_energy"]


def check_energy(facts: Facts) -> Iterator[Fault]:
    """
    Lines that are no chain or claim more than their links, balances and contracts that do not fit.

    A line is a chain if each link begins where the one before it ends, along the flow; its
    capacity is not above that of any of its links; it is counted at one of them. A balance lies in
    the territory of its place and has a value unless it is an outlet. The contracts of a place and year
    are not above its supply or demand.
    """
    if not {"energy_lines", "energy_balances", "energy_contracts", "energy_flows"} <= set(
        facts.tables
    ):
        return
    yield from _lines(facts)
    yield from _balances(facts)
    yield from _contracts(facts)
    links = set(facts.tables["links"]["link_id"])
    for row, cell in facts.tables["energy_flows"]["link_ids"].items():
        for link in _listed(cell):
            if link not in links:
                what = f'link_ids names "{link}", which is no link.'
                yield _fault(facts, "energy_flows", row, what, "Correct the id.")


def _lines(facts: Facts) -> Iterator[Fault]:
    links = facts.tables["links"].drop_duplicates("link_id").set_index("link_id")
    factors = {"Mt/yr": 1e6, "bcm/yr": _value(facts, "tonnes_per_bcm")}
    factors["kbbl/d"] = 365e3 / _value(facts, "barrels_per_tonne")
    for row, line in facts.tables["energy_lines"].iterrows():
        parts = _listed(line["link_ids"])
        unknown = [p for p in parts if p not in links.index]
        if unknown or not parts:
            what = f'{line["line_id"]}: "{", ".join(unknown)}" is no link.'
            yield _fault(facts, "energy_lines", row, what, "Correct link_ids.")
            continue
        if line["counted_at"] not in parts:
            what = f"{line['line_id']} is counted at a link that is none of its own."
            yield _fault(facts, "energy_lines", row, what, "Name one of link_ids.")
        here: set[str] | None = None
        for part in parts:
            ends = {str(links.loc[part, c]) for c in ("from_node_id", "to_node_id")}
            if here is not None and not here & ends:
                what = f"{line['line_id']} breaks off before {part}."
                yield _fault(facts, "energy_lines", row, what, "List links in order.")
                break
            start = str(links.loc[part, "from_node_id"])
            here = ends if not links.loc[part, "directed"] else ends - {start}
        said = line["capacity"] * factors.get(line["capacity_unit"], float("nan"))
        narrow = links.loc[parts, "capacity_t_yr"].min()
        if said > narrow * 1.001:
            what = f"{line['line_id']}: capacity = {said:g} t/yr is above its narrowest link."
            yield _fault(facts, "energy_lines", row, what, "Correct one of the two.")


def _balances(facts: Facts) -> Iterator[Fault]:
    table = facts.tables["energy_balances"]
    home = facts.tables["nodes"].drop_duplicates("node_id").set_index("node_id")["territory_id"]
    for row, balance in table.iterrows():
        if home.get(balance["node_id"], balance["territory_id"]) != balance["territory_id"]:
            what = f"{balance['node_id']} does not lie in {balance['territory_id']}."
            yield _fault(facts, "energy_balances", row, what, "Correct the territory.")
        if (balance["role"] == "outlet") != bool(pd.isna(balance["value"])):
            what = f"{balance['node_id']}: an outlet has no value, all others have one."
            yield _fault(facts, "energy_balances", row, what, "Fill or empty value.")


def _contracts(facts: Facts) -> Iterator[Fault]:
    """Contracts of a dated year above the supply or demand of their place."""
    contracts, balances = facts.tables["energy_contracts"], facts.tables["energy_balances"]
    dated = contracts[contracts["year"].notna()]
    for column, role in (("from_node_id", "supply"), ("to_node_id", "demand")):
        rows = balances[balances["role"].eq(role)]
        room = rows.groupby(["node_id", "commodity_id", "year"])["value"].sum().to_dict()
        outlets = set(balances.loc[balances["role"].eq("outlet"), "node_id"])
        bound = dated[~dated[column].isin(outlets)] if role == "demand" else dated
        for key, part in bound.groupby([column, "commodity_id", "year"]):
            total = float(part["value"].sum())
            if total > float(room.get(key, 0.0)) * 1.001:
                what = f"contracts of {key[0]} in {key[2]} add up to {total:g}, above its {role}."
                yield _fault(
                    facts, "energy_contracts", part.index[0], what, "Correct one of the two."
                )


def _value(facts: Facts, parameter: str) -> float:
    rows = facts.tables["parameters"]
    found = rows.loc[rows["parameter"].eq(parameter), "value"]
    return float(found.iloc[0]) if len(found) else float("nan")


def _fault(facts: Facts, table: str, row: object, what: str, mend: str) -> Fault:
    return Fault(at(facts, table, int(str(row))), what, mend, "energy")


def _listed(cell: object) -> list[str]:
    return [part.strip() for part in str(cell).split(";") if part.strip()]
