"""The commands: they parse, call one function, print. No logic lives here."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from isthmus import __version__
from isthmus.console import compact, hint, note, out, print_json, print_table, records
from isthmus.errors import CostError, Fault, InputError, IsthmusError, NoPath, NotConverged

if TYPE_CHECKING:
    from isthmus.facts.tables import Facts

__all__ = ["app", "main"]

app = typer.Typer(
    name="isthmus",
    help="Transit corridors between the Black Sea, the Caspian, Central Asia and the Gulf: "
    "who reaches whom, by which route, at what cost, and through whose land.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)

_ClickError: Any = next(c for c in typer.BadParameter.__mro__ if c.__name__ == "ClickException")
"""Usage errors; newer typer brings its own click, so it is asked rather than imported."""

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]
Data = Annotated[
    list[Path] | None,
    typer.Option("--data", help="Folder of CSV tables to lay over the shipped ones; repeatable."),
]
Method = Annotated[str, typer.Option(help="stochastic, path_based, capacitated or all_or_nothing.")]
Gap = Annotated[float, typer.Option(help="Relative gap to reach.")]
Results = Annotated[Path, typer.Option("--results", help="Where result folders go.")]


def _facts(data: list[Path] | None) -> Facts:
    from isthmus.facts.tables import read

    return read(*(data or []))


@app.callback(invoke_without_command=True)
def _root(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        out.print(__version__)
        raise typer.Exit


@app.command(epilog="Example: `isthmus run zangezur aras crossroads-of-peace rasht-astara`")
def run(
    scenarios: Annotated[
        list[str] | None, typer.Argument(help="Files or names; `isthmus list scenarios`.")
    ] = None,
    all_: Annotated[bool, typer.Option("--all", help="Run every shipped scenario.")] = False,
    method: Method = "stochastic",
    gap: Gap = 1e-6,
    results: Results = Path("results"),
    data: Data = None,
    json: Json = False,
) -> None:
    """Assign orders, compare each with its base, write results/<scenario>/ with a report."""
    from isthmus.run import list_scenarios, manifest_of
    from isthmus.run import run as run_scenarios

    names = [*(scenarios or []), *(list_scenarios() if all_ else [])]
    if not names:
        raise InputError(
            [Fault("run", "no scenario named.", "`isthmus list scenarios` shows all; or --all.")]
        )
    facts = _facts(data)
    with note.status("reading orders") as status:
        done = run_scenarios(
            facts,
            names,
            folder=results,
            method=method,
            gap=gap,
            progress=lambda name, i, g: status.update(f"{name}: iteration {i}, gap {g:.1e}"),
        )
    documents = []
    for result, folder in done:
        totals = result.comparison.totals()
        worst = result.comparison.bottlenecks().head(10)
        documents.append(
            {
                "manifest": manifest_of(result),
                "totals": totals,
                "bottlenecks": records(worst),
                "folder": str(folder),
            }
        )
    if json:
        print_json(documents)
    else:
        _print_orders(done)
        for _, folder in done:
            out.print(f"  {folder / 'report.html'}")
        hint(f"open the report in a browser, or `isthmus compare {_pair(names)} --by corridor`")
    short = [r for r, _ in done if not (r.new.converged and r.base.converged)]
    if short:
        worst = max(short, key=lambda r: max(r.new.gap, r.base.gap))
        raise NotConverged(max(worst.new.gap, worst.base.gap), gap, worst.new.iterations)


def _pair(names: list[str]) -> str:
    return " ".join(names[:2]) if len(names) > 1 else f"baseline {names[0]}"


def _print_orders(done: list) -> None:  # type: ignore[type-arg]
    """Print what each order changes: the world, then countries that gain or lose most."""
    rows = []
    for result, _ in done:
        t = result.comparison.totals()
        unserved = t["unserved_new_t_yr"] - t["unserved_base_t_yr"]
        rows.append(
            [
                result.scenario.id,
                result.scenario.status,
                compact(t["cost_change_usd_yr"], sign=True),
                compact(t["time_change_th_yr"] / 24.0, sign=True),
                compact(t["co2_change_t_yr"], sign=True),
                compact(unserved, sign=True),
                f"{max(result.new.gap, result.base.gap):.0e}",
            ]
        )
    print_table(
        "What each order changes, a year, against the network without it",
        {
            "order": "left",
            "status": "left",
            "cost USD": "right",
            "tonne-days": "right",
            "CO2e t": "right",
            "unserved t": "right",
            "gap": "right",
        },
        rows,
        "Cost is generalised cost: money, time and its spread, as expected of the choice. Minus is a saving.",
    )
    out.print()
    _print_gaps(done)
    out.print()
    for result, _ in done:
        if result.compared:
            _print_countries(result)


def _print_gaps(done: list) -> None:  # type: ignore[type-arg]
    """Print how near each assignment came to what its method defines, base and new."""

    def reached(run) -> str:  # type: ignore[no-untyped-def]
        return f"{run.gap:.1e} in {run.iterations}"

    rows = [
        [
            result.scenario.id,
            result.new.method,
            f"{result.new.asked_gap:.0e}",
            reached(result.base),
            reached(result.new) if result.compared else "is the base",
        ]
        for result, _ in done
    ]
    print_table(
        "Relative gap reached by every run, in so many iterations",
        {"order": "left", "method": "left", "asked": "right", "base": "right", "with it": "right"},
        rows,
    )


def _print_countries(result) -> None:  # type: ignore[no-untyped-def]
    frame = result.comparison.by("territory")
    frame = frame[frame["territory_kind"].eq("state")]
    size = frame["cost_usd_yr_change"].abs() + frame["unserved_t_yr_change"].abs() * 100
    moved = frame["transit_t_yr_change"].abs()
    pick = frame[(size.rank(ascending=False) <= 7) | (moved.rank(ascending=False) <= 5)]
    rows = [
        [
            r["name"],
            compact(r["cost_usd_yr_change"], sign=True),
            compact(r["time_th_yr_change"] / 24.0, sign=True),
            compact(r["co2_t_yr_change"], sign=True),
            compact(r["unserved_t_yr_change"], sign=True),
            compact(r["transit_t_yr_base"]),
            compact(r["transit_t_yr_change"], sign=True),
        ]
        for r in pick.sort_values("cost_usd_yr_change").to_dict("records")
    ]
    print_table(
        f"{result.scenario.name}: trade of, and transit through",
        {
            "country": "left",
            "cost of its trade USD": "right",
            "tonne-days": "right",
            "CO2e t": "right",
            "unserved t": "right",
            "transit t before": "right",
            "change": "right",
        },
        rows,
    )
    touched = result.comparison.exposure()
    touched = touched[touched["tonnes_t_yr_new"] > 0].head(3)
    for r in touched.to_dict("records"):
        out.print(
            f"  exposure: {compact(r['tonnes_t_yr_new'])} t/yr touch {r['subject']} "
            f"({r['measure']}; listed by {r['listed_by']}, since {r['from_date']})"
        )
    out.print()


@app.command(epilog="Example: `isthmus compare baseline hormuz-closed --by territory`")
def compare(
    a: Annotated[str, typer.Argument(help="Scenario.")],
    b: Annotated[str, typer.Argument(help="Scenario of the same base date.")],
    by: Annotated[
        str,
        typer.Option(help="territory, corridor, link, crossing, od, commodity, mode or component."),
    ] = "territory",
    method: Method = "stochastic",
    gap: Gap = 1e-6,
    top: Annotated[int, typer.Option(help="Rows to print, largest change first.")] = 25,
    data: Data = None,
    json: Json = False,
) -> None:
    """Set two orders side by side."""
    from isthmus.analysis.compare import compare as set_beside
    from isthmus.cost.model import GeneralizedCost
    from isthmus.run import find_scenario, prepare

    facts = _facts(data)
    first, second = find_scenario(a, facts), find_scenario(b, facts)
    cost = GeneralizedCost(facts)
    with note.status("assigning"):
        left = prepare(facts, first, cost, method=method, gap=gap)
        right = prepare(facts, second, cost, method=method, gap=gap, base=left.base)
    both = set_beside(left.new, right.new)
    frame = both.by(by)
    if json:
        print_json({"a": a, "b": b, "by": by, "totals": both.totals(), "rows": records(frame)})
        return
    changes = [c for c in frame if c.endswith("_change")]
    key = frame[changes[0]].abs() if changes else frame.iloc[:, 0]
    frame = frame.assign(_size=key).sort_values("_size", ascending=False).head(top)
    labels = [c for c in frame if c in ("name", "component", "mode") or c.endswith("_id")][:3]
    columns = {**dict.fromkeys(labels, "left"), **dict.fromkeys(changes, "right")}
    rows = [
        [*[str(r[c]) for c in labels], *[compact(r[c], sign=True) for c in changes]]
        for r in frame.to_dict("records")
    ]
    print_table(f"{b} against {a}, by {by}", columns, rows, "Changes a year; minus is less.")
    hint(f"isthmus run {b}")


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
    from isthmus.analysis.route import route as find_routes
    from isthmus.cost.model import GeneralizedCost

    facts = _facts(data)
    day = date or "2025-01-01"
    network = facts.network(day)
    if scenario:
        from isthmus.run import find_scenario

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


@app.command(epilog="Example: `isthmus check --unknown`")
def check(
    data: Data = None,
    unknown: Annotated[
        bool, typer.Option(help="List what is unknown, by table and column.")
    ] = False,
    json: Json = False,
) -> None:
    """Check the facts: keys, units, dates, lengths, connectivity, sources; all faults at once."""
    from isthmus.facts.check import check as find_faults
    from isthmus.facts.check import unknown as find_unknown

    facts = _facts(data)
    if unknown:
        frame = find_unknown(facts)
        if json:
            print_json(records(frame))
        else:
            rows = [[str(v) for v in row] for row in frame.itertuples(index=False)]
            print_table("Unknown cells", dict.fromkeys(map(str, frame.columns), "left"), rows)
        return
    faults = find_faults(facts)
    if json:
        print_json([vars(f) for f in faults])
    elif faults:
        for fault in faults:
            out.print(str(fault), markup=False)
    else:
        total = sum(len(t) for t in facts.tables.values())
        out.print(f"{total:,} rows in {len(facts.tables)} tables: no fault.")
        hint("isthmus check --unknown")
    if faults:
        note.print(f"{len(faults)} faults.")
        raise typer.Exit(2)


@app.command("list", epilog="Example: `isthmus list crossings --json`")
def list_(
    noun: Annotated[str, typer.Argument(help="scenarios, or any table: nodes, links, crossings …")],
    data: Data = None,
    json: Json = False,
) -> None:
    """List the facts of one kind."""
    from isthmus.facts.listing import listing

    frame = listing(_facts(data), noun)
    if json:
        print_json(records(frame))
        return
    shown = list(frame.columns[:6])
    rows = [[str(v) for v in row] for row in frame[shown].itertuples(index=False)]
    print_table(f"{noun}: {len(frame)}", dict.fromkeys(shown, "left"), rows)
    if len(frame):
        hint(f'isthmus show "{frame.iloc[0, 0]}"')


@app.command(epilog='Example: `isthmus show "Alat"`')
def show(
    name: Annotated[str, typer.Argument(metavar="ID", help="Id, name or alias of anything.")],
    data: Data = None,
    json: Json = False,
) -> None:
    """Show everything the facts say of one thing, its history, and who says so."""
    from isthmus.facts.listing import dossier

    found = dossier(_facts(data), name)
    if json:
        print_json(found)
        return
    for title, rows in found.items():
        for row in rows:
            pairs = [[k, str(v)] for k, v in row.items() if v not in ("", None)]
            print_table(title, {"": "left", " ": "left"}, pairs)
            out.print()


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
    theta: Annotated[float, typer.Option(help="Relative logit scale (stochastic).")] = 10.0,
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
            theta=theta,
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
    from isthmus.analysis.anarchy import price_of_anarchy
    from isthmus.cost.model import GeneralizedCost

    facts = _facts(data)
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
    from isthmus.analysis.validate import validate as lay_beside
    from isthmus.assign import assign as assign_demand
    from isthmus.cost.model import GeneralizedCost

    facts = _facts(data)
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


def main() -> None:
    """Run a command; exit 0 done, 1 our fault, 2 bad input or usage, 3 short of the asked gap."""
    try:
        code = app(standalone_mode=False)
    except typer.Abort:
        note.print("stopped; finished results stay as they are.")
        sys.exit(130)
    except KeyboardInterrupt:
        note.print("stopped; finished results stay as they are.")
        sys.exit(130)
    except _ClickError as problem:
        problem.show()
        sys.exit(problem.exit_code)
    except (InputError, NoPath) as problem:
        note.print(str(problem), markup=False)
        sys.exit(2)
    except NotConverged as problem:
        note.print(str(problem), markup=False)
        sys.exit(3)
    except (CostError, IsthmusError) as problem:
        note.print(str(problem), markup=False)
        sys.exit(1)
    sys.exit(code if isinstance(code, int) else 0)
