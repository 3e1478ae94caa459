"""How samples and spikes are compressed in a file: by gzip, which HDF5 has, or by Blosc, which is a plugin.

Blosc (LZ4 after the bytes of numbers are sorted by rank) takes little more time than writing does. It is for
samples only: spikes are for readers of SONATA, too, and these know no plugins.
"""

from __future__ import annotations

import struct
from importlib.util import find_spec
from typing import Any, TypedDict

from neurosim.errors import DescriptionError, RecordingError, shown
from neurosim.network.values import whole

GZIP, SHUFFLE, BLOSC = 1, 2, 32001  # the numbers of HDF5's filters
INSTALL = "pip install 'neurosim-networks[compression]'"
LEVEL = 3  # of Blosc: files are as small as at 5 to half a per cent, and take a tenth less time
HEADER = struct.Struct("<4B3I")  # of what Blosc compressed: versions, flags; bytes before, of a block, after

Compression = int | str
"""gzip's level, 0 (none) to 9, or 'blosc'."""


class Filters(TypedDict, total=False):
    """How HDF5 compresses a dataset: the filter or gzip's level, its options, and whether it sorts bytes."""

    compression: int
    compression_opts: Any
    shuffle: bool


def read_compression(given: Any, subject: str) -> Compression:
    """The compression that was asked for; `subject` opens the DescriptionError for anything else."""
    if isinstance(given, str):
        if given != "blosc":
            raise DescriptionError(
                f"{subject}: {shown(given)} is not known. Give 'blosc', or a level of gzip from 0 to 9."
            )
        if find_spec("hdf5plugin") is None:
            raise DescriptionError(
                f"{subject}: 'blosc' needs the package hdf5plugin, which is not installed. Run {INSTALL},"
                " or give a level of gzip from 0 to 9."
            )
        return given
    return whole(given, subject, most=9)


def filters_of_samples(compression: Compression) -> Filters:
    """The filters of datasets of samples."""
    if compression != "blosc":
        return filters_of_spikes(compression)
    import hdf5plugin

    return Filters(**hdf5plugin.Blosc(cname="lz4", clevel=LEVEL, shuffle=hdf5plugin.Blosc.SHUFFLE))


def filters_of_spikes(compression: Compression) -> Filters:
    """The filters of datasets of spikes; none with Blosc."""
    return {} if compression in (0, "blosc") else {"compression": int(compression), "shuffle": True}


def load_blosc(name: str) -> None:
    """Let HDF5 read what Blosc compressed; `name` is that of the dataset."""
    if find_spec("hdf5plugin") is None:
        raise RecordingError(
            f"{name} was compressed by Blosc. To read it, install the package hdf5plugin: {INSTALL}."
        )
    import hdf5plugin  # noqa: F401  registers the filter


def blosc_length(content: bytes | memoryview) -> int:
    """How many bytes a chunk has that Blosc compressed to these; -1 for anything else."""
    if len(content) < HEADER.size:
        return -1
    *_, before, _, after = HEADER.unpack_from(content)
    return before if after <= len(content) else -1
