"""
Draw the pictures of docs/ from the pages that the commands write.

Run ``python scripts/pictures.py``; it needs Playwright and a Chromium (``--browser PATH``).
"""

from __future__ import annotations

import argparse
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from playwright.sync_api import sync_playwright

import isthmus as ist
from isthmus.web.app import create_app
from isthmus.web.model import Model

DOCS = Path(__file__).resolve().parent.parent / "docs"
PICTURES = {
    "criticality.png": (["criticality", "--kinds", "passage"], "figure.bars", 0),
    "dependence.png": (["dependence", "--of", "ARM"], "figure:has(.heat)", 0),
    "reliability.png": (["reliability"], "figure", 0),
}
"""A picture: the command that writes its page, what on the page it shows, and the how-manieth."""

DRAWN = {
    "power.svg": ["power", "zangezur", "--players", "AZE,GEO,ARM,IRN,RUS,TUR"],
    "invest.svg": ["invest", "--budget", "8bn", "--objective", "saving"],
}
"""Pictures that a command draws by itself with ``--svg``."""

MAPS = {
    "map-light.png": "o=aras&v=zangezur&m=diff&z=46.2,40.4,6",
    "map-dark.png": "s=node:astara&z=46,40,5&th=dark",
}
"""Pictures of the page of the map: the state they show, as its address has it."""

REPORTS = {"map.png": ("crossroads-of-peace", "figure:has(svg) svg")}
"""Pictures out of a report: the order it is of, and what it shows."""


@contextmanager
def served() -> Iterator[str]:
    """Serve the map on this machine; give its address."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(create_app(Model(ist.read())), log_level="warning"))
    threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True).start()
    while not server.started:
        time.sleep(0.05)
    yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
    server.should_exit = True


def main() -> None:
    """Draw all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--browser", help="Chromium to use.")
    asked = parser.parse_args()
    with sync_playwright() as play, tempfile.TemporaryDirectory() as folder:
        browser = play.chromium.launch(executable_path=asked.browser, args=["--no-sandbox"])
        for name, command in DRAWN.items():
            call = [sys.executable, "-c", "from isthmus.cli import main; main()", *command]
            subprocess.run(
                [*call, "--svg", str(DOCS / name)], check=True, stdout=subprocess.DEVNULL
            )
        for name, (command, shown, nth) in PICTURES.items():
            file = Path(folder) / "page.html"
            call = [sys.executable, "-c", "from isthmus.cli import main; main()", *command]
            subprocess.run([*call, "--html", str(file)], check=True, stdout=subprocess.DEVNULL)
            page = browser.new_page(viewport={"width": 960, "height": 800}, color_scheme="light")
            page.goto(file.as_uri())
            page.locator(shown).nth(nth).screenshot(path=DOCS / name)
            page.close()
            print(DOCS / name)
        for name, (order, shown) in REPORTS.items():
            call = [sys.executable, "-c", "from isthmus.cli import main; main()", "run", order]
            subprocess.run([*call, "--results", folder], check=True, stdout=subprocess.DEVNULL)
            page = browser.new_page(viewport={"width": 1240, "height": 900}, color_scheme="light")
            page.goto((Path(folder) / order / "report.html").as_uri())
            page.locator(shown).first.screenshot(path=DOCS / name)
            page.close()
            print(DOCS / name)
        with served() as address:
            for name, state in MAPS.items():
                page = browser.new_page(viewport={"width": 1440, "height": 900})
                page.goto(f"{address}#{state}")
                page.wait_for_selector("body[data-ready=yes]", timeout=240_000)
                page.wait_for_selector("body[data-solving=no]", timeout=240_000)
                page.wait_for_timeout(3000)  # lines fade in
                page.screenshot(path=DOCS / name)
                page.close()
                print(DOCS / name)
        browser.close()


if __name__ == "__main__":
    main()
