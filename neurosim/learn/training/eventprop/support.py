"""What EventProp can train: linear neurons that spike, join by spikes, and are driven by spikes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from neurosim.engine.events.support import unsupported
from neurosim.errors import PlanError
from neurosim.learn.training.eventprop.forward import probes_of
from neurosim.learn.training.losses import AnyLoss, reads_first_spikes
from neurosim.learn.training.problem import Problem
from neurosim.network.network import Network
from neurosim.network.schedule import Clock
from neurosim.plan.dry_run import dry_run
from neurosim.plan.inputs import Inputs
from neurosim.plan.linear import LinearGroup, linear_group
from neurosim.plan.lower import lower
from neurosim.plan.plan import AnyPathway, Plan, Sparse, Textual

REMEDY = " EventProp trains linear integrate-and-fire neurons; for others leave gradient='eventprop' out."


def linear_groups(net: Network, plan: Plan) -> dict[str, LinearGroup | None]:
    """The populations of a network that EventProp can train; None for those driven by spikes.

    Raises PlanError, which names what it cannot take, why, and what to do.
    """
    if type(net.schedule) is not Clock or net.views:
        raise PlanError(
            "train: gradient='eventprop' needs spikes that travel in time: a network whose schedule is"
            f" Clock(dt), in which nothing sends variables, not {net.schedule}.{REMEDY}"
        )
    groups: dict[str, LinearGroup | None] = {}
    for name, group in plan.groups.items():
        drive = plan.drives.get(name)
        if drive is not None and not (drive.events and group.driven):
            raise PlanError(
                f"train: gradient='eventprop': the input of {name!r} is not spikes that drive it."
                " Give spikes (trials, times, neurons), or a Boolean array, to a population without text."
            )
        try:
            groups[name] = None if group.driven else linear_group(net, plan, name)
        except PlanError as reason:
            raise PlanError(f"train: gradient='eventprop': {reason}.{REMEDY}") from None
    for name, pathway in plan.pathways.items():
        if reason := _unsupported(plan, pathway, groups):
            raise PlanError(f"train: gradient='eventprop': {net.synapses[name].label}: {reason}.{REMEDY}")
    return groups


def _unsupported(plan: Plan, pathway: AnyPathway, groups: Mapping[str, LinearGroup | None]) -> str | None:
    """Why synapses cannot be trained through, or None."""
    sender = plan.groups[pathway.pre]
    if not (sender.spiking or sender.driven):
        return f"{pathway.pre!r} sends values, not spikes"
    if not isinstance(pathway, Sparse) or isinstance(pathway, Textual) or pathway.windows is not None:
        return "have text, or a wiring that shares weights or sends no spikes"
    target = groups[pathway.post]
    assert target is not None  # nothing arrives at a driven population
    if pathway.to not in target.names:
        return f"to={pathway.to!r} is no variable with an equation; add to a current that decays"
    variable = target.names.index(pathway.to)
    row = np.eye(len(target.names))[variable]
    jumps = target.threshold is not None and target.threshold[variable] != 0
    resets = np.any(target.reset[variable] != row) or np.any(target.reset[:, variable] != row)
    if jumps or resets or target.set[variable] or (target.held_ticks and target.frozen[variable]):
        return (
            f"spikes jump {pathway.to!r}, which the threshold or the reset of {pathway.post!r} uses, so that"
            " its spikes do not move with the weight. Add to a current that decays, as in"
            " `cells.lif_exponential`"
        )
    return None


def spike_plan(problem: Problem, inputs: Inputs) -> Plan:
    """The plan of the forward pass. Raises PlanError for networks that the event engine cannot run."""
    parameters = problem.parameters
    net = parameters.net
    read = {name for losses in problem.objectives for name in losses}
    probes = probes_of(net, read)
    plan = lower(net, inputs, probes=probes, seed=parameters.seed, precision=problem.precision)
    if reason := unsupported(plan):
        raise PlanError(f"train: gradient='eventprop': the event engine cannot run this network: {reason}")
    dry_run(plan, lambda synapses: net.synapses[synapses].label)
    return plan


def check_problem(problem: Problem) -> None:
    """Refuse parameters and losses of which EventProp has no gradient. Raises PlanError."""
    parameters = problem.parameters
    for name in parameters.values:
        if name not in parameters.weights and name not in parameters.delays:
            raise PlanError(
                f"train: gradient='eventprop' trains weights and delays of synapses, not {name!r}."
                " Take the mark away, or let a driven neuron that spikes once be the bias."
            )
    for losses in problem.objectives:
        for name, loss in losses.items():
            _check_loss(problem, name, loss)


def _check_loss(problem: Problem, name: str, loss: AnyLoss) -> None:
    population = problem.parameters.net.populations[name]
    reads_spikes = reads_first_spikes(loss)
    if population.spiking and not reads_spikes:
        raise PlanError(
            f"train: gradient='eventprop': {name!r} spikes, and a loss of its spikes reads when they come."
            " Use loss='first_spike' or a learn.Loss(..., reads='first_spike'), or a readout without a"
            " threshold."
        )
    if not reads_spikes:
        return
    known = problem.targets[name].known
    if np.any(known[:, :-1]):
        raise PlanError(
            f"train: target {name!r}: a loss of first spikes has one target for each trial."
            " Give targets of shape (trial, ...), and no lengths."
        )


def check_sends(plan: Plan, groups: Mapping[str, LinearGroup | None], names: set[str]) -> None:
    """Refuse readouts that send something else than a variable with an equation. Raises PlanError."""
    for name in sorted(names):
        group, linear = plan.groups[name], groups[name]
        if linear is None or (not group.spiking and group.sends not in linear.names):
            raise PlanError(
                f"train: gradient='eventprop': {name!r} sends {group.sends!r}, which has no equation."
                " Let it send a variable that has one, and put functions of it into the loss."
            )
