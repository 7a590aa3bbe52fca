"""What a chosen set is shown as: each project, who pays and who gains."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from isthmus.analysis.invest.appraisal import appraise
from isthmus.analysis.invest.projects import Project
from isthmus.analysis.invest.reassignment import Again
from isthmus.analysis.invest.savings import Choices

__all__ = ["gainers_table", "payers_table", "projects_table"]


def projects_table(
    every: Sequence[Project],
    choices: Choices,
    picked: Sequence[Project],
    anew: Sequence[Again | None],
    rate: float,
    years: int,
    upkeep: float,
) -> pd.DataFrame:
    """Return every project with what it costs, saves and is worth, and whether it is chosen."""
    bits = 1 << np.arange(len(every), dtype=np.int64)
    whole = int(bits.sum())
    held = choices.saving(bits)
    last = float(choices.saving(whole)[0]) - choices.saving(whole & ~bits)
    rows = []
    for i, p in enumerate(every):
        plan = appraise([p], rate, years, upkeep)
        served = sum(w for s, w in plan.stages if s)
        paid = float(plan.cost_usd[0])
        found = anew[i]
        saved = np.nan if found is None else found.saving_usd_yr
        worth = np.nan if found is None else served * found.gain_usd_yr
        rows.append(
            {
                "project_id": p.id,
                "name": p.name,
                "packages": "; ".join(p.packages),
                "capital_usd": p.capital_usd,
                "build_years": p.build_years,
                "payers": "; ".join(f"{k} {v:g}" for k, v in p.payers.items()),
                "chosen": p in picked,
                "alone_usd_yr": saved,
                "alone_npv_usd": worth - paid,
                "alone_bcr": worth / paid if paid > 0.0 else np.nan,
                "held_usd_yr": float(held[i]),
                "held_last_usd_yr": float(last[i]),
                "held_npv_usd": served * float(held[i]) - paid,
                "source_id": p.source_id,
                "confidence": p.confidence,
                "note": p.note,
            }
        )
    return pd.DataFrame(rows)


def payers_table(facts: object, picked: Sequence[Project]) -> pd.DataFrame:
    """Return what each country pays of the chosen projects. [USD]"""
    names = facts["territories"].set_index("territory_id")["name"].to_dict()  # type: ignore[index]
    paid: dict[str, float] = {}
    for project in picked:
        for payer, share in project.payers.items():
            paid[payer] = paid.get(payer, 0.0) + share * project.capital_usd
    total = sum(paid.values()) or 1.0
    rows = [
        {"payer_id": k, "name": names.get(k, k), "capital_usd": v, "share": v / total}
        for k, v in sorted(paid.items(), key=lambda item: -item[1])
    ]
    return pd.DataFrame(rows, columns=["payer_id", "name", "capital_usd", "share"])


def gainers_table(anew: list[dict[str, object]], payers: pd.DataFrame) -> pd.DataFrame:
    """Return what each country gains by the chosen projects, beside what it pays."""
    columns = ["territory_id", "name", "saving_usd_yr", "transit_t_yr", "fee_usd_yr", "paid_usd"]
    if not anew:
        return pd.DataFrame(columns=columns)
    frame = pd.DataFrame(anew[0]["by_land"]).copy()
    paid = payers.set_index("payer_id")["capital_usd"]
    outside = [p for p in paid.index if p not in set(frame["territory_id"])]
    named = payers.set_index("payer_id")["name"]
    more = pd.DataFrame([{"territory_id": p, "name": named[p]} for p in outside])
    frame = pd.concat([frame, more], ignore_index=True) if outside else frame
    frame["paid_usd"] = frame["territory_id"].map(paid)
    frame = frame.fillna(dict.fromkeys(columns[2:], 0.0))
    return frame[columns].sort_values("saving_usd_yr", ascending=False, ignore_index=True)
