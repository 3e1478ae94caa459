"""Recordings that were changed by hand or by chance: each is read as it is, or refused by an error that says
so.

    python tests/fuzz/files.py            # 20,000 changed files
    python tests/fuzz/files.py 300 SEED   # so many, of a seed

A file is opened, printed, sliced, counted, continued and replayed. Whatever is neither a result nor an error
of neurosim's is found: another exception, a crash, a hang, more memory than is allowed.
"""

from __future__ import annotations

import json
import os
import random
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import h5py
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from fuzz.processes import main

import neurosim as ns
from neurosim.units import ms

TICKS = 12
WHOLE = (0, -1, 1, 2, 7, 255, 2**31 - 1, 2**31, 2**32, 2**62, 2**63 - 1, -(2**63))
REAL = (0.0, -1.0, np.nan, np.inf, -np.inf, 1e300, 1e-300)
ANYTHING = (
    None,
    True,
    0,
    -1,
    1,
    2**31,
    2**63,
    1e300,
    "",
    "cells",
    "../x",
    "\0",
    [],
    {},
    [[]],
    "nan",
    "1e999",
    [None],
    {"": 0},
)


def spiking(to: Path) -> None:
    """Spikes on their way through synapses with and without text, two trials."""
    ears = ns.Neurons("ears", 3)
    cells = ns.Neurons(
        "cells",
        4,
        equations="dv/dt = -v/(10*ms) : 1 (unless refractory)",
        threshold="v > 0.5",
        reset="v = 0",
        refractory=2 * ms,
    )
    trace = "da/dt = -a/(5*ms) : 1 (event-driven)"
    net = ns.Network(
        ns.Synapses(ears, cells, to="v", weight=0.6, delay=2 * ms, name="heard"),
        ns.Synapses(
            cells, cells, to="v", wiring=ns.probability(0.5), weight=0.3, delay=ns.uniform(1 * ms, 4 * ms)
        ),
        ns.Synapses(
            cells,
            cells,
            model=trace,
            on_pre="a += 1\nv_post += 0.1*w",
            on_post="w += 0.01*a",
            delay=3 * ms,
            name="s",
        ),
        schedule=ns.Clock(1 * ms),
    )
    heard = np.random.default_rng(0).random((2, TICKS, 3)) < 0.4
    ns.run(
        net, {"ears": heard}, record=["ears", "cells", "cells.v", "s.w"], to=to, engine="reference"
    ).close()


def graded(to: Path) -> None:
    """Values, in parts and at intervals, compressed; clamped and continued."""
    x, pool = ns.Neurons("x", (2, 3)), ns.Neurons("pool", 5, update="v = tanh(I) + 0.1*randn()")
    net = ns.Network(
        ns.Synapses(x, pool, weight=ns.normal(0, 1), delay=0),
        ns.Synapses(pool, pool, weight=ns.normal(0, 1), delay=3),
        schedule=ns.Synchronous(),
    )
    u = np.random.default_rng(1).standard_normal((TICKS, 2, 3))
    first = ns.run(net, {"x": u}, record=["pool"], engine="reference", precision="single")
    record = {"pool": 1, "pool[:2].v": 3, "x": 2}
    ns.run(net, {"x": u}, record=record, start=first, to=to, engine="reference", compression=4).close()


