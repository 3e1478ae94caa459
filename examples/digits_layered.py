"""Feed-forward, convolutional and residual networks learn to read handwritten digits by gradients.

The figure shows how they learn, and which of the held-out digits they misread.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import neurosim as ns
from neurosim.models.conv_net import conv_net
from neurosim.models.feed_forward import feed_forward
from neurosim.models.residual import residual

CONV = conv_net((8, 8, 1), (32, 64), padding="same", pool=(1, 2), dense=(128,), output="linear", dropout=0.5)
NETS = {  # label: network, learning rate, colour
    "feed-forward net": (feed_forward((64, 512, 256, 10), output="linear", dropout=0.4), 1e-3, "#D55E00"),
    "convolutional net": (CONV, 1e-3, "#0072B2"),
    "residual net": (residual((8, 8, 1), (16, 32), blocks=2, output="linear", dropout=0.2), 3e-3, "#009E73"),
}
SHOWN = 8  # misread digits of each network


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument(
        "--images", type=int, default=1437, help="how many of the 1437 training images to learn from"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--figure", default=Path(__file__).with_suffix(".png"))
    args = parser.parse_args(argv)
    digits = load_digits()
    X, held_out, y, truth = train_test_split(
        digits.images / 16, digits.target, test_size=0.2, stratify=digits.target, random_state=0
    )
    X, y = X[: args.images], y[: args.images]
    results = {}
    for label, (net, rate, _) in NETS.items():
        driven = next(name for name, population in net.populations.items() if population.driven)
        shown, unseen = (x.reshape(len(x), 1, *net[driven].shape) for x in (X, held_out))
        options = dict(loss="cross_entropy", rate=rate, schedule="cosine", epochs=args.epochs, seed=args.seed)
        trained, history = ns.train(net, {driven: shown}, {"out": y}, **options)
        scores = ns.run(trained, {driven: unseen}, record=["out"], engine="arrays")["out"][:, 0]
        results[label] = history, scores
        print(
            f"{label:20} reads {np.mean(scores.argmax(axis=1) == truth):6.1%} of {len(truth)} held-out "
            "digits",
            flush=True,
        )
    draw(args, results, held_out, truth)
    return {label: float(np.mean(scores.argmax(axis=1) == truth)) for label, (_, scores) in results.items()}


def draw(args, results, held_out, truth):
    """Losses against epochs, and for each network the digits that it misreads, the surest ones first."""
    figure = plt.figure(figsize=(11, 4.4), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=(2, 3))
    ax = left.subplots()
    for label, (_, _, colour) in NETS.items():
        history, _ = results[label]
        epochs = np.arange(1, len(history.loss) + 1)
        ax.semilogy(epochs, history.loss, color=colour, linewidth=1.8, label=label)
    ax.set(xlabel="epoch", ylabel="training loss (nats per digit)")
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False, fontsize=9)
    right.suptitle("misread held-out digits, and how they are read", fontsize=10)
    for part, (label, (_, scores)) in zip(right.subfigures(len(results), 1), results.items(), strict=True):
        chances = np.exp(scores - scores.max(axis=1, keepdims=True))
        read, sure = scores.argmax(axis=1), (chances / chances.sum(axis=1, keepdims=True)).max(axis=1)
        wrong = np.flatnonzero(read != truth)
        wrong = wrong[np.argsort(-sure[wrong])]
        part.suptitle(
            f"{label}: {len(wrong)} of {len(truth)}", fontsize=9, color=NETS[label][2], x=0.02, ha="left"
        )
        tiles = part.subplots(1, SHOWN)
        for tile in tiles:
            tile.axis("off")
        for tile, k in zip(tiles, wrong, strict=False):
            tile.imshow(held_out[k], cmap="gray_r")
            tile.set_title(f"{truth[k]} as {read[k]}", fontsize=8, pad=2)
    figure.savefig(args.figure, dpi=110)
    print(f"Figure: {args.figure}")


if __name__ == "__main__":
    main()
