"""Grids of images of different classes, and the share of attribution in each cell."""

import keras
import numpy as np
import pytest
from keras import layers

from kerascnn import visualize
from kerascnn.visualize.metrics import grid_pointing_game


@pytest.fixture(scope="module")
def shared():
    """Four colours, four classes: the mean of each channel, in images of any size."""
    inputs = keras.Input((None, None, 4))
    maps = layers.Conv2D(4, 1, name="maps")(inputs)
    model = keras.Model(inputs, layers.GlobalAveragePooling2D()(maps))
    model.set_weights([np.eye(4)[None, None], np.zeros(4)])
    return model


@pytest.fixture(scope="module")
def images():
    """Nine images of 3x2 pixels, of the classes 0, 1, 2, 3, 0, 1, 2, 3, 0."""
    images = np.zeros((9, 3, 2, 4), "float32")
    for i in range(9):
        images[i, ..., i % 4] = 1 + i
    return images


def test_a_heatmap_of_the_class_is_all_in_its_cell(model, images):
    result = grid_pointing_game(model, images, visualize.hires_cam)
    np.testing.assert_allclose(result.scores, 1)
    assert result.scores.shape == result.indices.shape == (2, 4)
    assert result.grids.shape == (2, 6, 4, 4)
    assert len(np.unique(result.indices)) == 8  # no image twice
    for grid, row in zip(result.grids, result.indices, strict=True):
        assert sorted(row % 4) == [0, 1, 2, 3]
        cells = [grid[:3, :2], grid[:3, 2:], grid[3:, :2], grid[3:, 2:]]
        for cell, index in zip(cells, row, strict=True):
            np.testing.assert_array_equal(cell, images[index])


def test_an_even_heatmap_is_chance_and_positive_values_alone_count(model, images):
    even = grid_pointing_game(model, images, lambda m, x, t: np.ones(x.shape[:3]))
    np.testing.assert_allclose(even.scores, 0.25)

    def upper_left(model, images, target):
        maps = np.full(images.shape[:3], -1.0)
        maps[:, 0, 0] = 1
        return maps

    found = grid_pointing_game(model, images, upper_left)
    np.testing.assert_array_equal(found.scores, [[1, 0, 0, 0]] * 2)


def test_each_cell_is_asked_for_its_class(model, images):
    asked = []

    def method(model, images, target):
        asked.append(np.array(target))
        return images[..., 0]

    result = grid_pointing_game(model, images, method)
    np.testing.assert_array_equal(np.array(asked).T, result.indices % 4)
    given = grid_pointing_game(model, images, method, target=np.arange(9)[::-1] % 4)
    np.testing.assert_array_equal(np.array(asked[4:]).T, (8 - given.indices) % 4)


def test_seeds_choose(model, images):
    first, again, other = (
        grid_pointing_game(model, images, visualize.hires_cam, seed=s).indices for s in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_grids_are_shrunk_for_a_model_of_one_size(images):
    inputs = keras.Input((3, 2, 4))
    model = keras.Model(inputs, layers.GlobalAveragePooling2D()(layers.Conv2D(4, 1)(inputs)))
    plain = np.broadcast_to(images[:4, :1, :1], (4, 4, 2, 4))[:, :3]
    result = grid_pointing_game(
        model, plain, lambda m, x, t: np.ones(x.shape[:3]), target=[0, 1, 2, 3]
    )
    assert result.grids.shape == (1, 3, 2, 4)
    # Rows 0-1 (the edge at 1.5 is rounded to 2) of two cells, row 2 of the others.
    np.testing.assert_allclose(result.scores, [[1 / 3, 1 / 3, 1 / 6, 1 / 6]], rtol=1e-6)


@pytest.mark.parametrize(
    ("change", "kind", "message"),
    [
        ({"size": 3}, ValueError, "at least 9 classes, one for each cell; received 4 classes"),
        ({"size": 1}, ValueError, "size must be a whole number of at least 2"),
        ({"target": lambda y: y[:, 0]}, TypeError, "target must be the class of each image"),
        ({"method": 1}, TypeError, "method must be callable"),
    ],
)
def test_errors_teach(change, kind, message, model, images):
    arguments = {"model": model, "images": images, "method": visualize.hires_cam, **change}
    with pytest.raises(kind, match=message) as caught:
        grid_pointing_game(**arguments)
    assert "\n" not in str(caught.value)
