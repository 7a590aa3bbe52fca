"""Two states of the lines of oil and gas side by side."""

from __future__ import annotations

import pandas as pd

from isthmus.analysis.energy.trade import EnergyFlows

__all__ = ["compare_energy"]


def compare_energy(base: EnergyFlows, new: EnergyFlows, by: str = "line") -> pd.DataFrame:
    """
    Set two flows side by side.

    Parameters
    ----------
    base, new : EnergyFlows
    by : {'line', 'country'}

    Returns
    -------
    DataFrame
        Rows that differ: the keys, and of every amount ``<amount>_base``, ``<amount>_new`` and
        ``<amount>_change``. [t/yr]
    """
    if by == "line":
        keys, amounts = ["line_id", "name", "commodity_id"], ["flow_t_yr"]
        left, right = base.lines(), new.lines()
    else:
        keys = ["territory_id", "commodity_id"]
        left, right = base.countries(), new.countries()
        amounts = [c for c in left if c not in keys]
    both = left[keys + amounts].merge(
        right[keys + amounts], on=keys, how="outer", suffixes=("_base", "_new")
    )
    both = both.fillna({f"{a}_{s}": 0.0 for a in amounts for s in ("base", "new")})
    for a in amounts:
        both[f"{a}_change"] = both[f"{a}_new"] - both[f"{a}_base"]
    changed = (both[[f"{a}_change" for a in amounts]].abs() > 1.0).any(axis=1)
    return both[changed].reset_index(drop=True)
