"""What a script of Brian2 finds around it, made the same under Brian2's numpy target and under the device.

Standalone devices that a script asks for become the device under test, `device.run` with other values runs
the networks again from where they began, and pools of processes become loops in this process.
"""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass
class OneRun:
    """A run that `device.run` can repeat."""

    network: Any
    duration: Any
    options: dict[str, Any]
    objects: frozenset[Any]


class Standalone:
    """Stands for Brian2's standalone devices: runs are made at once, and again for each `device.run`.

    count: called before each run
    run: runs a network, as `Network.run` does
    """

    def __init__(self, count: Callable[[], None], run: Callable[..., None]):
        self.count, self.run_network = count, run
        self.runs, self.deferred = list[OneRun](), False
        self.use = self.again = lambda *args, **kwargs: None

    def install(self, chosen: str, options: dict[str, Any]) -> None:
        """Take the chosen device, whatever device the script asks for."""
        import brian2

        if chosen == "neurosim":
            import neurosim.brian  # noqa: F401

            inner = brian2.set_device
            self.use = lambda build_on_run: inner("neurosim", build_on_run=build_on_run, **options)
            self.use(True)
            self.again = brian2.get_device().run
        else:
            brian2.prefs.codegen.target = chosen
            self.again = self.again_in_brian2
        active = brian2.get_device()
        active.build = active.delete = lambda *args, **kwargs: None
        active.reinit = lambda *args, **kwargs: None
        active.run = self.run
        for module in (brian2, sys.modules["brian2.devices"], sys.modules["brian2.devices.device"]):
            module.set_device = self.set_device

    def set_device(self, name: str, build_on_run: bool = True, **kwargs: Any) -> None:
        """What the script calls."""
        self.deferred = not build_on_run
        self.use(build_on_run)

    def remember(self, run: OneRun) -> None:
        """Called before each run of the script."""
        from brian2 import Network

        if self.deferred:
            if not any(known.network is run.network for known in self.runs):
                Network.store(run.network, "where a standalone run begins")
            self.runs.append(run)

    def run(self, *args: Any, run_args: Mapping[Any, Any] | None = None, **kwargs: Any) -> None:
        """What `device.run` does."""
        for _ in self.runs:
            self.count()
        self.again(run_args=run_args)

    def again_in_brian2(self, run_args: Mapping[Any, Any] | None) -> None:
        """All runs, from the beginning, with other values of variables, under Brian2's numpy target."""
        from brian2 import Network

        for run in {id(run.network): run for run in self.runs}.values():
            run.network.objects.update(run.objects)  # a magic network forgets them
            Network.restore(run.network, "where a standalone run begins")
        for view, value in (run_args or {}).items():
            view.set_item(slice(None), value)
        for run in self.runs:
            run.network.objects.update(run.objects)
            self.run_network(run.network, run.duration, **run.options)


class OneProcess:
    """A pool of processes that calls functions one after the other in this process."""

    def __init__(self, *args: Any, **kwargs: Any):
        pass

    def __enter__(self) -> OneProcess:
        return self

    def __exit__(self, *args: object) -> None:
        pass

    def map(self, function: Callable[[Any], Any], values: Iterable[Any]) -> list[Any]:
        """What `Pool.map` returns."""
        return [function(value) for value in values]

    def __call__(self, calls: Iterable[Any]) -> list[Any]:
        """What `joblib.Parallel` returns."""
        return [function(*args, **kwargs) for function, args, kwargs in calls]


def in_one_process() -> None:
    """Let pools of processes be loops, so that what the runs leave can be compared."""
    multiprocessing.Pool = OneProcess
    try:
        import joblib
    except ImportError:
        return
    joblib.Parallel = OneProcess
