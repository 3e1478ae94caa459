"""The errors of neurosim: each names the object, the value, the rule and the remedy."""

from collections.abc import Iterable
from difflib import get_close_matches

DISTRIBUTION = "neurosim-networks"  # what the package is called where it is installed from; `neurosim` there is somebody else's


class NeurosimError(Exception):
    """Any error that neurosim raises on purpose."""


class DescriptionError(NeurosimError, ValueError):
    """What was described or asked for cannot be right; raised before anything runs."""


class PlanError(NeurosimError, ValueError):
    """The description is sound by itself, but its text, units or timing do not fit together."""


class EngineError(NeurosimError, RuntimeError):
    """An engine cannot run, or could not finish, this plan."""


class RecordingError(NeurosimError, OSError):
    """A recording cannot be written, opened, or does not hold what was asked of it."""


def shown(given: object, most: int = 80) -> str:
    """A value as a message shows it: on one line, shortened, whatever its own repr does.

    >>> shown([1, 2])
    '[1, 2]'
    """
    try:
        text = str(given) if hasattr(given, "dim") else repr(given)
    except Exception:
        text = f"<{type(given).__name__}>"
    text = " ".join(text.split())
    return text if len(text) <= most else text[: most - 3] + "..."


def install_hint(extra: str) -> str:
    """A hint that ends an error message: what to install; quoted, since some shells read brackets as patterns.

    >>> install_hint("figures")
    "Install it: pip install 'neurosim-networks[figures]'."
    """
    return f"Install it: pip install '{DISTRIBUTION}[{extra}]'."


def nearest(name: object, known: Iterable[str]) -> str:
    """A hint that ends an error message: the closest known name, else the names there are.

    >>> nearest("liqid", ["ears", "liquid"])
    "Did you mean 'liquid'?"
    """
    names = sorted(str(k) for k in known)
    close = get_close_matches(name, names, n=1, cutoff=0.6) if isinstance(name, str) else []
    if close:
        return f"Did you mean '{close[0]}'?"
    if not names:
        return "There are none."
    shown = ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")
    return f"There is: {shown}."
