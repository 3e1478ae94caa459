"""The first bytes of an HDF5 file whose writer did not close it.

HDF5 opens such a file only in a mode that waits, without end where the file is damaged, for a writer to put things right.
Every state of our files on disk can be read as it is, so they are opened through a window that shows the file as closed.
"""

from __future__ import annotations

import io
import os
import struct
from pathlib import Path
from typing import Any

SIGNATURE = b"\x89HDF\r\n\x1a\n"
LAYOUT = struct.Struct(
    "<8s4B4QI"
)  # signature; version, sizes of offsets and lengths, flags; base, extension, end, root; checksum
LONGEST = 2**60
HEADER = b"OHDR"  # of a group or dataset; it holds its own length and a checksum
AHEAD = 512  # bytes that HDF5 reads of one before it knows how long it is
BEING_WRITTEN = 5  # the flags of a writer, alone or beside readers


def being_written(path: Path) -> bool:
    """Whether the file's writer lives, or died without closing it."""
    with open(path, "rb") as file:
        start = file.read(LAYOUT.size)
    if len(start) < LAYOUT.size or not start.startswith(SIGNATURE):
        return False
    _, version, offset, length, flags, *_ = LAYOUT.unpack(start)
    return (version, offset, length) == (3, 8, 8) and bool(flags & BEING_WRITTEN)


class UnclosedFile(io.RawIOBase):
    """A file for reading that shows itself as closed, and as longer than it can become.

    A read beyond its end raises OSError: of a file that still grows, nothing that a block on disk covers lies there. Zeros follow only on
    the header of an object, of which HDF5 reads more than there is when it is the last thing in a file.
    Raises ValueError where the first bytes are damaged.
    """

    def __init__(self, path: Path):
        self._file = open(path, "rb", buffering=0)  # noqa: SIM115  closed by close(), also when HDF5 lets go of it
        start = self._file.read(LAYOUT.size)
        signature, version, offset, length, _, base, extension, _, root, checksum = LAYOUT.unpack(start)
        if lookup3(start[:-4]) != checksum:
            self.close()
            raise ValueError("its first bytes are damaged")
        shown = LAYOUT.pack(signature, version, offset, length, 0, base, extension, LONGEST, root, 0)[:-4]
        self._at = 0
        self._start = shown + struct.pack("<I", lookup3(shown))

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._at = offset + (0, self._at, LONGEST)[whence]
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:
        self._file.seek(self._at)
        view = memoryview(buffer).cast("B")
        found = self._file.readinto(buffer) or 0
        if found < len(view) and not (
            len(view) <= AHEAD and found >= len(HEADER) and view[: len(HEADER)] == HEADER
        ):
            raise OSError("the file ends before what it says it holds")
        view[found:] = bytes(len(view) - found)
        covered = self._start[self._at : self._at + len(view)]
        view[: len(covered)] = covered
        self._at += len(buffer)
        return len(buffer)

    def close(self) -> None:
        self._file.close()
        super().close()


def lookup3(data: bytes) -> int:
    """The checksum of HDF5's metadata.

    Source: Jenkins 2006, lookup3.c, hashlittle() with initial value 0.
    """
    a = b = c = (0xDEADBEEF + len(data)) & 0xFFFFFFFF
    words = [int.from_bytes(data[n : n + 4], "little") for n in range(0, len(data), 4)]
    words += [0] * (-len(words) % 3)
    for n in range(0, len(words), 3):
        a, b, c = ((x + y) & 0xFFFFFFFF for x, y in zip((a, b, c), words[n : n + 3], strict=True))
        a, b, c = _mix(a, b, c) if n + 3 < len(words) else _final(a, b, c)
    return c


def _turn(x: int, k: int) -> int:
    return ((x << k) | (x >> (32 - k))) & 0xFFFFFFFF


def _mix(a: int, b: int, c: int) -> tuple[int, int, int]:
    for k in (4, 6, 8, 16, 19, 4):
        a = ((a - c) & 0xFFFFFFFF) ^ _turn(c, k)
        c = (c + b) & 0xFFFFFFFF
        a, b, c = b, c, a
    return a, b, c


def _final(a: int, b: int, c: int) -> tuple[int, int, int]:
    for k in (14, 11, 25, 16, 4, 14, 24):
        c = ((c ^ b) - _turn(b, k)) & 0xFFFFFFFF
        a, b, c = b, c, a
    return c, a, b
