"""Energy-based networks on scikit-learn's 8 x 8 digits, and the encoder of the first Boltzmann machine.

Settings were chosen on training data alone. scikit-learn's BernoulliRBM learns by persistent contrastive divergence with one sweep; it gets the
same data and as many epochs.
"""

from __future__ import annotations

from time import perf_counter
from typing import Any

import numpy as np
from bench import MEMORY, Benchmark, Column, Run

HELD_OUT = 500


def binary_digits(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Images of 64 pixels, 1 where brighter than half: to learn from, and 500 that are held out."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    images = (load_digits().data / 16 > 0.5).astype(np.float32)
    return train_test_split(images, test_size=HELD_OUT, random_state=seed)


def judged(numbers: tuple[np.ndarray, ...], images: np.ndarray, base: np.ndarray, seed: int) -> dict[str, float]:
    """The mean log likelihood by annealing (100 chains, 5000 temperatures), and for up to 16 hidden units how far it is from the exact one."""
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
        hidden, persistent=True, steps=5, n_chains=100, learning_rate=0.2, schedule="linear", weight_decay=1e-3, batch_size=20, n_iter=epochs,
        random_state=seed,
    )  # fmt: skip
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


def epoch(samples: int, batch: int, precision: str, peer: bool, seed: int, engine: str = "") -> dict[str, Any]:
    """Seconds of an epoch of 784 x 500: the quicker of two fits of one epoch each, and how far the data's energy fell below that of chance."""
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
    return {"seconds": min(times), "bias": float(machine.intercept_visible_[-100:].mean() - machine.intercept_visible_[:100].mean())}


def encoder_connections(machines: int) -> np.ndarray:
    """Which units of so many 4-2-4 encoders are joined: all visible units stand first, machine by machine, then all hidden ones.

    The four units of V1 are joined with each other, so are those of V2, and all eight with both hidden units; V1 and V2 are not joined.
    """
    unit = np.r_[np.tile(np.arange(8), machines), np.tile([8, 9], machines)]
    machine = np.r_[np.repeat(np.arange(machines), 8), np.repeat(np.arange(machines), 2)]
    group = np.select([unit < 4, unit < 8], [0, 1], 2)
    joined = (group[:, None] == group[None]) & (group[:, None] < 2) | ((group[:, None] == 2) ^ (group[None] == 2))
    return joined & (machine[:, None] == machine[None]) & ~np.eye(len(unit), dtype=bool)


def encoders_that_work(weights: np.ndarray, biases: np.ndarray, machines: int) -> np.ndarray:
    """Whether each machine, by the exact distribution of its 1024 states, completes all four patterns and has four codes for them.

    With a unit of V1 on alone, the likeliest state of V2 must be the same unit on alone; and with that pattern on V1 and V2 the likeliest states of
    the two hidden units must be four different ones.
    """
    states = ((np.arange(1024)[:, None] >> np.arange(10)) & 1).astype(float)
    number = {part: states[:, part] @ 2.0 ** np.arange(part.stop - part.start) for part in (slice(0, 4), slice(4, 8), slice(8, 10))}
    v1, v2, h = (part.astype(int) for part in number.values())
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
    learner = BoltzmannMachine(2 * machines, connections=encoder_connections(machines), **ENCODER, engine=engine, random_state=seed)
    begin, learned_at = perf_counter(), np.full(machines, np.inf)
    while learner.n_cycles_ < cycles if hasattr(learner, "n_cycles_") else True:
        learner.partial_fit(X)
        if learner.n_cycles_ % 10 == 0:
            works = encoders_that_work(learner.weights_, learner.biases_, machines)
            learned_at[works & np.isinf(learned_at)] = learner.n_cycles_
            if np.isfinite(learned_at).all():
                break
    found = learned_at[np.isfinite(learned_at)]
    return {
        "seconds": perf_counter() - begin, "learned": 100.0 * len(found) / machines, "median": float(np.median(found)) if len(found) else None,
        "most": float(found.max()) if len(found) else None,
    }  # fmt: skip


def nudged(images: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The images and these moved by one pixel in the four directions: five times the data."""
    grid = np.pad(images.reshape(-1, 8, 8), ((0, 0), (1, 1), (1, 1)))
    moved = [grid[:, 1 + down : 9 + down, 1 + right : 9 + right] for down, right in ((0, 0), (1, 0), (-1, 0), (0, 1), (0, -1))]
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


ENCODER: dict[str, Any] = {}
