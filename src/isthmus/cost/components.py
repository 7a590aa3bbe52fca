"""The terms of a cost, held once a good: classes of one good differ in what restrictions add alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt

__all__ = ["Components"]

FloatArray = npt.NDArray[np.float64]


class Components(Mapping[str, FloatArray]):
    """
    One array a term, shape (n_class, n_arc), in the unit of its attribute.

    Parameters
    ----------
    of_good : dict of str to ndarray, shape (n_good, n_arc)
        Terms that are the same for all classes of a good.
    of_class : dict of str to ndarray, shape (n_class, n_arc)
        The others.
    good : ndarray of int, shape (n_class,)
        Good of each class.
    names : tuple of str
        All terms, in order.
    """

    def __init__(
        self,
        of_good: dict[str, FloatArray],
        of_class: dict[str, FloatArray],
        good: npt.NDArray[np.int64],
        names: tuple[str, ...],
    ) -> None:
        self.of_good, self.of_class, self.good, self.names = of_good, of_class, good, names

    def __getitem__(self, name: str) -> FloatArray:
        """Return a term for every class."""
        if name in self.of_class:
            return self.of_class[name]
        return np.asarray(self.of_good[name][self.good])

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)

    def sum_of(self, names: list[str]) -> tuple[FloatArray, FloatArray | None]:
        """
        Return the sum of some terms, in two parts.

        Parameters
        ----------
        names : list of str

        Returns
        -------
        of_good : ndarray, shape (n_good, n_arc)
        of_class : ndarray, shape (n_class, n_arc), or None
            What to add to it, if any of the terms differs between classes.
        """
        shape = next(iter(self.of_good.values())).shape
        total, more = np.zeros(shape), None
        for name in names:
            if name in self.of_good:
                total += self.of_good[name]
            else:
                more = self.of_class[name] if more is None else more + self.of_class[name]
        return total, more

    def with_arcs(
        self, values: Mapping[str, FloatArray], arcs: npt.NDArray[np.int64]
    ) -> Components:
        """
        Return these with other values on some arcs.

        Parameters
        ----------
        values : mapping of str to ndarray, shape (n_good, n)
            Terms that are the same for all classes of a good.
        arcs : ndarray of int, shape (n,)

        Returns
        -------
        Components
        """
        of_good = dict(self.of_good)
        for name, new in values.items():
            if not np.array_equal(of_good[name][:, arcs], new):
                of_good[name] = of_good[name].copy()
                of_good[name][:, arcs] = new
        return Components(of_good, self.of_class, self.good, self.names)

    def on(self, arcs: npt.NDArray[np.int64]) -> Components:
        """Return these on some arcs only."""
        of_good = {name: values[:, arcs] for name, values in self.of_good.items()}
        of_class = {name: values[:, arcs] for name, values in self.of_class.items()}
        return Components(of_good, of_class, self.good, self.names)

    def is_of(self, other: Components, name: str) -> bool:
        """Return whether a term is the very one of others, not a copy."""
        mine, theirs = ({**c.of_good, **c.of_class}[name] for c in (self, other))
        return mine is theirs
