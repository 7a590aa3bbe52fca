"""The maps of a report: inline SVG, drawn here, alive without a script."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from markupsafe import Markup, escape

from isthmus.formats.coordinates import line_points
from isthmus.output.bundle import ReportBundle
from isthmus.output.map.basemap import draw_ground
from isthmus.output.map.links import Drawn, draw_links, lay_out, view_of, width_of
from isthmus.output.map.places import SYMBOLS, draw_crossings, draw_disputed, draw_names, draw_nodes
from isthmus.output.map.projection import OCEAN, REGION, Frame, close_up
from isthmus.output.page.theme import MODES, REGIMES
from isthmus.output.text.numerals import scale_for

__all__ = [
    "DEFINITIONS",
    "Maps",
    "Tops",
    "draw_map",
    "draw_maps",
    "focus_of",
    "legend_of",
    "tops_of",
]

DEFAULT_FOCUS = (38.5, 37.2, 53.5, 44.6)
"""The South Caucasus and the west of the Caspian: west, south, east, north. [degree]"""

DEFINITIONS = Markup(
    '<svg class="defs" width="0" height="0" aria-hidden="true"><defs>'
    '<pattern id="hatch" width="5" height="5" patternUnits="userSpaceOnUse" '
    'patternTransform="rotate(45)"><rect class="hatch-ground" width="5" height="5"/>'
    '<path class="hatch-line" d="M0 0v5"/></pattern>'
    '<g id="mark-shut"><path class="mark-shut" d="M-2.4-2.4 2.4 2.4M2.4-2.4-2.4 2.4"/></g>'
    "</defs></svg>"
)
"""Pattern and mark shared by every drawing of the page."""


@dataclass(frozen=True)
class Tops:
    """
    Flows that get the widest line.

    Parameters
    ----------
    flow : float
        In the views of base and order. [t/yr]
    change : float
        In the view of the difference. [t/yr]
    """

    flow: float
    change: float

    def of(self, view: str) -> float:
        """Return the top of a view."""
        return self.change if view == "diff" else self.flow


@dataclass(frozen=True)
class Maps:
    """
    What the report shows as maps.

    Parameters
    ----------
    region, close, ocean : Markup
        Drawings; `ocean` is empty where no lane lies outside the region.
    legend : Markup
    views : tuple of str
        Views that can be chosen, the one shown first at the head.
    """

    region: Markup
    close: Markup
    ocean: Markup
    legend: Markup
    views: tuple[str, ...]


def draw_maps(bundle: ReportBundle) -> Maps:
    """
    Draw the region, a close-up of where the order bites, and the ocean lanes.

    Parameters
    ----------
    bundle : ReportBundle

    Returns
    -------
    Maps
    """
    views = ("diff", "new", "base") if bundle.compared else ("new",)
    on_region = lay_out(bundle.links, REGION, compared=bundle.compared)
    close = close_up(*(bundle.focus or focus_of(bundle)))
    on_close = lay_out(bundle.links, close, compared=bundle.compared)
    tops = tops_of(on_region)
    far = _outside(bundle.links)
    ocean = Markup("")
    if len(far):
        on_ocean = lay_out(far, OCEAN, compared=bundle.compared)
        ocean = draw_map(bundle, OCEAN, on_ocean, views, tops_of(on_ocean))
    return Maps(
        region=draw_map(bundle, REGION, on_region, views, tops),
        close=draw_map(bundle, close, on_close, views, tops),
        ocean=ocean,
        legend=legend_of(on_region, views, tops, bundle),
        views=views,
    )


def draw_map(
    bundle: ReportBundle, frame: Frame, links: Sequence[Drawn], views: Sequence[str], tops: Tops
) -> Markup:
    """
    Draw one map.

    Parameters
    ----------
    bundle : ReportBundle
    frame : Frame
    links : sequence of Drawn
        Laid out for this frame.
    views : sequence of str
    tops : Tops

    Returns
    -------
    Markup
        One ``svg`` element. All its text is escaped.
    """
    ground = draw_ground(frame)
    paths = "".join(f'<path id="{one.key}" d="{one.path}"/>' for one in links)
    layers = [view_of(v, draw_links(links, v, tops.of(v))) for v in views]
    hover = "".join(
        f'<use href="#{o.key}" class="hit"><title>{o.title}</title></use>' for o in links
    )
    detailed = frame.kind != "ocean"
    crossings = [view_of(v, draw_crossings(bundle.crossings, frame, v)) for v in views if detailed]
    names = draw_names(
        bundle.nodes if detailed else bundle.nodes.iloc[:0],
        bundle.by_territory if detailed else bundle.by_territory.iloc[:0],
        frame,
        stressed=_changed_places(bundle),
    )
    label = {
        "region": "Map of the region: flows by link",
        "close": "Map of the part of the region that the order changes",
        "ocean": "Map of the ocean lanes outside the region",
    }[frame.kind]
    return Markup(
        f'<svg class="map map-{frame.kind}" viewBox="0 0 {frame.width} {frame.height}" '
        f'role="img" aria-label="{escape(label)}">'
        f"<defs>{paths}</defs>"
        f'<rect class="water" width="{frame.width}" height="{frame.height}"/>'
        f'<path class="land" d="{ground.land}"/><path class="lakes" d="{ground.lakes}"/>'
        f'<path class="border" d="{ground.borders}"/>'
        f'<path class="dispute" d="{ground.disputed}">'
        "<title>Status disputed: drawn broken, no side is taken</title></path>"
        f"{draw_disputed(bundle.disputed, frame) if detailed else ''}"
        f"{''.join(layers)}{hover}"
        f"{draw_nodes(bundle.nodes, frame) if detailed else ''}"
        f"{''.join(crossings)}{names}</svg>"
    )


def focus_of(bundle: ReportBundle) -> tuple[float, float, float, float]:
    """
    Return the box to look at closely: around what the order changes.

    Changed links and crossings come first, else the links whose flow changes most; without either,
    or where they spread too far for a close look, the South Caucasus.

    Returns
    -------
    tuple of float
        West, south, east, north. [degree]
    """
    links, crossings = bundle.links, bundle.crossings
    moved = links[links["status_base"].fillna("").ne(links["status_new"].fillna(""))]
    turned = crossings[crossings["regime_base"].ne(crossings["regime_new"])]
    if bundle.compared and not len(moved) and not len(turned) and len(links):
        shift = (links["flow_new"].fillna(0) - links["flow_base"].fillna(0)).abs()
        moved = links[shift.gt(0.5 * shift.max())] if shift.max() > 0 else moved
    lon = np.concatenate([moved["from_lon"], moved["to_lon"], turned["lon"]]).astype(float)
    lat = np.concatenate([moved["from_lat"], moved["to_lat"], turned["lat"]]).astype(float)
    if not bundle.compared or not len(lon):
        return DEFAULT_FOCUS
    west, east = float(lon.min()) - 2.0, float(lon.max()) + 2.0
    south, north = float(lat.min()) - 1.2, float(lat.max()) + 1.2
    if east - west > 24 or north - south > 14:
        return DEFAULT_FOCUS
    pad_lon, pad_lat = max(0.0, 12 - (east - west)) / 2, max(0.0, 6 - (north - south)) / 2
    return west - pad_lon, south - pad_lat, east + pad_lon, north + pad_lat


def tops_of(links: Sequence[Drawn]) -> Tops:
    """
    Return the flows that get the widest line.

    Scaled to the land and the Caspian: a lane of the open sea would make them all look thin.
    """
    inland = [one for one in links if one.mode != "sea"]
    links = inland if any(one.flow_base or one.flow_new for one in inland) else links
    flow = max((max(one.flow_base, one.flow_new) for one in links), default=0.0)
    change = max((abs(one.flow_new - one.flow_base) for one in links), default=0.0)
    return Tops(flow, change)


def _outside(links: pd.DataFrame) -> pd.DataFrame:
    """Return the water links that leave the region's frame."""
    if not len(links):
        return links
    keep = []
    for row in links.to_dict("records"):
        ends = (row["from_lon"], row["from_lat"]), (row["to_lon"], row["to_lat"])
        points = line_points(ends[0], row["waypoints"], ends[1])
        out = any(not REGION.holds(*REGION.point(*p), 12) for p in points)
        keep.append(out and row["mode"] == "sea")
    return links[np.array(keep, bool)]


