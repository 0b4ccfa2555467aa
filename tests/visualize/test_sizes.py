"""Images of a size that a network of free size does not take."""

import keras
import numpy as np
import pytest
from keras import layers, ops

import kerascnn as kc


@pytest.fixture(scope="module")
def vgg():
    return kc.build_vgg16(include_top=False, width=1 / 16)


@pytest.fixture(scope="module")
def halves_and_doubles():
    """A net whose skip connection fits on even sizes alone."""
    inputs = keras.Input((None, None, 3))
    doubled = layers.UpSampling2D()(layers.MaxPooling2D()(inputs))
    joined = layers.Concatenate(name="skip")([inputs, doubled])
    return keras.Model(inputs, layers.Conv2D(2, 1)(joined))


def mean(outputs):
    return ops.mean(outputs, axis=(1, 2, 3))


CALLS = {
    "activations": lambda model, images: kc.visualize.activations(model, images),
    "saliency": lambda model, images: kc.visualize.saliency(model, images, 0),
    "grad_cam": lambda model, images: kc.visualize.grad_cam(model, images, 0),
    "of a callable": lambda model, images: kc.visualize.saliency(model, images, mean),
    "occlusion": lambda model, images: kc.visualize.occlusion(model, images, 0, size=2),
    "weight_gradients": lambda model, images: kc.visualize.weight_gradients(model, images, mean),
}


@pytest.mark.parametrize("call", CALLS)
def test_too_small(call, vgg):
    images = np.zeros((1, 12, 14, 3), "float32")  # halved by each of five blocks
    message = r"received 12x14: the output is empty at 'block4_pool'\. Use 32x32\.$"
    with pytest.raises(ValueError, match=message):
        CALLS[call](vgg, images)


@pytest.mark.parametrize("call", list(CALLS)[1:])
def test_parts_that_do_not_fit_together(call, halves_and_doubles):
    images = np.zeros((1, 15, 14, 3), "float32")
    message = r"received 15x14: the inputs differ in size at 'skip'\. Use 14x14 or 16x14\.$"
    with pytest.raises(ValueError, match=message):
        CALLS[call](halves_and_doubles, images)
    CALLS[call](halves_and_doubles, images[:, :14])  # an even size passes


def test_a_picture_that_is_made(halves_and_doubles):
    with pytest.raises(ValueError, match=r"size must fit.*15x15: .*'skip'. Use 14x14 or 16x16"):
        kc.visualize.maximize_activation(halves_and_doubles, 0, size=15, steps=1)


def test_a_vector_beside_the_images_is_no_size():
    images, vector = keras.Input((None, None, 3)), keras.Input((5,))
    halved = layers.MaxPooling2D(4, name="pool")(images)
    joined = layers.Concatenate()([layers.GlobalAveragePooling2D()(halved), vector])
    model = keras.Model([images, vector], layers.Dense(2)(joined))
    given = [np.zeros((1, 3, 6, 3), "float32"), np.zeros((1, 5), "float32")]
    message = r"received 3x6: the output is empty at 'pool'\. Use 4x6\.$"
    with pytest.raises(ValueError, match=message):
        kc.visualize.saliency(model, given, 0)


def test_a_signal_that_is_too_short():
    """10 - 2 leave 8, a window."""
    signal = keras.Input((None, 3))
    shorter = layers.MaxPooling1D(8, name="pool")(layers.Conv1D(4, 3)(signal))
    model = keras.Model(signal, layers.Dense(2)(layers.GlobalAveragePooling1D()(shorter)))
    message = r"received 5: the output is empty at 'pool'\. Use 10\.$"
    with pytest.raises(ValueError, match=message):
        kc.visualize.saliency(model, np.zeros((1, 5, 3), "float32"), 0)


def test_another_error_is_not_taken_for_it(vgg):
    def broken(outputs):
        return ops.matmul(outputs, ops.ones((3, 3)))

    images = np.zeros((1, 32, 32, 3), "float32")
    with pytest.raises(Exception, match=r"(?i)matmul|matrix") as caught:
        kc.visualize.saliency(vgg, images, broken)
    assert "size that every layer" not in str(caught.value)


@pytest.mark.parametrize("shape", [(2, -1, 4), (-1, 18, 4)])
def test_images_that_are_mixed_are_refused(shape):
    """In one line, which names the layer; TensorFlow's own has several."""
    image = keras.Input((8, 8, 3))
    rows = ops.reshape(layers.Conv2D(4, 3, name="maps")(image), shape)
    model = keras.Model(image, layers.Dense(3)(layers.GlobalAveragePooling1D()(rows)))
    with pytest.raises(ValueError, match="one output for each image; 'reshape") as told:
        kc.visualize.grad_cam(model, np.ones((3, 8, 8, 3), "float32"), 0, "maps")
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("count", [1, 2])
def test_a_layer_that_declares_another_shape(count):
    """The score of one image was the sum of those of its two halves."""
    image = keras.Input((8, 8, 3))
    halves = layers.Lambda(lambda x: ops.reshape(x, (-1, 4, 8, 3)), (4, 8, 3), name="halves")(image)
    model = keras.Model(image, layers.Dense(3)(layers.GlobalAveragePooling2D()(halves)))
    images = np.ones((count, 8, 8, 3), "float32")
    for method in (
        kc.visualize.saliency,
        kc.visualize.occlusion,
        kc.visualize.integrated_gradients,
    ):
        with pytest.raises(ValueError, match="one output for each image; 'halves' changes") as told:
            method(model, images, 0)
        assert "\n" not in str(told.value)
