"""Brian2 scripts that change the network between runs, or whose objects do not all run."""

import brian2 as b2
import numpy as np
from brian2 import ms
from brian_device_side import Arrays, assert_same, records


def changed_ticks() -> Arrays:
    """Spikes with delays of 0 to 9 ms are on their way while dt becomes longer, then shorter."""
    b2.defaultclock.dt = 0.5 * ms
    first = b2.NeuronGroup(1, "v : 1", threshold="v > 1", reset="v = 0")
    second = b2.NeuronGroup(10, "v : 1", threshold="v > 1", reset="v = 0")
    first.v = 1.1
    synapses = b2.Synapses(first, second, on_pre="v += 1.1")
    synapses.connect()
    synapses.delay = "j*ms"
    spikes = b2.SpikeMonitor(second)
    net = b2.Network(first, second, synapses, spikes)
    for dt, duration in ((0.5, 5), (1.0, 3), (0.1, 2)):
        b2.defaultclock.dt = dt * ms
        net.run(duration * ms)
    return records(spikes)


def test_spikes_on_their_way_keep_their_times_when_dt_changes():
    assert len(assert_same(changed_ticks)["0.t"]) == 10


def resting_network() -> Arrays:
    """Refractory neurons without a threshold, and with one that becomes inactive."""
    equations = "dv/dt = (2 - v)/(10*ms) : 1 (unless refractory)\nrest : second"
    cells = b2.NeuronGroup(3, equations, threshold="v > 1", reset="v = 0", refractory="rest", method="exact")
    silent = b2.NeuronGroup(3, equations, refractory=3 * ms, method="exact")
    steady = b2.NeuronGroup(1, "", threshold="True", reset="")
    cells.v, cells.rest = "i/3.", [1, 3, 5] * ms
    spikes, every = b2.SpikeMonitor(cells), b2.SpikeMonitor(steady)
    net = b2.Network(cells, silent, steady, spikes, every)
    net.run(8 * ms)
    cells.thresholder["spike"].active = steady.active = False
    net.run(2 * ms)
    found = {"last": np.array(cells.lastspike[:]), "free": cells.not_refractory[:], "silent": silent.v[:]}
    net.run(2 * ms)
    return records(spikes, every) | found | {"v": cells.v[:], "last later": np.array(cells.lastspike[:])}


def test_neurons_stay_refractory_where_no_threshold_is_compared():
    assert_same(resting_network)


def given_spikes() -> Arrays:
    """Both sides of plastic synapses are spikes that the script gives."""
    source = b2.SpikeGeneratorGroup(
        40, np.tile(np.arange(0, 40, 7), 30), np.repeat(np.arange(30), 6) * 0.1 * ms
    )
    target = b2.SpikeGeneratorGroup(
        50, np.tile(np.arange(0, 50, 3), 20), np.repeat(np.arange(20), 17) * 0.1 * ms
    )
    text = {"on_pre": "x += 1 + 0.1*y", "on_post": "y += 2 + 0.01*x"}
    synapses = b2.Synapses(source, target, "x : 1\ny : 1", **text)
    synapses.connect(p=0.3)
    b2.Network(source, target, synapses).run(3 * ms)
    return {"x": synapses.x[:], "y": synapses.y[:]}


def test_spikes_that_the_script_gives_run_on_pre_and_on_post_only_when_they_come():
    assert_same(given_spikes, ("reference", "events"), threads=2)


def named_expressions() -> Arrays:
    """Synapses read an expression of their senders that names another one; equations call a function."""
    cells = b2.NeuronGroup(6, "v : 1\ntwice = 2*v : 1\nthrice = 1.5*twice : 1", threshold="v >= 3", reset="")
    cells.v = "i"
    double = b2.Function(lambda x: 2 * x, arg_units=[1], return_unit=1)
    double.implementations.add_implementation("numpy", lambda x: 2 * x)
    decaying = b2.NeuronGroup(
        6, "dv/dt = -double(3)*v/second : 1", method="exact", namespace={"double": double}
    )
    decaying.v = 1
    synapses = b2.Synapses(cells, decaying, on_pre="v_post += thrice_pre")
    synapses.connect(j="i")
    b2.Network(cells, decaying, synapses).run(0.2 * ms)
    return {"v": decaying.v[:]}


def test_expressions_that_name_others_are_read_as_in_brian2():
    assert_same(named_expressions)


def sums_at_spikes() -> Arrays:
    """A monitor of spikes records a variable that synapses sum, which only they change."""
    cells = b2.NeuronGroup(
        1, "dv/dt = (2 - v)/ms : 1\ng : 1", threshold="v > 1", reset="v = 0", method="euler"
    )
    synapses = b2.Synapses(cells, cells, "g_post = v_pre + 10*t/ms : 1 (summed)")
    synapses.connect()
    spikes = b2.SpikeMonitor(cells, variables=["g"])
    b2.Network(cells, synapses, spikes).run(3 * ms)
    return records(spikes) | {"g": np.array(spikes.g[:])}


def test_variables_are_recorded_at_spikes_where_brian2_does():
    assert_same(sums_at_spikes)


def last_values() -> Arrays:
    """Monitors record the values at the end of a run, and go on in the next run."""
    cells = b2.NeuronGroup(3, "dv/dt = -v/(5*ms) : 1", method="exact")
    cells.v = "1 + i"
    trace = b2.StateMonitor(cells, "v", record=[0, 2])
    net = b2.Network(cells, trace)
    for _ in range(2):
        net.run(0.3 * ms)
        trace.record_single_timestep()
    return records(trace) | {"v": np.array(trace.v[:])}


def test_monitors_record_the_values_at_the_end():
    assert assert_same(last_values)["v"].shape == (2, 8)


def no_synapses() -> Arrays:
    """A condition that holds for no pair: sums are 0, and code of synapses has nothing to do."""
    cells = b2.NeuronGroup(2, "v : 1\ng : 1", threshold="v > 1", reset="v = 0")
    cells.g, cells.v = 7, 2
    model = "w : 1\ng_post = w : 1 (summed)\ndu/dt = -u/ms : 1 (clock-driven)"
    synapses = b2.Synapses(cells, cells, model, on_pre="v += w; u += 1", method="euler")
    synapses.connect(condition="i > 5")
    synapses.run_regularly("w += 1")
    weights = b2.StateMonitor(synapses, "w", record=True)
    b2.Network(cells, synapses, weights).run(0.3 * ms)
    return {"g": cells.g[:], "v": cells.v[:], "w": np.array(weights.w)}


def test_networks_run_whose_synapses_connect_nothing():
    assert_same(no_synapses, ("reference", "events"))