@cache
def originals() -> tuple[bytes, ...]:
    """The files that are changed."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for make in (spiking, graded):
            path = Path(folder) / f"{make.__name__}.h5"
            make(path)
            found.append(path.read_bytes())
    return tuple(found)


def change_bytes(draw: random.Random, data: bytes) -> bytes:
    """Bytes flipped, cut off, doubled, or set to one value."""
    data, at = bytearray(data), draw.randrange(len(data))
    length = draw.choice([1, 2, 8, 64, 512])
    how = draw.choice(["flip", "flip", "flip", "cut", "fill", "double", "drop"])
    if how == "flip":
        for _ in range(draw.choice([1, 1, 3, 30])):
            data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
    elif how == "cut":
        del data[at:]
    elif how == "fill":
        data[at : at + length] = bytes([draw.choice([0, 255, 1])]) * len(data[at : at + length])
    elif how == "double":
        data[at:at] = data[at : at + length]
    else:
        del data[at : at + length]
    return bytes(data)


def change_items(draw: random.Random, path: Path) -> None:
    """Some items of the file deleted, exchanged, linked elsewhere, or given other numbers."""
    with h5py.File(path, "a") as file:
        names: list[str] = []
        file.visit(names.append)
        for _ in range(draw.choice([1, 1, 1, 2, 4])):
            name = draw.choice(names)
            if name not in file or not isinstance(file.get(name, getlink=True), h5py.HardLink):
                continue
            item = file[name]
            if isinstance(item, h5py.Dataset) and draw.random() < 0.6:
                _change_numbers(draw, file, name, item)
            elif item.attrs and draw.random() < 0.4:
                key = draw.choice(list(item.attrs))
                item.attrs[key] = draw.choice([0, -1, 2**40, "x", 1.5, [1, 2, 3], b"\xff"])
            else:
                del file[name]
                _put_instead(draw, file, name, names)


def _put_instead(draw: random.Random, file: h5py.File, name: str, names: list[str]) -> None:
    kind = draw.choice(["nothing", "soft", "outside", "hard", "group", "huge", "zeros"])
    if kind == "soft":
        file[name] = h5py.SoftLink(draw.choice([*names, "/", "/nowhere"]))
    elif kind == "outside":
        file[name] = h5py.ExternalLink(draw.choice(["fifo", "other.h5", "/nowhere"]), "/")
    elif kind == "hard" and (other := draw.choice(names)) in file and not name.startswith(other):
        file[name] = file[other]
    elif kind == "group":
        file.create_group(name)
    elif kind == "huge":
        file.create_dataset(name, (10**12,), draw.choice(["f8", "i8", "u1"]), chunks=(1000,))
    elif kind == "zeros":
        file.create_dataset(name, data=np.zeros(10**7, "u1"), compression=9)


def _change_numbers(draw: random.Random, file: h5py.File, name: str, item: h5py.Dataset) -> None:
    if (
        item.dtype.kind == "u"
        and item.ndim == 1
        and item.dtype.itemsize == 1
        and item.size
        and bytes(item[:1]) in (b"{", b"[")
    ):
        text = _changed_json(draw, json.loads(bytes(item[()])))
        _replace(file, name, np.frombuffer(json.dumps(text).encode(), "u1"))
    elif item.dtype.kind not in "iufb" or draw.random() < 0.3:
        shape = tuple(
            max(0, min(n, 10**4) + draw.choice([-1, 0, 1, 5])) for n in item.shape
        )  # an earlier change may have claimed 10^12
        _replace(file, name, np.zeros(shape, draw.choice(["f8", "f4", "i8", "i4", "u1", "S3", "?"])))
    elif 0 < item.size < 10**6:
        values = item[()]
        flat = values.reshape(-1) if isinstance(values, np.ndarray) else np.array([values])
        with np.errstate(all="ignore"):
            for _ in range(draw.choice([1, 1, 5])):
                flat[draw.randrange(flat.size)] = np.array(
                    draw.choice(REAL if item.dtype.kind == "f" else WHOLE)
                ).astype(item.dtype)
        _replace(file, name, flat.reshape(item.shape))


def _replace(file: h5py.File, name: str, values: np.ndarray) -> None:
    kept = dict(file[name].attrs)
    del file[name]
    file[name] = values
    file[name].attrs.update(kept)


def _changed_json(draw: random.Random, value: Any) -> Any:
    """The value with one of its leaves or branches replaced, deleted or doubled."""
    if isinstance(value, (dict, list)) and value and draw.random() < 0.85:
        key = draw.choice(list(value)) if isinstance(value, dict) else draw.randrange(len(value))
        if draw.random() < 0.1:
            value = type(value)(value)
            del value[key]
            return value
        value[key] = _changed_json(draw, value[key])
        return value
    if isinstance(value, int) and draw.random() < 0.5:
        return draw.choice(WHOLE)
    if isinstance(value, str) and draw.random() < 0.5:
        return draw.choice(
            [value[:-1], value + "x", value * 2, value.upper(), value.replace(" ", "\n"), "v = " + value]
        )
    return draw.choice(ANYTHING)


def attempt(seed: int) -> str:
    """One changed file: 'read' or 'refused'; anything else is raised."""
    draw = random.Random(seed)
    data = draw.choice(originals())
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.h5"
        os.mkfifo(Path(folder) / "fifo")
        (Path(folder) / "other.h5").write_bytes(originals()[0])
        if draw.random() < 0.35:
            path.write_bytes(change_bytes(draw, data))
        else:
            path.write_bytes(data)
            try:
                change_items(draw, path)
            except (RuntimeError, OSError, KeyError, TypeError, ValueError):
                return "could not be changed so"  # by h5py, such as links in a circle
        try:
            use(path)
        except ns.NeurosimError:
            return "refused"
    return "read"


def use(path: Path) -> None:
    """Everything that a reader does with a recording; a long one is not run again."""
    with ns.open(path) as recording:
        assert str(recording) and recording.stopped
        for name in [probe.name for probe in recording.header.probes]:
            assert len(recording[name][:3].shape) == len(recording[name].shape)
        for name in ("cells", "ears"):
            if name in recording.network.populations:
                assert len(recording.spikes(name)) >= 0 and recording.rates(name).ndim
        if recording.ticks <= 10 * TICKS and recording.trials <= 10:
            silent = {
                p.name: np.zeros((3, *p.shape))
                for p in recording.network.populations.values()
                if p.driven and p.size < 1000
            }
            ns.run(recording.network, silent, ticks=3, start=recording, engine="reference")
            ns.replay(path, engine="reference")


if __name__ == "__main__":
    main(__file__, attempt)
