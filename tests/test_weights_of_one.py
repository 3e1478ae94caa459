"""Weights of 1, by which the array engine does not multiply."""

import numpy as np
import pytest

import neurosim as ns

pytest.importorskip("jax")

X = np.random.default_rng(0).normal(size=(2, 3, 4, 4))


def relay(weight):
    """Windows of a pooling, and pairs of neurons that also meet across a delay."""
    x, out = ns.Neurons("x", (4, 4)), ns.Neurons("out", (2, 2), update="y = I")
    pooled = ns.Neurons("pooled", (2, 2), ports="I:max", update="y = I")
    return ns.Network(
        ns.Synapses(x, pooled, wiring=ns.pool((2, 2)), weight=weight),
        ns.Synapses(pooled, out, wiring=ns.one_to_one(), weight=weight),
        ns.Synapses(out, out, wiring=ns.one_to_one(), weight=weight, delay=1),
        schedule=ns.Layered(),
    )


@pytest.mark.parametrize("weight", [1.0, -0.5])
def test_a_run_gives_the_same_bits_as_the_reference_engine(weight):
    one, other = (
        ns.run(relay(weight), {"x": X}, record=["out"], engine=e)["out"] for e in ("arrays", "reference")
    )
    np.testing.assert_array_equal(one, other)


def test_weights_that_begin_at_1_learn():
    x, out = ns.Neurons("x", 2), ns.Neurons("out", 2, update="y = I")
    pairs = ns.Synapses(x, out, wiring=ns.one_to_one(), weight=np.ones(2), learns=True)
    net = ns.Network(pairs, schedule=ns.Layered())
    given = {"x": np.array([[[3.0, 4.0]]])}, {"out": np.array([[5.0, 5.0]])}
    loss, slopes = ns.learn.gradient(net, *given)  # the sum of (w x - y)^2 at w = 1
    assert loss == 5.0 and slopes["x_to_out"].tolist() == [-12.0, -8.0]
    trained, _ = ns.train(net, *given, optimizer="sgd", momentum=0.0, rate=0.01, epochs=1)
    np.testing.assert_allclose(trained["x_to_out"].weight.number, [1.12, 1.08], rtol=1e-6)
