"""Orders: run them, set them side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from isthmus.cli.app import Data, Gap, Json, Method, Results, app, read_facts
from isthmus.console import compact, hint, note, out, print_json, print_table, records
from isthmus.errors import Fault, InputError, NotConverged

if TYPE_CHECKING:
    from isthmus.facts.tables import Facts
    from isthmus.run import Finished

__all__ = ["compare", "run"]

_FEW = 8
"""Orders whose countries are printed one after the other."""


@app.command(
    epilog="Examples: `isthmus run zangezur aras crossroads-of-peace rasht-astara`, `isthmus run aras "
    "--also dependence,criticality`"
)
def run(
    scenarios: Annotated[
        list[str] | None, typer.Argument(help="Files or names; `isthmus list scenarios`.")
    ] = None,
    all_: Annotated[bool, typer.Option("--all", help="Run every shipped scenario.")] = False,
    method: Method = "stochastic",
    gap: Gap = 1e-6,
    also: Annotated[
        str | None,
        typer.Option(
            help="Questions answered on a page beside the report, with commas: criticality, "
            "dependence, power, reliability, invest; or all."
        ),
    ] = None,
    tornado: Annotated[
        bool,
        typer.Option(
            "--tornado", help="With --also: the five assumptions that move each answer most."
        ),
    ] = False,
    results: Results = Path("results"),
    data: Data = None,
    json: Json = False,
) -> None:
    """Assign orders, compare each with its base, write results/<scenario>/ with a report."""
    from isthmus.run import run as run_scenarios
    from isthmus.scenario import list_scenarios

    names = list(dict.fromkeys([*(scenarios or []), *(list_scenarios() if all_ else [])]))
    if not names:
        raise InputError(
            [Fault("run", "no scenario named.", "`isthmus list scenarios` shows all; or --all.")]
        )
    from isthmus.output.questions import named

    asked = named([x.strip() for x in (also or "").split(",") if x.strip()])
    if tornado and not asked:
        raise InputError([Fault("--tornado", "needs --also.", "As in --also criticality.")])
    facts = read_facts(data)
    with note.status("reading orders") as status:
        done = run_scenarios(
            facts,
            names,
            folder=results,
            method=method,
            gap=gap,
            resume=all_,
            progress=status.update,
        )
        pages = (
            _questions(facts, names, done, asked, method, gap, status, tornado=tornado)
            if asked
            else []
        )
    if json:
        print_json([_document(order) for order in done])
    else:
        _print_orders(done)
        for order in done:
            again = "" if order.result is not None else "  (as it was)"
            out.print(f"  {order.folder / 'report.html'}{again}")
        for path in pages:
            out.print(f"  {path}")
        hint(f"open the report in a browser, or `isthmus compare {_pair(names)} --by corridor`")
    short = [m for m in (order.manifest for order in done) if not m["converged"]]
    if short:
        worst = max(short, key=_gap)
        raise NotConverged(_gap(worst), gap, worst["iterations"])


def _questions(
    facts: Facts, names: list[str], done: list[Finished], asked: list[str], method: str, gap: float,
    status: Any, *, tornado: bool,
) -> list[Path]:  # fmt: skip
    """Write the page of questions of each order beside its report."""
    from isthmus.cost.model import GeneralizedCost
    from isthmus.output.page import write_page
    from isthmus.output.questions import questions
    from isthmus.run import prepare

    cost = GeneralizedCost(facts)
    pages = []
    for name, order in zip(names, done, strict=True):
        status.update(order.scenario.name)
        found = order.result or prepare(facts, order.scenario, cost, method=method, gap=gap)
        title = f"Questions: {order.scenario.name}"
        moved = {}
        if tornado:
            from isthmus.cli.swings import swings

            moved = {q: swings(q, facts, name, found.base, found.new, status) for q in asked}
        text = questions(asked, found.base, found.new, cost, title, status.update, moved)
        path = order.folder / "questions.html"
        write_page(path, text)
        pages.append(path)
    return pages


def _document(order: Finished) -> dict[str, Any]:
    import pandas as pd

    worst = pd.read_csv(order.folder / "bottlenecks.csv", keep_default_na=True).head(10)
    return {
        "manifest": order.manifest,
        "totals": order.manifest["totals"],
        "bottlenecks": records(worst),
        "folder": str(order.folder),
    }


def _gap(manifest: dict[str, Any]) -> float:
    return max(float(manifest["gap"]), float(manifest["base_gap"]))


def _pair(names: list[str]) -> str:
    return " ".join(names[:2]) if len(names) > 1 else f"baseline {names[0]}"


def _print_orders(done: list[Finished]) -> None:
    """Print what each order changes: the world, then countries that gain or lose most."""
    rows = []
    for order in done:
        t = order.manifest["totals"]
        unserved = t["unserved_new_t_yr"] - t["unserved_base_t_yr"]
        rows.append(
            [
                order.scenario.id,
                order.scenario.status,
                compact(t["cost_change_usd_yr"], sign=True),
                compact(t["time_change_th_yr"] / 24.0, sign=True),
                compact(t["co2_change_t_yr"], sign=True),
                compact(unserved, sign=True),
                f"{_gap(order.manifest):.0e}",
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
        "Cost is what trade served in both bears: money, time, its spread, and what having a choice is worth. "
        f"Minus is a saving; less than {_least(done)} cannot be told from 0 and is 0.",
    )
    out.print()
    _print_parts(done)
    _print_gaps(done)
    out.print()
    for order in done if len(done) <= _FEW else []:
        if order.result is not None and order.result.compared:
            _print_countries(order.result)


def _print_parts(done: list[Finished]) -> None:
    """Print what of a change is the network itself, where the method tells the parts apart."""
    rows = []
    for order in done:
        t = order.manifest["totals"]
        if t["network_change_usd_yr"] is not None:
            parts = ("cost", "network", "congestion", "relief")
            told = [compact(t[f"{p}_change_usd_yr"], sign=True) for p in parts]
            rows.append([order.scenario.id, *told])
    if not rows:
        return
    names = ("cost USD", "network", "congestion", "relief")
    print_table(
        "Where the change of cost comes from",
        {"order": "left", **dict.fromkeys(names, "right")},
        rows,
        "Network: at the delays of the base, where opening never costs and closing never saves. Congestion: queues "
        "that grow or shrink as others move. Relief: what trade that stops takes off the rest.",
    )
    out.print()


def _least(done: list[Finished]) -> str:
    """The smallest change that any of some runs can tell from none."""
    return f"USD {compact(max(float(o.manifest['totals']['least_usd_yr']) for o in done))} a year"


def _print_gaps(done: list[Finished]) -> None:
    """Print how near each assignment came to what its method defines, base and new."""

    def reached(manifest: dict[str, Any], side: str) -> str:
        return f"{manifest[f'{side}gap']:.1e} in {manifest[f'{side}iterations']}"

    rows = [
        [
            m["scenario"],
            m["method"],
            f"{m['asked_gap']:.0e}",
            reached(m, "base_"),
            reached(m, "") if m["compared"] else "is the base",
        ]
        for m in (order.manifest for order in done)
    ]
    proofs = [order.manifest["certificate"] for order in done]
    said = ""
    if all(p["conservation"] is not None for p in proofs):
        lost, above = (max(p[name] for p in proofs) for name in ("conservation", "duality_gap"))
        said = (
            f"At most {lost:.0e} of a trip is lost at any node; what trips bear is within {above:.0e} of the "
            "bound of their duals."
        )
    print_table(
        "Relative gap reached by every run, in so many iterations",
        {"order": "left", "method": "left", "asked": "right", "base": "right", "with it": "right"},
        rows,
        said,
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
    lands = list(size.sort_values(ascending=False).head(min(top, room)).index)
    rows = []
    for order in orders:
        part = table[table["order"].eq(order)].set_index("territory_id")
        rows.append([order, *(_swept(part.loc[land], only) for land in lands)])
    last = ["ranks agree (least tau)"]
    for land in lands:
        tau = agreement.set_index("territory_id")["tau_least"][land]
        last.append("" if tau != tau else f"{tau:.2f}")
    heads = [found.names.get(land, land) for land in lands]
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
