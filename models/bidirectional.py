"""Bidirectional recurrent networks: one layer reads a sequence from its beginning, another from its end.

Source: Schuster & Paliwal 1997, IEEE Trans. Signal Processing 45, 2673, doi:10.1109/78.650093; LSTM cells: Graves & Schmidhuber 2005, Neural
Networks 18, 602, doi:10.1016/j.neunet.2005.06.042; deep: Graves, Jaitly & Mohamed 2013, ASRU, doi:10.1109/ASRU.2013.6707742.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

import neurosim as ns
from neurosim.models import gru, lstm, simple_recurrent
from neurosim.models.simple_recurrent import read

LAYERS = {"rnn": partial(simple_recurrent.layer, function="tanh"), "lstm": lstm.layer, "gru": gru.layer}


def bidirectional(
    n_inputs: int,
    n_cells: int | Sequence[int],
    n_outputs: int,
    *,
    cell: str = "lstm",
    ticks: int | None = None,
    every: bool = False,
    output: str = "linear",
) -> ns.Network:
    """`inputs` -> `ahead` and `inputs_reversed` -> `back` -> `out`: a sequence and the same reversed (`both_ways` makes them), two layers of cells.

    At the last tick both have read it all, and out = output(V_a ahead + V_b back + bias) is the answer: many-to-one. `cell` is 'lstm', 'gru' or
    'rnn' (tanh), of the layers of those models; each direction has `n_cells`. All weights and biases learn.

    Where something must be known about each step from both sides, sequences have a fixed number of `ticks`, T, and layers take turns: while one
    reads, a population `tape` (step, direction, cell) keeps what its cells sent at each step, and for the next T ticks two `page`s turn over
    the tape, from its beginning and from its end. So several numbers in `n_cells` are layers `ahead_1`, `back_1`, `ahead_2` ..., of which
    the k-th is at rest until tick (k - 1) T, and the answer of K layers comes at tick K T - 1; with `every`, answers about each step come
    from tick K T on, in order: synchronous many-to-many.

    Raises ValueError for another cell, and where `ticks` is missing.
    """
    if cell not in LAYERS:
        raise ValueError(f"bidirectional: cell {cell!r} is not known. Use 'lstm', 'gru' or 'rnn'.")
    sizes = (n_cells,) if isinstance(n_cells, (int, np.integer)) else tuple(n_cells)
    if ticks is None and (every or len(sizes) > 1):
        raise ValueError(
            "bidirectional: several layers, and answers at every step, need the length of the sequences. Give ticks=."
        )
    sources, synapses = [ns.Neurons("inputs", n_inputs), ns.Neurons("inputs_reversed", n_inputs)], []
    for depth, size in enumerate(sizes):
        tag = f"_{depth + 1}" if len(sizes) > 1 else ""
        below, sources = sources, []
        for source, way in zip(below, ("ahead", "back"), strict=True):
            cells, own = LAYERS[cell](source, way + tag, size, f"_{way}{tag}", begin=depth * (ticks or 0))
            sources.append(cells)
            synapses += own
        if ticks is not None and (every or depth + 1 < len(sizes)):
            sources, own = pages(sources, ticks, depth * ticks, tag)
            synapses += own
    return ns.Network(
        synapses, read(sources[:1] if every else sources, n_outputs, output), schedule=ns.Layered()
    )


def pages(
    ways: Sequence[ns.Neurons], ticks: int, begin: int, tag: str
) -> tuple[list[ns.Neurons], list[ns.Synapses]]:
    """A tape of what cells of both ways send in the `ticks` from `begin` on, and its page at each later tick, from either end."""
    n_cells, step = ways[0].size, np.arange(ticks, dtype=float)
    place = np.stack([step, step[::-1]], axis=1)[:, :, None] + np.zeros(
        n_cells
    )  # the step that each way has read, as ticks after `begin`
    is_back = np.zeros((ticks, 2, n_cells)) + [[0.0], [1.0]]
    tape = ns.Neurons(
        f"tape{tag}", (ticks, 2, n_cells), ports="ahead back", begin=begin, place=place, is_back=is_back,
        update="M = where(t == begin + place, where(is_back > 0, back, ahead), M)",
    )  # fmt: skip
    copy = ns.einsum("cell, cell -> step way cell")
    synapses = [
        ns.Synapses(way, tape, to=port, weight=np.ones(n_cells), wiring=copy)
        for way, port in zip(ways, ("ahead", "back"), strict=True)
    ]
    found = []
    for name, number in (("ahead", "t % ticks"), ("back", "ticks - 1 - t % ticks")):
        finger = ns.Neurons(
            f"finger_{name}{tag}", ticks, update=f"p = where(i == {number}, 1, 0)", ticks=ticks
        )
        page = ns.Neurons(f"page_{name}{tag}", (2, n_cells), update="y = I")
        synapses.append(
            ns.Synapses(tape, page, weight=finger, wiring=ns.einsum("step way cell, step -> way cell"))
        )
        found.append(page)
    return found, synapses


def both_ways(sequences: Any, ticks: int | None = None, lengths: Any = None) -> dict[str, np.ndarray]:
    """The inputs of a bidirectional net: sequences (trial, tick, feature) and the same reversed, silent after their end if `ticks` is longer.

    With `lengths`, one per trial, each is reversed within its own length; give the same `lengths` to `ns.train`.
    """
    x = np.asarray(sequences, dtype=float)
    tick, long = (
        np.arange(x.shape[1]),
        np.broadcast_to(x.shape[1] if lengths is None else lengths, len(x))[:, None],
    )
    turned = np.take_along_axis(x, np.where(tick < long, long - 1 - tick, tick)[:, :, None], axis=1)
    silent = np.zeros((len(x), max((ticks or 0) - x.shape[1], 0), x.shape[2]))
    return {
        name: np.concatenate([part, silent], axis=1)
        for name, part in (("inputs", x), ("inputs_reversed", turned))
    }


def example() -> dict[str, Any]:
    """Two layers of LSTM cells hear two sequences of 12 steps and then speak about each step."""
    sequences = np.random.default_rng(0).normal(size=(2, 12, 3))
    net = bidirectional(3, (6, 5), 2, ticks=12, every=True)
    return {
        "net": net,
        "inputs": both_ways(sequences, 36),
        "record": ["ahead_1", "back_1", "ahead_2", "back_2", "out"],
        "seed": 1,
    }
