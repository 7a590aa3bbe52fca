"""
What an arc takes: one small function a term, each yielding one attribute for every good.

A term is added by writing its function, a line in `TERMS`, and the rows it looks up in
`data/parameters.csv`. Money is in USD of 2024 a tonne, time in hours, emissions in kg CO2e a
tonne, well to wheel. Equations 2 to 6 of `docs/model.md`.

Hours are means, as means add up along a way where medians do not; surveys that give p50 and p90 are
read as lognormal.

Goods in containers pay by the TEU: the rate divided by the payload of a TEU. All others pay by the
tonne.

*Boarding* a ship or a ferry is paid once: on the arc of loading or transfer that leads on board,
the least wait and fixed price of the lanes that leave the port; a lane that sails less often or
costs more adds the difference on its first arc, which leaves a place where freight changes to it.
Lanes of several links so wait at none of the others.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from isthmus.cost.context import (
    BoolArray,
    FloatArray,
    TermContext,
    mean_lognormal,
    sd_lognormal,
)

__all__ = ["TERMS", "Term", "TermContext", "mean_lognormal", "sd_lognormal"]


@dataclass(frozen=True)
class Term:
    """
    One term of the generalised cost.

    Parameters
    ----------
    name : str
    attribute : {'money', 'hours', 'spread', 'co2'}
        What it adds to; a good has one price for each.
    unit : str
    arcs : tuple of str
        Kinds of arc it may be other than zero on.
    f : callable
        Context → values, shape (n_commodity, n_arc), zero where it does not apply.
    by_class : bool
        Whether it differs between trades of one good: shape (n_class, n_arc).
    """

    name: str
    attribute: Literal["money", "hours", "spread", "co2"]
    unit: str
    arcs: tuple[str, ...]
    f: Callable[[TermContext], FloatArray]
    by_class: bool = False


def haul_money(c: TermContext) -> FloatArray:
    """Freight rate by distance."""
    here = c.of("move")
    return c.spread_out(here, c.price("rate", here) * c.number("length_km", here))


def boarding_money(c: TermContext) -> FloatArray:
    """Part of a sea or ferry price that does not grow with distance, once a boarding."""
    return c.boarding(c.price("boarding", c.lanes))


def _haul_hours(c: TermContext, here: BoolArray) -> FloatArray:
    speed = c.table("speed_km_h", here)
    limit = c.number("free_speed_km_h", here) * c.row("speed_share", here)
    return c.number("length_km", here) / np.fmin(speed, limit)


def haul_hours(c: TermContext) -> FloatArray:
    """Time under way with stops and rests; a slow line holds the train or lorry back."""
    here = c.of("move")
    return c.spread_out(here, _haul_hours(c, here))


def call_hours(c: TermContext) -> FloatArray:
    """Time a liner spends at ports of call on the way, as a share of its time under way."""
    here = c.of("move")
    return c.spread_out(here, _haul_hours(c, here) * c.table("port_call_share", here))


def haul_spread(c: TermContext) -> FloatArray:
    """Standard deviation of the time under way."""
    here = c.of("move")
    hours = _haul_hours(c, here)
    return c.spread_out(here, sd_lognormal(hours, hours * c.row("p90_over_p50", here, "haul")))


def _wait_hours(c: TermContext) -> FloatArray:
    known = c.number("wait_h", c.lanes)
    hours = np.where(np.isnan(known), c.row("wait_h", c.lanes), known)
    return np.broadcast_to(hours, (len(c.commodities), len(hours)))


def service_wait(c: TermContext) -> FloatArray:
    """Wait for the ship or ferry, once a boarding."""
    return c.boarding(_wait_hours(c))


def wait_spread(c: TermContext) -> FloatArray:
    """Standard deviation of the wait."""
    hours = _wait_hours(c)
    return c.boarding(sd_lognormal(hours, hours * c.row("p90_over_p50", c.lanes, "wait")))


def _surveyed(c: TermContext, here: BoolArray, name: str, item: npt.ArrayLike | str) -> FloatArray:
    """Return p50 and p90 of a delay, shape (2, n): as surveyed, else from parameters."""
    p50, p90 = c.number("delay_p50_h", here), c.number("delay_p90_h", here)
    kind = "crossing" if name == "crossing_h" else "transfer"
    ratio = c.row("p90_over_p50", here, kind)
    unknown = np.isnan(p50) & np.isnan(p90)
    p50 = np.where(np.isnan(p50) & ~unknown, p90 / ratio, p50)
    p90 = np.where(np.isnan(p90) & ~unknown, p50 * ratio, p90)
    if unknown.any():
        which = here.copy()
        which[here] = unknown
        cell = item if isinstance(item, str) else np.asarray(item, dtype=object)[unknown]
        p50[unknown] = c.row(f"{name}_p50", which, cell)
        p90[unknown] = c.row(f"{name}_p90", which, cell)
    return np.stack([p50, p90])


def _pair(c: TermContext, here: BoolArray) -> npt.NDArray[np.object_]:
    """Return ``FROM>TO`` of the territories a crossing joins."""
    return np.asarray(
        c.text("from_territory_id", here) + ">" + c.text("territory_id", here), dtype=object
    )


def crossing_hours(c: TermContext) -> FloatArray:
    """Mean hours at the border, under the regime in force."""
    here = c.of("cross")
    p50, p90 = _surveyed(c, here, "crossing_h", _pair(c, here))
    return c.spread_out(here, mean_lognormal(p50, p90) * c.number("delay_factor", here, 1.0))


def crossing_spread(c: TermContext) -> FloatArray:
    """Standard deviation of the hours at the border, under the regime in force."""
    here = c.of("cross")
    p50, p90 = _surveyed(c, here, "crossing_h", _pair(c, here))
    return c.spread_out(here, sd_lognormal(p50, p90) * c.number("spread_factor", here, 1.0))


def crossing_fee(c: TermContext) -> FloatArray:
    """Dues, entry fees and costs at the border, under the regime in force."""
    here = c.of("cross")
    known = c.number("fee_usd_t", here)
    usual = c.table("crossing_usd_t", here) if here.any() else np.zeros((len(c.commodities), 0))
    fee = np.where(np.isnan(known), usual, known)
    return c.spread_out(here, fee * c.number("fee_factor", here, 1.0))


def restriction_money(c: TermContext) -> FloatArray:
    """Dues, risk and what sanctions cost, once on entering; see `isthmus.cost.restrictions`."""
    return c.bound.money


def restriction_hours(c: TermContext) -> FloatArray:
    """Hours that restrictions add, once on entering."""
    return c.bound.hours


def _change(c: TermContext, here: BoolArray) -> npt.NDArray[np.object_]:
    """Return what a transfer does: ``rail>sea``, or the method where only the gauge changes."""
    a, b, method = c.text("from_mode", here), c.text("to_mode", here), c.text("method", here)
    return np.where(a == b, method, a + ">" + b)


def transfer_hours(c: TermContext) -> FloatArray:
    """Mean hours to change mode or gauge."""
    here = c.of("transfer")
    p50, p90 = _surveyed(c, here, "transfer_h", _change(c, here))
    return c.spread_out(here, mean_lognormal(p50, p90))


def transfer_spread(c: TermContext) -> FloatArray:
    """Standard deviation of the hours to change mode or gauge."""
    here = c.of("transfer")
    p50, p90 = _surveyed(c, here, "transfer_h", _change(c, here))
    return c.spread_out(here, sd_lognormal(p50, p90))


def transfer_fee(c: TermContext) -> FloatArray:
    """Price of the change of mode or gauge."""
    here = c.of("transfer")
    known = c.number("fee_usd_t", here)
    usual = np.zeros((len(c.commodities), len(known)))
    if here.any():
        usual = c.parameters.table(
            "transfer_usd_t",
            commodities=c.commodities,
            mode=c.text("mode", here),
            territory_id=c.text("territory_id", here),
            item=_change(c, here),
        )
    return c.spread_out(here, np.where(np.isnan(known), usual, known))


def _on(kind: str, parameter: str) -> Callable[[TermContext], FloatArray]:
    def term(c: TermContext) -> FloatArray:
        here = c.of(kind)
        return c.spread_out(here, c.table(parameter, here))

    return term


load_money, load_hours = _on("load", "load_usd_t"), _on("load", "load_h")
unload_money, unload_hours = _on("unload", "unload_usd_t"), _on("unload", "unload_h")


def access_money(c: TermContext) -> FloatArray:
    """Lorry between the zone and the network."""
    here = c.of("access", "egress")
    return c.spread_out(here, c.table("access_usd_tkm", here) * c.number("length_km", here))


def access_hours(c: TermContext) -> FloatArray:
    """Time between the zone and the network."""
    here = c.of("access", "egress")
    return c.spread_out(here, c.number("length_km", here) / c.table("access_speed_km_h", here))


def haul_co2(c: TermContext) -> FloatArray:
    """Emissions under way, well to wheel."""
    here = c.of("move", "access", "egress")
    return c.spread_out(here, c.table("emission_kg_tkm", here) * c.number("length_km", here))


def handling_co2(c: TermContext) -> FloatArray:
    """Emissions of loading, transfer and unloading, well to wheel."""
    here = c.of("load", "transfer", "unload")
    return c.spread_out(here, c.table("emission_transfer_kg_t", here))


TERMS: tuple[Term, ...] = (
    Term("haul", "money", "USD/t", ("move",), haul_money),
    Term("boarding", "money", "USD/t", ("load", "transfer", "move"), boarding_money),
    Term("crossing_fee", "money", "USD/t", ("cross",), crossing_fee),
    Term("restriction_money", "money", "USD/t", ("cross", "move"), restriction_money, True),
    Term("transfer_fee", "money", "USD/t", ("transfer",), transfer_fee),
    Term("load_fee", "money", "USD/t", ("load",), load_money),
    Term("unload_fee", "money", "USD/t", ("unload",), unload_money),
    Term("access", "money", "USD/t", ("access", "egress"), access_money),
    Term("haul_hours", "hours", "h", ("move",), haul_hours),
    Term("call_hours", "hours", "h", ("move",), call_hours),
    Term("wait_hours", "hours", "h", ("load", "transfer", "move"), service_wait),
    Term("crossing_hours", "hours", "h", ("cross",), crossing_hours),
    Term("restriction_hours", "hours", "h", ("cross", "move"), restriction_hours, True),
    Term("transfer_hours", "hours", "h", ("transfer",), transfer_hours),
    Term("load_hours", "hours", "h", ("load",), load_hours),
    Term("unload_hours", "hours", "h", ("unload",), unload_hours),
    Term("access_hours", "hours", "h", ("access", "egress"), access_hours),
    Term("haul_spread", "spread", "h", ("move",), haul_spread),
    Term("wait_spread", "spread", "h", ("load", "transfer", "move"), wait_spread),
    Term("crossing_spread", "spread", "h", ("cross",), crossing_spread),
    Term("transfer_spread", "spread", "h", ("transfer",), transfer_spread),
    Term("haul_co2", "co2", "kg CO2e/t", ("move", "access", "egress"), haul_co2),
    Term("handling_co2", "co2", "kg CO2e/t", ("load", "transfer", "unload"), handling_co2),
)
"""All terms of the generalised cost."""
