"""BLAS on one thread, for products of small matrices.

OpenBLAS solves even two linear equations on all cores. Its threads then have to be woken, and on a busy
machine each call waits for milliseconds until they get a core.
"""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# threadpoolctl has no types of its own.

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from functools import cache
from threading import Lock
from typing import Any

_lock = Lock()  # or else one Python thread could take the limit of another for what it has to restore


@contextmanager
def one_thread() -> Generator[None]:
    """A context in which numpy and scipy compute on the thread that calls them."""
    with _lock, _libraries().limit(limits=1):
        yield


@cache
def _libraries() -> Any:
    """All libraries of linear algebra that this process has loaded."""
    from threadpoolctl import ThreadpoolController  # comes with scikit-learn

    return ThreadpoolController().select(user_api="blas")
