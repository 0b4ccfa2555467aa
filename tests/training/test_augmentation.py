"""Shifts and mirrors, held against the windows that they may cut."""

import keras
import numpy as np
import pytest

from kerascnn.training import PadCropFlip

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
