"""The bare work of some rows as plain loops in C++: no calendars, inputs or records, all places known before.

What a simulator takes beyond such a loop is left to gain; below it, only another way to do the work helps.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache
from time import process_time
from typing import Any

import numpy as np
from reference_loop import compiled

SOURCE = """
#include <cmath>
// Neurons with two currents, integrated exactly, a refractory period and a threshold: the number of spikes.
extern "C" long move(double *__restrict v, double *__restrict a, double *__restrict b,
                     const long *__restrict last, long count, long since) {
    long spikes = 0;
    for (long i = 0; i < count; ++i) {
        const bool active = last[i] <= since;
        const double moved = 0.999 * v[i] + 1e-3 * a[i] + 2e-3 * b[i] + 1e-7;
        v[i] = active ? moved : v[i];
        a[i] *= 0.98, b[i] *= 0.99;
        spikes += active & (v[i] > 20e-3);
    }
    return spikes;
}

struct Synapse { double w, change, before, after, last; };

// Spikes that arrive at some synapses; AHEAD more places follow the last one.
extern "C" void arrive(Synapse *__restrict own, const int *__restrict place, long count,
                       const int *__restrict target, double *__restrict sum, double now) {
    for (long k = 0; k < count; ++k) {
        __builtin_prefetch(own + place[k + AHEAD]);
        Synapse &s = own[place[k]];
        const double decay = std::exp((s.last - now) / 20e-3);
        s.after *= decay, s.change -= s.after, s.before = 0.1, s.last = now;
    }
    for (long k = 0; k < count; ++k) sum[target[place[k]]] += own[place[k]].w;
}

// Spikes of the targets of some synapses.
extern "C" void answer(Synapse *__restrict own, const int *__restrict place, long count, double now) {
    for (long k = 0; k < count; ++k) {
        __builtin_prefetch(own + place[k + AHEAD]);
        Synapse &s = own[place[k]];
        const double decay = std::exp((s.last - now) / 20e-3);
        s.before *= decay, s.change += s.before, s.after = 0.12, s.last = now;
    }
}
"""
FLAGS = ["-O3", "-march=native", "-mprefer-vector-width=512"]
AHEAD = 32  # synapses whose records are prefetched


def neurons(n: int, ticks: int, seed: int) -> dict[str, Any]:
    """Seconds for a biological one, in steps of 0.1 ms, of moving n neurons with two currents."""
    random, library = np.random.default_rng(seed), _library()
    v, a, b = random.uniform(0, 1e-3, n), random.uniform(0, 1e-6, n), random.uniform(0, 1e-6, n)
    last = np.full(n, -100)
    ends = [array.ctypes.data_as(ctypes.c_void_p) for array in (v, a, b, last)]
    tick = lambda now: library.move(*ends, ctypes.c_long(n), ctypes.c_long(now))  # noqa: E731
    return {"rtf": _per_tick(tick, ticks) * 1e4}


def plastic(synapses: int, degree: int, rate: float, ticks: int, seed: int) -> dict[str, Any]:
    """Seconds for a biological one, in steps of 1 ms, of pair STDP with traces of the last spike.

    In each tick synapses in runs of five get a spike, and so many of any place have a target that spikes, as
    if each neuron had `degree` synapses on either side.
    """
    random, library = np.random.default_rng(seed), _library()
    own = np.zeros((synapses, 5))
    sums = np.zeros(synapses // degree)
    target = random.integers(0, sums.size, synapses, dtype=np.int32)
    each = max(5, round(synapses * rate * 1e-3) // 5 * 5)
    firsts = [random.choice(synapses // 5, each // 5, replace=False) * 5 for _ in range(64)]
    arriving = [_padded((first[:, None] + np.arange(5)).ravel()) for first in firsts]
    answering = [_padded(random.choice(synapses, each, replace=False)) for _ in range(64)]
    at = lambda array: array.ctypes.data_as(ctypes.c_void_p)  # noqa: E731
    records, targets, total, count = at(own), at(target), at(sums), ctypes.c_long(each)

    def tick(now: int) -> None:
        time = ctypes.c_double(now * 1e-3)
        library.arrive(records, at(arriving[now % 64]), count, targets, total, time)
        library.answer(records, at(answering[now % 64]), count, time)

    seconds = _per_tick(tick, ticks)
    return {"event": seconds / (2 * each) * 1e9, "rtf": seconds * 1e3}


def _padded(places: np.ndarray) -> np.ndarray:
    return np.append(places, np.zeros(AHEAD, int)).astype(np.int32)


@cache
def _library() -> ctypes.CDLL:
    library = compiled(SOURCE, [*FLAGS, f"-DAHEAD={AHEAD}"])
    if library is None:
        raise RuntimeError("There is no C++ compiler.")
    return library


def _per_tick(tick: Callable[[int], object], ticks: int) -> float:
    tick(0)
    begin = process_time()
    for now in range(ticks):
        tick(now)
    return (process_time() - begin) / ticks
