"""Saving estimators without pickle: their network, their parameters and what they learned."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neurosim.errors import DescriptionError, RecordingError, shown
from neurosim.network.network import Network
from neurosim.recording import safe_hdf5
from neurosim.recording.file_errors import explain_read_errors, explain_write_errors
from neurosim.recording.network_group import read_network, write_network

Json: TypeAlias = bool | int | float | str | list["Json"] | dict[str, "Json"] | None


def save_estimator(
    path: str | os.PathLike[str],
    kind: str,
    net: Network,
    facts: Mapping[str, object],
    arrays: Mapping[str, ArrayLike],
) -> None:
    """Write an estimator to an HDF5 file, which replaces an older one.

    kind: the name of its class.
    net: its network.
    facts: numbers, text, and lists and dicts of them.
    arrays: what is too large for `facts`, by name.

    Raises DescriptionError if `facts` holds anything else, and RecordingError if the path cannot be written
    or holds anything but a network.
    """
    text = json.dumps(_to_json(dict(facts), kind))
    target = safe_hdf5.writable_path(path, safe_hdf5.NETWORK)
    with explain_write_errors(target, "write it"), safe_hdf5.new_file(target) as file:
        group = file.create_group("neurosim")
        safe_hdf5.write_format(group, safe_hdf5.NETWORK)
        write_network(group, net)
        own = group.create_group("estimator")
        safe_hdf5.write_text(own, "kind", kind)
        safe_hdf5.write_text(own, "facts", text)
        for name, array in arrays.items():
            # HDF5 reads "/" as a path of groups.
            safe_hdf5.write_array(own.require_group("arrays"), name.replace("/", "\\"), np.asarray(array))


def load_estimator(
    path: str | os.PathLike[str], kind: str
) -> tuple[Network, dict[str, Any], dict[str, NDArray[Any]]]:
    """The network, facts and arrays of a saved estimator. Nothing in the file is executed.

    Raises RecordingError if the file is missing, foreign or
    damaged, or holds another kind of estimator or none.
    """
    file, _ = safe_hdf5.open_file(path, (safe_hdf5.NETWORK,))
    with file, explain_read_errors(Path(path), "read the estimator"):
        group, size = safe_hdf5.open_group(file, "neurosim"), os.path.getsize(path)
        if not safe_hdf5.has_link(group, "estimator"):
            raise RecordingError(f"{path}: holds a network, but no {kind}. Use ns.load().")
        own = safe_hdf5.open_group(group, "estimator")
        stored_kind = safe_hdf5.read_text(own, "kind", size)
        if stored_kind != kind:
            raise RecordingError(f"{path}: holds a {stored_kind}, not a {kind}. Use {stored_kind}.load().")
        facts = json.loads(safe_hdf5.read_text(own, "facts", size))
        arrays: dict[str, NDArray[Any]] = {}
        if safe_hdf5.has_link(own, "arrays"):
            stored = safe_hdf5.open_group(own, "arrays")
            arrays = {
                name.replace("\\", "/"): safe_hdf5.read_array(stored, name, size) for name in list(stored)
            }
        return read_network(group, size), facts, arrays


def _to_json(value: object, label: str) -> Json:
    """Numbers, text, and lists and dicts of them, as JSON holds them; DescriptionError for the rest."""
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Mapping):
        return {str(key): _to_json(part, f"{label}: {key}") for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_to_json(part, label) for part in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise DescriptionError(
        f"{label}: {shown(value)} cannot be kept in a file. Give a number, text, or a list of them."
    )
