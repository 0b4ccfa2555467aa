"""One table of ends of networks; training and visualization must agree on each of them."""

import keras
import numpy as np
import pytest
from keras import layers, ops
from scipy import special

from kerascnn import visualize
from kerascnn._graph import flatten
from kerascnn._heads import classes_of, is_binary, last_activation
from kerascnn.training import recipe
from kerascnn.training._objective import objective_for

PIXELS = 4  # of an image (2, 2, 1), which are its only features
IMAGES = np.random.default_rng(0).normal(size=(6, 2, 2, 1)).astype("float32")


def kernel(units):
    return np.random.default_rng(units).normal(size=(PIXELS, units)).astype("float32")


def logits_of(units):
    """What `scores` computes, by hand."""
    return IMAGES.reshape(6, PIXELS) @ kernel(units)


def scores(units, activation=None, **options):
    return layers.Dense(
        units,
        activation,
        use_bias=False,
        kernel_initializer=keras.initializers.Constant(kernel(units)),
        **options,
    )


def network(end):
    image = keras.Input((2, 2, 1))
    return keras.Model(image, end(layers.Flatten()(image)))


def nested(units, activation):
    inside = keras.Input((PIXELS,))
    return keras.Model(inside, scores(units, activation)(inside))


def average(units, function):
    return lambda x: layers.Average()([function(scores(units)(x)), function(scores(units)(x))])


def half(x):
    """As models in mixed precision end: a cast to float32 by a layer."""
    logits = scores(3, dtype="mixed_bfloat16")(x)
    return layers.Activation("linear", dtype="float32")(layers.Softmax(dtype="float32")(logits))


class Mine(layers.Layer):
    def call(self, x):
        return 2 * x


SOFTMAX = {
    "activation": scores(3, "softmax"),
    "layer": lambda x: layers.Softmax()(scores(3)(x)),
    "activation layer": lambda x: layers.Activation("softmax")(scores(3)(x)),
    "as a layer": scores(3, layers.Softmax()),
    "operation": lambda x: ops.softmax(scores(3)(x)),
    "lambda": lambda x: layers.Lambda(keras.activations.softmax)(scores(3)(x)),
    "nested": nested(3, "softmax"),
    "flattened": lambda x: layers.Flatten()(
        layers.Conv2D(
            3, 2, activation="softmax", use_bias=False,
            kernel_initializer=keras.initializers.Constant(kernel(3).reshape(2, 2, 1, 3)),
        )(layers.Reshape((2, 2, 1))(x))
    ),
    "time distributed": lambda x: ops.squeeze(
        layers.TimeDistributed(scores(3, "softmax"))(ops.expand_dims(x, 1)), 1
    ),
    "sliced place": lambda x: layers.Softmax()(layers.RepeatVector(2)(scores(3)(x)))[:, 1],
    "dropout": lambda x: layers.Dropout(0.5)(scores(3, "softmax")(x)),
    "half precision": half,
    "axis": lambda x: layers.Softmax(axis=1)(scores(3)(x)),
}  # fmt: skip
SIGMOID = {
    "activation": scores(1, "sigmoid"),
    "lambda": lambda x: layers.Lambda(keras.activations.sigmoid)(scores(1)(x)),
    "operation": lambda x: ops.sigmoid(scores(1)(x)),
    "a number": lambda x: ops.squeeze(scores(1, "sigmoid")(x), -1),
    "average": average(1, layers.Activation("sigmoid")),
}
LINEAR = {
    "dense": scores(3),
    "named": scores(3, "linear"),
    "average": average(3, lambda x: x),
    "cast": lambda x: layers.Activation("linear", dtype="float32")(scores(3)(x)),
    "slice": lambda x: layers.Dense(4, kernel_initializer=keras.initializers.Constant(
        np.pad(kernel(3), ((0, 0), (0, 1)))))(x)[:, :3],
}  # fmt: skip
OTHERS = {
    "tanh": (scores(3, "tanh"), "tanh"),
    "log softmax": (scores(3, "log_softmax"), "log_softmax"),
    "pooling": (lambda x: layers.GlobalAveragePooling1D()(layers.Reshape((2, 2))(x)),
                "GlobalAveragePooling1D"),
    "arithmetic": (lambda x: 2 * scores(3)(x), "multiply"),
    "own layer": (lambda x: Mine()(scores(3)(x)), "Mine"),
    "a few of the classes": (lambda x: scores(5, "softmax")(x)[:, :3], "part of a softmax"),
    "over the places": (lambda x: ops.softmax(ops.stack([scores(3)(x)] * 3, 1), axis=1)[:, 0],
                        "softmax over axis 1"),
    "average of two kinds": (lambda x: layers.Average()(
        [scores(3, "softmax")(x), scores(3)(x)]), "Average"),
}  # fmt: skip


