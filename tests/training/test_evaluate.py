from contextlib import nullcontext
from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerascnn import datasets, describe, name_classes
from kerascnn.training import ensemble, evaluate, train, transfer, unfreeze
from kerascnn.visualize import saliency

layers = keras.layers


def reader(classes=3, activation="softmax", size=(1, 1)):
    """A net whose scores are the image's channels."""
    image = keras.Input((*size, classes))
    x = layers.GlobalAveragePooling2D()(image)
    return keras.Model(image, layers.Activation(activation)(x))


# true, and what the largest channel says:     0→0   0→1   1→1   2→0
SCORES = np.array([[3, 1, 0], [1, 2, 0], [0, 5, 1], [4, 1, 2]], "float32")
LABELS = np.array([0, 0, 1, 2])
PART = (SCORES.reshape(4, 1, 1, 3), LABELS)


class SimpleBatches(keras.utils.PyDataset):
    """A part as one batch."""

    def __init__(self, part):
        super().__init__()
        self.part = part

    def __len__(self):
        return 1

    def __getitem__(self, index):
        return self.part


@pytest.mark.parametrize("activation", ["softmax", "linear"])
def test_numbers_by_hand(activation):
    result = evaluate(reader(activation=activation), PART, input_range=None, batch_size=3)
    np.testing.assert_array_equal(result.confusion, [[1, 1, 0], [0, 1, 0], [1, 0, 0]])
    assert result.accuracy == 0.5
    assert result.count == 4
    np.testing.assert_allclose(result.recall, [0.5, 1, 0])
    np.testing.assert_allclose(result.precision, [0.5, 0.5, np.nan])
    np.testing.assert_allclose(result.iou, [1 / 3, 0.5, 0])
    assert result.top5 is None
    chances = np.exp(SCORES) / np.exp(SCORES).sum(axis=1, keepdims=True)
    assert result.loss == pytest.approx(-np.log(chances[range(4), LABELS]).mean(), rel=1e-5)
    assert repr(result).splitlines()[0] == f"accuracy 0.5000, loss {result.loss:.4f}, 4 labels"


@pytest.mark.parametrize("activation", ["sigmoid", "linear"])
def test_one_output_tells_two_classes(activation):
    """Scores -1, -2, 1, 2 of the labels 0, 1, 1, 1."""
    images = np.array([-1, -2, 1, 2], "float32").reshape(4, 1, 1, 1)
    result = evaluate(reader(1, activation), (images, np.array([0, 1, 1, 1])), input_range=None)
    np.testing.assert_array_equal(result.confusion, [[1, 0], [1, 2]])
    chances = 1 / (1 + np.exp(-np.array([1, -2, 1, 2])))  # of the labels
    assert result.loss == pytest.approx(-np.log(chances).mean(), rel=1e-5)


def test_a_class_is_one_row_whatever_its_name():
    result = evaluate(reader(), PART, input_range=None, class_names=["cat\nand dog", "b\r", "owl"])
    _, *rows = repr(result).splitlines()
    assert [row.index("  recall") for row in rows] == [len("cat and dog")] * 3
    assert result.class_names[0] == "cat\nand dog"


def test_two_classes_of_images():
    """Sensitivity and specificity by hand; the AUC is the share of pairs in order, ties half."""
    images = np.array([-1, 1, -2, 1, 2], "float32").reshape(5, 1, 1, 1)
    labels = np.array([0, 0, 1, 1, 1])
    result = evaluate(reader(1, "sigmoid"), (images, labels), input_range=None, batch_size=2)
    assert (result.sensitivity, result.specificity) == (pytest.approx(2 / 3), 0.5)
    assert result.auc == pytest.approx((0 + 1 + 1 + 0 + 0.5 + 1) / 6)
    assert "AUC 0.5833, sensitivity 0.6667, specificity 0.5000; positive is '1'" in repr(result)
    one = evaluate(reader(1, "sigmoid"), (images[:1], labels[:1]), input_range=None)
    assert one.auc is None
    three = evaluate(reader(), PART, input_range=None)
    assert (three.auc, three.sensitivity, three.specificity) == (None, None, None)


