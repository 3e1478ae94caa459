"""Functions of a script that a network calls in its ticks: what they see, change and stop, as in Brian2."""

from collections.abc import Callable

import brian2 as b2
import numpy as np
import pytest
from brian2 import ms
from brian_device_side import Arrays, assert_same, device, records

from neurosim.brian import advancing
from neurosim.brian.refusal import Refused


@pytest.fixture
def lowerings(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The ticks at which networks were lowered."""
    found: list[int] = []
    before = advancing.lower_run

    def counted(run):
        found.append(run.first)
        return before(run)

    monkeypatch.setattr(advancing, "lower_run", counted)
    return found


def watched_script(seen: list[object], stop: bool = True) -> Arrays:
    """A network whose functions look at everything and change much of it, in every tick."""
    cells = b2.NeuronGroup(
        5, """dv/dt = (drive + ge - v)/(3*ms) : 1 (unless refractory)
              dge/dt = -ge/(2*ms) : 1
              drive : 1
              level : 1 (shared)
              flips : integer""",
        threshold="v > 1", reset="v = 0; flips += 1", refractory=0.6 * ms, method="euler", name="cells",
    )  # fmt: skip
    cells.drive = "1.5 + 0.2*i"
    wires = b2.Synapses(cells, cells, "w : 1\nu : 1", on_pre="ge += w; u += 1", delay=0.3 * ms, name="wires")
    wires.connect("i != j")
    wires.w = "0.02*(i + 1)"
    traces = b2.StateMonitor(cells, ["v", "ge", "drive"], record=True)
    spikes, weights = b2.SpikeMonitor(cells), b2.StateMonitor(wires, "w", record=[0, 7])
    kept = cells.v_[:]  # a view

    @b2.network_operation(when="start")
    def begin(t):
        tick = round(float(t / ms) * 10)
        seen.append((tick, float(cells.v[0]), float(cells.lastspike[0] / ms), len(cells.spikes)))
        seen.append((len(traces.t), spikes.num_spikes, bool(cells.not_refractory[1]), int(cells.flips[2])))
        cells.drive[tick % 5] += 0.05
        kept[4] += 0.001
        if tick % 20 == 1:
            cells.level = tick
            wires.w["i == 2"] = "w*1.1 + 0.001*u"
        if tick == 31:
            wires.delay = 0.5 * ms
        if tick == 50:
            cells.flips[:] = 0
            cells.v = "0.1*i"

    @b2.network_operation(dt=0.5 * ms, when="end")
    def finish():
        seen.append((float(wires.u[0]), np.array(cells.spikes).sum()))
        if b2.defaultclock.t > 7 * ms:
            weights.active = False  # which counts in the next run
        if stop and b2.defaultclock.t > 9 * ms:
            b2.stop()

    net = b2.Network(cells, wires, traces, spikes, weights, begin, finish)
    net.run(12 * ms)
    net.run(0.6 * ms)
    return records(traces, spikes) | {
        "seen": np.concatenate(seen), "t": [net.t / ms], "w": wires.w[:], "flips": cells.flips[:],
        "level": cells.level[:], "lastspike": cells.lastspike[:], "weights": weights.w[:],
    }  # fmt: skip


@pytest.mark.parametrize("engine", ["reference", "events"])
def test_functions_see_and_change_a_network_as_in_brian2_while_it_stays_open(lowerings, engine):
    found = assert_same(lambda: watched_script([]), (engine,))
    assert found["1.t"].size > 15
    # At the start of each run, when a parameter becomes a variable.
    assert lowerings == [0, 1, 96], lowerings


def test_an_error_in_a_function_leaves_the_network_where_it_was():
    def script() -> Arrays:
        cells = b2.NeuronGroup(2, "dv/dt = (2 - v)/(3*ms) : 1\nx : 1", method="euler")
        trace = b2.StateMonitor(cells, "v", record=True)

        @b2.network_operation(dt=1 * ms)
        def fails(t):
            cells.x = 7
            if t > 2.5 * ms:
                raise ZeroDivisionError

        net = b2.Network(cells, trace, fails)
        with pytest.raises(ZeroDivisionError):
            net.run(5 * ms)
        return records(trace) | {"v": cells.v[:], "x": cells.x[:]}

    assert_same(script)


def driven_script(change: Callable[[b2.SpikeGeneratorGroup], None]) -> Arrays:
    given = b2.SpikeGeneratorGroup(2, [0, 1], [0.3, 0.7] * ms)
    cells = b2.NeuronGroup(2, "v : 1")
    push = b2.Synapses(given, cells, on_pre="v += 1")
    push.connect(j="i")
    net = b2.Network(given, cells, push)
    net.run(1 * ms)
    change(given)
    net.run(2 * ms)
    return {"v": cells.v[:]}


def test_other_spikes_between_runs_count():
    assert_same(lambda: driven_script(lambda given: given.set_spikes([1, 1], [1.5, 1.7] * ms)))


def test_a_seed_is_kept_while_functions_change_a_network():
    def spikes(changes: bool) -> np.ndarray:
        with device("neurosim", engine="reference"):
            cells = b2.NeuronGroup(20, "x : 1\nq : 1", threshold="rand() < 0.1*(1 + x)", reset="")
            spikes = b2.SpikeMonitor(cells)

            @b2.network_operation(dt=0.5 * ms)
            def change(t):
                if changes:
                    cells.x = 0 * (1 + float(t / ms))
                    cells.q = float(t / ms)

            b2.Network(cells, spikes, change).run(3 * ms)
            return np.array(spikes.i)

    assert np.array_equal(spikes(True), spikes(False))


def amid_script(seen: list[object]) -> Arrays:
    """Functions that are called between the objects of a tick, and see and change what these have done."""
    cells = b2.NeuronGroup(
        5, "dv/dt = (drive - v)/(3*ms) : 1 (unless refractory)\ndrive : 1\nx : 1",
        threshold="v > 1", reset="v = 0", refractory=0.4 * ms, method="exact", name="cells",
    )  # fmt: skip
    cells.drive = "2.5 + 0.2*i"
    wires = b2.Synapses(cells, cells, "w : 1", on_pre="x += w; v += 0.1*w", delay=0.2 * ms, name="wires")
    wires.connect("i != j")
    wires.w = 0.1
    plain = b2.Synapses(cells, cells, on_pre="v += 0.05", name="plain")
    plain.connect(j="(i + 1) % 5")
    traces, late = b2.StateMonitor(cells, ["v", "x"], True), b2.StateMonitor(cells, "v", True, when="end")
    spikes = b2.SpikeMonitor(cells)

    @b2.network_operation(when="after_groups")
    def moved():
        seen.append((cells.v[0], cells.v[4], float(cells.not_refractory[4])))
        cells.x = cells.x * 0.9

    @b2.network_operation(when="after_thresholds", dt=0.2 * ms)
    def spiked(t):
        seen.append((float(t / ms), np.sum(cells.spikes), len(cells.spikes)))
        cells.drive[3] = 2.5 + 0.01 * len(cells.spikes)

    @b2.network_operation(when="before_resets")
    def arrived(t):
        seen.append((cells.v[1], wires.w[3]))
        wires.w[3] += 0.001
        if t > 5 * ms:
            b2.stop()

    net = b2.Network(cells, wires, plain, traces, late, spikes, moved, spiked, arrived)
    net.run(8 * ms)
    stopped = float(net.t / ms)
    net.run(0.5 * ms)
    return records(traces, late, spikes) | {"seen": np.concatenate(seen), "t": [stopped], "w": wires.w[:]}


def test_functions_are_called_between_other_objects_of_a_tick():
    found = assert_same(lambda: amid_script([]), ("reference", "events"))
    assert found["2.t"].size > 10 and 5 < found["t"][0] < 5.3


@pytest.mark.parametrize("engine", ["reference", "events"])
def test_errors_of_functions_between_other_objects_are_raised(engine):
    with device("neurosim", engine=engine):
        cells = b2.NeuronGroup(2, "dv/dt = -v/ms : 1", threshold="v > 1", reset="v = 0", method="exact")
        given = b2.SpikeGeneratorGroup(1, [0], [9] * ms)
        trace = b2.StateMonitor(cells, "v", True)
        net = b2.Network(cells, given, trace)

        @b2.network_operation(when="after_groups")
        def reads():
            return len(trace.t)

        @b2.network_operation(when="after_groups")
        def gives():
            given.variables["neuron_index"].set_value(1)

        reasons = {reads: "reads a monitor between", gives: "changes 'neuron_index' between"}
        for function, reason in reasons.items():
            net.add(function)
            with pytest.raises(Refused, match=reason):
                net.run(0.3 * ms)
            net.remove(function)
