"""
Matrices in the Open Matrix format, which transport models exchange skims in.

References
----------
.. [1] Open Matrix Specification 0.2, https://github.com/osPlanning/omx/wiki/Specification.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from isthmus.errors import Fault, InputError
from isthmus.formats.files import replacing

__all__ = ["read_omx", "write_omx"]

FloatArray = npt.NDArray[np.float64]

LOOKUP = "zone_id"
"""Name of the lookup that holds the zones."""


def write_omx(path: str | Path, matrices: Mapping[str, FloatArray], zones: Sequence[str]) -> Path:
    """
    Write square matrices by zone.

    Parameters
    ----------
    path : path
    matrices : mapping of str to ndarray, shape (n_zone, n_zone)
        NaN is a cell without a value.
    zones : sequence of str
        Order of rows and columns.

    Returns
    -------
    Path

    Raises
    ------
    InputError
        If a matrix is not square over the zones, or a name holds a slash; names every one.

    Notes
    -----
    The file holds the attributes ``OMX_VERSION`` and ``SHAPE``, the matrices under ``/data`` in
    chunks compressed with zlib, and the zones under ``/lookup/zone_id``. Zone ids are text, as the
    ones of isthmus are; the specification allows it, older readers expect whole numbers.
    """
    import h5py

    n = len(zones)
    faults = [
        Fault(f"matrix {name}", f"has shape {np.shape(m)}, not ({n}, {n}).", rule="omx-shape")
        for name, m in matrices.items()
        if np.shape(m) != (n, n)
    ]
    faults += [
        Fault(f"matrix {name}", "has a slash in its name, which HDF5 reads as a folder.")
        for name in matrices
        if "/" in name or not name
    ]
    if faults:
        raise InputError(faults)
    target = Path(path)
    # Without track_times the file would carry the hour it was made: same results, other bytes.
    with replacing(target) as part, h5py.File(part, "w", track_order=False) as file:
        file.attrs["OMX_VERSION"] = np.bytes_("0.2")
        file.attrs["SHAPE"] = np.array([n, n], dtype=np.int32)
        data, lookup = file.create_group("data"), file.create_group("lookup")
        for name, matrix in matrices.items():
            values = np.asarray(matrix, dtype=np.float64)
            dataset = data.create_dataset(
                name,
                data=values,
                chunks=(1, n) if n else None,
                compression="gzip" if n else None,
                compression_opts=1 if n else None,
                track_times=False,
            )
            dataset.attrs["NA"] = np.nan
        longest = max((len(z.encode()) for z in zones), default=1)
        lookup.create_dataset(
            LOOKUP,
            data=np.array([z.encode() for z in zones], dtype=f"S{longest}"),
            track_times=False,
        )
    return target


def read_omx(path: str | Path) -> tuple[dict[str, FloatArray], list[str]]:
    """
    Read what `write_omx` wrote.

    Returns
    -------
    matrices : dict of str to ndarray
    zones : list of str
        Empty where the file has no lookup of zones.

    Raises
    ------
    InputError
        If the file is no OMX file.
    """
    import h5py

    with h5py.File(path, "r") as file:
        if "OMX_VERSION" not in file.attrs or "data" not in file:
            raise InputError(
                [Fault(str(path), "is no OMX file.", "It lacks OMX_VERSION or /data.")]
            )
        matrices = {name: np.asarray(values, dtype=float) for name, values in file["data"].items()}
        held = file["lookup"][LOOKUP][:] if LOOKUP in file.get("lookup", {}) else []
        return matrices, [z.decode() if isinstance(z, bytes) else str(z) for z in held]
