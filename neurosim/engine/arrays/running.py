"""A batch of trials on the array engine: the carry between blocks of ticks, looked at and changed."""

# pyright: reportUnknownMemberType=false
# JAX leaves types of its own functions partly unknown.

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import jax
import numpy as np

from neurosim.engine.arrays.blocks import block_length, write_block
from neurosim.engine.arrays.carry import Carry, Numbers
from neurosim.engine.arrays.compiled import CompiledPlan
from neurosim.engine.arrays.library import wide
from neurosim.engine.arrays.memory import input_arrays, load_carry, pending_arrays, store_carry
from neurosim.engine.checkpoint import Checkpoint, held_in
from neurosim.engine.driver import open_state, run_ticks
from neurosim.engine.inputs import Feed
from neurosim.engine.progress import ProgressCallback
from neurosim.engine.running import SpikesOfAdvance, Stopped, last_spike_of, look, place_of, replaces_message
from neurosim.engine.state import message_now
from neurosim.errors import EngineError
from neurosim.plan.plan import Drive, Plan
from neurosim.recording.spikes import Spikes
from neurosim.recording.writer import Writer


class ArraysRunning:
    """A batch of trials that the array engine runs."""

    def __init__(
        self,
        compiled: CompiledPlan,
        numbers: Numbers,
        plan: Plan,
        trials: np.ndarray,
        writer: Writer,
        *,
        watch: bool = False,
    ):
        self.compiled, self.plan, self.trials, self.writer = compiled, plan, trials, writer
        self.state = open_state(plan, trials)
        with wide():
            self.numbers = compiled.continued(numbers, self.state)
            self.carry: Carry = load_carry(compiled, self.state)
        self.done = 0  # ticks since the trials were opened
        # What drives populations: (tick, trial, *shape) of the last block, at first what was sent last.
        self.inputs = {
            name: history.messages[-1].reshape(1, len(trials), *plan.groups[name].shape)
            for name, history in self.state.history.items()
            if plan.groups[name].driven
        }
        self.fired = SpikesOfAdvance(plan, watch)

    def feed(self, drives: Mapping[str, Drive]) -> None:
        """See `Watched`."""
        self.state.feed = Feed(drives, self.plan.first_tick + self.done)

    def advance(self, ticks: int, report: ProgressCallback) -> tuple[int, Stopped]:
        """See `Watched`."""
        self.fired.begin()
        length, first = block_length(self.plan, len(self.trials), ticks), self.plan.first_tick + self.done

        def run_block(done: int) -> tuple[int, bool]:
            return self._run_block(np.arange(first + done, first + min(done + length, ticks)))

        with wide():
            return run_ticks(ticks, len(self.trials), run_block, report)

    def _run_block(self, ticks: np.ndarray) -> tuple[int, bool]:
        """Run these ticks; returns how many ran, and whether a run until stable has become stable."""
        plan, compiled, numbers, trials = self.plan, self.compiled, self.numbers, self.trials
        self.inputs = input_arrays(plan, self.state.feed, trials, ticks)
        before, stable = self.carry, False
        pending = pending_arrays(self.state, ticks)
        self.carry, on_device = compiled.run(
            numbers, before, self.inputs, ticks, trials, pending, until=bool(plan.until)
        )
        samples: dict[str, np.ndarray] = jax.device_get(on_device)
        if plan.until and np.any(samples["stable"]):
            # The block ran past the tick at which the run is to stop: run it again up to there.
            stable, ticks = True, ticks[: int(np.argmax(samples["stable"])) + 1]
            self.inputs = {name: value[: len(ticks)] for name, value in self.inputs.items()}
            pending = pending_arrays(self.state, ticks)
            self.carry, _ = compiled.run(numbers, before, self.inputs, ticks, trials, pending)
        spikes = write_block(plan, self.writer, trials, samples, self.done, len(ticks))
        for name in self.fired.watched:
            self.fired.add(name, spikes[name])
        self.done += len(ticks)
        return len(ticks), stable

    def look(self, place: str) -> np.ndarray:
        """See `Watched`."""
        kind, owner, name = place_of(place)
        with wide():
            if kind == "state":
                return np.array(self.carry["values"][owner][name])
            if kind == "not_refractory" and owner in self.carry["not_refractory"]:
                return np.array(self.carry["not_refractory"][owner])
            if kind == "port":
                held = self.carry["ports"].get((owner, name))
                if held is None:  # it is read in the tick in which something arrives
                    return np.zeros((len(self.trials), self.plan.groups[owner].size), self.plan.dtype)
                port = self.state.ports[owner][name]
                port.total[...] = np.asarray(held[0]).reshape(port.total.shape)
                port.count[...] = np.asarray(held[1]).reshape(len(self.trials), -1)[:, : port.count.shape[1]]
            if kind == "history":
                return self._last_message(owner)
            return look(self.state, place)

    def _last_message(self, population: str) -> np.ndarray:
        """What a population that does not spike sent last, (trial, neuron)."""
        group, depth = self.plan.groups[population], self.compiled.depth[population]
        if population in self.carry["sent"]:
            sent = np.asarray(self.carry["sent"][population])
            message = sent if depth == 1 else sent[(self.plan.first_tick + self.done - 1) % depth]
        elif group.sends is None:
            message = self.inputs[population][-1]
        else:
            for name, values in self.carry["values"].items():
                self.state.values[name] = {key: np.array(value) for key, value in values.items()}
            message = message_now(self.state, group)
        return np.array(message).reshape(len(self.trials), -1)

    def change(self, place: str, values: np.ndarray) -> None:
        """See `Watched`. Raises EngineError for what this engine holds for a moment only, or shares."""
        kind, owner, name = place_of(place)
        carry, now = self.carry, self.plan.first_tick + self.done
        if kind == "state":
            new: Any = values.reshape(np.shape(carry["values"][owner][name])).astype(self.plan.dtype)
            self.carry = {
                **carry,
                "values": {**carry["values"], owner: {**carry["values"][owner], name: new}},
            }
            for sender in replaces_message(self.state, owner, name):
                self._replace_message(sender, new)
        elif kind == "not_refractory" and owner in carry["not_refractory"]:
            before, free = np.asarray(carry["not_refractory"][owner]), _held(values.astype(bool))
            last: Any = last_spike_of(free, before, np.asarray(carry["last_spike"][owner]), now - 1)
            self.carry = {
                **carry,
                "not_refractory": {**carry["not_refractory"], owner: free},
                "last_spike": {**carry["last_spike"], owner: last},
            }
        elif kind == "port" and (owner, name) in carry["ports"]:
            total, count = carry["ports"][owner, name]
            arrived = np.full(np.shape(count), self.plan.groups[owner].ports[name] != "sum", self.plan.dtype)
            sum_: Any = values.reshape(np.shape(total)).astype(self.plan.dtype)
            self.carry = {**carry, "ports": {**carry["ports"], (owner, name): (sum_, _held(arrived))}}
        else:
            what = f"{owner}.{name}" if name else f"{owner}.not_refractory"
            raise EngineError(
                f"session: engine 'arrays' holds no value of {what!r} between ticks that could be changed."
                " Give engine='reference' or 'events'."
            )

    def _replace_message(self, sender: str, message: np.ndarray) -> None:
        """Make a message the last that a population has sent, if it is held for later ticks."""
        depth = self.compiled.depth[sender]
        if sender not in self.carry["sent"]:
            return
        sent: Any = np.array(self.carry["sent"][sender])
        if depth == 1:
            sent = message
        else:
            sent[(self.plan.first_tick + self.done - 1) % depth] = message
        self.carry = {**self.carry, "sent": {**self.carry["sent"], sender: sent}}

    def spikes(self, population: str) -> Spikes:
        """See `Watched`."""
        return self.fired.of(population)

    def write(self) -> None:
        """See `Watched`. Blocks are handed over as they are computed."""

    def end(self) -> Callable[[], Checkpoint]:
        """See `Watched`."""
        with wide():
            host: Any = jax.device_get(self.carry)
            store_carry(self.compiled, self.state, host, self.inputs, self.plan.first_tick + self.done)
        return partial(held_in, self.state)

    def close(self) -> None:
        """See `Watched`."""


def _held(value: np.ndarray) -> Any:
    """An array of the host where the carry has one of JAX; the compiled program takes both."""
    return value
