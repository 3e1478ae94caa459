"""A liquid state machine reads handwritten digits.

Each image is fed column by column, as spikes, into 384 spiking neurons, and a linear readout classifies the
digits by the number of spikes of each neuron. The run is recorded to a file and replayed from it.
"""

import argparse
import tempfile
import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import ConfusionMatrixDisplay
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import neurosim as ns
from neurosim import readout, tasks
from neurosim.models.liquid import liquid

COLUMN = 80  # ticks of 0.1 ms: a column of an image lasts 8 ms, the image 64 ms


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--digits", type=int, help="the number of images, at least 40 (default: all 1797)")
    parser.add_argument(
        "--seed", type=int, default=1, help="of the liquid, and of the split into training and test images"
    )
    parser.add_argument("--to", help="path of the recording (default: it is deleted at the end)")
    parser.add_argument("--figure", default=Path(__file__).with_suffix(".png"))
    args = parser.parse_args(argv)
    # Neuron r sends the spikes of row r of the images.
    images, labels, spikes = tasks.digits(COLUMN, count=args.digits)
    with tempfile.TemporaryDirectory() as folder:
        path, begin = Path(args.to or f"{folder}/digits.h5"), time.perf_counter()
        ns.run(
            liquid(8, (8, 6, 8), scale=1.5),
            {"inputs": spikes},
            ticks=8 * COLUMN,
            record=["inputs", "liquid"],
            seed=args.seed,
            to=path,
        ).close()
        recorded, replay = time.perf_counter(), ns.replay(path)
        replayed = time.perf_counter()
        print(f"Recorded in {recorded - begin:.0f} s, replayed in {replayed - recorded:.0f} s. {replay}")
        with ns.open(path) as recording:
            return replay, classify(recording, images, labels, args.seed, args.figure)


def classify(recording, images, labels, seed, figure):
    """Print how well a linear readout classifies the digits from the liquid and from other features."""
    train, test = train_test_split(np.arange(len(labels)), stratify=labels, random_state=seed)
    features = {
        "spike counts of the 8 inputs": readout.features(recording, "inputs", "counts"),
        "spike counts of the liquid": readout.features(recording, "liquid", "counts"),  # (image, neuron)
        "spike counts of each input in each column": readout.features(recording, "inputs", "counts", bins=8),
        "the 64 pixels": images.reshape(len(images), -1),
    }
    linear = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=1000))
    named = {view: linear.fit(x[train], labels[train]).predict(x[test]) for view, x in features.items()}
    x, shuffled = (
        features["spike counts of the liquid"],
        np.random.default_rng(seed).permutation(labels[train]),
    )
    named["the liquid, training labels shuffled"] = linear.fit(x[train], shuffled).predict(x[test])
    right = {view: float(np.mean(answer == labels[test])) for view, answer in named.items()}
    print(f"Right of {len(test)} test images, after {len(train)} training images:")
    print("\n".join(f"{share:8.1%}  {view}" for view, share in right.items()))
    draw(recording, labels, test, named["spike counts of the liquid"], figure)
    return right


def draw(recording, labels, test, named, path):
    """One image of each class as the inputs and the liquid represent it, and which digits are confused."""
    left, right = plt.figure(figsize=(15, 7), layout="constrained").subfigures(1, 2, width_ratios=(9, 5))
    axes = left.subplots(4, 5, sharex=True, height_ratios=(1, 2, 1, 2))
    for digit in range(10):
        column = axes[digit // 5 * 2 :, digit % 5][:2]
        for name, ylabel, ax in zip(("inputs", "liquid"), ("row", "neuron"), column, strict=True):
            ns.figures.raster(recording, name, trial=test[labels[test] == digit][0], ax=ax).set_ylabel(ylabel)
            ax.label_outer()
        column[0].set_title(digit)
        column[0].invert_yaxis()  # row 0 of an image is its top
    ConfusionMatrixDisplay.from_predictions(
        labels[test], named, ax=right.subplots(), cmap="Blues", colorbar=False
    )
    right.axes[0].set(
        title=f"{np.mean(named == labels[test]):.1%} of the test images are right",
        xlabel="classified as",
        ylabel="digit",
    )
    left.figure.savefig(path, dpi=110)
    print(f"Figure: {path}")


if __name__ == "__main__":
    main()
