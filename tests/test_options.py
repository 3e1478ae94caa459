"""Every option of a model has an effect on what is built or learned."""

from itertools import combinations

import numpy as np
import pytest
from sklearn.datasets import load_iris

import neurosim as ns
from neurosim import cells, learn, tasks
from neurosim.models.attention_translator import attention_translator
from neurosim.models.balanced_coba import balanced_coba
from neurosim.models.balanced_cuba import balanced_cuba
from neurosim.models.bidirectional import bidirectional
from neurosim.models.capsule_net import capsule_net
from neurosim.models.competitive_stdp import competitive_stdp
from neurosim.models.content_addressing import content_addressing
from neurosim.models.deconvolutional import deconvolutional
from neurosim.models.deep_echo_state import deep_echo_state
from neurosim.models.differentiable_neural_computer import differentiable_neural_computer
from neurosim.models.domain_adversarial import domain_adversarial
from neurosim.models.dynamic_turing_machine import dynamic_turing_machine
from neurosim.models.echo_state import echo_state
from neurosim.models.evolvable_turing_machine import evolvable_turing_machine
from neurosim.models.extreme_learning_machine import extreme_learning_machine
from neurosim.models.feed_forward import feed_forward
from neurosim.models.force import force
from neurosim.models.free_list import free_list
from neurosim.models.generative_adversarial import generative_adversarial
from neurosim.models.gru import gru
from neurosim.models.image_generator import image_generator
from neurosim.models.inception import inception
from neurosim.models.inverse_graphics import inverse_graphics
from neurosim.models.liquid import liquid
from neurosim.models.lstm import lstm
from neurosim.models.microcircuit import microcircuit
from neurosim.models.minimal_gru import minimal_gru
from neurosim.models.neural_compiler import neural_compiler
from neurosim.models.neural_turing_machine import neural_turing_machine
from neurosim.models.nvar import nvar
from neurosim.models.perceptron import perceptron
from neurosim.models.recurrent_attention import recurrent_attention
from neurosim.models.recursive import recursive
from neurosim.models.recursive_super_resolution import recursive_super_resolution
from neurosim.models.residual_memory import residual_memory
from neurosim.models.spatial_transformer import spatial_transformer
from neurosim.models.spiking_classifier import spiking_classifier
from neurosim.models.style_blending import style_blending
from neurosim.models.synthetic_gradients import synthetic_gradients
from neurosim.models.temporal_links import temporal_links
from neurosim.models.transformer import transformer
from neurosim.models.transformer_block import transformer_block
from neurosim.models.turing_head import turing_head
from neurosim.models.variational_autoencoder import variational_autoencoder
from neurosim.units import ms

X, LABELS = load_iris(return_X_y=True)
ROWS = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.5], [0.2, 0.9, 1.0], [0.9, 0.1, 0.3]])
READS = "var x: integer; begin readln(x); writeln(x) end."
small_world = dict(wiring="small_world", density=0.2)
trained = lambda: echo_state(1, 5, 1, feedback_scale=1.0)  # noqa: E731

