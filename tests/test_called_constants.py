"""Constants that text calls: values sampled over time, and functions of the user's own."""

import pickle
import re
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context

import called_side
import numpy as np
import pytest
from called_side import HALF, alone, decorated, everywhere, halved, values

import neurosim as ns
from neurosim.engine import choose
from neurosim.engine.events.source import write_source
from neurosim.network import called
from neurosim.plan.called import Table
from neurosim.plan.check import check_plan
from neurosim.plan.inputs import read_inputs
from neurosim.plan.lower import lower
from neurosim.units import Hz, ms, mV, second, volt

RECORD = ["cells", "cells.v", "cells.x", "out", "out.S", "out.total", "spikes.w", "spikes.g"]


def lowered(net, precision="double"):
    inputs = read_inputs(net, inputs=None, ticks=10, duration=None, trials=1, started=1)
    return lower(net, inputs, precision=precision)


# Values over time.


@pytest.mark.parametrize(
    ("dt", "tick"), [(1, 0.1), (0.1, 0.1), (0.1, 1), (0.3, 0.1), (0.37, 0.1), (2.5, 0.2), (1e3, 0.1)]
)
def test_a_table_has_to_the_bit_the_values_of_a_timed_array_of_brian2(dt, tick):
    from brian2 import TimedArray

    dt, tick = dt / 1000, tick / 1000
    owner = type("Owner", (), {"clock": type("Clock", (), {"dt_": tick})})
    rng = np.random.default_rng(0)
    series, columns = rng.normal(size=50), rng.normal(size=(50, 4))
    table = Table.of(series, dt, tick)
    half_grid = dt / table.finer / 2
    times = [np.arange(-5, 600) * tick, rng.uniform(-3 * dt, 60 * dt, 2000), np.arange(-3, 60) * dt]
    times = np.concatenate([*times, np.arange(-60, 300) * half_grid, np.arange(-3, 60) * dt - half_grid])
    times = np.concatenate([times, np.nextafter(times, np.inf), np.nextafter(times, -np.inf)])
    column = rng.integers(0, 4, times.size)
    one = TimedArray(series, dt * second).implementations["numpy"].get_code(owner)
    two = TimedArray(columns, dt * second).implementations["numpy"].get_code(owner)
    np.testing.assert_array_equal(table.compute(np, times), one(times))
    np.testing.assert_array_equal(Table.of(columns, dt, tick).compute(np, times, column), two(times, column))


def test_times_without_a_sample_have_the_nearest_and_what_is_no_place_has_none():
    series, columns = Table.of([1, 2, 3], 2.0, 1.0), Table.of([[1, 2], [3, 4]], 2.0, 1.0, "single")
    times = [-np.inf, -1, 0, 1.9, 2, 5, 1e300, np.inf, np.nan]
    np.testing.assert_array_equal(series.compute(np, times), [1, 1, 1, 1, 2, 3, 3, 3, np.nan])
    picked = columns.compute(np, 2.0, [-1, -0.5, 0, 1.9, 2, np.nan])
    np.testing.assert_array_equal(picked, [np.nan, 3, 3, 4, np.nan, np.nan])
    assert picked.dtype == np.float32


@pytest.mark.parametrize("precision", ["double", "single"])
def test_engines_agree_to_the_bit_wherever_text_calls(precision):
    options = {"ticks": 60, "trials": 3, "record": RECORD, "precision": precision, "seed": 1}
    wanted = ns.run(everywhere(), engine="reference", **options)
    assert np.asarray(wanted["cells"]).sum() > 50 and np.asarray(wanted["out"]).sum() > 10
    for threads in (1, 2):
        found = ns.run(everywhere(), engine="events", threads=threads, **options)
        for name in RECORD:
            np.testing.assert_array_equal(np.asarray(found[name]), np.asarray(wanted[name]), err_msg=name)


def test_a_run_that_goes_on_equals_one_run(tmp_path):
    whole = ns.run(everywhere(), ticks=60, record=RECORD, engine="events")
    with ns.run(everywhere(), ticks=33, record=RECORD, engine="events", to=tmp_path / "a.h5") as first:
        rest = ns.run(everywhere(), ticks=27, record=RECORD, engine="events", start=first)
        assert ns.replay(first)
    for name in RECORD:
        np.testing.assert_array_equal(np.asarray(rest[name]), np.asarray(whole[name])[33:], err_msg=name)


