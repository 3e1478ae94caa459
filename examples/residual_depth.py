"""How deep can a network be and still learn? Plain and residual networks read handwritten digits.

They have the same layers and the same initial weights; the residual ones also have shortcuts.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import neurosim as ns
from neurosim.models.residual import residual

COLOURS = plt.get_cmap("viridis_r")


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--depths",
        type=int,
        nargs="+",
        default=[4, 10, 20, 50],
        help="layers of weights, even numbers from 4",
    )
    parser.add_argument("--width", type=int, default=32, help="units of each layer")
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument(
        "--rates",
        type=float,
        nargs="+",
        default=[1e-3],
        help="learning rates, of which each network uses the best",
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--figure", default=Path(__file__).with_suffix(".png"))
    args = parser.parse_args(argv)
    pixels, labels = load_digits(return_X_y=True)
    split = train_test_split(pixels[:, None] / 16, labels, test_size=0.2, stratify=labels, random_state=0)

    curves = {}  # (depth, shortcut) -> the loss of each epoch
    right = {}
    for shortcut in (False, True):
        for depth in args.depths:
            curves[depth, shortcut], right[depth, shortcut] = best(args, depth, shortcut, *split)
            name = f"{'residual' if shortcut else 'plain'} network of {depth} layers"
            loss, share = curves[depth, shortcut][-1], right[depth, shortcut]
            print(
                f"{name:34} training loss {loss:.3f}, {share:6.1%} of the held-out digits right", flush=True
            )
    draw(args, curves, right)
    return curves, right


def best(args, depth, shortcut, X, held_out, y, truth):
    """The losses with the best learning rate, and the fraction of the held-out digits that are read right."""
    net = residual(64, args.width, 10, blocks=(depth - 2) // 2, shortcut=shortcut, output="linear")
    settings = {"loss": "cross_entropy", "epochs": args.epochs, "seed": args.seed, "clip": 1.0}
    results = [ns.train(net, {"inputs": X}, {"out": y}, rate=rate, **settings) for rate in args.rates]
    trained, history = min(results, key=lambda result: result[1].loss[-1])
    scores = ns.run(trained, {"inputs": held_out}, record=["out"], engine="arrays")["out"][:, 0]
    return np.asarray(history.loss), float(np.mean(scores.argmax(axis=1) == truth))


def draw(args, curves, right):
    """Losses against epochs of the plain networks and of the residual ones, on one scale."""
    figure, panels = plt.subplots(1, 2, figsize=(9.5, 4), sharex=True, sharey=True, layout="constrained")
    shades = dict(zip(args.depths, COLOURS(np.linspace(0.15, 1, len(args.depths))), strict=True))
    for ax, shortcut, title in zip(
        panels, (False, True), ("plain networks", "residual networks"), strict=True
    ):
        for depth in args.depths:
            label = f"{depth} layers: {right[depth, shortcut]:.1%} right"
            epochs = np.arange(1, args.epochs + 1)
            ax.semilogy(epochs, curves[depth, shortcut], color=shades[depth], linewidth=1.8, label=label)
        ax.axhline(np.log(10), color="0.6", linewidth=0.8, linestyle=":")
        ax.set_title(title, fontsize=11)
        ax.set_xlabel("epoch")
        ax.spines[["top", "right"]].set_visible(False)
        ax.legend(frameon=False, fontsize=9, title="held-out digits", title_fontsize=9, alignment="left")
    panels[0].set_ylabel("training loss (nats per digit)")
    panels[0].annotate(
        "guessing",
        (args.epochs, np.log(10)),
        (0, 3),
        textcoords="offset points",
        ha="right",
        fontsize=8,
        color="0.4",
    )
    figure.savefig(args.figure, dpi=110)
    print(f"Figure: {args.figure}")


if __name__ == "__main__":
    main()
