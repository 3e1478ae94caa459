"""A dynamic neural Turing machine: each slot of its memory has a learned address beside its content.

Source: Gulcehre, Chandar, Cho & Bengio 2018, Dynamic neural Turing machine with continuous and discrete
addressing schemes, Neural Computation 30, 857, doi:10.1162/neco_a_01060, arXiv:1607.00036.
"""

from typing import Any

import numpy as np

import neurosim as ns
from neurosim import cells
from neurosim.models import content_addressing, gru
from neurosim.models.neural_turing_machine import SOFTPLUS


def dynamic_turing_machine(
    n_inputs: int, n_outputs: int, n_slots: int = 16, width: int = 16, *, address_width: int = 8,
    n_cells: int = 64, recurrent: bool = True, hard: bool = False, least_recent: bool = True,
) -> ns.Network:  # fmt: skip
    """`inputs` -> `controller` -> heads `write` and `read` on `memory` -> `vector`, and both -> `out`.

    A row of the memory is (address, content). The addresses, `place`, are learned and do not change while the
    network runs; the content is empty at the beginning. At each tick the controller sees the input and the
    vector that was read a tick ago. The heads find their slots in rows(t - 1) (see `head`). Then vector =
    rows(t - 1)' address by the address of `read`; content = content (1 - address erase') + address fresh' by
    that of `write`, with fresh = relu(W_h controller + share W_x inputs + bias) and a number `share` from 0
    to 1; and out = sigmoid(W_c controller + W_v vector + bias). All weights and biases learn.

    Arguments:
        n_inputs, n_outputs: the number of inputs and of outputs, which are probabilities.
        n_slots: the number of slots. The last one is for doing nothing: it stays empty, and what is read
            there is 0.
        width: the number of values of a content.
        address_width: the number of values of an address.
        n_cells: the number of cells of the controller.
        recurrent: whether these are gated recurrent units, or tanh units without a memory of their own.
        hard: whether a head takes a single slot, in training by chance and otherwise the likeliest one. No
            gradient passes there: train soft heads, `learn.with_learned(hard, learn.learned(soft))`, or use
            REINFORCE with l (see `head`).
        least_recent: whether the heads can keep away from slots that they have used recently.

    Raises DescriptionError for a memory of fewer than two slots.

    >>> net = dynamic_turing_machine(4, 3, 6, 5, address_width=2)
    >>> net["rows"].shape, net["read_address"].shape
    ((6, 7), (6,))
    """
    if n_slots < 2:
        reason = "leaves none to write into, since the last slot stays empty. Give 2 or more."
        raise ns.DescriptionError(f"dynamic_turing_machine: n_slots={n_slots} {reason}")
    inputs = ns.Neurons("inputs", n_inputs)
    if recurrent:
        controller, synapses = gru.layer(inputs, "controller", n_cells)
    else:
        controller = _units("controller", n_cells, "tanh")
        synapses = [_learned(inputs, controller)]
    addressing = head(n_slots, row := address_width + width, hard=hard, least_recent=least_recent)
    write, read = addressing.named("write"), addressing.named("read")
    place = ns.Neurons("place", (n_slots, address_width), update="y = A", A=ns.normal(0, 1), learns="A")
    memory = ns.Neurons("memory", (n_slots, width), ports="erase add", update="C = C*(1 - erase) + add")
    rows, vector = ns.Neurons("rows", (n_slots, row)), ns.Neurons("vector", row, update="r = I")
    erase, share, out = _units("erase", width), _units("share", 1), _units("out", n_outputs)
    text = "c = relu(h + share*x + bias)"
    fresh = ns.Neurons("fresh", width, ports="h x share", update=text, bias=np.zeros(width), learns="bias")
    one, per_slot = ns.one_to_one(), ns.einsum("slot, part -> slot part")
    synapses += [
        _learned(vector, controller, to=port, delay=1) for port in controller.port_names if port != "u"
    ]
    synapses += [_learned(sender, share) for sender in (controller, inputs)]
    synapses += [_learned(controller, fresh, to="h"), _learned(inputs, fresh, to="x")]
    synapses += [_learned(controller, erase), _learned(controller, out), _learned(vector, out)]
    synapses += [
        ns.Synapses(place, rows[:, :address_width], wiring=one),
        ns.Synapses(memory, rows[:, address_width:], wiring=one, delay=1),
        ns.Synapses(share, fresh, to="share"),
        ns.Synapses(write["address"], memory, to="erase", weight=erase, wiring=per_slot),
        ns.Synapses(write["address"], memory, to="add", weight=fresh, wiring=per_slot),
        ns.Synapses(read["address"], vector, weight=rows, wiring=ns.einsum("slot, slot part -> part")),
    ]
    for part in (write, read):
        names = ("key", "beta", "gate") if least_recent else ("key", "beta")
        synapses += [_learned(controller, part[name]) for name in names]
        synapses.append(ns.Synapses(rows, part["rows"], wiring=one))
    return ns.Network(write, read, synapses, schedule=ns.Layered())


def head(n_slots: int, width: int, *, hard: bool = False, least_recent: bool = True) -> ns.Network:
    """How a head finds its slots: `key`, `beta`, `gate`, and `rows` of memory -> `address`.

    z = beta cos(key, rows), beta at least 1; p = softmax(z - gate v), and then v = 0.1 v + 0.9 z: what was
    close to recent keys is less likely. address = p, or if `hard` one slot of these chances, without the last
    slot. A hard head sends also l, the logarithm of the chance of its choice, from the slot that it took.
    """
    key, rows = _units("key", width, "linear"), ns.Neurons("rows", (n_slots, width))
    text = f"y = 1 + {SOFTPLUS.format(x='(I + bias)')}"
    beta = ns.Neurons("beta", 1, update=text, bias=np.zeros(1), learns="bias")
    content, synapses = content_addressing.address(key, beta, rows)
    text = "p = softmax(z - gate*v)\nv = 0.1*v + 0.9*z\n" if least_recent else "p = softmax(z)\n"
    if hard:
        text += "s = where(training, choice(p), i == argmax(p))\nl = s*log(p + 1e-12)\na = holds*s"
    else:
        text += "a = holds*p"
    holds = 1.0 * (np.arange(n_slots) < n_slots - 1)
    ports = "z gate" if least_recent else "z"
    address = ns.Neurons("address", n_slots, ports=ports, update=text, sends="a", holds=holds)
    synapses.append(ns.Synapses(content.sending("z"), address, to="z", wiring=ns.one_to_one()))
    if least_recent:
        synapses.append(ns.Synapses(_units("gate", 1), address, to="gate"))
    return ns.Network(synapses, schedule=ns.Layered())


def _units(name: str, size: int, function: str = "sigmoid") -> ns.Neurons:
    return cells.unit(name, size, function, bias=np.zeros(size), learns="bias")


def _learned(pre: ns.Neurons, post: ns.Neurons, **options: Any) -> ns.Synapses:
    return ns.Synapses(pre, post, weight=ns.glorot(), learns=True, **options)


def example() -> dict[str, Any]:
    """Six ticks of random bits into a machine that has learned nothing."""
    inputs = (np.random.default_rng(0).random((2, 6, 4)) < 0.5).astype(float)
    net = dynamic_turing_machine(4, 3, 6, 5, address_width=3, n_cells=8)
    return {"net": net, "inputs": {"inputs": inputs}, "record": ["read_address", "memory", "out"], "seed": 1}