def test_top_5():
    scores = np.arange(8, dtype="float32").reshape(1, 1, 1, 8).repeat(8, axis=0)
    result = evaluate(reader(8), (scores, np.arange(8)), input_range=None)
    assert result.top5 == 5 / 8  # classes 3…7
    assert result.accuracy == 1 / 8


def test_a_class_per_pixel_of_a_smaller_output():
    image = keras.Input((4, 4, 2))
    net = keras.Model(image, layers.Softmax()(layers.Cropping2D(1)(image)))
    masks = np.zeros((1, 4, 4), int)
    masks[0, 1:3, 1] = 1  # half of the middle
    images = np.stack([1 - masks, masks], axis=-1).astype("float32")
    result = evaluate(net, (images, masks))
    np.testing.assert_array_equal(result.confusion, [[2, 0], [0, 2]])


@pytest.mark.parametrize("units", [1, 2])
@pytest.mark.parametrize("kind", ["images", "maps"])
def test_the_forms_of_labels(rng, in_a_form, units, kind):
    image = keras.Input((3, 1, units))
    scores = image if kind == "maps" else layers.GlobalAveragePooling2D()(image)
    net = keras.Model(image, layers.Activation("softmax" if units > 1 else "sigmoid")(scores))
    images = rng.normal(size=(6, 3, 1, units)).astype("float32")
    labels = np.arange(18).reshape(6, 3, 1) % 2 if kind == "maps" else np.arange(6) % 2
    plain = evaluate(net, (images, labels), input_range=None)
    given = images, in_a_form(labels)
    for data in (given, SimpleBatches(given)):
        found = evaluate(net, data, input_range=None)
        np.testing.assert_array_equal(found.confusion, plain.confusion)
        assert (found.loss, found.auc) == (plain.loss, plain.auc)
    assert (plain.auc is None) == (kind == "maps")


def test_one_hot_labels_are_those_of_a_categorical_loss():
    plain, hot = (PART[0], LABELS), (PART[0], np.eye(3, dtype="float32")[LABELS])
    net = reader()
    for loss in ("categorical_crossentropy", keras.losses.CategoricalFocalCrossentropy()):
        net.compile("sgd", loss)
        found, expected = (evaluate(net, data, input_range=None) for data in (hot, plain))
        np.testing.assert_array_equal(found.confusion, expected.confusion)
    several = keras.Model(net.inputs, [net.output, net.output])
    several.compile("sgd", ["categorical_crossentropy", "mse"])
    assert evaluate(several, hot, input_range=None).accuracy == 0.5
    for loss in ("sparse_categorical_crossentropy", "mse", lambda true, predicted: predicted):
        net.compile("sgd", loss)
        with pytest.raises(ValueError, match=r"float32 \(N, 3\): for one-hot labels use loss="):
            evaluate(net, hot, input_range=None)


@pytest.mark.parametrize("loss", ["categorical_crossentropy", "sparse_categorical_crossentropy"])
def test_shares_of_classes_are_not_taken_for_one_hot_labels(loss):
    net, shares = reader(), np.full((4, 3), 1 / 3, "float32")
    net.compile("sgd", loss)
    line = r"float32 \(N, 3\): for shares of classes pass loss='categorical_crossentropy' to train"
    with pytest.raises(ValueError, match=line):
        evaluate(net, (PART[0], shares), input_range=None)
    with pytest.raises(ValueError, match=line):
        train(net, ((PART[0], shares), None), input_range=None, batch_size=2)


def test_floats_of_one_linear_unit_may_be_a_regression():
    images, labels = np.array([-1, 2, 1], "float32").reshape(3, 1, 1, 1), np.array([0.0, 1.0, 0.0])
    net = reader(1, "linear")
    with pytest.raises(ValueError, match=r"received float64: .*astype\(int\), or .* tf.cast"):
        evaluate(net, (images, labels), input_range=None)
    net.compile("sgd", keras.losses.BinaryCrossentropy(from_logits=True))
    assert evaluate(net, (images, labels), input_range=None).accuracy == pytest.approx(2 / 3)