NETWORKS = {
    "attention_translator": lambda: (
        attention_translator(3, 2, 4, ticks=3),
        attention_translator(3, 2, n_cells=5, ticks=3),
        attention_translator(3, 2, 4, ticks=4),
        attention_translator(3, 2, 4, ticks=3, n_units=5),
    ),
    "balanced_coba": lambda: (
        balanced_coba(100),
        balanced_coba(100, in_degree=5.0),
        balanced_coba(100, kick=20 * ms),
        balanced_coba(100, dt=0.2 * ms),
    ),
    "balanced_cuba": lambda: (
        balanced_cuba(100),
        balanced_cuba(100, in_degree=5.0),
        balanced_cuba(100, dt=0.2 * ms),
    ),
    "bidirectional": lambda: (
        bidirectional(2, 3, 1, ticks=4),
        bidirectional(2, 3, 1, ticks=4, output="sigmoid"),
    ),
    "content_addressing": lambda: (
        content_addressing(3, 2),
        content_addressing(3, 2, n_keys=1),
        content_addressing(3, 2, epsilon=1e-3),
    ),
    "capsule_net": lambda: (
        capsule_net((9, 9, 1), kernel=3),
        capsule_net((9, 9, 1), n_classes=3, kernel=3),
        capsule_net((9, 9, 1), n_features=4, kernel=3),
        capsule_net((9, 9, 1), n_types=3, kernel=3),
        capsule_net((9, 9, 1), n_parts=(4, 6), kernel=3),
        capsule_net((9, 9, 1), kernel=2),
        capsule_net((9, 9, 1), stride=1, kernel=3),
        capsule_net((9, 9, 1), rounds=2, kernel=3),
        capsule_net((9, 9, 1), decoder=(5,), kernel=3),
        capsule_net((9, 9, 1), cost=0.1, kernel=3),
    ),
    "competitive_stdp": lambda: (
        competitive_stdp(3, 2),
        competitive_stdp(3, 2, rule="power"),
        competitive_stdp(3, 2, rule="pairs"),
        competitive_stdp(3, 2, lateral="paired"),
        competitive_stdp(3, 2, period=100 * ms),
        competitive_stdp(3, 2, rate=0.1),
        competitive_stdp(3, 2, rate=0),
        competitive_stdp(3, 2, total=2.0),
        competitive_stdp(3, 2, drive=2.0),
        competitive_stdp(3, 2, most=2.0),
        competitive_stdp(3, 2, inhibition=2.0),
        competitive_stdp(3, 2, plus=2.0),
        competitive_stdp(3, 2, weights=np.ones((2, 3))),
        competitive_stdp(3, 2, theta=2.0),
        competitive_stdp(3, 2, dt=0.5 * ms),
    ),
    "deconvolutional": lambda: (deconvolutional(), deconvolutional(pool=3)),
    "deep_echo_state": lambda: (
        deep_echo_state(),
        deep_echo_state(radius=0.5),
        deep_echo_state(input_scale=2.0),
        deep_echo_state(noise=0.1),
        deep_echo_state(**small_world),
        deep_echo_state(wiring="small_world", density=0.2, rewire=0.5),
    ),
    "domain_adversarial": lambda: (
        domain_adversarial(n_channels=2),
        domain_adversarial(n_channels=2, n_outputs=3),
        domain_adversarial(n_channels=2, n_features=3),
        domain_adversarial(n_channels=2, n_hidden=3),
        domain_adversarial(n_channels=2, strength=0.5),
        domain_adversarial(n_channels=2, dropout=0.5),
    ),
    "dynamic_turing_machine": lambda: (
        dynamic_turing_machine(2, 1, 3, 2, n_cells=3),
        dynamic_turing_machine(2, 1, n_slots=4, width=2, n_cells=3),
        dynamic_turing_machine(2, 1, 3, width=3, n_cells=3),
        dynamic_turing_machine(2, 1, 3, 2, n_cells=4),
        dynamic_turing_machine(2, 1, 3, 2, n_cells=3, address_width=4),
        dynamic_turing_machine(2, 1, 3, 2, n_cells=3, recurrent=False),
        dynamic_turing_machine(2, 1, 3, 2, n_cells=3, hard=True),
        dynamic_turing_machine(2, 1, 3, 2, n_cells=3, least_recent=False),
    ),
    "differentiable_neural_computer": lambda: (
        differentiable_neural_computer(2, 1, 3, 2, n_cells=3),
        differentiable_neural_computer(2, 1, n_slots=4, width=2, n_cells=3),
        differentiable_neural_computer(2, 1, 3, width=3, n_cells=3),
        differentiable_neural_computer(2, 1, 3, 2, n_cells=4),
        differentiable_neural_computer(2, 1, 3, 2, n_cells=3, n_heads=2),
        differentiable_neural_computer(2, 1, 3, 2, n_cells=3, links=False),
        differentiable_neural_computer(2, 1, 3, 2, n_cells=3, output="sigmoid"),
    ),
    "echo_state": lambda: (
        echo_state(**small_world),
        echo_state(wiring="small_world", density=0.2, rewire=0.5),
    ),
    "evolvable_turing_machine": lambda: (
        evolvable_turing_machine(2, 1, 3, 2),
        evolvable_turing_machine(2, 1, n_slots=4, width=2),
        evolvable_turing_machine(2, 1, 3, width=3),
        evolvable_turing_machine(2, 1, 3, 2, n_hidden=4),
    ),
    "extreme_learning_machine": lambda: (
        extreme_learning_machine(2, 3, 1),
        extreme_learning_machine(2, 3, 1, function="tanh"),
        extreme_learning_machine(2, 3, 1, weights=np.ones((3, 2))),
        extreme_learning_machine(2, 3, 1, bias=np.ones(3)),
        extreme_learning_machine(2, 3, 1, readout_bias=1.0),
    ),
    "force": lambda: (force(trained()), force(trained(), alpha=2.0), force(trained(), forgetting=0.9)),
    "generative_adversarial": lambda: (
        generative_adversarial((2, 3), (3, 1)),
        generative_adversarial((2, 3), (3, 1), output="tanh"),
        generative_adversarial((2, 3), (3, 2, 1)),
        generative_adversarial((2, 3), (3, 2, 1), dropout=0.5),
    ),
    "free_list": lambda: (free_list(3), free_list(n_slots=3, n_heads=2)),
    "gru": lambda: (gru(2, 3, 1), gru(2, 3, 1, output="sigmoid")),
    "image_generator": lambda: (
        image_generator(3),
        image_generator(3, (8, 16, 1)),
        image_generator(3, n_channels=(4, 2)),
        image_generator(3, n_codes=2),
        image_generator(3, n_hidden=5),
        image_generator(3, kernel=2),
        image_generator(3, unpool=True),
        image_generator(3, function="tanh"),
        image_generator(3, output="linear"),
    ),
    "inception": lambda: (
        inception(),
        inception(dropout=0.5),
        inception(stem=0),
        inception(modules=[(0, 4, 4, 4, 4, 4)]),
    ),
    "inverse_graphics": lambda: (inverse_graphics(), inverse_graphics(kernel=2)),
    "liquid": lambda: (liquid(), liquid(inhibitory=0.5), liquid(reach=0.5), liquid(dt=0.05 * ms)),
    "lstm": lambda: (lstm(2, 3, 1), lstm(2, 3, 1, output="sigmoid"), lstm(2, 3, 1, function="softsign")),
    "microcircuit": lambda: (
        microcircuit(0.01),
        microcircuit(0.01, dt=0.05 * ms),
        microcircuit(0.01, drive="dc"),
    ),
    "minimal_gru": lambda: (minimal_gru(2, 3, 1), minimal_gru(2, 3, 1, output="sigmoid")),
    "nvar": lambda: (
        nvar(2, 2),
        nvar(2, 2, closed=True),
        nvar(2, 2, bias=1.0),
        nvar(2, 2, readout=np.ones((2, 14))),
    ),
    "neural_compiler": lambda: (neural_compiler(READS), neural_compiler(READS, n_inputs=2)),
    "neural_turing_machine": lambda: (
        neural_turing_machine(2, 1, 3, 2, n_cells=3),
        neural_turing_machine(2, 1, n_slots=4, width=2, n_cells=3),
        neural_turing_machine(2, 1, 3, width=3, n_cells=3),
        neural_turing_machine(2, 1, 3, 2, n_cells=4),
        neural_turing_machine(2, 1, 3, 2, n_cells=3, lstm=False),
    ),
    "perceptron": lambda: (
        perceptron(2),
        perceptron(2, n_outputs=3),
        perceptron(2, weights=np.ones((1, 2))),
        perceptron(2, bias=1.0),
        perceptron(2, function="linear"),
    ),
    "recurrent_attention": lambda: (
        recurrent_attention((9, 9, 1)),
        recurrent_attention((9, 9, 1), n_classes=3),
        recurrent_attention((9, 9, 1), n_glimpses=3),
        recurrent_attention((9, 9, 1), size=3),
        recurrent_attention((9, 9, 1), n_scales=2),
        recurrent_attention((9, 9, 1), factor=3.0),
        recurrent_attention((9, 9, 1), n_hidden=4),
        recurrent_attention((9, 9, 1), spread=0.2),
        recurrent_attention((9, 9, 1), last=True),
        recurrent_attention((9, 9, 1), cost=1.0),
    ),
    "recursive": lambda: (recursive(3, 4, 2, 1), recursive(3, 4, 2, 1, output="sigmoid")),
    "recursive_super_resolution": lambda: (
        recursive_super_resolution((4, 4, 1), 2),
        recursive_super_resolution((4, 4, 1), n_channels=3),
        recursive_super_resolution((4, 4, 1), 2, recursions=2),
        recursive_super_resolution((4, 4, 1), 2, kernel=5),
    ),
    "residual_memory": lambda: (
        residual_memory((4, 4, 1), 2, blocks=1),
        residual_memory((4, 4, 1), 2, n_outputs=3, blocks=1),
        residual_memory((4, 4, 1), 2, n_cells=3, blocks=1),
        residual_memory((4, 4, 1), 2, blocks=2),
        residual_memory((4, 4, 1), 2, blocks=1, output="linear"),
        residual_memory((4, 4, 1), 2, blocks=1, dropout=0.5),
    ),
    "spatial_transformer": lambda: (
        spatial_transformer((9, 9, 1)),
        spatial_transformer((9, 9, 1), window=(3, 4)),
        spatial_transformer((9, 9, 1), n_channels=(2,)),
        spatial_transformer((9, 9, 1), n_channels=(2,), kernel=3),
        spatial_transformer((9, 9, 1), n_hidden=(4, 5)),
        spatial_transformer((9, 9, 1), zoom=0.5),
        spatial_transformer((9, 9, 1), pace=0.5),
    ),
    "spiking_classifier": lambda: (
        spiking_classifier(2, 3, 1),
        spiking_classifier(2, 3, 1, tau_out=5 * ms),
        spiking_classifier(2, 3, 1, dt=0.5 * ms),
    ),
    "style_blending": lambda: (
        style_blending((4, 4, 1), (2, 3)),
        style_blending((4, 4, 1), n_channels=(3, 3)),
        style_blending((4, 4, 1), (2, 3), kernel=5),
        style_blending((4, 4, 1), (2, 3), content=1),
        style_blending((4, 4, 1), (2, 3), content_weight=2.0),
        style_blending((4, 4, 1), (2, 3), style_weight=2.0),
        style_blending((4, 4, 1), (2, 3), roughness_weight=2.0),
        style_blending((4, 4, 1), (2, 3), picture=0.1),
    ),
    "synthetic_gradients": lambda: (
        synthetic_gradients((2, 3, 1)),
        synthetic_gradients((2, 3, 1), function="tanh"),
        synthetic_gradients((2, 3, 1), n_predicting=2),
    ),
    "temporal_links": lambda: (temporal_links(3), temporal_links(n_slots=3, n_heads=2)),
    "transformer": lambda: (
        transformer(3, 2, 4, n_heads=2, n_blocks=1),
        transformer(3, 2, n_features=6, n_heads=2, n_blocks=1),
        transformer(3, 2, 4, n_heads=1, n_blocks=1),
        transformer(3, 2, 4, n_heads=2, n_blocks=2),
        transformer(3, 2, 4, n_heads=2, n_blocks=1, n_hidden=5),
        transformer(3, 2, 4, n_heads=2, n_blocks=1, causal=False),
        transformer(3, 2, 4, n_heads=2, n_blocks=1, source=(4, 3)),
        transformer(3, 2, 4, n_heads=2, n_blocks=1, stream=True),
    ),
    "transformer_block": lambda: (
        transformer_block(3, 4, 2, 5),
        transformer_block(3, 4, 2, 5, causal=False),
        transformer_block(3, 4, 2, 5, n_source=2),
        transformer_block(3, 4, 2, 5, stream=True),
    ),
    "turing_head": lambda: (turing_head(n_slots=3, width=2), turing_head(3, 2, memory=0.5)),
    "variational_autoencoder": lambda: (
        variational_autoencoder((4, 3, 2)),
        variational_autoencoder((4, 3, 2), out_bias=1.0),
    ),
    "batch_norm": lambda: (
        alone(cells.batch_norm("u", (2, 3))),
        alone(cells.batch_norm("u", (2, 3), dropout=0.5)),
    ),
    "layer_norm": lambda: (alone(cells.layer_norm("u", 3)), alone(cells.layer_norm("u", 3, dropout=0.5))),
    "leaky_tanh": lambda: (alone(cells.leaky_tanh("u", 3)), alone(cells.leaky_tanh("u", 3, noise=0.5))),
}


