"""The evolvable neural Turing machine is the machine of its paper, and genomes are tried side by side."""

import numpy as np
import pytest

import neurosim as ns
from neurosim.models.evolvable_turing_machine import evolvable_turing_machine, example


def machine(genome, inputs, n_outputs, width, n_hidden):
    """Outputs and places of the head, from a tape that really grows: a list of slots, without a ring."""
    tape, place, begin, read = [np.zeros(width)], 0, 0, np.zeros(width)
    outputs, places = [], []
    for x in inputs:
        seen, sizes = np.array([*x, *read, 1.0]), [n_outputs + width + 5]
        rest = genome
        for size in [n_hidden] * bool(n_hidden) + sizes:
            weights, rest = rest[: size * len(seen)].reshape(size, -1), rest[size * len(seen) :]
            seen = weights @ seen
            seen = np.tanh(seen) if size == n_hidden and len(rest) else 1 / (1 + np.exp(-seen))
        out, key, (write, jump, *moves) = np.split(seen, [n_outputs, n_outputs + width])
        tape[place] = write * key + (1 - write) * tape[place]
        if jump >= 0.5:  # of equally near slots, the first from where the head began to the right
            order = [*range(begin, len(tape)), *range(begin)]
            place = min(order, key=lambda slot: np.sum((tape[slot] - key) ** 2))
        place += int(np.argmax(moves)) - 1
        if place == len(tape):
            tape.append(np.zeros(width))
        if place < 0:
            tape.insert(0, np.zeros(width))
            place, begin = 0, begin + 1
        read = tape[place]
        outputs.append(out)
        places.append(place - begin)
    return np.array(outputs), np.array(places), np.array(tape), begin


@pytest.mark.parametrize("n_hidden", [0, 5])
@pytest.mark.parametrize("engine", ["reference", "arrays"])
def test_a_machine_is_its_formula_on_a_memory_that_grows(n_hidden, engine):
    if engine == "arrays":
        pytest.importorskip("jax", reason="the arrays engine needs jax")
    net = evolvable_turing_machine(3, 2, 41, 4, n_hidden=n_hidden)
    random = np.random.default_rng(n_hidden)
    inputs = (random.random((12, 20, 3)) < 0.5).astype(float)
    genomes = random.normal(0, 2, (12, 1, net["genome"].size))
    run = ns.run(
        net, {"inputs": inputs, "genome": np.repeat(genomes, 20, axis=1)}, record=["out", "head", "memory"],
        engine=engine,
    )  # fmt: skip
    both = set()
    for trial in range(12):
        outputs, places, tape, begin = machine(genomes[trial, 0], inputs[trial], 2, 4, n_hidden)
        np.testing.assert_allclose(run["out"][trial], outputs, rtol=0, atol=1e-12)
        assert np.array_equal(run["head"][trial].argmax(axis=1), places % 41)
        assert np.all(run["head"][trial].sum(axis=1) == 1)
        slots = np.arange(len(tape)) - begin
        expected = np.zeros((41, 4))
        expected[slots] = tape
        np.testing.assert_allclose(run["memory"][trial, -1], expected, rtol=0, atol=1e-12)
        both |= {*places.tolist()}
    assert min(both) < -2
    assert max(both) > 2


def copying(bits):
    """A genome that copies: it writes what it sees and moves on; at the end it jumps to slot 0."""
    seen, width = 2 * bits + 4, bits + 1  # bits, start, end, and a slot: bits and start, and the bias
    out, key = np.zeros((bits, seen)), np.zeros((width, seen))
    out[:, bits + 2 : 2 * bits + 2], out[:, -1] = 20 * np.eye(bits), -10
    key[:bits, :bits], key[bits, bits : bits + 2] = 20 * np.eye(bits), 20
    key[:, -1] = -10
    write, jump, moves = np.zeros((1, seen)), np.zeros((1, seen)), np.zeros((3, seen))
    write[0, -1], moves[2, -1] = 10, 10
    jump[0, bits + 1], jump[0, -1] = 20, -10
    return np.concatenate([out, key, write, jump, moves]).ravel()


@pytest.mark.parametrize("length", [1, 7, 30])
def test_a_genome_copies_sequences_of_any_length_if_the_memory_can_grow(length):
    net = evolvable_turing_machine(5, 3, 2 * length + 3, 4)
    bits = (np.random.default_rng(length).random((length, 3)) < 0.5).astype(float)
    inputs = np.zeros((2 * length + 2, 5))
    inputs[0, 3] = inputs[length + 1, 4] = 1
    inputs[1 : length + 1, :3] = bits
    genome = np.broadcast_to(copying(3), (len(inputs), net["genome"].size))
    out = ns.run(net, {"inputs": inputs, "genome": genome}, record=["out"])["out"]
    assert np.array_equal(out[length + 2 :] > 0.5, bits > 0.5)


def test_genomes_that_are_tried_together_behave_as_each_alone(tmp_path):
    net = evolvable_turing_machine(2, 2, 5, 3)
    random = np.random.default_rng(1)
    inputs = random.random((6, 8, 2))
    genome = np.repeat(random.normal(0, 2, (6, 1, net["genome"].size)), 8, axis=1)
    together = ns.run(
        net, {"inputs": inputs, "genome": genome}, record=["out", "head"], to=tmp_path / "run.h5"
    )
    for trial in range(6):
        alone = ns.run(net, {"inputs": inputs[trial], "genome": genome[trial]}, record=["out", "head"])
        np.testing.assert_allclose(alone["out"], together["out"][trial], rtol=0, atol=1e-14)
        assert np.array_equal(alone["head"], together["head"][trial])
    together.close()
    assert ns.replay(tmp_path / "run.h5").identical


def test_the_events_engine_says_why_it_cannot_run_weights_that_are_sent():
    with pytest.raises(ns.PlanError, match="sent weights"):
        ns.run(**example(), engine="events")
