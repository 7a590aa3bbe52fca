"""The network of a day."""

from __future__ import annotations

import pytest

from isthmus.errors import InputError


def test_a_status_holds_from_its_first_day_until_before_its_last(rows, facts_of):
    rows["link_status"][0] |= {"from_date": "2010-05-01", "to_date": "2020-05-01"}
    rows["link_status"].append(
        {
            "link_id": rows["link_status"][0]["link_id"],
            "status": "closed",
            "from_date": "2020-05-01",
        }
    )
    facts = facts_of(rows)
    key = rows["link_status"][0]["link_id"]
    for day, status in (
        ("2010-04-30", ""),
        ("2010-05-01", "open"),
        ("2020-04-30", "open"),
        ("2020-05-01", "closed"),
    ):
        links = facts.network(day).links.set_index("link_id")
        assert links.loc[key, "status"] == status, day
        assert links.loc[key, "is_open"] == (status == "open")


def test_a_wrong_date_is_named(rows, facts_of):
    with pytest.raises(InputError, match="1 May 2020"):
        facts_of(rows).network("1 May 2020")


def test_a_year_without_a_matrix_is_no_silent_zero(rows, facts_of):
    with pytest.raises(InputError, match=r"no flow in 1999.*\n.*2024"):
        facts_of(rows).demand(1999)


def test_facts_are_not_touched_by_a_network(rows, facts_of):
    facts = facts_of(rows)
    before = facts["links"].copy()
    links = facts.network("2025-01-01").links
    links.loc[:, "status"] = "destroyed"
    assert facts["links"].equals(before)
