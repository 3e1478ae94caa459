"""The former module of `Loss`, which is now `neurosim.learn.Loss`; it will be removed in the next release."""

import warnings

from neurosim.learn.training import losses


def __getattr__(name: str) -> object:
    if name not in ("Loss", "LOSSES", "SENT", "SMALL"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    warnings.warn(
        "neurosim.learn.losses has moved. Use neurosim.learn.Loss, or"
        f" neurosim.learn.training.losses.{name}.",
        DeprecationWarning,
        stacklevel=2,
    )
    return getattr(losses, name)
