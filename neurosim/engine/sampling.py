"""What probes record: which quantity of which population or synapses, and at which moment of a tick."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum, auto

import numpy as np

from neurosim.network.probes import Probe
from neurosim.network.program import Do
from neurosim.plan.plan import Plan, Textual
from neurosim.recording.header import sample_size


class Quantity(Enum):
    """What a probe records at its ticks; probes of spikes (`Probe.events`) record every spike instead."""

    MESSAGE = auto()  # what a population that does not spike sends
    PORT = auto()  # what the update of this tick read at a port
    SUBEXPRESSION = auto()  # a subexpression of a population's text
    STATE = auto()  # a variable of a population
    SYNAPSES = auto()  # a variable of synapses with text
    SYNAPSE_SUBEXPRESSION = auto()  # a subexpression of text of synapses


def quantity(plan: Plan, probe: Probe) -> Quantity:
    """What a probe that does not record spikes records."""
    if probe.owner in plan.pathways:
        text = plan.pathway(probe.owner, Textual).text
        return Quantity.SYNAPSE_SUBEXPRESSION if probe.variable in text.subexpressions else Quantity.SYNAPSES
    if probe.variable is None:
        return Quantity.MESSAGE
    group = plan.groups[probe.owner]
    if probe.variable in group.ports:
        return Quantity.PORT
    return Quantity.SUBEXPRESSION if probe.variable in group.subexpressions else Quantity.STATE


def sampled_in(plan: Plan, probe: Probe) -> int:
    """The number of the step in which a probe is sampled; the length of the program: at the end of the tick.

    That is the step that names it; or, if no step does, the end for what is known only then, else the record
    step of its population, or of the population that its synapses end at.
    """
    records = [(n, step) for n, step in enumerate(plan.program) if step.kind is Do.RECORD]
    for number, step in records:
        if probe.name in (step.probes or ()):
            return number
    if is_late(plan, probe):
        return len(plan.program)
    pathway = plan.pathways.get(probe.owner)
    owner = probe.owner if pathway is None else pathway.post
    own = (number for number, step in records if step.probes is None and owner in step.populations)
    return next(own, len(plan.program))


def is_late(plan: Plan, probe: Probe) -> bool:
    """Whether what a probe records is known only at the end of the tick, not yet at its record step.

    Under Clock the record step comes first, before the ports are read and the inputs are sent.
    """
    what = quantity(plan, probe)
    return what is Quantity.PORT or (what is Quantity.MESSAGE and plan.groups[probe.owner].driven)


def bytes_per_tick(plan: Plan, probes: Iterable[Probe], trials: int) -> float:
    """How much memory the samples of these probes take for each tick, spikes left out."""
    numbers = sum(sample_size(probe) / probe.every for probe in probes if not probe.events)
    return numbers * plan.dtype.itemsize * trials


def recorded_spikes(probe: Probe, neuron: np.ndarray) -> slice | np.ndarray:
    """Which of some spikes a probe records, given the neuron of each."""
    return slice(None) if probe.index is None else np.isin(neuron, probe.index)
