"""Bidirectional recurrent networks: one layer reads a sequence from its beginning, another from its end.

Source: Schuster & Paliwal 1997, IEEE Trans. Signal Processing 45, 2673, doi:10.1109/78.650093; LSTM cells:
Graves & Schmidhuber 2005, Neural Networks 18, 602, doi:10.1016/j.neunet.2005.06.042; deep: Graves, Jaitly &
Mohamed 2013, ASRU, doi:10.1109/ASRU.2013.6707742.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

import neurosim as ns
from neurosim.models import gru, lstm, simple_recurrent
from neurosim.models.simple_recurrent import layer_sizes, read

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
    """A recurrent network that reads a sequence in both directions before it answers.

    `inputs` -> `ahead` and `inputs_reversed` -> `back`, both -> `out`. The function `both_ways` makes the two
    inputs. At the last tick both layers have read the entire sequence, and out = output(V_a ahead + V_b back
    + bias) is the answer (many-to-one). All weights and biases learn.

    An answer about each step needs both directions at this step. Then all sequences have the same number T of
    `ticks`, and layers take turns. While a layer reads, a population `tape` (step, direction, cell) stores
    what its cells sent at each step; in the next T ticks two populations `page_...` read the tape from its
    beginning and from its end. Layer k rests until tick (k - 1) T. K layers answer at tick K T - 1, or with
    `every` about each step from tick K T on, in order (synchronous many-to-many).

    Arguments:
        n_inputs: the number of features of a step.
        n_cells: the number of cells of each direction; several numbers are layers `ahead_1`, `back_1`,
            `ahead_2` ...
        n_outputs: the number of outputs.
        cell: 'lstm', 'gru' or 'rnn' (tanh): the layers of those models.
        ticks: the length T of the sequences, for several layers or answers about each step.
        every: whether the network answers about each step instead of once.
        output: the activation function of `out`, as in `cells.unit`.

    Raises DescriptionError for another cell and for missing `ticks`.

    >>> bidirectional(3, 6, 2)["out"].shape
    (2,)
    """
    if cell not in LAYERS:
        raise ns.DescriptionError(f"bidirectional: cell {cell!r} is not known. Use 'lstm', 'gru' or 'rnn'.")
    sizes = layer_sizes(n_cells)
    if ticks is None and (every or len(sizes) > 1):
        raise ns.DescriptionError(
            "bidirectional: several layers, and answers at every step, need the length of the sequences. "
            "Give ticks=."
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
            ways = ("ahead",) if depth + 1 == len(sizes) else ("ahead", "back")  # steps are answered in order
            sources, own = pages(sources, ticks, depth * ticks, tag, ways)
            synapses += own
    return ns.Network(synapses, read(sources, n_outputs, output), schedule=ns.Layered())


def pages(
    ways: Sequence[ns.Neurons], ticks: int, begin: int, tag: str, read_by: Sequence[str] = ("ahead", "back")
) -> tuple[list[ns.Neurons], list[ns.Synapses]]:
    """A tape of what both directions send in the `ticks` from `begin` on, and its pages at the later ticks.

    ways: the cells of both directions.
    tag: the end of the names of the new populations.
    read_by: the directions in which the tape is read, 'ahead' from its beginning and 'back' from its end.

    Returns for each of these a population `page_ahead` or `page_back`, shape (direction, cell), and all
    synapses.
    """
    n_cells, step = ways[0].size, np.arange(ticks, dtype=float)
    # The tick after `begin` at which each direction reads each step.
    place = np.stack([step, step[::-1]], axis=1)[:, :, None] + np.zeros(n_cells)
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
    read_tape = []
    numbers = {"ahead": "t % ticks", "back": "ticks - 1 - t % ticks"}
    for name, number in ((name, numbers[name]) for name in read_by):
        finger = ns.Neurons(
            f"finger_{name}{tag}", ticks, update=f"p = where(i == {number}, 1, 0)", ticks=ticks
        )
        page = ns.Neurons(f"page_{name}{tag}", (2, n_cells), update="y = I")
        synapses.append(
            ns.Synapses(tape, page, weight=finger, wiring=ns.einsum("step way cell, step -> way cell"))
        )
        read_tape.append(page)
    return read_tape, synapses


def both_ways(
    sequences: ArrayLike, ticks: int | None = None, lengths: ArrayLike | None = None
) -> dict[str, np.ndarray]:
    """The inputs of a bidirectional network: sequences, and the same reversed.

    Arguments:
        sequences: shape (trial, tick, feature).
        ticks: the length of the run, if it is longer than the sequences; inputs are 0 after their end.
        lengths: the length of each sequence, shape (trial,): each is reversed within its own length. Give the
            same `lengths` to `ns.train`.

    Returns `inputs` and `inputs_reversed`, shape (trial, tick, feature).
    """
    x = np.asarray(sequences, dtype=float)
    tick = np.arange(x.shape[1])
    length = np.broadcast_to(x.shape[1] if lengths is None else lengths, len(x))[:, None]
    source = np.where(tick < length, length - 1 - tick, tick)  # (trial, tick)
    reversed_x = np.take_along_axis(x, source[:, :, None], axis=1)
    silent = np.zeros((len(x), max((ticks or 0) - x.shape[1], 0), x.shape[2]))
    return {
        "inputs": np.concatenate([x, silent], axis=1),
        "inputs_reversed": np.concatenate([reversed_x, silent], axis=1),
    }


def example() -> dict[str, Any]:
    """Two layers of LSTM cells read two sequences of 12 steps and then answer about each step."""
    sequences = np.random.default_rng(0).normal(size=(2, 12, 3))
    net = bidirectional(3, (6, 5), 2, ticks=12, every=True)
    return {
        "net": net,
        "inputs": both_ways(sequences, 36),
        "record": ["ahead_1", "back_1", "ahead_2", "back_2", "out"],
        "seed": 1,
    }
