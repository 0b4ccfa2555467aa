"""Diagrams of any network: what is joined and folded, the certificate, LaTeX and slides."""

import re
import shutil
import subprocess
from dataclasses import replace
from types import SimpleNamespace

import pytest
from matplotlib import pyplot as plt
from pptx import Presentation

from kerascnn import plots
from kerascnn.plots._diagram import folds
from kerascnn.plots._diagram.calls import in_depth_first_order, joined, read
from kerascnn.plots._diagram.certificate import certify
from kerascnn.plots._diagram.choose import DETAILS, SLIDE, chosen, fits
from kerascnn.plots._diagram.names import shortened
from kerascnn.plots._diagram.tikz import escaped


class Net:
    """Records of a network, layer by layer; each method returns the name of the layer."""

    def __init__(self, size=32):
        self.layers = []
        self.add("input", "InputLayer", (), size, 3)

    def add(self, name, kind, inputs, size, channels, kernel=(), parameters=0):
        shape = (size, size, channels) if size else (channels,)
        self.layers.append(
            SimpleNamespace(
                name=name, kind=kind, inputs=inputs, output_shape=shape, kernel=kernel,
                parameters=parameters,
            )
        )  # fmt: skip
        return name

    def conv(self, name, source, size, channels):
        """A convolution with normalization and activation."""
        self.add(name, "Conv2D", (source,), size, channels, (3, 3), 9 * channels)
        self.add(f"{name}_bn", "BatchNormalization", (name,), size, channels, (), 4 * channels)
        return self.add(f"{name}_relu", "ReLU", (f"{name}_bn",), size, channels)

    def residual(self, name, source, size, channels):
        """Two convolutions and a shortcut."""
        way = self.conv(f"{name}_1", source, size, channels)
        way = self.conv(f"{name}_2", way, size, channels)
        return self.add(f"{name}_add", "Add", (way, source), size, channels)


def residual_net(blocks=4):
    net = Net()
    way = net.conv("stem", "input", 32, 16)
    for n in range(1, blocks + 1):
        way = net.residual(f"stage1_block{n}", way, 32, 16)
    way = net.add("pool", "GlobalAveragePooling2D", (way,), None, 16)
    net.add("head", "Dense", (way,), None, 10, (), 170)
    return net.layers


def u_net():
    net = Net(64)
    way, skips = "input", []
    for level in range(3):
        way = net.conv(f"down{level}", way, 64 >> level, 8 << level)
        skips.append(way)
        way = net.add(f"pool{level}", "MaxPooling2D", (way,), 32 >> level, 8 << level, (2, 2))
    way = net.conv("bottom", way, 8, 64)
    for level in (2, 1, 0):
        way = net.add(f"up{level}", "Conv2DTranspose", (way,), 64 >> level, 8 << level, (2, 2), 99)
        way = net.add(f"concat{level}", "Concatenate", (way, skips[level]), 64 >> level, 16)
        way = net.conv(f"conv{level}", way, 64 >> level, 8 << level)
    return net.layers


def two_inputs_and_outputs():
    net = Net()
    net.add("other", "InputLayer", (), 32, 1)
    left = net.conv("left", "input", 32, 8)
    right = net.conv("right", "other", 32, 8)
    way = net.add("concat", "Concatenate", (left, right), 32, 16)
    net.add("early", "Dense", (way,), None, 3, (), 51)
    way = net.conv("more", way, 32, 16)
    net.add("late", "Dense", (way,), None, 2, (), 34)
    return net.layers


def towers(blocks=3):
    """One nested model called twice, and layers around it."""
    net = Net()
    ends = []
    for call in (0, 1):
        start = "input" if call == 0 else net.add("right", "InputLayer", (), 32, 3)
        way = net.conv(f"tower:{call}/stem", start, 32, 16)
        for n in range(blocks):
            way = net.residual(f"tower:{call}/block{n}", way, 32, 16)
        ends.append(net.add(f"pool{call}", "GlobalAveragePooling2D", (way,), None, 16))
    both = net.add("both", "Concatenate", tuple(ends), None, 32)
    net.add("head", "Dense", (both,), None, 10, (), 330)
    return net.layers


NETS = {
    "residual": residual_net(),
    "towers": towers(),
    "u": u_net(),
    "two": two_inputs_and_outputs(),
    "one": residual_net()[:1],
}


