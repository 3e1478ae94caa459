"""What the tests of refusals share: short names of the errors, recordings, and rules for every message."""

from functools import cache

import pytest
from nonsense import SILENCE, clocked, heard

import neurosim as ns
from neurosim import DescriptionError, EngineError, PlanError, RecordingError

D, P, E, R = DescriptionError, PlanError, EngineError, RecordingError


@cache
def silent_recording():
    return ns.run(heard, SILENCE, record=["liquid"])


@cache
def clocked_recording():
    return ns.run(clocked, ticks=2)


def table(cases):
    return [pytest.param(*case, id=name) for name, case in cases.items()]


def check(raised, pieces):
    message = str(raised.value)
    assert all(piece in message for piece in pieces), message
    assert len(message) < 700, "a message is short"
    assert "\n" not in message, "a message is one line"
    assert message.rstrip().endswith((".", "?", "...")), "a message ends with the remedy"
