"""A recursive network: it evaluates a tree from its leaves to its root, with the same weights at each node.

Source: Goller & Kuechler 1996, ICNN, doi:10.1109/ICNN.1996.548916; Socher, Lin, Ng & Manning 2011, Parsing
natural scenes and natural language with recursive neural networks, ICML.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

import neurosim as ns
from neurosim import cells

Tree = int | tuple["Tree", "Tree"]  # the number of a word, or two trees


def recursive(
    n_nodes: int, n_words: int, n_cells: int, n_outputs: int, *, output: str = "linear"
) -> ns.Network:
    """A network whose inputs are trees: `words`, `left` and `right` -> `nodes` -> `out`.

    h = E word at a leaf and h = tanh(W_left h_left + W_right h_right + bias) at an inner node; out = output(V
    h + bias) at every node. The trees are driven inputs: `words` (node, word), one-hot, and `left` and
    `right` (node, child), where left[n, m] is 1 if node m is the left child of node n; `trees` makes all
    three. A node depends on all nodes below it after as many ticks as the tree is deep, so run that many.
    Rows of zeros are no nodes. All weights and biases learn.

    Arguments:
        n_nodes: the largest number of nodes of a tree.
        n_words: the number of different words.
        n_cells: the number of units that represent a node.
        n_outputs: the number of outputs at each node.
        output: the activation function of `out`, as in `cells.unit`.

    >>> inputs, subtrees = trees([((0, 1), 2)], n_words=3, n_nodes=5)
    >>> ns.run(recursive(5, 3, 6, 2), inputs, record=["out"])["out"].shape  # (trial, tick, node, output)
    (1, 3, 5, 2)
    """
    words = ns.Neurons("words", (n_nodes, n_words))
    left, right = (ns.Neurons(name, (n_nodes, n_nodes)) for name in ("left", "right"))
    nodes = ns.Neurons(
        "nodes", (n_nodes, n_cells), ports="I leaf branching", bias=np.zeros(n_cells), learns="bias",
        update="h = where(branching > 0, tanh(I + bias), leaf)",
    )  # fmt: skip
    out = cells.unit("out", (n_nodes, n_outputs), output, bias=np.zeros(n_outputs), learns="bias")
    embed = ns.einsum("node word, word cell -> node cell")
    branch = ns.einsum("node child, child -> node cell")
    read = ns.einsum("node cell, cell output -> node output")
    fetch = ns.einsum("child cell, node child -> node cell")
    mix = ns.einsum("node cell, cell other -> node other")
    synapses = [
        ns.Synapses(words, nodes, to="leaf", weight=ns.glorot(), wiring=embed, learns=True, name="E"),
        ns.Synapses(left, nodes, to="branching", weight=np.ones(n_nodes), wiring=branch),
        ns.Synapses(nodes, out, weight=ns.glorot(), wiring=read, learns=True),
    ]
    for side in (left, right):
        child = ns.Neurons(f"{side.name}_child", (n_nodes, n_cells), update="y = I")
        name = f"W_{side.name}"
        synapses.append(ns.Synapses(nodes, child, weight=side, wiring=fetch, delay=1))
        synapses.append(
            ns.Synapses(child, nodes, to="I", weight=ns.glorot(), wiring=mix, learns=True, name=name)
        )
    return ns.Network(synapses, schedule=ns.Layered())


def trees(
    examples: Sequence[Tree], n_words: int, n_nodes: int
) -> tuple[dict[str, np.ndarray], list[list[Tree]]]:
    """The inputs of a recursive network, and which subtree each node of each tree is.

    Arguments:
        examples: the trees. A tree is a leaf, which is the number of a word, or a pair of trees. Its root is
            node 0.
        n_words: the number of different words.
        n_nodes: the number of nodes of the network.

    Returns the arrays `words`, `left` and `right`, for as many ticks as the deepest tree needs, and for each
    tree a list of the subtrees of its nodes.

    Raises DescriptionError for a tree with more than `n_nodes` nodes, and for words out of range.
    """
    nodes = [_nodes(tree) for tree in examples]
    words = np.zeros((len(nodes), n_nodes, n_words))
    children = np.zeros((2, len(nodes), n_nodes, n_nodes))
    for trial, subtrees in enumerate(nodes):
        if len(subtrees) > n_nodes:
            raise ns.DescriptionError(
                f"trees: tree {trial} has {len(subtrees)} nodes, but the network {n_nodes}. "
                f"Use recursive({len(subtrees)}, ...)."
            )
        for node, (tree, below) in enumerate(subtrees):
            if below:
                children[[0, 1], trial, node, below] = 1.0
            elif not 0 <= tree < n_words:
                raise ns.DescriptionError(
                    f"trees: tree {trial} has a leaf {tree!r}, which is no word. "
                    f"Use numbers from 0 to {n_words - 1}."
                )
            else:
                words[trial, node, tree] = 1.0
    ticks = max(map(_depth, examples))
    inputs = {"words": words, "left": children[0], "right": children[1]}
    repeated = {name: np.repeat(array[:, None], ticks, axis=1) for name, array in inputs.items()}
    return repeated, [[tree for tree, _ in subtrees] for subtrees in nodes]


def _nodes(tree: Tree) -> list[tuple[Tree, tuple[int, ...]]]:
    """Every subtree, the tree itself first, with the indices of its two parts (a leaf has none)."""
    if not isinstance(tree, tuple):
        return [(tree, ())]
    nodes: list[tuple[Tree, tuple[int, ...]]] = [(tree, ())]
    parts = []
    for part in tree:
        first = len(nodes)
        parts.append(first)
        nodes += [(below, tuple(first + index for index in children)) for below, children in _nodes(part)]
    nodes[0] = (tree, tuple(parts))
    return nodes


def _depth(tree: Tree) -> int:
    """The number of nodes from the root to the deepest leaf."""
    return 1 + max(map(_depth, tree)) if isinstance(tree, tuple) else 1


def example() -> dict[str, Any]:
    """Three sentences of up to five words."""
    inputs, _ = trees([((0, 1), (2, (3, 4))), ((4, 3), 2), (((1, 0), 3), 0)], 5, 9)
    return {"net": recursive(9, 5, 6, 2), "inputs": inputs, "record": ["nodes", "out"], "seed": 1}
