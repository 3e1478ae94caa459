"""A long short-term memory network.

Source: Hochreiter & Schmidhuber 1997, Neural Computation 9, 1735, doi:10.1162/neco.1997.9.8.1735; with the forget gate of Gers,
Schmidhuber & Cummins 2000, doi:10.1162/089976600300015015, and, on request, the peepholes of Gers & Schmidhuber 2000,
doi:10.1109/IJCNN.2000.861302, and the first biases of Tallec & Ollivier 2018, ICLR, arXiv:1804.11188.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

import neurosim as ns
from neurosim import cells
from neurosim.models.simple_recurrent import Layer, read, resting, stack


def lstm(
    n_inputs: int,
    n_cells: int | Sequence[int],
    n_outputs: int,
    *,
    peepholes: bool = False,
    memory: float | None = None,
    output: str = "linear",
) -> ns.Network:
    """`inputs` -> `cells` -> `out`; each of the cells' four ports i, f, o, g has weights from the inputs and from the cells.

    c = sigmoid(f + b_f) c + sigmoid(i + b_i) tanh(g + b_g), h = sigmoid(o + b_o) tanh(c), with i = W_i inputs(t) + U_i h(t - 1) and
    so f, o, g. With `peepholes` the gates also see c, through a weight per cell: p_i c and p_f c of the tick before, p_o c of this one.
    Several sizes are layers on top of each other, `cells_1` (with W_i_1 ...), `cells_2` ... All weights, peepholes and biases learn.

    Before they learn, cells forget within some ticks (b_f = 1). With `memory`, a number of ticks above 2, they keep for 1 tick, some for
    `memory`, and the others for spans evenly between (b_f = log of it, b_i = -b_f): where something has to be remembered for long, they
    learn it in a fraction of the time.

    Raises ValueError for a memory that is too short.
    """
    if memory is not None and not memory > 2:
        raise ValueError(
            f"lstm: memory={memory} is no time to remember. Give a number of ticks above 2, about as many as a sequence has."
        )
    top, synapses = stack(
        ns.Neurons("inputs", n_inputs), n_cells, layer, "cells", peepholes=peepholes, memory=memory
    )
    return ns.Network(read([top], n_outputs, output), synapses, schedule=ns.Layered())


def layer(
    below: ns.Neurons,
    name: str,
    size: int,
    tag: str = "",
    *,
    begin: int = 0,
    peepholes: bool = False,
    memory: float | None = None,
) -> Layer:
    """LSTM cells that hear `below`, and the synapses of both, W_i to U_g, their names ending in `tag`; at rest until tick `begin`."""
    span = None if memory is None else np.log(np.linspace(1.0, memory - 1.0, size))
    kept = {"b_i": np.zeros(size), "b_f": np.ones(size)} if span is None else {"b_i": -span, "b_f": span}
    learned = kept | {"b_o": np.zeros(size), "b_g": np.zeros(size)}
    if peepholes:
        learned |= {"p_i": np.zeros(size), "p_f": np.zeros(size), "p_o": np.zeros(size)}
    memory = resting(
        cells.peephole_lstm if peepholes else cells.lstm, name, size, begin, learns=tuple(learned), **learned
    )
    synapses = []
    for port in "ifog":
        synapses.append(
            ns.Synapses(below, memory, to=port, weight=ns.glorot(), learns=True, name=f"W_{port}{tag}")
        )
        synapses.append(
            ns.Synapses(
                memory, memory, to=port, weight=ns.glorot(), delay=1, learns=True, name=f"U_{port}{tag}"
            )
        )
    return memory, synapses


def example() -> dict[str, Any]:
    """The adding problem's input, a number and a mark, for 60 ticks."""
    random = np.random.default_rng(0)
    stream = np.column_stack([random.uniform(0.0, 1.0, 60), random.random(60) < 0.1])
    return {
        "net": lstm(2, 12, 1),
        "inputs": {"inputs": stream},
        "record": ["cells.c", "cells", "out"],
        "seed": 1,
    }
