"""Networks that learn from data, as estimators of scikit-learn; each ends in a `network_` that runs and is recorded like any other."""

from importlib import import_module
from typing import Any

# The file of each name: scikit-learn is imported when one is first asked for.
WHERE: dict[str, str] = {
    "BoltzmannMachine": "boltzmann",
    "DeepBelief": "deep_belief",
    "DeepBeliefClassifier": "deep_belief",
    "DeltaRuleClassifier": "perceptron",
    "DeltaRuleRegressor": "perceptron",
    "EchoStateRegressor": "echo_state",
    "ExtremeLearningClassifier": "extreme_learning",
    "ExtremeLearningRegressor": "extreme_learning",
    "HopfieldMemory": "hopfield",
    "KohonenMap": "kohonen",
    "MarkovChain": "markov_chain",
    "ModernHopfieldMemory": "modern_hopfield",
    "NetworkClassifier": "network_estimators",
    "NetworkEncoder": "network_estimators",
    "NetworkRegressor": "network_estimators",
    "NextGenerationReservoir": "next_generation",
    "Perceptron": "perceptron",
    "RadialBasisClassifier": "radial_basis",
    "RadialBasisRegressor": "radial_basis",
    "RecursiveLeastSquares": "least_squares",
    "RestrictedBoltzmann": "restricted_boltzmann",
    "SequenceClassifier": "sequence_classifier",
    "anneal": "boltzmann",
    "annealed_importance_sampling": "partition",
    "beam_search": "generate",
    "closed_loop": "generate",
    "force_learning": "force",
    "free_energy": "partition",
    "gardner": "storing",
    "gradient": "train",
    "intrinsic_plasticity": "intrinsic",
    "log_partition": "partition",
    "pseudo_inverse": "storing",
    "sample": "generate",
    "storkey": "storing",
}

__all__ = list(WHERE)  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name in WHERE:
        return getattr(import_module(f"{__name__}.{WHERE[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*globals(), *WHERE]
