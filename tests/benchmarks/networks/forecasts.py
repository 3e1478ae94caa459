"""Forecasts by echo state networks with the numbers of the literature: Mackey-Glass, Lorenz and NARMA series.

A seed is a series and a network. neurosim and ReservoirPy get the same series and the same random weights, so
that only how the readout is solved and how the states are computed differ. Settings, ReservoirPy's ridge
included, were chosen on series and networks of other seeds.
"""

from __future__ import annotations

from time import perf_counter
from typing import Any

import numpy as np
from bench import MEMORY, Benchmark, Column, Run

MACKEY_GLASS = dict(
    radius=0.95, leak=0.7, bias_scale=0.2, feedback_scale=1.0, washout=1000, alpha=1e-16, fit_intercept=False
)
LORENZ = dict(radius=0.3, leak=0.6, bias_scale=1.0, feedback_scale=0.1, washout=300, alpha=1e-14)
NARMA = dict(wiring="orthogonal", radius=0.95, bias_scale=0.4, input_scale=0.1, washout=200, alpha=1e-9)


def regressor(settings: dict[str, Any], n: int, seed: int, **more: Any) -> Any:
    """One whose neurons hear ten others each, if they do not hear all."""
    from neurosim.learn import EchoStateRegressor

    return EchoStateRegressor(n, density=10 / n, **settings | more, random_state=seed)


def by_neurosim(
    settings: dict[str, Any], n: int, seed: int, X: Any, y: np.ndarray, ask: Any, engine: str
) -> tuple[float, np.ndarray]:
    """Seconds to draw, teach and ask a network, code compiled before; and its answer."""
    ask(regressor(settings, 20, seed, washout=0, engine=engine).fit(None if X is None else X[:50], y[:50]))
    started = perf_counter()
    answer = ask(regressor(settings, n, seed, engine=engine).fit(X, y))
    return perf_counter() - started, answer


def reservoirpy_nodes(
    settings: dict[str, Any], n: int, seed: int, X: Any, y: np.ndarray, into: str, ridge: float
) -> tuple[Any, Any]:
    """ReservoirPy's reservoir with the weights of neurosim's network, and its ridge regression."""
    from reservoirpy.nodes import Reservoir, Ridge
    from scipy.sparse import csr_array

    from neurosim.plan.materialize import weight_matrix

    net = regressor(settings, n, seed, washout=0).fit(None if X is None else X[:50], y[:50]).network_
    W, W_in = (weight_matrix(net, name).number for name in ("pool_to_pool", into))
    bias = np.asarray(net["pool"].constants["bias"].number)
    W = W if np.all(W) else csr_array(W)
    reservoir = Reservoir(W=W, Win=W_in, bias=bias, lr=settings.get("leak", 1.0))
    return reservoir, Ridge(ridge, fit_bias=settings.get("fit_intercept", True))


def run_on(
    settings: dict[str, Any],
    n: int,
    seed: int,
    taught: np.ndarray,
    past: np.ndarray,
    steps: int,
    ridge: float,
) -> tuple[float, np.ndarray]:
    """ReservoirPy: seconds to teach a network what comes next, and to let it run on from each past; the
    forecasts (start, step, output)."""
    reservoir, readout = reservoirpy_nodes(settings, n, seed, None, taught, "out_to_pool", ridge)
    forecasts = np.zeros((len(past), steps, taught.shape[1]))
    started = perf_counter()
    readout.fit(reservoir.run(taught[:-1])[settings["washout"] :], taught[settings["washout"] + 1 :])
    for forecast, heard in zip(forecasts, past, strict=True):
        reservoir.reset()
        state = reservoir.run(heard)[-1]
        for k in range(steps):
            forecast[k] = state @ readout.Wout + readout.bias
            state = reservoir.step(forecast[k])
    return perf_counter() - started, forecasts


def forecasts(
    settings: dict[str, Any],
    n: int,
    seed: int,
    taught: np.ndarray,
    past: np.ndarray,
    steps: int,
    ridge: Any,
    engine: str,
) -> Any:
    """By ReservoirPy if a ridge is given for it."""
    if ridge is not None:
        return run_on(settings, n, seed, taught, past, steps, ridge)
    return by_neurosim(settings, n, seed, None, taught, lambda network: network.forecast(steps, past), engine)


