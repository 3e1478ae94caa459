"""Recurrent networks learn: each use of them, and with the gradients of an independent library."""

import importlib

import numpy as np
import pytest

import neurosim as ns
from neurosim.learn import gradient
from neurosim.models.bidirectional import bidirectional, both_ways
from neurosim.models.encoder_decoder import encoder_decoder
from neurosim.models.gru import gru
from neurosim.models.lstm import lstm
from neurosim.models.minimal_gru import minimal_gru
from neurosim.models.recursive import recursive, trees
from neurosim.models.simple_recurrent import simple_recurrent
from neurosim.models.spiking_classifier import spiking_classifier
from neurosim.network.rebuild import rebuilt
from neurosim.plan.materialize import materialized

pytest.importorskip("jax", reason="training needs jax")
pytest.importorskip("optax", reason="training needs optax")
RANDOM = np.random.default_rng
slow = pytest.mark.slow
COSTLY = ("bidirectional", "encoder_decoder", "gru", "minimal_gru", "simple_recurrent")  # to compile


def learned(net, inputs, targets, **settings):
    settings = {
        "optimizer": "adam",
        "rate": 0.02,
        "epochs": 60,
        "batch": 32,
        "clip": 1.0,
        "seed": 0,
        "progress": False,
    } | settings
    return ns.train(net, inputs, targets, **settings).network


def onehot(tokens, size):
    return np.eye(size)[np.asarray(tokens)]


def digits():
    from sklearn.datasets import load_digits

    return load_digits(return_X_y=True)


@slow
@pytest.mark.parametrize("build", [gru, lstm, minimal_gru, simple_recurrent])
def test_one_to_many_a_name_becomes_a_picture(build):
    x, y = digits()
    mean = np.stack([x[y == digit].mean(axis=0).reshape(8, 8) for digit in range(10)]) / 16
    names = np.zeros((10, 8, 10))
    names[:, 0] = np.eye(10)  # heard in the first tick only
    output = {"output": "linear", "function": "tanh"} if build is simple_recurrent else {}
    trained = learned(
        build(10, 40, 8, **output),
        {"inputs": names},
        {"out": mean},
        loss="squared_error",
        epochs=300,
        batch=10,
    )
    drawn = ns.run(trained, {"inputs": names}, record=["out"])["out"]
    assert np.mean((drawn - mean) ** 2) < 0.05 * mean.var()


@pytest.mark.parametrize(
    "build", [gru, pytest.param(minimal_gru, marks=slow), pytest.param(lstm, marks=slow)]
)
def test_many_to_one_the_first_token_is_remembered(build):
    tokens = RANDOM(0).integers(0, 4, (256, 12))
    trained = learned(
        build(4, 16, 4),
        {"inputs": onehot(tokens[:200], 4)},
        {"out": tokens[:200, 0]},
        loss="cross_entropy",
        epochs=40,
    )
    out = ns.run(trained, {"inputs": onehot(tokens[200:], 4)}, record=["out"])["out"]
    assert np.mean(out[:, -1].argmax(axis=1) == tokens[200:, 0]) > 0.95


@slow
@pytest.mark.parametrize("build", [gru, lstm, minimal_gru, simple_recurrent])
def test_synchronous_many_to_many_the_parity_of_three_bits_is_told_at_every_tick(build):
    bits = RANDOM(0).integers(0, 2, (128, 20))
    parity = (bits + np.pad(bits, ((0, 0), (1, 0)))[:, :-1] + np.pad(bits, ((0, 0), (2, 0)))[:, :-2]) % 2
    settings = {"function": "tanh", "output": "linear"} if build is simple_recurrent else {}
    trained = learned(
        build(1, 24, 2, **settings),
        {"inputs": bits[:96, :, None]},
        {"out": parity[:96]},
        loss="cross_entropy",
        epochs=120,
    )
    out = ns.run(trained, {"inputs": bits[96:, :, None]}, record=["out"])["out"]
    assert np.mean(out.argmax(axis=2) == parity[96:]) > 0.95


