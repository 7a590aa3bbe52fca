"""What the loss of links, crossings, terminals, corridors, territories and seas does to trade."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from isthmus.cli.app import (
    Data,
    Day,
    Html,
    Json,
    alone,
    app,
    checked_page,
    kept,
    print_tornado,
    read_facts,
)
from isthmus.console import compact, hint, note, out, print_json, print_table, records

if TYPE_CHECKING:
    import pandas as pd

    from isthmus.analysis.criticality import Criticality
    from isthmus.assign import Assignment
    from isthmus.package import Facts

__all__ = ["criticality"]

_TITLES = {
    "link": "link",
    "crossing": "border place",
    "terminal": "terminal",
    "corridor": "corridor",
    "territory": "territory",
    "sea": "sea",
    "passage": "strait or canal",
}


@app.command(
    epilog="Examples: `isthmus criticality --kinds crossing,passage`, `isthmus criticality --cut "
    "ARM,RUS`, `isthmus criticality --tntp SiouxFalls_net.tntp SiouxFalls_trips.tntp -k 2 --json`"
)
def criticality(
    scenario: Annotated[
        str | None, typer.Argument(help="Order; without one, the network of --date.")
    ] = None,
    date: Day = "2025-01-01",
    kinds: Annotated[
        str | None,
        typer.Option(
            help="What is taken away, with commas: link, crossing, terminal, corridor, territory, "
            "sea, passage; or all. Default is crossing,corridor,passage; with -k one kind, crossing."
        ),
    ] = None,
    only: Annotated[
        str | None, typer.Option(help="Ids of elements of these kinds, with commas.")
    ] = None,
    k: Annotated[
        int,
        typer.Option(
            "-k",
            min=1,
            help="The worst sets of up to k border places, of --kinds or, --tntp, links.",
        ),
    ] = 1,
    commodity: Annotated[
        str | None, typer.Option(help="The good of -k and --cut; default is all trade.")
    ] = None,
    cut: Annotated[
        str | None,
        typer.Option(
            help="Two territories, A,B: the fewest border places that part them, by good."
        ),
    ] = None,
    tntp: Annotated[
        tuple[Path, Path] | None,
        typer.Option("--tntp", metavar="NET TRIPS", help="A network and its trips as TNTP files."),
    ] = None,
    remove: Annotated[
        str, typer.Option(help="--tntp: links (both ways between two nodes) or arcs (one row).")
    ] = "links",
    metric: Annotated[
        str, typer.Option(help="--tntp: free-flow, equilibrium, or max-flow between two nodes.")
    ] = "free-flow",
    origin: Annotated[
        int | None, typer.Option(help="--tntp: node; with --destination, the worst for one pair.")
    ] = None,
    destination: Annotated[int | None, typer.Option(help="--tntp: node.")] = None,
    delay: Annotated[
        float, typer.Option(help="--tntp: delay elements by so much, in place of removing them.")
    ] = math.inf,
    toll_weight: Annotated[float, typer.Option(help="--tntp: cost a unit of toll.")] = 0.0,
    distance_weight: Annotated[float, typer.Option(help="--tntp: cost a unit of length.")] = 0.0,
    gap: Annotated[
        float | None,
        typer.Option(min=1e-12, max=0.1, help="Relative gap of each case: 1e-6; --tntp 1e-8."),
    ] = None,
    time_limit: Annotated[
        float | None,
        typer.Option(
            min=0.0,
            help="Seconds for the search of each size; the bound is then told. [default: 300; --tntp 600]",
        ),
    ] = None,
    tornado: Annotated[
        bool,
        typer.Option(
            "--tornado", help="The five assumptions that move the worst element's cost most."
        ),
    ] = False,
    top: Annotated[int, typer.Option(min=1, help="Rows and sets to print, the worst first.")] = 10,
    html: Html = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Remove one element, the worst k together; who is cut off, and what the others pay."""
    ours = {
        "--kinds": kinds is not None, "--only": only is not None, "--commodity": commodity is not None,
        "--cut": cut is not None, "--tornado": tornado, "--html": html is not None,
    }  # fmt: skip
    if tntp is not None:
        alone("--tntp", {"SCENARIO": scenario is not None, "--data": bool(data), **ours})
        from isthmus.cli.criticality_tntp import answer_tntp

        answer_tntp(
            tntp, k, remove, metric, origin, destination, delay, (toll_weight, distance_weight),
            gap or 1e-8, 600.0 if time_limit is None else time_limit, top, json,
        )  # fmt: skip
        return
    from isthmus.run import assigned

    theirs = {
        "--remove": remove != "links", "--metric": metric != "free-flow",
        "--origin": origin is not None, "--destination": destination is not None,
        "--delay": delay != math.inf, "--toll-weight": toll_weight != 0.0,
        "--distance-weight": distance_weight != 0.0,
    }  # fmt: skip
    alone("the shipped network; they go with --tntp", theirs)
    several = {o: ours[o] for o in ("--only", "--tornado", "--html")} | {"--gap": gap is not None}
    if cut is not None:
        alone("--cut", several | {"-k": k > 1, "--kinds": ours["--kinds"]})
    elif k > 1:
        alone("-k", several)
    else:
        alone("one element gone", {"--commodity": ours["--commodity"]})
    checked_page(html)
    facts = read_facts(data)
    with note.status("assigning the network as it is") as status:
        before, new = assigned(facts, scenario, date)
        base = new or before
        if cut is not None:
            _cut(base, cut, commodity, json=json)
            return
        if k > 1:
            seconds = 300.0 if time_limit is None else time_limit
            _together(base, k, kinds or "crossing", commodity, top, seconds, status, json=json)
            return
        from isthmus.analysis.criticality import KINDS
        from isthmus.analysis.criticality import criticality as solve

        def told(done: int, of: int) -> None:
            status.update(f"{done} of {of} losses assigned")

        asked = kinds or "crossing,corridor,passage"
        wanted = list(KINDS) if asked == "all" else [x.strip() for x in asked.split(",") if x]
        chosen = [x.strip() for x in only.split(",") if x.strip()] if only else None
        found = solve(base, wanted, chosen, gap=gap or 1e-6, progress=told)
        swings = _tornado(facts, scenario, date, found, status) if tornado else None
    name = scenario or date
    if html is not None:
        from isthmus.output.page.document import section_page, write_page
        from isthmus.output.sections.criticality import section

        title = f"Criticality: {name}"
        write_page(html, section_page(title, section(found, swings)))
    if json:
        print_json(_document(name, base, found, swings))
        return
    _print(name, found, top)
    if swings is not None:
        print_tornado(swings, f"the cost of losing {swings['element_id'].iloc[0]}")
    if html is not None:
        out.print(f"  {html}")
    hint(" ".join(["isthmus criticality", *([scenario] if scenario else []), "-k 2"]))


