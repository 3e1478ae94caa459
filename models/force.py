"""FORCE learning: an echo state network whose readout learns while it runs, with its own output as feedback.

Source: Sussillo & Abbott 2009, Neuron 63, 544, doi:10.1016/j.neuron.2009.07.018; recursive least squares:
Haykin 2002, Adaptive Filter Theory.
"""

from typing import Any

import numpy as np

import neurosim as ns
from neurosim.models.echo_state import echo_state
from neurosim.network.rebuild import rebuilt


def force(net: ns.Network, *, alpha: float = 1.0, forgetting: float = 1.0) -> ns.Network:
    """An echo state network whose readout learns by recursive least squares while it runs.

    Every tick: u = P v, k = u/(forgetting + v.u), then P = (P - k u')/forgetting and W_out = W_out - e k',
    where v is the state of the pool and e = out - teacher is the error before the update. At first P =
    1/alpha.

    The population `gain` computes u by the synapses `P`, `power` computes v.u, and `step` computes k, which
    the pool receives a tick later. Both changes are therefore made at the next arrival, just before it, by
    text of the synapses. `teacher`
    is driven and gives the desired output.

    Arguments:
        net: an echo state network with the populations `pool` and `out`, as `echo_state` makes it with
            n_outputs > 0.
        alpha: the learning starts at P = 1/alpha: the smaller it is, the faster the first changes.
        forgetting: the factor by which past errors count less in each tick; 1: they all count the same.

    >>> sorted(force(echo_state(1, 30, 1)).populations)
    ['drive', 'gain', 'out', 'pool', 'power', 'step', 'teacher']
    """
    pool, out, readout = net["pool"], net["out"], net["pool_to_out"]
    n = pool.size
    # `pool` and `out` keep k and e, from which the synapses compute their change in the next tick.
    net = rebuilt(
        net,
        {
            "pool": {
                "update": f"{pool.update}\nk = K",
                "ports": (*pool.ports, ("K", "sum")),
                "sends": pool.sends,
            },
            "out": {
                "update": f"{out.update}\ne = {out.sends} - T",
                "ports": (*out.ports, ("T", "sum")),
                "sends": out.sends,
            },
            "pool_to_out": {
                "weight": readout.weight,
                "on_pre": f"w -= e_post*k_pre\nI_post += w*{pool.sends}_pre",
                "learns": False,
            },
        },
    )
    pool, out = net["pool"], net["out"]
    teacher = ns.Neurons("teacher", out.size)
    gain = ns.Neurons("gain", n, update="u = I\nx = X", ports="I X", sends="u")
    power = ns.Neurons("power", 1, update="s = I")
    step = ns.Neurons("step", n, update="k = U/(forgetting + S)", ports="U S", forgetting=forgetting)
    learning = [
        ns.Synapses(teacher, out, to="T", wiring=ns.one_to_one()),
        # The first arrival divides P by `forgetting` before anything was learned; the start value undoes it.
        ns.Synapses(
            pool, gain, weight=np.eye(n) * (forgetting / alpha), name="P", forgetting=forgetting,
            on_pre=f"w = (w - u_post*k_pre)/forgetting\nI_post += w*{pool.sends}_pre",
        ),
        ns.Synapses(pool, gain, to="X", wiring=ns.one_to_one(), name="copy"),
        ns.Synapses(gain, power, on_pre="I_post += u_pre*x_pre"),
        ns.Synapses(gain, step, to="U", wiring=ns.one_to_one()),
        ns.Synapses(power, step, to="S"),
        ns.Synapses(step, pool, to="K", wiring=ns.one_to_one(), delay=1),
    ]  # fmt: skip
    return ns.Network(*net.synapses.values(), *learning, schedule=net.schedule)


def example() -> dict[str, Any]:
    """A pool of 30 units is taught a sine for 150 ticks."""
    teacher = np.sin(np.arange(150) / 5)[:, None]
    net = force(echo_state(1, 30, 1, radius=1.2, leak=0.3, density=0.3, bias_scale=0.3, feedback_scale=1.0))
    return {
        "net": net,
        "inputs": {"drive": np.zeros((150, 1)), "teacher": teacher},
        "record": ["pool", "out", "out.e"],
        "seed": 1,
    }
