"""Forecasts of sunspots by LSTM cells, gated recurrent units and echo state networks.

The networks learn the years 1700 to 1920, each kind with several initial weights. Then they get a hundred
years up to each later year, and run on their own from there, with their own forecasts as input. The settings
of the echo state network were chosen by its forecasts of 1876 to 1920 after learning up to 1875.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import neurosim as ns
from neurosim import tasks
from neurosim.learn import EchoStateRegressor, closed_loop
from neurosim.models.gru import gru
from neurosim.models.lstm import lstm

LAST = 1920  # the last year that is learned
PAST, AHEAD = 100, 11  # years that a network gets before a forecast, and years that it forecasts
PIECE, WARM = 60, 15  # years in a training sequence, and how many at its beginning do not count
COLOURS = {"LSTM": "#0072B2", "GRU": "#009E73", "echo state": "#D55E00"}


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=int, default=16)
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--networks", type=int, default=5, help="of each kind")
    parser.add_argument("--seed", type=int, default=1, help="of the first of them")
    parser.add_argument("--figure", default=Path(__file__).with_suffix(".png"))
    args = parser.parse_args(argv)
    years, numbers = tasks.sunspots()
    level = np.sqrt(numbers / 100)  # high numbers vary more
    starts = np.arange(np.flatnonzero(years > LAST)[0], len(level) - AHEAD + 1)
    past, truth = (
        np.stack([series[start + a : start + b] for start in starts])
        for series, a, b in ((level, -PAST, 0), (numbers, 0, AHEAD))
    )
    forecast = {}
    for name, build in (("LSTM", lstm), ("GRU", gru), ("echo state", None)):
        runs = [
            forecasts(build, level[years <= LAST], past, seed, args)
            for seed in range(args.seed, args.seed + args.networks)
        ]
        forecast[name] = 100 * np.array(runs) ** 2  # (network, start, year ahead)
        error = np.median(np.sqrt(np.mean((forecast[name] - truth) ** 2, axis=1)), axis=0) / truth.std()
        print(
            f"{name:10}: error {error[0]:.2f} standard deviations one year ahead, "
            f"{error[1]:.2f} two, {error[4]:.2f} five"
        )
    draw(forecast, years, numbers, starts, truth, args.figure)
    print(f"Figure: {args.figure}")
    return forecast, truth


def forecasts(build, known, past, seed, args):
    """What a network that has learned the known years forecasts after each past, (start, year ahead)."""
    if build is None:
        settings = {
            "radius": 0.9,
            "leak": 0.3,
            "feedback_scale": 1.0,
            "bias_scale": 0.2,
            "washout": WARM,
            "alpha": 0.1,
        }
        network = EchoStateRegressor(100, **settings, random_state=seed).fit(None, known)
        return network.forecast(AHEAD, past[:, :, None])[:, :, 0]
    pieces = np.lib.stride_tricks.sliding_window_view(known, PIECE + 1)[:, :, None]
    targets = np.where(np.arange(PIECE)[:, None] < WARM, np.nan, pieces[:, 1:])
    settings = {
        "loss": "squared_error",
        "rate": 1e-2,
        "schedule": "cosine",
        "clip": 1.0,
        "epochs": args.epochs,
        "batch": 32,
        "seed": seed,
    }
    net, _ = ns.train(build(1, args.cells, 1), {"inputs": pieces[:, :-1]}, {"out": targets}, **settings)
    # NaN leaves the input free: the network then gets its own last forecast.
    inputs = np.pad(past, ((0, 0), (0, AHEAD)), constant_values=np.nan)[:, :, None]
    recording = ns.run(closed_loop(net, "value"), {"inputs": inputs}, record=["inputs"])
    return recording["inputs"][:, past.shape[1] :, 0]


def draw(forecast, years, numbers, starts, truth, path):
    """Forecasts from one year of each cycle, and errors by years ahead, beside forecasts without a
    network."""
    ahead = np.arange(1, AHEAD + 1)
    figure, (above, below) = plt.subplots(2, 1, figsize=(12, 8), layout="constrained", height_ratios=(3, 2))
    above.plot(years, numbers, color="0.6", linewidth=4, alpha=0.6, label="sunspots")
    above.axvline(LAST + 0.5, color="0.5", linestyle=":")
    for name, runs in forecast.items():
        for k in range(0, len(starts), AHEAD):
            above.plot(
                years[starts[k]] + ahead - 1,
                np.median(runs[:, k], axis=0),
                color=COLOURS[name],
                label="" if k else f"{name}, on its own",
            )
        each = np.sqrt(np.mean((runs - truth) ** 2, axis=1)) / truth.std()  # (network, year ahead)
        below.plot(ahead, each.T, color=COLOURS[name], linewidth=0.6, alpha=0.5)
        below.plot(ahead, np.median(each, axis=0), color=COLOURS[name], linewidth=2.5, label=name)
    cycle = np.stack([numbers[start - AHEAD : start] for start in starts])
    for guess, label, style in (
        (cycle, "as eleven years before", "--"),
        (numbers[years <= LAST].mean(), "the mean of all years before", ":"),
    ):
        error = np.sqrt(np.mean((guess - truth) ** 2, axis=0)) / truth.std()
        below.plot(ahead, error, color="0.4", linestyle=style, label=label)
    above.set(
        ylabel="sunspots",
        xlim=(LAST - 50, years[-1] + 1),
        ylim=(0, None),
        title=f"forecasts of {AHEAD} years at a time, from {LAST + 1} on",
    )
    below.set(xlabel="years ahead", ylabel="error / standard deviation", xticks=ahead, ylim=(0, None))
    above.legend(loc="upper left", ncols=2)
    below.legend(loc="lower right", ncols=2)
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    main()
