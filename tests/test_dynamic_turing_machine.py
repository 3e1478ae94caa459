"""The dynamic neural Turing machine: the formulas of its paper, in numpy."""

import numpy as np
import pytest

import neurosim as ns
from neurosim.learn import gradient, learned, with_learned
from neurosim.models.dynamic_turing_machine import dynamic_turing_machine, head

SHAPE = dict(n_slots=5, width=4, address_width=3, n_cells=7)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softmax(x):
    return np.exp(x) / np.exp(x).sum()


def shaken(net, seed=0):
    """The numbers of a network, none of them near 0."""
    random = np.random.default_rng(seed)
    numbers = learned(net, seed=1)
    return {name: value + 0.5 * random.normal(size=value.shape) for name, value in numbers.items()}


def dynamic(numbers, bits, *, recurrent=True, least_recent=True, hard=False):
    """Outputs, addresses of reading, and logarithms of the chances of both choices, for each tick."""
    w, b = numbers.__getitem__, lambda name: numbers[f"{name}.bias"]
    place = numbers["place.A"]
    content, h = np.zeros((5, 4)), np.zeros(7)
    vector, recent = np.zeros(7), {"write": 0.0, "read": 0.0}
    found = []
    for x in bits:
        if recurrent:
            to = {
                port: w(f"W_{port}") @ x + w(f"vector_to_controller{n}") @ vector + w(f"controller.b_{port}")
                for port, n in zip("rzn", ("", "_2", "_3"), strict=True)
            }
            keep, reset = sigmoid(to["z"] + w("U_z") @ h), sigmoid(to["r"] + w("U_r") @ h)
            new = np.tanh(to["n"] + reset * (w("U_n") @ h + w("controller.b_u")))
            h = keep * h + (1 - keep) * new
        else:
            h = np.tanh(w("inputs_to_controller") @ x + w("vector_to_controller") @ vector + b("controller"))
        rows, address, chances = np.hstack([place, content]), {}, []
        for name in ("write", "read"):
            key = w(f"controller_to_{name}_key") @ h + b(f"{name}_key")
            beta = 1 + np.log1p(np.exp(w(f"controller_to_{name}_beta") @ h + b(f"{name}_beta")))
            z = beta * (rows @ key) / (np.linalg.norm(rows, axis=1) * np.linalg.norm(key) + 1e-6)
            if least_recent:
                gate = sigmoid(w(f"controller_to_{name}_gate") @ h + b(f"{name}_gate"))
                p, recent[name] = softmax(z - gate * recent[name]), 0.1 * recent[name] + 0.9 * z
            else:
                p = softmax(z)
            address[name] = (np.eye(5)[p.argmax()] if hard else p) * [1, 1, 1, 1, 0]
            chances.append(np.log(p.max()))
        share = sigmoid(w("controller_to_share") @ h + w("inputs_to_share") @ x + b("share"))
        fresh = w("controller_to_fresh") @ h + share * (w("inputs_to_fresh") @ x) + b("fresh")
        erase = sigmoid(w("controller_to_erase") @ h + b("erase"))
        vector = address["read"] @ rows
        content = content * (1 - np.outer(address["write"], erase))
        content += np.outer(address["write"], np.maximum(fresh, 0))
        out = sigmoid(w("controller_to_out") @ h + w("vector_to_out") @ vector + b("out"))
        found.append((out, address["read"], sum(chances)))
    return [np.array(values) for values in zip(*found, strict=True)]


