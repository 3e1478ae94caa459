"""Monitors of Brian2 scripts that also write into files: what the files hold, and when they hold it."""

import os
import signal
from pathlib import Path

import brian2 as b2
import numpy as np
import pytest
from brian2 import ms

import neurosim as ns
import neurosim.brian
from neurosim.brian.refusal import Refused
from neurosim.errors import DescriptionError, RecordingError


@pytest.fixture(autouse=True)
def runtime():
    """Brian2's own device is used again after each test."""
    b2.BrianLogger.suppress_name("method_choice")
    target = b2.prefs.codegen.target
    yield
    b2.set_device("runtime")
    b2.prefs.codegen.target = target


def cells(size: int = 12, **more: object) -> b2.NeuronGroup:
    made = b2.NeuronGroup(
        size, "dv/dt = (drive - v)/(4*ms) : volt\ndrive : volt\nshare = v/drive : 1",
        threshold="v > 15*mV", reset="v = 0*mV", method="exact", name="cells", **more,
    )  # fmt: skip
    made.drive = "18*mV + i*mV"
    return made


def recorded_script() -> tuple[b2.Network, dict[str, object]]:
    """A network, and its monitors by the names under which a file holds their records."""
    group = cells(events={"half": "v > 8*mV and v < 10*mV"})
    wires = b2.Synapses(group, group, "w : volt", on_pre="w += 1*mV; v += 0.1*w", name="wires")
    wires.connect("i != j", p=0.3)
    monitors = {
        "cells": b2.SpikeMonitor(group), "cells[4:7]": b2.SpikeMonitor(group[4:7]),
        "cells[[0, 3]]": b2.StateMonitor(group, ["v", "share", "drive"], record=[0, 3]),
        "cells[5:7]": b2.StateMonitor(group[4:], "v", record=[1, 2]),
        "wires[2:4]": b2.StateMonitor(wires, ["w", "v_post"], record=[2, 3]),
        "rates": b2.PopulationRateMonitor(group[:7], name="rates"),
        "cells_half": b2.EventMonitor(group, "half"),
        "every": b2.StateMonitor(group, "v", record=[5, 6], dt=0.4 * ms, name="every"),
    }  # fmt: skip
    return b2.Network(group, wires, *monitors.values()), monitors


def assert_holds(path: Path, monitors: dict[str, object], since: float = 0.0) -> None:
    """A file holds what the monitors do, since a time in seconds."""
    with ns.open(path) as rec:
        for name, monitor in monitors.items():
            if isinstance(monitor, b2.EventMonitor):
                spikes, later = rec.spikes(name), monitor.t_[:] >= since - 1e-9
                first = int(name[6]) if "[" in name else 0
                assert np.allclose(spikes.tick * rec.dt, monitor.t_[later] - since)
                assert np.array_equal(np.sort(spikes.neuron - first), np.sort(monitor.i[later]))
                continue
            variables = getattr(monitor, "record_variables", ["rate"])
            later = monitor.t_[:] >= since - 1e-9
            for variable in variables:
                key = f"{name}.{variable}" if name != "every" else "cells[5:7].v (every)"
                values = np.atleast_2d(monitor.variables[variable].get_value().T).T[later]
                assert np.array_equal(rec[key][:], values), key


def test_a_file_holds_what_monitors_do_for_all_runs_that_follow_each_other(tmp_path):
    b2.set_device("neurosim", engine="reference", record_to=tmp_path / "run.h5")
    net, monitors = recorded_script()
    net.run(3.2 * ms)
    assert_holds(tmp_path / "run.h5", monitors)
    net.store()
    net.run(3.2 * ms)
    net.run(5 * ms)
    assert monitors["cells"].num_spikes > 12
    assert_holds(tmp_path / "run.h5", monitors)
    with ns.open(tmp_path / "run.h5") as rec:
        assert (rec.ticks, rec.stopped, rec.engine) == (114, "end", "reference")
        assert np.array_equal(rec["cells[3].v"][:, 0], monitors["cells[[0, 3]]"].v_[1])
        assert "v : volt" in rec.network.populations["cells"].equations
        with pytest.raises(RecordingError, match="Run the script again"):
            ns.replay(rec)
        with pytest.raises(DescriptionError, match="no run can continue"):
            ns.run(rec.network, ticks=1, start=rec)

    # A run that goes back begins a file of its own, as does one with other monitors.
    net.restore()
    net.run(2 * ms)
    assert_holds(tmp_path / "run_2.h5", monitors, since=0.0032)
    net.add(b2.StateMonitor(monitors["cells"].source, "drive", record=[0]))
    net.run(1 * ms)
    with ns.open(tmp_path / "run_3.h5") as rec:
        assert rec.ticks == 10 and rec["cells[[0]].drive"].shape == (10, 1)


