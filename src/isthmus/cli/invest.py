"""What to build: the best set of projects under a budget, who pays and who gains."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from isthmus.cli.app import (
    Data,
    Day,
    Html,
    Json,
    Svg,
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

    from isthmus.analysis.invest import Invest
    from isthmus.package import Facts

__all__ = ["invest"]

_SIZES = {"": 1.0, "k": 1e3, "m": 1e6, "bn": 1e9}
_APPRAISAL = ("discount_rate", "appraisal_years", "project_cost_factor", "upkeep_share_yr")
_NAMES = {
    "discount_rate": "Discount rate",
    "appraisal_years": "Years counted",
    "project_cost_factor": "What projects cost",
    "upkeep_share_yr": "Upkeep of what is built",
}


@app.command(epilog="Example: `isthmus invest --budget 2bn --objective npv`")
def invest(
    scenario: Annotated[
        str | None, typer.Argument(help="Order that stands before anything is chosen.")
    ] = None,
    date: Day = "2025-01-01",
    budget: Annotated[
        str | None, typer.Option(help="Capital that may be spent, USD of 2024: 2bn, 350M.")
    ] = None,
    objective: Annotated[
        str, typer.Option(help="npv, saving, emissions or diversification.")
    ] = "npv",
    weights: Annotated[
        str | None, typer.Option(help="Several objectives: npv=1,emissions=0.5.")
    ] = None,
    projects: Annotated[
        str | None, typer.Option(help="Projects to choose from, with commas; else all.")
    ] = None,
    cost: Annotated[
        list[str] | None, typer.Option(help="Cost of a project, ID=350M; may be repeated.")
    ] = None,
    built: Annotated[str | None, typer.Option(help="Projects taken as built, with commas.")] = None,
    trade: Annotated[
        str | None, typer.Option(help="Count only the trade of these territories, with commas.")
    ] = None,
    rate: Annotated[float | None, typer.Option(help="Discount rate, such as 0.05.")] = None,
    years: Annotated[int | None, typer.Option(help="Years counted.")] = None,
    again: Annotated[int, typer.Option(min=1, help="Sets assigned anew.")] = 3,
    method: Annotated[str, typer.Option(help="Method of assignment.")] = "stochastic",
    gap: Annotated[float, typer.Option(help="Relative gap of the assignment.")] = 1e-5,
    folder: Annotated[Path, typer.Option(help="Where finished re-assignments are kept.")] = Path(
        "results"
    ),
    tornado: Annotated[
        bool, typer.Option("--tornado", help="The five assumptions that move the value most.")
    ] = False,
    html: Html = None,
    svg: Svg = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Choose the best set of projects under a budget, with the proof, and say who pays and gains."""
    from isthmus.analysis.invest import invest as solve
    from isthmus.cost.model import GeneralizedCost
    from isthmus.run import assigned

    checked_page(html, svg)
    facts = read_facts(data)
    choice: dict[str, Any] = {
        "costs": dict(_pair(c, "--cost") for c in cost or []),
        "built": _listed(built),
        "trade_of": [facts.names.territory(t, "--trade") for t in _listed(trade)],
        "rate": rate,
        "years": years,
    }
    weigh = dict(_pair(w, "--weights") for w in _listed(weights)) or None
    with note.status("assigning the base") as status:

        def show_progress(stage: str, done: int, of: int) -> None:
            status.update(f"{stage}: {done} of {of}")

        before, new = assigned(facts, scenario, date, method=method, gap=gap)
        base = new or before
        found = solve(
            base,
            GeneralizedCost(facts),
            budget_usd=_money(budget, "--budget") if budget else math.inf,
            objective=objective,
            weights=weigh,
            only=_listed(projects) or None,
            again=again,
            folder=folder / ".invest",
            progress=show_progress,
            **choice,
        )
        swings = None
        if tornado:
            swings = _tornado(facts, scenario, date, method, gap, found, choice, show_progress)
    title = scenario or date
    if html is not None or svg is not None:
        from isthmus.output.page.document import section_page, write_page
        from isthmus.output.sections.invest import picture, section

        if html is not None:
            write_page(html, section_page(f"What to build: {title}", section(found, swings)))
        if svg is not None:
            write_page(svg, picture(found))
    if json:
        print_json(_document(scenario, date, found, swings))
        return
    _print(title, found, swings)
    if html is not None:
        out.print(f"  {html}")
    hint("isthmus list projects" if found.chosen else "isthmus invest --budget 5bn")


