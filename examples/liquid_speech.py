"""A liquid hears who is speaking: the cepstral coefficients of real Japanese vowels by nine men become spikes, frame by frame, and a
linear readout names the speaker from what 135 spiking neurons say to them. The data come with the package sktime or aeon."""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import RidgeClassifierCV
from sklearn.metrics import ConfusionMatrixDisplay
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import neurosim as ns
from neurosim import readout
from neurosim.models.liquid import liquid
from neurosim.tasks import japanese_vowels
from neurosim.units import ms

FRAMES, TICKS = 29, 200  # the longest utterance; a frame lasts 20 ms in ticks of 0.1 ms
GAIN = 2  # spikes in a frame, per standard deviation; all three were chosen by cross-validation on the training utterances


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--speakers", type=int, default=9, help="how many of the nine (default: all)")
    parser.add_argument("--seed", type=int, default=1, help="of the liquid")
    parser.add_argument("--figure", default=Path(__file__).with_suffix(".png"))
    args = parser.parse_args(argv)
    (train, y), (test, truth) = (utterances(split, args.speakers) for split in ("train", "test"))
    mean, deviation = np.concatenate(train).mean(axis=0), np.concatenate(train).std(axis=0)
    values = np.zeros(
        (len(train) + len(test), FRAMES, 24)
    )  # what is above the mean, then what is below, both as numbers of spikes
    for row, heard in zip(values, train + test, strict=True):
        above = (heard - mean) / deviation
        row[: len(heard)] = GAIN * np.hstack([above, -above]).clip(0)
    spikes, lengths, record = (
        readout.regular(values, TICKS),
        [len(heard) for heard in train + test],
        ["inputs", "liquid"],
    )
    recording = ns.run(
        liquid(24),
        {"inputs": spikes},
        ticks=FRAMES * TICKS,
        trials=len(values),
        record=record,
        seed=args.seed,
    )
    named = {}
    for view in record:
        counts = readout.features(recording, view, "counts", bins=FRAMES).reshape(
            len(values), FRAMES, -1
        )  # (utterance, frame, neuron)
        x = np.array([thirds(frames[:length]) for frames, length in zip(counts, lengths, strict=True)])
        named[view] = (
            make_pipeline(StandardScaler(), RidgeClassifierCV(np.logspace(0, 5, 6)))
            .fit(x[: len(y)], y)
            .predict(x[len(y) :])
        )
        print(
            f"{np.sum(named[view] != truth):4} of {len(truth)} test utterances named wrongly from the spikes of the {view}"
        )
    draw(recording, len(y), truth, lengths, named["liquid"], args.figure)
    return {view: int(np.sum(answer != truth)) for view, answer in named.items()}


def utterances(split, speakers):
    """Utterances (frame, coefficient) of the first speakers, and who speaks."""
    speech = japanese_vowels()
    spoken, who = (
        (speech.train, speech.train_speakers) if split == "train" else (speech.test, speech.test_speakers)
    )
    return [one for one, speaker in zip(spoken, who, strict=True) if speaker <= speakers], who[
        who <= speakers
    ]


def thirds(frames):
    """The mean of the first, second and last third of the frames, side by side."""
    return np.concatenate([part.mean(axis=0) for part in np.array_split(frames, 3)])


def draw(recording, first, truth, lengths, named, path):
    """A test utterance of each of the first speakers as the inputs and the liquid hear it; whom the readout takes for whom."""
    left, right = plt.figure(figsize=(14, 6), layout="constrained").subfigures(1, 2, width_ratios=(8, 5))
    shown = np.unique(truth)[:3]
    axes = left.subplots(2, len(shown), sharex=True, sharey="row", height_ratios=(1, 2))
    for speaker, column in zip(shown, axes.T, strict=True):
        trial = first + np.flatnonzero(truth == speaker)[0]
        for name, label, ax in zip(("inputs", "liquid"), ("input", "neuron"), column, strict=True):
            ns.figures.raster(recording, name, trial=trial, stop=lengths[trial] * 20 * ms, ax=ax).set_ylabel(
                label
            )
            ax.label_outer()
        column[0].set_title(f"speaker {speaker}")
    ConfusionMatrixDisplay.from_predictions(truth, named, ax=right.subplots(), cmap="Blues", colorbar=False)
    right.axes[0].set(
        title=f"{np.sum(named != truth)} of {len(truth)} named wrongly",
        xlabel="whom the readout names",
        ylabel="who speaks",
    )
    left.figure.savefig(path, dpi=110)
    print(f"Figure: {path}")


if __name__ == "__main__":
    main()
