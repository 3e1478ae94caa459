"""Three networks draw digits: one restores damaged digits, and two make new ones from noise.

They are a denoising autoencoder, a variational autoencoder and a generative adversarial network.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import optax
from sklearn.datasets import load_digits
from sklearn.neural_network import MLPClassifier

import neurosim as ns
from neurosim.models.autoencoder import autoencoder
from neurosim.models.generative_adversarial import DISCRIMINATOR, GENERATOR, generative_adversarial
from neurosim.models.variational_autoencoder import prior_codes, variational_autoencoder

ROWS, COLUMNS = 5, 10


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--epochs",
        type=int,
        nargs=3,
        default=[60, 200, 400],
        help="of learning, for each of the three networks",
    )
    parser.add_argument("--seed", type=int, default=1, help="of learning and drawing")
    parser.add_argument("--figure", default=Path(__file__).with_suffix(".png"))
    args = parser.parse_args(argv)
    images, labels = load_digits(return_X_y=True)
    images, random = images / 16, np.random.default_rng(args.seed)
    seen, unseen = images[:1500, None], images[1500:, None]  # (trial, tick, pixel)

    denoiser = autoencoder((64, 100), function="relu", code="relu", noise=0.3)
    settings = {"loss": "bernoulli", "epochs": args.epochs[0], "rate": 3e-3, "seed": args.seed}
    denoiser, _ = ns.train(denoiser, {"inputs": seen}, {"out": seen}, **settings)
    damaged = unseen * (random.random(unseen.shape) > 0.3)
    restored = ns.run(denoiser, {"inputs": damaged}, record=["out"])["out"]
    after, before = (np.sqrt(np.mean((images - unseen) ** 2)) for images in (restored, damaged))
    print(
        f"Denoising autoencoder: the error of a pixel is {after:.3f}; "
        f"it was {before:.3f} with three in ten pixels missing."
    )

    net = variational_autoencoder((64, 400, 16), function="relu", mixture=50, dropout=0.1)
    settings = {"epochs": args.epochs[1], "batch": 64, "rate": 3e-3, "schedule": "cosine", "seed": args.seed}
    black = np.round(seen)
    net, _ = ns.train(
        net, {"inputs": black}, {"out": black}, loss={"out": "bernoulli", "kl": "sent"}, **settings
    )
    codes = prior_codes(net, 1000, args.seed)[:, None]
    # The code is clamped, so the inputs do not matter.
    inputs = {"inputs": np.zeros((1000, 1, 64)), "code": codes}
    variational = ns.run(net, inputs, record=["out"])["out"]

    pair, digits = generative_adversarial((64, 256, 256, 64), (256, 256), blur=0.1, n_classes=10), np.eye(10)
    turns = {
        "loss": [{"discriminator_loss": "sent"}, {"generator_loss": "sent"}],
        "learns": [DISCRIMINATOR, GENERATOR],
    }
    adam = optax.adam(optax.cosine_decay_schedule(1e-3, 29 * args.epochs[2]), b1=0.5)
    real = {"real": images[:, None], "label": digits[labels, None]}
    pair, _ = ns.train(pair, real, **turns, optimizer=adam, epochs=args.epochs[2], batch=64, seed=args.seed)
    wanted = np.arange(1000) % COLUMNS  # the digit that each image should show
    inputs = {"real": np.zeros((1000, 1, 64)), "label": digits[wanted, None]}
    adversarial = ns.run(pair, inputs, record=["made"], seed=args.seed)["made"]

    judge = MLPClassifier(max_iter=400, random_state=0).fit(images, labels)
    sure = {}
    for name, images in (("variational", variational), ("adversarial", adversarial)):
        sure[name] = np.mean(judge.predict_proba(images[:, 0]).max(axis=1) > 0.9)
        print(
            f"A classifier of real digits is sure (above 0.9) which digit it sees on {sure[name]:.0%} "
            f"of the {name} ones."
        )
    panels = [
        ("damaged", damaged),
        ("restored", restored),
        ("variational: drawn from noise", variational),
        ("adversarial: drawn from noise and the classes 0 to 9", adversarial),
    ]
    draw(panels, args.figure)
    return after / before, sure


def draw(parts, path):
    """Fifty digits of each kind."""
    figure = plt.figure(figsize=(12, 6.4), layout="constrained")
    for part, (title, images) in zip(
        figure.subfigures(2, 2, wspace=0.03, hspace=0.03).ravel(), parts, strict=True
    ):
        part.suptitle(title)
        for ax, image in zip(part.subplots(ROWS, COLUMNS).ravel(), images[: ROWS * COLUMNS], strict=True):
            ax.imshow(image.reshape(8, 8), cmap="gray_r", vmin=0, vmax=1)
            ax.set(xticks=[], yticks=[])
    figure.savefig(path, dpi=110)
    print(f"Figure: {path}")


if __name__ == "__main__":
    main()
