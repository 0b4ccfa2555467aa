"""Scores, their gradients, and targets: what the methods rest on."""

import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops
from tf_keras_vis.utils.scores import BinaryScore, CategoricalScore, InactiveScore

import kerascnn as kc
from kerascnn._graph import flatten
from kerascnn.visualize._engine.answers import input_gradients, predicted_classes, scores_of
from kerascnn.visualize._engine.compile import on_gpu, trace_count
from kerascnn.visualize._engine.question import ask
from kerascnn.visualize._engine.tape import normal
from kerascnn.visualize._engine.targets import check_target


@pytest.fixture
def images(rng):
    return rng.random((3, 6, 4, 2), "float32")


def ending_in(*head):
    """A model on (6, 4, 2), and its logits as NumPy computes them."""
    model = keras.Sequential([keras.Input((6, 4, 2)), layers.Flatten(), *head])
    dense = next(layer for layer in model.layers if isinstance(layer, layers.Dense))
    kernel, bias = dense.get_weights()
    return model, lambda images: images.reshape(len(images), -1) @ kernel + bias


def softmax(logits):
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


HEADS = {
    "linear": [layers.Dense(4)],
    "softmax": [layers.Dense(4, "softmax")],
    "log_softmax": [layers.Dense(4, "log_softmax")],
    "lambda": [layers.Dense(4), layers.Lambda(ops.softmax)],
    "sigmoid": [layers.Dense(4, "sigmoid")],
}


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.filterwarnings("ignore:the model ends in logits")
def test_scores_and_probabilities(head, images):
    model, logits_of = ending_in(*HEADS[head])
    logits = logits_of(images)
    probabilities = 1 / (1 + np.exp(-logits)) if head == "sigmoid" else softmax(logits)
    classes, each = np.array([2, 0, 3]), range(3)
    close = {"rtol": 1e-4, "atol": 1e-6}
    np.testing.assert_allclose(
        scores_of(ask(model, images, classes)), logits[each, classes], **close
    )
    np.testing.assert_allclose(
        scores_of(ask(model, images, classes), probability=True),
        probabilities[each, classes],
        **close,
    )
    best = logits.argmax(axis=1)
    np.testing.assert_array_equal(predicted_classes(ask(model, images)), best)
    np.testing.assert_allclose(scores_of(ask(model, images)), logits[each, best], **close)
    np.testing.assert_allclose(
        scores_of(ask(model, images), probability=True, batch_size=2),
        probabilities[each, best],
        **close,
    )
    first = lambda outputs: outputs[:, 0]  # noqa: E731
    np.testing.assert_allclose(scores_of(ask(model, images, first)), logits[:, 0], **close)
    outputs = logits if head == "linear" else probabilities
    np.testing.assert_allclose(
        scores_of(ask(model, images, first), probability=True), outputs[:, 0], **close
    )


def test_of_a_single_sigmoid(images):
    model, logits_of = ending_in(layers.Dense(1, "sigmoid"))
    logits = logits_of(images)[:, 0]
    yes = 1 / (1 + np.exp(-logits))
    for target, scores, probabilities in ((1, logits, yes), (0, -logits, 1 - yes)):
        np.testing.assert_allclose(scores_of(ask(model, images, target)), scores, rtol=1e-4)
        np.testing.assert_allclose(
            scores_of(ask(model, images, target), probability=True), probabilities, rtol=1e-4
        )
    np.testing.assert_array_equal(predicted_classes(ask(model, images)), yes > 0.5)
    np.testing.assert_allclose(scores_of(ask(model, images)), np.abs(logits), rtol=1e-4)


def test_of_maps(images):
    """The mean over the positions."""
    inputs = keras.Input((6, 4, 2))
    model = keras.Model(inputs, layers.Conv2D(3, 1, activation="softmax")(inputs))
    outputs = np.array(model(images)).mean(axis=(1, 2))
    np.testing.assert_allclose(
        scores_of(ask(model, images, 1), probability=True), outputs[:, 1], rtol=1e-5
    )


