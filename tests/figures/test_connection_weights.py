"""A unit taken apart gives the network's own map, and so does each of its parts."""

import keras
import numpy as np
import pytest
from scipy.signal import correlate2d

import kerascnn as kc
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


def net(first=9, **options):
    inputs = keras.Input((9, 9, 2))
    x = keras.layers.Conv2D(first, 3, name="first")(inputs) if first else inputs
    x = keras.layers.BatchNormalization()(x) if first else x
    outputs = keras.layers.Conv2D(4, 3, name="second", **options)(x)
    return keras.Model(inputs, outputs)


@pytest.mark.parametrize(
    "options",
    [
        {"strides": 2, "padding": "same", "activation": "tanh"},
        {"dilation_rate": 2, "use_bias": False},
        {"first": 0},  # the only convolution: its inputs are the image
    ],
)
def test_any_convolution_is_taken_apart(options, rng):
    image = rng.random((9, 9, 2), "float32")
    model = net(**options)
    parts = figures.take_apart(model, image)
    own = keras.ops.convert_to_numpy(model(image[None]))[0, :, :, parts.unit]
    f = keras.activations.get(options.get("activation"))
    np.testing.assert_allclose(f(parts.total), own, atol=1e-5)
    assert parts.difference < 1e-5
    assert parts.products.shape[-1] == (options.get("first", 9) or 2)


def test_a_photo_of_the_lecturer():
    """VGG16's second convolution has 16 input maps: six are shown, ten are added up."""
    drawn = kc.figures.render("connection-weights", photo=kc.datasets.photo("coffee"))
    titles = [ax.get_title() for ax in drawn.axes]
    assert "10 others" in titles
    assert sum(title.startswith("i = ") for title in titles) == 6
    picture = drawn.axes[titles.index("input")].images[0].get_array()
    assert picture.shape == (400, 600, 3)


def test_the_alt_text_follows_the_options():
    one = kc.figures.lecture_figures()["connection-weights"]
    assert "LeNet-5 for a handwritten 3" in one.words()[1]
    assert "LeNet-5" not in one.words(photo=np.zeros((8, 8, 3)))[1]


def test_a_network_without_convolutions_is_refused():
    flat = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Flatten()], name="flat")
    with pytest.raises(ValueError, match=r"network must have a Conv2D without groups.*flat has"):
        figures.take_apart(flat, np.zeros((4, 4, 1)))
