"""Layered networks that generate, or begin as one that did, on scikit-learn's 8 x 8 digits.

Settings were chosen on training data alone: the variational autoencoder's on a fifth of its training images
that was held out.
"""

from __future__ import annotations

from time import perf_counter
from typing import Any

import numpy as np
from bench import Benchmark, Column, Run

from networks.energy import binary_digits, independent_pixels, neurosim_rbm, nudged_split, regression

SURE = 0.9  # how confident the classifier of real digits must be
DRAWN = 2000  # samples of a generator


def neurosim_vae(epochs: int, samples: int, seed: int, engine: str, mixture: int = 0) -> dict[str, Any]:
    """The evidence lower bound of the held-out images, a mean over `samples` codes of each."""
    import neurosim as ns
    from neurosim.models.variational_autoencoder import variational_autoencoder

    seen, unseen = binary_digits(seed)
    net = variational_autoencoder(
        (64, 400, 16), function="relu", output="linear", mixture=mixture, noise=0.05, dropout=0.1
    )
    begin = perf_counter()
    net, _ = ns.train(
        net,
        {"inputs": seen[:, None]},
        {"out": seen[:, None]},
        loss={"out": "bernoulli_scores", "kl": "sent"},
        epochs=epochs,
        batch=64,
        rate=3e-3,
        schedule="cosine",
        seed=seed,
    )
    seconds = perf_counter() - begin
    return {"seconds": seconds, **bound(net, unseen, samples, seed)}


def bound(net: Any, images: np.ndarray, samples: int, seed: int) -> dict[str, float]:
    """log p(x | z) - log(q(z | x)/p(z)) in nats, its mean over images and drawn codes, the second part alone,
    and the error that the draw leaves."""
    import neurosim as ns

    given = np.repeat(images[:, None].astype(float), samples, axis=1)  # a tick for each drawn code
    sent = ns.run(net, {"inputs": given}, record=["out", "kl"], seed=seed, progress=False)
    likelihood = (given * sent["out"] - np.logaddexp(0, sent["out"])).sum(axis=2)  # (image, sample)
    kl = np.broadcast_to(sent["kl"].sum(axis=2), likelihood.shape)
    found = (likelihood - kl).mean(axis=0)
    return {
        "bound": float(found.mean()),
        "kl": float(kl.mean()),
        "error": float(found.std() / np.sqrt(samples)),
    }


def peer_rbm(epochs: int, samples: int, seed: int, engine: str = "auto") -> dict[str, Any]:
    found = neurosim_rbm(64 if samples > 10 else 8, 200 if samples > 10 else 2, seed, engine)
    return {"seconds": found["seconds"], "bound": found["likelihood"], "error": found["error"]}


def pixels_alone(epochs: int, samples: int, seed: int) -> dict[str, Any]:
    found = independent_pixels(0, 0, seed)
    return {"seconds": found["seconds"], "bound": found["likelihood"]}


def judged(images: np.ndarray, limit: int | None = None) -> dict[str, float]:
    """How much a classifier of real digits, which is always the same one, calls digits, and how they are
    shared out among the ten."""
    from sklearn.datasets import load_digits
    from sklearn.neural_network import MLPClassifier

    real, labels = load_digits(return_X_y=True)
    judge = MLPClassifier(max_iter=400, random_state=0).fit(real[:limit] / 16, labels[:limit])
    chances = judge.predict_proba(images)
    sure = chances.max(axis=1) > SURE
    shares = np.bincount(chances.argmax(axis=1)[sure], minlength=10) / len(images)
    return {
        "sure": 100 * float(sure.mean()),
        "classes": int(np.count_nonzero(shares)),
        "rarest": 100 * float(shares.min()),
    }


