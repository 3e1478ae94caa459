"""Handwritten digits, classified with hidden layers that are not trained, and without hidden layers.

The hidden layers are random units (an extreme learning machine) and units that respond near a centre (radial
basis functions). The perceptron and the delta rule have no hidden layer.
"""

import argparse
import warnings
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split

from neurosim.learn import DeltaRuleClassifier, ExtremeLearningClassifier, Perceptron, RadialBasisClassifier

HIDDEN = {  # label, colour
    "radial basis functions, k-means": (RadialBasisClassifier(), "n_centres", "#0072B2"),
    "radial basis functions, random rows": (RadialBasisClassifier(centres="data"), "n_centres", "#56B4E9"),
    "extreme learning machine": (ExtremeLearningClassifier(), "n_hidden", "#D55E00"),
}
PLAIN = {"perceptron": (Perceptron(max_iter=50), ":"), "delta rule": (DeltaRuleClassifier(max_iter=50), "--")}


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--sizes", type=int, nargs="+", default=[10, 20, 50, 100, 200, 500, 1000], help="of the hidden layer"
    )
    parser.add_argument(
        "--splits", type=int, default=5, help="how many random splits, 80 %% of the digits to learn from"
    )
    parser.add_argument("--seed", type=int, default=1, help="of the splits and of the hidden layers")
    parser.add_argument("--figure", default=Path(__file__).with_suffix(".png"))
    args = parser.parse_args(argv)
    pixels, labels = load_digits(return_X_y=True)
    wrong = {label: [] for label in (*HIDDEN, *PLAIN)}  # label -> (split, size), or (split,)
    for split in range(args.splits):
        X, held_out, y, truth = train_test_split(
            pixels / 16, labels, test_size=0.2, random_state=args.seed + split
        )
        with warnings.catch_warnings():
            # Planes cannot separate all digits, so more passes would not help.
            warnings.simplefilter("ignore", ConvergenceWarning)
            for label, (network, _) in PLAIN.items():
                wrong[label].append(
                    1 - network.set_params(random_state=split).fit(X, y).score(held_out, truth)
                )
        for label, (network, size, _) in HIDDEN.items():
            grown = [
                network.set_params(random_state=split, **{size: n}).fit(X, y).score(held_out, truth)
                for n in args.sizes
            ]
            wrong[label].append([1 - right for right in grown])
    wrong = {label: np.mean(shares, axis=0) for label, shares in wrong.items()}
    for label, shares in wrong.items():
        print(f"{label:38}{np.ravel(shares)[-1]:6.1%} of the held-out digits wrong")

    shown = RadialBasisClassifier(40, random_state=args.seed).fit(pixels / 16, labels)
    print(shown.network_)  # as any network: it can be run, recorded and drawn
    draw(args, wrong, shown)
    return wrong


def draw(args, wrong, shown):
    """Errors against the size of the hidden layer, and the centres of 40 radial units by their digit."""
    figure = plt.figure(figsize=(11, 4.2), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=(3, 2.4))
    ax = left.subplots()
    for label, (_, _, colour) in HIDDEN.items():
        ax.loglog(args.sizes, 100 * wrong[label], marker="o", markersize=4, color=colour, label=label)
    for label, (_, line) in PLAIN.items():
        ax.axhline(
            100 * wrong[label], color="0.4", linestyle=line, linewidth=1.2, label=f"{label}, no hidden layer"
        )
    ax.set(
        xlabel="hidden units",
        ylabel="held-out digits read wrong (%)",
        xticks=args.sizes,
        xticklabels=args.sizes,
    )
    ax.set_yticks([1, 2, 5, 10, 20, 50], ["1", "2", "5", "10", "20", "50"])
    ax.minorticks_off()
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False, fontsize=9)
    answers = shown.decision_function(shown.centres_).argmax(axis=1)
    right.suptitle("the centres of 40 radial units, and how each is read", fontsize=10)
    for tile, unit in zip(right.subplots(5, 8).ravel(), np.argsort(answers, kind="stable"), strict=True):
        tile.imshow(shown.centres_[unit].reshape(8, 8), cmap="gray_r")
        tile.set_title(answers[unit], fontsize=8, pad=2)
        tile.axis("off")
    figure.savefig(args.figure, dpi=110)
    print(f"Figure: {args.figure}")


if __name__ == "__main__":
    main()
