"""A real browser on a real server: what the tests of the map share."""

from __future__ import annotations

import os
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

import isthmus as ist
from isthmus.web.app import STATIC, create_app
from isthmus.web.model import Model

ARGUMENTS = (
    "--no-sandbox",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
)
"""No network but this machine; a page that asks for more fails its test."""

_NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")


def chromium() -> str:
    """Return where Chromium is; where a browser is promised its absence is a failure."""
    found = next((p for p in map(shutil.which, _NAMES) if p), None)
    if found is None and (os.environ.get("CI") or os.environ.get("ISTHMUS_BROWSER")):
        pytest.fail("no Chromium found: install it (Debian: apt-get install chromium)")
    if found is None:
        pytest.skip("no Chromium found: the map is not tested in a browser")
    return str(found)


@dataclass
class Served:
    """The server of a test session."""

    address: str
    model: Model


@dataclass
class Watched:
    """A page whose every fault is written down."""

    page: object
    faults: list[str] = field(default_factory=list)


@pytest.fixture(scope="session")
def served() -> Iterator[Served]:
    import uvicorn

    if not (STATIC / "app.js").is_file():
        pytest.fail("the page is not built: run `pip install -e .`")
    model = Model(ist.read(), assumptions=("value-of-time",))
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(create_app(model), log_level="warning"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    until = time.monotonic() + 30
    while not server.started and time.monotonic() < until:
        time.sleep(0.02)
    assert server.started
    yield Served(f"http://127.0.0.1:{listening.getsockname()[1]}/", model)
    server.should_exit = True
    thread.join(10)


@pytest.fixture(scope="session")
def browser() -> Iterator[object]:
    where = chromium()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        found = play.chromium.launch(executable_path=where, args=list(ARGUMENTS))
        yield found
        found.close()
