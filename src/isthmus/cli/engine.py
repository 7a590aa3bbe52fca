"""The engine: benchmark networks, and what choosing alone costs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from isthmus.cli.app import Data, Gap, Json, app, read_facts
from isthmus.console import hint, note, print_json, print_table, records
from isthmus.errors import NotConverged

__all__ = ["anarchy", "assign"]


@app.command(
    epilog="Example: `isthmus assign SiouxFalls_net.tntp SiouxFalls_trips.tntp --gap 1e-12`"
)
def assign(
    net: Annotated[Path, typer.Argument(help="*_net.tntp")],
    trips: Annotated[Path, typer.Argument(help="*_trips.tntp")],
    method: Annotated[
        str,
        typer.Option(
            help="path_based, link_based, stochastic, capacitated or all_or_nothing.",
        ),
    ] = "path_based",
    gap: Gap = 1e-6,
    threads: Annotated[int, typer.Option(help="Threads; same result on any number.")] = 1,
    out_: Annotated[Path | None, typer.Option("--out", help="CSV: from,to,flow,cost.")] = None,
    routes: Annotated[
        Path | None,
        typer.Option(help="CSV of route flows, the most likely ones (path_based)."),
    ] = None,
    resume: Annotated[
        Path | None,
        typer.Option(help="File to keep path flows in and to go on from (path_based)."),
    ] = None,
    system_optimum: Annotated[
        bool, typer.Option("--system-optimum", help="Least total cost (path_based, link_based).")
    ] = False,
    mu: Annotated[
        float,
        typer.Option(
            help="Size of the perturbation, in free-flow cost (stochastic). Example: --mu 0.1 for "
            "trips that keep close to their least cost."
        ),
    ] = 0.6,
    penalty: Annotated[
        float | None, typer.Option(help="Price of a trip left behind (capacitated).")
    ] = None,
    toll_weight: Annotated[float, typer.Option(help="Cost a unit of toll.")] = 0.0,
    distance_weight: Annotated[float, typer.Option(help="Cost a unit of length.")] = 0.0,
    json: Json = False,
) -> None:
    """Assign a network of the field's benchmark format."""
    from isthmus.formats.tntp_job import Job

    job = Job(net, trips, method, gap, toll_weight, distance_weight, system_optimum)
    with note.status("reading") as status:
        result, summary = job.run(
            threads=threads,
            mu=mu,
            penalty=penalty,
            out=out_,
            routes=routes,
            resume=resume,
            tell=lambda text: status.update(text),
        )
    if json:
        print_json(summary)
    else:
        rows = [[k, _number(v)] for k, v in summary.items()]
        print_table(f"{net.name}, {method}", {"": "left", " ": "right"}, rows)
        if out_ is None:
            hint(f"isthmus assign {net} {trips} --out flows.csv")
    if not result.converged:
        if resume is not None:
            note.print(f"path flows are kept in {resume}: the same command goes on from there.")
        raise NotConverged(result.gap, gap, result.iterations)


def _number(value: float | str) -> str:
    if not isinstance(value, float):
        return str(value)
    return f"{value:.2e}" if 0.0 < abs(value) < 1e-4 else f"{value:,.6f}"


@app.command(epilog="Example: `isthmus anarchy --gap 1e-8`")
def anarchy(
    date: Annotated[str, typer.Option(help="Day of the network.")] = "2025-01-01",
    gap: Gap = 1e-8,
    data: Data = None,
    json: Json = False,
) -> None:
    """Show what it costs that everybody chooses for themselves: equilibrium beside optimum."""
    from isthmus.analysis.flows import price_of_anarchy
    from isthmus.cost.model import GeneralizedCost

    facts = read_facts(data)
    with note.status("assigning twice"):
        found = price_of_anarchy(
            facts.network(date), facts.demand(), GeneralizedCost(facts), gap=gap
        )
    totals, corridors = found.table(), found.by_corridor()
    if json:
        print_json(
            {
                "date": date,
                "price": found.price,
                "gap": [found.equilibrium.gap, found.optimum.gap],
                "totals": records(totals),
                "corridors": records(corridors),
            }
        )
        return
    rows = [
        [r.quantity, r.unit, f"{r.equilibrium:,.0f}", f"{r.optimum:,.0f}", f"{r.ratio:.4f}"]
        for r in totals.itertuples()
    ]
    sides = {"quantity": "left", "unit": "left"} | dict.fromkeys(
        ["equilibrium", "optimum", "ratio"], "right"
    )
    print_table(f"Price of anarchy {found.price:.6f}", sides, rows)
    rows = [
        [str(r.name), *(_shown(v, n) for v, n in zip(r[3:], (0, 0, 2, 2, 4), strict=True))]
        for r in corridors.itertuples()
    ]
    heads = ["t/yr equilibrium", "t/yr optimum", "USD/t equilibrium", "USD/t optimum", "ratio"]
    print_table(
        "Trades of each corridor", {"corridor": "left"} | dict.fromkeys(heads, "right"), rows
    )
    note.print(
        f"relative gaps {found.equilibrium.gap:.1e} and {found.optimum.gap:.1e}, {gap:.0e} asked"
    )


def _shown(value: float, digits: int) -> str:
    return "–" if value != value else f"{value:,.{digits}f}"
