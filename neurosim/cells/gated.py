"""Recurrent cells with gates. Each port takes its own weights, from the input and from the cells' own last message."""

from __future__ import annotations

from typing import Any

from neurosim.cells.ready import Shape, ready
from neurosim.network.neurons import Neurons


def lstm(name: str, shape: Shape, **override: Any) -> Neurons:
    """Long short-term memory cells with a forget gate.

    c = sigmoid(f + b_f) c + sigmoid(i + b_i) tanh(g + b_g), h = sigmoid(o + b_o) tanh(c); sends h.

    Ports `i` (input gate), `f` (forget gate), `o` (output gate) and `g` (candidate). Constants: b_i, b_o, b_g 0, b_f 1, which
    lets a cell remember before it has learned to. Start: c = h = 0.

    Source: Hochreiter & Schmidhuber 1997, Neural Computation 9, 1735, doi:10.1162/neco.1997.9.8.1735; forget gate: Gers,
    Schmidhuber & Cummins 2000, Neural Computation 12, 2451, doi:10.1162/089976600300015015.
    """
    return ready(
        "lstm", name, shape, override,
        ports="i f o g", sends="h", b_i=0.0, b_f=1.0, b_o=0.0, b_g=0.0,
        update="c = sigmoid(f + b_f)*c + sigmoid(i + b_i)*tanh(g + b_g)\nh = sigmoid(o + b_o)*tanh(c)",
    )  # fmt: skip


def peephole_lstm(name: str, shape: Shape, **override: Any) -> Neurons:
    """Long short-term memory cells whose gates see the cell's content.

    c = sigmoid(f + p_f c + b_f) c + sigmoid(i + p_i c + b_i) tanh(g + b_g), h = sigmoid(o + p_o c + b_o) tanh(c); sends h.

    Ports and biases as in `lstm`; the peephole weights p_i, p_f, p_o (default 0) are one number or one per cell, and training
    changes them with `learns=("p_i", "p_f", "p_o")`. Start: c = h = 0.

    Source: Gers & Schmidhuber 2000, IJCNN, doi:10.1109/IJCNN.2000.861302.
    """
    return ready(
        "peephole_lstm", name, shape, override,
        ports="i f o g", sends="h", p_i=0.0, p_f=0.0, p_o=0.0, b_i=0.0, b_f=1.0, b_o=0.0, b_g=0.0,
        update="c = sigmoid(f + p_f*c + b_f)*c + sigmoid(i + p_i*c + b_i)*tanh(g + b_g)\nh = sigmoid(o + p_o*c + b_o)*tanh(c)",
    )  # fmt: skip


def gru(name: str, shape: Shape, **override: Any) -> Neurons:
    """Gated recurrent units, the reset gate applied to the recurrent message.

    h = sigmoid(z + b_z) h + (1 - sigmoid(z + b_z)) tanh(n + b_n + sigmoid(r + b_r) (u + b_u)); sends h.

    Ports `r` (reset gate), `z` (update gate), `n` (candidate, from the input) and `u` (candidate, from the units' own last
    message). Constants: b_r, b_z, b_n, b_u 0. Start: h = 0.

    Source: Cho et al. 2014, arXiv:1406.1078, first version (the reset gate after the recurrent weights, as in cuDNN, PyTorch and
    Keras). The form with the reset gate before them needs a population of its own: `neurosim.models.gru`.
    """
    return ready(
        "gru", name, shape, override,
        ports="r z n u", sends="h", b_r=0.0, b_z=0.0, b_n=0.0, b_u=0.0,
        update="keep = sigmoid(z + b_z)\nh = keep*h + (1 - keep)*tanh(n + b_n + sigmoid(r + b_r)*(u + b_u))",
    )  # fmt: skip
