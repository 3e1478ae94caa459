"""Optimisers of optax by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from neurosim.errors import DescriptionError, EngineError, install_hint, nearest, shown
from neurosim.network.values import plain_number

NAMES = ("sgd", "rmsprop", "adagrad", "adam", "adamw")
SCHEDULES = ("cosine", "exponential")


def need_optax() -> Any:
    """The module optax. Raises EngineError with the remedy."""
    try:
        import optax
    except ImportError as error:
        raise EngineError(
            f"train: needs optax, which cannot be imported ({error}). {install_hint('train')}"
        ) from None
    return optax


def make_optimiser(
    optimizer: Any, rate: Any, schedule: Any, momentum: float, nesterov: bool, clip: float | None, steps: int
) -> Any:
    """The optax transformation that these arguments of `train` name."""
    optax = need_optax()
    if hasattr(optimizer, "init") and hasattr(optimizer, "update"):
        made = optimizer
    elif isinstance(optimizer, str) and optimizer in NAMES:
        speed = _schedule(optax, rate, schedule, steps)
        if optimizer == "sgd":
            made = optax.sgd(speed, momentum=momentum or None, nesterov=nesterov)
        else:
            made = getattr(optax, optimizer)(speed)
    else:
        raise DescriptionError(
            f"train: optimizer {shown(optimizer)} is not known. {nearest(optimizer, NAMES)} Or give an optax transformation."
        )
    if clip is None:
        return made
    most = plain_number(clip, "train: clip", "Give the largest norm of the gradient, above 0.", low=1e-30)
    return optax.chain(optax.clip_by_global_norm(most), made)


def _schedule(optax: Any, rate: Any, schedule: Any, steps: int) -> float | Callable[[Any], Any]:
    first = plain_number(rate, "train: rate", "Give a learning rate above 0, such as 0.001.", low=1e-30)
    if schedule is None:
        return first
    if callable(schedule):
        return schedule
    if schedule == "cosine":
        return optax.cosine_decay_schedule(first, max(steps, 1))
    if schedule == "exponential":  # to a hundredth at the end
        return optax.exponential_decay(first, max(steps, 1), 0.01)
    raise DescriptionError(
        f"train: schedule {shown(schedule)} is not known. {nearest(schedule, SCHEDULES)} Or give an optax schedule."
    )