def _tornado(
    facts: Facts,
    scenario: str | None,
    date: str,
    method: str,
    gap: float,
    found: Invest,
    choice: dict[str, Any],
    show_progress: Callable[[str, int, int], None],
) -> pd.DataFrame:
    """Move each assumption: the net present value of the chosen set."""
    from isthmus.analysis.invest import npv_of
    from isthmus.cost.model import GeneralizedCost
    from isthmus.run import assigned
    from isthmus.sensitivity import tornado

    def measure(changed: Facts, **more: Any) -> float:
        before, new = assigned(changed, scenario, date, method=method, gap=gap)
        cost = GeneralizedCost(changed)
        return float(npv_of(new or before, cost, found.chosen, **(choice | more)))

    def end(parameter: str, side: str) -> float:
        value = _appraised(facts, parameter, side)
        return measure(facts, **_as_option(parameter, value, found))

    own = {_NAMES[p]: (partial(end, p, "low"), partial(end, p, "high")) for p in _APPRAISAL}
    decides = (date, method, gap, sorted(found.chosen), sorted(choice.items()))
    keep = kept(facts, "invest", scenario, *decides)
    return tornado(facts, measure, own=own, keep=keep, progress=show_progress)


def _appraised(facts: Facts, parameter: str, side: str) -> float:
    table = facts["parameters"]
    return float(table.loc[table["parameter"].eq(parameter), side].iloc[0])


def _as_option(parameter: str, value: float, found: Invest) -> dict[str, Any]:
    """Return the options that move one parameter of the appraisal."""
    if parameter == "discount_rate":
        return {"rate": value}
    if parameter == "appraisal_years":
        return {"years": int(value)}
    if parameter == "project_cost_factor":
        capital = found.projects.set_index("project_id")["capital_usd"]
        return {"costs": {p: value * float(capital[p]) for p in found.chosen}}
    return {"upkeep": value}


def _listed(text: str | None) -> list[str]:
    return [p.strip() for p in (text or "").split(",") if p.strip()]


def _pair(text: str, where: str) -> tuple[str, float]:
    name, equals, value = text.partition("=")
    if not equals:
        raise InputError([Fault(where, f'"{text}" has no value.', "Write NAME=VALUE.")])
    return name.strip(), _money(value, where)


def _money(text: str, where: str) -> float:
    """Read a number with a scale, large or small letters alike: 350M, 2bn."""
    match = re.fullmatch(
        r"\s*([0-9]+(?:\.[0-9]+)?(?:e[0-9]+)?)\s*(k|m|bn|)\s*", text, re.IGNORECASE
    )
    if not match:
        mend = "Write an amount of 0 or more, as 350M or 2bn."
        raise InputError([Fault(where, f'"{text}" is no amount.', mend)])
    return float(match[1]) * _SIZES[match[2].lower()]


def _document(
    scenario: str | None, date: str, found: Invest, swings: pd.DataFrame | None
) -> dict[str, Any]:
    document: dict[str, Any] = {
        "scenario": scenario,
        "date": date if scenario is None else None,
        "objective": found.objective,
        "weights": found.weights,
        "budget_usd": found.budget_usd if math.isfinite(found.budget_usd) else None,
        "discount_rate": found.appraisal.rate,
        "years": found.appraisal.years,
        "chosen": list(found.chosen),
        "net_present_value_usd": found.headline_usd,
        "search": {
            "value": found.best.value,
            "bound": found.best.bound,
            "gap": found.best.gap,
            "sets_valued": found.best.sets,
            "of": "least-cost routes at the delays of the base",
        },
        "base_herfindahl": found.base_herfindahl,
    }
    for name in (
        "sets", "projects", "front", "trade_off", "pairs", "packages", "payers", "gainers"
    ):  # fmt: skip
        document[name] = records(getattr(found, name))
    if swings is not None:
        document["tornado"] = records(swings)
    return document


