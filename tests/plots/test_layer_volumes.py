"""Volumes with windows, for chains and for graphs with branches."""

from types import SimpleNamespace

import numpy as np
import pytest

from kerascnn import plots
from kerascnn.plots._diagram.calls import joined, read
from kerascnn.plots._diagram.choose import CHAINED
from kerascnn.plots._diagram.volumes import main_way


def record(name, kind, shape, inputs=(), kernel=()):
    return SimpleNamespace(
        name=name, kind=kind, output_shape=shape, inputs=inputs, kernel=kernel and (kernel,) * 2
    )


CHAIN = [
    record("input", "InputLayer", (28, 28, 1)),
    record("conv1 $5-$10", "Conv2D", (24, 24, 6), ("input",), 5),
    record("풀링 池", "MaxPooling2D", (12, 12, 6), ("conv1 $5-$10",), 2),
    record("fc $x^", "Dense", (10,), ("풀링 池",)),
]
RESIDUAL = [
    record("input", "InputLayer", (32, 32, 3)),
    record("conv0", "Conv2D", (32, 32, 16), ("input",), 3),
    record("conv1", "Conv2D", (16, 16, 32), ("conv0",), 3),
    record("conv2", "Conv2D", (16, 16, 32), ("conv1",), 3),
    record("shortcut", "Conv2D", (16, 16, 32), ("conv0",), 1),
    record("add", "Add", (16, 16, 32), ("conv2", "shortcut")),
    record("fc", "Dense", (10,), ("add",)),
]
UNET = [
    record("input", "InputLayer", (32, 32, 3)),
    record("down", "Conv2D", (32, 32, 8), ("input",), 3),
    record("pool", "MaxPooling2D", (16, 16, 8), ("down",), 2),
    record("bridge", "Conv2D", (16, 16, 16), ("pool",), 3),
    record("up", "Conv2DTranspose", (32, 32, 8), ("bridge",), 2),
    record("concat", "Concatenate", (32, 32, 16), ("down", "up")),
    record("scores", "Conv2D", (32, 32, 2), ("concat",), 1),
]
INCEPTION = [
    record("x", "InputLayer", (28, 28, 256)),
    *(record(name, "Conv2D", (28, 28, 64), ("x",), 1) for name in ("a", "b", "c")),
    record("concat", "Concatenate", (28, 28, 192), ("a", "b", "c")),
]


@pytest.mark.parametrize(
    ("net", "way"),
    [
        (CHAIN, ["input", "conv1 $5-$10", "풀링 池", "fc $x^"]),
        (RESIDUAL, ["input", "conv0", "add", "fc"]),
        (UNET, ["input", "down", "pool", "bridge", "up", "concat", "scores"]),
        (INCEPTION, ["x", "concat"]),
    ],
    ids=["chain", "residual", "unet", "inception"],
)
def test_the_main_way(net, way):
    assert [node.name for node in main_way(joined(read(net), CHAINED))] == way


@pytest.mark.parametrize("net", [CHAIN, RESIDUAL, UNET], ids=["chain", "residual", "unet"])
def test_nothing_overlaps(net, look, overlapping):
    ax = plots.layer_volumes(net, title="$5-$10 x_1 이름")
    assert not list(overlapping(ax.figure))
    assert not ax.images  # vector graphics


def test_names_are_drawn_as_they_are_written():
    ax = plots.layer_volumes(CHAIN, title="$5-$10")
    ax.figure.canvas.draw()  # an invalid formula would raise
    assert {"conv1 $5-$10\n5×5", "fc $x^"} <= {text.get_text() for text in ax.texts}
    assert not any(text.get_parse_math() for text in (*ax.texts, ax.title))


def test_a_window_is_as_large_as_its_layer_sees():
    """On the side of a volume, whose height stands for 28 pixels, as a square root."""
    ax = plots.layer_volumes(CHAIN)
    window, *_ = (p for p in ax.patches if p.get_zorder() == 2.2)
    box = next(p for p in ax.patches if hasattr(p, "get_height"))
    corners = window.get_xy()
    assert corners[3, 1] - corners[0, 1] == pytest.approx(box.get_height() * np.sqrt(5 / 28))
    assert len([p for p in ax.patches if p.get_zorder() == 2.2]) == 2  # of conv1 and of the pool


def test_axes_of_ones_own_and_bad_input():
    from matplotlib import pyplot as plt

    _figure, ax = plt.subplots()
    assert plots.layer_volumes(SimpleNamespace(layers=CHAIN), ax=ax, legend=False) is ax
    with pytest.raises(ValueError, match="at least one layer"):
        plots.layer_volumes([])
    with pytest.raises(TypeError, match="describe"):
        plots.layer_volumes([1, 2])
