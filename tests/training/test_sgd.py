import keras
import numpy as np
import pytest

from kerascnn.training import CoupledDecaySGD

LR, M, D = 0.1, 0.9, 0.5


def test_two_steps_by_hand():
    kernel = keras.Variable([2.0], name="kernel")
    bias = keras.Variable([2.0], name="bias")
    optimizer = CoupledDecaySGD(LR, momentum=M, kernel_decay=D)
    optimizer.build([kernel, bias])

    optimizer.apply([[1.0], [1.0]])
    # v = 0.9 * 0 - 0.1 * (1 + 0.5 * 2) = -0.2;  w = 2 - 0.2 = 1.8
    np.testing.assert_allclose(kernel.numpy(), [1.8], rtol=1e-6)
    # v = -0.1 * 1 = -0.1;  w = 1.9
    np.testing.assert_allclose(bias.numpy(), [1.9], rtol=1e-6)

    optimizer.apply([[1.0], [1.0]])
    # v = 0.9 * -0.2 - 0.1 * (1 + 0.5 * 1.8) = -0.18 - 0.19 = -0.37;  w = 1.43
    np.testing.assert_allclose(kernel.numpy(), [1.43], rtol=1e-6)
    # v = 0.9 * -0.1 - 0.1 = -0.19;  w = 1.71
    np.testing.assert_allclose(bias.numpy(), [1.71], rtol=1e-6)


def fitted(optimizer, regularizer=None):
    rng = np.random.default_rng(0)
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((5, 5, 2)),
            layers.Conv2D(3, 3, activation="tanh", kernel_regularizer=regularizer),
            layers.BatchNormalization(),
            layers.Flatten(),
            layers.Dense(2, kernel_regularizer=regularizer),
        ]
    )
    model.set_weights([0.3 + 0.2 * rng.random(w.shape) for w in model.get_weights()])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer, loss, run_eagerly=True)  # a few steps are not worth compiling
    images, labels = rng.random((3, 8, 5, 5, 2)), rng.integers(0, 2, (3, 8))
    for batch in zip(images, labels, strict=True):
        model.train_on_batch(*batch)
    return model.get_weights()


@pytest.fixture(scope="module")
def coupled():
    """Weights after some steps."""
    return fitted(CoupledDecaySGD(LR, momentum=M, kernel_decay=0.02))


def test_equals_an_l2_penalty_of_half_the_decay_under_plain_sgd(coupled):
    penalty = fitted(keras.optimizers.SGD(LR, momentum=M), keras.regularizers.L2(0.02 / 2))
    for ours, theirs in zip(coupled, penalty, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=2e-4, atol=2e-5)


def test_differs_from_keras_own_weight_decay(coupled):
    decoupled = fitted(keras.optimizers.SGD(LR, momentum=M, weight_decay=0.02))
    assert np.abs(coupled[0] - decoupled[0]).max() > 1e-3


def test_without_decay_it_is_sgd():
    ours, theirs = fitted(CoupledDecaySGD(LR, momentum=M)), fitted(keras.optimizers.SGD(LR, M))
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(one, other)


def test_only_kernels_decay():
    names = ["kernel", "bias", "gamma", "beta", "depthwise_kernel", "pointwise_kernel"]
    variables = [keras.Variable([1.0], name=name) for name in names]
    optimizer = CoupledDecaySGD(LR, kernel_decay=D)
    optimizer.build(variables)
    optimizer.apply([[0.0]] * len(names))
    decayed = [name for name, v in zip(names, variables, strict=True) if v.numpy()[0] != 1]
    assert decayed == ["kernel", "depthwise_kernel", "pointwise_kernel"]
    assert variables[0].numpy()[0] == pytest.approx(1 - LR * D)


def test_serialization_keeps_the_decay():
    optimizer = CoupledDecaySGD(0.2, momentum=0.8, kernel_decay=0.03)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(optimizer))
    assert type(again) is CoupledDecaySGD
    assert again.kernel_decay == 0.03
    assert again.get_config() == optimizer.get_config()