@pytest.mark.parametrize("classes", [2, 3])
def test_scores_that_are_no_numbers(classes):
    net = keras.Sequential([keras.Input((1, 1, 3)), layers.Flatten(), layers.Dense(classes)])
    part = PART[0], LABELS % 2
    net.layers[-1].set_weights([np.full((3, classes), np.nan), np.zeros(classes)])
    with pytest.raises(ValueError, match="model must have weights that are finite numbers"):
        evaluate(net, part, input_range=None)
    image = keras.Input((1, 1, 3))
    roots = keras.ops.sqrt(layers.GlobalAveragePooling2D()(image) - 9)
    overflow = keras.Model(image, layers.Dense(3)(roots))
    with pytest.raises(ValueError, match="model must return numbers; received NaN, though"):
        evaluate(overflow, PART, input_range=None)


@pytest.mark.parametrize("shape", [(4,), (2, 2, 2)])
def test_sequences_and_volumes(shape):
    image = keras.Input((4, 6, 1))
    scores = layers.Softmax()(layers.Reshape((*shape, -1))(layers.Flatten()(image)))
    net = keras.Model(image, scores)
    rng = np.random.default_rng(0)
    images, labels = rng.random((5, 4, 6, 1), "float32"), rng.integers(0, 3, (5, *shape))
    result = evaluate(net, (images, labels))
    assert result.count == labels.size
    assert result.accuracy == (net.predict(images, verbose=0).argmax(axis=-1) == labels).mean()
    longer = rng.integers(0, 3, (5, *(n + 2 for n in shape)))
    options = {"epochs": 1, "verbose": 0, "augment": "none", "batch_size": 5}
    for call in (evaluate, lambda *given: train(*given, **options)):
        with pytest.raises(
            ValueError, match=r"labels must be class indices \(N, .*; received int64"
        ):
            call(net, (images, longer))


def test_void_pixels_are_not_counted():
    maps = np.full((1, 2, 2, 2), 0.5, "float32")
    maps[0, 0] = [[0.9, 0.1], [0.2, 0.8]]
    masks = np.array([[[0, 0], [255, 1]]])
    net = keras.Sequential([keras.Input((2, 2, 2)), layers.Activation("linear")])
    net = keras.Model(net.inputs, layers.Softmax()(keras.ops.log(net.outputs[0])))
    result = evaluate(net, (maps, masks), ignore_class=255)
    np.testing.assert_array_equal(result.confusion, [[1, 1], [1, 0]])  # of a tie the first
    assert result.loss == pytest.approx(-np.log([0.9, 0.2, 0.5]).mean(), rel=1e-5)
    with pytest.raises(ValueError, match="0 to 255: pass ignore_class= for labels"):
        evaluate(net, (maps, masks))
    with pytest.raises(ValueError, match="0 to 255: convert two values with labels > 0, or pass"):
        evaluate(net, (maps, 255 * (masks > 0)))


@pytest.mark.parametrize("dtype", ["uint8", "int8", "uint16", "uint64"])
def test_small_integers_count_as_large_ones(dtype):
    """20 times 13 is more than a byte holds."""
    labels = np.arange(20)
    result = evaluate(reader(20), (np.eye(20, dtype="float32")[labels][:, None, None], labels))
    small = np.eye(20, dtype="float32")[labels][:, None, None], labels.astype(dtype)
    np.testing.assert_array_equal(evaluate(reader(20), small).confusion, result.confusion)
    assert result.accuracy == 1


