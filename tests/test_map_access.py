"""The map for everyone: what axe finds, what a finger can hit, what fits a telephone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from browser import Served

AXE = Path(__file__).parent.parent / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
LOOK = """async () => (await axe.run(document)).violations
    .filter(v => ['serious', 'critical'].includes(v.impact))
    .map(v => v.id + ': ' + v.nodes.map(n => n.target.join(' ')).join(', '))"""
DESK, TELEPHONE = (1280, 800), (390, 844)
PAGES = {
    "an order beside the base": "o=aras&m=diff",
    "a link changed by hand": "e=close.link.rail%3Abaku-port-of-baku&m=diff",
    "a crossing picked": "s=node:astara",
    "a land picked": "s=territory:ARM",
    "a route": "t=route&r=baku~poti~container",
    "a country": "t=country&c=ARM",
    "claims": "t=claims",
    "data": "t=data&i=btk",
}


@pytest.fixture(params=[("light", DESK), ("dark", DESK), ("light", TELEPHONE)], ids=str)
def look(
    request: pytest.FixtureRequest,
    browser: Browser,
    served: Served,
) -> Iterator[tuple[Page, str]]:
    """Give a page with axe at hand, and the theme its links ask for."""
    if not AXE.is_file():
        pytest.fail("axe is not installed: run `npm ci` in frontend/")
    theme, (width, height) = request.param
    context = browser.new_context(
        viewport={"width": width, "height": height},
        reduced_motion="reduce",
        bypass_csp=True,
        base_url=served.address,
    )
    context.add_init_script(path=AXE)
    opened = context.new_page()
    opened.goto(f"/#th={theme}")
    opened.wait_for_selector("body[data-ready=yes]", state="attached")
    yield opened, theme
    context.close()


def go(page: Page, address: str) -> None:
    page.evaluate("h => { location.hash = h }", address)
    page.wait_for_timeout(150)
    page.wait_for_selector("body[data-solving=no]", state="attached", timeout=60_000)
    page.wait_for_function(
        "() => !document.querySelector('#page .waiting')", polling=100, timeout=60_000
    )


def test_axe_finds_nothing_serious(look: tuple[Page, str]) -> None:
    page, theme = look
    found: dict[str, Any] = {}
    for name, address in PAGES.items():
        go(page, f"{address}&th={theme}")
        found[name] = page.evaluate(LOOK)
    for key in ("s", "?"):
        page.keyboard.press(key)
        page.wait_for_selector("dialog[open]")
        found[f"dialog {key}"] = page.evaluate(LOOK)
        page.keyboard.press("Escape")
    page.fill("#search", "bak")
    page.wait_for_selector("#search-hits li")
    found["search"] = page.evaluate(LOOK)
    assert {name: faults for name, faults in found.items() if faults} == {}


def test_a_telephone_shows_all_of_it(browser: Browser, served: Served) -> None:
    """Nothing is wider than the screen, and what is tapped is 24 px or more either way."""
    width, height = TELEPHONE
    context = browser.new_context(
        viewport={"width": width, "height": height}, has_touch=True, base_url=served.address
    )
    page = context.new_page()
    page.goto("/")
    page.wait_for_selector("body[data-ready=yes]", state="attached")
    for name, address in PAGES.items():
        go(page, address)
        assert page.evaluate("() => document.documentElement.scrollWidth") <= width, name
        small = page.evaluate(
            """() => [...document.querySelectorAll('button, select, input, summary')]
                .filter(x => !x.classList.contains('link') && x.type !== 'checkbox')
                .map(x => [x.id || x.className || x.innerText, x.getBoundingClientRect()])
                .filter(([, r]) => r.width > 0 && (r.width < 24 || r.height < 24))
                .map(([id, r]) => `${id} ${Math.round(r.width)} x ${Math.round(r.height)}`)"""
        )
        assert small == [], name
        assert page.locator("#map canvas").first.bounding_box()["height"] >= 200, name
    context.close()
