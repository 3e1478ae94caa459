"""Spiking neurons learn to read handwritten digits by surrogate gradients.

Forward, a neuron spikes or does not; backward, its threshold is replaced by a smooth function. The pixels are
currents, and after 30 ms the class with the largest potential of the readout is the answer.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import neurosim as ns
from neurosim.models.spiking_classifier import spiking_classifier

TICKS = 30


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hidden", type=int, default=128)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1, help="of the first weights and the order of learning")
    parser.add_argument("--figure", default=Path(__file__).with_suffix(".png"))
    args = parser.parse_args(argv)
    pixels, labels = load_digits(return_X_y=True)
    currents = np.repeat(pixels[:, None] / 16, TICKS, axis=1)  # (image, tick, pixel)
    x, unseen, y, truth = train_test_split(currents, labels, test_size=0.2, stratify=labels, random_state=0)

    net = spiking_classifier(64, args.hidden, 10)
    trained, history = ns.train(
        net,
        {"inputs": x},
        {"out": y},
        loss="cross_entropy",
        rate=3e-3,
        schedule="cosine",
        clip=1.0,
        epochs=args.epochs,
        batch=32,
        validation=0.1,
        seed=args.seed,
    )
    before, after = (
        ns.run(network, {"inputs": unseen}, record=["hidden", "out"], seed=args.seed)
        for network in (net, trained)
    )
    right = [np.mean(recording["out"][:, -1].argmax(axis=1) == truth) for recording in (before, after)]
    spikes = len(after.spikes("hidden")) / len(unseen)
    print(f"Right of {len(unseen)} unseen digits: {right[0]:.1%} before, {right[1]:.1%} after learning")
    print(f"{spikes:.0f} spikes of {args.hidden} neurons per digit, {spikes / args.hidden:.1f} of each")
    draw(trained, history, after, unseen, truth, args.figure)
    return right, spikes / args.hidden


def draw(net, history, recording, unseen, truth, path):
    """Three digits, the spikes that they cause and the potentials of the readout; the course of learning."""
    figure = plt.figure(figsize=(13, 6.5), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=(3, 1))
    rows = left.subplots(3, 3, width_ratios=(1, 3, 3), squeeze=False)
    out, spikes = recording["out"], recording.spikes("hidden")
    # Neurons are sorted by the digit to which they have the largest weight.
    favourite = net["hidden_to_out"].weight.number.argmax(axis=0)
    row = np.argsort(np.argsort(favourite, kind="stable"))
    for (image, raster, potential), digit in zip(rows, (3, 6, 8), strict=True):
        trial = np.flatnonzero(truth == digit)[0]
        image.imshow(unseen[trial, 0].reshape(8, 8), cmap="gray_r")
        image.set_axis_off()
        tick, neuron = spikes.tick[spikes.trial == trial], spikes.neuron[spikes.trial == trial]
        raster.scatter(tick, row[neuron], s=3, c=favourite[neuron], cmap="tab10", vmin=0, vmax=9)
        raster.set(xlim=(-0.5, TICKS), ylim=(-1, len(row)), ylabel="neuron")
        for number, line in enumerate(out[trial].T):
            colour, width, size = plt.cm.tab10(number), *((2.5, 9) if number == digit else (1, 7))
            potential.plot(line, color=colour, linewidth=width)
            potential.text(TICKS, line[-1], number, color=colour, va="center", size=size)
        potential.set(xlim=(0, TICKS + 1), ylabel="potential")
    rows[0, 1].set_title("spikes, sorted by the digit with the largest weight")
    rows[0, 2].set_title("the readout's potentials")
    for axis in rows[-1, 1:]:
        axis.set_xlabel("time (ms)")
    history.plot(right.subplots()).set(
        ylabel="cross entropy (nats)", yscale="log", title="learning by surrogate gradients"
    )
    figure.savefig(path, dpi=110)
    print(f"Figure: {path}")


if __name__ == "__main__":
    main()
