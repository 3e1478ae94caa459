"""The array engine. What it has in common with the reference engine is tested in the scenarios; here is the
rest."""

import sys
from importlib import import_module

import numpy as np
import pytest

import neurosim as ns
from neurosim import cells, models
from neurosim.units import ms, mV

pytest.importorskip("jax", reason="the array engine needs JAX: pip install '.[train]'")
REFUSED = (
    "boltzmann",
    "competitive_stdp",
    "force",
    "hopfield",
    "kohonen",
    "liquid",
    "perceptron",
)  # see support.py
LARGE = (
    "balanced_coba",
    "balanced_cuba",
    "microcircuit",
)  # thousands of spiking neurons, which are for the event engine


def both(net, inputs=None, **given):
    """The same run on the reference engine and on arrays."""
    return tuple(ns.run(net, inputs, engine=engine, **given) for engine in ("reference", "arrays"))


def same(first, second, tolerance=1e-10):
    for probe in first.header.probes:
        if probe.events:
            a, b = first.spikes(probe.name), second.spikes(probe.name)
            assert all(
                np.array_equal(getattr(a, part), getattr(b, part)) for part in ("trial", "tick", "neuron")
            )
        else:
            np.testing.assert_allclose(
                np.asarray(second[probe.name]), np.asarray(first[probe.name]), rtol=tolerance, atol=tolerance
            )


def echo(delay=1):
    drive, pool = ns.Neurons("drive", 2), cells.leaky_tanh("pool", 12, leak=0.4)
    out, again = cells.unit("out", 3, "linear"), cells.unit("again", 3, "tanh")
    return ns.Network(
        ns.Synapses(drive, pool, weight=ns.normal(0, 1), delay=delay),
        ns.Synapses(pool, pool, weight=ns.normal(0, 0.3), wiring=ns.probability(0.5), delay=1),
        ns.Synapses(pool, out, weight=ns.normal(0, 1)),
        ns.Synapses(out, again, weight=ns.normal(0, 1)),
        schedule=ns.Layered(),
    )


@pytest.mark.parametrize("name", [name for name in models.NAMES if name not in LARGE])
def test_a_model_gives_the_reference_engine_gives_or_is_refused(name):
    example = import_module(f"neurosim.models.{name}").example()
    if name in REFUSED:
        with pytest.raises(ns.PlanError, match="Use engine='reference', or 'auto'"):
            ns.run(**example, engine="arrays")
        return
    found = ns.run(**example, engine="arrays")
    same(ns.run(**example, engine="reference"), found)


@pytest.mark.parametrize("delay", [0, 1, 3])
def test_blocks_of_ticks_join_without_a_seam(delay, monkeypatch):

    monkeypatch.setattr("neurosim.engine.arrays.blocks.BLOCK_TICKS", 7)
    drive = np.random.default_rng(0).normal(size=(4, 31, 2))
    same(*both(echo(delay), {"drive": drive}, record=["drive", "pool.v", "out", "again.I"]))


@pytest.mark.parametrize("port", ["sum", "max", "mean"])
@pytest.mark.parametrize("spikes", [True, False])
def test_synapses_with_many_delays_are_one_product(port, spikes):
    """A product for each delay would take minutes to compile."""
    from neurosim.engine.arrays.compiled import CompiledPlan
    from neurosim.plan.inputs import read_inputs
    from neurosim.plan.lower import lower

    drive = ns.Neurons("drive", 6)
    text = {"threshold": "v > 0.5"} if spikes else {}
    relay = ns.Neurons("relay", 6, update="v = I", **text)
    heard = ns.Neurons("heard", (2, 4), update="v = 0.5*v + I", ports=f"I:{port}")
    random = np.random.default_rng(0)
    pre, post = (
        np.repeat(np.arange(6), 4),
        random.permuted(np.tile(np.arange(8), (6, 1)), axis=1)[:, :4].ravel(),
    )
    delay = np.r_[0, 0, random.integers(1, 30, 22)]
    joined = dict(wiring=ns.pairs(pre, post), weight=random.normal(size=24), delay=delay)
    net = ns.Network(
        ns.Synapses(drive, relay, wiring=ns.one_to_one()),
        ns.Synapses(relay, heard, **joined),
        schedule=ns.Layered(),
    )
    inputs = {"drive": random.normal(size=(2, 50, 6))}
    same(*both(net, inputs, record=["heard", "heard.I"]))
    plan = lower(net, read_inputs(net, inputs))
    assert (
        len([p for p in CompiledPlan(plan).products if p.pre == "relay"]) == 2
    )  # without delay, and the rest
    begun = ns.run(net, {"drive": inputs["drive"][:, :20]}, engine="arrays", record=["heard"])
    rest = {"drive": inputs["drive"][:, 20:]}
    same(*both(net, rest, start=begun, record=["heard"]))


