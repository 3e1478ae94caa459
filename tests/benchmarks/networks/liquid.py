"""Liquids of Maass, Natschlaeger & Markram 2002: memory for spike templates, and the speakers of Japanese
vowels."""

from __future__ import annotations

from time import perf_counter
from typing import Any

import numpy as np
from bench import MEMORY, Benchmark, Column, Run

JITTERS = (0, 4, 8, 12)  # standard deviations in ms
TICKS, TAU = 10_000, 30.0  # of 0.1 ms; ms, as in the paper
FILTERS = (3.0, 10.0, 30.0, 100.0, 300.0, 1000.0)  # ms


def ridge() -> Any:
    """A linear readout, its regularisation chosen by leaving out one training trial at a time."""
    from sklearn.linear_model import RidgeClassifierCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), RidgeClassifierCV(np.logspace(-3, 5, 9)))


def templates(train: int, test: int, seed: int, engine: str) -> dict[str, Any]:
    """Seconds to simulate all trials; shares of segments named rightly from what the liquid, and its input,
    are at the end."""
    import neurosim as ns
    from neurosim.models.liquid import liquid
    from neurosim.readout import features
    from neurosim.tasks import spike_templates
    from neurosim.units import ms

    found, seconds, filters = {}, 0.0, []
    for jitter in JITTERS:
        spikes, labels = spike_templates(train + test, TICKS, jitter=10.0 * jitter, seed=seed)
        begin = perf_counter()
        recording = ns.run(
            liquid(1, layout=seed),
            {"inputs": spikes},
            ticks=TICKS,
            trials=train + test,
            record=["inputs", "liquid"],
            seed=seed,
            engine=engine,
            progress=False,
        )
        seconds += perf_counter() - begin

        def right(x: np.ndarray, labels: np.ndarray = labels) -> float:
            """Of test trials, the mean over segments."""
            return float(
                np.mean([ridge().fit(x[:train], y[:train]).score(x[train:], y[train:]) for y in labels.T])
            )

        for name in ("liquid", "inputs"):
            found[f"{name}_{jitter}"] = right(features(recording, name, "trace", tau=TAU * ms))
        filters.append(
            right(np.hstack([features(recording, "inputs", "trace", tau=tau * ms) for tau in FILTERS]))
        )
    return found | {"seconds": seconds, "filters": float(np.mean(filters)), "engine": engine}


def vowels(most: int, seed: int, engine: str) -> dict[str, Any]:
    """Seconds for all of it, and test utterances named wrongly; `most` is how many are heard of each part."""
    import neurosim as ns
    from neurosim.models.liquid import liquid
    from neurosim.readout import features, regular

    (train, y), (test, truth) = (utterances(split, most) for split in ("train", "test"))
    begin = perf_counter()
    mean, deviation = np.concatenate(train).mean(axis=0), np.concatenate(train).std(axis=0)
    values = np.zeros((len(train) + len(test), FRAMES, 24))
    for row, heard in zip(values, train + test, strict=True):
        above = (heard - mean) / deviation
        row[: len(heard)] = GAIN * np.hstack([above, -above]).clip(0)
    recording = ns.run(
        liquid(24),
        {"inputs": regular(values, FRAME)},
        ticks=FRAMES * FRAME,
        trials=len(values),
        record=["inputs", "liquid"],
        seed=seed,
        engine=engine,
        progress=False,
    )

    def wrong(name: str) -> int:
        counts = features(recording, name, "counts", bins=FRAMES).reshape(len(values), FRAMES, -1)
        kept = (frames[: len(heard)] for frames, heard in zip(counts, train + test, strict=True))
        x = np.array(
            [np.concatenate([part.mean(axis=0) for part in np.array_split(frames, 3)]) for frames in kept]
        )
        return int(np.sum(ridge().fit(x[: len(y)], y).predict(x[len(y) :]) != truth))

    errors = wrong("liquid")
    return {"seconds": perf_counter() - begin, "wrong": errors, "inputs": wrong("inputs"), "engine": engine}


def utterances(split: str, most: int) -> tuple[list[np.ndarray], np.ndarray]:
    """At most so many utterances (frame, coefficient) of all speakers, and who speaks."""
    from neurosim.tasks import japanese_vowels

    speech = japanese_vowels()
    spoken, who = (
        (speech.train, speech.train_speakers) if split == "train" else (speech.test, speech.test_speakers)
    )
    chosen = np.linspace(0, len(spoken) - 1, min(most, len(spoken))).astype(int)
    return [spoken[place] for place in chosen], who[chosen]


HEARD = {"liquid": "liquid", "inputs": "input"}
PERCENT = tuple(
    Column(f"{name}_{jitter}", f"{heading}, {jitter} ms")
    for jitter in JITTERS
    for name, heading in HEARD.items()
)
FRAMES, FRAME, GAIN = (
    29,
    200,
    2,
)  # the longest utterance; ticks of a frame; spikes per standard deviation: as in examples/liquid_speech.py
BENCHMARKS = (
    Benchmark(
        "liquid_templates",
        "Liquid of 135 neurons recalls which templates it heard in four segments of a second",
        "the published shape: accuracy falls with jitter, and the liquid beats its input by a clear margin "
        "at every jitter",
        "Seconds to simulate 6000 trials of a second. "
        "A segment of 250 ms is one of two Poisson trains of 20 spikes per second, each spike"
        " moved by normal jitter (Maass, Natschlaeger & Markram 2002); "
        "shares of segments that ridge readouts name rightly from the state at the"
        " end of 500 trials, mean over the four segments, after 1000 others. "
        "States are spikes through a filter of 30 ms, of the liquid or of"
        " its one input. In the last column the readout has the input through six filters, 3 ms to 1 s, "
        "instead: a memory made by hand.",
        (Column("seconds", "seconds"), *PERCENT, Column("filters", "input, six filters, all"), MEMORY),
        (Run("neurosim", templates, dict(train=1000, test=500)),),
        smoke=dict(train=40, test=20),
    ),
    Benchmark(
        "liquid_vowels",
        "Liquid of 135 neurons names the speakers of Japanese vowels, 370 test utterances",
        "",
        "Seconds to simulate all 640 utterances, to fit on the 270 training ones and to name the others. "
        "The cepstral coefficients, standardised, are"
        " numbers of spikes in frames of 20 ms; "
        "features are the mean counts in the thirds of an utterance, of the liquid or of its inputs;"
        " the readout is ridge regression. "
        "Settings were chosen by cross-validation on the training utterances.",
        (
            Column("seconds", "seconds"),
            Column("wrong", "errors", 0),
            Column("inputs", "errors from its inputs", 0),
            MEMORY,
        ),
        (Run("neurosim", vowels, dict(most=370)),),
        smoke=dict(most=20),
    ),
)
