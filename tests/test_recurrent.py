"""Recurrent networks equal their formulas, in layers and in both directions, on every engine that runs
them."""

import numpy as np
import pytest

import neurosim as ns
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
from neurosim.units import ms

RANDOM = np.random.default_rng
X = RANDOM(0).normal(size=(20, 3))


@pytest.fixture(params=["reference", pytest.param("arrays", marks=pytest.mark.slow)])
def engine(request):
    """Both engines; `test_arrays.py` compares them on every model's example, and so in seconds."""
    if request.param == "arrays":
        pytest.importorskip("jax", reason="the arrays engine needs jax")
    return request.param


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def onehot(tokens, size):
    return np.eye(size)[np.asarray(tokens)]


def stirred(net, seed=0):
    """The network with weights drawn and its learned constants, biases and peepholes, at random; and all of
    these by name."""
    net, random = materialized(net, seed), RANDOM(seed)
    found, changes = {name: item.weight.number for name, item in net.synapses.items() if item.learns}, {}
    for name, population in net.populations.items():
        changes[name] = {
            constant: random.normal(size=population.constants[constant].number.shape)
            for constant in population.learns
        }
        found |= {f"{name}.{constant}": value for constant, value in changes[name].items()}
    return rebuilt(net, {name: change for name, change in changes.items() if change}), found


def same(got, expected):
    assert np.allclose(got, expected, rtol=0, atol=1e-10)


def layer(kind, w, x, cells="cells", tag=""):
    """What a layer of cells sends, by its formula, for inputs (tick, feature)."""
    b, h, c, sent = (lambda name: w[f"{cells}.{name}"]), 0.0, 0.0, []
    for row in x:
        h = h + np.zeros(
            len(
                b(
                    "b_n"
                    if kind in ("gru", "reset_first", "minimal_gru")
                    else "bias"
                    if kind == "rnn"
                    else "b_g"
                )
            )
        )
        own = lambda port, state: w[f"W_{port}{tag}"] @ row + w[f"U_{port}{tag}"] @ state  # noqa: B023, E731
        if kind == "rnn":
            h = np.tanh(w[f"{tag}_in"] @ row + w[f"{tag}_own"] @ h + b("bias"))
        elif kind == "lstm":
            p = {gate: w.get(f"{cells}.p_{gate}", 0.0) for gate in "ifo"}
            i, f = (sigmoid(own(gate, h) + p[gate] * c + b(f"b_{gate}")) for gate in "if")
            old, c = h, f * c + i * np.tanh(own("g", h) + b("b_g"))
            h = sigmoid(own("o", old) + p["o"] * c + b("b_o")) * np.tanh(c)
        elif kind == "gru":
            r, z = (sigmoid(own(gate, h) + b(f"b_{gate}")) for gate in "rz")
            n = np.tanh(w[f"W_n{tag}"] @ row + b("b_n") + r * (w[f"U_n{tag}"] @ h + b("b_u")))
            h = z * h + (1 - z) * n
        elif kind == "reset_first":
            r, z = sigmoid(own("r", h) + w[f"kept{tag}.b_r"]), sigmoid(own("z", h) + b("b_z"))
            h = z * h + (1 - z) * np.tanh(own("n", r * h) + b("b_n"))
        else:
            f = sigmoid(own("f", h) + w[f"gate{tag}.bias"])
            h = (1 - f) * h + f * np.tanh(own("n", f * h) + b("b_n"))
        sent.append(h)
    return np.array(sent)


@pytest.mark.parametrize(
    ("kind", "build"),
    [
        ("lstm", lstm),
        ("lstm", lambda *sizes: lstm(*sizes, peepholes=True)),
        ("gru", gru),
        ("reset_first", lambda *sizes: gru(*sizes, reset_first=True)),
        ("minimal_gru", minimal_gru),
    ],
    ids=["lstm", "peepholes", "gru", "gru, reset first", "minimal gru"],
)
@pytest.mark.parametrize("sizes", [6, (6, 4)])
def test_gated_layers_are_their_formula(kind, build, sizes, engine):
    net, w = stirred(build(3, sizes, 2))
    recording, below = ns.run(net, {"inputs": X}, record="all", engine=engine), X
    for tag in [""] if sizes == 6 else ["_1", "_2"]:
        below = layer(kind, w, below, f"cells{tag}", tag)
        same(recording[f"cells{tag}"], below)
    same(recording["out"], below @ w[f"cells{tag}_to_out"].T + w["out.bias"])


