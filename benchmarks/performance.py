"""
Run the benchmarks of the assignment engine and write docs/performance.md.

Run ``python benchmarks/performance.py FOLDER... [--tapb PROGRAM] [--aequilibrae PYTHON]``. Raw
results stay in ``benchmarks/results`` after each case: a run that was stopped goes on where it was.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import time
from pathlib import Path

import capacitated
import corridor
import equilibrium
import map as web_map
import trees
from page import page
from record import ROOT, Record, shared_arguments

PARTS = {
    "equilibrium": equilibrium,
    "trees": trees,
    "corridor": corridor,
    "capacitated": capacitated,
    "map": web_map,
}


def tapb_version(asked):
    """Return what is known of the program TAP-B."""
    known = asked.tapb_version or "commit not stated"
    program = Path(asked.tapb) if asked.tapb else None
    if program is not None and program.is_file():
        known += f", program SHA-256 {hashlib.sha256(program.read_bytes()).hexdigest()[:12]}"
    return known


def main():
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    shared_arguments(parser)
    for part in PARTS.values():
        part.arguments(parser)
    parser.add_argument("--only", help="parts to run; the page keeps what is known of the others")
    parser.add_argument("--page", action="store_true", help="run nothing, write the page")
    parser.add_argument("--tapb-version", default=os.environ.get("TAPB_VERSION"), metavar="TEXT")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "performance.md")
    asked = parser.parse_args()
    wanted = set(asked.only.split(",")) if asked.only else set(PARTS)
    if wanted - set(PARTS):
        parser.error(f"no part {', '.join(wanted - set(PARTS))}; parts: {', '.join(PARTS)}")
    records = {}
    for name, part in PARTS.items():
        if asked.page or name not in wanted:
            records[name] = Record.last(name)
            continue
        started = time.perf_counter()
        print(f"== {name}", flush=True)
        records[name] = part.run(asked)
        print(f"   {time.perf_counter() - started:.0f} s", flush=True)
    asked.out.write_text(page(records, tapb_version(asked)), encoding="utf-8")
    print(f"wrote {asked.out}")


if __name__ == "__main__":
    main()