def _print(name: str, found: Criticality, top: int) -> None:
    """Print the worst elements of each kind."""
    sides = {
        "without": "left",
        "takes t": "right",
        "unserved t": "right",
        "cost USD": "right",
        "tonne-days": "right",
        "CO2e t": "right",
    }
    for kind, rows in found.elements.groupby("kind", sort=False):
        lines = [
            [
                str(r.name),
                compact(r.through_t_yr),
                compact(r.unserved_t_yr),
                compact(r.added_usd_yr, sign=True),
                compact(r.added_td_yr, sign=True),
                compact(r.added_co2_t_yr, sign=True),
            ]
            for r in rows.head(top).itertuples(index=False)
        ]
        print_table(f"One {_TITLES[str(kind)]} gone, a year, {name}", sides, lines)
    out.print(
        f"  {found.n_cases:,} losses assigned to a gap of {found.worst_gap:.0e} or less; what is "
        "added is over the tonnes still served. A corridor takes whatever uses some part of its chain."
    )


def _tornado(
    facts: Facts, scenario: str | None, date: str, found: Criticality, status: Any
) -> pd.DataFrame:
    """Move each assumption: what the loss of the element that costs most adds."""
    from isthmus.analysis.criticality import criticality as solve
    from isthmus.run import assigned
    from isthmus.sensitivity import tornado

    worst = found.elements.loc[found.elements["added_usd_yr"].idxmax()]
    kind, name = str(worst["kind"]), str(worst["element_id"])

    def measure(changed: Facts) -> float:
        base, new = assigned(changed, scenario, date)
        return float(solve(new or base, [kind], [name]).elements["added_usd_yr"].iloc[0])

    swings = tornado(
        facts,
        measure,
        keep=kept(facts, "criticality", scenario, date, kind, name),
        progress=lambda n, i, k: status.update(f"tornado: {n}, {i} of {k}"),
    )
    return swings.assign(kind=kind, element_id=name)


