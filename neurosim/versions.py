"""Versions of installed packages, without importing them."""

from __future__ import annotations

import platform
from functools import cache
from importlib.metadata import distribution

from neurosim.errors import DISTRIBUTION


@cache
def version(package: str) -> str:
    """The version of an installed package, by the name under which it is installed."""
    installed = distribution(package)
    for line in (installed.read_text("METADATA") or "").splitlines():
        if line.startswith("Version:"):
            return line.removeprefix("Version:").strip()  # parsing all metadata takes milliseconds
    return installed.version


def versions() -> dict[str, str]:
    """The versions of the packages that take part in a run, and of Python."""
    others = {name: version(name) for name in ("numpy", "scipy", "brian2")}
    return {"neurosim": version(DISTRIBUTION), **others, "python": platform.python_version()}
