"""The outcome of laying a published row beside the model: a value."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Measured"]


@dataclass(frozen=True)
class Measured:
    """
    What the model says.

    Parameters
    ----------
    value, observed : float
        Modelled and published, in the same unit and price year.
    modes : str
    largest : str
        What the modelled value is mostly made of.
    note : str
        What was assumed in the comparison.
    """

    value: float
    observed: float
    modes: str
    largest: str = ""
    note: str = ""
