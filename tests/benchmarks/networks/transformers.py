"""Transformers: letters of real text beside an LSTM with as many parameters, digits put in order, and letters
written one by one with the keys and values of earlier letters kept.

The text is Python's reference manual, of which the last tenth is held out. Each epoch begins its pieces of
text at other letters, and both networks see the same letters as often. The LSTM reads the held-out text in
one run from beginning to end; the transformer reads it in windows that overlap by half, so that every letter
that counts has at least 64 before it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from time import perf_counter, process_time
from typing import Any

import numpy as np
from bench import MEMORY, Benchmark, Column, Run

WINDOW = 128  # letters that the transformer sees together
PIECE = 64  # letters of a piece that the LSTM learns from
DIGITS = 8


def text(letters: int | None = None) -> tuple[np.ndarray, np.ndarray, int]:
    """Letters to learn from and held-out ones as numbers, and how many different ones there are."""
    from neurosim.tasks import python_manual

    alphabet, tokens = np.unique(list(python_manual()[:letters]), return_inverse=True)
    cut = len(tokens) * 9 // 10
    return tokens[:cut], tokens[cut:], len(alphabet)


def train(
    net: Any, batches: Callable[[int], Iterator[Any]], updates: int, epochs: int, seed: int, **given: Any
) -> Any:  # fmt: skip
    """The trained network; the rate rises for a twentieth of the updates and falls to 0 as a cosine."""
    import optax

    import neurosim as ns

    rate = given.pop("rate")
    schedule = optax.warmup_cosine_decay_schedule(rate / 50, rate, max(updates // 20, 1), updates)
    return ns.train(
        net,
        batches,
        loss="cross_entropy",
        schedule=schedule,
        epochs=epochs,
        seed=seed,
        progress=False,
        **given,
    ).network


def characters(
    kind: str, epochs: int, seed: int, engine: str,
    letters: int | None = None, cells: int = 128, features: int = 64,
) -> dict[str, Any]:  # fmt: skip
    """Seconds of learning, and bits per held-out letter, of an LSTM or a transformer."""
    from neurosim.learn import learned
    from neurosim.models.lstm import lstm
    from neurosim.models.transformer import transformer

    read, unseen, n = text(letters)
    at_once = kind == "transformer"
    if at_once:
        net, length, size, rate, clip = transformer(WINDOW, n, features), WINDOW, 8, 4e-3, float(WINDOW)
    else:
        net, length, size, rate, clip = lstm(n, cells, n), PIECE, 16, 1e-2, 1.0
    per_epoch = max(((len(read) - 1) // length - 1) // size, 1)

    def batches(epoch: int) -> Iterator[Any]:
        random = np.random.default_rng([seed, epoch])
        first = random.integers(0, length)
        starts = random.permutation(np.arange(first, len(read) - length, length))
        for k in range(per_epoch):
            places = starts[k * size : (k + 1) * size, None] + np.arange(length)
            yield _example(read[places], read[places + 1], n, at_once)

    begin = process_time()
    trained = train(net, batches, epochs * per_epoch, epochs, seed, rate=rate, clip=clip)
    seconds = process_time() - begin
    if at_once:
        starts = np.arange(0, len(unseen) - WINDOW, WINDOW // 2)
        places, counted = starts[:, None] + np.arange(WINDOW), slice(WINDOW // 2, None)
    else:
        places, counted = np.arange(len(unseen) - 1)[None], slice(None)
    bits = surprise(trained, unseen[places], unseen[places + 1], n, at_once)[:, counted]
    count = sum(value.size for value in learned(net).values())
    return {"seconds": seconds, "bits": float(bits.mean()), "parameters": count}


def _example(inputs: np.ndarray, targets: np.ndarray, n: int, at_once: bool) -> tuple[Any, Any]:
    """Inputs and targets of a batch (trial, letter): in one tick for a transformer, else letter by letter."""
    one_hot = np.eye(n, dtype=np.float32)[inputs]
    if at_once:
        return {"symbols": one_hot[:, None]}, {"out": targets[:, None]}
    return {"inputs": one_hot}, {"out": targets}


def surprise(net: Any, inputs: np.ndarray, targets: np.ndarray, n: int, at_once: bool) -> np.ndarray:
    """-log2 of the probability of each letter, (trial, letter)."""
    from scipy.special import log_softmax

    import neurosim as ns

    given, _ = _example(inputs, targets, n, at_once)
    scores = ns.run(net, given, record=["out"], engine="arrays", precision="single", progress=False)["out"]
    log_p = log_softmax(np.asarray(scores).reshape(*targets.shape, n), axis=-1)
    return -np.take_along_axis(log_p, targets[..., None], -1)[..., 0] / np.log(2)


def sorting(updates: int, seed: int, engine: str, features: int = 32) -> dict[str, Any]:
    """Digits that are given in any order and written in theirs: how many rows are right as a whole.

    It learns from pairs, and writes free-running: each digit it writes is its next input, one a tick.
    """
    from neurosim.learn import learned, sample, with_learned
    from neurosim.models.transformer import transformer

    one_hot, size = np.eye(11, dtype=np.float32), 64
    sizes = dict(n_tokens=2 * DIGITS, n_symbols=11, n_features=features, n_heads=2)

    def rows(random: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
        given = random.integers(0, 10, (count, DIGITS))
        return np.column_stack([given, np.full(count, 10)]), np.sort(given, axis=1)

    def batches(epoch: int) -> Iterator[Any]:
        random = np.random.default_rng([seed, epoch])
        for _ in range(updates // 10):
            prompt, wanted = rows(random, size)
            whole = np.concatenate([prompt, wanted], axis=1)
            goals = np.where(np.arange(2 * DIGITS) < DIGITS, -1, whole[:, 1:])
            yield {"symbols": one_hot[whole[:, None, :-1]]}, {"out": goals[:, None]}

    begin = process_time()
    net = transformer(**sizes)
    trained = train(net, batches, updates, 10, seed, rate=3e-3, clip=float(DIGITS))
    seconds = process_time() - begin
    stream = with_learned(transformer(**sizes, stream=True), learned(trained))
    prompt, wanted = rows(np.random.default_rng([seed, 10**6]), 1000)
    written = sample(stream, prompt, DIGITS, temperature=0, inputs="symbols", engine="arrays")
    return {"seconds": seconds, "right": 100 * float(np.mean(np.all(written == wanted, axis=1)))}


def generation(
    how: str, letters: int, seed: int, engine: str, features: int = 64, n: int = 91
) -> dict[str, Any]:
    """Seconds to write each letter after a prompt of one, compiled before; the likeliest letter is taken."""
    import neurosim as ns
    from neurosim.learn import learned, sample, with_learned
    from neurosim.models.transformer import transformer

    whole = transformer(WINDOW, n, features)
    numbers = {name: 2 * value for name, value in learned(whole, seed=seed).items()}
    whole = with_learned(whole, numbers)
    stream = with_learned(transformer(WINDOW, n, features, stream=True), numbers)

    def kept() -> np.ndarray:
        return sample(stream, [1], letters, temperature=0, inputs="symbols", engine="arrays")[0]

    def recomputed() -> np.ndarray:
        line = np.zeros(WINDOW, int)
        line[0] = 1
        for k in range(letters):
            given = {"symbols": np.eye(n)[line][None]}
            scores = ns.run(whole, given, record=["out"], engine="arrays", progress=False)["out"][0, k]
            if k + 1 < WINDOW:
                line[k + 1] = scores.argmax()
        return np.r_[line[1:], scores.argmax()][:letters]

    write = kept if how == "kept" else recomputed
    write()
    seconds = []
    for _ in range(3):
        begin = perf_counter()
        found = write()
        seconds.append(perf_counter() - begin)
    return {"letter": 1e3 * float(np.median(seconds)) / letters, "check": int(found @ np.arange(letters))}


SECONDS, RIGHT = Column("seconds", "CPU s to learn", 0), Column("right", "% of rows right", 1)
BENCHMARKS = (
    Benchmark(
        "transformer_letters",
        "Letters of real text, transformer and LSTM",
        "no more bits per letter than the LSTM, at as many parameters, epochs and letters",
        "Each learns from the same 174,000 letters for 20 epochs; the last 19,000 are held out.",
        (
            Column("bits", "bits per held-out letter"),
            Column("parameters", "numbers that learn", 0),
            SECONDS,
            MEMORY,
        ),
        (
            Run("neurosim, transformer, 2 blocks", characters, dict(kind="transformer", epochs=20)),
            Run("neurosim, LSTM, 128 cells", characters, dict(kind="lstm", epochs=20)),
        ),
        smoke=dict(letters=3000, epochs=1, cells=8, features=8),
    ),
    Benchmark(
        "transformer_sorting",
        "Eight digits put in order by a transformer, free-running",
        "99 % of rows as a whole",
        "Of 1000 rows of digits that it has not learned from; keys and values of earlier digits are kept.",
        (SECONDS, RIGHT, MEMORY),
        (Run("neurosim, 32 features, 2 blocks", sorting, dict(updates=1500)),),
        smoke=dict(updates=10, features=8),
    ),
    Benchmark(
        "transformer_writing",
        "Writing 100 letters with a transformer",
        "faster than by recomputing the window for each letter, the same letters",
        "A window of 128 letters, two blocks of 64 features, one text; the median of three, compiled before.",
        (Column("letter", "ms per letter", 2), Column("check", "checksum of the letters", 0)),
        (
            Run("neurosim, keys and values kept", generation, dict(how="kept", letters=100)),
            Run("neurosim, window recomputed", generation, dict(how="recomputed", letters=100)),
        ),
        smoke=dict(letters=3, features=8, n=5),
        agree="check",
    ),
)
