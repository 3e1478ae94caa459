"""Reading and writing HDF5 files that cannot be trusted.

Only plain numbers and text are read, and nothing in a file is executed: no pickle, no objects or references,
no links to other files, and only the filters that come with HDF5. Only this module imports h5py.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np

from neurosim.errors import RecordingError
from neurosim.recording.allocation import too_large
from neurosim.recording.checked_dataset import CheckedDataset
from neurosim.recording.file_errors import DAMAGED, explain_read_errors
from neurosim.recording.paths import existing_file, resolved_path
from neurosim.recording.unclosed_file import UnclosedFile, being_written

if TYPE_CHECKING:
    import h5py

PATIENCE = 2.0  # seconds to wait for a lock
RECORDING, NETWORK = "neurosim recording", "neurosim network"
VERSION = 1
# The oldest file format that can be read while it is written. Its metadata have checksums.
LIBRARY = ("v110", "v110")
MAGIC = 0x0A7A  # marks a SONATA file
MOST_MARK = 100  # bytes of an attribute that says what a file is


def h5() -> ModuleType:
    """The module h5py, imported when the first file is opened."""
    import h5py

    return h5py


def open_file(path: str | os.PathLike[str], file_formats: tuple[str, ...]) -> tuple[h5py.File, bool]:
    """Open a file of one of these formats for reading; also returns whether its writer has closed it."""
    checked = existing_file(path)
    with explain_read_errors(checked, "open it", "It is not HDF5, or was cut off. Take another copy of it."):
        closed = not being_written(checked)
        file = open_unlocked(checked, "r") if closed else h5().File(UnclosedFile(checked), "r", rdcc_nbytes=0)
    try:
        with explain_read_errors(checked, "read what it is"):
            _check_format(file, checked, file_formats)
    except BaseException:
        file.close()
        raise
    return file, closed


def open_unlocked(path: Path, mode: str, libver: tuple[str, str] | None = None) -> h5py.File:
    """Open a file as soon as no other process locks it.

    While this process starts another, such as a compiler, the new process holds copies of the locks of all
    open files until it executes its own program. So a file that was just closed may stay locked for a moment.

    Raises BlockingIOError after PATIENCE seconds.
    """
    began = time.monotonic()
    while True:
        try:
            # A reader takes what it wants from chunks as they lie in the file, and needs no copies of them.
            return h5().File(path, mode, libver=libver, **({"rdcc_nbytes": 0} if mode == "r" else {}))
        except BlockingIOError:
            if time.monotonic() - began > PATIENCE:
                raise
            time.sleep(0.01)


@contextlib.contextmanager
def new_file(path: Path) -> Iterator[h5py.File]:
    """A new file to write, which replaces the file at the path when it is complete."""
    part = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        with h5().File(part, "w", libver=LIBRARY) as file:
            yield file
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def writable_path(path: str | os.PathLike[str], file_format: str) -> Path:
    """The resolved path, refused if anything but a file of this format is there."""
    resolved = resolved_path(path)
    check_replaceable(resolved, file_format)
    return resolved


def check_replaceable(path: Path, file_format: str) -> None:
    """Refuse to replace anything but a file of this format."""
    if not path.exists():
        return
    try:
        open_file(path, (file_format,))[0].close()
    except RecordingError as error:
        raise RecordingError(
            f"{path}: exists, but is not a {file_format} that could be replaced ({error})."
            " Choose another path, or delete it."
        ) from error


def write_format(group: h5py.Group, file_format: str) -> None:
    """Write the format of the file, RECORDING or NETWORK, as text of fixed length."""
    group.attrs["format"] = np.bytes_(file_format)
    group.attrs["version"] = VERSION


def _check_format(file: h5py.File, path: Path, file_formats: tuple[str, ...]) -> None:
    """Refuse files that neurosim did not write, or not in one of these formats, or in another version."""
    group = open_group(file, "neurosim") if has_link(file, "neurosim") else None
    file_format = _mark(group, "format") if group else None
    file_format = file_format.decode(errors="replace") if isinstance(file_format, bytes) else None
    if group is None or file_format not in (RECORDING, NETWORK):
        raise RecordingError(f"{path}: is HDF5, but not written by neurosim. Give the path of a recording.")
    if file_format not in file_formats:
        remedy = "Use load() for a network." if file_format == NETWORK else "Use open() for a recording."
        raise RecordingError(f"{path}: is a {file_format}, not a {file_formats[0]}. {remedy}")
    version = int(_mark(group, "version") or 0)
    if version != VERSION:
        raise RecordingError(
            f"{path}: has format version {version}, this neurosim reads version {VERSION}."
            " Use the neurosim that wrote it."
        )


def _mark(group: h5py.Group, name: str) -> bytes | np.integer | None:
    """An attribute that is one integer or short text; None if there is none."""
    if not h5().h5a.exists(group.id, name.encode()):
        return None
    attribute = h5().h5a.open(group.id, name.encode())
    if attribute.shape or attribute.dtype.kind not in "Siu" or attribute.dtype.itemsize > MOST_MARK:
        return None
    return group.attrs[name]  # type: ignore[return-value]  # its type was checked above


def write_array(group: h5py.Group, name: str, array: np.ndarray, compression: int = 0) -> None:
    """Write an array. `compression` is gzip's level, 0 (none) to 9; short arrays are never compressed."""
    filters = {"compression": compression, "shuffle": True} if compression and array.size > 64 else {}
    group.create_dataset(name, data=array, track_times=False, **filters)


