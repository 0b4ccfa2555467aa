"""RISE: masks, and the map of masks that a plain loop gives."""

import keras
import numpy as np
import pytest
from keras import layers

from kerascnn.visualize import rise
from kerascnn.visualize._rise import _draw, soft_masks

SIZE = (12, 8)


@pytest.fixture(scope="module")
def shared(small_net):
    return small_net((*SIZE, 2))


def plain_mask(grid, shift):
    """One mask, pixel by pixel: s cells over (s + 1) cells' size, cut out at the shift."""
    mask = np.zeros(SIZE)
    s = len(grid)
    for y in range(SIZE[0]):
        for x in range(SIZE[1]):
            place = []
            for pixel, length, moved in zip((y, x), SIZE, shift, strict=True):
                large = (s + 1) * -(-length // s)
                place.append(min(max((pixel + moved + 0.5) * s / large - 0.5, 0), s - 1))
            (i, j), (u, v) = (np.floor(place).astype(int), np.mod(place, 1))
            k, m = min(i + 1, s - 1), min(j + 1, s - 1)
            mask[y, x] = (1 - u) * ((1 - v) * grid[i, j] + v * grid[i, m]) + u * (
                (1 - v) * grid[k, j] + v * grid[k, m]
            )
    return mask


def test_masks():
    """Soft, from 0 to 1, visible as often as asked for, wherever they are shifted to."""
    grids, shifts = _draw(400, 3, 0.25, SIZE, seed=0)
    masks = np.asarray(soft_masks(SIZE, grids, shifts))
    for i in range(4):
        np.testing.assert_allclose(masks[i], plain_mask(grids[i], shifts[i]), atol=1e-5)
    assert masks.min() >= 0
    assert masks.max() <= 1
    np.testing.assert_allclose(masks.mean(axis=0), 0.25, atol=0.08)
    assert {*np.unique(shifts[:, 0])} == {0, 1, 2, 3}
    assert {*np.unique(shifts[:, 1])} == {0, 1, 2}


@pytest.mark.parametrize("probability", [True, False])
def test_as_a_plain_loop(probability, model, images):
    """Eq. 6, with the probability or the logit of each image's class."""
    options = {"masks": 6, "cells": 3, "keep": 0.4, "seed": 2, "baseline": 0.5}
    ours = rise(model, images, [0, 1, 2], probability=probability, batch_size=4, **options)
    grids, shifts = _draw(6, 3, 0.4, SIZE, seed=2)
    expected = np.zeros(ours.shape)
    for grid, shift in zip(grids, shifts, strict=True):
        mask = plain_mask(grid, shift)
        seen = mask[..., None] * images + 0.5 * (1 - mask[..., None])
        scores = model.predict(seen, verbose=0)
        if not probability:
            before = keras.Model(model.inputs, model.layers[-1].input).predict(seen, verbose=0)
            w, b = model.layers[-1].get_weights()
            scores = before @ w + b
        expected += scores[range(3), [0, 1, 2]][:, None, None] * mask
    np.testing.assert_allclose(ours, expected / (0.4 * 6), rtol=1e-3, atol=1e-4)


def test_it_finds_the_pixels_that_count():
    """A score that only one corner changes."""
    inputs = keras.Input((16, 16, 1))
    corner = layers.Flatten()(layers.Cropping2D(((0, 12), (12, 0)))(inputs))
    model = keras.Model(inputs, layers.Dense(2, kernel_initializer="ones")(corner))
    images = np.ones((1, 16, 16, 1), "float32")
    (heatmap,) = rise(model, images, 0, masks=300, cells=4, probability=False)
    assert heatmap[:4, 12:].mean() > 1.25 * heatmap[8:, :8].mean()


def test_batches_and_refusals(model, images):
    options = {"masks": 5, "cells": 3}
    every = rise(model, images, 1, **options)
    assert every.dtype == np.float32
    np.testing.assert_allclose(rise(model, images[1:2], 1, **options)[0], every[1], rtol=1e-4)
    for wrong, line in (
        ({"masks": 0}, "masks must be"),
        ({"keep": 0}, "keep must be above 0"),
        ({"keep": 1.5}, "keep must be a number"),
        ({"cells": 2.5}, "cells must be"),
    ):
        with pytest.raises(ValueError, match=line):
            rise(model, images, 1, **wrong)
