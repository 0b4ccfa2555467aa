"""How much labels count: weights of images, of pixels, of classes."""

from functools import cache

import keras
import numpy as np
import pytest

from kerascnn.training import DiceLoss, recipe, train
from kerascnn.training._data import Part
from kerascnn.training._objective import class_weights, objective_for

layers = keras.layers
SIDE = 4  # as many as there are images: what is (N,) could be taken for a row
ONCE = {"epochs": 1, "batch_size": SIDE, "learning_rate": 0.0, "verbose": 0}


@cache
def pixels(classes):
    """A class for each pixel."""
    activation = "sigmoid" if classes == 1 else "softmax"
    layer = layers.Conv2D(classes, 1, activation=activation)
    return keras.Sequential([keras.Input((SIDE, SIDE, 1)), layer])


@pytest.fixture
def masks():
    """Images, masks of two classes, and a weight for each image."""
    rng = np.random.default_rng(0)
    images = rng.random((SIDE, SIDE, SIDE, 1), "float32")
    return images, rng.integers(0, 2, (SIDE, SIDE, SIDE)), rng.random(SIDE)


def losses(images, labels, classes):
    """The cross-entropy of each pixel, (N, H, W)."""
    chances = pixels(classes).predict(images, verbose=0)
    if classes == 1:
        chances = np.concatenate([1 - chances, chances], axis=-1)
    return -np.log(np.take_along_axis(chances, labels[..., None], axis=-1)[..., 0])


@pytest.mark.parametrize(
    ("classes", "loss"), [(1, None), (2, None), (2, "categorical_crossentropy")]
)
def test_weights_of_images_are_not_those_of_columns(masks, classes, loss):
    images, labels, weights = masks
    given = np.eye(2)[labels] if loss else labels
    part = (images, given, weights)
    history = train(pixels(classes), (part, part), loss=loss, **ONCE).history
    expected = (losses(images, labels, classes) * weights[:, None, None]).mean()
    assert history["loss"][0] == pytest.approx(expected, rel=1e-4)
    assert history["val_loss"][0] == pytest.approx(expected, rel=1e-4)


def test_a_loss_that_divides_by_the_sum_of_the_weights(masks):
    images, labels, weights = masks
    loss = keras.losses.SparseCategoricalCrossentropy(reduction="mean_with_sample_weight")
    history = train(pixels(2), (images, labels, weights), loss=loss, **ONCE).history
    each = losses(images, labels, 2).mean(axis=(1, 2))
    assert history["loss"][0] == pytest.approx(np.average(each, weights=weights), rel=1e-4)


@pytest.mark.parametrize("weights", [{"first": 0}, {0: 0, 1: None}, [0, None]])
@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "mean_with_sample_weight"])
def test_an_output_without_weights_counts_as_with_weights_of_one(masks, weights, reduction):
    images, labels, of_images = masks
    image = keras.Input((SIDE, SIDE, 1))
    options = {"activation": "softmax"}
    outputs = [layers.Conv2D(2, 1, name=name, **options)(image) for name in ("first", "second")]
    net = keras.Model(image, outputs)
    weights = keras.tree.map_structure(lambda each: None if each is None else of_images, weights)
    loss = keras.losses.SparseCategoricalCrossentropy(reduction=reduction)
    part = images, {"first": labels, "second": labels}, weights
    history = train(net, (part, part), loss=dict.fromkeys(part[1], loss), **ONCE).history
    chances = [np.take_along_axis(p, labels[..., None], -1) for p in net.predict(images, verbose=0)]
    first, second = (-np.log(p).mean(axis=(1, 2, 3)) for p in chances)
    total = of_images.sum() if reduction.startswith("mean_with") else SIDE
    expected = (first * of_images).sum() / total + second.mean()
    assert history["loss"][0] == pytest.approx(expected, rel=1e-4)
    assert history["val_loss"][0] == pytest.approx(expected, rel=1e-4)


