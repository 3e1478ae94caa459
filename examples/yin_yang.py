"""Spiking neurons learn the parts of the yin-yang symbol by EventProp, from the times of five spikes.

A point (x, y) is four spikes, at times that grow with x, y, 1 - x and 1 - y, and a fifth at a fixed time. The
class is the readout whose potential rises highest. `--surrogate` trains the same network by surrogate
gradients.

Source: Wunderlich & Pehle 2021, doi:10.1038/s41598-021-91786-z; the task: Kriener, Goeltz & Petrovici 2022,
doi:10.1145/3517343.3517380.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import neurosim as ns
from neurosim.tasks import yin_yang
from neurosim.units import ms

FIRST, LAST, LENGTH = 10.0, 40.0, 48.0  # of the spikes of the inputs, and of a trial, in ms
EQUATIONS = """dv/dt = (current - v)/(20*ms) : 1
               dcurrent/dt = -current/(5*ms) : 1"""


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hidden", type=int, default=200)
    parser.add_argument("--points", type=int, default=5000, help="to learn from")
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--dt", type=float, default=0.1, help="in ms")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--surrogate", action="store_true", help="learn by surrogate gradients")
    parser.add_argument("--figure", default=Path(__file__).with_suffix(".png"))
    args = parser.parse_args(argv)
    ticks = round(LENGTH / args.dt)
    points, labels = yin_yang(args.points, seed=1)
    unseen, truth = yin_yang(2000, seed=2)

    trained, history = ns.train(
        network(args.hidden, args.dt),
        {"inputs": spikes(points)},
        {"out": np.repeat(labels[:, None], ticks, axis=1)},
        loss=ns.learn.Loss("highest", highest, labels=True),
        gradient="backpropagation" if args.surrogate else "eventprop",
        revive=0.0 if args.surrogate else 1e-4,
        rate=5e-3,
        schedule="cosine",
        epochs=args.epochs,
        batch=32,
        seed=args.seed,
        ticks=ticks,
    )
    recording = ns.run(trained, {"inputs": spikes(unseen)}, ticks=ticks, record=["hidden", "out"])
    answer = recording["out"].max(axis=1).argmax(axis=1)
    right = np.mean(answer == truth)
    each = len(recording.spikes("hidden")) / len(unseen) / args.hidden
    print(f"Right of {len(unseen)} unseen points: {right:.1%}; {each:.2f} spikes of each hidden neuron")
    print(f"{history.seconds / args.epochs:.1f} s for an epoch of {args.points} points")
    draw(history, unseen, answer, truth, args.figure)
    return right, each


def network(hidden, dt):
    """5 inputs -> hidden neurons -> 3 readouts."""
    neurons = dict(equations=EQUATIONS, method="exact")
    inputs = ns.Neurons("inputs", 5)
    middle = ns.Neurons("hidden", hidden, threshold="v > 1", reset="v = 0", **neurons)
    out = ns.Neurons("out", 3, sends="v", **neurons)
    return ns.Network(
        ns.Synapses(inputs, middle, to="current", weight=ns.normal(2.0, 1.5), learns=True),
        ns.Synapses(middle, out, to="current", weight=ns.normal(0, hidden**-0.5), learns=True),
        schedule=ns.Clock(dt * ms),
    )


def spikes(points):
    """Trial, time and neuron of the spikes that points are."""
    times = FIRST + (LAST - FIRST) * np.concatenate([points, 1 - points], axis=1)
    times = np.concatenate([times, np.full((len(points), 1), 20.0)], axis=1)
    trial, neuron = np.indices(times.shape)
    return trial.ravel(), times.ravel() * ms, neuron.ravel()


def highest(jax, sent, target):
    """The cross entropy of the highest potentials of a trial, the same for all its ticks."""
    scores = jax.nn.log_softmax(5.0 * sent.max(axis=1))
    each = -jax.numpy.take_along_axis(scores, target[:, -1:], axis=1)
    return jax.numpy.broadcast_to(each, target.shape)


def draw(history, points, answer, truth, path):
    """The answers in the plane, those that are wrong marked, and the course of learning."""
    figure, (plane, course) = plt.subplots(1, 2, figsize=(10, 5), layout="constrained")
    plane.scatter(*points.T, c=answer, s=8, cmap="viridis")
    plane.scatter(*points[answer != truth].T, s=40, facecolors="none", edgecolors="red", label="wrong")
    plane.set(aspect="equal", xlabel="x", ylabel="y", title="what the network answers")
    plane.legend(loc="upper right")
    history.plot(course).set(ylabel="cross entropy (nats)", yscale="log", title="the course of learning")
    figure.savefig(path, dpi=110)
    print(f"Figure: {path}")


if __name__ == "__main__":
    main()
