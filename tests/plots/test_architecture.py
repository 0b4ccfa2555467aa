import itertools
from types import SimpleNamespace

import matplotlib.pyplot as plt
import pytest

from kerascnn import plots
from kerascnn.plots import architecture
from kerascnn.plots._diagram.calls import joined, read
from kerascnn.plots._diagram.choose import CHAINED, chosen
from kerascnn.plots._diagram.volumes import ranks


def layout(records, **options):
    return chosen(records, **options)[1]


def record(name, kind, shape, inputs=(), kernel=()):
    return SimpleNamespace(name=name, kind=kind, output_shape=shape, inputs=inputs, kernel=kernel)


def chain(*rows):
    names = [()] + [(row[0],) for row in rows]
    return [record(*row[:3], inputs, row[3:] * 2) for row, inputs in zip(rows, names, strict=False)]


LENET = chain(
    ("input", "InputLayer", (28, 28, 1)),
    ("conv1", "Conv2D", (28, 28, 6), 5),
    ("pool1", "MaxPooling2D", (14, 14, 6), 2),
    ("conv2", "Conv2D", (10, 10, 16), 5),
    ("pool2", "MaxPooling2D", (5, 5, 16), 2),
    ("flatten", "Flatten", (400,)),
    ("fc1", "Dense", (120,)),
    ("fc2", "Dense", (84,)),
    ("output", "Dense", (10,)),
)
ALEXNET = chain(
    ("input", "InputLayer", (227, 227, 3)),
    ("conv1", "Conv2D", (55, 55, 96), 11),
    ("pool1", "MaxPooling2D", (27, 27, 96), 3),
    ("norm1", "LocalResponseNormalization", (27, 27, 96)),
    ("conv2", "Conv2D", (27, 27, 256), 5),
    ("pool2", "MaxPooling2D", (13, 13, 256), 3),
    ("norm2", "LocalResponseNormalization", (13, 13, 256)),
    ("conv3", "Conv2D", (13, 13, 384), 3),
    ("conv4", "Conv2D", (13, 13, 384), 3),
    ("conv5", "Conv2D", (13, 13, 256), 3),
    ("pool5", "MaxPooling2D", (6, 6, 256), 3),
    ("flatten", "Flatten", (9216,)),
    ("fc6", "Dense", (4096,)),
    ("dropout6", "Dropout", (4096,)),
    ("fc7", "Dense", (4096,)),
    ("dropout7", "Dropout", (4096,)),
    ("fc8", "Dense", (1000,)),
)
TABLE_1 = ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512))
VGG16 = chain(
    ("input_layer", "InputLayer", (224, 224, 3)),
    *(
        row
        for block, (count, channels) in enumerate(TABLE_1, start=1)
        for row in (
            *(
                (f"block{block}_conv{i}", "Conv2D", (448 >> block,) * 2 + (channels,), 3)
                for i in range(1, count + 1)
            ),
            (f"block{block}_pool", "MaxPooling2D", (224 >> block,) * 2 + (channels,), 2),
        )
    ),
    ("flatten", "Flatten", (25088,)),
    ("fc1", "Dense", (4096,)),
    ("fc2", "Dense", (4096,)),
    ("predictions", "Dense", (1000,)),
)
RESIDUAL = [
    record("input", "InputLayer", (32, 32, 3)),
    record("conv0", "Conv2D", (32, 32, 16), ("input",)),
    record("relu0", "ReLU", (32, 32, 16), ("conv0",)),
    record("conv1", "Conv2D", (32, 32, 16), ("relu0",)),
    record("relu1", "ReLU", (32, 32, 16), ("conv1",)),
    record("conv2", "Conv2D", (32, 32, 16), ("relu1",)),
    record("add", "Add", (32, 32, 16), ("conv2", "relu0")),
    record("fc", "Dense", (10,), ("add",)),
]
INCEPTION = [
    record("x", "InputLayer", (28, 28, 256)),
    record("1x1", "Conv2D", (28, 28, 128), ("x",)),
    record("3x3_reduce", "Conv2D", (28, 28, 64), ("x",)),
    record("3x3", "Conv2D", (28, 28, 192), ("3x3_reduce",)),
    record("5x5_reduce", "Conv2D", (28, 28, 64), ("x",)),
    record("5x5", "Conv2D", (28, 28, 96), ("5x5_reduce",)),
    record("pool", "MaxPooling2D", (28, 28, 256), ("x",)),
    record("proj", "Conv2D", (28, 28, 64), ("pool",)),
    record("concat", "Concatenate", (28, 28, 480), ("1x1", "3x3", "5x5", "proj")),
]
NETS = {
    "lenet": LENET,
    "alexnet": ALEXNET,
    "vgg16": VGG16,
    "residual": RESIDUAL,
    "inception": INCEPTION,
}


def overlap(one, other):
    left, top, right, bottom = one
    left2, top2, right2, bottom2 = other
    return left < right2 and left2 < right and top < bottom2 and top2 < bottom


