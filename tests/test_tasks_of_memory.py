"""Sequences to copy and to recall are what their descriptions say."""

import numpy as np
import pytest

import neurosim as ns
from neurosim.tasks import copying, graph_walks, recall, recall_in_order


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


def test_what_came_after_an_item_is_wanted_in_order():
    inputs, targets = recall_in_order(50, items=5, bits=3, fewest=2, seed=1)
    lengths = set()
    for shown, wanted in zip(inputs, targets, strict=True):
        number = int(shown[:, -1].argmax())
        lengths.add(number)
        items = [tuple(item) for item in shown[:number, :-1]]
        assert len(set(items)) == number
        assert set(np.ravel(items)) <= {-1, 1}
        after = items[items.index(tuple(shown[number, :-1])) + 1 :]
        answers = wanted[number + 1 : number + 1 + len(after)]
        assert [tuple(item) for item in 2 * answers - 1] == after
        assert len(after) > 0
        assert np.isnan(wanted).all(axis=1).sum() == 10 - len(after)
        assert not shown[number + 1 :].any()
    assert lengths == {2, 3, 4, 5}
    assert set(recall_in_order(20, items=3)[0][..., -1].argmax(axis=1)) == {3}


@pytest.mark.parametrize("numbers", [dict(items=5, bits=2), dict(items=3, fewest=4)])
def test_items_that_do_not_exist_are_refused(numbers):
    with pytest.raises(ns.DescriptionError, match=r"recall_in_order: \d to \d different items"):
        recall_in_order(3, **numbers)


def test_a_walk_follows_the_edges_of_its_graph():
    inputs, targets = graph_walks(30, nodes=4, labels=3, steps=5, seed=1)
    for shown, wanted in zip(inputs, targets, strict=True):
        begin, label, end = (part.argmax(axis=1) for part in (shown[:, :4], shown[:, 4:7], shown[:, 7:11]))
        edges = dict(zip(zip(begin[:12], label[:12], strict=True), end[:12], strict=True))
        assert len(edges) == 12
        node = begin[12]
        for tick in range(12, 17):
            node = edges[node, label[tick]]
            assert wanted[tick] == node
        assert shown.sum(axis=1).tolist() == [3] * 13 + [2] * 4
        assert np.all(wanted[:12] == -1)
