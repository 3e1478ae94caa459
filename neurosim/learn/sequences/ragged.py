"""Sequences of different lengths as scikit-learn's X: read, checked, and laid side by side for one run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from sklearn.utils.validation import validate_data

RUN_NUMBERS = 2**25  # states that are held at once


def read_sequences(estimator: Any, X: Any, *, reset: bool) -> list[np.ndarray]:
    """X as a list of arrays (tick, channel) of finite numbers.

    X is a list of such arrays (of a vector each, where there is one channel), an array (sample, tick, channel), or an array
    (sample, tick) of one channel. With `reset`, `n_features_in_` becomes the number of channels (of ticks, for an array of two
    axes); without, it must fit.

    Raises ValueError for what is no such thing, for NaN and infinity, for empty sequences and for unequal numbers of channels.
    """
    name = type(estimator).__name__
    listed = _listed(X)
    if not listed:
        rows: Any = validate_data(estimator, X, dtype=np.float64, reset=reset)
        found, channels = list(rows[:, :, None]), 1
    else:
        found = [_sequence(item, f"{name}: sequence {k}") for k, item in enumerate(X)]
        channels = _channels(found, name)
    if reset:
        estimator.n_channels_ = channels
        if listed:
            estimator.n_features_in_ = channels
    elif channels != estimator.n_channels_:
        raise ValueError(
            f"{name}: X has sequences of {channels} channels, but was fitted with {estimator.n_channels_}. Give as many."
        )
    return found


def runs(sequences: Sequence[np.ndarray], n_neurons: int) -> Iterator[tuple[slice, np.ndarray, np.ndarray]]:
    """Which sequences go into one run, the array (trial, tick, channel) that drives it, zero after the end of each, and their lengths."""
    lengths = np.array([len(sequence) for sequence in sequences])
    step = max(1, RUN_NUMBERS // (int(lengths.max()) * n_neurons))
    for first in range(0, len(sequences), step):
        chosen = slice(first, min(first + step, len(sequences)))
        drive = np.zeros((chosen.stop - first, int(lengths[chosen].max()), sequences[0].shape[1]))
        for row, sequence in zip(drive, sequences[chosen], strict=True):
            row[: len(sequence)] = sequence
        yield chosen, drive, lengths[chosen]


def _listed(X: Any) -> bool:
    """Whether X holds sequences that differ in length, or have an axis of channels."""
    try:
        whole = np.asarray(X)
    except ValueError:  # of different lengths
        return True
    return whole.ndim == 3 or (
        whole.ndim == 1 and whole.dtype == object and whole.size > 0 and np.ndim(whole[0]) > 0
    )


def _sequence(item: Any, where: str) -> np.ndarray:
    try:
        found = np.asarray(item, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{where}: is not an array of numbers (tick, channel). Give numbers.") from error
    if found.ndim not in (1, 2):
        raise ValueError(f"{where}: has shape {found.shape}, which is not (tick, channel). Give two axes.")
    found = found[:, None] if found.ndim == 1 else found
    if not found.size:
        raise ValueError(
            f"{where}: has shape {found.shape}, which holds no numbers. Leave empty sequences out."
        )
    if not np.isfinite(found).all():
        raise ValueError(f"{where} contains NaN or infinity. Give finite numbers.")
    return found


def _channels(found: list[np.ndarray], name: str) -> int:
    widths = sorted({sequence.shape[1] for sequence in found})
    if len(widths) > 1:
        raise ValueError(
            f"{name}: X has sequences of {' and '.join(map(str, widths))} channels. Give as many channels in each."
        )
    return widths[0]


def is_ragged(X: Any) -> bool:
    """Whether X is a list of sequences that differ in length, no array."""
    try:
        whole = np.asarray(X)
    except ValueError:  # of different lengths
        return True
    return whole.ndim == 1 and whole.dtype == object and whole.size > 0 and np.ndim(whole[0]) > 0


def laid_side_by_side(X: Any, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Sequences (tick, channel) as one array (sequence, tick, channel), 0 after the end of each, and their lengths.

    Raises ValueError as `read_sequences` does.
    """
    found = [_sequence(item, f"{name}: sequence {k}") for k, item in enumerate(X)]
    lengths = np.array([len(sequence) for sequence in found])
    laid = np.zeros((len(found), int(lengths.max()), _channels(found, name)))
    for row, sequence in zip(laid, found, strict=True):
        row[: len(sequence)] = sequence
    return laid, lengths
