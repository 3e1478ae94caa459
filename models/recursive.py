"""A recursive network: a tree is computed from its leaves to its root, the same weights at each of its branchings.

Source: Goller & Kuechler 1996, ICNN, doi:10.1109/ICNN.1996.548916; Socher, Lin, Ng & Manning 2011, Parsing natural scenes and natural language
with recursive neural networks, ICML.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

import neurosim as ns
from neurosim import cells

Tree = Any  # a leaf, or a pair of trees


def recursive(
    n_nodes: int, n_words: int, n_cells: int, n_outputs: int, *, output: str = "linear"
) -> ns.Network:
    """`words` (node, word), `left` and `right` (node, child) are driven; `nodes` (node, cell) -> `out` (node, output).

    h = E word at a leaf and tanh(W_left h_left + W_right h_right + bias) at a branching, out = output(V h + bias) at every node. The trees are
    inputs: left[n, m] is 1 where node m is the left child of node n; `trees` makes all three. A node has heard from everything below
    it after as many ticks as the tree is deep, so run that many; rows that are 0 throughout are no nodes. All weights and biases learn.
    """
    words, left, right = (
        ns.Neurons("words", (n_nodes, n_words)),
        ns.Neurons("left", (n_nodes, n_nodes)),
        ns.Neurons("right", (n_nodes, n_nodes)),
    )
    nodes = ns.Neurons(
        "nodes", (n_nodes, n_cells), ports="I leaf branching", bias=np.zeros(n_cells), learns="bias",
        update="h = where(branching > 0, tanh(I + bias), leaf)",
    )  # fmt: skip
    out = cells.unit("out", (n_nodes, n_outputs), output, bias=np.zeros(n_outputs), learns="bias")
    synapses = [
        ns.Synapses(
            words,
            nodes,
            to="leaf",
            weight=ns.glorot(),
            wiring=ns.einsum("node word, word cell -> node cell"),
            learns=True,
            name="E",
        ),
        ns.Synapses(
            left,
            nodes,
            to="branching",
            weight=np.ones(n_nodes),
            wiring=ns.einsum("node child, child -> node cell"),
        ),
        ns.Synapses(
            nodes,
            out,
            weight=ns.glorot(),
            wiring=ns.einsum("node cell, cell output -> node output"),
            learns=True,
        ),
    ]
    for side in (left, right):
        child = ns.Neurons(f"{side.name}_child", (n_nodes, n_cells), update="y = I")
        fetch, mix = (
            ns.einsum("child cell, node child -> node cell"),
            ns.einsum("node cell, cell other -> node other"),
        )
        synapses.append(ns.Synapses(nodes, child, weight=side, wiring=fetch, delay=1))
        synapses.append(
            ns.Synapses(
                child, nodes, to="I", weight=ns.glorot(), wiring=mix, learns=True, name=f"W_{side.name}"
            )
        )
    return ns.Network(synapses, schedule=ns.Layered())


def trees(
    given: Sequence[Tree], n_words: int, n_nodes: int
) -> tuple[dict[str, np.ndarray], list[list[Tree]]]:
    """The inputs of a recursive net, for as many ticks as the deepest tree needs, and which subtree each node of each tree is.

    A tree is a leaf, the number of a word, or a pair of trees. Its root is node 0.

    Raises ValueError for a tree with more than `n_nodes` nodes and words out of range.
    """
    nodes = [_nodes(tree) for tree in given]
    words = np.zeros((len(nodes), n_nodes, n_words))
    children = np.zeros((2, len(nodes), n_nodes, n_nodes))
    for trial, found in enumerate(nodes):
        if len(found) > n_nodes:
            raise ValueError(
                f"trees: tree {trial} has {len(found)} nodes, but the network {n_nodes}. Use recursive({len(found)}, ...)."
            )
        for node, (tree, below) in enumerate(found):
            if below:
                children[[0, 1], trial, node, below] = 1.0
            elif not 0 <= tree < n_words:
                raise ValueError(
                    f"trees: tree {trial} has a leaf {tree!r}, which is no word. Use numbers from 0 to {n_words - 1}."
                )
            else:
                words[trial, node, tree] = 1.0
    ticks = max(map(_depth, given))
    inputs = {"words": words, "left": children[0], "right": children[1]}
    return {name: np.repeat(array[:, None], ticks, axis=1) for name, array in inputs.items()}, [
        [tree for tree, _ in found] for found in nodes
    ]


def _nodes(tree: Tree) -> list[tuple[Tree, tuple[int, ...]]]:
    """Every subtree, the whole first, and the places of its two parts in this list; a leaf has none."""
    if not isinstance(tree, tuple):
        return [(tree, ())]
    found: list[tuple[Tree, tuple[int, ...]]] = [(tree, ())]
    places = []
    for part in tree:
        places.append(len(found))
        found += [(below, tuple(place + places[-1] for place in where)) for below, where in _nodes(part)]
    found[0] = (tree, tuple(places))
    return found


def _depth(tree: Tree) -> int:
    return 1 + max(map(_depth, tree)) if isinstance(tree, tuple) else 1


def example() -> dict[str, Any]:
    """Three sentences of up to five words."""
    inputs, _ = trees([((0, 1), (2, (3, 4))), ((4, 3), 2), (((1, 0), 3), 0)], 5, 9)
    return {"net": recursive(9, 5, 6, 2), "inputs": inputs, "record": ["nodes", "out"], "seed": 1}
