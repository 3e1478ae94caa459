"""A network looks for a digit in a larger image, a glimpse at a time, and learns from rewards where to look.

The same network whose glimpses all stay in the middle learns the same task for comparison. The figure shows
the paths of the eye on digits that it has never seen, and how many are read right after each glimpse.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import neurosim as ns
from neurosim.models.recurrent_attention import recurrent_attention

SIDE, GLIMPSES, BATCH = 28, 4, 128


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=400)
    parser.add_argument("--units", type=int, default=128, help="of the core")
    parser.add_argument("--seed", type=int, default=1, help="of first weights, places of digits and glimpses")
    parser.add_argument("--figure", default=Path(__file__).with_suffix(".png"))
    args = parser.parse_args(argv)
    digits = load_digits()
    X, unseen, y, wanted = train_test_split(
        digits.images / 16, digits.target, test_size=0.2, stratify=digits.target, random_state=0
    )
    unseen, wanted = placed(np.tile(unseen, (4, 1, 1)), np.random.default_rng(0)), np.tile(wanted, 4)
    runs = {}
    for name, fixed in (("chosen by the network", False), ("in the middle", True)):
        glimpse = dict(n_glimpses=GLIMPSES, n_scales=2, factor=4.0)  # sharp, and of the whole image
        net = recurrent_attention((SIDE, SIDE, 1), n_hidden=args.units, **glimpse)
        loss = {"out": "cross_entropy"} | ({} if fixed else {"teacher": "sent"})
        settings = dict(epochs=args.epochs, rate=3e-3, schedule="cosine", clip=1.0, seed=args.seed)
        learns = ["*seen*", "*core", "core.bias", "*out*"] if fixed else None  # all but where to look
        batches = Placed(X, y, args.seed, fixed)
        learned, _ = ns.train(net, batches, loss=loss, learns=learns, **settings)
        inputs = seen(unseen, fixed)
        runs[name] = ns.run(learned, inputs, record=["out", "place"], engine="arrays", precision="single")
    right = {
        name: np.mean(run["out"].argmax(axis=2) == wanted[:, None], axis=0) for name, run in runs.items()
    }
    for name, share in right.items():
        print(f"{share[-1]:.1%} of {len(wanted)} unseen digits are read right with glimpses {name}.")
    draw(unseen[:12], runs["chosen by the network"]["place"][:12], right, args.figure)
    return [share[-1] for share in right.values()]


def placed(images, random):
    """Each image at a random place of a larger one, with nothing around it."""
    large = np.zeros((len(images), SIDE, SIDE, 1), np.float32)
    corners = random.integers(0, SIDE - 7, (len(images), 2))
    for into, image, (row, column) in zip(large, images, corners, strict=True):
        into[row : row + 8, column : column + 8, 0] = image
    return large


def seen(images, fixed):
    """Inputs: the images at every tick, and, if glimpses are fixed, the middle as their place."""
    every = len(images), GLIMPSES
    inputs = {"image": np.broadcast_to(images[:, None], (*every, SIDE, SIDE, 1))}
    return inputs | ({"place": np.zeros((*every, 2))} if fixed else {})


class Placed:
    """Batches of images whose digits are elsewhere in every epoch, and their labels at every tick."""

    def __init__(self, images, labels, seed, fixed):
        self.images, self.labels, self.seed, self.fixed = images, labels, seed, fixed

    def __len__(self):
        return len(self.images) // BATCH

    def __call__(self, epoch):
        random = np.random.default_rng([self.seed, epoch])
        for chosen in random.permutation(len(self.images))[: len(self) * BATCH].reshape(-1, BATCH):
            labels = np.repeat(self.labels[chosen, None], GLIMPSES, axis=1)
            inputs = seen(placed(self.images[chosen], random), self.fixed)
            inputs["label"] = np.eye(10, dtype=np.float32)[labels]
            labels[:, 0] = -1  # what the first glimpse tells does not count
            yield inputs, {"out": labels}


def draw(images, places, right, path):
    """The paths of the eye, from a small dot to a large one, and the share read right after each glimpse."""
    figure = plt.figure(figsize=(11, 4.2), layout="constrained")
    left, side = figure.subfigures(1, 2, width_ratios=(2, 1))
    for ax, image, path_of in zip(left.subplots(3, 4).flat, images, places, strict=True):
        row, column = ((path_of + 1) / 2 * (SIDE - 1)).T
        ax.imshow(image[..., 0], cmap="gray_r", vmin=0, vmax=1)
        ax.plot(column, row, color="#0072B2", linewidth=1)
        ax.scatter(column, row, s=np.linspace(4, 40, len(row)), color="#0072B2", zorder=2)
        frame = np.array([[-4, 4, 4, -4, -4], [-4, -4, 4, 4, -4]])
        ax.plot(column[-1] + frame[0], row[-1] + frame[1], color="#D55E00")
        ax.set(xticks=[], yticks=[], xlim=(-0.5, SIDE - 0.5), ylim=(SIDE - 0.5, -0.5))
    left.suptitle("paths of the eye; the frame is the sharpest part of the last glimpse", size=10)
    ax = side.subplots()
    for (name, share), colour in zip(right.items(), ("#0072B2", "#999999"), strict=True):
        ax.plot(np.arange(1, len(share) + 1), 100 * share, "o-", color=colour, label=f"places {name}")
    ax.set(xlabel="glimpse", ylabel="% read right", ylim=(0, 100), xticks=np.arange(1, GLIMPSES + 1))
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False)
    figure.savefig(path, dpi=110)
    print(f"Figure: {path}")


if __name__ == "__main__":
    main()
