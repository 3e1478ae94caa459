"""If memory or threads do not suffice, the event engine raises an error that can be caught, and the process
goes on."""

import subprocess
import sys

import pytest
from build_side import needs_compiler

from neurosim.engine.events.build import load

pytestmark = needs_compiler
SCRIPT = """
import os, resource, signal
import neurosim as ns

def run(n):
    x = ns.Neurons("x", n, update="v = v + I + 1", threshold="v > 3", reset="v = 0")
    y = ns.Neurons("y", n, update="v = 0.5*v + I")
    net = ns.Network(ns.Synapses(x, y, wiring=ns.one_to_one(), delay=2), schedule=ns.Synchronous())
    ns.run(net, ticks=12, trials=4, record=["x"], engine="events", threads=2)

run(5)
for more in (20, 40, 60, 90, 150, 2000):  # MiB
    child = os.fork()
    if not child:
        signal.alarm(60)
        used = int(open("/proc/self/statm").read().split()[0])*resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + more*2**20,)*2)
        try:
            run(100_000)
        except (MemoryError, ns.EngineError):
            os._exit(1)
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="limits its own memory")
def test_a_network_that_does_not_fit_into_memory_raises_an_error():
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SCRIPT], text=True, capture_output=True, check=True
    )
    ended = list(map(int, done.stdout.split()))
    assert (ended[0], ended[-1]) == (1, 0)
    assert set(ended) == {0, 1}


SOURCE = """
#include <new>
#include "core/threads/thread_pool.hpp"
#include "core/threads/crew.hpp"
using namespace neurosim;

// Threads that move in step; the one of this number fails at the third step. Returns how many steps the
// others began, or -1 if nothing was thrown.
extern "C" int in_step(int threads, int failing) {
    Barrier barrier(threads);
    Crew crew;
    std::atomic<int> steps{0};
    try {
        crew.in_parallel(threads, [&](int number) {
            for (int step = 0; step < 10; ++step) {
                if (number == failing && step == 2) throw std::bad_alloc();
                barrier.wait(number);
                if (number == (failing + 1) % threads) ++steps;
            }
        }, [&] { barrier.abandon(); });
    } catch (const std::bad_alloc&) {
        return steps;
    }
    return -1;
}

extern "C" int in_parts(int threads) {
    ThreadPool pool(threads);
    std::atomic<int> parts{0};
    try {
        pool.parallel_for(100, [&](int64_t part) { if (part % 7 == 3) throw std::bad_alloc(); ++parts; });
    } catch (const std::bad_alloc&) {
        return parts;
    }
    return -1;
}
"""


@pytest.mark.parametrize("threads", [2, 3, 8])
def test_threads_do_not_wait_for_one_that_failed(threads):
    """And an exception in a thread reaches the caller."""
    library = load(SOURCE, "the threads of a test", flags=("-O1",))
    for failing in range(threads):
        assert library.in_step(threads, failing) == 2
    assert library.in_parts(threads) == 100 - 14
