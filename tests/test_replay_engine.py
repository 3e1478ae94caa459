"""A recording is replayed on the engine that made it."""

from dataclasses import replace
from importlib import import_module

import pytest

import neurosim as ns
from neurosim.recording.recording import Recording


def recorded(engine):
    """A short run, whose recording names that engine."""
    counter = ns.Neurons("counter", 1, update="n = n + 1")
    made = ns.run(
        ns.Network(counter, schedule=ns.Synchronous()), ticks=3, record=["counter"], engine="reference"
    )
    return Recording(replace(made.header, engine=engine), made._store)


@pytest.fixture
def asked(monkeypatch):
    """A list of the engines that runs asked for; the reference engine runs them all."""
    names, run = [], ns.run

    def listen(*given, engine, **named):
        names.append(engine)
        return run(*given, engine="reference", **named)

    monkeypatch.setattr(import_module("neurosim.replay"), "run", listen)
    return names


@pytest.mark.parametrize("engine", ["reference", "events", "arrays"])
def test_a_replay_runs_on_the_engine_that_made_the_recording(asked, monkeypatch, engine):
    monkeypatch.setattr(import_module("neurosim.replay"), "is_available", lambda name: True)
    found = ns.replay(recorded(engine))
    assert (asked, bool(found)) == ([engine], True)
    assert str(found) == "The replay is identical: counter. It ran on reference."


def test_a_replay_runs_on_another_engine_where_that_one_is_not_to_be_had_or_another_is_named(
    asked, monkeypatch
):
    monkeypatch.setattr("neurosim.engine.events.compiler.find_compiler", lambda: None)
    ns.replay(recorded("events"))
    ns.replay(recorded("made up"))
    ns.replay(recorded("events"), engine="reference")
    assert asked == ["auto", "auto", "reference"]
