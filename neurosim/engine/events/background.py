"""Calls of C++ that may take long, made so that Ctrl-C does not wait for them."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Lock, Thread
from typing import Any

LOOK = 0.2  # seconds after which a wait looks up: a signal may reach another thread, and does not end a wait on every system


def in_background(call: Callable[[], Any], undo: Callable[[Any], Any] | None = None) -> Any:
    """What a call returns, made in a thread that does not keep the process keep_alive.

    Where it is interrupted, it goes on alone, and what it returns is handed to `undo`. What it works on must be kept by `call` itself.
    """
    made: list[Any] = []
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
        except RuntimeError:  # the system gives no more threads
            work()
        while not done.wait(LOOK):
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
