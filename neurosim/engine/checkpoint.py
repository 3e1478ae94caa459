"""The state of all trials as named arrays, and back: what a recording keeps, and what a run continues from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from neurosim.engine.state import State

QUEUE = ("due", "sent", "order", "trial", "receiver", "value")
ARRIVALS = ("due", "sent", "trial", "synapse")


def checkpoint(states: Sequence[State]) -> dict[str, np.ndarray]:
    """Everything that the network remembers, trials joined: state, ports, messages, refractoriness, plasticity, spikes in flight."""
    batches = [_arrays(state) for state in states]
    joined = {key: np.concatenate([batch[key] for batch in batches]) for key in batches[0]} if len(batches) > 1 else batches[0]
    return joined | {"tick": np.asarray(states[0].tick)}


def _arrays(state: State) -> dict[str, np.ndarray]:
    found: dict[str, np.ndarray] = {}
    for name, variables in state.values.items():
        found |= {f"state/{name}/{key}": value for key, value in variables.items()}
    for name, ports in state.ports.items():
        found |= {f"port/{name}/{key}": port.total for key, port in ports.items()}
        found |= {f"arrived/{name}/{key}": port.count for key, port in ports.items()}
    found |= {f"history/{name}": np.stack(history.messages, axis=1) for name, history in state.history.items()}
    found |= {f"last_spike/{name}": value for name, value in state.last_spike.items()}
    found |= {f"not_refractory/{name}": value for name, value in state.not_refractory.items()}
    for name, variables in state.synapses.items():
        found |= {f"synapse/{name}/{key}": value for key, value in variables.items()}
    first = int(state.trials[0])
    for (post, to), buckets in state.queue.items():
        rows = [(tick, *entry) for tick, entries in sorted(buckets.items()) for entry in entries]
        found |= {f"queue/{post}/{to}/{part}": column for part, column in zip(QUEUE, _columns(rows, 3, first), strict=True)}
    for name, buckets in state.arrivals.items():
        rows = [(tick, *entry) for tick, entries in sorted(buckets.items()) for entry in entries]
        found |= {f"arrivals/{name}/{part}": column for part, column in zip(ARRIVALS, _columns(rows, 2, first), strict=True)}
    return found


def _columns(rows: list[tuple], scalars: int, first: int) -> list[np.ndarray]:
    """Groups of spikes in flight as columns: the leading `scalars` of a row stand for all its spikes; trials counted from 0."""
    width = 6 if scalars == 3 else 4
    if not rows:
        return [np.zeros(0, np.float64 if part == 5 else np.int64) for part in range(width)]
    columns = []
    for part in range(width):
        pieces = [np.full(np.size(row[scalars]), row[part]) if part < scalars else np.asarray(row[part]) for row in rows]
        columns.append(np.concatenate(pieces) + (first if part == scalars else 0))
    return columns


def restore(state: State, resume: Mapping[str, np.ndarray]) -> None:
    """Set the state to a checkpoint that fits the plan (see `plan/check.py`); one of a single trial starts every trial."""

    def own(key: str) -> np.ndarray:
        value = np.asarray(resume[key])
        return np.repeat(value, state.count, axis=0) if len(value) == 1 else value[state.trials].copy()

    for name, variables in state.values.items():
        for key in variables:
            variables[key] = own(f"state/{name}/{key}").astype(state.plan.dtype)
    for name, ports in state.ports.items():
        for key, port in ports.items():
            port.total, port.count = own(f"port/{name}/{key}").astype(state.plan.dtype), own(f"arrived/{name}/{key}")
    for name, history in state.history.items():
        if f"history/{name}" in resume:
            stacked, depth = own(f"history/{name}"), len(history.messages)
            kept = [stacked[:, place].astype(state.plan.dtype) for place in range(stacked.shape[1])][-depth:]
            history.messages = [kept[0]] * (depth - len(kept)) + kept  # longer delays than before hear the oldest message that is known
    for name in state.last_spike:
        state.last_spike[name] = own(f"last_spike/{name}")
        state.not_refractory[name] = own(f"not_refractory/{name}").astype(bool)
    for name, variables in state.synapses.items():
        text = state.plan.pathways[name].text
        for key in text.states if text is not None else ():
            dtype = np.float64 if key == "lastupdate" else state.plan.dtype  # seconds need 64 bits
            variables[key] = own(f"synapse/{name}/{key}").astype(dtype)
    _restore_flights(state, resume)


def _restore_flights(state: State, resume: Mapping[str, np.ndarray]) -> None:
    alone = all(len(value) == 1 for key, value in resume.items() if key.startswith("state/"))
    for (post, to), buckets in state.queue.items():
        if f"queue/{post}/{to}/due" in resume:
            due, sent, order, trial, receiver, value = (np.asarray(resume[f"queue/{post}/{to}/{part}"]) for part in QUEUE)
            for local, mine in _mine(state, trial, alone):
                for key in sorted(set(zip(due[mine].tolist(), sent[mine].tolist(), order[mine].tolist(), strict=True))):
                    chosen = mine & (due == key[0]) & (sent == key[1]) & (order == key[2])
                    entry = (key[1], key[2], np.full(int(chosen.sum()), local), receiver[chosen], value[chosen])
                    buckets.setdefault(key[0], []).append(entry)
    for name, buckets in state.arrivals.items():
        if f"arrivals/{name}/due" in resume:
            due, sent, trial, synapse = (np.asarray(resume[f"arrivals/{name}/{part}"]) for part in ARRIVALS)
            for local, mine in _mine(state, trial, alone):
                for key in sorted(set(zip(due[mine].tolist(), sent[mine].tolist(), strict=True))):
                    chosen = mine & (due == key[0]) & (sent == key[1])
                    buckets.setdefault(key[0], []).append((key[1], np.full(int(chosen.sum()), local), synapse[chosen]))


def _mine(state: State, trial: np.ndarray, alone: bool):
    """For each trial of the batch, its number within the batch and which of the given spikes are its own."""
    for local, number in enumerate(state.trials):
        yield local, (np.ones(trial.size, bool) if alone else trial == number)
