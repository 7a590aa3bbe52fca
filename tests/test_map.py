"""The map in a real browser: ten journeys of a user, each to a number the library confirms."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

import isthmus as ist
from browser import Served
from isthmus.cli import app
from isthmus.web.edits import Edit, State

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

WAIT_MS = 30_000


@pytest.fixture
def context(browser: Browser, served: Served) -> Iterator[BrowserContext]:
    opened = browser.new_context(
        viewport={"width": 1280, "height": 800},
        permissions=["clipboard-read", "clipboard-write"],
        accept_downloads=True,
        base_url=served.address,
    )
    opened.set_default_timeout(WAIT_MS)
    yield opened
    opened.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """Give a page; console errors, failed scripts and requests outside fail its test."""
    opened = context.new_page()
    faults = watch(opened)
    yield opened
    assert faults == []


def watch(page: Page) -> list[str]:
    faults: list[str] = []
    page.on("pageerror", lambda e: faults.append(f"script: {e}"))
    page.on("console", lambda m: faults.append(m.text) if m.type == "error" else None)
    inside = ("http://127.0.0.1", "data:", "blob:", "file:")
    page.on("request", lambda r: None if r.url.startswith(inside) else faults.append(r.url))
    return faults


def visit(page: Page, address: str = "/") -> None:
    page.goto(address)
    page.wait_for_selector("body[data-ready=yes]")
    settled(page)


def settled(page: Page) -> None:
    page.wait_for_selector("body[data-solving=no]")


def compact(page: Page, row: str) -> list[str]:
    """Figures of a row of the headline table."""
    cells = page.locator(".totals tbody tr", has_text=row).locator("td")
    return [c.strip() for c in cells.all_inner_texts()]


def shown(value: float, *, sign: bool = True) -> str:
    """Write a number as the page does."""
    size = abs(value)
    units = ((1e9, " bn"), (1e6, " M"), (1e3, " k"), (1.0, ""))
    unit, word = next(u for u in units if size >= u[0] * 0.9995 or u[0] == 1.0)
    part = size / unit
    digits = 0 if part == 0 else max(0, 2 - len(str(int(part))) + 1) if part >= 1 else 3
    text = f"{part:.{min(digits, 3)}f}"
    text = re.sub(r"\.?0+$", "", text) if "." in text else text
    mark = "−" if value < 0 and float(text) else "+" if sign and float(text) else ""
    return f"{mark}{text}{word}"


def test_compare_aras_with_zangezur(page: Page, served: Served) -> None:
    visit(page)
    page.select_option("#order-first", "aras")
    settled(page)
    page.select_option("#order-second", "zangezur")
    settled(page)
    page.wait_for_selector(".totals thead th >> nth=1")
    totals = [
        served.model.run(State(order=o)).comparison.totals()["cost_change_usd_yr"]
        for o in ("aras", "zangezur")
    ]
    assert compact(page, "generalised cost") == [shown(t) for t in totals]
    assert page.locator("[data-k=view-diff]").get_attribute("aria-pressed") == "true"
    page.click("[data-k=view-base]")
    assert page.locator("[data-k=view-base]").get_attribute("aria-pressed") == "true"
    assert page.locator(".chart-figure .bar").count() >= 5, "who gains rather than who"


def test_close_hormuz(page: Page, served: Served) -> None:
    visit(page)
    page.fill("#search", "hormuz")
    page.locator("#search-hits li", has_text="passage").click()
    page.locator(".pick").get_by_role("button", name="Close it", exact=True).click()
    page.wait_for_selector(".edits li")
    settled(page)
    page.wait_for_selector(".totals")
    state = State(edits=[Edit(verb="close", noun="passage", id="hormuz")])
    totals = served.model.run(state).comparison.totals()
    assert totals["cost_change_usd_yr"] > 0
    assert compact(page, "generalised cost") == [shown(totals["cost_change_usd_yr"])]
    assert page.locator(".chart-figure .more").count() > 3, "most lose by it"


def test_route_from_xian_to_mersin(page: Page, served: Served) -> None:
    visit(page)
    page.click("#tab-route")
    page.fill("#route-from", "Xi'an dry port")
    page.press("#route-from", "Tab")
    page.fill("#route-to", "Mersin")
    page.press("#route-to", "Tab")
    page.wait_for_selector(".route")
    facts = served.model.facts
    found = ist.route(facts.network("2025-01-01"), served.model.cost, "xi-an-dry-port", "Mersin")
    cards = page.locator(".route")
    assert cards.count() == len(found.table)
    first = found.table.iloc[0]
    said = cards.first.inner_text()
    assert shown(first["money_usd_t"], sign=False) in said
    assert f"{first['hours_p50'] / 24:.1f}–{first['hours_p90'] / 24:.1f}" in said
    assert "sanctions exposure" in said or "no listed party" in said
    legs = found.legs[found.legs["route"].eq(1)]
    assert cards.first.locator("table").first.locator("tbody tr").count() == len(legs)
    cards.nth(1).locator("button").click()
    assert "open" in str(cards.nth(1).get_attribute("class"))


def test_who_can_stop_the_trade_of_armenia(page: Page, served: Served) -> None:
    visit(page)
    page.click("#tab-country")
    page.select_option("#country", "ARM")
    figure = page.locator(".chart-figure", has_text="Territories its trade passes")
    figure.wait_for()
    names = figure.locator(".bar").evaluate_all("bars => bars.map(b => b.ariaLabel)")
    assert any("Georgia" in n for n in names)
    assert any("Iran" in n for n in names)
    assert not any(n.startswith("Azerbaijan") for n in names), "no trade of Armenia crosses it"
    row = page.locator(".matrix tbody tr", has_text="Armenia")
    row.wait_for()
    said = row.locator("td").evaluate_all("cells => cells.map(c => c.title)")
    assert any(s.startswith("Armenia, over Georgia: ") for s in said)
    page.click("[data-k=power]")
    power = page.locator(".power .bar")
    power.first.wait_for(timeout=180_000)
    game = served.model.power(State())
    first = max(game["rows"], key=lambda r: r["shapley_usd_yr_new"])
    said = power.first.get_attribute("aria-label")
    assert said == f"{first['name']}: {shown(first['shapley_usd_yr_new'], sign=False)}"


def test_history_of_lachin(page: Page) -> None:
    visit(page, "/#s=link:road:tegh-kornidzor-lachin")
    pick = page.locator(".pick")
    pick.wait_for()
    state = pick.locator(".tag").nth(1)
    page.locator("[data-k=pick-history] summary").click()
    assert "2022" in pick.locator("[data-k=pick-history]").inner_text()
    seen = {}
    for year in (2019, 2023):
        page.locator("#year").fill(str(year))
        page.wait_for_url(re.compile(f"d={year}"))
        settled(page)
        seen[year] = state.inner_text()
    assert seen[2019] == "Open"
    assert seen[2023] == "Closed"


def test_save_reload_and_run_to_the_same_digits(page: Page, served: Served, tmp_path: Path) -> None:
    visit(page, "/#o=aras&m=diff")
    page.fill("#search", "Astara (Azerbaijan)")
    page.press("#search", "Enter")
    page.locator(".pick").get_by_role("button", name="Close the crossing").click()
    page.wait_for_selector(".edits li")
    settled(page)
    before = compact(page, "generalised cost")
    page.click("#share")
    page.fill("#save-name", "Aras without Astara")
    with page.expect_download() as saved:
        page.click("#save-scenario")
    file = tmp_path / saved.value.suggested_filename
    saved.value.save_as(file)
    assert file.name == "aras-without-astara.toml"
    page.click("[data-k=dialog-close]")
    page.reload()
    page.wait_for_selector("body[data-ready=yes]")
    settled(page)
    page.wait_for_selector(".totals")
    assert compact(page, "generalised cost") == before

    where = ["--results", str(tmp_path / "results")]
    done = CliRunner().invoke(app, ["run", str(file), *where, "--json"])
    assert done.exit_code == 0, done.output
    [ran] = json.loads(done.stdout)
    edits = [
        Edit(verb="set", noun="crossing", id=c, regime="closed")
        for c in served.model.facts["crossings"].query("node_id == 'astara'")["crossing_id"]
        if not c.startswith("gas")
    ]
    on_map = served.model.run(State(order="aras", edits=edits)).comparison.totals()
    assert ran["totals"] == on_map, "every digit"
    assert before == [shown(on_map["cost_change_usd_yr"])]


def test_export(page: Page, context: BrowserContext, tmp_path: Path) -> None:
    import geopandas
    import pandas as pd

    visit(page, "/#o=zangezur&m=diff")
    page.click("#share")
    files: dict[str, Path] = {}
    for label in ("PNG", "SVG", "CSV", "GeoPackage", "One HTML file"):
        with page.expect_download() as saved:
            page.locator(".share").get_by_role("button", name=label, exact=True).click()
        files[label] = tmp_path / saved.value.suggested_filename
        saved.value.save_as(files[label])
    assert files["PNG"].read_bytes().startswith(b"\x89PNG")
    assert len(files["PNG"].read_bytes()) > 100_000
    assert files["SVG"].read_text(encoding="utf-8").count("<path") > 500
    frame = pd.read_csv(files["CSV"])
    assert {"territory", "link", "corridor"} <= set(frame["dimension"])
    assert len(geopandas.read_file(files["GeoPackage"], layer="links")) > 800

    alone = context.new_page()
    faults = watch(alone)
    alone.goto(files["One HTML file"].as_uri())
    alone.wait_for_selector("body[data-ready=yes]")
    settled(alone)
    assert compact(alone, "generalised cost") == compact(page, "generalised cost")
    alone.click("[data-k=view-new]")
    assert alone.locator("canvas.maplibregl-canvas").count() == 1
    assert faults == [], "a file asks nobody"


def test_shared_link_holds_the_whole_state(page: Page, context: BrowserContext) -> None:
    visit(page, "/#o=aras&v=zangezur&m=diff&t=country&c=GEO&s=node:astara&th=dark&z=47,40.5,6")
    page.wait_for_selector(".pick")
    page.click("#share")
    page.get_by_role("button", name="Copy link").click()
    page.locator("#told.shown").wait_for()
    link = str(page.evaluate("navigator.clipboard.readText()"))
    other = context.new_page()
    visit(other, link)
    assert other.input_value("#country") == "GEO"
    assert "Astara" in other.locator(".pick h2").inner_text()
    assert other.locator("html").get_attribute("data-theme") == "dark"
    other.click("#tab-order")
    assert other.input_value("#order-first") == "aras"
    assert other.input_value("#order-second") == "zangezur"
    other.click("#undo")
    assert other.locator("#tab-country").get_attribute("aria-selected") == "true"
    other.click("#redo")
    assert other.locator("#tab-order").get_attribute("aria-selected") == "true"


def test_claims(page: Page, served: Served) -> None:
    visit(page, "/#t=claims")
    rows = page.locator(".claim")
    tested = served.model.facts["claim_tests"]["claim_id"].nunique()
    assert rows.count() == tested
    page.fill("[data-k=claims-find]", "C57")
    page.click("[data-k=claim-C57]")
    page.wait_for_selector(".verdict")
    page.locator("#page", has_text="is the range with").wait_for(timeout=120_000)
    claim: dict[str, Any] = served.model.claim("C57")
    assert claim["verdict"] in page.locator(".verdict").inner_text()
    assert claim["attributed_to"] in page.locator("#page h2:not(.unseen)").inner_text()
    assert page.locator(".test").count() == len(claim["tests"])
    low, high = (shown(claim["tests"][0][k], sign=False) for k in ("low", "high"))
    assert f"[{low} to {high}]" in page.locator(".test").first.inner_text()
    page.locator("[data-k^=fold-flows] summary").first.click()
    assert page.locator("[data-k^=fold-flows] table").count() > 0
    page.get_by_role("button", name="on the map").first.click()
    settled(page)
    assert "o=" in page.url


def test_keyboard_alone(page: Page) -> None:
    visit(page)
    press = page.keyboard.press
    press("/")
    page.keyboard.type("crossroads of peace")
    press("ArrowDown")
    press("ArrowUp")
    press("Enter")
    page.wait_for_url(re.compile("o=crossroads"))
    settled(page)
    page.wait_for_selector(".totals")
    page.locator("#tab-order").focus()
    press("ArrowRight")
    assert page.locator("#tab-route").get_attribute("aria-selected") == "true"
    press("ArrowLeft")
    assert page.locator("#tab-order").get_attribute("aria-selected") == "true"
    bar = page.locator(".bar.pickable").first
    bar.focus()
    press("Enter")
    page.locator("#country").wait_for()
    press("Control+z")
    assert page.locator("#tab-order").get_attribute("aria-selected") == "true"
    press("d")
    assert page.locator("[data-k=view-new]").get_attribute("aria-pressed") == "true"
    press("[")
    page.wait_for_url(re.compile("d=2024"))
    settled(page)
    press("?")
    assert page.locator("#dialog").is_visible()
    press("Escape")
    assert not page.locator("#dialog").is_visible()
