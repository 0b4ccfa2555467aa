"""Which output a target means: heads by name, one unit, ends whose function is not known."""

import re

import keras
import numpy as np
import pytest
from keras import layers, ops

from kerascnn import visualize


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).random((2, 6, 5, 2), "float32")


def net(head):
    """A net with an end of its own, on four features of (6, 5, 2) images."""
    inputs = keras.Input((6, 5, 2))
    features = layers.Flatten()(layers.Conv2D(4, 3, activation="relu", name="conv")(inputs))
    return keras.Model(inputs, head(features))


def gradient(model, images, score):
    """By a tape of TensorFlow's, on the model itself."""
    import tensorflow as tf

    images = tf.constant(images)
    with tf.GradientTape() as tape:
        tape.watch(images)
        total = tf.reduce_sum(score(model(images)))
    return tape.gradient(total, images).numpy()


@pytest.fixture(scope="module")
def two_heads():
    return net(lambda x: {"zebra": layers.Dense(3)(x), "ape": layers.Dense(2)(x)})


def test_a_callable_sees_what_the_model_returns(two_heads, images):
    ours = visualize.saliency(two_heads, images, lambda y: y["zebra"][:, 2], reduce=None)
    expected = gradient(two_heads, images, lambda y: y["zebra"][:, 2])
    np.testing.assert_allclose(ours, expected, rtol=1e-5, atol=1e-7)
    for kind in (list, tuple):
        model = net(lambda x, kind=kind: kind([layers.Dense(3)(x), layers.Dense(2)(x)]))
        seen = []
        visualize.saliency(model, images, lambda y, seen=seen: seen.append(type(y)) or y[1][:, 0])
        assert seen == [kind]
    one = net(lambda x: {"only": layers.Dense(3)(x)})
    np.testing.assert_allclose(
        visualize.saliency(one, images, 1),
        visualize.saliency(one, images, lambda y: y["only"][:, 1]),
    )


@pytest.mark.parametrize("target", [0, None, [0, 1]])
def test_a_number_does_not_say_which_head(target, two_heads, images):
    for method in (visualize.saliency, visualize.grad_cam, visualize.occlusion):
        with pytest.raises(ValueError, match=r"outputs 'ape', 'zebra', since a class index"):
            method(two_heads, images, target)


def ape_and_zebra(x):
    return {"zebra": layers.Dense(3)(x), "ape": layers.Dense(2)(x)}


STRUCTURES = {
    "a dict in a list": lambda x: [ape_and_zebra(x)],
    "a dict before another output": lambda x: [ape_and_zebra(x), layers.Dense(2)(x)],
    "a dict after another output": lambda x: [layers.Dense(2)(x), ape_and_zebra(x)],
    "a dict in a dict": lambda x: {"all": ape_and_zebra(x)},
    "a list of one list": lambda x: [[layers.Dense(3)(x)]],
    "a dict of one in a list": lambda x: [{"only": layers.Dense(3)(x)}],
    "a list of one": lambda x: [layers.Dense(3)(x)],
}


@pytest.mark.parametrize("structure", STRUCTURES)
def test_a_callable_receives_the_structure_that_the_model_returns(structure, images):
    model, seen = net(STRUCTURES[structure]), []
    visualize.saliency(model, images, lambda y: seen.append(y) or keras.tree.flatten(y)[0][:, 0])
    keras.tree.assert_same_structure(seen[0], model(images))


@pytest.mark.parametrize(
    "structure", ["a dict in a list", "a dict before another output", "a dict in a dict"]
)
def test_a_number_does_not_say_which_head_of_a_dict_within(structure, images):
    model = net(STRUCTURES[structure])
    with pytest.raises(ValueError, match=r"outputs 'ape', 'zebra', .*\['ape'\]\[:, 0\]\.$"):
        visualize.saliency(model, images, 1)


def test_an_output_before_a_dict_is_the_first(images):
    model = net(STRUCTURES["a dict after another output"])
    first = visualize.saliency(model, images, 1, reduce=None)
    expected = gradient(model, images, lambda y: y[0][:, 1])
    np.testing.assert_allclose(first, expected, rtol=1e-5, atol=1e-7)


