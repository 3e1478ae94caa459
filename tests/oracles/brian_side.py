"""The same network in Brian2 (numpy target) and in neurosim, side by side: what the Brian2 tests share."""

from types import SimpleNamespace

import brian2 as b
import numpy as np
from brian2 import ms

import neurosim as ns

DT = 0.1 * ms
b.prefs.codegen.target = "numpy"  # from the first `connect` on, so that Brian2 compiles nothing


def brian_run(duration, *objects):
    """Run Brian2 objects on its numpy target."""
    b.defaultclock.dt = DT
    network = b.Network(*objects)
    network.run(duration)
    return network


def brian_spikes(monitor):
    """(tick, neuron) of a SpikeMonitor, by tick, then neuron."""
    tick = np.rint(np.asarray(monitor.t) / float(DT)).astype(int)
    neuron = np.asarray(monitor.i)
    order = np.lexsort((neuron, tick))
    return tick[order], neuron[order]


def assert_same_spikes(recording, name, monitor):
    """The recording's population spiked exactly as Brian2's group did, index and tick, and did spike."""
    spikes = recording.spikes(name)
    tick, neuron = brian_spikes(monitor)
    assert len(tick) > 0
    np.testing.assert_array_equal(spikes.tick, tick)
    np.testing.assert_array_equal(spikes.neuron, neuron)


def random_synapses(n, p, longest, seed):
    """Random pairs and delays (in ms) from 0 to `longest`, in whole ticks."""
    rng = np.random.default_rng(seed)
    pre, post = np.nonzero(rng.random((n, n)) < p)
    return SimpleNamespace(pre=pre, post=post, delay=rng.integers(0, round(longest * 10) + 1, pre.size) * 0.1)


def clocked(*items):
    """A neurosim network with Brian2's time step."""
    return ns.Network(*items, schedule=ns.Clock(DT))
