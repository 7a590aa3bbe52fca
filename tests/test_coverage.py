"""Coverage: every subject is reachable, and the page says what the data say."""

from __future__ import annotations

import dataclasses
import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def coverage():
    spec = importlib.util.spec_from_file_location(
        "coverage_page", ROOT / "scripts" / "coverage_page.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_what_the_data_say(coverage, shipped):
    assert (ROOT / "docs" / "coverage.md").read_text(encoding="utf-8") == coverage.page(shipped)


def test_every_subject_of_the_sections_that_count_is_there(shipped):
    size = shipped["subjects"].groupby("section").size()
    assert size[list("ABCEF")].to_dict() == {"A": 23, "B": 7, "C": 12, "E": 12, "F": 14}
    assert shipped["subjects"]["refs"].ne("").all()


def test_a_reference_that_leads_nowhere_is_found(coverage, shipped):
    table = shipped["subjects"].copy()
    table.loc[0, "refs"] = "claim:C20; link:rail:nowhere"
    table.loc[1, "refs"] = ""
    facts = dataclasses.replace(shipped, tables={**shipped.tables, "subjects": table})
    found = coverage.lost(facts)
    assert "A1: no link rail:nowhere." in found
    assert "A2: has no reference." in found
    assert not any("claim" in line for line in found)
