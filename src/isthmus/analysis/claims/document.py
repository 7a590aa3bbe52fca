"""A finding as a document: what was set side by side, the flows behind it, and who says what the record says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from isthmus.analysis.claims.pairs import Pair
from isthmus.analysis.claims.register import DATE, ClaimFinding
from isthmus.errors import Fault, InputError
from isthmus.facts.sources import ASSUMED, split

if TYPE_CHECKING:
    from isthmus.package import Facts

__all__ = ["claim_document", "flows_behind", "pair_in_words", "record_sources"]


def record_sources(facts: Facts, cell: str) -> list[tuple[str, str]]:
    """
    Return who says what the record of a claim says.

    Parameters
    ----------
    facts : Facts
    cell : str
        ``record_source_id``.

    Returns
    -------
    list of (title, address)
        An assumption has its reason as title and no address.
    """
    known = facts["sources"].set_index("source_id")
    out = []
    for source in split(cell):
        if source.startswith(ASSUMED):
            out.append((source.removeprefix(ASSUMED).strip(), ""))
        elif source in known.index:
            out.append((str(known.loc[source, "title"]), str(known.loc[source, "url"])))
        else:
            raise InputError([Fault("claims", f'source "{source}" is not in sources.csv.')])
    return out


def pair_in_words(test: dict[str, Any]) -> str:
    """
    Return what a test sets side by side.

    Parameters
    ----------
    test : dict
        A row of ``data/claim_tests.csv``.

    Examples
    --------
    >>> pair_in_words({"base": "date:2019-06-01", "scenario": "baseline"})
    'baseline against the network of 2019-06-01'
    """
    left, right = (
        f"the network of {name.removeprefix(DATE)}" if name.startswith(DATE) else name
        for name in (str(test["base"]), str(test["scenario"]))
    )
    return right if left == right else f"{right} against {left}"


def flows_behind(pair: Pair, top: int = 8) -> dict[str, pd.DataFrame]:
    """
    Return the flows behind a test: what the right side changes, largest first.

    Parameters
    ----------
    pair : Pair
    top : int
        Rows of each table.

    Returns
    -------
    dict of str to DataFrame
        By corridor, territory, link and crossing, with base, new and change. [t/yr, USD/yr]
    """
    wanted = {
        "corridor": ("name", "mean_t_yr"),
        "territory": ("name", "cost_usd_yr"),
        "link": ("name", "flow_t_yr"),
        "crossing": ("name", "flow_t_yr"),
    }
    out = {}
    for dimension, (label, quantity) in wanted.items():
        frame = pair.comparison.by(dimension)
        columns = [
            f"{dimension}_id",
            label,
            *(f"{quantity}_{s}" for s in ("base", "new", "change")),
        ]
        if dimension == "territory":
            columns += ["transit_t_yr_base", "transit_t_yr_new", "transit_t_yr_change"]
        size = frame[f"{quantity}_change"].abs()
        if pair.base is pair.new:
            size = frame[f"{quantity}_new"].abs()
        frame = frame.assign(_size=size).sort_values("_size", ascending=False)
        out[dimension] = frame.loc[frame["_size"] > 0, columns].head(top).reset_index(drop=True)
    return out


def claim_document(facts: Facts, found: ClaimFinding, *, flows: bool = False) -> dict[str, Any]:
    """
    Return a finding as one document, as `isthmus claims --json` and the map show it.

    Parameters
    ----------
    facts : Facts
    found : ClaimFinding
    flows : bool
        Whether to add the flows behind each test whose assignments were kept.
    """
    sources = record_sources(facts, found.claim["record_source_id"])
    document: dict[str, Any] = {
        **found.claim,
        "record_sources": [{"title": t, "url": u} for t, u in sources],
        "verdict": found.verdict,
        "tests": [
            {
                **one.test,
                "value": one.value,
                "low": one.low,
                "high": one.high,
                "verdict": one.verdict,
                "why": one.why,
                "varied": one.varied,
            }
            for one in found.tests
        ],
    }
    if flows:
        document["flows"] = {
            test: {d: f.to_dict("records") for d, f in flows_behind(pair).items()}
            for test, pair in found.pairs.items()
        }
    return document
