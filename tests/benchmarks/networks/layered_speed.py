"""Training and running layered nets, beside the same nets written by hand in JAX: the same sizes, batches,
losses and optimiser.

A step is the difference of trainings of several epochs and of one, by updates; compiling is what the one
epoch takes beyond its steps. Every net is also given the time to draw its weights and to take its data.
"""

from __future__ import annotations

from time import perf_counter
from typing import Any

import numpy as np
from bench import Benchmark, Column, Run

BATCH = 64
LSTM = dict(inputs=32, units=128, classes=10)
IMAGE, CHANNELS = 28, (16, 32)


def data(kind: str, trials: int, ticks: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Inputs (trial, tick, *shape) and labels."""
    random = np.random.default_rng(seed)
    shape = (LSTM["inputs"],) if kind == "lstm" else (IMAGE, IMAGE, 1)
    return random.normal(size=(trials, ticks, *shape)).astype(np.float32), random.integers(
        0, LSTM["classes"], trials
    )


def network(kind: str) -> Any:
    """An LSTM read out at its last tick, or a convolutional net with two blocks."""
    import neurosim as ns
    from neurosim import cells

    out = cells.unit("out", LSTM["classes"], "linear", bias=np.zeros(LSTM["classes"]), learns="bias")
    if kind == "lstm":
        n = LSTM["units"]
        biases = {f"b_{gate}": np.full(n, float(gate == "f")) for gate in "ifog"}
        x, unit = ns.Neurons("x", LSTM["inputs"]), cells.lstm("cells", n, **biases, learns=tuple(biases))
        into = [
            ns.Synapses(x, unit, to=gate, weight=ns.glorot(), learns=True, name=f"x_{gate}")
            for gate in "ifog"
        ]
        own = [
            ns.Synapses(unit, unit, to=gate, weight=ns.glorot(), delay=1, learns=True, name=f"h_{gate}")
            for gate in "ifog"
        ]
        return ns.Network(
            into, own, ns.Synapses(unit, out, weight=ns.glorot(), learns=True), schedule=ns.Layered()
        )
    last, parts, size, channels = ns.Neurons("x", (IMAGE, IMAGE, 1)), [], IMAGE, 1
    for block, wide in enumerate(CHANNELS):
        bias = dict(bias=np.zeros(wide), learns="bias")
        seen = cells.unit(f"features_{block}", (size, size, wide), "relu", **bias)
        small = ns.Neurons(f"pooled_{block}", (size // 2, size // 2, wide), ports="I:max", update="y = I")
        he = ns.normal(0.0, float(np.sqrt(2.0 / (9 * channels))))
        parts += [ns.Synapses(last, seen, wiring=ns.conv((3, 3), padding="same"), weight=he, learns=True)]
        parts += [ns.Synapses(seen, small, wiring=ns.pool((2, 2)))]
        last, size, channels = small, size // 2, wide
    return ns.Network(parts, ns.Synapses(last, out, weight=ns.glorot(), learns=True), schedule=ns.Layered())


def neurosim(kind: str, ticks: int, batches: int, epochs: int, seed: int, engine: str) -> dict[str, Any]:
    """Seconds of a step and of compiling."""
    import neurosim as ns
    from neurosim.learn.training import updates

    x, y = data(kind, BATCH * batches, ticks, seed)
    net = network(kind)

    def train(epochs: int) -> float:
        updates.kept.clear()  # as in a process that trains for the first time
        begin = perf_counter()
        ns.train(net, {"x": x}, {"out": y}, loss="cross_entropy", epochs=epochs, batch=BATCH)
        return perf_counter() - begin

    return steps(train, batches, epochs)


def steps(train: Any, batches: int, epochs: int) -> dict[str, Any]:
    """Seconds of a step and of compiling, from trainings of one epoch and of several."""
    train(1)  # imports, and what else happens once in a process
    one, several = train(1), train(1 + epochs)
    step = (several - one) / (epochs * batches)
    return {"step": 1e3 * step, "compile": one - batches * step}


def by_hand(kind: str, ticks: int, batches: int, epochs: int, seed: int) -> dict[str, Any]:
    """The same in JAX and optax."""
    import jax
    import optax

    x, y = data(kind, BATCH * batches, ticks, seed)
    forward = lstm_forward if kind == "lstm" else conv_forward
    optimiser = optax.adam(1e-3)

    def train(epochs: int) -> float:
        begin = perf_counter()

        def loss(values: Any, x: Any, y: Any) -> Any:
            return optax.softmax_cross_entropy_with_integer_labels(forward(values, x)[:, -1], y).mean()

        @jax.jit
        def update(values: Any, state: Any, x: Any, y: Any, index: Any) -> tuple[Any, Any, Any]:
            value, slopes = jax.value_and_grad(loss)(values, x[index], y[index])
            change, state = optimiser.update(slopes, state, values)
            return optax.apply_updates(values, change), state, value

        values = start(kind)
        state, held = optimiser.init(values), jax.device_put((x, y))
        for epoch in range(epochs):
            order = np.random.default_rng([seed, epoch]).permutation(len(x))
            found = []
            for first in range(0, len(x), BATCH):
                values, state, value = update(values, state, *held, order[first : first + BATCH])
                found.append(value)
            jax.device_get(found)
        return perf_counter() - begin

    return steps(train, batches, epochs)


def start(kind: str) -> dict[str, Any]:
    """Weights and biases of the nets by hand."""
    random = np.random.default_rng(0)

    def normal(*shape: int, sd: float) -> np.ndarray:
        return random.normal(0.0, sd, shape).astype(np.float32)

    classes = LSTM["classes"]
    if kind == "lstm":
        n, inputs = LSTM["units"], LSTM["inputs"]
        own = {
            "x": normal(inputs, 4 * n, sd=0.1),
            "h": normal(n, 4 * n, sd=0.1),
            "b": np.zeros(4 * n, np.float32),
        }
        return own | {"out": normal(n, classes, sd=0.1), "bias": np.zeros(classes, np.float32)}
    small, (first, second) = IMAGE // 4, CHANNELS
    own = {
        "w0": normal(3, 3, 1, first, sd=0.5),
        "b0": np.zeros(first, np.float32),
        "w1": normal(3, 3, first, second, sd=0.1),
    }
    return own | {
        "b1": np.zeros(second, np.float32),
        "out": normal(small * small * second, classes, sd=0.03),
        "bias": np.zeros(classes, np.float32),
    }


def lstm_forward(values: dict[str, Any], x: Any) -> Any:
    """Scores at every tick, (trial, tick, class)."""
    import jax
    import jax.numpy as jnp

    def tick(carry: Any, x: Any) -> tuple[Any, Any]:
        h, c = carry
        i, f, o, g = jnp.split(x @ values["x"] + h @ values["h"] + values["b"], 4, axis=-1)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        h = jax.nn.sigmoid(o) * jnp.tanh(c)
        return (h, c), h

    zero = jnp.zeros((x.shape[0], values["h"].shape[0]), x.dtype)
    _, h = jax.lax.scan(tick, (zero, zero), jnp.swapaxes(x, 0, 1))
    return jnp.swapaxes(h @ values["out"] + values["bias"], 0, 1)


def conv_forward(values: dict[str, Any], x: Any) -> Any:
    """Scores, (trial, 1, class)."""
    import jax

    x = x[:, 0]
    for block in range(len(CHANNELS)):
        x = jax.lax.conv_general_dilated(
            x, values[f"w{block}"], (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
        )
        x = jax.nn.relu(x + values[f"b{block}"])
        x = x.reshape(x.shape[0], x.shape[1] // 2, 2, x.shape[2] // 2, 2, x.shape[3]).max(axis=(2, 4))
    return (x.reshape(x.shape[0], -1) @ values["out"] + values["bias"])[:, None]


def run_neurosim(trials: int, ticks: int, seed: int, engine: str) -> dict[str, Any]:
    """Seconds to run the LSTM over all sequences, from arrays to arrays, compiled before."""
    import neurosim as ns

    x, _ = data("lstm", trials, ticks, seed)
    net = network("lstm")

    def run() -> float:
        begin = perf_counter()
        ns.run(net, {"x": x}, record=["out"], engine="arrays", precision="single")["out"]
        return perf_counter() - begin

    run()
    return {"run": float(np.median([run() for _ in range(5)]))}


def run_by_hand(trials: int, ticks: int, seed: int) -> dict[str, Any]:
    """The same in JAX."""
    import jax

    x, _ = data("lstm", trials, ticks, seed)
    values, forward = start("lstm"), jax.jit(lstm_forward)

    def run() -> float:
        begin = perf_counter()
        np.asarray(forward(values, x))
        return perf_counter() - begin

    run()
    return {"run": float(np.median([run() for _ in range(5)]))}


STEP = (Column("step", "ms per step", 1), Column("compile", "compiled in (s)", 2))
NETS = (
    ("lstm", 100, 10, "Training an LSTM, 128 units, 100 ticks"),
    ("conv", 1, 60, "Training a conv net, 28 x 28, 16 and 32 channels"),
)
BENCHMARKS = tuple(
    Benchmark(
        f"train_{kind}",
        title,
        "a step at most 1.15 of the same net by hand, compiled in at most twice its time",
        f"Batches of {BATCH}, Adam, single precision.",
        STEP,
        (Run("neurosim", neurosim, options), Run("by hand in JAX", by_hand, options, "jax")),
        smoke=dict(batches=1, epochs=1, ticks=min(ticks, 3)),
    )
    for kind, ticks, epochs, title in NETS
    for options in [dict(kind=kind, ticks=ticks, batches=4, epochs=epochs)]
) + (
    Benchmark(
        "run_lstm",
        "Running an LSTM, 128 units, over 1000 sequences of 100 ticks",
        "at most 1.15 of the same net by hand",
        "From arrays to arrays, single precision, compiled before; each the median of five runs.",
        (Column("run", "seconds"),),
        (
            Run("neurosim", run_neurosim, dict(trials=1000, ticks=100)),
            Run("by hand in JAX", run_by_hand, dict(trials=1000, ticks=100), "jax"),
        ),
        smoke=dict(trials=3, ticks=5),
    ),
)
