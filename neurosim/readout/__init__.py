"""From recordings to answers: features of a recording, how well its states tell inputs apart, networks as transformers of scikit-learn."""

from typing import TYPE_CHECKING, Any

from .cochlea import cochlea as cochlea
from .encodings import latency as latency
from .encodings import poisson as poisson
from .encodings import regular as regular
from .features import features as features
from .liquid import fading_memory as fading_memory
from .liquid import separation as separation
from .liquid import spike_distance as spike_distance

if TYPE_CHECKING:
    from .estimators import NetworkTransformer as NetworkTransformer


def __getattr__(name: str) -> Any:
    """scikit-learn is imported when the transformer is first asked for."""
    if name == "NetworkTransformer":
        from .estimators import NetworkTransformer

        return NetworkTransformer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
