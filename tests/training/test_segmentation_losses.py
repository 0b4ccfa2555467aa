"""Losses of class maps, by hand and against Keras."""

import keras
import numpy as np
import pytest

from kerascnn.datasets import weight_map
from kerascnn.training import DiceLoss, train

RNG = np.random.default_rng(0)
LABELS = RNG.integers(3, size=(2, 4, 5))
SCORES = RNG.random((2, 4, 5, 3)).astype("float32")
SCORES /= SCORES.sum(axis=-1, keepdims=True)


def still(images, labels, weights=None, *, loss=None, **options):
    """Train a model that returns its images for a step that changes nothing, and give the loss."""
    inputs = keras.Input(images.shape[1:])
    conv = keras.layers.Conv2D(images.shape[-1], 1, activation="softmax")
    model = keras.Model(inputs, conv(inputs))
    conv.set_weights([np.eye(images.shape[-1])[None, None], np.zeros(images.shape[-1])])
    part = (images, labels) if weights is None else (images, labels, weights)
    result = train(
        model, part, loss=loss, learning_rate=1e-12, epochs=1, batch_size=len(images),
        input_range=None, verbose=0, **options,
    )  # fmt: skip
    return result.history["loss"][0]


def cross_entropies():
    """The cross-entropy of each pixel."""
    return -np.log(np.take_along_axis(SCORES, LABELS[..., None], axis=-1)[..., 0])


def test_the_cross_entropy_of_pixels_is_weighted():
    weights = RNG.random((2, 4, 5)).astype("float32")
    expected = (weights * cross_entropies()).mean()
    assert still(np.log(SCORES), LABELS, weights) == pytest.approx(expected, rel=1e-5)


def test_pixels_of_the_ignored_class_do_not_count():
    labels, weights = LABELS.copy(), RNG.random((2, 4, 5)).astype("float32")
    labels[0, 1] = labels[1, :, 2] = 255
    counted = labels != 255
    loss = keras.losses.SparseCategoricalCrossentropy(ignore_class=255)
    expected = cross_entropies()[counted].mean()
    assert still(np.log(SCORES), labels, loss=loss) == pytest.approx(expected, rel=1e-5)
    # As Keras weights a mean of some values: over the number of those that count.
    expected = (weights * cross_entropies())[counted].sum() / counted.sum()
    assert still(np.log(SCORES), labels, weights, loss=loss) == pytest.approx(expected, rel=1e-5)


def test_the_recipe_unet_weights_the_gaps_between_cells():
    masks = np.zeros((2, 4, 5), int)
    masks[:, :, [0, 1, 3, 4]] = 1
    scores = np.log(SCORES[..., :2] / SCORES[..., :2].sum(axis=-1, keepdims=True))
    instances = np.where(np.arange(5) > 2, 2, 1) * masks
    weights = weight_map(instances, w0=10, sigma=5)
    entropies = -np.take_along_axis(scores, masks[..., None], axis=-1)[..., 0]
    found = still(scores, masks, recipe="unet", momentum=0.0)
    assert found == pytest.approx((weights * entropies).mean(), rel=1e-5)


def test_dice_by_hand():
    """Two pixels, two classes: (2 · 0.8 + 1) / (1 + 1.4 + 1), (2 · 0.4 + 1) / (1 + 0.6 + 1)."""
    scores = np.array([[[[0.8, 0.2], [0.6, 0.4]]]], "float32")
    expected = 1 - (2.6 / 3.4 + 1.8 / 2.6) / 2
    assert float(DiceLoss()(np.array([[[0, 1]]]), scores)) == pytest.approx(expected, rel=1e-6)


def test_dice_of_a_sigmoid_is_that_of_two_classes():
    labels, scores = LABELS % 2, SCORES[..., :1]
    two = np.concatenate([1 - scores, scores], axis=-1)
    for each in (labels, labels[..., None]):
        assert float(DiceLoss()(each, scores)) == pytest.approx(float(DiceLoss()(labels, two)))


