"""A unit taken apart gives the network's own map, and so does each of its parts."""

import keras
import numpy as np
import pytest
from scipy.signal import correlate2d

from kerascnn import visualize
from kerascnn.figures import connection_weights as figures
from kerascnn.figures._material import digit_images, trained


@pytest.fixture(scope="module")
def parts():
    return figures.take_apart(trained(), digit_images(3)[0])


def test_the_sum_is_the_networks_own_map(parts):
    own = visualize.activations(trained(), digit_images(3), "c3")[0, :, :, parts.unit]
    np.testing.assert_array_equal(parts.output, own)
    np.testing.assert_allclose(np.maximum(parts.total, 0), own, atol=1e-5)
    assert own.max() > 0.5
    assert (parts.layer, parts.activation) == ("c3", "relu")


def test_each_product_is_one_map_and_one_kernel(parts):
    maps = visualize.activations(trained(), digit_images(3), "s2")[0]
    kernel, bias = trained().get_layer("c3").get_weights()
    assert parts.products.shape == (10, 10, 6)
    assert parts.bias == bias[parts.unit]
    for i in range(6):
        expected = correlate2d(maps[..., i], kernel[:, :, i, parts.unit], "valid")
        np.testing.assert_allclose(parts.products[..., i], expected, atol=1e-5)


def net(**options):
    inputs = keras.Input((9, 9, 2))
    x = keras.layers.Conv2D(9, 3, name="first")(inputs)
    x = keras.layers.BatchNormalization()(x)
    outputs = keras.layers.Conv2D(4, 3, name="second", **options)(x)
    return keras.Model(inputs, outputs)


@pytest.mark.parametrize(
    "options",
    [
        {"strides": 2, "padding": "same", "activation": "tanh"},
        {"dilation_rate": 2, "use_bias": False},
    ],
)
def test_any_convolution_is_taken_apart(options, rng):
    image = rng.random((9, 9, 2), "float32")
    model = net(**options)
    parts = figures.take_apart(model, image, unit=2)
    f = keras.activations.get(options.get("activation"))
    own = keras.ops.convert_to_numpy(model(image[None]))[0, :, :, 2]
    np.testing.assert_allclose(f(parts.total), own, atol=1e-5)


def test_the_first_layer_takes_the_image(rng):
    image = rng.random((9, 9, 2), "float32")
    parts = figures.take_apart(net(), image, "first")
    np.testing.assert_array_equal(parts.inputs, image)
    np.testing.assert_allclose(parts.total, parts.output, atol=1e-5)


def test_maps_that_are_not_shown_are_added_up(rng):
    from kerascnn import plots

    with plots.style("slides"):
        figure = figures.connection_weights(
            image=rng.random((9, 9, 2), "float32"), model=net(), unit=0
        )
    titles = [ax.get_title() for ax in figure.axes]
    assert "3 others" in titles
    assert sum(title.startswith("i = ") for title in titles) == 6


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"layer": "s2"}, "layer must be a Conv2D without groups, one of c1, c3, c5"),
        ({"unit": 16}, "unit must be from 0 to 15; received 16"),
    ],
)
def test_what_does_not_fit_is_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        figures.take_apart(trained(), digit_images(3)[0], **wrong)