def objective(net, labels):
    return objective_for(net, labels, image_shape=(2, 2, 1), recipe=recipe("adam"))


def loss_of(net, labels):
    goal = objective(net, labels)
    net.compile(**goal.compile_arguments())
    return net.test_on_batch(IMAGES, labels.reshape(-1, 1))[0]


@pytest.mark.parametrize("name", SOFTMAX)
def test_a_softmax_is_known_to_all(name):
    net, logits = network(SOFTMAX[name]), logits_of(3)
    assert last_activation(net) == "softmax"
    assert not is_binary(flatten(net))
    labels = np.arange(6) % 3
    expected = -special.log_softmax(logits, axis=-1)[np.arange(6), labels].mean()
    rough = 0.02 if name == "half precision" else 1e-4
    assert loss_of(net, labels) == pytest.approx(expected, rel=rough)
    gradients = visualize.saliency(net, IMAGES, 1, reduce=None)  # of the logit: its kernel
    one = kernel(3)[:, 1].reshape(2, 2, 1)
    np.testing.assert_allclose(gradients, np.broadcast_to(one, IMAGES.shape), atol=rough)


@pytest.mark.parametrize("part", [np.s_[:, ::-1], np.s_[:, 1:]])
def test_classes_that_are_turned_or_left_out_keep_their_logits(part):
    """A slice of probabilities has the logits of its classes; all of them are still a softmax."""
    net = network(lambda x: scores(3, "softmax")(x)[part])
    kept = np.arange(3)[part[1]]
    assert last_activation(net) == ("softmax" if len(kept) == 3 else "part of a softmax")
    gradients = visualize.saliency(net, IMAGES[:1], 0, reduce=None)
    np.testing.assert_allclose(gradients[0, ..., 0].ravel(), kernel(3)[:, kept[0]], atol=1e-5)


@pytest.mark.parametrize("name", SIGMOID)
def test_a_sigmoid_is_known_to_all(name):
    net, logits = network(SIGMOID[name]), logits_of(1)[:, 0]
    assert last_activation(net) == "sigmoid"
    assert is_binary(flatten(net))
    labels = np.arange(6) % 2
    expected = -special.log_expit(np.where(labels, logits, -logits)).mean()
    assert loss_of(net, labels) == pytest.approx(expected, rel=1e-4)
    for target, sign in ((1, 1), (0, -1)):
        gradients = visualize.saliency(net, IMAGES, target, reduce=None)
        one = sign * kernel(1).reshape(2, 2, 1)
        np.testing.assert_allclose(gradients, np.broadcast_to(one, IMAGES.shape), atol=1e-4)
    predicted = visualize.saliency(net, IMAGES, reduce=None)
    signs = np.sign(logits)[:, None, None, None]
    np.testing.assert_allclose(predicted, signs * kernel(1).reshape(1, 2, 2, 1), atol=1e-4)


