"""What training is given, read and checked before the first update: parameters, losses, targets, and what is held out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from neurosim.errors import DescriptionError, shown
from neurosim.learn.training.parameters import check_reached, choose, read_parameters
from neurosim.learn.training.targets import held_on, read_lengths, read_losses, read_target
from neurosim.network.network import Network
from neurosim.network.values import choice, plain_number, whole
from neurosim.plan.inputs import Inputs, read_inputs


@dataclass(frozen=True, eq=False)
class Problem:
    """What is learned from what: all checked. `turns` are objectives, `learns` the parameters of each, `chosen` the trials learned from,
    `held` those held out, or inputs and targets of their own."""

    parameters: Any
    read: Inputs
    turns: list[dict[str, Any]]
    learns: list[list[str]]
    targets: dict[str, Any]
    chosen: np.ndarray
    held: Any
    seed: int
    precision: str


def read_problem(
    net: Any,
    inputs: Any,
    targets: Any,
    loss: Any,
    learns: Any,
    validation: Any,
    lengths: Any,
    ticks: Any,
    trials: Any,
    seed: Any,
    precision: Any,
) -> Problem:
    """Read and check what `train` is given."""
    if not isinstance(net, Network):
        raise DescriptionError(f"train: net {shown(net)} is not a Network. Give Network(..., schedule=...).")
    if inputs is not None and not isinstance(inputs, Mapping):
        rule = "Give {population: array}; an array that memory does not hold may lie on a disk, as np.memmap"
        raise DescriptionError(f"train: inputs {shown(inputs)} is not a dict. {rule}.")
    if targets is not None and not isinstance(targets, Mapping):
        raise DescriptionError(f"train: targets {shown(targets)} is not a dict. Give {{population: array}}.")
    choice(precision, ("single", "double"), "train: precision")
    seed = whole(seed, "train: seed", most=2**64 - 1)
    targets = {getattr(key, "name", key): value for key, value in (targets or {}).items()}
    turns = read_losses(net, loss, targets)
    if unused := [name for name in targets if not any(name in turn for turn in turns)]:
        raise DescriptionError(
            f"train: target {unused[0]!r} has no loss. Give loss={{{unused[0]!r}: 'squared_error'}}, or take it away."
        )
    parameters = read_parameters(net, seed)
    wanted = list(learns) if len(turns) > 1 and learns is not None else [learns] * len(turns)
    if len(wanted) != len(turns):
        raise DescriptionError(
            f"train: {len(turns)} objectives, but learns has {len(wanted)} lists. Give one list for each."
        )
    chosen = [choose(parameters, names) for names in wanted]
    for turn, names in zip(turns, chosen, strict=True):
        check_reached(net, parameters, set(turn), names)
    read = read_inputs(parameters.net, inputs, ticks, None, trials, as_given=True)
    if not read.trials or not read.ticks:
        raise DescriptionError(
            f"train: there are {read.trials} trials of {read.ticks} ticks: nothing to learn from. Give at least one."
        )
    goals = read_targets(net, turns, targets, read, lengths)
    own, held = _held_out(net, turns, validation, read, ticks, seed)
    read = held_on(read, goals)
    return Problem(parameters, read, turns, chosen, goals, own, held, seed, precision)


def read_targets(
    net: Network, turns: list[dict[str, Any]], targets: Mapping[str, Any], read: Inputs, lengths: Any
) -> dict[str, Any]:
    """The target of every population with a loss."""
    _check_trial_axis(targets, read)
    long = read_lengths(lengths, read.trials, read.ticks)
    kinds = {name: kind for turn in turns for name, kind in turn.items()}
    return {
        name: read_target(net, name, kind, targets.get(name), read.trials, read.ticks, long)
        for name, kind in kinds.items()
    }


def _check_trial_axis(targets: Mapping[str, Any], read: Inputs) -> None:
    """Blame inputs without an axis of ticks, which read as one trial of as many ticks, rather than the targets of all trials."""
    if read.batched or read.ticks < 2:
        return
    for name, given in targets.items():
        shape = np.shape(given)
        if shape and shape[0] == read.ticks and shape[0] != read.trials:
            raise DescriptionError(
                f"train: the inputs read as 1 trial of {read.ticks} ticks, but target {name!r} has {shape[0]} rows. Inputs are (trial, tick, *shape):"
                f" for {read.ticks} trials of one tick give X[:, None]; for one trial give the target a trial axis, y[None]."
            )


def _held_out(
    net: Network, turns: list[dict[str, Any]], validation: Any, read: Inputs, ticks: Any, seed: int
) -> tuple[np.ndarray, Any]:
    """The trials to learn from, and what is held out: other trials, or (inputs, targets) read."""
    everything = np.arange(read.trials)
    if validation is None:
        return everything, None
    if isinstance(validation, tuple) and len(validation) == 2:
        given = {getattr(key, "name", key): value for key, value in (validation[1] or {}).items()}
        other = read_inputs(net, validation[0], ticks, as_given=True)
        return everything, (other, read_targets(net, turns, given, other, None))
    share = plain_number(
        validation,
        "train: validation",
        "Give a share between 0 and 1, such as 0.1, or (inputs, targets).",
        low=1e-9,
        high=1.0 - 1e-9,
    )
    order = np.random.default_rng([seed, 1]).permutation(read.trials)
    count = max(1, round(share * read.trials))
    if count >= read.trials:
        raise DescriptionError(
            f"train: validation {share} of {read.trials} trials leaves none to learn from. Give more trials, or a smaller share."
        )
    return np.sort(order[count:]), np.sort(order[:count])
