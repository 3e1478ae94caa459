"""What the device for Brian2 scripts refuses, or leaves to Brian2's own runtime."""

import re
from pathlib import Path

import brian2 as b2
import numpy as np
import pytest
from brian2 import ms
from brian2.core.base import BrianObjectException

import neurosim.brian  # noqa: F401
from neurosim.brian.refusal import Refused
from neurosim.brian.write_back import MonitorWriter
from neurosim.errors import EngineError, NeurosimError


@pytest.fixture(autouse=True)
def device():
    b2.BrianLogger.suppress_name("method_choice")
    target = b2.prefs.codegen.target
    b2.set_device("neurosim")
    b2.defaultclock.dt = 0.1 * ms
    yield
    b2.set_device("runtime")
    b2.prefs.codegen.target = target


def group(equations: str = "dv/dt = -v/(10*ms) : 1\nx : 1\ns : 1 (shared)", size: int = 3, **more: object):
    given = {"threshold": "v > 1", "reset": "v = 0", "method": "euler"} | more
    return b2.NeuronGroup(size, equations, **given)


def synapses(source: object, target: object = None, connect: object = True, **more: object):
    made = b2.Synapses(source, target if target is not None else source, **more)
    made.connect() if connect is True else made.connect(connect)
    return made


def linked():
    one, other = group(), group("dv/dt = (I - v)/ms : 1\nI : 1 (linked)", reset="I = 0")
    other.I = b2.linked_var(one, "v")
    return one, other


def target_of_linked():
    one, other = group(), group("dv/dt = (I - v)/ms : 1\nI : 1 (linked)")
    other.I = b2.linked_var(one, "v")
    return one, other, synapses(one, other, model="w : 1", on_pre="w += 1; I_post = 0")


def linked_to_no_synapses():
    cells = group()
    made = synapses(cells, connect="i > 99", model="u : 1 (shared)")
    made.run_regularly("u += 1", dt=1 * ms)
    other = group("dv/dt = (I - v)/ms : 1\nI : 1 (linked)")
    other.I = b2.linked_var(made, "u")
    return cells, made, other


def slow_monitor():
    cells = group()
    return cells, b2.StateMonitor(cells, "v", record=True, dt=0.3 * ms)


def odd_clocks():
    return group(dt=0.1 * ms), group(dt=0.25 * ms)


def with_synapses(**more: object):
    def build():
        cells = group()
        return cells, synapses(cells, **more)

    return build


def interrupted_sums():
    cells = group(equations="dv/dt = -v/(10*ms) : 1\na : 1\nb : 1")
    model = "w : 1\na_post = w : 1 (summed)\nb_post = w + a_post : 1 (summed)"
    made = synapses(cells, model=model, on_pre="w += 1")
    made.summed_updaters["b_post"].order = 2
    cells.run_regularly("a = 0", when="groups", order=1)
    return cells, made


def early_monitor():
    cells = group()
    return cells, b2.SpikeMonitor(cells, when="start")


def early_event():
    cells = group(events={"late": "v > 2"})
    cells.run_on_event("late", "v = 0", when="start")
    return (cells,)


def spatial():
    return (b2.SpatialNeuron(b2.Soma(1 * b2.um), "Im = 0*amp/metre**2 : amp/metre**2"),)


def random_function():
    lucky = b2.Function(np.random.rand, arg_units=[], return_unit=1, stateless=False)
    return (group(reset="v = lucky()", namespace={"lucky": lucky}),)


def own_relu():
    relu = b2.Function(lambda x: x, arg_units=[1], return_unit=1)
    return (group(reset="v = relu(v)", namespace={"relu": relu}),)


@pytest.mark.parametrize(
    ("build", "reason"),
    [
        (odd_clocks, "its dt of 0.00025 s is not a multiple of the shortest one"),
        (interrupted_sums, "another object runs between it and the sum before it"),
        (early_monitor, "it runs before the threshold that finds its events"),
        (early_event, "it runs before the threshold that finds its events"),
        (linked, "its text changes the linked variable 'I'"),
        (target_of_linked, "its text changes the linked variable 'I_post'"),
        (linked_to_no_synapses, "it has no synapses, but its text changes 'u', which they share"),
        (random_function, "the random function 'lucky'"),
        (own_relu, "a function of its own by the name 'relu'"),
        (spatial, "SpatialNeuron 'spatialneuron': it is an object of a class that is not supported"),
    ],
)
def test_what_the_device_cannot_run_is_refused_by_name(build, reason):
    net = b2.Network(*build())
    with pytest.raises(Refused, match=re.escape(reason)) as caught:
        net.run(0.2 * ms)
    assert "fallback=True" in str(caught.value)


