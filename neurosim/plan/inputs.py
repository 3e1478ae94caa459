"""Reads the argument `inputs` of a run: arrays, spike events or recordings, one for each population.

Inputs are checked against the network, and brought into one form, `Drive`. Together with the arguments
`ticks`, `duration` and `trials` they determine the length of the run and the number of its trials.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

import numpy as np

from neurosim.errors import DescriptionError, nearest, shown
from neurosim.network.network import Network
from neurosim.network.neurons import Neurons
from neurosim.network.readonly import read_only
from neurosim.network.values import PLAIN, TIME, Dim, as_value, one_unit, read_array, spelt, whole
from neurosim.plan.plan import Drive
from neurosim.plan.spike_arrays import array_from_spikes, is_spike_array, spikes_from_array
from neurosim.plan.spike_events import MOST_TICKS, MOST_TRIALS, is_spike_events, read_spike_events

CHUNK = 2**20  # how many numbers are checked at a time


@dataclass(frozen=True, eq=False)
class Inputs:
    """The inputs of a run in the form that all engines take, and its size.

    drives: what drives or clamps a population, by its name
    dims: the dimensions of the values with which a population is driven, by its name
    ticks, trials: the number of ticks of each trial, and the number of trials
    batched: whether recorded arrays have a trial axis. They have one if an input has one, if `trials` was
        given, or if the run continues a recording that has one.
    """

    drives: Mapping[str, Drive]
    dims: Mapping[str, tuple[float, ...]]
    ticks: int
    trials: int
    batched: bool

    @property
    def spiking(self) -> frozenset[str]:
        """Names of the populations whose inputs are spike events."""
        return frozenset(name for name, drive in self.drives.items() if drive.events)


def read_inputs(
    net: Network,
    inputs: Any,
    ticks: Any = None,
    duration: Any = None,
    trials: Any = None,
    started: int = 0,
    *,
    as_given: bool = False,
) -> Inputs:
    """Check inputs against the network, and determine the number of ticks and trials of the run.

    inputs, ticks, duration, trials: the arguments of `ns.run`
    started: the number of trials of the recording that the run continues; 0 if it has no trial axis, or if
        nothing is continued
    as_given: whether plain arrays of numbers are used as they are, without a copy in double precision

    Raises DescriptionError for inputs that do not fit the network or each other.
    """
    if inputs is None:
        inputs = {}
    if not isinstance(inputs, Mapping):
        raise DescriptionError(f"run: inputs {shown(inputs)} is not a dict. Give {{population: array}}.")
    read: dict[str, _Input] = {}
    for key, given in cast("Mapping[Any, Any]", inputs).items():
        population = population_of(net, key)
        if population.name in read:
            raise DescriptionError(f"run: input {population.name!r}: is given twice. Give it once.")
        read[population.name] = _read_input(net, population, given, as_given)
    for population in net.populations.values():
        if population.driven and population.name not in read:
            raise DescriptionError(
                f"run: {population.name!r} is driven from outside and has no input."
                f" Give inputs={{{population.name!r}: array}} (zeros for silence)."
            )
    exact = {name: one.trials for name, one in read.items() if one.trials}
    least = {name: one.least_trials for name, one in read.items() if one.least_trials}
    if len(set(exact.values())) > 1:
        raise DescriptionError(
            f"run: the inputs have different numbers of trials: {exact}."
            " Give each as many, or no trial axis for all trials alike."
        )
    length = run_length(net, {name: one.ticks for name, one in read.items() if one.ticks}, ticks, duration)
    asked = None if trials is None else whole(trials, "run: trials", least=1, most=MOST_TRIALS)
    count = _trials(exact, least, started, asked)
    drives = {name: _fit(one, count, length) for name, one in read.items()}
    if net.schedule.sweeps:  # a sweep reads the messages of all neurons, so spikes become an array
        drives = {
            name: array_from_spikes(drive, count, length, net.populations[name]) if drive.events else drive
            for name, drive in drives.items()
        }
    batched = bool(exact or least) or started > 0 or trials is not None
    return Inputs(drives, {name: one.dim for name, one in read.items()}, length, count, batched)


class _Input(NamedTuple):
    """An input of one population, before it is known how long the run is.

    ticks: how many it has, if it is an array; else 0.
    trials: how many it has; 0 without a trial axis.
    least_trials: of spike events with trial numbers, whose last trials may have no spikes, the largest number
        plus 1; else 0.
    """

    drive: Drive
    dim: Dim
    ticks: int = 0
    trials: int = 0
    least_trials: int = 0


def _read_input(net: Network, population: Neurons, given: Any, as_given: bool) -> _Input:
    subject = f"run: input {population.name!r}"
    dim, recorded = PLAIN, 0
    if type(given) is not np.ndarray:  # which is neither of the following
        _refuse_trains(given, subject)
        given, recorded = _from_recording(net, given, population.name, subject)
        if is_spike_events(given):
            drive, bound = read_spike_events(net, population, given, subject)
            number = recorded or getattr(given, "trials", 0)
            return _Input(drive, PLAIN, trials=number, least_trials=0 if number else bound)
        dim = one_unit(given, subject)
    boolean = _is_plain(given) and given.dtype == bool
    values, number = _array(population, given, subject, as_given=as_given or boolean)
    if is_spike_array(net, population, given, subject):
        drive = spikes_from_array(values)
    else:
        drive = Drive(values=values.astype(np.float64) if boolean and not as_given else values)
    return _Input(drive, dim, values.shape[1], recorded or number)


def _trials(exact: Mapping[str, int], least: Mapping[str, int], started: int, asked: int | None) -> int:
    """The number of trials on which the argument `trials`, the inputs and the continued recording agree.

    exact: the number of trials of each input with a trial axis
    least: for spike events with trial numbers, the largest of these numbers plus 1
    started: the number of trials of the continued recording, 0 if there is none
    asked: the argument `trials` of the run

    Raises DescriptionError if they do not agree.
    """
    for name, number in exact.items() if asked else ():
        if number != asked:
            raise DescriptionError(
                f"run: trials is {asked}, but input {name!r} has {number}."
                " Give it as many trials, or no trial axis."
            )
    known = ({"trials": asked} if asked else exact) or ({"start": started} if started > 1 else {})
    count = next(iter(known.values()), max([*least.values(), started, 1]))
    for name, needed in least.items():
        if needed > count:
            raise DescriptionError(
                f"run: input {name!r} has spikes in trial {needed - 1}, but there are {count} trials."
                " Count trials from 0."
            )
    if started not in (0, 1, count):
        raise DescriptionError(
            f"run: start has {started} trials, the inputs {count}."
            " Give inputs for as many trials, or without a trial axis."
        )
    return count


def population_of(net: Network, key: Any) -> Neurons:
    """The population of `net` that a key of `inputs` means: its name, or the population itself."""
    name = key.name if isinstance(key, Neurons) else spelt(key) if isinstance(key, str) else key
    if (
        not isinstance(name, str)
        or name not in net.populations
        or (isinstance(key, Neurons) and net.populations[name] is not key)
    ):
        raise DescriptionError(
            f"run: input {shown(name)} is no population of this network. {nearest(name, net.populations)}"
        )
    return net.populations[name]


def _from_recording(net: Network, given: Any, name: str, subject: str) -> tuple[Any, int]:
    """What a population sent in a recording, as spike events or as an array, and the number of trials.

    The number is 0 for a recording without a trial axis, and for inputs that are not recordings, which are
    returned as they are.
    """
    if not all(hasattr(given, part) for part in ("spikes", "names", "header")):
        return given, 0
    if name not in given.names:
        raise DescriptionError(
            f"{subject}: the recording does not hold {name!r}."
            f" {nearest(name, given.names)} Record it, or rename the population."
        )
    if None not in (given.dt, net.dt) and given.dt != net.dt:
        raise DescriptionError(
            f"{subject}: was recorded with dt = {given.dt} s, here it is {net.dt} s."
            " Use the same, or give spike times."
        )
    probe = next(p for p in given.header.probes if p.name == name)
    if not probe.events and probe.every != 1:
        raise DescriptionError(
            f"{subject}: was recorded every {probe.every} ticks."
            " Record every tick of it to use it as an input."
        )
    if not probe.events:
        return np.asarray(given[name]), given.trials if given.batched else 0
    spikes = given.spikes(name)
    if given.batched:
        return (spikes.trial, spikes.tick, spikes.neuron), given.trials
    return (spikes.tick, spikes.neuron), 0


def _refuse_trains(given: Any, subject: str) -> None:
    """Refuse spike trains of the package Neo, which would otherwise be taken for arrays of values."""
    trains = cast(Sequence[object], given) if isinstance(given, list | tuple) else [given]
    if trains and all(hasattr(train, "times") and hasattr(train, "t_stop") for train in trains):
        raise DescriptionError(
            f"{subject}: is a spike train of Neo. Give its spikes as events (times, neurons):"
            " t = train.rescale('ms').magnitude*ms, then"
            " (t, np.full(len(t), neuron))."
        )


def _array(population: Neurons, given: Any, subject: str, *, as_given: bool) -> tuple[np.ndarray, int]:
    """An input as an array (trial, tick, *shape), and its number of trials, 0 without a trial axis.

    The axes of the population may be flattened into one, and left out for a single neuron.
    """
    shape = population.shape
    try:
        if _is_plain(given) and (as_given or given.dtype.char in "df"):
            values = given if as_given else given.copy()  # every number of 32 bits is one of 64 bits
        else:
            values = read_array(given, subject).astype(np.float64, copy=False)
    except DescriptionError as error:
        raise DescriptionError(
            f"{error} Inputs have the shape {_shape_text(shape)}, or are spike events (times, neurons)."
        ) from None
    if values.ndim >= len(shape) and values.shape[values.ndim - len(shape) :] == shape:
        lead = values.shape[: values.ndim - len(shape)]
    elif values.ndim and values.shape[-1] == population.size:
        lead = values.shape[:-1]
    else:
        lead = values.shape if population.size == 1 else ()
    if len(lead) not in (1, 2) or 0 in lead:
        raise DescriptionError(
            f"{subject}: has shape {values.shape}. Give {_shape_text(shape)}, or a trial axis before it."
        )
    finite = values.dtype.kind != "f" or _is_finite(values)
    if not finite and population.driven and np.isnan(values).any():
        raise DescriptionError(
            f"{subject}: contains NaN. Give numbers; NaN leaves neurons free only in populations with text."
        )
    if not finite and np.isinf(values).any():
        raise DescriptionError(f"{subject}: contains infinity. Give finite numbers.")
    trials = lead[0] if len(lead) == 2 else 0
    return values.reshape(*((1,) * (2 - len(lead))), *lead, *shape), trials


def _is_finite(values: np.ndarray) -> bool:
    """Whether all numbers are finite. They are checked in chunks: the array may be larger than memory."""
    if values.size <= CHUNK:
        return bool(np.isfinite(values).all())
    rows = max(1, CHUNK // max(1, values[0].size))
    return all(bool(np.isfinite(values[first : first + rows]).all()) for first in range(0, len(values), rows))


def _is_plain(given: Any) -> bool:
    """Whether this is a plain array of numbers, without a unit and without a mask."""
    special = hasattr(given, "dim") or isinstance(given, np.ma.MaskedArray)
    return not special and isinstance(given, np.ndarray) and cast(np.ndarray, given).dtype.kind in "biuf"


def _shape_text(shape: tuple[int, ...]) -> str:
    return f"(tick, {', '.join(map(str, shape))})"


def run_length(net: Network, lengths: Mapping[str, int], ticks: Any, duration: Any) -> int:
    """The number of ticks of a run: by `ticks` or `duration`, or else the length that all arrays share.

    lengths: the number of ticks of each array, by population

    Raises DescriptionError if these contradict each other, or if there is none of them.
    """
    if ticks is not None and duration is not None:
        raise DescriptionError("run: both ticks and duration are given. Give one.")
    if duration is not None:
        value = as_value(duration, "run: duration")
        if net.dt is None or value.dim != TIME or not value.scalar or not 0 <= value.number < np.inf:
            raise DescriptionError(
                f"run: duration {value} is not a time under Clock. Give a time such as 300*ms, or ticks=..."
                " without Clock."
            )
        ticks = round(min(float(value.number) / net.dt, 2.0 * MOST_TICKS))
        whole(ticks, "run: ticks in the duration", most=MOST_TICKS)
        if abs(ticks * net.dt - float(value.number)) > 1e-6 * net.dt * max(1.0, ticks):
            raise DescriptionError(
                f"run: duration {value} is not a multiple of dt = {net.schedule.dt}."  # type: ignore[attr-defined]
                " Give a whole number of ticks."
            )
    if ticks is not None:
        length = whole(ticks, "run: ticks", most=MOST_TICKS)
        short = [name for name, number in lengths.items() if number < length]
        if short:
            raise DescriptionError(
                f"run: input {short[0]!r} lasts {lengths[short[0]]} ticks, the run {length}."
                " Give as many ticks of input, or run fewer."
            )
        return length
    if not lengths:
        raise DescriptionError(
            "run: nothing says how long to run. Give ticks=... or, under Clock, duration=300*ms."
        )
    if len(set(lengths.values())) > 1:
        raise DescriptionError(
            f"run: the inputs have different numbers of ticks: {lengths}. Give each as many, or say ticks=..."
        )
    return next(iter(lengths.values()))


def _fit(given: _Input, trials: int, ticks: int) -> Drive:
    """The first ticks of an input, for every trial."""
    drive = given.drive
    if drive.values is not None:
        values = drive.values if drive.values.shape[1] == ticks else drive.values[:, :ticks]
        if len(values) != trials:
            values = np.broadcast_to(values, (trials, *values.shape[1:]))
        return Drive(values=read_only(values))
    shared = trials > 1 and not (given.trials or given.least_trials)
    if given.ticks == ticks and not shared:
        return drive
    keep = drive.spikes[1] < ticks
    trial, tick, neuron = (array[keep] for array in drive.spikes)
    if shared:  # all trials have the same spikes
        trial = np.repeat(np.arange(trials), tick.size)
        tick, neuron = np.tile(tick, trials), np.tile(neuron, trials)
    return Drive(trial=trial, tick=tick, neuron=neuron)
