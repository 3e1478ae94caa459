"""Which recorded value belongs to which synapse: their ends, and their variables laid out as matrices (post, pre)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.errors import RecordingError, nearest, shown
from neurosim.network.neurons import label
from neurosim.network.synapses import Synapses
from neurosim.network.windows import einsum
from neurosim.network.wiring import private
from neurosim.plan.draw import draw_ends
from neurosim.plan.materialize import weight_matrix
from neurosim.plan.memory import refuse_size

if TYPE_CHECKING:
    from neurosim.recording.recording import Recording


def edges(recording: Recording, name: Any) -> tuple[np.ndarray, np.ndarray]:
    """See `Recording.edges`."""
    synapses, _, _ = _find(recording, name, "edges")
    return draw_ends(recording.network, synapses, recording.seed)


def matrix(recording: Recording, name: Any, tick: Any) -> np.ndarray:
    """See `Recording.matrix`."""
    synapses, item, variable = _find(recording, name, "matrix")
    if item.weight_population is not None:
        raise RecordingError(
            f"matrix of {name!r}: these weights are what {label(item.weight_population)!r} sends. Record that."
        )
    where = f"matrix of '{synapses}.{variable}'"
    if not item.text and variable == "w":
        fixed = weight_matrix(recording.network, synapses, recording.seed).number
        return np.broadcast_to(fixed, (recording.trials, *fixed.shape)) if recording.batched else fixed
    values = _values(recording, f"{synapses}.{variable}", tick, where)
    out = _empty(recording, item, where)
    pre, post = edges(recording, synapses)
    rows, columns = _places(item.post.indices)[post], _places(item.pre.indices)[pre]
    for trial in range(len(out)):
        np.add.at(out[trial], (rows, columns), values[trial])
    return out if recording.batched else out[0]


def _find(recording: Recording, name: Any, asked: str) -> tuple[str, Synapses, str]:
    """The synapses that are called `name`, or of which it is a variable ('ears_to_liquid.w'); the variable is 'w' unless named."""
    known = recording.network.synapses
    owner, _, variable = name.partition(".") if isinstance(name, str) else ("", "", "")
    if owner not in known:
        raise RecordingError(
            f"{asked} of {shown(name)}: there are no such synapses in the network. {nearest(owner or name, known)}"
        )
    item = known[owner]
    if isinstance(item.wiring, (private, einsum)):
        kind = type(item.wiring).__name__
        raise RecordingError(f"{asked} of {name!r}: {kind} wiring keeps no list of synapses. Ask for others.")
    if variable and variable != "w" and variable not in item.states:
        raise RecordingError(
            f"{asked} of {name!r}: {owner!r} has no variable {variable!r}. {nearest(variable, item.states or ('w',))}"
        )
    return owner, item, variable or "w"


def _values(recording: Recording, record: str, tick: Any, where: str) -> np.ndarray:
    """The value of each synapse, (trial, synapse): as the run left it, or as recorded at a tick."""
    if tick is None:
        final = recording.final.get("synapse/" + record.replace(".", "/"))
        if final is None:
            raise RecordingError(
                f"{where}: the run was killed and left no end state. Say at which tick of the record it is meant, tick=..."
            )
        return final[: recording.trials]
    probe, tick = recording.probe(record), recording.tick(tick, f"{where}: tick")
    if not 0 <= tick < recording.ticks or tick % probe.every:
        interval = "" if probe.every == 1 else f", a multiple of {probe.every}"
        raise RecordingError(
            f"{where}: nothing was recorded at tick {tick}. Give a tick from 0 to {recording.ticks - 1}{interval}."
        )
    found = recording[record][..., tick // probe.every, :]
    return np.asarray(found) if recording.batched else np.asarray(found)[None]


def _empty(recording: Recording, item: Synapses, where: str) -> np.ndarray:
    shape = recording.trials, item.post.size, item.pre.size
    refuse_size(
        8.0 * np.prod(shape, dtype=float),
        where,
        f"Use the values as they are recorded, with edges({item.name or '...'!r}).",
    )
    return np.zeros(shape)


def _places(chosen: np.ndarray) -> np.ndarray:
    """The place of each neuron of a population within a part of it."""
    place = np.zeros(chosen.max(initial=0) + 1, np.int64)
    place[chosen] = np.arange(chosen.size)
    return place
