"""Bargaining power: the transit game of a network, before and after an order."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from isthmus.cli.app import (
    Data,
    Day,
    Html,
    Json,
    Order,
    Svg,
    app,
    checked_page,
    kept,
    print_tornado,
    read_facts,
)
from isthmus.console import compact, hint, note, out, print_json, print_table, records

if TYPE_CHECKING:
    import pandas as pd

    from isthmus.analysis.power import Power
    from isthmus.package import Facts

__all__ = ["power"]


@app.command(epilog="Example: `isthmus power zangezur --players AZE,GEO,ARM,IRN,RUS,TUR`")
def power(
    scenario: Order = None,
    date: Day = "2025-01-01",
    players: Annotated[
        str | None, typer.Option(help="Controllers, with commas; everybody else is open to all.")
    ] = None,
    most: Annotated[int, typer.Option(help="How many players if none are named.")] = 8,
    commodity: Annotated[
        str | None, typer.Option(help="gas, oil, or one commodity of freight; else all freight.")
    ] = None,
    free_passages: Annotated[
        bool, typer.Option("--free-passages", help="Straits and canals are open to all.")
    ] = False,
    pairs: Annotated[int, typer.Option(help="Pairs of orders sampled beyond 16 players.")] = 60,
    seed: Annotated[int, typer.Option(help="Of the sample.")] = 0,
    tornado: Annotated[
        bool, typer.Option("--tornado", help="The five assumptions that move the first value most.")
    ] = False,
    study: Annotated[
        bool, typer.Option("--study", help="Try published statements on a study of pipelines.")
    ] = False,
    html: Html = None,
    svg: Svg = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Say who can stop whom, in money: Shapley, Banzhaf, nucleolus and core of the transit game."""
    if study:
        _study(json=json)
        return
    from isthmus.analysis.power import compare_power

    checked_page(html, svg)
    facts = read_facts(data)
    names = [p.strip() for p in players.split(",") if p.strip()] if players else None
    options = {"most": most, "free_passages": free_passages, "pairs": pairs, "seed": seed}
    with note.status("solving the game") as status:

        def show_progress(stage: str, done: int, of: int) -> None:
            status.update(f"{stage}: {done} of {of}")

        base, new = _games(facts, scenario, date, names, commodity, options, show_progress)
        shown = new or base
        change = compare_power(base, new) if new is not None else None
        swings = None
        if tornado:
            first = shown.shapley() if change is None else change
            column = "shapley_usd_yr" if change is None else "shapley_usd_yr_change"
            lead = str(first["player_id"].iloc[first[column].abs().argmax()])
            same = list(shown.players["player_id"])
            swings = _tornado(facts, scenario, date, same, lead, commodity, options, show_progress)
    if html is not None:
        from isthmus.output.page.document import section_page, write_page
        from isthmus.output.sections.power import section

        title = f"Power over transit: {scenario or date}"
        write_page(html, section_page(title, section(shown, change, swings)))
    if svg is not None:
        _draw(svg, scenario or date, shown, change)
    if json:
        print_json(_document(scenario, date, commodity, shown, change, swings))
        return
    _print(scenario or date, shown, change, swings)
    if html is not None:
        out.print(f"  {html}")
    hint("isthmus power zangezur" if scenario is None else f"isthmus compare baseline {scenario}")


def _games(
    facts: Facts,
    scenario: str | None,
    date: str,
    names: list[str] | None,
    commodity: str | None,
    options: dict[str, Any],
    show_progress: Any,
) -> tuple[Power, Power | None]:
    """Solve the game of the base and, with an order, that of the order with the same players."""
    from isthmus.analysis.power import GOODS
    from isthmus.demand import demand_year
    from isthmus.scenario import find_scenario

    order = find_scenario(scenario, facts) if scenario else None
    day = str(order.base) if order else date
    network = facts.network(day)
    if commodity in GOODS:
        from isthmus.analysis.energy import energy_flows
        from isthmus.analysis.power import energy_power

        good = GOODS[str(commodity)]
        flows = [energy_flows(network)]
        if order is not None:
            flows.append(energy_flows(order.apply(network, facts.demand())[0]))
        base = energy_power(flows[0], good, names, most=options["most"], progress=show_progress)
        if order is None:
            return base, None
        same = list(base.players["player_id"])
        return base, energy_power(flows[1], good, same, progress=show_progress)
    from isthmus.analysis.power import power as solve
    from isthmus.assign import assign
    from isthmus.cost.model import GeneralizedCost

    demand, cost = facts.demand(demand_year(facts, day)), GeneralizedCost(facts)
    before = assign(network, demand, cost, method="all_or_nothing")
    base = solve(before, names, commodity=commodity, progress=show_progress, **options)
    if order is None:
        return base, None
    after = assign(*order.apply(network, demand), cost, method="all_or_nothing")
    same = list(base.players["player_id"])
    new = solve(
        after, same, outside=base.outside, commodity=commodity, progress=show_progress, **options
    )
    return base, new


