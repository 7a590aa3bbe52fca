"""
Write docs/coverage.md from data/subjects.csv: ``python scripts/coverage_page.py``; ``--check`` compares.

Every subject must be reachable: each of its references is the id of a row that `isthmus show` finds,
or a shipped scenario. What does not resolve is printed, and the exit code is 1.
"""

from __future__ import annotations

import sys
from pathlib import Path

from isthmus.errors import InputError
from isthmus.facts.listing import listing
from isthmus.facts.sources import split
from isthmus.package import Facts, read
from isthmus.scenario import list_scenarios

PAGE = Path(__file__).resolve().parents[1] / "docs" / "coverage.md"

SECTIONS = {
    "A": "Systems",
    "B": "Regimes of borders and transit",
    "C": "Agreements and declarations",
    "D": "Bodies and persons, as context",
    "E": "Events",
    "F": "Recommendations",
    "G": "Labels, as context",
}
NEEDED = "ABCEF"
"""Sections whose every row must be in the model, the dated facts or the register of claims."""

HEAD = """# Coverage

Every system, regime, agreement, event and recommendation that the speech in the register of claims
names (`isthmus list claims`), in neutral words, and where it stands here. Written by
`python scripts/coverage_page.py` from `data/subjects.csv`; `--check` fails if a reference leads nowhere.
`isthmus show ID` prints a row with its sources; `isthmus run ID` runs a scenario.
"""


def lost(facts: Facts) -> list[str]:
    """Return what leads nowhere, a line each; empty if every subject is reachable."""
    known: dict[str, set[str]] = {"scenario": set(list_scenarios())}
    faults = []
    table = facts["subjects"]
    for row in table.to_dict("records"):
        refs = split(row["refs"])
        if not refs:
            faults.append(f"{row['subject_id']}: has no reference.")
        for ref in refs:
            noun, _, name = ref.partition(":")
            if noun not in known:
                try:
                    frame = listing(facts, noun)
                    known[noun] = set(frame[frame.columns[0]].astype(str))
                except InputError:
                    known[noun] = set()
            if name not in known[noun]:
                faults.append(f"{row['subject_id']}: no {noun} {name}.")
    for section in NEEDED:
        if not table["section"].eq(section).any():
            faults.append(f"section {section}: has no row.")
    return faults


def page(facts: Facts) -> str:
    """Return the page."""
    table = facts["subjects"]
    parts = [HEAD]
    count = []
    for section, title in SECTIONS.items():
        rows = table[table["section"].eq(section)]
        count.append(f"{title.split(',')[0].lower()} {len(rows)}")
        parts.append(f"## {section}. {title}\n")
        parts.append("| | ¶ | what | when | form | where |\n|---|---|---|---|---|---|")
        for row in rows.to_dict("records"):
            where = "; ".join(
                f"{ref.partition(':')[0]} `{ref.partition(':')[2]}`" for ref in split(row["refs"])
            )
            place = row["place"].removeprefix("paragraphs ").removeprefix("paragraph ")
            cells = (row["subject_id"], place, row["name"], row["years"], row["form"], where)
            parts.append("| " + " | ".join(c.replace("|", "/") for c in cells) + " |")
        parts[-1] += "\n"
    parts.insert(1, f"{len(table)} subjects: {', '.join(count)}.\n")
    return "\n".join(parts)


def main() -> None:
    """Write or check the page."""
    facts = read()
    faults = lost(facts)
    text = page(facts)
    if "--check" not in sys.argv:
        PAGE.write_text(text, encoding="utf-8")
    elif not PAGE.is_file() or PAGE.read_text(encoding="utf-8") != text:
        faults.append(
            "docs/coverage.md is not what data/subjects.csv says: scripts/coverage_page.py"
        )
    if faults:
        sys.exit("\n".join(faults))


if __name__ == "__main__":
    main()
