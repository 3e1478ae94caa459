"""Every schedule, wiring and law of weights: run on three engines or refused with a reason, saved, loaded,
printed and drawn.

A kind that is not named here fails by its name, and so does one that forgets a part. The second half adds
kinds as a user would.
"""

from dataclasses import dataclass
from inspect import isabstract

import matplotlib.pyplot as pyplot
import numpy as np
import pytest

import neurosim as ns
from neurosim.network.kinds import Kind
from neurosim.network.program import Do, Step
from neurosim.network.schedule import Schedule
from neurosim.network.weights import Distribution
from neurosim.network.wiring import Pairs, Wiring
from neurosim.units import ms

SIZE = 6


def graded(wiring=None, weight=None, *, pre=SIZE, post=SIZE, itself=False, schedule=None):
    """Two populations, or one, of which each sends a value."""
    a = ns.Neurons("a", pre, update="v = 0.9*v + 0.1 + 0.05*i")
    b = a if itself else ns.Neurons("b", post, update="v = tanh(I)", ports="I")
    if itself:
        a = b = ns.Neurons("b", pre, update="v = tanh(I) + 0.1*i", ports="I")
    given = {"wiring": wiring, "weight": weight}
    link = ns.Synapses(
        a, b, delay=1, name="link", **{name: value for name, value in given.items() if value is not None}
    )
    return (
        ns.Network(a, b, link, schedule=schedule or ns.Synchronous())
        if a is not b
        else ns.Network(b, link, schedule=schedule or ns.Synchronous())
    )


def background():
    """Private sources for each target."""
    noise = ns.Neurons("noise", 1, threshold="rand() < 0.3")
    b = ns.Neurons("b", SIZE, equations="dv/dt = (I - v)/(5*ms) : 1", ports="I")
    return ns.Network(
        noise,
        b,
        ns.Synapses(noise, b, wiring=ns.private(5), weight=0.5, name="link"),
        schedule=ns.Clock(1 * ms),
    )


def timed():
    a = ns.Neurons("a", 3, equations="dv/dt = (1 - v)/(5*ms) : 1")
    b = ns.Neurons("b", 3, equations="dv/dt = (I - v)/(5*ms) : 1", ports="I")
    return ns.Network(a, b, ns.Synapses(a, b, delay=1 * ms, name="link"), schedule=ns.Clock(1 * ms))


def calling(**constants):
    """A population whose text calls constants."""
    a = ns.Neurons("a", SIZE, update="v = 0.9*v + 0.1 + 0.05*i")
    b = ns.Neurons("b", SIZE, update=f"v = {next(iter(constants))}(I)", **constants)
    link = ns.Synapses(a, b, wiring=ns.one_to_one(), delay=1, name="link")
    return ns.Network(link, schedule=ns.Synchronous())


SQUARED = ns.function(lambda x: x * x, cpp="return x*x;", name="squared")
PATTERNS = np.where(np.random.default_rng(0).random((2, SIZE)) < 0.5, -1, 1)
NETWORKS = {
    "Clock": timed,
    "Synchronous": graded,
    "Layered": lambda: graded(schedule=ns.Layered()),
    "Asynchronous": lambda: graded(schedule=ns.Asynchronous()),
    "Alternating": lambda: graded(schedule=ns.Alternating(["a"], ["b"])),
    "all_to_all": lambda: graded(ns.all_to_all(to_self=False), itself=True),
    "one_to_one": lambda: graded(ns.one_to_one()),
    "probability": lambda: graded(ns.probability(0.5)),
    "indegree": lambda: graded(ns.indegree(2)),
    "outdegree": lambda: graded(ns.outdegree(2)),
    "total": lambda: graded(ns.total(9)),
    "small_world": lambda: graded(ns.small_world(2, rewire=0.5), itself=True),
    "nearby": lambda: graded(ns.nearby(1.5)),
    "pairs": lambda: graded(ns.pairs([0, 1, 5], [2, 2, 0])),
    "private": background,
    "conv": lambda: graded(ns.conv(3), ns.normal(0, 1), pre=(4, 4), post=(2, 2)),
    "pool": lambda: graded(ns.pool((2, 2)), 0.25, pre=(4, 4), post=(2, 2)),
    "transposed_conv": lambda: graded(ns.transposed_conv(3), ns.normal(0, 1), pre=(2, 2), post=(4, 4)),
    "unpool": lambda: graded(ns.unpool((2, 2)), 0.25, pre=(2, 2), post=(4, 4)),
    "interpolate": lambda: graded(ns.interpolate(), 0.5, pre=(2, 2), post=(3, 4)),
    "einsum": lambda: graded(ns.einsum("t i, i o -> t o"), ns.normal(0, 1), pre=(2, 3), post=(2, 4)),
    "normal": lambda: graded(weight=ns.normal(0, 1, low=-1)),
    "bounded_normal": lambda: graded(weight=ns.bounded_normal(1, 0.5, low=0)),
    "uniform": lambda: graded(weight=ns.uniform(-1, 1)),
    "gamma": lambda: graded(weight=ns.gamma(1, 0.5)),
    "glorot": lambda: graded(weight=ns.glorot()),
    "spectral_radius": lambda: graded(weight=ns.spectral_radius(0.9), itself=True),
    "orthogonal": lambda: graded(weight=ns.orthogonal(), itself=True),
    "dale": lambda: graded(weight=ns.dale(0.5, -1.0)),
    "hebbian": lambda: graded(weight=ns.hebbian(PATTERNS), itself=True),
    "sampled": lambda: calling(s=ns.sampled([0.5, 1, 2], 1)),
    "function": lambda: calling(f=SQUARED),
}


