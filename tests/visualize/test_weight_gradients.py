"""Gradients of a loss with respect to the weights."""

import keras
import numpy as np
import pytest
from keras import layers, ops

import kerascnn as kc

see = kc.visualize.weight_gradients


@pytest.fixture
def images(rng):
    return rng.random((5, 6, 4, 2), "float32")


LABELS = np.array([0, 2, 1, 0, 2])


def cross_entropy(outputs):
    return keras.losses.sparse_categorical_crossentropy(LABELS, outputs)


def small(*between, activation="softmax"):
    return keras.Sequential(
        [
            keras.Input((6, 4, 2)),
            layers.Conv2D(3, 3, use_bias=False),
            *between,
            layers.Flatten(),
            layers.Dense(3, activation),
        ]
    )


def test_of_a_linear_classifier_by_hand(images):
    """∂L/∂W = xᵀ (p - y) / N."""
    model = keras.Sequential([keras.Input((6, 4, 2)), layers.Flatten(), layers.Dense(3, "softmax")])
    probabilities = np.array(model(images))
    error = (probabilities - np.eye(3)[LABELS]) / len(LABELS)
    kernel, bias = see(model, images, cross_entropy)
    np.testing.assert_allclose(kernel, images.reshape(5, -1).T @ error, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(bias, error.sum(axis=0), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("training", [False, True])
def test_equal_differences(training, images):
    """The loss, a little to both sides of a weight."""
    model = small(layers.BatchNormalization(), layers.Activation("tanh"))
    loss = lambda: float(ops.mean(cross_entropy(model(images, training=training))))  # noqa: E731
    gradient = see(model, images, cross_entropy, training=training)[0]
    kernel = model.layers[0].kernel
    start, step = ops.convert_to_numpy(kernel), 1e-2
    for place in [(0, 0, 0, 0), (2, 1, 1, 2)]:
        losses = []
        for sign in (1, -1):
            moved = start.copy()
            moved[place] += sign * step
            kernel.assign(moved)
            losses.append(loss())
        kernel.assign(start)
        slope = (losses[0] - losses[1]) / (2 * step)
        np.testing.assert_allclose(gradient[place], slope, rtol=0.02, atol=2e-4)


def test_is_the_step_that_training_takes(images):
    model = small(layers.BatchNormalization(), layers.ReLU())
    gradients = see(model, images, cross_entropy, training=True)
    before = [ops.convert_to_numpy(w) for w in model.trainable_weights]
    model.compile(keras.optimizers.SGD(0.5), "sparse_categorical_crossentropy")
    model.train_on_batch(images, LABELS)
    for weight, old, gradient in zip(model.trainable_weights, before, gradients, strict=True):
        np.testing.assert_allclose(weight.numpy(), old - 0.5 * gradient, rtol=1e-4, atol=1e-6)


def test_the_model_stays_as_it_is(images):
    model = small(layers.BatchNormalization(), layers.Dropout(0.5))
    before = [ops.convert_to_numpy(v) for v in model.variables]
    first = see(model, images, cross_entropy, training=True)
    for variable, value in zip(model.variables, before, strict=True):
        np.testing.assert_array_equal(variable.numpy(), value)
    again = see(model, images, cross_entropy, training=True)  # with the same units dropped
    for a, b in zip(first, again, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)


def test_several_outputs_and_frozen_weights(images):
    inputs = keras.Input((6, 4, 2))
    shared = layers.Conv2D(3, 3, trainable=False)(inputs)
    flat = layers.Flatten()(shared)
    model = keras.Model(inputs, [layers.Dense(3, name=name)(flat) for name in ("main", "side")])
    assert [w.shape for w in model.trainable_weights] == [(24, 3), (3,)] * 2
    both = see(model, images, lambda ys: ops.sum(ys[0]) + 0.3 * ops.sum(ys[1]))
    np.testing.assert_allclose(both[3], 0.3 * both[1], rtol=1e-6)
    main = see(model, images, lambda ys: ops.sum(ys[0]))
    np.testing.assert_allclose(main[0], both[0], rtol=1e-6)
    assert not main[2].any()
    assert not main[3].any()


@pytest.mark.parametrize("dtype", ["mixed_float16", "mixed_bfloat16"])
def test_half_precision_is_close(dtype, images, policy):
    exact = small(layers.ReLU())
    policy(dtype)
    half = small(layers.ReLU())
    half.set_weights(exact.get_weights())
    tiny = lambda y: 1e-5 * cross_entropy(ops.cast(y, "float32"))  # noqa: E731
    for a, b in zip(see(half, images, tiny), see(exact, images, tiny), strict=True):
        assert a.dtype == np.float32
        np.testing.assert_allclose(a, b, rtol=0.1, atol=0.03 * np.abs(b).max())


def test_errors(images):
    model = small()
    with pytest.raises(TypeError, match="loss must be a callable"):
        see(model, images, "mse")
    with pytest.raises(ValueError, match="loss must depend on the model's output"):
        see(model, images, lambda y: np.float32(1))
    with pytest.raises(ValueError, match=r"loss, .*: slice index 9 .*\. Check") as told:
        see(model, images, lambda y: y[:, 9])
    assert "\n" not in str(told.value)
    with pytest.raises(ValueError, match="images must have the shape"):
        see(model, images[0], cross_entropy)
    model.trainable = False
    with pytest.raises(ValueError, match="must have trainable weights"):
        see(model, images, cross_entropy)