def test_without_memory_monitors_stay_empty_but_count_spikes(tmp_path):
    b2.set_device("neurosim", engine="reference", record_to=tmp_path / "run.h5", in_memory=False)
    group = cells()
    spikes, trace, rates = b2.SpikeMonitor(group), b2.StateMonitor(group, "v", True), None
    rates = b2.PopulationRateMonitor(group)
    counts = b2.SpikeMonitor(group, record=False)
    net = b2.Network(group, spikes, trace, rates, counts)
    net.run(10 * ms)
    with ns.open(tmp_path / "run.h5") as rec:
        assert rec["cells.v"].shape == (100, 12)
        neuron = rec.spikes("cells").neuron
    assert spikes.num_spikes == len(trace.t) == len(rates.t) == 0
    assert np.array_equal(spikes.count, np.bincount(neuron, minlength=12)) and neuron.size > 12
    assert np.array_equal(spikes.count, counts.count)
    net.add(b2.SpikeMonitor(group, variables="v"))
    with pytest.raises(Refused, match="only the monitor itself can hold 'v'"):
        net.run(1 * ms)


def test_a_killed_script_leaves_what_it_had_recorded(tmp_path):
    path = tmp_path / "run.h5"
    child = os.fork()
    if not child:
        b2.set_device("neurosim", engine="reference", record_to=path)
        group = cells()
        trace = b2.StateMonitor(group, "v", True)

        @b2.network_operation(dt=1 * ms)
        def die(t):
            if len(trace.t) and t > 3.5 * ms:
                os.kill(os.getpid(), signal.SIGKILL)

        b2.Network(group, trace, die).run(10 * ms)
        os._exit(1)
    assert os.WIFSIGNALED(os.waitpid(child, 0)[1])
    with ns.open(path) as rec:
        assert rec.stopped == "interrupted" and "a Brian2 script that was interrupted" in str(rec)
        assert rec.ticks == 40 and np.all(np.diff(rec["cells.v"][:10, 0]) > 0)


def test_nothing_but_older_recordings_of_scripts_is_replaced(tmp_path):
    (tmp_path / "notes.h5").write_text("of value")
    with pytest.raises(RecordingError, match="exists, but is not a neurosim recording"):
        b2.set_device("neurosim", record_to=tmp_path / "notes.h5")
    with pytest.raises(DescriptionError, match="record_to 3 is not a path"):
        b2.set_device("neurosim", record_to=3)
    with pytest.raises(DescriptionError, match="in_memory=False without record_to"):
        b2.set_device("neurosim", in_memory=False)
    counter = ns.Neurons("counter", 1, update="n = n + 1")
    ns.run(ns.Network(counter, schedule=ns.Synchronous()), ticks=1, to=tmp_path / "run_2.h5")
    for _ in range(2):
        b2.set_device("neurosim", engine="reference", record_to=tmp_path / "run.h5")
        net, _ = recorded_script()
        net.run(2 * ms)
        with pytest.raises(
            RecordingError, match=r"run_2\.h5: exists, and is no recording of a Brian2 script"
        ):
            recorded_script()[0].run(1 * ms)
    (tmp_path / "run_2.h5").unlink()
    net.run(1 * ms)
    assert ns.open(tmp_path / "run_2.h5").ticks == 10


def test_a_file_that_another_run_has_replaced_is_left_alone(tmp_path):
    b2.set_device("neurosim", engine="reference", record_to=tmp_path / "run.h5")
    net, _ = recorded_script()
    net.run(2 * ms)
    counter = ns.Neurons("counter", 1, update="n = n + 1")
    ns.run(ns.Network(counter, schedule=ns.Synchronous()), ticks=1, to=tmp_path / "other.h5")
    os.replace(tmp_path / "other.h5", tmp_path / "run.h5")
    with pytest.raises(RecordingError, match="was replaced since"):
        net.run(1 * ms)
    assert ns.open(tmp_path / "run.h5").ticks == 1


def test_a_file_begins_where_all_clocks_have_a_tick(tmp_path):
    b2.set_device("neurosim", engine="reference", record_to=tmp_path / "run.h5")
    group = cells()
    net = b2.Network(group)
    net.run(0.1 * ms)
    net.add(b2.PopulationRateMonitor(group))
    net.get_states()
    slow = b2.PopulationRateMonitor(group)
    slow._clock = b2.Clock(0.4 * ms)
    net.add(slow)
    with pytest.raises(Refused, match="between two ticks of its clock"):
        net.run(0.4 * ms)
