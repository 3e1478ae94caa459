"""The tasks are what their formulas and sources say."""

from calendar import month_name
from datetime import date
from importlib.util import find_spec

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from sklearn.datasets import load_digits

import neurosim as ns
from neurosim.tasks import (
    POSES,
    digits,
    lorenz,
    mackey_glass,
    narma,
    posed_digits,
    python_manual,
    spoken_dates,
    sunspots,
    yin_yang,
)


def test_mackey_glass_starts_as_the_closed_form_says():
    # For t <= 17 the delayed value is 1.2, so x relaxes to ten times the constant gain.
    rest = 10 * 0.2 * 1.2 / (1 + 1.2**10)
    t = np.arange(18)
    assert np.allclose(mackey_glass(18, discard=0), rest + (1.2 - rest) * np.exp(-0.1 * t), rtol=1e-8)


def test_mackey_glass_converges_with_the_fourth_power_of_the_step():
    exact = mackey_glass(200, discard=0, substeps=64)
    errors = [np.abs(mackey_glass(200, discard=0, substeps=n) - exact).max() for n in (2, 4, 8)]
    assert np.allclose(np.log2(np.divide(errors[:-1], errors[1:])), 4, atol=0.3)


def test_mackey_glass_obeys_its_equation_far_from_the_start():
    x = mackey_glass(200, substeps=10)
    slope = np.gradient(x, edge_order=2)[30:-30]
    delayed = x[13:-47]
    assert np.abs(slope - (0.2 * delayed / (1 + delayed**10) - 0.1 * x[30:-30])).max() < 0.01


def test_mackey_glass_has_its_known_mean_and_deviation():
    x = mackey_glass(20000)
    assert x.mean() == pytest.approx(0.93, abs=0.01)
    assert x.std() == pytest.approx(0.225, abs=0.01)


def test_mackey_glass_settles_on_its_fixed_point_where_the_delay_is_short():
    assert np.allclose(mackey_glass(10, tau=2, discard=2000), 1.0, rtol=1e-6)  # 0.2/(1 + 1) = 0.1


def test_another_seed_is_another_past_of_the_same_series():
    assert np.array_equal(mackey_glass(50, seed=3), mackey_glass(50, seed=3))
    assert not np.allclose(mackey_glass(50, seed=3), mackey_glass(50, seed=4))
    assert np.array_equal(mackey_glass(50, seed=3, discard=7), mackey_glass(57, seed=3, discard=0)[7:])


def test_the_lorenz_system_obeys_its_equations():
    def slope(_, p):
        return [10 * (p[1] - p[0]), p[0] * (28 - p[2]) - p[1], p[0] * p[1] - 8 / 3 * p[2]]

    points = lorenz(101, seed=3)
    exact = solve_ivp(
        slope, (0, 2), points[0], method="DOP853", t_eval=np.arange(101) * 0.02, rtol=1e-12, atol=1e-12
    )
    assert np.allclose(points, exact.y.T, atol=1e-4)
    assert not np.allclose(points, lorenz(101, seed=4))


def test_the_lorenz_system_has_its_known_mean_and_deviation():
    points = lorenz(40000)
    assert points.mean(axis=0) == pytest.approx([0, 0, 23.55], abs=0.6)
    assert points.std(axis=0) == pytest.approx([7.92, 9.01, 8.62], abs=0.15)


def test_narma_obeys_its_equation():
    u, y = narma(300, seed=1)
    for t in range(20, 299):
        assert y[t + 1] == pytest.approx(
            0.3 * y[t] + 0.05 * y[t] * y[t - 9 : t + 1].sum() + 1.5 * u[t - 8] * u[t + 1] + 0.1, rel=1e-12
        )
    assert u.min() >= 0
    assert u.max() <= 0.5


