"""A block of a transformer and a convolutional net: a forward pass through `ns.run`, and a step of training,
beside the same by hand in JAX.

Times are those of the processor, of all threads, because they depend least on what else runs. A forward pass
goes from an array to an array and is compiled before; the result is a median. A step is the difference of
trainings of several epochs and of one, by updates.
"""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from time import process_time
from typing import Any

import numpy as np
from bench import Benchmark, Column, Run

from networks import layered_speed

TOKENS, FEATURES, HEADS, HIDDEN = 32, 64, 4, 256
BATCH, BATCHES = 64, 4


def network() -> tuple[Any, dict[str, np.ndarray]]:
    """A causal block, and all that learns in it."""
    from neurosim.learn import learned
    from neurosim.models.transformer_block import transformer_block

    net = transformer_block(TOKENS, FEATURES, HEADS, HIDDEN)
    return net, {name: np.asarray(value, np.float32) for name, value in learned(net).items()}


def data(trials: int, seed: int) -> np.ndarray:
    """Tokens (trial, tick, token, feature)."""
    return np.random.default_rng(seed).normal(size=(trials, 1, TOKENS, FEATURES)).astype(np.float32)


def forward(w: dict[str, Any], x: Any) -> Any:
    """The block by hand: (trial, token, feature) -> the same."""
    import jax
    import jax.numpy as jnp

    def norm(x: Any, name: str) -> Any:
        centred = x - x.mean(-1, keepdims=True)
        scaled = centred / jnp.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5)
        return w[f"{name}.gain"] * scaled + w[f"{name}.shift"]

    normed, mask = norm(x, "normed_x"), np.triu(np.full((TOKENS, TOKENS), -1e30, np.float32), 1)
    q, k, v = (jnp.einsum("btf,hfp->bhtp", normed, w[f"normed_x_to_{n}"]) for n in ("query", "key", "value"))
    score = jax.nn.softmax(jnp.einsum("bhtp,bhsp->bhts", q, k) / np.sqrt(FEATURES // HEADS) + mask)
    mixed = jnp.einsum("bhts,bhsp->bhtp", score, v)
    x = x + jnp.einsum("bhtp,hpf->btf", mixed, w["mixed_to_attended"]) + w["attended.bias"]
    hidden = jax.nn.relu(norm(x, "rescaled") @ w["rescaled_to_hidden"] + w["hidden.bias"])
    return x + hidden @ w["hidden_to_out"] + w["out.bias"]


def passes(run: Callable[[], Any], times: int) -> dict[str, Any]:
    """Milliseconds of processor time of a forward pass, compiled before."""
    run()
    seconds = []
    for _ in range(times):
        begin = process_time()
        run()
        seconds.append(process_time() - begin)
    return {"pass": 1e3 * median(seconds)}


def run_neurosim(kind: str, trials: int, times: int, seed: int, engine: str) -> dict[str, Any]:
    import neurosim as ns

    if kind == "block":
        net, x = network()[0], data(trials, seed)
    else:
        net, x = layered_speed.network("conv"), layered_speed.data("conv", trials, 1, seed)[0]
    given = dict(record=["out"], engine="arrays", precision="single", progress=False)
    return passes(lambda: ns.run(net, {"x": x}, **given)["out"], times)


def run_by_hand(kind: str, trials: int, times: int, seed: int) -> dict[str, Any]:
    import jax

    if kind == "block":
        values, x, function = network()[1], data(trials, seed)[:, 0], forward
    else:
        values, function = layered_speed.start("conv"), layered_speed.conv_forward
        x = layered_speed.data("conv", trials, 1, seed)[0]
    values, compiled = jax.device_put(values), jax.jit(function)
    return passes(lambda: np.asarray(compiled(values, x)), times)


def steps(train: Callable[[int], Any], epochs: int) -> dict[str, Any]:
    """Milliseconds of processor time of a step of training."""

    def seconds(epochs: int) -> float:
        begin = process_time()
        train(epochs)
        return process_time() - begin

    train(1)  # imports, and what else happens once in a process
    differences = [seconds(1 + epochs) - seconds(1) for _ in range(3)]
    return {"step": 1e3 * median(differences) / (epochs * BATCHES)}


def train_neurosim(epochs: int, seed: int, engine: str) -> dict[str, Any]:
    import neurosim as ns

    net, x, y = network()[0], data(BATCH * BATCHES, seed), data(BATCH * BATCHES, seed + 1)
    return steps(
        lambda count: ns.train(net, {"x": x}, {"out": y}, epochs=count, batch=BATCH, progress=False), epochs
    )


def train_by_hand(epochs: int, seed: int) -> dict[str, Any]:
    import jax
    import optax

    (_, start), x, y = network(), data(BATCH * BATCHES, seed), data(BATCH * BATCHES, seed + 1)
    optimiser = optax.adam(1e-3)

    def loss(values: Any, x: Any, y: Any) -> Any:
        return ((forward(values, x[:, 0]) - y[:, 0]) ** 2).sum((1, 2)).mean()

    def train(count: int) -> None:
        @jax.jit
        def update(values: Any, state: Any, x: Any, y: Any, index: Any) -> tuple[Any, Any, Any]:
            value, slopes = jax.value_and_grad(loss)(values, x[index], y[index])
            change, state = optimiser.update(slopes, state, values)
            return optax.apply_updates(values, change), state, value

        values, held = jax.device_put(start), jax.device_put((x, y))
        state = optimiser.init(values)
        for epoch in range(count):
            order, found = np.random.default_rng([seed, epoch]).permutation(len(x)), []
            for first in range(0, len(x), BATCH):
                values, state, value = update(values, state, *held, order[first : first + BATCH])
                found.append(value)
            jax.device_get(found)

    return steps(train, epochs)


PASS, STEP = Column("pass", "CPU ms per pass", 2), Column("step", "CPU ms per step", 1)
SIZE = f"{TOKENS} tokens, {FEATURES} features, {HEADS} heads, {HIDDEN} hidden units, single precision."
ROWS = (
    ("run_block", "block", 64, "Forward pass of a transformer block, batch of 64", "at most 1.3"),
    ("run_block_single", "block", 1, "Forward pass of a transformer block, one trial", "at most 8 times"),
    ("run_conv", "conv", 64, "Forward pass of a conv net, 28 x 28, 16 and 32 channels", "at most 1.3"),
)
BENCHMARKS = tuple(
    Benchmark(
        name,
        title,
        f"{bar} of the same net by hand",
        SIZE if kind == "block" else "Batch of 64, single precision.",
        (PASS,),
        (
            Run("neurosim", run_neurosim, options),
            Run("by hand in JAX", run_by_hand, options, "jax"),
        ),
        smoke=dict(times=1, trials=2),
    )
    for name, kind, trials, title, bar in ROWS
    for options in [dict(kind=kind, trials=trials, times=150)]
) + (
    Benchmark(
        "train_block",
        "Training a transformer block, batches of 64",
        "a step at most 1.3 of the same net by hand",
        f"{SIZE} Adam, squared error.",
        (STEP,),
        (
            Run("neurosim", train_neurosim, dict(epochs=60)),
            Run("by hand in JAX", train_by_hand, dict(epochs=60), "jax"),
        ),
        smoke=dict(epochs=1),
    ),
)
