"""What cannot be learned, measured or read out is refused, by an error that names it and the remedy."""

import sys

import numpy as np
import pytest
from nonsense import CLOCK, LAYERED, SYNC, heard, liquid, noise, synapses

import neurosim as ns
from neurosim import DescriptionError, EngineError, RecordingError, learn, readout, tasks
from neurosim.models.echo_state import echo_state
from neurosim.models.microcircuit import microcircuit
from neurosim.models.modern_hopfield import modern_hopfield

jax = pytest.importorskip("jax", reason="training needs jax: pip install '.[train]'")
D, E, R = DescriptionError, EngineError, RecordingError
source, out = ns.Neurons("inputs", 2), ns.Neurons("out", 3, update="y = I + b", b=np.zeros(3), learns="b")
net = ns.Network(ns.Synapses(source, out, learns=True), schedule=LAYERED)
X, Y = {"inputs": np.ones((4, 1, 2))}, {"out": np.zeros((4, 3))}
SERIES = np.sin(np.arange(40.0))[:, None]
talking = echo_state(1, 6, 1, density=0.5, feedback_scale=1.0)
pool = echo_state(1, 6, density=0.5)


def train(net=net, inputs=X, targets=Y, **given):
    return ns.train(
        net, inputs, targets, **({"loss": "squared_error", "epochs": 1, "progress": False} | given)
    )


def messages_that_learn():
    sent = ns.Neurons("sent", (3, 2), update="y = I")
    return ns.Network(
        ns.Synapses(source, out, weight=sent, learns=True),
        ns.Synapses(source, sent, to="I"),
        schedule=LAYERED,
    )


def half_recorded():
    return ns.run(pool, {"drive": SERIES}, record={"pool": 7})