def test_every_kind_is_tested():
    own = {
        name
        for name, kind in Kind.known.items()
        if kind.__module__.startswith("neurosim.") and not isabstract(kind)
    }
    assert own - {"Wiring", "Windowed", "_Spread"} == NETWORKS.keys()


def values(net, engine, **options):
    """What every population sent in six ticks."""
    recording = ns.run(net, ticks=6, record=["b"], engine=engine, seed=3, **options)
    return np.asarray(recording["b"])


def check_everywhere(net, folder, refusing=()):
    """Run, save, load, print and draw a network; `refusing` are the engines that say why they do not take
    it."""
    wanted = values(net, "reference")
    assert np.isfinite(wanted).all() and wanted.any()
    for engine in ("events", "arrays"):
        if engine in refusing:
            with pytest.raises(ns.PlanError, match=r"cannot run this network: .*\. Use engine='reference'"):
                values(net, engine)
        else:
            np.testing.assert_allclose(values(net, engine), wanted, rtol=1e-9, atol=1e-12, err_msg=engine)
    assert ns.Network.from_dict(net.to_dict()) == net
    ns.save(net, folder / "net.h5", seed=3)
    np.testing.assert_allclose(values(ns.load(folder / "net.h5"), "reference"), wanted, rtol=1e-12)
    with ns.run(net, ticks=6, record=["b"], to=folder / "run.h5", engine="reference", seed=3) as recording:
        assert recording.network == net
        assert ns.replay(recording)
    assert str(net.schedule) in str(net)
    axes = ns.figures.diagram(net)
    assert axes.texts
    pyplot.close(axes.figure)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_kind_runs_is_saved_printed_and_drawn(name, tmp_path):
    pytest.importorskip("jax")
    refusing = {"Asynchronous": ("arrays",), "einsum": ("events",)}.get(name, ())
    check_everywhere(NETWORKS[name](), tmp_path, refusing)


# Kinds that a user adds: one class each.


@dataclass(frozen=True)
class spaced(Wiring):
    """A wiring that connects every neuron to its right neighbour."""

    steps: int = 1

    def pairs(self, pre, post, random):
        return Pairs(np.arange(pre.size), (np.arange(pre.size) + self.steps) % post.size)


@dataclass(frozen=True)
class loguniform(Distribution):
    """A distribution of weights, exp(N(mean, sd))."""

    mean: float
    sd: float
    alone = True

    def draw(self, of):
        return np.exp(self.mean + self.sd * of.random.normal("lognormal", of.sender, of.position))


@dataclass(frozen=True)
class InOrder(Schedule):
    """A schedule that updates populations one after the other, in the order of `names`."""

    names: tuple
    newest = True

    def steps(self, net, members):
        moves = (step for name in self.names for step in members.move_together([name]))
        return Step(Do.DRIVE, members.driven), *moves, Step(Do.RECORD, members.everybody)


