"""Targets: what a population should send, and at which ticks of which trials that is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neurosim.errors import DescriptionError, shown
from neurosim.learn.training.losses import AnyLoss, Loss
from neurosim.network.network import Network
from neurosim.plan.inputs import Inputs
from neurosim.plan.plan import Drive


@dataclass(frozen=True, eq=False)
class Target:
    """What a population should send.

    values: numbers, shape (trial, tick, *shape), or labels of classes, without the last axis.
    known: 1 where the target is known and counts, otherwise 0, in the shape of `values`. If all neurons of a
        tick are known or none is, one number holds for the whole tick, shape (trial, tick, 1, ...).
    """

    values: NDArray[Any]
    known: NDArray[np.float64]


def read_target(
    net: Network,
    name: str,
    loss: AnyLoss,
    given: ArrayLike | None,
    trials: int,
    ticks: int,
    lengths: NDArray[np.int64] | None,
) -> Target:
    """The target of the population `name`, laid out over all ticks.

    A target without an axis of ticks counts at the last tick of each trial. None is for a loss that needs no
    target. Raises DescriptionError if the target has the wrong shape or type, or counts at no tick.
    """
    shape, subject = net.populations[name].shape, f"train: target {name!r}"
    last = np.full(trials, ticks - 1) if lengths is None else lengths - 1
    inside = np.arange(ticks)[None, :] <= last[:, None]
    if given is None:
        return Target(np.zeros((trials, ticks, 1), np.float64), inside[..., None].astype(np.float64))
    labels = isinstance(loss, Loss) and loss.labels
    values = np.asarray(given)
    if values.dtype.kind not in "biuf":
        raise DescriptionError(
            f"{subject}: holds {values.dtype}, not numbers. Give numbers, or labels 0, 1, ... for classes."
        )
    own = shape[:-1] if labels else shape  # of a target at one tick
    with_ticks = (trials, ticks, *own)
    if values.shape == (trials, *own):
        spread = np.zeros(with_ticks, values.dtype)
        spread[np.arange(trials), last] = values
        values, inside = spread, inside & (np.arange(ticks)[None, :] == last[:, None])
    elif values.shape != with_ticks:
        raise DescriptionError(
            f"{subject}: has shape {values.shape},"
            f" but {shown(getattr(loss, 'name', loss))} needs {with_ticks},"
            f" or {(trials, *own)} for the last tick alone. Give it that."
        )
    target = _labels(values, inside, shape, subject) if labels else _numbers(values, inside)
    _check_that_it_counts(target, loss, labels, subject)
    return target


def _check_that_it_counts(target: Target, loss: AnyLoss, labels: bool, subject: str) -> None:
    """Refuse a target that counts at no tick. A user's own function takes only ticks known as a whole."""
    known = target.known.reshape(*target.known.shape[:2], -1)
    whole_ticks = not isinstance(loss, Loss)
    if not (known.all(axis=2) if whole_ticks else known).any():
        unknown = f"{'some' if whole_ticks else 'all'} of its targets {'-1' if labels else 'NaN'}"
        raise DescriptionError(
            f"{subject}: counts at no tick, as each has {unknown}. Give at least one tick with targets."
        )


def _labels(values: NDArray[Any], inside: NDArray[np.bool_], shape: tuple[int, ...], subject: str) -> Target:
    """Labels of classes, where -1 is not known; `inside` is True up to the last tick of each trial."""
    if values.dtype.kind == "f":
        if not np.array_equal(values, np.rint(values)):
            raise DescriptionError(
                f"{subject}: labels are whole numbers, but it holds {values[values != np.rint(values)][0]}."
                " Give 0, 1, ..."
            )
        values = values.astype(np.int64)
    wrong = (values < -1) | (values >= shape[-1])
    if np.any(wrong):
        raise DescriptionError(
            f"{subject}: label {values[wrong][0]} is outside 0 to {shape[-1] - 1}, one for each neuron of the"
            " last axis. Number the classes from 0; -1 is not counted."
        )
    return Target(np.where(values < 0, 0, values).astype(np.int32), _known(values >= 0, inside))


def _numbers(values: NDArray[Any], inside: NDArray[np.bool_]) -> Target:
    """Numbers, where NaN is not known; `inside` is True up to the last tick of each trial."""
    values = values.astype(np.float64)
    return Target(np.nan_to_num(values, nan=0.0), _known(~np.isnan(values), inside))


def _known(given: NDArray[np.bool_], inside: NDArray[np.bool_]) -> NDArray[np.float64]:
    """`Target.known`: 1 where a target is given within its trial."""
    of_tick = tuple(range(2, given.ndim))
    known = given & np.expand_dims(inside, of_tick)
    some = known.any(axis=of_tick, keepdims=True)
    same_within_ticks = np.array_equal(some, known.all(axis=of_tick, keepdims=True))
    return np.asarray(some if same_within_ticks else known, np.float64)


def read_lengths(lengths: ArrayLike | None, trials: int, ticks: int) -> NDArray[np.int64] | None:
    """The number of ticks of each trial that count, shape (trial,); None if all do."""
    if lengths is None:
        return None
    read = np.asarray(lengths)
    if read.shape != (trials,) or read.dtype.kind not in "iu" or np.any((read < 1) | (read > ticks)):
        raise DescriptionError(
            f"train: lengths {shown(lengths)} are not {trials} whole numbers from 1 to {ticks}."
            " Give one for each trial."
        )
    return read.astype(np.int64)


def repeat_last_inputs(inputs: Inputs, targets: Mapping[str, Target]) -> Inputs:
    """The inputs, where those after the last tick of a trial that counts repeat the inputs of that tick.

    What pads a trial, such as zeros, may make the text divide by 0, and one NaN would spoil
    all gradients, although those ticks do not count. A trial that does not count at all
    gets the inputs of one that does. Spikes stay.
    """
    counts = np.max(
        [t.known.reshape(*t.known.shape[:2], -1).max(axis=2) for t in targets.values()], axis=0
    )  # (trial, tick)
    last = np.where(counts.any(axis=1), counts.shape[1] - 1 - np.argmax(counts[:, ::-1] > 0, axis=1), -1)
    if np.all(last == inputs.ticks - 1):
        return inputs
    trial = np.where(last < 0, int(np.argmax(last >= 0)), np.arange(len(last)))[:, None]
    tick = np.minimum(np.arange(inputs.ticks)[None, :], last[trial])
    drives = {
        name: drive if drive.values is None else Drive(values=drive.values[trial, tick])
        for name, drive in inputs.drives.items()
    }
    return replace(inputs, drives=drives)
