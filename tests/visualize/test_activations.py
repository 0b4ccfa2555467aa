import keras
import numpy as np
import pytest
from keras import layers

import kerascnn as kc


@pytest.fixture(scope="module")
def shared():
    keras.utils.set_random_seed(0)
    inner = keras.Sequential(
        [keras.Input((10, 6, 1)), layers.Conv2D(3, 3, name="conv"), layers.ReLU(name="relu")],
        name="inner",
    )
    return keras.Sequential(
        [keras.Input((10, 6, 1)), inner, layers.Dropout(0.5), layers.Flatten(name="flat")]
    )


def test_values_are_the_layers_outputs(model, rng):
    images = rng.random((2, 10, 6, 1), "float32")
    maps = kc.visualize.activations(model, images, ["conv", "relu", "flat"])
    assert list(maps) == ["inner/conv", "inner/relu", "flat"]
    expected = np.array(model.get_layer("inner").get_layer("conv")(images))
    np.testing.assert_allclose(maps["inner/conv"], expected, atol=1e-6)
    np.testing.assert_allclose(maps["inner/relu"], np.maximum(expected, 0), atol=1e-6)
    np.testing.assert_allclose(maps["flat"], np.array(model(images)), atol=1e-6)


def test_one_layer_gives_one_array(model):
    image = np.zeros((1, 10, 6, 1), "float32")
    assert kc.visualize.activations(model, image, "conv").shape == (1, 8, 4, 3)
    # The last with spatial extent: dropout passes maps on.
    assert kc.visualize.activations(model, image).shape == (1, 8, 4, 3)


def test_what_lies_behind_is_not_run(rng):
    inputs = keras.Input((6, 6, 1))
    x = layers.Conv2D(2, 3, name="conv")(inputs)

    class Behind(layers.Layer):
        def call(self, x):
            raise AssertionError("ran")

        def compute_output_shape(self, shape):
            return shape

    model = keras.Model(inputs, Behind()(x))
    assert kc.visualize.activations(model, rng.random((1, 6, 6, 1)), "conv").shape == (1, 4, 4, 2)


def test_batches_are_put_together(model, rng):
    images = rng.random((5, 10, 6, 1), "float32")
    np.testing.assert_allclose(
        kc.visualize.activations(model, images, "conv", batch_size=2),
        kc.visualize.activations(model, images, "conv"),
        atol=1e-7,
    )


def test_an_empty_list_is_refused(model):
    with pytest.raises(ValueError, match="at least one layer"):
        kc.visualize.activations(model, np.zeros((1, 10, 6, 1)), [])


def test_whole_numbers_go_where_whole_numbers_are_wanted():
    inputs = keras.Input((4,), dtype="int32")
    model = keras.Model(inputs, layers.Embedding(5, 2)(inputs))
    tokens = np.array([[0, 1, 2, 3]])
    assert kc.visualize.activations(model, tokens, model.layers[-1]).shape == (1, 4, 2)


def test_a_model_that_takes_whole_numbers_gets_whole_numbers():
    model = keras.Sequential(
        [keras.Input((2, 2, 1), dtype="uint8"), keras.layers.Rescaling(1 / 255, name="scale")]
    )
    images = np.full((1, 2, 2, 1), 51, np.uint8)
    np.testing.assert_allclose(kc.visualize.activations(model, images, "scale"), 0.2)
    with pytest.raises(TypeError, match=r"images must be uint8.* received float64, which"):
        kc.visualize.activations(model, images / 255, "scale")


def test_all_layers_that_compute_in_their_order():
    inner = keras.Sequential([keras.Input((4, 4, 2)), keras.layers.Conv2D(3, 3, name="conv")])
    inputs = keras.Input((4, 4, 2))
    x = keras.layers.Dropout(0.5)(keras.layers.Flatten()(inner(inputs)))
    model = keras.Model(inputs, keras.layers.Dense(5, name="scores")(x))
    found = kc.visualize.activations(model, np.ones((1, 4, 4, 2), "float32"), "all")
    assert [name.rpartition("/")[2] for name in found] == ["conv", "scores"]
    assert [maps.shape for maps in found.values()] == [(1, 2, 2, 3), (1, 5)]
