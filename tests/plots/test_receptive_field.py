"""Squares within squares, in pixels of the input."""

from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.patches import Rectangle

from kerascnn import plots


def record(name, size, field, stride=1, inputs=None):
    fields = {"receptive_field": field, "stride_product": stride, "output_shape": (*size, 4)}
    return SimpleNamespace(name=name, **fields, **({} if inputs is None else {"inputs": inputs}))


NET = [
    record("input", (28, 20), 1),
    record("conv $5-$10", (28, 20), 3),
    record("활성화", (28, 20), 3),
    record("pool", (14, 10), (4, 5), 2),
    record("dilated", (14, 10), (30, 9), 2),
    SimpleNamespace(name="fc", receptive_field=(28, 20), stride_product=None, output_shape=(10,)),
]


def squares(ax):
    return [(p.get_width(), p.get_height()) for p in ax.patches if isinstance(p, Rectangle)]


def test_squares_are_fields_around_the_middle():
    ax = plots.receptive_field(NET)
    assert squares(ax) == [(20, 28), (3, 3), (5, 4), (9, 30)]  # beyond the input too
    assert all(
        p.get_x() + p.get_width() / 2 == p.get_y() + p.get_height() / 2 == 0 for p in ax.patches
    )
    texts = [text.get_text() for text in ax.texts]
    assert texts == ["dilated: 30×9", "pool: 4×5", "conv $5-$10: 3×3", "input: 28×20"]


def test_up_to_a_layer_and_what_sees_all():
    assert squares(plots.receptive_field(NET, layer="pool")) == [(20, 28), (3, 3), (5, 4)]
    assert squares(plots.receptive_field(NET, layer="fc"))[-1] == (20, 28)


def test_only_layers_on_the_way_are_shown():
    net = [
        record("a", (8, 8), 1, inputs=()),
        record("b", (8, 8), 3, inputs=("a",)),
        record("c", (8, 8), 5, inputs=("a",)),
        record("d", (8, 8), 7, inputs=("b",)),
    ]
    assert squares(plots.receptive_field(net, layer="d"))[1:] == [(3, 3), (7, 7)]


def test_of_many_layers_some_are_named():
    net = [record(f"layer{i}", (224, 224), 2 * i + 1) for i in range(100)]
    ax = plots.receptive_field(net)
    assert len(ax.texts) == 11
    assert ax.texts[0].get_text() == "layer99: 199×199"


def test_nothing_overlaps(look, overlapping):
    net = [record(f"block_{i}_이름", (64, 64), 6 * i + 1) for i in range(20)]
    ax = plots.receptive_field(net, title="$5-$10", image=np.full((64, 64, 3), 0.5))
    assert not list(overlapping(ax.figure))


def test_a_free_input_has_no_frame():
    net = [record("input", (None, None), 1), record("conv", (None, None), 3)]
    assert squares(plots.receptive_field(net)) == [(3, 3)]


def test_bad_input():
    with pytest.raises(ValueError, match="Did you mean 'pool'"):
        plots.receptive_field(NET, layer="pol")
    with pytest.raises(TypeError, match="describe"):
        plots.receptive_field([1])
    with pytest.raises(ValueError, match=r"layers with \(H, W, C\)"):
        plots.receptive_field([NET[-1]])
    with pytest.raises(ValueError, match="known receptive field; received 'odd'"):
        plots.receptive_field([*NET, record("odd", (14, 10), None)], layer="odd")
