"""Runs a case on its engines and compares: spikes equal, values within what the engines promise."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import neurosim as ns
from differential.case import Case, Piece
from differential.script import build
from differential.shake import shaken

Found = dict[str, np.ndarray]
ROUNDING = re.compile(
    r"\*\*|event-driven|exponential_euler|independent|all_to_all|einsum|conv|poisson"
    r"|\b(exp|log|log10|log1p|expm1|exprel|sin|cos|tan|sinh|cosh|tanh|arcsin|arccos|arctan|sigmoid|softmax|norm|sum|mean|prod|cumsum|cumprod)\("
)
COMPILERS = {
    "g++ -O0": {"NEUROSIM_CXXFLAGS": "-O0"},
    "g++ -O3": {},
    "ziglang -O0": {"CXX": f"{sys.executable} -m ziglang c++", "NEUROSIM_CXXFLAGS": "-O0"},
    "ziglang -O3": {"CXX": f"{sys.executable} -m ziglang c++"},
}
SHAKES = 5  # runs of the reference engine with other roundings, where something differs
LEEWAY = 100.0  # how much more than these an engine may differ


@dataclass(frozen=True)
class Problem:
    """What is wrong on one route: `kind` is 'differs', 'raises' or 'warns'."""

    route: str
    kind: str
    text: str


@dataclass(frozen=True)
class Outcome:
    """What became of a case: why the reference engine refused it, why routes were refused, what was compared,
    what is wrong."""

    refused: str
    skipped: Mapping[str, str]
    compared: tuple[str, ...]
    chaotic: tuple[str, ...]
    problems: tuple[Problem, ...]


@contextmanager
def compiler(name: str) -> Iterator[None]:
    """The C++ compiler and flags of this name in the environment."""
    before = {key: os.environ.get(key) for key in ("CXX", "NEUROSIM_CXXFLAGS")}
    try:
        for key in before:
            os.environ.pop(key, None)
        os.environ.update(COMPILERS[name])
        yield
    finally:
        for key, value in before.items():
            os.environ.pop(key, None)
            if value is not None:
                os.environ[key] = value


def check(case: Case) -> Outcome:
    """Run the case on the reference engine and on every route, and compare."""
    try:
        scope = build(case)
        whole = run(scope, [Piece("reference", case.ticks)])
    except ns.NeurosimError as refusal:
        return Outcome(_gist(refusal), {}, (), (), ())
    except Exception as error:
        return Outcome("", {}, (), (), (Problem("reference", "raises", _named(error)),))
    skipped, compared, chaotic, problems = {}, [], [], []
    with compiler(case.compiler):
        for route, pieces in case.routes.items():
            try:
                found = run(scope, pieces)
            except ns.PlanError as refusal:
                if "cannot run this network" in str(refusal):
                    skipped[route] = _gist(refusal)
                else:
                    problems.append(Problem(route, "raises", _named(refusal)))
                continue
            except Exception as error:
                problems.append(Problem(route, "raises", _named(error)))
                continue
            compared.append(route)
            problem = difference(whole, found, allowed(case, pieces))
            if problem and not is_exact(case, pieces) and _explained(case, scope, whole, found, pieces):
                chaotic.append(route)
            elif problem:
                problems.append(Problem(route, "differs", problem))
    return Outcome("", skipped, tuple(compared), tuple(chaotic), tuple(problems))


def is_exact(case: Case, pieces: list[Piece]) -> bool:
    """Whether the engines promise the same bits."""
    return allowed(case, pieces) == 0


def in_32_bits(case: Case) -> bool:
    """Whether state and sums are floats of 32 bits."""
    return any(name in case.options.get("precision", "") for name in ("single", "half"))


def allowed(case: Case, pieces: list[Piece]) -> float:
    """How much values may differ, relative to the largest of their record."""
    single = in_32_bits(case)
    if all(piece.engine == "reference" for piece in pieces):
        return 0.0
    if (
        not any(piece.engine == "arrays" for piece in pieces)
        and not ROUNDING.search(case.text)
        and not single
    ):
        return 0.0
    return 1e-3 if single else 1e-9


def run(scope: dict[str, Any], pieces: list[Piece]) -> Found:
    """The records of a run in pieces, tick after tick."""
    net, inputs, options = scope["net"], scope["inputs"], dict(scope["options"])
    if len(pieces) == 1:
        done = ns.run(net, inputs, engine=pieces[0].engine, threads=pieces[0].threads, **options)
        scope["batched"] = done.batched
        return records([done])
    last, done, begin = options.pop("start", None), [], 0
    del options["ticks"]
    with ExitStack() as stack, tempfile.TemporaryDirectory() as folder:
        for number, piece in enumerate(pieces):
            end = begin + piece.ticks
            to = Path(folder) / f"{number}.h5" if piece.file else None
            given = cut(inputs, net, begin, end)
            last = ns.run(
                net,
                given,
                ticks=piece.ticks,
                start=last,
                engine=piece.engine,
                threads=piece.threads,
                to=to,
                **options,
            )
            if piece.file:
                stack.enter_context(last)
            done.append(last)
            begin = end
        return records(done)


def cut(inputs: dict[str, Any], net: Any, begin: int, end: int) -> dict[str, Any]:
    """The inputs of some ticks."""
    found = {}
    for name, given in inputs.items():
        if isinstance(given, tuple):
            mine = (given[-2] >= begin) & (given[-2] < end)
            found[name] = (*(part[mine] for part in given[:-2]), given[-2][mine] - begin, given[-1][mine])
        else:
            axis = given.ndim - len(net.populations[name].shape) - 1
            found[name] = given[(slice(None),) * axis + (slice(begin, end),)]
    return found


def records(pieces: list[Any]) -> Found:
    """All records, spikes as rasters, of runs that continue each other."""
    axis = 1 if pieces[0].batched else 0
    found = {
        name: np.concatenate([np.asarray(piece[name][:]) for piece in pieces], axis=axis)
        for name in pieces[0].names
    }
    return found | {
        "ticks": np.array(sum(piece.ticks for piece in pieces)),
        "stopped": np.array(pieces[-1].stopped),
    }


def difference(want: Found, found: Found, tolerance: float) -> str:
    """What differs, in words; '' where nothing does."""
    if set(want) != set(found):
        return f"records {sorted(want)} and {sorted(found)}"
    for name, a in want.items():
        b = found[name]
        if a.shape != b.shape or a.dtype != b.dtype:
            return f"{name}: shape {a.shape} of {a.dtype}, and {b.shape} of {b.dtype}"
        wrong = apart(a, b) > tolerance if a.dtype.kind == "f" else a != b
        if np.any(wrong):
            at = tuple(int(k) for k in np.argwhere(wrong)[0])
            return f"{name}{list(at)}: {a[at]!r}, and {b[at]!r} ({int(wrong.sum())} of {wrong.size})"
    return ""


def apart(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """How far numbers are apart, relative to the largest of the first; NaN is NaN, and infinity infinity."""
    with np.errstate(all="ignore"):
        size = np.max(np.abs(a[np.isfinite(a)]), initial=0.0) or 1.0
        gap = np.where((a == b) | (np.isnan(a) & np.isnan(b)), 0.0, np.abs(a.astype(float) - b) / float(size))
    return np.where(np.isnan(gap), np.inf, gap)


def _explained(case: Case, scope: dict[str, Any], whole: Found, found: Found, pieces: list[Piece]) -> bool:
    """Whether runs of the reference engine that round otherwise differ as much, and as early."""
    tolerance, others = allowed(case, pieces), []
    for number in range(SHAKES):
        with shaken(number, single=in_32_bits(case)):
            others.append(run(scope, [Piece("reference", case.ticks)]))
    if any(found[key] != whole[key] for key in ("ticks", "stopped")):
        return any(other[key] != whole[key] for other in others for key in ("ticks", "stopped"))
    axis = 1 if scope["batched"] else 0
    mine = _by_tick(whole, found, axis)
    theirs = np.max([_by_tick(whole, other, axis) for other in others], axis=0)
    leeway = tolerance + LEEWAY * np.maximum.accumulate(theirs)
    return bool(np.all(mine <= leeway))


def _by_tick(whole: Found, other: Found, axis: int) -> np.ndarray:
    """How far two runs are apart at each tick; a spike more or less is infinitely far."""
    ticks = int(whole["ticks"])
    worst = np.zeros(ticks)
    for name, a in whole.items():
        if name in ("ticks", "stopped"):
            continue
        b = other[name]
        gap = apart(a, b) if a.dtype.kind == "f" else np.where(a != b, np.inf, 0.0)
        gap = np.moveaxis(gap, axis, 0).reshape(gap.shape[axis], -1).max(axis=1, initial=0.0)
        every = -(-ticks // max(len(gap), 1))
        where = np.minimum(np.arange(len(gap)) * every, ticks - 1)
        np.maximum.at(worst, where, gap)
    return worst


def _named(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"


def _gist(error: Exception) -> str:
    """The rule of a refusal without the names in it, so that refusals can be counted."""
    return re.sub(r"'[^']*'|[\d.]+|\[[^\]]*\]|\b[a-z]\d?\b( -> [a-z]\d?\b)?", "_", str(error))[:150]
