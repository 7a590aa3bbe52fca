"""Reliability: closures, delays door to door, and what a bad year costs."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from isthmus.cli.app import (
    Data,
    Day,
    Html,
    Json,
    Order,
    app,
    checked_page,
    kept,
    print_tornado,
    read_facts,
)
from isthmus.console import compact, hint, note, out, print_json, print_table, records

if TYPE_CHECKING:
    import pandas as pd

    from isthmus.analysis.reliability import Reliability
    from isthmus.assign import Assignment
    from isthmus.package import Facts

__all__ = ["reliability"]

_PRIORS = {
    "closure_prior_events": "Weight of the mean closure rate",
    "closure_prior_spells": "Weight of the mean closure's length",
    "closure_longest_d": "Longest closure that counts",
}


@app.command(
    epilog="Examples: `isthmus reliability --promised-days 40`, `isthmus reliability zangezur "
    "--years 2000 --seed 7`"
)
def reliability(
    scenario: Order = None,
    date: Day = "2025-01-01",
    years: Annotated[int, typer.Option(min=2, help="Years to simulate.")] = 10_000,
    seed: Annotated[
        int, typer.Option(min=0, max=2**63 - 1, help="Of the draws; the same for every order.")
    ] = 1,
    promised_days: Annotated[
        float | None,
        typer.Option(min=0.0, help="Days within which a consignment is promised."),
    ] = None,
    workers: Annotated[
        int, typer.Option(min=1, help="Threads; the answer is the same to the bit.")
    ] = 2,
    tornado: Annotated[
        bool, typer.Option("--tornado", help="The five assumptions that move the loss most.")
    ] = False,
    html: Html = None,
    top: Annotated[int, typer.Option(min=1, help="Rows to print.")] = 10,
    data: Data = None,
    json: Json = False,
) -> None:
    """Simulate years of closures and consignments: hours P50 to P95, expected and worst loss."""
    from isthmus.run import assigned

    checked_page(html)
    facts = read_facts(data)
    options = {"seed": seed, "promised_days": promised_days, "workers": workers}
    with note.status("assigning") as status:
        base, new = assigned(facts, scenario, date)
        before = _solve(base, years, options, status) if new is not None else None
        found = _solve(new or base, years, options, status)
        swings = _tornado(facts, scenario, date, seed, status) if tornado else None
    name = scenario or date
    if html is not None:
        from isthmus.output.page.document import section_page, write_page
        from isthmus.output.sections.reliability import section

        write_page(html, section_page(f"Reliability: {name}", section(found, before, swings)))
    if json:
        print_json(
            {
                "network": name,
                "years": years,
                "seed": seed,
                "total": found.total,
                "bound_share": found.bound_share,
                "total_base": None if before is None else before.total,
                "hazards": records(found.hazards),
                "countries": records(found.countries),
                "trades": records(found.trades),
                "tornado": None if swings is None else records(swings),
            }
        )
        return
    _print(name, found, before, swings, top)
    if html is not None:
        out.print(f"  {html}")
    hint(" ".join(["isthmus criticality", *([scenario] if scenario else [])]))


def _solve(base: Assignment, years: int, options: dict[str, Any], status: Any) -> Reliability:
    from isthmus.analysis.reliability import reliability as simulate

    def show_progress(done: int, of: int) -> None:
        status.update(f"{done:,} of {of:,} years")

    return simulate(base, years, progress=show_progress, **options)


def _tornado(facts: Facts, scenario: str | None, date: str, seed: int, status: Any) -> pd.DataFrame:
    """Move each assumption: the expected loss of all trade, over a thousand years."""
    from isthmus.analysis.reliability import reliability as simulate
    from isthmus.run import assigned
    from isthmus.sensitivity import at_end, tornado

    def measure(changed: Facts) -> float:
        base, new = assigned(changed, scenario, date)
        return simulate(new or base, 1_000, seed=seed, consignments=1).total["loss_usd_yr"]

    own = {
        name: (
            partial(measure, at_end(facts, parameter, "low")),
            partial(measure, at_end(facts, parameter, "high")),
        )
        for parameter, name in _PRIORS.items()
    }
    return tornado(
        facts,
        measure,
        own=own,
        keep=kept(facts, "reliability", scenario, date, seed),
        progress=lambda n, i, k: status.update(f"tornado: {n}, {i} of {k}"),
    )


def _print(
    name: str,
    found: Reliability,
    before: Reliability | None,
    swings: pd.DataFrame | None,
    top: int,
) -> None:
    """Print hazards, who loses, and the trades that lose most."""
    sides = {"element": "left", "on record": "right", "closures a year": "right", "days each": "right",
             "weather d/yr": "right", "shut d/yr": "right"}  # fmt: skip
    worst = found.shut_most(top)
    rows = [
        [f"{r.name} {r.mode}".strip(), f"{r.events} in {r.years:.0f} yr",
         f"{r.rate_yr:.3f}", f"{r.mean_d:.0f}", f"{r.weather_days_yr:.1f}", f"{r.shut_d_yr:.1f}"]
        for r in worst.itertuples(index=False)
    ]  # fmt: skip
    print_table(f"What shuts most, {name}", sides, rows)
    sides = {"country": "left", "loss USD/yr": "right", "± s.e.": "right", "worst year": "right",
             "stopped t/yr": "right", "± s.e. t": "right"}  # fmt: skip
    rows = [
        [r.name, *(compact(x) for x in (r.loss_usd_yr, r.loss_se_usd_yr, r.loss_worst_usd_yr,
                                        r.stopped_t_yr, r.stopped_se_t_yr))]
        for r in found.countries.head(top).itertuples(index=False)
    ]  # fmt: skip
    print_table(f"What closures cost, {found.n_year:,} years", sides, rows)
    sides = {"trade": "left", "good": "left", "P50, 90, 95 d": "right",
             "on time": "right", "loss USD/yr": "right", "2nd route USD/yr": "right"}  # fmt: skip
    trades = found.trades.sort_values("loss_usd_yr", ascending=False).head(top)
    rows = [
        [
            f"{r.origin_zone_id} to {r.destination_zone_id}", r.commodity_id,
            " ".join(f"{h / 24:.1f}" for h in (r.p50_h, r.p90_h, r.p95_h)),
            "" if r.on_time != r.on_time else f"{100 * r.on_time:.0f} %", compact(r.loss_usd_yr),
            compact(r.second_route_usd_yr),
        ]
        for r in trades.itertuples(index=False)
    ]  # fmt: skip
    print_table("The trades that lose most", sides, rows)
    total = found.total
    out.print(
        f"  All trade loses {compact(total['loss_usd_yr'])} ± {compact(total['loss_se_usd_yr'])} USD a "
        f"year, {compact(total['loss_worst_usd_yr'])} in the worst; {compact(total['stopped_t_yr'])} ± "
        f"{compact(total['stopped_se_t_yr'])} t a year stop."
    )
    if found.bound_share > 0.0:
        out.print(
            f"  {found.bound_share:.1%} of the loss rests on a bound: closures at once that were not solved."
        )
    out.print(
        f"  Having more than one route is worth {compact(total['second_route_usd_yr'])} USD a year: with "
        f"its best alone {compact(total['second_route_t_yr'])} t more would wait for an opening."
    )
    if before is not None:
        change = total["loss_usd_yr"] - before.total["loss_usd_yr"]
        out.print(
            f"  Against the base: {compact(change, sign=True)} USD a year, in the same years."
        )
    if swings is not None:
        print_tornado(swings, "the loss")
