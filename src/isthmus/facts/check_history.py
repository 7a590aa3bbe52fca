"""Rules of dated facts: every status and regime has a cause, and the cause can have caused it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from isthmus.errors import Fault
from isthmus.facts.history import RECORD, causes
from isthmus.facts.rows import at

if TYPE_CHECKING:
    from isthmus.facts.tables import Facts

__all__ = ["check_causes"]

_CAUSED = {
    "link_status": "link_id",
    "crossing_regimes": "crossing_id",
    "restrictions": "restriction_id",
}


def check_causes(facts: Facts) -> Iterator[Fault]:
    """
    Causes that are no event or agreement, came later than what they caused, or are none.

    An agreement causes from the day it was signed on: works and plans do not wait until it is in
    force. The start of the record is no event in the world: it stands behind the first row of an
    element and behind no change.
    """
    every = causes(facts)
    twice = every["cause_id"].duplicated() & every["kind"].eq("agreement")
    agreements = facts.tables["agreements"]["agreement_id"]
    for row in agreements.index[agreements.isin(every.loc[twice, "cause_id"])]:
        what = f"{agreements[row]} is the id of an event too."
        yield Fault(at(facts, "agreements", row), what, "Rename one.", "cause")
    known = every.drop_duplicates("cause_id").set_index("cause_id")["date"].to_dict()
    start = set(every.loc[every["kind"].eq(RECORD), "cause_id"])
    for table, key in _CAUSED.items():
        frame = facts.tables[table]
        first = frame.groupby(key)["from_date"].transform("min")
        later = frame["cause_id"].isin(start) & frame["from_date"].gt(first)
        for row in frame.index[later]:
            what = (
                f"{frame.loc[row, key]} changed on {frame.loc[row, 'from_date']}, which the start "
                "of the record cannot cause."
            )
            yield Fault(at(facts, table, row), what, "Name what changed it.", "cause")
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
