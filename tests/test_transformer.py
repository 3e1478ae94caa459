"""A transformer beside its formula in numpy, and token by token."""

import numpy as np
import pytest

import neurosim as ns
from neurosim.learn import gradient, learned, with_learned
from neurosim.models.transformer import transformer
from neurosim.models.transformer_block import transformer_block


def disturbed(net, seed=1):
    """The network with random biases, gains and shifts, so that none of them is without effect."""
    random = np.random.default_rng(seed)
    numbers = {n: v + 0.3 * random.normal(size=v.shape) for n, v in learned(net, seed=seed).items()}
    return with_learned(net, numbers), numbers


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def norm(x, w, name):
    centred = x - x.mean(axis=-1, keepdims=True)
    scaled = centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-5)
    return w[f"{name}.gain"] * scaled + w[f"{name}.shift"]


def attention(asking, asked, w, names, mask=0.0):
    query, key, value = (
        np.einsum("tf,hfp->htp", x, w[name])
        for x, name in zip((asking, asked, asked), names[:3], strict=True)
    )
    score = softmax(query @ key.swapaxes(1, 2) / np.sqrt(query.shape[-1]) + mask)
    return np.einsum("htp,hpf->tf", score @ value, w[names[3]])


def block(x, w, memory=None, mask=0.0):
    normed = norm(x, w, "normed_x")
    names = [f"normed_x_to_{n}" for n in ("query", "key", "value")] + ["mixed_to_attended"]
    x = x + attention(normed, normed, w, names, mask) + w["attended.bias"]
    if memory is not None:
        names = [
            "asking_to_query_memory",
            "memory_to_key_memory",
            "memory_to_value_memory",
            "mixed_memory_to_crossed",
        ]
        x = x + attention(norm(x, w, "asking"), memory, w, names) + w["crossed.bias"]
    hidden = np.maximum(norm(x, w, "rescaled") @ w["rescaled_to_hidden"] + w["hidden.bias"], 0)
    return x + hidden @ w["hidden_to_out"] + w["out.bias"]


@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize("n_source", [None, 3])
def test_a_block_is_its_formula(causal, n_source):
    net, w = disturbed(transformer_block(5, 8, 2, 12, causal=causal, n_source=n_source))
    random = np.random.default_rng(0)
    inputs = {"x": random.normal(size=(5, 8))}
    if n_source:
        inputs["memory"] = random.normal(size=(n_source, 8))
    run = ns.run(net, {name: value[None] for name, value in inputs.items()}, record=["out"])
    mask = np.triu(np.full((5, 5), -np.inf), 1) if causal else 0.0
    np.testing.assert_allclose(run["out"][0], block(inputs["x"], w, inputs.get("memory"), mask), rtol=1e-9)


def test_an_encoder_and_a_decoder_are_their_formula():
    net, w = disturbed(transformer(5, 4, 8, n_heads=2, n_blocks=1, n_hidden=12, source=(3, 6)))
    random = np.random.default_rng(0)
    source, target = np.eye(6)[random.integers(0, 6, 3)], np.eye(4)[random.integers(0, 4, 5)]
    run = ns.run(net, {"source_symbols": source[None], "symbols": target[None]}, record=["out"])

    def part(name):
        return {key.removeprefix(f"{name}_"): value for key, value in w.items() if key.startswith(f"{name}_")}

    memory = source @ w["source_symbols_to_source_embed"] + w["source_place_to_source_embed"]
    memory = norm(block(memory, part("encoder_1")), w, "source_normed")
    x = target @ w["symbols_to_embed"] + w["place_to_embed"]
    x = block(x, part("block_1"), memory, np.triu(np.full((5, 5), -np.inf), 1))
    scores = norm(x, w, "normed") @ w["normed_to_out"] + w["out.bias"]
    np.testing.assert_allclose(run["out"][0], scores, rtol=1e-9)


@pytest.mark.parametrize("engine", ["reference", "arrays"])
def test_a_stream_of_tokens_gives_what_the_whole_window_gives(engine):
    if engine == "arrays":
        pytest.importorskip("jax")
    net, numbers = disturbed(transformer(6, 5, 8, n_heads=2, n_hidden=12))
    stream = with_learned(transformer(6, 5, 8, n_heads=2, n_hidden=12, stream=True), numbers)
    symbols = np.eye(5)[np.random.default_rng(0).integers(0, 5, 6)]
    whole = ns.run(net, {"symbols": symbols[None]}, record=["out"], engine=engine)["out"][0]
    np.testing.assert_allclose(
        ns.run(stream, {"symbols": symbols}, record=["out"], engine=engine)["out"], whole, rtol=1e-9
    )


def test_the_gradient_of_a_transformer_is_that_of_finite_differences():
    net, numbers = disturbed(transformer(4, 3, 4, n_heads=2, n_blocks=1, n_hidden=5))
    symbols = np.eye(3)[np.random.default_rng(0).integers(0, 3, (1, 1, 4))]
    _, slopes = gradient(net, {"symbols": symbols}, {"out": np.ones((1, 1, 4, 3))})

    def loss(name, shift):
        changed = with_learned(net, {**numbers, name: numbers[name] + shift})
        return np.sum((ns.run(changed, {"symbols": symbols}, record=["out"])["out"] - 1) ** 2)

    for name in ("block_1_normed_x_to_key", "block_1_rescaled.gain", "place_to_embed"):
        shift = np.zeros_like(numbers[name])
        shift.flat[-1] = 1e-6
        assert np.isclose(
            slopes[name].flat[-1], (loss(name, shift) - loss(name, -shift)) / 2e-6, rtol=1e-4, atol=1e-8
        )


@pytest.mark.parametrize(
    ("options", "message"),
    [({"n_heads": 3}, "n_heads=3 does not divide"), ({"stream": True, "causal": False}, "stream=True needs")],
)
def test_what_no_transformer_can_be_says_why(options, message):
    with pytest.raises(ns.DescriptionError, match=message):
        transformer(4, 3, 8, **({"n_heads": 2} | options))
