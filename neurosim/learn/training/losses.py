"""Losses: functions of what a population sends and of what it should send, which training makes small.

A `Loss` holds all that is known of one loss. Its function takes `sent`, shape (trial, tick, *shape), and
`target`, of the same shape, and gives one number for every target. A loss of classes looks along the last
axis, and its targets are whole numbers, shape (trial, tick, *shape without the last axis). `objective.py`
leaves out the targets that are not known, sums over neurons, and takes the mean.

A loss that is not here is made where it is needed, and given to `ns.train` or to an estimator:

>>> from neurosim.learn import Loss
>>> def distance(jax, sent, target):
...     return jax.numpy.where(abs(sent - target) < 1, (sent - target)**2/2, abs(sent - target) - 0.5)
>>> huber = Loss("huber", distance)
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import numpy as np

from neurosim.errors import DescriptionError, nearest, shown
from neurosim.learn.training.output_kinds import CHANCES, CLASSES, SCORES, output_kind
from neurosim.network.network import Network
from neurosim.network.neurons import Neurons

if TYPE_CHECKING:
    from types import ModuleType

    from jax import Array

FIRST_SPIKE = "first_spike"
READS = ("sent", FIRST_SPIKE)  # what a loss may be given
SMALL = 1e-7  # probabilities are kept this far from 0 and 1, so that their logarithm is finite in 32 bits


@dataclass(frozen=True)
class Loss:
    """A loss, given as `loss=` to `ns.train`, `learn.gradient` or an estimator.

    Arguments:
        name: what error messages call it.
        of: a function (jax, sent, target) -> one number for every target. `sent` is a JAX array, shape
            (trial, tick, *shape); `target` has the same shape, or lacks the last axis where `labels` is True.
        labels: whether targets are classes, numbered from 0, one for all neurons of the last axis.
        targets: whether there are targets. If not, the loss depends on `sent` alone.
        refuses: kinds of output that the loss does not fit: "numbers of any size", "probabilities" or
            "probabilities of classes", as far as the text of the population shows which it sends.
        remedy: a sentence that ends the error of such an output and says what to do instead.
        reads: what `sent` is: 'sent', what the population sends; or 'first_spike', the times of the first
            spikes in seconds, and the length of the run for neurons that do not spike, shape
            (trial, 1, *shape). A spike changes in time only by gradient="eventprop".
    """

    name: str
    of: Callable[[ModuleType, Array, Array], Array]
    labels: bool = False
    targets: bool = True
    refuses: frozenset[str] = frozenset()
    remedy: str = ""
    reads: str = "sent"

    def __reduce__(self) -> tuple[Callable[..., Loss], tuple[Any, ...]]:
        """Copies of a loss of the table are that loss: its function has no name to be found by."""
        if LOSSES.get(self.name) is self:
            return _loss_called, (self.name,)
        return Loss, tuple(getattr(self, field.name) for field in fields(self))


def _loss_called(name: str) -> Loss:
    return LOSSES[name]


Function: TypeAlias = "Callable[[Array, Array], Array]"  # (sent, target) -> loss of every tick, (trial, tick)
AnyLoss: TypeAlias = "Loss | Function"
NamedLoss: TypeAlias = "str | AnyLoss"
LossGiven: TypeAlias = "NamedLoss | Mapping[str, NamedLoss]"  # of the only target, or by population


def _bernoulli(jax: ModuleType, sent: Array, target: Array) -> Array:
    """-target log p - (1 - target) log(1 - p), where p = sent is the probability of a 1."""
    p = jax.numpy.clip(sent, SMALL, 1.0 - SMALL)
    return -(target * jax.numpy.log(p) + (1.0 - target) * jax.numpy.log1p(-p))


def _kullback_leibler(jax: ModuleType, sent: Array, target: Array) -> Array:
    """target log(target/sent), where both are probabilities."""
    # The inner `where` keeps the gradient finite where the target is 0: there the term is 0, whatever is
    # sent.
    known = jax.numpy.where(target > 0, target, 1.0)
    ratio = jax.numpy.log(known) - jax.numpy.log(jax.numpy.clip(sent, SMALL, None))
    return jax.numpy.where(target > 0, target * ratio, 0.0)


def _hinge(jax: ModuleType, sent: Array, target: Array) -> Array:
    """max(0, 1 + max over the other classes of sent - sent[target]).

    Source: Crammer & Singer 2001, J. Mach. Learn. Res. 2, 265.
    """
    own = jax.nn.one_hot(target, sent.shape[-1], dtype=bool)
    others = jax.numpy.where(own, -jax.numpy.inf, sent).max(axis=-1)
    return jax.numpy.maximum(0.0, 1.0 + others - _of_target(jax, sent, target))


def _cross_entropy(jax: ModuleType, sent: Array, target: Array) -> Array:
    """-log softmax(sent)[target]."""
    return -_of_target(jax, jax.nn.log_softmax(sent, axis=-1), target)


def _log_loss(jax: ModuleType, sent: Array, target: Array) -> Array:
    """-log sent[target]."""
    return -jax.numpy.log(jax.numpy.clip(_of_target(jax, sent, target), SMALL, None))


def _first_spike(jax: ModuleType, sent: Array, target: Array) -> Array:
    """-log softmax(-t/ms)[target], where t = sent is when each neuron first spikes.

    Source: Goeltz et al. 2021, Nat. Mach. Intell. 3, 823, doi:10.1038/s42256-021-00388-x.
    """
    return _cross_entropy(jax, -1e3 * sent, target)


def _of_target(jax: ModuleType, value: Array, target: Array) -> Array:
    """The number of the target class, along the last axis."""
    return jax.numpy.take_along_axis(value, target[..., None], axis=-1)[..., 0]


_SCORES = frozenset({SCORES})
_CLASSES = frozenset({CLASSES})
_USE_LOG_LOSS = "Use 'log_loss', which takes probabilities, or let it send the scores themselves."
_USE_BERNOULLI = "Use 'bernoulli', which takes probabilities, or let it send the scores themselves."
_USE_BERNOULLI_SCORES = "Use 'bernoulli_scores', which takes scores, or let it send sigmoid(...)."
_USE_CROSS_ENTROPY = "Use 'cross_entropy', which takes scores, or let it send softmax(...)."
_SEND_CHANCES = "Let it send softmax(...) or sigmoid(...)."
_TABLE = (
    Loss("squared_error", lambda jax, sent, target: (sent - target) ** 2),
    Loss("absolute_error", lambda jax, sent, target: jax.numpy.abs(sent - target)),
    Loss("bernoulli", _bernoulli, refuses=_SCORES, remedy=_USE_BERNOULLI_SCORES),
    Loss(  # 'bernoulli' of p = sigmoid(sent)
        "bernoulli_scores",
        lambda jax, sent, target: jax.nn.softplus(sent) - target * sent,
        refuses=frozenset({CLASSES, CHANCES}),
        remedy=_USE_BERNOULLI,
    ),
    Loss(  # -log of a normal density of standard deviation 1
        "gaussian", lambda jax, sent, target: 0.5 * (sent - target) ** 2 + 0.5 * np.log(2.0 * np.pi)
    ),
    Loss("kullback_leibler", _kullback_leibler, refuses=_SCORES, remedy=_SEND_CHANCES),
    Loss("cross_entropy", _cross_entropy, labels=True, refuses=_CLASSES, remedy=_USE_LOG_LOSS),
    Loss("log_loss", _log_loss, labels=True, refuses=frozenset({SCORES, CHANCES}), remedy=_USE_CROSS_ENTROPY),
    Loss("hinge", _hinge, labels=True, refuses=_CLASSES, remedy=_USE_LOG_LOSS),
    Loss("first_spike", _first_spike, labels=True, reads=FIRST_SPIKE),
    Loss("sent", lambda jax, sent, target: sent, targets=False),  # what the population sends is the loss
)
LOSSES: dict[str, Loss] = {loss.name: loss for loss in _TABLE}
SENT = LOSSES["sent"]


def reads_first_spikes(loss: AnyLoss) -> bool:
    """Whether a loss reads the times of first spikes instead of what a population sends."""
    return isinstance(loss, Loss) and loss.reads == FIRST_SPIKE


def read_losses(
    net: Network, loss: LossGiven | Sequence[LossGiven], targets: Collection[str]
) -> list[dict[str, AnyLoss]]:
    """The objectives that `loss=` names: for each, the loss of every population that has one.

    `targets` are the names of the populations that have a target. Raises DescriptionError for what is no
    loss, for a loss without its target, and for a loss that does not fit what its population sends.
    """
    objectives = list(loss) if isinstance(loss, list | tuple) else [loss]
    if not objectives:
        raise DescriptionError(
            "train: loss is an empty list. Give a name such as 'squared_error', or {population: name}."
        )
    return [_read_objective(net, objective, targets) for objective in objectives]


def _read_objective(net: Network, loss: object, targets: Collection[str]) -> dict[str, AnyLoss]:
    if isinstance(loss, str | Loss) or callable(loss):
        if isinstance(loss, str) and loss in net.populations:
            return {loss: SENT}
        if len(targets) != 1:
            raise DescriptionError(
                f"train: loss {shown(loss)} does not say of which population, and there are {len(targets)}"
                " targets. Give targets={population: array}, or loss={population: name}."
            )
        loss = {next(iter(targets)): loss}
    if not isinstance(loss, Mapping) or not loss:
        raise DescriptionError(
            f"train: loss {shown(loss)} is neither a name nor a dict."
            " Give one such as {'out': 'cross_entropy'}."
        )
    for name in loss:
        if name not in net.populations:
            raise DescriptionError(
                f"train: loss of {shown(name)}: there is no such population. {nearest(name, net.populations)}"
            )
    return {name: _read_loss(net.populations[name], one, name in targets) for name, one in loss.items()}


def _read_loss(out: Neurons, given: object, has_target: bool) -> AnyLoss:
    """The loss of one population."""
    if not isinstance(given, Loss) and callable(given):
        return cast("Function", given)
    loss = LOSSES.get(given) if isinstance(given, str) else given
    if not isinstance(loss, Loss):
        raise DescriptionError(
            f"train: loss {shown(given)} of {out.name!r} is not known. {nearest(given, LOSSES)}"
            " Or give a function (sent, target)."
        )
    if loss.targets and not has_target:
        raise DescriptionError(
            f"train: loss {loss.name!r} of {out.name!r} needs a target. Give targets={{{out.name!r}: array}}."
        )
    if loss.reads not in READS:
        raise DescriptionError(
            f"train: loss {loss.name!r} of {out.name!r} reads {shown(loss.reads)}, which is not known."
            f" {nearest(loss.reads, READS)}"
        )
    if loss.reads == FIRST_SPIKE and not out.spiking:
        raise DescriptionError(
            f"train: loss {loss.name!r} of {out.name!r} reads first spikes, but it sends none."
            " Give it a threshold, or use 'cross_entropy'."
        )
    kind = output_kind(out)
    if kind in loss.refuses:
        text = next((s.expression for s in reversed(out.statements) if s.name == out.sends), out.sends)
        raise DescriptionError(
            f"train: loss {loss.name!r} of {out.name!r} does not fit:"
            f" it sends {kind}, {out.sends} = {text}. {loss.remedy}"
        )
    return loss
