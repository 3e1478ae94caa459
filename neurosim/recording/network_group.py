"""Descriptions of networks in HDF5: JSON text, and the arrays that it refers to by number."""

from __future__ import annotations

import json
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from neurosim.errors import RecordingError
from neurosim.network.codec import Json, encode_network
from neurosim.network.network import Network
from neurosim.recording.file_errors import DAMAGED
from neurosim.recording.safe_hdf5 import open_group, read_array, read_text, write_array, write_text

if TYPE_CHECKING:
    import h5py

MOST_NEURONS = 2**28


class NumberedArrays:
    """The arrays of an HDF5 group, called '0', '1', ..., to which JSON refers.

    file_size: length of the file in bytes; needed to read arrays
    """

    def __init__(self, group: h5py.Group, file_size: int = 0):
        self.group, self.file_size = group, file_size

    def pack(self, array: np.ndarray) -> str:
        """Store an array; returns its number."""
        number = str(len(self.group))
        write_array(self.group, number, np.ascontiguousarray(array).reshape(array.shape))
        return number

    def unpack(self, number: Json) -> np.ndarray:
        """The array with this number."""
        if not isinstance(number, str) or not number.isdecimal():
            raise RecordingError(f"{str(number)[:80]!r} is not the number of an array. {DAMAGED}")
        return read_array(self.group, number, self.file_size)


def write_network(group: h5py.Group, net: Network) -> None:
    """Store a description: JSON in `description`, its arrays in `arrays`."""
    arrays = NumberedArrays(group.require_group("arrays"))
    write_text(group, "description", json.dumps(encode_network(net, arrays.pack), indent=1, allow_nan=False))


def read_network(group: h5py.Group, file_size: int) -> Network:
    """The description that `write_network` stored in a file of `file_size` bytes."""
    data = json.loads(read_text(group, "description", file_size))
    _check_sizes(data)
    return Network.from_dict(data, NumberedArrays(open_group(group, "arrays"), file_size).unpack)


def _check_sizes(data: Json) -> None:
    """Refuse values that are not numbers, and more neurons than any network has."""
    for population in data["populations"]:
        shape = population["shape"]
        if not all(isinstance(n, int) and n > 0 for n in shape) or prod(shape) > MOST_NEURONS:
            name = str(population["name"])[:80]
            raise RecordingError(f"population {name!r} has the shape {str(shape)[:80]}. {DAMAGED}")
    unchecked = [data]
    while unchecked:
        entry = unchecked.pop()
        if isinstance(entry, list):
            unchecked += entry
        elif isinstance(entry, dict):
            unchecked += entry.values()
            value = entry.get("value", 0)
            if not isinstance(value, (int, float, dict)):
                raise RecordingError(
                    f"the description has the value {str(value)[:80]!r}, which is not a number. {DAMAGED}"
                )
