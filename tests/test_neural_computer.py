"""Content addressing and the differentiable neural computer: the formulas of their papers, in numpy."""

import numpy as np
import pytest

import neurosim as ns
from neurosim.learn import gradient, learned, with_learned
from neurosim.models.content_addressing import content_addressing
from neurosim.models.differentiable_neural_computer import differentiable_neural_computer
from neurosim.models.free_list import free_list
from neurosim.models.temporal_links import temporal_links


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


def test_an_epsilon_below_0_is_refused():
    with pytest.raises(ns.DescriptionError, match="content_addressing: epsilon=-1 is not above 0"):
        content_addressing(5, 3, epsilon=-1)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def oneplus(x):
    return 1 + np.log1p(np.exp(x))


def allocation(usage):
    """Equation 1 of the paper's Methods, by the sorted free list."""
    free, product, address = np.argsort(np.round(1e6 * usage), kind="stable"), 1.0, np.empty_like(usage)
    usage = np.maximum(usage, 1e-6)
    for slot in free:
        address[slot] = (1 - usage[slot]) * product
        product *= usage[slot]
    return address


class Computer:
    """The memory of the paper's Methods, for one trial, and its controller."""

    def __init__(self, net, numbers, links):
        self.w, self.links = numbers, links
        n_slots, width = net["memory"].shape
        n_heads = net["reading"].shape[0]
        self.M, self.L = np.zeros((n_slots, width)), np.zeros((n_slots, n_slots))
        self.usage, self.precedence, self.writing = np.zeros((3, n_slots))
        self.reading, self.vectors = np.zeros((n_heads, n_slots)), np.zeros((n_heads, width))
        self.c, self.h = np.zeros((2, net["controller"].size))

    def ask(self, name):
        """What the controller sends to one part of the interface."""
        return self.w[f"controller_to_{name}"] @ self.h + self.w.get(f"{name}.bias", np.zeros(1)).ravel()

    def controller(self, x):
        w, v = self.w, self.vectors.ravel()
        i, f, o, g = (
            w[f"W_{p}"] @ x
            + w[f"U_{p}"] @ self.h
            + w[f"vectors_to_controller{n}"] @ v
            + w[f"controller.b_{p}"]
            for p, n in zip("ifog", ("", "_2", "_3", "_4"), strict=True)
        )
        self.c = sigmoid(f) * self.c + sigmoid(i) * np.tanh(g)
        self.h = sigmoid(o) * np.tanh(self.c)

    def write(self):
        gates = sigmoid(self.ask("free_gates"))
        kept = np.prod(1 - gates[:, None] * self.reading, axis=0)
        self.usage = (self.usage + self.writing - self.usage * self.writing) * kept
        found = content(self.M, self.ask("write_key")[None], oneplus(self.ask("write_strength")))[0]
        gate, choice = sigmoid(self.ask("write_gate")), sigmoid(self.ask("write_choice"))
        self.writing = gate * (choice * allocation(self.usage) + (1 - choice) * found)
        self.M = self.M * (1 - np.outer(self.writing, sigmoid(self.ask("write_erase"))))
        self.M += np.outer(self.writing, self.ask("write_add"))

    def link(self):
        w, before = self.writing, self.L.copy()
        for i in range(len(w)):
            for j in range(len(w)):
                self.L[i, j] = (1 - w[i] - w[j]) * before[i, j] + w[i] * self.precedence[j] if i != j else 0
        self.precedence = (1 - w.sum()) * self.precedence + w

    def read(self):
        n_heads, width = self.vectors.shape
        found = content(
            self.M, self.ask("read_key").reshape(n_heads, width), oneplus(self.ask("read_strength"))
        )
        if self.links:
            modes = softmax(self.ask("order_modes").reshape(n_heads, 3))
            back, on = self.reading @ self.L, self.reading @ self.L.T
            found = modes[:, :1] * back + modes[:, 1:2] * found + modes[:, 2:] * on
        self.reading = found
        self.vectors = found @ self.M

    def step(self, x):
        self.controller(x)
        self.write()
        self.link()
        self.read()
        return self.ask("out") + self.w["vectors_to_out"] @ self.vectors.ravel()


def shaken(net, seed=0):
    """Random numbers in place of all that learns."""
    random = np.random.default_rng(seed)
    return {
        name: value + 0.5 * random.normal(size=value.shape) for name, value in learned(net, seed=1).items()
    }


