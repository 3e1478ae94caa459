"""Small populations and networks for tests with nonsensical arguments."""

import numpy as np

import neurosim as ns
from neurosim.units import ms

SYNC, LAYERED, CLOCK = ns.Synchronous(), ns.Layered(), ns.Clock(1 * ms)
ears = ns.Neurons("ears", 3)
liquid = ns.Neurons("liquid", 4, update="v = I")
cells = ns.Neurons("cells", 3, update="v = I", threshold="v > 1", reset="v = 0")
grid = ns.Neurons("grid", (3, 4), update="v = I")
wide = ns.Neurons("wide", (3, 5), update="v = I")
image = ns.Neurons("image", (6, 6, 2), update="v = I")
maps = ns.Neurons("maps", (6, 6, 4), update="v = I")
one = ns.Neurons("one", 1, update="v = I")
noise = ns.Neurons("noise", 1, threshold="rand() < p", p=0.1)
membrane = ns.Neurons(
    "membrane",
    2,
    equations="dv/dt = (I - v)/tau : volt\nI : volt",
    threshold="v > 5*mV",
    reset="v = 0*mV",
    tau=10 * ms,
)
heard = ns.Network(ns.Synapses(ears, liquid, delay=1), schedule=SYNC)
clocked = ns.Network(membrane, schedule=CLOCK)
SILENCE = {"ears": np.zeros((2, 3))}


def neurons(**text):
    return ns.Neurons("pool", 2, **({"update": "v = I"} | text))


def synapses(pre=cells, post=liquid, **given):
    return ns.Synapses(pre, post, **({"delay": 1} | given))


def run(*items, schedule=SYNC, **given):
    """Run a network for two ticks, with zeros as the inputs of driven populations."""
    net = items[0] if isinstance(items[0], ns.Network) else ns.Network(*items, schedule=schedule)
    silence = {p.name: np.zeros((2, *p.shape)) for p in net.populations.values() if p.driven}
    return ns.run(net, **({"inputs": silence, "ticks": 2, "record": "all"} | given))


def rewired(wiring, pre=cells, post=liquid, **given):
    """A run of synapses with this wiring."""
    return run(synapses(pre, post, wiring=wiring, **given))
