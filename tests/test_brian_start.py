"""How scripts of Brian2 start on the device: with little imported, and with the code of earlier starts."""

import os
import subprocess
import sys

import brian2 as b2
import pytest

import neurosim.brian  # noqa: F401
from neurosim.brian import opened
from neurosim.engine.events.source import write_source

SCRIPT = """
from brian2 import *

set_device("neurosim")
equations = '''dv/dt = (ge + gi - v)/tau : volt (unless refractory)
               dge/dt = -ge/(5*ms) : volt
               dgi/dt = -gi/(10*ms) : volt
               tau : second
               low : volt'''
cells = NeuronGroup(8, equations, threshold='v > 1*mV', reset='v = low', refractory=1*ms, method='exact')
slow = NeuronGroup(2, '''dm/dt = (h - m*n)/(10*ms) : 1
                         dn/dt = (1 - n*m)/(20*ms) : 1
                         dh/dt = (m - h*n)/(9*ms) : 1''', method='exponential_euler')
plastic = Synapses(cells, cells, '''w : volt
                                    b : 1
                                    dx/dt = -x/(9*ms) : 1 (event-driven)
                                    dy/dt = -y/(8*ms) : 1 (event-driven)
                                    dz/dt = (b - z)/(7*ms) : 1 (clock-driven)''',
                   on_pre='ge_post += w*x; x += 1; y -= b*z', on_post='gi_post += w*y; y += 1')
plastic.connect(i=[0, 1], j=[1, 2])
cells.tau = 10*ms
traces = StateMonitor(cells, ['v', 'ge', 'gi', 'tau', 'low'], record=[0])
run(1*ms)
"""
IN_NEW_PROCESS = """
import sys
import neurosim.brian
from neurosim.brian import opened
from neurosim.engine.events.source import write_source
from neurosim.plan import brian

brian.integration_step = brian.symbolic = None  # what sympy made of equations is in the cache folder

class Seen(Exception): pass

def show(engine, plan, threads, **more):
    print(write_source(plan).text, end="")
    raise Seen

opened.ready = show
try:
    exec(sys.argv[1], {})
except Seen:
    pass

def brian2(name):
    return sys.modules["brian2." + name]

assert not {"setuptools", "distutils", "pytest"} & set(sys.modules), "Brian2 imports what it may not need"
assert brian2("codegen.cpp_prefs").get_compiler_and_args()[0] in ("unix", "msvc")
assert issubclass(brian2("codegen.runtime.GSLcython_rt.GSLcython_rt").CompileError, Exception)
assert isinstance(brian2("codegen.runtime.cython_rt.extension_manager").build_ext, type)
assert brian2("devices.cpp_standalone.device").ccompiler.new_compiler
assert brian2("only").test.__module__ == "brian2.tests"
"""


class Seen(Exception):
    """Ends a script before it runs."""


def test_a_script_starts_again_without_compilers_sympy_or_other_code(monkeypatch):
    """What compiled it or solved its equations once is not needed again."""
    seen = []

    def see(engine, plan, threads, **more):
        seen.append(write_source(plan).text)
        raise Seen

    monkeypatch.setattr(opened, "ready", see)
    target = b2.prefs.codegen.target
    try:
        with pytest.raises(Seen):
            exec(SCRIPT, {})
    finally:
        b2.set_device("runtime")
        b2.prefs.codegen.target = target
    other = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", IN_NEW_PROCESS, SCRIPT],
        env=os.environ | {"PYTHONHASHSEED": "1"}, capture_output=True, text=True,
    )  # fmt: skip
    assert other.returncode == 0, other.stderr
    assert other.stdout == seen[0]
