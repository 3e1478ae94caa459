"""The ways to compute gradients: what `Trainer` asks of each, by the name that `gradient=` gives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import jax

from neurosim.errors import DescriptionError
from neurosim.learn.training.eventprop.support import check_problem, spike_plan
from neurosim.learn.training.eventprop.updates import SpikeData, SpikeUpdates
from neurosim.learn.training.losses import reads_first_spikes
from neurosim.learn.training.objective import to_device, training_plan
from neurosim.learn.training.optimisers import Descent
from neurosim.learn.training.problem import GradientOptions, Problem
from neurosim.learn.training.targets import Target
from neurosim.learn.training.updates import updates_of
from neurosim.plan.inputs import Inputs
from neurosim.plan.plan import Plan


class Way(Protocol):
    """A way to compute gradients."""

    def plan(self, problem: Problem, inputs: Inputs, *, training: bool) -> Plan:
        """The plan that is run. Raises PlanError, before the first update, for networks of which the way has
        no gradient.
        """
        ...

    def updates(self, problem: Problem, plan: Plan, options: GradientOptions, descent: Descent) -> Any:
        """An object with the methods of `Updates`."""
        ...

    def numbers(self, updates: Any, plan: Plan) -> Any:
        """The numbers of the plan, as the methods of the updates take them."""
        ...

    def data(self, plan: Plan, targets: Mapping[str, Target]) -> Any:
        """Inputs and targets of all trials, as the methods of the updates take them."""
        ...


class BackPropagation:
    """Through all ticks of the array engine; spikes have surrogates of their derivatives."""

    def plan(self, problem: Problem, inputs: Inputs, *, training: bool) -> Plan:
        """See `Way`."""
        parameters = problem.parameters
        for name in {name for names in problem.learns for name in names} & parameters.delays.keys():
            raise DescriptionError(
                f"train: {name!r} learns, but back-propagation has no gradient of delays."
                " Give gradient='eventprop', or learns= without it."
            )
        for name, loss in ((name, loss) for losses in problem.objectives for name, loss in losses.items()):
            if reads_first_spikes(loss):
                raise DescriptionError(
                    f"train: the loss of {name!r} reads first spikes, whose times back-propagation does not"
                    " change. Give gradient='eventprop', or another loss."
                )
        populations = {name for losses in problem.objectives for name in losses}
        return training_plan(parameters, inputs, populations, problem.precision, training=training)

    updates = staticmethod(updates_of)
    data = staticmethod(to_device)

    def numbers(self, updates: Any, plan: Plan) -> Any:
        """See `Way`."""
        return jax.device_put(updates.objective.program.numbers(plan))


class EventProp:
    """By the adjoint equations, from the spikes of a run on the event engine."""

    def plan(self, problem: Problem, inputs: Inputs, *, training: bool) -> Plan:
        """See `Way`."""
        check_problem(problem)
        return spike_plan(problem, inputs)

    def updates(self, problem: Problem, plan: Plan, options: GradientOptions, descent: Descent) -> Any:
        """See `Way`."""
        return SpikeUpdates(problem, plan, options, descent)

    def numbers(self, updates: Any, plan: Plan) -> Any:
        """See `Way`."""
        return None

    def data(self, plan: Plan, targets: Mapping[str, Target]) -> Any:
        """See `Way`."""
        return SpikeData(plan.drives, targets)


WAYS: dict[str, Way] = {"backpropagation": BackPropagation(), "eventprop": EventProp()}