@slow
def test_many_to_many_an_encoder_and_a_decoder_say_a_sequence_backwards():
    tokens = RANDOM(0).integers(0, 4, (600, 4))
    heard, wanted, said = np.zeros((600, 8, 4)), np.full((600, 8), -1), np.full((600, 8, 4), np.nan)
    heard[:, :4], wanted[:, 4:], said[:, 5:] = onehot(tokens, 4), tokens[:, ::-1], onehot(tokens[:, :0:-1], 4)
    net = encoder_decoder(4, 40, 4, ticks=4)
    trained = learned(
        net,
        {"inputs": heard[:500], "said": said[:500]},
        {"out": wanted[:500]},
        loss="cross_entropy",
        epochs=40,
        rate=0.01,
    )
    spoken = ns.run(trained, {"inputs": heard[500:]}, record=["out"])["out"][:, 4:].argmax(
        axis=2
    )  # hears itself, nobody corrects it
    assert np.mean(np.all(spoken == wanted[500:, 4:], axis=1)) > 0.9


@slow
@pytest.mark.parametrize(("sizes", "both"), [(12, np.logical_and), ((12, 8), np.logical_xor)])
def test_a_bidirectional_net_knows_what_comes_next(sizes, both):
    """Each answer is of the neighbours on both sides: one layer adds up what the two ways say, a second one
    may combine it in any way."""
    bits = RANDOM(0).integers(0, 2, (192, 8))
    wide = np.pad(bits, ((0, 0), (1, 1)))
    wanted, read = both(wide[:, :-2], wide[:, 2:]), 8 * np.size(sizes)  # ticks
    inputs, targets = (
        both_ways(bits[:, :, None], read + 8),
        np.pad(wanted.astype(int), ((0, 0), (read, 0)), constant_values=-1),
    )
    net = bidirectional(1, sizes, 2, cell="gru", ticks=8, every=True)
    first, last = ({name: x[part] for name, x in inputs.items()} for part in (slice(144), slice(144, None)))
    trained = learned(net, first, {"out": targets[:144]}, loss="cross_entropy", epochs=80)
    out = ns.run(trained, last, record=["out"])["out"][:, -8:]
    assert np.mean(out.argmax(axis=2) == wanted[144:]) > 0.95


def test_a_recursive_net_learns_what_formulas_are_worth():
    """Formulas of NOT AND over true and false, given as trees of up to four leaves; all of logic can be
    written so."""
    random = RANDOM(0)

    def grown(leaves):
        if leaves == 1:
            return int(random.integers(0, 2))
        left = int(random.integers(1, leaves))
        return (grown(left), grown(leaves - left))

    def worth(tree):
        return int(not (worth(tree[0]) and worth(tree[1]))) if isinstance(tree, tuple) else tree

    def data(count, leaves):
        given = [grown(leaves) for _ in range(count)]
        inputs, subtrees = trees(given, 2, 2 * leaves - 1)
        return inputs, np.array([[worth(tree) for tree in found] for found in subtrees])

    inputs, values = data(100, 4)
    small = learned(recursive(7, 2, 8, 2), inputs, {"out": values}, loss="cross_entropy", epochs=60)
    weights = {name: small[name].weight.number for name in ("E", "W_left", "W_right", "nodes_to_out")}
    biases = {f"{name}.bias": small[name].constants["bias"].number for name in ("nodes", "out")}
    deeper, wanted = data(60, 7)  # than any that it has learned from
    out = ns.run(copied(recursive(13, 2, 8, 2), weights | biases), deeper, record=["out"])["out"][:, -1]
    assert np.mean(out.argmax(axis=2) == wanted) > 0.95


def test_targets_of_which_none_counts_are_refused():
    inputs, _ = trees([(0, 1)], 2, 5)
    with pytest.raises(ns.DescriptionError, match="counts at no tick"):
        ns.train(recursive(5, 2, 3, 2), inputs, {"out": np.full((1, 5), -1)}, loss="cross_entropy")


def test_a_spiking_net_learns_digits_by_surrogate_gradients():
    x, y = digits()
    currents = np.repeat(x[:600, None] / 16, 20, axis=1)
    trained = learned(
        spiking_classifier(64, 60, 10),
        {"inputs": currents[:400]},
        {"out": y[:400]},
        loss="cross_entropy",
        epochs=20,
        rate=5e-3,
    )
    recording = ns.run(trained, {"inputs": currents[400:]}, record=["hidden", "out"])
    assert np.mean(recording["out"][:, -1].argmax(axis=1) == y[400:600]) > 0.8
    assert 0 < recording.rates("hidden").mean() < 400  # spikes per second


def copied(net, weights):
    """The network with these weights and constants, and the arrays of its learned parts by name."""
    changes = {}
    for name, value in weights.items():
        owner, _, constant = name.partition(".")
        changes.setdefault(owner, {})[constant or "weight"] = np.asarray(value, dtype=float)
    return rebuilt(materialized(net, 0), changes)


