"""What flows where: orders side by side, and routes between two places."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from isthmus.cli.app import Data, Gap, Json, Method, Results, app, read_facts
from isthmus.console import compact, hint, note, out, print_json, print_table, records
from isthmus.errors import Fault, InputError

__all__ = ["compare", "route"]


@app.command(
    epilog="Examples: `isthmus compare baseline hormuz-closed --by territory`; "
    "`isthmus compare --all --by territory`"
)
def compare(
    a: Annotated[str | None, typer.Argument(help="Scenario.")] = None,
    b: Annotated[str | None, typer.Argument(help="Scenario of the same base date.")] = None,
    all_: Annotated[
        bool, typer.Option("--all", help="All shipped orders in one table, by territory.")
    ] = False,
    by: Annotated[
        str,
        typer.Option(help="territory, corridor, link, crossing, od, commodity, mode or component."),
    ] = "territory",
    quantity: Annotated[
        str, typer.Option(help="With --all: cost_usd_yr, transit_t_yr, unserved_t_yr, co2_t_yr …")
    ] = "cost_usd_yr",
    no_sweep: Annotated[
        bool, typer.Option("--no-sweep", help="With --all: do not move the assumptions.")
    ] = False,
    assumptions: Annotated[
        str | None, typer.Option(help="With --all: ids of `isthmus list sweep`, by commas.")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="With --all: processes.")] = 2,
    csv: Annotated[Path | None, typer.Option(help="With --all: write the whole table.")] = None,
    results: Results = Path("results"),
    method: Method = "stochastic",
    gap: Gap = 1e-6,
    top: Annotated[int, typer.Option(help="Rows, or with --all columns, to print.")] = 25,
    data: Data = None,
    json: Json = False,
) -> None:
    """Set two orders side by side, or all of them in one table."""
    if all_:
        if by != "territory":
            raise InputError([Fault("--by", "is territory with --all.", "Leave it out.")])
        only = [] if no_sweep else assumptions.split(",") if assumptions else None
        _compare_all(quantity, only, workers, csv, results, method, max(gap, 1e-6), top, data, json)
        return
    if a is None or b is None:
        raise InputError([Fault("compare", "names no two orders.", "Name two, or say --all.")])
    _compare_two(a, b, by, method, gap, top, data, json)


def _compare_all(
    quantity: str,
    only: list[str] | None,
    workers: int,
    csv: Path | None,
    results: Path,
    method: str,
    gap: float,
    top: int,
    data: list[Path] | None,
    json: bool,
) -> None:
    from isthmus.scenario import list_scenarios
    from isthmus.sweep import QUANTITIES, sweep

    facts = read_facts(data)
    orders = [name for name in list_scenarios() if name != "baseline"]
    with note.status("reading") as status:
        found = sweep(
            facts,
            orders,
            assumptions=only,
            folder=results,
            method=method,
            gap=gap,
            overlays=data or [],
            workers=workers,
            progress=lambda done, total: status.update(f"{done} of {total} cases of orders"),
        )
    table, agreement = found.table(quantity), found.agreement(quantity)
    if csv is not None:
        table.to_csv(csv, index=False)
    if json:
        print_json(
            {
                "quantity": quantity,
                "swept": only is None or bool(only),
                "rows": records(table),
                "agreement": records(agreement),
            }
        )
        return
    size = table.groupby("territory_id")["central"].apply(lambda v: v.abs().max())
    room = max(1, (out.width - 34) // 12)
    territories = list(size.sort_values(ascending=False).head(min(top, room)).index)
    rows = []
    for order in orders:
        part = table[table["order"].eq(order)].set_index("territory_id")
        rows.append([order, *(_swept(part.loc[territory], only) for territory in territories)])
    last = ["ranks agree (least tau)"]
    for territory in territories:
        tau = agreement.set_index("territory_id")["tau_least"][territory]
        last.append("" if tau != tau else f"{tau:.2f}")
    heads = [found.names.get(territory, territory) for territory in territories]
    caption = "Not swept: no sign or rank here is known to hold."
    if only is None or only:
        rows.append(last)
        caption = (
            "± and the range: the sign changes when an assumption moves by a fifth; do not quote it. "
            "The last row: Kendall's tau of the worst case against the central ranking of orders."
        )
    print_table(
        f"{QUANTITIES[quantity]}, change a year, {quantity}",
        {"order": "left"} | dict.fromkeys(heads, "right"),
        rows,
        caption,
    )
    if csv is None:
        hint(f"isthmus compare --all --quantity {quantity} --csv orders.csv")


def _swept(cell: Any, only: list[str] | None) -> str:
    if max(abs(cell["low"]), abs(cell["high"])) < 1.0:
        return "0"
    if cell["sign_holds"] or only == []:
        return compact(cell["central"], sign=True)
    return f"± {compact(cell['low'], sign=True)} … {compact(cell['high'], sign=True)}"


def _compare_two(
    a: str,
    b: str,
    by: str,
    method: str,
    gap: float,
    top: int,
    data: list[Path] | None,
    json: bool,
) -> None:
    from isthmus.analysis.flows import compare as set_beside
    from isthmus.cost.model import GeneralizedCost
    from isthmus.run import prepare
    from isthmus.scenario import find_scenario

    facts = read_facts(data)
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
    """Show alternatives between two places: money, hours p50-p90, CO2, territories, exposure."""
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
