"""
Draw the house from its imports: ``docs/architecture.svg`` and the tables of ``docs/architecture.md``.

Rows are the floors of `pyproject.toml`, top to bottom; an arrow says that something above imports something
below. What follows from other arrows is left out: if a imports b and b imports c, then a may import c unseen. The ground
floor, which everything uses, has no arrows.

Run ``python scripts/architecture.py`` to write both, ``--check`` to fail if either differs.
"""

from __future__ import annotations

import ast
import itertools
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path

import grimp

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "isthmus"
PICTURE = ROOT / "docs" / "architecture.svg"
PAGE = ROOT / "docs" / "architecture.md"
BEGIN, END = "<!-- written by scripts/architecture.py -->", "<!-- until here -->"

OPENED = ("analysis", "output")
"""Folders whose own folders are drawn."""
GROUND = ("errors", "version", "vocab")
"""Drawn below all others, without arrows."""

WIDTH, LEFT, HIGH, STEP = 1080, 20, 30, 62
LETTER, PAD, GAP, LANE = 7.4, 11, 14, 10
_SWEEPS = 24

Edges = dict[tuple[str, str], int]


def floors() -> list[list[str]]:
    """Return the floors of the import contract, without the name of the package."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    layers = contracts["tool"]["importlinter"]["contracts"][0]["layers"]
    return [[part.strip().removeprefix("isthmus.") for part in row.split("|")] for row in layers]


def box_of(module: str, tops: Iterable[str]) -> str | None:
    """Return the box that a module is drawn in, None for the front of the package."""
    parts = module.split(".")[1:]
    if not parts or parts[0] not in tops:
        return None
    if parts[0] in OPENED:
        here = SOURCE.joinpath(*parts[:2])
        return "/".join(parts[:2]) if here != SOURCE / parts[0] else None
    return parts[0]


def edges_between(tops: set[str]) -> Edges:
    """Count imports between boxes."""
    graph = grimp.build_graph("isthmus", exclude_type_checking_imports=True, cache_dir=None)
    found: Edges = {}
    for module in sorted(graph.modules):
        here = box_of(module, tops)
        for other in sorted(graph.find_modules_directly_imported_by(module)):
            there = box_of(other, tops)
            if here and there and here != there:
                found[here, there] = found.get((here, there), 0) + 1
    return found


def reduced(edges: Edges) -> Edges:
    """Leave out what follows from other arrows; raises ValueError if imports run in a circle."""
    below: dict[str, set[str]] = {}
    for a, b in edges:
        below.setdefault(a, set()).add(b)
        below.setdefault(b, set())
    reach: dict[str, set[str]] = {}

    def all_below(box: str, above: tuple[str, ...]) -> set[str]:
        if box in above:
            raise ValueError(f"imports run in a circle: {' → '.join((*above, box))}")
        if box not in reach:
            reach[box] = below[box].union(*(all_below(b, (*above, box)) for b in below[box]))
        return reach[box]

    for box in sorted(below):
        all_below(box, ())
    return {
        (a, b): n
        for (a, b), n in sorted(edges.items())
        if not any(b in reach[other] for other in below[a] if other != b)
    }


def rows_of(edges: Edges) -> list[list[str]]:
    """Return the boxes of each row: a floor is as many rows as its own imports are deep."""
    boxes = sorted({box for pair in edges for box in pair})
    rows: list[list[str]] = []
    for floor in floors():
        own = [b for b in boxes if b.split("/")[0] in floor]
        depth: dict[str, int] = {}
        for _ in own:
            for box in own:
                over = [depth.get(a, 0) + 1 for a, b in edges if b == box and a in own]
                depth[box] = max(over, default=0)
        for level in range(max(depth.values(), default=-1) + 1):
            row = [b for b in own if depth[b] == level]
            if rows and not any(a in rows[-1] and b in row for a, b in edges):
                rows[-1] += row  # neither knows the other
            else:
                rows.append(row)
    return rows


def width_of(box: str) -> float:
    """Return the width of a box, or of the lane of an arrow that passes a row."""
    return LANE if box.startswith(">") else LETTER * len(box.split("/")[-1]) + 2 * PAD


def chains(edges: Edges, rows: list[list[str]]) -> list[tuple[list[str], int]]:
    """Give each arrow a lane in every row it passes; adds the lanes to the rows."""
    row = {box: i for i, boxes in enumerate(rows) for box in boxes}
    out = []
    for (a, b), n in edges.items():
        lanes = [f">{a}>{b}>{i}" for i in range(row[a] + 1, row[b])]
        for lane, i in zip(lanes, range(row[a] + 1, row[b]), strict=True):
            rows[i].append(lane)
        out.append(([a, *lanes, b], n))
    return out


def arranged(rows: list[list[str]], lines: list[tuple[list[str], int]]) -> dict[str, float]:
    """Order each row by what it is joined to, and return the middle of every box."""
    joined: dict[str, list[str]] = {box: [] for boxes in rows for box in boxes}
    for chain, _ in lines:
        for a, b in itertools.pairwise(chain):
            joined[a].append(b)
            joined[b].append(a)
    row = {box: i for i, boxes in enumerate(rows) for box in boxes}
    middle: dict[str, float] = {}
    for boxes in rows:
        _place(boxes, middle)
    for sweep in range(_SWEEPS):
        down = sweep % 2 == 0
        for boxes in rows if down else reversed(rows):
            pull = {
                b: _mean([middle[o] for o in joined[b] if (row[o] < row[b]) == down], middle[b])
                for b in boxes
            }
            boxes.sort(key=lambda b: (pull[b], b))
            _place(boxes, middle, pull)
    return middle


def _mean(values: list[float], default: float) -> float:
    return sum(values) / len(values) if values else default


def _place(
    boxes: list[str], middle: dict[str, float], pull: dict[str, float] | None = None
) -> None:
    """Set the boxes of a row side by side, each as near to its pull as its neighbours let it."""
    gap = min(GAP, (WIDTH - 2 * LEFT - sum(map(width_of, boxes))) / max(len(boxes) - 1, 1))
    total = sum(map(width_of, boxes)) + gap * (len(boxes) - 1)
    at = (WIDTH - total) / 2
    spots = []
    for box in boxes:
        spots.append(at + width_of(box) / 2)
        at += width_of(box) + gap
    if pull is not None:
        spots = [pull[b] for b in boxes]
        edge = float(LEFT)
        for i, box in enumerate(boxes):
            spots[i] = max(spots[i], edge + width_of(box) / 2)
            edge = spots[i] + width_of(box) / 2 + gap
        edge = float(WIDTH - LEFT)
        for i in range(len(boxes) - 1, -1, -1):
            spots[i] = min(spots[i], edge - width_of(boxes[i]) / 2)
            edge = spots[i] - width_of(boxes[i]) / 2 - gap
    middle.update(zip(boxes, spots, strict=True))


def drawn() -> str:
    """Return the picture."""
    tops = {box for floor in floors() for box in floor}
    edges = {(a, b): n for (a, b), n in edges_between(tops).items() if b not in GROUND}
    edges = reduced({pair: n for pair, n in edges.items() if pair[0] not in GROUND})
    rows = rows_of(edges)
    lines = chains(edges, rows)
    rows.append(list(GROUND))
    middle = arranged(rows, lines)
    top = {box: 16 + i * STEP for i, boxes in enumerate(rows) for box in boxes}
    height = 16 + len(rows) * STEP - (STEP - HIGH) + 16
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        'font-family="system-ui, sans-serif" font-size="13">',
        "<title>What imports what, floor by floor</title>",
        "<style>.g{fill:#fbfaf7}.b{fill:#fff;stroke:#4a5560}.analysis{fill:#e8f1ec;stroke:#2f7d5b}"
        ".output{fill:#eeeaf5;stroke:#6a55a0}.a{fill:none;stroke:#8b96a0}text{fill:#1c2328;text-anchor:middle}"
        "@media(prefers-color-scheme:dark){.g{fill:#15191d}.b{fill:#20262c;stroke:#8b96a0}"
        ".analysis{fill:#1d3329;stroke:#5fb48c}.output{fill:#2a2440;stroke:#a08fd6}.a{stroke:#5d6872}"
        "text{fill:#e6eaed}}</style>",
        '<defs><marker id="h" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
        'markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0 8 4 0 8z" fill="#8b96a0"/></marker></defs>',
        f'<rect class="g" width="{WIDTH}" height="{height}"/>',
    ]
    for chain, n in lines:
        points = [(middle[chain[0]], top[chain[0]] + HIGH)]
        for lane in chain[1:-1]:
            points += [(middle[lane], top[lane]), (middle[lane], top[lane] + HIGH)]
        points.append((middle[chain[-1]], top[chain[-1]] - 1))
        path = f"M{points[0][0]:.0f} {points[0][1]:.0f}"
        for (x, y), (u, v) in itertools.pairwise(points):
            half = (y + v) / 2
            path += f"C{x:.0f} {half:.0f} {u:.0f} {half:.0f} {u:.0f} {v:.0f}"
        thick = 1.0 + min(n, 12) / 8
        out.append(f'<path class="a" stroke-width="{thick:.1f}" marker-end="url(#h)" d="{path}"/>')
    for boxes in rows:
        for box in boxes:
            if box.startswith(">"):
                continue
            x, y, w = middle[box], top[box], width_of(box)
            kind = box.split("/")[0] if "/" in box else "b"
            said = f"{box}: {_purpose(box)}".replace("&", "&amp;").replace("<", "&lt;")
            out.append(
                f'<g><title>{said}</title><rect class="{kind}" x="{x - w / 2:.0f}" y="{y}" width="{w:.0f}" '
                f'height="{HIGH}" rx="4"/><text x="{x:.0f}" y="{y + 20}">{box.split("/")[-1]}</text></g>'
            )
    return "\n".join([*out, "</svg>", ""])


def _purpose(box: str) -> str:
    """Return the first sentence that a folder or a module says of itself."""
    place = SOURCE.joinpath(*box.split("/"))
    file = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
    text = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    return " ".join(text.split("\n\n")[0].split())


def tables() -> str:
    """Return the list of floors with what lives on each."""
    tops = {box for floor in floors() for box in floor}
    lines = ["| lives in | what it is for |", "|---|---|"]
    boxes = {box for pair in edges_between(tops) for box in pair}
    for floor in floors():
        for box in sorted(b for b in boxes if b.split("/")[0] in floor):
            name = box if SOURCE.joinpath(*box.split("/")).is_dir() else f"{box}.py"
            lines.append(f"| `{name}{'' if name.endswith('.py') else '/'}` | {_purpose(box)} |")
    return "\n".join(lines)


def page() -> str:
    """Return the page with its tables written anew."""
    text = PAGE.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}\n{tables()}\n{END}{rest.split(END)[1]}"


def main() -> None:
    """Write the picture and the page, or check them."""
    wanted = {PICTURE: drawn(), PAGE: page()}
    if "--check" in sys.argv[1:]:
        stale = [p.name for p, text in wanted.items() if p.read_text(encoding="utf-8") != text]
        if stale:
            sys.exit(f"{', '.join(stale)} differ: python scripts/architecture.py")
        return
    for path, text in wanted.items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
