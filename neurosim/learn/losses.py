"""What training makes small: functions of what a population sends and of what it should send, one number for every target.

Each takes `sent` and `target`, (trial, tick, *shape); `objective.py` sums over the targets that are known, and takes the mean.
Those of classes look along the last axis and take whole numbers (trial, tick, *shape without the last axis) as targets.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

SMALL = 1e-7  # probabilities stay as far from 0 and 1, so that their logarithm is a number in 32 bits


def squared_error(sent: Any, target: Any) -> Any:
    """(sent - target)^2."""
    return (sent - target) ** 2


def absolute_error(sent: Any, target: Any) -> Any:
    """|sent - target|."""
    return jnp.abs(sent - target)


def bernoulli(sent: Any, target: Any) -> Any:
    """-target log p - (1 - target) log(1 - p), p = sent: probabilities of 1."""
    p = jnp.clip(sent, SMALL, 1.0 - SMALL)
    return -(target * jnp.log(p) + (1.0 - target) * jnp.log1p(-p))


def bernoulli_scores(sent: Any, target: Any) -> Any:
    """The same for scores x, p = sigmoid(x)."""
    return jax.nn.softplus(sent) - target * sent


def gaussian(sent: Any, target: Any) -> Any:
    """(sent - target)^2/2 + log(2 pi)/2: a normal distribution of standard deviation 1."""
    return 0.5 * (sent - target) ** 2 + 0.5 * np.log(2.0 * np.pi)


def kullback_leibler(sent: Any, target: Any) -> Any:
    """target log(target/sent): both are probabilities."""
    known = jnp.where(target > 0, target, 1.0)
    return jnp.where(target > 0, target * (jnp.log(known) - jnp.log(jnp.clip(sent, SMALL, None))), 0.0)


def cross_entropy(sent: Any, target: Any) -> Any:
    """-log softmax(sent)[target]: sent are scores."""
    return -_chosen(jax.nn.log_softmax(sent, axis=-1), target)


def log_loss(sent: Any, target: Any) -> Any:
    """-log sent[target]: sent are probabilities."""
    return -jnp.log(jnp.clip(_chosen(sent, target), SMALL, None))


def hinge(sent: Any, target: Any) -> Any:
    """max(0, 1 + max over the other classes of sent - sent[target]).

    Source: Crammer & Singer 2001, J. Mach. Learn. Res. 2, 265.
    """
    own = jax.nn.one_hot(target, sent.shape[-1], dtype=bool)
    others = jnp.where(own, -jnp.inf, sent).max(axis=-1)
    return jnp.maximum(0.0, 1.0 + others - _chosen(sent, target))


def _chosen(value: Any, target: Any) -> Any:
    return jnp.take_along_axis(value, target[..., None], axis=-1)[..., 0]


def sent(sent: Any, target: Any) -> Any:
    """What the population sends is the loss itself."""
    return sent


LOSSES: dict[str, Callable[[Any, Any], Any]] = {
    function.__name__: function
    for function in (
        squared_error, absolute_error, bernoulli, bernoulli_scores, gaussian, kullback_leibler, cross_entropy, log_loss, hinge, sent,
    )
}  # fmt: skip
