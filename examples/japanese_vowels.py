"""An echo state network tells nine speakers apart by their vowels.

Each utterance, of any length, drives the pool. A linear readout sees the mean of the states in each half of
the utterance. With --search some settings are chosen by cross-validation on the training utterances.
"""

import argparse
from pathlib import Path
from time import perf_counter

import matplotlib.pyplot as plt
import numpy as np
from sklearn.metrics import confusion_matrix
from sklearn.model_selection import GridSearchCV, StratifiedKFold

import neurosim as ns
from neurosim import tasks
from neurosim.learn import SequenceClassifier

GRID = {"bins": [1, 2, 3], "leak": [0.3, 0.7], "input_scale": [0.1, 0.3]}


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--neurons", type=int, default=400)
    parser.add_argument(
        "--search", action="store_true", help="choose some settings by cross-validation on the training set"
    )
    parser.add_argument("--seed", type=int, default=1, help="of the network")
    parser.add_argument("--figure", default=Path(__file__).with_suffix(".png"))
    args = parser.parse_args(argv)
    speech = tasks.japanese_vowels()
    model = SequenceClassifier(
        args.neurons,
        density=min(1.0, 10 / args.neurons),
        features="mean",
        bins=2,
        radius=0.6,
        leak=0.7,
        input_scale=0.1,
        bias_scale=0.3,
        alpha=0.25,
        random_state=args.seed,
    )
    if args.search:
        folds = StratifiedKFold(3, shuffle=True, random_state=args.seed)
        search = GridSearchCV(model, GRID, cv=folds).fit(speech.train, speech.train_speakers)
        scores, settings = search.cv_results_["mean_test_score"], search.cv_results_["params"]
        for k in np.argsort(-scores, kind="stable"):
            print(f"{scores[k]:.1%} of held-out training utterances with {settings[k]}")
        model = search.best_estimator_
    begin = perf_counter()
    answers = model.fit(speech.train, speech.train_speakers).predict(speech.test)
    errors = int(np.sum(answers != speech.test_speakers))
    seconds = perf_counter() - begin
    print(f"{errors} errors in {len(answers)} test utterances; learned and tested in {seconds:.1f} s")
    draw(model, speech, answers, args.figure)
    return errors, model


def draw(model, speech, answers, path):
    """Utterances, the evidence for each speaker over time, and which speakers are confused."""
    figure = plt.figure(figsize=(11, 5), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=(3, 2))
    wrong, frames = np.flatnonzero(answers != speech.test_speakers), np.concatenate(speech.train)
    axes = left.subplots(2, 3, sharex="col")
    for k, (above, below) in zip([0, 300, *wrong[:1], 150][:3], axes.T, strict=True):
        utterance, ticks, right_one = speech.test[k], len(speech.test[k]), speech.test_speakers[k]
        image, extent = (utterance - frames.mean(axis=0)) / frames.std(axis=0), (0.5, ticks + 0.5, 0.5, 12.5)
        above.imshow(
            image.T, aspect="auto", cmap="RdBu_r", vmin=-2.5, vmax=2.5, origin="lower", extent=extent
        )
        above.set(title=f"speaker {right_one}, classified as {answers[k]}", yticks=(1, 12))
        recording = ns.run(model.network_, {"drive": utterance}, record=["out"])
        out = recording["out"].reshape(ticks, model.bins, -1)
        span = np.digitize(np.arange(ticks), [ticks * k // model.bins for k in range(1, model.bins)])
        share = out[np.arange(ticks), span] / np.bincount(span)[span, None]
        for speaker, line in zip(model.classes_, np.cumsum(share, axis=0).T, strict=True):
            colour = {right_one: "#D55E00", answers[k]: "#0072B2"}.get(speaker, "0.8")
            below.plot(range(1, ticks + 1), line, color=colour, zorder=1 + (colour != "0.8"))
            if colour != "0.8":
                below.text(ticks + 0.7, line[-1], speaker, color=colour, va="center", weight="bold")
        below.set(xlabel="tick", xlim=(0.5, ticks + 0.5))
    axes[0, 0].set_ylabel("cepstral coefficient")
    axes[1, 0].set_ylabel("evidence for each speaker, so far")
    ax, table = right.subplots(), confusion_matrix(speech.test_speakers, answers)
    ax.imshow(np.log1p(table), cmap="Blues", extent=(0.5, 9.5, 9.5, 0.5))
    for (row, column), count in np.ndenumerate(table):
        if count:
            colour = "white" if row == column else "#D55E00"
            ax.text(column + 1, row + 1, count, ha="center", va="center", color=colour)
    ax.set(xlabel="classified as", ylabel="speaker", xticks=range(1, 10), yticks=range(1, 10))
    ax.set_title(f"{len(wrong)} of {len(answers)} wrong")
    figure.savefig(path, dpi=110)
    print(f"Figure: {path}")


if __name__ == "__main__":
    main()
