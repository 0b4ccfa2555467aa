"""A layer that is called more than once is named by its call, wherever a layer is asked for."""

import keras
import numpy as np
import pytest
from keras import layers

from kerascnn import visualize
from kerascnn._calls import number_calls_alike

CALLS = {
    "activations": lambda model, images, layer: visualize.activations(model, images, layer),
    "grad_cam": lambda model, images, layer: visualize.grad_cam(model, images, 0, layer),
    "deconvnet": lambda model, images, layer: visualize.deconvnet(model, images, layer),
    "maximize_activation": lambda model, _images, layer: visualize.maximize_activation(
        model, layer=layer, units=0, steps=1
    ),
}


@pytest.fixture(scope="module")
def siamese():
    """Two images through one convolution and, behind it, one nested model."""
    shared = layers.Conv2D(4, 3, activation="relu", name="shared")
    inner = keras.Sequential(
        [keras.Input((10, 10, 4)), layers.Conv2D(2, 3, activation="relu", name="inside")],
        name="encoder",
    )
    images = [keras.Input((12, 12, 1), name=name) for name in "ab"]
    seen = [layers.GlobalAveragePooling2D()(inner(shared(x))) for x in images]
    return keras.Model(images, layers.Dense(3)(layers.Concatenate()(seen)))


@pytest.fixture(scope="module")
def images():
    pattern = np.random.default_rng(0).random((1, 12, 12, 1), "float32")
    return [np.zeros_like(pattern), pattern]


def test_each_call_has_its_own_answer(siamese, images):
    layer = siamese.get_layer("shared")
    for call, image in enumerate(images):
        found = visualize.activations(siamese, images, f"shared:{call}")
        np.testing.assert_allclose(found, layer(image), rtol=1e-6)
        inner = siamese.get_layer("encoder")(layer(image))
        for name in (f"encoder:{call}/inside", f"encoder:{call}"):
            found = visualize.activations(siamese, images, name)
            np.testing.assert_allclose(found, inner, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("call", CALLS)
def test_the_calls_are_named_where_any_may_be_meant(call, siamese, images):
    conv, nested = siamese.get_layer("shared"), siamese.get_layer("encoder")
    for layer in ("shared", conv):
        with pytest.raises(ValueError, match=r"which matches 'shared:0', 'shared:1'"):
            CALLS[call](siamese, images, layer)
    for layer in ("inside", "encoder", "encoder/inside", nested, nested.get_layer("inside")):
        with pytest.raises(ValueError, match=r"matches 'encoder:0/inside', 'encoder:1/inside'\."):
            CALLS[call](siamese, images, layer)


def test_weights_are_the_same_in_each_call(siamese):
    kernel = siamese.get_layer("shared").get_weights()[0]
    for layer in ("shared", "shared:1", siamese.get_layer("shared")):
        np.testing.assert_array_equal(visualize.filters(siamese, layer), np.moveaxis(kernel, -1, 0))


def test_the_default_layer_warns_that_it_shows_a_part(siamese, images):
    with pytest.warns(UserWarning, match=r"Set layer to one of 'encoder:0/inside', 'encoder:1/ins"):
        visualize.grad_cam(siamese, images, 0)


def test_a_nested_model_with_a_constant():
    """One constant for all images, as if it had been given beside each of them."""
    image, vector = keras.Input((6, 6, 1)), keras.Input((4,))
    joined = layers.Concatenate()([layers.Flatten()(image), vector])
    inner = keras.Model([image, vector], layers.Dense(3, activation="relu")(joined))
    constant, outside = np.linspace(-1, 1, 4, dtype="float32"), keras.Input((6, 6, 1))
    given = [outside, keras.ops.convert_to_tensor(constant[None])]
    outer = keras.Model(outside, inner(given, training=False))
    pictures = np.random.default_rng(0).random((3, 6, 6, 1), "float32")
    both = [pictures, np.tile(constant, (3, 1))]
    np.testing.assert_allclose(
        visualize.saliency(outer, pictures, 1), visualize.saliency(inner, both, 1)[0], rtol=1e-6
    )
    assert visualize.occlusion(outer, pictures, 1, size=3).shape == (3, 6, 6)


def test_a_clone_numbers_its_calls_as_the_model_does(siamese, images):
    """Keras clones the calls in another order."""
    copy = keras.models.clone_model(siamese)
    copy.set_weights(siamese.get_weights())
    number_calls_alike(copy, siamese)
    for name in ("shared:0", "shared:1", "encoder:0/inside", "encoder:1/inside"):
        expected = visualize.activations(siamese, images, name)
        np.testing.assert_allclose(visualize.activations(copy, images, name), expected, atol=1e-6)


@pytest.mark.filterwarnings("ignore:the gradient of the score")  # a ReLU may be off
@pytest.mark.parametrize("call", [0, 1])
def test_the_copy_under_a_randomization_test_numbers_its_calls_alike(call, siamese, images):
    def method(model, images, target):
        return visualize.grad_cam(model, images, target, f"shared:{call}")

    found = visualize.randomization_test(
        siamese, images, method, target=0, layers=["inside", "shared"]
    )
    assert len(found.layers) == 2
    np.testing.assert_allclose(found.original, method(siamese, images, 0), atol=1e-6)
