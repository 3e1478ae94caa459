"""Progress bars and messages while an engine runs; Ctrl-C, which ends a run after the current tick."""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import signal
import sys
import threading
from collections.abc import Callable
from time import monotonic
from types import FrameType
from typing import Any, Protocol

# `signal.signal` without its enumerations, which take ten times as long.
set_handler: Callable[[int, Any], Any] = _signal.signal  # type: ignore[attr-defined]

ProgressCallback = Callable[[int], bool]
"""Called with the number of ticks, times trials, that have just run; returns whether the run should stop."""

MessageCallback = Callable[[str], None]
"""Called with one line of text for the user, such as that a compilation has begun."""


LOOK_SECONDS = 0.1  # how long `Interrupt` takes for granted that its handler is set


class _Bar(Protocol):
    """What is used of a progress bar of tqdm, which has no types of its own."""

    def update(self, n: int) -> object: ...

    def close(self) -> None: ...

    def set_postfix_str(self, s: str) -> None: ...


class Progress:
    """A progress callback that draws a bar and handles Ctrl-C. Use it in a `with` block.

    Time counts from the first call, which is `progress(0)` if nothing has run yet: before it, Ctrl-C raises
    KeyboardInterrupt at once. A bar appears after one second. After the first call, the first Ctrl-C asks
    the engine to stop after the current tick (calls return True); a second one raises KeyboardInterrupt.

    total: what the counts of all calls of a whole run add up to, such as ticks times trials; None if it is
        not known.
    unit: the name of what is counted, such as "tick".
    show: whether to draw the bar; None draws it on a terminal or in a notebook only.
    """

    def __init__(self, total: int | None, unit: str, show: bool | None = None):
        self.total, self.unit, self.show = total, unit, show
        self.bar: _Bar | None = None
        self.begun = self.asked = False
        # The handler of SIGINT that was there before: whatever `signal.signal` returns and takes.
        self.previous: Any = None

    def __call__(self, done: int) -> bool:
        if not self.begun:
            self._begin(done)
        elif self.bar is not None:
            self.bar.update(done)
        return self.asked

    def _begin(self, done: int) -> None:
        self.begun = True
        if threading.current_thread() is threading.main_thread():  # no other thread may set a handler
            self.previous = set_handler(signal.SIGINT, self._interrupt)
        if is_interactive() if self.show is None else self.show and has_stderr():
            self.bar = _new_bar(self.total, self.unit, done)

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *error: object) -> None:
        if self.previous is not None:
            set_handler(signal.SIGINT, self.previous)
        if self.bar is not None:
            self.bar.close()

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True


class Interrupt:
    """Ctrl-C for what runs again and again, each time in a `with` block that it is asked in.

    There, Ctrl-C asks to stop after the current tick (calls return True). Outside of the blocks it does what
    it did before. Its handler stays between the blocks, as setting one, or looking whether it is set, takes
    as long as a short block. Notebooks set their own from time to time.
    """

    def __init__(self) -> None:
        self.asked = self.inside = False
        self.looked = -1.0  # when it was last seen to, by `monotonic`
        self.previous: Any = None  # the handler before, as in `Progress`

    def __call__(self, done: int) -> bool:
        return self.asked

    def __enter__(self) -> Interrupt:
        now = monotonic()
        if now - self.looked > LOOK_SECONDS and threading.current_thread() is threading.main_thread():
            self.looked = now
            handler: Any = signal.getsignal(signal.SIGINT)
            if handler != self._interrupt:
                self.previous = signal.signal(signal.SIGINT, self._interrupt)
        self.inside = True
        return self

    def __exit__(self, *error: object) -> None:
        self.inside = False

    def close(self) -> None:
        """Set the handler that was there before."""
        handler: Any = signal.getsignal(signal.SIGINT)
        if handler == self._interrupt and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, self.previous)

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        if self.inside:
            self.asked = True
        elif callable(self.previous):
            self.previous(number, frame)


def has_stderr() -> bool:
    """Whether standard error can be written to. Programs without a console have none, and others close it."""
    stream = getattr(sys, "stderr", None)  # None under pythonw, although its type does not say so
    return stream is not None and not getattr(stream, "closed", False)


def is_interactive() -> bool:
    """Whether messages reach a person: on a terminal or in a notebook."""
    return has_stderr() and ("ipykernel" in sys.modules or sys.stderr.isatty())


def print_message(line: str) -> None:
    """Print a line to standard error, if there is one."""
    if has_stderr():
        print(line, file=sys.stderr, flush=True)


def message_callback(show: bool | None) -> MessageCallback | None:
    """The message callback that the user's `progress=show` asks for: print at once, or never.

    None where `show` is None: then whoever has a message prints it on a terminal or in a notebook, if the
    wait is long.
    """
    if show is None:
        return None
    return print_message if show else _ignore


def _ignore(line: str) -> None:
    """Print nothing."""


def _new_bar(total: int | None, unit: str, done: int) -> _Bar:
    if "ipykernel" in sys.modules:
        from tqdm.auto import tqdm
    else:
        from tqdm.std import tqdm  # the same bar on a terminal; `tqdm.auto` takes long to import
    return tqdm(total=total, unit=unit, initial=done, delay=1.0, leave=False, mininterval=0.2)
