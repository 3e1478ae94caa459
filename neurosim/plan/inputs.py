"""Reads the argument `inputs` of a run: arrays, spike events or recordings, checked against the network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from neurosim.errors import DescriptionError, nearest, shown
from neurosim.network.network import Network
from neurosim.network.neurons import Neurons
from neurosim.network.values import PLAIN, TIME, as_value, one_unit, read_array, spelt, whole
from neurosim.plan.plan import Drive
from neurosim.plan.spike_arrays import array_from_spikes, is_spike_array, spikes_from_array

MOST_TICKS = 2**53
MOST_TRIALS = 10**7
PART = 2**20  # numbers that are looked at together


@dataclass(frozen=True, eq=False)
class Inputs:
    """The inputs of a run as every engine takes them.

    drives: what drives or clamps each population
    dims: the unit of the values that a driven population is given
    ticks, trials: the length of the run, and the number of its trials
    batched: whether what is recorded has a trial axis: an input had one, `trials=` was given, or the run
        continues a recording that has one
    """

    drives: Mapping[str, Drive]
    dims: Mapping[str, tuple[float, ...]]
    ticks: int
    trials: int
    batched: bool

    @property
    def spiking(self) -> frozenset[str]:
        """Populations that were given spike events."""
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
    """Check inputs against the network, and find how many ticks and trials the run has.

    `trials` is the number of trials asked for, if it is not to follow from the inputs; `started` that of a
    batched recording which the run continues, 0 for none. `as_given` keeps plain arrays in their type and
    place, without a copy.
    """
    if inputs is None:
        inputs = {}
    if not isinstance(inputs, Mapping):
        raise DescriptionError(f"run: inputs {shown(inputs)} is not a dict. Give {{population: array}}.")
    read: dict[str, Drive] = {}
    dims: dict[str, tuple[float, ...]] = {}
    lasting: dict[str, int] = {}  # how many ticks arrays have
    exact: dict[str, int] = {}
    least: dict[str, int] = {}  # events say only which trials have spikes
    for key, given in cast(Mapping[Any, Any], inputs).items():
        population = _population(net, key)
        where = f"run: input {population.name!r}"
        if population.name in read:
            raise DescriptionError(f"{where}: is given twice. Give it once.")
        _refuse_trains(given, where)
        given, held = _from_recording(net, given, population.name, where)
        events = _is_events(given)
        held = held or (getattr(given, "trials", 0) if events else 0)
        dims[population.name] = PLAIN if events else one_unit(given, where)
        drive, count = (
            _events(net, population, given, where) if events else _array(population, given, where, as_given)
        )
        if drive.values is not None:
            lasting[population.name] = drive.values.shape[1]
            drive = (
                spikes_from_array(drive.values) if is_spike_array(net, population, given, where) else drive
            )
        read[population.name] = drive
        if held or count:
            (exact if held or not events else least)[population.name] = held or count
    missing = [p.name for p in net.populations.values() if p.driven and p.name not in read]
    if missing:
        raise DescriptionError(
            f"run: {missing[0]!r} is driven from outside and has no input."
            f" Give inputs={{{missing[0]!r}: array}} (zeros for silence)."
        )
    if len(set(exact.values())) > 1:
        raise DescriptionError(
            f"run: the inputs have different numbers of trials: {exact}."
            " Give each as many, or no trial axis for all trials alike."
        )
    length = _length(net, lasting, ticks, duration)
    count = _trials(
        exact,
        least,
        started,
        None if trials is None else whole(trials, "run: trials", least=1, most=MOST_TRIALS),
    )
    alike = set(read) - set(exact) - set(least)
    drives = {name: _fit(drive, count, length, name in alike) for name, drive in read.items()}
    if net.schedule.sweeps:  # which moves one neuron at a time by the messages of the others
        drives = {
            name: array_from_spikes(drive, count, length, net.populations[name]) if drive.events else drive
            for name, drive in drives.items()
        }
    return Inputs(drives, dims, length, count, bool(exact or least) or started > 0 or trials is not None)


def _trials(exact: Mapping[str, int], least: Mapping[str, int], started: int, asked: int | None) -> int:
    """The number of trials on which `trials=`, all inputs and the continued recording agree.

    exact: the number of trials of each input with a trial axis
    least: for spikes given with trial numbers, the largest of these numbers plus 1
    started: the number of trials of the continued recording, 0 if there is none
    asked: the argument `trials`
    """
    for name, held in exact.items() if asked else ():
        if held != asked:
            raise DescriptionError(
                f"run: trials is {asked}, but input {name!r} has {held}."
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


def _population(net: Network, key: Any) -> Neurons:
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


def _from_recording(net: Network, given: Any, name: str, where: str) -> tuple[Any, int]:
    """The spikes, or else the messages, of a population in a recording, and its number of trials."""
    if not all(hasattr(given, part) for part in ("spikes", "names", "header")):
        return given, 0
    if name not in given.names:
        raise DescriptionError(
            f"{where}: the recording does not hold {name!r}."
            f" {nearest(name, given.names)} Record it, or rename the population."
        )
    if None not in (given.dt, net.dt) and given.dt != net.dt:
        raise DescriptionError(
            f"{where}: was recorded with dt = {given.dt} s, here it is {net.dt} s."
            " Use the same, or give spike times."
        )
    probe = next(p for p in given.header.probes if p.name == name)
    if not probe.events and probe.every != 1:
        raise DescriptionError(
            f"{where}: was recorded every {probe.every} ticks. Record every tick of it to use it as an input."
        )
    if not probe.events:
        return np.asarray(given[name]), given.trials if given.batched else 0
    spikes = given.spikes(name)
    if given.batched:
        return (spikes.trial, spikes.tick, spikes.neuron), given.trials
    return (spikes.tick, spikes.neuron), 0


def _refuse_trains(given: Any, where: str) -> None:
    """Refuse Neo's spike trains, which look like arrays of values."""
    trains = cast(Sequence[object], given) if isinstance(given, list | tuple) else [given]
    if trains and all(hasattr(train, "times") and hasattr(train, "t_stop") for train in trains):
        raise DescriptionError(
            f"{where}: is a spike train of Neo. Give its spikes as events (times, neurons):"
            " t = train.rescale('ms').magnitude*ms, then"
            " (t, np.full(len(t), neuron))."
        )