def test_a_deep_elman_net_is_its_formula(engine):
    net, w = stirred(simple_recurrent(3, (6, 4), 2))
    recording, h, g = ns.run(net, {"inputs": X}, record=["out"], engine=engine), np.zeros(6), np.zeros(4)
    for row, got in zip(X, recording["out"], strict=True):
        h = sigmoid(w["inputs_to_hidden_1"] @ row + w["hidden_1_to_hidden_1"] @ h + w["hidden_1.bias"])
        g = sigmoid(w["hidden_1_to_hidden_2"] @ h + w["hidden_2_to_hidden_2"] @ g + w["hidden_2.bias"])
        same(got, sigmoid(w["hidden_2_to_out"] @ g + w["out.bias"]))


def test_cells_with_a_long_memory_forget_slowly():
    net = rebuilt(lstm(1, 5, 1, memory=101), {f"U_{port}": {"weight": 0.0} for port in "ifog"})
    content = ns.run(net, {"inputs": np.zeros((30, 1))}, record=["cells.c"], start={"cells.c": np.ones(5)})[
        "cells.c"
    ]
    span = np.array([1, 25.75, 50.5, 75.25, 100])
    assert np.allclose(content[-1], (span / (span + 1)) ** 30, rtol=1e-9)
    with pytest.raises(ValueError, match="memory=1 is no time to remember"):
        lstm(1, 5, 1, memory=1)


def test_every_weight_and_bias_of_a_recurrent_net_learns_and_each_neuron_has_a_bias_of_its_own():
    for net in (
        simple_recurrent(3, (6, 4), 2),
        lstm(3, 6, 2, peepholes=True),
        gru(3, 6, 2),
        minimal_gru(3, 6, 2),
        bidirectional(3, 5, 2),
    ):
        for name, item in net.synapses.items():
            assert item.learns == (type(item.wiring) is ns.all_to_all), name
        for population in net.populations.values():
            if not population.driven and population.name != "kept":
                assert population.learns
                assert all(
                    population.constants[name].number.shape == population.shape for name in population.learns
                )


def two_way_layer(kind, w, x, tag):
    """Both directions' states at each step, (tick, 2 * cell)."""
    found = []
    for way, order in (("ahead", 1), ("back", -1)):
        if kind == "rnn":
            source = (
                ("inputs" if way == "ahead" else "inputs_reversed")
                if tag in ("", "_1")
                else f"page_{way}_{int(tag[1:]) - 1}"
            )
            w = w | {f"{way}_in": w[f"{source}_to_{way}{tag}"], f"{way}_own": w[f"{way}{tag}_to_{way}{tag}"]}
        found.append(
            layer(kind, w, x[::order], f"{way}{tag}", way if kind == "rnn" else f"_{way}{tag}")[::order]
        )
    return np.concatenate(found, axis=1)


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_a_bidirectional_net_is_its_formula(cell, engine):
    net, w = stirred(bidirectional(3, 5, 2, cell=cell))
    out = ns.run(net, both_ways(X[None]), record=["out"], engine=engine)["out"][0, -1]
    both = two_way_layer(cell, w, X, "")
    same(out, w["ahead_to_out"] @ both[-1, :5] + w["back_to_out"] @ both[0, 5:] + w["out.bias"])


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_a_deep_bidirectional_net_is_its_formula(cell, engine):
    net, w = stirred(bidirectional(3, (5, 4), 2, cell=cell, ticks=20))
    out = ns.run(net, both_ways(X[None], 40), record=["out"], engine=engine)["out"][0, -1]
    both = two_way_layer(cell, w, two_way_layer(cell, w, X, "_1"), "_2")
    same(out, w["ahead_2_to_out"] @ both[-1, :4] + w["back_2_to_out"] @ both[0, 4:] + w["out.bias"])


@pytest.mark.parametrize("sizes", [5, (5, 4)])
def test_a_bidirectional_net_answers_at_every_step_when_it_has_read_all(sizes, engine):
    net, w = stirred(bidirectional(3, sizes, 2, cell="gru", ticks=20, every=True))
    tags = ["_1", "_2"] if sizes == (5, 4) else [""]
    recording = ns.run(net, both_ways(X[None], 20 * len(tags) + 20), record=["out"], engine=engine)
    below = X
    for tag in tags:
        below = two_way_layer("gru", w, below, tag)
    same(recording["out"][0, -20:], below @ w[f"page_ahead{tags[-1]}_to_out"].T + w["out.bias"])


