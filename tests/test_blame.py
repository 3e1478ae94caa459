"""An error names the object in which the mistake is, and says what to do instead."""

import ast
import re
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse

import neurosim as ns
from neurosim import learn
from neurosim.errors import DISTRIBUTION, install_hint

CELLS = ns.Neurons("cells", 3, update="v = I")
DRIVEN = ns.Network(
    ns.Synapses(ns.Neurons("image", (2, 2)), CELLS, learns=True, weight=ns.normal(0, 1)),
    schedule=ns.Layered(),
)
ROOT = Path(ns.__file__).parent


class SpikeTrain:
    """The attributes by which a spike train of Neo is told from an array."""

    times, t_start, t_stop = (1.0, 2.0), 0.0, 3.0

    def __array__(self, dtype=None, copy=None):
        return np.array(self.times)


def test_sequences_of_unequal_length_are_refused_where_one_run_takes_all():
    ragged, model = [np.zeros((5, 1)), np.zeros((7, 1))], learn.EchoStateRegressor(10)
    fitted = learn.EchoStateRegressor(3, wiring="ring").fit(np.zeros((9, 1)), np.zeros(9))
    for ask, letter in (
        (lambda: model.fit(ragged, [np.zeros(5), np.zeros(7)]), "X"),
        (lambda: learn.EchoStateRegressor(10, feedback_scale=1.0).fit(None, ragged), "y"),
        (lambda: model.fit(np.zeros((2, 5, 1)), ragged), "y"),
        (lambda: fitted.predict(ragged), "X"),
    ):
        with pytest.raises(
            ValueError,
            match=(
                f"EchoStateRegressor: the sequences of {letter} are 5, 7 steps long. Give equally long ones"
            ),
        ):
            ask()


@pytest.mark.parametrize(
    "matrix", [np.eye(3), [[0, 1], [1, 0]], scipy.sparse.eye(3).tocsr()], ids=["array", "list", "sparse"]
)
def test_a_matrix_in_the_place_of_a_wiring_is_answered_with_how_to_write_it(matrix):
    with pytest.raises(
        ns.DescriptionError,
        match=r"Synapses cells -> cells: wiring .* is not a wiring.*wiring=pairs\(.*weight=",
    ):
        ns.Synapses(CELLS, CELLS, wiring=matrix)
    with pytest.raises(ns.DescriptionError, match="wiring .* is not a name. Use one of random"):
        learn.EchoStateRegressor(3, wiring=matrix).fit(np.zeros((9, 1)), np.zeros(9))


def test_a_sparse_matrix_of_weights_is_answered_with_a_way_that_works():
    W = scipy.sparse.csr_array(np.array([[0, 0, 2.0], [0, 3.0, 0], [0, 0, 0]]))
    with pytest.raises(
        ns.DescriptionError,
        match="weight .* is a sparse matrix. Give its entries one by one: with c = W.tocoo",
    ):
        ns.Synapses(CELLS, CELLS, weight=W, delay=1)
    entries = W.tocoo()
    synapses = ns.Synapses(
        CELLS, CELLS, wiring=ns.pairs(entries.col, entries.row), weight=entries.data, delay=1
    )
    rec = ns.run(ns.Network(synapses, schedule=ns.Synchronous()), ticks=1)
    assert np.array_equal(rec.matrix("cells_to_cells"), W.toarray())


@pytest.mark.parametrize("target", [np.zeros((6, 3)), np.zeros((6, 1, 3))])
def test_inputs_without_an_axis_of_ticks_are_blamed_rather_than_the_targets(target):
    with pytest.raises(
        ns.DescriptionError, match=r"1 trial of 6 ticks, but target 'cells' has 6 rows.*X\[:, None\]"
    ):
        ns.train(DRIVEN, {"image": np.zeros((6, 2, 2))}, {"cells": target})
    ns.train(DRIVEN, {"image": np.zeros((6, 1, 2, 2))}, {"cells": target}, epochs=1)


def test_inputs_that_are_no_dict_are_blamed_themselves():
    with pytest.raises(ns.DescriptionError, match="train: inputs <generator object .* is not a dict"):
        ns.train(DRIVEN, (np.zeros((1, 2, 2)) for _ in range(3)), {"cells": np.zeros((3, 3))})


@pytest.mark.parametrize("given", [SpikeTrain(), [SpikeTrain()]])
def test_spike_trains_of_neo_are_told_from_values(given):
    with pytest.raises(
        ns.DescriptionError, match="run: input 'image': is a spike train of Neo. Give its spikes as events"
    ):
        ns.run(DRIVEN, {"image": given})


def test_ports_may_be_listed_by_name():
    assert ns.Neurons("a", 1, update="v = I + O", ports=("I", "O:max")).ports == (("I", "sum"), ("O", "max"))
    assert ns.Neurons("a", 1, update="v = I + O", ports=["I", "O"]).ports == (("I", "sum"), ("O", "sum"))


def test_what_training_returns_is_also_taken_apart_by_index():
    trained = ns.train(DRIVEN, {"image": np.zeros((2, 1, 2, 2))}, {"cells": np.zeros((2, 3))}, epochs=1)
    network, history = trained
    assert trained[0] is network is trained.network
    assert trained[-1] is history
    assert len(trained) == 2


def test_the_version_and_the_names_of_learning_can_be_asked_for():
    assert re.fullmatch(r"\d+\.\d+\.\d+", ns.__version__)
    assert set(learn.__all__) <= set(dir(learn))
    assert len(learn.__all__) > 30
    assert all(hasattr(learn, name) for name in learn.__all__)
    with pytest.raises(AttributeError):
        ns.__nothing__  # noqa: B018


def test_every_hint_to_install_an_extra_is_quoted_and_names_one_that_there_is():
    assert install_hint("figures") == "Install it: pip install 'neurosim-networks[figures]'."
    project = (ROOT.parent / "pyproject.toml").read_text()
    extras = set(re.findall(r"^(\w+) = \[", project, re.MULTILINE))
    assert re.search(r'^name = "(.+?)"', project, re.MULTILINE)[1] == DISTRIBUTION
    for path in ROOT.rglob("*.py"):
        text = path.read_text()
        assert not re.search(r"pip install (?!')\w*\[", text), path
        called = [
            n
            for n in ast.walk(ast.parse(text))
            if isinstance(n, ast.Call) and isinstance(n.func, ast.Name) and n.func.id == "install_hint"
        ]
        assert {call.args[0].value for call in called} <= extras
        assert not re.search(r"pip install '?neurosim\b(?!-networks)", text), path
        assert set(re.findall(r"pip install 'neurosim-networks\[(\w+)\]'", text)) <= extras
