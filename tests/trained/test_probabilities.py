"""The probabilities of a network's classes, by what it ends in; the expected values by hand."""

import keras
import numpy as np
import pytest

import kerascnn as kc
from kerascnn.trained import Trained

layers, ops = keras.layers, keras.ops
LOGITS = np.array([1.0, 2.0, 3.0], np.float32)  # of a white image
E = np.exp(LOGITS)
WHITE = np.ones((4, 4, 3))


def maps(x):
    """Linear maps (N, 1, 2, K): the units, and zeros beside them."""
    same = keras.initializers.Constant(np.eye(3)[None, None])
    conv = layers.Conv2D(3, 1, use_bias=False, kernel_initializer=same)
    return conv(ops.stack([x, 0 * x], axis=1)[:, None])


means = layers.GlobalAveragePooling2D()


class Unknown(layers.Layer):
    def call(self, x):
        return ops.softmax(x)


def net_of(head, class_names=(), units=3):
    """A network whose units before its head are the mean of the image times their number."""
    image = keras.Input((4, 4, 3))
    kernel = np.repeat(LOGITS[None, :units], 3, axis=0) / 3
    dense = layers.Dense(units, use_bias=False)
    scores = dense(layers.GlobalAveragePooling2D()(image))
    dense.set_weights([kernel])
    model = keras.Model(image, head(scores))
    unit = kc.weights.MODES["unit"]
    return Trained(model=model, name="mine", preprocessing=unit, class_names=class_names)


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (lambda x: x, E / E.sum()),
        (layers.Softmax(), E / E.sum()),
        (layers.Activation("log_softmax"), E / E.sum()),
        (ops.log_softmax, E / E.sum()),
        (layers.Activation("sigmoid"), E / (1 + E)),
        (lambda x: [layers.Softmax()(x), x], E / E.sum()),
        (lambda x: {"classes": layers.Softmax()(x)}, E / E.sum()),
        # Two positions; the mean over them
        (lambda x: ops.log_softmax(ops.stack([x, 0 * x], axis=1)), (E / E.sum() + 1 / 3) / 2),
        # As class maps, averaged at the end
        (lambda x: means(layers.Softmax()(maps(x))), (E / E.sum() + 1 / 3) / 2),
        (lambda x: means(maps(x)), np.exp(LOGITS / 2) / np.exp(LOGITS / 2).sum()),
    ],
)
def test_ends_that_give_probabilities(head, expected):
    net = net_of(head)
    np.testing.assert_allclose(net.probabilities(WHITE[None]), expected, rtol=1e-5)
    assert net.names == ("class 0", "class 1", "class 2")


@pytest.mark.parametrize(
    ("head", "end"),
    [
        (layers.Activation("tanh"), "'tanh' of 3"),
        (layers.Activation("relu"), "'relu' of 3"),
        (Unknown(), "'Unknown' of 3"),
        (lambda x: x + 1, "'add' of 3"),
        (lambda x: means(ops.log_softmax(maps(x))), "'GlobalAveragePooling2D' of 3"),
        (lambda x: ops.log_softmax(ops.stack([x, x], axis=1), axis=1), "'log_softmax over axis 1'"),
    ],
)
def test_ends_that_are_no_scores_are_refused(head, end):
    net = net_of(head)
    message = f"must end in softmax, log_softmax or linear scores.*; mine ends in {end}"
    for ask in (net.probabilities, lambda x: net.explain(x[0], "saliency")):
        with pytest.raises(ValueError, match=message) as error:
            ask(WHITE[None])
        assert "\n" not in str(error.value)


@pytest.mark.parametrize("shape", [(), (1,), (1, 1, 1)])
@pytest.mark.parametrize("rest", [lambda y: y, lambda y: [y, y]], ids=["one output", "several"])
def test_one_unit_is_two_classes_if_that_is_known(shape, rest):
    """A sigmoid always; a linear unit, which may be a regression, if it has two class names."""
    linear = lambda x: rest(layers.Reshape(shape)(x))  # noqa: E731
    sigmoid = lambda x: linear(layers.Activation("sigmoid")(x))  # noqa: E731
    expected = 1 / (1 + E[0]), E[0] / (1 + E[0])
    for net in (net_of(sigmoid, units=1), net_of(linear, ("no", "yes"), units=1)):
        np.testing.assert_allclose(net.probabilities(WHITE[None]), expected, rtol=1e-5)
        no, yes = (net.explain(WHITE, "gradient_times_input", target=t).heatmap for t in (0, 1))
        np.testing.assert_allclose(yes, np.full((4, 4), 1 / 16), rtol=1e-5)  # of the logit 1
        np.testing.assert_allclose(no, -yes, rtol=1e-5)
    with pytest.raises(ValueError, match="one linear unit, which may be a regression"):
        net_of(linear, units=1).probabilities(WHITE[None])
    with pytest.raises(ValueError, match="ends in 'tanh' of 1"):
        net_of(lambda x: linear(ops.tanh(x)), units=1).probabilities(WHITE[None])


def test_of_outputs_by_name_one_must_be_chosen():
    def both(x):
        return {"b": layers.Softmax()(x), "a": x}

    message = r"returns a dict of 'a', 'b'. Use one of them, as in .* model.output{}\['a'\]\)"
    with pytest.raises(ValueError, match=message.format("")):
        net_of(both).explain(WHITE)
    with pytest.raises(ValueError, match=message.format(r"\[0\]")):
        net_of(lambda x: [both(x), x]).explain(WHITE)


@pytest.mark.parametrize(("labels", "known"), [([0, 1], True), ([0.2, 0.7], False)])
def test_the_loss_of_a_run_says_what_its_unit_means(labels, known, tmp_path):
    net = net_of(lambda x: x, units=1)
    data = np.random.default_rng(0).random((4, 4, 4, 3), "float32"), np.array(labels * 2)
    kc.train(net.model, (data, data), epochs=1, batch_size=4, run_dir=tmp_path, verbose=0)
    loaded = kc.trained.load(tmp_path)
    if known:
        logit = float(loaded.model.predict(WHITE[None], verbose=0)[0, 0])
        found = loaded.probabilities(WHITE[None])[1]
        np.testing.assert_allclose(found, 1 / (1 + np.exp(-logit)), rtol=1e-5)
    else:
        with pytest.raises(ValueError, match="may be a regression"):
            loaded.probabilities(WHITE[None])
