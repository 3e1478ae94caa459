"""Half precision: weights that spikes meet are rounded to 16 bits, once, and stored where that is exact."""

import numpy as np
import pytest
from events_side import assert_same

import neurosim as ns
from neurosim.plan.inputs import read_inputs
from neurosim.plan.lower import lower
from neurosim.plan.precision import is_half, to_half
from neurosim.units import ms

RECORD = ["cells", "cells.v", "cells.g"]
SHORT = 0.125  # a weight that 16 bits hold


def network(shared=SHORT, n=80):
    """Linear neurons: drawn weights, given ones, and one that all synapses share; delays of many lengths."""
    cells = ns.Neurons(
        "cells", n,
        equations="dv/dt = (1.1 + g - v)/(10*ms) : 1 (unless refractory)\ndg/dt = -g/(2*ms) : 1",
        threshold="v > 1", reset="v = 0", refractory=2 * ms, method="exact", v=ns.uniform(0, 1),
    )  # fmt: skip
    delay = ns.uniform(0 * ms, 8 * ms)
    drawn = ns.normal(0.05, 0.02)
    given = np.random.default_rng(2).normal(-0.04, 0.01, 200)
    pre, post = np.random.default_rng(3).integers(0, n, (2, 200))
    return ns.Network(
        ns.Synapses(cells, cells, to="g", wiring=ns.total(900), weight=drawn, delay=delay, name="drawn"),
        ns.Synapses(
            cells, cells, to="g", wiring=ns.pairs(pre, post), weight=given, delay=delay, name="given"
        ),
        ns.Synapses(cells, cells, to="v", wiring=ns.total(40), weight=shared, delay=delay, name="shared"),
        schedule=ns.Clock(0.1 * ms),
    )


def lowered(net, precision="half"):
    return lower(net, read_inputs(net, None, 1, None, 1, 0), seed=1, precision=precision)


def test_a_number_is_rounded_to_the_nearest_of_16_bits_halves_to_even():
    ulp = 2**-7
    numbers = [1, 1 + 0.4 * ulp, 1 + 0.5 * ulp, 1 + 0.6 * ulp, 1 + 1.5 * ulp, -1 - 1.5 * ulp, 0, 3e-12]
    rounded = to_half(numbers)
    assert rounded.dtype == np.float32
    assert rounded[:7].tolist() == [1, 1, 1, 1 + ulp, 1 + 2 * ulp, -1 - 2 * ulp, 0]
    drawn = np.random.default_rng(1).normal(8.8e-11, 1e-11, 10_000)
    assert np.max(np.abs(to_half(drawn) / drawn - 1)) <= 2**-8
    assert to_half(drawn).mean() == pytest.approx(drawn.mean(), rel=1e-4)
    assert is_half(to_half(drawn))
    assert not is_half(drawn)


def test_drawn_and_given_weights_are_rounded_but_not_one_that_all_share():
    half, single = lowered(network(0.1)), lowered(network(0.1), "single")
    for name in ("drawn", "given"):
        assert np.array_equal(half.pathways[name].weight, to_half(single.pathways[name].weight))
        assert not is_half(single.pathways[name].weight)
    assert np.all(half.pathways["shared"].weight == np.float32(0.1))
    assert half.dtype == half.weight_dtype == np.float32


def test_weights_that_no_spike_meets_as_it_is_keep_32_bits():
    rate = ns.Neurons("rate", 6, update="x = tanh(I)", sends="x")
    cell = ns.Neurons("cell", 6, update="x = I", threshold="x > 1", reset="x = 0")
    seen, some = ns.Neurons("seen", (4, 1), update="x = I"), ns.probability(0.5)
    own = dict(weight=ns.normal(0.1, 0.02), delay=1)
    net = ns.Network(
        ns.Synapses(rate, rate, wiring=some, name="graded", **own),
        ns.Synapses(rate, cell, name="matrix", **own),
        ns.Synapses(cell, cell, wiring=some, model="w : 1", on_pre="x_post += w", name="text", **own),
        ns.Synapses(cell, seen, wiring=ns.conv(3), name="windows", **own),
        schedule=ns.Synchronous(),
    )
    half, single = lowered(net), lowered(net, "single")
    for name in ("graded", "matrix"):
        assert np.array_equal(half.pathways[name].weight, single.pathways[name].weight)
    assert np.array_equal(*(plan.pathways["text"].text.states["w"] for plan in (half, single)))
    assert np.array_equal(half.pathways["windows"].weight, to_half(single.pathways["windows"].weight))


@pytest.mark.parametrize("shared", [SHORT, 0.1])
def test_engines_and_threads_agree_to_the_bit(shared):
    options = dict(ticks=400, record=RECORD, precision="half", seed=4)
    wanted = ns.run(network(shared), engine="reference", **options)
    assert wanted["cells.v"].dtype == np.float32
    assert len(wanted.spikes("cells")) > 100
    for threads in (1, 2):
        assert_same(ns.run(network(shared), engine="events", threads=threads, **options), wanted)
    single = ns.run(network(shared), engine="events", **{**options, "precision": "single"})
    assert not np.array_equal(single["cells.v"], wanted["cells.v"])


@pytest.mark.parametrize("before", ["half", "single"])
def test_a_run_in_half_precision_goes_on_from_any_other(before, tmp_path):
    path = tmp_path / "first.h5"
    ns.run(network(), ticks=150, precision=before, seed=4, engine="events", to=path).close()
    with ns.open(path) as first:
        assert first.precision == before
        assert first.final["queue/cells/g/due"].size
        rest = [
            ns.run(network(), ticks=150, record=RECORD, start=first, precision="half", engine=engine)
            for engine in ("reference", "events")
        ]
    assert_same(*rest)
    if before == "half":
        whole = ns.run(network(), ticks=300, record=RECORD, precision="half", seed=4, engine="events")
        assert np.array_equal(rest[1]["cells.v"], whole["cells.v"][150:])
        assert ns.replay(rest[1], engine="reference")
