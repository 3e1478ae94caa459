"""Self-attention: every token gathers from all tokens, weighted by how well its query matches their keys.

Source: Vaswani et al. 2017, Attention is all you need, NeurIPS, arXiv:1706.03762.
"""

from typing import Any

import numpy as np

import neurosim as ns
from neurosim import cells


def self_attention(
    n_tokens: int, n_features: int, *, n_heads: int = 1, causal: bool = False, residual: bool = False
) -> ns.Network:
    """A layer of multi-head self-attention.

    `tokens` (token, feature) -> `query`, `key`, `value` (head, token, part) -> `score` (head, token, token)
    -> `mixed` -> `out`.

    score = softmax(query key' / sqrt(part)), mixed = score value, out = W mixed, and with `residual` plus the
    tokens; part = n_features / n_heads. All weights learn.

    Arguments:
        n_tokens: the number of tokens.
        n_features: the number of features of a token.
        n_heads: the number of heads.
        causal: whether no token sees a later one.
        residual: whether the tokens are added to the output.

    Raises DescriptionError where the heads do not divide the features.

    >>> self_attention(6, 8, n_heads=2)["score"].shape
    (2, 6, 6)
    """
    if n_heads < 1 or n_features % n_heads:
        raise ns.DescriptionError(
            f"self_attention: n_heads={n_heads} does not divide n_features={n_features}. "
            "Give a divisor, so that"
            " each head has as many features."
        )
    part = n_features // n_heads
    tokens = ns.Neurons("tokens", (n_tokens, n_features))
    query, key, value = (
        ns.Neurons(name, (n_heads, n_tokens, part), update="y = I") for name in ("query", "key", "value")
    )
    mask = np.triu(np.full((n_tokens, n_tokens), -1e30), 1) if causal else 0.0
    shape, text = (n_heads, n_tokens, n_tokens), "p = softmax(I/scale + mask)"
    score = ns.Neurons("score", shape, update=text, scale=np.sqrt(part), mask=mask)
    mixed = ns.Neurons("mixed", (n_heads, n_tokens, part), update="y = I")
    out = cells.unit("out", (n_tokens, n_features), "linear")
    project = ns.einsum("token feature, head feature part -> head token part")
    compare = ns.einsum("head token part, head other part -> head token other")
    gather = ns.einsum("head other part, head token other -> head token part")
    join = ns.einsum("head token part, head part feature -> token feature")
    synapses = [
        ns.Synapses(tokens, target, wiring=project, weight=ns.glorot(), learns=True)
        for target in (query, key, value)
    ]
    synapses += [
        ns.Synapses(query, score, weight=key, wiring=compare),
        ns.Synapses(value, mixed, weight=score, wiring=gather),
        ns.Synapses(mixed, out, weight=ns.glorot(), wiring=join, learns=True),
    ]
    if residual:
        synapses.append(ns.Synapses(tokens, out, wiring=ns.one_to_one()))
    return ns.Network(synapses, schedule=ns.Layered())


def example() -> dict[str, Any]:
    """Three sentences of six random tokens, two heads, causal, with the residual."""
    tokens = np.random.default_rng(0).normal(size=(3, 6, 8))
    net = self_attention(6, 8, n_heads=2, causal=True, residual=True)
    return {"net": net, "inputs": {"tokens": tokens}, "record": ["score", "out"], "seed": 1}
