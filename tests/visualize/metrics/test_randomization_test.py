"""The sanity check of Adebayo et al. 2018: which methods pass, and that the model is left alone."""

import random

import keras
import numpy as np
import pytest
from keras import layers
from scipy.stats import spearmanr

import kerascnn as kc


@pytest.fixture(scope="module")
def lenet5():
    return kc.build_lenet5(weights="mnist")


@pytest.fixture(scope="module")
def digits():
    return kc.datasets.load("digits").test[0][:6]


@pytest.fixture
def images(rng):
    return rng.random((2, 8, 6, 1), "float32")


@pytest.fixture(scope="module")
def shared():
    """Weights, biases and moving statistics are all unlike what they start from."""
    rng = np.random.default_rng(1)
    model = keras.Sequential(
        [
            keras.Input((8, 6, 1)),
            layers.Conv2D(3, 3, name="conv"),
            layers.BatchNormalization(name="norm"),
            layers.ReLU(),
            layers.Flatten(name="flatten"),
            layers.Dense(4, name="hidden", activation="relu"),
            layers.Dense(2, name="head", activation="softmax"),
        ]
    )
    model.set_weights([0.5 + rng.random(w.shape) for w in model.get_weights()])
    return model


def look(seen):
    """A method that looks at the weights, and shows the image."""

    def method(model, images, target):
        seen.append([np.copy(w) for w in model.get_weights()])
        return images[..., 0]

    return method


def test_a_method_that_is_blind_to_the_model_fails(lenet5, digits):
    result = kc.visualize.randomization_test(lenet5, digits, lambda m, x, t: x[..., 0])
    assert result.layers == ("predictions", "f6", "c5", "c3", "c1")
    np.testing.assert_allclose(result.correlations, 1)
    np.testing.assert_allclose(result.absolute_correlations, 1)
    assert result.maps.shape == (5, 6, 28, 28)
    np.testing.assert_array_equal(result.original, digits[..., 0])


@pytest.fixture(scope="module")
def trained():
    """A net with ReLUs, trained for a moment: LeNet-5's units are tanh."""
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(8, 5, strides=2, activation="relu", name="one"),
            layers.Conv2D(16, 5, strides=2, activation="relu", name="two"),
            layers.Conv2D(16, 3, activation="relu", padding="same", name="three"),
            layers.Flatten(),
            layers.Dense(10, activation="softmax", name="head"),
        ]
    )
    model.compile(keras.optimizers.Adam(4e-3), "sparse_categorical_crossentropy")
    model.fit(*kc.datasets.load("digits").train, epochs=4, batch_size=32, verbose=0)
    return model


def test_gradients_and_grad_cam_pass_and_guided_backpropagation_does_not(trained, digits):
    """Adebayo 2018, Fig. 4: guided backpropagation hardly changes while the network forgets."""

    def correlation(method):
        result = kc.visualize.randomization_test(trained, digits, method)
        return dict(zip(result.layers, np.nanmean(result.correlations, axis=1), strict=True))

    gradient = correlation(lambda m, x, t: kc.visualize.saliency(m, x, t, reduce=None))
    grad_cam = correlation(lambda m, x, t: kc.visualize.grad_cam(m, x, t, "one"))
    guided = correlation(kc.visualize.guided_backprop)
    assert abs(gradient["two"]) < 0.4  # all layers but the first have forgotten
    assert guided["two"] > 0.6
    assert abs(grad_cam["one"]) < 0.4


def test_guided_grad_cam_remembers_more_than_the_gradient(trained):
    """Adebayo 2018, Fig. 2: its fine structure, guided backpropagation's, barely changes."""
    digits = kc.datasets.load("digits").test[0][:32]

    def left_by(method):
        result = kc.visualize.randomization_test(trained, digits, method, layers=["two"])
        return np.nanmean(result.correlations)  # not of images where Grad-CAM is 0 all over

    gradient = left_by(lambda m, x, t: kc.visualize.saliency(m, x, t, reduce=None))
    guided = left_by(lambda m, x, t: kc.visualize.guided_grad_cam(m, x, t, "two"))
    assert guided > 0.25 > abs(gradient)


def test_cascades_from_the_top(model, images):
    seen = []
    result = kc.visualize.randomization_test(model, images, look(seen))
    assert result.layers == ("head", "hidden", "norm", "conv")
    # Weights in Keras's order: conv 2, norm 4, hidden 2, head 2.
    counts = [
        [i for i, (a, b) in enumerate(zip(seen[0], w, strict=True)) if not np.array_equal(a, b)]
        for w in seen[1:]
    ]
    assert counts == [[8, 9], [6, 7, 8, 9], [2, 3, 4, 5, 6, 7, 8, 9], [*range(10)]]
    for new in seen[1:]:
        np.testing.assert_array_equal(new[8], seen[1][8])  # drawn once
    np.testing.assert_array_equal(seen[3][2:6], [[1] * 3, [0] * 3, [0] * 3, [1] * 3])
    for old, first in zip(model.get_weights(), seen[0], strict=True):
        np.testing.assert_array_equal(old, first)


