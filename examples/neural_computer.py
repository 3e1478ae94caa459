"""A differentiable neural computer recalls items in the order of writing, and walks through graphs.

Items, vectors of bits, are shown one after the other, and then one of them again: the network has to say what
came after it. It does so with temporal links, and fails without them. In the second task it is shown the
edges of a graph, and then follows labels from node to node. The figure shows how it uses its memory. No
weight depends on the size of the memory, so the same weights are also tried with twice as many slots.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from scipy.special import softmax

import neurosim as ns
from neurosim.learn import learned, with_learned
from neurosim.models.differentiable_neural_computer import differentiable_neural_computer
from neurosim.tasks import graph_walks, recall_in_order

ITEMS, BITS = 6, 6
NODES, LABELS, STEPS = 5, 2, 4


def recall(slots, links=True):
    return differentiable_neural_computer(BITS + 1, BITS, slots, 8, n_cells=32, links=links, output="sigmoid")


def walk(slots, links=True):
    return differentiable_neural_computer(
        2 * NODES + LABELS + 1, NODES, slots, 2 * NODES + LABELS, n_cells=48, links=links
    )


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, nargs=2, default=(6, 3), help="of the two tasks")
    parser.add_argument("--sequences", type=int, default=48_000, help="to learn from, of each task")
    parser.add_argument("--seed", type=int, default=1, help="of the sequences and the first weights")
    parser.add_argument("--figure", default=Path(__file__).with_suffix(".png"))
    args = parser.parse_args(argv)
    both, test = dict(items=ITEMS, bits=BITS), dict(sequences=1000, seed=args.seed + 1_000_000)
    seen = recall_in_order(args.sequences, **both, fewest=2, seed=args.seed)
    unseen = recall_in_order(**test, **both)
    graphs = dict(nodes=NODES, labels=LABELS, steps=STEPS)
    right, shown = {}, []
    longest = np.isfinite(unseen[1][..., 0]).sum(axis=1).argmax()
    for links in (True, False):
        label = f"items, {'with' if links else 'without'} links"
        net = train(recall(8, links), seen, "bernoulli", args.epochs[0], args.seed)
        for slots in (8, 16):
            out = right_answers(with_learned(recall(slots, links), learned(net)), unseen)
            tell(right, label, slots, out)
        shown.append((label, net, (unseen[0][longest], unseen[1][longest])))
    walks = graph_walks(args.sequences, **graphs, seed=args.seed)
    net = train(walk(12), walks, "cross_entropy", args.epochs[1], args.seed)
    unseen = graph_walks(**test, **graphs)
    for slots in (12, 24):
        tell(right, "steps on graphs", slots, right_answers(with_learned(walk(slots), learned(net)), unseen))
    shown.append(("steps on graphs", net, (unseen[0][0], unseen[1][0])))
    draw(shown, args.figure)
    return right


def train(net, sequences, loss, epochs, seed):
    """The network after learning from these sequences."""
    options = dict(epochs=epochs, batch=32, rate=5e-3, schedule="cosine", clip=1.0, seed=seed)
    return ns.train(net, {"inputs": sequences[0]}, {"out": sequences[1]}, loss=loss, **options)[0]


def right_answers(net, sequences):
    """The fraction of answers that are right: all bits of an item, or the node of the highest score."""
    out = ns.run(net, {"inputs": sequences[0]}, record=["out"])["out"]
    if sequences[1].ndim == 3:
        asked = ~np.isnan(sequences[1][..., 0])
        return np.mean(np.all((out > 0.5) == (sequences[1] > 0.5), axis=2)[asked])
    asked = sequences[1] >= 0
    return np.mean((out.argmax(axis=2) == sequences[1])[asked])


def tell(right, label, slots, fraction):
    right[label, slots] = float(fraction)
    print(f"{label}, {slots} slots: {fraction:.1%} right", flush=True)


def draw(shown, path):
    """Inputs, answers, usage, addresses and modes while each of the networks reads one sequence."""
    ratios = (3, 2, 3, 3, 3, 1.2)
    figure, axes = plt.subplots(6, len(shown), figsize=(11, 12), layout="constrained", height_ratios=ratios)
    for column, (label, net, (inputs, targets)) in zip(axes.T, shown, strict=True):
        names = ["out", "free_usage", "write_address", "reading"]
        modes = ["order_modes"] if "order" in net.parts else []
        recording = ns.run(net, {"inputs": inputs}, record=names + modes)
        out = recording["out"] if targets.ndim == 2 else softmax(recording["out"], axis=1)
        wanted = targets[:, :1] >= 0 if targets.ndim == 2 else targets[:, None] >= 0
        rows = {
            "inputs": inputs,
            "answers": np.where(wanted, out, 0),
            "usage of the slots": recording["free_usage"],
            "written": recording["write_address"],
            "read": recording["reading"][:, 0],
        }
        if modes:
            rows["mode"] = recording["order_modes"][:, 0]
        for axis, (title, values) in zip(column, rows.items(), strict=False):
            signed = values.min() < 0
            colours = dict(cmap="RdBu_r", vmin=-1) if signed else dict(cmap="Greys", vmin=0)
            axis.imshow(values.T, aspect="auto", vmax=1, **colours)
            axis.set(xticks=[], yticks=[], ylabel=title)
        if modes:
            axis.set_yticks([0, 1, 2], ["back", "content", "on"], fontsize=8)
        axis.set_xlabel("tick")
        for unused in column[len(rows) :]:
            unused.set_axis_off()
        column[0].set_title(label)
    figure.savefig(path, dpi=110)
    print(f"Figure: {path}")


if __name__ == "__main__":
    main()
