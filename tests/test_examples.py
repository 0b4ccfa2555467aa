"""The examples run as they stand, offline, and draw what they say."""

import runpy
from importlib.util import find_spec
from pathlib import Path

import pytest
from PIL import Image

EXAMPLES = sorted((Path(__file__).parent.parent / "examples").glob("*.py"))

PRINTED = {
    "convolution_by_hand": "Keras agrees: True",
    "lenet5_on_digits": "digits by writers not in the training data",
    "detect_shapes": "mAP in 100 scenes: 0.",
    "segment_brain": "Dice of U-Net",
    "segment_cells": "Dice of the cells in 40 test images",
    "when_explanations_lie": "occlusion: 3% if the tag means nothing, 59% if it decides",
    "grad_cam_of_your_model": "tissue: strongest in the quarter of tissue",
}
SLOW = {  # they train, or predict many images
    "detect_shapes",
    "grad_cam_of_your_model",
    "lenet5_on_digits",
    "segment_brain",
    "segment_cells",
}
PACKAGES = {"segment_brain": "nilearn"}


@pytest.mark.parametrize(
    "example",
    [pytest.param(path, marks=[pytest.mark.slow] * (path.stem in SLOW)) for path in EXAMPLES],
    ids=lambda path: path.stem,
)
def test_example_runs(example, tmp_path, monkeypatch, capsys):
    if find_spec(PACKAGES.get(example.stem, "kerascnn")) is None:
        pytest.skip(f"{PACKAGES[example.stem]} is not installed")
    # No network: connections through a proxy that nobody serves fail at once.
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.chdir(tmp_path)
    runpy.run_path(str(example), run_name="__main__")
    assert PRINTED[example.stem] in capsys.readouterr().out
    drawn = list(tmp_path.glob("*.png"))
    assert drawn
    for path in drawn:
        assert path.name in example.read_text("utf-8").split('"""')[1]  # the docstring says so
        with Image.open(path) as image:
            assert image.convert("L").getextrema() != (255, 255)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_only_public_names(example):
    code = example.read_text("utf-8")
    assert "kc._" not in code
    assert "from kerascnn." not in code
