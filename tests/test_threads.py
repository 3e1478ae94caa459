"""How many threads run: what is decided by timing, and that it changes no bit."""

import ctypes

import numpy as np
import pytest
from events_side import balanced, spoken

import neurosim as ns
from neurosim.engine.events import build
from neurosim.plan import exact_integration
from neurosim.plan.blas import one_thread
from neurosim.plan.exact_integration import propagator

needs_compiler = pytest.mark.skipif(build.find_compiler() is None, reason="there is no C++ compiler")
PACE = """
#include <cstdint>
#include "core/threads/pace.hpp"

namespace {
double passed, held;  // what the clocks show, in seconds

struct Clock {
    static double now() { return passed; }
    static double on_core() { return held; }
};
}  // namespace

// Runs ticks in calls of `each`; a tick takes `alone`, or `together` before tick `busy_from` and
// `busy_together` then, in which this thread waits half of the time. Writes how many threads took each tick.
extern "C" void run(int64_t ticks, int64_t each, double alone, double together, int64_t busy_from,
                    double busy_together, uint8_t* several) {
    passed = held = 0;
    neurosim::Pace<Clock> pace;
    int64_t done = 0;
    while (done < ticks)
        pace.run(std::min(each, ticks - done), [&](int64_t n, bool all) {
            for (int64_t tick = 0; tick < n; ++tick, ++done) {
                const bool busy = done >= busy_from;
                const double seconds = all ? busy ? busy_together : together : alone;
                passed += seconds, held += all && busy ? seconds / 2 : seconds;
                several[done] = all;
            }
            return true;
        });
}
"""


@pytest.fixture(scope="module")
def paced():
    library = build.load(PACE, "a test of threads", flags=("-O0",))

    def run(*, ticks, alone, together, busy_from=2**62, busy_together=0.0, each=2**62):
        several = np.zeros(ticks, np.uint8)
        seconds = [ctypes.c_double(value) for value in (alone, together, busy_together)]
        counts = [ctypes.c_int64(value) for value in (ticks, each, busy_from)]
        library.run(*counts[:2], *seconds[:2], counts[2], seconds[2], several.ctypes.data_as(ctypes.c_void_p))
        return several.astype(bool)

    return run


@needs_compiler
def test_threads_that_pay_go_on_and_others_are_sent_home(paced):
    fast = paced(ticks=100_000, alone=20e-6, together=11e-6)
    assert fast.mean() > 0.99
    slow = paced(ticks=100_000, alone=20e-6, together=60e-6, busy_from=0, busy_together=60e-6)
    assert slow.mean() < 0.02
    useless = paced(ticks=100_000, alone=20e-6, together=22e-6)
    assert not useless[-1000:].any()


@needs_compiler
@pytest.mark.parametrize("each", [1, 100, 2**62])
def test_where_a_machine_becomes_busy_one_thread_goes_on(paced, each):
    several = paced(
        ticks=200_000, alone=20e-6, together=11e-6, busy_from=50_000, busy_together=100e-6, each=each
    )
    assert several[:50_000].mean() > 0.98
    assert several[52_000:].mean() < 0.05
    back = paced(ticks=200_000, alone=20e-6, together=11e-6, busy_from=0, busy_together=100e-6, each=each)
    assert not back[-1000:].all()


@needs_compiler
def test_one_thread_that_moves_all_blocks_changes_no_bit(monkeypatch):
    given = dict(ticks=300, record=["cells", "cells.v"], engine="events")
    one = ns.run(balanced(), {"ears": spoken(10)}, threads=1, **given)
    for blocks, threads in ((3, 1), (3, 2), (2, 2)):
        monkeypatch.setattr("neurosim.engine.events.compiled.share", lambda *given, of=(blocks, threads): of)
        other = ns.run(balanced(), {"ears": spoken(10)}, **given)
        assert np.array_equal(one["cells.v"], other["cells.v"])
        assert np.array_equal(one.spikes("cells").neuron, other.spikes("cells").neuron)
        assert np.array_equal(one.spikes("cells").tick, other.spikes("cells").tick)


def test_exponentials_of_small_matrices_are_computed_on_one_thread(monkeypatch):
    linalg, threadpoolctl = pytest.importorskip("scipy.linalg"), pytest.importorskip("threadpoolctl")
    seen, expm = [], linalg.expm

    def watched(matrix):
        seen.extend(
            lib["num_threads"] for lib in threadpoolctl.threadpool_info() if lib["user_api"] == "blas"
        )
        return expm(matrix)

    monkeypatch.setattr(linalg, "expm", watched)
    matrix = np.array([[-20.0, 3.25], [0.0, -123.5]])
    with threadpoolctl.threadpool_limits(2, user_api="blas"):
        P, Q = propagator(matrix, 1e-3)
        again, _ = propagator(matrix, 1e-3)  # which was kept
        many, _ = propagator(np.broadcast_to(matrix, (exact_integration.MOST_KEPT, 2, 2)), 1e-3)
        with pytest.raises(RuntimeError), one_thread():
            raise RuntimeError("and then as many threads as before")
        left = {lib["num_threads"] for lib in threadpoolctl.threadpool_info() if lib["user_api"] == "blas"}
    assert set(seen) == {1}
    assert len(seen) % 2 == 0  # two calls of the three
    assert left == {2}
    assert np.array_equal(P, again)
    assert np.array_equal(P, many[-1])
    assert np.allclose(P, expm(matrix * 1e-3), rtol=1e-12)
    assert np.isfinite(Q).all()
