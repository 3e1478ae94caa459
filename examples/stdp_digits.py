"""Spiking neurons learn handwritten digits by STDP, without labels, as those of Diehl & Cook 2015.

Each image is a pattern of random spikes, the more the darker a pixel is. Each neuron comes to respond to one
way of writing a digit. Then labels are looked at for the first time: each neuron is named after the digit to
which it responded most. An unseen image is the digit whose neurons spike most on average.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split

import neurosim as ns
from neurosim.models.competitive_stdp import competitive_stdp
from neurosim.readout.encodings import poisson
from neurosim.units import ms

TICKS, SPIKES = 150, 35  # how long an image is shown, and the mean number of spikes of a black pixel


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--neurons", type=int, default=200)
    parser.add_argument("--passes", type=int, default=3, help="over the images that are learned")
    parser.add_argument("--digits", type=int, default=1797, help="use so many images")
    parser.add_argument("--rule", default="instar", help="of learning: instar, power, pairs")
    parser.add_argument("--lateral", default="direct", help="how neurons inhibit others: direct, paired")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--engine", default="auto")
    parser.add_argument("--figure", default=Path(__file__).with_suffix(".png"))
    args = parser.parse_args(argv)
    pixels, labels = load_digits(return_X_y=True)
    settings = dict(neurons=args.neurons, rule=args.rule, lateral=args.lateral, engine=args.engine)
    found = read(pixels[: args.digits], labels[: args.digits], args.passes, args.seed, **settings)
    right, readout = found["right"], found["readout"]
    print(f"Right of {len(found['truth'])} unseen digits: {right:.1%} by the names of the neurons that spike")
    print(f"{readout:.1%} by a classifier that reads their spike counts, and learned from the labels")
    print(f"{found['spikes']:.1f} spikes of {args.neurons} neurons per image")
    draw(found["weights"], found["named"], found["answer"], found["truth"], args.figure)
    return found


def read(pixels, labels, passes, seed, *, neurons, engine, **model):
    """Learn three quarters of the images, name the neurons, and read the other images."""
    model |= dict(n_inputs=64, n_neurons=neurons, period=TICKS * ms)
    images = SPIKES * np.minimum(4.9 * pixels / pixels.mean(axis=1, keepdims=True) / 16, 1)  # alike bright
    seen, unseen, names, truth = train_test_split(
        images, labels, test_size=0.25, stratify=labels, random_state=seed
    )
    weights, theta = learn(competitive_stdp(**model), seen, passes, seed, engine)
    trained = competitive_stdp(**model | dict(rate=0, weights=weights, theta=theta))
    known, new = (responses(trained, part, 1000 + seed + n, engine) for n, part in enumerate((seen, unseen)))
    means = np.array([known[names == digit].mean(axis=0) for digit in range(10)])  # (digit, neuron)
    named = np.where(means.any(axis=0), means.argmax(axis=0), -1)
    votes = [new[:, named == digit].sum(axis=1) / max(1, np.sum(named == digit)) for digit in range(10)]
    answer = np.argmax(votes, axis=0)
    readout = LogisticRegression(max_iter=2000).fit(known, names).score(new, truth)
    numbers = dict(right=np.mean(answer == truth), readout=readout, spikes=new.sum(axis=1).mean())
    return numbers | dict(weights=weights, named=named, answer=answer, truth=truth)


def learn(net, images, passes, seed, engine):
    """Weights (neuron, pixel) and thresholds after `passes` over all images, each in a random order."""
    random = np.random.default_rng(seed)
    order = np.concatenate([random.permutation(len(images)) for _ in range(passes)])
    shown = poisson(images[order][None], TICKS, seed=seed)  # one trial with all images
    record = {"cells.theta": TICKS}
    recording = ns.run(
        net, {"inputs": shown}, ticks=TICKS * len(order), record=record, seed=seed, engine=engine
    )
    return recording.matrix("up")[0], recording["cells.theta"][0, -1]


def responses(net, images, seed, engine):
    """How often each neuron spikes at each image, (image, neuron); each image is a trial."""
    shown = poisson(images[:, None], TICKS, seed=seed)
    recording = ns.run(net, {"inputs": shown}, ticks=TICKS, record=["cells"], engine=engine)
    spikes, counts = recording.spikes("cells"), np.zeros((len(images), net["cells"].size))
    np.add.at(counts, (spikes.trial, spikes.neuron), 1)
    return counts


def draw(weights, named, answer, truth, path):
    """The weights of the neurons, sorted by their names, and which digits are taken for which."""
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(13, 7.3), layout="constrained", width_ratios=(1.15, 1)
    )
    order = np.argsort(named, kind="stable")
    columns = int(np.ceil(np.sqrt(len(order) * 1.1)))
    rows = -(-len(order) // columns)
    canvas = np.full((9 * rows + 1, 9 * columns + 1), np.nan)
    for place, neuron in enumerate(order):
        y, x = (1 + 9 * k for k in divmod(place, columns))
        canvas[y : y + 8, x : x + 8] = weights[neuron].reshape(8, 8)
        if place == 0 or named[neuron] != named[order[place - 1]]:
            left.text(
                x, y + 1.8, f"{named[neuron]}".replace("-1", "none"), color="tab:red", size=9, weight="bold"
            )
    left.imshow(canvas, cmap="gray_r", vmin=0, vmax=np.quantile(weights, 0.99))
    left.set_title("weights of each neuron, sorted by name (red, at the first of a name)")
    left.set_axis_off()
    table = np.zeros((10, 10), int)
    np.add.at(table, (truth, answer), 1)
    right.imshow(table, cmap="Blues")
    for y, x in zip(*np.nonzero(table), strict=True):
        colour = "white" if table[y, x] > table.max() / 2 else "black"
        right.text(x, y, table[y, x], ha="center", va="center", color=colour)
    right.set(xlabel="answer", ylabel="digit", xticks=range(10), yticks=range(10))
    right.set_title(f"{np.mean(answer == truth):.1%} of {len(truth)} unseen images are right")
    figure.savefig(path, dpi=110)
    print(f"Figure: {path}")


if __name__ == "__main__":
    main()