def alone(unit):
    return ns.Network(unit, schedule=ns.Synchronous())


@pytest.mark.parametrize("name", NETWORKS)
def test_an_option_of_a_model_makes_another_network(name):
    made = [net.to_dict() for net in NETWORKS[name]()]
    assert all(one != other for one, other in combinations(made, 2))


def test_lorenz_takes_its_steps_between_its_samples():
    fine = tasks.lorenz(20, dt=0.01, discard=0, substeps=4)
    assert np.array_equal(tasks.lorenz(10, dt=0.02, discard=0, substeps=8), fine[::2])
    assert np.array_equal(tasks.lorenz(10, dt=0.01, discard=10, substeps=4), fine[10:])


def test_narma_of_an_order_is_its_formula():
    u, y = tasks.narma(50, order=3)
    assert y[20] == pytest.approx(0.3 * y[19] + 0.05 * y[19] * y[17:20].sum() + 1.5 * u[18] * u[20] + 0.1)


def test_glauber_units_have_a_name_and_a_shape():
    unit = cells.glauber_binary("spins", (2, 3))
    assert (unit.name, unit.shape) == ("spins", (2, 3))


def test_a_replay_shows_its_progress_as_a_run_does():
    with pytest.raises(ns.DescriptionError, match="progress.*'bar'.*True or False"):
        ns.replay(ns.run(alone(cells.leaky_tanh("u", 3)), ticks=2), progress="bar")


