"""Evolution, without any gradient, finds a Turing machine that copies sequences of bits.

Each trial of a run is a machine with weights of its own, its genome, so that a whole generation is one run.
An evolution strategy moves a parent towards the children that copy best. What it finds is a program: evolved
with short sequences, it also copies ones that are twenty times as long.
"""

import argparse
from functools import cache
from pathlib import Path
from time import perf_counter

import matplotlib.pyplot as plt
import numpy as np

import neurosim as ns
from neurosim.models.evolvable_turing_machine import evolvable_turing_machine

SPREAD, RATE = 0.3, 0.1  # of the children's genes around their parent's; how far the parent moves
PATIENCE = 120  # generations in which the error must fall by 40 %; otherwise evolution begins anew


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bits", type=int, default=2, help="of each vector of a sequence")
    parser.add_argument("--longest", type=int, default=5, help="sequence in evolution, in vectors")
    parser.add_argument("--children", type=int, default=128, help="in a generation, an even number")
    parser.add_argument("--sequences", type=int, default=8, help="that each child copies")
    parser.add_argument("--generations", type=int, default=4000, help="at most")
    parser.add_argument("--tested", type=int, default=100, help="length of the sequences of the test")
    parser.add_argument("--slots", type=int, help="of the memory; by default it grows as far as needed")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--engine", default="arrays")
    parser.add_argument("--figure", default=Path(__file__).with_suffix(".png"))
    args = parser.parse_args(argv)
    begin = perf_counter()
    parent, errors, parents = evolve(args)
    seconds = perf_counter() - begin
    speed = len(errors) * args.children / seconds
    print(
        f"{len(errors)} generations of {parents} parents in {seconds:.0f} s: "
        f"{speed:.0f} genomes a second, each on {args.sequences} sequences"
    )
    random, wrong = np.random.default_rng(args.seed + 1000), {}
    for length in (args.longest, args.tested):
        inputs, wanted = copying(random, 100, length, args.bits, room=length, exactly=True)
        out = behaviour(parent[None], inputs, args)[0]
        wrong[length] = float(np.mean((out > 0.5) != wanted, where=~np.isnan(wanted)))
        print(f"{wrong[length]:.2%} of the bits wrong in 100 new sequences of {length} vectors")
    length = 2 * args.longest
    draw(copying(random, 1, length, args.bits, room=length, exactly=True)[0], parent, errors, args)
    return wrong, errors, speed


def evolve(args):
    """A parent whose children copy, the mean error of the children of each generation, and how many parents.

    An evolution strategy: children are the parent plus normal steps and minus the same ones; the parent moves
    by the mean of the steps, weighted by the ranks of their children (with Adam's rule for how far).
    """
    random, errors, parents, age, goal = np.random.default_rng(args.seed), [], 0, 0, 0.0
    n_genes = machine(args.bits, args.longest, args.slots)["genome"].size
    while len(errors) < args.generations and (not errors or np.mean(errors[-10:]) > 0.01):
        if age % PATIENCE == 0:
            if not errors or np.mean(errors[-10:]) > goal:  # another parent
                parent, first, second = random.normal(0, 0.5, n_genes), 0.0, 0.0
                parents, age, goal = parents + 1, 0, 0.25  # the error of a machine that always says 1/2
            goal *= 0.6
        age += 1
        steps = random.normal(size=(args.children // 2, n_genes))
        steps = np.concatenate([steps, -steps])
        inputs, wanted = copying(random, args.sequences, args.longest, args.bits, room=args.longest)
        out = behaviour(parent + SPREAD * steps, inputs, args)
        error = np.nanmean((out - wanted) ** 2, axis=(1, 2, 3))
        errors.append(error.mean())
        rank = error.argsort().argsort() / (args.children - 1) - 0.5  # -0.5 is the best
        slope = rank @ steps / args.children
        first, second = 0.9 * first + 0.1 * slope, 0.99 * second + 0.01 * slope**2
        parent -= RATE * first / (1 - 0.9**age) / np.sqrt(second / (1 - 0.99**age))
    return parent, errors, parents


def copying(random, count, longest, bits, room, exactly=False):
    """Sequences of 1 to `longest` vectors of bits, or `exactly` so many, and what to answer (NaN: nothing).

    Shapes (sequence, tick, bits with start and end marks) and (sequence, tick, bits), in both of which a
    sequence of `room` vectors has room.
    """
    inputs = np.zeros((count, 2 * room + 2, bits + 2), np.float32)
    wanted = np.full((count, 2 * room + 2, bits), np.nan)
    for row, answer in zip(inputs, wanted, strict=True):
        length = longest if exactly else random.integers(1, longest + 1)
        row[0, bits] = row[length + 1, bits + 1] = 1
        row[1 : length + 1, :bits] = random.random((length, bits)) < 0.5
        answer[length + 2 : 2 * length + 2] = row[1 : length + 1, :bits]
    return inputs, wanted


@cache
def machine(bits, room, slots=None):
    """A machine whose memory can hold a sequence of `room` vectors and the marks, or `slots` vectors."""
    return evolvable_turing_machine(bits + 2, bits, slots or room + 3, bits + 1)


def behaviour(genomes, inputs, args, record="out"):
    """What machines with these genomes do on each of the inputs, shape (genome, sequence, tick, ...)."""
    sequences, ticks, width = inputs.shape
    net = machine(width - 2, ticks // 2 - 1, args.slots)
    each = np.repeat(genomes.astype(np.float32), sequences, axis=0)[:, None]
    given = {"inputs": np.tile(inputs, (len(genomes), 1, 1)), "genome": np.repeat(each, ticks, axis=1)}
    options = dict(engine=args.engine, precision="single", progress=False)
    sent = ns.run(net, given, record=[record], **options)[record]
    return sent.reshape(len(genomes), sequences, *sent.shape[1:])


def draw(inputs, parent, errors, args):
    """How the children learned, and what the parent does with one sequence."""
    figure, axes = plt.subplot_mosaic(
        [["learned", "sees"], ["learned", "head"], ["learned", "says"]],
        figsize=(12, 5.5), layout="constrained", width_ratios=(2, 3),
    )  # fmt: skip
    axes["learned"].plot(errors, lw=0.8)
    axes["learned"].set(xlabel="generation", ylabel="mean squared error of the children", ylim=(0, None))
    out, head = (behaviour(parent[None], inputs, args, name)[0, 0] for name in ("out", "head"))
    out = np.where(np.arange(len(out))[:, None] < len(out) // 2 + 1, np.nan, out)
    panels = (
        ("sees", inputs[0], "what it sees: bits, start mark, end mark"),
        ("head", head[:, head.any(axis=0)], "where its head is: slots of the memory"),
        ("says", out, "what it says after the end mark"),
    )
    for name, values, title in panels:
        axes[name].imshow(values.T, aspect="auto", cmap="Greys", vmin=0, vmax=1, interpolation="none")
        axes[name].set(title=title, xticks=range(0, len(values), 2), yticks=[])
    axes["says"].set_xlabel("tick")
    figure.savefig(args.figure, dpi=110)
    print(f"Figure: {args.figure}")


if __name__ == "__main__":
    main()
