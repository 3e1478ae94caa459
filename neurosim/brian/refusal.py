"""What the device does not run is refused by name; `fallback=True` then leaves the run to Brian2."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from neurosim.brian.private_names import BrianObject, BrianObjectException
from neurosim.errors import DescriptionError, NeurosimError, PlanError

REMEDY = "set_device('neurosim', fallback=True) lets Brian2's own runtime run such scripts."


class Refused(PlanError):
    """A part of a Brian2 script that the device cannot run.

    label: names the object
    what: says what it has or does
    """

    def __init__(self, label: str, what: str):
        super().__init__(f"{label}: {what}, which the neurosim device cannot run yet. {REMEDY}")
        self.label, self.what = label, what


class NotSaid(DescriptionError):
    """A part of a Brian2 script that has no words of neurosim.

    label: names the object
    what: says what it has or does
    """

    def __init__(self, label: str, what: str):
        super().__init__(
            f"to_network: {label}: {what}, which has no words in neurosim."
            " set_device('neurosim') runs the script."
        )
        self.label, self.what = label, what


@contextmanager
def named_in_errors(thing: BrianObject) -> Generator[None]:
    """Raise errors of Brian2's own checks as Brian2 does: as an exception that names the object."""
    try:
        yield
    except NeurosimError:
        raise
    except Exception as problem:
        raise BrianObjectException("An error occurred when preparing an object.", thing) from problem
