"""Faults of the register of claims: tests that do not fit their claim, thresholds the wrong way."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pandas as pd

from isthmus.errors import Fault
from isthmus.facts.rows import at
from isthmus.facts.sources import ASSUMED, split

if TYPE_CHECKING:
    from isthmus.facts.tables import Facts

__all__ = ["check_claims"]

_NETWORK, _OUTSIDE = "network_model", "not_testable"


def check_claims(facts: Facts) -> Iterator[Fault]:
    """Claims a network could test without a test, tests of what none can test, wrong thresholds."""
    claims, tests = facts.raw["claims"], facts.raw["claim_tests"]
    known = set(facts.raw["sources"]["source_id"])
    tested = set(tests["claim_id"])
    for row, claim in claims.iterrows():
        routes = split(claim["testable_by"])
        who = claim["claim_id"]
        if _OUTSIDE in routes and len(routes) > 1:
            what = f"{who} is not_testable and has ways to test it."
            yield Fault(at(facts, "claims", int(row)), what, "Keep one of them.", "claim")
        if _NETWORK in routes and who not in tested:
            what = f"{who} could be tested by a run and has no row in claim_tests.csv."
            yield Fault(at(facts, "claims", int(row)), what, "Add a test.", "claim")
        if _NETWORK not in routes and who in tested:
            what = f"{who} has a test, but testable_by names no network_model."
            yield Fault(at(facts, "claims", int(row)), what, "Remove one of them.", "claim")
        for source in split(claim["record_source_id"]):
            if not source.startswith(ASSUMED) and source not in known:
                what = f'record_source_id = "{source}" is not in sources.csv.'
                mend = "Add the source, or write assumed:<why>."
                yield Fault(at(facts, "claims", int(row)), what, mend, "missing-source")
    yield from _thresholds(facts)


def _thresholds(facts: Facts) -> Iterator[Fault]:
    """Both thresholds or none, and in the order the direction says."""
    for row, test in facts.tables["claim_tests"].iterrows():
        supported, contradicted = test["supported"], test["contradicted"]
        empty = [pd.isna(supported), pd.isna(contradicted), test["direction"] == ""]
        if any(empty) and not all(empty):
            what = f"{test['test_id']} has some of direction, supported and contradicted."
            mend = "Fill all three, or none if the value is only reported."
            yield Fault(at(facts, "claim_tests", int(row)), what, mend, "threshold")
        elif not any(empty):
            sign = 1.0 if test["direction"] == "more" else -1.0
            if sign * supported <= sign * contradicted:
                what = f"{test['test_id']}: supported lies on the side of contradicted."
                yield Fault(at(facts, "claim_tests", int(row)), what, "Swap them.", "threshold")
