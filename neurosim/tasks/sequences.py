"""Tasks that need a memory: sequences to copy, pairs and items to recall, and graphs to walk on."""

from __future__ import annotations

import numpy as np

from neurosim.errors import DescriptionError
from neurosim.network.values import whole


def copying(
    sequences: int, *, bits: int = 8, shortest: int = 1, longest: int = 10, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Sequences of random bits, and the same sequences again, to be told after their end.

    A sequence of n vectors of bits takes the ticks 0 to n - 1; at tick n a mark says that it has ended; and
    its vectors are wanted at the ticks n + 1 to 2 n.

    Arguments:
        sequences: how many of them.
        bits: the number of bits in a vector.
        shortest, longest: the lengths n are drawn from shortest to longest, all equally likely.
        seed: of the random numbers.

    Returns (inputs, targets): inputs of shape (sequence, 2 longest + 1, bits + 1), a bit being -1 or 1, the
    mark, which is the last input, 1, and all else 0; and targets of shape (sequence, 2 longest + 1, bits), a
    bit being 0 or 1, and NaN where nothing is wanted.

    Raises DescriptionError for numbers that are not whole or too small.

    Source: Graves, Wayne & Danihelka 2014, Neural Turing machines, arXiv:1410.5401, section 4.1.

    >>> inputs, targets = copying(1, bits=2, shortest=3, longest=3)
    >>> inputs[0, :4].astype(int).tolist(), targets[0, 4:].astype(int).tolist()
    ([[1, 1, 0], [1, -1, 0], [-1, -1, 0], [0, 0, 1]], [[1, 1], [1, 0], [0, 0]])
    """
    count, bits = whole(sequences, "copying: sequences", least=1), whole(bits, "copying: bits", least=1)
    shortest = whole(shortest, "copying: shortest", least=1)
    longest = whole(longest, "copying: longest", least=shortest)
    random = np.random.default_rng(seed)
    lengths = random.integers(shortest, longest + 1, count)
    told = random.integers(0, 2, (count, longest, bits))
    inputs = np.zeros((count, 2 * longest + 1, bits + 1), np.float32)
    targets = np.full((count, 2 * longest + 1, bits), np.nan, np.float32)
    inputs[np.arange(count), lengths, bits] = 1
    sequence, tick = np.nonzero(np.arange(longest) < lengths[:, None])
    inputs[sequence, tick, :bits] = 2 * told[sequence, tick] - 1
    targets[sequence, tick + lengths[sequence] + 1] = told[sequence, tick]
    return inputs, targets


def recall(sequences: int, *, bits: int = 6, pairs: int = 6, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of a key and a value, random bits, and then the keys again, whose values are wanted.

    The pairs take the ticks 0 to pairs - 1, one each. Then the keys come once more, in another order, each
    with a mark; the value of each is wanted at once. The keys of a sequence differ from each other.

    Arguments:
        sequences: how many of them.
        bits: the number of bits of a key, and of a value.
        pairs: the number of pairs, at most 2^bits.
        seed: of the random numbers.

    Returns (inputs, targets): inputs of shape (sequence, 2 pairs, 2 bits + 1), key, value and mark, a bit
    being -1 or 1, the mark 1, and all else 0; and targets of shape (sequence, 2 pairs, bits), a bit being 0
    or 1, and NaN where nothing is wanted.

    Raises DescriptionError for numbers that are not whole or too small, and for more pairs than keys.

    >>> inputs, targets = recall(1, bits=2, pairs=2)
    >>> inputs[0].astype(int).tolist()
    [[1, 1, -1, 1, 0], [-1, 1, 1, 1, 0], [1, 1, 0, 0, 1], [-1, 1, 0, 0, 1]]
    >>> targets[0, 2:].astype(int).tolist()
    [[0, 1], [1, 1]]
    """
    count, bits = whole(sequences, "recall: sequences", least=1), whole(bits, "recall: bits", least=1)
    pairs = whole(pairs, "recall: pairs", least=1)
    if pairs > 2**bits:
        raise DescriptionError(
            f"recall: pairs={pairs} need as many keys, and {bits} bits make {2**bits}. Give fewer pairs."
        )
    random, place = np.random.default_rng(seed), np.arange(bits)
    chosen = np.argsort(random.random((count, 2**bits)), axis=1)[:, :pairs]
    keys, values = chosen[..., None] >> place & 1, random.integers(0, 2, (count, pairs, bits))
    order = np.argsort(random.random((count, pairs)), axis=1)[..., None]
    inputs = np.zeros((count, 2 * pairs, 2 * bits + 1), np.float32)
    targets = np.full((count, 2 * pairs, bits), np.nan, np.float32)
    inputs[:, :pairs, :bits], inputs[:, :pairs, bits:-1] = 2 * keys - 1, 2 * values - 1
    inputs[:, pairs:, :bits] = np.take_along_axis(2 * keys - 1, order, axis=1)
    inputs[:, pairs:, -1] = 1
    targets[:, pairs:] = np.take_along_axis(values, order, axis=1)
    return inputs, targets


def recall_in_order(
    sequences: int, *, items: int = 4, bits: int = 4, fewest: int | None = None, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Items come one after the other, then one of them again: those that came after it are wanted, in order.

    An item is a tick of random bits, each -1 or 1 in its channel, and differs from the others of its
    sequence. The last channel is 1 when one is asked for, which is never the last. From the next tick on the
    items that came after it are wanted, one a tick, in bits of 0 and 1.

    Arguments:
        sequences: how many of them.
        items: number of items in a sequence, at least 2. A sequence has twice as many ticks.
        bits: number of bits of an item.
        fewest: if given, each sequence has a random number of items, from this one on, at least 2.
        seed: of the random numbers.

    Returns (inputs, targets): inputs of shape (sequence, 2 items, bits + 1); targets of shape (sequence,
    2 items, bits), NaN where nothing is wanted.

    Raises DescriptionError for numbers that are too small, and for more items than `bits` can tell apart.

    Source: after Graves, Wayne & Danihelka 2014, arXiv:1410.5401, where only the next item is wanted.

    >>> inputs, targets = recall_in_order(5, items=3, bits=4)
    >>> inputs.shape, targets.shape
    ((5, 6, 5), (5, 6, 4))
    """
    subject = "recall_in_order"
    count, bits = whole(sequences, f"{subject}: sequences", least=1), whole(bits, f"{subject}: bits", least=1)
    items = whole(items, f"{subject}: items", least=2)
    fewest = items if fewest is None else whole(fewest, f"{subject}: fewest", least=2)
    if items > 2**bits or fewest > items:
        raise DescriptionError(
            f"{subject}: {fewest} to {items} different items of {bits} bits do not exist. "
            "Give more bits, or other numbers of items."
        )
    random, tick = np.random.default_rng(seed), np.arange(2 * items)
    codes = random.random((count, 2**bits)).argsort(axis=1)[:, :items]
    shown = codes[:, :, None] >> np.arange(bits) & 1  # (sequence, item, bit)
    number = random.integers(fewest, items + 1, (count, 1))
    asked = random.integers(0, number - 1)
    since = tick - number  # ticks since one is asked for
    wanted = np.where(since < 1, -1, asked + since)
    item = np.where(since < 0, tick, np.where(since == 0, asked, -1))
    rows = np.arange(count)[:, None]
    inputs = np.zeros((count, 2 * items, bits + 1), np.float32)
    inputs[..., :bits] = np.where(item[..., None] < 0, 0, 2 * shown[rows, item.clip(0, items - 1)] - 1)
    inputs[..., bits] = since == 0
    answers = shown[rows, wanted.clip(0, items - 1)]
    answered = (wanted >= 0) & (wanted < number)
    return inputs, np.where(answered[..., None], answers, np.nan).astype(np.float32)


def graph_walks(
    sequences: int, *, nodes: int = 4, labels: int = 2, steps: int = 3, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """The edges of a graph in random order, then a node and labels: the node that each of them leads to.

    From each node an edge of each label leads to a random node. Channels: the node where an edge begins,
    one-hot; its label, one-hot; the node where it ends, one-hot; and 1 on the walk, whose first tick shows
    the node to begin with and a label, every other one a label. In each of these the next node is wanted.

    Arguments:
        sequences: how many of them, each a graph and a walk.
        nodes, labels: number of nodes and of labels. A graph has nodes*labels edges, one a tick.
        steps: number of edges on a walk.
        seed: of the random numbers.

    Returns (inputs, targets): inputs of shape (sequence, edges + steps, 2 nodes + labels + 1); targets are
    numbers of nodes, shape (sequence, edges + steps), -1 where nothing is wanted.

    Raises DescriptionError for numbers below 1.

    Source: after Graves et al. 2016, Nature 538, 471, doi:10.1038/nature20101 (traversal).

    >>> inputs, targets = graph_walks(5, nodes=3, labels=2, steps=4)
    >>> inputs.shape, targets.shape
    ((5, 10, 9), (5, 10))
    """
    count, nodes, labels, steps = (
        whole(number, f"graph_walks: {name}", least=1)
        for name, number in (("sequences", sequences), ("nodes", nodes), ("labels", labels), ("steps", steps))
    )
    random, edges = np.random.default_rng(seed), nodes * labels
    ends = random.integers(0, nodes, (count, nodes, labels))
    order = random.random((count, edges)).argsort(axis=1)
    begin, label = np.divmod(order, labels)
    inputs = np.zeros((count, edges + steps, 2 * nodes + labels + 1), np.float32)
    targets = np.full((count, edges + steps), -1)
    at, labelled, to = (slice(k, k + n) for k, n in ((0, nodes), (nodes, labels), (nodes + labels, nodes)))
    rows, one_of, label_of = np.arange(count), np.eye(nodes), np.eye(labels)
    inputs[:, :edges, at], inputs[:, :edges, labelled] = one_of[begin], label_of[label]
    inputs[:, :edges, to] = one_of[ends[rows[:, None], begin, label]]
    node, taken = random.integers(0, nodes, count), random.integers(0, labels, (count, steps))
    inputs[:, edges, at], inputs[:, edges:, labelled], inputs[:, edges:, -1] = (
        one_of[node],
        label_of[taken],
        1,
    )
    for step in range(steps):
        node = ends[rows, node, taken[:, step]]
        targets[:, edges + step] = node
    return inputs, targets
