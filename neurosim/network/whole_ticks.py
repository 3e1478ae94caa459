"""What a schedule asks of times: that they are whole numbers of ticks, and long enough to be kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from neurosim.errors import DescriptionError
from neurosim.network.neurons import Neurons
from neurosim.network.schedule import Schedule
from neurosim.network.synapses import Synapses
from neurosim.network.values import PLAIN, TIME, Value
from neurosim.network.weights import Distribution
from neurosim.network.wiring import private

if TYPE_CHECKING:
    from neurosim.network.network import Network


def check_times_of(population: Neurons, schedule: Schedule) -> None:
    """Refuse times of a population that a schedule cannot keep, and equations without a time step."""
    subject = f"Neurons {population.name!r}"
    if schedule.seconds is None and any(line.kind == "differential" for line in population.lines):
        raise DescriptionError(
            f"{subject}: differential equations need a time step."
            " Use schedule=Clock(dt), or write update text."
        )
    if isinstance(population.refractory, Value):
        _check_ticks(population.refractory, f"{subject}: refractory", schedule)
    for period, _ in population.regularly:
        _check_ticks(period, f"{subject}: regularly: the period", schedule)


def _check_ticks(value: Value, subject: str, schedule: Schedule) -> None:
    """Refuse a time that is not a whole number of ticks; arrays are rounded when they are lowered."""
    if not value.number.any():
        return
    if schedule.seconds is None:
        if value.dim != PLAIN:
            raise DescriptionError(
                f"{subject} {value} is a time, but {schedule} counts ticks. Give a whole number of ticks."
            )
        if value.scalar and value.number != np.rint(value.number):
            raise DescriptionError(f"{subject} {value} is not a whole number of ticks. Give an integer.")
        return
    if value.dim != TIME:
        raise DescriptionError(f"{subject} {value} has no unit. Give a time, such as 1*ms, under {schedule}.")
    if not value.scalar:
        return
    ticks = float(value.number) / schedule.seconds
    if abs(ticks - round(ticks)) > 1e-6 * max(1.0, abs(ticks)):
        dt, up = (Value(np.array(number * schedule.seconds), TIME) for number in (1, max(1, np.ceil(ticks))))
        raise DescriptionError(
            f"{subject} {value} is not a multiple of dt = {dt}. Use {up}, or a smaller dt."
        )


def check_delays(item: Synapses, schedule: Schedule) -> None:
    """Refuse delays and periods of synapses that are not times under a schedule."""
    for period, _ in item.regularly:
        _check_ticks(period, f"{item.label}: regularly: the period", schedule)
    for delay in item.delays.values():
        if isinstance(delay, Value):
            _check_ticks(delay, f"{item.label}: delay", schedule)
            if isinstance(item.wiring, private) and delay.number.any():
                raise DescriptionError(
                    f"{item.label}: private sources are memoryless, so a delay of {delay} changes nothing."
                    " Leave it out."
                )
        elif isinstance(delay, Distribution) and delay.dim != schedule.time_dim:
            wanted = "in ticks" if schedule.seconds is None else "a time"
            raise DescriptionError(
                f"{item.label}: delay {delay!r} is not {wanted}. Give one under {schedule}."
            )


def check_zero_delays(net: Network, item: Synapses) -> None:
    """Refuse delays of less than a tick where a schedule delivers before it sends."""
    seconds = net.schedule.seconds
    for key, delay in item.delays.items():
        none = isinstance(delay, Value) and (np.rint(delay.number / (seconds or 1.0)) < 1).any()
        if not none or net.schedule.keeps_zero_delay(net, item):
            continue
        if isinstance(item.wiring, private):
            raise DescriptionError(
                f"{item.label}: private sources are heard in the tick in which they spike, but"
                f" {net.schedule} delivers first."
                " Use Clock(dt) or Layered()."
            )
        least = "1" if seconds is None else str(Value(np.array(seconds), TIME))
        path = key.partition(".")[2]
        of, remedy = (f" of {path!r}", f"{{{path!r}: {least}}}") if path else ("", least)
        raise DescriptionError(
            f"{item.label}: delay{of} {delay} arrives before it is sent under {net.schedule}."
            f" Use delay={remedy}, or Layered()."
        )