@pytest.mark.parametrize(
    ("classes", "end", "labels", "words"),
    [
        (2, "softmax", 255 * (LABELS % 2), "labels must lie in 0…1.*received 0 to 255"),
        (2, "softmax", 0.7 * LABELS, "labels must be class indices"),
        (1, "sigmoid", LABELS, "labels must be 0 or 1.*received 0 to 2"),
        (2, None, LABELS % 2, "DiceLoss takes probabilities"),
    ],
)
def test_training_with_dice_checks_labels_and_output(classes, end, labels, words):
    inputs = keras.Input((4, 5, 3))
    model = keras.Model(inputs, keras.layers.Conv2D(classes, 1, activation=end)(inputs))
    with pytest.raises(ValueError, match=words):
        train(model, (SCORES, labels), loss=DiceLoss(), epochs=1, batch_size=2, verbose=0)


def test_training_a_sigmoid_with_dice():
    inputs = keras.Input((4, 5, 1))
    conv = keras.layers.Conv2D(1, 1, activation="sigmoid")
    model = keras.Model(inputs, conv(inputs))
    conv.set_weights([np.ones((1, 1, 1, 1)), np.zeros(1)])
    part, labels = SCORES[..., :1], LABELS % 2
    result = train(
        model, (part, labels), loss=DiceLoss(), learning_rate=1e-12, epochs=1, batch_size=2,
        recipe="unet", verbose=0,
    )  # fmt: skip
    chance = 1 / (1 + np.exp(-part))
    expected = float(DiceLoss()(labels, np.concatenate([1 - chance, chance], axis=-1)))
    assert result.history["loss"][0] == pytest.approx(expected, rel=1e-5)


def test_dice_refuses_one_hot_labels():
    with pytest.raises(ValueError, match=r"class indices \(N, H, W\); received \(2, 4, 5, 3\)"):
        DiceLoss()(np.eye(3)[LABELS], SCORES)


def test_dice_as_keras_without_smoothing():
    one_hot = np.eye(3, dtype="float32")[LABELS]
    expected = np.mean(
        [keras.losses.Dice(axis=(1, 2))(one_hot[..., k], SCORES[..., k]) for k in range(3)]
    )
    assert float(DiceLoss(smooth=0)(LABELS, SCORES)) == pytest.approx(expected, rel=1e-5)


def test_dice_without_the_ignored_pixels():
    labels = LABELS.copy()
    labels[:, 2:] = 255
    expected = float(DiceLoss()(LABELS[:, :2], SCORES[:, :2]))
    assert float(DiceLoss(ignore_class=255)(labels, SCORES)) == pytest.approx(expected, rel=1e-6)


def test_training_with_dice():
    expected = float(DiceLoss()(LABELS, SCORES))
    assert still(np.log(SCORES), LABELS, loss=DiceLoss()) == pytest.approx(expected, rel=1e-5)
    again = DiceLoss.from_config(DiceLoss(ignore_class=7, smooth=0.5).get_config())
    assert (again.ignore_class, again.smooth) == (7, 0.5)


@pytest.mark.parametrize(
    ("options", "words"),
    [({"ignore_class": 0.5}, "ignore_class must be"), ({"smooth": -1}, "smooth must be")],
)
def test_options_out_of_range(options, words):
    with pytest.raises(ValueError, match=words):
        DiceLoss(**options)


@pytest.mark.parametrize("size", [2, 6])
def test_validation_images_of_another_size(size):
    """The loss of the whole validation maps, not of as many pixels as the training maps have."""
    inputs = keras.Input((None, None, 2))
    conv = keras.layers.Conv2D(2, 1, activation="softmax")
    model = keras.Model(inputs, conv(inputs))
    conv.set_weights([np.eye(2)[None, None], np.zeros(2)])
    images, labels = np.zeros((2, 4, 4, 2)), np.arange(32).reshape(2, 4, 4) % 2
    held_out = np.zeros((1, size, size, 2)), np.zeros((1, size, size), int)
    held_out[0][0, 0, 0] = 5, 0
    result = train(
        model, ((images, labels), held_out), learning_rate=1e-12, epochs=1, batch_size=2,
        input_range=None, verbose=0,
    )  # fmt: skip
    expected = ((size**2 - 1) * np.log(2) + np.log1p(np.exp(-5))) / size**2
    assert result.history["val_loss"][0] == pytest.approx(expected, rel=1e-5)
