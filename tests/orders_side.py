"""Networks whose schedules are lists of steps, and the same in Brian2, object by object in one order."""

from dataclasses import astuple, dataclass

import numpy as np

import neurosim as ns
from neurosim.network.program import Arriving, Do, Step
from neurosim.network.schedule import Clock
from neurosim.units import ms

GRADED, SPIKES, SENT = Arriving.GRADED, Arriving.SPIKES, Arriving.SENT


@dataclass(frozen=True)
class Listed(Clock):
    """A clock with these steps, each given as the values of its fields, so that a file can hold them."""

    rows: tuple = ()

    @classmethod
    def of_fields(cls, values):
        return cls(values["dt"], tuple(map(_step, values["rows"])))

    def steps(self, net, members):
        return self.rows

    def fields(self):
        return {"dt": self.dt, "rows": tuple(astuple(step) for step in self.rows)}

    def __str__(self):
        return "Listed()"


def _step(row):
    kind, populations, arriving, by_index, *names, every, phase = row
    return Step(
        Do(kind), tuple(populations), Arriving(arriving), by_index,
        *(None if given is None else tuple(given) for given in names), every, phase,
    )  # fmt: skip


def listed(*items, steps, dt=1 * ms):
    """A network with these steps."""
    return ns.Network(*items, schedule=Listed(dt, tuple(steps)))


# The objects of which a copy of the network consists; each is a step, or two that stay together.
OBJECTS = (
    "move_a", "move_b", "equations", "sum", "fire_a", "fire_b", "plain", "late", "text", "post", "reset_a",
    "reset_b", "see_v", "see_x", "see_w", "see_s",
)  # fmt: skip
NEEDS = (("fire_a", "reset_a"), ("fire_b", "reset_b"), ("fire_b", "post"))
TEXT = {
    "a": "dv/dt = (drive + S/5 - v)/tau : 1 (unless refractory)\nS : 1\ndrive : 1",
    "b": "dv/dt = (1.2*drive + x - v)/tau : 1 (unless refractory)\ndx/dt = -x/(3*ms) : 1\ndrive : 1",
    "model": "w : 1\ndq/dt = (v_post - q)/(4*ms) : 1 (clock-driven)",
    "on_pre": "x_post += w*q\nw *= 0.99",
    "on_post": "w += 0.05*v_pre",
    "summed": "S_post = 0.3*v_pre + x_pre : 1 (summed)",
}
SIZE, START = 6, np.linspace(0, 0.9, 6)
DRIVE = {"a": np.linspace(1.5, 3.5, 6), "b": np.linspace(0.9, 2.3, 6)}
PRE, POST = np.nonzero(np.random.default_rng(3).random((6, 6)) < 0.5)


def random_order(seed):
    """The objects in a random order in which no reset and no on_post stands before its threshold."""
    random = np.random.default_rng(seed)
    while True:
        order = [OBJECTS[k] for k in random.permutation(len(OBJECTS))]
        if all(order.index(first) < order.index(then) for first, then in NEEDS):
            return order


def delays(order, plain=0, late=1, text=3):
    """The delays of the three objects of synapses in ticks.

    Brian2 puts spikes into queues when the synapses have their turn: if that is before the threshold of the
    sender, they arrive a tick later.
    """
    return {
        name: delay + (order.index(name) < order.index("fire_a"))
        for name, delay in (("plain", plain), ("late", late), ("text", text))
    }


def copy_of(number, order):
    """The populations and synapses of one copy of the network, and its steps."""
    a, b = (
        ns.Neurons(
            f"{name}{number}", SIZE, equations=TEXT[name], threshold="v > 1", reset="v = 0", method="euler",
            refractory=2 * ms, v=START, tau=10 * ms, drive=DRIVE[name],
        )
        for name in ("a", "b")
    )  # fmt: skip
    pairs, ticks = ns.pairs(PRE, POST), delays(order)
    synapses = [
        ns.Synapses(a, b, to="v", wiring=pairs, weight=0.1, delay=ticks["plain"] * ms, name=f"plain{number}"),
        ns.Synapses(a, b, to="x", wiring=pairs, weight=0.2, delay=ticks["late"] * ms, name=f"late{number}"),
        ns.Synapses(
            a, b, wiring=pairs, weight=0.5, delay=ticks["text"] * ms, name=f"text{number}",
            model=TEXT["model"], on_pre=TEXT["on_pre"], on_post=TEXT["on_post"], q=0.3, method="euler",
        ),
        ns.Synapses(b, a, wiring=ns.pairs(POST, PRE), model=TEXT["summed"], name=f"sum{number}"),
    ]  # fmt: skip
    steps = {
        "move_a": [Step(Do.INTEGRATE, (a.name,), pathways=())],
        "move_b": [Step(Do.INTEGRATE, (b.name,), pathways=())],
        "equations": [Step(Do.INTEGRATE, pathways=(f"text{number}",))],
        "sum": [Step(Do.SUM, pathways=(f"sum{number}",))],
        "fire_a": [Step(Do.THRESHOLD, (a.name,)), Step(Do.SEND, (a.name,))],
        "fire_b": [Step(Do.THRESHOLD, (b.name,)), Step(Do.SEND, (b.name,))],
        "plain": [Step(Do.DELIVER, pathways=(f"plain{number}",))],
        "late": [Step(Do.DELIVER, pathways=(f"late{number}",))],
        "text": [Step(Do.DELIVER, pathways=(f"text{number}",))],
        "post": [Step(Do.DELIVER, arriving=SENT, pathways=(f"text{number}",))],
        "reset_a": [Step(Do.RESET, (a.name,))],
        "reset_b": [Step(Do.RESET, (b.name,))],
        "see_v": [Step(Do.RECORD, probes=(f"a{number}.v", f"b{number}.v"))],
        "see_x": [Step(Do.RECORD, probes=(f"b{number}.x",))],
        "see_w": [Step(Do.RECORD, probes=(f"text{number}.w", f"text{number}.q"))],
        "see_s": [Step(Do.RECORD, probes=(f"a{number}.S",))],
    }
    return [a, b, *synapses], [step for name in order for step in steps[name]]