def test_some_layers_and_independent_ones(model, images):
    every, some, alone = [], [], []
    kc.visualize.randomization_test(model, images, look(every))
    result = kc.visualize.randomization_test(
        model, images, look(some), layers=["conv", model.get_layer("hidden")]
    )
    assert result.layers == ("hidden", "conv")  # in the order of the cascade
    for ours, expected in zip(some, [every[0], every[2], every[4]], strict=True):
        for a, b in zip(ours, expected, strict=True):
            np.testing.assert_array_equal(a, b)
    kc.visualize.randomization_test(model, images, look(alone), independent=True)
    changed = [
        [i for i, (a, b) in enumerate(zip(alone[0], w, strict=True)) if not np.array_equal(a, b)]
        for w in alone[1:]
    ]
    assert changed == [[8, 9], [6, 7], [2, 3, 4, 5], [0, 1]]


def test_correlations_are_spearmans(lenet5, digits):
    def method(model, images, target):
        return kc.visualize.saliency(model, images, target, reduce=None)[..., 0]

    result = kc.visualize.randomization_test(lenet5, digits, method, layers=["f6"])
    for i in range(6):
        one, other = result.original[i].ravel(), result.maps[0, i].ravel()
        assert result.correlations[0, i] == pytest.approx(spearmanr(one, other)[0], abs=1e-6)
        absolute = spearmanr(np.abs(one), np.abs(other))[0]
        assert result.absolute_correlations[0, i] == pytest.approx(absolute, abs=1e-6)
        assert result.correlations[0, i] != result.absolute_correlations[0, i]


def test_structural_similarity(model, images):
    same = kc.visualize.randomization_test(
        model, np.pad(images, ((0, 0), (0, 0), (0, 0), (0, 0))),
        lambda m, x, t: np.repeat(x[..., 0], 2, axis=2), metric="ssim", layers=["head"],
    )  # fmt: skip
    np.testing.assert_allclose(same.correlations, 1)
    with pytest.raises(ValueError, match=r"at least 7×7; received \(8, 6\)"):
        kc.visualize.randomization_test(model, images, lambda m, x, t: x[..., 0], metric="ssim")


def test_constant_maps_have_no_correlation(model, images):
    def method(model, images, target):
        return np.stack([np.zeros((8, 6)), images[1, ..., 0]])

    result = kc.visualize.randomization_test(model, images, method, layers=["conv"])
    np.testing.assert_array_equal(np.isnan(result.correlations), [[True, False]])


def test_the_same_seed_gives_the_same(model, images):
    def weights(seed):
        seen = []
        kc.visualize.randomization_test(model, images, look(seen), seed=seed, layers=["conv"])
        return np.concatenate([w.ravel() for w in seen[-1]])

    state = random.getstate()
    first, again, other = weights(1), weights(1), weights(2)
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    assert random.getstate() == state


