"""History: the network as it was, and what changed when and why."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from isthmus.cli.app import Data, Json, app, read_facts
from isthmus.console import hint, out, print_json, print_table, records
from isthmus.errors import Fault, InputError

__all__ = ["history"]

_DIRECTION = re.compile(r"(, |: )[A-Z-]+ to [A-Z-]+")


@app.command(
    epilog="Examples: `isthmus history --date 2022-11-01`; "
    "`isthmus history --from 2020-01-01 --to 2024-12-31 --of Armenia`"
)
def history(
    date: Annotated[str | None, typer.Option(help="The network as it was that day.")] = None,
    start: Annotated[
        str | None, typer.Option("--from", help="What changed from this day …")
    ] = None,
    end: Annotated[str | None, typer.Option("--to", help="… to this.")] = None,
    of: Annotated[
        str, typer.Option(help="Only about this territory, place, element or agreement.")
    ] = "",
    data: Data = None,
    json: Json = False,
) -> None:
    """Show the network as it was on a day, or what changed between two, when and why."""
    if (date is None) == (start is None and end is None):
        mend = "Give --date 2022-11-01, or --from 2020-01-01 --to 2024-12-31."
        raise InputError([Fault("history", "needs a day, or two.", mend)])
    facts = read_facts(data)
    if date is not None:
        from isthmus.chronicle import as_of

        found = as_of(facts, date, of)
        if json:
            print_json(found.as_dict())
            return
        _print_day(found)
        hint(f"isthmus run SCENARIO, or `isthmus route FROM TO --date {found.date}`")
        return
    import datetime as dt

    from isthmus.chronicle import BEGINS
    from isthmus.chronicle import history as find_changes

    frame = find_changes(facts, start or BEGINS, end or dt.date.today().isoformat(), of)
    if json:
        print_json(records(frame))
        return
    rows = [
        [
            r["date"],
            _what(r),
            f"{r['before'] or 'none'} → {r['after'] or 'none'}",
            r["cause"],
            r["said_by"],
        ]
        for r in frame[frame["number"] > 0].to_dict("records")
    ]
    heads = {"date": "left", "what": "left", "from → to": "left", "why": "left"}
    heads["said by"] = "left"
    print_table("What changed, when and why", heads, rows)
    quiet = frame[frame["number"] == 0]
    if len(quiet):
        out.print()
        rows = [[r["date"], r["noun"], r["cause"], r["said_by"]] for r in quiet.to_dict("records")]
        heads = {"date": "left", "": "left", "what happened": "left", "said by": "left"}
        print_table("Events and agreements that changed no element of the network", heads, rows)
    if len(frame):
        hint(f"isthmus show {frame['cause_id'].iloc[-1]}")


def _what(row: dict[str, object]) -> str:
    return f"{row['noun']} {_label(str(row['names']).split('; '))}"


def _label(names: list[str], most: int = 2) -> str:
    """Return a few names; a crossing that is named both ways is named once."""
    plain = [_DIRECTION.sub("", name) for name in names]
    both = {p for p in plain if plain.count(p) > 1}
    shown = list(dict.fromkeys(p if p in both else n for p, n in zip(plain, names, strict=True)))
    if len(shown) <= most + 1:
        return "; ".join(shown)
    return f"{'; '.join(shown[:most])} and {len(shown) - most} others"


def _print_day(found) -> None:  # type: ignore[no-untyped-def]
    rows = []
    for (noun, state), part in found.counts.groupby(["noun", "state"], sort=False):
        modes = zip(part["mode"].str.replace("_", " "), part["number"], strict=True)
        shown = ", ".join(f"{mode} {number}" for mode, number in modes)
        rows.append([f"{noun} {state}", str(part["number"].sum()), shown])
    heads = {"elements": "left", "number": "right", "by mode": "left"}
    _print(f"The network on {found.date}", heads, rows)
    shown = found.unusual[~found.unusual["state"].isin(["customs_union", "planned"])]
    grouped = shown.groupby(["noun", "state", "from_date", "cause"], sort=False)
    rows = []
    for (noun, state, since, cause), part in grouped:
        said = ", ".join(dict.fromkeys(", ".join(part["said_by"]).split(", ")))
        rows.append(
            [f"{noun} {_label(list(part['name']))}", str(state), str(since), str(cause), said]
        )
    heads = dict.fromkeys(["what", "state", "since", "why", "said by"], "left")
    _print("Out of the ordinary, and why", heads, rows)
    rows = [
        [r["from_date"], r["state"], r["name"], r["parties"]]
        for r in found.agreements.to_dict("records")
    ]
    heads = dict.fromkeys(["since", "state", "agreement", "parties"], "left")
    _print("Agreements", heads, rows)
    rows = [
        [r["organisation"], r["members"], r["others"]] for r in found.memberships.to_dict("records")
    ]
    heads = dict.fromkeys(["of", "members and parties", "others"], "left")
    _print("Members", heads, rows)
    rows = [[r["date"], r["name"], r["effect"]] for r in found.recent.to_dict("records")]
    heads = {"date": "left", "event": "left", "effect": "left"}
    _print("The 90 days before", heads, rows)


def _print(title: str, heads: dict[str, str], rows: list[list[str]]) -> None:
    """Print a table and a line after it; nothing if it is empty."""
    if rows:
        print_table(title, heads, rows)
        out.print()
