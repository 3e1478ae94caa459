"""From the neurons that have developed to a network in neurosim's vocabulary."""

from typing import Any

import numpy as np

import neurosim as ns
from neurosim.models.pascal.expressions import LARGEST
from neurosim.models.pascal.neurons import Neuron

VALUES = {
    "sum": "a + bias",
    "step": "where(a + bias > 0, 1, 0)",
    "zero": "where(a + bias == 0, 1, 0)",
    "other": "where(a + bias == 0, 0, 1)",
    "product": "a*b",
    "quotient": "whole",
    "remainder": "a - b*whole",
    "select": "where(b + bias == 0, a, 0)",
}
FUNCTIONS = list(VALUES)
TEXT = """
arrived = arrived + token
a = a + x
b = b + z
whole = sign(a)*sign(b)*floor(abs(a)/maximum(abs(b), 1))
value = {value}
ready = arrived >= needed
wrong = abs(value) > limit or (divides > 0 and b == 0)
fault = where(ready and wrong, line, fault)
fires = where(ready and not wrong and (is_gate == 0 or b + bias == 0), 1, 0)
y = fires*value
arrived = where(ready, 0, arrived)
a = where(ready, 0, a)
b = where(ready, 0, b)
"""


def connected(developed: list[Neuron], n_inputs: int) -> ns.Network:
    """The network of the neurons that have developed."""
    registers = [neuron.registers for neuron in developed]
    column = lambda name: np.array([float(getattr(item, name)) for item in registers])  # noqa: E731
    function = np.array([float(FUNCTIONS.index(item.function)) for item in registers])
    value = VALUES[FUNCTIONS[-1]]
    for k, name in reversed(list(enumerate(FUNCTIONS[:-1]))):
        value = f"where(function == {k}, {VALUES[name]}, {value})"
    needed = np.array([max(neuron.needed, 1.0) for neuron in developed])
    is_gate = np.array([float(item.dynamics == "gate") for item in registers])
    divides = np.array([float(item.function in ("quotient", "remainder")) for item in registers])
    first = np.eye(1, len(developed))[0]  # the token that starts the program
    neurons = ns.Neurons(
        "neurons", len(developed), ports="x z token", update=TEXT.format(value=value), sends="y",
        arrived=first, needed=needed, function=function, bias=column("bias"), limit=column("limit"),
        line=column("line"), is_gate=is_gate, divides=divides,
    )  # fmt: skip
    places = np.flatnonzero(column("writes"))
    output, written = ns.Neurons("output", len(places)), ns.Neurons("written", len(places))
    token, site = neurons.sending("fires"), ns.pairs(places, np.arange(len(places)))
    links = [
        (pre, post, weight, port) for post, item in enumerate(developed) for pre, weight, port in item.links
    ]
    synapses = [
        joined(neurons, neurons, "x", [link[:3] for link in links if link[2] and link[3] == "x"]),
        joined(neurons, neurons, "z", [link[:3] for link in links if link[3] == "z"]),
        joined(token, neurons, "token", [(pre, post, 1) for pre, post, *_ in links]),
        ns.Synapses(neurons, output, wiring=site, weight=1, delay=1),
        ns.Synapses(token, written, wiring=site, weight=1, delay=1),
    ]
    reads = [(item.reads - 1, post) for post, item in enumerate(registers) if item.reads]
    if reads:
        inputs = ns.Neurons("inputs", n_inputs)
        synapses.append(ns.Synapses(inputs, neurons, to="x", wiring=ns.pairs(*np.transpose(reads)), weight=1))
    return ns.Network(synapses, schedule=ns.Synchronous())


def joined(pre: Any, post: ns.Neurons, port: str, links: list[tuple[int, int, int]]) -> ns.Synapses:
    """Synapses of one tick from `pre`, a population or its view; a link is sender, target and weight."""
    senders, targets, weights = np.array(links, dtype=int).reshape(-1, 3).T
    return ns.Synapses(
        pre, post, to=port, wiring=ns.pairs(senders, targets), weight=weights.astype(float), delay=1
    )


def check_end(recording: ns.Recording, trial: int) -> None:
    """Raise RecordingError if a program failed, or has not ended."""
    faults = recording.final["state/neurons/fault"][trial]
    if faults.any():
        neuron = int(np.argmax(faults))
        constants = recording.network["neurons"].constants
        limit, divides = (
            np.broadcast_to(constants[name].number, faults.shape)[neuron] for name in ("limit", "divides")
        )
        reason = "an index is out of range" if limit < LARGEST else "a number is beyond maxint"
        reason = "a division by 0" if divides else reason
        raise ns.RecordingError(f"neural_compiler: line {faults[neuron]:.0f}: {reason}.")
    if recording.stopped != "stable":
        raise ns.RecordingError(
            f"neural_compiler: the program has not ended after {recording.ticks} ticks. "
            'Run it with more ticks=, and until="stable".'
        )
