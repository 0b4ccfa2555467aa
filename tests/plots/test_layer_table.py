import matplotlib.pyplot as plt
import pytest

import kerascnn as kc
from kerascnn.plots import layer_table


@pytest.fixture(scope="module")
def described():
    return kc.describe(kc.build_lenet5())


def test_the_picture_holds_the_cells_of_the_table(described):
    ax = layer_table(described)
    cells = described.cells()
    drawn = [text.get_text() for text in ax.texts]
    assert drawn == [text for row in (cells.headings, *cells.rows, cells.totals) for text in row]
    assert ax.get_title() == "lenet5"
    plt.close(ax.figure)


def test_type_is_readable_and_columns_do_not_overlap(described):
    ax = layer_table(described, columns=["layer", "output", "parameters", "macs"], title="LeNet-5")
    ax.figure.canvas.draw()
    texts = [text for text in ax.texts if text.get_text()]
    assert min(text.get_fontsize() for text in texts) >= 9
    boxes = [text.get_window_extent() for text in texts]
    for i, a in enumerate(boxes):
        assert not any(a.overlaps(b) for b in boxes[i + 1 :])
    assert ax.get_title() == "LeNet-5"
    plt.close(ax.figure)


def test_unknown_columns_and_models(described):
    with pytest.raises(ValueError, match="columns"):
        layer_table(described, columns=["weights"])
    with pytest.raises(ValueError, match="at least one heading; received none"):
        layer_table(described, columns=[])
    with pytest.raises(TypeError, match="model must be"):
        layer_table([1, 2])
