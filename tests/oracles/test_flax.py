"""Self-attention is that of an independent library, forward and backward, with copied weights."""

import numpy as np
import pytest

import neurosim as ns
from neurosim.learn import gradient
from neurosim.models.self_attention import self_attention
from neurosim.plan.fix import fixed

jax = pytest.importorskip("jax", reason="gradients need jax: pip install 'neurosim[train]'")
nn = pytest.importorskip("flax.linen", reason="flax is not installed")
RANDOM = np.random.default_rng


def test_attention_is_that_of_flax_forward_and_backward():
    net = fixed(self_attention(5, 8, n_heads=2, causal=True, residual=True))
    x, wanted = RANDOM(0).normal(size=(3, 5, 8)), RANDOM(1).normal(size=(3, 5, 8))
    w = {name: item.weight.number for name, item in net.synapses.items() if item.learns}
    names = {"query": "tokens_to_query", "key": "tokens_to_key", "value": "tokens_to_value", "out": "mixed_to_out"}
    with jax.enable_x64(True):
        peer = nn.MultiHeadDotProductAttention(num_heads=2, qkv_features=8, use_bias=False, dtype="float64", param_dtype="float64")
        mask = nn.make_causal_mask(np.ones((3, 5)))
        # flax has (feature, head, part), and (head, part, feature) on the way out.
        params = {"params": {part: {"kernel": w[name] if part == "out" else w[name].swapaxes(0, 1)} for part, name in names.items()}}
        answer = lambda given: peer.apply(given, x, x, mask=mask) + x  # noqa: E731
        out = np.asarray(answer(params))
        slopes = jax.grad(lambda given: ((answer(given) - wanted) ** 2).sum() / 3)(params)["params"]
        slopes = {part: np.asarray(slope["kernel"]) for part, slope in slopes.items()}
    for engine in ("reference", "arrays"):
        sent = ns.run(net, {"tokens": x[:, None]}, record=["out"], engine=engine)["out"]
        assert np.allclose(sent[:, 0], out, rtol=0, atol=1e-10)
    _, found = gradient(net, {"tokens": x[:, None]}, {"out": wanted[:, None]}, loss={"out": "squared_error"})
    for part, name in names.items():
        assert np.allclose(found[name], slopes[part] if part == "out" else slopes[part].swapaxes(0, 1), rtol=0, atol=1e-10)
