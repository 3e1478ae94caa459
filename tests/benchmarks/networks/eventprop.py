"""EventProp beside surrogate gradients: the yin-yang task, the memory of long trials, and delays that learn.

Both ways train the same network, of `examples/yin_yang.py` and `examples/learned_delays.py`, in single
precision. Times are those of the processor, of all threads.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
from bench import MEMORY, Benchmark, Column, Run
from child import peak_memory

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"


def example(name: str) -> Any:
    """The module of an example."""
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def yin_yang(
    gradient: str, epochs: int, n: int, seed: int, engine: str, points: int = 5000, dt: float = 0.1
) -> dict[str, Any]:
    """Learn `points` points in some epochs; the fraction of 5000 unseen ones that is right."""
    import neurosim as ns
    from neurosim.tasks import yin_yang as symbol

    shown = example("yin_yang")
    ticks = round(shown.LENGTH / dt)
    known, labels = symbol(points, seed=1)
    unseen, truth = symbol(points, seed=2)
    seconds: list[float] = []
    trained, _ = ns.train(
        shown.network(n, dt), {"inputs": shown.spikes(known)},
        {"out": np.repeat(labels[:, None], ticks, axis=1)},
        loss=ns.learn.Loss("highest", shown.highest, labels=True), gradient=gradient,
        revive=1e-4 if gradient == "eventprop" else 0.0, rate=5e-3, schedule="cosine", epochs=epochs,
        seed=seed, ticks=ticks, progress=False,
        after_epoch=lambda net, history: seconds.append(process_time()),
    )  # fmt: skip
    recording = ns.run(trained, {"inputs": shown.spikes(unseen)}, ticks=ticks, record=["out"], engine=engine)
    right = np.mean(recording["out"].max(axis=1).argmax(axis=1) == truth)
    return {"seconds": float(np.median(np.diff(seconds))), "right": 100.0 * float(right)}


def memory(
    gradient: str, n: int, seed: int, engine: str, ticks: int = 1000, batch: int = 64
) -> dict[str, Any]:
    """By how much the most memory of the process grows from trials of 20 ticks to those of `ticks`."""
    import neurosim as ns

    shown = example("yin_yang")
    points, labels = np.random.default_rng(seed).random((batch, 2)), np.arange(batch) % 3
    net, peaks = shown.network(n, shown.LENGTH / 1000), []
    for length in (20, ticks):
        trial, time, neuron = shown.spikes(points * length / 1000)  # so that all spikes are within the trial
        tick = np.floor(np.asarray(time) * 1e3 / shown.LENGTH * length).astype(int) % length
        _, unique = np.unique((trial * length + tick) * 5 + neuron, return_index=True)
        inputs = {"inputs": (trial[unique], tick[unique], neuron[unique])}
        ns.train(
            net, inputs, {"out": labels}, loss="cross_entropy", gradient=gradient, epochs=2, batch=batch,
            seed=seed, ticks=length, progress=False,
        )  # fmt: skip
        peaks.append(1e3 * peak_memory())
    return {"growth": peaks[1] - peaks[0]}


def delays(way: str, epochs: int, seed: int, engine: str, trials: int = 200) -> dict[str, Any]:
    """How far first spikes of 500 unseen trials are from their goals."""
    shown, begin = example("learned_delays"), process_time()
    net = shown.learned(*shown.WAYS[way], trials, epochs, seed)
    error = np.sqrt(np.mean((shown.first_spikes(net, *shown.volleys(500, 2)) - shown.GOALS) ** 2))
    return {"seconds": process_time() - begin, "error": float(error)}


TASK = (
    "A point is four spikes between 10 and 40 ms and one at 20 ms, dt is 0.1 ms; 5000 points to learn from. "
)
BENCHMARKS = (
    Benchmark(
        "eventprop_yin_yang",
        "The yin-yang task, EventProp and surrogate gradients",
        "98 % (Wunderlich & Pehle 2021: 98.1)",
        TASK + "Both learn for 60 epochs.",
        (Column("seconds", "s of the processor an epoch", 1), Column("right", "% right of 5000", 1), MEMORY),
        (
            Run("neurosim, EventProp", yin_yang, dict(gradient="eventprop", epochs=60, n=200)),
            Run("neurosim, surrogate", yin_yang, dict(gradient="backpropagation", epochs=60, n=200)),
        ),
        smoke=dict(n=10, epochs=2, points=64, dt=1.0),
    ),
    Benchmark(
        "eventprop_memory",
        "Memory of training at 1000 ticks, EventProp and surrogate gradients",
        "a tenth",
        "Batches of 64 trials; by how much the peak memory grows from trials of 20 ticks to those of 1000."
        " Above 1 GB back-propagation computes all ticks twice, and keeps fewer.",
        (Column("growth", "MB", 0), MEMORY),
        (
            Run("neurosim, EventProp", memory, dict(gradient="eventprop", n=200)),
            Run("neurosim, surrogate", memory, dict(gradient="backpropagation", n=200)),
        ),
        smoke=dict(n=5, ticks=30, batch=4),
    ),
    Benchmark(
        "eventprop_delays",
        "Spikes at given times by neurons with a short memory: weights alone, and delays that learn",
        "learned delays beat learned weights alone",
        "Four neurons shall spike 15 to 45 ms after the start; neurons forget within 5 ms. 60 epochs.",
        (Column("seconds", "s of the processor", 1), Column("error", "error (ms, root mean square)", 2)),
        (
            Run("neurosim, weights and delays", delays, dict(way="weights and delays", epochs=60)),
            Run(
                "neurosim, weights alone, no delays", delays, dict(way="weights alone, no delays", epochs=60)
            ),
            Run(
                "neurosim, weights alone, random delays",
                delays,
                dict(way="weights alone, random delays", epochs=60),
            ),
        ),
        smoke=dict(epochs=1, trials=20),
    ),
)
