"""The model beside what was observed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from isthmus.cli.app import Data, Json, app, read_facts
from isthmus.console import note, out, print_json, print_table

__all__ = ["validate"]


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
