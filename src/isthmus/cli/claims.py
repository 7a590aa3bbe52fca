"""Claims: who said what, and what the model finds of the part a network can answer."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.padding import Padding
from rich.text import Text

from isthmus.cli.app import Data, Gap, Json, Method, app, read_facts
from isthmus.console import compact, hint, note, out, print_json, print_table, records
from isthmus.errors import Fault, InputError

if TYPE_CHECKING:
    from isthmus.analysis.claims import ClaimFinding, Finding
    from isthmus.package import Facts

__all__ = ["claims"]


@app.command(epilog="Example: `isthmus claims C57 --explain`")
def claims(
    claim: Annotated[
        list[str] | None, typer.Argument(metavar="[ID]...", help="Claims; all if none is named.")
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show the flows behind the finding.")
    ] = False,
    list_only: Annotated[
        bool, typer.Option("--list", help="The register alone, nothing is run.")
    ] = False,
    no_sweep: Annotated[
        bool, typer.Option("--no-sweep", help="Leave out the range under other assumptions.")
    ] = False,
    method: Method = "stochastic",
    gap: Gap = 1e-6,
    data: Data = None,
    json: Json = False,
) -> None:
    """Run the register of claims: who said what, the finding, the record, what no run can say."""
    from isthmus.analysis.claims import ASSUMPTIONS, claim_document, claim_of, run_claims

    if explain and not claim:
        raise InputError(
            [Fault("--explain", "needs a claim.", "`isthmus claims C57 --explain`.", "usage")]
        )
    facts = read_facts(data)
    if list_only:
        wanted = [claim_of(facts, c)["claim_id"] for c in claim or facts["claims"]["claim_id"]]
        _print_list(facts, wanted, json=json)
        return
    with note.status("reading claims") as status:
        found = run_claims(
            facts,
            claim or None,
            method=method,
            gap=gap,
            assumptions=() if no_sweep else ASSUMPTIONS,
            keep=explain,
            progress=lambda text: status.update(text),
        )
    if json:
        print_json([claim_document(facts, one, flows=explain) for one in found])
        return
    _print_rule(swept=not no_sweep)
    for one in found:
        _print_claim(facts, one)
        if explain:
            _print_flows(one)
    if claim:
        first = next((t.test["scenario"] for one in found for t in one.tests), "")
        shown = f"isthmus run {first}" if first else f"isthmus show {found[0].claim['claim_id']}"
        hint(shown if explain else f"isthmus claims {found[0].claim['claim_id']} --explain")
    else:
        _print_count(found)
        hint("isthmus claims C57 --explain")


def _print_list(facts: Facts, wanted: list[str], *, json: bool) -> None:
    table = facts["claims"]
    frame = table[table["claim_id"].isin(wanted)]
    if json:
        print_json(records(frame))
        return
    columns = {"claim": "left", "said by": "left", "said": "left", "tested by": "left"}
    rows = [
        [r["claim_id"], r["attributed_to"], r["paraphrase"], r["testable_by"].replace("_", " ")]
        for r in frame.to_dict("records")
    ]
    caption = "In the words of this register, not of the speaker; attributed, not stated."
    print_table(f"claims: {len(rows)}", columns, rows, caption)
    hint(f"isthmus claims {wanted[0]}")


def _print_rule(*, swept: bool) -> None:
    _say(
        "A verdict is of the part that a network can answer, by one rule for every speaker "
        "(`isthmus list verdicts`)."
    )
    if swept:
        _say("[ ] is the range with each main assumption a fifth lower and a fifth higher.")
    out.print()


def _say(text: str, indent: int = 0, style: str = "") -> None:
    """Print a paragraph whose later lines are indented like its first."""
    out.print(Padding(Text(text, style=style), (0, 0, 0, indent)))


def _print_claim(facts: Facts, found: ClaimFinding) -> None:
    from isthmus.analysis.claims import record_sources

    claim = found.claim
    _say(f"{claim['claim_id']}  {claim['attributed_to']} said ({claim['place']}):", style="bold")
    _say(f"{claim['paraphrase']}.", 4)
    if found.tests:
        _say(f"of what can be tested: {found.verdict}", 4, "bold")
    for one in found.tests:
        _say(f"{one.test['test_id']}  {one.test['asks']}", 4)
        _say(_value(one), 6)
    sources = "; ".join(title for title, _ in record_sources(facts, claim["record_source_id"]))
    _say(f"record: {claim['record']} ({sources})", 4)
    _say(f"cannot say: {claim['cannot_say']}", 4)
    out.print()


def _value(found: Finding) -> str:
    """Return the value, its range, the verdict and the thresholds, in one line."""
    from isthmus.analysis.claims import pair_in_words

    test = found.test
    if math.isnan(found.value):
        return f"not tested: {found.why}"
    sign = "change" in test["metric"]
    span = ""
    if found.varied:
        span = f" [{compact(found.low, sign=sign)} to {compact(found.high, sign=sign)}]"
    unit = "" if test["unit"] == "-" else f" {test['unit']}"
    text = f"{compact(found.value, sign=sign)}{span}{unit}, {pair_in_words(test)}: {found.verdict}"
    if test["direction"]:
        side = "at least" if test["direction"] == "more" else "at most"
        other = "at most" if test["direction"] == "more" else "at least"
        text += (
            f" (supported {side} {compact(test['supported'])}, "
            f"contradicted {other} {compact(test['contradicted'])})"
        )
    return text


_HEADS = {
    "mean_t_yr": "mean t",
    "cost_usd_yr": "cost USD",
    "flow_t_yr": "t",
    "transit_t_yr": "transit t",
}
_SIDES = {"base": "before", "new": "after", "change": "change"}


def _print_flows(found: ClaimFinding) -> None:
    from isthmus.analysis.claims import flows_behind, pair_in_words, routes_of

    printed = set()
    for one in found.tests:
        test, pair = one.test, found.pairs.get(one.test["test_id"])
        if pair is None:
            continue
        routes = routes_of(pair, test["metric"], test["subject"])
        if routes:
            heads = {"": "left", "USD/t": "right", "money": "right", "hours": "right"}
            rows = [
                [
                    side,
                    compact(w.usd_t),
                    compact(w.money_usd_t),
                    compact(w.hours_h),
                    w.territories,
                    w.modes,
                ]
                for side, w in zip((test["base"], test["scenario"]), routes, strict=True)
            ]
            title = f"{test['test_id']}: cheapest route {test['subject']}"
            print_table(title, {**heads, "through": "left", "by": "left"}, rows)
            out.print()
        key = (test["base"], test["scenario"])
        if key in printed:
            continue
        printed.add(key)
        for dimension, frame in flows_behind(pair).items():
            _print_rows(f"{pair_in_words(test)}, a year, by {dimension}", frame)


def _print_rows(title: str, frame: Any) -> None:
    numbers = [c for c in frame if c.rpartition("_")[2] in _SIDES]
    heads = {"": "left"}
    for column in numbers:
        quantity, _, side = column.rpartition("_")
        heads[f"{_HEADS[quantity]} {_SIDES[side]}"] = "right"
    rows = [
        [str(r["name"])] + [compact(r[c], sign=c.endswith("_change")) for c in numbers]
        for r in frame.to_dict("records")
    ]
    if rows:
        print_table(title, heads, rows)
        out.print()


def _print_count(found: list[ClaimFinding]) -> None:
    counts: dict[str, int] = {}
    for one in found:
        counts[one.verdict] = counts.get(one.verdict, 0) + 1
    said = ", ".join(f"{n} {verdict}" for verdict, n in sorted(counts.items()))
    out.print(f"{len(found)} claims: {said}.")