@pytest.mark.parametrize("name", ["slides", "paper", "gray"])
@pytest.mark.parametrize("net", NETS)
def test_no_text_overlaps_and_none_is_cut(net, name):
    with plots.style(name):
        ax = architecture(NETS[net], title=net)
        ax.figure.canvas.draw()
    if name == "slides":
        assert min(text.get_fontsize() for text in ax.texts) >= 8.5  # can be read
    boxes = [text.get_window_extent() for text in ax.texts]
    for one, other in itertools.combinations(zip(boxes, ax.texts, strict=True), 2):
        assert not one[0].overlaps(other[0]), (one[1], other[1])
    page = ax.figure.bbox
    assert all(page.x0 <= b.x0 and b.x1 <= page.x1 for b in boxes)
    assert all(page.y0 <= b.y0 and b.y1 <= page.y1 for b in boxes)


@pytest.mark.parametrize("net", NETS)
def test_boxes_of_the_layout_do_not_overlap(net):
    plan = layout(NETS[net])
    # volumes stand before each other within a group: their front faces are apart
    fronts = [(b.x, b.y, b.x + b.width, b.y + b.height) for b in plan.boxes]
    assert not any(overlap(a, b) for a, b in itertools.combinations(fronts, 2))
    for label in plan.labels:
        area = (
            *(label.x - label.width / 2, label.y - label.height / 2),
            *(label.x + label.width / 2, label.y + label.height / 2),
        )
        assert label.on or not any(overlap(area, box.bounds) for box in plan.boxes), label


def test_layers_without_a_shape_of_their_own_are_left_out():
    names = [box.name for box in layout(ALEXNET).boxes]
    assert "input" in names
    assert not {"flatten", "dropout6", "dropout7"} & set(names)
    assert len(names) == len(ALEXNET) - 3


def test_lengths_are_square_roots():
    boxes = {box.name: box for box in layout(LENET).boxes}
    assert boxes["pool1"].height / boxes["conv1"].height == pytest.approx((14 / 28) ** 0.5)
    assert boxes["conv1"].width / boxes["conv2"].width == pytest.approx((6 / 16) ** 0.5)
    assert boxes["fc2"].height / boxes["fc1"].height == pytest.approx((84 / 120) ** 0.5)
    assert boxes["conv1"].height / boxes["conv1"].depth == pytest.approx(1 / 0.3)


def test_labels_say_shape_name_and_window():
    texts = [label.text for label in layout(ALEXNET).labels]
    assert "55×55\n×96" in texts
    assert "conv1\n11×11" in texts
    assert "conv3–4\n3×3" in texts  # one label for layers that look the same
    assert "4096" in texts
    assert "block3_conv1–3\n3×3" in [label.text for label in layout(VGG16).labels]


def test_free_sizes_are_drawn():
    texts = [label.text for label in layout([record("i", "InputLayer", (None, None, 3))]).labels]
    assert "?×?\n×3" in texts


def test_a_chain_is_joined_also_from_row_to_row():
    plan = layout(VGG16)
    tops = {box.y + box.height / 2 for box in plan.boxes}
    assert len({round(top, 6) for top in tops}) > 1  # two rows
    turn = next(edge for edge in plan.edges if len(edge.points) > 2)
    assert turn.points[0][1] < turn.points[-1][1]
    for edge in plan.edges:
        for (x, y), (x2, y2) in itertools.pairwise(edge.points):
            course = (min(x, x2), min(y, y2), max(x, x2), max(y, y2))
            assert not any(overlap(course, box.bounds) for box in plan.boxes)


def test_ranks_are_longest_paths_over_the_layers_that_are_drawn():
    assert ranks(joined(read(RESIDUAL), CHAINED)) == {
        "input": 0,
        "conv0": 1,
        "conv1": 2,
        "conv2": 3,
        "add": 4,
        "fc": 5,
    }


def test_shortcut_passes_the_blocks():
    plan = layout(RESIDUAL)
    assert {(edge.start, edge.end) for edge in plan.edges} == {
        *(("input", "conv0"), ("conv0", "conv1"), ("conv1", "conv2"), ("conv2", "add")),
        *(("conv0", "add"), ("add", "fc")),
    }
    (shortcut,) = (e for e in plan.edges if (e.start, e.end) == ("conv0", "add"))
    for (x, y), (x2, y2) in itertools.pairwise(shortcut.points):
        for t in (0.1, 0.3, 0.5, 0.7, 0.9):
            point = (x + t * (x2 - x), y + t * (y2 - y))
            assert not any(overlap((*point, *point), box.bounds) for box in plan.boxes)


def test_legend_names_the_colours_that_are_used():
    ax = architecture(LENET)
    looks = {plots.layer_style(record.kind).label for record in LENET} - {"reshape"}
    assert looks <= {text.get_text() for text in ax.texts}
    assert len([p for p in ax.patches if p.get_gid() == "legend"]) == len(looks)
    plain = architecture(LENET, legend=False)
    assert not [p for p in plain.patches if p.get_gid() == "legend"]


def test_takes_a_description_and_axes_of_ones_own():
    _figure, ax = plt.subplots()
    assert architecture(SimpleNamespace(layers=tuple(LENET)), ax=ax, kind="blocks") is ax


def test_the_diagram_is_vector_graphics():
    ax = architecture(LENET)
    assert not ax.images


def test_bad_input():
    with pytest.raises(ValueError, match="at least one layer"):
        architecture([])
    with pytest.raises(ValueError, match="Did you mean 'blocks'"):
        architecture(LENET, kind="block")
    with pytest.raises(ValueError, match="branches"):
        architecture(RESIDUAL, kind="volumes")
    with pytest.raises(TypeError, match="describe"):
        architecture([1, 2])
