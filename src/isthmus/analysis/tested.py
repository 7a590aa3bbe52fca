"""The outcome of laying a published row beside the model: a value, or the reason there is none."""

from __future__ import annotations

from dataclasses import dataclass

from isthmus.errors import IsthmusError

__all__ = ["Measured", "NotTestable"]


class NotTestable(IsthmusError):
    """A published row has nothing in the model to be laid beside; the message says why."""


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
