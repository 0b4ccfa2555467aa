"""The values that a file's black and white have, as the command line says and takes them."""

import numpy as np
import pytest
import tifffile
from click.testing import CliRunner
from PIL import Image

from kerascnn import cli

RAMP = np.linspace(0, 1, 24).reshape(4, 6)


@pytest.fixture
def gradcam(tmp_path, monkeypatch):
    """Call `kerascnn gradcam` on floats."""
    monkeypatch.chdir(tmp_path)
    tifffile.imwrite("ct.tif", np.float32(2000 * RAMP - 1000))
    options = ("--model", "lenet5", "--weights", "mnist")
    return lambda *more: CliRunner().invoke(cli.main, ["gradcam", "ct.tif", *options, *more])


def test_gradcam_says_how_it_shows_floats_and_writes_a_jpeg(gradcam):
    result = gradcam("-o", "g.JPG")
    assert result.exit_code == 0, result.output
    assert "'ct.tif': its float32 values, -1000 to 1000, have an unknown range" in result.stderr
    assert "use --window BLACK WHITE" in result.stderr
    with Image.open("g.JPG") as image:
        assert image.format == "JPEG"


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (("-o", "g.gif"), ".svg, .png, .pdf, .jpg, .jpeg, .webp, .tif, .tiff; received 'g.gif'"),
        (("--window", "4", "-1"), "for black and a larger one for white; received 4 -1."),
        (("--window", "4", "4"), "for black and a larger one for white; received 4 4."),
        (("--window", "0", "inf"), "a larger one for white; received 0 inf."),
        (("--window", "nan", "1"), "a larger one for white; received nan 1."),
    ],
)
def test_bad_options_are_one_line(options, line, gradcam):
    result = gradcam(*options)
    assert result.exit_code == 2
    (said,) = result.stderr.splitlines()
    assert line in said