CASES = [(True, 1, "reference"), (True, 2, "arrays"), (False, 2, "reference")]


@pytest.mark.parametrize(("links", "n_heads", "engine"), CASES)
def test_a_differentiable_neural_computer_is_its_formula(links, n_heads, engine):
    net = differentiable_neural_computer(3, 2, 5, 4, n_heads=n_heads, n_cells=6, links=links)
    numbers, x = shaken(net), np.random.default_rng(1).normal(size=(9, 3))
    names = ["out", "memory", "write_address", "reading", "free_usage"]
    run = ns.run(with_learned(net, numbers), {"inputs": x}, record=names, engine=engine)
    computer = Computer(net, numbers, links)
    for tick in range(9):
        out = computer.step(x[tick])
        np.testing.assert_allclose(run["free_usage"][tick], computer.usage, atol=1e-12)
        np.testing.assert_allclose(run["write_address"][tick], computer.writing, atol=1e-12)
        np.testing.assert_allclose(run["memory"][tick], computer.M, atol=1e-12)
        np.testing.assert_allclose(run["reading"][tick], computer.reading, atol=1e-12)
        np.testing.assert_allclose(run["out"][tick], out, atol=1e-12)


def test_what_a_neural_computer_learned_works_with_a_larger_memory():
    small, large = (differentiable_neural_computer(3, 2, slots, 4, n_cells=6) for slots in (5, 8))
    numbers = shaken(small)
    x = np.random.default_rng(1).normal(size=(9, 3))
    out = ns.run(with_learned(large, numbers), {"inputs": x}, record=["out"])["out"]
    computer = Computer(large, numbers, True)
    np.testing.assert_allclose(out, [computer.step(now) for now in x], atol=1e-12)


def test_the_gradient_of_a_neural_computer_is_that_of_finite_differences():
    net = differentiable_neural_computer(3, 2, 4, 3, n_heads=2, n_cells=4)
    x, numbers = np.random.default_rng(0).normal(size=(1, 5, 3)), shaken(net)
    _, slopes = gradient(with_learned(net, numbers), {"inputs": x}, {"out": np.ones((1, 5, 2))})

    def loss(name, shift):
        run = ns.run(
            with_learned(net, {**numbers, name: numbers[name] + shift}), {"inputs": x}, record=["out"]
        )
        return np.mean(np.sum((run["out"] - 1) ** 2, axis=-1))

    for name in ("controller_to_write_key", "free_gates.bias", "order_modes.bias", "vectors_to_out", "W_i"):
        shift = np.zeros_like(numbers[name])
        shift.flat[0] = 1e-6
        wanted = (loss(name, shift) - loss(name, -shift)) / 2e-6
        assert wanted != 0
        np.testing.assert_allclose(slopes[name].flat[0], wanted, rtol=1e-4, atol=1e-9)


def test_the_next_slot_is_the_one_that_is_used_least():
    random = np.random.default_rng(0)
    net, x = free_list(5, 2), {"writing": random.dirichlet(np.ones(5), 20), "gates": random.random((20, 2))}
    x["reading"] = random.dirichlet(np.ones(5), (20, 2))
    found = ns.run(net, x, record=["usage", "allocation"])
    for tick in range(20):
        np.testing.assert_allclose(found["allocation"][tick], allocation(found["usage"][tick]), atol=1e-12)
        assert found["allocation"][tick].argmax() == found["usage"][tick].argmin()
        assert found["allocation"][tick].sum() <= 1


def test_links_lead_through_a_memory_in_the_order_of_writing():
    order, n_slots = [3, 0, 4, 1, 2], 5
    part = temporal_links(n_slots)
    again = ns.Synapses(part["address"], part["reading"], wiring=ns.one_to_one(), delay=1)
    net = ns.Network(part, again, schedule=ns.Layered())
    for mode, way in ((2, order), (0, order[::-1])):
        writing, content, modes = np.zeros((10, 5)), np.zeros((10, 1, 5)), np.zeros((10, 1, 3))
        writing[range(5), order] = 1.0
        content[5, 0, way[0]], modes[:6, 0, 1], modes[6:, 0, mode] = 1.0, 1.0, 1.0
        x = {"writing": writing, "content": content, "modes": modes}
        assert ns.run(net, x, record=["address"])["address"][5:, 0].argmax(axis=1).tolist() == way
