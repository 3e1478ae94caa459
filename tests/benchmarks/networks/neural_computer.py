"""A differentiable neural computer beside the same one without links, and beside an LSTM without a memory.

Recall: up to six items of six bits come one after the other, then one of them again; those that came after it
are wanted in order, which is measured with six items. Walks: ten edges of a graph with five nodes in
random order, then a node and four labels; the node that each label leads to is wanted.

Of three seeds one does not find the links in three epochs (32 % right), and all do in six.
"""

from __future__ import annotations

from time import perf_counter
from typing import Any

import numpy as np
from bench import MEMORY, Benchmark, Column, Run


def recall(kind: str, seed: int, engine: str, count: int = 48_000, epochs: int = 6) -> dict[str, Any]:
    from neurosim.tasks import recall_in_order

    task = dict(items=6, bits=6)
    seen = recall_in_order(count, **task, fewest=2, seed=seed)
    unseen = recall_in_order(1000, **task, seed=seed + 1_000_000)
    makers = networks(kind, 7, 6, slots=8, width=8, n_cells=32, output="sigmoid")
    return measured(*makers, seen, unseen, "bernoulli", seed, epochs)


def walks(kind: str, seed: int, engine: str, count: int = 16_000, epochs: int = 6) -> dict[str, Any]:
    from neurosim.tasks import graph_walks

    task = dict(nodes=5, labels=2, steps=4)
    seen, unseen = graph_walks(count, **task, seed=seed), graph_walks(1000, **task, seed=seed + 1_000_000)
    makers = networks(kind, 13, 5, slots=12, width=12, n_cells=48)
    return measured(*makers, seen, unseen, "cross_entropy", seed, epochs)


def networks(
    kind: str, n_inputs: int, n_outputs: int, slots: int, width: int, n_cells: int, output: str = "linear"
) -> tuple[Any, ...]:
    """The network to train, and the same with a memory of twice as many slots; an LSTM has none."""
    from neurosim.models.differentiable_neural_computer import differentiable_neural_computer
    from neurosim.models.lstm import lstm

    if kind == "lstm":
        return lstm(n_inputs, 3 * n_cells, n_outputs, output=output), None
    options = dict(n_cells=n_cells, links=kind == "links", output=output)
    return tuple(
        differentiable_neural_computer(n_inputs, n_outputs, n, width, **options) for n in (slots, 2 * slots)
    )


def measured(
    net: Any, larger: Any, seen: Any, unseen: Any, loss: str, seed: int, epochs: int
) -> dict[str, Any]:
    """Seconds of training, and right answers to the unseen sequences, with either memory."""
    import neurosim as ns
    from neurosim.learn import learned, with_learned

    begin = perf_counter()
    trained, _ = ns.train(
        net,
        {"inputs": seen[0]},
        {"out": seen[1]},
        loss=loss,
        epochs=epochs,
        batch=32,
        rate=5e-3,
        schedule="cosine",
        clip=1.0,
        seed=seed,
        progress=False,
    )
    found = {"seconds": perf_counter() - begin, "right": right(trained, unseen)}
    if larger is not None:
        found["larger"] = right(with_learned(larger, learned(trained)), unseen)
    return found


def right(net: Any, sequences: Any) -> float:
    """Per cent of the answers: all bits of an item, or the node of the highest score."""
    import neurosim as ns

    out = ns.run(net, {"inputs": sequences[0]}, record=["out"], progress=False)["out"]
    targets = sequences[1]
    if targets.ndim == 3:
        asked, same = ~np.isnan(targets[..., 0]), np.all((out > 0.5) == (targets > 0.5), axis=2)
    else:
        asked, same = targets >= 0, out.argmax(axis=2) == targets
    return 100 * float(np.mean(same[asked]))


COLUMNS = (
    Column("seconds", "s to learn", 1),
    Column("right", "% right of the answers", 2),
    Column("larger", "% right with twice as many slots", 2),
    MEMORY,
)
SMALL = dict(count=64, epochs=1)
COMPUTER = "neurosim, differentiable neural computer"
BENCHMARKS = (
    Benchmark(
        "recall_in_order",
        "Recall of items in the order of writing",
        "95 %, and less without links",
        "Two to six items of six bits, then one of them again; those that came after it are wanted, with all "
        "bits. Measured with six. Memories of 8 slots with 8 numbers, controllers of 32 cells.",
        COLUMNS,
        (
            Run(COMPUTER, recall, dict(kind="links")),
            Run("neurosim, the same without links", recall, dict(kind="content")),
        ),
        smoke=SMALL,
    ),
    Benchmark(
        "graph_walks",
        "Walks on graphs that were shown edge by edge",
        "95 %",
        "Ten edges of five nodes, two labels, four steps. Memories of 12 slots with 12 numbers, controllers "
        "of 48 cells.",
        COLUMNS,
        (
            Run(COMPUTER, walks, dict(kind="links")),
            Run("neurosim, LSTM of 144 cells", walks, dict(kind="lstm")),
        ),
        smoke=SMALL,
    ),
)
