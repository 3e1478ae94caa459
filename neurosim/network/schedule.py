"""Schedules: who moves when within one tick.

A schedule is a small frozen dataclass. A new one derives from `Schedule` and says its `steps`; everything
else has a default.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from neurosim.errors import DescriptionError, nearest, shown
from neurosim.network.arguments import named_arguments
from neurosim.network.contraction import einsum
from neurosim.network.kinds import Kind
from neurosim.network.neurons import Neurons
from neurosim.network.program import Arriving, Do, Members, Step, arrives_in_time, zero_delay_order
from neurosim.network.synapses import Synapses
from neurosim.network.values import PLAIN, TIME, Value, as_value
from neurosim.network.wiring import private

if TYPE_CHECKING:
    from neurosim.network.network import Network


class Schedule(Kind, ABC):
    """The order in which the populations of a network move within one tick; the base of all schedules.

    newest: whether a graded message with delay 0 may be that of the tick before, if its sender has not moved
        yet.
    sweeps: whether neurons move one after the other, so that text cannot use a whole population at once.
    """

    newest = False
    sweeps = False

    @abstractmethod
    def steps(self, net: Network, members: Members) -> Iterable[Step]:
        """The steps of one tick in their order; steps of no population are left out.

        net: the network.
        members: the names of its populations by what they do.

        Each driven population is in one DRIVE step, each of the others in one step that moves it (UPDATE,
        INTEGRATE or SWEEP), and all are in one RECORD step. What arrives through synapses is delivered in
        one DELIVER step. A step may name synapses (`Step.pathways`) and probes (`Step.probes`), to
        say in which order they act; names of probes that a run does not have are left out.
        """

    @property
    def seconds(self) -> float | None:
        """The length of a tick in seconds, by which delays and periods are times; None without length."""
        return None

    @property
    def time_dim(self) -> tuple[float, ...]:
        """The unit of delays and periods: a time, or plain for a number of ticks."""
        return PLAIN if self.seconds is None else TIME

    @property
    def words(self) -> str:
        """When neurons move, as the caption of a figure says it."""
        return str(self)

    def check(self, net: Network) -> None:
        """Refuse a network that it cannot run. Raises DescriptionError, which says what to use instead."""

    def keeps_zero_delay(self, net: Network, synapses: Synapses) -> bool:
        """Whether messages with delay 0 are sent before they arrive, or may be those of the tick before."""
        graded = not synapses.sends_spikes
        return (graded and self.newest) or arrives_in_time(
            net.program, net.name_of(synapses), synapses.pre.source, synapses.post.name, graded=graded
        )


@named_arguments
@dataclass(frozen=True)
class Clock(Schedule):
    """All neurons move together in steps of a time: for equations and spikes, with Brian2's order of events.

    dt: the length of a tick, a time above 0. Delays and refractory periods are then times, too.

    In each tick, graded messages are sent and delivered, equations are integrated, neurons above threshold
    spike, spikes of delay 0 are delivered, and neurons are reset.

    Raises DescriptionError for a dt that is not a single time above 0.

    Source: Stimberg, Brette & Goodman 2019, eLife 8, e47314, doi:10.7554/eLife.47314.

    >>> import neurosim as ns
    >>> from neurosim.units import ms
    >>> ns.Clock(0.1 * ms).seconds
    0.0001
    """

    dt: Any

    def __post_init__(self):
        dt = as_value(self.dt, "Clock: dt")
        if dt.dim != TIME:
            raise DescriptionError(
                f"Clock: dt {dt} is not a time. Give it with a unit, such as Clock(0.1*ms)."
            )
        if not dt.scalar or not 0 < dt.number < float("inf"):
            raise DescriptionError(f"Clock: dt {dt} is not a single time above 0. Give one such as 0.1*ms.")
        object.__setattr__(self, "dt", Value(dt.number.astype(float), TIME))

    @property
    def seconds(self) -> float:
        return float(self.dt.number)

    @property
    def words(self) -> str:
        return f"time in steps of {self.dt}"

    def steps(self, net: Network, members: Members) -> Iterable[Step]:
        spiking = tuple(name for name in members.movers if name in members.spiking)
        graded = tuple(name for name in members.movers if name not in members.spiking)
        learners = tuple(name for name in members.movers if name in members.learners)
        return (
            Step(Do.RECORD, members.everybody),
            Step(Do.DRIVE, members.driven),
            Step(Do.SEND, (*graded, *(view for views in members.views.values() for view in views))),
            Step(Do.DELIVER, members.movers, Arriving.GRADED),
            Step(Do.INTEGRATE, members.movers),
            Step(Do.THRESHOLD, spiking),
            Step(Do.SEND, spiking),
            Step(Do.DELIVER, members.movers, Arriving.SPIKES),
            Step(Do.DELIVER, learners, Arriving.SENT),
            Step(Do.RESET, spiking),
        )

    def __str__(self) -> str:
        return f"Clock(dt = {self.dt})"


@named_arguments
@dataclass(frozen=True)
class Synchronous(Schedule):
    """All populations update at once from what was sent a tick or more ago.

    For echo state networks, Markov chains and cellular automata. All delays are 1 or more; a recorded value
    is that after the update.
    """

    @property
    def words(self) -> str:
        return "all at once, tick by tick"

    def steps(self, net: Network, members: Members) -> Iterable[Step]:
        return (
            Step(Do.DRIVE, members.driven),
            *members.move_together(members.movers),
            Step(Do.RECORD, members.everybody),
        )

    def __str__(self) -> str:
        return "Synchronous()"


@named_arguments
@dataclass(frozen=True)
class Layered(Schedule):
    """Populations update one after the other along their synapses of delay 0.

    For feed-forward networks, LSTM and attention. Messages over delay 0 arrive in the same tick; synapses
    that close a cycle have a delay of 1 or more.
    """

    @property
    def words(self) -> str:
        return "layer after layer within a tick"

    def steps(self, net: Network, members: Members) -> Iterable[Step]:
        moves = (
            step
            for name in zero_delay_order(net)
            if name not in members.driven
            for step in members.move_together([name])
        )
        return (Step(Do.DRIVE, members.driven), *moves, Step(Do.RECORD, members.everybody))

    def __str__(self) -> str:
        return "Layered()"


@named_arguments
@dataclass(frozen=True)
class Asynchronous(Schedule):
    """Neurons update one at a time, each once a tick (a sweep), and see the newest values of all others.

    order: 'random', drawn anew for each sweep and trial, or 'index', the order of the populations and of
        their neurons.

    For Hopfield networks and Boltzmann machines. Populations do not spike, and synapses have no text.

    Raises DescriptionError for another order; networks raise it for populations and synapses that it cannot
    run.

    Source: Hopfield 1982, PNAS 79, 2554, doi:10.1073/pnas.79.8.2554.
    """

    order: str = "random"
    newest = True
    sweeps = True

    def __post_init__(self):
        if not isinstance(self.order, str) or self.order not in ("random", "index"):
            raise DescriptionError(
                f"Asynchronous: order {shown(self.order)} is not known."
                " Use 'random' (drawn anew each sweep) or 'index'."
            )

    @property
    def words(self) -> str:
        return "one neuron at a time" + (", in random order" if self.order == "random" else "")

    def steps(self, net: Network, members: Members) -> Iterable[Step]:
        sweep = Step(Do.SWEEP, members.movers, by_index=self.order == "index")
        return (Step(Do.DRIVE, members.driven), sweep, Step(Do.RECORD, members.everybody))

    def check(self, net: Network) -> None:
        for population in net.populations.values():
            subject = f"Neurons {population.name!r}"
            if population.spiking:
                raise DescriptionError(
                    f"{subject}: has a threshold, but Asynchronous() carries graded messages only."
                    " Use update='s = where(I > 0, 1, 0)'."
                )
            if population.held:
                raise DescriptionError(
                    f"{subject}: {population.held[0]!r} is (constant over dt), but under Asynchronous()"
                    " there is no moment at which all neurons start. Assign it in update text."
                )
            if population.sends in population.subexpressions:
                raise DescriptionError(
                    f"{subject}: sends the subexpression {population.sends!r}, but Asynchronous() carries"
                    " variables only."
                    f" Assign it in update text: update='{population.sends} = ...'."
                )
        for item in net.synapses.values():
            if item.text or isinstance(item.wiring, private):
                raise DescriptionError(
                    f"{item.label}: Asynchronous() carries graded messages without text only."
                    " Leave out model, on_pre and on_post."
                )
            if item.pre.source != item.pre.name:
                variable = item.pre.source.removeprefix(f"{item.pre.name}.")
                raise DescriptionError(
                    f"{item.label}: Asynchronous() carries what populations send by themselves."
                    f" Use sends={variable!r} there, or Layered() or Synchronous()."
                )
            if isinstance(item.wiring, einsum) or item.weight_population is not None:
                raise DescriptionError(
                    f"{item.label}: einsum and weights that are messages do not run one neuron at a time."
                    " Use Layered() or Synchronous()."
                )

    def __str__(self) -> str:
        return f"Asynchronous(order={self.order!r})"


@named_arguments
@dataclass(frozen=True, init=False)
class Alternating(Schedule):
    """Groups of populations update in turn within one tick, each from the newest values of the others.

    groups: lists of populations or of their names. `Alternating([hidden], [visible])` updates hidden from
        visible, then visible from the new hidden. Every population with text is in one group; driven ones are
        in none.

    For block Gibbs sampling and restricted Boltzmann machines.

    Raises DescriptionError for groups that are not lists of populations; networks raise it for populations
    that are in no group or in two.

    Source: Hinton 2002, Neural Computation 14, 1771, doi:10.1162/089976602760128018.
    """

    groups: tuple[tuple[str, ...], ...]
    newest = True

    def __init__(self, *groups: Any):
        read = []
        for group in groups:
            members = group if isinstance(group, (list, tuple)) else [group]
            names = tuple(member.name if isinstance(member, Neurons) else member for member in members)
            if not names or not all(isinstance(name, str) for name in names):
                raise DescriptionError(
                    f"Alternating: {shown(group)} is not a group."
                    " Give lists of populations, such as Alternating([a], [b])."
                )
            read.append(names)
        if not read:
            raise DescriptionError(
                "Alternating: has no groups. Give lists of populations, such as Alternating([a], [b])."
            )
        object.__setattr__(self, "groups", tuple(read))

    @classmethod
    def of_fields(cls, values: dict[str, Any]) -> Alternating:
        return cls(*values["groups"])

    @property
    def words(self) -> str:
        return "in turns: " + ", then ".join(" and ".join(group) for group in self.groups)

    def steps(self, net: Network, members: Members) -> Iterable[Step]:
        moves = (step for group in self.groups for step in members.move_together(group))
        return (Step(Do.DRIVE, members.driven), *moves, Step(Do.RECORD, members.everybody))

    def check(self, net: Network) -> None:
        for name in (name for group in self.groups for name in group):
            if name not in net.populations:
                raise DescriptionError(
                    f"Network: {self} names {name!r}, which is no population here."
                    f" {nearest(name, net.populations)}"
                )
        for name, population in net.populations.items():
            times = sum(group.count(name) for group in self.groups)
            if times != (0 if population.driven else 1):
                rule = (
                    "is driven and belongs to no group"
                    if population.driven
                    else f"stands in {times} groups instead of one"
                )
                raise DescriptionError(
                    f"Neurons {name!r}: {rule} of {self}. Name every population that has text once."
                )

    def __str__(self) -> str:
        return f"Alternating({', '.join('[' + ', '.join(group) + ']' for group in self.groups)})"
