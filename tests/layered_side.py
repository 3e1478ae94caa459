"""What the tests of layered nets share: reading, replacing and counting their numbers, and the formulas in
plain numpy."""

import numpy as np

import neurosim as ns
from neurosim import learn
from neurosim.network.rebuild import rebuilt
from neurosim.plan.materialize import materialized

RANDOM = np.random.default_rng
FUNCTIONS = {
    "linear": lambda x: x,
    "tanh": np.tanh,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "relu": lambda x: np.maximum(x, 0),
    "softsign": lambda x: x / (1 + np.abs(x)),
    "softmax": lambda x: (
        np.exp(x - x.max(-1, keepdims=True)) / np.exp(x - x.max(-1, keepdims=True)).sum(-1, keepdims=True)
    ),
}


def jolted(net, seed=0):
    """The network with random numbers in every constant that learns, so that a bias which is left out is
    noticed."""
    random = RANDOM(seed)
    changes = {
        name: {
            key: population.constants[key].number + random.normal(0, 0.3, population.constants[key].shape)
            for key in population.learns
        }
        for name, population in net.populations.items()
        if population.learns
    }
    return rebuilt(net, changes)


def numbers(net, seed=0):
    """All numbers of a network as a run with this seed uses them: weights by the name of the synapses,
    constants as 'population.constant'."""
    found = {
        name: item.weight.number
        for name, item in materialized(net, seed).synapses.items()
        if hasattr(item.weight, "number")
    }
    for name, population in net.populations.items():
        found |= {f"{name}.{key}": value.number for key, value in population.constants.items()}
    return found


def same(got, wanted):
    """Whether two arrays have one shape, and numbers that are equal but for rounding."""
    return got.shape == wanted.shape and np.allclose(got, wanted, rtol=1e-10, atol=1e-12)


def sent(net, inputs, record, engine="reference", **options):
    """What populations send at their one tick, by name, each (trial, *shape)."""
    recording = ns.run(
        net,
        {name: np.asarray(x)[:, None] for name, x in inputs.items()},
        record=list(record),
        engine=engine,
        **options,
    )
    return {name: recording[name][:, 0] for name in record}


def convolved(x, w, stride=1, padding="same"):
    """Convolution of x (trial, row, column, channel) with windows w (out, in, side, side). If 'same' adds an
    odd number of pixels, the larger part is added at the end."""
    side = w.shape[-1]
    if padding == "same":
        spare = [max((-(-n // stride) - 1) * stride + side - n, 0) for n in x.shape[1:3]]
        x = np.pad(x, [(0, 0), *((n // 2, n - n // 2) for n in spare), (0, 0)])
    seen = np.lib.stride_tricks.sliding_window_view(x, (side, side), axis=(1, 2))[:, ::stride, ::stride]
    return np.einsum("nrcikl,oikl->nrco", seen, w)


def largest(x, side, stride=None, padding="valid"):
    """The maximum of each window of x (trial, row, column, channel)."""
    stride = stride or side
    if padding == "same":
        spare = [max((-(-n // stride) - 1) * stride + side - n, 0) for n in x.shape[1:3]]
        x = np.pad(x, [(0, 0), *((n // 2, n - n // 2) for n in spare), (0, 0)], constant_values=-np.inf)
    return np.lib.stride_tricks.sliding_window_view(x, (side, side), axis=(1, 2))[:, ::stride, ::stride].max(
        axis=(-2, -1)
    )


def normalised(x, gain, shift, axes=-1):
    """Layer or batch normalisation."""
    mean = x.mean(axis=axes, keepdims=True)
    return gain * (x - mean) / np.sqrt(((x - mean) ** 2).mean(axis=axes, keepdims=True) + 1e-5) + shift


def gradient(net, inputs, targets, loss):
    """The gradient of the mean loss by every number that learns."""
    return learn.gradient(
        net, {name: np.asarray(x)[:, None] for name, x in inputs.items()}, targets, loss=loss
    )[1]


def learning(net):
    """What learns: the names of synapses, and 'population.constant'."""
    own = [name for name, item in net.synapses.items() if item.learns and net.owner(item) is None]
    return [
        *own,
        *(f"{name}.{key}" for name, population in net.populations.items() for key in population.learns),
    ]


def settled(net):
    """The network with its initial weights as numbers, and random numbers in the constants that learn."""
    w = numbers(net)
    return jolted(rebuilt(net, {name: {"weight": w[name]} for name in learning(net) if "." not in name}))
