"""YOLO, the neocognitron and the locally connected net."""

import keras
import numpy as np
import pytest

import kerascnn as kc


def test_yolo_has_24_convolutions_and_two_strides(no_values):
    with no_values():
        model = kc.build_yolov1(input_shape=(128, 192, 3))
    convolutions = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    assert len(convolutions) == 24
    assert [c.name for c in convolutions if c.strides == (2, 2)] == ["conv1", "conv22"]
    assert model.output_shape == (None, 2, 3, 30)
    slopes = [layer.negative_slope for layer in model.layers if hasattr(layer, "negative_slope")]
    assert slopes == pytest.approx([0.1] * 25)  # all but the last layer


@pytest.mark.parametrize(("boxes", "classes", "cell"), [(2, 20, 30), (3, 20, 35), (1, 3, 8)])
def test_yolo_cells(boxes, classes, cell, no_values):
    with no_values():
        model = kc.build_yolov1(boxes=boxes, classes=classes, input_shape=(64, 64, 3))
    assert model.output_shape == (None, 1, 1, cell)


def test_the_small_yolo_sees_each_cell_with_the_same_weights():
    """Shifting the image by a cell shifts the grid by one, away from the border."""
    keras.utils.set_random_seed(0)
    model = kc.build_yolov1(variant="small", classes=3, width=1 / 8, input_shape=(192, 112, 3))
    image = np.random.default_rng(0).random((1, 192, 112, 3), "float32")
    grid, below = (np.asarray(model(each))[0] for each in (image, np.roll(image, 16, axis=1)))
    assert grid.shape == (12, 7, 13)
    np.testing.assert_allclose(below[5:8], grid[4:7], atol=1e-5)


def test_yolo_wants_boxes():
    with pytest.raises(ValueError, match="boxes must be a whole number of at least 1"):
        kc.build_yolov1(boxes=0)


def test_neocognitron_has_the_sizes_of_its_simulation():
    model = kc.build_neocognitron()
    sizes = [model.get_layer(n).output.shape[1] for n in ("s1", "c1", "s2", "c2", "s3", "c3")]
    assert sizes == [16, 10, 8, 6, 2, 1]


@pytest.mark.slow
def test_neocognitron_learns_and_keeps_its_weights_positive():
    keras.utils.set_random_seed(1)
    model = kc.build_neocognitron(classes=2)
    bars = np.zeros((16, 16, 16, 1), "float32")
    bars[:8, 2:14, 4:12:4] = 1  # vertical
    bars[8:, 4:12:4, 2:14] = 1  # horizontal
    labels = np.repeat([0, 1], 8)
    model.compile(keras.optimizers.Adam(0.02), "sparse_categorical_crossentropy", run_eagerly=True)
    history = model.fit(bars, labels, epochs=12, verbose=0).history
    assert history["loss"][-1] < history["loss"][0]
    for name in ("s1", "s2", "s3"):
        layer = model.get_layer(name)
        assert np.min(layer.a) >= 0
        assert np.min(layer.b) >= 0


def test_locally_connected_has_the_multiply_adds_of_lenet5():
    ours, lenet = (kc.describe(m) for m in (kc.build_locally_connected(), kc.build_lenet5()))
    assert [r.macs for r in ours.layers] == [r.macs for r in lenet.layers]
    parameters = {r.name: r.parameters for r in ours.layers}
    assert parameters["c1"] == 122_304  # the connections of LeNet-5's C1 at 32x32
    assert parameters["c3"] == 241_600
    assert parameters["c5"] == 48_120
