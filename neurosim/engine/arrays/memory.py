"""Between the state that all engines share and what one tick of the array engine hands to the next."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurosim.engine.arrays.compiled import CompiledPlan
from neurosim.engine.arrays.ticks import nothing
from neurosim.engine.reference.arrivals import queue_spikes
from neurosim.engine.reference.steps import PreparedPlan
from neurosim.engine.state import State, message_now
from neurosim.plan.plan import Plan


def input_arrays(plan: Plan, trials: np.ndarray, ticks: np.ndarray) -> dict[str, np.ndarray]:
    """What drives or clamps populations at these ticks: (tick, trial, *shape); spike events as 1 and 0."""
    found = {}
    place = ticks - plan.first_tick
    for name, drive in plan.drives.items():
        shape = plan.groups[name].shape
        if drive.values is not None:
            value = drive.values[trials[0] : trials[-1] + 1, place[0] : place[-1] + 1]
            found[name] = np.ascontiguousarray(np.moveaxis(value, 0, 1), plan.dtype)
            continue
        assert drive.trial is not None and drive.tick is not None and drive.neuron is not None
        dense = np.zeros((len(ticks), len(trials), plan.groups[name].size), plan.dtype)
        now = (
            (drive.tick >= place[0])
            & (drive.tick <= place[-1])
            & (drive.trial >= trials[0])
            & (drive.trial <= trials[-1])
        )
        dense[drive.tick[now] - place[0], drive.trial[now] - trials[0], drive.neuron[now]] = 1
        found[name] = dense.reshape(len(ticks), len(trials), *shape)
    return found


def pending_arrays(state: State, ticks: np.ndarray) -> dict[tuple[str, str], tuple[np.ndarray, np.ndarray]]:
    """What spikes of an earlier run bring at these ticks, and how many: (tick, trial, *shape) by where they end."""
    found = {}
    for (post, to), buckets in state.queue.items():
        if not buckets:
            continue
        group = state.plan.groups[post]
        reduce = group.ports.get(to, "sum")
        shape = (len(ticks), state.count, group.size)
        dense, count = np.full(shape, nothing(reduce), state.plan.dtype), np.zeros(shape, state.plan.dtype)
        join = np.maximum if reduce == "max" else np.add
        for due, entries in buckets.items():
            if ticks[0] <= due <= ticks[-1]:
                for _, _, trial, receiver, value in entries:
                    join.at(dense[due - ticks[0]], (trial, receiver), value)
                    np.add.at(count[due - ticks[0]], (trial, receiver), 1)
        whole = (len(ticks), state.count, *group.shape)
        found[post, to] = dense.reshape(whole), count.reshape(whole)
    return found


def load_carry(program: CompiledPlan, state: State) -> dict[str, Any]:
    """What the first tick is handed, from the state of all engines."""
    carry: dict[str, Any] = {
        "values": state.values,
        "sent": {},
        "ports": {},
        "last_spike": {},
        "not_refractory": {},
    }
    for name, depth in program.depth.items():
        shape = (state.count, *state.plan.groups[name].shape)
        if depth and program.spiking[name]:
            carry["sent"][name] = np.zeros(shape if depth == 1 else (depth, *shape), state.plan.dtype)
        elif depth and name not in program.kept:
            messages = state.history[name].messages
            ring = np.empty((depth, *shape), state.plan.dtype)
            for ago in range(1, depth + 1):
                ring[(state.tick - ago) % depth] = messages[-ago].reshape(shape)
            carry["sent"][name] = ring[0] if depth == 1 else ring
    for name, group in state.plan.groups.items():
        if group.refractory is not None:
            carry["last_spike"][name], carry["not_refractory"][name] = (
                state.last_spike[name],
                state.not_refractory[name],
            )
    for name, port in program.waiting:
        held, shape = state.ports[name][port], (state.count, *state.plan.groups[name].shape)
        count = np.broadcast_to(held.count, held.total.shape).astype(state.plan.dtype)
        carry["ports"][f"{name}/{port}"] = held.total.reshape(shape), count.reshape(shape)
    return carry


def store_carry(
    program: CompiledPlan, state: State, carry: dict[str, Any], given: dict[str, Any], tick: int
) -> None:
    """The state of all engines after the tick before `tick`; `given` are the inputs of the last block."""
    plan = state.plan
    state.tick = tick
    state.values = {
        name: {k: np.array(v) for k, v in states.items()} for name, states in carry["values"].items()
    }
    for key, (total, count) in carry["ports"].items():
        name, port = key.split("/")
        held = state.ports[name][port]
        held.total = np.asarray(total).reshape(state.count, -1)
        if held.reduce != "sum":
            held.count = np.asarray(count).astype(np.int64).reshape(state.count, -1)
    for name, value in carry["last_spike"].items():
        state.last_spike[name], state.not_refractory[name] = (
            np.asarray(value),
            np.asarray(carry["not_refractory"][name]),
        )
    for name, history in state.history.items():
        known = past(program, carry, name, tick)
        if not known:
            group = plan.groups[name]
            known = [given[name][-1] if group.sends is None else message_now(state, group)]
        flat = [np.asarray(message, plan.dtype).reshape(state.count, -1) for message in known]
        missing = max(len(history.messages) - len(flat), 0)
        history.messages, history.last = [flat[0]] * missing + flat, tick - 1  # nobody asks for older ones
    _store_pending(program, state, carry, tick)


def past(program: CompiledPlan, carry: dict[str, Any], name: str, tick: int) -> list[np.ndarray]:
    """The messages of a population that the carry still holds, the newest last."""
    depth = 0 if name in program.kept else program.depth[name]
    if depth < 2:
        return [carry["sent"][name]] if depth else []
    return [carry["sent"][name][(tick - ago) % depth] for ago in range(depth, 0, -1)]


def _store_pending(program: CompiledPlan, state: State, carry: dict[str, Any], tick: int) -> None:
    """Spikes in flight, queued as the reference engine queues them."""
    spiking = [name for name, depth in program.depth.items() if depth and program.spiking[name]]
    if spiking:
        accumulators = PreparedPlan(state.plan).accumulators
        for name in spiking:
            sent = past(program, carry, name, tick)
            for ago, message in zip(range(len(sent), 0, -1), sent, strict=True):
                state.tick = tick - ago
                trial, neuron = np.nonzero(np.asarray(message).reshape(state.count, -1))
                state.spikes[name] = trial, neuron
                queue_spikes(state, accumulators, name)
        state.tick = tick
    for buckets in state.queue.values():
        for due in [due for due in buckets if due < tick]:
            del buckets[due]
