"""The inputs of a session: which populations it drives or clamps, and what each advance gives them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from neurosim.errors import DescriptionError, shown
from neurosim.network.network import Network
from neurosim.network.neurons import Neurons
from neurosim.network.values import PLAIN, Dim, as_value, one_unit, read_array, unit, whole
from neurosim.plan.groups import neuron_scope
from neurosim.plan.inputs import Inputs, population_of, run_length
from neurosim.plan.lower import written_variables
from neurosim.plan.plan import Drive
from neurosim.plan.spike_arrays import spikes_from_array
from neurosim.plan.spike_events import MOST_TRIALS, is_spike_events, read_spike_events
from neurosim.recording.spikes import Spikes

MOST_TICKS = 2**30 - 1  # the event engine counts the ticks of a run in 32 bits
NO_SPIKES = np.zeros(0, np.int64)


@dataclass(frozen=True)
class Kind:
    """What drives or clamps a population in a session.

    events: whether it is spikes; else numbers.
    dim: the unit of the numbers.
    """

    population: Neurons
    events: bool
    dim: Dim


class SessionInputs:
    """The populations that a session drives or clamps, from the argument `inputs` of `ns.session`.

    Raises DescriptionError for what is no population, and for kinds that do not fit it.
    """

    def __init__(self, net: Network, inputs: Any):
        if inputs is not None and not isinstance(inputs, Mapping):
            raise DescriptionError(
                f"session: inputs {shown(inputs)} is not a dict. Give {{population: 'numbers' or 'spikes'}},"
                " and the inputs themselves to advance."
            )
        given = {population_of(net, key): kind for key, kind in cast(Mapping[Any, Any], inputs or {}).items()}
        self.net, self.trials = net, 1
        self.names: dict[str, Kind] = {}
        for population in net.populations.values():
            if population.driven or population in given:
                kind = given.get(population, "numbers")
                self.names[population.name] = _read_kind(net, population, kind)

    def open(self, ticks: Any, duration: Any, trials: Any, started: int) -> Inputs:
        """The inputs of the plan, which hold no tick yet; the other arguments are those of `ns.session`.

        started: the number of trials of the recording that is continued; 0 if it has no trial axis.
        """
        bounded = ticks is not None or duration is not None
        most = run_length(self.net, {}, ticks, duration) if bounded else MOST_TICKS
        if most > MOST_TICKS:
            raise DescriptionError(f"session: {most:,} ticks are too many. Give at most {MOST_TICKS:,}.")
        count = (
            max(started, 1) if trials is None else whole(trials, "session: trials", least=1, most=MOST_TRIALS)
        )
        if started not in (0, 1, count):
            raise DescriptionError(
                f"session: start has {started} trials, trials is {count}. Give as many, or leave trials out."
            )
        self.trials = count
        drives = {name: self._silence(kind, 0) for name, kind in self.names.items()}
        dims = {name: kind.dim for name, kind in self.names.items()}
        return Inputs(drives, dims, most, count, trials is not None or started > 0)

    def read(self, inputs: Any, ticks: int) -> dict[str, Drive]:
        """What the next ticks are driven by, from the argument `inputs` of `Session.advance`."""
        if inputs is not None and not isinstance(inputs, Mapping):
            raise DescriptionError(
                f"session: inputs {shown(inputs)} is not a dict. Give {{population: array}}."
            )
        given: dict[str, Any] = {}
        for key, value in cast("Mapping[Any, Any]", inputs or {}).items():
            name = key if type(key) is str and key in self.names else population_of(self.net, key).name
            if name not in self.names:
                raise DescriptionError(
                    f"session: input {name!r} was not announced. Give ns.session(...,"
                    f" inputs={{{name!r}: 'numbers'}}), or 'spikes', so that the session is made for it."
                )
            given[name] = value
        return {
            name: self._read(kind, given[name], ticks) if name in given else self._silence(kind, ticks)
            for name, kind in self.names.items()
        }

    def kept(self, drives: Mapping[str, Drive], first: int) -> dict[str, np.ndarray | Spikes]:
        """The inputs as a recording keeps them; their ticks begin at `first`."""
        kept: dict[str, np.ndarray | Spikes] = {}
        for name, drive in drives.items():
            if drive.values is not None:
                kept[name] = drive.values
            else:
                trial, tick, neuron = drive.spikes
                kept[name] = Spikes(trial, tick + first, neuron, self.net.dt)
        return kept

    def _silence(self, kind: Kind, ticks: int) -> Drive:
        """What drives a population that is given nothing: no spikes, zeros, or NaN, which leaves it free."""
        if kind.events:
            if ticks and not kind.population.driven:
                raise DescriptionError(
                    f"session: {kind.population.name!r} is clamped by spikes, and has no input."
                    f" Give {{{kind.population.name!r}: (times, neurons)}} to each advance."
                )
            return Drive(trial=NO_SPIKES, tick=NO_SPIKES, neuron=NO_SPIKES)
        nothing = np.array(0.0 if kind.population.driven else np.nan)
        return Drive(values=np.broadcast_to(nothing, (self.trials, ticks, *kind.population.shape)))

    def _read(self, kind: Kind, given: Any, ticks: int) -> Drive:
        subject = f"session: input {kind.population.name!r}"
        if kind.events:
            return self._read_spikes(kind, given, ticks, subject)
        if is_spike_events(given) or is_boolean(given):
            raise DescriptionError(
                f"{subject}: is spikes, but numbers were announced."
                f" Give ns.session(..., inputs={{{kind.population.name!r}: 'spikes'}})."
            )
        if type(given) is np.ndarray and given.dtype == np.float64 and kind.dim == PLAIN:
            number = given  # in closed loops this is the common case, and `as_value` takes longer than a tick
        else:
            number = self._number(kind, given, subject)
        values = self._shaped(kind.population, number, ticks, subject)
        if not np.isfinite(number).all() and (kind.population.driven or np.isinf(number).any()):
            raise DescriptionError(
                f"{subject}: holds NaN or infinity. Give finite numbers; NaN leaves free what is clamped."
            )
        return Drive(values=values)

    def _number(self, kind: Kind, given: Any, subject: str) -> np.ndarray:
        """Numbers in SI units. Raises DescriptionError for those in another unit than was announced."""
        number, dim = read_array(given, subject).astype(float, copy=False), one_unit(given, subject)
        if dim != kind.dim and number.any():
            raise DescriptionError(
                f"{subject}: is in {unit(dim)} instead of {unit(kind.dim)}. Give it in that unit"
                + (", or announce it: inputs={name: mV}." if kind.population.driven else ".")
            )
        return number

    def _shaped(self, population: Neurons, number: np.ndarray, ticks: int, subject: str) -> np.ndarray:
        """Numbers as (trial, tick, *shape); what has no axis of ticks holds in all of them."""
        shape, full = population.shape, (self.trials, ticks, *population.shape)
        if number.ndim == 0 or number.shape == shape:
            return np.broadcast_to(number, full)
        for axes in (shape, (population.size,), () if population.size == 1 else shape):
            if number.shape == (ticks, *axes):
                one = number.reshape(1, ticks, *shape)
                return one if self.trials == 1 else np.broadcast_to(one, full)
            if number.shape == (self.trials, ticks, *axes):
                return number.reshape(full)
        sizes = ", ".join(map(str, shape))
        raise DescriptionError(
            f"{subject}: has shape {number.shape}. Give ({ticks}, {sizes}), values for each tick, or"
            f" ({sizes}) for all ticks alike, or a trial axis before these."
        )

    def _read_spikes(self, kind: Kind, given: Any, ticks: int, subject: str) -> Drive:
        if is_boolean(given):
            raster = self._shaped(kind.population, np.asarray(given), ticks, subject)
            if ticks > 1 and np.shape(given) in ((), kind.population.shape):
                raise DescriptionError(
                    f"{subject}: is a raster of one tick where {ticks} run."
                    " Give one row for each tick, or (times, neurons)."
                )
            return spikes_from_array(raster)
        if not is_spike_events(given):
            raise DescriptionError(
                f"{subject}: spikes were announced. Give (times, neurons), or an array of True and False."
            )
        drive, trials = read_spike_events(self.net, kind.population, given, subject)
        trial, tick, neuron = drive.spikes
        late = tick.size > 0 and tick.max() >= ticks
        if late or trials > self.trials:
            raise DescriptionError(
                f"{subject}: has a spike in {f'tick {tick.max()}' if late else f'trial {trials - 1}'};"
                f" {ticks} ticks of {self.trials} trials run. Times count from the start of the advance."
            )
        if not trials and self.trials > 1:  # all trials have the same
            trial = np.repeat(np.arange(self.trials), tick.size)
            tick, neuron = np.tile(tick, self.trials), np.tile(neuron, self.trials)
        return Drive(trial=trial, tick=tick, neuron=neuron)


def is_boolean(given: Any) -> bool:
    """Whether an input is an array of True and False."""
    return isinstance(given, np.ndarray) and given.dtype.kind == "b"


def _read_kind(net: Network, population: Neurons, kind: Any) -> Kind:
    subject = f"session: input {population.name!r}"
    if isinstance(kind, str) and kind == "spikes":
        if not (population.driven or population.spiking) or net.schedule.sweeps:
            raise DescriptionError(f"{subject}: does not take spikes here. Announce 'numbers'.")
        return Kind(population, True, PLAIN)
    if population.driven:
        if isinstance(kind, str) and kind == "numbers":
            return Kind(population, False, PLAIN)
        if not isinstance(kind, str) and np.ndim(kind) == 0:
            return Kind(population, False, as_value(kind, subject).dim)
    elif isinstance(kind, str) and kind == "numbers":
        scope = neuron_scope(net, population, written_variables(net)[population.name])
        return Kind(
            population, False, PLAIN if population.spiking else scope.dims.get(str(population.sends), PLAIN)
        )
    raise DescriptionError(
        f"{subject}: {shown(kind)} is not a kind of input. Announce 'numbers', 'spikes' or, for what is"
        " driven, a unit such as mV; the inputs themselves go to advance."
    )
