"""DeepLIFT: summation to delta, the rescale rule by hand, and captum's results."""

import keras
import numpy as np
import pytest
from keras import layers

from kerascnn.visualize import deep_lift, gradient_times_input, lrp


@pytest.fixture(scope="module")
def shared():
    inputs = keras.Input((12, 8, 2))
    x = layers.Conv2D(6, 3, activation="relu", name="conv")(inputs)
    x = layers.BatchNormalization()(x)
    y = layers.Conv2D(6, 3, padding="same", activation="tanh")(x)
    x = layers.MaxPooling2D(2)(layers.Add()([x, y]))
    x = layers.Activation("gelu")(layers.SeparableConv2D(4, 3)(x))
    x = layers.Dense(8, activation="relu")(layers.Flatten()(x))
    model = keras.Model(inputs, layers.Dense(4, activation="softmax")(x))
    rng = np.random.default_rng(0)
    model.set_weights([w + rng.uniform(0, 0.3, w.shape) - 0.1 for w in model.get_weights()])
    return model


@pytest.mark.parametrize("baseline", [0, 0.5])
def test_summation_to_delta(baseline, model, images):
    """Through all that it knows, max-pooling too."""
    before = keras.Model(model.input, model.layers[-1].input)
    w, b = model.layers[-1].get_weights()
    scores, starts = (
        (before.predict(x, verbose=0) @ w + b)[:, 2] for x in (images, 0 * images + baseline)
    )
    result = deep_lift(model, images, 2, baseline=baseline)
    total = result.attributions.sum(axis=(1, 2, 3))
    assert np.abs(scores - starts).max() > 0.1
    np.testing.assert_allclose(total, scores - starts, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(result.gap, 0, atol=1e-4)


def test_rescale_rule_by_hand():
    """y = 1 − ReLU(1 − x₁ − x₂) is saturated at (1, 1), where its gradient is 0.

    From (0, 0), z = 1 − x₁ − x₂ changes by −2 and ReLU(z) by −1: each input contributes ½, as in
    Shrikumar et al. 2017, Fig. 1.
    """
    model = keras.Sequential(
        [keras.Input((2,)), layers.Dense(1, "relu"), layers.Dense(1), layers.Reshape((1,))]
    )
    model.set_weights([-np.ones((2, 1)), np.ones(1), -np.ones((1, 1)), np.ones(1)])
    x = np.ones((1, 2), "float32")
    result = deep_lift(model, x, lambda y: y[:, 0])
    np.testing.assert_allclose(result.attributions, [[0.5, 0.5]], rtol=1e-6)
    assert not gradient_times_input(model, x, lambda y: y[:, 0]).attributions.any()


def test_without_a_difference_it_is_the_gradient():
    """Where the input is that of the baseline, so that the quotient is 0 / 0."""
    model = keras.Sequential([keras.Input((2,)), layers.Dense(2, "tanh"), layers.Dense(2)])
    model.set_weights([np.eye(2), np.zeros(2), np.ones((2, 2)), np.zeros(2)])
    result = deep_lift(model, np.array([[0.5, 2.0]], "float32"), 0, baseline=np.array([0.5, 1.0]))
    np.testing.assert_allclose(result.attributions, [[0, np.tanh(2) - np.tanh(1)]], rtol=1e-5)


def test_a_tensor_that_reaches_a_layer_twice(images):
    """Dropout returns its input itself; each path still carries its own part, and no more."""
    x = keras.Input((12, 8, 2))
    doubled = layers.Add()([x, layers.Dropout(0.5)(x)])
    y = layers.Dense(3)(layers.Flatten()(doubled))
    kernel = np.array(y._keras_history.operation.kernel)[:, 1].reshape(12, 8, 2)
    for model, target in (
        (keras.Model(x, y), 1),
        (keras.Model(x, [y, layers.Activation("linear")(y)]), lambda both: both[0][:, 1]),
        (keras.Model(x, [y, y]), lambda both: (both[0] + both[1])[:, 1] / 2),
    ):
        for found in (
            deep_lift(model, images, target),
            lrp(model, images, target, composite="zero"),
        ):
            np.testing.assert_allclose(found.attributions, 2 * kernel * images, atol=1e-5)
            np.testing.assert_allclose(found.gap, 0, atol=1e-4)


@pytest.fixture
def steps(rng):
    """Sequences of four steps, of which one is 0."""
    sequences = rng.normal(size=(2, 4, 3)).astype("float32")
    sequences[:, 1] = 0
    return sequences


KERAS_WARNS = pytest.mark.filterwarnings("ignore:.*does not support masking:UserWarning")


@KERAS_WARNS
@pytest.mark.parametrize("method", [deep_lift, lrp])
def test_masked_steps_count(method, steps):
    """Masking changes no step of zeros, although its gradient is 0 there."""

    def net(*masking):
        keras.utils.set_random_seed(0)
        x = inputs = keras.Input((4, 3))
        for layer in masking:
            x = layer(x)
        x = layers.Flatten()(layers.Conv1D(4, 2, activation="tanh")(x))
        return keras.Model(inputs, layers.Dense(2)(x))

    how = (
        {"baseline": 0.5}
        if method is deep_lift
        else {"composite": "epsilon_gamma_box", "bounds": (-4, 4)}
    )
    found, expected = (method(m, steps, 1, **how) for m in (net(layers.Masking()), net()))
    np.testing.assert_allclose(found.attributions, expected.attributions, rtol=1e-4, atol=1e-6)
    assert np.abs(found.attributions[:, 1]).min() > 1e-3


@KERAS_WARNS
def test_layers_that_use_a_mask_are_refused(steps):
    """The mask of the image is not that of the baseline."""
    inputs = keras.Input((4, 3))
    pooled = layers.GlobalAveragePooling1D(name="mean")(layers.Masking()(inputs))
    model = keras.Model(inputs, layers.Dense(2)(pooled))
    with pytest.raises(ValueError, match=r"rule for DeepLIFT; there is none for 'mean'"):
        deep_lift(model, steps, 1)
    passes = layers.BatchNormalization()(layers.Dense(3)(layers.Masking()(inputs)))
    model = keras.Model(inputs, layers.Dense(2)(layers.Flatten()(passes)))
    np.testing.assert_allclose(deep_lift(model, steps, 1).gap, 0, atol=1e-5)  # learns with masks
    other = keras.Sequential(
        [keras.Input((4, 3)), layers.Masking(1.0, name="ones"), layers.Flatten(), layers.Dense(2)]
    )
    with pytest.raises(ValueError, match="there is none for 'ones'"):
        deep_lift(other, steps, 1)


@pytest.mark.parametrize("method", [deep_lift, lrp])
def test_a_head_that_another_layer_uses(method, images):
    """Its logits are explained on one path and its softmax on the other: there is no rule."""
    inputs = keras.Input((12, 8, 2))
    first = layers.Dense(3, activation="softmax", name="first")(layers.Flatten()(inputs))
    model = keras.Model(inputs, [first, layers.Dense(2, name="second")(first)])
    with pytest.raises(ValueError, match="there is none for 'first' \\(Dense with softmax\\)"):
        method(model, images, lambda both: both[0][:, 0] + both[1][:, 1])
    alone = method(keras.Model(inputs, first), images, 1)
    np.testing.assert_allclose(alone.gap, 0, atol=1e-4)


def test_refusals(rng):
    inputs = keras.Input((4, 4, 2))
    product = layers.Multiply(name="product")([inputs, inputs])
    largest = layers.Maximum(name="largest")([product, inputs])
    model = keras.Model(inputs, layers.Dense(2)(layers.Flatten()(largest)))
    with pytest.raises(ValueError, match=r"rule for DeepLIFT.*'product' \(Multiply\), 'largest'"):
        deep_lift(model, rng.random((1, 4, 4, 2)), 0)
    open_model = keras.Model(inputs, layers.Dense(2)(layers.Flatten()(inputs)))
    with pytest.raises(ValueError, match="baseline must be a number"):
        deep_lift(open_model, rng.random((1, 4, 4, 2)), 0, baseline=np.ones(3))
    numbers = keras.Input((3,), dtype="int32")
    whole = keras.Model(numbers, layers.Dense(2)(numbers))
    with pytest.raises(TypeError, match=r"model must take float images.* of type int32"):
        deep_lift(whole, np.ones((1, 3), "int32"), 0)
    with pytest.raises(TypeError, match=r"which have a gradient.* of type int32\. Use lrp"):
        gradient_times_input(whole, np.ones((1, 3), "int32"), 0)


@pytest.mark.frameworks
@pytest.mark.filterwarnings("ignore:Setting forward, backward hooks:UserWarning")
def test_as_captum(model, images):
    """For max-pooling, see the certificates: captum's hooks interfere with each other."""
    torch = pytest.importorskip("torch", reason="the torch extra is not installed")
    captum = pytest.importorskip("captum.attr", reason="captum is not installed")
    nn = torch.nn
    own = keras.Sequential(
        [
            keras.Input((12, 8, 2)), layers.Conv2D(4, 3, activation="relu"),
            layers.AveragePooling2D(2), layers.Conv2D(4, 3), layers.Activation("tanh"),
            layers.Flatten(), layers.Dense(3),
        ]
    )  # fmt: skip

    class Tokens(nn.Module):
        def forward(self, x):
            return x.permute(0, 2, 3, 1).flatten(1)

    peer = nn.Sequential(
        nn.Conv2d(2, 4, 3), nn.ReLU(), nn.AvgPool2d(2), nn.Conv2d(4, 4, 3), nn.Tanh(), Tokens(),
        nn.Linear(12, 3),
    )  # fmt: skip
    for module, layer in zip(
        (peer[0], peer[3], peer[6]), [o for o in own.layers if o.weights], strict=True
    ):
        kernel, bias = layer.get_weights()
        kernel = kernel.transpose(3, 2, 0, 1) if kernel.ndim == 4 else kernel.T
        module.weight.data, module.bias.data = torch.tensor(kernel), torch.tensor(bias)
    x = torch.tensor(images.transpose(0, 3, 1, 2).copy(), requires_grad=True)
    theirs = captum.DeepLift(peer).attribute(x, 0 * x + 0.5, target=1).detach().numpy()
    ours = deep_lift(own, images, 1, baseline=0.5).attributions.transpose(0, 3, 1, 2)
    np.testing.assert_allclose(ours, theirs, atol=1e-4 * np.abs(theirs).max())
