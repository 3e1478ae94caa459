"""A step of training of convolutional nets of several shapes and of an LSTM, beside the same by hand in JAX
and in torch.

Times are those of the processor, of all threads, because they depend least on what else runs. A step is the
difference of trainings of several epochs and of one, by updates, the median of three.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from time import process_time
from typing import Any

import numpy as np
from bench import Benchmark, Column, Run

from networks import layered_speed

CLASSES, BATCHES = 10, 8
RATE = 1e-3


@dataclass(frozen=True)
class Shape:
    """Images of `size` x `size` and so many channels, and layers of `widths` channels, each followed by a
    pooling of 2 x 2 if `pools`."""

    size: int
    channels: int
    widths: tuple[int, ...]
    kernel: int
    stride: int
    pools: bool
    batch: int

    def __str__(self) -> str:
        layers = " and ".join(map(str, self.widths))
        rest = f"{self.kernel}" + f", stride {self.stride}" * (self.stride > 1) + ", pooling" * self.pools
        return (
            f"{self.size} x {self.size} x {self.channels}, {layers} channels, kernels of {rest}, "
            f"batches of {self.batch}"
        )

    def sizes(self) -> list[tuple[int, int, int]]:
        """Of each layer: its channels, its width, and that of what it gives on."""
        found, size = [], self.size
        for wide in self.widths:
            seen = -(-size // self.stride)
            size = seen // 2 if self.pools else seen
            found.append((wide, seen, size))
        return found


SHAPES = {
    "small": Shape(8, 1, (8, 16), 3, 1, True, 16),
    "small_batches": Shape(8, 1, (8, 16), 3, 1, True, 128),
    "wide": Shape(16, 3, (32, 32), 3, 1, True, 32),
    "kernels": Shape(28, 1, (16, 32), 5, 1, True, 64),
    "strides": Shape(28, 1, (16, 32), 5, 2, False, 128),
}


def images(shape: Shape, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """(trial, row, column, channel), and labels."""
    random, trials = np.random.default_rng(seed), BATCHES * shape.batch
    x = random.normal(size=(trials, shape.size, shape.size, shape.channels)).astype(np.float32)
    return x, random.integers(0, CLASSES, trials)


def network(shape: Shape) -> Any:
    import neurosim as ns
    from neurosim import cells

    last: Any = ns.Neurons("x", (shape.size, shape.size, shape.channels))
    parts: list[Any] = []
    for layer, (wide, seen, size) in enumerate(shape.sizes()):
        bias = dict(bias=np.zeros(wide), learns="bias")
        features = cells.unit(f"features_{layer}", (seen, seen, wide), "relu", **bias)
        wiring = ns.conv((shape.kernel,) * 2, stride=(shape.stride,) * 2, padding="same")
        parts.append(ns.Synapses(last, features, wiring=wiring, weight=ns.normal(0.0, 0.1), learns=True))
        last = features
        if shape.pools:
            last = ns.Neurons(f"pooled_{layer}", (size, size, wide), ports="I:max", update="y = I")
            parts.append(ns.Synapses(features, last, wiring=ns.pool((2, 2))))
    out = cells.unit("out", CLASSES, "linear", bias=np.zeros(CLASSES), learns="bias")
    return ns.Network(parts, ns.Synapses(last, out, weight=ns.glorot(), learns=True), schedule=ns.Layered())


def steps(train: Callable[[int], Any], epochs: int, batches: int) -> dict[str, Any]:
    """Milliseconds of processor time of a step of training."""

    def seconds(epochs: int) -> float:
        begin = process_time()
        train(epochs)
        return process_time() - begin

    train(1)  # imports, and what else happens once in a process
    differences = [seconds(1 + epochs) - seconds(1) for _ in range(3)]
    return {"step": 1e3 * median(differences) / (epochs * batches)}


def neurosim(shape: str, epochs: int, seed: int, engine: str) -> dict[str, Any]:
    import neurosim as ns

    one = SHAPES[shape]
    (x, y), net = images(one, seed), network(one)
    options = dict(loss="cross_entropy", rate=RATE, batch=one.batch, progress=False)
    return steps(
        lambda count: ns.train(net, {"x": x[:, None]}, {"out": y}, epochs=count, **options), epochs, BATCHES
    )


def in_jax(shape: str, epochs: int, seed: int) -> dict[str, Any]:
    import jax

    one = SHAPES[shape]
    random, channels, start = np.random.default_rng(seed), one.channels, {}
    for layer, (wide, _, _) in enumerate(one.sizes()):
        kernel = random.normal(0.0, 0.1, (one.kernel, one.kernel, channels, wide))
        start |= {f"w{layer}": kernel, f"b{layer}": np.zeros(wide)}
        channels = wide
    flat = one.sizes()[-1][2] ** 2 * channels
    start |= {"out": random.normal(0.0, 0.03, (flat, CLASSES)), "bias": np.zeros(CLASSES)}

    def forward(w: dict[str, Any], x: Any) -> Any:
        for layer in range(len(one.widths)):
            x = jax.lax.conv_general_dilated(
                x, w[f"w{layer}"], (one.stride,) * 2, "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
            )
            x = jax.nn.relu(x + w[f"b{layer}"])
            if one.pools:
                half = x.shape[1] // 2
                x = x.reshape(x.shape[0], half, 2, half, 2, x.shape[3]).max(axis=(2, 4))
        return x.reshape(x.shape[0], -1) @ w["out"] + w["bias"]

    return trained_in_jax(start, forward, *images(one, seed), one.batch, epochs, seed)


def convolutions(shape: str, epochs: int, seed: int) -> dict[str, Any]:
    """Milliseconds of the convolutions of a step and nothing else, in JAX: forward, and the derivatives by
    weights and by all but the images."""
    import jax

    one, random = SHAPES[shape], np.random.default_rng(seed)
    form = ("NHWC", "HWIO", "NHWC")
    size, channels, seconds = one.size, one.channels, 0.0
    for layer, (wide, _, smaller) in enumerate(one.sizes()):

        def forward(x: Any, w: Any) -> Any:
            return jax.lax.conv_general_dilated(x, w, (one.stride,) * 2, "SAME", dimension_numbers=form)

        x = random.normal(size=(one.batch, size, size, channels)).astype(np.float32)
        w = random.normal(size=(one.kernel, one.kernel, channels, wide)).astype(np.float32)
        y = random.normal(size=jax.eval_shape(forward, x, w).shape).astype(np.float32)

        def back(x: Any, w: Any, y: Any, wanted: slice = slice(0 if layer else 1, 2)) -> Any:
            return jax.vjp(forward, x, w)[1](y)[wanted]

        for function, given in ((forward, (x, w)), (back, (x, w, y))):
            seconds += _median_seconds(jax.jit(function), jax.device_put(given), epochs)
        size, channels = smaller, wide
    return {"step": 1e3 * seconds}


def _median_seconds(function: Callable[..., Any], given: tuple[Any, ...], repeats: int) -> float:
    import jax

    found = []
    for _ in range(1 + repeats):
        begin = process_time()
        jax.block_until_ready(function(*given))
        found.append(process_time() - begin)
    return median(found[1:])


def lstm_in_jax(ticks: int, epochs: int, seed: int) -> dict[str, Any]:
    x, y = layered_speed.data("lstm", BATCHES * layered_speed.BATCH, ticks, seed)

    def forward(w: dict[str, Any], x: Any) -> Any:
        return layered_speed.lstm_forward(w, x)[:, -1]

    start = layered_speed.start("lstm")
    return trained_in_jax(start, forward, x, y, layered_speed.BATCH, epochs, seed)


def trained_in_jax(
    start: dict[str, Any],
    forward: Callable[[dict[str, Any], Any], Any],
    x: np.ndarray,
    y: np.ndarray,
    batch: int,
    epochs: int,
    seed: int,
) -> dict[str, Any]:
    """A step with optax, compiled before."""
    import jax
    import optax

    optimiser = optax.adam(RATE)

    def loss(w: Any, x: Any, y: Any) -> Any:
        return optax.softmax_cross_entropy_with_integer_labels(forward(w, x), y).mean()

    @jax.jit
    def update(w: Any, state: Any, x: Any, y: Any, index: Any) -> tuple[Any, Any, Any]:
        value, slopes = jax.value_and_grad(loss)(w, x[index], y[index])
        change, state = optimiser.update(slopes, state, w)
        return optax.apply_updates(w, change), state, value

    def train(count: int) -> None:
        w = jax.tree.map(lambda value: jax.numpy.asarray(value, "float32"), start)
        state, held = optimiser.init(w), jax.device_put((x, y))
        for epoch in range(count):
            order, found = np.random.default_rng([seed, epoch]).permutation(len(x)), []
            for first in range(0, len(x), batch):
                w, state, value = update(w, state, *held, order[first : first + batch])
                found.append(value)
            jax.device_get(found)

    return steps(train, epochs, len(x) // batch)


def in_torch(shape: str, epochs: int, seed: int) -> dict[str, Any]:
    from torch import nn

    one = SHAPES[shape]
    x, y = images(one, seed)

    def net() -> Any:
        layers: list[Any] = []
        channels = one.channels
        for wide in one.widths:
            layers += [nn.Conv2d(channels, wide, one.kernel, one.stride, one.kernel // 2), nn.ReLU()]
            layers += [nn.MaxPool2d(2)] if one.pools else []
            channels = wide
        return nn.Sequential(*layers, nn.Flatten(), nn.Linear(one.sizes()[-1][2] ** 2 * channels, CLASSES))

    return trained_in_torch(net, np.ascontiguousarray(np.moveaxis(x, 3, 1)), y, one.batch, epochs, seed)


def lstm_in_torch(ticks: int, epochs: int, seed: int) -> dict[str, Any]:
    from torch import nn

    x, y = layered_speed.data("lstm", BATCHES * layered_speed.BATCH, ticks, seed)
    units = layered_speed.LSTM["units"]

    class Last(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.cells = nn.LSTM(layered_speed.LSTM["inputs"], units, batch_first=True)
            self.out = nn.Linear(units, layered_speed.LSTM["classes"])

        def forward(self, x: Any) -> Any:
            return self.out(self.cells(x)[0][:, -1])

    return trained_in_torch(Last, x, y, layered_speed.BATCH, epochs, seed)


def trained_in_torch(
    net: Callable[[], Any], x: np.ndarray, y: np.ndarray, batch: int, epochs: int, seed: int
) -> dict[str, Any]:
    """A step with torch's Adam, on one thread: several wait for each other at work, which would count."""
    import torch

    torch.set_num_threads(1)
    given, labels = torch.from_numpy(x), torch.from_numpy(y)

    def train(count: int) -> None:
        model, loss = net(), torch.nn.CrossEntropyLoss()
        optimiser = torch.optim.Adam(model.parameters(), RATE)
        for epoch in range(count):
            order = torch.from_numpy(np.random.default_rng([seed, epoch]).permutation(len(x)))
            found = []
            for index in order.split(batch):
                optimiser.zero_grad(set_to_none=True)
                value = loss(model(given[index]), labels[index])
                value.backward()
                optimiser.step()
                found.append(value.detach())
            torch.stack(found).tolist()

    return steps(train, epochs, len(x) // batch)


def lstm(ticks: int, epochs: int, seed: int, engine: str) -> dict[str, Any]:
    import neurosim as ns

    x, y = layered_speed.data("lstm", BATCHES * layered_speed.BATCH, ticks, seed)
    net = layered_speed.network("lstm")
    options = dict(loss="cross_entropy", rate=RATE, batch=layered_speed.BATCH, progress=False)
    return steps(lambda count: ns.train(net, {"x": x}, {"out": y}, epochs=count, **options), epochs, BATCHES)


STEP = (Column("step", "CPU ms per step", 2),)
HOW = (
    "Adam, cross entropy, single precision. Torch has one thread, and may run in another environment, which "
    "--python names."
)
LIMIT = (
    " The last row is what XLA takes for the convolutions alone, which it pads and packs anew in each: where "
    "that is nearly all of torch's step, the aim cannot be reached in JAX. Tried for strides of 2: patches "
    "as one matrix, and strides as channels, both slower."
)
BENCHMARKS = (
    *(
        Benchmark(
            f"train_conv_{name}",
            f"Training a conv net, {shape}",
            "a step at most 1.1 of the same net by hand in JAX and in torch",
            HOW + LIMIT,
            STEP,
            (
                Run("neurosim", neurosim, options),
                Run("by hand in JAX", in_jax, options, "jax"),
                Run("torch", in_torch, options, "torch"),
                Run("the convolutions alone, in JAX", convolutions, options, "jax"),
            ),
            smoke=dict(epochs=1),
        )
        for name, shape in SHAPES.items()
        for options in [dict(shape=name, epochs=40 if shape.size < 16 else 10)]
    ),
    Benchmark(
        "train_lstm_torch",
        "Training an LSTM, 128 units, 100 ticks, beside torch",
        "a step at most 1.05 of torch's",
        f"Batches of {layered_speed.BATCH}. {HOW}",
        STEP,
        (
            Run("neurosim", lstm, dict(ticks=100, epochs=4)),
            Run("by hand in JAX", lstm_in_jax, dict(ticks=100, epochs=4), "jax"),
            Run("torch", lstm_in_torch, dict(ticks=100, epochs=4), "torch"),
        ),
        smoke=dict(ticks=3, epochs=1),
    ),
)
