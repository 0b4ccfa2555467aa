"""The number that is followed back is the network's own."""

import numpy as np
import pytest

import kerascnn as kc
from kerascnn import visualize
from kerascnn.figures import one_number as figures
from kerascnn.figures._material import digit_images, trained


@pytest.fixture(scope="module")
def found():
    return figures.follow()


def test_patch_kernel_and_bias_give_the_value(found):
    maps = visualize.activations(trained(), digit_images(3), "c1")[0]
    assert found.output[found.place] == maps.max()
    assert found.output[found.place] == pytest.approx(found.total, abs=1e-5)
    row, column = found.place
    rows, columns = slice(row - 2, row + 3), slice(column - 2, column + 3)
    np.testing.assert_array_equal(found.patch, found.image[rows, columns])


def test_the_figure_shows_these_numbers(found):
    drawn = kc.figures.render("one-number")
    texts = [text.get_text() for ax in drawn.axes for text in ax.texts]
    said = next(one for one in texts if one.startswith("sum "))
    assert said.endswith(f"= {found.total:.2f}\nReLU: {found.output.max():.2f}")
    numbers = [one.replace("−", "-") for one in texts]
    shown = [float(one) for one in numbers if one.replace(".", "").lstrip("-").isdecimal()]
    np.testing.assert_allclose(shown[-25:], (found.patch * found.kernel).ravel(), atol=0.0051)
