"""From longitude and latitude to the paper of a map."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import shapely
from pyproj import Transformer
from shapely.geometry.base import BaseGeometry

__all__ = ["OCEAN", "REGION", "Frame", "close_up"]

Floats = npt.NDArray[np.float64]

CONIC = "+proj=lcc +lat_1=28 +lat_2=52 +lat_0=40 +lon_0={lon:g} +datum=WGS84 +units=km"
WORLD = "+proj=eqearth +lon_0={lon:g} +datum=WGS84 +units=km"


@dataclass(frozen=True)
class Frame:
    """
    A rectangle of paper and the projection that fills it.

    Parameters
    ----------
    name : str
        Makes the ids of the drawing unique in the page.
    projection : str
        PROJ definition, in kilometres.
    bounds : tuple of float
        Left, bottom, right, top in the projection. [km]
    width : int
        Width of the drawing in its own units.
    reading : tuple of float
        West, south, east, north of what is read from the shapes. [degree]
    detail : {'10m', '50m', '110m'}
        Natural Earth scale of the shapes.
    tolerance : float
        Greatest departure of a simplified line, in units of the drawing.
    """

    name: str
    projection: str
    bounds: tuple[float, float, float, float]
    width: int
    reading: tuple[float, float, float, float]
    detail: str = "10m"
    tolerance: float = 0.4

    @cached_property
    def _transformer(self) -> Transformer:
        return Transformer.from_crs("EPSG:4326", self.projection, always_xy=True)

    @property
    def kind(self) -> str:
        """What it shows: region, close or ocean; further frames of a kind are `close-2` and so on."""
        return self.name.partition("-")[0]

    @property
    def scale(self) -> float:
        """Units of the drawing in a kilometre."""
        return self.width / (self.bounds[2] - self.bounds[0])

    @property
    def height(self) -> int:
        """Height of the drawing in its own units."""
        return round((self.bounds[3] - self.bounds[1]) * self.scale)

    @cached_property
    def paper(self) -> BaseGeometry:
        """The frame with a margin, to which lines are cut."""
        return shapely.box(-12, -12, self.width + 12, self.height + 12)

    def place(self, lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
        """
        Return positions on the paper; x to the right, y down.

        Parameters
        ----------
        lon, lat : ndarray, shape (n,)
            [degree]

        Returns
        -------
        x, y : ndarray, shape (n,)
            Inf where the projection has no place for a point.
        """
        x, y = self._transformer.transform(np.asarray(lon, float), np.asarray(lat, float))
        return (
            (np.asarray(x) - self.bounds[0]) * self.scale,
            (self.bounds[3] - np.asarray(y)) * self.scale,
        )

    def point(self, lon: float, lat: float) -> tuple[float, float]:
        """Return the position of one place."""
        x, y = self.place(np.array([lon]), np.array([lat]))
        return float(x[0]), float(y[0])

    def holds(self, x: float, y: float, margin: float = 0.0) -> bool:
        """Tell whether a position lies on the paper."""
        return -margin <= x <= self.width + margin and -margin <= y <= self.height + margin


REGION = Frame(
    name="region",
    projection=CONIC.format(lon=58),
    bounds=(-2800, -2050, 3050, 2060),
    width=1200,
    reading=(0, 5, 125, 75),
)
"""The study region: from the Danube to Gansu and from Moscow to the Arabian Sea."""

OCEAN = Frame(
    name="ocean",
    projection=WORLD.format(lon=58),
    bounds=(-7100, -4750, 7500, 6700),
    width=520,
    reading=(-121, -60, 180, 80),
    detail="110m",
    tolerance=0.5,
)
"""The ocean lanes between Europe, the Cape and China."""


def close_up(west: float, south: float, east: float, north: float, width: int = 800) -> Frame:
    """
    Return a frame for a part of the region.

    Narrow or flat boxes are widened to a shape that reads well (3:2).

    Parameters
    ----------
    west, south, east, north : float
        [degree]
    """
    lon = (west + east) / 2
    draft = Frame("close", CONIC.format(lon=round(lon)), (0, 0, 1, 1), 1, (0, 0, 0, 0))
    grid_lon, grid_lat = np.meshgrid(np.linspace(west, east, 9), np.linspace(south, north, 9))
    x, y = draft.place(grid_lon.ravel(), grid_lat.ravel())
    x_mid, y_mid = (x.min() + x.max()) / 2, -(y.min() + y.max() - 2) / 2
    half = max(float(np.ptp(x)), 1.5 * float(np.ptp(y)), 300.0) / 2
    return Frame(
        name="close",
        projection=draft.projection,
        bounds=(x_mid - half, y_mid - half / 1.5, x_mid + half, y_mid + half / 1.5),
        width=width,
        reading=(west - 9, south - 7, east + 9, north + 7),
        tolerance=0.5,
    )