def test_other_values_of_a_table_need_no_other_code():
    first, second_one = (write_source(lowered(everywhere(scale))).text for scale in (1.0, 2.0))
    assert first == second_one
    longer = (
        alone("v = s(t)", s=ns.sampled(np.arange(9), 1)),
        alone("v = s(t)", s=ns.sampled(np.arange(5), 2)),
    )
    assert len({write_source(lowered(net)).text for net in longer}) == 1


def test_neurons_driven_by_a_table_are_those_of_brian2():
    import brian2

    table, dt = np.random.default_rng(1).uniform(0, 40, (12, 5)), 0.1
    stimulus = brian2.TimedArray(table * brian2.mV, dt=1 * brian2.ms)
    text = "dv/dt = (stimulus(t, i) + stimulus(t - lag, 4 - i)/2 - v)/tau : volt"
    namespace = {"stimulus": stimulus, "lag": 0.7 * brian2.ms, "tau": 5 * brian2.ms}
    for method in ("euler", "rk4"):
        cells = brian2.NeuronGroup(
            5, text, threshold="v > 15*mV", reset="v = 0*mV", method=method, namespace=namespace,
            dt=dt * brian2.ms, codeobj_class=brian2.NumpyCodeObject,
        )  # fmt: skip
        spikes = brian2.SpikeMonitor(cells, codeobj_class=brian2.NumpyCodeObject)
        trace = brian2.StateMonitor(cells, "v", record=True, codeobj_class=brian2.NumpyCodeObject)
        brian2.Network(cells, spikes, trace).run(14 * brian2.ms)
        own = ns.Neurons(
            "cells", 5, equations=text, threshold="v > 15*mV", reset="v = 0*mV", method=method,
            stimulus=ns.sampled(table * mV, 1 * ms), lag=0.7 * ms, tau=5 * ms,
        )  # fmt: skip
        net = ns.Network(own, schedule=ns.Clock(dt * ms))
        found = ns.run(net, duration=14 * ms, record=["cells", "cells.v"], engine="reference")
        wanted = np.zeros((140, 5))
        wanted[np.rint(np.asarray(spikes.t / brian2.ms) / dt).astype(int), spikes.i] = 1
        assert wanted.sum() > 10
        np.testing.assert_array_equal(np.asarray(found["cells"]), wanted)
        np.testing.assert_allclose(found["cells.v"], np.asarray(trace.v).T, rtol=0, atol=1e-16)


def test_exact_integration_takes_the_sample_of_a_tick_as_constant_over_it():
    net = ns.Network(
        ns.Neurons(
            "cells", 1, equations="dv/dt = (s(t) - v)/tau : 1", s=ns.sampled([1, 3], 2 * ms), tau=4 * ms
        ),
        schedule=ns.Clock(1 * ms),
    )
    decay = np.exp(-1 / 4)
    v = [0.0]
    for level in (1, 1, 3, 3, 3):
        v.append(level + (v[-1] - level) * decay)
    found = ns.run(net, ticks=6, record="cells.v", engine="reference")["cells.v"][:, 0]
    np.testing.assert_allclose(found, v, rtol=1e-14)


def test_a_poisson_population_follows_the_rates_of_a_table():
    rates = np.array([[10, 200], [400, 0]]) * Hz
    cells = ns.Neurons(
        "cells", 2000, threshold="rand() < rates(t, i % 2)*dt", rates=ns.sampled(rates, 50 * ms)
    )
    counts = ns.run(
        ns.Network(cells, schedule=ns.Clock(1 * ms)), ticks=100, record="cells", engine="reference"
    )
    per_cell = np.asarray(counts["cells"]).reshape(2, 50, 1000, 2).sum(axis=1).mean(axis=1)
    np.testing.assert_allclose(per_cell, np.asarray(rates) * 0.05, atol=4 * np.sqrt(20 / 1000))


