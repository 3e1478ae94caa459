"""A multilayer perceptron beside scikit-learn and beside the same by hand in JAX: one sample and many samples
through a trained one, and fits of a small classifier.

Times are those of the processor, of all threads, because they depend least on what else runs. What is timed
goes from an array to an array, and has run before, so that all that is compiled is there; a median.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from statistics import median
from time import process_time
from typing import Any

import numpy as np
from bench import Benchmark, Column, Run

SIZES = (64, 256, 128, 10)
ONE, MANY = 1, 100_000
REPEATS = 9


def data(samples: int, precision: str, seed: int) -> np.ndarray:
    """Samples (sample, feature)."""
    dtype = np.float32 if precision == "single" else np.float64
    return np.random.default_rng(seed).random((samples, SIZES[0])).astype(dtype)


def weights(precision: str, seed: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Weights (pre, post) and biases of each layer."""
    random, dtype = np.random.default_rng(seed), np.float32 if precision == "single" else np.float64
    shapes = list(pairwise(SIZES))
    matrices = [random.normal(0.0, np.sqrt(2.0 / shape[0]), shape).astype(dtype) for shape in shapes]
    return matrices, [random.normal(0.0, 0.1, shape[1]).astype(dtype) for shape in shapes]


def timed(run: Callable[[], Any], times: int) -> dict[str, Any]:
    """Milliseconds of processor time of one call: the median of several blocks of `times` calls."""
    for _ in range(2):
        run()
    blocks = []
    for _ in range(REPEATS):
        begin = process_time()
        for _ in range(times):
            run()
        blocks.append((process_time() - begin) / times)
    return {"call": 1e3 * median(blocks)}


def through_neurosim(
    samples: int, precision: str, times: int, seed: int, engine: str, chosen: str = "arrays"
) -> dict[str, Any]:
    """Probabilities of all classes by `ns.run`; `chosen` is the engine, as the harness names another."""
    import neurosim as ns
    from neurosim.models.feed_forward import feed_forward

    matrices, biases = weights(precision, seed)
    net = feed_forward(SIZES, weights=[matrix.T for matrix in matrices], biases=biases)
    x = data(samples, precision, seed)[:, None]
    given: dict[str, Any] = dict(record=["out"], precision=precision, engine=chosen, progress=False)
    return timed(lambda: np.asarray(ns.run(net, {"inputs": x}, **given)["out"]), times)


def through_sklearn(samples: int, precision: str, times: int, seed: int) -> dict[str, Any]:
    """Classes by `MLPClassifier.predict`."""
    import warnings

    from sklearn.neural_network import MLPClassifier

    x = data(samples, precision, seed)
    model = MLPClassifier(SIZES[1:-1], max_iter=1, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it has not converged
        model.fit(data(20, precision, seed), np.arange(20) % SIZES[-1])
    model.coefs_, model.intercepts_ = weights(precision, seed)
    return timed(lambda: model.predict(x), times)


def through_jax(samples: int, precision: str, times: int, seed: int) -> dict[str, Any]:
    """Probabilities of all classes by hand, jitted."""
    import jax

    with jax.enable_x64(precision == "double"):
        x, layers = (
            data(samples, precision, seed),
            jax.device_put(list(zip(*weights(precision, seed), strict=True))),
        )

        @jax.jit
        def forward(layers: Any, x: Any) -> Any:
            for matrix, bias in layers[:-1]:
                x = jax.nn.relu(x @ matrix + bias)
            matrix, bias = layers[-1]
            return jax.nn.softmax(x @ matrix + bias)

        return timed(lambda: np.asarray(forward(layers, x)), times)


def digits(samples: int) -> tuple[np.ndarray, np.ndarray]:
    from sklearn.datasets import load_digits

    loaded = load_digits()
    return loaded.data[:samples] / 16.0, loaded.target[:samples]


def classifiers(peer: bool, epochs: int) -> Callable[[int], Any]:
    """A function from a random state to the classifier: 64-50-10, rectifiers, Adam, batches of 32."""
    if peer:
        from sklearn.neural_network import MLPClassifier

        return lambda state: MLPClassifier(
            (50,), batch_size=32, max_iter=epochs, n_iter_no_change=epochs, alpha=0.0, random_state=state
        )
    from neurosim.learn import NetworkClassifier

    given: Any = dict(network_params={"hidden": (50,)}, batch=32, epochs=epochs)
    return lambda state: NetworkClassifier(random_state=state, **given)


def fits(peer: bool, samples: int, epochs: int, seed: int, engine: str = "auto") -> dict[str, Any]:
    """Seconds of five fits with other first weights, and milliseconds to predict one row after them."""
    import warnings

    (x, y), made = digits(samples), classifiers(peer, epochs)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it has not converged
        made(0).fit(x[:40], y[:40])  # imports, and what else happens once in a process
        begin = process_time()
        fitted = [made(seed + number).fit(x, y) for number in range(5)]
        seconds = process_time() - begin
    right = float(np.mean([model.score(x, y) for model in fitted]))
    return {"fits": seconds, "right": 100 * right, "row": timed(lambda: fitted[0].predict(x[:1]), 50)["call"]}


CALL = Column("call", "CPU ms per call", 3)
FITS = (
    Column("fits", "CPU s of five fits", 2),
    Column("right", "% right of what was learned", 1),
    Column("row", "CPU ms to predict one row", 3),
)
ROWS = (
    ("perceptron_one", "One sample", ONE, 200, "at most 2 of scikit-learn, 8 of JAX by hand"),
    ("perceptron_many", "100,000 samples", MANY, 1, "at most 1.2 of scikit-learn, 1.3 of JAX by hand"),
)
BENCHMARKS = tuple(
    Benchmark(
        name if precision == "double" else f"{name}_{precision}",
        f"{title} through a perceptron, {precision} precision",
        bar,
        f"{'-'.join(map(str, SIZES))}, rectifiers, softmax; from array to array, compiled before.",
        (CALL,),
        (
            Run("neurosim", through_neurosim, options),
            Run("neurosim, engine as chosen", through_neurosim, options | dict(chosen="auto")),
            Run("scikit-learn", through_sklearn, options, "sklearn"),
            Run("by hand in JAX", through_jax, options, "jax"),
        ),
        smoke=dict(samples=3, times=1),
    )
    for name, title, samples, times, bar in ROWS
    for precision in ("double", "single")
    for options in [dict(samples=samples, precision=precision, times=times)]
) + (
    Benchmark(
        "perceptron_fits",
        "Five fits of a classifier, 64-50-10, 20 epochs",
        "at most 3 of scikit-learn",
        "All digits of scikit-learn, batches of 32, Adam; five other first weights.",
        FITS,
        (
            Run("neurosim", fits, dict(peer=False, samples=1797, epochs=20)),
            Run("scikit-learn", fits, dict(peer=True, samples=1797, epochs=20), "sklearn"),
        ),
        smoke=dict(samples=60, epochs=1),
    ),
)
