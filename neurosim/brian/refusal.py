"""What the device does not run is refused by name; `fallback=True` then leaves the run to Brian2."""

from __future__ import annotations

from neurosim.errors import PlanError

REMEDY = "set_device('neurosim', fallback=True) lets Brian2's own runtime run such scripts."


class Refused(PlanError):
    """A part of a Brian2 script that the device cannot run.

    label: names the object
    what: says what it has or does
    """

    def __init__(self, label: str, what: str):
        super().__init__(f"{label}: {what}, which the neurosim device cannot run yet. {REMEDY}")
        self.label, self.what = label, what
