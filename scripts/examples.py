"""
Put fresh output into the pages of docs/ that show a command: ``python scripts/examples.py [PAGE...]``.

A block that begins with ``$ isthmus ...`` holds what that command prints, but for its last hint.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

DOCS = Path(__file__).resolve().parent.parent / "docs"
PAGES = ("criticality", "dependence", "power", "reliability", "invest")
BLOCK = re.compile(r"(```(?:text)?\n\$ isthmus ([^\n]+)\n)(.*?)(```\n)", re.DOTALL)


def output_of(command: str) -> str:
    """Return what a command prints, as wide as a page of print."""
    call = [sys.executable, "-c", "from isthmus.cli import main; main()", *command.split()]
    wide = {**os.environ, "COLUMNS": "112"}
    done = subprocess.run(call, check=True, capture_output=True, text=True, env=wide)
    lines = [line.rstrip() for line in done.stdout.splitlines()]
    return "\n".join(line for line in lines if not line.startswith("Next: ")).rstrip() + "\n"


def main() -> None:
    """Refresh the pages named, or all."""
    for name in sys.argv[1:] or PAGES:
        page = DOCS / f"{name}.md"
        text = page.read_text(encoding="utf-8")
        fresh = BLOCK.sub(lambda m: m[1] + output_of(m[2]) + m[4], text)
        print(f"{page.name}: {'new output' if fresh != text else 'as it was'}", flush=True)
        page.write_text(fresh, encoding="utf-8")


if __name__ == "__main__":
    main()
