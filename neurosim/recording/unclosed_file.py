"""HDF5 files that are still written, or whose writer was killed.

The superblock, which is the first bytes of an HDF5 file, says whether a writer has the file open. HDF5 opens
such a file only in a mode that waits for the writer to complete what it was writing; if the file is damaged,
it waits forever. Our files can be read at any moment, so HDF5 is shown a superblock that says that the file
is closed.
"""

from __future__ import annotations

import io
import os
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

SIGNATURE = b"\x89HDF\r\n\x1a\n"
# Signature; version, sizes of offsets and lengths, flags; base, extension, end, root; checksum.
SUPERBLOCK = struct.Struct("<8s4B4QI")
MOST_BYTES = 2**60  # the length of the file as HDF5 is told; longer than any file is
OBJECT_HEADER = b"OHDR"  # the first bytes of a group or dataset, which hold its length and a checksum
READ_AHEAD = 512  # bytes of an object header that HDF5 reads before it knows its length
WRITER_FLAGS = 5  # set while a writer has the file open, alone or beside readers
WORD = 0xFFFFFFFF


def being_written(path: Path) -> bool:
    """Whether a writer has the file open, or was killed before it closed the file."""
    with open(path, "rb") as file:
        start = file.read(SUPERBLOCK.size)
    if len(start) < SUPERBLOCK.size or not start.startswith(SIGNATURE):
        return False
    _, version, offset, length, flags, *_ = SUPERBLOCK.unpack(start)
    return (version, offset, length) == (3, 8, 8) and bool(flags & WRITER_FLAGS)


class UnclosedFile(io.RawIOBase):
    """A file to read, whose superblock says that the file is closed, and that it is longer than any file is.

    A read beyond the end of the file raises OSError: no block of a recording lies there, even while the file
    grows. The exception is an object header at the end of the file, of which HDF5 reads more than there is;
    zeros follow it.

    Raises ValueError if the superblock is damaged.
    """

    def __init__(self, path: Path):
        self._file = open(path, "rb", buffering=0)  # noqa: SIM115  closed by close(), which HDF5 calls too
        start = self._file.read(SUPERBLOCK.size)
        signature, version, offset, length, _, base, extension, _, root, checksum = SUPERBLOCK.unpack(start)
        if lookup3(start[:-4]) != checksum:
            self.close()
            raise ValueError("its first bytes are damaged")
        fields = signature, version, offset, length, 0, base, extension, MOST_BYTES, root, 0
        closed = SUPERBLOCK.pack(*fields)[:-4]
        self._superblock = closed + struct.pack("<I", lookup3(closed))
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._at = offset + (0, self._at, MOST_BYTES)[whence]
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        self._file.seek(self._at)
        count = self._file.readinto(view) or 0
        is_header = count >= len(OBJECT_HEADER) and view[: len(OBJECT_HEADER)] == OBJECT_HEADER
        if count < len(view) and not (len(view) <= READ_AHEAD and is_header):
            raise OSError("the file ends before what it says it holds")
        view[count:] = bytes(len(view) - count)
        replaced = self._superblock[self._at : self._at + len(view)]
        view[: len(replaced)] = replaced
        self._at += len(view)
        return len(view)

    def close(self) -> None:
        self._file.close()
        super().close()


def lookup3(data: bytes) -> int:
    """The checksum of HDF5's metadata, 32 bits.

    Source: Jenkins 2006, lookup3.c, hashlittle() with initial value 0.
    """
    words = [int.from_bytes(data[n : n + 4], "little") for n in range(0, len(data), 4)]
    words += [0] * (-len(words) % 3)
    state: Sequence[int] = [(0xDEADBEEF + len(data)) & WORD] * 3
    for n in range(0, len(words), 3):
        sums = [(x + y) & WORD for x, y in zip(state, words[n : n + 3], strict=True)]
        state = _mix(*sums) if n + 3 < len(words) else _final(*sums)
    return state[2]


def _rotated(x: int, bits: int) -> int:
    return ((x << bits) | (x >> (32 - bits))) & WORD


def _mix(a: int, b: int, c: int) -> tuple[int, int, int]:
    for bits in (4, 6, 8, 16, 19, 4):
        a = ((a - c) & WORD) ^ _rotated(c, bits)
        c = (c + b) & WORD
        a, b, c = b, c, a
    return a, b, c


def _final(a: int, b: int, c: int) -> tuple[int, int, int]:
    for bits in (14, 11, 25, 16, 4, 14, 24):
        c = ((c ^ b) - _rotated(b, bits)) & WORD
        a, b, c = b, c, a
    return c, a, b