def test_truth_values_are_the_labels_of_two_classes():
    net = keras.Sequential([keras.Input((2, 2, 1)), layers.Activation("sigmoid")])
    maps = np.array([[[[-1.0], [1.0]], [[2.0], [-2.0]]]], "float32")
    result = evaluate(net, (maps, maps[..., 0] > 1.5), input_range=None)
    np.testing.assert_array_equal(result.confusion, [[2, 1], [0, 1]])


def test_ten_crops_average_the_softmax_of_ten_windows(rng):
    net = keras.Sequential(
        [keras.Input((3, 3, 1)), layers.Flatten(), layers.Dense(4, activation="softmax")]
    )
    net.set_weights([3 * rng.normal(size=w.shape) for w in net.get_weights()])
    images, labels = rng.random((6, 5, 7, 1), dtype="float32"), rng.integers(0, 4, 6)
    windows = [images[:, y : y + 3, x : x + 3] for y, x in [(0, 0), (0, 4), (2, 0), (2, 4), (1, 2)]]
    windows += [window[:, :, ::-1] for window in windows]
    chances = np.mean([net.predict_on_batch(w) for w in windows], axis=0)
    result = evaluate(net, (images, labels), ten_crop=True, batch_size=4)
    assert result.loss == pytest.approx(-np.log(chances[range(6), labels]).mean(), rel=1e-5)
    assert result.accuracy == (chances.argmax(axis=1) == labels).mean()


def test_the_part_of_a_data_set():
    other = (PART[0][:1], PART[1][:1])
    data = datasets.Dataset("three", other, other, PART, ("cat", "dog", "owl"))
    result = evaluate(reader(), data, input_range=None)
    assert (result.count, result.class_names) == (4, ("cat", "dog", "owl"))
    assert evaluate(reader(), data, part="validation", input_range=None).count == 1
    assert "owl" in repr(result)
    with pytest.raises(ValueError, match="one of 'train', 'validation', 'test'; received 'tests'"):
        evaluate(reader(), data, part="tests")


def test_classes_are_matched_by_name():
    net = name_classes(reader(), ["owl", "cat", "dog"])
    by_index = evaluate(net, PART, input_range=None)
    assert by_index.class_names == ("owl", "cat", "dog")
    names, labels = ("cat", "dog", "owl"), np.array([2, 0, 1])[LABELS]
    data = datasets.Dataset("three", PART, None, (PART[0], labels), names)
    batches = SimpleBatches((PART[0], labels))
    for by_name in (
        evaluate(net, data, input_range=None),
        evaluate(net, data.test, class_names=names, input_range=None),
        evaluate(net, batches, class_names=np.array(names), input_range=None),
    ):
        np.testing.assert_array_equal(by_name.confusion, by_index.confusion)
        assert by_name.class_names == by_index.class_names
    maps = saliency(net, PART[0], "owl")
    np.testing.assert_array_equal(maps, saliency(net, PART[0], 0))  # it kept its names
    few = (PART[0][:2], np.array([0, 0]))
    assert evaluate(net, few, class_names=["owl"], input_range=None).accuracy == 0.5
    with pytest.raises(ValueError, match=r"labels must lie in 0…0"):
        evaluate(net, PART, class_names=["owl"], input_range=None)


def test_classes_of_another_data_set():
    net = name_classes(reader(), ["owl", "cat", "dog"])
    data = datasets.Dataset("three", PART, None, PART, ("cat", "cow", "dog"))
    with pytest.raises(ValueError, match=r"'owl', 'cat', 'dog'; received 'cow': pass class_names="):
        evaluate(net, data, input_range=None)
    names = ("uhu", "katze", "hund")
    result = evaluate(net, data, class_names=names, input_range=None)
    assert (result.accuracy, result.class_names) == (0.5, names)


