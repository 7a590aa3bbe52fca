"""Oil and gas: who sells to whom by which lines, over whose territory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from isthmus.cli.app import Data, Json, app, read_facts
from isthmus.console import compact, hint, note, out, print_json, print_table, records
from isthmus.errors import Fault, InputError

if TYPE_CHECKING:
    import pandas as pd

    from isthmus.analysis.energy import EnergyFlows

__all__ = ["energy"]

_VIEWS = ("line", "route", "transit", "country")
_TITLES = {
    "line": "Flow, capacity and what a unit more of it is worth, by line",
    "route": "Who sells to whom by which route",
    "transit": "What crosses each territory, control and water, and what is lost if it shuts",
    "country": "Exports and imports; what is unsold and unmet",
}


@app.command(epilog="Example: `isthmus energy cpc-stopped --by country`")
def energy(
    scenario: Annotated[
        str | None, typer.Argument(help="File or name; without one, the network of the year.")
    ] = None,
    year: Annotated[int, typer.Option(help="Year of the balances.")] = 2023,
    by: Annotated[str, typer.Option(help="line, route, transit or country.")] = "line",
    validate: Annotated[
        bool, typer.Option("--validate", help="Lay flows beside the published ones.")
    ] = False,
    top: Annotated[int, typer.Option(help="Rows to print, largest first.")] = 60,
    data: Data = None,
    json: Json = False,
) -> None:
    """Flows of oil and gas by cost under hard capacities; with a scenario, set beside its base."""
    if by not in _VIEWS:
        raise InputError([Fault("--by", f'"{by}" is no view.', f"One of {', '.join(_VIEWS)}.")])
    from isthmus.analysis.energy import (
        compare_energy,
        energy_flows,
        network_of_year,
        validate_energy,
    )
    from isthmus.scenario import find_scenario

    facts = read_facts(data)
    with note.status("settling oil and gas"):
        if scenario is None:
            base, new = None, energy_flows(network_of_year(facts, year), year)
        else:
            order = find_scenario(scenario, facts)
            network = facts.network(order.base)
            base = energy_flows(network, year)
            new = energy_flows(order.apply(network, facts.demand())[0], year)
        frame = validate_energy(new) if validate else _view(new, by)
        left = new.parties()
        left = left[left["left_t_yr"].gt(0) & left["role"].isin(["supply", "demand"])]
        both = compare_energy(base, new, "country" if by == "country" else "line") if base else None
    if json:
        document: dict[str, object] = {
            "scenario": scenario,
            "year": year,
            "by": "validation" if validate else by,
            "gap": new.solution.gap,
            "rows": records(frame),
            "left": records(left),
        }
        if both is not None:
            document["comparison"] = records(both)
        print_json(document)
        return
    title = f"Modelled beside published flows, {year}" if validate else f"{_TITLES[by]}, {year}"
    _print(title, frame.head(top))
    if validate:
        met = int(frame["met"].sum())
        out.print(f"  {met} of {len(frame)} routes within 15 %")
    _print("Left: supply that nobody takes, demand that nothing reaches", left)
    if both is not None:
        _print(f"{scenario} against the same day without it", both)
    hint(_next(scenario, by, validate=validate))


def _view(flows: EnergyFlows, by: str) -> pd.DataFrame:
    if by == "route":
        return flows.routes()
    if by == "transit":
        frame = flows.transit()
        return frame.sort_values("tonnes_t_yr", ascending=False, ignore_index=True)
    if by == "country":
        return flows.countries()
    frame = flows.lines()
    return frame.sort_values("flow_t_yr", ascending=False, ignore_index=True)


def _print(title: str, frame: pd.DataFrame) -> None:
    """Print a table of a frame; tonnes in millions."""
    if frame.empty:
        return
    hidden = ("line_id", "source_id", "flow_id", "contract_id")
    shown = [c for c in frame if c not in hidden or "name" not in frame]
    numbers = [c for c in shown if frame[c].dtype.kind == "f"]
    columns = {
        c.replace("_t_yr", ", t/yr").replace("_usd_t", ", USD/t").replace("_", " "): (
            "right" if c in numbers else "left"
        )
        for c in shown
    }
    rows = [[compact(r[c]) if c in numbers else str(r[c]) for c in shown] for r in records(frame)]
    print_table(title, columns, rows)
    out.print()


def _next(scenario: str | None, by: str, *, validate: bool) -> str:
    if scenario is None:
        return "isthmus energy --by transit" if validate else "isthmus energy cpc-stopped"
    other = "line" if by == "country" else "country"
    return f"isthmus energy {scenario} --by {other}"
