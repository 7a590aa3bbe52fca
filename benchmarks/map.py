"""
The web map in a real browser: first view, a change made by hand, weight, heap, what it asks outside.

Starts `isthmus map` and headless Chromium with software rendering on this machine, the browser's
network blocked but for that server. Run ``python benchmarks/map.py [--browser PROGRAM]``; it needs
the page built (`pip install .` or ``node frontend/build.mjs``) and `pip install playwright`.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from statistics import median, quantiles

from record import ROOT, Record, shared_arguments

STATIC = ROOT / "src" / "isthmus" / "web" / "static"
WINDOW = {"width": 1280, "height": 800}
BLOCKED = "MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1"
FLAGS = ["--no-sandbox", "--disable-quic", f"--host-resolver-rules={BLOCKED}"]
PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
INTERACTIONS, ROUND = 200, 20
READ, SETTLED = 1.0, 0.7
"""How long an element is read before its button is pressed; rest between two changes. [s]"""
PATIENCE = 120.0
"""How long anything is waited for. [s]"""


@contextmanager
def server():
    """Start `isthmus map` on a free port; yields its address at the moment it says so."""
    code = "from isthmus.cli import main; main()"
    call = [sys.executable, "-c", code, "map", "--no-browser", "--port", "0", "--json"]
    path = os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])
    running = subprocess.Popen(
        call, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": path}, cwd=ROOT
    )
    try:
        said = ""
        while not said.rstrip().endswith("}"):
            line = running.stdout.readline()
            if not line:
                raise SystemExit("the server did not start.")
            said += line
        yield json.loads(said)["address"].rstrip("/")
    finally:
        running.terminate()
        running.wait(20)


def asked_of(address, path, body=None):
    """Return what the server answers."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(
        address + path, data, {"Content-Type": "application/json"} if data else {}
    )
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        return json.load(answer)


class Watched:
    """A page and what it was heard to say: console errors, requests that leave the machine."""

    def __init__(self, browser, address):
        self.context = browser.new_context(viewport=WINDOW)
        self.page = self.context.new_page()
        self.address, self.errors, self.outside = address, [], []
        self.page.on("console", lambda m: m.type == "error" and self.errors.append(m.text))
        self.page.on("pageerror", lambda e: self.errors.append(str(e)))
        self.page.on("request", self._heard)

    def _heard(self, request):
        if not request.url.startswith((self.address + "/", "data:", "blob:")):
            self.outside.append(request.url)

    def open(self, state=""):
        """Go to the page; return the seconds to its first view."""
        self.page.goto(f"{self.address}/{state}")
        self.wait("document.body.dataset.ready === 'yes'")
        return self.page.evaluate("performance.getEntriesByName('first-view')[0].startTime") / 1e3

    def solved(self):
        """Wait until what was asked is solved and painted."""
        self.wait("performance.getEntriesByName('solve-and-draw').length > 0")
        return self

    def wait(self, condition):
        """Ask now and then, rarely enough that the asking is not measured."""
        until = time.monotonic() + PATIENCE
        while not self.page.evaluate(condition):
            if time.monotonic() > until:
                raise SystemExit(f"waited in vain for {condition}")
            time.sleep(0.1)

    def close(self):
        self.context.close()


def first_views(browser, address, rounds):
    """Return seconds to the first view: right after the server began to listen, and later."""
    found = []
    for _ in range(rounds + 1):
        watched = Watched(browser, address)
        found.append(watched.open())
        watched.solved().close()
    return {"cold": found[0], "warm": found[1:]}


def changes(address, most):
    """Return single changes, from the busiest element to the least: what to pick, and the button."""
    world = asked_of(address, "/api/world")
    flows = asked_of(address, "/api/solve", {})["base"]
    links = {x["id"]: x for x in world["links"]}
    carried = sorted((-sum(t), k) for k, t in flows["links"].items() if links[k]["mode"] != "sea")
    nodes = {x["id"]: x["node"] for x in world["crossings"]}
    crossed = {}
    for crossing, t in flows["crossings"].items():
        crossed[nodes[crossing]] = crossed.get(nodes[crossing], 0.0) - t
    by_link = [(f"link:{k}", f"do-close-link-{k}") for _, k in carried]
    by_place = [(f"node:{k}", "cross-all") for k in sorted(crossed, key=crossed.get)]
    share = most // 2
    links, places = _spread_out(by_link, most - share), _spread_out(by_place, share)
    return [one for pair in zip(links, places, strict=False) for one in pair]


