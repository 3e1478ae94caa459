"""A loss takes scores or probabilities; one that does not fit what the population sends is refused by
name."""

import numpy as np
import pytest

import neurosim as ns
from neurosim.errors import DescriptionError
from neurosim.learn import Loss, NetworkClassifier, gradient
from neurosim.learn.training.losses import LOSSES

LABELS = ("log_loss", "cross_entropy", "hinge")
SENDS = {
    "I": "scores",
    "gain*I + 1": "scores",
    "maximum(I, 0)": "scores",
    "tanh(I)": "scores",
    "softmax(I)": "classes",
    "sigmoid(I)": "chances",
    "I/sum(I)": "",
    "(tanh(I) + 1)/2": "",
    "0.9*softmax(I) + 0.1/N": "",
    "1 - sigmoid(I)": "",
    "I*sigmoid(I)": "",
}
REFUSED = {
    "log_loss": ("scores", "chances"),
    "bernoulli": ("scores",),
    "kullback_leibler": ("scores",),
    "cross_entropy": ("classes",),
    "hinge": ("classes",),
    "bernoulli_scores": ("classes", "chances"),
    "squared_error": (),
    "absolute_error": (),
    "gaussian": (),
}


def net(text, gain=1.0):
    given = {"gain": gain} if "gain" in text else {}
    out = ns.Neurons("out", 3, update=text if "=" in text else f"y = {text}", sends="y", **given)
    return ns.Network(
        ns.Synapses(ns.Neurons("x", 2), out, weight=ns.uniform(0, 1), learns=True), schedule=ns.Layered()
    )


def read(text, loss):
    from neurosim.learn.training.losses import read_losses

    return read_losses(net(text), loss, {"out": np.zeros((2, 1), int)})


@pytest.mark.parametrize("loss", REFUSED)
@pytest.mark.parametrize("text", SENDS)
def test_a_loss_is_refused_of_an_output_that_does_not_fit(text, loss):
    if SENDS[text] and SENDS[text] in REFUSED[loss]:
        with pytest.raises(
            DescriptionError, match=rf"train: loss '{loss}' of 'out' does not fit: it sends .*y = .*(Use|Let)"
        ):
            read(text, loss)
    else:
        assert read(text, loss) == [{"out": LOSSES[loss]}]


def test_what_is_sent_is_followed_through_the_names_of_the_text():
    for text, loss in (
        ("s = I\ny = s", "log_loss"),
        ("p = softmax(I)\ny = p", "cross_entropy"),
        ("s = sigmoid(I)\ny = s", "bernoulli_scores"),
    ):
        with pytest.raises(DescriptionError, match="does not fit"):
            read(text, loss)
    assert read("h = tanh(I)\ny = 0.5*(h + 1)", "bernoulli") == [{"out": LOSSES["bernoulli"]}]


def test_training_and_estimators_refuse_alike():
    data = {"x": np.ones((2, 1, 2))}, {"out": np.zeros((2, 1), int)}
    with pytest.raises(DescriptionError, match="log_loss.*does not fit"):
        gradient(net("I"), *data, loss="log_loss")
    with pytest.raises(DescriptionError, match="cross_entropy.*does not fit"):
        NetworkClassifier(net("softmax(I)"), loss="cross_entropy", epochs=1).fit(
            np.ones((4, 2)), [0, 1, 2, 0]
        )


def test_a_loss_of_ones_own_says_what_it_takes():
    def of(jax, sent, target):
        return -jax.numpy.take_along_axis(sent, target[..., None], axis=-1)[..., 0]

    own = Loss("own", of, labels=True, refuses=frozenset({"probabilities"}), remedy="Let it send scores.")
    assert read("I", own) == [{"out": own}]
    with pytest.raises(DescriptionError, match=r"'own' of 'out' does not fit.*Let it send scores\."):
        read("sigmoid(I)", own)
    size = Loss("size", lambda jax, sent, target: abs(sent), targets=False)
    value, _ = gradient(net("I"), {"x": np.ones((2, 1, 2))}, loss={"out": size})
    assert 0 < value < 6
