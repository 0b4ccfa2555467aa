"""Heatmaps of models whose answer is known: the ideal one scores 1, a random one chance."""

import keras
import numpy as np
import pytest
from keras import layers

from kerascnn import visualize
from kerascnn.visualize.metrics import attribution_mass, grid_pointing_game, rank_accuracy

EXACT = (  # for a linear model, these are the weights or their products with the pixels
    "saliency", "smooth_grad", "gradient_times_input", "integrated_gradients", "deep_lift",
)  # fmt: skip
AREA = 12 / 80


@pytest.fixture(scope="module")
def mask():
    """Rows 2 to 4 and columns 3 to 6 of 8x10 pixels: 12 of 80."""
    mask = np.zeros((8, 10), bool)
    mask[2:5, 3:7] = True
    return mask


@pytest.fixture(scope="module")
def linear(mask):
    """One weight per pixel: 1 to 12 on the object for class 1, and 0 elsewhere."""
    weights = np.zeros((80, 2))
    weights[mask.ravel(), 1] = np.arange(1, 13)
    inputs = keras.Input((8, 10, 1))
    model = keras.Model(inputs, layers.Dense(2, activation="softmax")(layers.Flatten()(inputs)))
    model.set_weights([weights, np.zeros(2)])
    return model


def test_the_ideal_map_of_a_linear_model_scores_one(linear, mask, rng):
    images = rng.uniform(0.1, 1, (3, 8, 10, 1)).astype("float32")
    masks = np.repeat(mask[None], 3, axis=0)
    table = visualize.evaluate(
        EXACT, linear, images, ["attribution_mass", "rank_accuracy", "pointing_game"],
        target=1, masks=masks, seeds=(0,),
    )  # fmt: skip
    for method in EXACT:
        for metric in table.metrics:
            np.testing.assert_allclose(table.values[method][metric], 1, rtol=1e-5)
    # A patch of one pixel sees each weight alone; larger ones blur it over the border of the mask.
    exact = visualize.occlusion(linear, images, 1, size=1, fill=0)
    np.testing.assert_allclose(attribution_mass(exact, masks), 1, rtol=1e-5)
    blurred = visualize.occlusion(linear, images, 1, size=4, stride=1, fill=0)
    assert attribution_mass(blurred, masks).max() < 0.7


def test_a_random_map_scores_chance(mask, rng):
    maps, masks = rng.random((400, 8, 10)), np.repeat(mask[None], 400, axis=0)
    assert attribution_mass(maps, masks).mean() == pytest.approx(AREA, abs=0.01)
    assert rank_accuracy(maps, masks).mean() == pytest.approx(AREA, abs=0.02)
    even = np.ones((1, 8, 10))
    assert attribution_mass(even, mask[None])[0] == pytest.approx(AREA)
    assert rank_accuracy(even, mask[None])[0] == pytest.approx(AREA)


def test_a_grid_of_four_classes_by_hand():
    """A pixel of each color is evidence for its class; of color 1, for class 0 too."""
    inputs = keras.Input((None, None, 4))
    maps = layers.Conv2D(4, 1, use_bias=False, name="maps")(inputs)
    model = keras.Model(inputs, layers.GlobalAveragePooling2D()(maps))
    weights = np.eye(4)
    weights[1, 0] = 0.5  # half as much
    model.set_weights([weights[None, None]])
    images = np.repeat(np.eye(4, dtype="float32")[:, None, None], 2, axis=1).repeat(2, axis=2)
    game = grid_pointing_game(model, images, visualize.hires_cam, target=np.arange(4))
    expected = {0: 1 / 1.5, 1: 1, 2: 1, 3: 1}
    found = dict(zip(game.indices[0].tolist(), game.scores[0].tolist(), strict=True))
    assert found == pytest.approx(expected)
