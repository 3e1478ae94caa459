"""A dynamic neural Turing machine learns to store values under keys, and to recall them.

It learns with heads that take all slots to some degree, and then works with heads that take a single slot,
too. Its controller alone, with twice as many cells, learns from the same sequences. The figure shows which
slots the machine writes into when it is told a pair, and which ones it reads when it is asked for a key.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import neurosim as ns
from neurosim.learn import learned, with_learned
from neurosim.models.dynamic_turing_machine import dynamic_turing_machine
from neurosim.models.gru import gru
from neurosim.tasks import recall


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bits", type=int, default=6, help="of a key, and of a value")
    parser.add_argument("--pairs", type=int, default=6, help="of a key and a value in a sequence")
    parser.add_argument("--cells", type=int, default=32, help="of the controller")
    parser.add_argument("--sequences", type=int, default=5000, help="to learn from")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0, help="of the sequences and the first weights")
    parser.add_argument("--figure", default=Path(__file__).with_suffix(".png"))
    args = parser.parse_args(argv)
    soft = train(machine(args), args)
    hard = with_learned(machine(args, hard=True), learned(soft))
    alone = train(gru(2 * args.bits + 1, 2 * args.cells, args.bits, output="sigmoid"), args)
    right = {
        name: share_right(net, args)
        for name, net in {"all slots": soft, "a single slot": hard, "no memory": alone}.items()
    }
    for name, share in right.items():
        print(f"{100 * share:6.2f} % of the values recalled with {name}")
    draw(soft, hard, right, args)
    return right


def machine(args, hard=False):
    sizes = dict(n_slots=2 * args.pairs, width=16, n_cells=args.cells)
    return dynamic_turing_machine(2 * args.bits + 1, args.bits, **sizes, hard=hard)


def train(net, args):
    inputs, targets = recall(args.sequences, bits=args.bits, pairs=args.pairs, seed=args.seed)
    trained, history = ns.train(
        net,
        {"inputs": inputs},
        {"out": targets},
        loss="bernoulli",
        rate=3e-3,
        schedule="cosine",
        clip=1.0,
        epochs=args.epochs,
        batch=16,
        seed=args.seed,
    )
    weights = sum(numbers.size for numbers in learned(trained).values())
    print(f"{weights} weights and biases, loss {history.loss[0]:.3f} -> {history.loss[-1]:.5f}")
    return trained


def share_right(net, args):
    """The share of values all of whose bits are right, in 500 other sequences."""
    inputs, targets = recall(500, bits=args.bits, pairs=args.pairs, seed=args.seed + 1000)
    out = ns.run(net, {"inputs": inputs}, record=["out"])["out"]
    return np.mean(np.all((out > 0.5) == (targets > 0.5), axis=2)[:, args.pairs :])


def draw(soft, hard, right, args):
    """The pairs and the keys of a sequence, and where both heads are, for both kinds of heads."""
    inputs, _ = recall(1, bits=args.bits, pairs=args.pairs, seed=args.seed + 2000)
    heads = {"writes": "write_address", "reads": "read_address"}
    figure, axes = plt.subplots(
        3, 2, figsize=(10, 8), sharex=True, height_ratios=(1.5, 2, 2), layout="constrained"
    )
    for (above, *below), net, name in zip(axes.T, (soft, hard), ("all slots", "a single slot"), strict=True):
        run = ns.run(net, {"inputs": inputs[0]}, record=list(heads.values()))
        above.imshow(inputs[0].T, cmap="RdBu_r", vmin=-1.5, vmax=1.5, aspect="auto")
        above.set_title(f"heads take {name}: {100 * right[name]:.1f} % recalled", size=11)
        above.set_yticks(
            [args.bits / 2 - 0.5, 1.5 * args.bits - 0.5, 2 * args.bits], ["key", "value", "mark"]
        )
        for axis, (verb, address) in zip(below, heads.items(), strict=True):
            image = axis.imshow(run[address].T, cmap="Greys", vmin=0, vmax=1, aspect="auto")
            axis.set(title=f"where it {verb}", ylabel="slot")
        below[-1].set_xlabel(f"tick (pairs until {args.pairs - 1}, then keys)")
    figure.colorbar(image, ax=axes[1:], label="weight")
    figure.savefig(args.figure, dpi=110)
    print(f"Figure: {args.figure}")


if __name__ == "__main__":
    main()
