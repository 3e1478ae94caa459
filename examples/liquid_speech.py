"""A liquid state machine recognizes who is speaking.

The cepstral coefficients of Japanese vowels by nine men become spikes, frame by frame, and a linear readout
names the speaker from the spikes of 135 neurons. The data come with the package sktime or aeon.
"""

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
# Spikes in a frame, per standard deviation. FRAMES, TICKS and GAIN were chosen by cross-validation on the
# training set.
GAIN = 2


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--speakers", type=int, default=9, help="the number of speakers (default: all nine)")
    parser.add_argument("--seed", type=int, default=1, help="of the liquid")
    parser.add_argument("--figure", default=Path(__file__).with_suffix(".png"))
    args = parser.parse_args(argv)
    (train, y), (test, truth) = (utterances(split, args.speakers) for split in ("train", "test"))
    mean, deviation = np.concatenate(train).mean(axis=0), np.concatenate(train).std(axis=0)
    # Numbers of spikes: 12 inputs for what is above the mean, then 12 for what is below.
    values = np.zeros((len(train) + len(test), FRAMES, 24))
    for row, utterance in zip(values, train + test, strict=True):
        above = (utterance - mean) / deviation
        row[: len(utterance)] = GAIN * np.hstack([above, -above]).clip(0)
    spikes, lengths = readout.regular(values, TICKS), [len(utterance) for utterance in train + test]
    inputs, names = {"inputs": spikes}, ["inputs", "liquid"]
    recording = ns.run(
        liquid(24), inputs, ticks=FRAMES * TICKS, trials=len(values), record=names, seed=args.seed
    )
    named = {}
    for name in names:
        counts = readout.features(recording, name, "counts", bins=FRAMES)
        counts = counts.reshape(len(values), FRAMES, -1)  # (utterance, frame, neuron)
        x = np.array([thirds(frames[:length]) for frames, length in zip(counts, lengths, strict=True)])
        linear = make_pipeline(StandardScaler(), RidgeClassifierCV(np.logspace(0, 5, 6)))
        named[name] = linear.fit(x[: len(y)], y).predict(x[len(y) :])
        wrong = np.sum(named[name] != truth)
        print(f"{wrong:4} of {len(truth)} test utterances named wrongly from the spikes of the {name}")
    draw(recording, len(y), truth, lengths, named["liquid"], args.figure)
    return {name: int(np.sum(answers != truth)) for name, answers in named.items()}


def utterances(split, speakers):
    """Utterances (frame, coefficient) of the first speakers, and who speaks."""
    speech = japanese_vowels()
    if split == "train":
        spoken, who = speech.train, speech.train_speakers
    else:
        spoken, who = speech.test, speech.test_speakers
    chosen = who <= speakers
    return [one for one, kept in zip(spoken, chosen, strict=True) if kept], who[chosen]


def thirds(frames):
    """The mean of the first, second and last third of the frames, side by side."""
    return np.concatenate([part.mean(axis=0) for part in np.array_split(frames, 3)])


def draw(recording, first, truth, lengths, named, path):
    """A test utterance of three speakers in inputs and liquid, and which speakers are confused."""
    left, right = plt.figure(figsize=(14, 6), layout="constrained").subfigures(1, 2, width_ratios=(8, 5))
    shown = np.unique(truth)[:3]
    axes = left.subplots(2, len(shown), sharex=True, sharey="row", height_ratios=(1, 2))
    for speaker, column in zip(shown, axes.T, strict=True):
        trial = first + np.flatnonzero(truth == speaker)[0]
        for name, label, ax in zip(("inputs", "liquid"), ("input", "neuron"), column, strict=True):
            stop = lengths[trial] * 20 * ms
            ns.figures.raster(recording, name, trial=trial, stop=stop, ax=ax).set_ylabel(label)
            ax.label_outer()
        column[0].set_title(f"speaker {speaker}")
    ConfusionMatrixDisplay.from_predictions(truth, named, ax=right.subplots(), cmap="Blues", colorbar=False)
    right.axes[0].set(
        title=f"{np.sum(named != truth)} of {len(truth)} named wrongly",
        xlabel="classified as",
        ylabel="speaker",
    )
    left.figure.savefig(path, dpi=110)
    print(f"Figure: {path}")


if __name__ == "__main__":
    main()