def mackey_glass(
    n: int, starts: int, seed: int, ridge: float | None = None, engine: str = "auto"
) -> dict[str, Any]:
    """3000 samples taught, the first 1000 dropped; from each start 1000 samples heard and 84 forecast, of
    which the last counts."""
    from neurosim import tasks

    series = tasks.mackey_glass(3000 + starts * 1084, seed=seed)
    squashed = np.tanh(series - 1)[:, None]
    trials = squashed[3000:].reshape(starts, 1084, 1)
    seconds, found = forecasts(MACKEY_GLASS, n, seed, squashed[:3000], trials[:, :1000], 84, ridge, engine)
    error = np.arctanh(np.clip(found[:, 83, 0], -0.999, 0.999)) - np.arctanh(trials[:, 1083, 0])
    return {"seconds": seconds, "error": float(np.log10(np.sqrt(np.mean(error**2)) / np.std(series)))}


def lorenz(
    n: int, starts: int, seed: int, ridge: float | None = None, engine: str = "auto"
) -> dict[str, Any]:
    """5000 samples taught; from each start 500 heard, and as many forecast as 25 Lyapunov times."""
    from neurosim import tasks

    steps, heard = round(25 / (0.9056 * 0.02)), 500
    points = tasks.lorenz(5000 + starts * (heard + steps), seed=seed)
    mean, deviation = points[:5000].mean(axis=0), points[:5000].std(axis=0)
    scaled = (points - mean) / deviation
    trials = scaled[5000:].reshape(starts, heard + steps, 3)
    seconds, found = forecasts(LORENZ, n, seed, scaled[:5000], trials[:, :heard], steps, ridge, engine)
    truth = trials[:, heard:] * deviation + mean
    error = np.linalg.norm(found * deviation + mean - truth, axis=2) / np.sqrt(
        np.mean(np.sum(truth**2, axis=2))
    )
    lost = np.c_[~(error <= 0.4), np.ones(starts, bool)].argmax(
        axis=1
    )  # also where the forecast has become infinite
    return {"seconds": seconds, "valid": float(np.median(lost) * 0.02 * 0.9056)}


def narma(n: int, steps: int, seed: int, ridge: float | None = None, engine: str = "auto") -> dict[str, Any]:
    """Two thirds are taught; the error is that of the last third."""
    from neurosim import tasks

    u, y = tasks.narma(steps, seed=seed)
    drive, taught = u[:, None], 2 * steps // 3
    if ridge is None:
        seconds, found = by_neurosim(
            NARMA, n, seed, drive[:taught], y[:taught], lambda network: network.predict(drive), engine
        )
    else:
        reservoir, readout = reservoirpy_nodes(NARMA, n, seed, drive, y, "drive_to_pool", ridge)
        started = perf_counter()
        states = reservoir.run(drive)
        readout.fit(states[NARMA["washout"] : taught], y[NARMA["washout"] : taught, None])
        found = readout.run(states)[:, 0]
        seconds = perf_counter() - started
    error = found[taught:] - y[taught:]
    return {"seconds": seconds, "error": float(np.sqrt(np.mean(error**2) / np.var(y[taught:])))}


SECONDS = Column("seconds", "seconds")
HOW = (
    "Seconds to draw the network, teach it and hear its answers; ReservoirPy's without drawing, as it gets"
    " the same weights."
)


def _runs(function: Any, sizes: dict[str, int], ridge: float) -> tuple[Run, ...]:
    return (
        Run("neurosim, readout by SVD", function, sizes),
        Run(f"ReservoirPy, ridge {ridge:g}", function, sizes | dict(ridge=ridge), "reservoirpy"),
    )


BENCHMARKS = (
    Benchmark(
        "mackey_glass",
        "Mackey-Glass series, 84 steps ahead, echo state network of 1000 neurons",
        "log10 NRMSE of -4.7 or below",
        f"100 starts. {HOW}",
        (SECONDS, Column("error", "log10 NRMSE84", 2), MEMORY),
        _runs(mackey_glass, dict(n=1000, starts=100), 1e-11),
        smoke=dict(n=50, starts=3),
    ),
    Benchmark(
        "lorenz",
        "Lorenz system, echo state network of 300 neurons",
        "valid for 12 Lyapunov times or more",
        "The median of 50 starts of the time at which the error first exceeds 0.4 of the root mean square. "
        f"{HOW}",
        (SECONDS, Column("valid", "valid (Lyapunov times)", 1), MEMORY),
        _runs(lorenz, dict(n=300, starts=50), 1e-11),
        smoke=dict(n=50, starts=2),
    ),
    Benchmark(
        "narma",
        "NARMA-10, echo state network of 500 neurons",
        "NRMSE of 0.106 or below",
        f"4000 steps taught, 2000 scored. {HOW}",
        (SECONDS, Column("error", "NRMSE"), MEMORY),
        _runs(narma, dict(n=500, steps=6000), 1e-9),
        smoke=dict(n=50, steps=600),
    ),
)
