"""Networks for tests of readouts."""

import neurosim as ns


def adder(n=3, noise=0.0):
    """A network whose cells add up their inputs, and a random number if asked for."""
    x, y = ns.Neurons("x", n), ns.Neurons("y", n, update=f"v = v + I + {noise}*randn()")
    return ns.Network(ns.Synapses(x, y, wiring=ns.one_to_one()), schedule=ns.Layered())
