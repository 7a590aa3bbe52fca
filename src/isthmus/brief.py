"""
A brief for somebody who decides: some orders run side by side, and the claims that are tested.

It needs the runs of orders and those of claims, so it stands on the floor above both.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from isthmus.analysis.claims import (
    ASSUMPTIONS,
    ClaimFinding,
    pair_in_words,
    record_sources,
    run_claims,
)
from isthmus.cost.model import GeneralizedCost
from isthmus.errors import Fault, InputError
from isthmus.facts.sources import split
from isthmus.output.report.assemble import assemble
from isthmus.output.report.brief import BriefBundle, write_brief
from isthmus.output.sections.claims import ClaimNote, Finding
from isthmus.results import Run, manifest_of
from isthmus.run import prepare
from isthmus.scenario import find_scenario
from isthmus.version import __version__

if TYPE_CHECKING:
    from isthmus.package import Facts

__all__ = ["ORDERS", "brief"]

ORDERS = ("zangezur", "aras", "crossroads-of-peace", "rasht-astara")
"""Orders of a brief that names none: one of each side that proposes a link in the South Caucasus."""


def brief(
    facts: Facts,
    orders: Sequence[str] = ORDERS,
    path: str | Path = "brief.html",
    *,
    claims: bool = True,
    assumptions: Sequence[str] | None = ASSUMPTIONS,
    method: str = "stochastic",
    gap: float = 1e-6,
    progress: Callable[[str], None] | None = None,
) -> tuple[Path, list[Run]]:
    """
    Run some orders and the claims, and write the brief.

    Parameters
    ----------
    facts : Facts
    orders : sequence of str
        Scenarios of one base date.
    path : path
        File to write.
    claims : bool
        Whether to run the register of claims too.
    assumptions : sequence of str, optional
        For the ranges of findings; empty for none.
    method : str
    gap : float
    progress : callable, optional
        Called with what is being run.

    Returns
    -------
    Path, list of Run
        The file and the run of each order.

    Raises
    ------
    InputError
        If an order is unknown, changes nothing, or is of another date than the first.
    """
    tell = progress or _silent
    scenarios = [find_scenario(name, facts) for name in orders]
    for scenario in scenarios:
        if not scenario.changes or scenario.base != scenarios[0].base:
            what = (
                "changes nothing."
                if not scenario.changes
                else f"is of {scenario.base}, not {scenarios[0].base}."
            )
            raise InputError(
                [Fault(f"brief, {scenario.id}", what, "Name orders of one base date.", "brief")]
            )
    if not scenarios:
        raise InputError([Fault("brief", "no order named.", "`isthmus list scenarios`.", "brief")])
    cost = GeneralizedCost(facts)
    runs: list[Run] = []
    for scenario in scenarios:
        tell(scenario.id)
        base = runs[0].base if runs else None
        runs.append(prepare(facts, scenario, cost, method=method, gap=gap, base=base))
    found = (
        run_claims(facts, method=method, gap=gap, assumptions=assumptions, progress=tell)
        if claims
        else []
    )
    plain = Run(find_scenario("baseline"), runs[0].base, runs[0].base)
    bundle = BriefBundle(
        base=assemble(plain.scenario, plain.comparison, manifest_of(plain), compared=False),
        orders=tuple(
            assemble(r.scenario, r.comparison, manifest_of(r), compared=True) for r in runs
        ),
        claims=tuple(_note(facts, one) for one in found),
        rules=dict(zip(facts["verdicts"]["verdict"], facts["verdicts"]["means"], strict=True)),
        swept=_swept(facts, assumptions) if found else "",
        manifest=_manifest(runs),
    )
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    return write_brief(target, bundle), runs


def _silent(text: str) -> None:
    """Tell nobody."""


def _manifest(runs: Sequence[Run]) -> dict[str, str]:
    each = [manifest_of(r) for r in runs]
    digest = hashlib.sha256("".join(m["digest"] for m in each).encode()).hexdigest()
    first = each[0]
    keys = ("date", "demand_year", "version", "method", "asked_gap", "facts_digest", "cost_digest")
    return {
        "version": __version__,
        "orders": " ".join(m["scenario"] for m in each),
        **{k: str(first[k]) for k in keys},
        "converged": str(all(m["converged"] for m in each)),
        "digest": digest,
    }


def _note(facts: Facts, found: ClaimFinding) -> ClaimNote:
    claim = found.claim
    return ClaimNote(
        claim_id=claim["claim_id"],
        said_by=claim["attributed_to"],
        place=claim["place"],
        paraphrase=claim["paraphrase"],
        verdict=found.verdict,
        findings=tuple(
            Finding(
                asks=one.test["asks"],
                value=one.value,
                low=one.low,
                high=one.high,
                unit=one.test["unit"],
                pair=pair_in_words(one.test),
                is_change="change" in one.test["metric"],
                direction=one.test["direction"],
                supported=float(one.test["supported"]),
                contradicted=float(one.test["contradicted"]),
                verdict=one.verdict,
                why=one.why,
            )
            for one in found.tests
        ),
        record=claim["record"],
        sources=tuple(record_sources(facts, claim["record_source_id"])),
        cannot_say=claim["cannot_say"],
        outside="not_testable" in split(claim["testable_by"]),
    )


def _swept(facts: Facts, assumptions: Sequence[str] | None) -> str:
    """Return the assumptions that were moved, in words."""
    rows = facts["sweep"].drop_duplicates("assumption_id")
    chosen = rows if assumptions is None else rows[rows["assumption_id"].isin(assumptions)]
    return ", ".join(name[0].lower() + name[1:] for name in chosen["name"])
