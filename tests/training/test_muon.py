"""Muon against the definition: a singular value decomposition, and steps by hand."""

import keras
import numpy as np
import pytest

from kerascnn.training import Muon, normalized_kernels, recipe, train
from kerascnn.training._muon import orthogonal
from kerascnn.training._optimizers import make_optimizer

layers = keras.layers
RNG = np.random.default_rng(0)


@pytest.mark.parametrize("shape", [(27, 16), (16, 27), (9, 9), (576, 64)])
def test_orthogonal_keeps_the_singular_vectors(shape):
    matrix = RNG.normal(size=shape).astype("float32")
    left, values, right = np.linalg.svd(matrix, full_matrices=False)
    result = left.T @ keras.ops.convert_to_numpy(orthogonal(matrix)) @ right.T
    large = values > 1e-2 * values.max()
    assert large.sum() >= min(shape) - 1
    np.testing.assert_allclose(np.diag(result)[large], 1, atol=0.35)
    np.testing.assert_allclose(result - np.diag(np.diag(result)), 0, atol=1e-4)


def kernel_and_optimizer(momentum=0.9):
    kernel = keras.Variable(RNG.normal(size=(3, 3, 2, 4)), name="kernel")
    optimizer = Muon(0.1, momentum=momentum, kernels=[kernel.path])
    optimizer.build([kernel])
    return kernel, optimizer


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_two_steps_of_a_kernel_by_hand(momentum):
    kernel, optimizer = kernel_and_optimizer(momentum)
    expected, velocity = kernel.numpy(), 0.0
    for gradient in RNG.normal(size=(2, *kernel.shape)).astype("float32"):
        optimizer.apply([gradient])
        velocity = momentum * velocity + gradient
        ahead = gradient + momentum * velocity
        direction = np.asarray(orthogonal(ahead.reshape(18, 4))).reshape(kernel.shape)
        size = np.linalg.norm(expected)
        expected = expected - 0.15 * 0.1 * size * direction / np.linalg.norm(direction)
        expected = expected * size / np.linalg.norm(expected)
        np.testing.assert_allclose(kernel.numpy(), expected, rtol=1e-4, atol=1e-6)


def test_a_kernel_without_a_gradient_stays():
    kernel, optimizer = kernel_and_optimizer()
    before = kernel.numpy()
    optimizer.apply([np.zeros(kernel.shape)])
    np.testing.assert_allclose(kernel.numpy(), before, rtol=1e-6)


def net(**options):
    """Two normalized convolutions, one of them nested, and three that are not."""
    images = keras.Input((6, 6, 2))
    x = layers.Conv2D(3, 3, name="first")(images)
    x = layers.BatchNormalization()(x)
    inner = keras.Input((4, 4, 3))
    y = layers.Conv2D(3, 1, name="inner")(inner)
    nested = keras.Model(inner, layers.BatchNormalization()(y), name="nested")
    x = layers.Activation("relu")(nested(x))
    x = layers.DepthwiseConv2D(3, name="depthwise")(x)
    x = layers.BatchNormalization()(x)
    both = layers.Conv2D(2, 1, name="both")(x)
    x = layers.Add()([layers.BatchNormalization()(both), both])
    x = layers.Conv2D(2, 1, name="scores", **options)(x)
    return keras.Model(images, layers.Softmax()(layers.GlobalAveragePooling2D()(x)))


def test_kernels_that_nothing_but_a_batch_normalization_reads():
    assert [path.split("/")[-2] for path in normalized_kernels(net())] == ["first", "inner"]
    image = keras.Input((4, 4, 1))
    maps = layers.Conv2D(2, 1)(image)
    both = keras.Model(image, [layers.BatchNormalization()(maps), maps])
    assert normalized_kernels(both) == []  # who reads an output may want to know the norm


def step(model, data, optimizer):
    """Train for one step, which is not worth compiling."""
    made = make_optimizer(recipe("vgg", optimizer=optimizer), model)
    model.compile(made, "sparse_categorical_crossentropy", run_eagerly=True)
    model.train_on_batch(*data)


def test_they_keep_their_norm_and_other_weights_go_by_sgd():
    data = RNG.random((8, 6, 6, 2), "float32"), np.arange(8) % 2
    models = [net(), net()]
    models[1].set_weights(models[0].get_weights())
    before = {weight.path: weight.numpy() for weight in models[0].weights}
    options = {"epochs": 1, "batch_size": 8, "augment": "none", "verbose": 0, "dropout": 0.0}
    train(models[0], data, recipe="vgg", optimizer="muon", **options)
    step(models[1], data, "sgd")
    mine = normalized_kernels(models[0])
    for ours, theirs in zip(models[0].trainable_weights, models[1].trainable_weights, strict=True):
        if ours.path in mine:
            norms = [np.linalg.norm(weight) for weight in (ours.numpy(), before[ours.path])]
            assert norms[0] == pytest.approx(norms[1], rel=1e-5)
            assert np.abs(ours.numpy() - theirs.numpy()).max() > 1e-3
        else:  # after one step from the same weights
            np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-4, atol=1e-6)


def test_scores_that_begin_at_zero_learn():
    """As those of FCN do; a kept norm would hold them there."""
    model = net(kernel_initializer="zeros")
    step(model, (RNG.random((8, 6, 6, 2), "float32"), np.arange(8) % 2), "muon")
    assert np.abs(model.get_layer("scores").kernel.numpy()).max() > 1e-5


def test_a_model_without_such_kernels_is_refused(make_model, bars, tmp_path):
    with pytest.raises(ValueError, match=r"'muon' is for .*: use 'sgd'"):
        train(
            make_model(),
            bars,
            recipe="vgg",
            batch_size=16,
            optimizer="muon",
            run_dir=tmp_path / "run",
        )
    assert not (tmp_path / "run").exists()


def test_is_made_again_from_its_config():
    optimizer = Muon(0.2, momentum=0.8, kernel_decay=0.03, kernels=["a/kernel"])
    again = keras.optimizers.deserialize(keras.optimizers.serialize(optimizer))
    assert type(again) is Muon
    assert again.get_config() == optimizer.get_config()
