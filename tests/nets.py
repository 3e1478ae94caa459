"""Short functions for the networks that the scenario tests share."""

import neurosim as ns
from neurosim.units import ms

RELAY = dict(threshold="I > 0.5")
SUM = dict(update="v = I")


def clock(*items, dt=1 * ms):
    return ns.Network(*items, schedule=ns.Clock(dt))


def layered(*items):
    return ns.Network(*items, schedule=ns.Layered())


def synchronous(*items):
    return ns.Network(*items, schedule=ns.Synchronous())
