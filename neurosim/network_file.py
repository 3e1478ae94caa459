"""`ns.save` and `ns.load`: networks in HDF5 files, with all arrays that were drawn at random or learned."""

from __future__ import annotations

import os
from pathlib import Path

from neurosim.errors import DescriptionError
from neurosim.network.network import Network
from neurosim.network.values import whole
from neurosim.plan.materialize import materialized
from neurosim.recording.file_errors import explain_read_errors, explain_write_errors
from neurosim.recording.network_group import read_network, write_network
from neurosim.recording.recording import Recording
from neurosim.recording.safe_hdf5 import (
    NETWORK,
    RECORDING,
    new_file,
    open_file,
    open_group,
    writable_path,
    write_format,
)


def save(item: Network | Recording, path: str | os.PathLike[str], seed: int = 0) -> None:
    """Save a network in an HDF5 file, with the arrays in place of random wirings, weights and constants.

    item: a Network; or a Recording, whose network is saved as the run left it, with the weights and synaptic
        variables at its end
    path: path of the file; an older network at the path is replaced
    seed: seed of the random draws, 0 <= seed < 2**64; a Recording uses the seed of its run instead

    Raises DescriptionError for anything but a Network or Recording, and RecordingError if the path holds
    anything but a network, or cannot be written.
    """
    seed = whole(seed, "save: seed", most=2**64 - 1)
    if isinstance(item, Recording):
        net = materialized(item.network, item.seed, item.final)
    elif isinstance(item, Network):
        net = materialized(item, seed)
    else:
        raise DescriptionError(f"save: {item!r} is neither a Network nor a Recording. Give one of these.")
    target = writable_path(path, NETWORK)
    with explain_write_errors(target, "write it"), new_file(target) as file:
        group = file.create_group("neurosim")
        write_format(group, NETWORK)
        write_network(group, net)


def load(path: str | os.PathLike[str]) -> Network:
    """Load a network that `save` wrote, or the description of the network from a recording file.

    path: path of the file. Nothing in it is executed.

    Raises RecordingError for a file that is missing, truncated, damaged, or not written by neurosim.
    """
    file, _ = open_file(path, (NETWORK, RECORDING))
    with file, explain_read_errors(Path(path), "read the network"):
        return read_network(open_group(file, "neurosim"), os.path.getsize(path))