def _tornado(
    facts: Facts,
    scenario: str | None,
    date: str,
    players: list[str],
    lead: str,
    commodity: str | None,
    options: dict[str, Any],
    show_progress: Callable[[str, int, int], None],
) -> pd.DataFrame:
    """Move each assumption and the price of no trade: the value of one player, or its change."""
    from isthmus.sensitivity import tornado

    def measure(changed: Facts, **more: Any) -> float:
        base, new = _games(
            changed, scenario, date, players, commodity, options | more, lambda *_: None
        )
        values = [
            float(game.shapley().set_index("player_id")["shapley_usd_yr"][lead])
            for game in (base, new)
            if game is not None
        ]
        return values[0] if len(values) == 1 else values[1] - values[0]

    own = {}
    if commodity not in ("gas", "oil"):
        own["What a tonne that does not move loses"] = (
            lambda: measure(facts, share=0.1),
            lambda: measure(facts, share=0.5),
        )
    decides = (date, players, commodity, sorted(options.items()), lead)
    keep = kept(facts, "power", scenario, *decides)
    return tornado(facts, measure, own=own, keep=keep, progress=show_progress).assign(
        player_id=lead
    )


def _document(
    scenario: str | None,
    date: str,
    commodity: str | None,
    shown: Power,
    change: pd.DataFrame | None,
    swings: pd.DataFrame | None,
) -> dict[str, Any]:
    document: dict[str, Any] = {
        "scenario": scenario,
        "date": date if scenario is None else None,
        "commodity": commodity,
        "exact": shown.exact,
        "coalitions": shown.checked,
        "path_gap": shown.path_gap.most,
        "path_gap_mean": shown.path_gap.mean,
        "total_usd_yr": shown.total_usd_yr,
        "players": records(shown.table()),
    }
    if shown.exact:
        document["nucleolus_kind"] = shown.nucleolus_kind
        document["nucleolus_certified"] = shown.certificate.holds
        document["core_is_empty"] = shown.core_is_empty
        document["least_core_usd_yr"] = shown.least_core.level
    if change is not None:
        document["change"] = records(change)
    if swings is not None:
        document["tornado"] = records(swings)
    return document


def _print(
    title: str, shown: Power, change: pd.DataFrame | None, swings: pd.DataFrame | None
) -> None:
    table = shown.table()
    columns = {
        "shapley_usd_yr": "Shapley",
        "low_usd_yr": "low",
        "high_usd_yr": "high",
        "banzhaf_usd_yr": "Banzhaf",
        "nucleolus_usd_yr": "nucleolus",
        "alone_usd_yr": "it alone opens",
        "veto_usd_yr": "it alone shuts",
        "transit_t_yr": "third parties, t/yr",
    }
    if shown.exact:
        columns = {c: h for c, h in columns.items() if c not in ("low_usd_yr", "high_usd_yr")}
        columns["nucleolus_usd_yr"] = shown.nucleolus_kind
    columns = {c: h for c, h in columns.items() if c in table}
    _table(f"Power over transit, USD/yr: {title}", table, columns)
    out.print(f"  all together save {compact(shown.total_usd_yr)} USD/yr")
    if shown.exact:
        held = "certified" if shown.certificate.holds else "not certified"
        core = "empty" if shown.core_is_empty else "not empty"
        out.print(f"  {shown.checked:,} coalitions; core {core}; {shown.nucleolus_kind} {held}")
    else:
        out.print(f"  sampled: {shown.checked:,} coalitions; intervals of 95 %")
    if shown.path_gap.most > 5e-5:
        out.print(
            f"  paths not found are worth {shown.path_gap.mean:.2%} of that to a coalition on average, "
            f"{shown.path_gap.most:.2%} at most, where looked for"
        )
    if change is not None:
        moves = {
            "shapley_usd_yr_base": "Shapley, base",
            "shapley_usd_yr_new": "with the order",
            "shapley_usd_yr_change": "change",
        }
        _table(f"Before and after {title}, USD/yr", change, moves)
    if swings is not None:
        print_tornado(swings, f"the value of {swings['player_id'].iloc[0]}")


def _table(title: str, frame: pd.DataFrame, columns: dict[str, str]) -> None:
    rows = [
        [str(r["name"]), *(compact(r[c], sign=c.endswith("_change")) for c in columns)]
        for r in frame.to_dict("records")
    ]
    print_table(title, {"": "left", **dict.fromkeys(columns.values(), "right")}, rows)


def _draw(path: Path, title: str, shown: Power, change: pd.DataFrame | None) -> None:
    from isthmus.output.page.document import write_page
    from isthmus.output.sections.power import picture

    if change is None:
        columns, table = ("shapley_usd_yr", "shapley_usd_yr"), shown.table()
    else:
        columns, table = ("shapley_usd_yr_base", "shapley_usd_yr_new"), change
    write_page(path, picture(table, *columns, f"Shapley values of transit: {title}"))


def _study(*, json: bool) -> None:
    from isthmus.analysis.power import gas_study

    found = gas_study()
    if json:
        print_json({"statements": records(found.statements), "values": records(found.values)})
        return
    rows = [
        [r["statement"], r["source"], r["figure"], "yes" if r["holds"] else "no"]
        for r in found.statements.to_dict("records")
    ]
    heads = {"stated": "left", "by": "left", "here": "left", "holds": "left"}
    print_table("Published statements on a study of pipelines", heads, rows)
    hint("isthmus power --commodity gas")