def test_an_index_out_of_range_names_the_output(images):
    model = net(lambda x: [layers.Dense(3, name="first")(x), layers.Dense(9)(x)])
    with pytest.raises(ValueError, match=r"from 0 to 2 of the first output, 'first'; received 5"):
        visualize.saliency(model, images, 5)


def maps(end):
    """A net that scores three classes at each position, and the end that moves them."""
    inputs = keras.Input((6, 5, 2))
    features = layers.Conv2D(4, 3, padding="same", activation="relu")(inputs)
    return keras.Model(inputs, end(layers.Conv2D(3, 1, name="maps")(features)))


NOT_LAST = {
    "Permute": lambda x: layers.Permute((3, 1, 2))(x),
    "softmax over axis 1": lambda x: layers.Softmax(axis=1)(layers.Permute((3, 1, 2))(x)),
    "before Permute": lambda x: layers.Permute((3, 1, 2))(layers.Softmax()(x)),
    "transpose": lambda x: ops.transpose(x, (0, 3, 1, 2)),
    "moveaxis": lambda x: ops.sigmoid(ops.moveaxis(x, -1, 1)),
    "einsum": lambda x: ops.einsum("nhwc->nchw", x),
    "Reshape": lambda x: layers.Reshape((3, 30))(layers.Permute((3, 1, 2))(x)),
    "squeezed": lambda x: ops.squeeze(layers.Conv2D(1, 1, activation="sigmoid")(x), -1),
}


@pytest.mark.parametrize("end", NOT_LAST)
@pytest.mark.parametrize("target", [1, None])
def test_classes_that_are_not_on_the_last_axis_are_asked_about(end, target, images):
    """The column 1 was explained."""
    model = maps(NOT_LAST[end])
    with pytest.raises(ValueError, match="does not have the classes on its last axis") as told:
        visualize.saliency(model, images, target)
    assert "\n" not in str(told.value)


