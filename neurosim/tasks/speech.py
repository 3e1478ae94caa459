"""Utterances of Japanese vowels."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np


class Speech(NamedTuple):
    """Utterances and their speakers, for training and for testing.

    train, test: lists of arrays (tick, channel).
    train_speakers, test_speakers: the speaker of each, shape (utterance,).
    """

    train: list[np.ndarray]
    train_speakers: np.ndarray
    test: list[np.ndarray]
    test_speakers: np.ndarray


def japanese_vowels() -> Speech:
    """Nine men say the vowels /ae/: 270 utterances to learn from and 370 to test; speakers are 1 to 9.

    An utterance is 7 to 29 ticks of 12 cepstral coefficients of linear prediction. Each tick is a frame of
    25.6 ms, 6.4 ms after the last. The training set has 30 utterances of each speaker, the test set 24 to 88.

    Raises ModuleNotFoundError if neither sktime nor aeon is installed, whose packages contain the data.

    Source: Kudo, Toyama & Shimbo 1999, Pattern Recognition Letters 20, 1103,
    doi:10.1016/S0167-8655(99)00077-X; UCI Machine Learning Repository, doi:10.24432/C5NS47.
    """
    folder = _folder_in_package("JapaneseVowels")
    train, train_speakers = _read_ts(folder / "JapaneseVowels_TRAIN.ts")
    test, test_speakers = _read_ts(folder / "JapaneseVowels_TEST.ts")
    return Speech(train, train_speakers.astype(int), test, test_speakers.astype(int))


def _folder_in_package(name: str) -> Path:
    """The folder of a data set within the package sktime or aeon, which is found without being imported."""
    for package in ("sktime", "aeon"):
        spec = find_spec(package)
        for location in (spec.submodule_search_locations or []) if spec else []:
            if (folder := Path(location, "datasets", "data", name)).is_dir():
                return folder
    raise ModuleNotFoundError(
        f"{name}: the data come with the package sktime (or aeon), and neither is installed. "
        "pip install sktime"
    )


def _read_ts(path: Path) -> tuple[list[np.ndarray], np.ndarray]:
    """Sequences (tick, channel) and their labels, from a file in the text format of sktime.

    Channels and label are separated by ':', ticks by ','.
    """
    _, _, lines = path.read_text().partition("@data")
    rows = [line.split(":") for line in lines.split("\n") if line.strip()]
    sequences = [np.array([channel.split(",") for channel in row[:-1]], dtype=float).T for row in rows]
    return sequences, np.array([row[-1].strip() for row in rows])
