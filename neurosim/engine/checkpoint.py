"""The state of all trials as named arrays, and back: what a recording keeps, and what a run continues from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from neurosim.engine.state import State
from neurosim.plan.plan import Dense, Textual

QUEUE = ("due", "sent", "order", "trial", "receiver", "value")
ARRIVALS = ("due", "sent", "trial", "synapse")
PRODUCT = (
    "seen",
    "product",
)  # the messages that a matrix has multiplied, by sender, and the product, by target


def checkpoint(states: Sequence[State]) -> dict[str, np.ndarray]:
    """Everything that the network remembers, trials joined: state, ports, messages, refractoriness, plasticity, spikes in flight."""
    batches = [_arrays(state) for state in states]
    joined = (
        {key: np.concatenate([batch[key] for batch in batches]) for key in batches[0]}
        if len(batches) > 1
        else batches[0]
    )
    return joined | {"tick": np.asarray(states[0].tick)}


def _arrays(state: State) -> dict[str, np.ndarray]:
    found: dict[str, np.ndarray] = {"trials": state.trials}
    for name, variables in state.values.items():
        found |= {f"state/{name}/{key}": value for key, value in variables.items()}
    for name, ports in state.ports.items():
        found |= {f"port/{name}/{key}": port.total for key, port in ports.items()}
        found |= {f"arrived/{name}/{key}": port.count for key, port in ports.items()}
    found |= {
        f"history/{name}": np.stack(history.messages, axis=1) for name, history in state.history.items()
    }
    found |= {f"last_spike/{name}": value for name, value in state.last_spike.items()}
    found |= {f"not_refractory/{name}": value for name, value in state.not_refractory.items()}
    for name, variables in state.synapses.items():
        found |= {f"synapse/{name}/{key}": value for key, value in variables.items()}
    for name, kept in state.products.items():
        found |= {f"product/{name}/{key}": value for key, value in kept.items()}
    first = int(state.trials[0])
    for (post, to), buckets in state.queue.items():
        rows = [(tick, *entry) for tick, entries in sorted(buckets.items()) for entry in entries]
        found |= {
            f"queue/{post}/{to}/{part}": column
            for part, column in zip(QUEUE, _columns(rows, 3, first), strict=True)
        }
    for name, buckets in state.arrivals.items():
        rows = [(tick, *entry) for tick, entries in sorted(buckets.items()) for entry in entries]
        found |= {
            f"arrivals/{name}/{part}": column
            for part, column in zip(ARRIVALS, _columns(rows, 2, first), strict=True)
        }
    return found


def _columns(rows: list[tuple], scalars: int, first: int) -> list[np.ndarray]:
    """Groups of spikes in flight as columns: the leading `scalars` of a row stand for all its spikes; trials counted from 0."""
    width = 6 if scalars == 3 else 4
    if not rows:
        return [np.zeros(0, np.float64 if part == 5 else np.int64) for part in range(width)]
    columns = []
    for part in range(width):
        pieces = [
            np.full(np.size(row[scalars]), row[part]) if part < scalars else np.asarray(row[part])
            for row in rows
        ]
        columns.append(np.concatenate(pieces) + (first if part == scalars else 0))
    return columns


def trials_held(resume: Mapping[str, np.ndarray]) -> int:
    """How many trials a checkpoint holds. Those of older files do not say it; there every array of state does."""
    told = [value for key, value in resume.items() if key.startswith(("state/", "history/"))]
    return len(resume.get("trials", told[0] if told else [0]))


def restore(state: State, resume: Mapping[str, np.ndarray]) -> None:
    """Set the state to a checkpoint that fits the plan (see `resume.py`); one of a single trial starts every trial."""

    def own(key: str, kind: Any) -> np.ndarray:
        return _of_trials(state, resume[key]).astype(kind)

    real = state.plan.dtype
    for name, variables in state.values.items():
        for key in variables:
            variables[key] = own(f"state/{name}/{key}", real)
    for name, ports in state.ports.items():
        for key, port in ports.items():
            port.total, port.count = own(f"port/{name}/{key}", real), own(f"arrived/{name}/{key}", np.int64)
    for name, history in state.history.items():
        if f"history/{name}" in resume:
            stacked, depth = own(f"history/{name}", real), len(history.messages)
            kept = [stacked[:, place].copy() for place in range(stacked.shape[1])][-depth:]
            history.messages = [kept[0]] * (
                depth - len(kept)
            ) + kept  # longer delays than before hear the oldest message that is known
    for name in state.last_spike:
        state.last_spike[name] = own(f"last_spike/{name}", np.int64)
        state.not_refractory[name] = own(f"not_refractory/{name}", bool)
    for name, variables in state.synapses.items():
        for key in state.plan.pathway(name, Textual).text.states:
            variables[key] = own(
                f"synapse/{name}/{key}", np.float64 if key == "lastupdate" else real
            )  # seconds need 64 bits
    _restore_flights(state, resume)


def restore_products(state: State, resume: Mapping[str, np.ndarray]) -> None:
    """Take matrix products over from a checkpoint, if it has them: rounded as they are, a run in pieces has the bits of the whole run."""
    for pathway in state.plan.of_kind(Dense):
        keys = {part: f"product/{pathway.name}/{part}" for part in PRODUCT}
        if all(key in resume for key in keys.values()):
            state.products[pathway.name] = {
                part: _of_trials(state, resume[key]).astype(state.plan.dtype) for part, key in keys.items()
            }


def _of_trials(state: State, value: np.ndarray) -> np.ndarray:
    """What the trials of this batch begin with."""
    return np.repeat(value, state.count, axis=0) if len(value) == 1 else value[state.trials]


def _restore_flights(state: State, resume: Mapping[str, np.ndarray]) -> None:
    for (post, to), buckets in state.queue.items():
        if f"queue/{post}/{to}/due" in resume:
            due, sent, order, trial, receiver, value = _of_batch(state, resume, f"queue/{post}/{to}", QUEUE)
            for rows in _alike(due, sent, order):
                entry = (
                    int(sent[rows[0]]),
                    int(order[rows[0]]),
                    trial[rows],
                    receiver[rows],
                    value[rows].astype(state.plan.dtype),
                )
                buckets.setdefault(int(due[rows[0]]), []).append(entry)
    for name, buckets in state.arrivals.items():
        if f"arrivals/{name}/due" in resume:
            due, sent, trial, synapse = _of_batch(state, resume, f"arrivals/{name}", ARRIVALS)
            for rows in _alike(due, sent):
                buckets.setdefault(int(due[rows[0]]), []).append(
                    (int(sent[rows[0]]), trial[rows], synapse[rows])
                )


def _of_batch(
    state: State, resume: Mapping[str, np.ndarray], key: str, parts: tuple[str, ...]
) -> list[np.ndarray]:
    """The spikes in flight of this batch of trials, these counted within it."""
    columns = [resume[f"{key}/{part}"] for part in parts]
    place = parts.index("trial")
    if trials_held(resume) == 1:
        trial = np.repeat(np.arange(state.count), columns[0].size)
        return [
            trial if number == place else np.tile(column, state.count)
            for number, column in enumerate(columns)
        ]
    first = int(state.trials[0])
    mine = (columns[place] >= first) & (columns[place] < first + state.count)
    return [column[mine] - (first if number == place else 0) for number, column in enumerate(columns)]


def _alike(*keys: np.ndarray) -> Iterator[np.ndarray]:
    """The rows of equal keys, group by group as the keys rise; rows of a group keep their order."""
    ranked = np.lexsort(keys[::-1])
    if not ranked.size:
        return
    changes = [np.diff(key[ranked]) != 0 for key in keys]
    yield from np.split(ranked, np.flatnonzero(np.any(changes, axis=0)) + 1)
