"""Networks that learn from data, as estimators of scikit-learn; each ends in a `network_` that runs and is recorded like any other."""

from importlib import import_module
from typing import Any

WHERE: dict[str, str] = {  # the file of each name: scikit-learn is imported when one is first asked for
    "EchoStateRegressor": "echo_state",
    "KohonenMap": "kohonen",
    "NextGenerationReservoir": "next_generation",
    "RecursiveLeastSquares": "least_squares",
    "SequenceClassifier": "sequence_classifier",
    "force_learning": "force",
    "intrinsic_plasticity": "intrinsic",
}


def __getattr__(name: str) -> Any:
    if name in WHERE:
        return getattr(import_module(f"{__name__}.{WHERE[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*globals(), *WHERE]
