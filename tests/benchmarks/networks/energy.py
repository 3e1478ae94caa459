"""Energy-based networks on scikit-learn's 8 x 8 digits, and the encoder of the first Boltzmann machine.

Settings were chosen on training data alone. scikit-learn's BernoulliRBM learns by persistent contrastive
divergence with one sweep; it gets the same data and as many epochs.
"""

from __future__ import annotations

from time import perf_counter
from typing import Any

import numpy as np
from bench import Benchmark, Column, Run

HELD_OUT = 500


def binary_digits(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Images of 64 pixels, 1 where brighter than half: to learn from, and 500 that are held out."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    images = (load_digits().data / 16 > 0.5).astype(np.float32)
    return train_test_split(images, test_size=HELD_OUT, random_state=seed)


def judged(
    numbers: tuple[np.ndarray, ...], images: np.ndarray, base: np.ndarray, seed: int
) -> dict[str, float]:
    """The mean log likelihood by annealing (100 chains, 5000 temperatures), and for up to 16 hidden units how
    far it is from the exact one."""
    from neurosim.learn import annealed_importance_sampling, free_energy, log_partition

    log_z = annealed_importance_sampling(*numbers, base=base, temperatures=5000, random_state=seed)
    found = {"likelihood": float(-free_energy(images, *numbers).mean() - log_z.value), "error": log_z.error}
    if numbers[0].shape[0] <= 16:
        found["off"] = abs(log_z.value - log_partition(*numbers).value)
    return found


def log_odds(images: np.ndarray) -> np.ndarray:
    p = (images.sum(axis=0, dtype=float) + 1) / (len(images) + 2)
    return np.log(p / (1 - p))


def neurosim_rbm(hidden: int, epochs: int, seed: int, engine: str) -> dict[str, Any]:
    from neurosim.learn import RestrictedBoltzmann

    seen, unseen = binary_digits(seed)
    machine = RestrictedBoltzmann(
        hidden,
        persistent=True,
        steps=5,
        n_chains=100,
        learning_rate=0.2,
        schedule="linear",
        weight_decay=1e-3,
        batch_size=20,
        n_iter=epochs,
        random_state=seed,
    )
    begin = perf_counter()
    machine.fit(seen)
    seconds = perf_counter() - begin
    numbers = machine.components_, machine.intercept_visible_, machine.intercept_hidden_
    return {"seconds": seconds, **judged(numbers, unseen, log_odds(seen), seed)}


def sklearn_rbm(hidden: int, epochs: int, seed: int) -> dict[str, Any]:
    from sklearn.neural_network import BernoulliRBM

    seen, unseen = binary_digits(seed)
    machine = BernoulliRBM(hidden, learning_rate=0.05, batch_size=20, n_iter=epochs, random_state=seed)
    begin = perf_counter()
    machine.fit(seen)
    seconds = perf_counter() - begin
    numbers = machine.components_, machine.intercept_visible_, machine.intercept_hidden_
    return {"seconds": seconds, **judged(numbers, unseen, log_odds(seen), seed)}


def independent_pixels(hidden: int, epochs: int, seed: int) -> dict[str, Any]:
    """No hidden units at all."""
    begin = perf_counter()
    seen, unseen = binary_digits(seed)
    odds = log_odds(seen)
    likelihood = float((unseen @ odds).mean() - np.logaddexp(0, odds).sum())
    return {"seconds": perf_counter() - begin, "likelihood": likelihood, "error": 0.0, "off": 0.0}


def epoch(
    samples: int, batch: int, precision: str, peer: bool, seed: int, engine: str = ""
) -> dict[str, Any]:
    """Seconds of an epoch of 784 x 500: the quicker of two fits of one epoch each, and how far the data's
    energy fell below that of chance."""
    if peer:
        from sklearn.neural_network import BernoulliRBM as Machine
    else:
        from neurosim.learn import RestrictedBoltzmann as Machine

    X = (np.random.default_rng(0).random((samples, 784)) < np.linspace(0.0, 0.4, 784)).astype(precision)
    times = []
    for _ in range(2):
        machine = Machine(500, learning_rate=0.05, batch_size=batch, n_iter=1, random_state=seed)
        begin = perf_counter()
        machine.fit(X)
        times.append(perf_counter() - begin)
    return {
        "seconds": min(times),
        "bias": float(machine.intercept_visible_[-100:].mean() - machine.intercept_visible_[:100].mean()),
    }


def epoch_of_products(samples: int, batch: int, precision: str, seed: int) -> dict[str, Any]:
    """Seconds of the products of matrices of an epoch and nothing else: three between the layers, and one of
    twice as many rows for the weights."""
    from scipy.linalg import get_blas_funcs

    random = np.random.default_rng(seed)
    W, v, h = (
        random.random(shape).astype(precision) for shape in ((500, 784), (2 * batch, 784), (2 * batch, 500))
    )
    new_W, new_v, new_h = np.empty_like(W), np.empty_like(v[:batch]), np.empty_like(h[:batch])
    gemm, times = get_blas_funcs("gemm", (W,)), []
    for _ in range(2):
        begin = perf_counter()
        for _ in range(samples // batch):
            gemm(1.0, W.T, v[:batch].T, trans_a=True, c=new_h.T, overwrite_c=True)
            gemm(1.0, W.T, h[:batch].T, c=new_v.T, overwrite_c=True)
            gemm(1.0, W.T, v[batch:].T, trans_a=True, c=new_h.T, overwrite_c=True)
            gemm(1.0, v.T, h.T, c=new_W.T, trans_b=True, overwrite_c=True)
        times.append(perf_counter() - begin)
    return {"seconds": min(times)}


def encoder_connections(machines: int) -> np.ndarray:
    """Which units of so many 4-2-4 encoders are joined: all visible units stand first, machine by machine,
    then all hidden ones.

    The four units of V1 are joined with each other, so are those of V2, and all eight with both hidden units;
    V1 and V2 are not joined.
    """
    unit = np.r_[np.tile(np.arange(8), machines), np.tile([8, 9], machines)]
    machine = np.r_[np.repeat(np.arange(machines), 8), np.repeat(np.arange(machines), 2)]
    group = np.select([unit < 4, unit < 8], [0, 1], 2)
    joined = (group[:, None] == group[None]) & (group[:, None] < 2) | (
        (group[:, None] == 2) ^ (group[None] == 2)
    )
    return joined & (machine[:, None] == machine[None]) & ~np.eye(len(unit), dtype=bool)


def encoders_that_work(weights: np.ndarray, biases: np.ndarray, machines: int) -> np.ndarray:
    """Whether each machine, by the exact distribution of its 1024 states, completes all four patterns and has
    four codes for them.

    With a unit of V1 on alone, the likeliest state of V2 must be the same unit on alone; and with that
    pattern on V1 and V2 the likeliest states of the two hidden units must be four different ones.
    """
    states = ((np.arange(1024)[:, None] >> np.arange(10)) & 1).astype(float)
    parts = (slice(0, 4), slice(4, 8), slice(8, 10))
    v1, v2, h = ((states[:, part] @ 2 ** np.arange(part.stop - part.start)).astype(int) for part in parts)
    works = []
    for k in range(machines):
        mine = np.r_[8 * k : 8 * k + 8, 8 * machines + 2 * k : 8 * machines + 2 * k + 2]
        W, b = weights[np.ix_(mine, mine)], biases[mine]
        energy = -0.5 * np.einsum("si,ij,sj->s", states, W, states) - states @ b
        p = np.exp(energy.min() - energy)
        completed = [np.bincount(v2[v1 == 2**i], p[v1 == 2**i], 16).argmax() == 2**i for i in range(4)]
        pattern = [(v1 == 2**i) & (v2 == 2**i) for i in range(4)]
        codes = {int(np.bincount(h[chosen], p[chosen], 4).argmax()) for chosen in pattern}
        works.append(all(completed) and len(codes) == 4)
    return np.array(works)


def neurosim_encoder(machines: int, cycles: int, seed: int, engine: str) -> dict[str, Any]:
    from neurosim.learn import BoltzmannMachine

    # On bits are clamped off with a chance of 0.15, off bits on with 0.05, as in the paper.
    X = np.tile(np.where(np.tile(np.eye(4), (1, 2)), 0.85, 0.05), (1, machines))
    learner = BoltzmannMachine(
        2 * machines, connections=encoder_connections(machines), **ENCODER, engine=engine, random_state=seed
    )
    begin, learned_at = perf_counter(), np.full(machines, np.inf)
    for cycle in range(1, cycles + 1):
        learner.partial_fit(X)
        if cycle % 10 == 0:
            works = encoders_that_work(learner.weights_, learner.biases_, machines)
            learned_at[works & np.isinf(learned_at)] = cycle
            if np.isfinite(learned_at).all():
                break
    found = learned_at[np.isfinite(learned_at)]
    return {
        "seconds": perf_counter() - begin,
        "learned": 100.0 * len(found) / machines,
        "median": float(np.median(found)) if len(found) else None,
        "most": float(found.max()) if len(found) else None,
    }


def nudged(images: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The images and these moved by one pixel in the four directions: five times the data."""
    grid = np.pad(images.reshape(-1, 8, 8), ((0, 0), (1, 1), (1, 1)))
    moved = [
        grid[:, 1 + down : 9 + down, 1 + right : 9 + right]
        for down, right in ((0, 0), (1, 0), (-1, 0), (0, 1), (0, -1))
    ]
    return np.concatenate(moved).reshape(-1, 64), np.tile(labels, 5)


def nudged_split(seed: int, by_image: bool, limit: int | None) -> list[np.ndarray]:
    """80 % and 20 % of the nudged digits; `by_image` keeps the five versions of an image on one side."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    images, labels = load_digits(return_X_y=True)
    images, labels = (images[:limit] / 16).astype(np.float32), labels[:limit]
    if not by_image:
        return train_test_split(*nudged(images, labels), test_size=0.2, random_state=seed)
    a, b, c, d = train_test_split(images, labels, test_size=0.2, random_state=seed)
    (seen, seen_labels), (unseen, unseen_labels) = nudged(a, c), nudged(b, d)
    return [seen, unseen, seen_labels, unseen_labels]


def neurosim_deep_belief(
    layers: list[int], epochs: int, tuning: int, limit: int | None, seed: int, engine: str
) -> dict[str, Any]:
    """The classifier; a logistic regression on its first layer alone; and the classifier where no image is on
    both sides."""
    from neurosim.learn import DeepBeliefClassifier, RestrictedBoltzmann

    machine = RestrictedBoltzmann(learning_rate=0.1, batch_size=10, n_iter=epochs)
    classifier = DeepBeliefClassifier(
        layers, machine=machine, n_iter=tuning, learning_rate=2e-3, batch_size=50, C=100.0, random_state=seed
    )
    apart = nudged_split(seed, True, limit)
    strict = classifier.fit(apart[0], apart[2]).score(apart[1], apart[3])
    seen, unseen, labels, unseen_labels = nudged_split(seed, False, limit)
    begin = perf_counter()
    right = classifier.fit(seen, labels).score(unseen, unseen_labels)
    seconds = perf_counter() - begin
    first = classifier.machines_[0]
    alone = regression(first.transform(seen), labels, first.transform(unseen), unseen_labels)
    return {"seconds": seconds, "right": 100 * right, "first": 100 * alone, "apart": 100 * strict}


def sklearn_pipeline(layers: list[int], epochs: int, limit: int | None, seed: int) -> dict[str, Any]:
    """BernoulliRBM of as many units as our first layer, and logistic regression."""
    from sklearn.neural_network import BernoulliRBM

    found = {}
    for name, by_image in (("apart", True), ("first", False)):
        seen, unseen, labels, unseen_labels = nudged_split(seed, by_image, limit)
        begin = perf_counter()
        machine = BernoulliRBM(layers[0], learning_rate=0.06, n_iter=epochs, random_state=seed).fit(seen)
        found[name] = 100 * regression(
            machine.transform(seen), labels, machine.transform(unseen), unseen_labels
        )
        found["seconds"] = perf_counter() - begin
    return found | {"right": found["first"]}


def raw_pixels(limit: int | None, seed: int) -> dict[str, Any]:
    """Logistic regression on the pixels."""
    begin = perf_counter()
    right, apart = (
        regression(*(split := nudged_split(seed, by_image, limit))[::2], *split[1::2])
        for by_image in (False, True)
    )
    return {"seconds": perf_counter() - begin, "right": 100 * right, "apart": 100 * apart}


def regression(seen: np.ndarray, labels: np.ndarray, unseen: np.ndarray, unseen_labels: np.ndarray) -> float:
    from sklearn.linear_model import LogisticRegression

    mean = seen.mean(axis=0)
    return (
        LogisticRegression(C=100.0, max_iter=2000)
        .fit(seen - mean, labels)
        .score(unseen - mean, unseen_labels)
    )


SECONDS, LIKELIHOOD, ERROR = (
    Column("seconds", "seconds", 2),
    Column("likelihood", "nats per held-out image", 2),
    Column("error", "its error", 3),
)
ENCODER: dict[str, Any] = dict(rule="sign", learning_rate=0.2)
PRECISIONS = (("single", "f4"), ("double", "f8"))
DEEP = dict(layers=[300, 300], epochs=10, limit=None)


def _epochs(batch: int) -> tuple[Run, ...]:
    given = dict(samples=10_000, batch=batch)
    learners = tuple(
        Run(
            f"{who}, batches of {batch}, {name}",
            epoch,
            given | dict(precision=precision, peer=peer),
            package,
        )
        for name, precision in PRECISIONS
        for who, peer, package in (("neurosim", False, "neurosim"), ("BernoulliRBM", True, "sklearn"))
    )
    return learners + tuple(
        Run(f"the products alone, {name}", epoch_of_products, given | dict(precision=precision), "scipy")
        for name, precision in PRECISIONS
    )


BENCHMARKS = (
    Benchmark(
        "rbm_digits",
        "Restricted Boltzmann machine, 8 x 8 digits, 64 hidden",
        "-19.4 nats or better",
        "Seconds to learn 1297 images; "
        "mean log likelihood of the 500 others, by annealed importance sampling.",
        (SECONDS, LIKELIHOOD, ERROR),
        (
            Run("neurosim, persistent, 5 sweeps", neurosim_rbm, dict(hidden=64, epochs=200)),
            Run("scikit-learn, BernoulliRBM", sklearn_rbm, dict(hidden=64, epochs=200), "sklearn"),
            Run("independent pixels", independent_pixels, dict(hidden=0, epochs=0), "sklearn"),
        ),
        smoke=dict(hidden=8, epochs=2),
    ),
    Benchmark(
        "rbm_digits_16",
        "Restricted Boltzmann machine, 8 x 8 digits, 16 hidden",
        "annealing within 0.05 nats of the exact partition function",
        "As above; how far annealing is from the exact sum over the states of the hidden units.",
        (SECONDS, LIKELIHOOD, ERROR, Column("off", "off the exact sum", 4)),
        (
            Run("neurosim, persistent, 5 sweeps", neurosim_rbm, dict(hidden=16, epochs=200)),
            Run("scikit-learn, BernoulliRBM", sklearn_rbm, dict(hidden=16, epochs=200), "sklearn"),
        ),
        smoke=dict(hidden=8, epochs=2),
    ),
    *(
        Benchmark(
            f"rbm_epoch_{batch}",
            f"Restricted Boltzmann machine, 784 x 500, an epoch of 10,000 samples, batches of {batch}",
            "half of scikit-learn's time in the same precision",
            "Seconds of an epoch, CD-1 here, persistent with one sweep there, which is as much work. "
            "Ratios are to the first row. The last rows are products of matrices alone, at the speed of the "
            "processor, without which neither can do: where they take more than half of scikit-learn's time, "
            "the aim cannot be reached.",
            (SECONDS, Column("bias", "learned biases", 2)),
            _epochs(batch),
            smoke=dict(samples=200),
        )
        for batch in (10, 100)
    ),
    Benchmark(
        "boltzmann_encoder",
        "Boltzmann machine, the 4-2-4 encoder, 100 machines",
        "at least 95 of 100 learn it",
        "Machines learn side by side as blocks of one, until each had four codes and completed all patterns "
        "at one of the looks taken every ten"
        " cycles; the paper's took 110 cycles in the median and 1810 at most.",
        (
            SECONDS,
            Column("learned", "learned, of 100", 0),
            Column("median", "median cycles", 0),
            Column("most", "most cycles", 0),
        ),
        (Run("neurosim", neurosim_encoder, dict(machines=100, cycles=2000)),),
        smoke=dict(machines=2, cycles=20),
    ),
    Benchmark(
        "deep_belief",
        "Deep belief network, nudged digits",
        "at least 95 %, above its own first layer",
        "Per cent right of a fifth of the digits and their copies moved by a pixel. "
        "The split that others report takes copies at random, so that most"
        " test images have copies among the training images; "
        "the last column keeps all copies of an image on one side.",
        (
            SECONDS,
            Column("right", "right (%)", 1),
            Column("first", "first layer alone (%)", 1),
            Column("apart", "copies kept together (%)", 1),
        ),
        (
            Run("neurosim", neurosim_deep_belief, DEEP | dict(tuning=30)),
            Run("scikit-learn, BernoulliRBM and logistic regression", sklearn_pipeline, DEEP, "sklearn"),
            Run("logistic regression on pixels", raw_pixels, dict(limit=None), "sklearn"),
        ),
        smoke=dict(layers=[20, 20], epochs=1, tuning=1, limit=100),
    ),
)
