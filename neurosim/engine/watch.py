"""Progress while an engine runs, and Ctrl-C that ends a run cleanly after the tick."""

from __future__ import annotations

import signal
import sys
import threading
from types import FrameType
from typing import Any


class Watch:
    """Counts what has run; `watch(n)` says whether to stop. Use it in a `with` block.

    A progress bar appears after a second: on a terminal, in a notebook, or where `show` is True. The first Ctrl-C asks
    the engine to stop after the tick that is running; a second one interrupts at once.
    """

    def __init__(self, total: int, unit: str, show: bool | None = None):
        from tqdm.auto import tqdm

        visible = show if show is not None else ("ipykernel" in sys.modules or sys.stderr.isatty())
        self.bar: Any = tqdm(total=total, unit=unit, delay=1.0, disable=not visible, leave=False, mininterval=0.2)
        self.asked = False
        self.previous: Any = None

    def __call__(self, done: int) -> bool:
        self.bar.update(done)
        return self.asked

    def __enter__(self) -> Watch:
        if threading.current_thread() is threading.main_thread():
            self.previous = signal.signal(signal.SIGINT, self._interrupt)
        return self

    def __exit__(self, *error: object) -> None:
        self.bar.close()
        if self.previous is not None:
            signal.signal(signal.SIGINT, self.previous)

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
