"""Steps that call functions outside of the network: what these see and change, on every engine."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

import neurosim as ns
from neurosim.engine import ready
from neurosim.errors import PlanError
from neurosim.network.program import Do, Step
from neurosim.plan.check import check_plan
from neurosim.plan.inputs import read_inputs
from neurosim.plan.lower import lower
from neurosim.plan.plan import Plan
from neurosim.units import ms


def plan_of(calls: dict[str, Callable[[int], None]], kind: Do, every: int = 1, trials: int = 1) -> Plan:
    """Three cells that charge, spike and are reset; a function is called behind their steps of one kind."""
    cells = ns.Neurons(
        "cells", 3, equations="dv/dt = 1/ms : 1 (unless refractory)", threshold="v > 0.25", reset="v = 0",
        refractory=0.2 * ms, method="euler", v=[0, 0.1, 0.2],
    )  # fmt: skip
    again = ns.Synapses(cells, cells, to="v", wiring=ns.pairs([0], [1]), weight=0.05, delay=0.1 * ms)
    net = ns.Network(again, schedule=ns.Clock(0.1 * ms))
    inputs = read_inputs(net, inputs=None, ticks=8, duration=None, trials=None, started=1)
    plan = lower(net, inputs)
    place = next(n for n, step in enumerate(plan.program) if step.kind is kind) + 1
    program = (*plan.program[:place], Step(Do.CALL, block="look", every=every), *plan.program[place:])
    return replace(plan, program=program, calls=calls, trials=trials)


@pytest.mark.parametrize("engine", ["reference", "events"])
def test_a_function_sees_and_changes_the_network_in_the_middle_of_a_tick(engine):
    seen: list[tuple[int, list[float], list[bool], list[bool]]] = []

    def look(tick: int) -> None:
        v, fired, free = (running.look(f"{kind}/cells{rest}")[0] for kind, rest in PLACES)
        seen.append((tick, np.round(v, 6).tolist(), fired.tolist(), free.astype(bool).tolist()))
        if tick == 4:
            running.change("state/cells/v", v[None] + [[0.01, 0, 0]])

    plan = plan_of({"look": look}, Do.THRESHOLD)
    check_plan(plan)
    running = ready(engine, plan, 2)[1].watch(np.arange(1), Nothing())
    running.advance(8, lambda done: False)
    running.close()
    yes, no = True, False
    assert seen[:5] == [
        (0, [0.1, 0.2, 0.3], [no, no, yes], [yes, yes, no]),
        (1, [0.2, 0.3, 0.0], [no, yes, no], [yes, no, no]),
        (2, [0.3, 0.0, 0.1], [yes, no, no], [no, no, yes]),
        (3, [0.0, 0.1, 0.2], [no, no, no], [no, yes, yes]),
        (4, [0.1, 0.25, 0.3], [no, no, yes], [yes, yes, no]),
    ]
    assert seen[5][1][0] == 0.21


PLACES = (("state", "/v"), ("spikes", ""), ("not_refractory", ""))


class Nothing:
    """Takes no records."""

    block, progress = 8, np.zeros(1, np.int64)

    def __init__(self) -> None:
        self.buffers: dict[str, np.ndarray] = {}

    def buffer(self, probe: object) -> None:
        return None

    def write(self, *given: object, **more: object) -> None:
        pass


def test_functions_that_the_plan_lacks_and_several_trials_are_refused():
    with pytest.raises(PlanError, match="names no function of the plan"):
        check_plan(plan_of({}, Do.RESET))
    with pytest.raises(PlanError, match="calls a function, which several trials cannot"):
        check_plan(plan_of({"look": print}, Do.RESET, trials=2))
    with pytest.raises(PlanError, match="which arrays cannot"):
        ready("arrays", plan_of({"look": print}, Do.RESET))
