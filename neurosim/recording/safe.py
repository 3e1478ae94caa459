"""Reading and writing HDF5 without trust: plain numbers and text only, and every failure a RecordingError.

Nothing that stands in a file is executed: no pickle, no object or reference types, no links to other files, no filters
but those that come with HDF5. This is the only file that imports h5py.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
from collections.abc import Iterator
from hashlib import blake2b
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from neurosim.errors import DescriptionError, RecordingError, shown
from neurosim.network.codec import Unpack, decode_network, encode_network
from neurosim.network.network import Network
from neurosim.recording.superblock import AsClosed, being_written

if TYPE_CHECKING:
    import h5py

RECORDING, NETWORK = "neurosim recording", "neurosim network"
VERSION = 1
LIBRARY = ("v110", "v110")  # the oldest file format that can be read while it is written; its metadata have checksums
MAGIC = 0x0A7A  # marks a SONATA file
MOST_NEURONS = 2**28
PLAIN_FILTERS = {1, 2, 3}  # gzip, shuffle, fletcher32
DAMAGED = "The file was damaged or changed by hand. Take another copy of it."


def h5() -> Any:
    """The h5py module, imported when the first file is touched."""
    import h5py

    return h5py


@contextlib.contextmanager
def guarded(path: Path, doing: str, remedy: str = DAMAGED) -> Iterator[None]:
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


def existing(path: str | os.PathLike) -> Path:
    """The path of a file that is there; refused where there is none, or where it is no path at all."""
    try:
        where = Path(path)
        found = where.is_file()
    except TypeError:
        raise DescriptionError(f"path {shown(path)} is not a path. Give one such as 'run.h5'.") from None
    except OSError as error:
        raise RecordingError(f"{shown(path)}: cannot be opened: {error.strerror}. Check the path.") from None
    if not found:
        raise RecordingError(f"{shown(str(where), 500)[1:-1]}: {'is a folder' if where.is_dir() else 'there is no such file'}. Check the path.")
    return where


def open_file(path: str | os.PathLike, kinds: tuple[str, ...]) -> tuple[h5py.File, bool]:
    """The file opened for reading, and whether its writer has closed it; it must be one of these kinds."""
    where = existing(path)
    with guarded(where, "open it", "It is not HDF5, or was cut off. Take another copy of it."):
        file, closed = _open(where)
    try:
        with guarded(where, "read what it is"):
            check_kind(file, where, kinds)
    except BaseException:
        file.close()
        raise
    return file, closed


def _open(where: Path) -> tuple[h5py.File, bool]:
    if being_written(where):
        return h5().File(AsClosed(where), "r"), False
    return h5().File(where, "r"), True


def check_kind(file: h5py.File, where: Path, kinds: tuple[str, ...]) -> None:
    """Refuse files that neurosim did not write, or not as one of these kinds, or in another version."""
    group = plain_group(file, "neurosim") if "neurosim" in file else None
    kind = _text(group.attrs.get("format")) if group else None
    if kind not in (RECORDING, NETWORK):
        raise RecordingError(f"{where}: is HDF5, but not written by neurosim. Give the path of a recording.")
    if kind not in kinds:
        remedy = "Use load() for a network." if kind == NETWORK else "Use open() for a recording."
        raise RecordingError(f"{where}: is a {kind}, not a {kinds[0]}. {remedy}")
    version = int(group.attrs["version"])  # type: ignore[union-attr]
    if version != VERSION:
        raise RecordingError(f"{where}: has format version {version}, this neurosim reads version {VERSION}. Use the neurosim that wrote it.")


def _text(attribute: Any) -> str | None:
    return attribute.decode(errors="replace") if isinstance(attribute, bytes) else None


def mark(group: h5py.Group, kind: str) -> None:
    """Say what a file is, in text of fixed length."""
    group.attrs["format"] = np.bytes_(kind)
    group.attrs["version"] = VERSION


def put_array(group: h5py.Group, name: str, array: np.ndarray, compression: int = 0) -> None:
    """Keep an array under a name."""
    squeeze = {"compression": compression, "shuffle": True} if compression and array.size > 64 else {}
    group.create_dataset(name, data=array, track_times=False, **squeeze)


def put_text(group: h5py.Group, name: str, text: str) -> None:
    """Keep a text of fixed length, which HDF5 stores without pointers."""
    data = text.encode()
    group.create_dataset(name, data=np.array(data, f"S{max(len(data), 1)}"), track_times=False)


def plain_group(group: Any, name: str) -> Any:
    """The group of that name, refused where it lies elsewhere."""
    if not isinstance(group.get(name, getlink=True), h5().HardLink) or not isinstance(group[name], h5().Group):
        raise RecordingError(f"{group.name}/{name} is missing or no group of this file. {DAMAGED}")
    return group[name]


def plain_dataset(group: h5py.Group, name: str, kinds: str, ndim: int | None = None) -> h5py.Dataset:
    """The dataset of that name, refused unless it holds plain numbers of these kinds within the file itself."""
    if not isinstance(group.get(name, getlink=True), h5().HardLink):
        raise RecordingError(f"{group.name}/{name} is missing or points elsewhere. {DAMAGED}")
    found: Any = group[name]
    if not isinstance(found, h5().Dataset) or found.dtype.kind not in kinds or found.shape is None:
        raise RecordingError(f"{group.name}/{name} does not hold plain numbers or text. {DAMAGED}")
    made = found.id.get_create_plist()
    filters = {made.get_filter(n)[0] for n in range(made.get_nfilters())}
    if found.is_virtual or found.external or not filters <= PLAIN_FILTERS:
        raise RecordingError(f"{found.name} lies in another file or needs a plugin. {DAMAGED}")
    if ndim is not None and found.ndim != ndim:
        raise RecordingError(f"{found.name} has {found.ndim} axes instead of {ndim}. {DAMAGED}")
    return found


def take_array(group: h5py.Group, name: str, kinds: str = "biuf") -> np.ndarray:
    """The array of that name; refused where the file holds fewer numbers than it claims."""
    found = plain_dataset(group, name, kinds)
    stored = found.id.get_storage_size()
    if prod(found.shape) * found.dtype.itemsize > stored * (1100 if found.compression else 1) + (4096 if stored else 0):
        raise RecordingError(f"{found.name} claims the shape {found.shape}, but the file holds {stored} bytes of it. {DAMAGED}")
    return found[()]


def take_text(group: h5py.Group, name: str) -> str:
    """The text of that name."""
    return bytes(take_array(group, name, "S")).decode()


class Arrays:
    """The numbered arrays of a group: what plain data refers to."""

    def __init__(self, group: h5py.Group):
        self.group = group

    def pack(self, array: np.ndarray) -> str:
        """Keep an array; the result is its number."""
        number = str(len(self.group))
        put_array(self.group, number, np.ascontiguousarray(array).reshape(array.shape))
        return number

    def unpack(self, number: Any) -> np.ndarray:
        """The array of a number."""
        if not isinstance(number, str) or not number.isdecimal():
            raise RecordingError(f"{str(number)[:80]!r} is not the number of an array. {DAMAGED}")
        return take_array(self.group, number)


def write_network(group: h5py.Group, net: Network) -> None:
    """Keep a description: JSON in `description`, its arrays in `arrays`."""
    arrays = Arrays(group.require_group("arrays"))
    put_text(group, "description", json.dumps(encode_network(net, arrays.pack), indent=1, allow_nan=False))


def read_network(group: h5py.Group) -> Network:
    """The description that `write_network` kept."""
    data = json.loads(take_text(group, "description"))
    _check_plain(data)
    return decode_network(data, _unpack(group))


def _unpack(group: h5py.Group) -> Unpack:
    return Arrays(plain_group(group, "arrays")).unpack


def _check_plain(data: Any) -> None:
    """Refuse values that are no numbers, and more neurons than could be."""
    for entry in data["populations"]:
        shape = entry["shape"]
        if not all(isinstance(n, int) and n > 0 for n in shape) or prod(shape) > MOST_NEURONS:
            raise RecordingError(f"population {str(entry['name'])[:80]!r} has the shape {str(shape)[:80]}. {DAMAGED}")
    waiting = [data]
    while waiting:
        item = waiting.pop()
        if isinstance(item, list):
            waiting += item
        elif isinstance(item, dict):
            waiting += item.values()
            value = item.get("value", 0)
            if not isinstance(value, (int, float, dict)):
                raise RecordingError(f"the description has the value {str(value)[:80]!r}, which is no number. {DAMAGED}")


def digest(array: np.ndarray) -> str:
    """SHA-256 of an array's type, shape and numbers."""
    plain = np.ascontiguousarray(array)
    found = hashlib.sha256(f"{plain.dtype.str} {array.shape} ".encode())
    found.update(plain.data if plain.size else b"")
    return found.hexdigest()


