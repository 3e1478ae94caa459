"""Sequences of equal length as arrays: one, (step, feature), or several, (sequence, step, feature)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_array

from neurosim.errors import DescriptionError
from neurosim.learn.sequences.ragged import is_ragged
from neurosim.learn.validation import read_rows, read_rows_and_targets

Floats = NDArray[np.float64]


class Series(NamedTuple):
    """A target series.

    values: shape (sequence, step, output).
    several: whether it was given with an axis of sequences.
    flat: whether it was given without an axis of outputs.
    """

    values: Floats
    several: bool
    flat: bool


def shape_of(array: ArrayLike) -> tuple[int, ...]:
    """The shape of an array, a data frame or nested lists."""
    shape = getattr(array, "shape", None)
    return np.asarray(array).shape if shape is None else tuple(shape)


def read_inputs(estimator: BaseEstimator, X: ArrayLike) -> tuple[Floats, bool]:
    """X as (sequence, step, feature), and whether it had an axis of sequences.

    Raises ValueError, as scikit-learn does, for data that do not fit the estimator.
    """
    _refuse_ragged(estimator, X, "X")
    lead, rows, several = _in_one_row(X)
    return read_rows(estimator, rows, reset=False).reshape(*lead, -1), several


def read_inputs_and_targets(estimator: BaseEstimator, X: ArrayLike, y: ArrayLike) -> tuple[Floats, Series]:
    """X as (sequence, step, feature), and y; the estimator remembers the number of features.

    Raises ValueError, as scikit-learn does, or DescriptionError for data that do not fit each other.
    """
    _refuse_ragged(estimator, X, "X")
    _refuse_ragged(estimator, y, "y")
    lead, rows, several = _in_one_row(X)
    if several:
        y = _targets_in_one_row(y, lead, type(estimator).__name__)
    rows, targets = read_rows_and_targets(estimator, rows, y)
    lead = lead if several else (1, len(rows))
    return rows.reshape(*lead, -1), Series(targets.reshape(*lead, -1), several, targets.ndim == 1)


def read_series(estimator: BaseEstimator, y: ArrayLike) -> Series:
    """A series without inputs, given as (step,), (step, output) or (sequence, step, output)."""
    _refuse_ragged(estimator, y, "y")
    checks: dict[str, Any] = dict(ensure_2d=False, allow_nd=True, input_name="y", estimator=estimator)
    series = np.asarray(check_array(y, **checks), dtype=np.float64)
    if series.ndim not in (1, 2, 3):
        raise DescriptionError(
            f"{type(estimator).__name__}: y of shape {series.shape} is not (step,), (step, output) or"
            " (sequence, step, output). Give that."
        )
    with_outputs = series[:, None] if series.ndim == 1 else series
    values = with_outputs if with_outputs.ndim == 3 else with_outputs[None]
    return Series(values, several=series.ndim == 3, flat=series.ndim == 1)


def _in_one_row(X: ArrayLike) -> tuple[tuple[int, ...], ArrayLike, bool]:
    """The axes (sequence, step) of X, its rows end to end, and whether it had an axis of sequences."""
    shape = shape_of(X)
    if len(shape) != 3:
        return (1, *shape[:1]), X, False
    return shape[:2], np.asarray(X).reshape(-1, shape[2]), True


def _targets_in_one_row(y: ArrayLike, lead: tuple[int, ...], name: str) -> ArrayLike:
    """The targets of several sequences end to end, (step,) or (step, output)."""
    if y is None:
        return y  # scikit-learn says what is missing
    shape = shape_of(y)
    if shape[:2] != lead or len(shape) > 3:
        raise DescriptionError(
            f"{name}: y of shape {shape} does not fit {lead[0]} sequences of {lead[1]} steps."
            f" Give {lead}, or one more axis for outputs."
        )
    return np.asarray(y).reshape(-1, *shape[2:])


def _refuse_ragged(estimator: BaseEstimator, data: object, letter: str) -> None:
    """Refuse a list of sequences of different lengths, which one array cannot hold."""
    if isinstance(data, Sequence) and is_ragged(data):
        lengths = ", ".join(str(len(sequence)) for sequence in data[:6]) + (", ..." if len(data) > 6 else "")
        raise DescriptionError(
            f"{type(estimator).__name__}: the sequences of {letter} are {lengths} steps long. Give equally"
            " long ones: cut them, or put zeros before the shorter ones and count as many steps as washout."
            " SequenceClassifier and NetworkRegressor take sequences of any length."
        )
