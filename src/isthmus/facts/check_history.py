"""Rules of dated facts: every status and regime has a cause, and the cause comes first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from isthmus.errors import Fault
from isthmus.facts.history import causes
from isthmus.facts.rows import at

if TYPE_CHECKING:
    from isthmus.facts.tables import Facts

__all__ = ["check_causes"]

_CAUSED = ("link_status", "crossing_regimes", "restrictions")


def check_causes(facts: Facts) -> Iterator[Fault]:
    """
    Causes that are no event or agreement, or that came later than what they caused.

    An agreement causes from the day it was signed on: works and plans do not wait until it is in
    force.
    """
    known = causes(facts).set_index("cause_id")["date"].to_dict()
    for table in _CAUSED:
        frame = facts.tables[table]
        for row, cause, since in zip(
            frame.index, frame["cause_id"], frame["from_date"], strict=True
        ):
            if not cause:
                continue  # its schema says whether it may be empty
            if cause not in known:
                what = f'cause_id = "{cause}" is no event or agreement.'
                mend = "Name a row of events.csv or agreements.csv."
                yield Fault(at(facts, table, row), what, mend, "dangling-key")
            elif since and known[cause] > since:
                what = f"begins {since}, before its cause {cause} ({known[cause]})."
                yield Fault(at(facts, table, row), what, "Mend the date or the cause.", "cause")
