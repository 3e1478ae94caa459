"""A network of which tests make copies, in a module that a process of their own imports quickly."""

import numpy as np

import neurosim as ns
from neurosim.units import ms, mV

EARS = ns.Neurons("ears", (2, 2))
CELLS = ns.Neurons(
    "cells",
    4,
    equations="dv/dt = -v/(10*ms) : volt",
    threshold="v > 1*mV",
    reset="v = 0*mV",
    v=np.zeros(4) * mV,
)
HEARD = ns.Synapses(EARS, CELLS[1:], weight=2 * mV, to="v", wiring=ns.pairs([0, 3], [1, 2]), name="heard")
PLASTIC = ns.Synapses(
    CELLS, CELLS, to="v", weight=np.ones((4, 4)) * mV, on_pre="v_post += w", delay=1 * ms, name="plastic"
)
NET = ns.Network(HEARD, PLASTIC, schedule=ns.Clock(1 * ms))


def run(**more):
    return ns.run(
        NET,
        {"ears": ([1, 3], [0, 3])},
        ticks=6,
        record=["cells", "cells.v", "ears"],
        start={"cells.v": 0.5 * mV},
        **more,
    )


def sent_home(path):
    return run(to=path)
