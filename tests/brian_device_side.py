"""Brian2 scripts run twice: by Brian2's own numpy runtime and by the device. Both must give the same."""

from collections.abc import Callable, Generator
from contextlib import contextmanager

import brian2 as b2
import numpy as np
from brian2 import ms

import neurosim.brian  # noqa: F401

Arrays = dict[str, np.ndarray]


@contextmanager
def device(name: str, **options: object) -> Generator[None]:
    """Run on a device with numpy, seed 3 and dt of 0.1 ms; afterwards Brian2's own is used again."""
    b2.BrianLogger.suppress_name("method_choice")  # which method it has chosen is of no interest here
    target = b2.prefs.codegen.target
    b2.set_device(name, **options)
    b2.prefs.codegen.target = "numpy"
    b2.defaultclock.dt = 0.1 * ms
    b2.seed(3)
    try:
        yield
    finally:
        b2.set_device("runtime")
        b2.prefs.codegen.target = target


def assert_same(
    script: Callable[[], Arrays], engines: tuple[str, ...] = ("reference",), **options: object
) -> Arrays:
    """Run a script under Brian2 and on the engines; whole numbers are equal, others to a part in 1e9."""
    with device("runtime"):
        wanted = {name: np.array(value) for name, value in script().items()}
    for engine in engines:
        with device("neurosim", engine=engine, **options):
            found = script()
        for name, value in wanted.items():
            scale = float(np.max(np.abs(value), initial=0.0))
            np.testing.assert_allclose(
                np.array(found[name]), value, rtol=1e-9, atol=1e-9 * scale, err_msg=name
            )
    return wanted


def records(*monitors: object) -> Arrays:
    """What monitors of spikes or states hold."""
    found = {}
    for number, monitor in enumerate(monitors):
        for name in ("t", "i", "rate", "count", *getattr(monitor, "record_variables", ())):
            if name in monitor.variables:
                found[f"{number}.{name}"] = np.array(monitor.variables[name].get_value())
    return found
