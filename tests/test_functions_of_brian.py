"""The functions that Brian2's text has by default give what they give in Brian2, also at their ends."""

from functools import cache

import numpy as np
import pytest
from brian2.core.functions import DEFAULT_FUNCTIONS
from scipy import stats

import neurosim as ns

X = np.array([
    0.0, -0.0, 0.5, -0.5, 1, -1, 1.5, -1.5, 2.5, -2.5, 1e-17, -1e-17, 1e-9, 1e-5, -1e-5, 1e-3, 0.999999, 30,
    -30, 709, 710, 718, -800, 123456.789, 0.3, 0.1, 1e-300, np.inf, -np.inf,
])  # fmt: skip
SIZE = 1000
NUMBERS = sorted(set(DEFAULT_FUNCTIONS) - {"rand", "randn", "poisson", "timestep", "clip"})
TEXTS = {name: f"{name}(x)" for name in NUMBERS} | {
    "clip": "clip(x, -1, 2)",
    "clipped": "clip(x, 2, -1)",
    "timestep": "timestep(x*0.1*second, dt*second)",
    "remainder": "x % 0.7",
    "quotient": "x // 0.7",
    "few": "binomial(10, 0.3)",
    # Chances below 0 and above 1; no, negative, too many and NaN draws.
    "own": "binomial(where(i < 999, i % 5 - 1, log(-1.0)) + 3e9*(i == 7), 0.002*i - 0.2)",
}


@cache
def found(engine):
    """What each text gives in four ticks: (tick, neuron)."""
    update = "\n".join(f"its_{name} = {text}" for name, text in TEXTS.items())
    cells = ns.Neurons("cells", SIZE, update=update, x=np.resize(X, SIZE))
    record = [f"cells.its_{name}" for name in TEXTS]
    net = ns.Network(cells, schedule=ns.Synchronous())
    recording = ns.run(net, ticks=4, record=record, engine=engine, seed=2)
    return {name: np.asarray(recording[f"cells.its_{name}"]) for name in TEXTS}


def test_text_has_every_function_of_brian2_with_its_values(engine):
    with np.errstate(all="ignore"):
        wanted = {name: DEFAULT_FUNCTIONS[name].pyfunc(X).astype(float) for name in NUMBERS}
        wanted |= {"remainder": X % 0.7, "quotient": X // 0.7}
        wanted |= {"clip": np.clip(X, -1, 2), "clipped": np.clip(X, 2, -1)}
        wanted["timestep"] = np.array([float(DEFAULT_FUNCTIONS["timestep"].pyfunc(x * 0.1, 1.0)) for x in X])
    precision = 1e-13 if engine == "arrays" else 4e-15
    for name, values in wanted.items():
        compared = (
            np.isfinite(X) if name in ("int", "timestep") else slice(None)
        )  # elsewhere Brian2 overflows
        mine = found(engine)[name][0, : X.size]
        np.testing.assert_allclose(mine[compared], values[compared], rtol=precision, err_msg=name)


def test_binomial_numbers_have_their_distribution(engine):
    for name in ("few", "own"):
        np.testing.assert_array_equal(found(engine)[name], found("reference")[name], err_msg=name)
    few, own = found(engine)["few"], found(engine)["own"]
    counts = np.bincount(np.minimum(few.astype(int).ravel(), 6), minlength=7)
    chances = np.r_[stats.binom.pmf(range(6), 10, 0.3), stats.binom.sf(5, 10, 0.3)]
    assert stats.chisquare(counts, chances * few.size).pvalue > 1e-3
    i = np.delete(np.arange(SIZE), [7, 999])
    assert np.isnan(own[:, [7, 999]]).all()
    draws, chance = np.maximum(i % 5 - 1, 0), np.clip(0.002 * i - 0.2, 0, 1)
    certain = (draws == 0) | (chance == 0) | (chance == 1)
    np.testing.assert_array_equal(own[:, i[certain]], np.tile((draws * chance)[certain], (4, 1)))
    assert (own[:, i] <= draws).all()


@pytest.mark.parametrize("text", ["binomial(3, 1.5)", "binomial(3, -1)"])
def test_a_chance_outside_0_to_1_is_refused(text):
    cells = ns.Neurons("cells", 1, update=f"v = {text}")
    with pytest.raises(ns.PlanError, match=r"cannot be drawn\. Give a probability from 0 to 1"):
        ns.run(ns.Network(cells, schedule=ns.Synchronous()), ticks=1, record="cells")
