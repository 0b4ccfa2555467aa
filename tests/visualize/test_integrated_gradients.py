"""Integrated gradients: completeness, integrals known by hand, baselines."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops

import kerascnn as kc

RULES = ("trapezoid", "gauss_legendre")


@pytest.fixture
def images(rng):
    return rng.random((3, 6, 4, 2), "float32")


@pytest.fixture(scope="module")
def shared():
    """Linear in the pixels."""
    keras.utils.set_random_seed(0)
    return keras.Sequential([keras.Input((6, 4, 2)), layers.Flatten(), layers.Dense(2)])


def powers(degree):
    """F(x) = Σ x^degree as the one class."""
    inputs = keras.Input((2, 2, 1))
    return keras.Model(inputs, ops.sum(inputs**degree, axis=(1, 2)))


@pytest.mark.parametrize("rule", RULES)
def test_of_a_linear_model(rule, model, images):
    """(x − x′) · w, whatever the path."""
    weights = model.layers[-1].get_weights()[0][:, 1].reshape(6, 4, 2)
    result = kc.visualize.integrated_gradients(model, images, 1, baseline=0.5, steps=4, rule=rule)
    np.testing.assert_allclose(result.attributions, (images - 0.5) * weights, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(result.gap, 0, atol=1e-5)


def test_gauss_legendre_is_exact_for_polynomials():
    """n points integrate a gradient of degree 2n − 1; the trapezoid rule does not."""
    image = np.array([1, 2, -1, 3], "float32").reshape(1, 2, 2, 1)
    for steps, degree in ((1, 2), (2, 4), (3, 6)):
        exact, gap = kc.visualize.integrated_gradients(
            powers(degree), image, lambda y: y[:, 0], steps=steps, rule="gauss_legendre"
        )
        np.testing.assert_allclose(exact, image**degree, rtol=1e-5)  # ∫ d·(αx)^(d−1) dα · x
        assert abs(gap[0]) < 1e-5 * (image**degree).sum()
    rough, gap = kc.visualize.integrated_gradients(
        powers(4), image, lambda y: y[:, 0], steps=2, rule="trapezoid"
    )
    # 4x⁴ · (0/4 + (1/2)³/2 + 1/4) = 1.25 x⁴
    np.testing.assert_allclose(rough, 1.25 * image**4, rtol=1e-5)
    np.testing.assert_allclose(gap, 0.25 * (image**4).sum(), rtol=1e-5)


@pytest.fixture(scope="module")
def digits():
    return kc.datasets.load("digits").test[0][:8]


@pytest.fixture(scope="module")
def lenet5():
    return kc.build_lenet5(weights="mnist")


@pytest.fixture(scope="module")
def difference(lenet5, digits):
    """Of the best logits, between the digits and black."""
    features = keras.Model(lenet5.inputs[0], lenet5.layers[-2].output)
    kernel, bias = lenet5.layers[-1].get_weights()
    logits, black = (np.array(features(x)) @ kernel + bias for x in (digits, 0 * digits))
    best = logits.argmax(axis=1)
    return logits[range(8), best] - black[range(8), best]


@pytest.mark.parametrize("rule", RULES)
def test_completeness_on_a_trained_network(rule, lenet5, digits, difference):
    """Proposition 1: attributions sum to the difference of the scores, within 5 %."""
    result = kc.visualize.integrated_gradients(lenet5, digits, steps=50, rule=rule)
    sums = result.attributions.sum(axis=(1, 2, 3))
    assert (np.abs(difference) > 1).all()
    assert (np.abs(sums - difference) <= 0.05 * np.abs(difference)).all()
    np.testing.assert_allclose(result.gap, sums - difference, atol=1e-3)


def test_equals_a_plain_sum(images):
    """The trapezoid rule, step by step with a plain tape."""
    model = keras.Sequential(
        [
            keras.Input((6, 4, 2)),
            layers.Conv2D(3, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(3),
        ]
    )
    baseline = np.linspace(0, 1, 48, dtype="float32").reshape(6, 4, 2)
    total = 0
    for weight, alpha in ((0.25, 0.0), (0.5, 0.5), (0.25, 1.0)):
        x = tf.constant(baseline + alpha * (images - baseline), tf.float32)
        with tf.GradientTape() as tape:
            tape.watch(x)
            score = model(x)[:, 2]
        total = total + weight * tape.gradient(score, x).numpy()
    ours = kc.visualize.integrated_gradients(
        model, images, 2, baseline=baseline, steps=2, rule="trapezoid"
    )
    np.testing.assert_allclose(ours.attributions, (images - baseline) * total, rtol=1e-4, atol=1e-6)


def test_of_a_network_without_biases(images):
    """Its gradient is the same all along the way from 0, where alone it is 0."""
    model = keras.Sequential(
        [
            keras.Input((6, 4, 2)),
            layers.Conv2D(5, 3, use_bias=False, activation="relu"),
            layers.Flatten(),
            layers.Dense(3, use_bias=False),
        ]
    )
    scores = np.array(model(images))[:, 1]
    see = lambda rule: kc.visualize.integrated_gradients(model, images, 1, steps=4, rule=rule)  # noqa: E731
    np.testing.assert_allclose(see("gauss_legendre").gap, 0, atol=1e-6)
    np.testing.assert_allclose(see("trapezoid").gap, -scores / 8, atol=1e-6)  # half of 4 steps


def test_baselines_in_every_form(model, images):
    see = lambda baseline: kc.visualize.integrated_gradients(  # noqa: E731
        model, images, 1, baseline=baseline, steps=2
    )
    expected = see(0.25)
    for form in (
        np.float64(0.25),
        np.full((6, 4, 2), 0.25),
        np.full((1, 6, 4, 2), 0.25),
        np.full((3, 6, 4, 2), 0.25),
        [np.full((6, 4, 2), 0.25)],
    ):
        np.testing.assert_array_equal(see(form).attributions, expected.attributions)
    np.testing.assert_array_equal(see(None).attributions, see(0).attributions)
    assert not np.allclose(see(None).attributions, expected.attributions)


def test_several_inputs_add_up(rng):
    one, other = keras.Input((4, 4, 1)), keras.Input((4, 4, 2))
    both = layers.Concatenate()([layers.Flatten()(x) for x in (one, other)])
    model = keras.Model([one, other], layers.Dense(2)(layers.Dense(5, "tanh")(both)))
    images = [rng.random((2, 4, 4, 1), "float32"), rng.random((2, 4, 4, 2), "float32")]
    result = kc.visualize.integrated_gradients(model, images, 1, baseline=[0.5, None])
    before = np.array(model([0 * images[0] + 0.5, 0 * images[1]]))[:, 1]
    difference = np.array(model(images))[:, 1] - before
    sums = sum(a.sum(axis=(1, 2, 3)) for a in result.attributions)
    np.testing.assert_allclose(sums, difference, rtol=0.05)
    np.testing.assert_allclose(result.gap, sums - difference, atol=1e-5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"steps": 0}, "steps must be a whole number of at least 1; received 0"),
        ({"rule": "simpson"}, "rule must be one of 'gauss_legendre', 'trapezoid'"),
        ({"baseline": np.zeros((4, 6, 2))}, r"\(3, 6, 4, 2\) or \(6, 4, 2\).*\(4, 6, 2\)"),
        ({"baseline": "black"}, "baseline must be a number or have the images' shape"),
        ({"baseline": np.nan}, "baseline must be finite"),
        ({"baseline": [0, 0]}, r"1 input\(s\); received 2"),
    ],
)
def test_errors_teach(options, message, model, images):
    with pytest.raises(ValueError, match=message) as caught:
        kc.visualize.integrated_gradients(model, images, 1, **options)
    assert "\n" not in str(caught.value)


def test_a_baseline_of_one_input_does_not_fit_another(rng):
    """Of two inputs, an image's baseline alone cannot be that of a vector."""
    image, vector = keras.Input((4, 4, 1)), keras.Input((3,))
    together = layers.Concatenate()([layers.Flatten()(image), vector])
    model = keras.Model([image, vector], layers.Dense(2)(together))
    given = [rng.random((2, 4, 4, 1), "float32"), rng.random((2, 3), "float32")]
    with pytest.raises(ValueError, match="a list with one baseline for each input"):
        kc.visualize.integrated_gradients(model, given, 1, baseline=given[0])
    result = kc.visualize.integrated_gradients(model, given, 1, baseline=[given[0], 0])
    assert not result.attributions[0].any()  # equal to its baseline
    weights = model.layers[-1].get_weights()[0][16:, 1]
    np.testing.assert_allclose(result.attributions[1], given[1] * weights, rtol=1e-4, atol=1e-6)
