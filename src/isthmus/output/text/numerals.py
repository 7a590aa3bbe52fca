"""Numbers as a reader meets them: rounded to what the model can carry, with separators and a unit."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["Scale", "number", "plural", "scale_for", "scientific", "signed"]

DASH = "–"
MINUS = "−"
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")

_LADDERS: dict[str, tuple[tuple[float, str], ...]] = {
    "t": ((1e6, "Mt"), (1e3, "kt"), (1.0, "t")),
    "t/yr": ((1e6, "Mt/yr"), (1e3, "kt/yr"), (1.0, "t/yr")),
    "tkm": ((1e9, "bn tkm"), (1e6, "mn tkm"), (1.0, "tkm")),
    "tkm/yr": ((1e9, "bn tkm/yr"), (1e6, "mn tkm/yr"), (1.0, "tkm/yr")),
    "USD": ((1e9, "USD bn"), (1e6, "USD mn"), (1.0, "USD")),
    "USD/yr": ((1e9, "USD bn/yr"), (1e6, "USD mn/yr"), (1.0, "USD/yr")),
    "kg": ((1e9, "Mt"), (1e6, "kt"), (1e3, "t"), (1.0, "kg")),
    "kg/yr": ((1e9, "Mt/yr"), (1e6, "kt/yr"), (1e3, "t/yr"), (1.0, "kg/yr")),
    "kg CO2e/yr": (
        (1e9, "Mt CO₂e/yr"),
        (1e6, "kt CO₂e/yr"),
        (1e3, "t CO₂e/yr"),
        (1.0, "kg CO₂e/yr"),
    ),
    "t·d/yr": ((1e9, "bn t·d/yr"), (1e6, "mn t·d/yr"), (1.0, "t·d/yr")),
    "t·h/yr": ((1e9, "bn t·h/yr"), (1e6, "mn t·h/yr"), (1.0, "t·h/yr")),
}


@dataclass(frozen=True)
class Scale:
    """
    One unit for a whole column, so that its figures compare at a glance.

    Parameters
    ----------
    factor : float
        A value is divided by this before it is shown.
    unit : str
        Unit after division, for the header.
    top : float
        Greatest value of the column: its third digit is the last place of every other.
    """

    factor: float
    unit: str
    top: float = 0.0

    def show(self, value: float | None, *, digits: int = 3, sign: bool = False) -> str:
        """
        Return `value` in this unit, with as many places as the greatest value of the column has.

        What would round to nothing keeps one digit; unknown is an en dash.

        Examples
        --------
        >>> scale = scale_for([24e6, 0.2e6], "t/yr")
        >>> scale.show(24e6), scale.show(0.2e6, sign=True), scale.show(3e3)
        ('24.0', '+0.2', '0.003')
        >>> scale_for([1022.0, 6.03], "h").show(6.03)
        '6'
        """
        if value is None or not math.isfinite(value):
            return DASH
        shown = value / self.factor
        if self.top and shown:
            places = digits - 1 - math.floor(math.log10(abs(self.top / self.factor)))
            rounded = round(shown, max(places, 0))
            if rounded == 0:
                digits = 1
            else:
                here = math.floor(math.log10(abs(rounded)))
                digits = max(1, min(digits, here + 1 + max(places, 0)))
        return signed(shown, digits=digits) if sign else number(shown, digits=digits)


def number(value: float | None, *, digits: int = 3) -> str:
    """
    Round to `digits` significant figures and separate thousands with a comma.

    Integers are rounded too: 1234567 with three digits is 1,230,000. Unknown is an en dash, never 0.

    Examples
    --------
    >>> number(1234567), number(0.04567), number(12.0), number(float("nan"))
    ('1,230,000', '0.0457', '12.0', '–')
    >>> number(-42.36), number(0.0)
    ('−42.4', '0')
    """
    if value is None or not math.isfinite(value):
        return DASH
    if value == 0:
        return "0"
    magnitude = math.floor(math.log10(abs(value)))
    rounded = round(value, digits - 1 - magnitude)
    # Rounding may carry into the next decade (9.996 to 10.0): count the places again.
    magnitude = math.floor(math.log10(abs(rounded)))
    places = max(0, digits - 1 - magnitude)
    text = f"{abs(rounded):,.{places}f}"
    return MINUS + text if rounded < 0 else text


def signed(value: float | None, *, digits: int = 3) -> str:
    """
    Return `value` as `number` does, with a plus where it is a gain.

    Examples
    --------
    >>> signed(3.14159), signed(-0.5), signed(0.0)
    ('+3.14', '−0.500', '0')
    """
    text = number(value, digits=digits)
    if value is not None and math.isfinite(value) and value > 0 and text != "0":
        return "+" + text
    return text


def scientific(value: float | None) -> str:
    """
    Return a number as a power of ten with two digits: for gaps.

    Examples
    --------
    >>> scientific(1.71e-9), scientific(1e-6), scientific(0.0), scientific(float("inf"))
    ('1.7 × 10⁻⁹', '10⁻⁶', '0', '–')
    """
    if value is None or not math.isfinite(value):
        return DASH
    if value == 0:
        return "0"
    front, power = f"{value:.1e}".split("e")
    raised = "10" + str(int(power)).translate(_RAISED)
    front = front.replace("-", MINUS).removesuffix(".0")
    return raised if front == "1" else f"{front} × {raised}"


def scale_for(values: Iterable[float], unit: str) -> Scale:
    """
    Choose the largest unit in which the greatest value still reads as at least 1.

    A unit without a ladder is kept as it is.

    Examples
    --------
    >>> scale_for([1.2e6, 3.0e4], "t/yr")
    Scale(factor=1000000.0, unit='Mt/yr', top=1200000.0)
    >>> scale_for([12.0], "h").unit
    'h'
    """
    ladder = _LADDERS.get(unit, ((1.0, unit),))
    top = max((abs(v) for v in values if v is not None and math.isfinite(v)), default=0.0)
    for factor, name in ladder:
        if top >= factor:
            return Scale(factor, name, top)
    return Scale(*ladder[-1], top)


def plural(count: int, one: str, many: str = "") -> str:
    """
    Return a count with its noun.

    Examples
    --------
    >>> plural(1, "crossing"), plural(1200, "territory", "territories")
    ('1 crossing', '1,200 territories')
    """
    return f"{count:,} {one if count == 1 else many or one + 's'}"
