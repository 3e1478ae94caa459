"""Random and radial hidden layers on scikit-learn's 1797 digits, pixels from 0 to 1: ten random splits, 80 %
to learn from.

Every package with its own defaults but for the number of hidden units: nothing was tried on the test images.
"""

from __future__ import annotations

from collections.abc import Callable
from time import process_time
from typing import Any

import numpy as np
from bench import MEMORY, Benchmark, Column, Run


def ten_splits(
    seed: int, learn: Callable[[np.ndarray, np.ndarray, int], Callable[[np.ndarray], np.ndarray]], splits: int
) -> dict[str, Any]:
    """The mean share of right answers, and the median seconds of processor time that learning took after a
    first time that does not count."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    pixels, labels = load_digits(return_X_y=True)
    pixels, right, seconds = pixels / 16, [], []
    learn(pixels, labels, seed)
    for split in range(splits):
        X, held_out, y, wanted = train_test_split(
            pixels, labels, test_size=0.2, random_state=100 * seed + split
        )
        begin = process_time()
        predict = learn(X, y, 100 * seed + split)
        seconds.append(process_time() - begin)
        right.append(np.mean(predict(held_out) == wanted))
    return {"fit": float(np.median(seconds)), "right": 100 * float(np.mean(right))}


def neurosim(n: int, seed: int, engine: str, splits: int = 10) -> dict[str, Any]:
    from neurosim.learn import ExtremeLearningClassifier

    return ten_splits(
        seed, lambda X, y, k: ExtremeLearningClassifier(n, random_state=k).fit(X, y).predict, splits
    )


def radial(n: int, seed: int, engine: str, splits: int = 10, centres: str = "kmeans") -> dict[str, Any]:
    from neurosim.learn import RadialBasisClassifier

    return ten_splits(
        seed,
        lambda X, y, k: RadialBasisClassifier(n, centres=centres, random_state=k).fit(X, y).predict,
        splits,
    )


def hpelm(n: int, seed: int, splits: int = 10) -> dict[str, Any]:
    from hpelm import ELM

    def learn(X: np.ndarray, y: np.ndarray, k: int) -> Callable[[np.ndarray], np.ndarray]:
        np.random.seed(k)
        machine = ELM(X.shape[1], 10)
        machine.add_neurons(n, "sigm")
        machine.train(X, np.eye(10)[y], "c")
        return lambda X: machine.predict(X).argmax(axis=1)

    return ten_splits(seed, learn, splits)


def products(n: int, seed: int, splits: int = 10) -> dict[str, Any]:
    """Seconds for the products of matrices alone: inputs by weights, the lower half of H'H, its Cholesky
    factor, and H'Y solved by it."""
    from scipy.linalg import cho_factor, cho_solve
    from scipy.linalg.blas import dgemm, dsyrk

    rows, seconds = 1437, []
    random = np.random.default_rng(seed)
    X, W, Y = random.random((rows, 64)), random.uniform(-1.0, 1.0, (n, 64)), random.random((rows, 10))
    hidden = random.random((rows, n))
    for _ in range(splits + 1):
        begin = process_time()
        dgemm(1.0, W.T, X.T, trans_a=True)
        gram = dsyrk(1.0, hidden.T, lower=True)
        gram[np.diag_indices(n)] += 1.0
        factor = cho_factor(gram, lower=True, overwrite_a=True, check_finite=False)
        cho_solve(factor, dgemm(1.0, hidden.T, Y.T, trans_b=True), check_finite=False)
        seconds.append(process_time() - begin)
    return {"fit": float(np.median(seconds[1:]))}


BENCHMARKS = (
    Benchmark(
        "extreme_learning",
        "Extreme learning machine, digits, 1000 hidden units",
        "97.5 % or more, learned in at most half of hpelm's time",
        "Mean of ten random splits of 80 to 20, processor time the median of the ten. Defaults of each "
        "package. Both compute half of H'H in double precision, so that the last row, which is nothing else, "
        "is nearly all of what either takes, and half of it cannot be reached.",
        (Column("fit", "CPU s to learn"), Column("right", "% right", 2), MEMORY),
        (
            Run("neurosim", neurosim, dict(n=1000, splits=10)),
            Run("neurosim, radial basis functions, k-means", radial, dict(n=1000, splits=10)),
            Run(
                "neurosim, radial basis functions, rows as centres",
                radial,
                dict(n=1000, splits=10, centres="data"),
            ),
            Run("hpelm", hpelm, dict(n=1000, splits=10), "hpelm"),
            Run("the products of matrices alone", products, dict(n=1000, splits=10), "scipy"),
        ),
        smoke=dict(n=50, splits=1),
        agree="right",
    ),
)
