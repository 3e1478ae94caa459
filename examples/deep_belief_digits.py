"""A deep belief network learns handwritten digits, layer by layer, and then generates new ones.

Its two uppermost layers wander through the states that they have learned, and each state is drawn down to the
pixels.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits

import neurosim as ns
from neurosim.learn import DeepBelief, RestrictedBoltzmann

ROWS, COLUMNS = 6, 10


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=200, help="of learning, for each layer")
    parser.add_argument(
        "--layers", type=int, nargs="+", default=[128, 128], help="hidden units, from the pixels upwards"
    )
    parser.add_argument("--sweeps", type=int, default=500, help="of generating digits")
    parser.add_argument("--seed", type=int, default=1, help="of learning and generating")
    parser.add_argument("--figure", default=Path(__file__).with_suffix(".png"))
    args = parser.parse_args(argv)
    images = (load_digits().data > 8).astype(np.float32)  # (sample, pixel)

    machine = RestrictedBoltzmann(
        persistent=True,
        steps=5,
        n_chains=100,
        learning_rate=0.1,
        schedule="linear",
        batch_size=20,
        n_iter=args.epochs,
    )
    learned = DeepBelief(args.layers, machine=machine, random_state=args.seed).fit(images)
    first = learned.machines_[0]
    print(
        f"The first layer alone: {first.score(images):.2f} nats per image; "
        f"64 independent pixels: {independent(images):.2f}."
    )

    # Each trial generates one sequence of digits. The input to a pixel and its bias give the probability that
    # it is on.
    every = max(1, args.sweeps // COLUMNS)
    record = {"visible": every, "visible.I": every}
    generated = ns.run(learned.network_, ticks=every * COLUMNS, trials=ROWS, record=record, seed=args.seed)
    pixels = 1 / (1 + np.exp(-(generated["visible.I"] + first.intercept_visible_)))  # (trial, sample, pixel)
    of_generated = distance(generated["visible"].reshape(-1, 64), images)
    of_chance = distance(np.random.default_rng(0).random((300, 64)) < images.mean(axis=0), images)
    print(
        f"Pixels that differ from the nearest digit seen: {of_generated:.1f} in a generated one, "
        f"{of_chance:.1f} where every pixel is drawn by itself."
    )
    draw(images, first, pixels, args.figure)
    return of_generated, of_chance


def independent(images):
    """The mean log likelihood of the images under a model of independent pixels."""
    p = (images.sum(axis=0) + 1) / (len(images) + 2)
    return np.mean(images @ np.log(p) + (1 - images) @ np.log(1 - p))


def distance(examples, images):
    """The number of pixels in which an example differs from the nearest image, on average."""
    return np.mean([np.abs(one - images).sum(axis=1).min() for one in examples])


def draw(images, first, pixels, path):
    """Digits that were seen, weights of the first layer, and generated digits, one sequence in each row."""
    figure = plt.figure(figsize=(12, 4.3), layout="constrained")
    parts = figure.subfigures(1, 3, width_ratios=(6, 6, 10))
    weights = first.components_[np.argsort(-np.abs(first.components_).sum(axis=1))][:36]
    most = np.abs(weights).max()
    mosaic(parts[0], images[:36], 6, "seen", cmap="gray_r", vmin=0, vmax=1)
    mosaic(parts[1], weights, 6, "weights of the first layer", cmap="RdBu_r", vmin=-most, vmax=most)
    title = "generated: a sequence in each row, time to the right"
    mosaic(parts[2], pixels.reshape(-1, 64), COLUMNS, title, cmap="gray_r", vmin=0, vmax=1)
    figure.savefig(path, dpi=110)
    print(f"Figure: {path}")


def mosaic(part, images, columns, title, **how):
    """Images side by side, in so many columns."""
    part.suptitle(title)
    for ax, image in zip(part.subplots(-(-len(images) // columns), columns).flat, images, strict=False):
        ax.imshow(image.reshape(8, 8), **how)
        ax.set(xticks=[], yticks=[])


if __name__ == "__main__":
    main()
