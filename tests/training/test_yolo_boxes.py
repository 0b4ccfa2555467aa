"""Boxes on a grid and back."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kerascnn.training import decode_boxes, encode_boxes

side = st.floats(0, 1, width=32)
box = st.tuples(st.integers(0, 3), side, side, side, side)
images = st.lists(st.lists(box, min_size=3, max_size=3), min_size=1, max_size=3)


@settings(deadline=None, max_examples=200, derandomize=True)
@given(images, st.integers(1, 9), st.integers(1, 9))
def test_decoding_inverts_encoding(labels, height, width):
    """But for the order of the objects, and for all but the first object of a cell."""
    labels = np.array(labels, "float32")
    decoded = decode_boxes(encode_boxes(labels, grid=(height, width), classes=4))
    for ours, found in zip(labels, decoded, strict=True):
        cells = np.minimum(ours[:, [2, 1]].astype("float64") * (height, width), (height, width))
        cells = np.minimum(cells.astype(int), (height - 1, width - 1))
        _, first = np.unique(cells, axis=0, return_index=True)  # sorted, as the grid is
        there = found[found[:, 0] >= 0]
        np.testing.assert_array_equal(there[:, [0, 3, 4]], ours[first][:, [0, 3, 4]])
        np.testing.assert_allclose(there[:, 1:3], ours[first][:, 1:3], rtol=2e-7, atol=1e-9)
    again = encode_boxes(decoded, grid=(height, width), classes=4)
    np.testing.assert_allclose(decode_boxes(again), decoded, rtol=2e-7, atol=1e-9)


def test_images_without_objects():
    empty = decode_boxes(encode_boxes(-np.ones((2, 3, 5)), grid=2, classes=1))
    assert empty.shape == (2, 0, 5)
    labels = np.array([[[0, 0.5, 0.5, 1, 1]], [[-1, 0, 0, 0, 0]]])
    assert decode_boxes(encode_boxes(labels, grid=2, classes=1))[1].tolist() == [[-1, 0, 0, 0, 0]]


@pytest.mark.parametrize("row", [[np.nan, 0.5, 0.5, 1, 1], [0, np.nan, 0.5, 1, 1]])
def test_labels_that_are_not_numbers_are_one_line(row):
    with pytest.raises(ValueError, match="must be finite numbers; received NaN"):
        encode_boxes([[row]], classes=1)


def test_a_fractional_class_is_one_line():
    with pytest.raises(ValueError, match=r"whole numbers in 0…1, .* received 0\.5 to 0\.5"):
        encode_boxes([[[0.5, 0.5, 0.5, 1, 1]]], classes=2)


def test_another_shape_is_one_line():
    with pytest.raises(ValueError, match=r"encoded must be \(N, h, w, 5 \+ classes\)"):
        decode_boxes(np.zeros((7, 7, 8)))