def test_a_network_without_a_loop_is_computed_at_once_and_one_with_a_loop_around_it():
    from neurosim.engine.arrays.compiled import CompiledPlan
    from neurosim.plan.inputs import read_inputs
    from neurosim.plan.lower import lower

    net = echo(0)
    found = CompiledPlan(lower(net, read_inputs(net, {"drive": np.zeros((5, 2))}))).stages
    assert (found.outside, found.before, found.loop, found.after) == (
        ("drive",),
        (),
        ("pool",),
        ("out", "again"),
    )
    net = import_module("neurosim.models.feed_forward").example()["net"]
    name = next(p.name for p in net.populations.values() if p.driven)
    found = CompiledPlan(lower(net, read_inputs(net, {name: np.zeros((5, *net[name].shape))}))).stages
    assert found.loop == ()


def test_noise_is_that_of_the_reference_engine_also_where_all_ticks_are_computed_at_once():
    x = ns.Neurons("x", 3)
    y = ns.Neurons("y", 3, update="y = I + rand() + randn() + bernoulli(0.3) + poisson(2.5) + t")
    net = ns.Network(ns.Synapses(x, y, wiring=ns.one_to_one()), schedule=ns.Layered())
    same(*both(net, {"x": np.zeros((6, 9, 3))}, record=["y"], seed=5), tolerance=1e-9)


def test_a_run_goes_on_from_the_end_of_a_run_on_another_engine():
    cells_ = ns.Neurons(
        "cells",
        20,
        equations="dv/dt = (1.2 - v)/(10*ms) : 1 (unless refractory)",
        threshold="v > 1",
        reset="v = 0",
        refractory=2 * ms,
        v=ns.uniform(0, 1),
    )
    loop = ns.Synapses(
        cells_, cells_, to="v", wiring=ns.probability(0.3), weight=0.05, delay=ns.uniform(1 * ms, 5 * ms)
    )
    net = ns.Network(loop, schedule=ns.Clock(1 * ms))
    whole = ns.run(net, ticks=60, record=["cells", "cells.v"], engine="reference", seed=3)
    for first, second in (("reference", "arrays"), ("arrays", "reference"), ("arrays", "arrays")):
        begun = ns.run(net, ticks=30, record=["cells"], engine=first, seed=3)
        rest = ns.run(net, ticks=30, record=["cells", "cells.v"], engine=second, seed=3, start=begun)
        np.testing.assert_allclose(rest["cells.v"], whole["cells.v"][30:], rtol=1e-9, atol=1e-9)


def test_it_stops_when_nothing_changes_at_the_tick_at_which_the_reference_engine_does():
    rng = np.random.default_rng(0)
    patterns = np.sign(rng.normal(size=(3, 40)))
    unit = ns.Neurons("unit", 40, update="s = where(I == 0, s, sign(I))")
    net = ns.Network(ns.Synapses(unit, unit, weight=ns.hebbian(patterns), delay=1), schedule=ns.Synchronous())
    start = {"unit.s": patterns[0] * np.where(rng.random(40) < 0.15, -1, 1)}
    first, second = both(net, ticks=30, start=start, record=["unit"], until="stable")
    assert first.stopped == second.stopped == "stable"
    assert first["unit"].shape == second["unit"].shape
    same(first, second)