@pytest.mark.parametrize("of_maps", [False, True])
def test_probabilities_of_logits_are_those_of_a_softmax_with_a_warning(of_maps, images):
    """A drop of 8 % was one of 80 %, that of the logit."""
    inputs = keras.Input((6, 4, 2))
    logits = layers.Dense(3)(inputs if of_maps else layers.Flatten()(inputs))
    model = keras.Model(inputs, logits)
    whole = keras.Model(inputs, layers.Softmax()(logits))
    maps = images[..., 0]
    drop = kc.visualize.metrics.average_drop(whole, images, maps, 1).drop
    with pytest.warns(UserWarning, match="ends in logits, .* a softmax over its 3 classes"):
        told = kc.visualize.metrics.average_drop(model, images, maps, 1)
    np.testing.assert_allclose(told.drop, drop, rtol=1e-4, atol=1e-6)
    with pytest.warns(UserWarning, match="ends in logits"):
        told = kc.visualize.rise(model, images, 1, masks=4, cells=2)
    expected = kc.visualize.rise(whole, images, 1, masks=4, cells=2)
    np.testing.assert_allclose(told, expected, rtol=1e-4, atol=1e-6)


def test_predictions_of_a_saturated_softmax_are_those_of_the_logits(images):
    model, _logits_of = ending_in(layers.Dense(4, "softmax"))
    model.layers[-1].set_weights([np.ones((48, 4)), np.array([1e3, 1e3 + 1, 2e3, 2e3 + 0.01])])
    assert (scores_of(ask(model, images, 0), probability=True) == 0).all()
    np.testing.assert_array_equal(predicted_classes(ask(model, images)), [3, 3, 3])


def test_input_gradients_come_with_the_scores(images):
    model, logits_of = ending_in(layers.Dense(4, "softmax"))
    scores, (gradient,) = input_gradients(ask(model, images, [0, 1, 2]))
    np.testing.assert_allclose(scores, logits_of(images)[range(3), [0, 1, 2]], rtol=1e-4)
    kernel = model.layers[-1].get_weights()[0]
    np.testing.assert_allclose(gradient.reshape(3, -1), kernel.T[:3], rtol=1e-5)


# Targets


def graph_ending_in(units, activation=None):
    return flatten(keras.Sequential([keras.Input((3,)), layers.Dense(units, activation)]))


@pytest.mark.parametrize(
    ("score", "expected"),
    [
        (CategoricalScore(2), [2, 2, 2]),
        (CategoricalScore([2]), [2, 2, 2]),
        (CategoricalScore([0, 1, 2]), [0, 1, 2]),
        ([CategoricalScore([0, 1, 2])], [0, 1, 2]),
    ],
)
def test_categorical_scores_become_class_indices(score, expected):
    classes, called = check_target(score, 3, graph_ending_in(4))
    np.testing.assert_array_equal(classes, expected)
    assert called is None


def test_binary_scores_become_class_indices():
    sigmoid = graph_ending_in(1, "sigmoid")
    classes, called = check_target(BinaryScore([True, False, True]), 3, sigmoid)
    np.testing.assert_array_equal(classes, [1, 0, 1])
    assert called is None
    np.testing.assert_array_equal(check_target(BinaryScore(False), 3, sigmoid)[0], [0, 0, 0])


def test_other_scores_stay_callables(images):
    class Doubled(CategoricalScore):
        def __call__(self, output):
            return 2 * super().__call__(output)

    for score in (Doubled(1), InactiveScore(), BinaryScore(True)):
        assert check_target(score, 3, graph_ending_in(4))[1] is score
    # Unit 0 of a single sigmoid is the logit, which is class 1 here.
    assert check_target(CategoricalScore(0), 3, graph_ending_in(1, "sigmoid"))[1] is not None
    model, logits_of = ending_in(layers.Dense(4))
    np.testing.assert_allclose(
        scores_of(ask(model, images, Doubled(1))), 2 * logits_of(images)[:, 1], rtol=1e-4
    )
    with pytest.raises(ValueError, match="from 0 to 3; received 7"):
        check_target(CategoricalScore(7), 3, graph_ending_in(4))


def test_scores_need_no_import(monkeypatch):
    """Whoever has no score of tf-keras-vis does not load it."""
    monkeypatch.delitem(sys.modules, "tf_keras_vis.utils.scores")
    first = lambda logits: logits[:, 0]  # noqa: E731
    assert check_target(first, 3, graph_ending_in(4))[1] is first
    assert "tf_keras_vis.utils.scores" not in sys.modules


# Models that put their channels first

