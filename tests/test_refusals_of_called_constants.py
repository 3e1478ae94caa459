"""What is refused of constants that text calls: each error names the object, the rule and the remedy."""

import re

import numpy as np
import pytest
from called_side import HALF, alone, halved, values

import neurosim as ns
from neurosim.units import ms, mV


def brian_table():
    from brian2 import TimedArray

    return TimedArray([1, 2], dt=1 * ms)


def keyword(v, *, k):
    return v


MISTAKES = [
    (lambda: ns.sampled([], 1), r"sampled: values have shape \(0,\)\. Give \(sample,\) or"),
    (lambda: ns.sampled(np.ones((2, 2, 2)), 1), r"sampled: values have shape \(2, 2, 2\)"),
    (lambda: ns.sampled([1, np.nan], 1), "sampled: values: contains NaN"),
    (lambda: ns.sampled([1], 0), "sampled: dt 0 is not a time above 0"),
    (lambda: ns.sampled([1], 1 * mV), "sampled: dt 1 mV is not a time above 0"),
    (lambda: ns.function(3), r"function: 3 cannot be called"),
    (lambda: ns.function(keyword), r"function\(keyword\): takes k, and text gives a fixed number"),
    (lambda: ns.function(dict), r"function\(dict\): Python does not say which arguments it takes"),
    (lambda: ns.function(halved, {"w": mV}), r"function\(halved\): units: 'w' is none of its arguments"),
    (lambda: ns.function(halved, [mV, mV]), r"function\(halved\): units are 2, its arguments are 1: v"),
    (lambda: ns.function(halved, name="a b"), r"function\(a b\): name: 'a b' is not a name"),
    (lambda: alone(f=brian_table()), r"f=.* is a table of Brian2\. Give ns\.sampled\(values, dt\)"),
    (lambda: alone(f=halved), r"f=.* is a Python function\. Give ns\.function\(\.\.\.\) of it"),
    (lambda: alone("v = tanh(v)", tanh=HALF), "'tanh' is a function of text already"),
    (lambda: alone("v = v + 1", v=HALF), "'v' is a variable of the text, which cannot start as a function"),
    (lambda: alone(f=HALF, learns="f"), "learns names 'f', which is a function"),
    (
        lambda: ns.Synapses(ns.Neurons("a", 1), ns.Neurons("b", 1, update="v = I"), model="k : 1",
                            on_pre="I_post += k", k=HALF),
        "'k' is a variable of the text",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("make", "message"), MISTAKES)
def test_a_mistake_in_a_description_is_named_with_its_remedy(make, message):
    with pytest.raises(ns.DescriptionError, match=message):
        make()


@pytest.mark.parametrize(
    ("net", "message"),
    [
        (alone("v = f", f=HALF), "update: 'f' uses the function 'f' without calling it. Write f(t)"),
        (
            alone("v = k(v)", k=3),
            "update: 'k(v)' calls 'k', which is a number or a variable. Write * to",
        ),
        (alone("v = halve(v) + half(v)", half=HALF), "there is no function 'halve'. Did you mean 'half'?"),
        (alone("v = f(v, 1)", f=HALF), "'f(v, 1)' gives f 2 arguments, it takes 1. Give as many."),
        (alone("v = f(v=1)", f=HALF), "'f(v=1)' gives f 0 arguments, it takes 1"),
        (alone("v = f(v, axis=0)", f=HALF), "'f(v, axis=0)' names an argument"),
        (
            alone("v = s(t, i)", s=ns.sampled([[1, 2]], 1)),
            "column 2 of a sampled constant does not exist.",
        ),
        (
            alone("v = f(v)", f=ns.function(lambda v: v[0])),
            "of (v) returned an array of shape (3,) for arguments",
        ),
        (
            alone("v = f(v)", f=ns.function(lambda v: v * mV)),
            "a function of (v) returned a quantity. Let it return",
        ),
        (
            alone("v = f(v)", f=ns.function(lambda v: v if v > 0 else 0)),
            "cannot be computed for the shape (3,)",
        ),
        (
            alone("v = s(t)", s=ns.sampled([1], 1 * ms)),
            "s is sampled every 1 ms, and t is in 1. Give a",
        ),
        (
            alone("v = s(0)", s=ns.sampled([1], 1), schedule=ns.Clock(1 * ms)),
            "and t is in s. Give a time as dt",
        ),
    ],
)
def test_a_mistake_in_text_is_found_before_the_first_tick(net, message):
    with pytest.raises((ns.PlanError, ns.DescriptionError), match=re.escape(message)):
        values(net)
