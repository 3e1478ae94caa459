"""Sequences to copy and to recall are what their descriptions say."""

import numpy as np
import pytest

import neurosim as ns
from neurosim.tasks import copying, recall


def test_a_sequence_to_copy_is_told_marked_and_wanted():
    inputs, targets = copying(300, bits=3, shortest=2, longest=5, seed=1)
    assert inputs.shape == (300, 11, 4) and targets.shape == (300, 11, 3)
    lengths = inputs[..., 3].argmax(axis=1)
    assert set(lengths) == {2, 3, 4, 5}
    for told, wanted, n in zip(inputs, targets, lengths, strict=True):
        assert np.all(np.abs(told[:n, :3]) == 1) and np.all(told[n + 1 :] == 0)
        assert told[n].tolist() == [0, 0, 0, 1] and np.all(told[:n, 3] == 0)
        assert np.array_equal(2 * wanted[n + 1 : 2 * n + 1] - 1, told[:n, :3])
        assert np.all(np.isnan(wanted[: n + 1])) and np.all(np.isnan(wanted[2 * n + 1 :]))
    assert np.nanmean(targets) == pytest.approx(0.5, abs=0.05)


def test_a_pair_to_recall_is_told_and_its_value_wanted_where_its_key_returns():
    inputs, targets = recall(200, bits=3, pairs=4, seed=1)
    assert inputs.shape == (200, 8, 7) and targets.shape == (200, 8, 3)
    moved = 0
    for told, wanted in zip(inputs, targets, strict=True):
        values = {tuple(row[:3]): row[3:6] for row in told[:4]}
        assert len(values) == 4 and np.all(np.isnan(wanted[:4]))
        assert np.all(told[:4, 6] == 0) and np.all(told[4:, 6] == 1) and np.all(told[4:, 3:6] == 0)
        for row, value in zip(told[4:], wanted[4:], strict=True):
            assert np.array_equal(values[tuple(row[:3])], 2 * value - 1)
        moved += not np.array_equal(told[:4, :3], told[4:, :3])
    assert moved > 150


def test_memory_tasks_depend_on_their_seed_only():
    for task in (copying, recall):
        first, again, other = (task(4, seed=seed)[0] for seed in (3, 3, 4))
        assert np.array_equal(first, again) and not np.array_equal(first, other)


def test_memory_tasks_refuse_what_they_cannot_draw():
    with pytest.raises(ns.DescriptionError, match="longest"):
        copying(3, shortest=4, longest=3)
    with pytest.raises(ns.DescriptionError, match="pairs=5 need as many keys, and 2 bits make 4"):
        recall(3, bits=2, pairs=5)
