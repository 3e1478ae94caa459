"""Reading what training is given: losses by population, targets, and which ticks of which trials count."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from neurosim.errors import DescriptionError, nearest, shown
from neurosim.learn.training.losses import LOSSES, SENT, Loss
from neurosim.learn.training.output_kinds import what_is_sent
from neurosim.network.network import Network
from neurosim.network.neurons import Neurons
from neurosim.plan.inputs import Inputs
from neurosim.plan.plan import Drive

AnyLoss = Loss | Callable[..., Any]  # a function of the user's own makes one number of a tick


@dataclass(frozen=True, eq=False)
class Target:
    """What a population should send, (trial, tick, *shape), or labels; and 1 where that is known, else 0, in the same shape.

    Where every tick's targets are all known or all not, `known` is (trial, tick, 1, ...).
    """

    values: np.ndarray
    known: np.ndarray


def read_losses(net: Network, loss: Any, targets: Mapping[str, Any]) -> list[dict[str, AnyLoss]]:
    """The objectives: for each, the loss of every population that has one."""
    turns = list(loss) if isinstance(loss, list | tuple) else [loss]
    if not turns:
        raise DescriptionError(
            "train: loss is an empty list. Give a name such as 'squared_error', or {population: name}."
        )
    return [_one(net, one, targets) for one in turns]


def _one(net: Network, loss: Any, targets: Mapping[str, Any]) -> dict[str, AnyLoss]:
    if isinstance(loss, str | Loss) or callable(loss):
        if isinstance(loss, str) and loss in net.populations:
            return {loss: SENT}
        if len(targets) != 1:
            raise DescriptionError(
                f"train: loss {shown(loss)} does not say of which population, and there are {len(targets)} targets."
                " Give targets={population: array}, or loss={population: name}."
            )
        loss = {next(iter(targets)): loss}
    if not isinstance(loss, Mapping) or not loss:
        raise DescriptionError(
            f"train: loss {shown(loss)} is neither a name nor a dict. Give one such as {{'out': 'cross_entropy'}}."
        )
    for name in loss:
        if name not in net.populations:
            raise DescriptionError(
                f"train: loss of {shown(name)}: there is no such population. {nearest(name, net.populations)}"
            )
    return {name: _read(net.populations[name], kind, name in targets) for name, kind in loss.items()}


def _read(out: Neurons, kind: Any, has_target: bool) -> AnyLoss:
    """The loss of a population; DescriptionError where it is none, has no target, or does not fit what the population sends."""
    if not isinstance(kind, Loss) and callable(kind):
        return kind
    found = kind if isinstance(kind, Loss) else LOSSES.get(kind) if isinstance(kind, str) else None
    if found is None:
        raise DescriptionError(
            f"train: loss {shown(kind)} of {out.name!r} is not known. {nearest(kind, LOSSES)} Or give a function (sent, target)."
        )
    if found.targets and not has_target:
        raise DescriptionError(
            f"train: loss {found.name!r} of {out.name!r} needs a target. Give targets={{{out.name!r}: array}}."
        )
    sends = what_is_sent(out)
    if sends in found.refuses:
        text = next((s.expression for s in reversed(out.statements) if s.name == out.sends), out.sends)
        raise DescriptionError(
            f"train: loss {found.name!r} of {out.name!r} does not fit: it sends {sends}, {out.sends} = {text}. {found.remedy}"
        )
    return found


def read_target(
    net: Network, name: str, kind: AnyLoss, given: Any, trials: int, ticks: int, lengths: np.ndarray | None
) -> Target:
    """The target of one population, laid out over all ticks; without a tick axis it counts at the last tick of each trial."""
    shape, where = net.populations[name].shape, f"train: target {name!r}"
    last = np.full(trials, ticks - 1) if lengths is None else lengths - 1
    inside = np.arange(ticks)[None, :] <= last[:, None]
    if given is None:  # what is sent is the loss
        return Target(np.zeros((trials, ticks, 1), np.float64), inside[..., None].astype(np.float64))
    labels, own_function = isinstance(kind, Loss) and kind.labels, not isinstance(kind, Loss)
    values = np.asarray(given)
    if values.dtype.kind not in "biuf":
        raise DescriptionError(
            f"{where}: holds {values.dtype}, not numbers. Give numbers, or labels 0, 1, ... for classes."
        )
    own = shape[:-1] if labels else shape
    if values.shape == (trials, *own) and not (
        labels and values.shape == (trials, ticks, *own) and len(own) == 0
    ):
        spread = np.zeros((trials, ticks, *own), values.dtype)
        spread[np.arange(trials), last] = values
        values, inside = spread, inside & (np.arange(ticks)[None, :] == last[:, None])
    elif values.shape != (trials, ticks, *own):
        fit = f"{(trials, ticks, *own)}, or {(trials, *own)} for the last tick alone"
        raise DescriptionError(
            f"{where}: has shape {values.shape}, but {shown(getattr(kind, 'name', kind))} needs {fit}. Give it that."
        )
    target = _labels(values, inside, shape, where) if labels else _numbers(values, inside)
    known = target.known.reshape(trials, ticks, -1)
    if not (
        known.all(axis=2) if own_function else known
    ).any():  # a function of the user's own takes whole ticks
        what = f"{'some' if own_function else 'all'} of its targets {'-1' if labels else 'NaN'}"
        raise DescriptionError(
            f"{where}: counts at no tick, as each has {what}. Give at least one tick with targets."
        )
    return target


def _labels(values: np.ndarray, inside: np.ndarray, shape: tuple[int, ...], where: str) -> Target:
    if values.dtype.kind == "f":
        if not np.array_equal(values, np.rint(values)):
            raise DescriptionError(
                f"{where}: labels are whole numbers, but it holds {values[values != np.rint(values)][0]}. Give 0, 1, ..."
            )
        values = values.astype(np.int64)
    wrong = (values < -1) | (values >= shape[-1])
    if np.any(wrong):
        rule = f"is outside 0 to {shape[-1] - 1}, one for each neuron of the last axis"
        raise DescriptionError(
            f"{where}: label {values[wrong][0]} {rule}. Number the classes from 0; -1 is not counted."
        )
    return Target(np.where(values < 0, 0, values).astype(np.int32), _known(values >= 0, inside))


def _numbers(values: np.ndarray, inside: np.ndarray) -> Target:
    values = values.astype(np.float64)
    return Target(np.nan_to_num(values, nan=0.0), _known(~np.isnan(values), inside))


def _known(given: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """1 where a target is given within its trial; one number for each tick where its neurons do not differ."""
    of_tick = tuple(range(2, given.ndim))
    known = given & np.expand_dims(inside, of_tick)
    some = known.any(axis=of_tick, keepdims=True)
    return np.asarray(
        some if np.array_equal(some, known.all(axis=of_tick, keepdims=True)) else known, np.float64
    )


def read_lengths(lengths: Any, trials: int, ticks: int) -> np.ndarray | None:
    """How many ticks of each trial count."""
    if lengths is None:
        return None
    read = np.asarray(lengths)
    if read.shape != (trials,) or read.dtype.kind not in "iu" or np.any((read < 1) | (read > ticks)):
        raise DescriptionError(
            f"train: lengths {shown(lengths)} are not {trials} whole numbers from 1 to {ticks}. Give one for each trial."
        )
    return read.astype(np.int64)


def held_on(read: Inputs, targets: Mapping[str, Target]) -> Inputs:
    """The inputs, each trial's held at those of its last tick that counts: what pads it (zeros, say) may make no number of the text, and
    that would spoil all gradients. A trial that does not count at all has the inputs of one that does. Spikes stay what they are."""
    counts = np.max(
        [t.known.reshape(*t.known.shape[:2], -1).max(axis=2) for t in targets.values()], axis=0
    )  # (trial, tick)
    last = np.where(counts.any(axis=1), counts.shape[1] - 1 - np.argmax(counts[:, ::-1] > 0, axis=1), -1)
    if np.all(last == read.ticks - 1):
        return read
    trial = np.where(last < 0, int(np.argmax(last >= 0)), np.arange(len(last)))[:, None]
    tick = np.minimum(np.arange(read.ticks)[None, :], last[trial])
    drives = {
        n: Drive(values=d.values[trial, tick]) if d.values is not None else d for n, d in read.drives.items()
    }
    return replace(read, drives=drives)


def matching(names: Sequence[str], wanted: Any, where: str) -> list[str]:
    """The names that these names or shell patterns name."""
    from fnmatch import fnmatchcase

    patterns = [wanted] if isinstance(wanted, str) else list(wanted)
    for pattern in patterns:
        if not isinstance(pattern, str) or not any(fnmatchcase(name, pattern) for name in names):
            raise DescriptionError(
                f"{where}: {shown(pattern)} names nothing that learns. {nearest(pattern, names)}"
            )
    return [name for name in names if any(fnmatchcase(name, pattern) for pattern in patterns)]
