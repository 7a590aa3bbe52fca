"""Dependence: how much of a country's trade another can stop, and what it costs to go round."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from isthmus.cli.app import (
    Data,
    Day,
    Html,
    Json,
    Order,
    alone,
    app,
    checked_page,
    kept,
    print_tornado,
    read_facts,
)
from isthmus.console import compact, hint, note, out, print_json, print_table, records
from isthmus.errors import Fault, InputError

if TYPE_CHECKING:
    import pandas as pd

    from isthmus.analysis.dependence import Dependence, Refusal
    from isthmus.assign import Assignment
    from isthmus.package import Facts

__all__ = ["dependence"]

_REFUSALS = 6
"""Territories or controllers whose refusal is tried if none is named: those passed most."""


@app.command(
    epilog="Examples: `isthmus dependence --of ARM --on IRN`, `isthmus dependence zangezur --of ARM`, "
    "`isthmus dependence --routes CHN,DEU`"
)
def dependence(
    scenario: Order = None,
    of: Annotated[str | None, typer.Option(help="Whose trade.")] = None,
    on: Annotated[str | None, typer.Option(help="Who might let it pass no more.")] = None,
    by: Annotated[str, typer.Option(help="territory, or control: whose consent is needed.")] = (
        "territory"
    ),
    pair: Annotated[
        str | None,
        typer.Option(
            "--routes",
            "--ways",
            help="Two countries, A,B, or all of the corridors: routes that share no link, and flow.",
        ),
    ] = None,
    commodity: Annotated[str, typer.Option(help="The good of --routes.")] = "container",
    date: Day = "2025-01-01",
    tornado: Annotated[
        bool, typer.Option("--tornado", help="The five assumptions that move --of --on most.")
    ] = False,
    html: Html = None,
    top: Annotated[int, typer.Option(min=1, help="Rows to print.")] = 20,
    data: Data = None,
    json: Json = False,
) -> None:
    """Say how much of whose trade passes whose territory, what a refusal stops, and what going round costs."""
    from isthmus.analysis.dependence import all_routes
    from isthmus.analysis.dependence import dependence as count
    from isthmus.run import assigned

    if on is not None and of is None:
        raise InputError([Fault("--on", "needs --of.", "As in --of ARM --on IRN.")])
    if tornado and on is None:
        raise InputError([Fault("--tornado", "needs --of and --on.", "As in --of ARM --on IRN.")])
    if pair is not None and pair != "all":
        alone("--routes A,B", {"--of": of is not None, "--on": on is not None, "--html": html is not None,
                             "--tornado": tornado})  # fmt: skip
    checked_page(html)
    facts = read_facts(data)
    if of is not None:
        of = facts.names.territory(of, "--of")
    with note.status("assigning") as status:
        base, new = assigned(facts, scenario, date)
        shown = new or base
        if pair is not None and pair != "all":
            _routes(shown, pair, commodity, json=json)
            return
        found = count(shown, by)
        before = count(base, by) if new is not None else None
        refusals = _refusals(shown, found, of, on, by, status)
        every = all_routes(shown, commodity) if pair is not None or html is not None else None
        swings = None
        if tornado and of is not None and on is not None:
            swings = _tornado(facts, scenario, date, of, refusals[0].via_id, by, status)
    name = scenario or date
    if html is not None:
        from isthmus.output.page.document import section_page, write_page
        from isthmus.output.sections.dependence import section

        body = section(found, before, refusals, of, swings, every)
        write_page(html, section_page(f"Dependence: {name}", body))
    if json:
        document = {
            "network": name,
            "by": by,
            "countries": records(found.countries),
            "pairs": records(_beside(found, before, of)),
            "refusals": [vars(r) | {"sentence": r.sentence()} for r in refusals],
            "routes": None if every is None else records(every),
            "tornado": None if swings is None else records(swings),
        }
        print_json(document)
        return
    for r in refusals:
        out.print(f"  {r.sentence()}", markup=False)
    _print(name, found, before, of, top)
    if pair is not None and every is not None:
        _print_routes(every, commodity)
    if swings is not None:
        print_tornado(swings, "the cost of going round")
    if html is not None:
        out.print(f"  {html}")
    first = of or found.countries["territory_id"][0]
    order = [scenario] if scenario else []
    what = ["dependence", *order, "--of", first]
    if of is not None:
        what = (
            ["criticality", *order, "--kinds", "crossing"]
            if on is not None or not refusals
            else ["dependence", *order, "--of", of, "--on", refusals[0].via_id]
        )
    hint(" ".join(["isthmus", *what]))


def _refusals(
    shown: Assignment, found: Dependence, of: str | None, on: str | None, by: str, status: Any
) -> list[Refusal]:
    """Try the refusal that was asked for, or those of whom this trade passes most."""
    from isthmus.analysis.dependence import refusal
    from isthmus.assign.link_removal import LinkRemoval

    if of is None:
        return []
    facts = shown.virtual.network.facts
    if on is None:
        states = facts["territories"].query("kind == 'state'")["territory_id"]
        passed = found.of(of)
        who = list(passed.loc[passed["via_id"].isin(states), "via_id"].head(_REFUSALS))
    else:
        controllers = set(shown.virtual.arcs["control_id"])
        who = [on if on in controllers else facts.names.territory(on, "--on")]
    removal = LinkRemoval(shown)
    done = []
    for via in who:
        status.update(f"if {via} refuses")
        done.append(refusal(removal, of, via, by))
    return done


def _tornado(
    facts: Facts, scenario: str | None, date: str, of: str, on: str, by: str, status: Any
) -> pd.DataFrame:
    """Move each assumption: what going round costs."""
    from isthmus.analysis.dependence import refusal
    from isthmus.run import assigned
    from isthmus.sensitivity import tornado

    def measure(changed: Facts) -> float:
        base, new = assigned(changed, scenario, date)
        return refusal(new or base, of, on, by).extra_usd_yr

    return tornado(
        facts,
        measure,
        keep=kept(facts, "dependence", scenario, date, of, on, by),
        progress=lambda n, i, k: status.update(f"tornado: {n}, {i} of {k}"),
    )


def _beside(found: Dependence, before: Dependence | None, of: str | None) -> pd.DataFrame:
    """Return the pairs, of one country if named, beside those of the base."""
    pairs = found.pairs if of is None else found.of(of)
    if before is None:
        return pairs
    key = ["who_id", "who", "via_id", "via"]
    old = before.pairs if of is None else before.of(of)
    both = pairs.merge(old, on=key, how="outer", suffixes=("", "_base"))
    numbers = [c for c in both if c not in key]
    both[numbers] = both[numbers].fillna(0.0)
    return both.sort_values("tonnes_t_yr", ascending=False, ignore_index=True)


def _print(
    name: str, found: Dependence, before: Dependence | None, of: str | None, top: int
) -> None:
    """Print what one country's trade passes, or how all stand."""
    if of is None:
        sides = {"country": "left", "trade t": "right", "passes": "right", "Herfindahl": "right"}
        rows = [
            [r["name"], compact(r["trade_t_yr"]), str(r["partners"]), f"{r['herfindahl_t']:.2f}"]
            for r in found.countries.head(top).to_dict("records")
        ]
        caption = (
            "Passes: territories and seas. Herfindahl: 1 where all that passes, passes one of them."
        )
        print_table(f"Whose trade passes how many, a year, {name}", sides, rows, caption)
        return
    sides = {"passes": "left", "t a year": "right", "share": "right", "share of value": "right"}
    if before is not None:
        sides["share before"] = "right"
    rows = []
    for r in _beside(found, before, of).head(top).to_dict("records"):
        row = [
            r["via"],
            compact(r["tonnes_t_yr"]),
            f"{100 * r['share_t']:.1f} %",
            f"{100 * r['share_usd']:.1f} %",
        ]
        if before is not None:
            row.append(f"{100 * r['share_t_base']:.1f} %")
        rows.append(row)
    whose = str(found.countries.set_index("territory_id")["name"].get(of, of))
    what = "territory or sea" if found.by == "territory" else "control"
    print_table(f"What the trade of {whose} passes, by {what}, {name}", sides, rows)