def test_an_output_without_weights_may_have_a_loss_without_axes(masks):
    images, labels, weights = masks
    image = keras.Input((SIDE, SIDE, 1))
    first = layers.Conv2D(2, 1, activation="softmax", name="first")(image)
    second = layers.Conv2D(1, 1, name="second")(image)
    net = keras.Model(image, [first, second])

    def scalar(true, scores):
        return keras.ops.mean(scores) * 0 + 3

    part = images, {"first": labels, "second": labels}, {"first": weights}
    history = train(net, part, loss={"second": scalar}, **ONCE).history
    assert history["second_loss"][0] == pytest.approx(3)


def test_one_hot_masks_have_weights_of_pixels(masks):
    images, labels, _ = masks
    weights = np.random.default_rng(1).random(labels.shape)
    options = {"loss": keras.losses.CategoricalCrossentropy(), **ONCE}
    run = train(pixels(2), (images, np.eye(2)[labels]), sample_weight=weights, **options)
    expected = (losses(images, labels, 2) * weights).mean()
    assert run.history["loss"][0] == pytest.approx(expected, rel=1e-4)


def test_auxiliary_outputs_share_them(masks):
    images, labels, weights = masks
    image = keras.Input((SIDE, SIDE, 1))
    net = keras.Model(image, [layers.Conv2D(2, 1, activation="softmax")(image) for _ in range(2)])
    run = train(net, (images, labels, weights), **ONCE)
    each = [np.take_along_axis(p, labels[..., None], -1) for p in net.predict(images, verbose=0)]
    first, second = (-(np.log(p[..., 0]) * weights[:, None, None]).mean() for p in each)
    assert run.history["loss"][0] == pytest.approx(first + 0.3 * second, rel=1e-4)


def prepared(labels, weights, loss=None, classes=2):
    goal = objective_for(
        pixels(classes), labels, image_shape=(SIDE, SIDE, 1), recipe=recipe("adam"), loss=loss
    )
    part = Part(np.zeros(len(labels)), labels, weights)
    goal.check(part)
    return goal.prepare(part).weights


def test_the_forms_of_weights(masks):
    _, labels, weights = masks
    of_images = weights.reshape(-1, 1, 1)
    for given in (weights, of_images, of_images[..., None]):
        repeated = np.broadcast_to(of_images, labels.shape)
        np.testing.assert_array_equal(prepared(labels, given), repeated)
    of_pixels = np.ones(labels.shape)
    assert prepared(labels, of_pixels).shape == labels.shape
    assert prepared(labels[..., None], of_pixels[..., None], classes=1).shape == labels.shape
    one_hot = np.eye(2)[labels]
    assert prepared(one_hot, of_pixels, "mse").shape == labels.shape
    for wrong in (np.ones((SIDE, SIDE)), np.ones((SIDE, 1, SIDE)), one_hot):
        with pytest.raises(ValueError, match=r"weights must be \(N\) or \(N, 4, 4\), one for each"):
            prepared(one_hot, wrong, "mse")


def test_weights_for_losses_of_ones_own(masks):
    """What a loss gives before the mean says what its weights are of."""
    _, labels, weights = masks

    def of_images(true, predicted):
        return keras.ops.mean(keras.ops.square(true[..., None] - predicted), axis=(1, 2, 3))

    assert prepared(labels, weights, of_images).shape == (SIDE,)
    with pytest.raises(ValueError, match=r"weights must be \(N\), one for each image"):
        prepared(labels, np.ones(labels.shape), of_images)
    with pytest.raises(ValueError, match="a loss with one value for all images of a batch"):
        prepared(np.eye(2)[labels], weights, "dice")


def test_numbers_without_an_axis_are_weighted_one_by_one():
    """Keras's losses take the mean of vectors (N,) before the weights."""
    image = keras.Input((1, 1, 1))
    net = keras.Model(image, keras.ops.squeeze(layers.Dense(1)(layers.Flatten()(image)), -1))
    net.set_weights([np.zeros((1, 1)), np.zeros(1)])
    weights = np.array([1.0, 0.0, 2.0, 0.0])
    data = (np.ones((4, 1, 1, 1)), np.array([1.0, 5.0, 3.0, 7.0]), weights)
    run = train(net, data, **ONCE)
    assert run.history["loss"][0] == pytest.approx((1 * 1 + 2 * 9) / 4)


