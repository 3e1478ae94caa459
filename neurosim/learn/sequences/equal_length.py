"""Sequences as scikit-learn hands them over: one, (step, feature), or several, (sequence, step, feature)."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils.validation import check_array, validate_data

from neurosim.learn.sequences.ragged import is_ragged


def shape_of(given: Any) -> tuple[int, ...]:
    """The shape of an array, a data frame or nested lists."""
    shape = getattr(given, "shape", None)
    return np.asarray(given).shape if shape is None else tuple(shape)


def read_sequences(
    estimator: Any, X: Any, y: Any = None, *, reset: bool = False
) -> tuple[np.ndarray, np.ndarray | None, bool, bool]:
    """X as (sequence, step, feature) and y as (sequence, step, output); whether X had several sequences, and y no axis of outputs.

    With `reset` y is wanted, and the number of features is remembered; else X alone is read. Raises what scikit-learn does.
    """
    refuse_ragged(estimator, X, "X")
    refuse_ragged(estimator, y, "y")
    shape = shape_of(X)
    several = len(shape) == 3
    if several:
        X = np.asarray(X).reshape(-1, shape[2])
        y = end_to_end(y, shape[:2], type(estimator).__name__) if reset else None
    if not reset:
        X, flat = validate_data(estimator, X, dtype=np.float64, reset=False), False
    else:
        X, y = validate_data(estimator, X, y, dtype=np.float64, multi_output=True, y_numeric=True)
        flat = y.ndim == 1
    lead = shape[:2] if several else (1, len(X))
    target = None if y is None else np.asarray(y, dtype=np.float64).reshape(*lead, -1)
    return X.reshape(*lead, -1), target, several, flat


def refuse_ragged(estimator: Any, given: Any, letter: str) -> None:
    """Refuse a list of sequences that differ in length: one run takes them side by side."""
    if isinstance(given, (list, tuple)) and is_ragged(given):
        lengths = ", ".join(str(len(sequence)) for sequence in given[:6]) + (
            ", ..." if len(given) > 6 else ""
        )
        raise ValueError(
            f"{type(estimator).__name__}: the sequences of {letter} are {lengths} steps long. Give equally long ones: cut them, or put zeros"
            " before the shorter ones and count as many steps as washout. SequenceClassifier and NetworkRegressor take sequences of any length."
        )


def end_to_end(y: Any, lead: tuple[int, ...], where: str) -> Any:
    """The targets of several sequences one after the other, (step,) or (step, output)."""
    shape = () if y is None else shape_of(y)
    if y is not None and (shape[:2] != lead or len(shape) > 3):
        raise ValueError(
            f"{where}: y of shape {shape} does not fit {lead[0]} sequences of {lead[1]} steps. Give {lead}, or one more axis for outputs."
        )
    return y if y is None else np.asarray(y).reshape(-1, *shape[2:])


def read_series(estimator: Any, y: Any) -> tuple[np.ndarray, bool, bool]:
    """A series on its own, (step,), (step, output) or (sequence, step, output), with all three axes; whether it had the first, and no last."""
    refuse_ragged(estimator, y, "y")
    series = np.asarray(
        check_array(y, ensure_2d=False, allow_nd=True, input_name="y", estimator=estimator), dtype=np.float64
    )
    if series.ndim not in (1, 2, 3):
        raise ValueError(
            f"{type(estimator).__name__}: y of shape {series.shape} is not (step,), (step, output) or (sequence, step, output). Give that."
        )
    full = series[:, None] if series.ndim == 1 else series
    return full if full.ndim == 3 else full[None], series.ndim == 3, series.ndim == 1