def test_a_shorter_sequence_is_reversed_within_its_length():
    net, lengths = stirred(bidirectional(3, 5, 2, cell="gru"))[0], [20, 13]
    out = ns.run(net, both_ways(np.stack([X, X]), lengths=lengths), record=["out"])["out"]
    for trial, length in enumerate(lengths):
        same(out[trial, length - 1], ns.run(net, both_ways(X[None, :length]), record=["out"])["out"][0, -1])


def test_a_bidirectional_net_without_its_length_is_refused():
    with pytest.raises(ValueError, match="Give ticks="):
        bidirectional(3, (5, 4), 2)
    with pytest.raises(ValueError, match="'lstm', 'gru' or 'rnn'"):
        bidirectional(3, 5, 2, cell="esn")


def test_an_encoder_hands_its_state_to_a_decoder_that_hears_itself(engine):
    net, w = stirred(encoder_decoder(3, 6, 4, ticks=5))
    x = np.concatenate([X[:5], np.zeros((7, 3))])
    recording = ns.run(net, {"inputs": x}, record=["said", "out"], engine=engine)
    read = {**w, **{f"cells.{b}": w[f"encoder.{b}"] for b in ("b_r", "b_z", "b_n", "b_u")}}
    h, said = layer("gru", read, X[:5], tag="_encoder")[-1], np.zeros(4)
    for tick in range(5, 12):
        same(recording["said"][tick], said)
        gates = {p: w[f"W_{p}_decoder"] @ said for p in "rzn"}
        r, z = (sigmoid(gates[p] + w[f"U_{p}_decoder"] @ h + w[f"decoder.b_{p}"]) for p in "rz")
        n = np.tanh(gates["n"] + w["decoder.b_n"] + r * (w["U_n_decoder"] @ h + w["decoder.b_u"]))
        h = z * h + (1 - z) * n
        out = w["decoder_to_out"] @ h + w["out.bias"]
        same(recording["out"][tick], out)
        said = onehot(out.argmax(), 4)


def test_a_recursive_net_computes_a_tree_from_its_leaves(engine):
    given = [((0, 1), (2, (3, 4))), ((4, 3), 2), (((1, 0), 3), 0), 3]
    net, w = stirred(recursive(9, 5, 6, 2))
    inputs, subtrees = trees(given, 5, 9)
    recording = ns.run(net, inputs, record=["nodes", "out"], engine=engine)

    def value(tree):
        if not isinstance(tree, tuple):
            return w["E"][tree]
        return np.tanh(value(tree[0]) @ w["W_left"] + value(tree[1]) @ w["W_right"] + w["nodes.bias"])

    assert recording.ticks == 4
    for trial, found in enumerate(subtrees):
        assert found[0] == given[trial]
        for node, tree in enumerate(found):
            same(recording["nodes"][trial, -1, node], value(tree))
            same(recording["out"][trial, -1, node], value(tree) @ w["nodes_to_out"] + w["out.bias"])


def test_trees_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"tree 0 has 5 nodes, but the network 4. Use recursive\(5"):
        trees([((0, 1), 2)], 3, 4)
    with pytest.raises(ValueError, match="tree 1 has a leaf 3, which is no word. Use numbers from 0 to 2"):
        trees([0, (1, 3)], 3, 4)


def test_a_spiking_classifier_is_its_formula(engine):
    net, w = stirred(spiking_classifier(3, 8, 2))
    currents = np.abs(X)
    recording = ns.run(net, {"inputs": currents}, record=["hidden", "out"], engine=engine)
    spikes = np.zeros((20, 8))
    found = recording.spikes("hidden")
    spikes[found.tick, found.neuron] = 1
    v, y = np.zeros(8), np.zeros(2)
    for tick, row in enumerate(currents):
        same(recording["out"][tick], y)
        goal = w["inputs_to_hidden"] @ row + w["hidden.bias"]
        v = goal + (v - goal) * np.exp(-0.1)
        assert np.array_equal(spikes[tick], v > 1)
        y = w["out.bias"] + (y - w["out.bias"]) * np.exp(-0.05) + w["hidden_to_out"] @ (v > 1)
        v = np.where(v > 1, 0, v)
    assert spikes.any()


def test_spiking_layers_hear_the_spikes_of_the_layer_below():
    net = spiking_classifier(3, (8, 5), 2, tau=5 * ms, gain=20.0)
    recording = ns.run(net, {"inputs": np.abs(X)}, record=["hidden_1", "hidden_2"])
    assert len(recording.spikes("hidden_1"))
    assert len(recording.spikes("hidden_2"))
