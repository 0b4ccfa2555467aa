"""Shifts and mirrors, held against the windows that they may cut."""

import keras
import numpy as np
import pytest

from kerascnn.training import PadCropFlip, PrincipalColors, train
from kerascnn.training._augmentation import named
from kerascnn.training._data import Part

IMAGE = np.arange(1, 26, dtype="float32").reshape(1, 5, 5, 1)


def windows(image, padding):
    """Every crop of the padded image and of its mirror image, by (row, column, mirrored)."""
    padded = np.pad(image, [(padding, padding), (padding, padding), (0, 0)])
    height, width, _ = image.shape
    return {
        (row, column, mirrored): cut[:, ::-1] if mirrored else cut
        for row in range(2 * padding + 1)
        for column in range(2 * padding + 1)
        for mirrored in (False, True)
        for cut in [padded[row : row + height, column : column + width]]
    }


def test_each_image_is_a_window_of_its_own():
    many = np.repeat(IMAGE, 2000, axis=0)
    outputs = np.asarray(PadCropFlip(padding=1)(many, training=True))
    known = {cut.tobytes(): place for place, cut in windows(IMAGE[0], 1).items()}
    places = [known[output.tobytes()] for output in outputs]  # KeyError: no window
    counts = {place: places.count(place) for place in known.values()}
    assert len(counts) == 18  # 3 x 3 places, mirrored or not, about equally often
    assert min(counts.values()) > 2000 / 18 * 0.6
    assert max(counts.values()) < 2000 / 18 * 1.5


def test_channels_stay_together():
    images = np.concatenate([IMAGE, 100 * IMAGE], axis=-1).repeat(20, axis=0)
    outputs = np.asarray(PadCropFlip(padding=2)(images, training=True))
    np.testing.assert_array_equal(outputs[..., 1], 100 * outputs[..., 0])


def test_at_inference_nothing_changes():
    np.testing.assert_array_equal(PadCropFlip()(IMAGE), IMAGE)


@pytest.mark.parametrize("flip", [True, False])
def test_a_flip_only_where_asked(flip):
    images = IMAGE.repeat(50, axis=0)
    outputs = np.asarray(PadCropFlip(padding=0, flip=flip)(images, training=True))
    mirrored = (outputs != IMAGE).any(axis=(1, 2, 3))
    assert mirrored.any() == flip
    np.testing.assert_array_equal(outputs[mirrored], images[mirrored][:, :, ::-1])


def test_the_same_seed_gives_the_same_bytes_and_the_config_the_same_layer():
    images = IMAGE.repeat(8, axis=0)
    layer = PadCropFlip(padding=3, flip=False, seed=5)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    assert (again.padding, again.flip, again.seed) == (3, False, 5)
    first, second = (np.asarray(one(images, training=True)) for one in (layer, again))
    np.testing.assert_array_equal(first, second)
    other = np.asarray(PadCropFlip(padding=3, flip=False, seed=6)(images, training=True))
    assert (first != other).any()


def test_windows_of_larger_images():
    many = np.repeat(IMAGE, 2000, axis=0)
    layer = PadCropFlip(padding=0, size=(3, 4))
    outputs = np.asarray(layer(many, training=True))
    known = {}
    for row in range(3):
        for column in range(2):
            cut = IMAGE[0, row : row + 3, column : column + 4]
            known |= {cut.tobytes(): (row, column, 0), cut[:, ::-1].tobytes(): (row, column, 1)}
    places = [known[output.tobytes()] for output in outputs]
    assert len(set(places)) == 12
    np.testing.assert_array_equal(layer(IMAGE), IMAGE[:, 1:4, 0:4])  # the middle at inference
    assert layer.compute_output_shape((None, 5, 5, 1)) == (None, 3, 4, 1)


def test_colours_move_along_their_principal_components(rng):
    """Pixels that vary along one known axis only: every shift is a multiple of it."""
    axis = np.array([2, 1, -2]) / 3
    images = 0.5 + 0.1 * rng.normal(size=(50, 8, 8, 1)) * axis
    layer = PrincipalColors.of(images)
    variance = (images - 0.5).dot(axis).var(ddof=1)
    assert layer.values[-1] == pytest.approx(variance, rel=1e-4)
    many = np.repeat(images[:1], 4000, axis=0).astype("float32")
    shifts = np.asarray(layer(many, training=True)) - many
    np.testing.assert_allclose(np.ptp(shifts, axis=(1, 2)), 0, atol=1e-6)  # all pixels alike
    a = shifts[:, 0, 0].dot(axis) / variance
    np.testing.assert_allclose(shifts[:, 0, 0], np.outer(a * variance, axis), atol=1e-6)
    assert a.mean() == pytest.approx(0, abs=0.01)  # "mean zero and standard deviation 0.1"
    assert a.std() == pytest.approx(0.1, rel=0.05)
    np.testing.assert_array_equal(layer(many[:2]), many[:2])
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    np.testing.assert_allclose(again.vectors, layer.vectors)


def test_the_recipes_augmentations(rng):
    part = Part(rng.random((20, 32, 32, 3), dtype="float32"), np.zeros(20, int))
    assert named("none", part, (32, 32)) is None
    assert named("pad_crop_flip", part, (32, 32)).padding == 4
    same = named("crop_flip", part, (32, 32))
    assert (same.padding, same.size) == (2, None)  # a sixteenth
    assert named("crop_flip", part, (24, 24)).size == (24, 24)
    colours = named("crop_flip_color", part, (24, 24))
    assert colours(part.images, training=True).shape == (20, 24, 24, 3)


def test_train_cuts_windows_and_validates_in_the_middle(rng):
    layers = keras.layers
    net = keras.Sequential(
        [keras.Input((4, 4, 3)), layers.Flatten(), layers.Dense(2, activation="softmax")]
    )
    images = rng.random((30, 6, 6, 3), dtype="float32")
    data = (images, np.arange(30) % 2)
    options = {"recipe": "alexnet", "epochs": 1, "batch_size": 10, "verbose": 0, "dropout": 0.0}
    result = train(net, (data, data), **options)
    chances = net.predict(images[:, 1:5, 1:5], verbose=0)
    loss = -np.log(chances[np.arange(30), data[1]]).mean()
    assert result.history["val_loss"][0] == pytest.approx(loss, rel=1e-4)
    with pytest.raises(ValueError, match=r"train images must be \(N, 4, 4, 3\)"):
        train(net, (data, data), augment="none", **options)
