"""A network separates the angle, the size and the position of handwritten digits from what is written.

It is a deep convolutional inverse graphics network, trained on groups of images that differ in only one of
these properties. The figure shows digits that it draws again with one part of their code changed.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import neurosim as ns
from neurosim import tasks
from neurosim.models.inverse_graphics import inverse_graphics

NAMES = ("angle (degrees)", "size", "position (pixels)")
GROUP = 10  # images in a group
CODES = 15  # the first three codes are for the factors, the others for what is written
# Which codes may vary in groups that differ in factor 0, 1 or 2, or in what is written (3).
VARY = np.vstack([np.eye(3, CODES), np.arange(CODES) > 2])


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--groups", type=int, default=3000, help="of images, to learn from")
    parser.add_argument("--epochs", type=int, default=8, help="of learning")
    parser.add_argument("--seed", type=int, default=1, help="of images and learning")
    parser.add_argument("--figure", default=Path(__file__).with_suffix(".png"))
    args = parser.parse_args(argv)
    seen = tasks.posed_digits(args.groups, images=GROUP, digits=slice(1400), seed=args.seed)
    images, vary = seen.images[:, None, ..., None], VARY[seen.differs][:, None]  # (trial, tick, ...)
    net = inverse_graphics((16, 16, 1), CODES, group=GROUP, channels=(8, 16), cost=1.0)
    learned, _ = ns.train(
        net,
        {"image": images, "vary": vary},
        {"out": images},
        loss={"out": gaussian, "kl": "sent", "still": "sent"},
        epochs=args.epochs,
        batch=4,
        rate=3e-3,
        schedule="cosine",
        seed=args.seed,
    )

    # Digits that it has never seen, in which everything differs; `mean` is their code without noise.
    unseen = tasks.posed_digits(100, images=GROUP, digits=slice(1400, None), together=True, seed=args.seed)
    inputs = {"image": unseen.images[:, None, ..., None], "vary": np.ones((100, 1, CODES))}
    codes = ns.run(learned, inputs, record=["mean"])["mean"].reshape(-1, CODES)
    factors = unseen.factors.reshape(-1, 3)
    explained = np.corrcoef(codes.T, factors.T)[:CODES, CODES:] ** 2  # (code, factor)
    for k, name in enumerate(NAMES):
        others = np.delete(explained[:, k], k).max()
        print(f"{name:18} its own code explains {explained[k, k]:.0%} of it, any other at most {others:.0%}")
    large = np.flatnonzero(factors[:, 1] > 1.2)[:3]
    draw(learned, unseen.images.reshape(-1, 16, 16)[large], codes, factors, codes[large], args.figure)
    return explained


def gaussian(sent, target):
    """The negative log likelihood of images, shape (trial, tick), up to a constant.

    Each pixel is normal around what the network sends, with a standard deviation of 0.1.
    """
    return ((sent - target) ** 2).sum(axis=(2, 3, 4, 5)) / (2 * 0.1**2)


def draw(net, images, codes, factors, coded, path):
    """For each factor: its code against it, and three unseen digits drawn again with that code varied."""
    figure = plt.figure(figsize=(12, 7.6), layout="constrained")
    steps = np.linspace(2, 98, 9)
    for part, (k, name) in zip(figure.subfigures(3, 1), enumerate(NAMES), strict=True):
        left, right = part.subfigures(1, 2, width_ratios=(2.6, 10))
        ax = left.subplots()
        ax.plot(factors[:, k], codes[:, k], ".", color="#0072B2", markersize=2.5, alpha=0.5)
        ax.set(xlabel=name, ylabel=f"code {k + 1}")
        ax.spines[["top", "right"]].set_visible(False)
        clamp = np.zeros((3, 1, GROUP, CODES))  # codes that are clamped, one digit in each trial
        clamp[:, 0, : len(steps)] = coded[:, None]
        clamp[:, 0, : len(steps), k] = np.percentile(codes[:, k], steps)
        inputs = {"image": np.zeros((3, 1, GROUP, 16, 16, 1)), "vary": np.zeros((3, 1, CODES)), "code": clamp}
        drawn = ns.run(net, inputs, record=["out"])["out"][:, 0, : len(steps), :, :, 0]
        tiles = right.subplots(3, len(steps) + 1)
        for row, seen, made in zip(tiles, images, drawn, strict=False):
            for ax, image in zip(row, [seen, *made], strict=True):
                ax.imshow(image, cmap="gray_r", vmin=0, vmax=1)
                ax.set(xticks=[], yticks=[])
        tiles[0, 0].set_title("seen", fontsize=9)
        tiles[0, 5].set_title(f"drawn again, code {k + 1} varied", fontsize=9)
    figure.savefig(path, dpi=110)
    print(f"Figure: {path}")


if __name__ == "__main__":
    main()
