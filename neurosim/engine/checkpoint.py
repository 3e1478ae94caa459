"""The state of all trials as named arrays, and back: what a recording keeps, and what a run continues from.

Names of arrays: `state/<population>/<variable>`, `port/...` and `arrived/...` (total and count of a port),
`history/<population>`, `last_spike/...`, `not_refractory/...`, `synapse/<synapses>/<variable>`,
`product/...`, `queue/<population>/<port>/...` and `arrivals/<synapses>/...` (spikes on their way),
`trials`, `tick`. All but `tick` and spikes on their way begin with the trial axis.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import DTypeLike

from neurosim.engine.delivery import delivery_order
from neurosim.engine.state import PendingSpikes, PendingTextualSpikes, Queue, State
from neurosim.plan.plan import Dense, Plan, Textual
from neurosim.plan.queues import queues_of

Checkpoint = Mapping[str, np.ndarray]

# The columns of spikes on their way, in the order of the fields of PendingSpikes and PendingTextualSpikes;
# `order` is the number of the sending population.
QUEUE = ("due", "sent", "order", "trial", "receiver", "value")
ARRIVALS = ("due", "sent", "trial", "synapse")

# What the event engine keeps of a dense pathway, so that it need only add the changes of the messages: the
# messages that the matrix has multiplied, by sender, and the product, by target.
PRODUCT = ("seen", "product")


def checkpoint(batches: Sequence[Checkpoint]) -> dict[str, np.ndarray]:
    """The checkpoint of a run, joined from those of its batches of trials (`held_in`)."""
    first = batches[0]
    if len(batches) == 1:
        return dict(first)
    joined = {key: np.concatenate([batch[key] for batch in batches]) for key in first if key != "tick"}
    return joined | {"tick": first["tick"]}


def held_in(state: State, *, pending: bool = True) -> dict[str, np.ndarray]:
    """Everything that a batch of trials remembers, as arrays.

    That is states, ports, messages, refractoriness, variables of synapses, and spikes on their way.

    pending: False leaves out the spikes on their way; the engine adds their columns itself.
    """
    arrays: dict[str, np.ndarray] = {"trials": state.trials}
    for name, variables in state.values.items():
        arrays |= {f"state/{name}/{key}": value for key, value in variables.items()}
    for name, ports in state.ports.items():
        arrays |= {f"port/{name}/{key}": port.total for key, port in ports.items()}
        arrays |= {f"arrived/{name}/{key}": port.count for key, port in ports.items()}
    for name, history in state.history.items():
        arrays[f"history/{name}"] = np.stack(history.messages, axis=1)
    arrays |= {f"last_spike/{name}": value for name, value in state.last_spike.items()}
    arrays |= {f"not_refractory/{name}": value for name, value in state.not_refractory.items()}
    for name, variables in state.synapses.items():
        arrays |= {f"synapse/{name}/{key}": value for key, value in variables.items()}
    for name, product in state.products.items():
        arrays |= {f"product/{name}/{key}": value for key, value in product.items()}
    if pending:
        first = int(state.trials[0])
        for (post, to), spikes in state.queue.items():
            arrays |= _columns(f"queue/{post}/{to}", QUEUE, spikes, first)
        for name, arrivals in state.arrivals.items():
            arrays |= _columns(f"arrivals/{name}", ARRIVALS, arrivals, first)
    return arrays | {"tick": np.asarray(state.tick)}


def _columns(
    key: str,
    names: tuple[str, ...],
    queue: Queue[PendingSpikes] | Queue[PendingTextualSpikes],
    first_trial: int,
) -> dict[str, np.ndarray]:
    """Spikes on their way as columns, one entry for each arrival; their trials count within the run."""
    rows = [(due, *pending) for due, group in sorted(queue.items()) for pending in group]
    columns: dict[str, np.ndarray] = {}
    for number, name in enumerate(names):
        pieces = [np.broadcast_to(row[number], np.shape(row[-1])) for row in rows]
        nothing = np.zeros(0, np.float64 if name == "value" else np.int64)
        column = np.concatenate(pieces) if pieces else nothing
        columns[f"{key}/{name}"] = column + first_trial if name == "trial" else column
    return columns


def trials_held(resume: Checkpoint) -> int:
    """How many trials a checkpoint holds. In older files only the length of its arrays tells."""
    states = [value for key, value in resume.items() if key.startswith(("state/", "history/"))]
    return len(resume.get("trials", states[0] if states else ()))


def restore(state: State, resume: Checkpoint, *, pending: bool = True) -> None:
    """Set the state of a batch to a checkpoint that fits the plan (see `resume.py`).

    A checkpoint of a single trial starts every trial.

    pending: False leaves out the spikes on their way; the engine takes their columns itself.
    """
    real = state.plan.dtype

    def own(key: str, dtype: DTypeLike) -> np.ndarray:
        return _of_trials(state, resume[key]).astype(dtype)

    for name, variables in state.values.items():
        for key in variables:
            variables[key] = own(f"state/{name}/{key}", real)
    for name, ports in state.ports.items():
        for key, port in ports.items():
            port.total, port.count = own(f"port/{name}/{key}", real), own(f"arrived/{name}/{key}", np.int64)
    for name, history in state.history.items():
        if f"history/{name}" in resume:
            stacked, depth = own(f"history/{name}", real), len(history.messages)
            messages = [stacked[:, number].copy() for number in range(stacked.shape[1])][-depth:]
            # Delays that are longer than before take the oldest message that is known.
            history.messages = [messages[0]] * (depth - len(messages)) + messages
    for name in state.last_spike:
        state.last_spike[name] = own(f"last_spike/{name}", np.int64)
        state.not_refractory[name] = own(f"not_refractory/{name}", bool)
    for name, variables in state.synapses.items():
        for key in state.plan.pathway(name, Textual).text.states:
            dtype = np.float64 if key == "lastupdate" else real  # a time in seconds needs 64 bits
            variables[key] = own(f"synapse/{name}/{key}", dtype)
    if pending:
        _restore_pending(state)


def restore_products(state: State, resume: Checkpoint) -> None:
    """Take over the matrix products of a checkpoint, if it has them.

    They carry the rounding of the run so far: only with them has a run in pieces the bits of a run in one
    piece.
    """
    for pathway in state.plan.of_class(Dense):
        keys = {part: f"product/{pathway.name}/{part}" for part in PRODUCT}
        if all(key in resume for key in keys.values()):
            state.products[pathway.name] = {
                part: _of_trials(state, resume[key]).astype(state.plan.dtype) for part, key in keys.items()
            }


def _of_trials(state: State, value: np.ndarray) -> np.ndarray:
    """The part of an array of a checkpoint with which the trials of this batch begin."""
    return np.repeat(value, state.count, axis=0) if len(value) == 1 else value[state.trials]


def _restore_pending(state: State) -> None:
    """Put the spikes that a checkpoint has on their way into the queues."""
    columns = pending_of(state.plan, state.trials)
    for (post, to), queue in state.queue.items():
        if (key := f"queue/{post}/{to}") in columns:
            due, sent, population, trial, receiver, value = columns[key]
            for rows in _alike(due, sent, population):
                first = rows[0]
                spikes = PendingSpikes(
                    int(sent[first]), int(population[first]), trial[rows], receiver[rows], value[rows]
                )
                queue.setdefault(int(due[first]), []).append(spikes)
    for name, queue in state.arrivals.items():
        if (key := f"arrivals/{name}") in columns:
            due, sent, trial, synapse = columns[key]
            for rows in _alike(due, sent):
                arrivals = PendingTextualSpikes(int(sent[rows[0]]), trial[rows], synapse[rows])
                queue.setdefault(int(due[rows[0]]), []).append(arrivals)


def pending_of(plan: Plan, trials: np.ndarray) -> dict[str, list[np.ndarray]]:
    """The columns of the spikes that the checkpoint of a plan has on their way, by the name of their queue.

    trials: the numbers of the trials of a batch, which alone are given; the column of trials counts within it
    """
    queues = {f"queue/{post}/{to}": QUEUE for post, to in queues_of(plan)}
    queues |= {f"arrivals/{pathway.name}": ARRIVALS for pathway in plan.textual}
    found: dict[str, list[np.ndarray]] = {}
    for key, names in queues.items():
        if f"{key}/due" in plan.resume:
            columns = _of_batch(trials, plan.resume, key, names)
            if "value" in names:
                columns[-1] = columns[-1].astype(plan.dtype)
            found[key] = columns
    return found


def _of_batch(trials: np.ndarray, resume: Checkpoint, key: str, names: tuple[str, ...]) -> list[np.ndarray]:
    """The columns of spikes on their way in these trials, which count within the batch."""
    columns = {name: resume[f"{key}/{name}"] for name in names}
    if trials_held(resume) == 1:
        size = columns["due"].size
        columns = {name: np.tile(column, len(trials)) for name, column in columns.items()}
        columns["trial"] = np.repeat(np.arange(len(trials)), size)
        return list(columns.values())
    trial = columns["trial"] - int(trials[0])
    mine = (trial >= 0) & (trial < len(trials))
    return [column[mine] for column in (columns | {"trial": trial}).values()]


def _alike(*keys: np.ndarray) -> Iterator[np.ndarray]:
    """The positions of equal keys, group by group in delivery order; those of a group keep their order."""
    order = delivery_order(*keys)
    if not order.size:
        return
    changes = [np.diff(key[order]) != 0 for key in keys]
    yield from np.split(order, np.flatnonzero(np.any(changes, axis=0)) + 1)