def _spread_out(rows, n):
    """Return n rows at even distances, the first among them."""
    step = max(1, len(rows) // max(1, n))
    return rows[::step][:n]


NAMES = {
    "made": f"pressed {READ:g} s after picking",
    "at_once": "pressed as soon as the button is there",
    "undone": "taken back",
}
MEASURE = """() => {
  const [last] = performance.getEntriesByName("solve-and-draw").slice(-1);
  const asked = performance.getEntriesByType("resource").filter((r) => r.name.endsWith("/api/solve"));
  const [solve] = asked.slice(-1);
  return {
    total: last.duration,
    server: solve ? solve.responseStart - solve.requestStart : 0,
    message: solve ? last.detail.answered - last.startTime - (solve.responseStart - solve.requestStart) : 0,
    page: last.detail.told - last.detail.answered,
    paint: last.startTime + last.duration - last.detail.told,
  };
}"""
CLEAR = "() => { performance.clearMeasures('solve-and-draw'); performance.clearResourceTimings(); }"


def redraws(watched, wanted, pause):
    """
    Make each change alone through the page; return its times, and those of taking it back. [ms]

    The page begins to solve what the first button of a picked element would ask for as soon as it
    is picked. `pause` is how long it is read before the button is pressed. [s]
    """
    made, undone = [], []
    page = watched.page
    for pick, button in wanted:
        page.evaluate("(s) => { location.hash = new URLSearchParams({ s }).toString(); }", pick)
        place = page.locator(f"[data-k='{button}']")
        place.wait_for(state="visible", timeout=1e3 * PATIENCE)
        time.sleep(pause)
        page.evaluate(CLEAR)
        place.click()
        watched.solved()
        made.append(page.evaluate(MEASURE) | {"pick": pick})
        page.evaluate(CLEAR)
        page.keyboard.press("Control+z")
        watched.solved()
        undone.append(page.evaluate(MEASURE))
        time.sleep(SETTLED)
    return made, undone


def heap(watched, wanted):
    """Return bytes in use after garbage collection, at the start and after each round of interactions."""
    page = watched.page
    tools = watched.context.new_cdp_session(page)
    tools.send("HeapProfiler.enable")
    picks = [pick for pick, _ in wanted]

    def used():
        time.sleep(1.0)
        for _ in range(3):
            tools.send("HeapProfiler.collectGarbage")
        return tools.send("Runtime.getHeapUsage")["usedSize"]

    def interact(i):
        kind = i % 10
        if kind < 5:
            page.keyboard.press(str(kind + 1))
        elif kind == 5:
            page.keyboard.press("d")
        elif kind < 8:
            pick = picks[i % len(picks)]
            page.evaluate("(s) => { location.hash = new URLSearchParams({ o: 'aras', s }); }", pick)
        elif kind == 8:
            page.keyboard.press("Escape")
        else:
            page.keyboard.press("?")
            page.locator("#dialog button").last.click()
        page.wait_for_timeout(60)

    for i in range(ROUND):  # every panel once, so that what is read once has been read
        interact(i)
    found = [used()]
    for i in range(INTERACTIONS):
        interact(i)
        if (i + 1) % (2 * ROUND) == 0:
            found.append(used())
    return found


def _halves(wanted):
    """Return two lists of links and places alike, from the busiest to the least."""
    return [x for i, x in enumerate(wanted) if i % 4 in (0, 3)], [
        x for i, x in enumerate(wanted) if i % 4 in (1, 2)
    ]


def measure(asked):
    """Run it all; returns what came."""
    from playwright.sync_api import sync_playwright

    script = (STATIC / "app.js").read_bytes()
    program = asked.browser or next(filter(None, map(shutil.which, PROGRAMS)), None)
    with server() as address, sync_playwright() as play:
        browser = play.chromium.launch(executable_path=program, args=FLAGS)
        found = {"script_gz": len(gzip.compress(script, 9)), "browser": browser.version}
        found["first_view"] = first_views(browser, address, asked.rounds)
        wanted = changes(address, asked.changes)
        watched = Watched(browser, address)
        watched.open()
        watched.solved()
        found["made"], found["undone"] = redraws(watched, _halves(wanted)[0], READ)
        found["at_once"], _ = redraws(watched, _halves(wanted)[1], 0.0)
        watched.page.evaluate("location.hash = 'o=aras'")
        time.sleep(2.0)
        found["heap"] = heap(watched, wanted)
        found["errors"], found["outside"] = watched.errors, watched.outside
        browser.close()
    return found


def told(found):
    """Print the results."""
    views = found["first_view"]
    print(f"first view {median(views['warm']):.2f} s, just started {views['cold']:.2f} s")
    print(f"script {found['script_gz'] / 1e3:.0f} kB gzipped, without the worker")
    for name in ("made", "at_once", "undone"):
        parts = (
            f"{part} {median(spread(found[name], part)):.0f}"
            for part in ("server", "message", "page", "paint")
        )
        totals = spread(found[name], "total")
        print(
            f"{len(totals)} changes, {NAMES[name]}: {median(totals):.0f} ms, nine in ten under "
            f"{tenth(totals):.0f} ms; {', '.join(parts)}"
        )
    sizes = ", ".join(f"{size / 1e6:.1f}" for size in found["heap"])
    print(f"heap over {INTERACTIONS} interactions: {sizes} MB")
    print(f"console errors {found['errors']}, requests outside {found['outside']}")


def spread(rows, part):
    """Return one part of the times of all changes. [ms]"""
    return [row[part] for row in rows]


def tenth(times):
    """Return what nine of ten are under."""
    return quantiles(times, n=10, method="inclusive")[-1]


def run(asked):
    """Run the benchmark; returns its results."""
    built = STATIC / "app.js"
    sha = hashlib.sha256(built.read_bytes()).hexdigest()[:16] if built.is_file() else "not built"
    settings = {"script": sha, "changes": asked.changes, "rounds": asked.rounds}
    record = Record("map", settings, asked.fresh)
    if "page" not in record:
        try:
            import playwright  # noqa: F401
        except ImportError:
            print("not measured: no playwright")
            return record
        if sha == "not built":
            print("not measured: the page is not built")
            return record
        found = measure(asked)
        record.save("page", found)
    told(record.cases["page"])
    return record


def arguments(parser):
    """Add what this benchmark alone can be asked."""
    parser.add_argument("--browser", help="Chromium to run; default is the one on the path")
    parser.add_argument("--changes", type=int, default=40, help="single changes made by hand")


def main():
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    shared_arguments(parser)
    arguments(parser)
    run(parser.parse_args())


if __name__ == "__main__":
    main()
