"""Checkpoints of training: one npz file, which is replaced as a whole after every epoch."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import jax
import numpy as np

from neurosim.errors import DescriptionError
from neurosim.learn.training.history import History
from neurosim.learn.training.losses import AnyLoss, Loss
from neurosim.learn.training.problem import Problem
from neurosim.network.codec import encode_network

FORMAT = 1
Values: TypeAlias = dict[str, jax.Array]  # of parameters, by name
OptimiserState: TypeAlias = Any  # a pytree, whose structure only optax knows


class TrainingState(NamedTuple):
    """Where training stands: parameters, optimisers' states, history, and the best parameters so far."""

    values: Values
    states: list[OptimiserState]
    history: History
    best: Values | None


def save_checkpoint(path: Path, progress: TrainingState, problem: Problem) -> None:
    """Write everything that training needs to go on to `path`."""
    arrays = {f"value/{name}": np.asarray(value) for name, value in progress.values.items()}
    arrays |= {f"best/{name}": np.asarray(value) for name, value in (progress.best or {}).items()}
    leaves = jax.tree.leaves(progress.states)
    arrays |= {f"optimiser/{number}": np.asarray(leaf) for number, leaf in enumerate(leaves)}
    about = {"format": FORMAT, "history": asdict(progress.history), "question": _fingerprint(problem)}
    arrays["about"] = np.frombuffer(json.dumps(about).encode(), np.uint8)
    new = path.with_name(f"{path.name}.new.npz")
    np.savez(new, **arrays)  # type: ignore[arg-type]  # numpy's stub takes the names for its own option
    os.replace(new, path)


def load_checkpoint(path: Path, start: TrainingState, problem: Problem) -> TrainingState:
    """Where the training of a checkpoint stands. `start` is where a new training of this problem would begin.

    Raises DescriptionError if the file cannot be read, or is the checkpoint of another training.
    """
    subject = f"train: checkpoint {os.fspath(path)!r}"
    remedy = "Give another path, or delete it to begin anew."
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        about = json.loads(arrays.pop("about").tobytes())
    except (OSError, ValueError, KeyError) as error:
        raise DescriptionError(f"{subject}: cannot be read ({error}). {remedy}") from None
    leaves, tree = jax.tree.flatten(start.states)
    wanted = {f"value/{name}": np.shape(value) for name, value in start.values.items()}
    wanted |= {f"optimiser/{number}": np.shape(leaf) for number, leaf in enumerate(leaves)}
    fits = all(name in arrays and arrays[name].shape == shape for name, shape in wanted.items())
    if not fits or about["format"] != FORMAT or about["question"] != _fingerprint(problem):
        raise DescriptionError(
            f"{subject}: is of another training (network, data, seed, losses or optimizer). {remedy}"
        )
    read = {name: jax.numpy.asarray(array) for name, array in arrays.items()}
    values = {name: read[f"value/{name}"] for name in start.values}
    best = {name: read[f"best/{name}"] for name in start.values if f"best/{name}" in read}
    states = jax.tree.unflatten(tree, [read[f"optimiser/{number}"] for number in range(len(leaves))])
    return TrainingState(values, states, History(**about["history"]), best or None)


def _fingerprint(problem: Problem) -> str:
    """A hash of what is learned from what, by which a checkpoint of another training is recognised."""
    digest = blake2b(digest_size=16)
    digest.update(json.dumps(encode_network(problem.parameters.net), sort_keys=True, default=str).encode())
    losses = [{name: _name(loss) for name, loss in one.items()} for one in problem.objectives]
    digest.update(repr((losses, problem.learns, problem.seed, problem.precision)).encode())
    for name, drive in problem.inputs.drives.items():
        digest.update(name.encode())
        if drive.values is None:
            for part in (drive.trial, drive.tick, drive.neuron):
                digest.update(np.ascontiguousarray(part).tobytes())
        else:  # trial by trial, which bounds the memory; in one type, so that the type given does not matter
            for trial in drive.values:
                digest.update(np.ascontiguousarray(trial, np.float64).tobytes())
    for name, target in problem.targets.items():
        digest.update(name.encode() + target.values.tobytes() + target.known.tobytes())
    return digest.hexdigest()


def _name(loss: AnyLoss) -> str:
    """What a loss is called in every process; the `repr` of a function holds its address, which changes."""
    return loss.name if isinstance(loss, Loss) else getattr(loss, "__qualname__", type(loss).__qualname__)
