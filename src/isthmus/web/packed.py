"""Large documents that never change while the server runs: made once, kept packed."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Callable, Mapping
from typing import Any

from isthmus.console import numbers_as_json

__all__ = ["Packed"]

_LEVEL = 4
"""Of gzip: what a higher one saves is not felt on one machine, the time to pack is."""


class Packed:
    """
    Documents by name, each made when it is first asked for, or ahead by `warm`.

    Parameters
    ----------
    makers : mapping of str to callable
        What makes each document.
    """

    def __init__(self, makers: Mapping[str, Callable[[], Any]]) -> None:
        self._makers = dict(makers)
        self._turns = {name: threading.Lock() for name in self._makers}
        self._kept: dict[str, bytes] = {}

    def __getitem__(self, name: str) -> bytes:
        """Return a document as gzipped JSON; who asks while it is being made waits for it."""
        with self._turns[name]:
            if name not in self._kept:
                made = numbers_as_json(self._makers[name]())
                text = json.dumps(made, ensure_ascii=False, separators=(",", ":"))
                self._kept[name] = gzip.compress(text.encode(), _LEVEL, mtime=0)
            return self._kept[name]

    def warm(self) -> None:
        """Make every document that is not there."""
        for name in self._makers:
            _ = self[name]
