"""Models that Keras's global setting, `floatx`, makes compute in another precision."""

import keras
import numpy as np
import pytest
from keras import layers

from kerascnn import visualize


@pytest.fixture
def floatx():
    """The function that sets the precision of new layers; the setting is put back."""
    before = keras.config.floatx()
    yield keras.config.set_floatx
    keras.config.set_floatx(before)


def convolutions():
    inputs = keras.Input((12, 12, 3))
    x = layers.Conv2D(4, 3, activation="relu", name="first")(layers.ZeroPadding2D(1)(inputs))
    x = layers.Conv2D(5, 3, activation="relu", name="last")(layers.BatchNormalization()(x))
    x = layers.GlobalAveragePooling2D()(layers.MaxPooling2D(2)(x))
    return keras.Model(inputs, layers.Dense(3, "softmax")(layers.Dense(4, "relu")(x)))


def tokens():
    inputs = keras.Input((12, 12, 3))
    x = layers.Reshape((4, 108))(inputs)
    x = layers.MultiHeadAttention(2, 2)(x, x)
    return keras.Model(inputs, layers.Dense(3)(layers.GlobalAveragePooling1D()(x)))


def relevance(composite, **options):
    return lambda m, x: visualize.lrp(m, x, 1, composite=composite, **options).attributions


COMPUTED = {
    "ablation_cam": lambda m, x: visualize.ablation_cam(m, x, 1),
    "deconvnet": lambda m, x: visualize.deconvnet(m, x, "last", unit=1),
    "deep_lift": lambda m, x: visualize.deep_lift(m, x, 1).attributions,
    "guided_backprop": lambda m, x: visualize.guided_backprop(m, x, 1),
    "lrp": relevance("epsilon_plus_flat"),
    "lrp with bounds": relevance("epsilon_gamma_box", bounds=(0, 1)),
    "rise": lambda m, x: visualize.rise(m, x, 1, masks=20),
    "score_cam": lambda m, x: visualize.score_cam(m, x, 1),
    "attention_rollout": lambda m, x: visualize.attention_rollout(m, x, token=0),
    "attention_relevance": lambda m, x: visualize.attention_relevance(m, x, 1, token=0),
}


@pytest.mark.parametrize("name", COMPUTED)
def test_other_precisions_give_the_same(name, floatx, rng):
    build = tokens if name.startswith("attention") else convolutions
    images, method = rng.random((2, 12, 12, 3), "float32"), COMPUTED[name]
    model = build()
    model.set_weights([rng.random(weight.shape) / 2 for weight in model.get_weights()])
    expected = method(model, images)
    assert np.abs(expected).max() > 0
    for dtype, tolerance in (("float64", 1e-4), ("float16", 0.02)):
        floatx(dtype)
        other = build()
        other.set_weights(model.get_weights())
        ours = method(other, images)
        assert ours.dtype == np.float32
        np.testing.assert_allclose(ours, expected, atol=tolerance * np.abs(expected).max(), rtol=0)


MADE = {
    "maximize_activation": lambda m, x: visualize.maximize_activation(
        m, layer="last", units=[0], size=12, steps=2
    ),
    "maco": lambda m, x: visualize.maco(m, layer="last", units=[0], size=12, steps=2),
    "deep_dream": lambda m, x: visualize.deep_dream(m, x, "last", octaves=1, steps=2),
    "invert_features": lambda m, x: visualize.invert_features(m, x, "last", steps=2),
    "style_transfer": lambda m, x: visualize.style_transfer(
        m, x[:1], x[1:], content_layers="last", style_layers=["first"], steps=2
    ),
    "fgsm": lambda m, x: visualize.fgsm(m, x, [0, 1], epsilon=0.1),
}


@pytest.mark.parametrize("name", MADE)
def test_pictures_are_made_in_double_precision(name, floatx, rng):
    floatx("float64")
    made = MADE[name](convolutions(), rng.random((2, 12, 12, 3), "float32"))
    made = getattr(made, "images", made)
    assert np.isfinite(np.asarray(made)).all()