@pytest.mark.parametrize(
    ("data", "options", "message"),
    [
        ((PART[0], LABELS + 1), {}, r"labels must lie in 0…2"),
        (
            (PART[0], LABELS / 3),
            {},
            r"indices \(N\), .* float64 \(N\): for numbers .* Keras's own model.evaluate",
        ),
        (
            (PART[0], np.eye(3, dtype=int)[LABELS]),
            {},
            r"int64 \(N, 3\): .*categorical_crossentropy.*labels.argmax.*, tf.argmax",
        ),
        ((PART[0], LABELS[:, None, None]), {}, r"received int64 \(N, 1, 1\)\.$"),
        ((PART[0], LABELS > 0), {}, r"received bool \(N\)\.$"),
        (
            (PART[0], 0 * LABELS),
            {"ignore_class": 0},
            "must not all be ignore_class; received",
        ),
        (PART, {"input_range": (0, 1)}, "float in"),
        ((*PART, np.ones(4)), {}, r"must be \(images, labels\), .* received weights .* data\[:2\]"),
        ((PART[0][:0], LABELS[:0]), {}, "at least one image"),
        (PART, {"class_names": ["a"]}, "class_names must be 3"),
        (PART, {"class_names": "abc"}, "class_names must be 3 names, .* received 1"),
        (PART, {"class_names": np.array(["a", "b"])}, "class_names must be 3"),
        (PART, {"batch_size": 0}, "batch_size must be a whole number of at least 1; received 0"),
        (PART, {"ignore_class": "255"}, "ignore_class must be a whole number or None"),
    ],
)
def test_what_cannot_be_compared(data, options, message):
    with pytest.raises(ValueError, match=message):
        evaluate(reader(), data, **{"input_range": None, **options})


def test_a_tanh_is_no_score():
    with pytest.raises(ValueError, match="received 'tanh'"):
        evaluate(reader(activation="tanh"), PART, input_range=None)


def test_an_ensemble_averages_probabilities(bars, make_model):
    images = bars[1][0]
    softmax, linear = make_model(), make_model(activation=None)
    linear.set_weights([2 * w for w in linear.get_weights()])
    both = ensemble([linear, softmax, linear])
    logits = linear.predict(images, verbose=0)
    chances = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    expected = (softmax.predict(images, verbose=0) + 2 * chances) / 3
    np.testing.assert_allclose(both.predict(images, verbose=0), expected, rtol=1e-5)
    assert evaluate(both, bars[1]).count == len(images)
    softmax.set_weights([0 * w for w in softmax.get_weights()])  # it shares their weights
    expected = (0.5 + 2 * chances) / 3
    np.testing.assert_allclose(both.predict(images, verbose=0), expected, rtol=1e-5)


@pytest.mark.parametrize("classes", [1, 3])
def test_an_ensemble_of_sigmoids_averages_them(bars, make_model, classes):
    members = [make_model(classes, activation="sigmoid") for _ in range(2)]
    members[1].set_weights([2 * w for w in members[1].get_weights()])
    expected = np.mean([model.predict(bars[1][0], verbose=0) for model in members], axis=0)
    found = ensemble(members).predict(bars[1][0], verbose=0)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_members_must_agree(make_model):
    with pytest.raises(ValueError, match="one linear unit, which may be a regression or the logit"):
        ensemble([make_model(1, activation=None)])
    with pytest.raises(ValueError, match="all end in sigmoids, or none; received 'sigmoid', 'soft"):
        ensemble([make_model(activation="sigmoid"), make_model()])
    with pytest.raises(TypeError, match="models must be a list of models; received 'alone'"):
        ensemble(keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)], name="alone"))
    with pytest.raises(ValueError, match="equal input and output shapes"):
        ensemble([make_model(), make_model(classes=3)])
    with pytest.raises(ValueError, match="at least one model; received none"):
        ensemble([])
    with pytest.raises(ValueError, match="ends in 'tanh'"):
        ensemble([make_model(activation="tanh")])


