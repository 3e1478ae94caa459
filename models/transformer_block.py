"""A block of a transformer: attention and two layers of units, each added to what it reads.

Source: Vaswani et al. 2017, Attention is all you need, NeurIPS, arXiv:1706.03762; normalized before each
layer, which needs no warm-up, as in Xiong et al. 2020, ICML, arXiv:2002.04745.
"""

from typing import Any

import numpy as np

import neurosim as ns
from neurosim import cells

FAR = 1e30  # what is taken from the score of a token that must not be seen


def transformer_block(
    n_tokens: int, n_features: int, n_heads: int, n_hidden: int,
    *, causal: bool = True, n_source: int | None = None, stream: bool = False,
) -> ns.Network:  # fmt: skip
    """`x` -> `attended` -> `out`, all of shape (token, feature).

    attended = x + attention(norm(x)); out = attended + W relu(V norm(attended)). All weights, biases, gains
    and shifts learn.

    Arguments:
        n_tokens: the number of tokens that are seen together.
        n_features: the length of a token's vector, a multiple of `n_heads`.
        n_heads: the number of heads of attention.
        n_hidden: the number of hidden units per token.
        causal: whether no token sees a later one.
        n_source: the number of rows of a second input, `memory` (row, feature), which the tokens attend to
            after each other: crossed = attended + attention(norm(attended), memory).
        stream: whether tokens come one at each tick, of shape (feature,), and each sees those before it.

    Raises DescriptionError where the heads do not divide the features.

    >>> transformer_block(6, 8, 2, 16)["score"].shape
    (2, 6, 6)
    """
    if n_heads < 1 or n_features % n_heads:
        raise ns.DescriptionError(
            f"transformer: n_heads={n_heads} does not divide n_features={n_features}. Give a divisor."
        )
    shape, row = ((n_features,), "") if stream else ((n_tokens, n_features), "token ")
    x, normed, attended = ns.Neurons("x", shape), norm("normed_x", shape), unit("attended", shape)
    items = [ns.Synapses(x, end, wiring=ns.one_to_one()) for end in (normed, attended)]
    items += attention("", normed, normed, attended, n_heads, n_tokens, causal=causal, stream=stream)
    if n_source is not None:
        memory, asking = ns.Neurons("memory", (n_source, n_features)), norm("asking", shape)
        below, attended = attended, unit("crossed", shape)
        items += [ns.Synapses(below, end, wiring=ns.one_to_one()) for end in (asking, attended)]
        items += attention("_memory", asking, memory, attended, n_heads, n_source)
    rescaled, hidden = norm("rescaled", shape), unit("hidden", (*shape[:-1], n_hidden), "relu")
    out = unit("out", shape)
    items += [ns.Synapses(attended, end, wiring=ns.one_to_one()) for end in (rescaled, out)]
    items.append(learned(rescaled, hidden, f"{row}feature, feature unit -> {row}unit"))
    items.append(learned(hidden, out, f"{row}unit, unit feature -> {row}feature"))
    return ns.Network(items, schedule=ns.Layered())


def attention(
    tag: str, asking: ns.Neurons, asked: ns.Neurons, out: ns.Neurons, n_heads: int, n_keys: int,
    *, causal: bool = False, stream: bool = False,
) -> list[ns.Synapses]:  # fmt: skip
    """out += W softmax(query key'/sqrt(part)) value, with query from `asking`, key and value from `asked`.

    Populations (head, token, part), whose names end in `tag`. A stream keeps keys and values of all ticks.
    """
    rows, row, part = out.shape[:-1], "" if stream else "token ", out.shape[-1] // n_heads
    split, shape = f"{row}feature, head feature part -> head {row}part", (n_heads, *rows, part)
    query, mixed = (ns.Neurons(f"{name}{tag}", shape, update="y = I") for name in ("query", "mixed"))
    items, kept, place = [learned(asking, query, split)], {}, np.arange(n_keys)
    for name in ("key", "value"):
        now = ns.Neurons(f"{name}{tag}", shape if stream else (n_heads, n_keys, part), update="y = I")
        items.append(learned(asked, now, split))
        kept[name] = now
        if stream:
            row_of = np.zeros((n_heads, n_keys, part)) + place[:, None]
            update = "M = where(row_of == t, I, M)"
            kept[name] = ns.Neurons(f"{name}s{tag}", row_of.shape, update=update, row_of=row_of)
            copy = ns.einsum("head part, head part -> head row part")
            items.append(ns.Synapses(now, kept[name], weight=np.ones(shape), wiring=copy))
    if stream:
        text, seen = "where(place <= t, 0, -far)", {"place": place, "far": FAR}
    else:
        text, seen = "mask", {"mask": np.triu(np.full((*rows, n_keys), -FAR), 1) if causal else 0.0}
    shape, update = (n_heads, *rows, n_keys), f"p = softmax(I/scale + {text})"
    score = ns.Neurons(f"score{tag}", shape, update=update, scale=np.sqrt(part), **seen)
    compare = ns.einsum(f"head {row}part, head key part -> head {row}key")
    gather = ns.einsum(f"head key part, head {row}key -> head {row}part")
    items.append(ns.Synapses(query, score, weight=kept["key"], wiring=compare))
    items.append(ns.Synapses(kept["value"], mixed, weight=score, wiring=gather))
    return [*items, learned(mixed, out, f"head {row}part, head part feature -> {row}feature")]


def learned(pre: ns.Neurons, post: ns.Neurons, letters: str, weight: Any = None) -> ns.Synapses:
    """Weights that learn, and that all tokens share: `letters` are those of `einsum`."""
    return ns.Synapses(pre, post, weight=weight or ns.glorot(), wiring=ns.einsum(letters), learns=True)


def norm(name: str, shape: tuple[int, ...]) -> ns.Neurons:
    """Units that normalize the vector of a token; gain and shift learn."""
    return cells.layer_norm(name, shape, learns=("gain", "shift"))


def unit(name: str, shape: tuple[int, ...], function: str = "linear") -> ns.Neurons:
    """Units with one bias per feature, which learns."""
    return cells.unit(name, shape, function, bias=np.zeros(shape[-1]), learns="bias")


def example() -> dict[str, Any]:
    """A block with two heads on five random tokens, which also attends to three other ones."""
    random = np.random.default_rng(0)
    inputs = {"x": random.normal(size=(2, 1, 5, 8)), "memory": random.normal(size=(2, 1, 3, 8))}
    net = transformer_block(5, 8, 2, 12, n_source=3)
    return {"net": net, "inputs": inputs, "record": ["score", "score_memory", "out"], "seed": 1}