def _print(title: str, found: Invest, swings: pd.DataFrame | None) -> None:
    budget = "no budget" if math.isinf(found.budget_usd) else f"{compact(found.budget_usd)} USD"
    money = found.projects.sort_values(["chosen", "alone_npv_usd", "alone_usd_yr"], ascending=False)
    marked = money["project_id"].where(~money["chosen"], "* " + money["project_id"])
    _table(
        f"Projects: {title}",
        money.assign(name=marked),
        {"capital_usd": "cost", "alone_usd_yr": "saves, USD/yr", "alone_npv_usd": "net value",
         "alone_bcr": "b/c", "held_usd_yr": "held, USD/yr", "held_last_usd_yr": "held, as last"},
    )  # fmt: skip
    sets = found.sets.assign(name=found.sets["rank"])
    _table(
        f"Best sets, {found.objective}, {budget}",
        sets,
        {"capital_usd": "cost", "saving_usd_yr": "saves, USD/yr", "npv_usd": "net value", "bcr": "b/c",
         "co2_saved_t_yr": "t CO2e/yr", "held_usd_yr": "held, USD/yr", "held_npv_usd": "held net value"},
    )  # fmt: skip
    for row in sets.to_dict("records"):
        out.print(f"  {row['rank']}: {_short(row['projects'])}")
    at_first = f"{found.base_herfindahl:.4f}"
    out.print(
        "  figures are of the assignment made anew, those of `isthmus run` for the same order;"
    )
    out.print("  held: at the delays of the base, least-cost routes: what the search sorts by")
    proof = f"{found.best.sets:,} sets valued" if found.best.sets else "integer programme"
    out.print(f"  gap of the search, by what it sorts by: {found.best.gap:.2g} ({proof})")
    if sets["npv_usd"].notna().any() and int(sets["held_rank"].iloc[0]) != 1:
        out.print(
            f"  assigned anew, set 1 is ahead of the search's first, set {_search_first(found)}"
        )
    held = f"{sets['held_herfindahl'].iloc[0]:.4f}"
    out.print(f"  Herfindahl of transit {at_first}, with set 1 {held} by the search")
    plan = found.appraisal
    out.print(f"  {plan.rate:.1%} a year over {plan.years} years from the first payment")
    unknown = found.projects.loc[found.projects["capital_usd"].isna(), "project_id"]
    if len(unknown):
        out.print(f"  cost not known, not chosen: {', '.join(unknown)}")
    both = found.packages[found.packages["kind"].ne("none")]
    both = both.assign(name=both["first"] + " with " + both["second"])
    order = both["interaction_usd_yr"].abs().sort_values(ascending=False).index
    strong = both.loc[order].reset_index(drop=True)
    # the strongest, and those that build some of the same: Zangezur and Aras
    strong = strong[(strong.index < 8) | strong["shared_ids"].ne("")]
    _table(
        "What stands in for what, what needs what, held, USD/yr",
        strong,
        {"first_usd_yr": "first", "second_usd_yr": "second", "both_usd_yr": "both",
         "interaction_usd_yr": "interaction", "kind": ""},
    )  # fmt: skip
    if len(found.payers):
        _table("Who pays, USD", found.payers, {"capital_usd": "capital"})
    if len(found.gainers):
        _table(
            "Who gains, best set assigned anew",
            _ends(found.gainers),
            {"saving_usd_yr": "its trade saves, USD/yr", "fee_usd_yr": "border fees, USD/yr",
             "transit_t_yr": "transit, t/yr", "paid_usd": "pays, USD"},
        )  # fmt: skip
    if swings is not None:
        print_tornado(swings, "the held net value of the best set", "USD")


def _search_first(found: Invest) -> int:
    return int(found.sets["rank"][found.sets["held_rank"].eq(1)].iloc[0])


def _ends(frame: pd.DataFrame, most: int = 6, least: int = 3) -> pd.DataFrame:
    """Return those that gain most and those that lose most, what they pay apart."""
    losers = frame.tail(max(0, min(least, len(frame) - most)))
    losers = losers[losers["saving_usd_yr"] < 0.0]
    return frame.loc[[*frame.index[:most], *losers.index]]


def _short(projects: str) -> str:
    return projects.replace("; ", ", ") or "nothing"


def _table(title: str, frame: pd.DataFrame, columns: dict[str, str]) -> None:
    rows = [
        [str(r["name"]), *(r[c] if isinstance(r[c], str) else compact(r[c]) for c in columns)]
        for r in frame.to_dict("records")
    ]
    heads = {"": "left"}
    for i, head in enumerate(columns.values()):
        heads[head if head not in heads else head + " " * (i + 1)] = "right"
    print_table(title, heads, rows)
