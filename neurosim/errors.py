"""The errors of neurosim. Each message names the object, the value, the rule and the remedy.

One fault has one class, wherever it is found. An argument that cannot be right is a `DescriptionError`, and
so are data of an estimator that do not fit its network or its parameters. What scikit-learn itself checks,
such as NaN in X or a prediction before `fit`, stays its own ValueError, TypeError or NotFittedError. A
`DescriptionError` is a ValueError too, as scikit-learn expects.
"""

from collections.abc import Iterable
from difflib import get_close_matches

# The name under which this package is installed. Another package on the public index is called `neurosim`.
DISTRIBUTION = "neurosim-networks"


class NeurosimError(Exception):
    """Any error that neurosim raises on purpose."""


class DescriptionError(NeurosimError, ValueError):
    """An argument is wrong: of a description, a run, or a function. Raised before anything runs."""


class PlanError(NeurosimError, ValueError):
    """Each part of a description is valid, but their texts, units or timing do not fit together."""


class EngineError(NeurosimError, RuntimeError):
    """An engine cannot run this network, or failed while it ran."""


class RecordingError(NeurosimError, OSError):
    """A recording cannot be written or opened, or does not hold what is asked of it."""


def shown(value: object, most: int = 80) -> str:
    """A value for an error message: on one line of at most `most` characters, even if its own repr fails.

    >>> shown([1, 2])
    '[1, 2]'
    """
    try:
        text = (
            str(value) if hasattr(value, "dim") else repr(value)
        )  # a quantity: '10. ms', not '10. * msecond'
    except Exception:
        text = f"<{type(value).__name__}>"
    text = " ".join(text.split())
    return text if len(text) <= most else text[: most - 3] + "..."


def install_hint(extra: str) -> str:
    """The end of an error message: how to install an extra; quoted, since shells expand brackets.

    >>> install_hint("figures")
    "Install it: pip install 'neurosim-networks[figures]'."
    """
    return f"Install it: pip install '{DISTRIBUTION}[{extra}]'."


def nearest(name: object, known: Iterable[object]) -> str:
    """The end of an error message for an unknown name: the closest known name, or the known names.

    >>> nearest("liqid", ["ears", "liquid"])
    "Did you mean 'liquid'?"
    """
    names = sorted(map(str, known))
    close = get_close_matches(name, names, n=1, cutoff=0.6) if isinstance(name, str) else []
    if close:
        return f"Did you mean '{close[0]}'?"
    if not names:
        return "There are none."
    listed = ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")
    return f"There is: {listed}."
