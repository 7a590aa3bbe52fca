"""
Find every fault of the facts at once: where, what, why, mend.

Each `check_*` function takes the facts and yields faults of one rule; `CHECKS` lists them all. A
new rule is one function and one name in the list.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from isthmus.errors import Fault
from isthmus.facts.check_claims import check_claims
from isthmus.facts.check_energy import check_energy
from isthmus.facts.check_history import check_causes
from isthmus.facts.check_network import (
    check_border,
    check_corridors,
    check_crossing_sides,
    check_isolated,
    check_passages,
    check_side,
    check_traps,
    check_zones,
)
from isthmus.facts.check_order import check_memberships, check_organisations, check_parties
from isthmus.facts.check_projects import check_projects
from isthmus.facts.check_restrictions import check_restrictions
from isthmus.facts.rows import at
from isthmus.facts.sources import ASSUMED, split
from isthmus.vocab import MODES

if TYPE_CHECKING:
    from isthmus.facts.tables import Facts

__all__ = ["CHECKS", "check", "unknown"]

_EARTH_KM = 6371.0
_DATED = {
    "link_status": ("link_id", "status"),
    "crossing_regimes": ("crossing_id", "regime"),
    "terminals": ("terminal_id", ""),
    "restrictions": ("restriction_id", ""),
}
_BOUNDS = {
    "free_speed_km_h": (1.0, 350.0),
    "wait_h": (0.0, 2000.0),
    "delay_p50_h": (0.0, 2000.0),
    "delay_p90_h": (0.0, 5000.0),
    "fee_usd_t": (0.0, 1000.0),
    "capacity_t_yr": (1e3, 1e10),
    "draught_m": (0.5, 30.0),
    "access_km": (0.0, 3000.0),
    "value_usd_t": (1.0, 1e6),
    "vot_usd_t_h": (0.0, 100.0),
    "payload_t_teu": (1.0, 30.0),
    "tonnes_t_yr": (0.0, 1e10),
    "x_coord": (-180.0, 180.0),
    "y_coord": (-90.0, 90.0),
    "length_km": (0.01, 40000.0),
}
_GAUGES = (1000, 1067, 1435, 1520, 1676)
_MOST_OVER = 4.0
"""A way longer than so many great circles is a fault unless it is an exception with a reason."""


def check(facts: Facts) -> list[Fault]:
    """
    Return every fault of the facts.

    Parameters
    ----------
    facts : Facts

    Returns
    -------
    list of Fault
        By table and row; empty if there is none.

    Examples
    --------
    >>> import isthmus as ist
    >>> ist.check(ist.read())
    []
    """
    faults = [fault for rule in CHECKS for fault in rule(facts)]
    return sorted(set(faults), key=lambda f: (f.where.split(",")[0], _number(f.where), f.rule))


def _number(where: str) -> int:
    found = re.search(r"row (\d+)", where)
    return int(found.group(1)) if found else 0


def unknown(facts: Facts) -> pd.DataFrame:
    """
    Count empty cells of optional columns.

    Parameters
    ----------
    facts : Facts

    Returns
    -------
    DataFrame
        table, column, unknown, rows; only columns that hold something or matter, most first.
    """
    rows = []
    for name, schema in facts.schema.items():
        frame = facts.raw[name]
        for spec in schema["fields"]:
            column = spec["name"]
            empty = int(frame[column].eq("").sum()) if len(frame) else 0
            if empty and column not in ("note", "page", "to_date", "cause_id"):
                rows.append((name, column, empty, len(frame)))
    found = pd.DataFrame(rows, columns=["table", "column", "unknown", "rows"])
    return found.sort_values(["table", "unknown"], ascending=[True, False], ignore_index=True)


def check_types(facts: Facts) -> Iterator[Fault]:
    """Cells that are empty though required, no number, no date, or outside their vocabulary."""
    kinds = {"number": _is_number, "integer": _is_integer, "date": _is_date, "boolean": _is_boolean}
    for name, schema in facts.schema.items():
        frame = facts.raw[name]
        for spec in schema["fields"]:
            column, text = spec["name"], frame[spec["name"]]
            constraints = spec.get("constraints", {})
            if constraints.get("required"):
                for row in frame.index[text.eq("")]:
                    what = "source is missing" if column == "source_id" else f"{column} is empty"
                    rule = "missing-source" if column == "source_id" else "required"
                    mend = (
                        "Cite a row of sources.csv, or write assumed:<why>."
                        if rule != "required"
                        else "Fill it."
                    )
                    yield Fault(at(facts, name, row), f"{what}.", mend, rule)
            good = kinds.get(spec["type"])
            if good is not None:
                for row, value in text[text.ne("")].items():
                    if not good(value):
                        what = f'{column} = "{value}" is no {spec["type"]}.'
                        yield Fault(at(facts, name, row), what, "Correct the cell.", "type")
            enum = constraints.get("enum")
            if enum:
                for row in frame.index[text.ne("") & ~text.isin(enum)]:
                    what = f'{column} = "{text[row]}" is not in its vocabulary.'
                    yield Fault(
                        at(facts, name, row), what, f"One of {', '.join(enum)}.", "vocabulary"
                    )
        if "mode" in frame and name in ("links", "crossings", "corridor_nodes"):
            for row in frame.index[frame["mode"].ne("") & ~frame["mode"].isin(list(MODES))]:
                what = f'mode = "{frame.loc[row, "mode"]}" is no mode.'
                yield Fault(at(facts, name, row), what, f"One of {', '.join(MODES)}.", "vocabulary")


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _is_integer(text: str) -> bool:
    return _is_number(text) and float(text).is_integer()


def _is_date(text: str) -> bool:
    import datetime as dt

    try:
        return dt.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _is_boolean(text: str) -> bool:
    return text in ("true", "false")


def check_keys(facts: Facts) -> Iterator[Fault]:
    """Keys that point nowhere, and keys that stand twice."""
    for name, schema in facts.schema.items():
        frame = facts.raw[name]
        key = schema.get("primaryKey", [])
        key = [key] if isinstance(key, str) else list(key)
        if key:
            for row in frame.index[
                frame.duplicated(key, keep="first") & frame[key].ne("").any(axis=1)
            ]:
                said = ", ".join(f"{k} = {frame.loc[row, k]}" for k in key)
                yield Fault(
                    at(facts, name, row),
                    f"{said} stands twice.",
                    "Remove one of the rows.",
                    "duplicate",
                )
        for foreign in schema.get("foreignKeys", []):
            column, there = foreign["fields"][0], foreign["reference"]
            known = set(facts.raw[there["resource"]][there["fields"][0]])
            text = frame[column]
            for row in frame.index[text.ne("") & ~text.isin(known)]:
                what = f'{column} = "{text[row]}" is not in {there["resource"]}.csv.'
                mend = f"Correct it, or add the row to {there['resource']}.csv."
                yield Fault(at(facts, name, row), what, mend, "dangling-key")


def check_twins(facts: Facts) -> Iterator[Fault]:
    """Two links with the same ends, mode, territory and gauge."""
    links = facts.raw["links"]
    ends = pd.Series(
        ["|".join(sorted(p)) for p in zip(links["from_node_id"], links["to_node_id"], strict=True)],
        index=links.index,
        dtype=object,
    )
    key = pd.DataFrame(
        {"ends": ends, **{c: links[c] for c in ("mode", "territory_id", "gauge_mm")}}
    )
    both = key.duplicated(keep="first") & links["directed"].ne("true")
    for row in links.index[both]:
        what = (
            f"{links.loc[row, 'link_id']} has the ends, mode, territory and gauge of a row above."
        )
        yield Fault(
            at(facts, "links", row), what, "Remove one, or name the difference.", "duplicate"
        )


def check_sources(facts: Facts) -> Iterator[Fault]:
    """Sources that no row of sources.csv knows, and assumptions that say no why."""
    known = set(facts.raw["sources"]["source_id"])
    for name, frame in facts.raw.items():
        if name == "sources" or "source_id" not in frame:
            continue
        for row, cell in frame["source_id"].items():
            for source in split(cell):
                if source.startswith(ASSUMED):
                    if len(source.removeprefix(ASSUMED).strip()) < 4:
                        what = f'source_id = "{source}" gives no reason.'
                        yield Fault(
                            at(facts, name, row), what, "Write assumed:<why>.", "missing-source"
                        )
                elif source not in known:
                    what = f'source_id = "{source}" is not in sources.csv.'
                    mend = "Add the source, or write assumed:<why>."
                    yield Fault(at(facts, name, row), what, mend, "missing-source")


def check_dates(facts: Facts) -> Iterator[Fault]:
    """Ranges that end before they begin, rows of one element that overlap, elements without any."""
    for name, frame in facts.raw.items():
        if {"from_date", "to_date"} <= set(frame):
            both = frame["from_date"].ne("") & frame["to_date"].ne("")
            for row in frame.index[both & frame["to_date"].le(frame["from_date"])]:
                what = f"to_date = {frame.loc[row, 'to_date']} is not after from_date = {frame.loc[row, 'from_date']}."
                yield Fault(at(facts, name, row), what, "Swap or correct them.", "reversed-dates")
    for name, (key, _) in _DATED.items():
        frame = facts.raw[name]
        ordered = frame.sort_values([key, "from_date"], kind="stable")
        before = ordered.shift()
        same = ordered[key].eq(before[key])
        ends = before["to_date"].fillna("")
        overlap = same & (ends.eq("") | ends.gt(ordered["from_date"]))
        for row in ordered.index[overlap]:
            what = f"{frame.loc[row, key]} from {frame.loc[row, 'from_date'] or 'ever'} overlaps the row before it."
            yield Fault(
                at(facts, name, row),
                what,
                "Close the earlier row with to_date.",
                "overlapping-dates",
            )
    for name, key, states in (
        ("links", "link_id", "link_status"),
        ("crossings", "crossing_id", "crossing_regimes"),
    ):
        dated = set(facts.raw[states][key])
        frame = facts.raw[name]
        for row in frame.index[~frame[key].isin(dated)]:
            what = f"{frame.loc[row, key]} has no row in {states}.csv."
            yield Fault(
                at(facts, name, row), what, "Say since when it is open or shut.", "no-state"
            )


def check_units(facts: Facts) -> Iterator[Fault]:
    """Numbers that only a wrong unit explains."""
    for name, frame in facts.tables.items():
        for column, (low, high) in _BOUNDS.items():
            if column not in frame:
                continue
            value = frame[column].astype(float)
            for row in frame.index[value.lt(low) | value.gt(high)]:
                what = f"{column} = {value[row]:g} is outside {low:g} to {high:g}."
                yield Fault(
                    at(facts, name, row), what, "Check the unit in the column's name.", "unit"
                )
    links = facts.tables["links"]
    gauge = links["gauge_mm"].astype("float64")
    wrong = gauge.notna() & ~gauge.isin(_GAUGES)
    for row in links.index[wrong]:
        what = f"gauge_mm = {gauge[row]:g} is no gauge of the region."
        yield Fault(
            at(facts, "links", row), what, f"One of {', '.join(map(str, _GAUGES))}, in mm.", "unit"
        )
    for row in links.index[gauge.isna() & links["mode"].eq("rail")]:
        yield Fault(
            at(facts, "links", row), "gauge_mm of a railway is empty.", "Name the gauge.", "unit"
        )
    for name in ("crossings", "terminals"):
        frame = facts.tables[name]
        for row in frame.index[frame["delay_p90_h"].lt(frame["delay_p50_h"])]:
            what = f"delay_p90_h = {frame.loc[row, 'delay_p90_h']:g} is below delay_p50_h."
            yield Fault(at(facts, name, row), what, "Swap or correct them.", "unit")
    parameters = facts.tables["parameters"]
    if len(parameters):
        value = parameters["value"]
        outside = value.lt(parameters["low"] - 1e-9) | value.gt(parameters["high"] + 1e-9)
        for row in parameters.index[outside]:
            what = f"value = {value[row]:g} lies outside its own low and high."
            yield Fault(at(facts, "parameters", row), what, "Correct one of the three.", "unit")


def check_lengths(facts: Facts) -> Iterator[Fault]:
    """Links shorter than the great circle, or so much longer that a unit must be wrong."""
    nodes = facts.tables["nodes"].drop_duplicates("node_id").set_index("node_id")
    links = facts.tables["links"]
    known = links["from_node_id"].isin(nodes.index) & links["to_node_id"].isin(nodes.index)
    links = links[known]
    if links.empty:
        return
    ends = [
        np.radians(nodes.loc[links[c], ["x_coord", "y_coord"]].to_numpy(float))
        for c in ("from_node_id", "to_node_id")
    ]
    (x1, y1), (x2, y2) = ends[0].T, ends[1].T
    half = np.sin((y2 - y1) / 2) ** 2 + np.cos(y1) * np.cos(y2) * np.sin((x2 - x1) / 2) ** 2
    straight = pd.Series(2 * _EARTH_KM * np.arcsin(np.sqrt(half)), index=links.index)
    excused = set(facts.raw["length_exceptions"]["link_id"])
    for row in links.index[links["length_km"].lt(0.99 * straight)]:
        what = (
            f"({links.loc[row, 'link_id']}): length_km = {links.loc[row, 'length_km']:g} is shorter than the "
            f"straight line ({straight[row]:.1f} km)."
        )
        yield Fault(
            at(facts, "links", row),
            what,
            "Correct the length or the coordinates of its nodes.",
            "impossible-length",
        )
    long = links["length_km"].gt(_MOST_OVER * straight + 20.0) & ~links["link_id"].isin(excused)
    for row in links.index[long & ~links["mode"].isin(["sea", "inland_water"])]:
        what = (
            f"({links.loc[row, 'link_id']}): length_km = {links.loc[row, 'length_km']:g} is more than "
            f"{_MOST_OVER:g} times the straight line ({straight[row]:.1f} km)."
        )
        mend = "Correct it, or give the reason in length_exceptions.csv."
        yield Fault(at(facts, "links", row), what, mend, "impossible-length")


CHECKS: tuple[Callable[[Facts], Iterator[Fault]], ...] = (
    check_types,
    check_keys,
    check_twins,
    check_sources,
    check_dates,
    check_units,
    check_lengths,
    check_isolated,
    check_traps,
    check_crossing_sides,
    check_border,
    check_side,
    check_zones,
    check_corridors,
    check_passages,
    check_restrictions,
    check_causes,
    check_parties,
    check_memberships,
    check_organisations,
    check_claims,
    check_energy,
    check_projects,
)
"""Every rule."""
