"""Back-casts: past years beside what was published."""

from __future__ import annotations

from typing import Annotated

import typer

from isthmus.cli.app import Data, Gap, Json, Method, app, read_facts
from isthmus.console import compact, hint, note, out, print_json, print_table
from isthmus.errors import Fault, InputError

__all__ = ["backcast"]


@app.command(epilog="Example: `isthmus backcast --years 2019,2021,2023,2025`")
def backcast(
    years: Annotated[str, typer.Option(help="Years, separated by commas.")] = "2019,2021,2023,2025",
    method: Method = "stochastic",
    gap: Gap = 1e-6,
    data: Data = None,
    json: Json = False,
) -> None:
    """Run past years on their network, trade and sanctions; lay volumes beside published ones."""
    from isthmus.analysis.backcast import backcast as run_years
    from isthmus.cost.model import GeneralizedCost

    try:
        wanted = [int(y) for y in years.split(",")]
    except ValueError:
        mend = "Write them as 2019,2021."
        raise InputError([Fault("--years", f'"{years}" holds no years.', mend)]) from None
    facts = read_facts(data)
    with note.status("reading") as status:
        found = run_years(
            facts,
            GeneralizedCost(facts),
            wanted,
            method=method,
            gap=gap,
            progress=lambda text: status.update(f"year {text}"),
        )
    if json:
        print_json(found.as_dict())
        return
    rows = [
        [
            r["name"],
            str(r["year"]),
            r["unit"],
            compact(r["modelled"]),
            compact(r["published"]),
            f"{r['ratio']:.2f}" if r["ratio"] == r["ratio"] else "",
            r["published_confidence"],
        ]
        for r in found.table.sort_values(["name", "year"]).to_dict("records")
    ]
    heads = {"what": "left", "year": "right", "unit": "left"}
    heads |= {"modelled": "right", "published": "right", "ratio": "right", "confidence": "left"}
    print_table("Past years, modelled beside published", heads, rows)
    out.print()
    rows = [
        [
            r["name"],
            f"{r['from_year']} to {r['to_year']}",
            f"{r['modelled']:.2f}",
            f"{r['published']:.2f}",
            "yes" if r["agrees"] else "no",
        ]
        for r in found.changes.to_dict("records")
    ]
    heads = {"what": "left", "years": "left"}
    heads |= {"modelled, times": "right", "published, times": "right", "same direction": "left"}
    print_table("Growth from one published year to the next", heads, rows)
    out.print()
    rows = [[r["quantity"], f"{r['value']:.3g}"] for r in found.fit.to_dict("records")]
    print_table("How well it does", {"": "left", " ": "right"}, rows)
    hint("isthmus history --from 2021-01-01 --to 2023-12-31")
