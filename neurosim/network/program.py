"""The step program: what populations do, in which order, within one tick.

A schedule makes it; the contract that engines keep is in `plan/plan.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from neurosim.errors import DescriptionError, nearest, shown
from neurosim.network.flags import HELD
from neurosim.network.synapses import Delayed, Synapses
from neurosim.network.text import Equation
from neurosim.network.values import Value, whole

SHARED_HELD = f"{HELD}, shared"  # the block of what is (shared, constant over dt)
MOST_TICKS_BETWEEN = 2**24  # of a step: as the longest delay

if TYPE_CHECKING:
    from neurosim.network.network import Network


class Do(StrEnum):
    """What the populations of a step do."""

    DRIVE = "drive"
    DELIVER = "deliver"
    INTEGRATE = "integrate"
    UPDATE = "update"
    THRESHOLD = "threshold"
    SEND = "send"
    RESET = "reset"
    SWEEP = "sweep"
    SUM = "sum"  # (summed) variables are set
    RUN = "run"  # a block of text runs
    CALL = "call"  # a function outside of the network is called, which looks at it and changes it
    RECORD = "record"


class Arriving(StrEnum):
    """What a deliver step delivers."""

    ALL = ""
    GRADED = "graded"  # messages of populations that do not spike
    SPIKES = "spikes"
    SENT = "sent"  # nothing new: it runs the on_post text of targets that have sent


@dataclass(frozen=True)
class Step:
    """One step of a tick.

    kind: what the populations do.
    populations: their names; those of a SEND step may be 'population.variable', too.
    arriving: what a DELIVER step delivers.
    by_index: whether a SWEEP takes the neurons in the order of their indices, and not in a random one.
    pathways: the names of the synapses that a DELIVER, INTEGRATE or SUM step concerns; None: all that end at
        its populations, of which a DELIVER step then also sets the (summed) variables.
    probes: the names of the probes that a RECORD step samples; None: those of its populations that no step
        names.
    every, phase: the step runs in the ticks whose number has the remainder `phase` when divided by `every`.
    block: the name of the block of text that a RUN step runs, in the populations and synapses that have one;
        of a CALL step, the name of the function.
    """

    kind: Do
    populations: tuple[str, ...] = ()
    arriving: Arriving = Arriving.ALL
    by_index: bool = False
    pathways: tuple[str, ...] | None = None
    probes: tuple[str, ...] | None = None
    every: int = 1
    phase: int = 0
    block: str = ""

    def __post_init__(self):
        whole(self.every, f"Step {self}: every", least=1, most=MOST_TICKS_BETWEEN)
        whole(self.phase, f"Step {self}: phase", least=0, most=self.every - 1)
        self._only("pathways", self.pathways, Do.DELIVER, Do.INTEGRATE, Do.SUM, Do.RUN)
        self._only("probes", self.probes, Do.RECORD)
        if self.every > 1 and self.kind in (Do.DRIVE, Do.SWEEP, Do.RECORD):
            raise DescriptionError(f"Step {self}: a step of this kind runs in every tick. Leave out every.")

    def _only(self, field: str, given: tuple[str, ...] | None, *kinds: Do) -> None:
        """Refuse a field that steps of this kind do not have, or that holds something else than names."""
        if given is None:
            return
        if self.kind not in kinds:
            raise DescriptionError(
                f"Step {self}: {field} has no meaning here."
                f" It belongs to steps of the kind {' or '.join(kind.value for kind in kinds)}."
            )
        if not isinstance(given, tuple) or not all(isinstance(name, str) for name in given):
            raise DescriptionError(f"Step {self}: {field} {shown(given)} is not a tuple of names.")

    @property
    def moves(self) -> bool:
        """Whether its populations take new values."""
        return self.kind in (Do.INTEGRATE, Do.UPDATE)

    @property
    def empty(self) -> bool:
        """Whether it concerns nothing."""
        return not (self.populations or self.pathways or self.probes or self.kind is Do.CALL)

    @property
    def rhythm(self) -> tuple[int, int]:
        """In which ticks it runs: `every` and `phase`."""
        return self.every, self.phase

    def delivers(self, *, graded: bool) -> bool:
        """Whether it delivers what a population sends, graded messages or spikes."""
        return self.kind is Do.DELIVER and self.arriving in (
            Arriving.ALL,
            Arriving.GRADED if graded else Arriving.SPIKES,
        )

    def concerns(self, pathway: str, post: str) -> bool:
        """Whether it concerns the synapses called `pathway`, which end at the population `post`."""
        return post in self.populations if self.pathways is None else pathway in self.pathways

    def adds_up(self, pathway: str, post: str) -> bool:
        """Whether it sets the (summed) variables of these synapses."""
        if self.kind is Do.SUM:
            return self.concerns(pathway, post)
        return self.delivers(graded=True) and self.pathways is None and post in self.populations

    def runs_at(self, tick: int) -> bool:
        """Whether it runs in this tick."""
        return tick % self.every == self.phase

    def __str__(self) -> str:
        return " ".join(
            part
            for part in (self.kind.value, self.arriving.value, self.names, self.block, self.ticks)
            if part
        )

    @property
    def names(self) -> str:
        """What it concerns, as it is printed."""
        return ", ".join(map(str, (*self.populations, *(self.pathways or ()), *(self.probes or ()))))

    @property
    def ticks(self) -> str:
        """In which ticks it runs, as it is printed; "" for every tick."""
        late = f", from tick {self.phase} on" if self.phase else ""
        return f"every {self.every} ticks{late}" if self.every != 1 else ""


@dataclass(frozen=True)
class Members:
    """The names of the populations of a network, by what they do.

    everybody: all.
    driven: those without text, which inputs drive.
    movers: the others.
    spiking: those of the movers that have a threshold.
    learners: targets of synapses with on_post text.
    views: for a population, the names 'population.variable' under which other variables of it are sent.
    """

    everybody: tuple[str, ...]
    driven: tuple[str, ...]
    movers: tuple[str, ...]
    spiking: frozenset[str]
    learners: frozenset[str]
    views: Mapping[str, tuple[str, ...]]

    def senders(self, group: Iterable[str]) -> tuple[str, ...]:
        """The populations of a group, and what else is sent of them."""
        return tuple(sender for name in group for sender in (name, *self.views.get(name, ())))

    def move_together(self, group: Iterable[str]) -> list[Step]:
        """The steps in which a group takes what has arrived, moves, and sends."""
        names = tuple(group)
        spiking = tuple(name for name in names if name in self.spiking)
        return [
            Step(Do.DELIVER, names),
            Step(Do.UPDATE, names),
            Step(Do.THRESHOLD, spiking),
            Step(Do.SEND, self.senders(names)),
            Step(Do.DELIVER, tuple(name for name in names if name in self.learners), Arriving.SENT),
            Step(Do.RESET, spiking),
        ]


def members(net: Network) -> Members:
    """The populations of a network by what they do."""
    populations = net.populations.values()
    return Members(
        tuple(p.name for p in populations),
        tuple(p.name for p in populations if p.driven),
        tuple(p.name for p in populations if not p.driven),
        frozenset(p.name for p in populations if p.spiking and not p.driven),
        frozenset(item.post.name for item in net.synapses.values() if item.on_post.strip()),
        {p.name: tuple(view for view, (owner, _) in net.views.items() if owner is p) for p in populations},
    )


def step_program(net: Network) -> tuple[Step, ...]:
    """The steps of one tick under the schedule of a network, in order; steps of no population are left out.

    Raises DescriptionError for a schedule whose steps are not steps, name synapses that the network does not
    have, or do not drive, move and record every population once.
    """
    who = members(net)
    given = tuple(net.schedule.steps(net, who))
    steps = (*_regular_steps(net, given), *given)
    for step in steps:
        if not isinstance(step, Step):
            raise DescriptionError(
                f"{net.schedule}: its steps hold {shown(step)}, which is no Step."
                " Give steps such as Step(Do.UPDATE, names)."
            )
        unknown = [name for name in step.pathways or () if name not in net.synapses]
        if unknown:
            raise DescriptionError(
                f"{net.schedule}: its step '{step}' names {shown(unknown[0])}, which are no synapses here."
                f" {nearest(unknown[0], net.synapses)}"
            )
    _check_once(net, who.driven, [step for step in steps if step.kind is Do.DRIVE], "drive")
    _check_once(net, who.movers, [step for step in steps if step.moves or step.kind is Do.SWEEP], "move")
    _check_once(net, who.everybody, [step for step in steps if step.kind is Do.RECORD], "record")
    _check_once(net, tuple(net.views), [step for step in steps if step.kind is Do.SEND], "send")
    return tuple(step for step in (*held_steps(net), *steps) if not step.empty)


def held_steps(net: Network) -> tuple[Step, ...]:
    """The steps, before all others, that set what is (constant over dt): first what is also (shared)."""
    steps: list[Step] = []
    for block in (SHARED_HELD, HELD):
        lines = {name: population.lines for name, population in net.populations.items()}
        holding = {name for name, own in lines.items() if _holds(own, block)}
        holding |= {item.post.name for item in net.synapses.values() if _holds(item.lines, block)}
        steps.append(Step(Do.RUN, tuple(name for name in net.populations if name in holding), block=block))
    return tuple(steps)


def _holds(lines: Iterable[Equation], block: str) -> bool:
    """Whether some of these lines belong to this block of what is (constant over dt)."""
    return any(HELD in line.flags and ("shared" in line.flags) == (block == SHARED_HELD) for line in lines)


def _regular_steps(net: Network, given: Iterable[Step]) -> Iterator[Step]:
    """The steps that run text at regular times: first in a tick, but for those that a schedule places."""
    placed = {
        (name, step.block)
        for step in given
        if isinstance(step, Step)
        for name in (*step.populations, *(step.pathways or ()))
    }
    for name, owner in (*net.populations.items(), *net.synapses.items()):
        for block in owner.regular:
            if (name, block.name) not in placed:
                populations, pathways = ((name,), ()) if name in net.populations else ((), (name,))
                every = block.ticks(net.schedule.seconds)
                yield Step(Do.RUN, populations, pathways=pathways, every=every, block=block.name)


def _check_once(net: Network, names: Iterable[str], steps: Iterable[Step], verb: str) -> None:
    found = [name for step in steps for name in step.populations]
    for name in names:
        if found.count(name) != 1:
            raise DescriptionError(
                f"{net.schedule}: its steps {verb} {name!r} {found.count(name)} times in a tick."
                " Let them do so once."
            )


def arrives_in_time(program: Sequence[Step], pathway: str, pre: str, post: str, *, graded: bool) -> bool:
    """Whether what `pre` sends through the synapses called `pathway` can be delivered to `post` within the
    same tick.
    """
    sent = [
        n for n, step in enumerate(program) if step.kind in (Do.DRIVE, Do.SEND) and pre in step.populations
    ]
    taken = [
        n for n, step in enumerate(program) if step.delivers(graded=graded) and step.concerns(pathway, post)
    ]
    return not sent or not taken or sent[0] < taken[-1]


def ticks_between_moves(program: Iterable[Step], population: str) -> int:
    """Every how many ticks a population moves: its equations are integrated over so many ticks at once."""
    return next((step.every for step in program if step.moves and population in step.populations), 1)


def ticks_between_integrations(program: Iterable[Step], pathway: str, post: str) -> int:
    """The same for the equations of synapses."""
    integrating = (step for step in program if step.kind is Do.INTEGRATE and step.concerns(pathway, post))
    return next((step.every for step in integrating), 1)


def special_steps(program: Iterable[Step]) -> list[Step]:
    """The steps that name synapses, probes or functions, that set (summed) variables, or that skip ticks."""
    return [
        step
        for step in program
        if step.kind in (Do.SUM, Do.CALL)
        or step.every > 1
        or step.pathways is not None
        or step.probes is not None
    ]


def unmoved(program: Sequence[Step], place: int) -> frozenset[str]:
    """The populations that have not moved yet when step number `place` of a program runs."""
    return frozenset(name for step in program[place:] if step.moves for name in step.populations)


def zero_delay_sources(net: Network) -> dict[str, dict[str, Synapses]]:
    """For each population, those whose messages reach it without delay, and the synapses that carry them."""
    needs: dict[str, dict[str, Synapses]] = {name: {} for name in net.populations}
    for item in net.synapses.values():
        if isinstance(item.delay, Value) and np.any(item.delay.number == 0):
            needs[item.post.name].setdefault(item.pre.name, item)
        source = item.weight_population
        if source is not None and not isinstance(item.weight, Delayed):
            needs[item.post.name].setdefault(source.name, item)
    return needs


def zero_delay_order(net: Network) -> tuple[str, ...]:
    """The populations in an order in which each comes after those it receives from without delay.

    Raises DescriptionError for a cycle, naming its populations.
    """
    needs = zero_delay_sources(net)
    order: dict[str, None] = {}
    for name in net.populations:
        path = {} if name in order else {name: iter(needs[name])}
        while path:
            here = next(reversed(path))
            source = next((source for source in path[here] if source not in order), None)
            if source in path:
                _refuse_cycle(needs, (*path, source))
            if source is None:
                order[here] = None
                del path[here]
            else:
                path[source] = iter(needs[source])
    return tuple(order)


def _refuse_cycle(needs: Mapping[str, Mapping[str, Synapses]], path: tuple[str, ...]) -> None:
    cycle = path[path.index(path[-1]) :]
    item = needs[cycle[-2]][cycle[-1]]
    raise DescriptionError(
        f"{item.label}: zero delay closes the cycle {' -> '.join(reversed(cycle))}."
        " Give one of these synapses delay=1."
    )