def _print_routes(every: pd.DataFrame, commodity: str) -> None:
    """Print the pairs that the fewest links part."""
    few = every.sort_values(["routes", "flow_t_yr"]).head(20)
    sides = {"from": "left", "to": "left", "routes": "right", "t a year": "right"}
    rows = [
        [r.origin, r.destination, str(r.routes), "no limit" if r.flow_t_yr == float("inf") else compact(r.flow_t_yr)]
        for r in few.itertuples(index=False)
    ]  # fmt: skip
    print_table(f"Parted by the fewest links, {commodity}, of {len(every):,} pairs", sides, rows)


def _routes(shown: Assignment, pair: str, commodity: str, *, json: bool) -> None:
    """Print routes and maximum flow between two countries."""
    from isthmus.analysis.dependence import routes

    facts = shown.virtual.network.facts
    ends = [facts.names.territory(x.strip(), "--routes") for x in pair.split(",") if x.strip()]
    if len(ends) != 2 or ends[0] == ends[1]:
        raise InputError([Fault("--routes", f'"{pair}" is not two countries.', "As in CHN,DEU.")])
    n, flow = routes(shown, ends[0], ends[1], commodity)
    if json:
        print_json({"origin": ends[0], "destination": ends[1], "routes": n, "flow_t_yr": flow})
        return
    room = "no capacity binds" if flow == float("inf") else f"at most {compact(flow)} t/yr"
    out.print(f"  {ends[0]} to {ends[1]}, {commodity}: {n} routes that share no link; {room}.")
    hint(f"isthmus criticality --cut {ends[0]},{ends[1]}")
