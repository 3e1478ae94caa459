"""What the tests of the event engine share."""

from events_side import assert_same

import neurosim as ns
from neurosim.plan.inputs import read_inputs
from neurosim.plan.lower import lower

TOLERANCE = 1e-9  # of what is not linear: exp and matrix products differ in the last bits


def both(net, inputs=None, *, tolerance=0.0, **options):
    """The recording of the event engine, which is first compared with that of the reference engine."""
    wanted = ns.run(net, inputs, engine="reference", **options)
    found = ns.run(net, inputs, engine="events", **options)
    assert_same(found, wanted, tolerance=tolerance)
    return found


def lowered(net, inputs=None, *, ticks=None, trials=None, **options):
    return lower(net, read_inputs(net, inputs, ticks, None, trials, 0), **options)
