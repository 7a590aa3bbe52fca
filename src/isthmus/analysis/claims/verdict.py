"""
From numbers to a verdict, by the rule in ``data/verdicts.csv``: the same for every speaker.

Nothing here knows whose claim it is: a test gives a value with its range and two thresholds.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

__all__ = ["CONTRADICTED", "MIXED", "NOT_TESTED", "REPORTED", "SUPPORTED", "of_claim", "of_test"]

SUPPORTED, CONTRADICTED, MIXED, NOT_TESTED = "supported", "contradicted", "mixed", "not tested"
"""The verdicts."""
REPORTED = "reported"
"""A value that stands beside the others without a threshold; no verdict."""


def of_test(values: Iterable[float], direction: str, supported: float, contradicted: float) -> str:
    """
    Return the verdict of one test.

    Parameters
    ----------
    values : iterable of float
        The value and what it becomes under the assumption sweep; NaN is not computed.
    direction : {'more', 'less', ''}
        Side on which a value supports; empty for a value that is only reported.
    supported, contradicted : float
        Thresholds in the unit of the values; the first lies on the supporting side.

    Returns
    -------
    str
        Supported or contradicted only if every value is at or beyond that threshold.

    Examples
    --------
    >>> of_test([3.0, 2.5, 4.0], "more", 2.0, 0.0)
    'supported'
    >>> of_test([3.0, 1.5, 4.0], "more", 2.0, 0.0)
    'mixed'
    >>> of_test([3.0, 2.5, 4.0], "less", -2.0, 0.0)
    'contradicted'
    """
    known = list(values)
    if not known or any(math.isnan(v) for v in known):
        return NOT_TESTED
    if not direction:
        return REPORTED
    sign = 1.0 if direction == "more" else -1.0
    if all(sign * v >= sign * supported for v in known):
        return SUPPORTED
    if all(sign * v <= sign * contradicted for v in known):
        return CONTRADICTED
    return MIXED


def of_claim(tests: Iterable[str]) -> str:
    """
    Return the verdict of a claim from those of its tests.

    Parameters
    ----------
    tests : iterable of str
        Tests that did not run and values that are only reported count for nothing.

    Examples
    --------
    >>> of_claim(["supported", "not tested"]), of_claim(["supported", "contradicted"]), of_claim([])
    ('supported', 'mixed', 'not tested')
    """
    ran = [t for t in tests if t not in (NOT_TESTED, REPORTED)]
    if not ran:
        return NOT_TESTED
    return ran[0] if len(set(ran)) == 1 else MIXED
