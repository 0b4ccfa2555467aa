"""Equation 3 by hand."""

import keras
import numpy as np
import pytest

from kerascnn.training import YoloLoss, encode_boxes, train

BOX = np.array([[[1, 0.3, 0.8, 0.2, 0.4], [-1, 0, 0, 0, 0]]])


def test_a_box_lies_in_the_cell_of_its_centre():
    encoded = encode_boxes(BOX, grid=(7, 7), classes=3)
    assert encoded.shape == (1, 7, 7, 8)
    y, x = 5, 2  # 0.8 · 7 = 5.6, 0.3 · 7 = 2.1
    np.testing.assert_allclose(encoded[0, y, x], [1, 0.1, 0.6, 0.2, 0.4, 0, 1, 0], rtol=1e-5)
    encoded[0, y, x] = 0
    assert not encoded.any()


def test_a_cell_holds_one_object_and_the_edge_belongs_to_the_last():
    two = np.array([[[0, 0.9, 0.9, 0.1, 0.1], [1, 1.0, 1.0, 0.3, 0.3]]])
    encoded = encode_boxes(two, grid=(2, 2), classes=2)
    np.testing.assert_allclose(encoded[0, 1, 1], [1, 0.8, 0.8, 0.1, 0.1, 1, 0], rtol=1e-5)
    assert encoded[..., 0].sum() == 1


def test_equation_3_by_hand():
    """One cell, two boxes, two classes; the second box overlaps the object more."""
    target = encode_boxes([[[1, 0.5, 0.5, 0.4, 0.4]]], grid=(1, 1), classes=2)
    first = [0.9, 0.9, 0.1, 0.1, 0.3]  # elsewhere: overlap 0
    second = [0.5, 0.4, 0.4, 0.4, 0.6]  # 0.1 too high: 0.4 · 0.3 of 0.32 - 0.12
    scores = [0.2, 0.7]
    prediction = np.array([*first, *second, *scores], "float32").reshape(1, 1, 1, 12)
    overlap = 0.12 / 0.20
    expected = 5 * 0.1**2 + (overlap - 0.6) ** 2 + 0.5 * 0.3**2 + 0.2**2 + 0.3**2
    assert float(YoloLoss()(target, prediction)) == pytest.approx(expected, rel=1e-5)


def test_square_roots_of_the_sizes():
    target = encode_boxes([[[0, 0.5, 0.5, 0.64, 0.25]]], grid=(1, 1), classes=1)
    prediction = np.array([0.5, 0.5, 0.36, 0.25, 0.36 / 0.64, 1], "float32").reshape(1, 1, 1, 6)
    loss = float(YoloLoss(boxes=1)(target, prediction))
    assert loss == pytest.approx(5 * (0.8 - 0.6) ** 2, rel=1e-4)


def test_without_objects_only_confidences_count():
    prediction = np.random.default_rng(0).normal(size=(2, 3, 3, 11)).astype("float32")
    target = encode_boxes(-np.ones((2, 1, 5)), grid=(3, 3), classes=1)
    confidences = prediction[..., [4, 9]]
    expected = 0.5 * (confidences**2).sum() / 2  # the mean over two images
    assert float(YoloLoss()(target, prediction)) == pytest.approx(expected, rel=1e-5)


def test_gradients_are_finite_where_sizes_are_0_or_below():
    prediction = keras.Variable(np.array([0.5, 0.5, 0, -0.2, 0, 0], "float32").reshape(1, 1, 1, 6))
    target = encode_boxes([[[0, 0.5, 0.5, 0.5, 0.5]]], grid=(1, 1), classes=1)
    import tensorflow as tf

    with tf.GradientTape() as tape:
        loss = YoloLoss(boxes=1)(target, prediction)
    assert np.isfinite(tape.gradient(loss, prediction.value).numpy()).all()


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.zeros((2, 5)), r"must be \(N, objects, 5\)"),
        ([[[7, 0.5, 0.5, 0.1, 0.1]]], "0…2, the model's 3 classes; received 7"),
        ([[[0, 30, 40, 8, 8]]], "divide pixels by"),
    ],
)
def test_what_is_no_box(labels, message):
    with pytest.raises(ValueError, match=message):
        encode_boxes(labels, classes=3)


def test_train_encodes_boxes_by_itself(rng):
    """A net finds where the one bright square of an image is."""
    labels = np.zeros((40, 2, 5))
    labels[:, 1] = -1
    images = np.zeros((40, 8, 8, 1), "float32")
    for image, label in zip(images, labels, strict=True):
        y, x = rng.integers(0, 7, 2)
        image[y : y + 2, x : x + 2] = 1
        label[0] = [0, (x + 1) / 8, (y + 1) / 8, 2 / 8, 2 / 8]
    layers = keras.layers
    net = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Flatten(),
            layers.Dense(32, activation="relu"),
            layers.Dense(2 * 2 * 11),
            layers.Reshape((2, 2, 11)),
        ]
    )
    result = train(
        net, (images, labels), recipe="yolo", epochs=40, batch_size=10, warmup_epochs=1,
        steps=(30,), dropout=0.0, verbose=0,
    )  # fmt: skip
    assert result.history["loss"][-1] < result.history["loss"][0] / 3
    wrong = labels.copy()
    wrong[:, 0, 0] = 4
    with pytest.raises(ValueError, match="the model's 1 classes"):
        train(net, (images, wrong), recipe="yolo", batch_size=10)