def _changed_places(bundle: ReportBundle) -> list[str]:
    """Names of crossings whose regime changes, and of the ends of links whose status does."""
    turned = bundle.crossings["regime_base"].ne(bundle.crossings["regime_new"])
    names = [str(n) for n in bundle.crossings.loc[turned, "name"]]
    links = bundle.links
    moved = links[links["status_base"].fillna("").ne(links["status_new"].fillna(""))]
    ends = {(a, b) for a, b in zip(moved["from_lon"], moved["from_lat"], strict=True)}
    ends |= {(a, b) for a, b in zip(moved["to_lon"], moved["to_lat"], strict=True)}
    at = zip(bundle.nodes["name"], bundle.nodes["lon"], bundle.nodes["lat"], strict=True)
    return [*names, *(str(n) for n, lon, lat in at if (lon, lat) in ends)]


def legend_of(
    links: Sequence[Drawn], views: Sequence[str], tops: Tops, bundle: ReportBundle
) -> Markup:
    """
    Explain lines, widths, marks and symbols, and only those that occur.

    Parameters
    ----------
    links : sequence of Drawn
    views : sequence of str
    tops : Tops
    bundle : ReportBundle
    """
    modes = [m for m in MODES if any(one.mode == m for one in links)]
    lines = "".join(
        _key(f'<path class="flow m-{m}" style="--w:3.4" d="M2 8h40"/>', MODES[m].label)
        for m in modes
    )
    states = _key('<path class="idle" d="M2 8h40"/>', "Open, no model flow")
    if any(
        s in ("planned", "under_construction") for o in links for s in (o.status_base, o.status_new)
    ):
        states += _key('<path class="planned" d="M2 8h40"/>', "Planned or under construction")
    if any(s in ("closed", "destroyed") for o in links for s in (o.status_base, o.status_new)):
        states += _key(
            '<path class="closed" d="M2 8h40"/><use href="#mark-shut" x="22" y="8"/>',
            "Closed or destroyed",
        )
    if any(one.is_opened for one in links):
        opened = '<path class="glow opened" style="--w:9" d="M4 8h36"/>'
        states += _key(
            opened + '<path class="flow m-rail" style="--w:2.4" d="M4 8h36"/>',
            "Opened by the order",
        )
    if any(one.is_shut for one in links):
        states += _key('<path class="glow shut" style="--w:9" d="M4 8h36"/>', "Closed by the order")
    widths = "".join(f'<div class="view v-{v}">{_widths(v, tops.of(v))}</div>' for v in views)
    regimes = [
        r
        for r in REGIMES
        if (bundle.crossings["regime_base"].eq(r) | bundle.crossings["regime_new"].eq(r)).any()
    ]
    symbols = "".join(
        _key(
            f'<g transform="translate(22 8)"><g class="sym r-{r}">{SYMBOLS[r]}</g></g>', REGIMES[r]
        )
        for r in regimes
    )
    disputed = _key(
        '<path class="dispute-area" d="M4 2h36v12H4z"/>',
        "Status disputed: who says what, see below",
    ) + _key('<path class="dispute" d="M2 8h40"/>', "Line that is not settled")
    groups = (
        ("Tonnes a year", widths),
        ("Mode", lines),
        ("State", states),
        ("Border control", symbols),
        ("Status disputed", disputed),
    )
    return Markup("".join(f"<section><h4>{h}</h4>{body}</section>" for h, body in groups if body))


def _widths(view: str, top: float) -> str:
    """Show three round amounts at their widths."""
    if top <= 0:
        return '<p class="quiet">No flow changes.</p>' if view == "diff" else ""
    round_top = 10.0 ** math.floor(math.log10(top))
    round_top *= max(m for m in (1.0, 2.0, 5.0) if m * round_top <= top)
    steps = [round_top, round_top / 4, round_top / 20]
    scale = scale_for(steps[:1], "t/yr")
    rows = ""
    for kind, sign in (("more", "+"), ("less", "−")) if view == "diff" else (("", ""),):
        for step in steps:
            colour = kind or "m-rail"
            text = f"{sign}{step / scale.factor:g} {scale.unit}"
            text += " and more" if step == round_top else ""
            width = width_of(step, top)
            rows += _key(f'<path class="flow {colour}" style="--w:{width:g}" d="M2 8h40"/>', text)
    return rows


def _key(drawing: str, text: str) -> str:
    return (
        f'<div class="key"><svg width="44" height="16" viewBox="0 0 44 16" aria-hidden="true">'
        f"{drawing}</svg><span>{escape(text)}</span></div>"
    )