@pytest.mark.parametrize("name", LINEAR)
def test_logits_are_known_to_all(name):
    net, logits = network(LINEAR[name]), logits_of(3)
    assert last_activation(net) == "linear"
    labels = np.arange(6) % 3
    expected = -special.log_softmax(logits, axis=-1)[np.arange(6), labels].mean()
    assert loss_of(net, labels) == pytest.approx(expected, rel=1e-4)
    gradients = visualize.saliency(net, IMAGES, 2, reduce=None)
    one = kernel(3)[:, 2].reshape(2, 2, 1)
    np.testing.assert_allclose(gradients, np.broadcast_to(one, IMAGES.shape), atol=1e-5)


@pytest.mark.parametrize("name", OTHERS)
def test_another_end_is_named_and_not_trained_without_a_loss(name):
    end, expected = OTHERS[name]
    net = network(end)
    assert last_activation(net) == expected
    with pytest.raises(ValueError, match=f"received '{expected}': pass loss="):
        objective(net, np.arange(6) % 2)


def test_a_single_linear_unit_is_either_a_number_or_two_classes():
    net = network(scores(1))
    assert last_activation(net) == "linear"
    assert not is_binary(flatten(net))
    with pytest.raises(ValueError, match="which may be a regression or two classes"):
        classes_of(flatten(net))
    assert objective(net, np.arange(6) % 2).loss.from_logits  # the labels tell which
    assert objective(net, np.arange(6) / 2).loss.name == "mean_squared_error"


class Subclass(keras.Model):
    """Names its last layer first."""

    def __init__(self, end):
        super().__init__()
        self.end, self.inside, self.flat = end, layers.Dense(3, "softmax"), layers.Flatten()

    def call(self, images):
        return self.end(self.inside(self.flat(images)))


def test_the_end_of_a_subclass_is_what_its_code_does_last():
    net = Subclass(layers.Dense(3))
    net(IMAGES)
    assert objective(net, np.arange(6) % 3).loss.from_logits


class WithNumbers(Subclass):
    """Does not run on symbols."""

    def call(self, images):
        if isinstance(images, keras.KerasTensor):
            raise TypeError("numbers, please")
        return super().call(images)

    def compute_output_spec(self, images):
        return keras.KerasTensor((None, 3))


def test_else_its_values_tell():
    assert not objective(WithNumbers(layers.Softmax()), np.arange(6) % 3).loss.from_logits
    with pytest.raises(ValueError, match=r"'unknown function'.* end call\(\) in keras.ops.softmax"):
        objective(WithNumbers(layers.Dense(3)), np.arange(6) % 3)  # though a softmax is the last


MASK = np.array([[True, False, True]])
MASKED = {
    "constant": lambda z: layers.Softmax()(z, mask=MASK),
    "numbers": lambda z: layers.Softmax()(z, MASK.astype("float32")),
    "all by name": lambda z: layers.Softmax()(mask=MASK, inputs=z),
    "of the logits": lambda z: layers.Softmax()(z, mask=ops.less(z, ops.max(z, -1, keepdims=True))),
}


@pytest.mark.parametrize("name", MASKED)
def test_a_masked_class_is_not_predicted_and_has_no_gradient(name):
    net = network(lambda x: MASKED[name](scores(3)(x)))
    images = IMAGES[logits_of(3).argmax(1) == 1]  # the mask hides the highest logit
    assert len(images) > 0
    predicted = net.predict(images, verbose=0).argmax(1)
    assert not np.any(predicted == 1)
    gradients = visualize.saliency(net, images, reduce=None)
    np.testing.assert_allclose(gradients.reshape(-1, PIXELS), kernel(3).T[predicted], atol=1e-5)
    assert not np.any(visualize.saliency(net, images, 1, reduce=None))


@pytest.mark.parametrize("method", [visualize.lrp, visualize.deep_lift])
def test_a_mask_of_the_logits_has_no_rule(method):
    with pytest.raises(ValueError, match=r"\(Softmax with a mask\)"):
        method(network(lambda x: MASKED["constant"](scores(3)(x))), IMAGES, 0)
