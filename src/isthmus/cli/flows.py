"""Routes between two places."""

from __future__ import annotations

from typing import Annotated

import typer

from isthmus.cli.app import Data, Json, app, read_facts
from isthmus.console import compact, hint, out, print_json, print_table

__all__ = ["route"]


@app.command(epilog='Example: `isthmus route "Xi\'an" Mersin --commodity container -k 5`')
def route(
    origin: Annotated[str, typer.Argument(metavar="FROM", help="Place: id, name or alias.")],
    destination: Annotated[str, typer.Argument(metavar="TO", help="Place.")],
    scenario: Annotated[str | None, typer.Option(help="File or name.")] = None,
    date: Annotated[str | None, typer.Option(help="Day of the network.")] = None,
    commodity: Annotated[str, typer.Option(help="`isthmus list commodities`.")] = "container",
    k: Annotated[int, typer.Option("-k", min=1, max=50, help="Alternatives.")] = 5,
    legs: Annotated[bool, typer.Option(help="Open every alternative leg by leg.")] = False,
    data: Data = None,
    json: Json = False,
) -> None:
    """Show alternatives between two places: money, hours p50-p90, CO2, lands, exposure."""
    from isthmus.analysis.flows import route as find_routes
    from isthmus.cost.model import GeneralizedCost

    facts = read_facts(data)
    day = date or "2025-01-01"
    network = facts.network(day)
    if scenario:
        from isthmus.scenario import find_scenario

        order = find_scenario(scenario, facts)
        day = date or str(order.base)
        network, _ = order.apply(facts.network(day), facts.demand())
    found = find_routes(network, GeneralizedCost(facts), origin, destination, commodity, k)
    if json:
        print_json(found.as_dict())
        return
    table = found.table
    print_table(
        f"{found.origin_name} to {found.destination_name}, {commodity}, {day}",
        {
            "#": "right",
            "USD/t": "right",
            "USD/FEU": "right",
            "days p50": "right",
            "p90": "right",
            "kg CO2e/t": "right",
            "km": "right",
            "modes": "left",
            "through": "left",
            "exposure": "left",
        },
        [
            [
                str(r["route"]),
                compact(r["money_usd_t"]),
                compact(r["money_usd_feu"]),
                f"{r['hours_p50'] / 24:.1f}",
                f"{r['hours_p90'] / 24:.1f}",
                compact(r["co2_kg_t"]),
                f"{r['length_km']:,.0f}",
                r["modes"],
                r["territories"],
                _measures(found, r["route"]),
            ]
            for r in table.to_dict("records")
        ],
        "Ranked by generalised cost. Money only; time and its spread rank too.",
    )
    _print_exposure(found)
    for number in table["route"] if legs else table["route"].head(1):
        steps = found.legs[found.legs["route"] == number]
        out.print()
        print_table(
            f"Route {number}, leg by leg",
            {
                "step": "left",
                "from": "left",
                "to": "left",
                "km": "right",
                "h": "right",
                "USD/t": "right",
            },
            [
                [
                    r["what"],
                    r["from"],
                    r["to"],
                    f"{r['length_km']:,.0f}" if r["length_km"] else "",
                    f"{r['hours']:.1f}",
                    f"{r['money_usd_t']:.1f}",
                ]
                for r in steps.to_dict("records")
            ],
        )
    if not legs:
        hint(f'isthmus route "{origin}" "{destination}" --legs')


def _measures(found, number: int) -> str:  # type: ignore[no-untyped-def]
    n = int(found.exposures["route"].eq(number).sum())
    return f"{n} listed" if n else "none listed"


def _print_exposure(found) -> None:  # type: ignore[no-untyped-def]
    """Print who is listed on which route, by whom, since when."""
    key = ["subject", "listed_by", "measure", "from_date"]
    if not len(found.exposures):
        return
    routes = found.exposures.groupby(key, sort=False)["route"].agg(list).reset_index()
    print_table(
        "Sanctions exposure",
        {"routes": "left", "who": "left", "listed by": "left", "since": "left", "measure": "left"},
        [
            [
                " ".join(str(n) for n in r["route"]),
                r["subject"],
                r["listed_by"],
                r["from_date"] or "unknown",
                r["measure"],
            ]
            for r in routes.to_dict("records")
        ],
    )
