"""The model beside what was published: this year, and past ones."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from isthmus.cli.app import Data, Gap, Json, Method, app, read_facts
from isthmus.console import compact, hint, note, out, print_json, print_table
from isthmus.errors import Fault, InputError

__all__ = ["backcast", "validate"]


@app.command(epilog="Example: `isthmus validate --observations mine.csv --json`")
def validate(
    observations: Annotated[
        Path | None, typer.Option(help="CSV with the columns of data/observations.csv.")
    ] = None,
    volumes: Annotated[bool, typer.Option(help="Assign, and compare volumes too.")] = True,
    data: Data = None,
    json: Json = False,
) -> None:
    """Lay modelled times, costs, distances and volumes beside the published ones."""
    from isthmus.analysis.evidence import validate as lay_beside
    from isthmus.assign import assign as assign_demand
    from isthmus.cost.model import GeneralizedCost

    facts = read_facts(data)
    cost = GeneralizedCost(facts)
    network = facts.network("2025-01-01")
    with note.status("validating"):
        flows = assign_demand(network, facts.demand(), cost) if volumes else None
        result = lay_beside(network, cost, observations, assignment=flows)
    if json:
        print_json(result.as_dict())
        return
    for title, frame in result.tables().items():
        rows = [[_cell(v) for v in row] for row in frame.itertuples(index=False)]
        print_table(title, dict.fromkeys(map(str, frame.columns), "left"), rows)
        out.print()


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.3g}" if value == value else ""
    return str(value)


@app.command(epilog="Example: `isthmus backcast --years 2019,2021,2023,2025`")
def backcast(
    years: Annotated[str, typer.Option(help="Years, separated by commas.")] = "2019,2021,2023,2025",
    method: Method = "stochastic",
    gap: Gap = 1e-6,
    data: Data = None,
    json: Json = False,
) -> None:
    """Run past years on their network, trade and sanctions; lay volumes beside published ones."""
    from isthmus.analysis.evidence import backcast as run_years
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