VERBOSE = {
    "BoltzmannMachine": lambda: learn.BoltzmannMachine(1, n_cycles=2, verbose=True).fit(ROWS[:, :2] > 0.5),
    "DeepBelief": lambda: learn.DeepBelief((2, 2), verbose=True).fit(ROWS),
    "DeepBeliefClassifier": (
        lambda: learn.DeepBeliefClassifier((2, 2), n_iter=2, alpha=1.0, verbose=True).fit(ROWS, [0, 1, 0, 1])
    ),
    "DeltaRuleClassifier": (
        lambda: learn.DeltaRuleClassifier(tol=None, max_iter=2, shuffle=False, verbose=1, random_state=0).fit(
            ROWS, [0, 1, 0, 1]
        )
    ),
    "DeltaRuleRegressor": (
        lambda: learn.DeltaRuleRegressor(max_iter=2, tol=None, verbose=1).fit(ROWS, [0, 1, 0, 1])
    ),
    "Perceptron": lambda: learn.Perceptron(max_iter=9, verbose=1).fit(ROWS, [0, 1, 0, 1]),
    "RestrictedBoltzmann": lambda: learn.RestrictedBoltzmann(2, n_iter=2, verbose=True).fit(ROWS),
    "annealed_importance_sampling": lambda: learn.annealed_importance_sampling(
        np.ones((2, 3)), np.zeros(3), np.zeros(2), temperatures=10, verbose=True
    ),
    "gardner": lambda: learn.gardner(np.sign(ROWS - 0.4), verbose=True),
}