def _document(
    name: str, base: Assignment, found: Criticality, swings: pd.DataFrame | None
) -> dict[str, Any]:
    return {
        "network": name,
        "base_gap": base.gap,
        "cases": found.n_cases,
        "worst_gap": found.worst_gap,
        "elements": records(found.elements),
        "by_country": records(found.by_country),
        "by_trade": records(found.by_trade),
        "tornado": None if swings is None else records(swings),
    }


def _cut(base: Assignment, pair: str, commodity: str | None, *, json: bool) -> None:
    """Print the smallest cuts between two territories."""
    from isthmus.analysis.criticality import smallest_cuts
    from isthmus.errors import Fault, InputError

    names = base.virtual.network.facts.names
    ends = [names.territory(x.strip(), "--cut") for x in pair.split(",") if x.strip()]
    if len(ends) != 2 or ends[0] == ends[1]:
        raise InputError([Fault("--cut", f'"{pair}" is not two territories.', "As in ARM,RUS.")])
    found = smallest_cuts(base, ends[0], ends[1], [commodity] if commodity else None)
    if json:
        print_json({"origin": ends[0], "destination": ends[1], "cuts": records(found)})
        return
    sides = {"good": "left", "places": "right", "which": "left"}
    rows = [
        [r["name"], "none" if math.isinf(r["n_places"]) else f"{r['n_places']:.0f}", r["places"]]
        for r in found.to_dict("records")
    ]
    print_table(f"Fewest border places that part {ends[0]} from {ends[1]}", sides, rows)
    hint(f"isthmus dependence --of {ends[0]}")


def _together(
    base: Assignment, k: int, kind: str, commodity: str | None, top: int, seconds: float, status: Any,
    *, json: bool,
) -> None:  # fmt: skip
    """Print the worst sets of elements of a kind."""
    from isthmus.analysis.criticality import worst_together

    found = worst_together(base, k, kind, commodity, top=top, seconds=seconds, tell=status.update)
    if json:
        print_json(
            {
                "element_kind": found.element_kind,
                "commodity": found.commodity_id or None,
                "tonnes_t_yr": found.tonnes_t_yr,
                "sets": records(found.sets),
                "greedy": records(found.greedy),
            }
        )
        return
    what = commodity or "all trade"
    sides = {"without": "left", "unserved t": "right", "cost USD": "right"}
    for (size, sort), rows in found.sets.groupby(["k", "kind"]):
        measure = "added_usd_yr" if sort == "costly" else "unserved_t_yr"
        last = rows[measure].min()
        proof = (
            "proven"
            if rows["proven"].all()
            else f"not proven: none passes {compact(rows['bound'].max())}, "
            f"the last of these {compact(last)}"
        )
        lines = [
            [r["names"], compact(r["unserved_t_yr"]), compact(r["added_usd_yr"], sign=True)]
            for r in rows.to_dict("records")
        ]
        does = "leaves every trade a route and costs most" if sort == "costly" else "cuts off most"
        loss = "one alone" if size == 1 else f"{size} together"
        print_table(f"Loss of {loss} that {does}, a year, {what}, {proof}", sides, lines)
    for r in found.greedy[found.greedy["fails"]].to_dict("records"):
        best = found.sets.query("k == @r['k'] and kind == 'costly'")["added_usd_yr"].max()
        out.print(
            f"  the worst {r['k']} taken one after the other (greedy) cost "
            f"{compact(r['added_usd_yr'])} only, those that are worst together {compact(best)}"
        )
    hint("isthmus criticality --cut ARM,RUS")
