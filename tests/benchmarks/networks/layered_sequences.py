"""Recurrent and spiking networks that learn by gradients: digits read row by row or as currents, and the
adding problem.

Scikit-learn's digits, pixels from 0 to 1, one fixed split of 80 to 20 per cent, stratified; the seed draws
the first weights and the order of the batches. What is learned from are ten copies of the 1437 images, each
with other noise on its pixels. Settings were chosen by cross-validation on the 1437 alone.

The adding problem (Hochreiter & Schmidhuber 1997): of 200 random numbers from 0 to 1 two are marked, one in
each half, and their sum is wanted at the end. To answer 1 always is wrong by 0.167 (mean square).
"""

from __future__ import annotations

from time import perf_counter
from typing import Any

import numpy as np
from bench import MEMORY, Benchmark, Column, Run


def split(count: int | None) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Images (image, row, column) and labels to learn from, or the first `count`, and those of the test."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    digits = load_digits()
    learn, test, labels, wanted = train_test_split(
        digits.images / 16, digits.target, test_size=0.2, stratify=digits.target, random_state=0
    )
    return learn[:count], test, labels[:count], wanted


def shaken(
    images: np.ndarray, labels: np.ndarray, seed: int, noise: float, copies: int = 10
) -> tuple[np.ndarray, np.ndarray]:
    """Copies of the images, each with other noise on its pixels, and their labels."""
    random = np.random.default_rng(seed)
    return np.concatenate([images + random.normal(0, noise, images.shape) for _ in range(copies)]), np.tile(
        labels, copies
    )


def learned(net: Any, inputs: Any, labels: np.ndarray, seed: int, epochs: int) -> tuple[Any, float]:
    """The trained network, and how long training took."""
    import neurosim as ns

    begin = perf_counter()
    trained, _ = ns.train(
        net,
        inputs,
        {"out": labels},
        loss="cross_entropy",
        epochs=epochs,
        batch=32,
        rate=3e-3,
        schedule="cosine",
        clip=1.0,
        seed=seed,
        progress=False,
    )
    return trained, perf_counter() - begin


def by_rows(
    n: int, seed: int, engine: str, both: bool = False, count: int | None = None, epochs: int = 4
) -> dict[str, Any]:
    import neurosim as ns
    from neurosim.models.bidirectional import bidirectional, both_ways
    from neurosim.models.lstm import lstm

    images, test, labels, wanted = split(count)
    images, labels = shaken(images, labels, seed, 0.15 if both else 0.2)
    net = bidirectional(8, n, 10, cell="gru") if both else lstm(8, n, 10)
    inputs, unseen = (both_ways(part) if both else {"inputs": part} for part in (images, test))
    trained, seconds = learned(net, inputs, labels, seed, epochs)
    out = ns.run(trained, unseen, record=["out"], engine=engine, progress=False)["out"]
    return {"seconds": seconds, "right": 100 * float(np.mean(out[:, -1].argmax(axis=1) == wanted))}


def spiking(
    n: int, seed: int, engine: str, count: int | None = None, epochs: int = 3, ticks: int = 30
) -> dict[str, Any]:
    import neurosim as ns
    from neurosim.models.spiking_classifier import spiking_classifier

    images, test, labels, wanted = split(count)
    images, labels = shaken(images, labels, seed, 0.1)
    currents, unseen = (np.repeat(part.reshape(-1, 1, 64), ticks, axis=1) for part in (images, test))
    trained, seconds = learned(spiking_classifier(64, n, 10), {"inputs": currents}, labels, seed, epochs)
    recording = ns.run(trained, {"inputs": unseen}, record=["hidden", "out"], engine=engine, progress=False)
    spikes = len(recording.spikes("hidden")) / (len(test) * n)
    return {
        "seconds": seconds,
        "right": 100 * float(np.mean(recording["out"][:, -1].argmax(axis=1) == wanted)),
        "spikes": spikes,
    }


def adding(
    n: int, seed: int, engine: str, cell: str = "lstm", count: int = 10000, epochs: int = 4, ticks: int = 200
) -> dict[str, Any]:
    import neurosim as ns
    from neurosim.models.lstm import lstm
    from neurosim.models.simple_recurrent import simple_recurrent

    net = (
        lstm(2, n, 1, memory=ticks)
        if cell == "lstm"
        else simple_recurrent(2, n, 1, function="tanh", output="linear")
    )
    inputs, sums = marked(np.random.default_rng(seed), count, ticks)
    unseen, wanted = marked(np.random.default_rng(seed + 1000), 1000, ticks)
    begin = perf_counter()
    trained, _ = ns.train(
        net,
        {"inputs": inputs},
        {"out": sums},
        loss="squared_error",
        epochs=epochs,
        batch=32,
        rate=1e-2 if cell == "lstm" else 1e-3,
        clip=1.0,
        seed=seed,
        progress=False,
    )
    seconds = perf_counter() - begin
    out = ns.run(trained, {"inputs": unseen}, record=["out"], engine=engine, progress=False)["out"]
    return {"seconds": seconds, "error": float(np.mean((out[:, -1] - wanted) ** 2))}


def marked(random: np.random.Generator, count: int, ticks: int) -> tuple[np.ndarray, np.ndarray]:
    """Sequences (sequence, tick, number and mark), and the sums of each one's two marked numbers, (sequence,
    1)."""
    numbers, marks, rows = random.random((count, ticks)), np.zeros((count, ticks)), np.arange(count)
    marks[rows, random.integers(0, ticks // 2, count)] = 1
    marks[rows, random.integers(ticks // 2, ticks, count)] = 1
    return np.stack([numbers, marks], axis=2), np.sum(numbers * marks, axis=1)[:, None]


SECONDS, RIGHT = Column("seconds", "s to learn", 1), Column("right", "% right of 360", 2)
SMALL = dict(n=8, count=64, epochs=1)
BENCHMARKS = (
    Benchmark(
        "lstm_rows",
        "Digits row by row, LSTM",
        "97 %",
        "Eight ticks of eight pixels, the answer at the last one. Each repeat draws other first weights.",
        (SECONDS, RIGHT, MEMORY),
        (Run("neurosim, 128 cells", by_rows, dict(n=128)),),
        smoke=SMALL,
    ),
    Benchmark(
        "gru_rows_both_ways",
        "Digits row by row, bidirectional GRU",
        "97.5 %",
        "One layer reads from the top, one from the bottom.",
        (SECONDS, RIGHT, MEMORY),
        (Run("neurosim, 2 x 64 units", by_rows, dict(n=64, both=True)),),
        smoke=SMALL,
    ),
    Benchmark(
        "spiking_digits",
        "Digits by a spiking net with surrogate gradients",
        "96 %",
        "Pixels are currents for 30 ms; the answer is the largest potential of the readout at the end.",
        (SECONDS, RIGHT, Column("spikes", "spikes per neuron and image", 2), MEMORY),
        (Run("neurosim, 128 hidden neurons", spiking, dict(n=128)),),
        smoke=SMALL,
    ),
    Benchmark(
        "adding",
        "The adding problem, 200 ticks",
        "LSTM far below 0.167, simple recurrent net not",
        "Mean squared error over 1000 unseen sequences, after four passes over 10,000 others.",
        (SECONDS, Column("error", "mean squared error", 4), MEMORY),
        (
            Run("neurosim, LSTM, 32 cells", adding, dict(n=32)),
            Run("neurosim, simple recurrent, 32 units", adding, dict(n=32, cell="simple")),
        ),
        smoke=dict(n=8, count=64, epochs=1, ticks=20),
    ),
)
