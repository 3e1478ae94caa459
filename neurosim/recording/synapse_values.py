"""Which recorded value belongs to which synapse: `Recording.edges` and `Recording.matrix`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from neurosim.errors import RecordingError, nearest, shown
from neurosim.network.contraction import einsum
from neurosim.network.neurons import label
from neurosim.network.synapses import Synapses
from neurosim.network.wiring import private
from neurosim.plan.draw import draw_ends
from neurosim.plan.materialize import weight_matrix
from neurosim.plan.memory import refuse_size

if TYPE_CHECKING:
    from neurosim.recording.recording import Recording, Time


def edges(recording: Recording, name: str) -> tuple[np.ndarray, np.ndarray]:
    """See `Recording.edges`."""
    owner, _, _ = _resolve(recording, name, "edges")
    return draw_ends(recording.network, owner, recording.seed)


def matrix(recording: Recording, name: str, tick: Time | None) -> np.ndarray:
    """See `Recording.matrix`."""
    owner, synapses, variable = _resolve(recording, name, "matrix")
    if synapses.weight_population is not None:
        raise RecordingError(
            f"matrix of {name!r}: these weights are what {label(synapses.weight_population)!r} sends."
            " Record that."
        )
    what = f"matrix of '{owner}.{variable}'"
    if not synapses.text and variable == "w":  # weights that no text changes are drawn again
        constant = weight_matrix(recording.network, owner, recording.seed).number
        return (
            np.broadcast_to(constant, (recording.trials, *constant.shape)) if recording.batched else constant
        )
    values = _values(recording, f"{owner}.{variable}", tick, what)
    shape = recording.trials, synapses.post.size, synapses.pre.size
    remedy = f"Use the values as they are recorded, with edges({owner!r})."
    refuse_size(8.0 * np.prod(shape, dtype=float), what, remedy)
    out = np.zeros(shape)
    pre, post = edges(recording, owner)
    rows, columns = _position(synapses.post.indices)[post], _position(synapses.pre.indices)[pre]
    for trial in range(len(out)):
        np.add.at(out[trial], (rows, columns), values[trial])
    return out if recording.batched else out[0]


def _resolve(recording: Recording, name: str, method: str) -> tuple[str, Synapses, str]:
    """What a name such as 'ears_to_liquid.w' means: owner, synapses and variable ('w' if it has none)."""
    known = recording.network.synapses
    owner, _, variable = name.partition(".") if isinstance(name, str) else ("", "", "")
    if owner not in known:
        raise RecordingError(
            f"{method} of {shown(name)}: there are no such synapses in the network."
            f" {nearest(owner or name, known)}"
        )
    synapses = known[owner]
    if isinstance(synapses.wiring, (private, einsum)):
        kind = type(synapses.wiring).__name__
        raise RecordingError(
            f"{method} of {name!r}: {kind} wiring keeps no list of synapses. Ask for others."
        )
    if variable and variable != "w" and variable not in synapses.states:
        hint = nearest(variable, synapses.states or ("w",))
        raise RecordingError(f"{method} of {name!r}: {owner!r} has no variable {variable!r}. {hint}")
    return owner, synapses, variable or "w"


def _values(recording: Recording, record: str, time: Time | None, what: str) -> np.ndarray:
    """The value of each synapse, shape (trial, synapse): after the last tick, or at the time given."""
    if time is None:
        final = recording.final.get("synapse/" + record.replace(".", "/"))
        if final is None:
            raise RecordingError(
                f"{what}: the run was killed and left no end state."
                " Give tick=..., at which the variable was recorded."
            )
        return final[: recording.trials]
    probe, tick = recording.probe(record), recording.tick(time, f"{what}: tick")
    if not 0 <= tick < recording.ticks or tick % probe.every:
        interval = "" if probe.every == 1 else f", a multiple of {probe.every}"
        raise RecordingError(
            f"{what}: nothing was recorded at tick {tick}."
            f" Give a tick from 0 to {recording.ticks - 1}{interval}."
        )
    values = np.asarray(recording[record][..., tick // probe.every, :])
    return values if recording.batched else values[None]


def _position(indices: np.ndarray) -> np.ndarray:
    """For each neuron of a population its position among these `indices`, a part of the population."""
    position = np.zeros(indices.max(initial=0) + 1, np.int64)
    position[indices] = np.arange(indices.size)
    return position
