"""Which names a map can carry, and where: greedy, from the most to the least important."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from isthmus.output.map.projection import Frame

__all__ = ["Label", "Placed", "place_labels"]

_SIDES = (
    ("start", 0.55, 0.34),
    ("end", -0.55, 0.34),
    ("start", 0.4, -0.45),
    ("start", 0.4, 1.1),
    ("end", -0.4, -0.45),
    ("end", -0.4, 1.1),
    ("middle", 0.0, -0.75),
    ("middle", 0.0, 1.45),
)
_ZOOMS = (1, 2, 4, 8)
_GLYPH = 0.56
"""Mean width of a letter of a system sans-serif, in em, a little generous."""

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Label:
    """
    A name that asks for room.

    Parameters
    ----------
    text : str
    x, y : float
        Position on the paper.
    weight : float
        Greater comes first.
    size : float
        Height of the letters, in units of the paper.
    since : int
        Least enlargement at which it may be shown.
    """

    text: str
    x: float
    y: float
    weight: float
    size: float = 10.5
    since: int = 1


@dataclass(frozen=True)
class Placed:
    """
    A name that found room.

    Parameters
    ----------
    label : Label
    anchor : {'start', 'middle', 'end'}
    dx, dy : float
        Offset from the position. [em]
    zoom : int
        From which enlargement on it is shown.
    """

    label: Label
    anchor: str
    dx: float
    dy: float
    zoom: int

    def box(self) -> Box:
        """Return the room it takes before any enlargement."""
        return _box(self.label, self.anchor, self.dx, self.dy, 1.0)


def place_labels(
    labels: Sequence[Label],
    frame: Frame,
    *,
    taken: Iterable[Box] = (),
    zooms: Sequence[int] = _ZOOMS,
    shrink: float = 0.85,
    sides: Sequence[tuple[str, float, float]] = _SIDES,
) -> list[Placed]:
    """
    Choose names and sides so that no two overlap at any enlargement.

    Parameters
    ----------
    labels : sequence of Label
    frame : Frame
    taken : iterable of tuple
        Boxes that are in use already: left, top, right, bottom, in units of the paper.
    zooms : sequence of int
        Enlargements at which more names may appear.
    shrink : float
        Letters are drawn at ``zoom ** -shrink`` of their size, as the page's script does.
    sides : sequence of (anchor, dx, dy)
        Where a name may stand, best first. [em]

    Returns
    -------
    list of Placed
        A name that finds no room is left out; its place still carries it on hovering.
    """
    waiting = sorted(labels, key=lambda one: (-one.weight, one.text))
    placed: list[Placed] = []
    fixed = list(taken)
    for zoom in zooms:
        factor = float(zoom) ** -shrink
        boxes = fixed + [_box(p.label, p.anchor, p.dx, p.dy, factor) for p in placed]
        left = [label for label in waiting if label.since > zoom]
        for label in (one for one in waiting if one.since <= zoom):
            for anchor, dx, dy in sides:
                box = _box(label, anchor, dx, dy, factor)
                inside = frame.holds(box[0], box[1], -2) and frame.holds(box[2], box[3], -2)
                if inside and not any(_meet(box, other) for other in boxes):
                    placed.append(Placed(label, anchor, dx, dy, zoom))
                    boxes.append(box)
                    break
            else:
                left.append(label)
        waiting = left
    return placed


def _box(label: Label, anchor: str, dx: float, dy: float, factor: float) -> Box:
    size = label.size * factor
    width = len(label.text) * _GLYPH * size
    left = label.x + dx * size - {"start": 0.0, "middle": 0.5, "end": 1.0}[anchor] * width
    base = label.y + dy * size
    return left - 1.5 * factor, base - 0.85 * size, left + width + 1.5 * factor, base + 0.3 * size


def _meet(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
