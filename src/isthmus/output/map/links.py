"""Links on a map: their lines, their widths by tonnes, and what hovering says about them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely
from markupsafe import Markup, escape

from isthmus.formats.coordinates import line_points
from isthmus.output.map.basemap import path_of
from isthmus.output.map.projection import Frame
from isthmus.output.page.theme import MODES, STATUSES, ModeStyle
from isthmus.output.text.numerals import number, scale_for

__all__ = ["Drawn", "draw_links", "lay_out", "view_of", "width_of"]

WIDEST = 9.0
"""Width of the greatest flow. [unit of the drawing]"""

_APART = 3.4
"""Distance between parallel links of one pair of places. [unit of the drawing]"""

_PASSABLE = ("open", "limited")


@dataclass(frozen=True)
class Drawn:
    """
    One link on the paper of one frame.

    Parameters
    ----------
    key : str
        Id of its path in the page.
    path : str
    mode, name, title : str
    middle : tuple of float
        Where a mark of closure goes.
    status_base, status_new : str
    flow_base, flow_new : float
        [t/yr]
    """

    key: str
    path: str
    mode: str
    title: str
    middle: tuple[float, float]
    status_base: str
    status_new: str
    flow_base: float
    flow_new: float

    def flow(self, view: str) -> float:
        """Tonnes of a view; the change where the view is the difference."""
        if view == "diff":
            return self.flow_new - self.flow_base
        return self.flow_new if view == "new" else self.flow_base

    def status(self, view: str) -> str:
        """Status in a view."""
        return self.status_base if view == "base" else self.status_new

    @property
    def is_opened(self) -> bool:
        """Whether the order opens it."""
        return self.status_new in _PASSABLE and self.status_base not in _PASSABLE

    @property
    def is_shut(self) -> bool:
        """Whether the order closes it."""
        return self.status_base in _PASSABLE and self.status_new not in _PASSABLE


def lay_out(links: pd.DataFrame, frame: Frame, *, compared: bool) -> list[Drawn]:
    """
    Place the links that touch a frame.

    Parameters
    ----------
    links : DataFrame
        As in `ReportBundle`.
    frame : Frame
    compared : bool
        Whether titles name a base.

    Returns
    -------
    list of Drawn
        Links of one pair of places lie side by side.
    """
    rows = links.to_dict("records")
    pairs = [_pair(row) for row in rows]
    total: dict[object, int] = {}
    for pair in pairs:
        total[pair] = total.get(pair, 0) + 1
    seen: dict[object, int] = {}
    drawn = []
    for i, (row, pair) in enumerate(zip(rows, pairs, strict=True)):
        rank = seen.get(pair, 0)
        seen[pair] = rank + 1
        shift = (rank - (total[pair] - 1) / 2) * _APART
        start, end = (row["from_lon"], row["from_lat"]), (row["to_lon"], row["to_lat"])
        if not all(math.isfinite(v) for v in (*start, *end)):
            continue
        # One direction for a pair, so that all of its links step aside to distinct sides.
        sign = 1.0 if start <= end else -1.0
        line = _on_paper(line_points(start, row["waypoints"], end), frame, sign * shift)
        if line is None:
            continue
        middle = line.interpolate(0.5, normalized=True)
        drawn.append(
            Drawn(
                key=f"{frame.name}-{i}",
                path=path_of([line]),
                mode=str(row["mode"]),
                title=_title(row, compared=compared),
                middle=(middle.x, middle.y),
                status_base=_text(row["status_base"]),
                status_new=_text(row["status_new"]),
                flow_base=_amount(row["flow_base"]),
                flow_new=_amount(row["flow_new"]),
            )
        )
    return drawn


def width_of(flow: float, top: float) -> float:
    """
    Return the width of a line: its area, not its width, grows with the tonnes.

    Examples
    --------
    >>> width_of(25.0, 100.0), width_of(100.0, 100.0)
    (4.95, 9.0)
    """
    if top <= 0:
        return 0.9
    return round(0.9 + (WIDEST - 0.9) * math.sqrt(min(1.0, abs(flow) / top)), 2)


def draw_links(links: Iterable[Drawn], view: str, top: float) -> Markup:
    """
    Draw one view of the links.

    Parameters
    ----------
    links : iterable of Drawn
    view : {'base', 'new', 'diff'}
    top : float
        Flow or change of the widest line. [t/yr]

    Returns
    -------
    Markup
    """
    idle, glow, moving, marks = [], [], [], []
    for link in sorted(links, key=lambda one: -abs(one.flow(view))):
        status, flow = link.status(view), link.flow(view)
        if not status:
            continue
        if view != "base" and (link.is_opened or link.is_shut):
            kind = "opened" if link.is_opened else "shut"
            width = width_of(flow, top) + 6
            glow.append(f'<use href="#{link.key}" class="glow {kind}" style="--w:{width:g}"/>')
        if status not in _PASSABLE and not (view == "diff" and link.is_shut and flow):
            kind = "closed" if status in ("closed", "destroyed") else "planned"
            idle.append(f'<use href="#{link.key}" class="{kind} m-{link.mode}"/>')
            if kind == "closed":
                x, y = link.middle
                marks.append(f'<use href="#mark-shut" x="{x:.1f}" y="{y:.1f}"/>')
            continue
        if abs(flow) <= 0.002 * top:
            idle.append(f'<use href="#{link.key}" class="idle"/>')
            continue
        width = width_of(flow, top)
        kind = f"m-{link.mode}" if view != "diff" else ("more" if flow > 0 else "less")
        limited = " limited" if status == "limited" else ""
        if width > 2.2:
            moving.append(f'<use href="#{link.key}" class="case" style="--w:{width + 1.5:g}"/>')
        moving.append(
            f'<use href="#{link.key}" class="flow {kind}{limited}" style="--w:{width:g}"/>'
        )
    return Markup("".join([*glow, *idle, *moving, *marks]))


def view_of(view: str, body: str) -> Markup:
    """Wrap a group that shows in one view only."""
    return Markup('<g class="view v-{}">{}</g>').format(view, Markup(body))


def _pair(row: dict[str, object]) -> object:
    start = (row["from_lon"], row["from_lat"])
    end = (row["to_lon"], row["to_lat"])
    return tuple(sorted([start, end], key=str))


def _on_paper(
    points: list[tuple[float, float]], frame: Frame, shift: float
) -> shapely.LineString | None:
    """Project a chain, move it aside between its ends, and cut it to the frame."""
    lon, lat = np.array(points).T
    x, y = frame.place(lon, lat)
    if len(x) < 2 or not (np.isfinite(x).all() and np.isfinite(y).all()):
        return None
    line = shapely.LineString(np.column_stack([x, y]))
    if line.length == 0:
        return None
    if shift:
        line = _aside(line, shift)
    cut = shapely.intersection(line, frame.paper)
    parts = [p for p in shapely.get_parts(cut) if p.geom_type == "LineString" and p.length > 0.5]
    if not parts:
        return None
    longest: shapely.LineString = max(parts, key=lambda p: float(p.length))
    return shapely.LineString(longest.coords)


def _aside(line: shapely.LineString, shift: float) -> shapely.LineString:
    """Bow a chain to one side; its ends stay in place."""
    xy = shapely.get_coordinates(line)
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(xy, axis=0).T))])
    taper = min(0.2 * along[-1], 14.0)
    stops = np.unique(np.concatenate([along, [taper, along[-1] - taper]]))
    x, y = np.interp(stops, along, xy[:, 0]), np.interp(stops, along, xy[:, 1])
    chord = xy[-1] - xy[0]
    length = math.hypot(*chord) or 1.0
    reach = shift * np.clip(np.minimum(stops, along[-1] - stops) / taper, 0.0, 1.0)
    return shapely.LineString(
        np.column_stack([x - chord[1] / length * reach, y + chord[0] / length * reach])
    )


def _title(row: dict[str, object], *, compared: bool) -> str:
    """Say in a few lines what a link is, carries and rests on."""
    style = MODES.get(str(row["mode"]), ModeStyle(str(row["mode"]), "idle"))
    base, new = _amount(row["flow_base"]), _amount(row["flow_new"])
    scale = scale_for([base, new], "t/yr")
    lines = [f"{row['name']}", f"{style.label} · {row['territory']}"]
    status = [
        STATUSES.get(s, s) or "not there"
        for s in (_text(row["status_base"]), _text(row["status_new"]))
    ]
    if compared:
        lines.append(f"{scale.show(base)} → {scale.show(new)} {scale.unit}")
        lines.append(status[0] if status[0] == status[1] else f"{status[0]} → {status[1].lower()}")
    else:
        lines += [f"{scale.show(new)} {scale.unit}", status[1]]
    capacity = row["capacity"]
    if isinstance(capacity, (int, float)) and math.isfinite(capacity):
        room = scale_for([float(capacity)], "t/yr")
        share = f", {number(100 * new / capacity, digits=2)} % used" if capacity > 0 else ""
        lines.append(f"Capacity {room.show(float(capacity))} {room.unit}{share}")
    if _text(row["source"]):
        lines.append(f"Source: {_text(row['source'])[:120]}")
    return str(escape("\n".join(lines)))


def _amount(value: object) -> float:
    """A flow as a number; none where the link does not exist."""
    return float(value) if isinstance(value, (int, float)) and math.isfinite(value) else 0.0


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
