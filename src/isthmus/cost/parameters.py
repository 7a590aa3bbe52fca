"""
Look up rates, speeds, delays and intensities among the rows of `data/parameters.csv`.

A row may say for which mode, territory, load type, commodity or item it holds; an empty cell means
any. Of the rows that fit, the one with the most cells filled holds; among equals commodity counts
before item, territory, load type and mode. Rows that were used are remembered, so that a report
can print every assumption a number stands on.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from functools import cached_property
from itertools import product
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from isthmus.errors import Fault, InputError, UnknownName

__all__ = ["Parameters"]

FloatArray = npt.NDArray[np.float64]

FIELDS = ("commodity_id", "item", "territory_id", "load_type", "mode")
"""What a row may be particular to, the weightiest first."""

_WHERE = "data/parameters.csv"
_Key = tuple[str, ...]


class _Rows(NamedTuple):
    """The rows of one parameter: key → row, and the patterns of filled cells, most filled first."""

    by_key: dict[_Key, int]
    patterns: list[tuple[bool, ...]]
    fields: tuple[bool, ...]


class Parameters:
    """
    The parameters of the cost model.

    Parameters
    ----------
    frame : DataFrame
        Rows of ``data/parameters.csv``: parameter, mode, territory_id, load_type, commodity_id,
        item, value and what is said about them. Of two rows with the same key the last one holds,
        so rows laid over the package replace its own.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = [("speed_km_h", "rail", "", 20.0), ("speed_km_h", "rail", "KAZ", 33.0)]
    >>> frame = pd.DataFrame(rows, columns=["parameter", "mode", "territory_id", "value"])
    >>> speeds = Parameters(frame)
    >>> speeds.get("speed_km_h", mode="rail", territory_id="KAZ")
    33.0
    >>> speeds.get("speed_km_h", mode="rail", territory_id="TUR")
    20.0
    """

    def __init__(self, frame: pd.DataFrame) -> None:
        self.frame = frame.reset_index(drop=True)
        self._value = self.frame["value"].to_numpy(dtype=np.float64)
        self._used: set[int] = set()

    @cached_property
    def _rows(self) -> dict[str, _Rows]:
        columns = [
            self.frame[f].fillna("").astype(str)
            if f in self.frame
            else pd.Series("", index=self.frame.index)
            for f in FIELDS
        ]
        keys: dict[str, dict[_Key, int]] = {}
        names = self.frame["parameter"].astype(str)
        for i, (name, *key) in enumerate(zip(names, *columns, strict=True)):
            keys.setdefault(name, {})[tuple(key)] = i
        return {name: _index(by_key) for name, by_key in keys.items()}

    def __contains__(self, parameter: object) -> bool:
        return parameter in self._rows

    @property
    def names(self) -> list[str]:
        """Names of all parameters."""
        return list(self._rows)

    @property
    def used(self) -> pd.DataFrame:
        """Rows that were looked up so far, in the order of the file."""
        return self.frame.loc[sorted(self._used)]

    def get(
        self,
        parameter: str,
        *,
        mode: str = "",
        territory_id: str = "",
        load_type: str = "",
        commodity_id: str = "",
        item: str = "",
    ) -> float:
        """
        Return one value: that of the most particular row that fits.

        Parameters
        ----------
        parameter : str
        mode, territory_id, load_type, commodity_id, item : str, optional
            What is asked for; a row with another value in that cell does not fit.

        Raises
        ------
        UnknownName
            If there is no such parameter.
        InputError
            If none of its rows fits; names the row to add.
        """
        row = self._row(parameter, (commodity_id, item, territory_id, load_type, mode))
        return float(self._value[row])

    def said(self, parameter: str, *, mode: str = "", item: str = "") -> tuple[str, str]:
        """
        Return who says the value that `get` returns, and how sure it is.

        Parameters
        ----------
        parameter : str
        mode, item : str, optional

        Returns
        -------
        source_id, confidence : str
            Empty where the row does not say.

        Raises
        ------
        UnknownName
            If there is no such parameter.
        InputError
            If none of its rows fits.
        """
        row = self._row(parameter, ("", item, "", "", mode))
        cells = (self.frame.get(c) for c in ("source_id", "confidence"))
        source, confidence = ("" if c is None or pd.isna(c[row]) else str(c[row]) for c in cells)
        return source, confidence

    def _row(self, parameter: str, key: _Key) -> int:
        """Return the row that fits and remember that it was used."""
        row = _find(self._of(parameter), key)
        if row is None:
            raise InputError([_missing(parameter, key)])
        self._used.add(row)
        return row

    def table(
        self,
        parameter: str,
        *,
        commodities: pd.DataFrame | None = None,
        mode: npt.ArrayLike | str = "",
        territory_id: npt.ArrayLike | str = "",
        item: npt.ArrayLike | str = "",
    ) -> FloatArray:
        """
        Return values for many arcs, and for every commodity if asked.

        Parameters
        ----------
        parameter : str
        commodities : DataFrame, optional
            Columns commodity_id and load_type.
        mode, territory_id, item : array of str, shape (n,), or str
            At least one is an array.

        Returns
        -------
        ndarray, shape (n,) or (n_commodity, n)

        Raises
        ------
        UnknownName
            If there is no such parameter.
        InputError
            If rows are missing; names all of them.
        """
        rows = self._of(parameter)
        given = {"mode": mode, "territory_id": territory_id, "item": item}
        n = max(len(np.atleast_1d(np.asarray(v))) for v in given.values() if not isinstance(v, str))
        unique, inverse = _unique(rows, given, n)
        goods = _goods(rows, commodities)
        unique_goods = list(dict.fromkeys(goods))
        found = np.empty((len(unique_goods), len(unique)))
        faults = []
        for (g, (commodity, load)), (u, (t, i, m)) in product(
            enumerate(unique_goods), enumerate(unique)
        ):
            row = _find(rows, (commodity, i, t, load, m))
            if row is None:
                faults.append(_missing(parameter, (commodity, i, t, load, m)))
                continue
            self._used.add(row)
            found[g, u] = self._value[row]
        if faults:
            raise InputError(faults)
        if commodities is None:
            return np.asarray(found[0, inverse], dtype=np.float64)
        at = {good: g for g, good in enumerate(unique_goods)}
        return np.asarray(found[[at[good] for good in goods]][:, inverse], dtype=np.float64)

    def replace(self, **values: float) -> Parameters:
        """
        Return parameters with other values, for sensitivity.

        Parameters
        ----------
        **values : float
            Parameter → value in every one of its rows.

        Raises
        ------
        UnknownName
            If there is no such parameter.
        """
        if not values:
            return self
        frame = self.frame.copy()
        for name, value in values.items():
            self._of(name)
            frame.loc[frame["parameter"].eq(name), "value"] = float(value)
        return Parameters(frame)

    def _of(self, parameter: str) -> _Rows:
        try:
            return self._rows[parameter]
        except KeyError:
            near = difflib.get_close_matches(parameter, self.names, n=3, cutoff=0.5)
            raise UnknownName("parameter", parameter, near, _WHERE) from None


def _index(by_key: dict[_Key, int]) -> _Rows:
    patterns = {tuple(bool(cell) for cell in key) for key in by_key}
    ordered = sorted(patterns, key=lambda p: (sum(p), p), reverse=True)
    fields = tuple(any(p[f] for p in patterns) for f in range(len(FIELDS)))
    return _Rows(by_key, ordered, fields)


def _find(rows: _Rows, key: _Key) -> int | None:
    for pattern in rows.patterns:
        masked = tuple(cell if on else "" for cell, on in zip(key, pattern, strict=True))
        row = rows.by_key.get(masked)
        if row is not None and all(cell or not on for cell, on in zip(key, pattern, strict=True)):
            return row
    return None


def _unique(
    rows: _Rows, given: dict[str, Any], n: int
) -> tuple[list[tuple[str, str, str]], npt.NDArray[np.intp]]:
    """Return the distinct (territory, item, mode) that matter here, and the inverse."""
    matters = dict(zip(FIELDS, rows.fields, strict=True))
    code = np.zeros(n, dtype=np.intp)
    levels: list[npt.NDArray[Any]] = []
    for field in ("territory_id", "item", "mode"):
        value = given[field] if matters[field] else ""
        if isinstance(value, str):
            levels.append(np.array([value], dtype=object))
            continue
        codes, level = pd.factorize(np.asarray(value, dtype=object))
        levels.append(np.asarray(level, dtype=object))
        code = code * max(len(level), 1) + codes
    distinct, inverse = np.unique(code, return_inverse=True)
    keys = []
    for packed in distinct:
        cells, rest = [], int(packed)
        for level in reversed(levels):
            if len(level) > 1:
                rest, at = divmod(rest, len(level))
            else:
                at = 0
            cells.append(str(level[at]) if len(level) else "")
        keys.append((cells[2], cells[1], cells[0]))
    return keys, inverse


def _goods(rows: _Rows, commodities: pd.DataFrame | None) -> Sequence[tuple[str, str]]:
    """Return (commodity, load type) of each commodity, blank where no row minds."""
    if commodities is None:
        return [("", "")]
    matters = dict(zip(FIELDS, rows.fields, strict=True))
    return [
        (str(c) if matters["commodity_id"] else "", str(load) if matters["load_type"] else "")
        for c, load in zip(commodities["commodity_id"], commodities["load_type"], strict=True)
    ]


def _missing(parameter: str, key: _Key) -> Fault:
    cells = ", ".join(f"{f}={cell}" for f, cell in zip(FIELDS, key, strict=True) if cell)
    return Fault(
        _WHERE,
        f"no row of {parameter} fits {cells or 'an arc with nothing known'}.",
        "Add one; its source may be `assumed:<why>`.",
        "parameter",
    )