def test_jax_looks_up_the_same_values_and_compiles_once_for_all():
    pytest.importorskip("jax")
    from neurosim.engine.arrays.structure import digest

    def net(scale):
        table = ns.sampled(scale * np.arange(1.0, 13).reshape(4, 3), 2)
        plus = ns.function(lambda v, k: v * k + 1)
        return alone("v = s(t - 1, i) + f(v, 0.5)", s=table, f=plus)

    np.testing.assert_allclose(values(net(2), "arrays"), values(net(2)), rtol=1e-15)
    first, other = net(1), net(2)
    other = ns.Network(
        ns.Neurons("cells", 3, update="v = s(t - 1, i) + f(v, 0.5)", s=other["cells"].constants["s"],
                   f=first["cells"].constants["f"]),
        schedule=ns.Synchronous(),
    )  # fmt: skip
    assert digest(lowered(first)) == digest(lowered(other)) != digest(lowered(net(1)))
    a, b = ns.Neurons("a", 3, update="v = v + 1"), ns.Neurons("cells", 3, update="v = I")
    link = ns.Synapses(a, b, on_pre="I_post += w*v_pre*s(2, 1)", s=ns.sampled(np.eye(3), 1), delay=1)
    net = ns.Network(link, schedule=ns.Synchronous())
    np.testing.assert_array_equal(values(net, "arrays"), values(net))


BROKEN = [
    ({}, "text calls 'f', which is no function. Give a Table or a UserFunction of this name"),
    (
        {"f": Table(np.zeros((2, 2, 2)), 1.0, 8)},
        "the table 'f' has values of shape (2, 2, 2). Give (sample,) or",
    ),
    (
        {"f": Table.of([1], 1, 1), "tanh": Table.of([1], 1, 1)},
        "'tanh' is a function of text already, which hides",
    ),
]


@pytest.mark.parametrize(("constants", "message"), BROKEN)
def test_a_plan_without_a_network_is_checked_alone(constants, message):
    plan = lowered(alone("v = f(v) + tanh(v)", f=HALF))
    group = replace(plan.groups["cells"], constants=constants)
    with pytest.raises(ns.PlanError, match=re.escape(message)):
        check_plan(replace(plan, groups={"cells": group}))


def test_training_sees_through_tables_and_functions():
    pytest.importorskip("jax")
    x = ns.Neurons("x", 1)
    given = {"gain": ns.sampled([1.0, 2.0], 1), "squared": ns.function(lambda v: v * v, name="squared")}
    y = ns.Neurons("y", 1, update="v = squared(I)*gain(t)", **given)
    net = ns.Network(
        ns.Synapses(x, y, weight=0.5, wiring=ns.one_to_one(), learns=True), schedule=ns.Layered()
    )
    inputs, wanted = np.ones((4, 2, 1)), np.tile([[9.0], [18.0]], (4, 1, 1))
    trained = ns.train(net, {"x": inputs}, targets={"y": wanted}, loss="squared_error", epochs=200, rate=0.05)
    assert float(trained.network["x_to_y"].weight.number.item()) == pytest.approx(3, abs=0.01)
    assert trained.network["y"].constants["squared"] is given["squared"]


# Functions of the user's own.


def test_units_of_a_function_and_of_samples_are_checked():
    f = ns.function(lambda v, k: v * k, {"v": mV}, volt)
    given = {"f": f, "s": ns.sampled([1, 2] * mV, 1 * ms)}

    def check(text):
        cells = ns.Neurons(
            "cells", 1, equations=f"dx/dt = (f({text}, 2) + s(t) - x)/ms : volt", method="euler", **given
        )
        ns.run(ns.Network(cells, schedule=ns.Clock(1 * ms)), ticks=1, record="cells", engine="reference")

    check("x")
    with pytest.raises(ns.PlanError, match=r"dx/dt: .* has no unit \(Argument number 1 for function f"):
        check("t")
    with pytest.raises(ns.PlanError, match=r"Argument number 1 for function s"):
        check("s(x)")


def test_a_function_of_text_sees_arrays_of_one_shape_and_returns_numbers():
    seen = []

    def larger(a, b):
        seen.append((a.dtype, b.dtype, a.shape == b.shape))
        return a > b

    root = ns.function(np.sqrt, name="root")
    net = alone("v = f(i, 1) + root(4.0) + (f(i, 1) > 0.5)", f=ns.function(larger), root=root)
    np.testing.assert_array_equal(values(net)[-1], [2, 2, 4])
    assert set(seen) == {(np.dtype(float), np.dtype(float), True)}


