"""How many patterns a Hopfield network can store: four learning rules and a modern Hopfield network.

More and more random patterns are stored, and recalled from the patterns themselves and from noisy copies.
Hebb's rule breaks down at 0.138 patterns per neuron; the other rules store more.
"""

import argparse
import warnings
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.exceptions import ConvergenceWarning

from neurosim.learn import HopfieldMemory, ModernHopfieldMemory

CRITICAL = 0.138  # patterns per neuron, of Hebb's rule in large networks (Amit, Gutfreund & Sompolinsky 1985)
LOADS = (0.02, 0.05, 0.08, 0.11, 0.13, 0.15, 0.18, 0.22, 0.27, 0.33, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
MEMORIES = {  # label, colour, width of the line
    "Hebb": (HopfieldMemory("hebb", sweeps=30), "#D55E00", 1.4),
    "Storkey": (HopfieldMemory("storkey", sweeps=30), "#E69F00", 1.4),
    "perceptron, margin 0.5": (HopfieldMemory("perceptron", margin=0.5, sweeps=30), "#009E73", 3),
    "pseudo-inverse": (HopfieldMemory("pseudo_inverse", sweeps=30), "#0072B2", 1.4),
    "modern Hopfield net": (ModernHopfieldMemory("binary"), "0.85", 8),
}


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--neurons", type=int, default=200)
    parser.add_argument("--loads", type=float, nargs="+", default=LOADS, help="patterns per neuron")
    parser.add_argument(
        "--noise", type=float, default=0.1, help="the fraction of units that are flipped in the noisy copies"
    )
    parser.add_argument(
        "--recalled",
        type=int,
        default=30,
        help="the largest number of patterns that are recalled at each load",
    )
    parser.add_argument(
        "--nets",
        type=int,
        default=3,
        help="the number of networks, each with patterns of its own; the median is drawn",
    )
    parser.add_argument("--seed", type=int, default=1, help="of patterns, noise and the order of the updates")
    parser.add_argument("--figure", default=Path(__file__).with_suffix(".png"))
    args = parser.parse_args(argv)
    # By start (the pattern itself or a noisy copy), rule, load and network.
    overlaps = np.zeros((2, len(MEMORIES), len(args.loads), args.nets))
    for net in range(args.nets):
        random = np.random.default_rng([args.seed, net])
        for column, load in enumerate(args.loads):
            shape = max(1, round(load * args.neurons)), args.neurons  # (pattern, neuron)
            patterns = random.choice([-1.0, 1.0], shape)
            wanted = patterns[: args.recalled]
            flipped = random.random(wanted.shape).argsort(axis=1) < round(args.noise * args.neurons)
            for rule, (memory, *_) in enumerate(MEMORIES.values()):
                if isinstance(memory, HopfieldMemory):
                    memory.set_params(random_state=net)
                with warnings.catch_warnings():
                    # The learning of too many patterns does not converge, which the figure should show.
                    warnings.simplefilter("ignore", ConvergenceWarning)
                    memory.fit(patterns)
                    overlaps[0, rule, column, net] = memory.score(wanted)
                    overlaps[1, rule, column, net] = memory.score(np.where(flipped, -wanted, wanted), wanted)
    median = np.median(overlaps, axis=-1)
    for label, start, noisy in zip(MEMORIES, *median, strict=True):
        held = [
            max([load for load, overlap in zip(args.loads, row, strict=True) if overlap > 0.95], default=0)
            for row in (start, noisy)
        ]
        print(
            f"{label:24}overlap above 0.95 up to {held[0]:4} patterns per neuron; "
            f"from {args.noise:.0%} noise {held[1]:4}"
        )
    draw(median, args)
    return dict(zip(MEMORIES, median.swapaxes(0, 1), strict=True))


def draw(median, args):
    """Overlap against load, from the patterns themselves and from noisy copies."""
    figure, axes = plt.subplots(1, 2, figsize=(10, 4), sharey=True, layout="constrained")
    titles = ("from the patterns themselves", f"from copies with {args.noise:.0%} of the units flipped")
    for ax, rules, title in zip(axes, median, titles, strict=True):
        ax.axvline(CRITICAL, color="0.7", linestyle=":", linewidth=1.2)
        for (label, (_, colour, width)), overlap in zip(MEMORIES.items(), rules, strict=True):
            ax.plot(
                args.loads,
                overlap,
                marker="o",
                markersize=width + 2,
                linewidth=width,
                color=colour,
                label=label,
                zorder=3 - width / 10,
            )
        ax.set(xlabel="patterns per neuron", title=title, ylim=(0, 1.05), xlim=(0, max(args.loads) + 0.02))
        ax.spines[["top", "right"]].set_visible(False)
    axes[0].set_ylabel(f"overlap with the pattern, {args.neurons} neurons")
    axes[0].text(CRITICAL + 0.01, 0.04, "0.138", color="0.5")
    axes[1].legend(loc="lower left", fontsize=9, edgecolor="none", borderpad=0.2)
    figure.savefig(args.figure, dpi=110)
    print(f"Figure: {args.figure}")


if __name__ == "__main__":
    main()
