"""A convolutional residual memory network: an LSTM that reads the blocks of a residual net one by one.

Source: Moniz & Pal 2016, Convolutional residual memory networks, arXiv:1606.05262.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

import neurosim as ns
from neurosim import cells
from neurosim.models.conv_net import per_block
from neurosim.models.residual import residual

GATES = """c = sigmoid(f + b_f)*before + sigmoid(i + b_i)*tanh(g + b_g)
h = sigmoid(o + b_o)*tanh(c)"""


def residual_memory(
    shape: tuple[int, int, int] = (8, 8, 1),
    n_channels: int | Sequence[int] = (16, 32),
    n_outputs: int = 10,
    *,
    n_cells: int = 32,
    blocks: int | Sequence[int] = 2,
    output: str = "softmax",
    dropout: float = 0.0,
) -> ns.Network:
    """A residual net, and a memory whose steps are its blocks: `block_k` -> `mean_k` -> `memory_k` -> `out`.

    The net is `residual`. `mean_k` is the mean of each channel of block_k over all positions. Part `memory_k`
    is step k of an LSTM: c_k = sigmoid(f + b_f) c_(k-1) + sigmoid(i + b_i) tanh(g + b_g), h_k = sigmoid(o +
    b_o) tanh(c_k), with i = W_i mean_k + U_i h_(k-1), and the same for f, o, g. c_0 and h_0 are 0. All steps
    share U and the biases, and those of a stage, whose blocks have as many channels, share W. `out` gets the
    last h, `recalled`, beside what it gets in `residual`. All weights and biases learn; b_f begins at 1.

    Arguments:
        shape: (rows, columns, channels) of the image.
        n_channels: the number of channels of each stage.
        n_outputs: the number of outputs.
        n_cells: the number of cells of the memory.
        blocks: the number of blocks of each stage, or one number for all.
        output: the function of `out`, as in `cells.unit`; 'linear' sends scores instead of probabilities.
        dropout: the fraction of the means before `out`, and of `recalled`, that are silent in training.

    Raises DescriptionError for a `shape` and for `blocks` that `residual` does not take.

    >>> net = residual_memory(blocks=1)
    >>> list(net.parts), net["memory_2_cells"].shape
    (['memory_1', 'memory_2'], (32,))
    """
    stages = per_block("residual: n_channels", n_channels)
    counts = per_block("residual: blocks", blocks, len(stages))
    net = residual(shape, stages, n_outputs, blocks=counts, output=output, dropout=dropout)
    items: list[Any] = [net]
    step, first, last, k = _step(n_cells), None, None, 0
    for channels, count in zip(stages, counts, strict=True):
        shared: dict[str, ns.Synapses] = {}
        for _ in range(count):
            k += 1
            part = step.named(f"memory_{k}", tied=first)
            block, units = net[f"block_{k}"], part["cells"]
            mean = ns.Neurons(f"mean_{k}", (1, 1, channels), ports="I:mean", update="y = I")
            items += [part, ns.Synapses(block, mean, wiring=ns.pool(block.shape[:2]))]
            for port in "ifog":
                weight = shared.get(port, ns.glorot())
                shared[port] = ns.Synapses(
                    mean, units, to=port, weight=weight, learns=port not in shared, name=f"W_{port}_{k}"
                )
                items.append(shared[port])
            if last is not None:
                items.append(ns.Synapses(last, part["last"], wiring=ns.one_to_one()))
                items.append(ns.Synapses(last.sending("c"), units, to="before", wiring=ns.one_to_one()))
            first, last = first or part, units
    recalled = cells.unit("recalled", n_cells, "linear", dropout=dropout)
    items.append(ns.Synapses(last, recalled, wiring=ns.one_to_one()))
    items.append(ns.Synapses(recalled, net["out"], weight=ns.glorot(), learns=True))
    return ns.Network(items, schedule=ns.Layered())


def _step(n_cells: int) -> ns.Network:
    """A step of the LSTM: `last`, what the step before it sends (0 if there is none), -> `cells`."""
    zeros = np.zeros(n_cells)
    biases = {"b_i": zeros, "b_f": np.ones(n_cells), "b_o": zeros, "b_g": zeros}
    last = ns.Neurons("last", n_cells, update="y = I")
    units = ns.Neurons(
        "cells", n_cells, ports="i f o g before", update=GATES, sends="h", learns=tuple(biases), **biases
    )
    return ns.Network(
        [
            ns.Synapses(last, units, to=port, weight=ns.glorot(), learns=True, name=f"U_{port}")
            for port in "ifog"
        ],
        schedule=ns.Layered(),
    )


def example() -> dict[str, Any]:
    """A digit through an untrained network of two stages of one block each."""
    from sklearn.datasets import load_digits

    digits = load_digits().images[:1, None, :, :, None] / 16.0
    net = residual_memory(n_channels=(4, 6), blocks=1, n_cells=5)
    record = ["memory_1_cells", "memory_2_cells.c", "out"]
    return {"net": net, "inputs": {"image": digits}, "record": record, "seed": 1}
