"""Dates in words are translated into numbers, by a network with attention and by one without.

6000 sentences to learn from, and 1000 whose dates do not occur among these. A sentence counts as right if
the network, which hears only what it wrote itself, writes the whole date and its end. The seed draws the
dates, the first weights and the order of learning.
"""

from __future__ import annotations

from time import perf_counter
from typing import Any

import numpy as np
from bench import MEMORY, Benchmark, Column, Run

LONGEST, WRITTEN, SYMBOLS = 14, 11, "0123456789-."


def one_hot(sentences: list[str], words: tuple[str, ...], last: bool = False) -> np.ndarray:
    """Sentences (sentence, tick, word), at the beginning of the time to read, or (`last`) at its end."""
    read = np.zeros((len(sentences), LONGEST + WRITTEN, len(words)), np.uint8)
    for row, sentence in zip(read, sentences, strict=True):
        numbers = [words.index(word) for word in sentence.split()]
        begin = LONGEST - len(numbers) if last else 0
        row[np.arange(begin, begin + len(numbers)), numbers] = 1
    return read


def symbols(dates: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """What to write at each tick, -1 for nothing, and what is heard of it a tick later, as one-hot."""
    wanted = np.full((len(dates), LONGEST + WRITTEN), -1)
    for row, date in zip(wanted, dates, strict=True):
        row[LONGEST : LONGEST + len(date) + 1] = [SYMBOLS.index(symbol) for symbol in f"{date}."]
    before = np.roll(wanted, 1, axis=1)
    return wanted, np.where(before[..., None] >= 0, np.eye(len(SYMBOLS))[before], 0).astype(np.uint8)


def translated(
    n: int, seed: int, engine: str, attention: bool = True, count: int = 6000, epochs: int = 5
) -> dict[str, Any]:
    import neurosim as ns
    from neurosim.learn import closed_loop
    from neurosim.models.attention_translator import attention_translator
    from neurosim.models.encoder_decoder import encoder_decoder
    from neurosim.tasks import spoken_dates

    sentences, dates, words = spoken_dates(count + 1000, seed=seed)
    read = one_hot(sentences, words, last=not attention)
    wanted, heard = symbols(dates)
    end = np.eye(len(SYMBOLS), dtype=np.uint8)[-1]
    inputs = {"inputs": read, "said": heard}
    net = encoder_decoder(len(words), n, len(SYMBOLS), ticks=LONGEST)
    if attention:
        heard[:, : LONGEST + 1] = end
        backwards = np.concatenate([read[:, LONGEST - 1 :: -1], read[:, LONGEST:]], axis=1)
        inputs = {"words": read, "words_reversed": backwards, "said": heard}
        net = attention_translator(len(words), len(SYMBOLS), n, ticks=LONGEST)
    begin = perf_counter()
    trained, _ = ns.train(
        net, {name: x[:count] for name, x in inputs.items()}, {"out": wanted[:count]}, loss="cross_entropy",
        epochs=epochs, batch=64, rate=5e-3, schedule="cosine", clip=1.0, seed=seed, progress=False,
    )  # fmt: skip
    seconds = perf_counter() - begin
    unseen = {name: x[count:].astype(float) for name, x in inputs.items()}
    unseen["said"][:, LONGEST + 1 :] = np.nan  # from here on it hears what it wrote
    free = closed_loop(trained, "best", inputs="said") if attention else trained
    out = ns.run(free, unseen, record=["out"], engine="arrays", progress=False)["out"]
    right = np.all((out.argmax(axis=-1) == wanted[count:]) | (wanted[count:] < 0), axis=1)
    return {"seconds": seconds, "right": 100 * float(right.mean())}


BENCHMARKS = (
    Benchmark(
        "translated_dates",
        "Dates in words translated into numbers",
        "99 % of whole sentences",
        "Sentences of 2 to 14 words; the network without attention hears them in as many ticks.",
        (Column("seconds", "s to learn", 1), Column("right", "% right of 1000", 2), MEMORY),
        (
            Run("neurosim, attention, 48 units each", translated, dict(n=48)),
            Run(
                "neurosim, encoder and decoder without, 96 units each",
                translated,
                dict(n=96, attention=False),
            ),
        ),
        smoke=dict(n=6, count=64, epochs=1),
    ),
)
