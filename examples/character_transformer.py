"""A transformer learns to predict the next letter of Python's reference manual, and writes text of its own.

It learns from windows of many letters, all of which it predicts at once. To write, the same numbers are put
into a network that reads one letter a tick and keeps the keys and values of earlier ones. Both are made of
the same four parts: what reads, two blocks, and what speaks. The figure shows what each letter attends to.
"""

import argparse
from itertools import pairwise
from pathlib import Path
from textwrap import wrap
from time import perf_counter

import matplotlib.pyplot as plt
import numpy as np

import neurosim as ns
from neurosim.learn import learned, sample, with_learned
from neurosim.models.transformer_block import learned as learning
from neurosim.models.transformer_block import norm, transformer_block, unit
from neurosim.tasks import python_manual


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--features", type=int, default=64, help="of each letter, a multiple of 4")
    parser.add_argument("--window", type=int, default=128, help="letters that are seen together")
    parser.add_argument("--letters", type=int, default=200_000, help="of the manual, to learn from")
    parser.add_argument("--epochs", type=int, default=16)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--figure", default=Path(__file__).with_suffix(".png"))
    args = parser.parse_args(argv)
    alphabet, tokens = np.unique(list(python_manual()[: args.letters]), return_inverse=True)
    one_hot = np.eye(len(alphabet), dtype=np.float32)
    windows = np.arange(0, len(tokens) - args.window, args.window)[:, None] + np.arange(args.window)
    print(f"{len(tokens):,} letters, in {len(windows):,} windows of {args.window}")
    trained, history = ns.train(
        writer(len(alphabet), args.window, args.features),
        {"read_symbols": one_hot[tokens[windows[:, None]]]},
        {"speak_out": tokens[windows[:, None] + 1]},
        loss="cross_entropy",
        rate=4e-3,
        schedule="cosine",
        clip=float(args.window),
        epochs=args.epochs,
        batch=4,
        validation=0.1,
        seed=args.seed,
        progress="epochs",
    )
    stream = with_learned(writer(len(alphabet), args.window, args.features, stream=True), learned(trained))
    prompt = np.searchsorted(alphabet, list("The "))
    ends = dict(inputs="read_symbols", outputs="speak_out", engine="arrays")
    steps, written, seconds = args.window - len(prompt), {}, {}
    for t in (0.4, 0.8):
        begin = perf_counter()
        drawn = sample(stream, prompt, steps, temperature=t, seed=args.seed, **ends)[0]
        written[f"temperature {t}"] = "The " + "".join(alphabet[drawn])
        seconds[t] = perf_counter() - begin
    print(*(f"\n{how}:\n{what}" for how, what in written.items()), sep="\n")
    print(f"\n{1e3 * seconds[0.8] / steps:.1f} ms a letter, from the keys and values kept")
    read = tokens[-args.window - 1 : -1]
    layers = ["block_1_score", "block_2_score"]
    given = {"read_symbols": one_hot[read][None]}
    whole = ns.run(trained, given, record=[*layers, "speak_out"], engine="arrays")
    by_tick = ns.run(stream, {"read_symbols": one_hot[read]}, record=["speak_out"], engine="arrays")
    apart = float(abs(whole["speak_out"][0] - by_tick["speak_out"]).max())
    print(f"Letter by letter its scores are those of the window, but for {apart:.0e}.")
    draw(history, written, alphabet[read], [whole[name][0] for name in layers], args.figure)
    return history, written, apart


def writer(n_letters, window, features, *, stream=False):
    """A decoder made of four parts: `read`, `block_1`, `block_2` and `speak`."""
    block = transformer_block(window, features, 4, 4 * features, stream=stream)
    parts = [
        reader(n_letters, window, features, stream=stream).named("read"),
        block.named("block_1"),
        block.named("block_2"),
        speaker(n_letters, window, features, stream=stream).named("speak"),
    ]
    between = [ns.Synapses(a["out"], b["x"], wiring=ns.one_to_one()) for a, b in pairwise(parts)]
    return ns.Network(parts, between, schedule=ns.Layered())


def reader(n_letters, window, features, *, stream):
    """Letters and their places -> `out`, one vector for each letter."""
    rows, row = ((), "") if stream else ((window,), "token ")
    place = {"update": "p = where(i == t, 1, 0)"} if stream else {"update": "p = eye", "eye": np.eye(window)}
    senders = (
        (ns.Neurons("symbols", (*rows, n_letters)), "symbol"),
        (ns.Neurons("place", (*rows, window), **place), "place"),
    )
    out = ns.Neurons("out", (*rows, features), update="y = I")
    small = ns.normal(0, 0.05)
    return ns.Network(
        [learning(s, out, f"{row}{axis}, {axis} feature -> {row}feature", small) for s, axis in senders],
        schedule=ns.Layered(),
    )


def speaker(n_letters, window, features, *, stream):
    """`x` -> `out`, a score for each letter that may be the next."""
    rows, row = ((), "") if stream else ((window,), "token ")
    x, normed = ns.Neurons("x", (*rows, features)), norm("normed", (*rows, features))
    out = unit("out", (*rows, n_letters))
    return ns.Network(
        ns.Synapses(x, normed, wiring=ns.one_to_one()),
        learning(normed, out, f"{row}feature, feature symbol -> {row}symbol"),
        schedule=ns.Layered(),
    )


def draw(history, written, letters, attention, path):
    """How it learned, what it wrote, and what the last letters attend to in each head of each block."""
    figure = plt.figure(figsize=(13, 9), layout="constrained")
    above, below = figure.subfigures(2, 1, height_ratios=(2, 3))
    curve, page = above.subplots(1, 2, width_ratios=(1, 2))
    history.plot(curve).set(ylabel="nats per window", ylim=(0, None))
    lines = "\n".join(line for how, what in written.items() for line in (f"{how}:", *wrap(what, 72), ""))
    page.text(0, 1, lines, va="top", family="monospace", size=10, transform=page.transAxes)
    page.set_axis_off()
    shown = min(32, len(letters))
    words = list(letters[-shown:])
    for block, (scores, row) in enumerate(zip(attention, below.subplots(2, 4), strict=True), start=1):
        for head, (score, axis) in enumerate(zip(scores, row, strict=True), start=1):
            axis.imshow(score[-shown:, -shown:], cmap="Blues", vmin=0, vmax=0.5)
            axis.set_title(f"block {block}, head {head}", size=10)
            axis.set_xticks(range(shown), words, size=6, family="monospace")
            axis.set_yticks(range(shown), words if head == 1 else [""] * shown, size=6, family="monospace")
            axis.tick_params(length=0, pad=1)
    below.supxlabel("attends to", size=10)
    below.supylabel("letter", size=10)
    figure.savefig(path, dpi=110)
    print(f"\nFigure: {path}")


if __name__ == "__main__":
    main()
