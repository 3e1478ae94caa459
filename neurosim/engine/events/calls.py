"""Functions outside of the network that steps of the kind CALL call: their addresses in generated code."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from weakref import WeakMethod

from neurosim.engine.events.batch import Batch
from neurosim.engine.events.constant_keys import CallAddress

Called = ctypes.CFUNCTYPE(None, ctypes.c_int64)


class Calls:
    """The functions of a batch, which the C++ calls; an error in one is raised when the C++ returns.

    batch: the batch, whose integers hold the addresses
    around: a method, which is called with a function and the tick in which it is called
    """

    def __init__(self, batch: Batch, around: Callable[[Callable[[int], None], int], None]):
        self._error: BaseException | None = None
        self._around = WeakMethod(around)  # so that a batch, with what it recorded, is freed where it ends
        self._kept_alive = {name: Called(self._caught(call)) for name, call in batch.plan.calls.items()}
        for name, called in self._kept_alive.items():
            handle = batch.network.source.numbering.integers.get(CallAddress(name))
            if handle is not None:
                batch.integers[handle] = ctypes.cast(called, ctypes.c_void_p).value or 0

    def check(self) -> None:
        """Raise the error of a function that was called, if there was one."""
        error, self._error = self._error, None
        if error is not None:
            raise error

    def _caught(self, call: Callable[[int], None]) -> Callable[[int], None]:
        def caught(tick: int) -> None:
            if self._error is None:
                try:
                    around = self._around()
                    assert around is not None
                    around(call, tick)
                except BaseException as error:  # C++ cannot pass it on
                    self._error = error

        return caught
