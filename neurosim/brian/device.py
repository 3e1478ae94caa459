"""The device: after `set_device("neurosim")` the engines of neurosim run Brian2's networks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from weakref import WeakSet

from neurosim.brian.one_run import one_run
from neurosim.brian.private_names import (
    BrianObject,
    LateQueue,
    RuntimeDevice,
    check_duration,
    in_seconds,
    local_namespace,
    log,
    numpy_target,
    run_in_brian2,
    target,
)
from neurosim.brian.repeats import Repeats, values_of
from neurosim.brian.seeds import Seeds
from neurosim.brian.settings import Options, Settings, Spent
from neurosim.brian.streaming import Stream
from neurosim.brian.watching import Watch
from neurosim.errors import DescriptionError, NeurosimError

OF_STANDALONE = frozenset(
    ("additional_source_files", "clean", "compile", "debug", "direct_call", "directory", "profile")
    + ("results_directory", "run", "run_args", "with_output")
)
"""The options of Brian2's standalone mode, which scripts may keep. None but `profile` has an effect here."""


class NeurosimDevice(RuntimeDevice):
    """A device of Brian2 that sets networks up as Brian2's own runtime does, and runs them as plans."""

    def __init__(self):
        super().__init__()
        self.options, self.seeds, self.spent, self.target = Options(), Seeds(), Spent(), "auto"
        self.stream: Stream | None = None
        self.repeats = Repeats(self._repeated)
        self.watch: Watch | None = None
        self.written: WeakSet[Any] = WeakSet()

    def activate(self, build_on_run: bool = True, **kwargs: Any) -> None:
        """What `set_device` calls, with the options of the device."""
        known = {name: kwargs.pop(name) for name in Options.__annotations__ if name in kwargs}
        if unknown := sorted(kwargs.keys() - OF_STANDALONE):
            raise DescriptionError(
                f"set_device: the device has no option {unknown[0]!r}."
                f" There is: {', '.join(Options.__annotations__)}."
            )
        self.options = Options(**known)
        path = self.options.record_to
        self.stream = None if path is None else Stream(path)
        super().activate(build_on_run, **kwargs)
        self.target, self.repeats = numpy_target(), Repeats(self._repeated)

    def run(
        self, directory: str | None = None, results_directory: str | None = None, with_output: bool = True,
        run_args: Mapping[Any, Any] | Sequence[str] | None = None,
    ) -> None:  # fmt: skip
        """Repeat all runs with other values, as Brian2's standalone mode does after `build_on_run=False`.

        directory, results_directory, with_output: of no use here, as nothing is written to files
        run_args: the values by variable, such as {cells.tau: 10*ms}, or by TimedArray
        """
        self.repeats.repeat(values_of(run_args))

    def _repeated(self, net: BrianObject, duration: Any, namespace: Mapping[str, Any]) -> None:
        self._run(net, duration, (None, in_seconds(10.0), namespace, None, 0))

    def get_value(self, var: Any, access_data: bool = True) -> Any:
        """The array of a variable; while functions of the script run, it is brought over from the engine."""
        if self.watch is not None:
            self.watch.touch(var)
        return super().get_value(var, access_data)

    def set_value(self, var: Any, value: Any) -> None:
        """Set the array of a variable."""
        if self.watch is not None:
            self.watch.touch(var)
        super().set_value(var, value)

    def fill_with_array(self, var: Any, arr: Any) -> None:
        """Set the array of a variable to another."""
        if self.watch is not None:
            self.watch.touch(var)
        super().fill_with_array(var, arr)

    def spike_queue(self, source_start: int, source_end: int) -> Any:
        """A queue in Python, which the device can read and change."""
        return LateQueue(source_start=source_start, source_end=source_end)

    def seed(self, seed: int | None = None) -> None:
        """Set the seed of all random numbers."""
        super().seed(seed)
        self.seeds.forget()

    def get_random_state(self) -> dict[str, Any]:
        """What `store` keeps of random numbers."""
        return super().get_random_state() | {"neurosim": self.seeds.state()}

    def set_random_state(self, state: Mapping[str, Any]) -> None:
        """What `restore` restores of random numbers."""
        super().set_random_state(state)
        if "neurosim" in state:
            self.seeds.restore(state["neurosim"])

    def is_profiled(self, profile: bool | None) -> bool:
        """Whether a run measures its time, given what `run` was given."""
        return bool(self.build_options.get("profile", False) if profile is None else profile)

    def network_run(
        self, net: BrianObject, duration: Any, report: Any = None, report_period: Any = None,
        namespace: Mapping[str, Any] | None = None, profile: bool | None = None, level: int = 0,
    ) -> None:  # fmt: skip
        """Run a network; Brian2's `Network.run` calls it."""
        if namespace is None:
            namespace = local_namespace(level + 2)
        period = in_seconds(10.0) if report_period is None else report_period
        check_duration(duration, period)
        if not self.build_on_run:
            self.repeats.remember(net, duration, namespace)
        self._run(net, duration, (report, period, namespace, profile, level))

    def _run(self, net: BrianObject, duration: Any, arguments: tuple[Any, ...]) -> None:
        """Run a network with the arguments of Brian2's `Network.run` after the duration."""
        report, period, namespace, profile, _ = arguments
        measured = self.is_profiled(profile)
        settings = Settings(
            self.options, self.seeds, self.spent, report, float(period), namespace, measured, self.stream,
            self, self.written,
        )  # fmt: skip
        try:
            one_run(net, duration, settings)
        except NeurosimError as problem:
            if not self.options.fallback:
                raise
            log.warn(f"{problem} Brian2's own runtime runs {net.name!r} now.", once=True)
            with target(self.target):
                run_in_brian2(net, duration, *arguments)
