"""Asking a recording for a part of what it holds: `rec["cells[:3].v"]` where `cells.v` or `cells[:5].v` was recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from neurosim.errors import DescriptionError, RecordingError, nearest
from neurosim.network.network import Network
from neurosim.network.neurons import Neurons, Part, label
from neurosim.network.probes import Probe, resolve
from neurosim.recording.header import recorded_indices
from neurosim.recording.lazy import LazyArray


@dataclass(frozen=True, eq=False)
class PartialProbe(Probe):
    """A part of what another probe recorded."""

    source: Probe


def find_probe(name: Any, probes: Mapping[str, Probe], net: Network) -> Probe:
    """The probe of that name, or the part that is meant of one that holds it; RecordingError where nothing does."""
    text = label(name) if isinstance(name, (Neurons, Part)) else name
    if isinstance(text, str) and text in probes:
        return probes[text]
    try:
        population, variable, text = resolve(net, text)
    except DescriptionError as error:
        raise RecordingError(
            f"Recording: {str(error).removeprefix('run: record ')} It holds: {', '.join(probes) or 'nothing'}."
        ) from None
    if text in probes:
        return probes[text]
    alike = [
        p
        for p in probes.values()
        if population is not None and (p.owner, p.variable) == (population.name, variable)
    ]
    held = [
        p for p in alike if population is not None and np.isin(population.indices, recorded_indices(p)).all()
    ]
    if not held or population is None:
        some = f"Of it, {', '.join(repr(p.name) for p in alike)} was." if alike else nearest(text, probes)
        raise RecordingError(
            f"Recording: {text!r} was not recorded. {some} Run again with record=[{text!r}] to have it."
        )
    source = min(held, key=lambda p: p.every)
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
    """What was recorded that holds this."""
    return probe.source if isinstance(probe, PartialProbe) else probe


def select_part(whole: Any, probe: PartialProbe) -> Any:
    """The values of a part, of the values of what was recorded."""
    place = positions(probe.source)[recorded_indices(probe)]
    return PartialArray(whole, probe, place) if isinstance(whole, LazyArray) else _picked(whole, probe, place)


def _picked(whole: np.ndarray, probe: PartialProbe, place: np.ndarray) -> np.ndarray:
    lead = whole.shape[: whole.ndim - len(probe.source.shape)]
    return whole.reshape(*lead, -1)[..., place].reshape(*lead, *probe.shape)


class PartialArray(LazyArray):
    """The values of a part of what lies in a file."""

    def __init__(self, whole: LazyArray, probe: PartialProbe, place: np.ndarray):
        self._lead = whole.ndim - len(probe.source.shape)
        super().__init__((*whole.shape[: self._lead], *probe.shape), whole.dtype, whole.time)
        self._whole, self._probe, self._place = whole, probe, place

    def _take(self, chosen: tuple[np.ndarray, ...]) -> np.ndarray:
        lead, axes = chosen[: self._lead], chosen[self._lead :]
        flat = self._place[np.ravel_multi_index(np.ix_(*axes), self._probe.shape).ravel()]
        ends = [
            np.unique(along, return_inverse=True)
            for along in np.unravel_index(flat, self._probe.source.shape)
        ]
        found = self._whole._take((*lead, *(needed for needed, _ in ends)))
        return found[(..., *(within for _, within in ends))].reshape(*(n.size for n in chosen))


def positions(probe: Probe, size: int = 0) -> np.ndarray:
    """The place in a probe of each recorded neuron of its population, of that `size`; -1 elsewhere."""
    neurons = recorded_indices(probe)
    place = np.full(max(neurons.max(initial=-1) + 1, size), -1)
    place[neurons] = np.arange(neurons.size)
    return place