@pytest.mark.parametrize("detail", DETAILS)
@pytest.mark.parametrize("net", NETS)
def test_every_layer_and_edge_is_shown_once(net, detail):
    calls, plan = chosen(NETS[net], detail=detail)
    certificate = certify(plan, calls)
    assert certificate.layers == len(NETS[net])
    assert certificate.drawn == len(plan.edges)
    assert certificate.parameters == sum(record.parameters for record in NETS[net])


def test_each_call_of_a_nested_model_is_one_block():
    _calls, plan = chosen(towers(), detail="models")
    blocks = {box.name: box for box in plan.boxes}
    assert len(blocks) == 8
    per_tower = sum(record.name.startswith("tower:1/") for record in towers())
    assert len(blocks["tower:1/stem"].layers) == per_tower
    texts = [label.text for label in plan.labels]
    assert f"tower:1\n{per_tower} layers\n32×32×16" in texts
    assert ("pool1", "both") in {(edge.start, edge.end) for edge in plan.edges}


def test_nested_models_are_folded_where_there_is_no_room():
    _calls, plan = chosen(towers(60))
    assert {"tower:0/stem", "tower:1/stem", "head"} <= {box.name for box in plan.boxes}
    assert len(plan.boxes) == 8
    assert fits(plan)


def test_a_certificate_is_not_given_to_a_wrong_picture():
    calls, plan = chosen(residual_net(), detail="repeats")
    certify(plan, calls)
    box, edge = plan.boxes[1], plan.edges[1]

    def refused(what, **changes):
        with pytest.raises(ValueError, match=what):
            certify(replace(plan, **changes), calls)

    refused("shows all layers", boxes=[b for b in plan.boxes if b is not box])
    refused("shows each layer once", boxes=[*plan.boxes, replace(box, name="again")])
    refused("only the network's layers", boxes=[*plan.boxes, replace(box, layers=("no",))])
    refused("draws all edges", edges=[e for e in plan.edges if e is not edge])
    refused("draws each edge once", edges=[*plan.edges, edge])
    refused("only the network's edges", edges=[*plan.edges, replace(edge, end="input")])
    refused("has .* parameters", boxes=[replace(box, parameters=1), *plan.boxes[:1],
                                        *plan.boxes[2:]])  # fmt: skip
    refused("draws all edges", folds=())  # without the frame, edges between repetitions are missing


def test_a_fold_of_unlike_parts_is_refused():
    net = residual_net(2)
    calls, plan = chosen(net, detail="repeats")
    certify(plan, calls)
    for call in net:
        if call.name == "stage1_block2_2":
            call.inputs = ("stage1_block1_add",)  # past the first convolution
    with pytest.raises(ValueError, match=r"folds equal parts|draws"):
        certify(plan, read(net))


def test_convolution_normalization_and_activation_are_one_block():
    units = joined(read(residual_net(1)))
    assert [unit.name for unit in units] == [
        "input", "stem", "stage1_block1_1", "stage1_block1_2", "stage1_block1_add", "pool", "head",
    ]  # fmt: skip
    assert units[1].kinds == ("Conv2D", "BatchNormalization", "ReLU")
    assert units[4].inputs == ("stage1_block1_2", "stem")


def test_what_several_layers_read_is_not_hidden_in_a_block():
    net = Net()
    net.add("conv", "Conv2D", ("input",), 32, 8)
    net.add("relu", "ReLU", ("conv",), 32, 8)
    net.add("add", "Add", ("conv", "relu"), 32, 8)
    assert [unit.name for unit in joined(read(net.layers))] == ["input", "conv", "relu", "add"]


def test_equal_parts_are_drawn_once_with_their_number():
    _calls, plan = chosen(residual_net(23), detail="repeats")
    (fold,) = plan.folds
    assert fold.count == 23
    assert fold.boxes == ("stage1_block1_1", "stage1_block1_2", "stage1_block1_add")
    assert "stage1_block1–23 ×23" in [label.text for label in plan.labels]
    shown = next(box for box in plan.boxes if box.name == "stage1_block1_1")
    assert len(shown.layers) == 23 * 3
    assert shown.parameters == 23 * 13 * 16


def test_parts_of_other_sizes_do_not_fold():
    net = Net()
    way = net.conv("a", "input", 32, 8)
    way = net.conv("b", way, 16, 8)
    net.conv("c", way, 16, 8)
    counts = [part.count for part in folds.parts(read(net.layers), "repeats")]
    assert counts == [1, 1, 2]
    swings = Net(32)  # smaller and larger again, twice: stages, though they are alike
    way = "input"
    for n in (1, 2):
        way = swings.add(f"down{n}", "MaxPooling2D", (way,), 16, 3, (2, 2))
        way = swings.add(f"up{n}", "UpSampling2D", (way,), 32, 3)
    assert [part.count for part in folds.parts(read(swings.layers), "repeats")] == [1] * 5


