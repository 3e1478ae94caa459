"""What to learn from what: the arguments of `train` and `gradient`, read and checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neurosim.errors import DescriptionError, shown
from neurosim.learn.training.batches import Batches, BatchSource, Example, is_batches
from neurosim.learn.training.losses import AnyLoss, LossGiven, read_losses
from neurosim.learn.training.parameters import Names, Parameters, check_reached, choose, read_parameters
from neurosim.learn.training.targets import Target, read_lengths, read_target, repeat_last_inputs
from neurosim.network.network import Network, require_network
from neurosim.network.values import choice, plain_number, whole
from neurosim.plan.inputs import Inputs, read_inputs

InputsGiven: TypeAlias = Mapping[Any, Any]  # as `ns.run` takes them: arrays or spikes, by population
TargetsGiven: TypeAlias = Mapping[Any, ArrayLike]  # by population or its name
Validation: TypeAlias = float | tuple[InputsGiven, TargetsGiven | None] | None
GRADIENTS = ("backpropagation", "eventprop")
SURROGATES = ("fast_sigmoid", "arctan", "boxcar")
SURROGATE, SLOPE = "fast_sigmoid", 25.0  # by default
Trials: TypeAlias = NDArray[np.intp]


@dataclass(frozen=True, eq=False, kw_only=True)
class Question:
    """The arguments that say what to learn, as the user gave them to `train` or `gradient`."""

    net: Network
    inputs: InputsGiven | Batches | None
    targets: TargetsGiven | None
    loss: LossGiven | Sequence[LossGiven]
    learns: Names | Sequence[Names] | None
    lengths: ArrayLike | None
    ticks: int | None
    trials: int | None
    seed: int
    precision: str
    validation: Validation = None


@dataclass(frozen=True)
class GradientOptions:
    """How gradients are computed.

    truncate: gradients do not reach back beyond this number of ticks; None: to the first tick.
    surrogate, slope: the derivative of a spike, as in `ns.train`.
    gradient: the name of the way, of GRADIENTS.
    revive: how much the derivative by each weight into a neuron that was silent is lowered.
    """

    truncate: int | None
    surrogate: str
    slope: float
    gradient: str = "backpropagation"
    revive: float = 0.0


def read_gradient_options(
    gradient: str, truncate: int | None, surrogate: str, slope: float, revive: float = 0.0
) -> GradientOptions:
    """Check how gradients are to be computed. Raises DescriptionError for what does not fit."""
    choice(gradient, GRADIENTS, "train: gradient")
    for name, given, default, of in (
        ("truncate", truncate, None, "backpropagation"),
        ("surrogate", surrogate, SURROGATE, "backpropagation"),
        ("slope", slope, SLOPE, "backpropagation"),
        ("revive", revive, 0.0, "eventprop"),
    ):
        if given != default and gradient != of:
            raise DescriptionError(
                f"train: {name}={shown(given)} has no meaning for gradient={gradient!r}."
                f" Leave it out, or give gradient={of!r}."
            )
    return GradientOptions(
        None if truncate is None else whole(truncate, "train: truncate", least=1),
        choice(surrogate, SURROGATES, "train: surrogate"),
        plain_number(slope, "train: slope", "Give a number above 0.", low=1e-30),
        gradient,
        plain_number(revive, "train: revive", "Give 0 or more.", low=0.0),
    )


@dataclass(frozen=True, eq=False)
class HeldOut:
    """What validation is measured on: trials of the data (`inputs` is None), or other data."""

    trials: Trials
    inputs: Inputs | None
    targets: Mapping[str, Target]


@dataclass(frozen=True, eq=False)
class Problem:
    """What is learned from what.

    parameters: everything that is marked to learn, and the network.
    inputs: of all trials.
    objectives: for each, the loss of every population that has one. They take turns, one update each.
    learns: the names of the parameters that each objective changes.
    targets: by population.
    trials: numbers of the trials to learn from.
    held_out: what validation is measured on, if anything.
    seed, precision: as the user gave them.
    source: where batches come from one by one; `inputs` and `targets` are then those of the first batch.
    """

    parameters: Parameters
    inputs: Inputs
    objectives: list[dict[str, AnyLoss]]
    learns: list[list[str]]
    targets: dict[str, Target]
    trials: Trials
    held_out: HeldOut | None
    seed: int
    precision: str
    source: BatchSource | None = None


def read_problem(asked: Question) -> Problem:
    """Read and check what is to be learned. Raises DescriptionError or PlanError for what does not fit."""
    source = None
    if is_batches(asked.inputs):
        asked, source = _first_batch(asked)
    _check_types(asked)
    net = asked.net
    seed = whole(asked.seed, "train: seed", most=2**64 - 1)
    targets = _by_name(asked.targets)
    objectives = read_losses(net, asked.loss, targets)
    if unused := [name for name in targets if not any(name in losses for losses in objectives)]:
        raise DescriptionError(
            f"train: target {unused[0]!r} has no loss. Give loss={{{unused[0]!r}:"
            " 'squared_error'}, or take it away."
        )
    parameters = read_parameters(net, seed)
    learns = _read_learns(asked.learns, parameters, len(objectives))
    for losses, names in zip(objectives, learns, strict=True):
        check_reached(net, parameters, losses, names)
    inputs = read_inputs(parameters.net, asked.inputs, asked.ticks, None, asked.trials, as_given=True)
    if not inputs.trials or not inputs.ticks:
        raise DescriptionError(
            f"train: there are {inputs.trials} trials of {inputs.ticks} ticks: nothing to learn from."
            " Give at least one."
        )
    read = _read_targets(net, objectives, targets, inputs, asked.lengths)
    trials, held_out = _hold_out(asked, objectives, inputs, read, seed)
    inputs = repeat_last_inputs(inputs, read)
    return Problem(
        parameters, inputs, objectives, learns, read, trials, held_out, seed, asked.precision, source
    )


def _first_batch(asked: Question) -> tuple[Question, BatchSource]:
    """The question with the first batch as its data, and the source of all batches."""
    if asked.targets is not None or asked.lengths is not None:
        raise DescriptionError(
            f"train: inputs {shown(asked.inputs)} is not a dict. Give {{population: array}}; or batches of"
            " (inputs, targets) or (inputs, targets, lengths), without targets= and lengths=."
        )
    if isinstance(asked.validation, float | int):
        raise DescriptionError(
            "train: no share of batches can be held out. Give validation=(inputs, targets)."
        )
    source = BatchSource(asked.inputs)  # type: ignore[arg-type]
    inputs, targets, lengths = source.first
    return replace(asked, inputs=inputs, targets=targets, lengths=lengths), source


def read_batch(problem: Problem, example: Example) -> tuple[Inputs, dict[str, Target]]:
    """The inputs and targets of one batch.

    Raises DescriptionError for what does not fit, and for a batch longer or larger than the first one.
    """
    given, goals, lengths = example
    inputs = read_inputs(problem.parameters.net, given, None, None, None, as_given=True)
    first = problem.inputs
    if inputs.ticks != first.ticks or inputs.trials > first.trials:
        raise DescriptionError(
            f"train: a batch of {inputs.trials} trials of {inputs.ticks} ticks follows a first one of"
            f" {first.trials} trials of {first.ticks} ticks. Give batches of as many ticks, filled up and"
            " with lengths, and no larger ones."
        )
    targets = _read_targets(problem.parameters.net, problem.objectives, _by_name(goals), inputs, lengths)
    return repeat_last_inputs(inputs, targets), targets


def _check_types(asked: Question) -> None:
    require_network(asked.net, "train")
    if asked.inputs is not None and not isinstance(asked.inputs, Mapping):
        raise DescriptionError(
            f"train: inputs {shown(asked.inputs)} is not a dict. Give {{population: array}};"
            " an array that memory does not hold may lie on a disk, as np.memmap."
        )
    if asked.targets is not None and not isinstance(asked.targets, Mapping):
        raise DescriptionError(
            f"train: targets {shown(asked.targets)} is not a dict. Give {{population: array}}."
        )
    choice(asked.precision, ("single", "double"), "train: precision")


def _by_name(targets: TargetsGiven | None) -> dict[str, ArrayLike]:
    """Targets by the name of their population, which may also be given itself."""
    return {getattr(key, "name", key): value for key, value in (targets or {}).items()}


def _read_learns(
    learns: Names | Sequence[Names] | None, parameters: Parameters, objectives: int
) -> list[list[str]]:
    """The parameters that each objective changes. With several, `learns` is a list of lists, or None."""
    nested = isinstance(learns, list | tuple) and any(isinstance(names, list | tuple) for names in learns)
    several = (objectives > 1 or nested) and learns is not None
    wanted: list[Any] = list(learns or ()) if several else [learns] * objectives
    if len(wanted) != objectives:
        raise DescriptionError(
            f"train: {objectives} objectives, but learns has {len(wanted)} lists. Give one list for each."
        )
    return [choose(parameters, names) for names in wanted]


def _read_targets(
    net: Network,
    objectives: list[dict[str, AnyLoss]],
    targets: Mapping[str, ArrayLike],
    inputs: Inputs,
    lengths: ArrayLike | None,
) -> dict[str, Target]:
    """The target of every population with a loss."""
    _check_trial_axis(targets, inputs)
    read = read_lengths(lengths, inputs.trials, inputs.ticks)
    losses = {name: loss for one in objectives for name, loss in one.items()}
    return {
        name: read_target(net, name, loss, targets.get(name), inputs.trials, inputs.ticks, read)
        for name, loss in losses.items()
    }


def _check_trial_axis(targets: Mapping[str, ArrayLike], inputs: Inputs) -> None:
    """Find inputs (trial, *shape) without an axis of ticks, which read as one trial of as many ticks.

    Without this check the error would blame the shape of the targets.
    """
    if inputs.batched or inputs.ticks < 2:
        return
    for name, target in targets.items():
        shape = np.shape(target)
        if shape and shape[0] == inputs.ticks and shape[0] != inputs.trials:
            raise DescriptionError(
                f"train: the inputs read as 1 trial of {inputs.ticks} ticks, but target {name!r} has"
                f" {shape[0]} rows. Inputs are (trial, tick, *shape): for {inputs.ticks} trials of one tick"
                " give X[:, None]; for one trial give the target a trial axis, y[None]."
            )


def _hold_out(
    asked: Question,
    objectives: list[dict[str, AnyLoss]],
    inputs: Inputs,
    targets: Mapping[str, Target],
    seed: int,
) -> tuple[Trials, HeldOut | None]:
    """The trials to learn from, and what is held out for validation."""
    everything = np.arange(inputs.trials)
    validation = asked.validation
    if validation is None:
        return everything, None
    if isinstance(validation, tuple) and len(validation) == 2:
        others = read_inputs(asked.net, validation[0], asked.ticks, as_given=True)
        read = _read_targets(asked.net, objectives, _by_name(validation[1]), others, None)
        return everything, HeldOut(np.arange(others.trials), others, read)
    fraction = plain_number(
        validation,
        "train: validation",
        "Give a share between 0 and 1, such as 0.1, or (inputs, targets).",
        low=1e-9,
        high=1.0 - 1e-9,
    )
    order = np.random.default_rng([seed, 1]).permutation(inputs.trials)
    count = max(1, round(fraction * inputs.trials))
    if count >= inputs.trials:
        raise DescriptionError(
            f"train: validation {fraction} of {inputs.trials} trials leaves none to learn from."
            " Give more trials, or a smaller share."
        )
    return np.sort(order[count:]), HeldOut(np.sort(order[:count]), None, targets)