@pytest.mark.parametrize("kind", ["lstm", "gru"])
def test_states_and_gradients_are_those_of_flax(kind):
    linen = pytest.importorskip("flax.linen", reason="flax is the independent library")
    import jax
    import jax.numpy as jnp

    from neurosim.engine.arrays.library import wide

    x, goal = RANDOM(0).normal(size=(5, 12, 3)), RANDOM(1).normal(size=(5, 12, 6))
    cell = (linen.LSTMCell if kind == "lstm" else linen.GRUCell)(6, param_dtype=float)

    def states(parameters):
        def step(state, rows):
            return cell.apply(parameters, state, rows)

        rest = cell.initialize_carry(jax.random.key(0), (5, 3))
        return jnp.swapaxes(jax.lax.scan(step, rest, jnp.swapaxes(jnp.asarray(x), 0, 1))[1], 0, 1)

    with wide():
        drawn = cell.init(
            jax.random.key(0), cell.initialize_carry(jax.random.key(0), (5, 3)), jnp.asarray(x[:, 0])
        )
        random = iter(jax.random.split(jax.random.key(1), 40))
        parameters = jax.tree.map(
            lambda value: value + 0.1 * jax.random.normal(next(random), value.shape, value.dtype), drawn
        )  # biases, too
        forward = np.asarray(states(parameters))
        slope = jax.grad(lambda parameters: jnp.mean(jnp.sum((states(parameters) - goal) ** 2, axis=-1)))(
            parameters
        )

    def as_ours(tree):
        found, parts = (
            {},
            {
                name: {key: np.asarray(value) for key, value in part.items()}
                for name, part in tree["params"].items()
            },
        )
        for letter in "ifog" if kind == "lstm" else "rzn":
            into, own = parts[f"i{letter}"], parts[f"h{letter}"]
            found |= {
                f"W_{letter}": into["kernel"].T,
                f"U_{letter}": own["kernel"].T,
                f"cells.b_{letter}": into.get("bias", own.get("bias")),
            }
        return found | ({"cells.b_u": parts["hn"]["bias"]} if kind == "gru" else {})

    net = copied({"lstm": lstm, "gru": gru}[kind](3, 6, 2), as_ours(parameters))
    assert np.allclose(
        ns.run(net, {"inputs": x}, record=["cells"], engine="arrays")["cells"], forward, rtol=0, atol=1e-10
    )
    _, found = gradient(
        net, {"inputs": x}, {"cells": goal}, loss="squared_error", learns=list(as_ours(parameters))
    )
    for name, expected in as_ours(slope).items():
        assert np.allclose(found[name], expected, rtol=0, atol=1e-10), name


@pytest.mark.parametrize("name", ["lstm", "recursive", *(pytest.param(name, marks=slow) for name in COSTLY)])
def test_gradients_are_finite_differences(name):
    """Along one random direction of all that learns, on the reference engine."""
    model = importlib.import_module(f"neurosim.models.{name}")
    example, random = model.example(), RANDOM(1)
    net = (
        lstm(2, (4, 3), 1, peepholes=True)
        if name == "lstm"
        else gru(2, (4, 3), 1, reset_first=True)
        if name == "gru"
        else example["net"]
    )
    net, given = materialized(net, 3), example["inputs"]
    inputs = {
        key: array if array.ndim == len(net[key].shape) + 2 else array[None, :20]
        for key, array in given.items()
    }
    sent = ns.run(net, inputs, record=["out"], engine="reference")["out"]
    goal = {"out": sent + random.normal(size=sent.shape)}
    _, slopes = gradient(net, inputs, goal, loss="squared_error")
    way = {key: random.normal(size=slope.shape) for key, slope in slopes.items()}
    now = {
        key: (net[key].weight if key in net else net[key.split(".")[0]].constants[key.split(".")[1]]).number
        for key in slopes
    }

    def loss(step):
        moved = copied(net, {key: now[key] + step * way[key] for key in way})
        out = ns.run(moved, inputs, record=["out"], engine="reference")["out"]
        return np.mean(np.sum((out - goal["out"]) ** 2, axis=tuple(range(2, out.ndim))))

    along = sum(np.sum(slopes[key] * way[key]) for key in way)
    assert along == pytest.approx((loss(1e-5) - loss(-1e-5)) / 2e-5, rel=1e-6)
