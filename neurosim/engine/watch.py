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

    It begins with the first call, `watch(0)` if nothing has run yet; until then Ctrl-C interrupts at once, and no time counts. Then a
    progress bar appears after a second: on a terminal, in a notebook, or where `show` is True. The first Ctrl-C asks the engine to stop
    after the tick that is running; a second one interrupts at once.
    """

    def __init__(self, total: int, unit: str, show: bool | None = None):
        self.total, self.unit, self.show = total, unit, show
        self.bar: Any = None
        self.begun = self.asked = False
        self.previous: Any = None

    def __call__(self, done: int) -> bool:
        if not self.begun:
            self._begin(done)
        elif self.bar is not None:
            self.bar.update(done)
        return self.asked

    def _begin(self, done: int) -> None:
        self.begun = True
        if threading.current_thread() is threading.main_thread():
            self.previous = signal.signal(signal.SIGINT, self._interrupt)
        if is_told() if self.show is None else self.show and is_open():
            self.bar = _bar(self.total, self.unit, done)

    def __enter__(self) -> Watch:
        return self

    def __exit__(self, *error: object) -> None:
        if self.previous is not None:
            signal.signal(signal.SIGINT, self.previous)
        if self.bar is not None:
            self.bar.close()

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True


def is_open() -> bool:
    """Whether there is anywhere to tell: programs without a console, and those whose stderr was closed, have nowhere."""
    return sys.stderr is not None and not getattr(sys.stderr, "closed", False)


def is_told() -> bool:
    """Whether somebody reads along, on a terminal or in a notebook."""
    return is_open() and ("ipykernel" in sys.modules or sys.stderr.isatty())


def tell(line: str) -> None:
    """Print a line to whom it concerns, where there is anywhere to print it."""
    if is_open():
        print(line, file=sys.stderr, flush=True)


def teller(show: bool | None) -> Callable[[str], None] | None:
    """What tells of a wait at once, or of none; None: each tells for itself, on a terminal or in a notebook."""
    if show is None:
        return None
    return tell if show else lambda line: None


def _bar(total: int, unit: str, done: int) -> Any:
    if "ipykernel" in sys.modules:
        from tqdm.auto import tqdm
    else:
        from tqdm.std import tqdm  # the same bar on a terminal; `auto` imports all there are
    return tqdm(total=total, unit=unit, initial=done, delay=1.0, leave=False, mininterval=0.2)
