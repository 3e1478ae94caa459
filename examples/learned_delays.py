"""Neurons learn to spike at given times after a volley of spikes, which takes delays that learn.

Five inputs spike within 5 ms, with a jitter of 0.5 ms; four neurons shall first spike 15, 25, 35 and 45 ms
after the volley begins. Their memory is 5 ms, so that weights move a spike by little. By EventProp, delays
learn as weights do. The same network is trained three times: weights alone without delays, weights alone with
random delays, weights and delays.

Source: Meszaros, Knight & Nowotny 2025, arXiv:2501.07331.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import neurosim as ns
from neurosim.units import ms

INPUTS, GOALS, LENGTH, DT = 5, np.array([15.0, 25.0, 35.0, 45.0]), 80.0, 0.2  # times in ms
TICKS = round(LENGTH / DT)
WAYS = {  # what learns, and the longest delay at the start, in ms
    "weights alone, no delays": (True, 0.0),
    "weights alone, random delays": (True, 40.0),
    "weights and delays": (("weight", "delay"), 40.0),
}


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--trials", type=int, default=200, help="to learn from")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--figure", default=Path(__file__).with_suffix(".png"))
    args = parser.parse_args(argv)
    found = {name: learned(*way, args.trials, args.epochs, args.seed) for name, way in WAYS.items()}
    errors = {}
    for name, net in found.items():
        times = first_spikes(net, *volleys(500, 2))
        errors[name] = np.sqrt(np.mean((times - GOALS) ** 2))
        print(f"{name}: {errors[name]:.2f} ms from the goal (root mean square, unseen volleys)")
    draw(errors, found, args.figure)
    return errors


def learned(learns, longest, trials, epochs, seed):
    """The trained network."""
    inputs, _ = volleys(trials, 1)
    late = ns.learn.Loss("late", lambda jax, t, goal: (1e3 * t - goal) ** 2, reads="first_spike")
    trained, _ = ns.train(
        network(learns, longest, seed),
        {"inputs": inputs},
        {"out": np.tile(GOALS, (trials, 1))},
        loss=late,
        gradient="eventprop",
        rate={"*.delay": 0.5, "*": 0.02},  # delays in ticks
        revive=1.0,
        clip=100.0,
        epochs=epochs,
        batch=20,
        seed=seed,
        ticks=TICKS,
    )
    return trained


def network(learns, longest, seed):
    """Inputs -> out, over delays up to `longest` ms."""
    inputs = ns.Neurons("inputs", INPUTS)
    out = ns.Neurons(
        "out",
        len(GOALS),
        equations="dv/dt = (current - v)/(5*ms) : 1\ndcurrent/dt = -current/(2.5*ms) : 1",
        threshold="v > 1",
        reset="v = 0",
        method="exact",
    )
    delay = np.random.default_rng(seed).uniform(0, longest, (len(GOALS), INPUTS)) * ms
    synapses = ns.Synapses(inputs, out, to="current", weight=ns.uniform(2, 5), delay=delay, learns=learns)
    return ns.Network(synapses, schedule=ns.Clock(DT * ms))


def volleys(count, seed):
    """Spikes (trial, time, neuron) of volleys, and how many there are."""
    times = np.linspace(2.0, 7.0, INPUTS) + np.random.default_rng(seed).normal(0, 0.5, (count, INPUTS))
    trial, neuron = np.indices(times.shape)
    return (trial.ravel(), np.maximum(times, 0.0).ravel() * ms, neuron.ravel()), count


def first_spikes(net, inputs, count):
    """When each neuron first spikes in each trial, in ms; the length of the trial if it does not."""
    spikes = ns.run(net, {"inputs": inputs}, ticks=TICKS, record=["out"]).spikes("out")
    times = np.full((count, len(GOALS)), LENGTH)
    np.minimum.at(times, (spikes.trial, spikes.neuron), spikes.time * 1e3)
    return times


def draw(errors, found, path):
    """How far the spikes are from their goals, and where they are."""
    figure, (bars, rasters) = plt.subplots(1, 2, figsize=(10, 4), sharey=True, layout="constrained")
    bars.barh(list(errors), list(errors.values()))
    bars.set(xlabel="error (ms, root mean square)", ylim=(-0.5, len(found) - 0.3))
    height = np.linspace(-0.25, 0.25, len(GOALS))
    for row, net in enumerate(found.values()):
        times = first_spikes(net, *volleys(100, 3))
        rasters.plot(times, np.broadcast_to(row + height, times.shape), ".", color="C0", alpha=0.3)
        rasters.plot(GOALS, row + height, "|", color="black", markersize=16)
    rasters.plot([], [], "|", color="black", markersize=10, label="goal")
    rasters.legend(loc="upper right")
    rasters.set(xlabel=f"first spikes of the {len(GOALS)} neurons (ms); at {LENGTH:g}: none")
    figure.savefig(path, dpi=110)
    print(f"Figure: {path}")


if __name__ == "__main__":
    main()