def target(path: str | os.PathLike, kind: str) -> Path:
    """Where a file of this kind is to be written; refused where something else stands, or a run is writing."""
    try:
        where = Path(os.path.realpath(path))
    except (TypeError, ValueError):
        raise DescriptionError(f"path {path!r} is not a path. Give one such as 'run.h5'.") from None
    try:
        folder, there = where.parent.is_dir(), where.exists()
    except OSError as error:
        raise RecordingError(f"path {shown(path)} cannot be written: {error.strerror}. Choose another path.") from None
    if not folder:
        raise RecordingError(f"{where}: there is no folder {where.parent}. Make it first.")
    if not there:
        return where
    try:
        file, closed = open_file(where, (kind,))
    except RecordingError as error:
        raise RecordingError(f"{where}: exists, but is not a {kind} that could be replaced ({error}). Choose another path, or delete it.") from error
    with file:
        if not closed and kind == RECORDING and is_alive(json.loads(take_text(plain_group(file, "neurosim"), "run")).get("writer")):
            raise RecordingError(f"{where}: another run is writing it. Choose another path; if no run is, delete the file.")
    return where


def own_process() -> dict:
    """What a file says about who writes it; the machine's name as a hash, since files are shared."""
    return {"process": os.getpid(), "host": _host()}


def _host() -> str:
    import platform

    return blake2b(platform.node().encode(), digest_size=8).hexdigest()


def is_alive(writer: Any) -> bool:
    """Whether the process that writes a file may still run; in doubt it does."""
    if not isinstance(writer, dict) or writer.get("host") != _host() or sys.platform == "win32":
        return True
    try:
        os.kill(int(writer["process"]), 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