def test_an_hourglass_is_a_u():
    _calls, plan = chosen(u_net())
    boxes = {box.name: box for box in plan.boxes}
    tops = {name: box.y for name, box in boxes.items()}
    assert tops["down0"] == tops["conv0"] < tops["down1"] == tops["conv1"] < tops["bottom"]
    for level in range(3):  # down on the left, up on the right, side by side
        assert boxes[f"down{level}"].x < boxes["bottom"].x + 5 < boxes[f"conv{level}"].x + 5
    assert boxes["down0"].x < boxes["down1"].x < boxes["down2"].x
    assert ("down0", "concat0") in {(edge.start, edge.end) for edge in plan.edges}


def test_branches_stay_together():
    names = [unit.name for unit in in_depth_first_order(joined(read(two_inputs_and_outputs())))]
    assert names.index("concat") > max(names.index("left"), names.index("right"))
    assert abs(names.index("more") - names.index("late")) == 1


@pytest.mark.parametrize("blocks", [1, 8, 250])
def test_any_depth_fits_a_slide(blocks):
    calls, plan = chosen(residual_net(blocks))
    assert fits(plan)
    certify(plan, calls)
    figure, ax = plt.subplots(figsize=(13.333, 7.5), layout="constrained")
    plots.architecture(residual_net(blocks), ax=ax, check=True)
    figure.draw_without_rendering()
    assert min(text.get_fontsize() for text in ax.texts) >= 9


def test_detail_is_chosen_by_the_room():
    few, many = chosen(residual_net(2))[1], chosen(residual_net(40))[1]
    assert len(few.boxes) == 1 + 1 + 2 * 3 + 2
    assert len(many.boxes) == 1 + 1 + 3 + 2
    assert len(chosen(residual_net(2), kind="graph")[1].boxes) == len(residual_net(2))
    assert chosen(residual_net(40), kind="graph")[1].height > SLIDE[1]


def test_stacks_of_maps():
    chain = [r for r in residual_net(0) if r.kind != "InputLayer" or r.name == "input"]
    _calls, plan = chosen(chain, kind="lenet")
    stacks = {box.name: box.stack for box in plan.boxes}
    assert stacks == {"input": 3, "stem": 6, "stem_bn": 6, "pool": 1, "head": 1}
    ax = plots.architecture(chain, kind="lenet", check=True)
    assert len(ax.patches) > 3 + 6


# Names and sizes of all kinds

HOSTILE = {
    "long": "a" * 60 + "b" * 40,
    "markup": 'a_b%c&d$e#f{g}~h^i\\j<k>|"l',
    "script": "<script>alert(1)</script>",
    "korean": "합성곱",
}


def hostile():
    net = Net()
    way = "input"
    for name in HOSTILE.values():
        way = net.conv(name, way, 32, 8)
    return net.layers


def test_names_of_all_kinds_are_drawn_as_they_are():
    ax = plots.architecture(hostile(), kind="blocks", check=True)
    ax.figure.draw_without_rendering()
    shown = "\n".join(text.get_text() for text in ax.texts)
    assert shortened(HOSTILE["long"]) in shown
    assert "aaaaaaa…bbbbbbb" in shown
    assert "합성곱" in shown
    boxes = [text.get_window_extent() for text in ax.texts]
    assert not any(a.overlaps(b) for n, a in enumerate(boxes) for b in boxes[n + 1 :])


def test_names_in_nested_models_tell_blocks_apart():
    net, way = Net(), "input"
    names = [f"mobilenetv2_0.35_32/block_{n}_expand" for n in (1, 2, 13)]
    for channels, name in zip((8, 12, 16), names, strict=True):  # not folded
        way = net.conv(name, way, 32, channels)
    ax = plots.architecture(net.layers, kind="blocks", check=True)
    shown = "\n".join(text.get_text() for text in ax.texts)
    for name in ("block_1_expand", "block_2_expand", "block_13…expand"):
        assert name in shown


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("block_13_expand_relu", "block_13_…_relu"),
        ("conv2_block1_1_conv", "conv2_…1_1_conv"),  # no cut within a number
        ("encoder/", "encoder/"),
        ("a" * 20 + "/", "aaaaaaa…aaaaaa/"),
        ("tower_of_images/fc", "tower_of_im…/fc"),
    ],
)
def test_long_names_are_cut_between_words(name, short):
    assert shortened(name) == short


