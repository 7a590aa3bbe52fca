"""Read the ways a table may write a line: pairs, text of pairs, or WKT."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import Any

__all__ = ["line_points", "parse_points", "parse_rings"]

Point = tuple[float, float]

_NUMBER = re.compile(r"[-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?")


def parse_points(value: Any) -> list[Point]:
    """
    Read one chain of (lon, lat) points.

    Understood are a sequence of pairs, ``"50.1 40.2; 50.3 40.1"`` with any separators, and WKT of
    one line. Unknown (empty, None, NaN) is an empty list. [degree]

    Examples
    --------
    >>> parse_points("49.5 40.1; 51.2 41.0")
    [(49.5, 40.1), (51.2, 41.0)]
    >>> parse_points(float("nan"))
    []
    """
    rings = parse_rings(value)
    return [point for ring in rings for point in ring]


def parse_rings(value: Any) -> list[list[Point]]:
    """
    Read one or more chains of points, as an outline of several parts has.

    Raises
    ------
    ValueError
        If the text holds an odd count of numbers: half a point.

    Examples
    --------
    >>> parse_rings("MULTILINESTRING((1 2, 3 4),(5 6, 7 8))")
    [[(1.0, 2.0), (3.0, 4.0)], [(5.0, 6.0), (7.0, 8.0)]]
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return []
    if isinstance(value, str):
        parts = re.findall(r"\(([^()]+)\)", value) or value.split("|")
        return [points for part in parts if (points := _pairs(part))]
    if isinstance(value, Iterable):
        points = [(float(lon), float(lat)) for lon, lat in value]
        return [points] if points else []
    return []


def line_points(start: Point, waypoints: Any, end: Point) -> list[Point]:
    """Return the whole chain of a link, without repeated points. [degree]"""
    chain = [start, *parse_points(waypoints), end]
    return [p for i, p in enumerate(chain) if i == 0 or p != chain[i - 1]]


def _pairs(text: str) -> list[Point]:
    numbers = [float(x) for x in _NUMBER.findall(text)]
    if len(numbers) % 2:
        raise ValueError(f"half a point in {text!r}")
    return list(zip(numbers[::2], numbers[1::2], strict=True))
