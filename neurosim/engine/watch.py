"""Progress while an engine runs, and Ctrl-C that ends a run cleanly after the tick."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any


class Watch:
    """Counts what has run; `watch(n)` says whether to stop. Use it in a `with` block.

    A progress bar appears after a second: on a terminal, in a notebook, or where `show` is True. The first Ctrl-C asks
    the engine to stop after the tick that is running; a second one interrupts at once.
    """

    def __init__(self, total: int, unit: str, show: bool | None = None):
        self.bar = _bar(total, unit) if show or (show is None and ("ipykernel" in sys.modules or sys.stderr.isatty())) else None
        self.asked = False
        self.previous: Any = None

    def __call__(self, done: int) -> bool:
        if self.bar is not None:
            self.bar.update(done)
        return self.asked

    def __enter__(self) -> Watch:
        if threading.current_thread() is threading.main_thread():
            self.previous = signal.signal(signal.SIGINT, self._interrupt)
        return self

    def __exit__(self, *error: object) -> None:
        if self.bar is not None:
            self.bar.close()
        if self.previous is not None:
            signal.signal(signal.SIGINT, self.previous)

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True


def teller(show: bool | None) -> Callable[[str], None] | None:
    """What tells of a wait at once, or of none; None: each tells for itself, on a terminal or in a notebook."""
    if show is None:
        return None
    return _tell if show else lambda line: None


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _bar(total: int, unit: str) -> Any:
    if "ipykernel" in sys.modules:
        from tqdm.auto import tqdm
    else:
        from tqdm.std import tqdm  # the same bar on a terminal; `auto` imports all there are
    return tqdm(total=total, unit=unit, delay=1.0, leave=False, mininterval=0.2)
