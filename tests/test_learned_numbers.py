"""Learned numbers without their network: read out, saved to a file, and put into the same or another
network."""

import numpy as np
import pytest

import neurosim as ns
from neurosim.errors import DescriptionError
from neurosim.learn import learned, with_learned
from neurosim.units import mV


def net(hidden: int = 3, **options) -> ns.Network:
    x, y = ns.Neurons("x", 2), ns.cells.unit("y", hidden, "tanh", bias=ns.normal(0.0, 1.0))
    out = ns.cells.unit("out", 1, "linear")
    return ns.Network(
        ns.Synapses(x, y, weight=ns.glorot(), learns=True, **options),
        ns.Synapses(y, out, weight=ns.glorot(), learns=True),
        schedule=ns.Layered(),
    )


def test_numbers_put_back_make_the_same_network():
    trained = ns.train(net(), {"x": np.eye(2)[:, None]}, {"out": np.ones((2, 1, 1))}, epochs=3).network
    again = with_learned(net(), learned(trained), seed=0)
    inputs = {"x": np.random.default_rng(0).normal(size=(4, 2))}
    np.testing.assert_array_equal(*(ns.run(n, inputs, record=["out"])["out"] for n in (trained, again)))


def test_numbers_pass_through_a_file_of_another_program(tmp_path):
    safetensors = pytest.importorskip("safetensors.numpy")
    numbers = learned(net(), seed=5)
    safetensors.save_file(numbers, tmp_path / "net.safetensors")
    again = learned(with_learned(net(), safetensors.load_file(tmp_path / "net.safetensors")))
    assert set(again) == set(numbers)
    for name, value in numbers.items():
        np.testing.assert_array_equal(again[name], value)


def test_what_fits_by_name_and_shape_is_put_into_another_network():
    numbers = {"x_to_y": np.ones((5, 2)), "y_to_out": np.full((1, 3), 2.0), "elsewhere": np.zeros(7)}
    partly = with_learned(net(), numbers, partly=True, seed=1)
    np.testing.assert_array_equal(partly["y_to_out"].weight.number, np.full((1, 3), 2.0))
    np.testing.assert_array_equal(partly["x_to_y"].weight.number, learned(net(), seed=1)["x_to_y"])


def test_numbers_that_learn_over_random_synapses_are_put_back():
    sparse = net(wiring=ns.probability(0.5))
    numbers = learned(sparse, seed=2)
    again = with_learned(sparse, {name: value + 1 for name, value in numbers.items()}, seed=2)
    np.testing.assert_array_equal(learned(again)["x_to_y"], numbers["x_to_y"] + 1)


def test_numbers_are_in_units_of_the_system_and_keep_their_unit():
    cell = ns.Neurons(
        "cell", 1, equations="v : volt\nu : volt", update="v = u", u=3 * mV, learns=("u",), sends="v"
    )
    one = ns.Network(cell, schedule=ns.Layered())
    assert learned(one) == {"cell.u": 0.003}
    again = with_learned(one, {"cell.u": 0.005})
    np.testing.assert_array_equal(ns.run(again, ticks=1, record=["cell"])["cell"], [[0.005]])


@pytest.mark.parametrize(
    ("numbers", "options", "message"),
    [
        ({"x_to_z": [1.0]}, {}, "no numbers called 'x_to_z'.*partly=True"),
        ({"x_to_y": np.ones((2, 3))}, {}, r"shape \(2, 3\), the network needs \(3, 2\)"),
        ({"x_to_y": np.ones((3, 2))}, {}, "has no 'y_to_out', which learns"),
        ({"x_to_y": np.full((3, 2), np.nan)}, {"partly": True}, "not finite"),
        ({"z": np.ones(2)}, {"partly": True}, "nothing of numbers fits"),
        ([1.0], {}, "not a dict"),
    ],
)
def test_numbers_that_do_not_fit_say_why(numbers, options, message):
    with pytest.raises(DescriptionError, match=message):
        with_learned(net(), numbers, **options)


def test_only_networks_have_learned_numbers():
    with pytest.raises(DescriptionError, match="learned: net 5 is not a Network"):
        learned(5)
