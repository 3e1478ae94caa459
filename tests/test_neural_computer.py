"""Content addressing and the differentiable neural computer: the formulas of their papers, in numpy."""

import numpy as np
import pytest

import neurosim as ns
from neurosim.learn import gradient
from neurosim.models.content_addressing import content_addressing


def softmax(x):
    return np.exp(x) / np.exp(x).sum(axis=-1, keepdims=True)


def content(memory, keys, beta, epsilon=1e-6):
    """Addresses (key, slot)."""
    length = np.linalg.norm(keys, axis=1)[:, None] * np.linalg.norm(memory, axis=1)
    return softmax(beta[:, None] * (keys @ memory.T) / (length + epsilon))


def lookup(n_keys, seed=0):
    """Random keys, sharpnesses and rows for three ticks of a memory with 5 slots of 3 values."""
    random = np.random.default_rng(seed)
    keys = () if n_keys is None else (n_keys,)
    return {
        "key": random.normal(size=(3, *keys, 3)),
        "beta": random.uniform(1, 4, (3, *(keys or (1,)))),
        "rows": random.normal(size=(3, 5, 3)),
    }


@pytest.mark.parametrize("engine", ["reference", "arrays"])
@pytest.mark.parametrize("n_keys", [None, 2])
def test_content_addressing_is_its_formula(n_keys, engine):
    x, net = lookup(n_keys), content_addressing(5, 3, n_keys=n_keys, epsilon=0.1)
    found = ns.run(net, x, record=["content"], engine=engine)["content"]
    for tick in range(3):
        keys = x["key"][tick].reshape(-1, 3)
        wanted = content(x["rows"][tick], keys, x["beta"][tick], epsilon=0.1)
        np.testing.assert_allclose(found[tick].reshape(-1, 5), wanted, rtol=1e-12)


def test_an_empty_memory_is_addressed_evenly_and_has_a_finite_slope():
    key, beta, rows = ns.Neurons("key", 3), ns.Neurons("beta", 1), ns.Neurons("memory", (5, 3))
    written = ns.Neurons("written", (5, 3), update="M = I*scale", scale=0.0, learns=("scale",))
    part = content_addressing(5, 3).named("read")
    one = ns.one_to_one()
    net = ns.Network(
        part,
        ns.Synapses(rows, written, wiring=one),
        *(ns.Synapses(a, part[b], wiring=one) for a, b in ((key, "key"), (beta, "beta"), (written, "rows"))),
        schedule=ns.Layered(),
    )
    x = lookup(None)
    x = {"key": x["key"], "beta": x["beta"], "memory": x["rows"]}
    assert np.all(ns.run(net, x, record=["read_content"])["read_content"] == 0.2)
    trials = {name: values[None] for name, values in x.items()}
    _, slopes = gradient(net, trials, {"read_content": np.eye(5)[:3][None]})
    assert np.isfinite(slopes["written.scale"]).all() and slopes["written.scale"] != 0
