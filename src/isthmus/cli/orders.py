"""Orders: run them, and print what each changes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from isthmus.cli.app import Data, Gap, Json, Method, Results, app, read_facts
from isthmus.console import compact, hint, note, out, print_json, print_table, records
from isthmus.errors import Fault, InputError, NotConverged

if TYPE_CHECKING:
    from isthmus.package import Facts
    from isthmus.run import Finished

__all__ = ["run"]

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
    from isthmus.output.report.questions import named

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
    from isthmus.output.page.document import write_page
    from isthmus.output.report.questions import questions
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