def test_latex_escapes_what_it_reads_as_its_own():
    assert escaped("a_b%c\nd") == r"a\_b\%c\\d"
    assert escaped("{}~^\\<>|") == (
        r"\{\}\textasciitilde{}\textasciicircum{}\textbackslash{}"
        r"\textless{}\textgreater{}\textbar{}"
    )


@pytest.mark.parametrize("net", ["residual", "u", "two"])
def test_latex_has_every_block_and_edge(net, tmp_path):
    calls, plan = chosen(NETS[net])
    path = plots.save_architecture(NETS[net], tmp_path / "net.tex", title="A_net")
    text = path.read_text("utf-8")
    assert text.count("% ") == len(plan.boxes)
    assert text.count("-latex") == sum(bool(edge.points) for edge in plan.edges)
    assert r"A\_net" in text
    assert text.count("{") == text.count("}")
    assert len(re.findall(r"\\node", text)) == len(plan.labels) + 1
    assert len(calls) == len(NETS[net])


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="LaTeX is not installed")
@pytest.mark.parametrize("kind", [None, "graph"])
def test_latex_compiles(kind, tmp_path):
    net = [record for record in hostile() if not record.name.startswith("합")]
    plots.save_architecture(net, tmp_path / "net.tex", kind=kind, title='50 % of "A" & B_1')
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "net.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout[-2000:]
    assert (tmp_path / "net.pdf").read_bytes().startswith(b"%PDF-")


@pytest.mark.parametrize("net", ["residual", "u", "two"])
def test_slides_hold_editable_shapes(net, tmp_path):
    _calls, plan = chosen(NETS[net])
    path = plots.save_architecture(NETS[net], tmp_path / "net.pptx", title="My net")
    deck = Presentation(path)
    (slide,) = deck.slides
    shapes = {shape.name: shape for shape in slide.shapes}
    assert slide.shapes.title.text == "My net"
    on_blocks = {label.box: label.text for label in plan.labels if label.box}
    for box in plan.boxes:
        shape = shapes[box.name]
        assert shape.text_frame.text == on_blocks[box.name]
        assert shape.left >= 0
        assert shape.left + shape.width <= deck.slide_width
        assert shape.top + shape.height <= deck.slide_height
    for edge in plan.edges:
        assert f"{edge.start} → {edge.end}" in shapes
    assert path.stat().st_size < 200_000
    assert not [shape for shape in slide.shapes if shape.shape_type == 13]  # no pictures


@pytest.mark.parametrize("ending", ["svg", "png", "pdf"])
def test_pictures_are_saved_by_matplotlib(ending, tmp_path):
    path = plots.save_architecture(NETS["two"], tmp_path / f"net.{ending}")
    begins = {"svg": b"<?xml", "png": b"\x89PNG", "pdf": b"%PDF-"}
    assert path.read_bytes().startswith(begins[ending])
    assert plt.get_fignums() == []


def test_bad_input(tmp_path):
    with pytest.raises(ValueError, match="detail must be one of 'joined'"):
        plots.architecture(NETS["two"], detail="all")
    with pytest.raises(ValueError, match="detail must be None unless kind is 'blocks'"):
        plots.architecture(NETS["two"], kind="graph", detail="parts")
    with pytest.raises(ValueError, match="'blocks' or 'graph' for a network with branches"):
        plots.architecture(NETS["two"], kind="lenet")
    with pytest.raises(ValueError, match="unique names; received 'input' twice"):
        plots.architecture([*NETS["one"], *NETS["one"]])
    with pytest.raises(TypeError, match="or a Keras model; received int"):
        plots.architecture(7)
    with pytest.raises(ValueError, match=r"the ending of path must be one of 'svg'.*'ppt'"):
        plots.save_architecture(NETS["two"], tmp_path / "net.ppt")
    with pytest.raises(OSError, match="no"):
        plots.save_architecture(NETS["two"], tmp_path / "no" / "net.tex")
    assert list(tmp_path.iterdir()) == []


def test_takes_a_model():
    import keras

    inputs = keras.Input((8, 8, 1))
    maps = keras.layers.Conv2D(2, 3, name="maps")(inputs)
    model = keras.Model(inputs, keras.layers.Flatten()(maps))
    ax = plots.architecture(model, check=True)
    assert any("maps" in text.get_text() for text in ax.texts)
