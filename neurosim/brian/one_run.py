"""One run of a network of Brian2, from what it begins with to what it says at its end."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from neurosim.brian.advancing import Advancing, set_clocks
from neurosim.brian.private_names import (
    BrianObject,
    CodeRunner,
    SpikeGeneratorGroup,
    begin_run,
    clock_of,
    end_run,
    in_seconds,
    is_stopped,
    report_of,
    ticks_of,
)
from neurosim.brian.refusal import named_in_errors
from neurosim.brian.settings import Settings


def one_run(net: BrianObject, duration: Any, settings: Settings) -> None:
    """Run a network for a time, given as a quantity of Brian2."""
    begun, things = time.time(), net.sorted_objects
    end = float(net.t) + float(duration)
    begin_run(net, net.t, in_seconds(end))
    prepare([thing for thing in things if thing.active], settings.namespace)
    if not things:
        return
    first, last, dt = _ticks(things)
    progress = _Progress(net, last - first, duration, settings)
    advancing = Advancing(net, things, dt, settings, progress)
    reached = advancing.run(first, last)
    progress.end(reached - first)
    set_clocks(advancing.clocks, reached, dt)
    measured = time.time() - begun if settings.profile else None
    end_run(net, things, end if reached == last else reached * dt, measured, settings.namespace)


def prepare(things: Sequence[BrianObject], namespace: Mapping[str, Any]) -> None:
    """Let groups and synapses check their equations, and spike generators their spikes, as Brian2 does."""
    for thing in things:
        if not isinstance(thing, CodeRunner) or isinstance(thing, SpikeGeneratorGroup):
            with named_in_errors(thing):
                thing.before_run(namespace)


def _ticks(things: Sequence[BrianObject]) -> tuple[int, int, float]:
    """The first tick of a run, the one after its last, and the length of a tick in seconds."""
    fastest = min((clock_of(thing) for thing in things), key=lambda clock: float(clock.dt_))
    first, last = ticks_of(fastest)
    return first, last, float(fastest.dt_)


class _Progress:
    """Reports progress as Brian2 does, and ends a run that the script stops."""

    def __init__(self, net: BrianObject, ticks: int, duration: Any, settings: Settings):
        self.net, self.ticks, self.duration, self.period = net, ticks, duration, settings.period
        self.report, self.start = report_of(settings.report), net.t
        self.begun = self.reported = time.time()
        self.done = 0
        self._say(0.0)

    def __call__(self, done: int) -> bool:
        self.done += done
        if time.time() > self.reported + self.period:
            self.reported = time.time()
            self._say(self.done / self.ticks)
        return is_stopped(self.net)

    def end(self, ran: int) -> None:
        """Report the end of a run of so many ticks."""
        self._say(ran / self.ticks if self.ticks else 1.0)

    def _say(self, fraction: float) -> None:
        if self.report is not None:
            self.report(in_seconds(time.time() - self.begun), fraction, self.start, self.duration)
