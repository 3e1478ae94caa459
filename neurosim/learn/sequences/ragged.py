"""Sequences of different lengths, as a list: reading and checking them, and padding them for one run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator

from neurosim.errors import DescriptionError
from neurosim.learn.validation import read_rows

MOST_NUMBERS = 2**25  # of states that one run may record
Floats = NDArray[np.float64]
Sequences: TypeAlias = ArrayLike | Sequence[ArrayLike]


def read_sequences(estimator: BaseEstimator, X: Sequences, *, reset: bool) -> list[Floats]:
    """X as a list of arrays (tick, channel) of finite numbers.

    X: a list of such arrays, or of vectors if there is one channel; an array (sample, tick, channel); or an
        array (sample, tick) of one channel.
    reset: whether `n_features_in_` becomes the number of channels of X (of ticks, for an array of two axes)
        and `n_channels_` the number of channels; otherwise X must have these.

    Raises DescriptionError for other shapes, NaN, infinity, empty sequences and unequal numbers of channels.
    """
    name = type(estimator).__name__
    listed = is_ragged(X) or np.asarray(X).ndim == 3
    if listed:
        sequences = _read_all(X, name)
        channels = _channels(sequences, name)
    else:
        rows = read_rows(estimator, cast(ArrayLike, X), reset=reset)
        sequences, channels = list(rows[:, :, None]), 1
    known: Any = estimator
    if reset:
        known.n_channels_ = channels
        if listed:
            known.n_features_in_ = channels
    elif channels != known.n_channels_:
        raise DescriptionError(
            f"{name}: X has sequences of {channels} channels, but was fitted with {known.n_channels_}."
            " Give as many."
        )
    return sequences


def is_ragged(X: object) -> bool:
    """Whether X is a list of sequences of different lengths, and so not an array."""
    try:
        array = np.asarray(X)
    except ValueError:  # numpy refuses to make an array of different lengths
        return True
    return array.ndim == 1 and array.dtype == object and array.size > 0 and np.ndim(array[0]) > 0


def pad(X: Sequences, name: str) -> tuple[Floats, NDArray[np.intp]]:
    """Sequences as one array (sequence, tick, channel), 0 after the end of each, and their lengths.

    `name` begins the error messages. Raises DescriptionError as `read_sequences` does.
    """
    sequences = _read_all(X, name)
    _channels(sequences, name)
    return _padded(sequences)


def batches(sequences: Sequence[Floats], n_neurons: int) -> Iterator[tuple[Floats, NDArray[np.intp]]]:
    """Sequences padded for one run after the other, each of which records at most MOST_NUMBERS states.

    Yields the input, shape (trial, tick, channel), and the lengths of its sequences, shape (trial,).
    """
    longest = max(len(sequence) for sequence in sequences)
    step = max(1, MOST_NUMBERS // (longest * n_neurons))
    for first in range(0, len(sequences), step):
        yield _padded(sequences[first : first + step])


def _padded(sequences: Sequence[Floats]) -> tuple[Floats, NDArray[np.intp]]:
    lengths = np.array([len(sequence) for sequence in sequences])
    padded = np.zeros((len(sequences), int(lengths.max()), sequences[0].shape[1]))
    for row, sequence in zip(padded, sequences, strict=True):
        row[: len(sequence)] = sequence
    return padded, lengths


def _read_all(X: Sequences, name: str) -> list[Floats]:
    rows: Any = X
    return [_read_one(sequence, f"{name}: sequence {k}") for k, sequence in enumerate(rows)]


def _read_one(sequence: ArrayLike, label: str) -> Floats:
    try:
        array = np.asarray(sequence, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DescriptionError(
            f"{label}: is not an array of numbers (tick, channel). Give numbers."
        ) from error
    if array.ndim not in (1, 2):
        raise DescriptionError(
            f"{label}: has shape {array.shape}, which is not (tick, channel). Give two axes."
        )
    array = array[:, None] if array.ndim == 1 else array
    if not array.size:
        raise DescriptionError(
            f"{label}: has shape {array.shape}, which holds no numbers. Leave empty sequences out."
        )
    if not np.isfinite(array).all():
        raise DescriptionError(f"{label} contains NaN or infinity. Give finite numbers.")
    return array


def _channels(sequences: list[Floats], name: str) -> int:
    """The number of channels, which all sequences share."""
    widths = sorted({sequence.shape[1] for sequence in sequences})
    if len(widths) > 1:
        raise DescriptionError(
            f"{name}: X has sequences of {' and '.join(map(str, widths))} channels."
            " Give as many channels in each."
        )
    return widths[0]
