"""Training keeps one copy of its data, in the type in which they were given."""

import subprocess
import sys
import textwrap

import numpy as np
import pytest

import neurosim as ns

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