def write_text(group: h5py.Group, name: str, text: str) -> None:
    """Write text of fixed length, which HDF5 stores without pointers."""
    data = text.encode()
    group.create_dataset(name, data=np.array(data, f"S{max(len(data), 1)}"), track_times=False)


def has_link(group: h5py.Group, name: str) -> bool:
    """Whether the group itself has a link of this name, wherever it leads."""
    named = bool(name) and name != "." and "/" not in name and "\0" not in name
    return named and group.id.links.exists(name.encode())


def open_group(group: h5py.Group, name: str) -> h5py.Group:
    """The group of this name, refused if it lies elsewhere."""
    import h5py

    member = _member(group, name)
    if not isinstance(member, h5py.Group):
        raise RecordingError(f"{group.name}/{name} is no group. {DAMAGED}")
    return member


def open_dataset(
    group: h5py.Group,
    name: str,
    kinds: str,
    file_size: int,
    ndim: int | None = None,
    compressed: bool = False,
) -> CheckedDataset:
    """The dataset of this name, refused unless it holds plain numbers or text within the file itself.

    kinds: allowed kinds of numpy types, such as 'iu' for integers
    file_size: length of the file in bytes
    ndim: number of axes that it must have; None for any
    compressed: whether it may be compressed
    """
    import h5py

    member = _member(group, name)
    if not isinstance(member, h5py.Dataset) or member.dtype.kind not in kinds or member.shape is None:
        raise RecordingError(f"{group.name}/{name} does not hold plain numbers or text. {DAMAGED}")
    if ndim is not None and member.ndim != ndim:
        raise RecordingError(f"{member.name} has {member.ndim} axes instead of {ndim}. {DAMAGED}")
    return CheckedDataset(member, file_size, compressed)


def _member(group: h5py.Group, name: str) -> h5py.Group | h5py.Dataset:
    """What the group has under this name; no path and no soft or external link is followed."""
    links = group.id.links
    if not has_link(group, name) or links.get_info(name.encode()).type != h5().h5l.TYPE_HARD:
        raise RecordingError(f"{group.name}/{str(name)[:80]} is missing or points elsewhere. {DAMAGED}")
    return group[name]  # type: ignore[return-value]  # or a named type, which the callers refuse


def read_array(
    group: h5py.Group, name: str, file_size: int, kinds: str = "biuf", compressed: bool = False
) -> np.ndarray:
    """The array of this name, refused if a file of `file_size` bytes cannot hold as much as it claims."""
    dataset = open_dataset(group, name, kinds, file_size, compressed=compressed).check_size()
    try:
        return dataset.read_all()
    except MemoryError:
        raise too_large(dataset.name, dataset.shape, dataset.data.nbytes) from None


def read_text(group: h5py.Group, name: str, file_size: int) -> str:
    """The text of this name."""
    return bytes(read_array(group, name, file_size, "S")).decode()


def digest(array: np.ndarray) -> str:
    """SHA-256 of the type, shape and numbers of an array, in hexadecimal."""
    plain = np.ascontiguousarray(array)
    state = hashlib.sha256(f"{plain.dtype.str} {array.shape} ".encode())
    state.update(plain.data if plain.size else b"")
    return state.hexdigest()
