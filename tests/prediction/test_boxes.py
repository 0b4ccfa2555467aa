"""Boxes of a grid by hand."""

import keras
import numpy as np
import pytest

import kerascnn as kc
from kerascnn import predict_boxes


def model_of(outputs):
    """A model that returns a grid, whatever the image."""
    outputs = np.asarray(outputs, "float32")
    inputs = keras.Input((8, 8, 3))
    x = keras.layers.GlobalAveragePooling2D()(inputs)
    x = keras.layers.Dense(outputs.size, kernel_initializer="zeros", name="grid")(x)
    model = keras.Model(inputs, keras.layers.Reshape(outputs.shape)(x))
    model.get_layer("grid").bias.assign(outputs.ravel())
    return model


@pytest.fixture(scope="module")
def model():
    """Two rows of three cells, one box each, two classes."""
    grid = np.zeros((2, 3, 7))
    grid[0, 1] = [0.5, 0.5, 0.3, 0.4, 0.8, 0.5, 1]  # scores 0.4 and 0.8
    grid[0, 2] = [-0.5, 0.5, 0.3, 0.3, 0.6, 0, 1]  # the same centre in another cell: 0.6
    grid[1, 0] = [0, 0.5, 0.2, -0.2, 1, 1, 0]  # without height
    grid[1, 2] = [1, 1, 0.4, 0.4, 2, 1, 0]  # reaches beyond the border
    return model_of(grid)


def test_boxes_by_hand(model):
    first, second = predict_boxes(model, np.zeros((2, 8, 8, 3)), boxes=1, batch_size=1)
    np.testing.assert_array_equal(first, second)
    np.testing.assert_allclose(
        first,
        [
            [0, 1.0, 0.05, 0.75, 0.1, 0],
            [0, 1.0, 0.9, 0.9, 0.2, 0.2],
            [1, 0.8, 0.5, 0.25, 0.3, 0.4],
            [0, 0.4, 0.5, 0.25, 0.3, 0.4],
        ],
        atol=1e-6,
    )


def test_options(model):
    image = np.zeros((1, 8, 8, 3))
    every = predict_boxes(model, image, boxes=1, overlap=0.8)[0]
    assert every[:, 1].tolist() == pytest.approx([1, 1, 0.8, 0.6, 0.4])
    assert len(predict_boxes(model, image, boxes=1, score=0.7)[0]) == 3
    assert len(predict_boxes(model, image, boxes=1, limit=2)[0]) == 2


def test_encoded_objects_are_found():
    """What the network should return for labels gives these boxes."""
    labels = np.array([[[2, 0.5, 0.3, 0.2, 0.4], [0, 0.1, 0.9, 0.2, 0.2], [-1, 0, 0, 0, 0]]])
    encoded = kc.training.encode_boxes(labels, grid=(3, 4), classes=3)[0]
    grid = np.concatenate([encoded[..., 1:5], encoded[..., :1], encoded[..., 5:]], axis=-1)
    (found,) = predict_boxes(model_of(grid), np.zeros((1, 8, 8, 3)), boxes=1)
    order = np.argsort(-found[:, 0])
    np.testing.assert_allclose(found[order][:, [0, 2, 3, 4, 5]], labels[0, :2], atol=1e-6)
    assert kc.metrics.average_precision(labels, [found]).tolist() == [
        1,
        pytest.approx(np.nan, nan_ok=True),
        1,
    ]


@pytest.mark.parametrize(
    ("shape", "options", "words"),
    [
        ((1, 9, 8, 3), {}, r"images must be \(None, 8, 8, 3\)"),
        ((8, 8, 3), {}, "images must be"),
        ((1, 8, 8, 3), {"boxes": 2}, r"received \(None, 2, 3, 7\): change boxes="),
        ((1, 8, 8, 3), {"boxes": 1, "score": 2}, "score must be"),
        ((1, 8, 8, 3), {"boxes": 1, "limit": 0}, "limit must be"),
    ],
)
def test_what_does_not_fit_is_one_line(model, shape, options, words):
    with pytest.raises(ValueError, match=words):
        predict_boxes(model, np.zeros(shape), **options)


def test_nan_and_images_too_dark_for_the_model(model):
    image = np.zeros((1, 8, 8, 3))
    with pytest.raises(ValueError, match="images must be finite; received NaN"):
        predict_boxes(model, image * np.nan, boxes=1)
    with pytest.raises(ValueError, match="model must return finite numbers; received NaN"):
        predict_boxes(model_of(np.full((2, 3, 7), np.nan)), image, boxes=1)
    with pytest.raises(TypeError, match=r"must be a keras\.Model; received str"):
        predict_boxes("yolov1", image)
    inputs = keras.Input((8, 8, 3))
    levels = keras.Model(inputs, model(keras.layers.Rescaling(1 / 255)(inputs)))
    with pytest.warns(UserWarning, match="rescales 0 … 255"):
        predict_boxes(levels, image + 1, boxes=1)
