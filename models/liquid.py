"""A liquid state machine: a column of spiking neurons whose echoes of the input are read out.

Source: Maass, Natschlaeger & Markram 2002, Neural Computation 14, 2531, appendix B, doi:10.1162/089976602760407955. Synapses:
Markram, Wang & Tsodyks 1998, PNAS 95, 5323, doi:10.1073/pnas.95.9.5323. What the paper leaves open, its authors say later:
Legenstein & Maass 2007, Neural Networks 20, 323, doi:10.1016/j.neunet.2007.04.017.
"""

from typing import Any

import numpy as np

import neurosim as ns
from neurosim import cells
from neurosim.units import Mohm, ms, mV, nA, second

# Sender, target (E excitatory, I inhibitory): C, mean A (nA), means of U, D (s), F (s); delay (ms).
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
    dt: Any = 0.1 * ms,
) -> ns.Network:
    """Spike trains `inputs` into a grid `liquid` of integrate-and-fire neurons with synapses that tire and recover.

    A synapse of weight A sends A u x at a spike, where u = u + U (1 - u) before and x = x - u x after it; in between,
    dx/dt = (1 - x)/D and du/dt = -u/F. Neuron a reaches neuron b with probability C exp(-(distance/scale)^2).

    Arguments: `shape` of the grid; fraction of `inhibitory` neurons, placed at random by the number `layout`; `scale` is the
    paper's lambda; each input reaches each neuron with the probability `reach` (30 % of the neurons in later work of the
    authors), by static synapses; `static` above 0 makes all synapses static, with weights `static` times A (0.14 gives about the
    same activity); `dt`.

    U, D and F are normal with a standard deviation of half their mean; those below 0, and U above 1, are drawn anew, uniform about
    the mean. All trials of a run start from the same membrane potentials; the paper draws them for each.
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
    part = {"E": neurons[np.nonzero(~inhibits)], "I": neurons[np.nonzero(inhibits)]}
    synapses = [_synapses(kind, part, scale, static) for kind in KINDS]
    for kind, A in (("E", 18.0), ("I", 9.0)):
        synapses.append(
            ns.Synapses(
                inputs,
                part[kind],
                to="I_exc",
                wiring=ns.probability(reach),
                weight=_spread(A),
                name=f"inputs_to_{kind}",
            )
        )
    return ns.Network(synapses, schedule=ns.Clock(dt))


def _spread(A: float) -> Any:
    return ns.gamma(A * nA, abs(A) * nA)


def _synapses(kind: str, part: dict[str, Any], scale: float, static: float) -> ns.Synapses:
    C, A, U, D, F, delay = KINDS[kind]
    current = "I_exc" if kind[0] == "E" else "I_inh"
    given = {"wiring": ns.nearby(scale, C), "delay": delay * ms, "name": kind}
    if static:
        return ns.Synapses(part[kind[0]], part[kind[1]], to=current, weight=_spread(static * A), **given)
    return ns.Synapses(
        part[kind[0]], part[kind[1]], weight=_spread(A), **given,
        model="""dx/dt = (1 - x)/D : 1 (event-driven)
                 du/dt = -u/F : 1 (event-driven)
                 U : 1 (constant)
                 D : second (constant)
                 F : second (constant)""",
        on_pre=f"u += U*(1 - u)\n{current}_post += w*u*x\nx -= u*x", x=1.0,
        U=ns.bounded_normal(U, U / 2, low=0.0, high=1.0),
        D=ns.bounded_normal(D * second, D / 2 * second, low=0 * second), F=ns.bounded_normal(F * second, F / 2 * second, low=0 * second),
    )  # fmt: skip


def example() -> dict[str, Any]:
    """Four inputs of Poisson spikes at 20 per second into a short column, for 0.4 s: its spikes, and v of five neurons."""
    random = np.random.default_rng(0)
    tick, neuron = np.nonzero(random.random((4000, 4)) < 20 * 1e-4)
    net, record = liquid(4, (8, 3, 3)), {"liquid": 1, "liquid[:5, 0, 0].v": 10}
    return {"net": net, "inputs": {"inputs": (tick, neuron)}, "ticks": 4000, "record": record, "seed": 1}
