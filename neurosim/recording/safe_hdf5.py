"""Reading and writing HDF5 without trust: plain numbers and text only, and every failure a RecordingError.

Nothing that stands in a file is executed: no pickle, no object or reference types, no links to other files, no filters
but those that come with HDF5. This is the only file that imports h5py.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.errors import DescriptionError, RecordingError, shown
from neurosim.network.codec import Unpack, encode_network
from neurosim.network.network import Network
from neurosim.recording.allocation import too_large
from neurosim.recording.checked_dataset import DAMAGED, CheckedDataset
from neurosim.recording.unclosed_file import UnclosedFile, being_written

if TYPE_CHECKING:
    import h5py

PATIENCE = 2.0  # seconds for which a lock is waited for
RECORDING, NETWORK = "neurosim recording", "neurosim network"
VERSION = 1
LIBRARY = (
    "v110",
    "v110",
)  # the oldest file format that can be read while it is written; its metadata have checksums
MAGIC = 0x0A7A  # marks a SONATA file
MOST_NEURONS = 2**28
LONGEST_MARK = 100  # characters of an attribute


def h5() -> Any:
    """The h5py module, imported when the first file is touched."""
    import h5py

    return h5py


@contextlib.contextmanager
def explain_read_errors(path: Path, doing: str, remedy: str = DAMAGED) -> Iterator[None]:
    """Whatever goes wrong with a file in this block becomes a RecordingError that names it.

    What HDF5, JSON and the description raise for damaged files are errors of a dozen types, so all are caught.
    """
    try:
        yield
    except RecordingError as error:
        if str(path) in str(error):
            raise
        raise RecordingError(f"{path}: {error}") from error
    except Exception as error:
        reason = str(error).strip().split("\n")[0][:300] or type(error).__name__
        raise RecordingError(f"{path}: cannot {doing}: {reason}. {remedy}") from error


def existing_file(path: str | os.PathLike) -> Path:
    """The path of a file that is there; refused where there is none, or where it is no path at all."""
    try:
        where = Path(path)
        found = where.is_file()
    except TypeError:
        raise DescriptionError(f"path {shown(path)} is not a path. Give one such as 'run.h5'.") from None
    except OSError as error:
        raise RecordingError(f"{shown(path)}: cannot be opened: {error.strerror}. Check the path.") from None
    if not found:
        raise RecordingError(
            f"{shown(str(where), 500)[1:-1]}: {'is a folder' if where.is_dir() else 'there is no such file'}. Check the path."
        )
    return where


def open_file(path: str | os.PathLike, kinds: tuple[str, ...]) -> tuple[h5py.File, bool]:
    """The file opened for reading, and whether its writer has closed it; it must be one of these kinds."""
    where = existing_file(path)
    with explain_read_errors(where, "open it", "It is not HDF5, or was cut off. Take another copy of it."):
        file, closed = _open(where)
    try:
        with explain_read_errors(where, "read what it is"):
            check_kind(file, where, kinds)
    except BaseException:
        file.close()
        raise
    return file, closed


def _open(where: Path) -> tuple[h5py.File, bool]:
    if being_written(where):
        return h5().File(UnclosedFile(where), "r"), False
    return open_unlocked(where, "r"), True


def open_unlocked(where: Path, mode: str, **how: Any) -> h5py.File:
    """The file, as soon as nobody else has locked it.

    A process that this one starts, such as a compiler, holds a copy of the lock of each file that is open just then, until its own
    program begins: a file that was closed meanwhile is locked for a moment more. Raises BlockingIOError after PATIENCE seconds.
    """
    began = time.monotonic()
    while True:
        try:
            return h5().File(where, mode, **how)
        except BlockingIOError:
            if time.monotonic() - began > PATIENCE:
                raise
            time.sleep(0.01)


def check_kind(file: h5py.File, where: Path, kinds: tuple[str, ...]) -> None:
    """Refuse files that neurosim did not write, or not as one of these kinds, or in another version."""
    group = open_group(file, "neurosim") if has_link(file, "neurosim") else None
    kind = _text(_attribute(group, "format")) if group else None
    if kind not in (RECORDING, NETWORK):
        raise RecordingError(f"{where}: is HDF5, but not written by neurosim. Give the path of a recording.")
    if kind not in kinds:
        remedy = "Use load() for a network." if kind == NETWORK else "Use open() for a recording."
        raise RecordingError(f"{where}: is a {kind}, not a {kinds[0]}. {remedy}")
    version = int(_attribute(group, "version"))
    if version != VERSION:
        raise RecordingError(
            f"{where}: has format version {version}, this neurosim reads version {VERSION}. Use the neurosim that wrote it."
        )


def _attribute(group: h5py.Group | None, name: str) -> Any:
    """A number or a short text that marks a group; None where there is none."""
    if group is None or not h5().h5a.exists(group.id, name.encode()):
        return None
    found = h5().h5a.open(group.id, name.encode())
    if found.shape or found.dtype.kind not in "Siu" or found.dtype.itemsize > LONGEST_MARK:
        return None
    return group.attrs[name]


def _text(attribute: Any) -> str | None:
    return attribute.decode(errors="replace") if isinstance(attribute, bytes) else None


def write_kind(group: h5py.Group, kind: str) -> None:
    """Say what a file is, in text of fixed length."""
    group.attrs["format"] = np.bytes_(kind)
    group.attrs["version"] = VERSION


def write_array(group: h5py.Group, name: str, array: np.ndarray, compression: int = 0) -> None:
    """Keep an array under a name."""
    squeeze = {"compression": compression, "shuffle": True} if compression and array.size > 64 else {}
    group.create_dataset(name, data=array, track_times=False, **squeeze)


def write_text(group: h5py.Group, name: str, text: str) -> None:
    """Keep a text of fixed length, which HDF5 stores without pointers."""
    data = text.encode()
    group.create_dataset(name, data=np.array(data, f"S{max(len(data), 1)}"), track_times=False)


def has_link(group: Any, name: str) -> bool:
    """Whether the group itself holds a link of that name, wherever it leads."""
    return (
        bool(name)
        and name != "."
        and "/" not in name
        and "\0" not in name
        and group.id.links.exists(name.encode())
    )


def _own(group: Any, name: str) -> Any:
    """What the group holds under that name. Nothing is followed that leads out of the group: no path, no soft and no external link."""
    links = group.id.links
    if not has_link(group, name) or links.get_info(name.encode()).type != h5().h5l.TYPE_HARD:
        raise RecordingError(f"{group.name}/{str(name)[:80]} is missing or points elsewhere. {DAMAGED}")
    return group[name]


def open_group(group: Any, name: str) -> Any:
    """The group of that name, refused where it lies elsewhere."""
    found = _own(group, name)
    if not isinstance(found, h5().Group):
        raise RecordingError(f"{group.name}/{name} is no group. {DAMAGED}")
    return found


def open_dataset(
    group: h5py.Group, name: str, kinds: str, held: int, ndim: int | None = None, compressed: bool = False
) -> CheckedDataset:
    """The dataset of that name, refused unless it holds plain numbers of these kinds within the file itself, which is `held` bytes long."""
    found: Any = _own(group, name)
    if not isinstance(found, h5().Dataset) or found.dtype.kind not in kinds or found.shape is None:
        raise RecordingError(f"{group.name}/{name} does not hold plain numbers or text. {DAMAGED}")
    if ndim is not None and found.ndim != ndim:
        raise RecordingError(f"{found.name} has {found.ndim} axes instead of {ndim}. {DAMAGED}")
    return CheckedDataset(found, held, compressed)


def read_array(
    group: h5py.Group, name: str, held: int, kinds: str = "biuf", compressed: bool = False
) -> np.ndarray:
    """The array of that name; refused where the file, which is `held` bytes long, cannot hold what it claims."""
    found = open_dataset(group, name, kinds, held, compressed=compressed).check_size()
    try:
        return found.read_all()
    except MemoryError:
        raise too_large(found.name, found.shape, found.data.nbytes) from None


def read_text(group: h5py.Group, name: str, held: int) -> str:
    """The text of that name."""
    return bytes(read_array(group, name, held, "S")).decode()


class Arrays:
    """The numbered arrays of a group: what plain data refers to. `held` is the length in bytes of a file that is read."""

    def __init__(self, group: h5py.Group, held: int = 0):
        self.group, self.held = group, held

    def pack(self, array: np.ndarray) -> str:
        """Keep an array; the result is its number."""
        number = str(len(self.group))
        write_array(self.group, number, np.ascontiguousarray(array).reshape(array.shape))
        return number

    def unpack(self, number: Any) -> np.ndarray:
        """The array of a number."""
        if not isinstance(number, str) or not number.isdecimal():
            raise RecordingError(f"{str(number)[:80]!r} is not the number of an array. {DAMAGED}")
        return read_array(self.group, number, self.held)


def write_network(group: h5py.Group, net: Network) -> None:
    """Keep a description: JSON in `description`, its arrays in `arrays`."""
    arrays = Arrays(group.require_group("arrays"))
    write_text(group, "description", json.dumps(encode_network(net, arrays.pack), indent=1, allow_nan=False))


def read_network(group: h5py.Group, held: int) -> Network:
    """The description that `write_network` kept in a file `held` bytes long."""
    data = json.loads(read_text(group, "description", held))
    _check_plain(data)
    return Network.from_dict(data, _unpack(group, held))


def _unpack(group: h5py.Group, held: int) -> Unpack:
    return Arrays(open_group(group, "arrays"), held).unpack


def _check_plain(data: Any) -> None:
    """Refuse values that are no numbers, and more neurons than could be."""
    for entry in data["populations"]:
        shape = entry["shape"]
        if not all(isinstance(n, int) and n > 0 for n in shape) or prod(shape) > MOST_NEURONS:
            raise RecordingError(
                f"population {str(entry['name'])[:80]!r} has the shape {str(shape)[:80]}. {DAMAGED}"
            )
    waiting = [data]
    while waiting:
        item = waiting.pop()
        if isinstance(item, list):
            waiting += item
        elif isinstance(item, dict):
            waiting += item.values()
            value = item.get("value", 0)
            if not isinstance(value, (int, float, dict)):
                raise RecordingError(
                    f"the description has the value {str(value)[:80]!r}, which is no number. {DAMAGED}"
                )


def digest(array: np.ndarray) -> str:
    """SHA-256 of an array's type, shape and numbers."""
    plain = np.ascontiguousarray(array)
    found = hashlib.sha256(f"{plain.dtype.str} {array.shape} ".encode())
    found.update(plain.data if plain.size else b"")
    return found.hexdigest()


def writable_path(path: str | os.PathLike, kind: str) -> Path:
    """Where a file of this kind is to be written; refused where something else stands."""
    where = resolved_path(path)
    check_replaceable(where, kind)
    return where


def resolved_path(path: str | os.PathLike) -> Path:
    """Where a path leads; refused where it is none, or its folder is not there."""
    try:
        where = Path(os.path.realpath(path))
    except (TypeError, ValueError):
        raise DescriptionError(f"path {path!r} is not a path. Give one such as 'run.h5'.") from None
    try:
        folder = where.parent.is_dir()
        where.exists()
    except OSError as error:
        raise RecordingError(
            f"path {shown(path)} cannot be written: {error.strerror}. Choose another path."
        ) from None
    if not folder:
        raise RecordingError(f"{where}: there is no folder {where.parent}. Make it first.")
    return where


def check_replaceable(where: Path, kind: str) -> None:
    """Refuse to write where anything but a file of this kind stands."""
    if not where.exists():
        return
    try:
        open_file(where, (kind,))[0].close()
    except RecordingError as error:
        raise RecordingError(
            f"{where}: exists, but is not a {kind} that could be replaced ({error}). Choose another path, or delete it."
        ) from error
