"""Spiking neurons balance a pendulum that stands on its tip: a loop that is closed outside the network.

Half of the neurons push to the left, the others to the right. Every millisecond, each neuron gets a current
that grows with the angle and the angular velocity away from its side, and has noise of its own. Each of its
spikes is a push for some milliseconds (its muscle), the weaker the more neurons there are. Gusts of wind
disturb the pendulum, which falls within a second if nobody pushes. Few neurons must push often, one side
against the other; many stand it stiller with few spikes each.

The pendulum is a second-order equation that this script integrates; the network is a session, which is
advanced tick by tick. The task is that of Barto, Sutton & Anderson 1983, IEEE Trans. Syst. Man Cybern. 13,
834, without the cart, and here nothing is learned.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import neurosim as ns
from neurosim.units import ms

GRAVITY, FRICTION = 20.0, 0.2  # of the pendulum, per s^2 and per s: it falls as exp(4.4 t)
ANGLE, VELOCITY = 12.0, 3.0  # how strongly a neuron is driven, per radian, and per radian/s
FORCE, MUSCLE = (
    120.0,
    20.0,
)  # the acceleration if all neurons of a side always pushed, and tau of a push in ms
GUST = 4.0  # standard deviation of the wind's acceleration, which changes every 100 ms
FALLEN = 1.0  # radians


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--neurons", type=int, nargs="+", default=[2, 10, 50, 200], help="networks of so many"
    )
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--engine", default="auto")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--figure", default=Path(__file__).with_suffix(".png"))
    args = parser.parse_args(argv)
    runs = {0: balance(2, args, silent=True)} | {n: balance(n, args) for n in args.neurons}
    for n, (angle, recording) in runs.items():
        stood = len(angle) / 1000
        spread = np.degrees(np.sqrt(np.mean(angle[len(angle) // 5 :] ** 2)))
        rate = len(recording.spikes("pushers")) / max(n, 1) / stood
        name = f"{n} neurons" if n else "nobody"
        print(
            f"{name:11}: stood {stood:4.1f} s, {spread:5.2f} degrees off (rms), {rate:3.0f} spikes/s a neuron"
        )
    draw(runs, args.figure)
    print(f"Figure: {args.figure}")
    return runs


def network(n):
    """Leaky integrate-and-fire neurons, which get currents, and what their spikes do to two muscles."""
    drive = ns.Neurons("drive", n)
    pushers = ns.Neurons(
        "pushers", n, equations="dv/dt = (I - v)/(10*ms) + 0.5*xi/(10*ms)**0.5 : 1", ports="I",
        threshold="v > 1", reset="v = 0", method="euler",
    )  # fmt: skip
    muscles = ns.Neurons("muscles", 2, equations=f"dpush/dt = -push/({MUSCLE}*ms) : 1", ports="")
    one = ns.one_to_one()
    sides = [
        ns.Synapses(half, muscles[side : side + 1], to="push", weight=2 / n, name=name)
        for side, (half, name) in enumerate(((pushers[: n // 2], "left"), (pushers[n // 2 :], "right")))
    ]
    return ns.Network(ns.Synapses(drive, pushers, wiring=one), *sides, schedule=ns.Clock(1 * ms))


def balance(n, args, silent=False):
    """The angle in each millisecond until the pendulum has fallen, and the recording of the network."""
    wind = np.random.default_rng(args.seed).normal(0, GUST, 1 + int(args.seconds * 10))
    side = np.where(np.arange(n) < n // 2, 1.0, -1.0)  # those that push to the left act when it leans right
    angle, velocity, seen = 0.02, 0.0, []
    with ns.session(network(n), record=["pushers"], seed=args.seed, engine=args.engine) as session:
        while session.time < args.seconds and abs(angle) < FALLEN:
            session.advance(
                1 * ms, {"drive": 0.0 * side if silent else side * (ANGLE * angle + VELOCITY * velocity)}
            )
            left, right = session["muscles.push"]
            force = 0.0 if silent else FORCE * (right - left)
            gust = wind[int(session.time * 10)]
            velocity += 0.001 * (GRAVITY * np.sin(angle) - FRICTION * velocity + force + gust)
            angle += 0.001 * velocity
            seen.append(angle)
    return np.array(seen), session.recording


def draw(runs, path):
    figure, (above, below) = plt.subplots(2, 1, figsize=(8, 6), sharex=True, layout="constrained")
    for n, (angle, _) in runs.items():
        above.plot(np.degrees(angle), label=f"{n} neurons" if n else "nobody pushes")
    above.set(ylabel="angle (degrees)", ylim=(-3, 6))
    above.legend(loc="upper right", ncols=2)
    largest = max(runs)
    ns.figures.raster(runs[largest][1], "pushers", ax=below)
    below.set(title=f"Spikes of {largest} neurons; those below push to the left")
    figure.savefig(path, dpi=150)


if __name__ == "__main__":
    main()