def test_of_outputs_by_name_one_must_be_chosen():
    net = reader()
    both = keras.Model(net.inputs, {"kind": net.output, "other": 1 - net.output})
    for labels in (LABELS, {"kind": LABELS, "other": LABELS}):
        with pytest.raises(ValueError, match=r"dict of 'kind', 'other'.*model.output\['kind'\]\)"):
            evaluate(both, (PART[0], labels), input_range=None)
    within = keras.Model(net.inputs, [both.output, net.output])
    with pytest.raises(ValueError, match=r"dict of 'kind', 'other'.*model.output\[0\]\['kind'\]"):
        evaluate(within, PART, input_range=None)
    one = keras.Model(both.inputs, both.output["kind"])
    assert evaluate(one, PART, input_range=None).accuracy == 0.5


@pytest.mark.parametrize("kind", [str, object, "S3"])
def test_labels_that_are_text(kind):
    labels = np.array(["cat", "cat", "dog", "cow"]).astype(kind)
    with pytest.raises(ValueError, match=r"labels must be numbers; .* b?'cat': np.unique\("):
        evaluate(reader(), (PART[0], labels), input_range=None)


@pytest.mark.parametrize(
    "call",
    [
        lambda model: evaluate(model, PART),
        lambda model: transfer(model, classes=2),
        unfreeze,
        describe,
        lambda model: saliency(model, PART[0]),
        lambda model: ensemble([model]),
    ],
)
def test_a_file_or_a_result_in_place_of_a_model(call):
    with pytest.raises(TypeError, match=r"received str: load it with kerascnn.trained.load"):
        call("net.keras")
    with pytest.raises(TypeError, match=r"received SimpleNamespace: pass its .model"):
        call(SimpleNamespace(model=reader()))  # as train and trained.load return
    with pytest.raises(TypeError, match=r"must be a keras.Model; received NoneType\.$"):
        call(None)


class Subclass(keras.Model):
    """A classifier without a graph of layers."""

    def __init__(self, end="softmax", structure=lambda scores: scores, numbers=False):
        super().__init__()
        self.maps, self.scores = layers.Conv2D(2, 2), layers.Dense(3, activation=end)
        self.structure, self.numbers = structure, numbers

    def call(self, images):
        maps = layers.GlobalAveragePooling2D()(self.maps(images))
        if self.numbers:  # as functions of TensorFlow do
            maps = tf.nn.relu(maps)
        return self.structure(self.scores(maps))


@pytest.mark.parametrize("numbers", [False, True])
@pytest.mark.parametrize("end", ["softmax", None])
def test_a_subclass_is_evaluated_as_it_was_trained(rng, end, numbers):
    part = rng.random((8, 4, 4, 1), "float32"), np.arange(8) % 3
    model = Subclass(end, numbers=numbers)
    run = train(model, (part, part), epochs=1, batch_size=8, verbose=0)
    for data in (part, SimpleBatches(part)):
        result = evaluate(model, data, class_names=["a", "b", "c"])
        assert result.loss == pytest.approx(run.history["val_loss"][0], rel=1e-5)
        assert result.accuracy == pytest.approx(run.history["val_accuracy"][0])
        assert result.class_names == ("a", "b", "c")
    with pytest.raises(ValueError, match=r"for Subclass .*\. Use keras.Model\(inputs, model.c"):
        evaluate(model, part, ten_crop=True)
    with pytest.raises(ValueError, match="images must have a size that the model takes") as caught:
        evaluate(model, (part[0][..., [0, 0]], part[1]))
    assert "\n" not in str(caught.value)
    first = Subclass(end, structure=lambda scores: [scores, scores[:, :1]], numbers=numbers)
    assert evaluate(first, part).count == 8


class Untraced(keras.Model):
    """A classifier by a linear layer, then a function; the code fails for symbols."""

    def __init__(self, end, units, *, adds=False, late=False, unused=None):
        super().__init__()
        self.end, self.units, self.adds = end, units, adds
        self.flatten, self.scores = layers.Flatten(), None if late else layers.Dense(units)
        self.unused = unused or layers.Flatten()  # created last, which says nothing

    def build(self, shape):
        self.scores = self.scores or layers.Dense(self.units)
        self.scores.build((None, int(np.prod(shape[1:]))))

    def call(self, images):
        scores = self.scores(self.flatten(images))
        if self.adds:
            self.add_loss(0 * keras.ops.sum(scores))
        return self.end(scores)