def neurosim_gan(epochs: int, seed: int, engine: str, told: bool, limit: int | None = None) -> dict[str, Any]:
    """All that is made, and the half of it that the discriminator takes for real rather than the other (Azadi
    et al. 2019, arXiv:1810.06758).

    Where both networks are `told` what digit a real example is, the same number of each digit is asked for.
    """
    import optax
    from sklearn.datasets import load_digits

    import neurosim as ns
    from neurosim.models.generative_adversarial import DISCRIMINATOR, GENERATOR, generative_adversarial

    images, labels = load_digits(return_X_y=True)
    real, digits = images[:limit, None] / 16, np.eye(10)
    net = generative_adversarial((64, 256, 256, 64), (256, 256), blur=0.1, n_classes=10 * told)
    loss: list[Any] = [{"discriminator_loss": "sent"}, {"generator_loss": "sent"}]
    adam = optax.adam(optax.cosine_decay_schedule(1e-3, epochs * -(-len(real) // 64)), b1=0.5)
    given = {"real": real} | ({"label": digits[labels[:limit], None]} if told else {})
    begin = perf_counter()
    net, _ = ns.train(
        net,
        given,
        loss=loss,
        learns=[DISCRIMINATOR, GENERATOR],
        optimizer=adam,
        epochs=epochs,
        batch=64,
        seed=seed,
    )
    seconds = perf_counter() - begin
    given = {"real": np.zeros((DRAWN, 1, 64))} | (
        {"label": digits[np.arange(DRAWN) % 10, None]} if told else {}
    )
    sent = ns.run(net, given, record=["made", "score"], seed=seed, progress=False)
    made, taken = sent["made"][:, 0], np.argsort(-sent["score"][:, 0, 1, 0])[: DRAWN // 2]
    return {
        "seconds": seconds,
        **judged(made, limit),
        "nearest": nearest(made, real[:, 0]),
        "half": judged(made[taken], limit)["sure"],
    }


def real_digits(epochs: int, seed: int, limit: int | None = None) -> dict[str, Any]:
    """What the classifier makes of the digits that it learned."""
    from sklearn.datasets import load_digits

    return {"seconds": 0.0, **judged(load_digits().data[:limit] / 16, limit)}


def pixels_shuffled(epochs: int, seed: int, limit: int | None = None) -> dict[str, Any]:
    """Every pixel from another digit."""
    from sklearn.datasets import load_digits

    real = load_digits().data / 16
    made = np.random.default_rng(seed).permuted(real, axis=0)[:DRAWN]
    return {"seconds": 0.0, **judged(made, limit), "nearest": nearest(made, real)}


def nearest(made: np.ndarray, real: np.ndarray) -> float:
    """The mean distance from what was made to the nearest real digit."""
    from sklearn.neighbors import NearestNeighbors

    return float(NearestNeighbors(n_neighbors=1).fit(real).kneighbors(made)[0].mean())


def neurosim_sparse(kind: str, epochs: int, seed: int, engine: str, codes: int = 100) -> dict[str, Any]:
    """The share of code units above one half on held-out digits, and what their drawing again costs."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    import neurosim as ns
    from neurosim.models.autoencoder import autoencoder

    group = 50
    seen, unseen = (
        part.reshape(-1, 1, group, 64)
        for part in train_test_split(
            load_digits().data / 16, train_size=1250, test_size=500, random_state=seed
        )
    )
    given = {"plain": {}, "l1": dict(cost=0.05), "kl": dict(cost=1.0, sparsity=0.05)}[kind]
    net = autoencoder((64, codes), code="sigmoid", group=group, **given)
    loss = {"out": "bernoulli"} | ({"penalty": "sent"} if given else {})
    begin = perf_counter()
    net, _ = ns.train(
        net, {"inputs": seen}, {"out": seen}, loss=loss, epochs=epochs, batch=1, rate=1e-3, seed=seed
    )
    seconds = perf_counter() - begin
    sent = ns.run(net, {"inputs": unseen}, record=["code", "out"], progress=False)
    lost = np.sqrt(np.mean((sent["out"] - unseen) ** 2))
    return {
        "seconds": seconds,
        "active": 100 * float(np.mean(sent["code"] > 0.5)),
        "mean": float(sent["code"].mean()),
        "lost": float(lost),
    }


def neurosim_tuned(
    layers: list[int], epochs: int, tuning: int, limit: int | None, seed: int, engine: str
) -> dict[str, Any]:
    """A deep belief network, unrolled and fine-tuned; and a logistic regression on what it was before."""
    from neurosim.learn import DeepBelief, NetworkClassifier, RestrictedBoltzmann

    machine = RestrictedBoltzmann(learning_rate=0.1, batch_size=10, n_iter=epochs)
    found: dict[str, Any] = {}
    for name, by_image in (("apart", True), ("right", False)):
        seen, unseen, labels, unseen_labels = nudged_split(seed, by_image, limit)
        begin = perf_counter()
        greedy = DeepBelief(layers, machine=machine, random_state=seed).fit(seen)
        tuned = NetworkClassifier(
            greedy.unrolled(10), epochs=tuning, batch=50, rate=2e-3, schedule="cosine", random_state=seed
        ).fit(seen, labels)
        found |= {"seconds": perf_counter() - begin, name: 100 * tuned.score(unseen, unseen_labels)}
    return found | {
        "greedy": 100 * regression(greedy.transform(seen), labels, greedy.transform(unseen), unseen_labels)
    }


SECONDS = Column("seconds", "seconds", 1)
DEEP = dict(layers=[300, 300], epochs=10, tuning=30, limit=None)

BENCHMARKS = (
    Benchmark(
        "vae_digits",
        "Variational autoencoder, 8 x 8 binary digits",
        "-19.3 nats or better, aimed at -17.5",
        "Seconds to learn 1297 images; evidence lower bound of the 500 others, a mean of 200 codes of each, "
        "in nats; for the machine of 64 hidden"
        " units and for independent pixels, the likelihood itself.",
        (
            SECONDS,
            Column("bound", "bound, nats per held-out image", 2),
            Column("error", "its error", 3),
            Column("kl", "of which the code, nats", 2),
        ),
        (
            Run(
                "neurosim, codes from 50 normal distributions",
                neurosim_vae,
                dict(epochs=300, samples=200, mixture=50),
            ),
            Run("neurosim, codes from one", neurosim_vae, dict(epochs=300, samples=200)),
            Run("neurosim, restricted Boltzmann machine", peer_rbm, dict(epochs=0, samples=200)),
            Run("independent pixels", pixels_alone, dict(epochs=0, samples=0), "sklearn"),
        ),
        smoke=dict(epochs=2, samples=2),
    ),
    Benchmark(
        "gan_digits",
        "Generative adversarial network, 8 x 8 digits",
        "90 % called a digit with confidence above 0.9, all ten classes",
        f"{DRAWN} samples, judged by scikit-learn's MLPClassifier, which learned the real digits: how many "
        "it is sure of, how many digits are among"
        " these, the share of the rarest, and the distance to the nearest real digit; "
        "the last column is of the half of the samples to which the"
        " discriminator gives the higher scores.",
        (
            SECONDS,
            Column("sure", "sure (%)", 1),
            Column("classes", "classes", 0),
            Column("rarest", "the rarest (%)", 1),
            Column("nearest", "nearest", 2),
            Column("half", "sure of the half (%)", 1),
        ),
        (
            Run("neurosim, told what digit each is", neurosim_gan, dict(epochs=400, told=True, limit=None)),
            Run("neurosim, told nothing", neurosim_gan, dict(epochs=500, told=False, limit=None)),
            Run("the real digits", real_digits, dict(epochs=0, limit=None), "sklearn"),
            Run("every pixel from another digit", pixels_shuffled, dict(epochs=0, limit=None), "sklearn"),
        ),
        smoke=dict(epochs=1, limit=200),
    ),
    Benchmark(
        "sparse_autoencoder",
        "Sparse autoencoder, 8 x 8 digits, 100 units",
        "a sparse code",
        "Share of the code's units above one half on 500 held-out digits, their mean, and the root mean "
        "squared error of the digits drawn again.",
        (
            SECONDS,
            Column("active", "active units (%)", 1),
            Column("mean", "mean activity", 3),
            Column("lost", "error", 3),
        ),
        tuple(
            Run(f"neurosim, {label}", neurosim_sparse, dict(kind=kind, epochs=200))
            for kind, label in (
                ("plain", "no penalty"),
                ("l1", "penalty on activity"),
                ("kl", "divergence from a share of 0.05"),
            )
        ),
        smoke=dict(epochs=1),
    ),
    Benchmark(
        "deep_belief_tuned",
        "Deep belief network, unrolled and fine-tuned, nudged digits",
        "above its layers before fine-tuning",
        "Per cent right, as for `deep_belief`: with copies of an image on both sides, with all on one; "
        "and of a logistic regression on the layers as"
        " they were before.",
        (
            SECONDS,
            Column("right", "right (%)", 1),
            Column("apart", "copies kept together (%)", 1),
            Column("greedy", "before fine-tuning (%)", 1),
        ),
        (Run("neurosim", neurosim_tuned, DEEP),),
        smoke=dict(layers=[20, 20], epochs=1, tuning=1, limit=100),
    ),
)
