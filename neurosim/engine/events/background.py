"""Calls of C++ that may take long, made in a thread of their own, so that Ctrl-C need not wait for them."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Lock, Thread
from typing import TypeVar

Result = TypeVar("Result")
INTERVAL = 0.2  # seconds after which a wait is repeated: not every system ends it when a signal arrives


def in_background(call: Callable[[], Result], undo: Callable[[Result], object] | None = None) -> Result:
    """Make a call in a thread that does not keep the process alive, and return what it returns.

    If the wait for it is interrupted, the call goes on alone, and what it returns is passed to `undo`.
    Therefore `call` itself must hold on to all that it works on.
    """
    made: list[Result] = []
    raised: list[BaseException] = []
    done, left, deciding = Event(), Event(), Lock()

    def work() -> None:
        try:
            made.append(call())
        except BaseException as error:
            raised.append(error)
        with deciding:
            done.set()
            abandoned = left.is_set()
        if abandoned and made and made[0] and undo is not None:
            undo(made[0])

    try:
        try:
            Thread(target=work, daemon=True).start()
        except RuntimeError:  # no more threads can be started
            work()
        while not done.wait(INTERVAL):
            pass
    except BaseException:
        with deciding:
            left.set()
            late = done.is_set()
        if late and made and made[0] and undo is not None:
            undo(made[0])
        raise
    if raised:
        raise raised[0]
    return made[0]
