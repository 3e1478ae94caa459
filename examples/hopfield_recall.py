"""A Hopfield network recalls handwritten digits from noisy copies.

Three digits are stored. From a noisy digit the network lowers its energy until nothing changes any more.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits

import neurosim as ns
from neurosim.models.hopfield import hopfield


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", type=int, nargs="+", default=[4, 5, 7], help="which digits")
    parser.add_argument("--noise", type=float, default=0.2, help="the fraction of pixels that are flipped")
    parser.add_argument("--probes", type=int, default=100, help="the number of noisy digits")
    parser.add_argument("--sweeps", type=int, default=30, help="the largest number of sweeps")
    parser.add_argument("--seed", type=int, default=1, help="of the noise, and of the order of the updates")
    parser.add_argument("--figure", default=Path(__file__).with_suffix(".png"))
    args = parser.parse_args(argv)
    # The first ten images are 0 to 9; (pattern, neuron).
    patterns = np.where(load_digits().data[args.store] >= 8, 1, -1)
    random = np.random.default_rng(args.seed)
    stored = np.arange(args.probes) % len(patterns)
    # The same number of pixels of each digit.
    flipped = random.random((args.probes, 64)).argsort(axis=1) < round(64 * args.noise)
    noisy = np.where(flipped, -1, 1) * patterns[stored]

    # The first sweep sets the cells to the noisy digit; NaN leaves them free in all that follow.
    clamp = np.full((args.probes, args.sweeps, 64), np.nan)  # (trial, tick, neuron)
    clamp[:, 0] = noisy
    net = hopfield(patterns)
    recording = ns.run(net, {"cells": clamp}, record=["cells.s"], until="stable", seed=args.seed)
    states = np.asarray(recording["cells.s"])  # (trial, tick, neuron)
    weights = ns.hebbian(patterns).matrix()
    energy = -0.5 * np.einsum("tki,ij,tkj->tk", states, weights, states)

    right = (states[:, -1] == patterns[stored]).all(axis=1)
    rises = np.diff(energy, axis=1) > 1e-9
    print(
        f"{args.probes} digits with {np.sum(flipped[0])} of 64 pixels flipped; "
        f"after {recording.ticks - 1} sweeps: {recording.stopped}"
    )
    print(
        f"Recalled without a wrong pixel: {right.mean():.0%}. "
        f"Energy: {energy[:, 0].mean():.1f} at first, {energy[:, -1].mean():.1f} at the end"
    )
    print(f"The energy rose in {np.sum(rises)} of {rises.size} sweeps.")
    draw(patterns, stored, states, energy, right, args.figure)
    return right.mean(), energy


def draw(patterns, stored, states, energy, right, path):
    """Stored, noisy and recalled digits, and the energy of every probe, sweep by sweep."""
    figure = plt.figure(figsize=(11, 3.8), layout="constrained")
    left, rest = figure.subfigures(1, 2, width_ratios=(3, 2))
    shown = np.arange(min(6, len(stored)))
    rows = {"stored": patterns[stored[shown]], "noisy": states[shown, 0], "recalled": states[shown, -1]}
    for line, (name, images) in zip(left.subplots(3, len(shown), squeeze=False), rows.items(), strict=True):
        line[0].set_ylabel(name)
        for ax, image, well in zip(line, images, right[shown], strict=True):
            colours = "gray_r" if well or name != "recalled" else "Oranges"
            ax.imshow(image.reshape(8, 8), cmap=colours, vmin=-1, vmax=1)
            ax.set(xticks=[], yticks=[])
    ax = rest.subplots()
    kinds = ((True, "#0072B2", "recalled"), (False, "#D55E00", "ended elsewhere"))
    for answer, colour, label in kinds:
        lines = ax.plot(energy[right == answer].T, color=colour, linewidth=0.8, alpha=0.6)
        if lines:
            lines[0].set_label(f"{label}: {len(lines)}")
    ax.set(xlabel="sweeps", ylabel="energy", xticks=range(energy.shape[1]), title="the energy of every probe")
    ax.legend()
    figure.savefig(path, dpi=110)
    print(f"Figure: {path}")


if __name__ == "__main__":
    main()