@pytest.mark.parametrize(
    ("end", "options", "doubt"),
    [
        (tf.nn.softmax, {"units": 3}, True),
        (tf.nn.sigmoid, {"units": 1}, True),
        (tf.nn.softmax, {"units": 3, "late": True}, True),
        (keras.ops.softmax, {"units": 3, "late": True}, False),  # can be traced once it is built
        (keras.ops.softmax, {"units": 3, "adds": True}, True),
        (keras.ops.softmax, {"units": 3, "adds": True, "unused": layers.ReLU()}, True),
        (tf.identity, {"units": 3}, False),
        (tf.identity, {"units": 1}, False),
    ],
)
def test_code_that_cannot_be_traced_is_evaluated_by_its_values(rng, end, options, doubt):
    images, labels = rng.normal(0, 2, (12, 4, 4, 1)), np.arange(12) % max(options["units"], 2)
    model = Untraced(end, **options)
    logits = end is tf.identity
    kind = (keras.losses.SparseCategoricalCrossentropy, keras.losses.BinaryCrossentropy)
    loss = kind[options["units"] == 1](from_logits=logits)
    with pytest.warns(UserWarning, match="taken for probabilities") if doubt else nullcontext():
        first = evaluate(model, (images, labels), input_range=None)  # builds it
    model.compile(loss=loss)
    with pytest.warns(UserWarning, match="taken for probabilities") if doubt else nullcontext():
        result = evaluate(model, (images, labels), input_range=None)
    assert result.loss == pytest.approx(model.evaluate(images, labels, verbose=0), rel=1e-4)
    outputs = np.asarray(model(images))
    guesses = outputs.argmax(axis=1) if options["units"] > 1 else outputs[:, 0] > (not logits) / 2
    assert result.accuracy == np.mean(guesses == labels)
    assert first.count == 12


