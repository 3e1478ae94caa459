"""Dates in words become numbers: "the third of march nineteen ninety two" becomes 1992-03-03.

A network with attention learns it from sentences of many forms and lengths. Then it translates dates that it
has not seen, symbol by symbol, from what it wrote itself. The figure shows where it looks while it writes.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import neurosim as ns
from neurosim.learn import beam_search, closed_loop, sample
from neurosim.models.attention_translator import attention_translator
from neurosim.tasks import spoken_dates

WORDS = spoken_dates(1).words
SYMBOLS = "0123456789-."  # the full stop marks the end
LONGEST, WRITTEN = 14, 11  # words of a sentence, symbols of a date with its full stop


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sentences", type=int, default=6000, help="to learn from")
    parser.add_argument("--cells", type=int, default=48)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--tested", type=int, default=1000, help="sentences with dates that were not learned")
    parser.add_argument("--beams", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1, help="of sentences, first weights, order of learning")
    parser.add_argument("--figure", default=Path(__file__).with_suffix(".png"))
    args = parser.parse_args(argv)
    sentences, dates, _ = spoken_dates(args.sentences + args.tested, seed=args.seed)
    cut = args.sentences
    trained, history = learn(sentences[:cut], dates[:cut], args.cells, args.epochs, args.seed)
    tested, wanted = sentences[cut:], dates[cut:]
    wrote = translate(trained, tested)
    right = float(np.mean(np.array(wrote) == wanted))
    print(f"{right:.1%} of {len(tested)} sentences with new dates are translated without a fault:")
    for sentence, date, mine in list(zip(tested, wanted, wrote, strict=True))[:8]:
        print(f"  {sentence} -> {mine}{'' if mine == date else f' instead of {date}'}")
    by_length = sorted(tested, key=lambda sentence: len(sentence.split()))
    found = search(trained, by_length[-1], args.beams)
    print(f"The likeliest translations of '{by_length[-1]}':")
    for date, chance in found:
        print(f"  {date} {chance:.4f}")
    american = max(tested, key=lambda text: (text.find(" the ") > 2, len(text)))  # june the first ...
    draw(trained, [by_length[-1], american, by_length[0]], history, args.figure)
    return history, right, found


def read(sentences):
    """What the network reads of sentences, one word a tick."""
    words = np.zeros((len(sentences), LONGEST, len(WORDS)), np.uint8)
    for row, sentence in zip(words, sentences, strict=True):
        for tick, word in enumerate(sentence.split()):
            row[tick, WORDS.index(word)] = 1
    return {"words": words, "words_reversed": words[:, ::-1]}


def silent_after(inputs):
    """The same inputs, with zeros while the network writes."""
    return {name: np.pad(x, ((0, 0), (0, WRITTEN), (0, 0))) for name, x in inputs.items()}


def learn(sentences, dates, n_cells, epochs, seed):
    """The network that learned from these sentences and dates, and the history of its training."""
    net = attention_translator(len(WORDS), len(SYMBOLS), n_cells, ticks=LONGEST)
    targets = np.full((len(dates), LONGEST + WRITTEN), -1)
    for row, date in zip(targets, dates, strict=True):
        row[LONGEST : LONGEST + len(date) + 1] = [SYMBOLS.index(symbol) for symbol in f"{date}."]
    before = np.roll(targets, 1, axis=1)  # each right symbol is heard one tick after it should be named
    before[before < 0] = SYMBOLS.index(".")
    inputs = silent_after(read(sentences))
    inputs["said"] = np.eye(len(SYMBOLS), dtype=np.uint8)[before]
    return ns.train(
        net, inputs, {"out": targets}, loss="cross_entropy", rate=5e-3, schedule="cosine", clip=1.0, batch=64,
        epochs=epochs, seed=seed,
    )  # fmt: skip


def translate(net, sentences):
    """What the network writes about these sentences, taking its likeliest symbol each time."""
    prompt = [SYMBOLS.index(".")] * (LONGEST + 1)
    drawn = sample(
        net, prompt, WRITTEN, temperature=0, trials=len(sentences), given=read(sentences), inputs="said"
    )
    return [as_date(row) for row in drawn]


def search(net, sentence, beams):
    """The likeliest translations of a sentence and their probabilities."""
    end = SYMBOLS.index(".")
    texts, log_p = beam_search(
        net, [end] * (LONGEST + 1), WRITTEN, beams=beams, end=end, given=read([sentence]), inputs="said"
    )
    return [(as_date(text), float(np.exp(p))) for text, p in zip(texts, log_p, strict=True)]


def as_date(symbols):
    """What was written before the full stop."""
    return "".join(SYMBOLS[symbol] for symbol in symbols).split(".")[0]


def draw(net, shown, history, path):
    """How it learned, and where it looks while it writes: a row for each symbol, a column for each word."""
    free = closed_loop(net, "best", inputs="said")
    figure, axes = plt.subplots(2, 2, figsize=(12, 8.5), layout="constrained", width_ratios=(14, 9))
    for axis, sentence in zip(axes.ravel(), shown, strict=False):
        said = np.full((1, LONGEST + WRITTEN, len(SYMBOLS)), np.nan)
        said[:, : LONGEST + 1] = np.eye(len(SYMBOLS))[SYMBOLS.index(".")]
        inputs = silent_after(read([sentence]))
        recording = ns.run(free, inputs | {"said": said}, record=["alignment", "out"])
        written = as_date(recording["out"][0, LONGEST:].argmax(axis=1))
        words = sentence.split()
        looked = recording["alignment"][0, LONGEST : LONGEST + len(written), : len(words)]
        axis.imshow(looked, cmap="Blues", vmin=0, vmax=1)
        axis.set_xticks(range(len(words)), words, rotation=40, ha="left")
        axis.set_yticks(range(len(written)), written, family="monospace")
        axis.tick_params(top=True, bottom=False, labeltop=True, labelbottom=False, length=0)
    history.plot(axes[1, 1]).set(ylabel="nats per symbol", yscale="log")
    figure.suptitle("Where the decoder looks (columns) while it writes each symbol (rows)")
    figure.savefig(path, dpi=110)
    print(f"Figure: {path}")


if __name__ == "__main__":
    main()
