"""What the tests of the models share."""

import importlib

import numpy as np

from neurosim.plan.materialize import weight_matrix

RANDOM = np.random.default_rng


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def matrix(net, name, seed=0):
    return weight_matrix(net, name, seed).number


def example(name):
    return importlib.import_module(f"neurosim.models.{name}").example()
