"""Text compiled as C++ and called on arrays, to be compared with numpy."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from neurosim.engine.events.build import load
from neurosim.network.functions import random_calls
from neurosim.network.text import Statement
from neurosim.plan.codegen.cpp_code import Typed, cpp_statements
from neurosim.plan.codegen.numpy_code import numpy_block
from neurosim.plan.random import TextRandom, base_key, trial_keys

KINDS = {"bool": np.bool_, "double": np.float64, "float": np.float64}
SEED, OWNER, TICK = 3, "cells", 12


@dataclass(frozen=True)
class Case:
    """A block of text, and the values of the names that it reads: arrays of n, or plain Python numbers."""

    statements: tuple[Statement, ...]
    values: Mapping[str, Any]
    precision: str = "double"
    frozen: frozenset[str] = frozenset()

    @property
    def real(self) -> type:
        return np.float32 if self.precision == "single" else np.float64

    @property
    def title(self) -> str:
        return f"{self.precision}: {'; '.join(f'{s.name} {s.op} {s.expression}' for s in self.statements)}"


def by_numpy(given: Case, n: int) -> dict[str, Any]:
    """The values that the reference engine computes."""
    written = tuple(dict.fromkeys(s.name for s in given.statements))
    random = TextRandom(SEED, OWNER, "update", TICK, np.zeros(1, np.int64), np.arange(n, dtype=np.uint32))
    with np.errstate(all="ignore"):
        return numpy_block(given.statements, written, given.frozen)(given.values, None, random)


def by_cpp(cases: Sequence[Case], n: int) -> list[dict[str, np.ndarray]]:
    """The values that the compiled text computes, in the types that the writer of C++ announced. All cases
    are in one library."""
    parts = [_function(number, given) for number, given in enumerate(cases)]
    source = "\n".join(
        ['#include "core/numbers/math.hpp"', "using namespace neurosim;", *(text for text, _ in parts)]
    )
    library = load(source, "the text of a test", flags=("-O0",))
    return [
        _call(library, number, given, found, n)
        for number, (given, (_, found)) in enumerate(zip(cases, parts, strict=True))
    ]


def _type_of(value: Any, real: type) -> str:
    if type(value) in (bool, float):
        return type(value).__name__
    kind = np.asarray(value).dtype
    return "bool" if kind.kind == "b" else "Real" if kind == real else "double"


def _numpy_type(kind: str, real: type) -> type:
    return real if kind == "Real" else KINDS[kind]


def _cpp_type(kind: str) -> str:
    return "double" if kind == "float" else kind


def _function(number: int, given: Case) -> tuple[str, dict[str, Typed]]:
    kinds = {name: _type_of(value, given.real) for name, value in given.values.items()}
    arrays = [
        f"    const auto* in_{k} = static_cast<const {_cpp_type(kind)}*>(in[{k}]);"
        for k, kind in enumerate(kinds.values())
    ]
    names = {name: Typed(f"in_{k}[i]", kind) for k, (name, kind) in enumerate(kinds.items())}
    lines, found = cpp_statements(given.statements, names, precision=given.precision, frozen=given.frozen)
    stores = [
        f"        static_cast<{_cpp_type(typed.type)}*>(out[{k}])[i] = {typed.text};"
        for k, typed in enumerate(found.values())
    ]
    head = [
        f'extern "C" void block_{number}(const void* const* in, void* const* out, const Key* keys, uint32_t'
        " tick, uint32_t n) {"
    ]
    real = [f"    using Real = {'float' if given.precision == 'single' else 'double'};"]
    loop = ["    for (uint32_t i = 0; i < n; ++i) {", "        const uint32_t element = i;"]
    unused = ["    (void)keys, (void)tick, (void)in;"]
    return (
        "\n".join(
            [
                *head,
                *real,
                *unused,
                *arrays,
                *loop,
                "        (void)element;",
                *(f"        {line}" for line in lines),
                *stores,
                "    }",
                "}",
            ]
        ),
        found,
    )


def _call(
    library: ctypes.CDLL, number: int, given: Case, found: Mapping[str, Typed], n: int
) -> dict[str, np.ndarray]:
    given_arrays = [
        np.ascontiguousarray(
            np.broadcast_to(value, n), dtype=_numpy_type(_type_of(value, given.real), given.real)
        )
        for value in given.values.values()
    ]
    results = {name: np.empty(n, _numpy_type(typed.type, given.real)) for name, typed in found.items()}
    keys = [
        trial_keys(base_key(SEED, OWNER, "update", call), np.zeros(1, np.int64))
        for call in range(random_calls(given.statements))
    ]
    words = np.array([[k0[0], k1[0]] for k0, k1 in keys], np.uint32).reshape(-1)
    library[f"block_{number}"](
        _pointers(given_arrays),
        _pointers(list(results.values())),
        ctypes.c_void_p(words.ctypes.data),
        TICK,
        n,
    )
    return results


def _pointers(arrays: Sequence[np.ndarray]) -> ctypes.Array:
    return (ctypes.c_void_p * max(len(arrays), 1))(*(array.ctypes.data for array in arrays))
