"""What processor this machine has, on which compiled code and the last bits of linear algebra depend."""

from __future__ import annotations

from contextlib import suppress
from functools import cache

CPU_FIELDS = ("vendor_id", "cpu family", "model", "model name", "stepping", "flags", "features", "isa", "cpu")
ARM_FIELDS = ("cpu implementer", "cpu architecture", "cpu variant", "cpu part", "cpu revision")


@cache
def processor() -> str:
    """The model and the features of this machine's processor."""
    fields: list[str] = []
    with suppress(OSError), open("/proc/cpuinfo", encoding="utf-8", errors="replace") as lines:
        for line in lines:
            name, colon, value = line.partition(":")
            if not colon and fields:
                break  # all cores are alike, and with a hundred of them the file takes milliseconds
            if name.strip().lower() in CPU_FIELDS + ARM_FIELDS:
                fields.append(f"{name.strip()}: {value.strip()}")
    if not fields:
        import platform

        fields = [platform.machine(), platform.processor()]
    return "\n".join(fields)
