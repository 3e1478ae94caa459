"""Content addressing: a key finds the rows of a memory that point the way it does.

Source: Graves, Wayne & Danihelka 2014, Neural Turing machines, arXiv:1410.5401, equations 5 and 6; with
several keys, Graves et al. 2016, Nature 538, 471, doi:10.1038/nature20101.
"""

from typing import Any

import numpy as np

import neurosim as ns


def content_addressing(
    n_slots: int, width: int, *, n_keys: int | None = None, epsilon: float = 1e-6
) -> ns.Network:
    """`key`, `beta` and `rows` -> `content`, the address of the slots whose rows are like the key.

    content = softmax(beta cos(key, rows)) over the slots, where cos(a, b) = a'b/(|a| |b| + epsilon). It is a
    part of a network with a memory: `part.named("read")`, and what sends its inputs. `content` also holds z
    = beta cos(key, rows).

    Arguments:
        n_slots: the number of slots of the memory.
        width: the number of values in a slot, and in a key.
        n_keys: the number of keys, each with an address of its own: `key` has shape (n_keys, width), `beta`
            (n_keys,) and `content` (n_keys, n_slots). Default: one key without an axis for it; `beta` has
            shape (1,).
        epsilon: which length of row and key, multiplied, counts as none. An empty row is like no key.

    Raises DescriptionError for an epsilon that is not above 0.

    >>> content_addressing(6, 4)["content"].shape, content_addressing(6, 4, n_keys=2)["content"].shape
    ((6,), (2, 6))
    """
    keys = () if n_keys is None else (n_keys,)
    key, beta = ns.Neurons("key", (*keys, width)), ns.Neurons("beta", keys or 1)
    _, synapses = address(key, beta, ns.Neurons("rows", (n_slots, width)), epsilon=epsilon)
    return ns.Network(synapses, schedule=ns.Layered())


def address(
    key: ns.Neurons, beta: ns.Neurons, rows: ns.Neurons, name: str = "content", *, epsilon: float = 1e-6
) -> tuple[ns.Neurons, list[ns.Synapses]]:
    """The population `name` of addresses, and its synapses, from populations of the shapes given above."""
    if epsilon <= 0:
        raise ns.DescriptionError(
            f"content_addressing: epsilon={epsilon} is not above 0. Give a small number, such as 1e-6."
        )
    n_slots, keys = rows.shape[0], key.shape[:-1]
    # At a row of zeros the slope of the root would be infinite.
    text = "z = beta*dot/(sqrt(maximum(slot*key, 1e-30)) + epsilon)\nc = softmax(z)"
    content = ns.Neurons(
        name, (*keys, n_slots), ports="dot slot key beta", update=text, sends="c", epsilon=epsilon
    )
    k = "key " if keys else ""
    each = {"weight": np.ones(n_slots), "wiring": ns.einsum("key, slot -> key slot")} if keys else {}
    return content, [
        ns.Synapses(key, content, to="dot", weight=rows, wiring=ns.einsum(f"{k}part, slot part -> {k}slot")),
        ns.Synapses(key, content, to="key", weight=key, wiring=ns.einsum(f"{k}part, {k}part -> {k}slot")),
        ns.Synapses(
            rows, content, to="slot", weight=rows, wiring=ns.einsum(f"slot part, slot part -> {k}slot")
        ),
        ns.Synapses(beta, content, to="beta", **each),
    ]


def example() -> dict[str, Any]:
    """Three keys, each a row with noise, ever sharper."""
    random = np.random.default_rng(0)
    rows = random.normal(size=(6, 4))
    inputs = {
        "rows": np.tile(rows, (8, 1, 1)),
        "key": rows[[4, 0, 2]] + 0.3 * random.normal(size=(8, 3, 4)),
        "beta": np.tile(np.arange(1.0, 9.0)[:, None], 3),
    }
    return {"net": content_addressing(6, 4, n_keys=3), "inputs": inputs, "record": ["content"], "seed": 1}
