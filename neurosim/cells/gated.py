"""Recurrent cells with gates. Each port has its own weights, from the input and from the cells themselves."""

from __future__ import annotations

from neurosim.cells.rate import activation
from neurosim.cells.ready import Setting, Shape, ready
from neurosim.network.neurons import Neurons


def lstm(name: str, shape: Shape, function: str = "tanh", **override: Setting) -> Neurons:
    """Long short-term memory cells with a forget gate.

    c = sigmoid(f + b_f) c + sigmoid(i + b_i) tanh(g + b_g), h = sigmoid(o + b_o) tanh(c); sends h. Another
    `function` takes the place of both tanh.

    Ports: `i` (input gate), `f` (forget gate), `o` (output gate) and `g` (candidate).

    Constants: the biases b_i, b_o, b_g 0, and b_f 1, which lets a cell remember before it has learned to.
    Start: c = h = 0.

    Arguments:
        name: the name of the population.
        shape: the number of cells, or a tuple such as (8, 16).
        function: as in `unit`, such as 'softsign'.
        override: constants, start values or arguments of `Neurons` to use instead, such as learns=("b_f",).

    Raises DescriptionError for an unknown function, and for a name in `override` that the cell does not have.

    Source: Hochreiter & Schmidhuber 1997, Neural Computation 9, 1735, doi:10.1162/neco.1997.9.8.1735; forget
    gate: Gers, Schmidhuber & Cummins 2000, Neural Computation 12, 2451, doi:10.1162/089976600300015015.
    """
    candidate, content = (_factor("lstm", name, function, x) for x in ("g + b_g", "c"))
    return ready(
        "lstm", name, shape, override,
        ports="i f o g", sends="h", b_i=0.0, b_f=1.0, b_o=0.0, b_g=0.0,
        update=f"c = sigmoid(f + b_f)*c + sigmoid(i + b_i)*{candidate}\nh = sigmoid(o + b_o)*{content}",
    )  # fmt: skip


def peephole_lstm(name: str, shape: Shape, function: str = "tanh", **override: Setting) -> Neurons:
    """Long short-term memory cells whose gates also see the content of the cell.

    c = sigmoid(f + p_f c + b_f) c + sigmoid(i + p_i c + b_i) tanh(g + b_g), h = sigmoid(o + p_o c + b_o)
    tanh(c); sends h. Another `function` takes the place of both tanh.

    Ports: as in `lstm`.

    Constants: the peephole weights p_i, p_f, p_o 0, one number or one per cell, which training changes with
    `learns=("p_i", "p_f", "p_o")`; the biases b_i, b_o, b_g 0 and b_f 1. Start: c = h = 0.

    Arguments:
        name: the name of the population.
        shape: the number of cells, or a tuple such as (8, 16).
        function: as in `unit`, such as 'softsign'.
        override: constants, start values or arguments of `Neurons` to use instead.

    Raises DescriptionError for an unknown function, and for a name in `override` that the cell does not have.

    Source: Gers & Schmidhuber 2000, IJCNN, doi:10.1109/IJCNN.2000.861302.
    """
    candidate, content = (_factor("peephole_lstm", name, function, x) for x in ("g + b_g", "c"))
    return ready(
        "peephole_lstm", name, shape, override,
        ports="i f o g", sends="h", p_i=0.0, p_f=0.0, p_o=0.0, b_i=0.0, b_f=1.0, b_o=0.0, b_g=0.0,
        update=f"c = sigmoid(f + p_f*c + b_f)*c + sigmoid(i + p_i*c + b_i)*{candidate}\n"
        f"h = sigmoid(o + p_o*c + b_o)*{content}",
    )  # fmt: skip


def gru(name: str, shape: Shape, **override: Setting) -> Neurons:
    """Gated recurrent units whose reset gate acts on the recurrent message.

    h = sigmoid(z + b_z) h + (1 - sigmoid(z + b_z)) tanh(n + b_n + sigmoid(r + b_r) (u + b_u)); sends h.

    Ports: `r` (reset gate), `z` (update gate), `n` (candidate, from the input) and `u` (candidate, from the
    units' own last message).

    Constants: the biases b_r, b_z, b_n, b_u 0. Start: h = 0.

    Arguments:
        name: the name of the population.
        shape: the number of units, or a tuple such as (8, 16).
        override: constants, start values or arguments of `Neurons` to use instead.

    Raises DescriptionError for a name in `override` that the cell does not have.

    Source: Cho et al. 2014, arXiv:1406.1078, first version: the reset gate comes after the recurrent weights,
    as in cuDNN, PyTorch and Keras. With the reset gate before them a population of its own is needed: see
    `neurosim.models.gru`.
    """
    return ready(
        "gru", name, shape, override,
        ports="r z n u", sends="h", b_r=0.0, b_z=0.0, b_n=0.0, b_u=0.0,
        update="keep = sigmoid(z + b_z)\nh = keep*h + (1 - keep)*tanh(n + b_n + sigmoid(r + b_r)*(u + b_u))",
    )  # fmt: skip


def _factor(cell: str, name: str, function: str, inside: str) -> str:
    """The text of function(inside), which can be a factor of a product."""
    text, _ = activation(cell, name, function, inside, 0.0)
    return text if text.startswith(f"{function}(") else f"({text})"
