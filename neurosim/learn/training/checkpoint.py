"""Checkpoints of training: one file of arrays, replaced whole after every epoch."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

import jax
import numpy as np

from neurosim.errors import DescriptionError
from neurosim.learn.training.history import History
from neurosim.network.codec import encode_network

FORMAT = 1


def save_checkpoint(path: Path, values: Any, states: Any, history: History, best: Any, problem: Any) -> None:
    """Write everything that training needs to go on."""
    arrays = {f"value/{name}": np.asarray(value) for name, value in values.items()}
    arrays |= {f"best/{name}": np.asarray(value) for name, value in (best or {}).items()}
    arrays |= {f"optimiser/{number}": np.asarray(leaf) for number, leaf in enumerate(jax.tree.leaves(states))}
    about = {"format": FORMAT, "history": asdict(history), "question": _question(problem)}
    new = path.with_name(f"{path.name}.new.npz")
    np.savez(new, about=np.frombuffer(json.dumps(about).encode(), np.uint8), **arrays)  # type: ignore[arg-type]
    os.replace(new, path)


def load_checkpoint(path: Path, values: Any, states: Any, problem: Any) -> tuple[Any, Any, History, Any]:
    """Values, optimisers' states, history and best values. Raises DescriptionError where the file is not of this training."""
    where = f"train: checkpoint {os.fspath(path)!r}"
    remedy = "Give another path, or delete it to begin anew."
    try:
        with np.load(path, allow_pickle=False) as file:
            held = {name: file[name] for name in file.files}
        about = json.loads(held.pop("about").tobytes())
    except (OSError, ValueError, KeyError) as error:
        raise DescriptionError(f"{where}: cannot be read ({error}). {remedy}") from None
    leaves, tree = jax.tree.flatten(states)
    fits = all(held.get(f"value/{name}", np.zeros(0)).shape == value.shape for name, value in values.items())
    fits = fits and all(
        np.shape(held.get(f"optimiser/{number}", "")) == np.shape(leaf) for number, leaf in enumerate(leaves)
    )
    if not fits or about["format"] != FORMAT or about["question"] != _question(problem):
        raise DescriptionError(
            f"{where}: is of another training (network, data, seed, losses or optimizer). {remedy}"
        )
    new = {name: jax.numpy.asarray(held[f"value/{name}"]) for name in values}
    found = [jax.numpy.asarray(held[f"optimiser/{number}"]) for number in range(len(leaves))]
    best = {name: jax.numpy.asarray(held[f"best/{name}"]) for name in values if f"best/{name}" in held}
    return new, jax.tree.unflatten(tree, found), History(**about["history"]), best or None


def _question(problem: Any) -> str:
    """What is learned from what, in short."""
    from hashlib import blake2b

    found = blake2b(digest_size=16)
    found.update(json.dumps(encode_network(problem.parameters.net), sort_keys=True, default=str).encode())
    found.update(repr((problem.turns, problem.learns, problem.seed, problem.precision)).encode())
    for name, drive in problem.read.drives.items():
        found.update(name.encode())
        events = [drive.trial, drive.tick, drive.neuron]
        for part in (
            events if drive.values is None else drive.values
        ):  # trial by trial, and the same whatever type they came in
            found.update(np.ascontiguousarray(part, None if drive.values is None else np.float64).tobytes())
    for name, target in problem.targets.items():
        found.update(name.encode() + target.values.tobytes() + target.known.tobytes())
    return found.hexdigest()
