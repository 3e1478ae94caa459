"""Echo state network: v = tanh(W v + W_in u), one input, every state kept. All get the same weights, so all
states must agree."""

from __future__ import annotations

from ctypes import CDLL
from typing import Any

import numpy as np
from bench import MEMORY, Benchmark, Column, Run
from clocks import slope

INPUT = np.random.default_rng(1).uniform(-1.0, 1.0, 1_000_000)
M_MMAP_MAX, M_TRIM_THRESHOLD = -4, -1  # of mallopt


def weights(n: int, density: float) -> tuple[np.ndarray, np.ndarray]:
    """W (post, pre), scaled to a spectral radius of about 0.9, and W_in (post, 1)."""
    random = np.random.default_rng(0)
    W = np.where(random.random((n, n)) < density, random.normal(0.0, 1.0, (n, n)), 0.0)
    return W * 0.9 / np.sqrt(n * density), random.uniform(-0.5, 0.5, (n, 1))


def given(steps: int, sequences: int) -> np.ndarray:
    """The inputs, (tick, 1) or (sequence, tick, 1)."""
    cut = INPUT[: steps * sequences].reshape(sequences, steps, 1)
    return cut if sequences > 1 else cut[0]


def keep_memory() -> None:
    """Let the process keep the memory that it frees: on a virtual machine, touching new memory can cost ten
    times what the steps do."""
    system = CDLL(None)
    if hasattr(system, "mallopt"):
        system.mallopt(M_MMAP_MAX, 0)
        system.mallopt(M_TRIM_THRESHOLD, 2**31 - 1)


def measured(run: Any, short: int, steps: int, sequences: int) -> dict[str, Any]:
    """Microseconds per step and sequence after a run that fetches the memory, and a state that all simulators
    must come to."""
    keep_memory()
    run(short + steps)
    per_step, states = slope(run, short, short + steps)
    last = np.asarray(states)[..., -1, :].reshape(sequences, -1)
    return {"step": per_step / sequences * 1e6, "check": float(np.abs(last).mean())}


def neurosim(
    n: int,
    density: float,
    short: int,
    steps: int,
    sequences: int,
    seed: int,
    engine: str,
    last_only: bool = False,
) -> dict[str, Any]:
    import neurosim as ns

    W, W_in = weights(n, density)
    drive, pool = ns.Neurons("drive", 1), ns.cells.leaky_tanh("pool", n, leak=1.0, bias=0.0)
    post, pre = np.nonzero(W)
    whole = dict(weight=W) if density == 1 else dict(wiring=ns.pairs(pre, post), weight=W[post, pre])
    net = ns.Network(
        ns.Synapses(drive, pool, weight=W_in),
        ns.Synapses(pool, pool, delay=1, **whole),
        schedule=ns.Layered(),
    )

    def run(ticks: int) -> Any:
        kept = {"pool": ticks} if last_only else {"pool": 1}
        recording = ns.run(
            net, {"drive": given(ticks, sequences)}, record=kept, engine=engine, seed=seed, progress=False
        )
        return recording.final["state/pool/v"][:, None] if last_only else recording["pool"]

    return measured(run, short, steps, sequences)


def plain_numpy(n: int, density: float, short: int, steps: int, sequences: int, seed: int) -> dict[str, Any]:
    """A plain loop; W in scipy's rows (csr) where it is sparse; all sequences side by side."""
    from scipy.sparse import csr_array

    W, W_in = weights(n, density)
    W = W if density == 1 else csr_array(W)

    def run(ticks: int) -> np.ndarray:
        u = given(ticks, sequences).reshape(sequences, ticks).T if sequences > 1 else given(ticks, 1)
        v, states = (
            np.zeros((n, sequences) if sequences > 1 else n),
            np.empty((ticks, n, sequences) if sequences > 1 else (ticks, n)),
        )
        for k in range(ticks):
            v = np.tanh(W @ v + (W_in * u[k] if sequences > 1 else W_in @ u[k]))
            states[k] = v
        return states.transpose(2, 0, 1) if sequences > 1 else states

    return measured(run, short, steps, sequences)


def reservoirpy(
    n: int, density: float, short: int, steps: int, sequences: int, seed: int, workers: int = 1
) -> dict[str, Any]:
    from reservoirpy.nodes import Reservoir
    from scipy.sparse import csr_array

    W, W_in = weights(n, density)
    W = W if density == 1 else csr_array(W)

    def run(ticks: int) -> Any:
        return Reservoir(W=W, Win=W_in, bias=np.zeros(n), lr=1.0).run(
            given(ticks, sequences), workers=workers
        )

    return measured(run, short, steps, sequences)


def _single(n: int, density: float, steps: int, bar: str) -> Benchmark:
    size = dict(n=n, density=density, short=steps // 20, steps=steps, sequences=1)
    kind = "dense" if density == 1 else f"{density:.0%} of synapses"
    return Benchmark(
        f"echo_state_{n}" + ("_dense" if density == 1 else ""),
        f"Echo state network, {n} neurons, {kind}, one sequence",
        bar,
        "Microseconds per step in double: the difference of a long and a short run, all states kept in "
        "memory that the process has.",
        (STEP, CHECK, MEMORY),
        (
            Run("neurosim, double", neurosim, size),
            Run("numpy and scipy", plain_numpy, size, "numpy"),
            Run("ReservoirPy", reservoirpy, size, "reservoirpy"),
        ),
        smoke=dict(n=50, short=20, steps=100),
        agree="check",
    )


STEP, CHECK = Column("step", "us per step"), Column("check", "mean |v| at the end", 6)
MANY = dict(n=1000, density=0.01, short=100, steps=1000, sequences=100)
BENCHMARKS = (
    _single(100, 0.1, 200_000, "at most 1.0"),
    _single(1000, 0.01, 30_000, "at most 10"),
    _single(1000, 1.0, 5_000, "numpy's own speed"),
    Benchmark(
        "echo_state_100_sequences",
        "Echo state network, 1000 neurons, 1% of synapses, 100 sequences of 1000 steps",
        "at most 2.5",
        "Microseconds per sequence and step in double: the difference of runs of 1100 and 100 steps of all "
        "sequences, all states kept in memory"
        " that the process has (800 MB) unless said otherwise.",
        (STEP, CHECK, MEMORY),
        (
            Run("neurosim, double", neurosim, MANY),
            Run("neurosim, double, only the last state kept", neurosim, MANY | dict(last_only=True)),
            Run("numpy and scipy, sequences side by side", plain_numpy, MANY, "numpy"),
            Run("ReservoirPy", reservoirpy, MANY, "reservoirpy"),
            Run("ReservoirPy, 2 workers", reservoirpy, MANY | dict(workers=2), "reservoirpy"),
        ),
        smoke=dict(n=50, short=20, steps=100, sequences=5),
        agree="check",
    ),
)
