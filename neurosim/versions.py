"""Which versions of packages are installed, without importing them."""

from __future__ import annotations

import platform
from functools import cache
from importlib.metadata import distribution

from neurosim.errors import DISTRIBUTION


@cache
def version(package: str) -> str:
    """The version of an installed package."""
    found = distribution(package)
    for line in (found.read_text("METADATA") or "").splitlines():
        if line.startswith("Version:"):
            return line.removeprefix("Version:").strip()  # parsing all of it takes milliseconds
    return found.version


def versions() -> dict[str, str]:
    """The versions of what takes part in a run."""
    others = {name: version(name) for name in ("numpy", "scipy", "brian2")}
    return {"neurosim": version(DISTRIBUTION), **others, "python": platform.python_version()}