def records(number):
    """What is recorded of one copy."""
    return [
        f"{owner}{number}{variable}"
        for owner, variable in (
            ("a", ".v"), ("b", ".v"), ("b", ".x"), ("text", ".w"), ("text", ".q"), ("a", ".S"), ("a", ""),
            ("b", ""),
        )
    ]  # fmt: skip


def copies(orders):
    """A network of one copy for each order, whose steps are mixed, and what to record of it."""
    parts = [copy_of(number, order) for number, order in enumerate(orders)]
    queues = [list(steps) for _, steps in parts]
    mixed, random = [], np.random.default_rng(1)
    while any(queues):
        queue = queues[random.choice([n for n, queue in enumerate(queues) if queue])]
        mixed.append(queue.pop(0))
    everybody = tuple(item.name for items, _ in parts for item in items[:2])
    net = listed(*(item for items, _ in parts for item in items), steps=[*mixed, Step(Do.RECORD, everybody)])
    return net, [name for number in range(len(orders)) for name in records(number)]


def in_brian2(order, ticks):
    """What Brian2's numpy target records of one copy whose objects run in this order."""
    import brian2 as b2

    b2.prefs.codegen.target = "numpy"
    b2.start_scope()
    b2.defaultclock.dt = 1 * b2.ms
    space = {"tau": 10 * b2.ms, "ms": b2.ms}
    a, b = (
        b2.NeuronGroup(
            SIZE, TEXT[name], threshold="v > 1", reset="v = 0", refractory=2 * b2.ms, method="euler",
            namespace=space, name=f"{name}_cells",
        )
        for name in ("a", "b")
    )  # fmt: skip
    for group, name in ((a, "a"), (b, "b")):
        group.v, group.drive = START, DRIVE[name]
    plain = b2.Synapses(a, b, on_pre="v_post += 0.1", name="plain")
    late = b2.Synapses(a, b, on_pre="x_post += 0.2", name="late")
    text = b2.Synapses(
        a, b, TEXT["model"], on_pre=TEXT["on_pre"],
        on_post=TEXT["on_post"], method="euler", name="text", namespace=space,
    )  # fmt: skip
    summed = b2.Synapses(b, a, TEXT["summed"], name="sum")
    for synapses, delay in ((plain, 0), (late, 1), (text, 3)):
        synapses.connect(i=PRE, j=POST)
        synapses.pre.delay = delay * b2.ms
    text.w, text.q = 0.5, 0.3
    summed.connect(i=POST, j=PRE)
    see = {
        name: b2.StateMonitor(owner, variables, record=True, name=name)
        for name, owner, variables in (
            ("va", a, ["v"]), ("vb", b, ["v"]), ("x", b, ["x"]), ("w", text, ["w", "q"]), ("s", a, ["S"])
        )
    }  # fmt: skip
    spikes = b2.SpikeMonitor(a, name="spikes_a"), b2.SpikeMonitor(b, name="spikes_b")
    objects = {
        "move_a": [a.state_updater], "move_b": [b.state_updater], "equations": [text.state_updater],
        "sum": [summed.summed_updaters["S_post"]], "fire_a": [a.thresholder["spike"]],
        "fire_b": [b.thresholder["spike"]], "plain": [plain.pre], "late": [late.pre], "text": [text.pre],
        "post": [text.post], "reset_a": [a.resetter["spike"]], "reset_b": [b.resetter["spike"]],
        "see_v": [see["va"], see["vb"]], "see_x": [see["x"]], "see_w": [see["w"]], "see_s": [see["s"]],
    }  # fmt: skip
    for place, name in enumerate(order):
        for item in objects[name]:
            item.when, item.order = "groups", place
    for monitor in spikes:
        monitor.when = "end"
    b2.Network(a, b, plain, late, text, summed, *see.values(), *spikes).run(ticks * b2.ms)
    values = {"a.v": see["va"].v, "b.v": see["vb"].v, "b.x": see["x"].x, "text.w": see["w"].w}
    values |= {"text.q": see["w"].q, "a.S": see["s"].S}
    return {name: value.T for name, value in values.items()}, [np.asarray(m.count) for m in spikes]


def counter(**more):
    return ns.Neurons("counter", 2, equations="dv/dt = 1/second : 1\nn : 1", update="n += dt/ms", **more)


def moving(every=1, phase=0):
    """The steps of `counter`, which record n before it moves and v after that."""
    return [
        Step(Do.RECORD, probes=("counter.n",)),
        Step(Do.INTEGRATE, ("counter",), every=every, phase=phase),
        Step(Do.RECORD, ("counter",)),
    ]


def skipping(every=3, phase=1):
    return listed(counter(), steps=moving(every, phase))
