"""Oil and gas: flows by line, route, transit country."""

from __future__ import annotations

from typing import Annotated

import typer

from isthmus.cli.app import Data, Json, app, read_facts
from isthmus.console import compact, hint, note, out, print_json, print_table
from isthmus.errors import Fault, InputError

__all__ = ["energy"]

_BY = ("route", "line", "transit", "country")


@app.command(epilog="Example: `isthmus energy cpc-stopped --by line`")
def energy(
    scenario: Annotated[str | None, typer.Argument(help="File or name of an order.")] = None,
    year: Annotated[int, typer.Option(help="Year of the trade.")] = 2023,
    date: Annotated[str | None, typer.Option(help="Day of the network.")] = None,
    by: Annotated[str, typer.Option(help=", ".join(_BY))] = "route",
    land: Annotated[
        str | None, typer.Option(help="What others lose if this land closes its lines.")
    ] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Send oil and gas by cost under hard capacities; lay them beside published exports."""
    from isthmus.analysis.energy import energy as flows
    from isthmus.analysis.energy import export_capacity

    if by not in _BY:
        raise InputError([Fault("--by", f'"{by}" is none.', f"One of {', '.join(_BY)}.")])
    facts = read_facts(data)
    order = None
    if scenario:
        from isthmus.run import find_scenario

        order = find_scenario(scenario, facts)
    day = date or (order.base if order else f"{year}-10-15")
    network = facts.network(day)
    with note.status("sending oil and gas"):
        base = flows(network, year)
        new = flows(order.apply(network, facts.demand())[0], year) if order else base
    lost = new.dependence(facts.names.territory(land, "--land")) if land else None
    if json:
        said = {"base": base.as_dict(), "capacity": export_capacity(facts, day).to_dict("records")}
        if order:
            said |= {"scenario": order.id, "new": new.as_dict()}
        if lost is not None:
            said["closing"] = lost.to_dict("records")
        print_json(said)
        return
    title = f"Oil and gas of {year} on the network of {day}" + (f", {order.name}" if order else "")
    if lost is not None:
        _print_closing(lost, str(land))
    elif by == "route":
        _print_routes(base, new, title)
    elif by == "line":
        _print_lines(base, new, title)
    elif by == "country":
        _print_countries(new, title)
    else:
        frame = export_capacity(facts, day)
        rows = [
            [r["commodity"], r["territory_id"], compact(r["capacity_t_yr"]), str(r["unknown"])]
            for r in frame.to_dict("records")
        ]
        heads = {"": "left", "land": "left", "t/yr": "right", "lines of unknown capacity": "right"}
        print_table(f"Capacity over borders and at ports on {day}", heads, rows)
    left = new.unserved()
    if len(left):
        out.print()
        rows = [
            [r["trade_id"], r["commodity"], compact(r["unserved_t_yr"]), compact(r["tonnes_t_yr"])]
            for r in left.to_dict("records")
        ]
        heads = {"trade": "left", "": "left", "left behind t/yr": "right", "of": "right"}
        print_table("What no line carries", heads, rows)
    hint("isthmus energy --land RUS")


def _print_routes(base, new, title: str) -> None:  # type: ignore[no-untyped-def]
    after = new.routes().set_index("route_id")["modelled_t_yr"]
    rows = [
        [
            r["name"],
            compact(r["modelled_t_yr"]),
            compact(r["published_t_yr"]),
            "" if abs(r["error"]) == float("inf") else f"{r['error']:+.0%}",
            "yes" if r["within"] else "no",
            r["confidence"],
            compact(after[r["route_id"]] - r["modelled_t_yr"], sign=True)
            if new is not base
            else "",
        ]
        for r in base.routes().to_dict("records")
    ]
    heads = {"route": "left", "modelled t/yr": "right", "published": "right", "error": "right"}
    heads |= {"within 15 %": "left", "confidence": "left", "order changes": "right"}
    print_table(title, heads, rows)


def _print_lines(base, new, title: str) -> None:  # type: ignore[no-untyped-def]
    before = base.lines().set_index("link_id")["flow_t_yr"]
    rows = [
        [
            r["name"],
            r["territory_id"],
            compact(r["flow_t_yr"]),
            compact(r["capacity_t_yr"]) + (" assumed" if r["assumed"] else ""),
            f"{r['use']:.0%}",
            compact(r["worth_usd_t"]) if r["worth_usd_t"] > 0 else "",
            compact(r["flow_t_yr"] - before.get(r["link_id"], 0.0), sign=True),
        ]
        for r in new.lines().to_dict("records")
        if "pipeline" in r["mode"]
    ]
    heads = {"line": "left", "land": "left", "t/yr": "right", "capacity": "right", "use": "right"}
    print_table(title, heads | {"worth USD/t": "right", "change": "right"}, rows)


def _print_countries(new, title: str) -> None:  # type: ignore[no-untyped-def]
    frame = new.countries()
    frame = frame[frame["by"].eq("territory") & ~frame["through"].str.startswith("SEA")]
    rows = [
        [r["land"], r["side"], r["commodity"], r["through"], compact(r["tonnes_t_yr"]),
         f"{r['share']:.0%}"]
        for r in frame.to_dict("records")
    ]  # fmt: skip
    heads = {"of": "left", "": "left", "what": "left", "through": "left", "t/yr": "right"}
    print_table(title, heads | {"share": "right"}, rows)


def _print_closing(lost, land: str) -> None:  # type: ignore[no-untyped-def]
    rows = [
        [r["land"], r["side"], r["commodity"], compact(r["through_t_yr"]), compact(r["lost_t_yr"]),
         f"{r['avoidable']:.0%}" if r["avoidable"] == r["avoidable"] else "",
         compact(r["extra_usd_yr"])]
        for r in lost.to_dict("records")
    ]  # fmt: skip
    heads = {"of": "left", "": "left", "what": "left", "through it t/yr": "right"}
    heads |= {"lost t/yr": "right", "avoidable": "right", "dearer USD/yr": "right"}
    print_table(f"If {land} closes its lines and ports to the trade of others", heads, rows)
