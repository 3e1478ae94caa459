"""Private sources with one weight for each target, and Brian2's PoissonInput with weights of all kinds."""

import re

import brian2 as b2
import numpy as np
import pytest
from brian2 import kHz, ms, mV
from brian_device_side import Arrays, assert_same

import neurosim as ns
from neurosim.plan.materialize import materialized

BACK = np.r_[69:0:-3]  # a part that lists its neurons in another order than they have


def noisy_network() -> ns.Network:
    """Cells that hear private sources with weights given in four ways."""
    noise = ns.Neurons("noise", 1, threshold="rand() < 0.3*(1 + sin(t/ms))")
    cells = ns.Neurons(
        "cells", 70, equations="dv/dt = (I - v)/(10*ms) : 1\nu : 1\ngain : 1", gain="1 + i/N", sends="v"
    )
    weights = (
        ("v", cells, ns.normal(1, 0.2)), ("u", cells[BACK], np.arange(BACK.size)),
        ("I", cells[:30], "gain_post*(2 + j/N_post)"), ("u", cells, 0.5),
    )  # fmt: skip
    made = [
        ns.Synapses(noise, post, to=to, wiring=ns.private(5 + n), weight=weight, name=f"s{n}")
        for n, (to, post, weight) in enumerate(weights)
    ]
    return ns.Network(*made, schedule=ns.Clock(0.5 * ms))


def test_private_sources_have_a_weight_for_each_target_on_all_engines():
    net, record = noisy_network(), ["cells.v", "cells.u"]
    found = ns.run(net, ticks=40, record=record, engine="reference", seed=2)
    others = [
        ns.run(net, ticks=40, record=record, engine="events", threads=1, seed=2),
        ns.run(net, ticks=40, record=record, engine="events", threads=2, seed=2),
        ns.run(net, ticks=40, record=record, engine="arrays", seed=2),
        ns.run(materialized(net, 2), ticks=40, record=record, engine="reference", seed=2),
        ns.run(net.named("copy").network, ticks=40, record=record, engine="reference", seed=2),
    ]
    for other in others:
        for name in record:
            np.testing.assert_allclose(other[name], found[name], rtol=1e-12)
    np.testing.assert_array_equal(others[1]["cells.u"], others[0]["cells.u"])
    # Weights that are zero bring nothing, and the sums are multiples of the weights.
    lone = ns.Network(net["s1"], schedule=net.schedule)
    sums = ns.run(lone, ticks=200, record="cells.u", engine="reference", seed=2)["cells.u"][-1]
    counts = sums[BACK[1:]] / np.arange(1, BACK.size)
    np.testing.assert_array_equal(np.delete(sums, BACK[1:]), 0)
    np.testing.assert_allclose(counts, np.rint(counts), atol=1e-9)
    assert counts.std() > 1


def test_tied_copies_hear_the_same_weights():
    net = noisy_network()
    copy = net.named("copy", tied=net)
    both = ns.Network(net, copy, schedule=net.schedule)
    first, second = (both.synapses[name] for name in ("s0", "copy_s0"))
    assert second.owner is first or first.owner is second


REFUSED = {
    "weight has shape (3,), the wiring needs (70,) or (70, 1)": np.ones(3),
    "dale makes a matrix (post, pre), but private has one weight for each target": ns.dale(
        1.0, -1.0, inhibitory=0.5
    ),
}


@pytest.mark.parametrize("rule", REFUSED)
def test_weights_that_do_not_fit_private_sources_are_refused(rule):
    noise, cells = (
        ns.Neurons("noise", 1, threshold="rand() < 0.3"),
        ns.Neurons("cells", 70, equations="v : 1"),
    )
    with pytest.raises(ns.DescriptionError, match=re.escape(rule)):
        ns.Synapses(noise, cells, to="v", wiring=ns.private(5), weight=REFUSED[rule])


def inputs_of_brian() -> Arrays:
    """One PoissonInput for each kind of weight, all of whose sources spike in every tick."""
    names = ["a", "b", "c", "d", "f", "g", "h", "k", "m", "n"]
    lines = "\n".join(f"d{name}/dt = -{name}/(10*ms) : volt" for name in names)
    more = "\nown : volt\ntwice = 2*own : volt\nall : volt (shared)\ndouble = 2*all : volt (shared)"
    cells = b2.NeuronGroup(
        4, lines + more, threshold="a > 200*mV", reset="a = 0*mV; own *= 1.1", method="exact"
    )
    cells.own, cells.all = "1*mV + i*mV", 3 * mV
    once, always = b2.TimedArray([1, 2, 3, 4] * mV, dt=1 * ms), 10 * kHz
    each = b2.TimedArray(np.arange(12).reshape(3, 4) * mV, dt=1 * ms)
    inputs = [
        b2.PoissonInput(cells, "a", 3, always, weight="own"),
        b2.PoissonInput(cells[1:3], "b", 3, always, weight="1*mV*i", when="start"),
        b2.PoissonInput(cells, "c", 3, always, weight="once(t)", when="after_resets", order=2),
        b2.PoissonInput(cells, "d", 3, always, weight="each(t, i)"),
        b2.PoissonInput(cells, "n", 3, always, weight="all", when="before_groups"),
        b2.PoissonInput(cells, "f", 3, always, weight="double"),
        b2.PoissonInput(cells, "g", 3, always, weight="1*mV*sin(t/ms)"),
        b2.PoissonInput(cells, "h", 3, always, weight="0.1*h + 1*mV", order=-3),
        b2.PoissonInput(cells, "k", 3, always, weight="twice"),
        b2.PoissonInput(cells, "m", 3, always, weight=2 * mV, when="groups", order=-1),
    ]
    states = b2.StateMonitor(cells, names, record=True)
    net = b2.Network(cells, inputs, states)
    net.run(3 * ms, namespace={"once": once, "each": each})
    return {name: getattr(states, name) for name in names}


def test_weights_of_a_poisson_input_may_change_in_time_and_differ_between_neurons():
    found = assert_same(inputs_of_brian, ("reference", "events"))
    assert all(np.any(values) for values in found.values())
