"""The section on claims: who said what, what runs find of it, and what the record says of the rest."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from markupsafe import Markup

from isthmus.output.page.tables import Column, listing
from isthmus.output.text.numerals import Scale, scale_for

__all__ = ["ClaimNote", "Finding", "claim_of", "counts_of", "untested"]


@dataclass(frozen=True)
class Finding:
    """
    One test of a claim as it is shown.

    Parameters
    ----------
    asks : str
        The part of the claim it answers.
    value, low, high : float
        NaN where nothing was computed.
    unit, pair : str
    is_change : bool
        Shown with its sign.
    direction : str
        more, less or empty.
    supported, contradicted : float
    verdict, why : str
    """

    asks: str
    value: float
    low: float
    high: float
    unit: str
    pair: str
    is_change: bool
    direction: str
    supported: float
    contradicted: float
    verdict: str
    why: str = ""


@dataclass(frozen=True)
class ClaimNote:
    """
    One claim as it is shown.

    Parameters
    ----------
    claim_id, said_by, place, paraphrase : str
    verdict : str
        Of its tests together.
    findings : tuple of Finding
        Empty for a claim no run bears on.
    record : str
    sources : tuple of (title, address)
    cannot_say : str
    outside : bool
        Outside what data can test.
    """

    claim_id: str
    said_by: str
    place: str
    paraphrase: str
    verdict: str
    findings: tuple[Finding, ...]
    record: str
    sources: tuple[tuple[str, str], ...]
    cannot_say: str
    outside: bool


def counts_of(tested: Sequence[ClaimNote]) -> list[tuple[str, int]]:
    """Count verdicts, in the order they are spoken of."""
    order = ("supported", "mixed", "contradicted", "not tested")
    return [(v, sum(c.verdict == v for c in tested)) for v in order]


def claim_of(note: ClaimNote) -> dict[str, Any]:
    """Return a claim as the template shows it, with what each test found."""
    return {"c": note, "findings": [_finding(f) for f in note.findings]}


def _finding(f: Finding) -> dict[str, str]:
    if math.isnan(f.value):
        return {"asks": f.asks, "figure": "", "said": f.why, "rule": "", "verdict": "not tested"}
    unit = "" if f.unit == "-" else f.unit
    scale = scale_for([v for v in (f.value, f.low, f.high) if math.isfinite(v)], unit or "-")
    unit = scale.unit if f.unit != "-" else ""
    figure = _figure(f.value, scale, sign=f.is_change)
    if f.low != f.high:
        ends = (_figure(x, scale, sign=f.is_change) for x in (f.low, f.high))
        figure += f" ({' to '.join(ends)})"
    rule = ""
    if f.direction:
        at = [_plain(x / scale.factor) for x in (f.supported, f.contradicted)]
        up, down = ("up", "down") if f.direction == "more" else ("down", "up")
        rule = f"Supported from {at[0]} {up}, contradicted from {at[1]} {down}: {f.verdict}"
    return {
        "asks": f.asks,
        "figure": f"{figure}\u00a0{unit}".strip("\u00a0"),
        "said": f.pair,
        "rule": rule or "Reported without a threshold",
        "verdict": f.verdict,
    }


def _plain(value: float) -> str:
    return f"{value:,.6g}".replace("-", "−")


def _figure(value: float, scale: Scale, *, sign: bool) -> str:
    if math.isinf(value):
        return "no route left" if value > 0 else "a route where there was none"
    shown = value / scale.factor
    if abs(shown) < 1e-4:
        return "0"
    text = _plain(float(f"{shown:.3g}"))
    return f"+{text}" if sign and shown > 0 else text


def untested(claims: Sequence[ClaimNote]) -> Markup:
    """Claims that a record or a statistic tests, not a run."""
    frame = pd.DataFrame(
        [
            {
                "claim": c.claim_id,
                "by": f"{c.said_by}, {c.place}",
                "said": c.paraphrase,
                "record": c.record,
                "source": "; ".join(title for title, _ in c.sources),
            }
            for c in claims
        ],
        columns=["claim", "by", "said", "record", "source"],
    )
    columns = [
        Column("claim", "Claim"),
        Column("by", "Who"),
        Column("said", "What was said"),
        Column("record", "What the public record says"),
        Column("source", "Source"),
    ]
    return listing(frame, columns)
