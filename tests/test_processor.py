"""What TensorFlow cannot compute on some processors, said in one line wherever it is met."""

import keras
import numpy as np
import pytest
from keras import layers
from tensorflow.python.framework.test_util import IsMklEnabled

import kerascnn as kc
from kerascnn._graph import flatten
from kerascnn._processor import check_padding

METHODS = {
    "saliency": lambda model, images: kc.visualize.saliency(model, images, 0),
    "of a callable": lambda model, images: kc.visualize.saliency(model, images, lambda y: y[:, 0]),
    "score_cam": lambda model, images: kc.visualize.score_cam(model, images, 0, "conv"),
    "made pictures": lambda model, _images: kc.visualize.maximize_activation(model, 0, steps=1),
    "weight_gradients": lambda model, images: kc.visualize.weight_gradients(
        model, images, keras.ops.mean
    ),
    "train": lambda model, images: kc.train(
        model, (images, np.array([0, 1])), epochs=1, batch_size=2, verbose=0
    ),
    "evaluate": lambda model, images: kc.training.evaluate(model, (images, np.array([0, 1]))),
}


def classifier(*inner):
    return keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            layers.Conv2D(3, 3, padding="same", name="conv"),
            *inner,
            layers.Flatten(),
            layers.Dense(2, activation="softmax"),
        ]
    )


@pytest.fixture(scope="module")
def without_a_kernel():
    """A net that TensorFlow does not compute on any processor: a volume's pooling in float16."""
    pool = layers.MaxPooling3D(2, name="pool", dtype="float16")
    return classifier(layers.Reshape((2, 4, 8, 3)), pool)


@pytest.mark.parametrize("method", METHODS)
def test_the_layer_is_named(method, without_a_kernel, rng):
    with pytest.raises(NotImplementedError) as caught:
        METHODS[method](without_a_kernel, rng.random((2, 8, 8, 3), "float32"))
    line = str(caught.value)
    assert line.startswith("TensorFlow cannot compute the layer 'pool' (MaxPooling3D) on this")
    assert line.endswith("Set TF_ENABLE_ONEDNN_OPTS=1 before TensorFlow is imported, or use a GPU.")
    assert "\n" not in line
    assert "{{" not in line


def test_a_dilated_transposed_convolution_is_right_or_refused(rng):
    """TensorFlow has it with oneDNN alone."""
    model = classifier(layers.Conv2DTranspose(2, 3, dilation_rate=2, name="up"))
    kernel, bias = model.get_layer("up").get_weights()
    images = rng.random((2, 8, 8, 3), "float32")
    before = kc.visualize.activations(model, images, "conv")
    expected = np.zeros((2, 12, 12, 2)) + bias
    for y in range(3):
        for x in range(3):
            expected[:, 2 * y : 2 * y + 8, 2 * x : 2 * x + 8] += before @ kernel[y, x].T
    try:
        computed = kc.visualize.activations(model, images, "up")
    except NotImplementedError as error:
        computed, refusal = expected, str(error)
    else:
        refusal = "'up' (Conv2DTranspose)"
    assert "'up' (Conv2DTranspose)" in refusal
    np.testing.assert_allclose(computed, expected, atol=1e-5)


@pytest.mark.parametrize("call", ["train", "evaluate"])
def test_sizes_are_refused_before_training(call):
    """12 pixels cannot be halved four times, whether or not TensorFlow raises an error."""
    model = keras.Sequential(
        [
            keras.Input((None, None, 3)),
            *(layers.MaxPooling2D(name=f"pool{i}") for i in range(1, 5)),
            layers.GlobalAveragePooling2D(),
            layers.Dense(2, activation="softmax"),
        ]
    )
    message = r"received 12x14: the output is empty at 'pool4'\. Use 16x16\.$"
    with pytest.raises(ValueError, match=message):
        METHODS[call](model, np.zeros((2, 12, 14, 3), "float32"))


@pytest.mark.parametrize(
    ("interpolation", "dtype"),
    [("area", "float32"), ("bicubic", "mixed_bfloat16"), ("lanczos3", "mixed_float16")],
)
def test_a_gradient_that_tensorflow_lacks(interpolation, dtype, rng):
    """Weights before the layer would not learn; of bicubic, TensorFlow says nothing."""
    images = rng.random((2, 8, 8, 3), "float32")

    def model(*before, **options):
        up = layers.UpSampling2D(2, interpolation=interpolation, name="up", **options)
        return keras.Sequential(
            [keras.Input((8, 8, 3)), *before, up, layers.Flatten(), layers.Dense(2, "softmax")]
        )

    own = {"dtype": dtype}
    for name in ("weight_gradients", "train"):
        learns = model(layers.Conv2D(3, 3, padding="same"), **own)
        with pytest.raises(
            NotImplementedError, match=r"cannot compute the gradient of the layer 'up'.* would not"
        ):
            METHODS[name](learns, images)
        METHODS[name](model(**own), images)  # nothing before it learns
    if dtype == "float32":  # no method has it
        with pytest.raises(NotImplementedError, match=r"an operation of this model: .*ResizeArea"):
            kc.visualize.lrp(model(layers.Conv2D(3, 3)), images, 1)
    else:
        METHODS["weight_gradients"](model(layers.Conv2D(3, 3), dtype="float32"), images)


def test_padded_channels_before_a_convolution_are_named(rng):
    """TensorFlow with oneDNN loses them in Keras's own steps, which fail; without it, they work."""
    inputs = keras.Input((8, 8, 3))
    padded = keras.ops.pad(inputs, [(0, 0), (1, 1), (1, 1), (0, 2)])
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(4, 3, name="conv")(padded))
    model = keras.Model(inputs, layers.Dense(2, activation="softmax")(x))
    with pytest.raises(NotImplementedError, match="the convolution 'conv' of channels that 'pad"):
        check_padding(flatten(model))
    data = rng.random((4, 8, 8, 3), "float32"), np.array([0, 1, 0, 1])
    if IsMklEnabled():
        with pytest.raises(NotImplementedError, match=r"^TensorFlow with oneDNN cannot"):
            kc.evaluate(model, data)
    else:
        assert np.isfinite(kc.evaluate(model, data).loss)