def test_other_weights_and_seeds_run_in_the_same_program():
    from neurosim.engine import arrays

    drive = {"drive": np.zeros((8, 2))}
    x, pool = (
        ns.Neurons("drive", 2),
        ns.Neurons("pool", 7, update="v = tanh(I + bias + 0.1*randn())", bias=0.0),
    )
    nets = [ns.Network(ns.Synapses(x, pool, weight=w), schedule=ns.Layered()) for w in (0.5, ns.normal(0, 1))]
    ns.run(nets[0], drive, record=["pool"], engine="arrays")
    before = list(arrays._compiled.values())
    for seed in (1, 2):
        same(*both(nets[1], drive, record=["pool"], seed=seed))
    assert list(arrays._compiled.values()) == before


@pytest.mark.parametrize("precision", ["double", "mixed", "single"])
def test_every_precision_rounds_as_the_reference_engine_does(precision):
    drive = np.random.default_rng(1).normal(size=(20, 2))
    found = both(echo(), {"drive": drive}, record=["out"], precision=precision)
    assert found[0]["out"].dtype == found[1]["out"].dtype
    same(*found, tolerance=1e-10 if precision == "double" else 1e-5)


@pytest.mark.parametrize(
    ("stride", "padding", "dilation", "groups"),
    [(1, "same", 1, 1), (2, "valid", 1, 2), (2, 1, 2, 1), ((1, 2), "same", 1, 1)],
)
def test_convolution_and_its_transpose_are_those_of_the_listed_synapses(stride, padding, dilation, groups):
    wiring = ns.conv((3, 2), stride=stride, padding=padding, dilation=dilation, groups=groups)
    image = ns.Neurons("image", (9, 8, 2))
    from neurosim.network.windows import _slide

    out = _slide("conv", wiring, (9, 8)).out
    features, back = cells.unit("features", (*out, 4), "tanh"), cells.unit("back", (9, 8, 2), "linear")
    up = ns.Synapses(image, features, wiring=wiring, weight=ns.normal(0, 0.5))
    net = ns.Network(up, ns.Synapses(features, back, wiring=wiring, weight=up.T), schedule=ns.Layered())
    same(
        *both(
            net, {"image": np.random.default_rng(0).normal(size=(2, 3, 9, 8, 2))}, record=["features", "back"]
        )
    )


@pytest.mark.parametrize("reduce", ["max", "mean", "sum"])
@pytest.mark.parametrize(
    ("kernel", "stride", "padding"), [((2, 2), None, "valid"), ((3, 3), 2, "same"), ((3, 2), (2, 1), 1)]
)
def test_pooling_is_that_of_the_listed_synapses(reduce, kernel, stride, padding):
    wiring = ns.pool(kernel, stride=stride, padding=padding)
    from neurosim.network.windows import _slide

    out = _slide("pool", wiring, (8, 7)).out
    image, pooled = (
        ns.Neurons("image", (8, 7, 3)),
        ns.Neurons("pooled", (*out, 3), ports=f"I:{reduce}", update="y = I"),
    )
    net = ns.Network(ns.Synapses(image, pooled, wiring=wiring, weight=0.5), schedule=ns.Layered())
    same(*both(net, {"image": np.random.default_rng(0).normal(size=(3, 8, 7, 3))}, record=["pooled"]))


def test_parts_of_populations_are_joined_and_cut():
    x = ns.Neurons("x", (4, 6))
    y = cells.unit("y", (4, 3, 4), "linear")
    net = ns.Network(
        ns.Synapses(x[:, :3], y[:, :, 0], wiring=ns.one_to_one(), weight=2.0),
        ns.Synapses(x[:, ::2], y[:, :, 1:3], name="spread"),
        ns.Synapses(x[[3, 0]], y[1:3, 0], weight=ns.normal(0, 1), name="picked"),
        schedule=ns.Layered(),
    )
    same(*both(net, {"x": np.random.default_rng(0).normal(size=(5, 4, 6))}, record=["y"]))


