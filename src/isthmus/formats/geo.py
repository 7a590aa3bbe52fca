"""Links, places and crossings with their flows, for QGIS and its kin: GeoPackage, GeoParquet, GeoJSON."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pandas as pd

from isthmus.errors import Fault, InputError
from isthmus.formats.coordinates import line_points, parse_rings
from isthmus.formats.files import replacing

if TYPE_CHECKING:
    import geopandas

__all__ = ["SUFFIXES", "HasMap", "layers_of", "write_layers", "write_map"]

SUFFIXES = (".gpkg", ".geojson", ".parquet")

_ENDS = ["from_lon", "from_lat", "to_lon", "to_lat", "waypoints"]


class HasMap(Protocol):
    """What has frames of a map: a report bundle does."""

    @property
    def links(self) -> pd.DataFrame:
        """Links with their ends and waypoints."""

    @property
    def nodes(self) -> pd.DataFrame:
        """Places with lon and lat."""

    @property
    def crossings(self) -> pd.DataFrame:
        """Crossings with lon and lat."""

    @property
    def disputed(self) -> pd.DataFrame:
        """Disputed areas with lon, lat and outline."""


def write_map(path: str | Path, source: HasMap) -> Path:
    """
    Write the layers of a map: links, nodes, crossings and disputed areas.

    Parameters
    ----------
    path : path
        ``.gpkg`` holds all layers; ``.geojson`` and ``.parquet`` hold the links.
    source : HasMap

    Returns
    -------
    Path
    """
    return write_layers(path, layers_of(source))


def layers_of(source: HasMap) -> dict[str, geopandas.GeoDataFrame]:
    """
    Return the frames of a map with geometry, in WGS 84.

    A disputed area without an outline is a point. Empty layers are left out.
    """
    layers = {
        "links": _lines(source.links),
        "nodes": _points(source.nodes),
        "crossings": _points(source.crossings),
        "disputed_areas": _outlines(source.disputed),
    }
    return {name: layer for name, layer in layers.items() if len(layer)}


def write_layers(path: str | Path, layers: Mapping[str, geopandas.GeoDataFrame]) -> Path:
    """
    Write frames with geometry.

    Parameters
    ----------
    path : path
    layers : mapping of str to GeoDataFrame
        The first is the one that formats of one layer hold.

    Returns
    -------
    Path

    Raises
    ------
    InputError
        If the suffix is unknown or there is nothing to write.
    """
    target = Path(path)
    suffix = target.suffix.lower()
    if suffix not in SUFFIXES:
        raise InputError(
            [
                Fault(
                    str(target),
                    f"{suffix or 'no suffix'} is no map format.",
                    f"Known suffixes: {', '.join(SUFFIXES)}.",
                )
            ]
        )
    if not layers:
        raise InputError([Fault(str(target), "there is no layer to write.")])
    first = next(iter(layers.values()))
    with replacing(target) as part:
        if suffix == ".gpkg":
            for name, layer in layers.items():
                layer.to_file(part, layer=name, driver="GPKG", engine="pyogrio")
        elif suffix == ".geojson":
            first.to_file(part, driver="GeoJSON", engine="pyogrio", RFC7946="YES")
        else:
            first.to_parquet(part, index=False)
    return target


def _lines(links: pd.DataFrame) -> geopandas.GeoDataFrame:
    import geopandas
    import shapely

    known = links[links[_ENDS[:4]].notna().all(axis=1)]
    chains = [
        line_points(
            (row["from_lon"], row["from_lat"]), row["waypoints"], (row["to_lon"], row["to_lat"])
        )
        for row in known[_ENDS].to_dict("records")
    ]
    # Two places on one spot still make a link: a line of no length is repeated, not dropped.
    lines = [shapely.LineString(chain if len(chain) > 1 else chain * 2) for chain in chains]
    return geopandas.GeoDataFrame(known.drop(columns=_ENDS), geometry=lines, crs="EPSG:4326")


def _points(frame: pd.DataFrame) -> geopandas.GeoDataFrame:
    import geopandas

    known = frame[frame["lon"].notna() & frame["lat"].notna()]
    places = geopandas.points_from_xy(known["lon"], known["lat"])
    return geopandas.GeoDataFrame(
        known.drop(columns=["lon", "lat"]), geometry=places, crs="EPSG:4326"
    )


def _outlines(frame: pd.DataFrame) -> geopandas.GeoDataFrame:
    import geopandas
    import shapely

    shapes = []
    for row in frame.to_dict("records"):
        rings = parse_rings(row["outline"])
        is_line = isinstance(row["outline"], str) and "LINE" in row["outline"].upper()
        if is_line:
            shapes.append(shapely.MultiLineString([r for r in rings if len(r) > 1]))
        elif any(len(r) > 2 for r in rings):
            shapes.append(shapely.MultiPolygon([shapely.Polygon(r) for r in rings if len(r) > 2]))
        else:
            shapes.append(shapely.Point(row["lon"], row["lat"]))
    table = frame.drop(columns=["lon", "lat", "outline"])
    return geopandas.GeoDataFrame(table, geometry=shapes, crs="EPSG:4326")