def test_the_advice_for_classes_on_another_axis_is_right(images):
    model = maps(NOT_LAST["before Permute"])
    plain = keras.Model(model.input, model.get_layer("maps").output)
    score = lambda y: ops.mean(y[:, 1], axis=(1, 2))  # noqa: E731
    ours = visualize.saliency(model, images, score)
    np.testing.assert_allclose(ours, visualize.saliency(plain, images, 1), rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize(
    "end",
    [
        lambda x: layers.Softmax()(layers.Reshape((30, 3))(x)),
        lambda x: layers.Permute((2, 1, 3))(x),
        lambda x: layers.Softmax()(layers.Reshape((5, 18))(x)),  # so the softmax is meant
        lambda x: layers.Activation("log_softmax")(layers.Permute((3, 1, 2))(x)),
        lambda x: layers.Flatten()(layers.Conv2D(1, 1, activation="sigmoid")(x)),  # each a unit
        lambda x: layers.Reshape((4, 2))(layers.Dense(8)(layers.Flatten()(x))),
    ],
)
def test_classes_on_the_last_axis_are_not_asked_about(end, images):
    assert visualize.saliency(maps(end), images, 1).any()


ONE_UNIT = {
    "linear": lambda x: layers.Dense(1)(x),
    "squeezed": lambda x: ops.squeeze(layers.Dense(1)(x), -1),
    "maps": lambda x: layers.Conv2D(1, 1)(layers.Reshape((4, 3, 4))(x)),
    "a sigmoid that cannot be seen": lambda x: layers.Lambda(lambda z: 1 / (1 + ops.exp(-z)))(
        layers.Dense(1)(x)
    ),
}


@pytest.mark.parametrize("end", ONE_UNIT)
@pytest.mark.parametrize("target", [0, 1, None])
def test_one_unit_without_a_sigmoid_is_asked_about(end, target, images):
    model, words = net(ONE_UNIT[end]), "one unit without a sigmoid, which may be a regression"
    with pytest.raises(ValueError, match=words) as told:
        visualize.saliency(model, images, target)
    advice = str(told.value).partition("use lambda y: ")[2].partition(" for the value")[0]
    value = eval(f"lambda y: {advice}", {"keras": keras})
    assert visualize.saliency(model, images, value).any()


def advised(error, model, images):
    """The gradient by the first callable that an error advises."""
    lambdas = re.search(r"lambda \w+: .*?(?= for |, lambda|\.$)", str(error))[0]
    return visualize.saliency(model, images, eval(lambdas, {"keras": keras}), reduce=None)


ONE_OF_SEVERAL = {
    "a list": (lambda y, more: [y, more], lambda y: y[0]),
    "a dict": (lambda y, more: {"y": y}, lambda y: y["y"]),
    "a tuple of a list": (lambda y, more: ([y], more), lambda y: y[0][0]),
}


@pytest.mark.parametrize("structure", ONE_OF_SEVERAL)
@pytest.mark.parametrize("end", ["linear", "squeezed", "maps"])
def test_one_unit_of_several_outputs_is_asked_about(structure, end, images):
    pack, choose = ONE_OF_SEVERAL[structure]
    model = net(lambda x: pack(ONE_UNIT[end](x), layers.Dense(3)(x)))
    with pytest.raises(ValueError, match="one unit without a sigmoid") as told:
        visualize.saliency(model, images, 1)
    expected = gradient(
        model, images, lambda y: ops.mean(ops.reshape(choose(y), (len(images), -1)), axis=1)
    )
    np.testing.assert_allclose(advised(told.value, model, images), expected, atol=1e-6)


def test_classes_on_another_axis_of_several_outputs_are_asked_about(images):
    model = maps(lambda x: [NOT_LAST["Permute"](x), layers.Conv2D(2, 1)(x)])
    with pytest.raises(ValueError, match="does not have the classes on its last axis") as told:
        visualize.saliency(model, images, 1)
    expected = gradient(model, images, lambda y: ops.mean(y[0][:, 1], axis=(1, 2)))
    np.testing.assert_allclose(advised(told.value, model, images), expected, atol=1e-6)


@pytest.mark.parametrize(
    "end",
    [
        lambda x: x,
        lambda x: layers.Reshape((30, 3))(x),
        lambda x: layers.GlobalAveragePooling2D()(x),
        lambda x: layers.GlobalAveragePooling2D()(x)[:, 0],
    ],
)
def test_the_advice_for_several_outputs_gives_one_score_for_each_image(end, images):
    """Of maps, `[:, 0]` was the first row."""
    model = maps(lambda x: {"a": end(x), "b": layers.Conv2D(2, 1)(x)})
    with pytest.raises(ValueError, match="does not say which output") as told:
        visualize.saliency(model, images, 0)
    plain = keras.Model(model.input, model.get_layer("maps").output)
    expected = visualize.saliency(plain, images, 0, reduce=None)
    np.testing.assert_allclose(advised(told.value, model, images), expected, atol=1e-6)


def test_the_advice_for_a_number_of_scores_that_is_not_fixed(images):
    inputs = keras.Input((None, None, 2))
    scores = layers.Flatten()(layers.Conv2D(3, 1)(inputs))
    model = keras.Model(inputs, [scores, layers.GlobalAveragePooling2D()(inputs)])
    with pytest.raises(ValueError, match="whose number of scores depends on the size") as told:
        visualize.saliency(model, images, 0)
    expected = gradient(model, images, lambda y: y[0][:, 0])
    np.testing.assert_allclose(advised(told.value, model, images), expected, atol=1e-6)


@pytest.mark.parametrize(
    ("structure", "words"),
    [("a list", r"a list: TypeError: .* Choose one of y\[0\], y\[1\]\."),
     ("a dict", r"a dict: KeyError: \(Ellipsis, 0\). Choose one of y\['y'\]\.")],
)  # fmt: skip
def test_a_callable_that_does_not_choose_is_one_line(structure, words, images):
    pack, _choose = ONE_OF_SEVERAL[structure]
    model = net(lambda x: pack(layers.Dense(1)(x), layers.Dense(3)(x)))
    with pytest.raises(ValueError, match=f"failed on the model's outputs, {words}$"):
        visualize.saliency(model, images, lambda y: y[..., 0])
    with pytest.raises(ValueError, match=f"failed on the model's outputs, {words}$"):
        visualize.weight_gradients(model, images, lambda y: ops.sum(y[..., 0]))


@pytest.mark.parametrize(
    "sigmoid",
    [
        lambda x: ops.squeeze(layers.Dense(1, activation="sigmoid")(x), -1),
        lambda x: layers.Reshape(())(layers.Dense(1, activation="sigmoid")(x)),
        lambda x: layers.Lambda(keras.activations.sigmoid)(layers.Dense(1)(x)),
    ],
    ids=["squeezed", "reshaped", "lambda"],
)
def test_a_sigmoid_is_seen_in_any_dress(sigmoid, images):
    """Class 1 has the logit, class 0 its negative: by hand log(p / (1 − p))."""

    def logit(y):
        p = ops.reshape(y, (-1,))
        return ops.log(p) - ops.log1p(-p)

    model = net(sigmoid)
    yes, no = (visualize.saliency(model, images, k, reduce=None) for k in (1, 0))
    np.testing.assert_allclose(yes, gradient(model, images, logit), rtol=1e-3, atol=1e-6)
    np.testing.assert_array_equal(no, -yes)
    chances = visualize.occlusion(model, images, 1, size=(6, 5), fill=0.0, probability=True)
    before, after = (np.ravel(model(x)) for x in (images, np.zeros_like(images)))
    np.testing.assert_allclose(chances[:, 0, 0], before - after, atol=1e-6)


class OwnSoftmax(layers.Layer):
    """A softmax that nobody can know of."""

    def call(self, x):
        return ops.softmax(x)


UNKNOWN_ENDS = {
    "Lambda": lambda x: layers.Lambda(lambda z: ops.softmax(z), name="end")(layers.Dense(3)(x)),
    "OwnSoftmax": lambda x: OwnSoftmax(name="end")(layers.Dense(3)(x)),
    "Dense": lambda x: layers.Dense(3, activation=lambda z: ops.softmax(z), name="end")(x),
    "EinsumDense": lambda x: layers.EinsumDense(
        "ab,bc->ac", 3, activation=OwnSoftmax(), name="end"
    )(x),
    "Activation": lambda x: layers.Activation(
        keras.Sequential([keras.Input((3,)), layers.Softmax()]), name="end"
    )(layers.Dense(3)(x)),
    "Pipeline": lambda x: layers.Pipeline([layers.Softmax()], name="end")(layers.Dense(3)(x)),
    "VectorizedMap": lambda x: ops.vectorized_map(ops.softmax, layers.Dense(3)(x)),
}


def shares(z):
    return z / ops.sum(z, axis=-1, keepdims=True)


WRITTEN_OUT = {
    "softmax": lambda z: shares(ops.exp(z - ops.max(z, axis=-1, keepdims=True))),
    "of a log": lambda z: ops.exp(z - ops.logsumexp(z, axis=-1, keepdims=True)),
    "log_softmax": lambda z: z - ops.logsumexp(z, axis=-1, keepdims=True),
    "sigmoid": lambda z: 1 / (1 + ops.exp(-z)),
    "log_sigmoid": ops.log_sigmoid,
}


@pytest.mark.parametrize(
    "end",
    [
        layers.GaussianNoise(0.1),
        layers.GaussianDropout(0.1),
        layers.AlphaDropout(0.1),
        layers.ActivityRegularization(0.1),
    ],
)
def test_what_is_idle_after_a_softmax_is_passed(end, images):
    model = net(lambda x: end(layers.Dense(3, activation="softmax")(x)))
    ours = visualize.saliency(model, images, 1, reduce=None)

    def logit(y):  # up to what does not depend on the class
        return ops.log(y[:, 1]) - ops.mean(ops.log(y), axis=1)

    others = np.mean([visualize.saliency(model, images, k, reduce=None) for k in range(3)], axis=0)
    np.testing.assert_allclose(ours - others, gradient(model, images, logit), atol=1e-5)


@pytest.mark.parametrize(
    "after",
    [
        lambda y: ops.clip(y, 1e-7, 1.0),
        lambda y: layers.Average()([y, y * 1.0]),
        lambda y: ops.stack([1 - y[:, 0], y[:, 0]], axis=-1),
    ],
)
def test_what_changes_probabilities_is_said(after, images):
    model = net(lambda x: after(layers.Dense(3, activation="softmax", name="chances")(x)))
    with pytest.warns(UserWarning, match=r"from the softmax in 'chances', so its output, not a lo"):
        visualize.saliency(model, images, 0)


def test_outputs_within_outputs_are_named(images):
    model = net(lambda x: {"a": {"y": layers.Dense(2)(x), "x": layers.Dense(3)(x)}})
    with pytest.raises(ValueError, match=r"lambda outputs: outputs\['a'\]\['x'\]\[:, 0\]\."):
        visualize.saliency(model, images, 0)


@pytest.mark.parametrize("kind", UNKNOWN_ENDS)
def test_an_unknown_end_is_said(kind, images):
    model = net(UNKNOWN_ENDS[kind])
    message = rf"ends in '\w*' \({kind}\), whose function is unknown"
    with pytest.warns(UserWarning, match=message):
        visualize.saliency(model, images, 0)


@pytest.mark.parametrize("kind", WRITTEN_OUT)
def test_a_softmax_written_out_is_said(kind, images):
    model = net(lambda x: WRITTEN_OUT[kind](layers.Dense(3)(x)))
    with pytest.warns(UserWarning, match="computes .* from the .*, so its output, not a logit, is"):
        visualize.saliency(model, images, 0)


def test_a_mean_of_sigmoids_has_a_logit(images):
    """Which is used, so that there is nothing to say."""
    model = net(lambda x: layers.Average()([layers.Dense(3, "sigmoid")(x) for _ in range(2)]))
    ours = visualize.saliency(model, images, 1, reduce=None)
    expected = gradient(model, images, lambda y: ops.log(y[:, 1]) - ops.log1p(-y[:, 1]))
    np.testing.assert_allclose(ours, expected, rtol=1e-3, atol=1e-6)


class Odd(layers.Layer):
    """A layer that cannot be seen through, such as the sampling of a variational autoencoder."""

    def call(self, x):
        return keras.ops.relu(x) + keras.random.normal(keras.ops.shape(x))


def with_and_without(beside):
    """A model of tokens whose second output is computed by what `beside` makes of them."""
    inputs = keras.Input((6, 4))
    tokens = layers.Dense(4, activation="relu", name="tokens")(layers.Dense(4)(inputs))
    attended = tokens
    if beside is other_tokens:
        attended = layers.MultiHeadAttention(2, 3, name="attention")(tokens, tokens)
    scores = layers.Dense(3)(layers.GlobalAveragePooling1D()(attended))
    return keras.Model(inputs, [scores, beside(attended)]), keras.Model(inputs, scores)


def other_tokens(x):
    return layers.MultiHeadAttention(2, 3)(keras.ops.concatenate([x, x], axis=1), x)


def swish(x):
    return layers.Dense(2, activation="swish")(x)


@pytest.mark.parametrize(
    ("method", "beside", "options"),
    [
        ("lrp", Odd(), {}),
        ("deep_lift", Odd(), {}),
        ("guided_backprop", Odd(), {}),
        ("guided_backprop", swish, {}),
        ("attention_relevance", other_tokens, {"token": "mean"}),
        ("attention_rollout", other_tokens, {"token": "mean"}),
        ("grad_cam", layers.Identity(), {}),  # maps that are an output are maps all the same
        ("ablation_cam", Odd(), {}),
    ],
)
@pytest.mark.filterwarnings("error")
def test_layers_that_only_another_output_uses_do_not_count(method, beside, options, rng):
    both, first = with_and_without(beside)
    target = () if method == "attention_rollout" else (1,)
    x = rng.random((2, 6, 4), "float32")
    found, expected = (getattr(visualize, method)(m, x, *target, **options) for m in (both, first))
    for one, other in zip(keras.tree.flatten(found), keras.tree.flatten(expected), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("method", ["grad_cam", "lrp", "ablation_cam"])
def test_a_layer_of_another_output_is_refused(method, rng):
    both, _first = with_and_without(layers.Dense(2, name="beside"))
    with pytest.raises(ValueError, match=r"^layer must (affect|lead to) the .*'beside'"):
        getattr(visualize, method)(both, rng.random((2, 6, 4)), 1, layer="beside")