def test_code_that_cannot_be_traced_has_an_end_that_cannot_be_seen(rng):
    part = 5 * rng.random((12, 4, 4, 1), "float32"), np.arange(12) % 3
    model = Untraced(tf.identity, 3, unused=layers.Softmax())
    with pytest.raises(ValueError, match=r"received 'unknown function' of 3: end call\(\) in"):
        evaluate(model, part, input_range=None)
    model.compile(loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    result = evaluate(model, part, input_range=None)
    assert result.loss == pytest.approx(model.evaluate(*part, verbose=0), rel=1e-4)


def _scores(units, activation=None):
    return lambda image: layers.Dense(units, activation)(layers.Flatten()(image))


def _pooled(units, activation=None):
    maps = layers.Conv2D(units, 3, activation=activation)
    return lambda image: layers.GlobalAveragePooling2D()(maps(image))


def _half(units, activation):
    return lambda image: sum(_scores(units, activation)(image) for _ in range(2)) / 2


def _net(ending):
    image = keras.Input((4, 4, 1))
    return keras.Model(image, ending(image))


LOGITS = {
    "pooled": _pooled(3),
    "sum": lambda image: layers.Add()([_scores(3)(image), _scores(3)(image)]),
    "scaled": lambda image: 2 * _scores(3)(image),
    "normalized": lambda image: layers.BatchNormalization()(_scores(3)(image)),
    "log_softmax": _scores(3, "log_softmax"),
    "tanh": _scores(3, "tanh"),
    "one pooled": _pooled(1),
    "one scaled": lambda image: 2 * _scores(1)(image),
}
PROBABILITIES = {
    "pooled": _pooled(3, "softmax"),
    "half": _half(3, "softmax"),
    "mean": lambda image: keras.ops.mean(_scores(3, "softmax")(image)[:, None], axis=1),
    "lambda": lambda image: layers.Lambda(lambda x: tf.nn.softmax(x))(_scores(3)(image)),
    "one pooled": _pooled(1, "sigmoid"),
    "one half": _half(1, "sigmoid"),
}
SURE = ("pooled", "log_softmax", "one pooled")  # without a loss


@pytest.mark.parametrize(
    ("name", "logits"), [*((name, True) for name in LOGITS), *((n, False) for n in PROBABILITIES)]
)
def test_the_loss_tells_what_other_ends_hold(rng, name, logits):
    """As Keras computes it; without a loss, only what is sure, or has the values of a softmax."""
    model = _net((LOGITS if logits else PROBABILITIES)[name])
    one = model.output_shape[-1] == 1
    part = rng.normal(size=(12, 4, 4, 1)).astype("float32"), np.arange(12) % (2 if one else 3)
    options = {"input_range": None}
    kinds = (keras.losses.SparseCategoricalCrossentropy, keras.losses.BinaryCrossentropy)
    compiled = keras.Model(model.inputs, model.outputs[0])
    compiled.compile(loss=kinds[one](from_logits=logits), metrics=["accuracy"])
    expected = compiled.evaluate(*part, verbose=0)
    found = evaluate(compiled, part, **options)
    assert found.loss == pytest.approx(expected[0], rel=1e-4)
    if not (one and logits):  # whose accuracy Keras counts above 0.5
        assert found.accuracy == pytest.approx(expected[1])
    if name in SURE:
        assert evaluate(model, part, **options).loss == pytest.approx(found.loss)
    elif not logits and not one:
        with pytest.warns(UserWarning, match=r"and add to 1\. To be sure, compile the model"):
            assert evaluate(model, part, **options).loss == pytest.approx(found.loss)
    else:
        with pytest.raises(ValueError, match=r"for logits use keras\.Model") as caught:
            evaluate(model, part, **options)
        if logits:  # it says how
            advised = eval(str(caught.value).partition("use ")[2][:-1])
            assert evaluate(advised, part, **options).loss == pytest.approx(found.loss, rel=1e-4)


@pytest.mark.parametrize("loss", [None, "mse", "binary_crossentropy"])
@pytest.mark.parametrize(
    "ending", [_scores(3, "sigmoid"), lambda image: _scores(4, "softmax")(image)[:, :3]]
)
def test_scores_of_classes_that_do_not_exclude_each_other(rng, ending, loss):
    model = _net(ending)
    model.compile(loss=loss)
    with pytest.raises(
        ValueError, match=r"received '.*' of 3: use Keras's own model\.evaluate for"
    ):
        evaluate(model, (rng.random((3, 4, 4, 1), "float32"), np.arange(3)))


def test_a_loss_of_other_classes_tells_nothing(rng):
    model = _net(LOGITS["scaled"])
    part = rng.random((3, 4, 4, 1), "float32"), np.arange(3)
    for loss in (keras.losses.BinaryCrossentropy(from_logits=True), "mse"):
        model.compile(loss=loss)
        with pytest.raises(ValueError, match="received 'multiply' of 3: for logits use"):
            evaluate(model, part)


def test_a_subclass_has_losses_by_names_that_it_does_not_know():
    hot = np.zeros((2, 4, 4, 1), "float32"), np.eye(3)[[0, 1]]
    model = Subclass()
    model.compile(loss={"scores": "categorical_crossentropy"})
    assert evaluate(model, hot).count == 2
    model.compile(loss={})
    with pytest.raises(ValueError, match="for one-hot labels use loss="):
        evaluate(model, hot)


def test_a_subclass_has_one_output():
    model = Subclass(structure=lambda scores: {"kind": scores, "other": scores})
    message = r"'kind', 'other': .* keras.Model\(inputs, model.call\(inputs\)\['kind'\]\)\.$"
    part = np.zeros((2, 4, 4, 1), "float32"), np.array([0, 1])
    with pytest.raises(ValueError, match=message):
        evaluate(model, part)
    inputs = keras.Input((4, 4, 1))
    assert evaluate(keras.Model(inputs, model.call(inputs)["kind"]), part).count == 2
