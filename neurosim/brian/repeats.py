"""The runs of a script that asked for `build_on_run=False`, which `device.run` repeats with other values.

Brian2's standalone mode runs such a script's networks when the device is built, and again for each
`device.run(run_args=...)`. This device runs them where the script says `run`, and repeats them from the state
in which the first of them began.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any

import numpy as np

from neurosim.brian.private_names import BrianObject, Network, TimedArray
from neurosim.errors import NeurosimError

BEGINNING = "neurosim: where the first run begins"  # the name of the stored state


class Repeats:
    """Remembers the runs of networks, and repeats them.

    run: runs a network for a time, with the names that its text may use
    """

    def __init__(self, run: Callable[[BrianObject, Any, Mapping[str, Any]], None]):
        self._run = run
        self._runs: list[tuple[BrianObject, Any, Mapping[str, Any]]] = []

    def remember(self, net: BrianObject, duration: Any, namespace: Mapping[str, Any]) -> None:
        """Remember a run before it begins."""
        if all(known is not net for known, *_ in self._runs):
            Network.store(net, BEGINNING)
        # Modules are of no use to text, and would keep the device from going to other processes.
        names = {name: value for name, value in namespace.items() if not isinstance(value, ModuleType)}
        self._runs.append((net, duration, names))

    def repeat(self, values: Mapping[Any, Any]) -> None:
        """Run all again from the beginning, with other start values of variables and other TimedArrays."""
        if not self._runs:
            raise NeurosimError(
                "device.run: there is no run to repeat. Choose the device by"
                " set_device('neurosim', build_on_run=False) before the first run."
            )
        for net in {id(net): net for net, *_ in self._runs}.values():
            Network.restore(net, BEGINNING)
        tables = {key: np.array(key.values) for key in values if isinstance(key, TimedArray)}
        try:
            for key, value in values.items():
                _put(key, value)
            for net, duration, namespace in self._runs:
                self._run(net, duration, namespace)
        finally:
            for table, before in tables.items():
                table.values[...] = before


def _put(key: Any, value: Any) -> None:
    """Give a variable or a TimedArray other values."""
    if isinstance(key, TimedArray):
        key.values[...] = np.asarray(value)
    elif hasattr(key, "set_item"):
        key.set_item(slice(None), value)
    else:
        raise NeurosimError(
            f"device.run: run_args has the key {key!r}. Give variables such as cells.v, or a TimedArray."
        )


def values_of(arguments: Mapping[Any, Any] | Sequence[str] | None) -> Mapping[Any, Any]:
    """`run_args` as a mapping. Raises NeurosimError for the texts that a compiled program takes."""
    if arguments is None:
        return {}
    if not isinstance(arguments, Mapping):
        raise NeurosimError(
            f"device.run: run_args={arguments!r} are texts for a compiled program. Give a dictionary, such"
            " as {cells.v: 0.5}."
        )
    return arguments
