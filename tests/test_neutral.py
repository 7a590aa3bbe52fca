"""Parties are treated alike: a name decides nothing."""

from __future__ import annotations

import dataclasses

import pandas as pd
import pytest

import isthmus as ist
from isthmus.analysis.energy import energy_flows
from isthmus.package import Facts
from isthmus.scenario import find_scenario

PAIRS = [("ARM", "AZE"), ("IRN", "TUR")]


def renamed(facts: Facts, one: str, other: str) -> Facts:
    """Return the facts with the names of two lands swapped wherever a text says them."""
    names = facts["territories"].set_index("territory_id")["name"]
    a, b = names[one], names[other]

    def swap(text):
        if not isinstance(text, str):
            return text
        return text.replace(a, "\0").replace(b, a).replace("\0", b)

    tables = {}
    for table, frame in facts.tables.items():
        words = [
            c
            for c in frame
            if pd.api.types.is_object_dtype(frame[c]) or pd.api.types.is_string_dtype(frame[c])
        ]
        words = [c for c in words if not c.endswith("_id") and c not in ("url", "cause_id")]
        tables[table] = frame.assign(**{c: frame[c].map(swap) for c in words})
    assert tables["territories"].set_index("territory_id")["name"][one] == b
    return dataclasses.replace(facts, tables=tables)


def gains(facts: Facts, name: str) -> pd.DataFrame:
    """What an order does to each land."""
    cost = ist.GeneralizedCost(facts)
    network, demand = facts.network("2025-01-01"), facts.demand(2024)
    base = ist.assign(network, demand, cost, method="all_or_nothing")
    changed, trade = find_scenario(name, facts).apply(network, demand)
    new = ist.assign(changed, trade, cost, method="all_or_nothing", start=base)
    return ist.compare(base, new).by("territory").set_index("territory_id")


@pytest.mark.parametrize(("one", "other"), PAIRS)
@pytest.mark.parametrize("name", ["without-azerbaijan"])
def test_swapping_the_names_of_two_lands_swaps_the_names_and_nothing_else(
    shipped, name, one, other
):
    before, after = gains(shipped, name), gains(renamed(shipped, one, other), name)
    numbers = [c for c in before if pd.api.types.is_numeric_dtype(before[c])]
    pd.testing.assert_frame_equal(before[numbers], after[numbers])
    assert after.loc[one, "name"] == before.loc[other, "name"]
    assert after.loc[other, "name"] == before.loc[one, "name"]


def test_oil_and_gas_do_not_read_names_either(shipped):
    swapped = renamed(shipped, "RUS", "AZE")
    before = energy_flows(shipped.network("2025-01-01")).links()
    after = energy_flows(swapped.network("2025-01-01")).links()
    pd.testing.assert_frame_equal(before[["flow_t_yr"]], after[["flow_t_yr"]])
    assert before["flow_t_yr"].sum() > 0


def test_lands_under_sanctions_pay_the_same_price_of_risk(shipped):
    rows = shipped["restrictions"].set_index("restriction_id")["charge_value_share"]
    assert rows["russia-transit-risk"] == rows["iran-transit-risk"]
