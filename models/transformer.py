"""A transformer: blocks of attention and feed-forward layers, each added to what it reads.

Source: Vaswani et al. 2017, Attention is all you need, NeurIPS, arXiv:1706.03762; normalized before each
layer, which needs no warm-up, as in Xiong et al. 2020, ICML, arXiv:2002.04745.
"""

from typing import Any

import numpy as np

import neurosim as ns
from neurosim.models.transformer_block import learned, norm, transformer_block, unit


def transformer(
    n_tokens: int, n_symbols: int, n_features: int = 64, *, n_heads: int = 4, n_blocks: int = 2,
    n_hidden: int | None = None, causal: bool = True, source: tuple[int, int] | None = None,
    stream: bool = False,
) -> ns.Network:  # fmt: skip
    """Tokens, one-hot in `symbols`, -> `embed` -> `block_1` ... -> `normed` -> `out`, a score per symbol.

    embed = E symbol + P place. A block: attended = x + attention(norm(x)); out = attended + W relu(V
    norm(attended)). See `transformer_block`. All weights, biases, gains and shifts learn.

    Arguments:
        n_tokens: the number of tokens that are seen together.
        n_symbols: the number of different tokens.
        n_features: the length of a token's vector, a multiple of `n_heads`.
        n_heads: the number of heads of attention.
        n_blocks: the number of blocks.
        n_hidden: the number of hidden units per token; default: 4 n_features.
        causal: whether no token sees a later one (a decoder; otherwise an encoder).
        source: (number of tokens, number of symbols) of a second sequence, `source_symbols`, which an encoder
            of as many blocks reads, and which each block of the decoder attends to.
        stream: whether tokens come one at each tick, of shape (n_symbols,), and each sees those before it.
            The same numbers fit: `learn.with_learned(stream, learn.learned(whole))`. A token then costs one
            row of attention instead of all, so that `learn.sample` writes many times faster. After
            `n_tokens` ticks there is no place for more: begin another run with the last tokens as its prompt.

    Raises DescriptionError where the heads do not divide the features, and for a stream that is not causal or
    has a source.

    >>> transformer(6, 5, 8, n_heads=2)["out"].shape
    (6, 5)
    """
    if stream and (source is not None or not causal):
        raise ns.DescriptionError(
            "transformer: stream=True needs causal=True and no source. Leave these out."
        )
    sizes = (n_features, n_heads, n_hidden or 4 * n_features)
    items: list[Any] = []
    memory = None
    if source is not None:
        top = _stack(items, "source_", "encoder", source[0], source[1], sizes, n_blocks, causal=False)
        memory = norm("source_normed", (source[0], n_features))
        items.append(ns.Synapses(top, memory, wiring=ns.one_to_one()))
    rows, row = ((), "") if stream else ((n_tokens,), "token ")
    top = _stack(
        items, "", "block", n_tokens, n_symbols, sizes, n_blocks, causal=causal, stream=stream, memory=memory
    )
    normed = norm("normed", (*rows, n_features))
    out = unit("out", (*rows, n_symbols))
    items += [
        ns.Synapses(top, normed, wiring=ns.one_to_one()),
        learned(normed, out, f"{row}feature, feature symbol -> {row}symbol"),
    ]
    return ns.Network(items, schedule=ns.Layered())


def _stack(
    items: list[Any], tag: str, name: str, n_tokens: int, n_symbols: int, sizes: tuple[int, int, int],
    n_blocks: int, *, causal: bool, stream: bool = False, memory: ns.Neurons | None = None,
) -> ns.Neurons:  # fmt: skip
    """Add an embedding and its blocks to `items`; returns the population that the last block sends."""
    rows, row = ((), "") if stream else ((n_tokens,), "token ")
    symbols = ns.Neurons(f"{tag}symbols", (*rows, n_symbols))
    embed = ns.Neurons(f"{tag}embed", (*rows, sizes[0]), update="y = I")
    text, eye = ("where(i == t, 1, 0)", {}) if stream else ("eye", {"eye": np.eye(n_tokens)})
    place = ns.Neurons(f"{tag}place", (*rows, n_tokens), update=f"p = {text}", **eye)
    for sender, axis in ((symbols, "symbol"), (place, "place")):
        letters = f"{row}{axis}, {axis} feature -> {row}feature"
        items.append(learned(sender, embed, letters, weight=ns.normal(0, 0.05)))
    n_source = None if memory is None else memory.shape[0]
    layer, top = transformer_block(n_tokens, *sizes, causal=causal, n_source=n_source, stream=stream), embed
    for k in range(1, n_blocks + 1):
        part = layer.named(f"{name}_{k}")
        items += [part, ns.Synapses(top, part["x"], wiring=ns.one_to_one())]
        if memory is not None:
            items.append(ns.Synapses(memory, part["memory"], wiring=ns.one_to_one()))
        top = part["out"]
    return top


def example() -> dict[str, Any]:
    """Two random sentences of six tokens out of five symbols, through two blocks with two heads."""
    symbols = np.eye(5)[np.random.default_rng(0).integers(0, 5, (2, 1, 6))]
    net = transformer(6, 5, 8, n_heads=2, n_hidden=12)
    return {"net": net, "inputs": {"symbols": symbols}, "record": ["block_1_score", "out"], "seed": 1}