def test_a_wiring_of_ones_own_is_one_class(tmp_path):
    pytest.importorskip("jax")
    net = graded(spaced(2), ns.normal(1, 0.1))
    check_everywhere(net, tmp_path)
    assert ns.load(tmp_path / "run.h5")["link"].wiring == spaced(2)


def test_a_law_of_weights_of_ones_own_is_one_class(tmp_path):
    pytest.importorskip("jax")
    check_everywhere(graded(weight=loguniform(0.0, 0.5)), tmp_path)
    spikes = ns.Neurons("a", 40, threshold="rand() < 0.5")
    b = ns.Neurons("b", 30, update="v = I", ports="I")
    drawn = ns.Synapses(
        spikes, b, weight=loguniform(0.0, 0.5), delay=1, wiring=ns.probability(0.5), name="link"
    )
    net = ns.Network(spikes, b, drawn, schedule=ns.Synchronous())
    np.testing.assert_allclose(values(net, "events"), values(net, "reference"), rtol=1e-9)


def test_a_schedule_of_ones_own_is_one_class(tmp_path):
    pytest.importorskip("jax")
    net = graded(schedule=InOrder(("b", "a")))
    check_everywhere(net, tmp_path)
    same = graded(schedule=ns.Alternating(["b"], ["a"]))
    for engine in ("reference", "events", "arrays"):
        assert np.array_equal(values(net, engine), values(same, engine))
    assert [f"{step.kind} {step.populations[0]}" for step in net.program] == [
        "deliver b", "update b", "send b", "deliver a", "update a", "send a", "record a",
    ]  # fmt: skip


def test_a_schedule_of_ones_own_refuses_delays_that_it_cannot_keep():
    a, b = ns.Neurons("a", 2, threshold="rand() < 0.5"), ns.Neurons("b", 2, update="v = I", ports="I")
    with pytest.raises(
        ns.DescriptionError, match=r"a -> b: delay 0 arrives before it is sent under InOrder.*Use delay=1"
    ):
        ns.Network(a, b, ns.Synapses(a, b, delay=0), schedule=InOrder(("b", "a")))
    assert ns.Network(a, b, ns.Synapses(a, b, delay=0), schedule=InOrder(("a", "b")))


def test_a_loss_of_ones_own_is_one_entry():
    jax = pytest.importorskip("jax")
    from neurosim.learn import Loss

    huber = Loss(
        "huber",
        lambda jax, sent, target: jax.numpy.where(
            abs(sent - target) < 1, (sent - target) ** 2 / 2, abs(sent - target) - 0.5
        ),
    )
    x, y = ns.Neurons("x", 2), ns.Neurons("y", 1, update="v = I", ports="I")
    net = ns.Network(
        ns.Synapses(x, y, weight=np.zeros((1, 2)), learns=True, name="link"), schedule=ns.Layered()
    )
    inputs = np.random.default_rng(0).normal(size=(40, 1, 2))
    targets = inputs @ np.array([[2.0], [-1.0]])
    value, _ = ns.learn.gradient(net, {"x": inputs}, {"y": targets}, loss=huber)
    apart = np.abs(targets)
    assert value == pytest.approx(np.where(apart < 1, apart**2 / 2, apart - 0.5).mean(), rel=1e-5)
    trained, _ = ns.train(net, {"x": inputs}, {"y": targets}, loss=huber, epochs=60, rate=0.1)
    np.testing.assert_allclose(trained["link"].weight.number, [[2.0, -1.0]], atol=0.1)
    assert jax


@pytest.mark.parametrize("engine", ["reference", "events"])
def test_a_kind_that_draws_otherwise_than_its_parent_is_drawn_by_its_own_law(engine):
    @dataclass(frozen=True)
    class to_the_first(ns.outdegree):
        def pairs(self, pre, post, random):
            return Pairs(np.arange(pre.size), np.zeros(pre.size, int))

    @dataclass(frozen=True)
    class twice(ns.normal):
        def draw(self, of):
            return np.full(of.sender.size, 2.0)

    spikes = ns.Neurons("a", 5, threshold="rand() < 2")
    b = ns.Neurons("b", 3, update="v = I", ports="I")
    link = ns.Synapses(spikes, b, wiring=to_the_first(1), weight=twice(0.0, 1.0), delay=1)
    assert values(ns.Network(spikes, b, link, schedule=ns.Synchronous()), engine)[-1].tolist() == [
        10.0,
        0.0,
        0.0,
    ]


