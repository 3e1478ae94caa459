"""A network of Brian2 that an engine has opened: advanced, and in the end brought back to Brian2."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from neurosim.brian.lowering import Lowered
from neurosim.brian.names import root_of
from neurosim.brian.renaming import Renaming
from neurosim.brian.settings import Options, Spent
from neurosim.brian.streaming import Stream, check_can_leave_out
from neurosim.brian.write_back import MonitorWriter, write_back
from neurosim.engine import ready
from neurosim.engine.checkpoint import checkpoint
from neurosim.engine.cost import reference_seconds
from neurosim.engine.progress import ProgressCallback
from neurosim.network.probes import Probe


class Opened:
    """A network between two ticks.

    lowered: the run from now to its end
    options: of the device
    spent: the time that earlier runs have taken
    stream: what writes the records to files; None: nothing
    watched: whether functions of the script will look at it between ticks
    """

    def __init__(
        self, lowered: Lowered, options: Options, spent: Spent, stream: Stream | None, *, watched: bool
    ):
        if not options.in_memory:
            check_can_leave_out(lowered.monitors)
        self.lowered = lowered = _with_spikes(lowered) if watched else lowered
        self.names = Renaming(lowered.plan)
        self.writer = MonitorWriter(lowered, self.names, stream, options.in_memory)
        plan = self.names.plan(lowered.plan)
        self.engine, made = ready(
            options.engine, plan, options.threads, before=spent.seconds, stepwise=watched
        )
        if self.engine == "reference":
            spent.add(reference_seconds(plan))
        self._open = made.watch if watched else made.open
        self.ran = 0

    def begin(self) -> None:
        """Open it."""
        self.running = self._open(np.arange(1), self.writer)

    @property
    def tick(self) -> int:
        """The tick that comes next."""
        return self.lowered.plan.first_tick + self.ran

    def advance(self, ticks: int, report: ProgressCallback) -> int:
        """Run some ticks; returns how many ran."""
        ran, _ = self.running.advance(ticks, report)
        self.ran += ran
        return ran

    def close(self) -> None:
        """Bring everything back into Brian2's arrays."""
        try:
            self.running.write()
            final = checkpoint([self.running.end()()])
        finally:
            self.running.close()
        write_back(self.lowered, self.writer, self.ran, self.names.checkpoint_back(final))


def _with_spikes(lowered: Lowered) -> Lowered:
    """A run that records the spikes of all groups, which functions of the script may read."""
    plan = lowered.plan
    known = {probe.owner for probe in plan.probes if probe.events and probe.index is None}
    more = [
        Probe(name, name, None, None, group.shape, 1, True)
        for name, group in plan.groups.items()
        if name not in known and name in lowered.groups and (group.spiking or name in plan.drives)
        if not group.of and root_of(lowered.groups[name]) is lowered.groups[name]
    ]
    return replace(lowered, plan=replace(plan, probes=(*plan.probes, *more)))