def test_the_event_engine_needs_cpp_and_jax_needs_what_it_can_trace():
    net = alone(f=ns.function(lambda v: np.tanh(v) + 1))
    with pytest.raises(ns.PlanError, match=r"the function 'f' of 'cells' has no C\+\+\. Give its body"):
        values(net, "events")
    pytest.importorskip("jax")
    with pytest.raises(ns.PlanError, match=r"the function 'f' of 'cells' cannot be traced by JAX"):
        values(net, "arrays")
    assert choose("auto", lowered(net)) == "reference"
    a, b = ns.Neurons("a", 1, threshold="rand() < 0.5"), ns.Neurons("b", 1, update="v = I")
    link = ns.Synapses(a, b, on_pre="I_post += f(w)", f=ns.function(halved))
    with pytest.raises(ns.PlanError, match="the function 'f' of synapses 'a_to_b' has no C"):
        ns.run(ns.Network(link, schedule=ns.Clock(1 * ms)), ticks=1, record="b", engine="events")


def test_weights_delays_and_start_values_may_call_functions_of_numpy_alone():
    a = ns.Neurons("a", 3, threshold="i > 0", update="v = v", v="f(i)", f=ns.function(lambda x: x**2))
    b = ns.Neurons("b", 2, update="v = I")
    given = {"kernel": ns.function(lambda x: x + 10), "late": ns.sampled([1, 2, 3], 1)}
    link = ns.Synapses(a, b, weight="kernel(i) + j", delay="late(i)", on_pre="I_post += w", **given)
    net = ns.Network(link, schedule=ns.Synchronous())
    found = ns.run(net, ticks=4, record=["a.v", "b.v", "a_to_b.w"], engine="events")
    np.testing.assert_array_equal(found["a.v"][0], [0, 1, 4])
    np.testing.assert_array_equal(found["a_to_b.w"][0], [10, 11, 11, 12, 12, 13])
    np.testing.assert_array_equal(found["b.v"], [[0, 0], [0, 0], [11, 12], [23, 25]])


def test_a_file_holds_the_name_of_a_function_and_never_its_code(tmp_path):
    plus_three = ns.function(lambda v: v + 3, cpp="return v + 3;", name="plus_three")
    net = alone(f=plus_three, update="v = f(v)")
    with ns.run(net, ticks=3, record="cells", to=tmp_path / "run.h5", engine="reference") as recording:
        assert recording.network == net
    data = (tmp_path / "run.h5").read_bytes()
    assert b"plus_three" in data and b"v + 3" not in data
    with ns.open(tmp_path / "run.h5") as opened:
        assert ns.replay(opened)
    del called._made[called._signature(plus_three)]
    with ns.open(tmp_path / "run.h5") as opened:
        np.testing.assert_array_equal(opened["cells"][:, 0], [3, 6, 9])  # what happened needs no function
        message = (
            r"Neurons 'cells': f: function\(plus_three\): a file names it, but holds no code.*taking \(v: 1\)"
        )
        with pytest.raises(ns.DescriptionError, match=message):
            ns.run(opened.network, ticks=3, record="cells")
        ns.function(lambda v: v + 3, {"v": mV}, name="plus_three")
        with pytest.raises(ns.DescriptionError, match="holds no code"):  # that one takes other units
            ns.run(opened.network, ticks=3, record="cells")
        ns.function(lambda v: v + 3, name="plus_three")
        ns.function(lambda v: v + 3, {"v": mV}, name="plus_three")  # does not hide the one before
        assert ns.replay(opened)
    ns.save(net, tmp_path / "net.h5")
    np.testing.assert_array_equal(values(ns.load(tmp_path / "net.h5")), values(net))


@pytest.mark.parametrize(
    "change", [{"units": []}, {"arguments": ["a b"]}, {"name": "a b"}, {"name": []}, {"returns": [1]}]
)
def test_a_file_that_was_changed_is_refused(change):
    data = alone(f=HALF).to_dict()
    data["populations"][0]["constants"]["f"] |= change
    with pytest.raises(ns.RecordingError, match="the description does not hold a valid network"):
        ns.Network.from_dict(data)


def sent(net):
    return values(net)


def test_networks_with_functions_go_to_other_processes():
    nets = [alone(f=HALF, update="v = f(v) + 1"), alone(f=decorated), alone(f=called_side.decorated)]
    with ProcessPoolExecutor(1, mp_context=get_context("fork")) as pool:
        for net, back in zip(nets, pool.map(sent, nets), strict=True):
            np.testing.assert_array_equal(back, values(net))
    assert pickle.loads(pickle.dumps(decorated)) is decorated
    assert (
        decorated(1) == 2
        and repr(HALF) == "function(halved)"
        and repr(ns.function(lambda: 1)) == "function(lambda)"
    )
