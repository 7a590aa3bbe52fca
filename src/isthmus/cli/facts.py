"""The facts: check, list, show."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from isthmus.cli.app import Data, Json, app, read_facts
from isthmus.console import hint, note, out, print_json, print_table, records

__all__ = ["check", "list_", "show"]

_ONE_BY_ONE = 3
"""So many rows of a table are shown whole; more of them as one table."""
_AT_MOST = 60
_ASIDE = ("page", "confidence", "note", "x_coord", "y_coord", "publisher", "accessed")


@app.command(epilog="Example: `isthmus check --unknown`")
def check(
    data: Data = None,
    unknown: Annotated[
        bool, typer.Option(help="List what is unknown, by table and column.")
    ] = False,
    json: Json = False,
) -> None:
    """Check the facts: keys, units, dates, lengths, connectivity, sources; all faults at once."""
    from isthmus.facts.check import check as find_faults
    from isthmus.facts.check import unknown as find_unknown

    facts = read_facts(data)
    if unknown:
        frame = find_unknown(facts)
        if json:
            print_json(records(frame))
        else:
            rows = [[str(v) for v in row] for row in frame.itertuples(index=False)]
            print_table("Unknown cells", dict.fromkeys(map(str, frame.columns), "left"), rows)
        return
    faults = find_faults(facts)
    if json:
        print_json([vars(f) for f in faults])
    elif faults:
        for fault in faults:
            out.print(str(fault), markup=False)
    else:
        total = sum(len(t) for t in facts.tables.values())
        out.print(f"{total:,} rows in {len(facts.tables)} tables: no fault.")
        hint("isthmus check --unknown")
    if faults:
        note.print(f"{len(faults)} faults.")
        raise typer.Exit(2)


@app.command("list", epilog="Example: `isthmus list crossings --json`")
def list_(
    noun: Annotated[str, typer.Argument(help="scenarios, or any table: nodes, links, crossings …")],
    data: Data = None,
    json: Json = False,
) -> None:
    """List the facts of one kind."""
    from isthmus.facts.listing import listing

    frame = listing(read_facts(data), noun)
    if json:
        print_json(records(frame))
        return
    shown = [c for c in frame if frame[c].astype(str).ne("").any()][:6]
    rows = [[str(v) for v in row] for row in frame[shown].itertuples(index=False)]
    print_table(f"{noun}: {len(frame)}", dict.fromkeys(shown, "left"), rows)
    if len(frame):
        hint(f'isthmus show "{frame.iloc[0, 0]}"')


@app.command(epilog='Example: `isthmus show "Alat"`')
def show(
    name: Annotated[str, typer.Argument(metavar="ID", help="Id, name or alias of anything.")],
    data: Data = None,
    json: Json = False,
) -> None:
    """Show everything the facts say of one thing, its history, and who says so."""
    from isthmus.facts.listing import dossier

    found = dossier(read_facts(data), name)
    if json:
        print_json(found)
        return
    for title, rows in found.items():
        if len(rows) > _ONE_BY_ONE:
            _print_rows(title, rows)
            continue
        for row in rows:
            pairs = [[k, str(v)] for k, v in row.items() if v not in ("", None)]
            print_table(title, {"": "left", " ": "left"}, pairs)
            out.print()


def _print_rows(title: str, rows: list[dict[str, Any]]) -> None:
    """Print many rows as one table: the first columns that say something, and who says so."""
    names = dict.fromkeys(k for row in rows for k in row if k not in _ASIDE)
    last = ["source_id"] if "source_id" in names else []
    shown = [k for k in names if k not in last][: 6 - len(last)] + last
    cut = [[_short(row.get(k, "")) for k in shown] for row in rows[:_AT_MOST]]
    left = f"{len(rows) - _AT_MOST} more: --json has all." if len(rows) > _AT_MOST else ""
    print_table(f"{title}: {len(rows)}", dict.fromkeys(shown, "left"), cut, left)
    out.print()


def _short(value: Any, width: int = 60) -> str:
    text = str(value)
    return text if len(text) <= width else text[: width - 1] + "…"
