"""Closing a named water cuts what geography says it cuts: no lane runs beside it unseen."""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path

import networkx as nx
import pytest

DATA = Path(__file__).resolve().parents[1] / "data"
WATER = {"sea", "ferry", "rail_ferry", "inland_water"}


def rows(name: str) -> list[dict[str, str]]:
    with (DATA / f"{name}.csv").open(encoding="utf-8", newline="") as f:
        return list(csv.DictReader(f))


def waters(*closed: str) -> nx.Graph:
    """Every water link whatever its date or status, without those of the closed passages."""
    g = nx.Graph()
    for link in rows("links"):
        if link["mode"] in WATER and link["passage_id"] not in closed:
            g.add_edge(link["from_node_id"], link["to_node_id"])
    return g


def node(alias: str) -> str:
    for row in rows("nodes"):
        if alias in {row["node_id"], *(a.strip() for a in row["aliases"].split(";"))}:
            return row["node_id"]
    raise AssertionError(alias)


@pytest.mark.parametrize(
    ("closed", "here", "there", "joined"),
    [
        ((), "az-alat", "CNSHA", True),
        (("volga-don",), "az-alat", "GEPTI", False),
        (("volga-caspian",), "az-alat", "GEPTI", False),
        (("volga-caspian",), "az-alat", "RUASF", False),
        (("don-mouth",), "az-alat", "GEPTI", False),
        (("kerch",), "azov-port", "GEPTI", False),
        (("kerch",), "port-kavkaz", "TRSSX", False),
        (("bosporus",), "GEPTI", "TRMER", False),
        (("dardanelles",), "GEPTI", "TRMER", False),
        (("hormuz",), "AEJEA", "INNSA", False),
        (("hormuz",), "IRBND", "INNSA", False),
        (("bab-el-mandeb", "suez"), "jeddah", "INNSA", False),
        (("suez",), "CNSHA", "NLRTM", True),
        (("suez", "cape-of-good-hope"), "CNSHA", "NLRTM", False),
        (("bab-el-mandeb", "cape-of-good-hope"), "INNSA", "TRMER", False),
        (("gibraltar", "suez"), "ITGOA", "NLRTM", False),
        (("danish-straits",), "RULED", "NLRTM", False),
        (("malacca",), "INNSA", "CNSHA", True),
        (("malacca", "sunda"), "INNSA", "CNSHA", False),
    ],
)
def test_closing_a_passage_cuts_the_water_behind_it(
    closed: tuple[str, ...], here: str, there: str, joined: bool
) -> None:
    assert nx.has_path(waters(*closed), node(here), node(there)) is joined


def test_every_passage_carries_a_link() -> None:
    used = {r["passage_id"] for r in rows("links")}
    assert {r["passage_id"] for r in rows("passages")} <= used


def test_every_meeting_of_two_waters_has_a_crossing_both_ways() -> None:
    sides = defaultdict(set)
    for link in rows("links"):
        if link["mode"] in WATER:
            for end in ("from_node_id", "to_node_id"):
                sides[link[end], link["mode"]].add(link["territory_id"])
    has = {
        (r["node_id"], r["mode"], r["from_territory_id"], r["to_territory_id"])
        for r in rows("crossings")
    }
    missing = [
        (n, m, a, b)
        for (n, m), found in sides.items()
        for a in found
        for b in found
        if a != b and (n, m, a, b) not in has
    ]
    assert not missing
