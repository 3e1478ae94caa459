"""A liquid state machine: a column of spiking neurons whose response to the input is read out.

Source: Maass, Natschlaeger & Markram 2002, Neural Computation 14, 2531, appendix B,
doi:10.1162/089976602760407955. Synapses: Markram, Wang & Tsodyks 1998, PNAS 95, 5323,
doi:10.1073/pnas.95.9.5323. What the paper leaves open is as in later work of its authors: Legenstein & Maass
2007, Neural Networks 20, 323, doi:10.1016/j.neunet.2007.04.017.
"""

from typing import Any

import numpy as np

import neurosim as ns
from neurosim import cells
from neurosim.network.neurons import Population
from neurosim.units import Mohm, Quantity, ms, mV, nA, second

# By sender and target (E excitatory, I inhibitory): C, mean A (nA), means of U, D (s) and F (s), and the
# delay (ms).
KINDS = {
    "EE": (0.3, 30.0, 0.5, 1.1, 0.05, 1.5),
    "EI": (0.2, 60.0, 0.05, 0.125, 1.2, 0.8),
    "IE": (0.4, -19.0, 0.25, 0.7, 0.02, 0.8),
    "II": (0.1, -19.0, 0.32, 0.144, 0.06, 0.8),
}


def liquid(
    n_inputs: int = 1,
    shape: tuple[int, int, int] = (15, 3, 3),
    *,
    inhibitory: float = 0.2,
    scale: float = 2.0,
    reach: float = 0.3,
    static: float = 0.0,
    layout: int = 0,
    dt: Quantity = 0.1 * ms,
) -> ns.Network:
    """Integrate-and-fire neurons on a grid with dynamic synapses, driven by spike trains.

    `inputs` (spikes) -> `liquid`. At a spike a synapse of weight A sends A u x, where u = u + U (1 - u)
    before and x = x - u x after it (facilitation and depression); in between, dx/dt = (1 - x)/D and du/dt =
    -u/F. Neuron a has a synapse to neuron b with probability C exp(-(distance/scale)^2). U, D and F are
    normal with a standard deviation of half their mean; values below 0, and values of U above 1, are drawn
    again, uniformly around the mean.

    All trials of a run start from the same membrane potentials; in the paper they are drawn for each trial.

    Arguments:
        n_inputs: the number of spike trains.
        shape: of the grid.
        inhibitory: the fraction of inhibitory neurons.
        scale: the length scale of the connections, in units of the grid: the paper's lambda.
        reach: the probability that an input has a (static) synapse to a neuron; 0.3 as in later work of the
            authors.
        static: above 0, all synapses are static, with weights `static` times A; 0.14 gives about the same
            activity.
        layout: the seed from which the positions of the inhibitory neurons are drawn.
        dt: the length of a tick.

    >>> liquid(4, (8, 3, 3))["liquid"].shape
    (8, 3, 3)
    """
    size = int(np.prod(shape))
    quiet = np.random.default_rng(layout).permutation(size)[: round(inhibitory * size)]
    inhibits = np.isin(np.arange(size), quiet).reshape(shape)
    inputs = ns.Neurons("inputs", n_inputs)
    neurons = cells.lif_exponential(
        "liquid", shape, tau=30 * ms, R=1 * Mohm, I_b=13.5 * nA, tau_exc=3 * ms, tau_inh=6 * ms,
        v_rest=0 * mV, v_reset=13.5 * mV, v_threshold=15 * mV, v=ns.uniform(13.5 * mV, 15 * mV),
        refractory="t_ref", t_ref=np.where(inhibits, 2, 3) * ms,
    )  # fmt: skip
    part = {
        kind: neurons[np.nonzero(chosen)]
        for kind, chosen in (("E", ~inhibits), ("I", inhibits))
        if chosen.any()
    }
    synapses = [_synapses(kind, part, scale, static) for kind in KINDS if set(kind) <= set(part)]
    for kind, A in (("E", 18.0), ("I", 9.0)):
        if kind not in part:
            continue
        wiring, name = ns.probability(reach), f"inputs_to_{kind}"
        synapses.append(
            ns.Synapses(inputs, part[kind], to="I_exc", wiring=wiring, weight=_gamma(A), name=name)
        )
    return ns.Network(synapses, schedule=ns.Clock(dt))


def _gamma(A: float) -> ns.gamma:
    """Weights in nA whose standard deviation is their mean A."""
    return ns.gamma(A * nA, abs(A) * nA)


def _synapses(kind: str, part: dict[str, Population], scale: float, static: float) -> ns.Synapses:
    """The synapses of one kind, dynamic unless `static` is above 0."""
    C, A, U, D, F, delay = KINDS[kind]
    pre, post, current = part[kind[0]], part[kind[1]], "I_exc" if kind[0] == "E" else "I_inh"
    common = {"wiring": ns.nearby(scale, C), "delay": delay * ms, "name": kind}
    if static:
        return ns.Synapses(pre, post, to=current, weight=_gamma(static * A), **common)
    return ns.Synapses(
        pre, post, weight=_gamma(A), **common,
        model="""dx/dt = (1 - x)/D : 1 (event-driven)
                 du/dt = -u/F : 1 (event-driven)
                 U : 1 (constant)
                 D : second (constant)
                 F : second (constant)""",
        on_pre=f"u += U*(1 - u)\n{current}_post += w*u*x\nx -= u*x", x=1.0,
        U=ns.bounded_normal(U, U / 2, low=0.0, high=1.0),
        D=ns.bounded_normal(D * second, D / 2 * second, low=0 * second),
        F=ns.bounded_normal(F * second, F / 2 * second, low=0 * second),
    )  # fmt: skip


def example() -> dict[str, Any]:
    """Four inputs of Poisson spikes, 20 per second each, into a short column for 0.4 s."""
    random = np.random.default_rng(0)
    tick, neuron = np.nonzero(random.random((4000, 4)) < 20 * 1e-4)
    net, record = liquid(4, (8, 3, 3)), {"liquid": 1, "liquid[:5, 0, 0].v": 10}
    return {"net": net, "inputs": {"inputs": (tick, neuron)}, "ticks": 4000, "record": record, "seed": 1}