@pytest.mark.parametrize(
    ("options", "engine"),
    [
        ({}, "reference"),
        ({}, "arrays"),
        ({"recurrent": False, "hard": True}, "reference"),
        ({"least_recent": False}, "reference"),
    ],
)
def test_a_dynamic_turing_machine_is_its_formula(options, engine):
    net = dynamic_turing_machine(3, 2, **SHAPE, **options)
    numbers, bits = shaken(net), np.random.default_rng(1).random((9, 3))
    run = ns.run(with_learned(net, numbers), {"inputs": bits}, record=["out", "read_address"], engine=engine)
    out, address, _ = dynamic(numbers, bits, **options)
    np.testing.assert_allclose(run["read_address"], address, rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(run["out"], out, rtol=1e-11)


def test_events_refuses_a_dynamic_turing_machine_with_a_reason():
    net = dynamic_turing_machine(3, 2, **SHAPE)
    with pytest.raises(ns.PlanError, match="einsum"):
        ns.run(net, {"inputs": np.zeros((2, 3))}, engine="events")


def test_nothing_is_written_into_the_last_slot_nor_read_from_it():
    net = dynamic_turing_machine(3, 2, **SHAPE)
    bits = np.random.default_rng(1).random((9, 3))
    run = ns.run(with_learned(net, shaken(net)), {"inputs": bits}, record=["memory", "read_address"])
    assert np.all(run["memory"][:, 4] == 0) and np.all(run["read_address"][:, 4] == 0)
    assert np.all(np.any(run["memory"][:, :4] != 0, axis=2))


def test_what_was_learned_with_soft_heads_works_with_hard_ones():
    soft, hard = dynamic_turing_machine(3, 2, **SHAPE), dynamic_turing_machine(3, 2, **SHAPE, hard=True)
    numbers = learned(soft, seed=1)
    assert set(numbers) == set(learned(hard))
    again = learned(with_learned(hard, numbers))
    assert all(np.array_equal(again[name], value) for name, value in numbers.items())


def test_the_gradient_of_a_dynamic_turing_machine_is_that_of_finite_differences():
    net = dynamic_turing_machine(3, 2, **SHAPE)
    numbers, bits = shaken(net), np.random.default_rng(0).random((1, 4, 3))
    _, slopes = gradient(with_learned(net, numbers), {"inputs": bits}, {"out": np.ones((1, 4, 2))})
    for name in ("controller_to_write_key", "place.A", "read_gate.bias", "inputs_to_share"):
        shift = np.zeros_like(numbers[name])
        shift.flat[0] = 1e-6
        high, low = (
            np.mean(np.sum((dynamic(numbers | {name: numbers[name] + s}, bits[0])[0] - 1) ** 2, axis=1))
            for s in (shift, -shift)
        )
        assert np.isclose(slopes[name].flat[0], (high - low) / 2e-6, rtol=1e-5, atol=1e-9), name


def test_a_hard_head_sends_the_logarithm_of_the_chance_of_its_choice():
    net = dynamic_turing_machine(3, 2, **SHAPE, hard=True)
    chance = ns.Neurons("log_chance", 1, update="y = I")
    sent = [ns.Synapses(net[f"{name}_address"].sending("l"), chance) for name in ("write", "read")]
    whole = ns.Network(net, sent, schedule=ns.Layered())
    numbers, bits = shaken(net), np.random.default_rng(1).random((6, 3))
    run = ns.run(with_learned(whole, numbers), {"inputs": bits}, record=["log_chance"])
    np.testing.assert_allclose(run["log_chance"][:, 0], dynamic(numbers, bits, hard=True)[2], rtol=1e-9)


def test_a_hard_head_draws_its_slots_in_training():
    """So often that the mean message is what a soft head sends."""
    addressing, soft = head(4, 2, hard=True), head(4, 2)
    random = np.random.default_rng(0)
    rows = np.tile(random.normal(size=(4, 2)), (4000, 1, 1, 1))
    inputs = {"rows": rows, "key": np.tile([0.3, 1.0], (4000, 1, 1)), "beta": np.full((4000, 1, 1), 1.5)}
    inputs["gate"] = np.zeros((4000, 1, 1))
    wanted = ns.run(soft, {name: x[:1] for name, x in inputs.items()}, record=["address"])["address"][0, 0]
    loss = lambda sent, target: sent[..., 0] - target[..., 0]  # noqa: E731
    targets = {"address": np.zeros((4000, 1, 4))}
    _, history = ns.train(
        addressing,
        inputs,
        targets,
        loss=loss,
        epochs=1,
        batch=4000,
        rate=1e-9,
        learns=["key.bias"],
        progress=False,
    )
    assert history.loss[0] == pytest.approx(wanted[0], abs=0.03)


def test_a_memory_of_one_slot_is_refused():
    with pytest.raises(ns.DescriptionError, match="n_slots=1 leaves none to write into"):
        dynamic_turing_machine(3, 2, 1)
