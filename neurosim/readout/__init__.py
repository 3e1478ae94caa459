"""From recordings to answers: features of a recording, and networks as transformers of scikit-learn."""

from typing import TYPE_CHECKING, Any

from .encodings import latency as latency
from .encodings import poisson as poisson
from .encodings import regular as regular
from .features import features as features

if TYPE_CHECKING:
    from .estimators import NetworkTransformer as NetworkTransformer


def __getattr__(name: str) -> Any:
    """scikit-learn is imported when the transformer is first asked for."""
    if name == "NetworkTransformer":
        from .estimators import NetworkTransformer

        return NetworkTransformer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
