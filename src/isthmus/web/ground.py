"""The ground under the map: land, lakes, settled and unsettled lines, as GeoJSON."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from isthmus.output.basemap import border_lines, read_layer

__all__ = ["WINDOW", "ground"]

WINDOW = (-20.0, -12.0, 150.0, 72.0)
"""West, south, east, north: what the map shows. [degree]"""

_CORE = (15.0, 20.0, 90.0, 60.0)
_FINE, _COARSE = 0.008, 0.03
"""How far a line may be moved to save points, in and outside the core. [degree]"""


def ground() -> dict[str, Any]:
    """
    Return the ground as one GeoJSON collection; ``kind`` tells what a feature is.

    Land is one surface: no state is filled, so no disputed ground is given to anyone. Lines are
    settled or not by the rule of `isthmus.output.basemap`.
    """
    land, _ = read_layer("physical/ne_10m_land", WINDOW)
    lakes, ranks = read_layer("physical/ne_10m_lakes", WINDOW, "scalerank")
    large = [g for g, (rank,) in zip(lakes, ranks, strict=True) if int(rank or 9) <= 4]
    settled, disputed = border_lines("10m", WINDOW)
    features = [
        *_features("land", land),
        *_features("lake", large),
        *_features("border", settled),
        *_features("dispute", disputed),
    ]
    return {"type": "FeatureCollection", "features": features}


def _features(kind: str, geometries: Iterable[BaseGeometry]) -> list[dict[str, Any]]:
    out = []
    core = shapely.box(*_CORE)
    for geometry in geometries:
        fine = shapely.intersects(core, geometry)
        thin = shapely.simplify(geometry, _FINE if fine else _COARSE)
        small = thin.geom_type.endswith("Polygon") and thin.area < (0.0005 if fine else 0.02)
        if thin.is_empty or small:
            continue
        shape = shapely.set_precision(thin, 0.001, mode="pointwise")
        out.append(
            {
                "type": "Feature",
                "properties": {"kind": kind},
                "geometry": shapely.geometry.mapping(shape),
            }
        )
    return out
