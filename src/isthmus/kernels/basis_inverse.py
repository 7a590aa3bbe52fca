"""The inverse of a small matrix that changes by a row or a column at a time."""

from numba import njit

SMALL = 1e-7
"""A pivot below it says that the inverse must be taken anew."""


@njit(cache=True, nogil=True)
def times(inverse, k, vector, out):
    """Set ``out`` to the inverse times a vector most of whose entries are 0."""
    out[:k] = 0.0
    for j in range(k):
        if vector[j] != 0.0:
            for i in range(k):
                out[i] += inverse[i, j] * vector[j]


@njit(cache=True, nogil=True)
def moved(inverse, k, left, right, column, row):
    """
    Update the inverse for ``W + left right'`` (Sherman and Morrison 1950).

    Parameters
    ----------
    inverse : ndarray, shape (>= k, >= k)
        Changed.
    k : int
    left, right : ndarray, shape (>= k,)
    column, row : ndarray
        Scratch.

    Returns
    -------
    bool
        False if the pivot is too small; the inverse is then as it was.
    """
    times(inverse, k, left, column)
    pivot = 1.0
    for i in range(k):
        pivot += right[i] * column[i]
    if abs(pivot) < SMALL:
        return False
    row[:k] = 0.0
    for i in range(k):
        if right[i] != 0.0:
            for j in range(k):
                row[j] += right[i] * inverse[i, j]
    for i in range(k):
        if column[i] != 0.0:
            by = column[i] / pivot
            for j in range(k):
                inverse[i, j] -= by * row[j]
    return True


@njit(cache=True, nogil=True)
def bordered(inverse, k, left, right, corner, column, row):
    """
    Update the inverse for a matrix with one row and one column more.

    Parameters
    ----------
    inverse : ndarray, shape (> k, > k)
        Changed.
    k : int
    left : ndarray, shape (>= k,)
        The new column.
    right : ndarray, shape (>= k,)
        The new row.
    corner : float
    column, row : ndarray
        Scratch.

    Returns
    -------
    bool
        False if the pivot is too small; the inverse is then as it was.
    """
    times(inverse, k, left, column)
    pivot = corner
    for i in range(k):
        pivot -= right[i] * column[i]
    if abs(pivot) < SMALL:
        return False
    row[:k] = 0.0
    for i in range(k):
        if right[i] != 0.0:
            for j in range(k):
                row[j] += right[i] * inverse[i, j]
    for i in range(k):
        by = column[i] / pivot
        for j in range(k):
            inverse[i, j] += by * row[j]
        inverse[i, k] = -by
    for j in range(k):
        inverse[k, j] = -row[j] / pivot
    inverse[k, k] = 1.0 / pivot
    return True


@njit(cache=True, nogil=True)
def stripped(inverse, k, i, j):
    """
    Update the inverse for a matrix without its row i and its column j; the last ones take their places.

    Returns
    -------
    bool
        False if the pivot is too small; the inverse is then as it was.
    """
    pivot = inverse[j, i]
    if abs(pivot) < SMALL:
        return False
    for r in range(k):
        if r != j and inverse[r, i] != 0.0:
            by = inverse[r, i] / pivot
            for c in range(k):
                if c != i:
                    inverse[r, c] -= by * inverse[j, c]
    if j != k - 1:
        inverse[j, :k] = inverse[k - 1, :k]
    if i != k - 1:
        for r in range(k - 1):
            inverse[r, i] = inverse[r, k - 1]
    return True
