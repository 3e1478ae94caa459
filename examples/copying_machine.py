"""A neural Turing machine learns to copy sequences of bits, and then copies sequences that are twice as long.

It is joined from a head that writes, a head that reads, and a controller, around a memory that gets more
slots after the training. An LSTM with at least as many weights learns from the same sequences. The figure
shows where the machine writes and reads, and how many bits both get right at each length.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import neurosim as ns
from neurosim.learn import learned, with_learned
from neurosim.models.lstm import lstm
from neurosim.models.neural_turing_machine import neural_turing_machine
from neurosim.tasks import copying

LENGTHS = (1, 2, 3, 5, 7, 10, 12, 15, 20)


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bits", type=int, default=8, help="of a vector")
    parser.add_argument("--sequences", type=int, default=16_000, help="of 1 to 10 vectors, to learn from")
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0, help="of the sequences and the first weights")
    parser.add_argument("--figure", default=Path(__file__).with_suffix(".png"))
    args = parser.parse_args(argv)
    small, large = (machine(args.bits, n_slots) for n_slots in (16, 32))
    print(f"The machine is joined from {len(small.parts)} parts: {', '.join(small.parts)}.")
    nets = {"neural Turing machine": small, "LSTM": lstm(args.bits + 1, 76, args.bits, output="sigmoid")}
    right = {}
    for name, net in nets.items():
        trained = train(net, args)
        if net is small:
            trained = large = with_learned(large, learned(trained))
        right[name] = np.array([share_right(trained, args.bits, length) for length in LENGTHS])
        found = ", ".join(f"{100 * x:.2f} ({n})" for n, x in zip(LENGTHS, right[name], strict=True))
        print(f"{name}: % of the bits right (of so many vectors): {found}")
    draw(large, args.bits, right, args.figure)
    return right


def machine(bits, n_slots):
    """A machine whose controller is an LSTM; no weight depends on the number of slots."""
    return neural_turing_machine(bits + 1, bits, n_slots, width=10, n_cells=64)


def train(net, args):
    inputs, targets = copying(args.sequences, bits=args.bits, seed=args.seed)
    trained, history = ns.train(
        net,
        {"inputs": inputs},
        {"out": targets},
        loss="bernoulli",
        rate=2e-3,
        schedule="cosine",
        clip=1.0,
        epochs=args.epochs,
        batch=16,
        seed=args.seed,
    )
    weights = sum(numbers.size for numbers in learned(trained).values())
    print(f"{weights} weights and biases, loss {history.loss[0]:.3f} -> {history.loss[-1]:.5f}")
    return trained


def share_right(net, bits, length):
    """The share of bits that are right in the copies of 100 sequences of this length."""
    inputs, targets = copying(100, bits=bits, shortest=length, longest=length, seed=1000 + length)
    out = ns.run(net, {"inputs": inputs}, record=["out"])["out"]
    return np.mean((out > 0.5)[:, length + 1 :] == targets[:, length + 1 :])


def draw(net, bits, right, path):
    """What goes in and comes out, where both heads are, and the bits that are right by length."""
    inputs, _ = copying(1, bits=bits, shortest=20, longest=20, seed=7)
    run = ns.run(net, {"inputs": inputs[0]}, record=["out", "write_address", "read_address"])
    figure = plt.figure(figsize=(11, 8), layout="constrained")
    ticks, lengths = figure.subfigures(1, 2, width_ratios=(3, 2))
    strips = {
        "inputs: 20 vectors and the mark": (inputs[0], "RdBu_r", -1.5, 1.5),
        "outputs": (run["out"], "Greys", 0, 1),
        "where the machine writes": (run["write_address"], "Greys", 0, 1),
        "where it reads": (run["read_address"], "Greys", 0, 1),
    }
    axes = ticks.subplots(4, 1, sharex=True, height_ratios=(1, 1, 3, 3))
    for axis, (title, (values, colours, low, high)) in zip(axes, strips.items(), strict=True):
        image = axis.imshow(
            values.T, cmap=colours, vmin=low, vmax=high, aspect="auto", interpolation="nearest"
        )
        axis.set_title(title, loc="left", size=10)
        if values.shape[1] > bits + 1:
            axis.set_ylabel("slot")
            ticks.colorbar(image, ax=axis, label="weight")
        else:
            axis.set_yticks([])
    axes[-1].set_xlabel("tick")
    ticks.align_ylabels(axes)
    axis = lengths.subplots()
    for name, shares in right.items():
        axis.plot(LENGTHS, 100 * shares, "o-", label=name)
    axis.axvspan(0.5, 10.5, color="0.92", zorder=0, label="lengths learned from")
    axis.set(xlabel="vectors in a sequence", ylabel="% of the bits right", ylim=(45, 101))
    axis.set_xticks([1, 5, 10, 15, 20])
    axis.legend(loc="lower left")
    figure.savefig(path, dpi=110)
    print(f"Figure: {path}")


if __name__ == "__main__":
    main()
