"""Estimators in files: their network, which `ns.load` reads by itself, and beside it their parameters and what they learned. No pickle."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from neurosim.errors import DescriptionError, RecordingError, shown
from neurosim.network.network import Network
from neurosim.recording import safe_hdf5
from neurosim.recording.file_errors import explain_read_errors, explain_write_errors
from neurosim.recording.network_group import read_network, write_network


def keep(
    path: str | os.PathLike,
    kind: str,
    net: Network,
    facts: Mapping[str, Any],
    arrays: Mapping[str, np.ndarray],
) -> None:
    """Write a network, and beside it an estimator of this kind: its `facts` (numbers, text, lists and dicts of them) and arrays.

    Raises DescriptionError for facts that are no plain data, RecordingError where the path holds anything but an older network.
    """
    text = json.dumps(plain(dict(facts), kind))
    target = safe_hdf5.writable_path(path, safe_hdf5.NETWORK)
    with explain_write_errors(target, "write it"), safe_hdf5.new_file(target) as file:
        group = file.create_group("neurosim")
        safe_hdf5.write_kind(group, safe_hdf5.NETWORK)
        write_network(group, net)
        own = group.create_group("estimator")
        safe_hdf5.write_text(own, "kind", kind)
        safe_hdf5.write_text(own, "facts", text)
        for name, array in arrays.items():
            safe_hdf5.write_array(own.require_group("arrays"), name.replace("/", "\\"), np.asarray(array))


def kept(path: str | os.PathLike, kind: str) -> tuple[Network, dict[str, Any], dict[str, np.ndarray]]:
    """The network, facts and arrays that `keep` wrote. Nothing in the file is executed.

    Raises RecordingError for a file that is missing, foreign or damaged, or that holds something else.
    """
    file, _ = safe_hdf5.open_file(path, (safe_hdf5.NETWORK,))
    with file, explain_read_errors(Path(path), "read the estimator"):
        group, held = safe_hdf5.open_group(file, "neurosim"), os.path.getsize(path)
        if not safe_hdf5.has_link(group, "estimator"):
            raise RecordingError(f"{path}: holds a network, but no {kind}. Use ns.load().")
        own = safe_hdf5.open_group(group, "estimator")
        if (found := safe_hdf5.read_text(own, "kind", held)) != kind:
            raise RecordingError(f"{path}: holds a {found}, not a {kind}. Use {found}.load().")
        stored = safe_hdf5.open_group(own, "arrays") if safe_hdf5.has_link(own, "arrays") else {}
        arrays = {name.replace("\\", "/"): safe_hdf5.read_array(stored, name, held) for name in stored}  # type: ignore[arg-type]
        return (
            read_network(group, held),
            json.loads(safe_hdf5.read_text(own, "facts", held)),
            arrays,
        )


def plain(given: Any, where: str) -> Any:
    """Numbers, text, and lists and dicts of them, as JSON holds them; anything else is refused."""
    if isinstance(given, np.ndarray):
        return given.tolist()
    if isinstance(given, np.generic):
        return given.item()
    if isinstance(given, Mapping):
        return {str(key): plain(value, f"{where}: {key}") for key, value in given.items()}
    if isinstance(given, (list, tuple)):
        return [plain(value, where) for value in given]
    if given is None or isinstance(given, (bool, int, float, str)):
        return given
    raise DescriptionError(
        f"{where}: {shown(given)} cannot be kept in a file. Give a number, text, or a list of them."
    )
