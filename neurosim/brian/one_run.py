"""One run of a network of Brian2: lowered, run by an engine, and written back."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from neurosim.brian.lowering import Lowered, Run, lower_run
from neurosim.brian.operations import Operation, operations_of
from neurosim.brian.private_names import (
    BrianObject,
    CodeRunner,
    NetworkOperation,
    SpikeGeneratorGroup,
    begin_run,
    claim_objects,
    clock_of,
    end_run,
    in_seconds,
    is_stopped,
    put_clock,
    report_of,
    ticks_of,
)
from neurosim.brian.refusal import named_in_errors
from neurosim.brian.renaming import Renaming
from neurosim.brian.seeds import Seeds
from neurosim.brian.streaming import Stream, check_can_leave_out
from neurosim.brian.write_back import MonitorWriter, write_back
from neurosim.engine import check_name, ready
from neurosim.engine.driver import run_to_end
from neurosim.errors import DescriptionError
from neurosim.network.values import choice, flag, whole

PRECISIONS = ("double", "mixed", "single")


@dataclass(frozen=True)
class Options:
    """What `set_device("neurosim", ...)` was given.

    engine: 'auto', 'events' or 'reference'
    threads: at most how many threads run the event engine; None: as many as make it faster
    precision: 'double', 'mixed' or 'single'
    fallback: whether Brian2's own runtime runs what the device cannot
    record_to: path of an HDF5 file to which monitors write while the network runs; None: they only record in
        memory
    in_memory: whether monitors also record in memory
    """

    engine: str = "auto"
    threads: int | None = None
    precision: str = "double"
    fallback: bool = False
    record_to: str | os.PathLike[str] | None = None
    in_memory: bool = True

    def __post_init__(self):
        check_name(self.engine)
        choice(self.precision, PRECISIONS, "set_device: precision")
        flag(self.fallback, "set_device: fallback")
        flag(self.in_memory, "set_device: in_memory")
        if not self.in_memory and self.record_to is None:
            raise DescriptionError(
                "set_device: in_memory=False without record_to would lose what monitors record."
                " Give record_to='run.h5', too."
            )
        if self.threads is not None:
            whole(self.threads, "set_device: threads", least=1, most=4096)


@dataclass(frozen=True, eq=False)
class Settings:
    """How a network runs.

    options: of the device
    seeds: of the device
    report: what Brian2's `run` was given to report progress
    period: the time between two reports, in seconds
    namespace: the names of the script that text may use
    profile: whether to measure the time
    stream: what writes the records to files; None: nothing
    """

    options: Options
    seeds: Seeds
    report: Any
    period: float
    namespace: Mapping[str, Any]
    profile: bool
    stream: Stream | None = None


def one_run(net: BrianObject, duration: Any, settings: Settings) -> None:
    """Run a network for a time, given as a quantity of Brian2."""
    begun, things = time.time(), net.sorted_objects
    end = float(net.t) + float(duration)
    begin_run(net, net.t, in_seconds(end))
    active = [thing for thing in things if thing.active]
    _prepare(active, settings.namespace)
    if not things:
        return
    first, last, dt = _ticks(things)
    progress = _Progress(net, last - first, duration, settings)
    reached = _Pieces(net, active, dt, settings, progress).run(first, last)
    progress.end(reached - first)
    _set_clocks(things, reached, dt)
    measured = time.time() - begun if settings.profile else None
    end_run(net, things, end if reached == last else reached * dt, measured, settings.namespace)


class _Pieces:
    """Runs a network in pieces, between which the functions of its `NetworkOperation` objects are called.

    net: the network
    things: its active objects, in Brian2's order
    dt: the length of a tick, in seconds
    """

    def __init__(
        self,
        net: BrianObject,
        things: Sequence[BrianObject],
        dt: float,
        settings: Settings,
        progress: _Progress,
    ):
        self.net, self.dt, self.settings, self.progress = net, dt, settings, progress
        self.things = [thing for thing in things if not isinstance(thing, NetworkOperation)]
        self.first, self.final = operations_of(things, dt)
        self.begun = False  # whether the file has begun

    def run(self, first: int, last: int) -> int:
        """Run from one tick to another; returns the tick that was reached."""
        stream = self.settings.stream
        try:
            reached = self._run(first, last)
            if stream is not None and self.begun:
                stream.end()
        except BaseException:
            if stream is not None:
                stream.abandon()
            raise
        return reached

    def _run(self, first: int, last: int) -> int:
        if first == last:
            self._lowered(first, last)
        tick = first
        while tick < last and not is_stopped(self.net):
            self._call(self.first, tick)
            ends = [
                last,
                *(o.next_after(tick) for o in self.first),
                *(o.next_from(tick) + 1 for o in self.final),
            ]
            end = tick + 1 if is_stopped(self.net) else min(ends)
            reached = tick + self._run_plan(self._lowered(tick, end))
            if reached < end:
                return reached
            tick = end
            self._call(self.final, tick - 1)
        return tick

    def _call(self, operations: Sequence[Operation], tick: int) -> None:
        """Call the functions whose turn it is in a tick."""
        for operation in operations:
            if operation.runs_at(tick):
                self.net.t_ = tick * self.dt
                _set_clocks(self.net.sorted_objects, tick, self.dt)
                operation.thing.run()

    def _lowered(self, first: int, last: int) -> Lowered:
        """The plan of one piece."""
        options = self.settings.options
        run = Run(self.things, self.settings.namespace, self.dt, first, last, options.precision)
        lowered = lower_run(run)
        claim_objects(self.net)
        seed = self.settings.seeds.for_run(str(self.net.id), lowered.plan)
        return replace(lowered, plan=replace(lowered.plan, seed=seed))

    def _run_plan(self, lowered: Lowered) -> int:
        """Run a plan and write back what it leaves. Returns how many ticks ran."""
        options, stream = self.settings.options, self.settings.stream
        if not options.in_memory:
            check_can_leave_out(lowered.monitors)
        names = Renaming(lowered.plan)
        writer = MonitorWriter(lowered, names, stream, options.in_memory)
        engine, made = ready(options.engine, names.plan(lowered.plan), options.threads)
        if stream is not None and self.begun:
            stream.use(lowered.monitors)
        elif stream is not None:
            stream.begin(str(self.net.id), lowered, engine)
            self.begun = True
        ran, _, final = run_to_end(made, writer, self.progress)
        write_back(lowered, writer, ran, names.checkpoint_back(final))
        return ran


def _set_clocks(things: Sequence[BrianObject], tick: int, dt: float) -> None:
    """Set all clocks to a tick of the network; slower ones to the next tick of their own."""
    for clock in {clock_of(thing) for thing in things}:
        put_clock(clock, -(-tick // round(float(clock.dt_) / dt)))


def _prepare(things: Sequence[BrianObject], namespace: Mapping[str, Any]) -> None:
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
