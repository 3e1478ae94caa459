"""A run of a network of Brian2, in whose ticks functions of the script are called."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial

from neurosim.brian.lowering import Lowered, Run, lower_run
from neurosim.brian.names import label
from neurosim.brian.opened import Opened
from neurosim.brian.operations import Operation, operations_of
from neurosim.brian.private_names import (
    BrianObject,
    NetworkOperation,
    Variable,
    claim_objects,
    clock_of,
    is_stopped,
    put_clock,
)
from neurosim.brian.refusal import Refused
from neurosim.brian.settings import Settings
from neurosim.brian.watching import Watch, parameters_of
from neurosim.engine.progress import ProgressCallback


class Advancing:
    """Runs a network from one tick to another, and calls the functions of its `NetworkOperation` objects.

    The network stays open on its engine, unless a function changes what it was made from.

    net: the network
    objects: all its objects, in Brian2's order
    dt: the length of a tick, in seconds
    settings: how it runs
    progress: is called with the number of ticks that have run
    """

    def __init__(
        self,
        net: BrianObject,
        objects: Sequence[BrianObject],
        dt: float,
        settings: Settings,
        progress: ProgressCallback,
    ):
        self.net, self.dt = net, dt
        self.settings, self.progress = settings, progress
        self.things = [thing for thing in objects if thing.active]
        self.operations = operations_of(self.things, dt)
        self.clocks = list({clock_of(thing) for thing in objects})
        self.opened: Opened | None = None
        self.watch: Watch | None = None
        self.seed: int | None = None
        self.streams = False  # whether the file of this run has begun

    def run(self, first: int, last: int) -> int:
        """Run from one tick to another; returns the tick that was reached."""
        stream = self.settings.stream
        try:
            reached = self._run(first, last)
            self._close()
            if stream is not None and self.streams:
                stream.end()
        except BaseException:
            with suppress(Exception):  # the first error is the one to be seen
                self._close()
            if stream is not None:
                stream.abandon()
            raise
        self.settings.seeds.reached(reached)
        return reached

    def _run(self, first: int, last: int) -> int:
        if first == last:
            self._lowered(first, last)
        tick = first
        while tick < last and not is_stopped(self.net):
            self._call(self.operations.first, tick)
            end = tick + 1 if is_stopped(self.net) else self.operations.next_stop(tick, last)
            if self.opened is None:
                self._open(tick, last)
            assert self.opened is not None
            ran = self.opened.advance(end - tick, self.progress)
            tick += ran
            if tick < end:
                return tick
            self._call(self.operations.final, tick - 1)
        return tick

    def _call(self, operations: Sequence[Operation], tick: int) -> None:
        """Call the functions whose turn it is in a tick."""
        due = [operation for operation in operations if operation.runs_at(tick)]
        if not due:
            return
        self.net.t_ = tick * self.dt
        set_clocks(self.clocks, tick, self.dt)
        changed = self._watched([operation.thing.run for operation in due])
        if changed:
            self._begin_anew(changed)

    def _call_amid(self, operation: Operation, tick: int) -> None:
        """Call a function between other objects of a tick; a step of the plan does so."""
        assert self.watch is not None
        self.net.t_ = tick * self.dt
        set_clocks(self.clocks, tick, self.dt)
        with self.watch.within(tick):
            changed = self._watched([operation.thing.run])
        if changed:
            what = f"it changes {changed[0].name!r} between other objects of a tick"
            raise Refused(label(operation.thing), what)

    def _watched(self, functions: Sequence[Callable[[], None]]) -> list[Variable]:
        """Call functions; returns the arrays that they changed and that the engine does not hold."""
        if self.watch is not None:
            self.watch.begin()
        changed: list[Variable] = []
        try:
            for function in functions:
                function()
        finally:
            if self.watch is not None:
                changed = self.watch.end()
        return changed

    def _begin_anew(self, changed: Sequence[Variable]) -> None:
        """Close the network, which functions have changed. What they changed is a variable from now on."""
        values = [(variable, variable.get_value().copy()) for variable in changed]
        self._close()
        for variable, array in values:
            variable.get_value()[...] = array
        self.settings.written.update(changed)

    def _open(self, tick: int, last: int) -> None:
        """Lower the network as it stands, and open it."""
        settings, lowered = self.settings, self._lowered(tick, last)
        stream = settings.stream
        called = self.operations.any
        self.opened = opened = Opened(lowered, settings.options, settings.spent, stream, watched=called)
        if stream is not None and self.streams:
            stream.use(lowered.monitors)
        elif stream is not None:
            stream.begin(str(self.net.id), lowered, opened.engine)
            self.streams = True
        opened.begin()
        if called:
            self.watch = Watch(opened, settings.device)

    def _close(self) -> None:
        """Bring everything back into Brian2's arrays."""
        opened, self.opened, self.watch = self.opened, None, None
        if opened is not None and hasattr(opened, "running"):
            opened.close()

    @property
    def _lowering(self) -> list[BrianObject]:
        """The objects that become a plan."""
        amid = [operation.thing for operation in self.operations.amid]
        return [thing for thing in self.things if not isinstance(thing, NetworkOperation) or thing in amid]

    def _written(self) -> frozenset[Variable]:
        """The arrays of this network that functions of the script change."""
        written = self.settings.written
        if self.operations.amid:  # which can change anything, before the network can be made anew
            written.update(parameters_of(self.things))
        if not written:
            return frozenset()
        known = {v for thing in self.things for v in dict(getattr(thing, "variables", {})).values()}
        return frozenset(variable for variable in written if variable in known)

    def _lowered(self, first: int, last: int) -> Lowered:
        """The plan of what is left of the run."""
        settings = self.settings
        run = Run(
            self._lowering, settings.namespace, self.dt, first, last, settings.options.precision,
            self._written(),
        )  # fmt: skip
        lowered = lower_run(run)
        calls = {o.thing.name: partial(self._call_amid, o) for o in self.operations.amid}
        claim_objects(self.net)
        if self.seed is None:
            self.seed = settings.seeds.for_run(str(self.net.id), lowered.plan)
        return replace(lowered, plan=replace(lowered.plan, seed=self.seed, calls=calls))


def set_clocks(clocks: Iterable[BrianObject], tick: int, dt: float) -> None:
    """Set clocks to a tick of the network; slower ones to the next tick of their own."""
    for clock in clocks:
        put_clock(clock, -(-tick // round(float(clock.dt_) / dt)))
