"""A square millimetre of cortex: 77,169 neurons and 299 million synapses, compared with published rates.

At full scale it needs 3 GB of memory and the C++ engine; `--scale 0.1` has a hundredth of the synapses.
"""

import argparse
import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import neurosim as ns
from neurosim.models.microcircuit import POPULATIONS, RATES, microcircuit

SETTLING = 0.5  # seconds at the beginning that do not enter the statistics
ENOUGH = 10  # the smallest number of spikes of a neuron whose intervals enter the CV
MANY = 200  # the number of neurons (the first that spiked) whose spike counts are correlated, pair by pair
BIN = 20  # the width of the bins of these counts, in ticks of 0.1 ms
SHOWN = 0.025  # the fraction of the neurons at full scale that the raster shows


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--scale",
        type=float,
        default=1.0,
        help="of the number of neurons, and of the synapses of each (default: 1)",
    )
    parser.add_argument(
        "--seconds",
        type=float,
        default=10.0,
        help=f"biological seconds after the first {SETTLING} s, which do not count (default: 10)",
    )
    parser.add_argument(
        "--threads", type=int, help="default: as many as make it faster; the spikes do not depend on it"
    )
    parser.add_argument(
        "--precision",
        default="mixed",
        help="double, mixed (weights in 32 bits), single or half (default: mixed)",
    )
    parser.add_argument(
        "--seed", type=int, default=1, help="of wiring, weights, delays, start values and background"
    )
    parser.add_argument("--figure", default=Path(__file__).with_suffix(".png"))
    args = parser.parse_args(argv)
    net, ticks, begin = microcircuit(args.scale), round((SETTLING + args.seconds) * 1e4), time.perf_counter()
    shown = [f"{name}[:{max(1, round(net[name].size * min(1, SHOWN / args.scale)))}]" for name in POPULATIONS]
    recording = ns.run(
        net,
        ticks=ticks,
        record=[*POPULATIONS, *shown],
        seed=args.seed,
        threads=args.threads,
        precision=args.precision,
    )
    seconds = time.perf_counter() - begin
    neurons = sum(net[name].size for name in POPULATIONS)
    synapses = sum(getattr(s.wiring, "n", 0) for s in net.synapses.values())
    print(f"{neurons:,} neurons, {synapses:,} synapses, engine {recording.engine!r}: {seconds:.0f} s in all.")
    print(
        f"CV: of the intervals of neurons with {ENOUGH} spikes or more. "
        f"Correlation: of counts in {BIN / 10:g} ms, of {MANY} neurons."
    )
    print("population  spikes/s  published  deviation    CV  (neurons)  correlation")
    results = {name: statistics(recording, name) for name in POPULATIONS}
    for name, (rates, cv, correlation) in results.items():
        rate, published = rates.mean(), RATES[name]
        print(
            f"{name:10}{rate:10.2f}{published:11.2f}{rate / published - 1:+11.1%}{np.mean(cv):6.2f}"
            f"{np.isfinite(cv).sum():11,}{np.mean(correlation):+13.4f}"
        )
    draw(recording, shown, results.values(), args.figure)
    return results


def statistics(recording, name):
    """The rates, the CVs of the neurons that spiked enough, and the correlations of pairs of some neurons."""
    first, size = round(SETTLING / recording.dt), recording.network[name].size
    spikes, ticks = recording.spikes(name, start=first), recording.ticks - first
    counts = np.bincount(spikes.neuron, minlength=size)
    ticks_by_neuron = spikes.tick[np.argsort(spikes.neuron, kind="stable")] - first
    trains = np.split(ticks_by_neuron, np.cumsum(counts)[:-1])
    intervals = [np.diff(train) for train in trains if len(train) >= ENOUGH]
    binned = [np.bincount(train // BIN, minlength=-(-ticks // BIN)) for train in trains if len(train)][:MANY]
    correlation = np.corrcoef(binned)[np.triu_indices(len(binned), 1)] if len(binned) > 1 else [np.nan]
    cv = [each.std() / each.mean() for each in intervals] or [np.nan]
    return counts / (ticks * recording.dt), cv, correlation


def draw(recording, shown, results, path):
    """Some neurons in the last 0.4 s, and rates, irregularity and correlations of the populations."""
    figure, axes = plt.subplots(
        1, 4, figsize=(13, 6.5), sharey=True, width_ratios=(6, 2.4, 2, 1.8), layout="constrained"
    )
    ns.figures.raster(recording, shown, start=max(0, recording.ticks - round(0.4 / recording.dt)), ax=axes[0])
    rates, cv, correlation = zip(*results, strict=True)
    rows, thick = axes[0].get_yticks(), 0.045 * axes[0].get_ylim()[1]
    axes[0].set(
        yticks=rows, yticklabels=POPULATIONS, title="spikes of some excitatory (E) and inhibitory (I) neurons"
    )
    colours = ["#22222280", "#0072B280"] * 4  # excitatory, inhibitory; those of the raster, paler
    for ax, values, words in ((axes[1], rates, "spikes/s"), (axes[2], cv, "CV of intervals")):
        quantiles = [np.percentile(each, (5, 25, 50, 75, 95)) for each in values]
        least, low, middle, high, most = np.transpose(quantiles)
        ax.hlines(rows, least, most, color="black", linewidth=1)
        ax.barh(rows, high - low, thick, left=low, color=colours)
        ax.set(xlabel=words, xlim=(0, None))
        ax.vlines(middle, rows - thick / 2, rows + thick / 2, color="black")
    axes[1].plot(
        RATES.values(), rows, "D", color="none", mec="#D55E00", mew=1.5, markersize=9, label="published"
    )
    axes[1].plot([each.mean() for each in rates], rows, "o", color="black", markersize=4, label="mean")
    axes[1].legend(
        frameon=False,
        loc="lower center",
        bbox_to_anchor=(0.5, 1),
        ncols=2,
        columnspacing=1,
        handletextpad=0.2,
    )
    axes[3].barh(rows, [1000 * np.mean(each) for each in correlation], thick, color=colours)
    axes[3].set_xlabel("correlation (1/1000)")
    figure.savefig(path, dpi=110)
    print(f"Figure: {path}")


if __name__ == "__main__":
    main()
