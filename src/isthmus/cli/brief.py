"""The brief: orders side by side and claims with findings, in one file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from isthmus.cli.app import Data, Gap, Json, Method, app, read_facts
from isthmus.console import hint, note, out, print_json
from isthmus.errors import NotConverged

__all__ = ["brief"]


@app.command(epilog="Example: `isthmus brief zangezur aras --out brief.html`")
def brief(
    orders: Annotated[
        list[str] | None, typer.Argument(help="Orders of one date; four if none is named.")
    ] = None,
    path: Annotated[Path, typer.Option("--out", help="File to write.")] = Path("brief.html"),
    no_claims: Annotated[bool, typer.Option("--no-claims", help="Leave out the claims.")] = False,
    no_sweep: Annotated[
        bool, typer.Option("--no-sweep", help="Leave out the ranges of findings.")
    ] = False,
    method: Method = "stochastic",
    gap: Gap = 1e-6,
    data: Data = None,
    json: Json = False,
) -> None:
    """Write one page for a decision: map, orders side by side, winners and losers, claims, limits."""
    from isthmus.analysis.claims import ASSUMPTIONS
    from isthmus.brief import ORDERS
    from isthmus.brief import brief as write

    facts = read_facts(data)
    with note.status("reading orders") as status:
        target, runs = write(
            facts,
            orders or ORDERS,
            path,
            claims=not no_claims,
            assumptions=() if no_sweep else ASSUMPTIONS,
            method=method,
            gap=gap,
            progress=lambda text: status.update(text),
        )
    if json:
        print_json(
            {
                "file": str(target),
                "orders": [{"order": r.scenario.id, **r.comparison.totals()} for r in runs],
            }
        )
    else:
        out.print(f"  {target}")
        hint(f"open {target.name} in a browser, or `isthmus run {runs[0].scenario.id}`")
    short = [r for r in runs if not (r.new.converged and r.base.converged)]
    if short:
        worst = max(max(r.new.gap, r.base.gap) for r in short)
        raise NotConverged(worst, gap, short[0].new.iterations)
