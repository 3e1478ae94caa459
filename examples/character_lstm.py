"""An LSTM learns to predict the next letter of Python's reference manual, and then writes text of its own.

It writes by drawing letters at two temperatures, and by searching for the likeliest line with many beams. The
figure shows a cell that counts the letters of a word, and how surprising each letter is to the network.
"""

import argparse
from pathlib import Path
from textwrap import wrap

import matplotlib.pyplot as plt
import numpy as np
from scipy.special import softmax

import neurosim as ns
from neurosim.learn import beam_search, sample
from neurosim.models.lstm import lstm
from neurosim.tasks import python_manual


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=int, default=128)
    parser.add_argument("--letters", type=int, default=200_000, help="of the manual, to learn from")
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--beams", type=int, default=20)
    parser.add_argument(
        "--seed", type=int, default=1, help="of the first weights, the order of learning, and what is drawn"
    )
    parser.add_argument("--figure", default=Path(__file__).with_suffix(".png"))
    args = parser.parse_args(argv)
    text = python_manual()[: args.letters]
    alphabet = sorted(set(text))
    one_hot = np.eye(len(alphabet), dtype=np.float32)
    number = {letter: k for k, letter in enumerate(alphabet)}
    tokens = np.array([number[letter] for letter in text[: (len(text) - 1) // 64 * 64 + 1]])
    inputs, targets = one_hot[tokens[:-1].reshape(-1, 64)], tokens[1:].reshape(-1, 64)
    print(f"{len(text):,} letters, in {len(inputs):,} pieces of 64")
    trained, history = ns.train(
        lstm(len(alphabet), args.cells, len(alphabet)),
        {"inputs": inputs},
        {"out": targets},
        loss="cross_entropy",
        rate=1e-2,
        schedule="cosine",
        clip=1.0,
        epochs=args.epochs,
        batch=16,
        validation=0.1,
        seed=args.seed,
    )
    prompt = [number[letter] for letter in "The "]
    drawn = {}
    for t in (0.4, 0.8):
        drawn[f"temperature {t}"] = sample(trained, prompt, 450, temperature=t, seed=args.seed)[0]
    likeliest, chance = beam_search(trained, prompt, 120, beams=args.beams)
    drawn[f"the likeliest of {args.beams} beams"] = likeliest[0]
    written = {how: "The " + "".join(alphabet[token] for token in line) for how, line in drawn.items()}
    print(*(f"\n{how}:\n{what}" for how, what in written.items()), sep="\n")
    recording = ns.run(trained, {"inputs": one_hot[tokens[-301:]]}, record=["cells.c", "out"])
    surprise = -np.log2(softmax(recording["out"], axis=1)[np.arange(300), tokens[-300:]])
    letters, states = [alphabet[token] for token in tokens[-301:]], np.tanh(recording["cells.c"])
    draw(history, written, letters, states, surprise, args.figure)
    return history, written, chance


def draw(history, written, read, states, surprise, path):
    """How it learned, what it wrote, one of its cells while it reads, and the surprise at each letter."""
    figure = plt.figure(figsize=(13, 8), layout="constrained")
    above, below = figure.subfigures(2, 1, height_ratios=(6, 5))
    curve, page = above.subplots(1, 2, width_ratios=(1, 2))
    history.plot(curve).set(ylabel="nats per letter", ylim=(0, None))
    lines = "\n".join(line for how, what in written.items() for line in (f"{how}:", *wrap(what, 80), ""))
    page.text(0, 1, lines, va="top", family="monospace", size=10, transform=page.transAxes)
    page.set_axis_off()
    spaces = [tick * (letter == " ") for tick, letter in enumerate(read)]
    since = np.arange(301) - np.maximum.accumulate(spaces)  # letters since the last space
    cell = np.argmax([abs(np.corrcoef(content, since)[0, 1]) for content in states.T])
    counting = f"cell {cell} while the network reads: it counts the letters of each word"
    strips = (
        (states[1:, cell], counting, "RdBu_r", -1.3, 1.3),
        (surprise, "how surprising each letter is to the network, from 0 to 8 bits", "Oranges", 0, 8),
    )
    for axis, (values, title, colours, low, high) in zip(below.subplots(2, 1), strips, strict=True):
        axis.imshow(values.reshape(3, 100), aspect="auto", cmap=colours, vmin=low, vmax=high)
        for tick, letter in enumerate(read[1:]):
            axis.text(tick % 100, tick // 100, letter, ha="center", va="center", family="monospace", size=9)
        axis.set(title=title, xticks=[], yticks=[])
    figure.savefig(path, dpi=110)
    print(f"\nFigure: {path}")


if __name__ == "__main__":
    main()
