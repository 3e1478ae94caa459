"""Optimisers and learning rate schedules of optax, by name."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, runtime_checkable

from neurosim.errors import DescriptionError, EngineError, install_hint, nearest, shown
from neurosim.network.values import plain_number

if TYPE_CHECKING:
    from types import ModuleType

    from jax import Array

NAMES = ("sgd", "rmsprop", "adagrad", "adam", "adamw")
SCHEDULES = ("cosine", "exponential")
FINAL_FRACTION = 0.01  # of the learning rate at the end of the schedule 'exponential'
Rate: TypeAlias = float | Mapping[str, float]  # of all parameters, or by patterns of their names
Schedule: TypeAlias = "Callable[[Array], Array | float]"  # of the number of the update, as optax has them


@runtime_checkable
class Optimiser(Protocol):
    """An optax transformation of gradients, or anything else with its two functions."""

    init: Callable[..., Any]
    update: Callable[..., Any]


@dataclass(frozen=True)
class Descent:
    """What an update does with derivatives; the default is for losses that are only measured.

    optimisers: one for each objective.
    key: what tells them apart; None where the user made one, or a part of it.
    l1, l2: the penalties on weights.
    """

    optimisers: list[Optimiser] = field(default_factory=list[Optimiser])
    key: Hashable | None = ()
    l1: float = 0.0
    l2: float = 0.0


def need_optax() -> ModuleType:
    """The module optax. Raises EngineError, which says how to install it, if there is none."""
    try:
        import optax
    except ImportError as error:
        raise EngineError(
            f"train: needs optax, which cannot be imported ({error}). {install_hint('train')}"
        ) from None
    return optax


def make_optimiser(
    optimizer: str | Optimiser,
    rate: Rate,
    schedule: str | Schedule | None,
    momentum: float,
    nesterov: bool,
    clip: float | None,
    steps: int,
    names: Sequence[str],
) -> Optimiser:
    """The optax transformation that these arguments of `train` describe, for so many updates.

    names: of all parameters
    """
    optax = need_optax()
    if isinstance(optimizer, Optimiser):
        made = optimizer
    elif isinstance(optimizer, str) and optimizer in NAMES:

        def with_rate(rate: float) -> Any:
            rates = _schedule(optax, rate, schedule, steps)
            if optimizer == "sgd":
                return optax.sgd(rates, momentum=momentum or None, nesterov=nesterov)
            return getattr(optax, optimizer)(rates)

        made = _by_name(optax, rate, with_rate, names) if isinstance(rate, Mapping) else with_rate(rate)
    else:
        raise DescriptionError(
            f"train: optimizer {shown(optimizer)} is not known."
            f" {nearest(optimizer, NAMES)} Or give an optax transformation."
        )
    if clip is None:
        return made
    norm = plain_number(clip, "train: clip", "Give the largest norm of the gradient, above 0.", low=1e-30)
    return optax.chain(optax.clip_by_global_norm(norm), made)


def optimiser_key(
    optimizer: str | Optimiser,
    rate: Rate,
    schedule: str | Schedule | None,
    momentum: float,
    nesterov: bool,
    clip: float | None,
    steps: int,
) -> Hashable | None:
    """What tells the optimisers that `make_optimiser` makes of these arguments apart.

    None where the user made one of them, which may change between two calls.
    """
    parts = (optimizer, rate, schedule, momentum, nesterov, clip)
    if not all(part is None or isinstance(part, str | float | int) for part in parts):
        return None
    return (*parts, steps if schedule is not None else 0)


def _by_name(
    optax: ModuleType, rates: Mapping[str, float], with_rate: Callable[[float], Any], names: Sequence[str]
) -> Any:
    """The transformation that changes each parameter at the rate of the first pattern that fits its name."""
    known = {*names, *(f"{name}.delay" for name in names)}  # one dict serves where delays learn and where not
    for pattern in map(str, rates):
        if not any(fnmatchcase(name, pattern) for name in known):
            raise DescriptionError(
                f"train: rate: the pattern {pattern!r} fits nothing that learns. {nearest(pattern, names)}"
            )
    labels: dict[str, str] = {}
    for name in names:
        fitting = [str(pattern) for pattern in rates if fnmatchcase(name, str(pattern))]
        if not fitting:
            raise DescriptionError(
                f"train: rate {shown(rates)} has no pattern that fits {name!r}. Add one, such as '*': 0.001."
            )
        labels[name] = fitting[0]
    made = {str(pattern): with_rate(rate) for pattern, rate in rates.items()}
    return optax.multi_transform(made, lambda values: {name: labels[name] for name in values})


def _schedule(
    optax: ModuleType, rate: float, schedule: str | Schedule | None, steps: int
) -> float | Schedule:
    first = plain_number(rate, "train: rate", "Give a learning rate above 0, such as 0.001.", low=1e-30)
    if schedule is None:
        return first
    if callable(schedule):
        return schedule
    if schedule == "cosine":
        return optax.cosine_decay_schedule(first, max(steps, 1))
    if schedule == "exponential":
        return optax.exponential_decay(first, max(steps, 1), FINAL_FRACTION)
    raise DescriptionError(
        f"train: schedule {shown(schedule)} is not known."
        f" {nearest(schedule, SCHEDULES)} Or give an optax schedule."
    )
