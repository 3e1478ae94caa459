"""Parts of what was recorded: `rec["cells[:3].v"]`, if `cells.v` or `cells[:5].v` was recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from neurosim.errors import DescriptionError, RecordingError, nearest
from neurosim.network.network import Network
from neurosim.network.neurons import Neurons, label
from neurosim.network.part import Part
from neurosim.network.probes import Probe, resolve
from neurosim.recording.chunk_pieces import Indices, as_array
from neurosim.recording.header import recorded_indices
from neurosim.recording.lazy import LazyArray


@dataclass(frozen=True, eq=False)
class PartialProbe(Probe):
    """A part of what another probe, `source`, recorded."""

    source: Probe


def find_probe(name: str | Neurons | Part, probes: Mapping[str, Probe], net: Network) -> Probe:
    """The probe of this name, or the part of a probe that the name means.

    name: as in `record` of ns.run, or a population or a part of one
    probes: what was recorded, by name
    net: the network that was run

    Raises RecordingError if nothing that was recorded contains it.
    """
    text = label(name) if isinstance(name, (Neurons, Part)) else name
    if isinstance(text, str) and text in probes:
        return probes[text]
    try:
        population, variable, text = resolve(net, text)
    except DescriptionError as error:
        raise RecordingError(
            f"Recording: {str(error).removeprefix('run: record ')} It holds:"
            f" {', '.join(probes) or 'nothing'}."
        ) from None
    if text in probes:
        return probes[text]
    of_variable, containing = [], []
    if population is not None:
        of_variable = [p for p in probes.values() if (p.owner, p.variable) == (population.name, variable)]
        containing = [p for p in of_variable if np.isin(population.indices, recorded_indices(p)).all()]
    if population is None or not containing:
        names = ", ".join(repr(p.name) for p in of_variable)
        hint = f"What was recorded is {names}." if names else nearest(text, probes)
        raise RecordingError(
            f"Recording: {text!r} was not recorded. {hint} Run again with record=[{text!r}] to have it."
        )
    source = min(containing, key=lambda p: p.every)
    return PartialProbe(
        text,
        source.owner,
        variable,
        population.indices,
        population.shape,
        source.every,
        source.events,
        source,
    )


def recorded_probe(probe: Probe) -> Probe:
    """The probe that was recorded and contains this one; itself if it is not a part."""
    return probe.source if isinstance(probe, PartialProbe) else probe


def select_part(values: np.ndarray | LazyArray, probe: PartialProbe) -> np.ndarray | LazyArray:
    """The values of a part, from those of the probe that was recorded, shape ([trial,] sample, *shape)."""
    position = positions(probe.source)[recorded_indices(probe)]
    if isinstance(values, LazyArray):
        return PartialArray(values, probe, position)
    leading = values.shape[: values.ndim - len(probe.source.shape)]
    return values.reshape(*leading, -1)[..., position].reshape(*leading, *probe.shape)


class PartialArray(LazyArray):
    """The values of a part of what lies in a file.

    values: those of the probe that was recorded
    probe: the part
    position: flat position of each neuron of the part in a sample of `values`, shape (neuron,)
    """

    def __init__(self, values: LazyArray, probe: PartialProbe, position: np.ndarray):
        self._leading = values.ndim - len(probe.source.shape)
        super().__init__((*values.shape[: self._leading], *probe.shape), values.dtype, values.time)
        self._values, self._probe, self._position = values, probe, position

    def _take(self, chosen: tuple[Indices, ...]) -> np.ndarray:
        leading, axes = chosen[: self._leading], chosen[self._leading :]
        flat = self._position[np.ravel_multi_index(np.ix_(*map(as_array, axes)), self._probe.shape).ravel()]
        # The smallest block that contains the part is read, and the part is taken out of it.
        along = np.unravel_index(flat, self._probe.source.shape)
        needed, within = zip(*(np.unique(indices, return_inverse=True) for indices in along), strict=True)
        block = self._values._take((*leading, *needed))
        return block[(..., *within)].reshape(*map(len, chosen))


def positions(probe: Probe, size: int = 0) -> np.ndarray:
    """The flat position, in a sample of the probe, of each neuron of its population; -1 for neurons it does
    not contain.

    size: number of neurons of the population; the result is only as long as needed if it is 0
    """
    neurons = recorded_indices(probe)
    position = np.full(max(neurons.max(initial=-1) + 1, size), -1)
    position[neurons] = np.arange(neurons.size)
    return position
