"""The step program: who does what, in which order, within one tick. The contract it keeps stands in `plan/plan.py`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from neurosim.errors import DescriptionError
from neurosim.network.schedule import Alternating, Asynchronous, Clock, Layered
from neurosim.network.synapses import Delayed, Synapses
from neurosim.network.values import Value

if TYPE_CHECKING:
    from neurosim.network.network import Network


@dataclass(frozen=True)
class Step:
    """One step of a tick: `kind` is drive, deliver, integrate, update, threshold, send, reset, sweep or record.

    `what` narrows a deliver step to 'graded' messages, 'spikes', or 'sent' (the on_post text of targets that have sent).
    """

    kind: str
    populations: tuple[str, ...]
    what: str = ""


def step_program(net: Network) -> tuple[Step, ...]:
    """The steps of one tick under the network's schedule, in order; steps that concern nobody are left out."""
    populations = net.populations.values()
    everybody = tuple(p.name for p in populations)
    driven = tuple(p.name for p in populations if p.driven)
    movers = tuple(p.name for p in populations if not p.driven)
    if isinstance(net.schedule, Clock):
        steps = _clock(net, everybody, driven, movers)
    elif isinstance(net.schedule, Asynchronous):
        steps = [Step("drive", driven), Step("sweep", movers), Step("record", everybody)]
    else:
        if isinstance(net.schedule, Layered):
            groups = [(name,) for name in zero_delay_order(net) if name in movers]
        elif isinstance(net.schedule, Alternating):
            groups = list(net.schedule.groups)
        else:
            groups = [movers]
        moves = [step for group in groups for step in _move(net, group)]
        steps = [Step("drive", driven), *moves, Step("record", everybody)]
    return tuple(step for step in steps if step.populations)


def _clock(net: Network, everybody: tuple[str, ...], driven: tuple[str, ...], movers: tuple[str, ...]) -> list[Step]:
    spiking, graded = _kinds(net, movers)
    return [
        Step("record", everybody),
        Step("drive", driven),
        Step("send", graded),
        Step("deliver", movers, "graded"),
        Step("integrate", movers),
        Step("threshold", spiking),
        Step("send", spiking),
        Step("deliver", movers, "spikes"),
        Step("deliver", _learners(net, movers), "sent"),
        Step("reset", spiking),
    ]


def _move(net: Network, group: tuple[str, ...]) -> list[Step]:
    spiking, _ = _kinds(net, group)
    return [
        Step("deliver", group),
        Step("update", group),
        Step("threshold", spiking),
        Step("send", group),
        Step("deliver", _learners(net, group), "sent"),
        Step("reset", spiking),
    ]


def _kinds(net: Network, names: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    spiking = tuple(name for name in names if net.populations[name].spiking)
    return spiking, tuple(name for name in names if name not in spiking)


def _learners(net: Network, names: tuple[str, ...]) -> tuple[str, ...]:
    targets = {item.post.name for item in net.synapses.values() if item.on_post.strip()}
    return tuple(name for name in names if name in targets)


def zero_delay_sources(net: Network) -> dict[str, dict[str, Synapses]]:
    """For each population, the populations it needs first within a tick, and the synapses that say so."""
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
    raise DescriptionError(f"{item.label}: zero delay closes the cycle {' -> '.join(reversed(cycle))}. Give one of these synapses delay=1.")
