"""Japanese Vowels: which of nine men speaks, from 270 utterances to learn from and 370 to be told; real
speech, in a reservoir.

The settings were chosen on the 270 alone: about a hundred were drawn at random, and the best of those
compared by five-fold cross-validation over eight networks each (2.1 errors of 270; the next best 2.6).
ReservoirPy's are those of its tutorial, and for comparison ours.
"""

from __future__ import annotations

from time import perf_counter
from typing import Any

import numpy as np
from bench import MEMORY, Benchmark, Column, Run

CHOSEN = dict(features="mean", bins=2, radius=0.6, leak=0.7, input_scale=0.1, bias_scale=0.3, alpha=0.25)


def neurosim(n: int, seed: int, engine: str, count: int | None = None) -> dict[str, Any]:
    from neurosim.learn import SequenceClassifier

    X, y, X_test, y_test = speech(count)
    begin = perf_counter()
    model = SequenceClassifier(n, density=min(1.0, 10 / n), random_state=seed, engine=engine, **CHOSEN).fit(
        X, y
    )
    wrong = int(np.sum(model.predict(X_test) != y_test))
    return {"seconds": perf_counter() - begin, "errors": wrong}


def reservoirpy(n: int, seed: int, count: int | None = None, tutorial: bool = True) -> dict[str, Any]:
    """Its reservoir and its ridge: the last state with the settings of its tutorial, or all as ours."""
    from reservoirpy.nodes import Reservoir, Ridge

    X, y, X_test, y_test = speech(count)
    if not tutorial:
        ticks = np.concatenate(X)
        X, X_test = ([(x - ticks.mean(axis=0)) / ticks.std(axis=0) for x in part] for part in (X, X_test))
    begin = perf_counter()
    if tutorial:
        reservoir, readout = Reservoir(n, sr=0.9, lr=0.1, seed=seed), Ridge(ridge=1e-6)
    else:
        reservoir = Reservoir(
            n, sr=0.6, lr=0.7, input_scaling=0.1, rc_connectivity=min(1.0, 10 / n), seed=seed
        )
        readout = Ridge(ridge=0.25)

    def features(utterances: list[np.ndarray]) -> np.ndarray:
        rows = []
        if reservoir.initialized:
            reservoir.reset()
        for states in reservoir.run(utterances):
            halves = np.array_split(states, 2)
            rows.append(states[-1] if tutorial else np.concatenate([half.mean(axis=0) for half in halves]))
        return np.array(rows)

    classes = np.unique(y)
    readout.fit(features(X), (y[:, None] == classes).astype(float))
    wrong = int(np.sum(classes[np.argmax(readout.run(features(X_test)), axis=1)] != y_test))
    return {"seconds": perf_counter() - begin, "errors": wrong}


def speech(count: int | None) -> tuple[list[np.ndarray], np.ndarray, list[np.ndarray], np.ndarray]:
    """The utterances and their speakers, or about `count` of each set, evenly drawn."""
    from neurosim.tasks import japanese_vowels

    data = japanese_vowels()
    step = 1 if count is None else max(1, len(data.train) // count)
    return data.train[::step], data.train_speakers[::step], data.test[::step], data.test_speakers[::step]


COLUMNS = (Column("seconds", "fit and score (s)", 2), Column("errors", "errors of 370", 1), MEMORY)
BENCHMARKS = (
    Benchmark(
        "japanese_vowels",
        "Japanese Vowels, 370 test utterances",
        "at most 6 errors, in under 5 s",
        "Each repeat draws another network. "
        "Settings were chosen by cross-validation on the 270 training utterances alone.",
        COLUMNS,
        (
            Run("neurosim, 400 neurons", neurosim, dict(n=400, count=None)),
            Run(
                "ReservoirPy, 500 neurons, its tutorial's settings",
                reservoirpy,
                dict(n=500, count=None),
                "reservoirpy",
            ),
            Run(
                "ReservoirPy, 400 neurons, neurosim's settings",
                reservoirpy,
                dict(n=400, count=None, tutorial=False),
                "reservoirpy",
            ),
        ),
        smoke=dict(n=50, count=54),
    ),
)
