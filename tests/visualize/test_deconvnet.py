"""The deconvnet against its parts: transposed convolutions, switches, ReLUs on the way back."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import kerascnn as kc


@pytest.fixture
def images(rng):
    return rng.random((3, 14, 10, 2), "float32")


def build(pool=2, stride=2):
    """Weights of either sign, but so many positive ones that most units respond."""
    biased = {
        "activation": "relu",
        "kernel_initializer": keras.initializers.RandomUniform(-0.2, 0.3, seed=0),
        "bias_initializer": keras.initializers.RandomUniform(0, 0.5, seed=0),
    }
    return keras.Sequential(
        [
            keras.Input((14, 10, 2)),
            layers.Conv2D(4, 3, name="conv1", **biased),
            layers.MaxPooling2D(pool, stride, name="pool"),
            layers.Conv2D(5, 3, name="conv2", **biased),
            layers.Flatten(),
            layers.Dense(6, name="dense", **biased),
        ]
    )


@pytest.fixture(scope="module")
def shared():
    return build()


def by_hand(model, image, unit, pool, stride):
    """Zeiler & Fergus 2013, section 2.1, step by step."""
    w1, b1, w2, b2 = model.get_weights()[:4]
    conv1 = tf.nn.relu(tf.nn.conv2d(image, w1, 1, "VALID") + b1)
    pooled, switches = kc.layers.MaxPoolWithSwitches2D(pool, stride)(conv1)
    conv2 = tf.nn.relu(tf.nn.conv2d(pooled, w2, 1, "VALID") + b2).numpy()
    kept = np.zeros_like(conv2)  # one activation; all others are set to 0
    place = np.unravel_index(conv2[..., unit].argmax(), conv2.shape[:-1])
    kept[(*place, unit)] = conv2[(*place, unit)]
    back = tf.nn.conv2d_transpose(tf.nn.relu(kept), w2, pooled.shape, 1, "VALID")
    back = kc.layers.MaxUnpool2D(conv1.shape[1:3])([back, switches])
    back = tf.nn.conv2d_transpose(tf.nn.relu(back), w1, image.shape, 1, "VALID")
    return back.numpy()


@pytest.mark.parametrize(("pool", "stride"), [(2, 2), (3, 2)])
def test_equals_its_steps(pool, stride, images):
    model = build(pool, stride)
    for unit in range(5):
        ours = kc.visualize.deconvnet(model, images, "conv2", unit=unit)
        assert ours.shape == images.shape
        assert ours.dtype == np.float32
        for i in range(3):
            expected = by_hand(model, images[i : i + 1], unit, pool, stride)
            np.testing.assert_allclose(ours[i : i + 1], expected, rtol=1e-4, atol=1e-6)
    assert np.abs(ours).max() > 0


def test_only_the_strongest_activation_goes_back(model):
    """Of an image that is the same everywhere one field is seen, though all activations tie."""
    model.set_weights([np.abs(w) for w in model.get_weights()])
    picture = kc.visualize.deconvnet(model, np.ones((1, 14, 10, 2)), "conv2", unit=0)[0]
    rows, columns = np.nonzero(picture.any(axis=-1))
    # A unit sees 3 of the pooled positions, each with one switch in 2 pixels, and 3×3 around it.
    assert 0 < np.ptp(rows) + 1 <= 8
    assert 0 < np.ptp(columns) + 1 <= 8


def test_units(model, images):
    maps = kc.visualize.activations(model, images, "conv2")
    strongest = maps.max(axis=(1, 2)).argmax(axis=1)
    default = kc.visualize.deconvnet(model, images)  # conv2 has the last maps
    np.testing.assert_array_equal(
        default, kc.visualize.deconvnet(model, images, "conv2", unit=strongest)
    )
    each = kc.visualize.deconvnet(model, images, "conv2", unit=[0, 1, 2])
    for i in range(3):
        one = kc.visualize.deconvnet(model, images[i : i + 1], "conv2", unit=i)
        np.testing.assert_allclose(one[0], each[i], rtol=1e-5, atol=1e-9)
    np.testing.assert_allclose(
        kc.visualize.deconvnet(model, images, "conv2", unit=[0, 1, 2], batch_size=2), each,
        rtol=1e-5, atol=1e-9,
    )  # fmt: skip


def test_dense_and_nested_layers(model, images):
    flat = kc.visualize.deconvnet(model, images, "dense", unit=2)
    assert np.abs(flat).max() > 0
    outer = keras.Input((14, 10, 2))
    nested = keras.Model(outer, layers.Dense(3, name="last")(model(outer)))
    np.testing.assert_allclose(
        kc.visualize.deconvnet(nested, images, "dense", unit=2), flat, rtol=1e-5, atol=1e-9
    )


def test_negative_activations(images):
    """A layer without ReLU may have nothing else; they go back with their sign."""
    inputs = keras.Input((14, 10, 2))
    x = layers.ReLU()(layers.Conv2D(3, 3, kernel_initializer="ones")(inputs))
    model = keras.Model(inputs, layers.Conv2D(1, 1, use_bias=False, name="last")(x))
    model.layers[-1].set_weights([np.reshape([-2.0, -1.0, 0.5], (1, 1, 3, 1))])
    strongest = kc.visualize.activations(model, images, "last").max(axis=(1, 2, 3))
    assert (strongest < 0).all()
    picture = kc.visualize.deconvnet(model, images, "last", unit=0)
    # a·(−2, −1, 0.5), of which the ReLU passes the first two: 3|a| in 3×3 pixels and 2 channels
    np.testing.assert_allclose(picture.max(axis=(1, 2, 3)), 3 * np.abs(strongest), rtol=1e-5)
    assert (np.count_nonzero(picture, axis=(1, 2, 3)) == 18).all()


def test_dead_units_give_nothing(model, images):
    weights = model.get_layer("conv2").get_weights()
    model.get_layer("conv2").set_weights([weights[0], weights[1] - 1e3])
    assert (kc.visualize.deconvnet(model, images, "conv2") == 0).all()


@pytest.mark.parametrize("name", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_precision(name, policy, rng):
    """Exactly the same where no sum has more than the 8 binary digits of bfloat16.

    Rounding could make another activation the strongest, or move a switch.
    """
    images = rng.integers(0, 3, (3, 14, 10, 2)).astype("float32")
    full = build()
    full.set_weights(
        [
            rng.choice(
                [-1, 0, 0, 1] if w.ndim < 4 or w.shape[2] == 2 else [-1, 1, *[0] * 10], w.shape
            )
            for w in full.get_weights()
        ]
    )
    policy(name)
    mixed = build()
    mixed.set_weights(full.get_weights())
    for unit in range(5):
        expected, ours = (
            kc.visualize.deconvnet(m, images, "conv2", unit=unit) for m in (full, mixed)
        )
        assert ours.dtype == np.float32
        np.testing.assert_array_equal(ours, expected)
    assert np.abs(ours).max() > 0


@pytest.mark.parametrize(
    ("layer", "options", "message"),
    [
        ("conv2", {"unit": 5}, "unit must be from 0 to 4; received 5"),
        ("conv2", {"unit": -1}, "unit must be from 0 to 4; received -1"),
        ("conv2", {"unit": 1.5}, "unit must be a channel index.*received 1.5"),
        ("conv2", {"unit": [0, 1]}, "one index for each of the 3 images"),
        ("conv3", {}, "layer must be one of"),
        ("input_layer", {}, "must apply a ReLU"),
    ],
)
def test_errors_teach(layer, options, message, model, images):
    layer = model.layers[0]._inbound_nodes[0].input_tensors[0]._keras_history[0].name if (
        layer == "input_layer"
    ) else layer  # fmt: skip
    with pytest.raises(ValueError, match=message) as caught:
        kc.visualize.deconvnet(model, images, layer, **options)
    assert "\n" not in str(caught.value)


def test_a_layer_without_units(images):
    inputs = keras.Input(images.shape[1:])
    y = keras.layers.Dense(1)(keras.layers.Flatten()(keras.layers.ReLU()(inputs)))
    model = keras.Model(inputs, keras.layers.Reshape((), name="squeezed")(y))
    with pytest.raises(ValueError, match="'squeezed' returns one number per image"):
        kc.visualize.deconvnet(model, images, "squeezed", unit=0)
