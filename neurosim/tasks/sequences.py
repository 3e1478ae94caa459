"""Tasks that need a memory: sequences of random bits to copy, and pairs to recall."""

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