OF_IMAGES_ALONE = (
    "ablation_cam", "activations", "blur_integrated_gradients", "deconvnet", "deep_lift",
    "effective_receptive_field", "eigen_cam", "finer_cam", "grad_cam", "grad_cam_plus_plus",
    "gradient_times_input",
    "guided_backprop", "guided_grad_cam", "hires_cam", "integrated_gradients", "invert_features",
    "layer_cam", "lrp", "occlusion", "rise", "saliency", "score_cam", "smooth_grad", "top_patches",
)  # fmt: skip
WITH_MORE = {
    "attention_relevance": lambda method, model, x: method(model, x, token=0),
    "attention_rollout": lambda method, model, x: method(model, x, token=0),
    "deep_dream": lambda method, model, x: method(model, x, "conv"),
    "deletion_insertion": lambda method, model, x: method(model, x, x[:, 0]),
    "evaluate": lambda method, model, x: method(["saliency"], model, x),
    "expected_gradients": lambda method, model, x: method(model, x, baselines=x),
    "fgsm": lambda method, model, x: method(model, x, epsilon=0.1),
    "maco": lambda method, model, x: method(model),
    "maximize_activation": lambda method, model, x: method(model),
    "pgd": lambda method, model, x: method(model, x, epsilon=0.1),
    "projective_field": lambda method, model, x: method(model, (0, 0)),
    "randomization_test": lambda method, model, x: method(model, x, kc.visualize.saliency),
    "receptive_field": lambda method, model, x: method(model),
    "style_transfer": lambda method, model, x: method(model, x, x),
    "upsample": lambda method, model, x: method(model, x, x[:, 0], "conv"),
    "weight_templates": lambda method, model, x: method(model),
}
OF_WEIGHTS = ("filters", "weight_gradients")  # which are the same in both formats


@pytest.fixture(scope="module")
def channels_first():
    first = layers.Conv2D(3, 3, data_format="channels_first", name="conv")
    return keras.Sequential([keras.Input((2, 9, 12)), first, layers.Flatten(), layers.Dense(2)])


@pytest.mark.parametrize("name", [*OF_IMAGES_ALONE, *WITH_MORE])
def test_channels_first_is_refused(name, channels_first, rng):
    images, method = rng.random((1, 2, 9, 12), "float32"), getattr(kc.visualize, name)
    call = WITH_MORE.get(name, lambda method, model, x: method(model, x))
    with pytest.raises(ValueError, match=r"channels_last.*received .*'conv'") as caught:
        call(method, channels_first, images)
    assert "\n" not in str(caught.value)


def test_each_method_says_what_it_makes_of_channels_first():
    options = {
        "AlphaBeta",
        "Composite",
        "Epsilon",
        "Flat",
        "Fourier",
        "Gamma",
        "Moves",
        "Penalties",
        "Pixels",
        "WSquare",
        "ZBox",
        "box",
        "klass",
        "metrics",
        "pixel",
        "region",
        "unit",
    }
    assert set(kc.visualize.__all__) == {*OF_IMAGES_ALONE, *WITH_MORE, *OF_WEIGHTS, *options}


# What is compiled


def test_a_gpu_is_seen_where_there_is_one():
    assert on_gpu() == bool(tf.config.list_physical_devices("GPU"))


def test_options_with_numbers_compile_nothing_new(images):
    model = keras.Sequential([keras.Input((6, 4, 2)), layers.Flatten(), layers.Dense(2)])
    for number in (1, 2, 3):
        kc.visualize.smooth_grad(model, images, samples=number, noise=0.1 * number, seed=number)
        kc.visualize.integrated_gradients(model, images, steps=number, baseline=float(number))
    assert trace_count(model) == 4  # these two, the predicted class and the score


def test_noise_is_the_same_in_and_out_of_a_compiled_computation():
    keys, shape = tf.constant([[0, 1], [2, 3]], tf.int64), tf.constant([5, 4])
    compiled = tf.function(normal)
    np.testing.assert_array_equal(compiled(keys, shape), normal(keys, shape))
    one = normal(keys[1:], shape)
    np.testing.assert_array_equal(one[0], normal(keys, shape)[1])


def test_an_activation_inside_a_layer_of_ones_own_is_left_alone(rng):
    class Gate(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(2)
            self.activation = keras.activations.sigmoid

        def call(self, x):
            return x * self.activation(self.dense(x))

    inputs = keras.Input((3, 3, 1))
    outputs = Gate()(keras.layers.Dense(2)(keras.layers.Flatten()(inputs)))
    model = keras.Model(inputs, outputs)
    images = rng.random((4, 3, 3, 1), "float32")
    with pytest.warns(UserWarning, match="ends in 'gate' .*function is unknown"):
        scores = scores_of(ask(model, images, 0))
    np.testing.assert_allclose(scores, model(images)[:, 0], rtol=1e-5)
