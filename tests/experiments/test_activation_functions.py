"""One net with ReLU, tanh and sigmoid."""

import numpy as np
import pytest

import kerascnn as kc
from kerascnn.experiments import _activation_functions


@pytest.fixture(scope="module")
def record():
    return kc.experiments.recorded("activation_functions")


def test_epochs_to_an_error():
    error = np.array([[0.9, 0.3, 0.25, 0.2], [0.2, 0.3, 0.3, 0.1], [0.9, 0.8, 0.7, 0.26]])
    np.testing.assert_array_equal(_activation_functions.epochs_to(0.25, error), [3, 1, np.nan])


@pytest.mark.parametrize(("activation", "scale"), [("relu", 2), ("tanh", 1), ("sigmoid", 16)])
def test_the_first_weights_suit_the_function(activation, scale):
    model = _activation_functions.net(activation, (32, 32, 3), 10)
    kernels = [w for w in model.get_weights() if w.ndim == 4]
    assert [kernel.shape[:3] for kernel in kernels] == [(3, 3, 3), (3, 3, 16), (3, 3, 32)]
    for kernel in kernels[1:]:
        assert kernel.var() * np.prod(kernel.shape[:3]) == pytest.approx(scale, rel=0.05)


def test_four_layers_with_weights():
    model = _activation_functions.net("relu", (32, 32, 3), 10)
    assert sum(bool(layer.weights) for layer in model.layers) == 4


def test_the_slope_of_the_sigmoid_is_a_quarter():
    """So its weights are four times those of tanh."""
    from keras import ops

    x = np.array([-1e-3, 1e-3])
    slopes = [np.diff(np.asarray(f(x)))[0] / 2e-3 for f in (ops.sigmoid, ops.tanh)]
    assert slopes == pytest.approx([1 / 4, 1], rel=1e-3)
    scales = _activation_functions.SCALES
    assert scales["sigmoid"] == 4**2 * scales["tanh"]


@pytest.mark.slow
def test_a_small_run():
    result = kc.experiments.activation_functions(
        data="digits", images=128, epochs=1, batch_size=16, rates=(1e-6, 0.05), seeds=(0,)
    )
    assert result["error"].shape == (3, 1, 1)
    assert result["rate"][0] == 0.05


def test_takes_the_fastest_rate(feigned):
    result = kc.experiments.activation_functions(
        data="digits", images=8, epochs=2, rates=(0.1, 0.05), target=0.5, seeds=(0, 0, 1)
    )
    assert result["search"].shape == (3, 2, 2)
    assert np.all(result["search"][:, 0] != result["search"][:, 1])
    assert set(result["rate"]) == {0.1, 0.05}
    assert result["error"].shape == (3, 3, 2)
    np.testing.assert_array_equal(result["error"][:, 1], result["error"][:, 0])
    assert np.all(result["error"][:, 2] != result["error"][:, 0])
    for row in range(3):
        best = result["search"][row].mean(axis=-1).argmin()
        assert result["rate"][row] == result["rates"][best]
        np.testing.assert_array_equal(result["error"][row, 0], result["search"][row, best])
    needed = _activation_functions.epochs_to(0.5, result["error"])
    np.testing.assert_array_equal(result["needed"], needed)


def test_the_record_has_the_shapes(record):
    settings = record.settings
    rates, seeds, epochs = (len(settings["rates"]), len(settings["seeds"]), settings["epochs"])
    assert record["activations"].tolist() == ["relu", "tanh", "sigmoid"]
    assert record["search"].shape == (3, rates, epochs)
    assert record["error"].shape == (3, seeds, epochs)
    assert set(record["rate"]) <= set(settings["rates"])
    needed = _activation_functions.epochs_to(settings["target"], record["error"])
    np.testing.assert_array_equal(record["needed"], needed)


def test_the_best_rate_is_none_of_the_outer_ones(record):
    """Otherwise one farther out might be faster."""
    assert set(record["rate"]) <= set(record.settings["rates"][1:-1])
    best = record["search"].mean(axis=-1).argmin(axis=-1)
    np.testing.assert_array_equal(record["rate"], record["rates"][best])


def test_a_sigmoid_is_slow_and_tanh_keeps_up(record):
    relu, tanh, sigmoid = record["needed"]
    assert np.isnan(sigmoid).all()
    assert record["error"][2].min() > 0.35
    assert np.all(relu <= tanh)
    assert np.all(tanh <= 1.25 * relu)


def test_relu_bears_the_largest_rate_better(record):
    relu, tanh, _sigmoid = record["search"][:, -1, -1]
    assert tanh > relu + 0.15
