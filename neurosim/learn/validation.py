"""Reading the data and the seed of an estimator: scikit-learn's checks, with types."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import validate_data

from neurosim.errors import DescriptionError, shown

RandomState: TypeAlias = int | np.random.RandomState | None  # as scikit-learn takes it
Types: TypeAlias = DTypeLike | Sequence[DTypeLike]
FLOATS: Types = [np.float64, np.float32]  # for estimators that compute in the precision of X


def read_rows(
    estimator: BaseEstimator,
    X: ArrayLike,
    *,
    reset: bool,
    dtype: Types = np.float64,
    order: Literal["C"] | None = None,
    least: int = 1,
    allow_nan: bool = False,
) -> NDArray[Any]:
    """X as an array (sample, feature) of finite numbers, of at least so many rows.

    With `reset` the estimator remembers the number of features; otherwise X must have that number. If X has
    none of several `dtype`s, it is converted to the first.
    """
    finite = "allow-nan" if allow_nan else True
    return np.asarray(
        _checked(
            estimator,
            X=X,
            reset=reset,
            dtype=dtype,
            order=order,
            ensure_min_samples=least,
            ensure_all_finite=finite,
        )
    )


def read_rows_and_targets(
    estimator: BaseEstimator, X: ArrayLike, y: ArrayLike, *, reset: bool = True
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """X as (sample, feature) and y as (sample,) or (sample, output), both of finite numbers."""
    rows, targets = _checked(
        estimator, X=X, y=y, reset=reset, dtype=np.float64, multi_output=True, y_numeric=True
    )
    return np.asarray(rows), np.asarray(targets, dtype=np.float64)


def read_rows_and_labels(
    estimator: BaseEstimator, X: ArrayLike, y: ArrayLike, *, dtype: Types = np.float64
) -> tuple[NDArray[Any], NDArray[Any]]:
    """X as an array (sample, feature) of finite numbers, and labels y of any type, shape (sample,)."""
    rows, labels = _checked(estimator, X=X, y=y, dtype=dtype)
    return np.asarray(rows), np.asarray(labels)


def _checked(estimator: BaseEstimator, **data: Any) -> Any:
    # scikit-learn has no types, and pyright takes those of its default values for them.
    return validate_data(estimator, **data)


def read_classes(estimator: BaseEstimator, y: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.intp]]:
    """The sorted classes in y, shape (class,), and the index of the class of each sample, shape (sample,).

    Raises DescriptionError if there are fewer than two classes.
    """
    check_classification_targets(y)
    classes, index = np.unique(y, return_inverse=True)
    if len(classes) < 2:
        raise DescriptionError(
            f"{type(estimator).__name__}: y has 1 class, {shown(classes.tolist()[0])}."
            " Give samples of two classes or more."
        )
    return classes, index


def random_state_of(random_state: RandomState) -> np.random.RandomState:
    """The generator that scikit-learn makes of a `random_state`."""
    return check_random_state(random_state)


def random_seed(random_state: RandomState, below: int = 2**31) -> int:
    """A seed drawn from a `random_state`, from 0 to below `below`."""
    return int(random_state_of(random_state).randint(below))
