"""Gibbs sampling is a Markov chain: a Boltzmann machine, its transitions, and its stationary distribution.

The transitions that are counted in the sweeps of the machine give the matrix that follows from its weights,
and the stationary distribution of this chain is the Boltzmann distribution.
"""

import argparse
from itertools import permutations
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import neurosim as ns
from neurosim.learn import MarkovChain
from neurosim.models.boltzmann import boltzmann

UNITS = 4


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sweeps", type=int, default=2000, help="how long each of 50 machines runs")
    parser.add_argument("--seed", type=int, default=1, help="of the weights and of the machines")
    parser.add_argument("--figure", default=Path(__file__).with_suffix(".png"))
    args = parser.parse_args(argv)
    random = np.random.default_rng(args.seed)
    weights = np.triu(random.normal(0.0, 1.5, (UNITS, UNITS)), 1)
    weights, biases = weights + weights.T, random.normal(0.0, 0.7, UNITS)
    states = (np.arange(2**UNITS)[:, None] >> np.arange(UNITS)) & 1  # (state, unit)
    energy = -0.5 * np.einsum("si,ij,sj->s", states, weights, states) - states @ biases
    boltzmann_law = np.exp(-energy) / np.exp(-energy).sum()
    sweep = sweep_matrix(weights, biases, states)

    net = boltzmann(weights, biases)
    recording = ns.run(net, ticks=args.sweeps, trials=50, record=["units"], seed=args.seed)
    # The number of the joint state, (trial, sweep).
    paths = (recording["units"].astype(int) << np.arange(UNITS)).sum(axis=2)
    chain = MarkovChain(states=np.arange(2**UNITS)).fit(paths)
    long_run = chain.stationary_distribution()

    apart = np.abs(boltzmann_law @ sweep - boltzmann_law).max()
    print(f"The Boltzmann distribution after a sweep, by the exact matrix: {apart:.0e} away from itself.")
    counted, reached = np.abs(chain.transition_ - sweep).max(), np.abs(long_run - boltzmann_law).max()
    print(f"Transitions counted in {paths.size:,} sweeps: at most {counted:.3f} away from the exact matrix.")
    print(f"Their stationary distribution: at most {reached:.4f} away from the Boltzmann distribution.")
    draw(sweep, chain.transition_, boltzmann_law, long_run, np.argsort(-boltzmann_law), states, args.figure)
    return apart, chain.transition_, sweep, long_run, boltzmann_law


def sweep_matrix(weights, biases, states):
    """P(state -> state) of a sweep over all units in random order, shape (from, to).

    It is the mean over all orders of the product of the single updates.
    """
    steps, number = [], np.arange(len(states))
    for unit in range(UNITS):
        on = 1 / (1 + np.exp(-(states @ weights[unit] + biases[unit])))
        step = np.zeros((len(states), len(states)))
        step[number, number | 1 << unit] = on
        step[number, number & ~(1 << unit)] = 1 - on
        steps.append(step)
    orders = permutations(range(UNITS))
    return np.mean([np.linalg.multi_dot([steps[unit] for unit in order]) for order in orders], axis=0)


def draw(sweep, counted, law, long_run, order, states, path):
    """Both matrices, the likeliest states first, and both distributions."""
    figure, axes = plt.subplots(1, 3, figsize=(13, 4.4), width_ratios=(1, 1, 1.35), layout="constrained")
    names = ["".join(map(str, state)) for state in states[order]]
    for ax, matrix, title in zip(
        axes, (sweep, counted), ("exact, from the weights", "counted in sweeps of the network"), strict=False
    ):
        shown = ax.imshow(matrix[np.ix_(order, order)], cmap="Blues", vmin=0, vmax=sweep.max())
        ax.set(title=title, xlabel="to state", xticks=range(len(order)), yticks=range(len(order)))
        ax.set_xticklabels(names, rotation=90, fontsize=7, family="monospace")
        ax.set_yticklabels(names, fontsize=7, family="monospace")
    axes[0].set_ylabel("from state")
    figure.colorbar(shown, ax=axes[1], label="probability of the transition", shrink=0.9)
    position = np.arange(len(order))
    axes[2].bar(position, law[order], color="0.8", label="Boltzmann distribution")
    label = "stationary distribution of the counted chain"
    axes[2].plot(position, long_run[order], "o", color="#D55E00", markersize=5, label=label)
    axes[2].set(title="the long run", ylabel="probability", xlabel="state", xticks=position)
    axes[2].set_xticklabels(names, rotation=90, fontsize=7, family="monospace")
    axes[2].legend()
    figure.savefig(path, dpi=110)
    print(f"Figure: {path}")


if __name__ == "__main__":
    main()
