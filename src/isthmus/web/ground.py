"""The ground under the map: land, lakes, settled and unsettled lines, as GeoJSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from isthmus.output.map.basemap import border_lines, read_layer

__all__ = ["WINDOW", "ground"]

WINDOW = (-20.0, -12.0, 150.0, 72.0)
"""West, south, east, north: what the map shows. [degree]"""

_CORE = (15.0, 20.0, 90.0, 60.0)
_FINE, _COARSE = 0.006, 0.04
"""How far a line may be moved to save points, in and outside the core. [degree]"""
_SMALLEST, _SMALLEST_AFAR = 0.0005, 0.03
"""Surfaces below these are left out. [square degree]"""


@lru_cache(maxsize=1)
def ground(rivers: Path | None = None) -> dict[str, Any]:
    """
    Return the ground as one GeoJSON collection; ``kind`` tells what a feature is.

    Land is one surface: no state is filled, so no disputed ground is given to anyone. Lines are
    settled or not by the rule of `isthmus.output.map.basemap`. Detail is where the network is: outside
    the core a line may be moved further, which leaves a third of the points to draw.

    Parameters
    ----------
    rivers : Path, optional
        GeoJSON of rivers, as the build of the page leaves it; they are left out if there is none.
    """
    land, _ = read_layer("physical/ne_10m_land", WINDOW)
    lakes, ranks = read_layer("physical/ne_10m_lakes", WINDOW, "scalerank")
    large = [g for g, (rank,) in zip(lakes, ranks, strict=True) if int(rank or 9) <= 4]
    settled, disputed = border_lines("10m", WINDOW)
    drawn = _read(rivers) if rivers is not None and rivers.is_file() else []
    features = [
        *_surfaces("land", land),
        *_surfaces("lake", large),
        *_lines("river", drawn),
        *_lines("border", settled),
        *_lines("dispute", disputed),
    ]
    return {"type": "FeatureCollection", "features": features}


def _read(path: Path) -> list[BaseGeometry]:
    return list(shapely.get_parts(shapely.from_geojson(path.read_text(encoding="utf-8"))))


def _surfaces(kind: str, geometries: Iterable[BaseGeometry]) -> Iterator[dict[str, Any]]:
    """Each surface is a feature of its own, so that a tile need not look at all of them."""
    core = shapely.box(*_CORE)
    for part in shapely.get_parts(list(geometries)):
        smallest = _SMALLEST if shapely.intersects(core, part) else _SMALLEST_AFAR
        if part.geom_type != "Polygon" or part.area < smallest:
            continue
        outer, *holes = [_thin(ring) for ring in (part.exterior, *part.interiors)]
        if len(outer) >= 4:
            yield _feature(kind, "Polygon", [outer, *(h for h in holes if len(h) >= 4)])


def _lines(kind: str, geometries: Iterable[BaseGeometry]) -> Iterator[dict[str, Any]]:
    # Natural Earth keeps a line in many short pieces
    for part in shapely.get_parts(shapely.line_merge(list(geometries))):
        if part.geom_type == "LineString":
            yield _feature(kind, "LineString", _thin(part))


def _feature(kind: str, shape: str, coordinates: list[Any]) -> dict[str, Any]:
    return {
        "type": "Feature",
        "properties": {"kind": kind},
        "geometry": {"type": shape, "coordinates": coordinates},
    }


def _thin(line: BaseGeometry) -> list[list[float]]:
    """
    Return a line with fewer points, each stretch in or outside the core by its own tolerance.

    Stretches share their end points, so that the line stays whole where it enters the core.
    """
    points = shapely.get_coordinates(line)
    west, south, east, north = _CORE
    x, y = points.T
    fine = (x > west) & (x < east) & (y > south) & (y < north)
    turns = np.flatnonzero(fine[1:] != fine[:-1]) + 1
    kept = [points[:1]]
    for start, end in zip([0, *turns], [*turns, len(points) - 1], strict=True):
        stretch = points[start : end + 1]
        if len(stretch) > 2:
            tolerance = _FINE if fine[start] else _COARSE
            thin = shapely.simplify(shapely.LineString(stretch), tolerance, preserve_topology=False)
            stretch = shapely.get_coordinates(thin)
        kept.append(stretch[1:])
    rounded: list[list[float]] = np.round(np.concatenate(kept), 3).tolist()
    return rounded
