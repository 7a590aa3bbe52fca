"""A report is one file that stands alone, says everything, and takes no side."""

from __future__ import annotations

import dataclasses
import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pandas as pd
import pytest
import shapely

from isthmus.errors import InputError
from isthmus.output.bundle import FRAMES, Headline, ReportBundle
from isthmus.output.map.basemap import draw_ground, path_of
from isthmus.output.map.drawing import DEFAULT_FOCUS, draw_maps, focus_of
from isthmus.output.map.labels import Label, place_labels
from isthmus.output.map.links import lay_out, width_of
from isthmus.output.map.projection import REGION, close_up
from isthmus.output.page.theme import DARK, LIGHT, MODES, contrast
from isthmus.output.report.order import render_report, write_report
from isthmus.output.text.numerals import number, scale_for, signed
from isthmus.output.text.prose import answer_of, headlines_of
from sample_bundle import PLACES, sample_bundle

VOID = {"meta", "link", "br", "img", "input", "hr"}


class Reader(HTMLParser):
    """Collects tags with their attributes and checks that they close in order."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open[-1] == tag, f"</{tag}> closes <{self.open[-1]}>"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    assert reader.open == []
    return reader


@pytest.fixture(scope="module")
def html() -> str:
    return render_report(sample_bundle())


@pytest.fixture(scope="module")
def page(html: str) -> Reader:
    return read(html)


def test_tags_close_in_order(page: Reader) -> None:
    assert page.tags[0][0] == "html"


def test_every_drawing_is_well_formed(html: str) -> None:
    drawings = re.findall(r"<svg.*?</svg>", html, re.S)
    assert len(drawings) > 5
    for drawing in drawings:
        ElementTree.fromstring(drawing)


def test_nothing_is_fetched_from_outside(html: str, page: Reader) -> None:
    for tag, attributes in page.tags:
        assert tag not in {"link", "img", "iframe", "object", "embed", "base"}
        for name, value in attributes.items():
            if "//" in (value or ""):
                assert (tag, name) == ("a", "href"), (tag, name, value)
        assert tag != "script" or "src" not in attributes
    assert "@import" not in html
    assert all(u.startswith("#") for u in re.findall(r"url\(['\"]?([^)'\"]+)", html))


def test_every_country_corridor_and_crossing_has_its_row(page: Reader) -> None:
    bundle, text = sample_bundle(), "\n".join(page.text)
    lands = bundle.by_territory[~bundle.by_territory["territory_id"].str.startswith("SEA")]
    for name in [*lands["name"], *bundle.corridors["name"], *bundle.sanctions["subject"]]:
        assert name in text
    assert "Caspian Sea" not in [*page.text[page.text.index("Own trade") :]]


def test_who_says_what_of_a_disputed_area_is_in_table_and_map(html: str, page: Reader) -> None:
    bundle = sample_bundle()
    text = "\n".join(page.text)
    assert "Status disputed" in text
    for positions in bundle.disputed["positions"]:
        assert text.count(positions) >= 2
    assert 'class="dispute-area"' in html
    assert 'class="dispute"' in html


def test_sources_of_numbers_are_named_and_linked(page: Reader) -> None:
    addresses = {a.get("href") for tag, a in page.tags if tag == "a"}
    assert {"https://example.org/unece", "https://example.org/declaration"} <= addresses
    assert any("mean of four published stations" in t for t in page.text)


def section(html: str, name: str) -> str:
    found = re.search(rf'<section id="{name}">.*?</section>', html, re.S)
    assert found
    return "\n".join(read(found[0]).text)


def test_bottlenecks_show_their_capacity_who_says_it_and_what_it_is_worth(html: str) -> None:
    text = section(html, "bottlenecks")
    assert text.count("Upper Lars (road, GEO to RUS)") == 3, "two charts and the table"
    for word in ("Almaty – Aktau (rail)", "assumed", "published (low)", "set by order"):
        assert word in text
    cells = text[text.index("External cost") :].split("\n")
    row = cells[cells.index("Upper Lars (road, GEO to RUS)") :]
    figures = [c for c in row if re.fullmatch(r"[\d.,]+", c)][:8]
    assert figures == ["2.90", "3.6", "79.0", "18.0", "210", "120", "71.0", "90.0"]
    assert "Of 4 elements that carry tonnes 2 have a published capacity, 1 an assumed one" in text


def test_an_unknown_capacity_is_counted_and_not_ranked(html: str) -> None:
    text = section(html, "bottlenecks")
    assert "1 none: what waits there is unknown, not nothing" in text
    assert "Alat: rail to sea" not in text


def test_bottlenecks_without_a_comparison_show_no_base() -> None:
    text = section(render_report(sample_bundle(compared=False)), "bottlenecks")
    assert "Cost, base" not in text
    assert "Where the order changes it most" not in text
    assert "Upper Lars (road, GEO to RUS)" in text


def test_every_report_tells_the_gap_of_every_run(page: Reader) -> None:
    text = "\n".join(page.text)
    assert "Relative gap (10⁻⁶ asked for)" in text
    assert "base 1.7 × 10⁻⁹, order 4.1 × 10⁻⁷" in text
    assert re.search(r"Order\s+stochastic\s+4\.1 × 10⁻⁷\s+10⁻⁶\s+yes\s+17\s", text)
    assert "stopped short" not in text


def test_a_run_that_stopped_short_of_its_gap_says_so_on_the_first_screen() -> None:
    bundle = sample_bundle()
    runs = bundle.runs.assign(converged=[True, False], gap=[1e-7, 3e-4])
    html = render_report(dataclasses.replace(bundle, runs=runs))
    first = html[: html.index("<main>")]
    assert "order 3 × 10⁻⁴: stopped short, small differences may not be real" in first


def test_every_text_is_escaped() -> None:
    nasty = "<script>alert('x')</script> & \"Co\""
    bundle = sample_bundle(title=nasty)
    frames = {
        name: getattr(bundle, name).assign(
            **{
                c: nasty
                for c in columns
                if c in ("name", "reason", "positions", "subject", "title", "local_names")
            }
        )
        for name, columns in FRAMES.items()
    }
    bad_link = frames["sources"].assign(url="javascript:alert(1)")
    bundle = dataclasses.replace(bundle, **{**frames, "sources": bad_link}, description=nasty)
    html = render_report(bundle)
    assert "alert('x')</script>" not in html
    assert "&lt;script&gt;" in html
    reader = read(html)
    assert sum(tag == "script" for tag, _ in reader.tags) == 1
    assert not any((a.get("href") or "").startswith("javascript") for _, a in reader.tags)


def test_levels_are_shown_without_a_comparison() -> None:
    text = "\n".join(read(render_report(sample_bundle(compared=False))).text)
    assert "Difference" not in text
    assert "Cost, base" not in text
    assert "On 2025-01-01, in the model" in text


def test_an_empty_bundle_still_makes_a_report() -> None:
    reader = read(render_report(ReportBundle(title="Nothing", compared=True)))
    assert "The model finds no change." in "\n".join(reader.text)


def test_a_frame_without_its_columns_is_refused_with_all_faults() -> None:
    bad = pd.DataFrame({"name": ["x"]})
    with pytest.raises(
        InputError, match=r"(?s)frame corridors.*frame links|frame links.*frame corr"
    ):
        ReportBundle(title="x", links=bad, corridors=bad)


def test_the_same_bundle_gives_the_same_file(tmp_path: Path) -> None:
    one = write_report(tmp_path / "a.html", sample_bundle()).read_bytes()
    assert write_report(tmp_path / "a.html", sample_bundle()).read_bytes() == one
    assert [p.name for p in tmp_path.iterdir()] == ["a.html"]
    assert len(one) < 1_000_000


def test_the_map_stays_small() -> None:
    maps = draw_maps(sample_bundle())
    assert len(maps.region) < 700_000


def test_the_caspian_is_water_and_baku_is_land() -> None:
    ground = draw_ground(REGION)
    assert not _covers(ground.land, REGION.point(51.0, 41.5))
    assert not _covers(ground.land, REGION.point(34.0, 43.2))
    assert _covers(ground.land, REGION.point(49.4, 40.6))


def test_disputed_lines_are_never_drawn_as_settled() -> None:
    """Perekop, the Line of Control and the Green Line are broken lines; Georgia–Türkiye is not."""
    ground = draw_ground(REGION)
    for lon, lat in ((33.7, 46.15), (74.0, 34.0), (33.3, 35.1)):
        assert _near(ground.disputed, REGION.point(lon, lat))
        assert not _near(ground.borders, REGION.point(lon, lat), 2.0)
    assert _near(ground.borders, REGION.point(42.6, 41.55))
    assert not _near(ground.disputed, REGION.point(42.6, 41.55))


LINES = {"less", "more", "idle", "closed", "dispute", "border", "shore", "accent", "soft", "ink"}
"""Inks of lines other than those of modes."""


def test_every_line_and_name_keeps_contrast_on_land_and_water() -> None:
    for theme in (LIGHT, DARK):
        for colour in {m.colour for m in MODES.values()} | LINES | {"place", "sea-label"}:
            for ground in ("land", "water"):
                assert contrast(theme[colour], theme[ground]) >= 3.0, (colour, ground)
        assert contrast(theme["river"], theme["land"]) >= 3.0
        for ground in ("paper", "raised", "land"):
            assert contrast(theme["soft"], theme[ground]) >= 4.5


def test_modes_differ_by_more_than_colour() -> None:
    looks = [(m.colour, m.dash) for m in MODES.values()]
    assert len(set(looks)) == len(looks)


def test_no_two_names_overlap_at_any_enlargement() -> None:
    labels = [
        Label(name, *REGION.point(lon, lat), weight=i)
        for i, (name, (lon, lat, *_)) in enumerate(PLACES.items())
    ]
    placed = place_labels([one for one in labels if REGION.holds(one.x, one.y)], REGION)
    assert len(placed) > 30
    boxes = [shapely.box(*p.box()) for p in placed if p.zoom == 1]
    pairs = [(a, b) for i, a in enumerate(boxes) for b in boxes[:i]]
    assert not any(a.intersects(b) and a.intersection(b).area > 0 for a, b in pairs)
    for name in ("Moscow", "Bandar Abbas"):
        assert name in {p.label.text for p in placed}


def test_links_of_one_pair_lie_side_by_side() -> None:
    links = sample_bundle().links
    frame = close_up(*DEFAULT_FOCUS)
    drawn = {one.title.split("\n")[0]: one for one in lay_out(links, frame, compared=True)}
    assert "Yerevan – Tbilisi" in drawn
    paths = [o.path for o in lay_out(links, frame, compared=True) if "Yerevan – Tbilisi" in o.title]
    assert len(set(paths)) == 2


def test_width_grows_with_tonnes_and_only_depends_on_size() -> None:
    widths = [width_of(t, 100.0) for t in (0, 1, 10, 50, 100)]
    assert widths == sorted(widths)
    assert width_of(-10, 100) == width_of(10, 100)


def test_the_close_up_looks_where_the_order_bites() -> None:
    west, south, east, north = focus_of(sample_bundle())
    assert west < 43.1 < east
    assert south < 38.9 < north
    assert focus_of(sample_bundle(compared=False)) == DEFAULT_FOCUS


def test_the_answer_names_gain_and_loss_alike() -> None:
    text = answer_of(sample_bundle())
    assert "Armenia (+2.8 Mt/yr)" in text
    assert "Georgia (−2.5 Mt/yr)" in text
    assert "USD 480 million a year less (1.4 %)" in text


def test_own_headlines_and_answer_are_kept() -> None:
    own = (Headline("Days saved", 3.0, "d", base=12.0, note="Alat to Kars"),)
    bundle = dataclasses.replace(sample_bundle(), headlines=own, answer="Three days.")
    assert headlines_of(bundle) == own
    text = "\n".join(read(render_report(bundle)).text)
    assert "Three days." in text
    assert "from 12.0; Alat to Kars" in text


def test_figures_keep_the_places_of_their_column() -> None:
    scale = scale_for([141e6, -9e6], "USD/yr")
    assert [scale.show(v, sign=True) for v in (141e6, -9e6, 2.4e6, 4e4)] == [
        "+141",
        "−9",
        "+2",
        "+0.04",
    ]
    assert number(float("nan")) == signed(None) == "–"
    assert number(9.996) == "10.0"


def test_paths_are_short_and_closed() -> None:
    ring = shapely.Polygon([(0, 0), (10, 0), (10, 0.02), (10, 10)])
    assert path_of([ring], close=True) == "M0 0l10 0 0 10z"


def _points(path: str) -> list[list[tuple[float, float]]]:
    """Read relative path data back into chains of points."""
    chains = []
    for piece in re.findall(r"M([^Mz]*)z?", path):
        numbers = [float(n) for n in re.findall(r"-?(?:\d+\.?\d*|\.\d+)", piece)]
        x, y = numbers[:2]
        chain = [(x, y)]
        for dx, dy in zip(numbers[2::2], numbers[3::2], strict=True):
            x, y = x + dx, y + dy
            chain.append((x, y))
        chains.append(chain)
    return chains


def _covers(path: str, at: tuple[float, float]) -> bool:
    """Even-odd rule, as the map is filled."""
    rings = [shapely.Polygon(c) for c in _points(path) if len(c) > 2]
    return sum(r.buffer(0).contains(shapely.Point(at)) for r in rings) % 2 == 1


def _near(path: str, at: tuple[float, float], reach: float = 6.0) -> bool:
    lines = shapely.MultiLineString([c for c in _points(path) if len(c) > 1])
    return float(lines.distance(shapely.Point(at))) < reach


def test_a_trade_that_stops_is_never_shown_as_a_saving() -> None:
    """Closing Azerbaijan once read as “costs less”: 18 Mt had left the sum."""
    bundle = sample_bundle()
    cut = bundle.by_territory.assign(unserved_t_change=2e6)
    cheaper = bundle.components.assign(new=bundle.components["base"] * 0.9)
    blind = dataclasses.replace(bundle, by_territory=cut, components=cheaper, totals={})
    assert "costs" not in answer_of(blind)
    assert "lose every path they had" in answer_of(blind)
    totals = {
        "cost_base_usd_yr": 30e9,
        "cost_change_usd_yr": 1.5e9,
        "unserved_base_t_yr": 0.0,
        "unserved_new_t_yr": 11e6,
    }
    text = answer_of(dataclasses.replace(blind, totals=totals))
    assert "11 Mt/yr lose every path" in text
    assert "the trade that still finds a path costs USD 1.5 billion a year more (5.0 %)" in text
