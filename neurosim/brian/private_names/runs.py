"""Networks of Brian2 that run: clocks, the beginning and the end, reports."""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from typing import Any

from neurosim.brian.private_names import modules
from neurosim.brian.private_names.classes import BrianObject, Network, StateMonitor, TextReport, prefs


def begin_run(net: BrianObject, start: Any, end: Any) -> None:
    """What `Network.run` and `Network.before_run` of Brian2 do first, without generating code."""
    net._stopped = False
    Network._globally_stopped = False
    for clock in {clock_of(thing) for thing in net.sorted_objects}:
        clock.set_interval(start, end)
    prefs.check_all_validated()
    names = [thing.name for thing in net.sorted_objects]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ValueError(
            "All objects in a network need to have unique names, the following name(s) were used more than"
            f" once: {', '.join(map(repr, repeated))}"
        )
    modules.network._check_multiple_summed_updaters(net.sorted_objects)
    net.check_dependencies()


def claim_objects(net: BrianObject) -> None:
    """Mark the objects of a network as having run in it; Brian2 then refuses them in others."""
    for thing in net.sorted_objects:
        thing._network = net.id


def clock_of(thing: BrianObject) -> Any:
    """The clock of an object, also where it is Brian2's `defaultclock`."""
    clock = thing.clock
    is_default = isinstance(clock, modules.clocks.DefaultClockProxy)
    return modules.device.active_device.defaultclock if is_default else clock


def ticks_of(clock: Any) -> tuple[int, int]:
    """The tick at which a clock stands, and the one at which the run ends."""
    return int(clock.variables["timestep"].get_value().item()), int(clock._i_end)


def put_clock(clock: Any, tick: int) -> None:
    """Set a clock to a tick."""
    clock.variables["timestep"].set_value(tick)
    clock.variables["t"].set_value(tick * clock.dt_)


def is_stopped(net: BrianObject) -> bool:
    """Whether the script has called `stop`."""
    return bool(net._stopped or Network._globally_stopped)


def end_run(
    net: BrianObject, things: Iterable[BrianObject], time: float, measured: float | None, namespace: Any
) -> None:
    """What `Network.run` of Brian2 does at the end.

    time: at which the network stands, in seconds
    measured: how many seconds the run took, if it was to measure that
    namespace: the names of the script that text may use
    """
    net.t_ = time
    net._profiling_info = None if measured is None else [("neurosim", in_seconds(measured))]
    for thing in things:
        if isinstance(thing, modules.group.Group):
            thing._check_for_invalid_states()
        if isinstance(thing, StateMonitor):
            thing.codeobj = _RecordOnce(thing, namespace)


class _RecordOnce:
    """What `record_single_timestep` of a monitor calls: code that Brian2 writes when it is called."""

    def __init__(self, monitor: BrianObject, namespace: Any):
        self.monitor, self.namespace = monitor, namespace

    def __call__(self) -> None:
        self.monitor.before_run(self.namespace)
        self.monitor.codeobj()
        self.monitor.codeobj = self


def run_in_brian2(*arguments: Any) -> Any:
    """Run a network on Brian2's own runtime, with the arguments of `Network.run`."""
    return Network.run.original_function(*arguments)


def report_of(report: Any) -> Any:
    """What `Network.run` calls to report progress, given its argument `report`; None for None."""
    if report is None or callable(report):
        return report
    streams = {"text": sys.stdout, "stdout": sys.stdout, "stderr": sys.stderr}
    if not isinstance(report, str):
        raise TypeError(
            "Do not know how to handle report argument, it has to be one of 'text', 'stdout', 'stderr', or a"
            f" callable function/object, but it is of type {type(report)}"
        )
    if report not in streams:
        raise ValueError(f'Do not know how to handle report argument "{report}".')
    return TextReport(streams[report])


def in_seconds(time: float) -> Any:
    """A time as a quantity of Brian2."""
    return time * modules.brian.second


def check_duration(duration: Any, period: Any) -> None:
    """Refuse a duration or a period that is not a time, as Brian2 does."""
    for name, value in {"duration": duration, "report_period": period}.items():
        message = (
            f"Function 'run' expected a quantity with unit second for argument '{name}' but got {{value}}"
        )
        modules.brian.units.fundamentalunits.fail_for_dimension_mismatch(
            value, modules.brian.second, message, value=value
        )
    if duration < 0:
        raise ValueError(f"Function 'run' expected a non-negative duration but got '{duration}'")


def numpy_target() -> str:
    """Let Brian2 set networks up with numpy, unless scripts choose; returns what was chosen before."""
    before = str(prefs.codegen.target)
    if before == "auto":
        prefs.codegen.target = "numpy"
    return before


@contextmanager
def target(name: str) -> Generator[None]:
    """Within this context, Brian2 generates code for another target."""
    before = prefs.codegen.target
    prefs.codegen.target = name
    try:
        yield
    finally:
        prefs.codegen.target = before
