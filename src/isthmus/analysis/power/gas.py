"""
Gas from the east to western Europe as a game of pipelines: a study of the kind, not of the case.

Hubert and Ikonnikova (2011) and Hubert and Cobanli (2014) state who gains from which pipeline. Their
figures are not used: an instance with round numbers of its own is laid out here, and what they
state is tried on it. `docs/power.md` says what follows from that and what does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from isthmus.games import nucleolus, shapley

__all__ = ["GasStudy", "Line", "gas_study", "worth"]

FloatArray = npt.NDArray[np.float64]

CHOKE_USD_KM3, SLOPE = 300.0, 1.5
"""What the first 1,000 m³ is worth to buyers, and how much less each further bcm a year. [USD per 1,000 m³]"""


class Line(NamedTuple):
    """
    A way of gas to the market.

    Parameters
    ----------
    name : str
    players : tuple of str
        Who must agree, the producer among them.
    capacity_bcm : float
        [bcm/yr]
    cost_usd_km3 : float
        Production, transport and, of what is not built, investment by the year. [USD per 1,000 m³]
    """

    name: str
    players: tuple[str, ...]
    capacity_bcm: float
    cost_usd_km3: float


EXISTING = (
    Line("through Ukraine", ("Russia", "Ukraine"), 110.0, 65.0),
    Line("Yamal through Belarus", ("Russia", "Belarus"), 30.0, 60.0),
)
"""What stands; production is 30, transport the rest."""

OPTIONS = (
    Line("more through Ukraine", ("Russia", "Ukraine"), 50.0, 90.0),
    Line("more through Belarus", ("Russia", "Belarus"), 120.0, 90.0),
)
"""More of what stands: each a route round the other transit country."""

PROJECTS = {
    "Nord Stream": Line("Nord Stream", ("Russia",), 120.0, 85.0),
    "South Stream": Line("South Stream", ("Russia", "Bulgaria"), 60.0, 150.0),
    "Nabucco": Line("Nabucco", ("Azerbaijan", "Türkiye", "Bulgaria"), 30.0, 270.0),
}
"""What was proposed: by sea from Russia; by sea to Bulgaria; from Azerbaijan through Türkiye and Bulgaria."""

PLAYERS = ("Russia", "Ukraine", "Belarus", "Bulgaria", "Türkiye", "Azerbaijan")


@dataclass(frozen=True)
class GasStudy:
    """
    Values of players with some lines, and what is stated of them.

    Parameters
    ----------
    values : DataFrame
        lines (existing, ways round, direct, all; with_ and without_ a project), player,
        shapley_musd_yr, share, nucleolus_musd_yr. [million USD a year]
    statements : DataFrame
        statement, source, figure, holds.
    """

    values: pd.DataFrame = field(repr=False)
    statements: pd.DataFrame


def worth(lines: Sequence[Line], players: Sequence[str] = PLAYERS) -> FloatArray:
    """
    Return what every coalition earns with its lines: what gas is worth to buyers less what it costs.

    The market is one and lines share nothing, so the cheapest are filled first until the next bcm is
    worth less than it costs: the optimum of the linear programme of flows.

    Parameters
    ----------
    lines : sequence of Line
    players : sequence of str

    Returns
    -------
    ndarray, shape (2**n,)
        [million USD/yr]
    """
    bit = {p: 1 << i for i, p in enumerate(players)}
    routes = sorted((s.cost_usd_km3, s.capacity_bcm, sum(bit[p] for p in s.players)) for s in lines)
    out = np.zeros(1 << len(players))
    for coalition in range(len(out)):
        sold = 0.0
        for cost, capacity, mask in routes:
            if mask & ~coalition:
                continue
            more = min(capacity, max(0.0, (CHOKE_USD_KM3 - cost) / SLOPE - sold))
            out[coalition] += more * (CHOKE_USD_KM3 - cost - SLOPE * (sold + 0.5 * more))
            sold += more
    return out


def gas_study() -> GasStudy:
    """
    Solve the games and try the five statements.

    Returns
    -------
    GasStudy

    References
    ----------
    .. [1] F. Hubert and S. Ikonnikova, "Investment options and bargaining power: the Eurasian supply
       chain for natural gas", Journal of Industrial Economics 59, 2011, 85-116, abstract.
    .. [2] F. Hubert and O. Cobanli, "Pipeline power: a case study of strategic network investments",
       Review of Network Economics 13, 2014, 75-110, abstract.

    Examples
    --------
    >>> bool(gas_study().statements["holds"].all())
    True
    """
    direct = (PROJECTS["Nord Stream"],)
    upgraded = EXISTING + OPTIONS
    sets = {
        "existing": EXISTING,
        "existing and routes round": upgraded,
        "existing and direct": EXISTING + direct,
        "all": upgraded + tuple(PROJECTS.values()),
        **{f"with {name}": (*upgraded, line) for name, line in PROJECTS.items()},
    }
    frames, found = [], {}
    for name, lines in sets.items():
        v = worth(lines)
        frame = pd.DataFrame({"lines": name, "player": PLAYERS, "shapley_musd_yr": shapley(v)})
        frame["share"] = frame["shapley_musd_yr"] / v[-1]
        frame["nucleolus_musd_yr"] = nucleolus(v)
        frames.append(frame)
        found[name] = frame.set_index("player")
    return GasStudy(pd.concat(frames, ignore_index=True), _statements(found))


def _statements(found: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Try what the papers state."""
    share = {name: frame["share"] for name, frame in found.items()}
    transit = share["existing"][["Ukraine", "Belarus"]].sum()
    russia = {name: float(s["Russia"]) for name, s in share.items()}
    around = russia["existing and routes round"] - russia["existing"]
    direct = russia["existing and direct"] - russia["existing"]
    base = found["existing and routes round"]
    moves = {
        column: {
            p: float((found[f"with {p}"][column] - base[column]).abs().sum() / 2.0)
            for p in PROJECTS
        }
        for column in ("shapley_musd_yr", "nucleolus_musd_yr")
    }
    whole = float(base["shapley_musd_yr"].sum())
    shifted = {c: {p: m / whole for p, m in by.items()} for c, by in moves.items()}
    nord, south, nabucco = (shifted["shapley_musd_yr"][p] for p in PROJECTS)
    most = max(shifted["nucleolus_musd_yr"].values())
    papers = ("Hubert and Ikonnikova 2011", "Hubert and Cobanli 2014")
    rows = [
        (
            "With what stands alone, the transit countries are strong.",
            papers[0],
            f"Ukraine and Belarus together {transit:.0%}",
            transit > 0.4,
        ),
        (
            "With the options to build, Russia clearly dominates.",
            papers[0],
            f"Russia {russia['existing']:.0%} with what stands, {russia['all']:.0%} with all options",
            russia["all"] > 0.75 and russia["all"] > russia["existing"] + 0.2,
        ),
        (
            "Routes round one transit country matter little beside direct access by sea.",
            papers[0],
            f"Russia's share rises by {around:.0%} with routes round, by {direct:.0%} with a direct line",
            0.0 < around < 0.5 * direct,
        ),
        (
            "Nord Stream matters far more than South Stream, that more than Nabucco.",
            papers[1],
            f"they shift {nord:.1%}, {south:.1%} and {nabucco:.1%} of the surplus",
            nord > 2.0 * south > 2.0 * nabucco >= 0.0,
        ),
        (
            "By the nucleolus none of the three is of strategic relevance.",
            papers[1],
            f"none shifts more than {most:.1%}",
            most < 0.25 * nord and most < 0.05,
        ),
    ]
    return pd.DataFrame(rows, columns=["statement", "source", "figure", "holds"])
