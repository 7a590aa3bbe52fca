"""Who pays for what, in which shares."""

from __future__ import annotations

import math

from isthmus.errors import Fault, InputError

__all__ = ["shares"]


def shares(text: str, where: str) -> dict[str, float]:
    """
    Read who pays: ``AZE`` or ``ARM 0.5; TUR 0.5``.

    Raises
    ------
    InputError
        If a share is none, or they do not add up to 1.

    Examples
    --------
    >>> shares("ARM 0.25; USA 0.75", "here")
    {'ARM': 0.25, 'USA': 0.75}
    """
    out: dict[str, float] = {}
    for part in filter(None, (p.strip() for p in text.split(";"))):
        name, _, share = part.partition(" ")
        try:
            out[name] = float(share) if share else 1.0
        except ValueError:
            raise InputError([Fault(where, f'"{part}" is no payer.', "Write ARM 0.5.")]) from None
    if not math.isclose(sum(out.values()), 1.0, abs_tol=1e-6):
        what = f'the shares of "{text}" add up to {sum(out.values()):g}.'
        raise InputError([Fault(where, what, "Make them 1 together.", "payers")])
    return out