def test_classes_count_as_they_are_told(masks):
    images, labels, _ = masks
    run = train(pixels(2), ((images, labels),) * 2, class_weight={1: 3.0}, **ONCE)
    each = losses(images, labels, 2)
    expected = (each * np.where(labels == 1, 3.0, 1.0)).mean()
    assert run.history["loss"][0] == pytest.approx(expected, rel=1e-4)
    assert run.history["val_loss"][0] == pytest.approx(each.mean(), rel=1e-4)  # as in fit


@pytest.mark.parametrize("form", ["indices", "one-hot", "truth values", "last axis"])
def test_classes_of_all_forms_of_labels(form):
    labels = np.arange(2 * SIDE * SIDE).reshape(2, SIDE, SIDE) % 2
    given, loss, classes = {
        "indices": (labels.astype("uint8"), None, 2),
        "one-hot": (np.eye(2)[labels], "categorical_crossentropy", 2),
        "truth values": (labels == 1, None, 1),
        "last axis": (labels[..., None].astype("float32"), "binary_crossentropy", 1),
    }[form]
    shape = (SIDE, SIDE, 1)
    plan = recipe("adam")
    goal = objective_for(pixels(classes), given, image_shape=shape, recipe=plan, loss=loss)
    weighted = class_weights(goal, Part(None, given), {0: 0.5, 1: 2.0})
    np.testing.assert_array_equal(weighted.weights, np.where(labels == 1, 2.0, 0.5))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"class_weight": [1, 2]}, r"must be a dict such as .*dict\(enumerate\(weights\)\)"),
        ({"class_weight": {2: 1.0}}, r"must have classes 0…1 as its keys; received 2"),
        ({"class_weight": {0: np.nan}}, r"finite numbers of at least 0; received nan for class 0"),
        ({"class_weight": {0: 1.0}, "sample_weight": [1, 1, 1, 1]}, "must be None for data with"),
        ({"class_weight": {0: 1.0}, "recipe": "unet"}, "must be None with border_weight"),
        ({"class_weight": {0: 3.0}, "loss": DiceLoss()}, "class_weight needs a loss with a value"),
        ({"sample_weight": [1, np.nan, 1, 1]}, "finite numbers of at least 0; received nan to nan"),
        ({"sample_weight": [1, -1, 1, 1]}, "at least 0; received -1 to 1"),
        ({"sample_weight": [1, 1, 1]}, r"one for each image, \(4,\), or for each label"),
        ({"run_dir": ""}, "run_dir must be the path of a directory, or None"),
    ],
)
def test_what_cannot_be_a_weight(masks, options, message):
    images, labels, weights = masks
    with pytest.raises(ValueError, match=message) as caught:
        train(pixels(2), (images, labels), **{**ONCE, **options})
    assert "\n" not in str(caught.value)
    with pytest.raises(ValueError, match="sample_weight must be None for data that have weights"):
        train(pixels(2), (images, labels, weights), sample_weight=weights, **ONCE)


def test_numbers_that_are_none_are_not_blamed_on_the_rate(masks):
    images, labels, _ = masks
    net = keras.models.clone_model(pixels(2))
    net.set_weights([np.full(w.shape, np.inf) for w in net.get_weights()])
    with pytest.raises(
        ValueError, match=r"finite numbers; received NaN or inf.*'.*/kernel': build"
    ):
        train(net, (images, labels), **ONCE)

    def undefined(true, predicted):
        return keras.ops.log(-keras.ops.square(predicted))

    with pytest.raises(ValueError, match="step 1 of 1: before any weight was trained, so check"):
        train(pixels(2), (images, labels), loss=undefined, **ONCE)
    with pytest.raises(ValueError, match="train labels must be finite numbers; received NaN"):
        train(pixels(2), (images, np.where(labels, np.nan, 0.0)), loss="mse", **ONCE)
    with pytest.raises(ValueError, match="train images must be finite; received"):
        train(pixels(2), (np.where(images > 0.5, np.inf, 0.0), labels), input_range=None, **ONCE)
