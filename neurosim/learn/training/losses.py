"""What training makes small: functions of what a population sends and of what it should send, one number for every target.

A loss is one entry, which holds all that is known of it. `sent` and `target` are (trial, tick, *shape); `objective.py` sums over
the targets that are known, and takes the mean. Losses of classes look along the last axis, and their targets are whole
numbers (trial, tick, *shape without the last axis).

Whoever needs one that is not here gives it to `ns.train` or to an estimator:

>>> from neurosim.learn import Loss
>>> huber = Loss("huber", lambda jax, sent, target: jax.numpy.where(abs(sent - target) < 1, (sent - target)**2/2, abs(sent - target) - 0.5))
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from neurosim.learn.training.output_kinds import CHANCES, CLASSES, SCORES

SMALL = 1e-7  # probabilities stay as far from 0 and 1, so that their logarithm is a number in 32 bits


@dataclass(frozen=True)
class Loss:
    """A loss: `of(jax, sent, target)` is one number for every target.

    `labels` says that the targets are classes; `targets` whether there are any. `refuses` are kinds of output that it does not
    fit (see `outputs.py`), and `remedy` what to do instead.
    """

    name: str
    of: Callable[[Any, Any, Any], Any]
    labels: bool = False
    targets: bool = True
    refuses: frozenset[str] = frozenset()
    remedy: str = ""


def _bernoulli(jax: Any, sent: Any, target: Any) -> Any:
    """-target log p - (1 - target) log(1 - p), p = sent: probabilities of 1."""
    p = jax.numpy.clip(sent, SMALL, 1.0 - SMALL)
    return -(target * jax.numpy.log(p) + (1.0 - target) * jax.numpy.log1p(-p))


def _kullback_leibler(jax: Any, sent: Any, target: Any) -> Any:
    """target log(target/sent): both are probabilities."""
    known = jax.numpy.where(target > 0, target, 1.0)
    ratio = jax.numpy.log(known) - jax.numpy.log(jax.numpy.clip(sent, SMALL, None))
    return jax.numpy.where(target > 0, target * ratio, 0.0)


def _hinge(jax: Any, sent: Any, target: Any) -> Any:
    """max(0, 1 + max over the other classes of sent - sent[target]).

    Source: Crammer & Singer 2001, J. Mach. Learn. Res. 2, 265.
    """
    own = jax.nn.one_hot(target, sent.shape[-1], dtype=bool)
    others = jax.numpy.where(own, -jax.numpy.inf, sent).max(axis=-1)
    return jax.numpy.maximum(0.0, 1.0 + others - _chosen(jax, sent, target))


def _chosen(jax: Any, value: Any, target: Any) -> Any:
    return jax.numpy.take_along_axis(value, target[..., None], axis=-1)[..., 0]


_INSTEAD_SCORES = "which takes scores, or let it send"
_TABLE = (
    Loss("squared_error", lambda jax, sent, target: (sent - target) ** 2),
    Loss("absolute_error", lambda jax, sent, target: jax.numpy.abs(sent - target)),
    Loss("bernoulli", _bernoulli, refuses=frozenset({SCORES}), remedy=f"Use 'bernoulli_scores', {_INSTEAD_SCORES} sigmoid(...)."),
    # The same for scores x, p = sigmoid(x).
    Loss(
        "bernoulli_scores", lambda jax, sent, target: jax.nn.softplus(sent) - target * sent, refuses=frozenset({CLASSES, CHANCES}),
        remedy="Use 'bernoulli', which takes probabilities, or let it send the scores themselves.",
    ),
    # A normal distribution of standard deviation 1.
    Loss("gaussian", lambda jax, sent, target: 0.5 * (sent - target) ** 2 + 0.5 * np.log(2.0 * np.pi)),
    Loss("kullback_leibler", _kullback_leibler, refuses=frozenset({SCORES}), remedy="Let it send softmax(...) or sigmoid(...)."),
    # -log softmax(sent)[target]: sent are scores.
    Loss(
        "cross_entropy", lambda jax, sent, target: -_chosen(jax, jax.nn.log_softmax(sent, axis=-1), target), labels=True,
        refuses=frozenset({CLASSES}), remedy="Use 'log_loss', which takes probabilities, or let it send the scores themselves.",
    ),
    # -log sent[target]: sent are probabilities.
    Loss(
        "log_loss", lambda jax, sent, target: -jax.numpy.log(jax.numpy.clip(_chosen(jax, sent, target), SMALL, None)), labels=True,
        refuses=frozenset({SCORES, CHANCES}), remedy=f"Use 'cross_entropy', {_INSTEAD_SCORES} softmax(...).",
    ),
    Loss(
        "hinge", _hinge, labels=True,
        refuses=frozenset({CLASSES}), remedy="Use 'log_loss', which takes probabilities, or let it send the scores themselves.",
    ),
    # What the population sends is the loss itself.
    Loss("sent", lambda jax, sent, target: sent, targets=False),
)  # fmt: skip
LOSSES: dict[str, Loss] = {loss.name: loss for loss in _TABLE}
SENT = LOSSES["sent"]
