"""MaCo: magnitudes stay as they are, scores rise, and gradients with respect to the phase."""

import keras
import numpy as np
import pytest
from keras import layers

from kerascnn.visualize import activations, klass, maco, unit
from kerascnn.visualize._engine.image_parameters import Phase, frequency_scale
from kerascnn.visualize._engine.transforms import Crops


@pytest.fixture(scope="module")
def shared():
    return keras.Sequential(
        [
            keras.Input((16, 12, 3)), layers.Conv2D(4, 5, activation="relu", name="conv"),
            layers.GlobalAveragePooling2D(), layers.Dense(3, "softmax"),
        ]
    )  # fmt: skip


def test_the_magnitude_is_fixed(rng):
    """Whatever the phase, the image is real and its spectrum has the magnitude asked for."""
    kind = Phase((8, 6))
    phase = np.stack([kind.start(rng, 2) for _ in range(3)])
    assert phase.shape == (3, 2, 8, 6)
    magnitude = frequency_scale(8, 6)[None]
    values = np.moveaxis(np.asarray(kind.values(phase, magnitude)), -1, 1)
    np.testing.assert_allclose(
        np.abs(np.fft.fft2(values)), magnitude[None].repeat(2, 1).repeat(3, 0), rtol=1e-4
    )
    pictures = np.asarray(kind.pictures(phase, magnitude))
    assert pictures.shape == (3, 8, 6, 2)
    assert 0 < pictures.min() < 0.3
    assert 0.7 < pictures.max() < 1


def test_crops_lie_inside(rng):
    rows = Crops().draw(rng, 500, (40, 30), (20, 10))
    right, left, down, top = rows[:, 0], rows[:, 2], rows[:, 4], rows[:, 5]
    assert abs((right * 9 / 29).mean() - 0.5) < 0.02
    np.testing.assert_allclose(right * 9 / 29, down * 19 / 39, rtol=1e-5)
    assert min(left.min(), top.min()) >= 0
    assert (left + right * 9 <= 29 + 1e-4).all()  # the last column of the part
    assert (top + down * 19 <= 39 + 1e-4).all()


def halves(model, images):
    """The mean activations of the four quarters of each image, of the size of the input."""
    quarters = [images[:, y : y + 16, x : x + 12] for y in (0, 16) for x in (0, 12)]
    return np.mean([activations(model, q, "conv").mean(axis=(1, 2)) for q in quarters], axis=0)


def test_scores_rise(model):
    """Of units, classes and their sums; each image is the same whatever else is made."""
    images, importance = maco(model, layer="conv", units=[2, 0], steps=15, seed=1)
    begun, _ = maco(model, layer="conv", units=[2, 0], steps=1, seed=1)
    after, before = (halves(model, x) for x in (images, begun))
    assert images.shape == (2, 32, 24, 3)
    assert importance.shape == (2, 32, 24)
    assert importance.min() >= 0
    assert importance.max() > 0
    assert after[0, 2] > before[0, 2]
    assert after[1, 0] > before[1, 0]
    alone, _ = maco(model, layer="conv", units=0, steps=15, seed=1)
    np.testing.assert_allclose(alone[0], images[1], atol=1e-3)
    goals = [klass(1), klass(1) - 0.5 * unit("conv", 3)]
    assert maco(model, goals, steps=2)[0].shape == (2, 32, 24, 3)
    assert maco(model, steps=1).images.shape == (3, 32, 24, 3)


def test_magnitudes_of_photos(model, rng):
    """Of photos without a frequency, no image has it."""
    flat = np.full((2, 40, 40, 3), 0.5, "float32") + rng.normal(0, 0.1, (2, 40, 1, 3))
    images, _ = maco(model, 0, photos=np.clip(flat, 0, 1).astype("float32"), steps=3)
    assert np.ptp(images, axis=2).max() < 1e-3  # nothing changes along the rows
    with pytest.raises(ValueError, match="photos must be at least 32x24"):
        maco(model, 0, photos=np.zeros((1, 8, 8, 3), "float32"))


def test_refusals(model):
    with pytest.raises(TypeError, match=r"target must be a class.*callable"):
        maco(model, lambda y: y[:, 0])
    with pytest.raises(ValueError, match="received both"):
        maco(model, 1, "conv")
    with pytest.raises(ValueError, match="size must be at least 16x12"):
        maco(model, 1, size=8)
    with pytest.raises(ValueError, match="crops must be"):
        maco(model, 1, crops=0)
