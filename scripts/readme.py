"""
Put fresh output into the README: ``python scripts/readme.py``; ``--check`` only compares.

Blocks stand between ``<!-- output: COMMAND -->`` and ``<!-- end -->``.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path = [p for p in sys.path if Path(p or ".").resolve() != ROOT / "scripts"]
# numba looks for a package named coverage; the script of that name beside this one is none
README = ROOT / "README.md"
BLOCK = re.compile(r"(<!-- output: (.+?) -->\n)(.*?)(<!-- end -->)", re.DOTALL)


def output_of(command: str) -> str:
    """Return what a block shows: the first table of a command, or the table of errors."""
    if command == "validation":
        return validation()
    from isthmus import console
    from isthmus.cli import app

    arguments = command.split()[1:]
    with tempfile.TemporaryDirectory() as place:
        if arguments[0] == "run":
            arguments += ["--results", place]
        text = io.StringIO()
        console.out.file = text
        console.out.width = 110
        with contextlib.redirect_stderr(io.StringIO()):
            app(arguments, standalone_mode=False)
        console.out.file = None  # type: ignore[assignment]
    first = text.getvalue().split("\n\n")[0]
    lines = [line.rstrip() for line in first.split("Sanctions exposure")[0].splitlines()]
    return "```text\n" + "\n".join(lines).strip("\n") + "\n```\n"


def validation() -> str:
    """Return the error distribution as a table."""
    import isthmus as ist
    from isthmus.analysis.evidence import validate

    facts = ist.read()
    network, cost = facts.network("2025-01-01"), ist.GeneralizedCost(facts)
    result = validate(network, cost, None, assignment=ist.assign(network, facts.demand(), cost))
    rows = ["| quantity | n | median abs. error | goal |", "|---|---|---|---|"]
    for row in result.as_dict()["errors_by_quantity"]:
        goal = row["goal"]
        shown = f"{goal:.0%}" if goal == goal and goal is not None else ""
        rows.append(f"| {row['quantity']} | {row['n']} | {row['median_abs']:.0%} | {shown} |")
    return "\n".join(rows) + "\n"


def fresh(text: str) -> str:
    """Return the README with every block filled anew."""
    return BLOCK.sub(lambda m: m[1] + output_of(m[2]) + m[4], text)


def main() -> None:
    """Fill or check the README."""
    os.chdir(ROOT)
    text = README.read_text(encoding="utf-8")
    new = fresh(text)
    if "--check" in sys.argv:
        if new != text:
            sys.exit(
                "README.md shows other output than the commands print: python scripts/readme.py"
            )
        return
    README.write_text(new, encoding="utf-8")


if __name__ == "__main__":
    main()
