"""A Kohonen map of handwritten digits: 400 units on a hexagonal grid, which learn without labels.

The ten digits become regions of the map. Digits that the map has not seen are then classified by their
nearest unit.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import neurosim as ns
from neurosim.learn import KohonenMap


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--side", type=int, default=20, help="rows and columns of the map")
    parser.add_argument("--passes", type=int, default=10, help="over the images")
    parser.add_argument("--grid", choices=("rectangular", "hexagonal"), default="hexagonal")
    parser.add_argument(
        "--seed",
        type=int,
        default=1,
        help="of the order of the images, and of the choice of the test images",
    )
    parser.add_argument("--figure", default=Path(__file__).with_suffix(".png"))
    args = parser.parse_args(argv)
    X, y = load_digits(return_X_y=True)
    seen, unseen, seen_labels, unseen_labels = train_test_split(X / 16, y, random_state=args.seed, stratify=y)

    som = KohonenMap((args.side, args.side), grid=args.grid, n_iter=args.passes, random_state=args.seed)
    som.fit(seen)
    print(
        f"{len(seen)} digits on {som.weights_.shape[0]} units: "
        f"quantization error {som.quantization_error(seen):.3f}, "
        f"topographic error {som.topographic_error(seen):.3f}"
    )

    # The label of a unit is the digit that it wins most often. An unseen digit is given the label of the
    # nearest unit that has one.
    labels = som.labels(seen, seen_labels)
    labelled = np.nonzero(labels.ravel() != None)[0]  # noqa: E711
    nearest = labelled[som.transform(unseen)[:, labelled].argmin(axis=1)]
    right = np.mean(labels.ravel()[nearest] == unseen_labels)
    print(f"Right of {len(unseen)} digits it has not seen: {right:.1%}")

    # The same map as a network, whose units compete: it gets one input per tick.
    recording = ns.run(som.network_, {"inputs": unseen[:20]}, record=["map"])
    same = np.array_equal(np.asarray(recording["map"]).argmax(axis=1), som.predict(unseen[:20]))
    print(f"The network's winners for 20 of them are {'the same' if same else 'OTHERS'}.")
    draw(som, labels, args.figure)
    return som.topographic_error(seen), right, same


def draw(som, labels, path):
    """The distances between neighbouring units, and the weights of each unit as an image."""
    figure, (left, middle) = plt.subplots(
        1, 2, figsize=(13, 6.2), layout="constrained", width_ratios=(1.1, 1)
    )
    ns.figures.u_matrix(som, labels=labels, ax=left)
    left.set_title("how far each unit is from its neighbours, and the digit that it wins most")
    rows, columns = labels.shape
    # There is a line between the images, and every other row is shifted by half an image to the right.
    canvas = np.full((9 * rows, 9 * columns + 4), np.nan)
    for row, column in np.ndindex(rows, columns):
        start = 9 * column + (4 * (row % 2) if som.grid == "hexagonal" else 0)
        canvas[9 * row : 9 * row + 8, start : start + 8] = som.weights_[row * columns + column].reshape(8, 8)
    middle.imshow(canvas, cmap="gray_r", vmin=0, vmax=1)
    middle.set_title("the weights of the units")
    middle.set_axis_off()
    figure.savefig(path, dpi=110)
    print(f"Figure: {path}")


if __name__ == "__main__":
    main()
