"""Places on a map: crossings by regime, cities and ports, disputed areas, seas, names."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

import pandas as pd
import shapely
from markupsafe import Markup, escape

from isthmus.formats.coordinates import parse_rings
from isthmus.output.map.basemap import path_of, shapes_folder
from isthmus.output.map.labels import Label, Placed, place_labels
from isthmus.output.map.projection import Frame
from isthmus.output.page.theme import MODES, REGIMES
from isthmus.output.text.numerals import scale_for

__all__ = ["SYMBOLS", "draw_crossings", "draw_disputed", "draw_names", "draw_nodes", "name_grounds"]

SEAS: tuple[tuple[str, float, float], ...] = (
    ("Black Sea", 34.5, 43.1),
    ("Sea of Azov", 36.7, 46.15),
    ("Caspian Sea", 50.9, 41.6),
    ("Mediterranean Sea", 29.0, 34.0),
    ("Aegean Sea", 25.0, 38.6),
    ("Red Sea", 37.6, 22.3),
    ("Persian Gulf", 51.2, 27.2),
    ("Gulf of Oman", 59.2, 24.9),
    ("Arabian Sea", 63.5, 22.6),
)
"""Names as the United Nations uses them, with the place of the label."""

OCEANS: tuple[tuple[str, float, float], ...] = (
    ("Atlantic Ocean", -6.0, -18.0),
    ("Indian Ocean", 78.0, -18.0),
    ("Arabian Sea", 64.0, 13.0),
    ("South China Sea", 113.5, 13.0),
)

SYMBOLS: dict[str, str] = {
    "closed": '<circle r="4.4"/><path d="M-2-2 2 2M2-2-2 2"/>',
    "normal": '<circle r="2.1"/>',
    "customs_union": '<circle r="3"/><circle r="1" class="dot"/>',
    "facilitated": '<path d="M0-4.2 4.2 0 0 4.2-4.2 0z"/>',
    "sealed_transit": '<path d="M-3.4-3.4h6.8v6.8h-6.8z"/><path d="M-3.4 3.4 3.4-3.4"/>',
    "unimpeded": '<path d="M0-4.6 4.4 3.2h-8.8z"/>',
}
"""A shape for each regime; the colour only helps."""

_RANK = {"city": 1.0, "port": 0.9, "terminal": 0.8, "gauge_change": 0.5, "strait": 0.4}
_STRICT = list(REGIMES)
_EARLY = {
    "region": ("city", "port", "terminal"),
    "close": ("city", "port", "terminal", "border"),
    "ocean": (),
}
_MOST_NAMES = {"region": 72, "close": 46, "ocean": 0}


def draw_crossings(crossings: pd.DataFrame, frame: Frame, view: str) -> Markup:
    """
    Draw a symbol for each border place and regime.

    Road and rail of one place share a symbol where their regimes agree and stand side by side
    where they differ. Changed ones wear a ring, in the views that know of the change.
    """
    column = "regime_base" if view == "base" else "regime_new"
    parts = []
    for (lon, lat), group in crossings.groupby(["lon", "lat"], sort=False):
        x, y = frame.point(float(lon), float(lat))
        if not frame.holds(x, y):
            continue
        regimes = sorted({str(r) for r in group[column] if r in SYMBOLS}, key=_STRICT.index)
        changed = bool((group["regime_base"] != group["regime_new"]).any()) and view != "base"
        title = escape(_crossing_title(group, view))
        for i, regime in enumerate(regimes):
            dx = (i - (len(regimes) - 1) / 2) * 9.6
            ring = '<circle r="7.5" class="ring"/>' if changed else ""
            late = "" if changed or regime != "normal" else " z2"
            parts.append(
                f'<g transform="translate({x:.1f} {y:.1f})"><g class="sym r-{regime}{late}">'
                f'<g transform="translate({dx:g} 0)">{ring}{SYMBOLS[regime]}</g>'
                f"<title>{title}</title></g></g>"
            )
    return Markup("".join(parts))


def draw_nodes(nodes: pd.DataFrame, frame: Frame) -> Markup:
    """Draw a dot for each place that is no border; small ones appear when the map is enlarged."""
    parts = []
    for row in nodes.to_dict("records"):
        if row["node_type"] in ("border", "sea_point", "junction", "strait"):
            continue
        x, y = frame.point(row["lon"], row["lat"])
        if not frame.holds(x, y):
            continue
        late = "" if row["node_type"] in ("city", "port") else " z2"
        shape = "square" if row["node_type"] == "port" else "round"
        mark = '<path d="M-2-2h4v4h-4z"/>' if shape == "square" else '<circle r="1.9"/>'
        title = escape(_place_title(row))
        parts.append(
            f'<g transform="translate({x:.1f} {y:.1f})"><g class="node{late}">{mark}'
            f"<title>{title}</title></g></g>"
        )
    return Markup("".join(parts))


def draw_disputed(disputed: pd.DataFrame, frame: Frame) -> Markup:
    """Draw each area whose status is disputed, hatched, with a broken edge and who says what."""
    parts = []
    for row in disputed.to_dict("records"):
        title = escape(
            f"{row['name']}: status disputed\nUN usage: {row['un_usage']}\n{row['positions']}"
        )
        rings = parse_rings(row["outline"])
        closed = not (isinstance(row["outline"], str) and "LINE" in row["outline"].upper())
        placed = [
            shapely.LineString([frame.point(*p) for p in ([*ring, ring[0]] if closed else ring)])
            for ring in rings
            if len(ring) > 1
        ]
        kept = [p for p in placed if p.intersects(frame.paper)]
        if kept:
            path = path_of(kept, close=closed)
            kind = "dispute-area" if closed else "dispute"
            parts.append(f'<path class="{kind}" d="{path}"><title>{title}</title></path>')
        elif not rings and math.isfinite(row["lon"]) and math.isfinite(row["lat"]):
            x, y = frame.point(row["lon"], row["lat"])
            if frame.holds(x, y):
                parts.append(
                    f'<circle class="dispute-area" cx="{x:.1f}" cy="{y:.1f}" r="9">'
                    f"<title>{title}</title></circle>"
                )
    return Markup("".join(parts))


def name_grounds(territories: pd.DataFrame, frame: Frame) -> tuple[list[Label], list[Label]]:
    """
    Return the names of states and of seas, with room to spread.

    States are named as the frame of results names them: others stay without a name.
    """
    spots = label_spots()
    states = []
    for identity, name in zip(territories["territory_id"], territories["name"], strict=True):
        if identity in spots:
            lon, lat, rank = spots[identity]
            x, y = frame.point(lon, lat)
            # Capitals with wide tracking take about a third more room than running letters.
            states.append(Label(str(name).upper(), x, y, 10.0 - rank, 15.5))
    seas = []
    for name, lon, lat in OCEANS if frame.kind == "ocean" else SEAS:
        x, y = frame.point(lon, lat)
        seas.append(Label(name, x, y, 5.0, 12.0))
    return states, seas


def draw_names(
    nodes: pd.DataFrame,
    territories: pd.DataFrame,
    frame: Frame,
    *,
    stressed: Sequence[str] = (),
) -> Markup:
    """
    Draw names with halos, none over another at any enlargement.

    Parameters
    ----------
    nodes, territories : DataFrame
    frame : Frame
    stressed : sequence of str
        Names of places that come first: those an order changes.
    """
    states, seas = name_grounds(territories, frame)
    middle = (("middle", 0.0, 0.35),)
    sea_names = place_labels(seas, frame, zooms=(1,), sides=middle)
    state_names = place_labels(
        states, frame, zooms=(1, 2, 4), sides=middle, taken=[p.box() for p in sea_names]
    )
    taken = [p.box() for p in (*sea_names, *state_names) if p.zoom == 1]
    places = place_labels(_place_labels(nodes, frame, set(stressed)), frame, taken=taken)
    groups = (("sea", sea_names), ("state", state_names), ("place", places))
    return Markup("".join(_text(p, kind) for kind, group in groups for p in group))


def _place_labels(nodes: pd.DataFrame, frame: Frame, stressed: set[str]) -> list[Label]:
    flow = nodes["flow_new"] if "flow_new" in nodes else pd.Series(0.0, index=nodes.index)
    top = float(flow.max()) if len(flow) and flow.max() > 0 else 1.0
    labels = []
    for row, tonnes in zip(nodes.to_dict("records"), flow, strict=True):
        if row["node_type"] in ("sea_point", "junction"):
            continue
        x, y = frame.point(row["lon"], row["lat"])
        if not frame.holds(x, y):
            continue
        weight = _RANK.get(row["node_type"], 0.2) + 1.4 * math.sqrt(max(0.0, float(tonnes)) / top)
        # A long name costs the room of two short ones.
        weight -= 0.04 * max(0, len(str(row["name"])) - 12)
        weight += 3.0 if row["name"] in stressed else 0.0
        first = row["name"] in stressed or row["node_type"] in _EARLY[frame.kind]
        labels.append(Label(str(row["name"]), x, y, weight, 10.5, 1 if first else 2))
    # A map that names everything says nothing: the rest waits until the map is enlarged.
    labels.sort(key=lambda one: (one.since, -one.weight, one.text))
    return [
        replace(one, since=2) if i >= _MOST_NAMES[frame.kind] else one
        for i, one in enumerate(labels)
    ]


def _text(placed: Placed, kind: str) -> str:
    label = placed.label
    late = f" z{placed.zoom}" if placed.zoom > 1 else ""
    return (
        f'<text class="name {kind}{late} a-{placed.anchor}" x="{label.x:.1f}" y="{label.y:.1f}" '
        f'dx="{placed.dx:g}em" dy="{placed.dy:g}em">{escape(label.text)}</text>'
    )


def _place_title(row: dict[str, object]) -> str:
    local = row["local_names"] if isinstance(row["local_names"], str) else ""
    kind = str(row["node_type"]).replace("_", " ")
    return "\n".join(part for part in (str(row["name"]), local, kind) if part)


def _crossing_title(group: pd.DataFrame, view: str) -> str:
    lines = [str(group["name"].iloc[0])]
    for row in group.to_dict("records"):
        base, new = (REGIMES.get(row[c], str(row[c])) for c in ("regime_base", "regime_new"))
        scale = scale_for([row["flow_base"], row["flow_new"]], "t/yr")
        mode = MODES[row["mode"]].label if row["mode"] in MODES else str(row["mode"])
        regime = new if base == new or view == "new" else f"{base} → {new.lower()}"
        tonnes = f"{scale.show(row['flow_base'])} → {scale.show(row['flow_new'])} {scale.unit}"
        if view == "new":
            tonnes = f"{scale.show(row['flow_new'])} {scale.unit}"
        lines.append(f"{mode}: {regime}; {tonnes}")
    return "\n".join(lines)


@lru_cache(maxsize=1)
def label_spots() -> dict[str, tuple[float, float, float]]:
    """Where Natural Earth would write each state's name: lon, lat, rank."""
    import pyogrio.raw

    path = shapes_folder() / "cultural" / "ne_50m_admin_0_countries.shp"
    columns = ["ADM0_A3", "LABEL_X", "LABEL_Y", "LABELRANK"]
    meta, _, _, values = pyogrio.raw.read(path, columns=columns, read_geometry=False)
    by_name = dict(zip(meta["fields"], values, strict=True))
    rows = zip(*(by_name[c] for c in columns), strict=True)
    return {str(code): (float(x), float(y), float(rank)) for code, x, y, rank in rows}
