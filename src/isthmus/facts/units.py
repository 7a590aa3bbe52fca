"""Money of another currency or year, in USD of the model's price year."""

from __future__ import annotations

from typing import TYPE_CHECKING

from isthmus.errors import Fault, InputError

if TYPE_CHECKING:
    from isthmus.facts.tables import Facts

__all__ = ["PRICE_YEAR", "usd"]

PRICE_YEAR = 2024
"""Year of all money inside the model. [USD of 2024]"""


def usd(facts: Facts, value: float, currency: str, year: int, to_year: int = PRICE_YEAR) -> float:
    """
    Convert money to USD of the price year: first at the rate of its own year, then by deflator.

    Parameters
    ----------
    facts : Facts
        ``exchange_rates`` holds units of currency per USD and the deflator ``USD_DEFLATOR``.
    value : float
    currency : str
        ISO 4217 code.
    year : int
        Price year of `value`.
    to_year : int

    Returns
    -------
    float
        [USD of `to_year`]

    Raises
    ------
    InputError
        If a rate or deflator is missing.
    """
    table = facts["exchange_rates"].set_index(["currency", "year"])["value"]
    rates = {"USD": 1.0}

    def lookup(code: str, when: int) -> float:
        if code in rates:
            return rates[code]
        try:
            return float(table[(code, when)])
        except KeyError:
            mend = "Add the row, or give the value in USD."
            raise InputError(
                [Fault(facts.file_of("exchange_rates"), f"has no {code} for {when}.", mend)]
            ) from None

    deflator = (
        lookup("USD_DEFLATOR", to_year) / lookup("USD_DEFLATOR", year) if to_year != year else 1.0
    )
    return value / lookup(currency.upper(), year) * deflator
