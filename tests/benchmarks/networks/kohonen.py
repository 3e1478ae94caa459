"""A Kohonen map of 1797 handwritten digits, pixels from 0 to 1: 20 x 20 units, 10 passes, begun from the
plane of the two main axes.

Quantization error: mean distance of a digit from its winner. Topographic error: share of digits whose two
nearest units are not among each other's 8 neighbours. The two trade against each other: what smooths the map
lowers one and raises the other.
"""

from __future__ import annotations

from time import perf_counter
from typing import Any

import numpy as np
from bench import Benchmark, Column, Run

SIDE, PASSES = 20, 10


def digits(count: int) -> np.ndarray:
    """The first images, (image, pixel), from 0 to 1."""
    from sklearn.datasets import load_digits

    return load_digits().data[:count] / 16


def neurosim(count: int, algorithm: str, seed: int, engine: str) -> dict[str, Any]:
    from neurosim.learn import KohonenMap

    X = digits(count)
    KohonenMap((2, 2), n_iter=1).fit(X[:20])  # what the first call of any fit loads
    som = KohonenMap((SIDE, SIDE), algorithm=algorithm, n_iter=PASSES, random_state=seed)
    begin = perf_counter()
    som.fit(X)
    wall = perf_counter() - begin
    return {"fit": wall, "quantization": som.quantization_error(X), "topographic": som.topographic_error(X)}


def minisom(count: int, sigma: float, decay: str, seed: int) -> dict[str, Any]:
    """Row by row in a random order, as its documentation does; `sigma` is its radius at first, `decay` how
    that falls."""
    from minisom import MiniSom

    X = digits(count)
    som = MiniSom(
        SIDE, SIDE, X.shape[1], sigma=sigma, learning_rate=0.5, sigma_decay_function=decay, random_seed=seed
    )
    begin = perf_counter()
    som.pca_weights_init(X)
    som.train(X, PASSES * len(X), random_order=True)
    wall = perf_counter() - begin
    return {
        "fit": wall,
        "quantization": float(som.quantization_error(X)),
        "topographic": float(som.topographic_error(X)),
    }


BENCHMARKS = (
    Benchmark(
        "kohonen",
        "Kohonen map of 1797 digits, 20 x 20 units, 10 passes",
        "quantization error at most 1.06 with topographic error at most 0.035, ten times faster than minisom",
        "neurosim's batch map is KohonenMap with its defaults. minisom begins at the same plane; "
        "with a radius that falls linearly to 1 its errors"
        " came nearest to the aim, of those tried. Loading of packages and data is not counted.",
        (
            Column("fit", "fit (s)"),
            Column("quantization", "quantization error"),
            Column("topographic", "topographic error", 4),
        ),
        (
            Run("neurosim, batch", neurosim, dict(count=1797, algorithm="batch")),
            Run("neurosim, online", neurosim, dict(count=1797, algorithm="online")),
            Run(
                "minisom, radius 5", minisom, dict(count=1797, sigma=5.0, decay="asymptotic_decay"), "minisom"
            ),
            Run(
                "minisom, radius 5, linear decay to 1",
                minisom,
                dict(count=1797, sigma=5.0, decay="linear_decay_to_one"),
                "minisom",
            ),
            Run(
                "minisom, radius 2", minisom, dict(count=1797, sigma=2.0, decay="asymptotic_decay"), "minisom"
            ),
        ),
        smoke=dict(count=100),
    ),
)