def test_the_model_stays_as_it_is_also_on_failure(fresh, images):
    before = [np.copy(w) for w in fresh.get_weights()]
    fresh.get_layer("conv").trainable = False

    def broken(m, images, target):
        assert m is not fresh
        broken.calls += 1
        if broken.calls == 3:
            raise RuntimeError("broken")
        return images[..., 0]

    broken.calls = 0
    with pytest.raises(RuntimeError, match="broken"):
        kc.visualize.randomization_test(fresh, images, broken)
    for old, new in zip(before, fresh.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    assert not fresh.get_layer("conv").trainable
    assert fresh.get_layer("head").trainable


def test_frozen_and_nested_layers_forget_too(images):
    inner = keras.Sequential(
        [keras.Input((8, 6, 1)), layers.Conv2D(2, 3, name="conv")], name="base"
    )
    inner.trainable = False
    shared = layers.Dense(3, name="shared")
    inputs = keras.Input((8, 6, 1))
    x = layers.Rescaling(2.0)(inner(inputs))
    x = keras.ops.relu(shared(shared(layers.Flatten()(x)[:, :3])))
    model = keras.Model(inputs, layers.Dense(2)(x))
    seen = []
    result = kc.visualize.randomization_test(model, images, look(seen))
    assert result.layers[1:] == ("shared:0", "base/conv")
    assert not np.array_equal(seen[0][0], seen[-1][0])
    with_conv = kc.visualize.randomization_test(model, images, look(seen), layers=["conv"])
    assert with_conv.layers == ("base/conv",)


def test_initializers_that_repeat_themselves_are_shuffled(images):
    """A seed of its own gives an untrained layer the weights that it has."""
    fixed = keras.initializers.GlorotUniform(seed=3)
    model = keras.Sequential(
        [keras.Input((8, 6, 1)), layers.Flatten(), layers.Dense(4, kernel_initializer=fixed)]
    )
    seen = []
    kc.visualize.randomization_test(model, images, look(seen))
    assert not np.array_equal(seen[0][0], seen[1][0])
    np.testing.assert_array_equal(np.sort(seen[0][0], axis=None), np.sort(seen[1][0], axis=None))


def test_what_is_not_learnt_stays(rng, images):
    """The mean of a normalization layer, and the codes of LeNet-5's classes of 1998."""
    norm = layers.Normalization()
    norm.adapt(rng.random((10, 8, 6, 1)))
    model = keras.Sequential([keras.Input((8, 6, 1)), norm, layers.Flatten(), layers.Dense(2)])
    result = kc.visualize.randomization_test(model, images, look([]))
    assert result.layers == (model.layers[-1].name,)
    of_1998 = kc.build_lenet5(variant="1998")
    codes = np.array(of_1998.layers[-1].weights[0])
    last = []
    kc.visualize.randomization_test(
        of_1998, rng.random((1, *of_1998.input_shape[1:]), "float32"),
        lambda m, x, t: last.append(np.array(m.layers[-1].weights[0])) or x[..., 0],
    )  # fmt: skip
    np.testing.assert_array_equal(last[-1], codes)


def test_the_predicted_class_stays(lenet5, digits):
    targets = []

    def method(model, images, target):
        targets.append(target)
        return images[..., 0]

    kc.visualize.randomization_test(lenet5, digits, method, layers=["c1"])
    predicted = np.array(lenet5(digits)).argmax(axis=1)
    for target in targets:
        np.testing.assert_array_equal(target, predicted)
    kc.visualize.randomization_test(lenet5, digits, method, target=3, layers=["c1"])
    assert targets[-1] == 3


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"method": "grad_cam"}, TypeError, "method must be callable as"),
        ({"method": lambda m, x, t: x[0]}, ValueError, "one heatmap for each image"),
        ({"layers": []}, ValueError, "layers must be a list of at least one"),
        ({"layers": "conv"}, ValueError, "layers must be a list .*received 'conv'"),
        ({"layers": ["cnov"]}, ValueError, "Did you mean 'conv'"),
        ({"layers": ["flatten"]}, ValueError, "layers, which need weights, .*received 'flatten"),
        ({"metric": "pearson"}, ValueError, "metric must be one of 'spearman', 'ssim'"),
        ({"seed": None}, ValueError, "seed must be a whole number"),
        ({"target": 2}, ValueError, "from 0 to 1"),
        ({"images": np.zeros((8, 6, 1))}, ValueError, r"images\[None\]"),
        ({"model": 3}, TypeError, "must be a keras.Model"),
    ],
)
def test_errors_teach(change, error, message, model, images):
    arguments = {"model": model, "images": images, "method": lambda m, x, t: x[..., 0], **change}
    with pytest.raises(error, match=message) as caught:
        kc.visualize.randomization_test(**arguments)
    assert "\n" not in str(caught.value)


def test_from_the_bottom_up(model, images):
    down, up = [], []
    kc.visualize.randomization_test(model, images, look(down))
    result = kc.visualize.randomization_test(model, images, look(up), order="bottom_up")
    assert result.layers == ("conv", "norm", "hidden", "head")
    changed = [
        [i for i, (a, b) in enumerate(zip(up[0], w, strict=True)) if not np.array_equal(a, b)]
        for w in up[1:]
    ]
    assert changed == [[0, 1], [0, 1, 2, 3, 4, 5], [0, 1, 2, 3, 4, 5, 6, 7], [*range(10)]]
    for a, b in zip(down[-1], up[-1], strict=True):  # in the end, all is the same
        np.testing.assert_array_equal(a, b)
    with pytest.raises(ValueError, match="order must be one of 'top_down', 'bottom_up'"):
        kc.visualize.randomization_test(model, images, look(up), order="sideways")


def test_maps_are_averaged_over_noisy_images(model, images):
    seen = []

    def method(model, images, target):
        seen.append(images)
        return images[..., 0] ** 2

    result = kc.visualize.randomization_test(
        model, images, method, samples=5, noise=0.2, layers=["conv"], seed=3
    )
    copies = np.array(seen[:5])
    np.testing.assert_array_equal(copies, seen[5:])  # the same noise before and after
    np.testing.assert_allclose(result.original, (copies[..., 0] ** 2).mean(axis=0), rtol=1e-5)
    noise = (copies - images) / np.ptp(images, axis=(1, 2, 3), keepdims=True)
    np.testing.assert_allclose(noise[:, 0], noise[:, 1], atol=1e-5)  # the same for all images
    assert noise[:, 0].std() == pytest.approx(0.2, rel=0.2)
    plain = kc.visualize.randomization_test(model, images, method, layers=["conv"])
    np.testing.assert_array_equal(plain.original, images[..., 0] ** 2)
