"""Training keeps one copy of its data, in the type in which they were given."""

import subprocess
import sys
import textwrap

import numpy as np
import pytest

import neurosim as ns
from neurosim import cells
from neurosim.network.probes import read_record
from neurosim.plan.inputs import read_inputs
from neurosim.plan.lower import lower

PEAK = """
    import resource
    import numpy as np
    import neurosim as ns

    def peak():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # MiB

    pixels, out = ns.Neurons("pixels", 1000), ns.Neurons("out", 2, update="v = I")
    net = ns.Network(ns.Synapses(pixels, out, learns=True, weight=ns.normal(0, 1)), schedule=ns.Layered())
    def train(n):
        images = np.ones((n, 1, 1000), np.uint8)
        before = peak()
        ns.train(net, {"pixels": images}, {"out": np.zeros((n, 2))}, epochs=1, batch=500, progress=False)
        return peak() - before
    train(500)
    print(train(60_000))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="peaks of memory are told by POSIX")
def test_bytes_to_learn_from_stay_bytes():
    found = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(PEAK)], capture_output=True, text=True, check=True
    )
    assert float(found.stdout) < 3 * 57  # MiB of the images; as 64-bit floats they would be 8 times as many


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int16, np.float16, np.float32, np.int64, np.float64])
def test_what_is_learned_does_not_depend_on_the_type_of_the_inputs(dtype):
    x, y = ns.Neurons("x", 3), ns.Neurons("y", 2, update="v = I")
    net = ns.Network(ns.Synapses(x, y, learns=True, weight=ns.normal(0, 1)), schedule=ns.Layered())
    given = np.random.default_rng(0).integers(0, 2, (8, 2, 3))
    goal = {"y": np.ones((8, 2))}
    learned = [
        ns.train(
            net, {"x": data}, goal, epochs=2, batch=3, validation=0.25, precision="double", progress=False
        )
        for data in (given.astype(float), given.astype(dtype))
    ]
    assert np.array_equal(*(found.network.synapses["x_to_y"].weight.number for found in learned))
    assert learned[0].history.validation == learned[1].history.validation


def test_inputs_that_are_no_finite_numbers_are_refused_in_any_type():
    x, y = ns.Neurons("x", 3), ns.Neurons("y", 2, update="v = I")
    net = ns.Network(ns.Synapses(x, y, learns=True), schedule=ns.Layered())
    for wrong, message in ((np.inf, "infinity"), (np.nan, "NaN")):
        given = np.zeros((4, 1, 3), np.float32)
        given[2, 0, 1] = wrong
        with pytest.raises(ns.DescriptionError, match=f"input 'x': contains {message}"):
            ns.train(net, {"x": given}, {"y": np.ones((4, 2))}, epochs=1)


def test_back_propagation_keeps_of_a_tick_no_number_twice():
    """Of an LSTM: three gates, both tanh, and what the tick began with, c and h."""
    jax = pytest.importorskip("jax")
    from neurosim.engine.arrays.compiled import CompiledPlan
    from neurosim.engine.arrays.library import wide

    ticks, cell = 5, cells.lstm("cells", 3)
    own = [ns.Synapses(cell, cell, to=gate, weight=ns.glorot(), delay=1, name=gate) for gate in "ifog"]
    into = ns.Synapses(ns.Neurons("x", 2), cell, to="g", weight=ns.glorot())
    net = ns.Network(own, into, schedule=ns.Layered())
    inputs = read_inputs(net, {"x": np.ones((ticks, 2))})
    program = CompiledPlan(plan := lower(net, inputs, probes=read_record(net, ["cells"])))

    def last(weights):
        numbers = {**(given := program.numbers(plan)), "weights": {**given["weights"], **weights}}
        x = {"x": np.ones((ticks, 1, 2))}
        carry = program.start(numbers, 1)
        return program.block(numbers, carry, x, np.arange(ticks), np.arange(1))[1]["cells"][-1].sum()

    weights = {gate: np.ones((3, 3)) for gate in "ifog"}
    with wide():
        steps = jax.make_jaxpr(jax.grad(last))(weights).eqns
    forward = next(step for step in steps if step.primitive.name == "scan")
    kept = [value for value in forward.outvars if value.aval.shape == (ticks, 1, 3)]
    assert len(kept) == 1 + 7  # what the cells send, which is recorded, and what back-propagation needs
