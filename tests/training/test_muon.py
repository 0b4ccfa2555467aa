"""Muon against the definition: a singular value decomposition, and steps by hand."""

import keras
import numpy as np
import pytest

from kerascnn.training import CoupledDecaySGD, Muon
from kerascnn.training._muon import orthogonal

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("shape", [(27, 16), (16, 27), (9, 9), (576, 64)])
def test_orthogonal_keeps_the_singular_vectors(shape):
    matrix = RNG.normal(size=shape).astype("float32")
    left, values, right = np.linalg.svd(matrix, full_matrices=False)
    result = left.T @ keras.ops.convert_to_numpy(orthogonal(matrix)) @ right.T
    # All values become about 1, the least of a square matrix too if it is not too near to 0.
    large = values > 1e-2 * values.max()
    assert large.sum() >= min(shape) - 1
    np.testing.assert_allclose(np.diag(result)[large], 1, atol=0.35)
    np.testing.assert_allclose(result - np.diag(np.diag(result)), 0, atol=1e-4)


def variables():
    shapes = {"kernel": (3, 3, 2, 4), "bias": (4,), "dense_kernel": (4, 3)}
    return [
        keras.Variable(RNG.normal(size=shape), name=name.removeprefix("dense_"))
        for name, shape in shapes.items()
    ]


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_two_steps_of_a_kernel_by_hand(momentum):
    kernel = keras.Variable(RNG.normal(size=(3, 3, 2, 4)), name="kernel")
    gradients = RNG.normal(size=(2, *kernel.shape)).astype("float32")
    optimizer = Muon(0.1, momentum=momentum)
    optimizer.build([kernel])
    expected, velocity = kernel.numpy(), 0.0
    for gradient in gradients:
        optimizer.apply([gradient])
        velocity = momentum * velocity + gradient
        ahead = gradient + momentum * velocity
        direction = np.asarray(orthogonal(ahead.reshape(18, 4))).reshape(kernel.shape)
        size = np.linalg.norm(expected)
        expected = expected - 0.15 * 0.1 * size * direction / np.linalg.norm(direction)
        expected = expected * size / np.linalg.norm(expected)
        np.testing.assert_allclose(kernel.numpy(), expected, rtol=1e-4, atol=1e-6)


def test_a_kernel_keeps_its_norm_and_other_weights_go_by_sgd():
    ours = variables()
    theirs = [keras.Variable(variable.numpy(), name=variable.name) for variable in ours]
    optimizers = [made(0.1, momentum=0.9, kernel_decay=0.01) for made in (Muon, CoupledDecaySGD)]
    for optimizer, weights in zip(optimizers, (ours, theirs), strict=True):
        optimizer.build(weights)
    norm = np.linalg.norm(ours[0].numpy())
    for _step in range(3):
        gradients = [RNG.normal(size=variable.shape) for variable in ours]
        for optimizer in optimizers:
            optimizer.apply(gradients)
    assert np.linalg.norm(ours[0].numpy()) == pytest.approx(norm, rel=1e-5)
    assert np.abs(ours[0].numpy() - theirs[0].numpy()).max() > 1e-2
    for our, their in zip(ours[1:], theirs[1:], strict=True):
        np.testing.assert_array_equal(our.numpy(), their.numpy())


def test_a_kernel_without_a_gradient_stays():
    kernel = keras.Variable(RNG.normal(size=(3, 3, 2, 4)), name="kernel")
    before = kernel.numpy()
    optimizer = Muon(0.1, momentum=0.9)
    optimizer.build([kernel])
    optimizer.apply([np.zeros(kernel.shape)])
    np.testing.assert_allclose(kernel.numpy(), before, rtol=1e-6)


def test_is_made_again_from_its_config():
    optimizer = Muon(0.2, momentum=0.8, kernel_decay=0.03)
    again = keras.optimizers.deserialize(keras.optimizers.serialize(optimizer))
    assert type(again) is Muon
    assert again.get_config() == optimizer.get_config()