TRAINING = {
    "no loss": (
        lambda: train(loss=[]),
        D,
        "train: loss is an empty list. Give a name such as 'squared_error'",
    ),
    "loss of numbers": (
        lambda: train(loss=3),
        D,
        "train: loss 3 is neither a name nor a dict. Give one such as",
    ),
    "targets of text": (
        lambda: train(targets={"out": np.full((4, 3), "a")}),
        D,
        "train: target 'out': holds <U1, not numbers. Give numbers",
    ),
    "network": (lambda: train(net=out), D, "train: net .*'out'.* is not a Network. Give Network"),
    "targets": (
        lambda: train(targets=np.zeros((4, 3))),
        D,
        "train: targets .* is not a dict. Give {population: array}",
    ),
    "target without a loss": (
        lambda: train(targets=Y | {"inputs": np.zeros((4, 2))}, loss={"out": "squared_error"}),
        D,
        "train: target 'inputs' has no loss. Give loss=",
    ),
    "objectives": (
        lambda: train(loss=[{"out": "squared_error"}] * 2, learns=[["out.b"]]),
        D,
        "train: 2 objectives, but learns has 1 lists. Give one list",
    ),
    "nothing to learn from": (
        lambda: ns.train(ns.Network(out, schedule=LAYERED), loss="out", ticks=0),
        D,
        "train: there are 1 trials of 0 ticks: nothing to learn from. Give at least one",
    ),
    "all held out": (
        lambda: train(validation=0.95),
        D,
        "train: validation 0.95 of 4 trials leaves none to learn from. Give more trials",
    ),
    "what is not marked": (
        lambda: train(learns=["inputs"]),
        D,
        "train: learns: 'inputs' is not marked to learn. Mark it with learns=True",
    ),
    "weights that are messages": (
        lambda: train(net=messages_that_learn()),
        D,
        "inputs -> out: learns=True, but its weight is what 'sent' sends. Let that learn instead",
    ),
}
LEARNING = {
    "force": (
        lambda: learn.force_learning(
            talking, np.full(40, 1e200), alpha=1e-300, inputs={"drive": SERIES}, progress=False
        ),
        D,
        "force_learning: the weights diverged with alpha 1e-300 and forgetting 1. Give a larger alpha",
    ),
    "gains of trials": (
        lambda: learn.intrinsic_plasticity(
            echo_state(1, 6, density=0.5), {"drive": np.ones((2, 5, 1))}, progress=False
        ),
        D,
        "intrinsic_plasticity: the inputs have several trials. Give one, end to end",
    ),
    "gains": (
        lambda: learn.intrinsic_plasticity(
            echo_state(1, 6, density=0.5), {"drive": SERIES}, rate=1e3, progress=False
        ),
        D,
        "intrinsic_plasticity: the gains diverged at rate 1000. Give a smaller one",
    ),
    "least squares": (
        lambda: learn.RecursiveLeastSquares(alpha=1e-300).fit(np.full((9, 1), 1e200), np.ones(9)),
        D,
        "RecursiveLeastSquares.*: the weights diverged with alpha 1e-300.*Scale X, or give a larger alpha",
    ),
    "hidden states": (
        lambda: learn.RestrictedBoltzmann(2).fit(np.eye(3)).draw_visible(np.zeros((3, 5))),
        D,
        r"RestrictedBoltzmann.draw_visible: H has shape \(3, 5\). Give \(sample, 2\)",
    ),
    "no labels": (
        lambda: learn.SequenceClassifier().fit([SERIES, SERIES], None),
        ValueError,
        "requires y to be passed.*Give a label for every sequence",
    ),
    "sequence of one tick": (
        lambda: learn.SequenceClassifier(20, features="model", random_state=0).fit(
            [SERIES, SERIES[:1]], [0, 1]
        ),
        ValueError,
        "a sequence of 1 tick has no next state. Leave it out",
    ),
    "series of four axes": (
        lambda: learn.EchoStateRegressor(10, feedback_scale=1.0).fit(None, np.zeros((1, 1, 1, 1))),
        ValueError,
        r"EchoStateRegressor: y of shape \(1, 1, 1, 1\) is not \(step,\), \(step, output\) or \(sequence, "
        r"step, output\). Give that",
    ),
    "microcircuit": (
        lambda: microcircuit(2.0),
        ValueError,
        "microcircuit: scale 2.0 and in_degree_scale 2.0 must lie above 0 and not above 1",
    ),
    "binary patterns": (
        lambda: modern_hopfield(np.full((2, 3), 0.5), units="binary"),
        ValueError,
        "modern_hopfield: binary units take patterns of -1 and 1. Give such",
    ),
}
READING = {
    "encoding": (
        lambda: readout.poisson(np.ones((3, 4)), 5),
        D,
        r"poisson: values of shape \(3, 4\) are not \(trial, step, neuron\). Give three axes",
    ),
    "output of synapses": (
        lambda: readout.NetworkTransformer(
            ns.Network(
                synapses(
                    ns.Neurons("inputs", 2), liquid, on_pre="I_post += w", model="x : 1", delay=0, name="s"
                ),
                schedule=SYNC,
            ),
            output="s.x",
        ).fit(np.ones((3, 2))),
        D,
        "NetworkTransformer: output 's.x' is of synapses. Name a population",
    ),
    "span between samples": (
        lambda: readout.features(half_recorded(), "pool", "last", start=1, stop=3),
        D,
        "no tick from 1 to 3 was recorded. Choose",
    ),
    "bins between samples": (
        lambda: readout.features(half_recorded(), "pool", "mean", bins=20),
        D,
        "no tick from .* was recorded .every 7 ticks.. Use fewer",
    ),
    "span of a pair": (
        lambda: readout.features(half_recorded(), "pool", "last", start=[1, 2]),
        D,
        "is not a number of ticks. Give one number",
    ),
    "moments of none": (
        lambda: readout.features(
            ns.run(ns.Network(noise, schedule=CLOCK), ticks=9, record=["noise"]),
            "noise",
            "trace",
            tau=2 * ns.units.ms,
            at=[],
        ),
        D,
        "at names no tick. Give one or several",
    ),
    "parameters of no function": (
        lambda: readout.NetworkTransformer(heard).set_params(network__n=3),
        D,
        r"NetworkTransformer: \['n'\] would be parameters of a function, but network is .*Give a function",
    ),
    "nothing to measure": (
        lambda: readout.memory_capacity(ns.Network(ns.Neurons("drive", 1), schedule=SYNC)),
        D,
        "memory_capacity: the network has no population with text. Give one",
    ),
    "no delays": (
        lambda: readout.memory_capacity(pool, delays=[]),
        D,
        "memory_capacity: delays are empty. Give at least one",
    ),
    "few ticks": (
        lambda: readout.jacobian(pool, ticks=1),
        D,
        "jacobian: 1 ticks are too few for delays of 1. Run longer",
    ),
    "start of trials": (
        lambda: readout.jacobian(pool, ticks=9, start=ns.run(pool, {"drive": np.zeros((2, 3, 1))})),
        D,
        "jacobian: the start has several trials. Give one",
    ),
    "text in synapses": (
        lambda: readout.jacobian(
            ns.Network(synapses(liquid, liquid, on_pre="I_post += w*v_pre"), schedule=SYNC), ticks=9
        ),
        D,
        "jacobian: .*liquid have text, so that they change while running. Save",
    ),
    "tolerance": (
        lambda: ns.replay(half_recorded(), tolerance=-1),
        D,
        "replay: tolerance -1 is not a number of 0 or more. Give one such as 1e-9",
    ),
}
CASES = TRAINING | LEARNING | READING


@pytest.mark.parametrize("name", CASES)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # numbers that run away
def test_what_cannot_be_learned_or_read_is_refused(name):
    make, error, words = CASES[name]
    with pytest.raises(error, match=words):
        make()


def test_what_is_not_installed_is_named_with_the_command_that_installs_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "optax", None)
    with pytest.raises(
        EngineError,
        match="train: needs optax, which cannot be imported .*pip install 'neurosim-networks.train.'",
    ):
        train()
    monkeypatch.setattr(tasks.series, "find_spec", lambda name: None)
    with pytest.raises(
        ModuleNotFoundError, match="sunspots: .*statsmodels, which is not installed. pip install statsmodels"
    ):
        tasks.sunspots()


def test_an_estimator_of_another_kind_is_not_loaded(tmp_path):
    class Other(learn.EchoStateRegressor):
        """An estimator that saves itself under a name of its own."""

    Other(5, density=0.5).fit(SERIES, SERIES).save(tmp_path / "other.h5")
    with pytest.raises(
        RecordingError, match="other.h5: holds a Other, not a EchoStateRegressor. Use Other.load"
    ):
        learn.EchoStateRegressor.load(tmp_path / "other.h5")


def test_modules_say_what_they_do_not_have():
    for module in (readout, learn):
        with pytest.raises(AttributeError, match=f"No {module.__name__} attribute nope"):
            module.nope  # noqa: B018