def _is_events(given: Any) -> bool:
    return isinstance(given, tuple) or all(hasattr(given, part) for part in ("trial", "tick", "neuron"))


def _array(population: Neurons, given: Any, where: str, as_given: bool) -> tuple[Drive, int]:
    shape = population.shape
    try:
        values = (
            given
            if as_given and _is_plain(given)
            else read_array(given, where).astype(np.float64, copy=False)
        )
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
            f"{where}: has shape {values.shape}. Give {_shape_text(shape)}, or a trial axis before it."
        )
    finite = values.dtype.kind != "f" or _is_finite(values)
    if not finite and population.driven and np.isnan(values).any():
        raise DescriptionError(
            f"{where}: contains NaN. Give numbers; NaN leaves neurons free only in populations with text."
        )
    if not finite and np.isinf(values).any():
        raise DescriptionError(f"{where}: contains infinity. Give finite numbers.")
    trials = lead[0] if len(lead) == 2 else 0
    return Drive(values=values.reshape(*((1,) * (2 - len(lead))), *lead, *shape)), trials


def _is_finite(values: np.ndarray) -> bool:
    """Whether all numbers are finite; looked at in parts, as the array may be larger than memory."""
    rows = max(1, PART // max(1, values[0].size))
    return all(bool(np.isfinite(values[first : first + rows]).all()) for first in range(0, len(values), rows))


def _is_plain(given: Any) -> bool:
    """Whether this is a plain array of numbers: not a quantity, not masked."""
    special = hasattr(given, "dim") or isinstance(given, np.ma.MaskedArray)
    return not special and isinstance(given, np.ndarray) and cast(np.ndarray, given).dtype.kind in "biuf"


def _shape_text(shape: tuple[int, ...]) -> str:
    return f"(tick, {', '.join(map(str, shape))})"


def _events(net: Network, population: Neurons, given: Any, where: str) -> tuple[Drive, int]:
    several = isinstance(given, tuple)
    parts = cast(tuple[Any, ...], given) if several else (given.trial, given.tick, given.neuron)
    if len(parts) not in (2, 3):
        raise DescriptionError(
            f"{where}: spike events are (times, neurons) or (trials, times, neurons), not {len(parts)}"
            " arrays. Give these."
        )
    if not (population.driven or population.spiking):
        raise DescriptionError(
            f"{where}: {population.name!r} does not spike, so events cannot clamp it."
            " Give an array (tick, *shape)."
        )
    values = [as_value(part, where) for part in parts]
    if any(v.number.ndim > 1 for v in values):
        raise DescriptionError(
            f"{where}: the arrays of spike events have shapes {[v.shape for v in values]}."
            " Give rows, one entry per spike."
        )
    dt = getattr(given, "dt", None)
    if None not in (dt, net.dt) and dt != net.dt:
        raise DescriptionError(
            f"{where}: the spikes count ticks of {dt} s, here dt is {net.dt} s."
            " Give (spikes.time*second, spikes.neuron)."
        )
    if len({v.number.size for v in values}) != 1:
        raise DescriptionError(
            f"{where}: the arrays of spike events have lengths {[v.number.size for v in values]}."
            " Give one entry per spike."
        )
    tick = _event_ticks(net, values[-2], where)
    neuron = _indices(values[-1].number, population.size, f"{where}: neurons")
    trial = (
        _indices(values[0].number, MOST_TRIALS, f"{where}: trials")
        if len(parts) == 3
        else np.zeros_like(neuron)
    )
    order = np.lexsort((neuron, tick, trial))
    trial, tick, neuron = trial[order], tick[order], neuron[order]
    twice = (np.diff(trial) == 0) & (np.diff(tick) == 0) & (np.diff(neuron) == 0)
    if twice.any():
        first = int(np.flatnonzero(twice)[0])
        raise DescriptionError(
            f"{where}: neuron {neuron[first]} spikes twice in tick {tick[first]}."
            " Give one spike per neuron and tick, or a smaller dt."
        )
    drive = Drive(trial=trial, tick=tick, neuron=neuron)
    return drive, (int(trial.max(initial=0)) + 1 if len(parts) == 3 else 0)


def _event_ticks(net: Network, times: Any, where: str) -> np.ndarray:
    number = times.number.ravel()
    if times.dim == TIME and net.dt:
        number = np.floor(number / net.dt + 0.001)
    elif times.dim != PLAIN or (number.size and number.dtype.kind not in "iu"):
        raise DescriptionError(
            f"{where}: spike times are neither times with a unit under Clock, such as t*ms, nor whole ticks."
            " Give one of these."
        )
    if np.any(number < 0):
        raise DescriptionError(
            f"{where}: a spike at tick {number.min():g} is before the start. Give times of 0 or later."
        )
    if np.any(number > MOST_TICKS):
        raise DescriptionError(
            f"{where}: a spike at tick {number.max():g} is too late. Give ticks of at most {MOST_TICKS:,}."
        )
    return number.astype(np.int64)


def _indices(given: np.ndarray, size: int, where: str) -> np.ndarray:
    index = given.ravel()
    if index.size and index.dtype.kind not in "iu":
        raise DescriptionError(f"{where} are not whole numbers. Give flat indices.")
    index = index.astype(np.int64)
    if np.any((index < 0) | (index >= size)):
        wrong = index[(index < 0) | (index >= size)][0]
        raise DescriptionError(f"{where}: {wrong} is out of range. Give numbers from 0 to {size - 1}.")
    return index


def _length(net: Network, given: Mapping[str, int], ticks: Any, duration: Any) -> int:
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
        short = [name for name, n in given.items() if n < length]
        if short:
            raise DescriptionError(
                f"run: input {short[0]!r} lasts {given[short[0]]} ticks, the run {length}."
                " Give as many ticks of input, or run fewer."
            )
        return length
    if not given:
        raise DescriptionError(
            "run: nothing says how long to run. Give ticks=... or, under Clock, duration=300*ms."
        )
    if len(set(given.values())) > 1:
        raise DescriptionError(
            f"run: the inputs last differently long: {given}. Give each as many ticks, or say ticks=..."
        )
    return next(iter(given.values()))


def _fit(drive: Drive, trials: int, ticks: int, alike: bool) -> Drive:
    """The drive for every trial (the same for all where `alike`), cut to the ticks of the run."""
    if drive.values is not None:
        values = drive.values[:, :ticks]
        return Drive(values=np.broadcast_to(values, (trials, *values.shape[1:])))
    assert drive.trial is not None and drive.tick is not None and drive.neuron is not None
    keep = drive.tick < ticks
    trial, tick, neuron = drive.trial[keep], drive.tick[keep], drive.neuron[keep]
    if alike and trials > 1:
        trial, tick, neuron = (
            np.repeat(np.arange(trials), tick.size),
            np.tile(tick, trials),
            np.tile(neuron, trials),
        )
    return Drive(trial=trial, tick=tick, neuron=neuron)
