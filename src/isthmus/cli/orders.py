"""Orders: run them, set them side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from isthmus.cli.app import Data, Gap, Json, Method, Results, app, read_facts
from isthmus.console import compact, hint, note, out, print_json, print_table, records
from isthmus.errors import Fault, InputError, NotConverged

__all__ = ["compare", "run"]


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
    facts = read_facts(data)
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