# What is refused.


def test_two_kinds_of_one_name_are_refused():
    with pytest.raises(
        ns.DescriptionError, match=r"class .*spaced.*there is a spaced already.*Give it another name"
    ):

        @dataclass(frozen=True)
        class spaced(Wiring):
            pass


def test_a_schedule_without_steps_cannot_be_made():
    class Idle(Schedule):
        pass

    with pytest.raises(TypeError, match="steps"):
        Idle()


@pytest.mark.parametrize(
    ("steps", "rule"),
    [
        (lambda who: ["deliver"], r"hold 'deliver', which is no Step\. Give steps such as"),
        (lambda who: [Step(Do.RECORD, who.everybody)], r"move 'b' 0 times in a tick\. Let them do so once"),
        (lambda who: [Step(Do.UPDATE, who.movers)], r"record 'b' 0 times"),
        (
            lambda who: [
                *who.move_together(who.movers),
                *who.move_together(who.movers),
                Step(Do.RECORD, who.everybody),
            ],
            r"move 'b' 2 times",
        ),
    ],
)
def test_steps_that_make_no_tick_are_refused(steps, rule):
    class Odd(Schedule):
        def steps(self, net, members):
            return steps(members)

        def __str__(self):
            return "Odd()"

    with pytest.raises(ns.DescriptionError, match=rf"Odd\(\): its steps {rule}"):
        ns.Network(ns.Neurons("b", 2, update="v = 1"), schedule=Odd())


def test_a_kind_that_is_no_dataclass_runs_and_is_not_saved(tmp_path):
    class Bare(Wiring):
        def pairs(self, pre, post, random):
            return Pairs(np.arange(pre.size), np.arange(post.size))

    net = graded(Bare())
    assert np.array_equal(values(net, "reference"), values(graded(ns.one_to_one()), "reference"))
    with pytest.raises(
        ns.DescriptionError, match=r"Bare: is not a dataclass.*Write @dataclass\(frozen=True\)"
    ):
        net.to_dict()


def test_a_field_that_no_file_can_hold_is_named():
    @dataclass(frozen=True)
    class listed(Wiring):
        targets: object = None

        def pairs(self, pre, post, random):
            return Pairs(np.arange(pre.size), np.array([self.targets[n] for n in range(pre.size)]))

    net = graded(listed(dict.fromkeys(range(SIZE), 0)))
    assert values(net, "reference").any()
    with pytest.raises(
        ns.DescriptionError,
        match=r"of the type dict, which no file and no copy can describe\. Give a kind's fields",
    ):
        net.to_dict()


def test_a_file_with_a_kind_that_nobody_defined_says_which():
    data = graded(ns.one_to_one()).to_dict()
    data["synapses"][0]["wiring"]["kind"] = "spiral"
    with pytest.raises(
        ns.RecordingError, match="'spiral', which is not defined here. Import the module that defines it"
    ):
        ns.Network.from_dict(data)


@dataclass(frozen=True)
class late_clock(ns.Clock):
    """A clock that records at the end of the tick."""

    def steps(self, net, members):
        first, *rest = super().steps(net, members)
        return *rest, first


@pytest.mark.parametrize("engine", ["reference", "events"])
def test_a_schedule_that_changes_its_parents_steps_keeps_none_of_its_short_cuts(engine):
    """What spikes change in a variable is recorded in the tick in which they arrive, one tick before a
    `Clock` would record it."""
    e = ns.Neurons("a", 3, threshold="rand() < 0.5")
    b = ns.Neurons(
        "b", 3, equations="dv/dt = -v/(5*ms) : 1\ndu/dt = (I - u)/(5*ms) : 1", ports="I", sends="u"
    )
    links = [ns.Synapses(e, b, to=to, weight=0.5, delay=1 * ms, name=f"to_{to}") for to in ("v", "I")]
    made = [ns.Network(e, b, *links, schedule=kind(1 * ms)) for kind in (ns.Clock, late_clock)]
    asked = {"ticks": 30, "record": ["b.v", "b.u"], "engine": engine, "seed": 3}
    plain, late = (ns.run(net, **asked) for net in made)
    for name in ("b.v", "b.u"):
        np.testing.assert_allclose(np.asarray(late[name])[:-1], np.asarray(plain[name])[1:], rtol=1e-12)
    assert np.asarray(plain["b.v"]).any()
