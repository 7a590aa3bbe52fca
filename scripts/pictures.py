"""
Draw the pictures of docs/ from the pages that the commands write.

Run ``python scripts/pictures.py``; it needs Playwright and a Chromium (``--browser PATH``).
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

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
        browser.close()


if __name__ == "__main__":
    main()
