"""A batch of trials on the event engine: advanced call by call, looked at and changed between calls."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from time import monotonic

import numpy as np

from neurosim.engine import running
from neurosim.engine.checkpoint import Checkpoint, pending_of
from neurosim.engine.driver import run_ticks
from neurosim.engine.events.batch import Batch
from neurosim.engine.events.buffers import Filled, RecordingBuffers
from neurosim.engine.events.calls import Calls
from neurosim.engine.events.network_layout import NetworkLayout
from neurosim.engine.events.pending import restore_pending
from neurosim.engine.events.pending_at_end import pending_at_end
from neurosim.engine.events.runner import Runner
from neurosim.engine.progress import ProgressCallback
from neurosim.engine.running import SpikesOfAdvance, Stopped, place_of, replaces_message
from neurosim.engine.state import State
from neurosim.plan.plan import Drive, Plan
from neurosim.recording.spikes import Spikes
from neurosim.recording.writer import Writer

CALL_SECONDS = 0.25  # how long the C++ runs before Python records, reports progress and can be interrupted


class EventsRunning:
    """A batch of trials that generated C++ runs; see `Running` and `Watched`.

    What is recorded fills one of two sets of buffers. When it is full, or old, the C++ goes on with the other
    set while Python hands the full one to the writer.
    """

    def __init__(
        self,
        library: ctypes.CDLL,
        network: NetworkLayout,
        plan: Plan,
        trials: np.ndarray,
        writer: Writer,
        *,
        watch: bool = False,
    ):
        self.plan = plan
        self.batch = Batch(network, plan, np.ascontiguousarray(trials, np.int64))
        self.buffers = RecordingBuffers(self.batch, writer)
        self.fired = SpikesOfAdvance(plan, watch)
        self.done = self.fed_from = self.begun = 0  # ticks: run, fed from, at which the advance began
        self.length = network.call_length  # ticks of the next call
        self.filling = Filled(0)
        self.full: Filled | None = None  # the other set of buffers, until it is written
        self.background: ThreadPoolExecutor | None = None
        self.runner = Runner(
            library, self.batch.struct, self.buffers.structs, network.spike_uses, self.batch.trials
        )
        self.earlier = pending_of(plan, trials) if plan.resume else {}
        self.calls = Calls(self.batch, self._within)
        try:
            if self.earlier:
                restore_pending(self.runner, self.batch, self.earlier)
        except BaseException:
            self.close()
            raise

    @property
    def state(self) -> State:
        """The state of the trials."""
        return self.batch.state

    def feed(self, drives: Mapping[str, Drive]) -> None:
        """See `Watched`."""
        self.batch.feed(drives)
        self.fed_from = self.done

    def advance(self, ticks: int, report: ProgressCallback) -> tuple[int, Stopped]:
        """See `Running`."""
        self.fired.begin()
        self.begun = self.done
        report(0)
        return run_ticks(ticks, self.batch.count, lambda done: self._call(ticks - done), report)

    def _call(self, left: int) -> tuple[int, bool]:
        """Let the C++ run some of the ticks that are left; returns how many, and whether it is stable now."""
        filling, begin = self.filling, monotonic()
        if filling.ticks and (filling.ticks == self.buffers.ticks or begin - filling.since > CALL_SECONDS):
            self.full, self.filling = filling, Filled(1 - filling.set)
        if not self.filling.ticks:
            self.filling.first, self.filling.since = self.done, begin
        ticks = min(left, self.length, self.buffers.ticks - self.filling.ticks)
        if self.plan.calls:  # functions that are called and writers take turns
            self._write(self.full)
            self.full = None
        ran = self._run(ticks) if self.full is None else self._run_and_write(ticks)
        self.filling.ticks += ran
        self.done += ran
        if ticks == self.length or monotonic() - begin > CALL_SECONDS:
            self.length = _next_length(self.length, monotonic() - begin, self.buffers.ticks)
            if self.batch.network.kept:
                self.batch.network.call_length = self.length
        return ran, self.plan.until is not None and self.runner.is_stable()

    def _run(self, ticks: int) -> int:
        ran = self.runner.run(
            ticks,
            fed_from=self.fed_from,
            buffer_set=self.filling.set,
            fresh=not self.filling.ticks,
            until_stable=self.plan.until is not None,
        )
        self.calls.check()
        return ran

    def _within(self, call: Callable[[int], None], tick: int) -> None:
        """Call a function in a tick, to which `look` and `change` then refer."""
        before, self.done = self.done, tick - self.plan.first_tick
        try:
            call(tick)
        finally:
            self.done = before

    def _run_and_write(self, ticks: int) -> int:
        """Run some ticks while Python writes the full buffers."""
        if self.background is None:
            self.background = ThreadPoolExecutor(max_workers=1)
        going = self.background.submit(self._run, ticks)
        try:
            self._write(self.full)
            self.full = None
        finally:
            ran = going.result()
        return ran

    def _write(self, filled: Filled | None) -> None:
        if filled is None or not filled.ticks:
            return
        spikes = self.buffers.write(self.runner, filled)
        for name in self.fired.watched:
            mine = spikes[name].tick >= self.begun
            if mine.any():
                self.fired.add(name, spikes[name].select(mine))

    def look(self, place: str) -> np.ndarray:
        """See `Watched`."""
        kind, owner, name = place_of(place)
        if kind == "synapse":
            return self.batch.synapse_values(owner, name)
        self.state.tick = self.plan.first_tick + self.done
        if kind == "spikes":
            return self._spikes_now(owner)
        if kind in ("not_refractory", "last_spike"):
            self.batch.release_refractory(owner, self.done)
        elif kind == "history":
            self.batch.release_history(owner)
        return running.look(self.state, place)

    def _spikes_now(self, population: str) -> np.ndarray:
        number, tick = list(self.plan.groups).index(population), self.plan.first_tick + self.done
        fired = np.zeros((1, self.plan.groups[population].size), bool)
        fired[0, self.runner.spikes_now(number, tick)] = True
        return fired

    def change(self, place: str, values: np.ndarray) -> None:
        """See `Watched`."""
        kind, owner, name = place_of(place)
        if kind == "synapse":
            return self.batch.change_synapses(owner, name, values)
        self.state.tick = self.plan.first_tick + self.done
        if kind == "not_refractory":
            self.batch.release_refractory(owner, self.done)
        running.change(self.state, place, values)
        if kind == "not_refractory":
            self.batch.change_refractory(owner)
        if kind == "state":
            for sender in replaces_message(self.state, owner, name):
                self.batch.replace_message(sender, self.state.history[sender].messages[-1])

    def spikes(self, population: str) -> Spikes:
        """See `Watched`."""
        held = self.buffers.spikes_of(self.runner, self.filling, population, self.begun)
        return self.fired.of(population, held)

    def write(self) -> None:
        """See `Running`."""
        self._write(self.filling)
        self.filling = Filled(1 - self.filling.set)

    def end(self) -> Callable[[], Checkpoint]:
        """See `Running`."""
        batch, done = self.batch, self.done
        pending = pending_at_end(self.runner, batch, self.plan.first_tick + done, self.earlier)
        if batch.image is not None:  # it is small
            return lambda: batch.held(done) | pending.columns()
        held = batch.held(done)
        return lambda: held | pending.columns()

    def close(self) -> None:
        """See `Running`."""
        self.runner.close()
        if self.background is not None:
            self.background.shutdown()


def _next_length(ticks: int, seconds: float, most: int) -> int:
    """How many ticks the next call runs, if those of the last call took so many seconds."""
    if seconds < CALL_SECONDS / 2:
        ticks *= 2
    elif seconds > CALL_SECONDS * 2:
        ticks //= 2
    return max(1, min(ticks, most))