def test_a_monitor_whose_ticks_the_run_does_not_begin_with_is_refused():
    cells, monitor = slow_monitor()
    net = b2.Network(cells, monitor)
    net.run(0.4 * ms)
    assert np.allclose(monitor.t / ms, [0, 0.3])
    with pytest.raises(Refused, match="starts between two of its ticks"):
        net.run(0.4 * ms)


def test_brian2_runs_what_the_device_cannot_if_it_may():
    b2.set_device("neurosim", fallback=True)
    relu = b2.Function(lambda x: x, arg_units=[1], return_unit=1)
    cells = group(
        "dv/dt = (relu(2.0) - v)/(0.1*ms) : 1", threshold="v > 4", namespace={"relu": relu, "ms": ms}
    )
    net, monitor = b2.Network(cells), b2.StateMonitor(cells, "v", record=[0])
    net.add(monitor)
    with pytest.MonkeyPatch.context() as patch:
        warned: list[str] = []
        patch.setattr("neurosim.brian.device.log.warn", lambda text, **_: warned.append(text))
        net.run(0.3 * ms)
    assert monitor.v[0][2] == pytest.approx(2)
    assert (
        "a function of its own by the name 'relu'" in warned[0] and "Brian2's own runtime runs" in warned[0]
    )


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"engine": "numpy"}, "engine 'numpy' is not known"),
        ({"precision": "half"}, "precision"),
        ({"threads": 0}, "threads"),
        ({"fallback": "yes"}, "fallback"),
        ({"record": "run.h5"}, "no option 'record'. There is: engine, .*record_to"),
    ],
)
def test_options_are_checked_when_they_are_given(options, reason):
    with pytest.raises(NeurosimError, match=reason):
        b2.set_device("neurosim", **options)


def test_brian2s_own_errors_stay():
    cells, other = group(), group(name="same")
    net = b2.Network(cells)
    with pytest.raises(ValueError, match="non-negative duration"):
        net.run(-1 * ms)
    with pytest.raises(b2.DimensionMismatchError, match="argument 'duration'"):
        net.run(1)
    with pytest.raises(ValueError, match="report argument"):
        net.run(0.1 * ms, report="paper")
    with pytest.raises(TypeError, match="report argument"):
        net.run(0.1 * ms, report=3)
    net.run(0.1 * ms)
    with pytest.raises(RuntimeError, match="already been simulated"):
        b2.Network(cells)
    with pytest.raises(ValueError, match="unique names.*'same'"):
        b2.Network(other, group(name="same")).run(0.1 * ms)
    with pytest.raises(BrianObjectException) as caught:
        b2.Network(group(reset="v = 1*mV")).run(0.1 * ms)
    assert isinstance(caught.value.__cause__, b2.DimensionMismatchError)
    with pytest.raises(BrianObjectException):
        b2.Network(group("dv/dt = (1*mV - v)/ms : 1")).run(0.1 * ms)


def test_the_records_of_a_run_are_in_the_monitors_alone():
    with pytest.raises(EngineError, match="in Brian2's monitors"):
        object.__new__(MonitorWriter).finish(0, "end", {})


def test_progress_is_reported_and_a_report_may_stop_the_run():
    cells, seen = group(), []
    net = b2.Network(cells, b2.SpikeMonitor(cells))

    def report(elapsed, completed, start, duration):
        seen.append(completed)
        if len(seen) == 3:
            net.stop()

    net.run(1000 * ms, report=report, report_period=0 * ms, profile=True)
    assert seen[0] == 0 and 0 < seen[-1] < 1
    assert 0 * ms < net.t < 1000 * ms
    assert net.profiling_info[0][0] == "neurosim"


def test_the_script_of_the_page_for_brian2s_users_runs(capsys):
    page = (Path(__file__).parents[1] / "docs/coming_from_brian2.md").read_text()
    script = re.search(r"```python\n(.*?)```", page, re.DOTALL)
    assert script is not None
    exec(compile(script[1], "docs/coming_from_brian2.md", "exec"), {})
    assert int(capsys.readouterr().out) > 300