@pytest.mark.parametrize("name", VERBOSE)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_verbose_tells_of_the_progress(name, capfd):
    VERBOSE[name]()
    out, err = capfd.readouterr()
    assert out + err


SETTINGS = dict(
    loss="squared_error",
    learns=["out.bias"],
    optimizer="sgd",
    rate=0.5,
    schedule="cosine",
    epochs=3,
    batch=7,
    validation=0.2,
    patience=2,
    l1=0.1,
    l2=0.2,
    clip=3.0,
    precision="double",
)
OF_ALL = SETTINGS | dict(input="inputs", output="out", engine="reference", verbose=True, random_state=0)


@pytest.mark.parametrize(
    ("make", "y"),
    [
        (lambda net: learn.NetworkClassifier(net, **OF_ALL), LABELS),
        (lambda net: learn.NetworkRegressor(net, **OF_ALL), X[:, :3]),
        (lambda net: learn.NetworkEncoder(net, code="out", **OF_ALL), None),
    ],
    ids=["classifier", "regressor", "encoder"],
)
def test_an_estimator_trains_with_the_settings_it_was_given(make, y, monkeypatch):
    given = {}

    def train(net, inputs, targets, **settings):
        given.update(settings, inputs=list(inputs), targets=list(targets))
        return net, None

    monkeypatch.setattr("neurosim.learn.estimators.network_estimator.train", train)
    make(feed_forward((4, 4 if y is None else 3), output="linear")).fit(X, y)
    assert given == given | SETTINGS | {"progress": True, "inputs": ["inputs"], "targets": ["out"]}
