"""Converts between the state that all engines share and the arrays that the array engine works on."""

# pyright: reportUnknownMemberType=false
# JAX leaves types of its own functions partly unknown.

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

import numpy as np

from neurosim.engine.arrays.carry import Carry, PortKey, empty_carry
from neurosim.engine.arrays.compiled import CompiledPlan
from neurosim.engine.delivery import afferents_into
from neurosim.engine.inputs import Feed, input_spikes, input_values
from neurosim.engine.reference.arrivals import Accumulator, queue_spikes
from neurosim.engine.state import State, combine, identity, message_now
from neurosim.plan.plan import Plan

if TYPE_CHECKING:
    import jax


def input_arrays(plan: Plan, feed: Feed, trials: np.ndarray, ticks: np.ndarray) -> dict[str, np.ndarray]:
    """What drives or clamps populations at these ticks, (tick, trial, *shape); spikes as 1 and 0.

    feed: the inputs.
    trials, ticks: consecutive numbers.
    """
    arrays: dict[str, np.ndarray] = {}
    first, length = int(ticks[0]), len(ticks)
    for name in feed.drives:
        group = plan.groups[name]
        values = input_values(feed, name, trials, first, length)
        if values is not None:
            arrays[name] = np.ascontiguousarray(values.swapaxes(0, 1), plan.dtype)
            continue
        spikes = input_spikes(feed, name, trials, first, length)
        assert spikes is not None
        trial, tick, neuron = spikes
        dense = np.zeros((length, len(trials), group.size), plan.dtype)
        dense[tick, trial, neuron] = 1
        arrays[name] = dense.reshape(length, len(trials), *group.shape)
    return arrays


def pending_arrays(state: State, ticks: np.ndarray) -> dict[PortKey, tuple[np.ndarray, np.ndarray]]:
    """What spikes of an earlier run bring at these ticks, by where they end.

    The sums (or maxima) and how many spikes they are, (tick, trial, *shape) each.
    """
    arrays: dict[PortKey, tuple[np.ndarray, np.ndarray]] = {}
    for (post, to), queue in state.queue.items():
        if not queue:
            continue
        group = state.plan.groups[post]
        reduce = group.ports.get(to, "sum")
        flat, shape = (len(ticks), state.count, group.size), (len(ticks), state.count, *group.shape)
        total = np.full(flat, identity(reduce), state.plan.dtype)
        count = np.zeros(flat, state.plan.dtype)
        for due, pending in queue.items():
            if ticks[0] <= due <= ticks[-1]:
                for spikes in pending:
                    place = spikes.trial, spikes.receiver
                    combine(reduce).at(total[due - ticks[0]], place, spikes.weight)
                    np.add.at(count[due - ticks[0]], place, 1)
        arrays[post, to] = total.reshape(shape), count.reshape(shape)
    return arrays


def load_carry(compiled: CompiledPlan, state: State) -> Carry:
    """What the first tick begins with, from the state of all engines."""
    plan, dtype = state.plan, state.plan.dtype
    carry = empty_carry(
        {
            name: {variable: _on_host(value) for variable, value in values.items()}
            for name, values in state.values.items()
        }
    )
    for name, depth in compiled.depth.items():
        shape = (state.count, *plan.groups[name].shape)
        if depth and compiled.spiking[name]:
            # Spikes of an earlier run come as `pending_arrays`; none of them is a message here.
            carry["sent"][name] = _on_host(np.zeros(shape if depth == 1 else (depth, *shape), dtype))
        elif depth and name not in compiled.kept:
            messages = state.history[name].messages
            ring = np.empty((depth, *shape), dtype)
            for ago in range(1, depth + 1):
                ring[(state.tick - ago) % depth] = messages[-ago].reshape(shape)
            carry["sent"][name] = _on_host(ring[0] if depth == 1 else ring)
    for name, group in plan.groups.items():
        if group.refractory is not None:
            carry["last_spike"][name] = _on_host(state.last_spike[name])
            carry["not_refractory"][name] = _on_host(state.not_refractory[name])
    for name, port in compiled.waiting:
        held, shape = state.ports[name][port], (state.count, *plan.groups[name].shape)
        count = np.broadcast_to(held.count, held.total.shape).astype(dtype)
        total = _on_host(held.total.reshape(shape))
        carry["ports"][name, port] = total, _on_host(count.reshape(shape))
    return carry


def _on_host(value: np.ndarray) -> jax.Array:
    """An array that the compiled program takes to the device together with all others, which is faster."""
    return cast("jax.Array", value)


def store_carry(
    compiled: CompiledPlan, state: State, carry: Carry, inputs: Mapping[str, np.ndarray], tick: int
) -> None:
    """Set the state of all engines to what it is after the tick before `tick`.

    carry: what that tick has left, on the host.
    inputs: of the last block, (tick, trial, *shape).
    """
    plan = state.plan
    state.tick = tick
    state.values = {
        name: {variable: np.array(value) for variable, value in values.items()}
        for name, values in carry["values"].items()
    }
    for (name, port), (total, count) in carry["ports"].items():
        held = state.ports[name][port]
        held.total = np.asarray(total).reshape(state.count, -1)
        if held.reduce != "sum":
            held.count = np.asarray(count).astype(np.int64).reshape(state.count, -1)
    state.last_spike |= {name: np.asarray(value) for name, value in carry["last_spike"].items()}
    state.not_refractory |= {name: np.asarray(value) for name, value in carry["not_refractory"].items()}
    for name, history in state.history.items():
        messages = _past_messages(compiled, carry, name, tick)
        if not messages:
            group = plan.groups[name]
            messages = [inputs[name][-1] if group.sends is None else message_now(state, group)]
        messages = [message.astype(plan.dtype).reshape(state.count, -1) for message in messages]
        missing = max(len(history.messages) - len(messages), 0)  # nobody asks for these older ones
        history.messages, history.last = [messages[0]] * missing + messages, tick - 1
    _store_pending(compiled, state, carry, tick)


def _past_messages(compiled: CompiledPlan, carry: Carry, name: str, tick: int) -> list[np.ndarray]:
    """The messages of a population that a carry still holds, (trial, *shape), the newest last."""
    depth = 0 if name in compiled.kept else compiled.depth[name]
    if not depth:
        return []
    sent = np.asarray(carry["sent"][name])
    return [sent] if depth == 1 else [sent[(tick - ago) % depth] for ago in range(depth, 0, -1)]


def _store_pending(compiled: CompiledPlan, state: State, carry: Carry, tick: int) -> None:
    """Put the spikes that are still on their way into the queues, as the reference engine does."""
    spiking = [name for name, depth in compiled.depth.items() if depth and compiled.spiking[name]]
    tables = afferents_into(state.plan, state.plan.groups) if spiking else []
    accumulators = [Accumulator(state.plan, table) for table in tables]
    for name in spiking:
        messages = _past_messages(compiled, carry, name, tick)
        for ago, message in zip(range(len(messages), 0, -1), messages, strict=True):
            state.tick = tick - ago
            trial, neuron = np.nonzero(message.reshape(state.count, -1))
            state.spikes[name] = trial, neuron
            queue_spikes(state, accumulators, name)
    state.tick = tick
    for queue in state.queue.values():
        for due in [due for due in queue if due < tick]:
            del queue[due]