def test_regular_digits_send_every_pixel_as_spikes_of_its_row_in_the_time_of_its_column():
    images, labels, spikes = digits(50, count=30)
    pixels = np.zeros((30, 8, 8))  # (image, row, column)
    np.add.at(pixels, (spikes.trial, spikes.neuron, spikes.tick // 50), 1)
    assert np.array_equal(pixels, np.rint(images / 4))
    assert np.array_equal(labels, load_digits().target[:30])


def test_latency_digits_send_one_spike_of_every_pixel_brighter_ones_first():
    images, _, spikes = digits(50, count=10, code="latency")
    late = np.full((10, 8, 8), 50)
    late[spikes.trial, spikes.neuron, spikes.tick // 50] = spikes.tick % 50
    assert len(spikes) == np.count_nonzero(images)
    assert np.array_equal(late, np.where(images > 0, np.minimum(np.floor(50 * (1 - images / 16)), 49), 50))


def test_poisson_digits_are_random_around_the_intensity_and_fixed_by_the_seed():
    images, _, spikes = digits(50, count=200, code="poisson", most=8, seed=3)
    expected = (images / 2).sum()
    assert len(spikes) == pytest.approx(expected, abs=4 * np.sqrt(expected))
    again = digits(50, count=200, code="poisson", most=8, seed=3).spikes
    assert np.array_equal(spikes.tick, again.tick)
    assert not np.array_equal(
        spikes.tick[:100], digits(50, count=200, code="poisson", most=8, seed=4).spikes.tick[:100]
    )


def test_the_spikes_of_digits_are_inputs_of_a_run():
    spikes = digits(20, count=12).spikes
    recording = ns.run(
        ns.Network(ns.Neurons("ears", 8), schedule=ns.Synchronous()),
        {"ears": spikes},
        ticks=160,
        record=["ears"],
    )
    assert recording.trials == 12
    assert np.array_equal(recording.spikes("ears").tick, spikes.tick)


def test_an_unknown_code_is_refused():
    with pytest.raises(ns.DescriptionError, match="Did you mean 'regular'"):
        digits(50, code="regula")


@pytest.mark.skipif(not find_spec("statsmodels"), reason="the sunspots come with statsmodels")
def test_sunspots_come_and_go_in_eleven_years():
    years, numbers = sunspots()
    assert (years[0], years[-1], len(numbers)) == (1700, 2008, 309)
    power = np.abs(np.fft.rfft(numbers - numbers.mean())) ** 2
    assert 10 < 309 / power.argmax() < 12


def test_in_a_group_of_posed_digits_one_thing_differs():
    posed = posed_digits(40, images=5, seed=2)
    assert posed.images.shape == (40, 5, 16, 16)
    assert set(posed.differs) == {0, 1, 2, 3}
    for images, factors, differs in zip(posed.images, posed.factors, posed.differs, strict=True):
        assert [k for k in range(3) if np.ptp(factors[:, k]) > 0] == ([differs] if differs < 3 else [])
        assert np.ptp(images, axis=0).max() > 0.1
    low, high = np.array([*POSES.values()]).T
    assert np.all((low <= posed.factors) & (posed.factors <= high))
    assert np.all(posed_digits(3, together=True).differs == -1)


def test_a_posed_digit_is_turned_about_its_middle_made_larger_and_moved():
    posed = posed_digits(
        30, images=1, digits=slice(0, 1), together=True
    )  # a zero, which leaves no edge of the image
    digit, grid = load_digits().images[0] / 16, np.arange(16)
    for image, (angle, size, place) in zip(posed.images[:, 0], posed.factors[:, 0], strict=True):
        middle = [np.average(grid, weights=image.sum(axis=axis)) for axis in (1, 0)]
        row, column = (np.average(np.arange(8), weights=digit.sum(axis=axis)) - 3.5 for axis in (1, 0))
        turn = np.deg2rad(angle)
        moved = (
            7.5 + size * (np.cos(turn) * row - np.sin(turn) * column),
            7.5 + place + size * (np.sin(turn) * row + np.cos(turn) * column),
        )
        assert middle == pytest.approx(moved, abs=0.15)
        assert image.sum() == pytest.approx(size**2 * digit.sum(), rel=0.1)


SPOKEN = {
    "1800": {"eighteen hundred"},
    "1905": {"nineteen oh five", "nineteen hundred and five"},
    "1992": {"nineteen ninety two"},
    "2000": {"two thousand"},
    "2008": {"two thousand eight", "two thousand and eight"},
    "2041": {"twenty forty one", "two thousand forty one", "two thousand and forty one"},
}
DAYS = {
    1: "first",
    3: "third",
    12: "twelfth",
    20: "twentieth",
    23: "twenty third",
    30: "thirtieth",
    31: "thirty first",
}


def test_dates_in_words_are_the_dates_in_numbers():
    dates = spoken_dates(8000, seed=1)
    assert len(set(dates.dates)) == 8000
    assert set(dates.words) == {word for sentence in dates.sentences for word in sentence.split()}
    heard = {year: set() for year in SPOKEN}
    for sentence, number in zip(dates.sentences, dates.dates, strict=True):
        year, month, day = (number.split("-") + ["", ""])[:3]
        date.fromisoformat(f"{year}-{month or '01'}-{day or '01'}")  # it exists
        assert not month or month_name[int(month)].lower() in sentence.split()
        assert DAYS.get(int(day or 0), "") in sentence
        if year in SPOKEN:
            heard[year] |= {spoken for spoken in SPOKEN[year] if sentence.endswith(spoken)}
            assert sentence.endswith(tuple(SPOKEN[year]))
    assert heard == SPOKEN
    assert spoken_dates(5, seed=1).sentences == dates.sentences[:5]


def test_there_are_only_so_many_dates():
    with pytest.raises(ns.DescriptionError, match="spoken_dates: count: 60000 is too large"):
        spoken_dates(60_000)


def test_the_manual_is_sentences_without_repetitions():
    text = python_manual()
    assert 100_000 < len(text) < 400_000
    assert "*" not in text and "\n" not in text and text.isascii()
    assert text[0].isupper() and text.endswith(".")
    assert sum(letter.isalpha() or letter in " ,." for letter in text) > 0.9 * len(text)
    assert text.count(text[:200]) == 1


def test_the_parts_of_the_yin_yang_symbol_are_where_the_paper_has_them():
    """Dots about (0.25, 0.5) and (0.75, 0.5); yang above and in the left bulge, yin below; equally likely."""
    points, labels = yin_yang(3000, seed=1)
    left, right = (np.hypot(points[:, 0] - x, points[:, 1] - 0.5) for x in (0.25, 0.75))
    assert np.all(np.hypot(*(points - 0.5).T) <= 0.5)
    assert np.all((np.minimum(left, right) < 0.1) == (labels == 2))
    rest = labels != 2
    assert np.all(labels[rest & (left < 0.25)] == 1) and np.all(labels[rest & (right < 0.25)] == 0)
    far = rest & (left > 0.25) & (right > 0.25)
    assert np.all(labels[far] == (points[far, 1] > 0.5))
    assert np.all(np.abs(np.bincount(labels) / 3000 - 1 / 3) < 0.03)
