"""Layers that learn from gradients that they predict, without waiting for each other.

A network of the same layers learns by back-propagation; both read handwritten digits. The figure shows how
well they do in the course of training, and how well each layer predicts the gradient that comes from above.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import neurosim as ns
from neurosim.models.feed_forward import feed_forward
from neurosim.models.synthetic_gradients import synthetic_gradients, turns


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--hidden", type=int, nargs="+", default=[128, 128], help="units of each hidden layer"
    )
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--figure", default=Path(__file__).with_suffix(".png"))
    args = parser.parse_args(argv)
    split = digits()
    histories = {}
    for name in ("back-propagation", "synthetic gradients"):
        histories[name] = learned(split, args.hidden, args.epochs, args.seed, name == "synthetic gradients")
        right = histories[name].metrics[-1]["right"]
        print(f"{name:20} {right:6.1%} of the held-out digits right", flush=True)
    draw(histories, args.figure)
    return {name: history.metrics[-1]["right"] for name, history in histories.items()}


def digits():
    """Pixels and labels to learn from, and those held out."""
    pixels, labels = load_digits(return_X_y=True)
    return train_test_split(pixels / 16, labels, test_size=0.2, stratify=labels, random_state=0)


def learned(split, hidden, epochs, seed, synthetic):
    """The history of training. Its metrics are the share of held-out digits that are read right and, for
    each layer, the cosine between its prediction and the gradient from above."""
    X, held_out, y, truth = split
    inputs, sizes = {"inputs": X[:, None]}, (64, *hidden, 10)
    settings = {"loss": "cross_entropy"}
    net = feed_forward(sizes, output="linear")
    if synthetic:
        net = synthetic_gradients(sizes)
        inputs["label"], settings = np.eye(10)[y][:, None], turns(net)

    def measure(net, history):
        out = ns.run(net, {"inputs": held_out[:, None]}, record=["out"], engine="arrays", precision="single")
        right = float(np.mean(out["out"][:, 0].argmax(axis=1) == truth))
        return {"right": right} | (agreement(net, inputs, len(hidden)) if synthetic else {})

    return ns.train(
        net,
        inputs,
        {"out": y},
        epochs=epochs,
        rate=3e-3,
        schedule="cosine",
        seed=seed,
        after_epoch=measure,
        **settings,
    )[1]


def agreement(net, inputs, depth):
    """For each layer the cosine of its prediction and the gradient from above, the mean over 200 digits."""
    names = [f"{kind}_{k}" for k in range(1, depth + 1) for kind in ("gradient", "back")]
    inputs = {name: value[:200] for name, value in inputs.items()}
    run = ns.run(net, inputs, record=names, engine="arrays", precision="single")
    cosines = {}
    for k in range(1, depth + 1):
        guess, true = (run[f"{kind}_{k}"][:, 0] for kind in ("gradient", "back"))
        lengths = np.linalg.norm(guess, axis=1) * np.linalg.norm(true, axis=1)
        cosines[f"layer {k}"] = float(np.mean(np.sum(guess * true, axis=1) / np.maximum(lengths, 1e-12)))
    return cosines


def draw(histories, path):
    """The shares of right answers, and the cosines, by epoch."""
    figure, (above, below) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    for name, history in histories.items():
        epochs = np.arange(1, len(history.metrics) + 1)
        for key in history.metrics[0]:
            values = np.array([metrics[key] for metrics in history.metrics])
            if key == "right":
                above.plot(epochs, 100 * values, label=name)
            else:
                below.plot(epochs, values, label=key)
    above.set(xlabel="epoch", ylabel="% of held-out digits right", ylim=(80, 100))
    below.set(xlabel="epoch", ylabel="cosine of prediction and gradient from above", ylim=(0, 1))
    for axis in (above, below):
        axis.legend(loc="lower right")
        axis.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=110)
    print(f"\nFigure: {path}")


if __name__ == "__main__":
    main()