def test_spikes_reduced_by_a_port_are_counted():
    source, target = (
        ns.Neurons("source", 6),
        ns.Neurons("target", 4, ports="a:max b:mean", update="v = a + 10*b"),
    )
    net = ns.Network(
        ns.Synapses(source, target, to="a", wiring=ns.probability(0.6), weight=ns.normal(0, 1)),
        ns.Synapses(
            source, target, to="b", wiring=ns.probability(0.6), weight=ns.normal(0, 1), delay=2, name="later"
        ),
        schedule=ns.Layered(),
    )
    spikes = (np.array([0, 1, 1, 2, 4]), np.array([3, 0, 5, 2, 2]))
    same(*both(net, {"source": spikes}, ticks=8, record=["target"]))


def test_what_it_does_not_take_is_refused_with_the_remedy():
    units = ns.Neurons("units", 3, update="s = sign(I)")
    net = ns.Network(ns.Synapses(units, units, delay=1), schedule=ns.Asynchronous())
    with pytest.raises(
        ns.PlanError,
        match=(
            r"engine 'arrays' cannot run this network: under Asynchronous\(\) .* Use engine='reference', or"
            r" 'auto'"
        ),
    ):
        ns.run(net, ticks=1, engine="arrays")
    assert ns.run(net, ticks=1).engine == "reference"


def test_auto_takes_it_for_what_the_event_engine_refuses_where_that_pays(monkeypatch):
    x, y = ns.Neurons("x", 3), ns.Neurons("y", 3, update="p = softmax(I)")
    net = ns.Network(ns.Synapses(x, y, wiring=ns.one_to_one()), schedule=ns.Layered())
    assert ns.run(net, {"x": np.ones((2, 3))}).engine == "reference"
    monkeypatch.setattr("neurosim.engine.choice.reference_seconds", lambda plan: 1e6)
    assert ns.run(net, {"x": np.ones((2, 3))}).engine == "arrays"


def test_what_drives_a_network_is_recorded_where_nothing_else_moves():
    ears = ns.Neurons("ears", 3)
    net = ns.Network(ears, schedule=ns.Synchronous())
    same(*both(net, {"ears": np.arange(12.0).reshape(4, 3)}, record=["ears"]))


def test_without_jax_everything_else_works_and_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "jax", None)
    drive = {"drive": np.zeros((3, 2))}
    assert ns.run(echo(), drive, engine="auto", record=["out"])["out"].shape == (3, 3)
    with pytest.raises(
        ns.EngineError, match=r"engine 'arrays' needs JAX.*pip install 'neurosim-networks\[train\]'"
    ):
        ns.run(echo(), drive, engine="arrays")
    out = cells.unit("out", 1, "linear", bias=np.zeros(1), learns="bias")
    with pytest.raises(ns.EngineError, match=r"train needs JAX.*pip install 'neurosim-networks\[train\]'"):
        ns.train(ns.Network(out, schedule=ns.Layered()), targets={"out": np.zeros((1, 1))}, ticks=1)


def test_membrane_potentials_in_volts_spike_as_on_the_reference_engine():
    drive = ns.Neurons("drive", 3)
    cell = ns.Neurons(
        "cell",
        5,
        equations="dv/dt = (I - v)/(20*ms) : volt (unless refractory)\nI : volt",
        threshold="v > 10*mV and not v > 1*volt",
        reset="v = 0*mV",
        refractory=3 * ms,
    )
    net = ns.Network(
        ns.Synapses(drive, cell, to="I", weight=ns.uniform(2 * mV, 9 * mV)), schedule=ns.Clock(1 * ms)
    )
    same(
        *both(net, {"drive": np.random.default_rng(0).random((2, 80, 3))}, record=["cell", "cell.v"]),
        tolerance=1e-9,
    )
