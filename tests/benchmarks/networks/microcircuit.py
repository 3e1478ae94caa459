"""The cortical microcircuit, `neurosim.models.microcircuit`, at full scale: 77,169 neurons, 299 million
synapses.

NEST's description follows its own example (pynest/examples/Potjans_2014), numbers taken from the model, so
that both are one network. It takes 16 GB and three minutes, and so runs only if --peers names it.
"""

from __future__ import annotations

import math
from time import perf_counter
from typing import Any

from bench import BUILD, MEMORY, RATE, RTF, Benchmark, Column, Run
from clocks import SETTLING, simulate_nest, simulate_neurosim, start_nest


def neurosim(scale: float, seconds: float, precision: str, seed: int, engine: str) -> dict[str, Any]:
    from neurosim.models import microcircuit as model

    net = model.microcircuit(scale)
    found = simulate_neurosim(
        net, tuple(model.POPULATIONS), seconds, precision=precision, seed=seed, engine=engine
    )
    return found | {"deviation": deviation(found["rates"], model.RATES)}


def nest(scale: float, seconds: float, threads: int, seed: int) -> dict[str, Any]:
    from neurosim.models import microcircuit as model

    begin, nest = perf_counter(), start_nest(threads, seed)
    parts = describe(nest, scale)
    recorders = [nest.Create("spike_recorder", {"start": SETTLING * 1e3}) for _ in parts]
    for part, recorder in zip(parts, recorders, strict=True):
        nest.Connect(part, recorder)
    found = simulate_nest(nest, sum(parts[1:], parts[0]), seconds, begin=begin)
    rates = {
        name: r.n_events / len(p) / seconds
        for name, p, r in zip(model.POPULATIONS, parts, recorders, strict=True)
    }
    return found | {"rates": rates, "deviation": deviation(rates, model.RATES)}


def describe(nest: Any, scale: float, drive: str = "poisson") -> list[Any]:
    """The network in NEST's words: its populations, connected."""
    from neurosim.models import microcircuit as model

    numbers, weights = model.synapse_numbers(), model.mean_weights()
    constant = (1 - math.sqrt(scale)) * model.input_current(drive)
    if drive == "dc":
        constant = constant + model.background_current()
    taus = dict(tau_m=model.TAU_M, tau_syn_ex=model.TAU_SYN, tau_syn_in=model.TAU_SYN)
    neuron = dict(C_m=model.C_M, E_L=-65.0, V_th=-50.0, V_reset=-65.0, t_ref=2.0, **taus)
    parts = []
    for (size, _, mean, sd, _), I_e in zip(model.POPULATIONS.values(), constant, strict=True):
        part = nest.Create("iaf_psc_exp", round(size * scale), neuron | {"I_e": I_e})
        part.V_m = nest.random.normal(mean, sd)
        parts.append(part)
    if drive == "poisson":  # after all neurons, or NEST finds those slowly
        for part, (_, sources, *_) in zip(parts, model.POPULATIONS.values(), strict=True):
            rate = model.BACKGROUND * round(sources * scale)
            noise, weight = nest.Create("poisson_generator", params={"rate": rate}), model.psc_amplitude()
            nest.Connect(noise, part, syn_spec={"weight": weight / math.sqrt(scale), "delay": 1.5})
    for row, post in enumerate(parts):
        for column, pre in enumerate(parts):
            n, weight = round(numbers[row, column] * scale * scale), weights[row, column] / math.sqrt(scale)
            name = f"static_{row}_{column}"  # a thread holds at most 134 million synapses of one model
            nest.CopyModel("static_synapse", name)
            connect(nest, pre, post, name, n, weight, model.DELAY["EI"[column % 2]])
    return parts


def connect(nest: Any, pre: Any, post: Any, name: str, n: int, weight: float, delay: float) -> None:
    """`n` synapses of the model `name`, drawn as in NEST's example: anew where the sign is wrong or the delay
    below a step."""
    if not n:
        return
    drawn = nest.random.normal(weight, abs(weight) * 0.1)
    low, high = (0.0, math.inf) if weight > 0 else (-math.inf, 0.0)
    given = {
        "synapse_model": name,
        "weight": nest.math.redraw(drawn, min=low, max=high),
        "delay": nest.math.redraw(
            nest.random.normal(delay, delay / 2), min=0.05, max=math.inf
        ),  # rounded to a step or more
    }
    nest.Connect(pre, post, {"rule": "fixed_total_number", "N": n}, given)


def deviation(rates: dict[str, float], published: dict[str, float]) -> float:
    """The largest deviation of a population's rate from the published one, in %."""
    return max(abs(rates[name] / published[name] - 1) for name in published) * 100


WORST = Column("deviation", "worst rate off by (%)", 1)
CHANCE = (
    "Rates differ from the published ones also by chance: the rarer the spikes and the shorter the run, the"
    " more."
)
COLUMNS = (RTF, RATE, WORST, BUILD, MEMORY)
THIRD = dict(scale=0.3, seconds=2.0)
BENCHMARKS = (
    Benchmark(
        "microcircuit",
        "Cortical microcircuit, full scale",
        "RTF at most 1.0, built in at most 4 s, peak memory at most 4.5 GB, rates within 5 % of the published"
        " ones",
        CHANCE,
        COLUMNS,
        (
            Run(
                "neurosim, mixed (32-bit weights)", neurosim, dict(scale=1.0, seconds=10.0, precision="mixed")
            ),
            Run("neurosim, single", neurosim, dict(scale=1.0, seconds=10.0, precision="single")),
            Run(
                "NEST, 2 threads, 0.2 s",
                nest,
                dict(scale=1.0, seconds=0.2, threads=2),
                "nest",
                on_request=True,
            ),
        ),
        smoke=dict(scale=0.01, seconds=0.02),
        agree="rate",
    ),
    Benchmark(
        "microcircuit_third",
        "Cortical microcircuit, 0.3 of the neurons and of the synapses of each",
        "none; NEST takes 16 GB and minutes at full scale, which few machines have to spare",
        CHANCE,
        COLUMNS,
        (
            Run("neurosim, mixed (32-bit weights)", neurosim, THIRD | dict(precision="mixed")),
            Run("neurosim, single", neurosim, THIRD | dict(precision="single")),
            Run("NEST, 2 threads", nest, THIRD | dict(threads=2), "nest"),
        ),
        smoke=dict(scale=0.01, seconds=0.02),
        agree="rate",
    ),
)
