"""Networks with a memory that they write and read: copying sequences, and recalling the values of keys.

A repeat draws other sequences and other first weights. Nothing that is tested was learned from, except that
short sequences cannot all be different. All networks of a row learn from the same sequences, as often.
"""

from __future__ import annotations

from time import perf_counter
from typing import Any

import numpy as np
from bench import MEMORY, Benchmark, Column, Run


def trained(
    net: Any, data: tuple[np.ndarray, np.ndarray], seed: int, epochs: int, rate: float = 3e-3
) -> tuple[Any, float]:
    """The trained network, and how long training took."""
    import neurosim as ns

    begin = perf_counter()
    found, _ = ns.train(
        net,
        {"inputs": data[0]},
        {"out": data[1]},
        loss="bernoulli",
        rate=rate,
        schedule="cosine",
        clip=1.0,
        epochs=epochs,
        batch=16,
        seed=seed,
        progress=False,
    )
    return found, perf_counter() - begin


def correct(net: Any, data: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Which bits are right, (sequence, tick, bit); NaN where nothing is wanted."""
    import neurosim as ns

    inputs, targets = data
    out = ns.run(net, {"inputs": inputs}, record=["out"], progress=False)["out"]
    return np.where(np.isnan(targets), np.nan, (out > 0.5) == (targets > 0.5))


def copying(
    n: int, seed: int, engine: str, machine: bool = True, count: int = 16_000, epochs: int = 4
) -> dict[str, Any]:
    from neurosim.learn import learned, with_learned
    from neurosim.models.lstm import lstm
    from neurosim.models.neural_turing_machine import neural_turing_machine
    from neurosim.tasks import copying

    def turing(n_slots: int) -> Any:
        return neural_turing_machine(9, 8, n_slots, 10, n_cells=n)

    net = turing(16) if machine else lstm(9, n, 8, output="sigmoid")
    net, seconds = trained(net, copying(count, seed=seed), seed, epochs, rate=2e-3)
    weights = learned(net)
    known = correct(net, copying(1000, seed=seed + 1000))
    if machine:
        net = with_learned(turing(32), weights)
    twice = correct(net, copying(100, shortest=20, longest=20, seed=seed + 1000))
    return {
        "seconds": seconds,
        "weights": sum(numbers.size for numbers in weights.values()),
        "wrong": float(np.mean(np.nansum(1 - known, axis=(1, 2)))),
        "twice": 100 * float(np.nanmean(twice)),
    }


def recalling(
    n: int, seed: int, engine: str, memory: bool = True, count: int = 5000, epochs: int = 10
) -> dict[str, Any]:
    from neurosim.learn import learned, with_learned
    from neurosim.models.dynamic_turing_machine import dynamic_turing_machine
    from neurosim.models.gru import gru
    from neurosim.tasks import recall

    def dynamic(hard: bool = False) -> Any:
        return dynamic_turing_machine(13, 6, 12, 16, n_cells=n, hard=hard)

    def values(net: Any) -> float:
        right = correct(net, recall(1000, seed=seed + 1000))[:, 6:]
        return 100 * float(np.mean(np.all(right == 1, axis=2)))

    net = dynamic() if memory else gru(13, n, 6, output="sigmoid")
    net, seconds = trained(net, recall(count, seed=seed), seed, epochs)
    weights = learned(net)
    found = {"seconds": seconds, "weights": sum(numbers.size for numbers in weights.values())}
    found["right"] = values(net)
    if memory:
        found["hard"] = values(with_learned(dynamic(hard=True), weights))
    return found


SECONDS, WEIGHTS = Column("seconds", "s to learn", 1), Column("weights", "weights", 0)
BENCHMARKS = (
    Benchmark(
        "copying",
        "Copying sequences of 1 to 10 vectors of 8 bits",
        "0.01 wrong bits a sequence; 99 % of the bits of 20 vectors",
        "Four passes over 16,000 sequences. The memory has 16 slots, and for 20 vectors 32.",
        (
            SECONDS,
            Column("wrong", "wrong bits a sequence", 4),
            Column("twice", "% of the bits of 20 vectors", 2),
            WEIGHTS,
            MEMORY,
        ),
        (
            Run("neurosim, neural Turing machine, LSTM controller", copying, dict(n=64)),
            Run("neurosim, LSTM alone", copying, dict(n=76, machine=False)),
        ),
        smoke=dict(n=4, count=32, epochs=1),
    ),
    Benchmark(
        "recalling",
        "Recalling the values of 6 keys",
        "99 %, the controller alone far below",
        "Keys and values have 6 bits; a value counts if all its bits are right. Ten passes over 5000"
        " sequences of 6 pairs. Hard heads take a single slot, with the weights that soft heads learned.",
        (
            SECONDS,
            Column("right", "% of the values", 2),
            Column("hard", "with hard heads (%)", 2),
            WEIGHTS,
            MEMORY,
        ),
        (
            Run("neurosim, dynamic Turing machine, GRU controller", recalling, dict(n=32)),
            Run("neurosim, GRU alone", recalling, dict(n=64, memory=False)),
        ),
        smoke=dict(n=4, count=32, epochs=1),
    ),
)
