"""What the tests of generative networks share."""

import numpy as np

from neurosim.plan.materialize import materialized

RANDOM = np.random.default_rng


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def relu(x):
    return np.maximum(x, 0)


def close(found, expected):
    assert np.shape(found) == np.shape(expected)
    assert np.allclose(found, expected, rtol=0, atol=1e-10)


def weights(net, seed=0):
    """The weights of all synapses that do not share those of others, as a run with this seed uses them."""
    return {
        name: item.weight.number
        for name, item in materialized(net, seed).synapses.items()
        if hasattr(item.weight, "number")
    }


def biases(sizes, seed=0):
    random = RANDOM(seed)
    return [random.normal(0, 0.5, n) for n in sizes]
