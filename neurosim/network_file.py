"""Networks in a file: their description, and the arrays that random draws or a run left in them."""

from __future__ import annotations

import os
from pathlib import Path

from neurosim.errors import DescriptionError
from neurosim.network.network import Network
from neurosim.network.values import whole
from neurosim.recording.file_errors import explain_write_errors
from neurosim.recording.recording import Recording
from neurosim.recording.safe_hdf5 import (
    LIBRARY,
    NETWORK,
    RECORDING,
    explain_read_errors,
    h5,
    open_file,
    open_group,
    read_network,
    writable_path,
    write_kind,
    write_network,
)


def save(item: Network | Recording, path: str | os.PathLike, seed: int = 0) -> None:
    """Save a network in an HDF5 file, with all random wirings, weights and constants drawn from `seed`.

    Of a Recording, the network that was run is saved as the run left it: drawn from the run's seed, with the weights
    and synaptic variables of its end.

    Raises RecordingError where the path holds anything but an older network.
    """
    from neurosim.plan.materialize import materialized

    seed = whole(seed, "save: seed", most=2**64 - 1)
    if isinstance(item, Recording):
        net = materialized(item.network, item.seed, item.final)
    elif isinstance(item, Network):
        net = materialized(item, seed)
    else:
        raise DescriptionError(f"save: {item!r} is neither a Network nor a Recording. Give one of these.")
    where = writable_path(path, NETWORK)
    new = where.with_name(f"{where.name}.{os.getpid()}.new")
    with explain_write_errors(where, "write it"):
        try:
            with h5().File(new, "w", libver=LIBRARY) as file:
                group = file.create_group("neurosim")
                write_kind(group, NETWORK)
                write_network(group, net)
            os.replace(new, where)
        finally:
            new.unlink(missing_ok=True)


def load(path: str | os.PathLike) -> Network:
    """The network of a file that `save` wrote, or the one that a recording file describes. Nothing in it is executed.

    Raises RecordingError for a file that is missing, foreign, cut off or damaged.
    """
    file, _ = open_file(path, (NETWORK, RECORDING))
    with file, explain_read_errors(Path(path), "read the network"):
        return read_network(open_group(file, "neurosim"), os.path.getsize(path))
