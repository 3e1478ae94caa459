"""Spiking neurons that compete for patterns and learn them by STDP, without labels.

Source: Diehl & Cook 2015, Frontiers in Computational Neuroscience 9, 99, doi:10.3389/fncom.2015.00099. As
there, each neuron keeps the sum of its weights, raises its threshold at each of its spikes, and inhibits all
others, either through an inhibitory neuron of its own or directly. Synapses are currents here rather than
conductances, and instead of a pause after each pattern the potentials are set to 0.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

import neurosim as ns
from neurosim.network.values import choice, plain_number
from neurosim.units import Quantity, ms

FRESH = "v = 0\nexcited = 0\ninhibited = 0"
CELL = """dv/dt = (excited - inhibited - v)/(100*ms) : 1 (unless refractory)
dexcited/dt = -excited/(5*ms) : 1
dinhibited/dt = -inhibited/(10*ms) : 1
"""
ADAPTS = "dtheta/dt = -theta/tau_theta : 1\nweight_sum : 1"
TRACES = """dx/dt = -x/(50*ms) : 1 (event-driven)
dy/dt = -y/(50*ms) : 1 (event-driven)
"""
ARRIVES = "excited_post += gain*w\n"
RULES = {  # of on_pre and on_post
    "instar": (f"{ARRIVES}x += 1", "w += rate*(x/most - w)"),
    "power": (f"{ARRIVES}x += 1", "w = clip(w + rate*(x/most - 0.3)*(1 - w), 0, 1)"),
    "pairs": (f"{ARRIVES}x = 1\nw = clip(w - 0.01*rate*y, 0, 1)", "y = 1\nw = clip(w + rate*x, 0, 1)"),
}
LATERAL = ("direct", "paired")


def competitive_stdp(
    n_inputs: int,
    n_neurons: int = 100,
    *,
    rule: str = "instar",
    lateral: str = "direct",
    period: Quantity = 150 * ms,
    rate: float = 0.05,
    total: float | None = None,
    drive: float = 6.0,
    most: float = 8.0,
    inhibition: float = 20.0,
    plus: float = 0.05,
    weights: ArrayLike | None = None,
    theta: ArrayLike | float = 0.0,
    dt: Quantity = 1 * ms,
) -> ns.Network:
    """Neurons that learn the patterns of spikes which come one after the other, one in each period.

    `inputs` (spikes) -> `cells`, by the synapses `up` that learn. A neuron spikes when v > 1 + theta; theta
    then rises by `plus`, and falls with a time constant of 8 periods times the number of neurons, so that all
    get to spike about equally often. At the beginning of each period the weights of each neuron are scaled to
    sum to `total`, and v and currents are set to 0.

    With the traces x of spikes of an input and y of spikes of the neuron (50 ms), the rules are
        'instar': w += rate (x/most - w) when the neuron spikes, where x counts all spikes;
        'power': w += rate (x/most - 0.3) (1 - w), as the paper's rule with a weight dependence;
        'pairs': w += rate x when the neuron spikes, w -= 0.01 rate y at spikes of the input; x and y are of
            the last spike only.

    Arguments:
        n_inputs, n_neurons: sizes.
        rule: 'instar', 'power' or 'pairs'.
        lateral: a spike inhibits all others after one tick ('direct'), or makes an inhibitory neuron spike,
            which inhibits them ('paired', with the population `inhibitory`).
        period: how long a pattern lasts.
        rate: of learning; 0 for a network that has learned: weights and thresholds then keep their values.
        total: sum of the weights of a neuron; None: 0.3 times the number of inputs.
        drive: how much the current rises at a spike for each share of `total` that its weight has.
        most: the trace of an input that is as active as inputs are, which draws a weight to 1.
        inhibition: the inhibitory current of a spike.
        plus: by how much a spike raises the threshold of its neuron.
        weights: at the start, shape (neuron, input); None: uniform, from half to one and a half times mean.
        theta: at the start, one number or one for each neuron.
        dt: the length of a tick.

    Raises DescriptionError for another rule, another kind of inhibition, and a rate below 0.

    >>> competitive_stdp(64, 20)["cells"].shape
    (20,)
    """
    before, after = RULES[choice(rule, RULES, "competitive_stdp: rule")]
    choice(lateral, LATERAL, "competitive_stdp: lateral")
    learns = plain_number(rate, "competitive_stdp: rate", "Give a number of at least 0.", low=0.0) > 0
    total = 0.3 * n_inputs if total is None else total
    mean = total / n_inputs
    start = ns.uniform(0.5 * mean, 1.5 * mean) if weights is None else weights
    common = dict(gain=drive / total, weight=start)
    adapts = ADAPTS if learns else "theta : 1 (constant)"
    constants = dict(tau_theta=8 * n_neurons * period, plus=plus) if learns else {}
    inputs = ns.Neurons("inputs", n_inputs)
    cells = ns.Neurons(
        "cells", n_neurons, equations=CELL + adapts, threshold="v > 1 + theta",
        reset="v = 0\ntheta += plus" if learns else "v = 0", refractory=5 * ms, theta=theta,
        regularly=(period, FRESH + "\nweight_sum = 0" if learns else FRESH), **constants,
    )  # fmt: skip
    text = dict(on_pre=ARRIVES)
    if learns:
        scale = [
            (period, "weight_sum_post += w"),
            (period, "w *= goal/weight_sum_post"),
        ]  # one after the other
        text = dict(model=TRACES, on_pre=before, on_post=after, regularly=scale)
        common |= dict(rate=rate, goal=total) | (dict(most=most) if "most" in after else {})
    up = ns.Synapses(inputs, cells, name="up", **text, **common)
    return ns.Network(up, *_inhibition(cells, lateral, inhibition, dt), schedule=ns.Clock(dt))


def _inhibition(cells: ns.Neurons, lateral: str, weight: float, dt: Quantity) -> list[ns.Synapses]:
    """Synapses by which each neuron inhibits all others."""
    if lateral == "direct":
        others = dict(to="inhibited", wiring="i != j", weight=weight, name="inhibit")
        return [ns.Synapses(cells, cells, delay=dt, **others)]
    leak = "dv/dt = -v/(10*ms) : 1"
    inhibitory = ns.Neurons("inhibitory", cells.size, equations=leak, threshold="v > 1", reset="v = 0")
    excite = ns.Synapses(cells, inhibitory, to="v", wiring=ns.one_to_one(), weight=2.0)
    return [
        excite,
        ns.Synapses(inhibitory, cells, to="inhibited", wiring="i != j", weight=weight, name="inhibit"),
    ]


def example() -> dict[str, Any]:
    """Eight neurons see bars in a 4 x 4 field, each for 50 ms."""
    random = np.random.default_rng(0)
    bars = np.array([np.where(np.arange(16) // 4 == k, 1.0, 0.0) for k in range(4)])
    shown = np.repeat(bars[random.integers(0, 4, 12)], 50, axis=0)
    tick, neuron = np.nonzero(random.random(shown.shape) < 0.4 * shown)
    net = competitive_stdp(16, 8, period=50 * ms, rate=0.1, drive=14.0)
    record = {"cells": 1, "cells.theta": 50, "up.w": 50}
    return {"net": net, "inputs": {"inputs": (tick, neuron)}, "ticks": 600, "record": record, "seed": 1}
