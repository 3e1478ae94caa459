"""Networks with a memory that they write and read: the formulas of their papers, in numpy."""

import numpy as np
import pytest

import neurosim as ns
from neurosim.learn import gradient, learned, with_learned
from neurosim.models.neural_turing_machine import neural_turing_machine


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softmax(x):
    return np.exp(x) / np.exp(x).sum()


def turing_machine(net, numbers, bits, lstm):
    """Outputs and addresses of reading, from the weights by name: equations 2 to 9 of the paper."""
    w, b = numbers.__getitem__, lambda name: numbers[f"{name}.bias"]
    n_slots, width = net["memory"].shape
    memory, vector = np.full((n_slots, width), 1e-6), numbers["vector.r"]
    last = {"write": np.eye(n_slots)[0], "read": np.eye(n_slots)[0]}
    c, h = np.zeros((2, net["controller"].size))
    outputs, addresses = [], []
    for x in bits:
        if lstm:
            i, f, o, g = (
                w(f"W_{p}") @ x
                + w(f"U_{p}") @ h
                + w(f"vector_to_controller{n}") @ vector
                + numbers[f"controller.b_{p}"]
                for p, n in zip("ifog", ("", "_2", "_3", "_4"), strict=True)
            )
            c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
            h = sigmoid(o) * np.tanh(c)
        else:
            h = np.tanh(w("inputs_to_controller") @ x + w("vector_to_controller") @ vector + b("controller"))
        before = memory
        for head in ("write", "read"):
            part = {
                name: w(f"controller_to_{head}_{name}") @ h + b(f"{head}_{name}")
                for name in ("key", "beta", "gate", "shift", "gamma")
            }
            key, beta = np.tanh(part["key"]), np.log1p(np.exp(part["beta"]))
            cosine = before @ key / (np.sqrt((before**2).sum(axis=1) * (key @ key)) + 1e-8)
            gate = sigmoid(part["gate"])
            mixed = gate * softmax(beta * cosine) + (1 - gate) * last[head]
            shift = softmax(part["shift"])
            rolled = sum(s * np.roll(mixed, k) for k, s in zip((-1, 0, 1), shift, strict=True))
            sharp = (rolled + 1e-12) ** (1 + np.log1p(np.exp(part["gamma"])))
            last[head] = sharp / sharp.sum()
        erase = sigmoid(w("controller_to_erase") @ h + b("erase"))
        add = np.tanh(w("controller_to_add") @ h + b("add"))
        memory = memory * (1 - np.outer(last["write"], erase)) + np.outer(last["write"], add)
        vector = memory.T @ last["read"]
        outputs.append(sigmoid(w("controller_to_out") @ h + w("vector_to_out") @ vector + b("out")))
        addresses.append(last["read"])
    return np.array(outputs), np.array(addresses)


@pytest.mark.parametrize("lstm", [True, False])
def test_a_neural_turing_machine_is_its_formula(lstm):
    net = neural_turing_machine(4, 3, 6, 5, n_cells=8, lstm=lstm)
    random = np.random.default_rng(0)
    numbers = {
        name: value + 0.3 * random.normal(size=value.shape) for name, value in learned(net, seed=1).items()
    }
    bits = random.random((7, 4))
    run = ns.run(with_learned(net, numbers), {"inputs": bits}, record=["out", "read_address"])
    outputs, addresses = turing_machine(net, numbers, bits, lstm)
    np.testing.assert_allclose(run["read_address"], addresses, rtol=1e-9)
    np.testing.assert_allclose(run["out"], outputs, rtol=1e-9)


def test_what_a_turing_machine_learned_works_with_a_longer_memory():
    small, large = (neural_turing_machine(4, 3, slots, 5, n_cells=8) for slots in (6, 9))
    numbers = learned(small, seed=1)
    assert set(numbers) == set(learned(large))
    again = learned(with_learned(large, numbers))
    assert all(np.array_equal(again[name], value) for name, value in numbers.items())


def test_the_gradient_of_a_turing_machine_is_that_of_finite_differences():
    net = neural_turing_machine(3, 2, 4, 3, n_cells=4, lstm=False)
    bits = np.random.default_rng(0).random((1, 4, 3))
    targets = {"out": np.ones((1, 4, 2))}
    numbers = learned(net, seed=2)
    _, slopes = gradient(net, {"inputs": bits}, targets, seed=2)

    def loss(name, shift):
        out = ns.run(
            with_learned(net, {**numbers, name: numbers[name] + shift}), {"inputs": bits}, record=["out"]
        )["out"]
        return np.mean(np.sum((out - 1) ** 2, axis=-1))

    for name in ("controller_to_write_key", "read_shift.bias", "vector.r"):
        shift = np.zeros_like(numbers[name])
        shift.flat[0] = 1e-6
        assert np.isclose(
            slopes[name].flat[0], (loss(name, shift) - loss(name, -shift)) / 2e-6, rtol=1e-4, atol=1e-9
        )
