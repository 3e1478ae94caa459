"""The comparison of Brian2's examples sees what it says that it would see."""

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).with_name("brian")))

from compare import compare_seeds, differences, seen


def means(shift: float, seeds: int, rng: np.random.Generator) -> list[dict[str, float]]:
    """One quantity for each seed, of spread 1."""
    return [{"mean of v": 10.0 + float(rng.normal(shift)), "same": 2.0} for _ in range(seeds)]


def test_a_shift_that_would_be_seen_is_seen_nine_times_in_ten_and_equal_ones_are_alike():
    rng, seeds = np.random.default_rng(5), 8
    shift = seen(seeds, tested=1)
    shifted = [compare_seeds(means(shift, seeds, rng), means(0.0, seeds, rng)) for _ in range(100)]
    alike = [compare_seeds(means(0.0, seeds, rng), means(0.0, seeds, rng)) for _ in range(100)]
    assert 0.8 < np.mean([bool(one.found) for one in shifted]) < 0.99
    assert seen(2, tested=100) > seen(4, tested=100) > seen(8, tested=100)
    assert sum(bool(one.found) for one in alike) < 3  # one in a thousand on average
    assert all(one.tested == 1 for one in alike)  # what does not vary is not tested


def test_arrays_differ_by_name_shape_whole_number_or_a_part_in_1e9():
    one = {"a/count": np.array([3, 4]), "v": np.array([1.0, 2.0]), "w": np.zeros(2), "only": np.zeros(1)}
    other = {"a/count": np.array([3, 5]), "v": np.array([1.0, 2.0 + 1e-8]), "w": np.zeros(3)}
    found = differences(one, other)
    assert [text.split()[0] for text in found] == ["only", "a/count", "v", "w"]
    assert not differences({"v": np.array([1.0, np.nan])}, {"v": np.array([1.0 + 1e-10, np.nan])})
