"""Put a file in place whole or not at all."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from isthmus.errors import Fault, InputError

__all__ = ["replacing"]


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """
    Yield a path beside the target to write to; it takes the target's place when all went well.

    On an error the target is left as it was and nothing stays behind.

    Parameters
    ----------
    path : path
        Target. Its suffix is kept, since writers choose by it.

    Yields
    ------
    Path

    Raises
    ------
    InputError
        If the folder does not exist.
    """
    target = Path(path)
    if not target.parent.is_dir():
        raise InputError(
            [Fault(str(target), "lies in a folder that does not exist.", "Make the folder first.")]
        )
    with tempfile.TemporaryDirectory(prefix=f".{target.stem}-", dir=target.parent) as folder:
        part = Path(folder) / target.name
        yield part
        part.replace(target)
