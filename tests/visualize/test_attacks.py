"""Adversarial images: the steps by hand, and against Keras's own loss."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import kerascnn as kc
from kerascnn.visualize import fgsm, pgd

W = np.array([[1.0, -1.0], [2.0, 1.0], [0.0, 0.0], [-3.0, 4.0]])  # pixel, class
SIGNS = np.array([-1, -1, 0, 1])  # of W[:, 1] − W[:, 0], which the loss of class 0 follows


def linear(head):
    """Four pixels in a row, and one weight for each and each class."""
    inputs = keras.Input((1, 4, 1))
    units = 1 if head == "sigmoid" else 2
    outputs = layers.Dense(units, activation=head)(layers.Flatten()(inputs))
    model = keras.Model(inputs, outputs)
    weights = W[:, 1:] - W[:, :1] if head == "sigmoid" else W
    model.set_weights([weights, np.zeros(units)])
    return model


@pytest.fixture(scope="module")
def softmax():
    return linear("softmax")


@pytest.fixture(scope="module")
def shared(small_net):
    keras.utils.set_random_seed(0)
    return small_net((6, 5, 2))


@pytest.fixture
def row():
    return np.array([0.5, 0.5, 0.5, 0.5], "float32").reshape(1, 1, 4, 1)


@pytest.mark.parametrize("head", ["softmax", "linear", "sigmoid"])
def test_one_step_by_hand(head, row):
    model = linear(head)
    if head == "linear":  # two logits
        model.set_weights([W, np.zeros(2)])
    up = fgsm(model, row, 0, epsilon=0.1)
    np.testing.assert_allclose(up.ravel(), 0.5 + 0.1 * SIGNS, rtol=1e-6)
    down = fgsm(model, row, target=0, epsilon=0.1)
    np.testing.assert_allclose(down.ravel(), 0.5 - 0.1 * SIGNS, rtol=1e-6)
    assert up.dtype == row.dtype
    np.testing.assert_array_equal(row, 0.5)


def test_of_several_sigmoids_only_that_of_the_class_counts(row):
    """Its loss, −log sigmoid(z), follows its own weights, and no softmax with those of others."""
    inputs = keras.Input((1, 4, 1))
    model = keras.Model(inputs, layers.Dense(2, "sigmoid")(layers.Flatten()(inputs)))
    model.set_weights([W, np.zeros(2)])
    for label in (0, 1):
        up = fgsm(model, row, label, epsilon=0.1)
        np.testing.assert_allclose(up.ravel(), 0.5 - 0.1 * np.sign(W[:, label]), rtol=1e-6)


def test_the_predicted_class_is_the_one_to_leave(softmax, row):
    # Logits: 0, (1 + 2 − 3) / 2, and 2, (−1 + 1 + 4) / 2.
    np.testing.assert_array_equal(
        fgsm(softmax, row, epsilon=0.1), fgsm(softmax, row, 1, epsilon=0.1)
    )


def test_several_steps_end_in_the_corner_of_a_linear_model(softmax, row):
    corner = 0.5 + 0.1 * SIGNS
    for seed in (0, 1):
        changed = pgd(softmax, row, 0, epsilon=0.1, seed=seed).ravel()
        np.testing.assert_allclose(changed[SIGNS != 0], corner[SIGNS != 0], rtol=1e-6)
        assert abs(changed[2] - 0.5) <= 0.1  # where the random start left it
    still = pgd(softmax, row, 0, epsilon=0.1, random_start=False)
    np.testing.assert_allclose(still.ravel(), corner, rtol=1e-6)
    short = pgd(softmax, row, 0, epsilon=0.1, random_start=False, steps=3, step_size=0.02)
    np.testing.assert_allclose(short.ravel(), 0.5 + 0.06 * SIGNS, rtol=1e-6)
    np.testing.assert_array_equal(pgd(softmax, row, 0, epsilon=0), row)


def test_limits_hold(softmax, row):
    near = row + np.array([-0.45, 0.45, 0, 0.45], "float32").reshape(row.shape)
    expected = [0, 0.85, 0.5, 1]  # 0.05 − 0.1, 0.95 − 0.1, and 0.95 + 0.1
    for attack in (fgsm, lambda *given, **more: pgd(*given, random_start=False, **more)):
        found = attack(softmax, near, 0, epsilon=0.1).ravel()
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-7)
        free = attack(softmax, near, 0, epsilon=0.1, limits=None).ravel()
        np.testing.assert_allclose(free[[0, 3]], [-0.05, 1.05], rtol=1e-5)
        wide = attack(softmax, 255 * near, 0, epsilon=10, limits=(0, 255)).ravel()
        np.testing.assert_allclose(wide[[0, 3]], [2.75, 252.25], rtol=1e-5)


def test_steps_follow_the_gradient_of_keras_loss(model, rng):
    images, labels = rng.random((3, 6, 5, 2), "float32"), np.array([2, 0, 1])
    expected = images
    for _step in range(4):
        x = tf.convert_to_tensor(expected)
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = keras.losses.SparseCategoricalCrossentropy()(labels, model(x))
        expected = expected + 0.03 * np.sign(tape.gradient(loss, x))
        expected = np.clip(expected, images - 0.05, images + 0.05).clip(0, 1)
    options = {"epsilon": 0.05, "steps": 4, "step_size": 0.03, "random_start": False}
    found = pgd(model, images, labels, **options)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    pieces = pgd(model, images, labels, batch_size=2, **options)
    np.testing.assert_allclose(pieces, found, atol=1e-6)


def test_an_image_does_not_depend_on_its_company(model, rng):
    images = rng.random((3, 6, 5, 2), "float32")
    together = pgd(model, images, 0, epsilon=0.1, steps=2)
    for i in range(3):  # whatever its place
        alone = pgd(model, images[i : i + 1], 0, epsilon=0.1, steps=2)
        np.testing.assert_allclose(together[i : i + 1], alone, atol=1e-6)
    assert np.any(pgd(model, images, 0, epsilon=0.1, steps=2, seed=1) != together)


def test_a_real_network_is_misled_and_noise_becomes_a_digit():
    lenet = kc.build_lenet5(weights="mnist")
    images, labels = (part[:40] for part in kc.datasets.load("digits").test)
    right = lenet(images).numpy().argmax(axis=1) == labels
    changed = pgd(lenet, images[right], labels[right], epsilon=0.25)
    assert np.abs(changed - images[right]).max() <= 0.25 + 1e-6
    assert np.mean(lenet(changed).numpy().argmax(axis=1) == labels[right]) < 0.2 < right.mean()
    noise = np.random.default_rng(0).random((2, 28, 28, 1), "float32")
    fooling = pgd(lenet, noise, target=[3, 8], epsilon=1)
    assert np.all(lenet(fooling).numpy()[[0, 1], [3, 8]] > 0.9)


@pytest.mark.parametrize("attack", [fgsm, pgd])
@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"labels": 5}, ValueError, "labels must be a class index from 0 to 1; received 5"),
        ({"target": 5}, ValueError, "target must be a class index from 0 to 1; received 5"),
        ({"labels": [0, 1]}, ValueError, "labels must be a class index or one index for each of"),
        ({"labels": "cat"}, TypeError, "labels must be a class index, since"),
        ({"labels": 0, "target": 1}, ValueError, "labels must be None if target is given"),
        ({"labels": lambda x: x[:, 0]}, TypeError, "labels must be a class index or one index"),
        ({"epsilon": -0.1}, ValueError, "epsilon must be a number of at least 0; received -0.1"),
        ({"epsilon": "much"}, ValueError, "epsilon must be a number"),
        ({"limits": 255}, ValueError, "limits must be two numbers"),
        ({"limits": (0, 0.4)}, ValueError, r"images must be within limits, from 0 to 0\.4.*0\.5"),
        ({"images": np.full((1, 1, 4, 1), 128)}, TypeError, "images must be float"),
    ],
)
def test_errors_teach(attack, change, error, message, softmax, row):
    given = {"images": row, "epsilon": 0.1, **change}
    with pytest.raises(error, match=message) as caught:
        attack(softmax, **given)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"steps": 0}, "steps must be a whole number of at least 1; received 0"),
        ({"step_size": -1}, "step_size must be a number of at least 0"),
        ({"seed": -1}, "seed must be a whole number of at least 0"),
    ],
)
def test_the_steps_are_checked(change, message, softmax, row):
    with pytest.raises(ValueError, match=message):
        pgd(softmax, row, epsilon=0.1, **change)


def test_several_inputs_are_refused(row):
    one, other = keras.Input((1, 4, 1)), keras.Input((1, 4, 1))
    x = layers.Flatten()(layers.Add()([one, other]))
    model = keras.Model([one, other], layers.Dense(2)(x))
    with pytest.raises(ValueError, match="model must have a single input for an attack; it has 2"):
        fgsm(model, [row, row], 0, epsilon=0.1)
