"""Which values of a file are black and white."""

import numpy as np
import pytest
import tifffile
from PIL import Image

from kerascnn._picture_reader import check
from kerascnn.cli._pictures import read_picture
from kerascnn.datasets import ImageFiles, from_directory

RAMP = np.linspace(0, 1, 24).reshape(4, 6)


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize(
    ("dtype", "largest"),
    [("u1", 255), ("u2", 65535), ("u4", 2**32 - 1), ("f2", 1), ("f4", 1), ("f8", 1)],
)
def test_the_range_is_that_of_the_data_type(both, dtype, largest, compression, order, tmp_path):
    path = tmp_path / "a.tif"
    values = (RAMP * largest).astype(dtype)
    tifffile.imwrite(path, values, compression=compression, byteorder=order)
    grey, said = both(path)
    np.testing.assert_allclose(grey, values.astype("f8") / largest, atol=1e-6)
    assert said == ""
    check(path)


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw"])  # by tifffile and by Pillow
@pytest.mark.parametrize(
    ("dtype", "low", "high"),
    [("i1", -100, 100), ("i2", -1000, 3000), ("i4", 0, 255), ("f4", -1000, 3000), ("f4", 0, 1e-3),
     ("f4", 0, 255), ("u2", 0, 4095), ("i4", -(2**31), 2**31 - 1)],
)  # fmt: skip
def test_else_percentiles_are_black_and_white_and_it_is_said(
    both, dtype, low, high, compression, tmp_path
):
    path = tmp_path / "a.tif"
    values = (low + RAMP * (high - low)).astype(dtype)
    if compression == "raw" or dtype == "i1":
        tifffile.imwrite(path, values)
    else:
        kind = {"i2": "i4"}.get(dtype, dtype)  # of which Pillow writes 32 bits
        values = values.astype(kind)
        Image.fromarray(values).save(path, compression=compression)
    grey, said = both(path)
    black, white = np.percentile(values, [0.5, 99.5])
    expected = np.clip((values.astype("f8") - black) / (white - black), 0, 1)
    np.testing.assert_allclose(grey, expected, atol=1e-6)
    assert values.dtype.name in said
    assert "--window" in said
    window = (low, high)  # which settles it
    grey, said = both(path, window=window)
    np.testing.assert_allclose(grey, (values.astype("f8") - low) / (high - low), atol=1e-6)
    assert said == ""


def test_nan_is_black_and_infinities_are_the_ends(both, tmp_path):
    values = np.float32(RAMP)
    values[0, 0], values[1, 1], values[2, 2] = np.nan, np.inf, -np.inf
    tifffile.imwrite(tmp_path / "a.tif", values)
    grey, said = both(tmp_path / "a.tif")
    assert (grey[0, 0], grey[1, 1], grey[2, 2]) == (0, 1, 0)
    np.testing.assert_allclose(grey[3], values[3], atol=1e-6)
    assert "3 of its 24 values are not finite" in said
    tifffile.imwrite(tmp_path / "b.tif", np.full((4, 6), np.nan, "f4"))
    with pytest.raises(OSError, match=r"b\.tif' .* it has no finite values"):
        read_picture(tmp_path / "b.tif")


def test_a_constant_is_no_division_by_zero(both, tmp_path):
    for value, expected in ((0.25, 0.25), (0, 0), (7, 0)):
        tifffile.imwrite(tmp_path / "a.tif", np.full((4, 6), value, "f4"))
        np.testing.assert_array_equal(both(tmp_path / "a.tif")[0], expected)


def test_white_is_zero_in_radiographs(both, tmp_path):
    for dtype in ("u1", "u2"):
        values = (RAMP * np.iinfo(dtype).max).astype(dtype)
        tifffile.imwrite(tmp_path / "a.tif", values, photometric="miniswhite")
        np.testing.assert_allclose(both(tmp_path / "a.tif")[0], 1 - RAMP, atol=4e-3)
        whole = (0, int(np.iinfo(dtype).max))
        grey, _ = both(tmp_path / "a.tif", window=whole)
        np.testing.assert_allclose(grey, 1 - RAMP, atol=4e-3)
        low = int(0.4 * np.iinfo(dtype).max)
        grey, _ = both(tmp_path / "a.tif", window=(0, low))
        np.testing.assert_allclose(grey, 1 - np.minimum(values / low, 1), atol=1e-6)


def test_each_doubt_is_said_once(tmp_path):
    for i in range(3):
        tifffile.imwrite(tmp_path / f"{i}.tif", np.float32(RAMP * 100 * (i + 1)))
    images = ImageFiles([tmp_path / f"{i}.tif" for i in range(3)], image_size=4)
    with pytest.warns(UserWarning, match=r"0\.tif': its float32 .*window=\(black, white\)") as said:
        images[:]
    assert len(said) == 1
    assert said[0].filename == __file__
    images[:]  # no second time
    with pytest.raises(ValueError, match=r"window must be two numbers.* received \(3, 1\)"):
        ImageFiles([], image_size=4, window=(3, 1))


def test_a_window_for_folders(tmp_path):
    for kind, value in (("low", 10.0), ("high", 30.0)):
        (tmp_path / "d" / kind).mkdir(parents=True)
        for i in range(2):
            tifffile.imwrite(tmp_path / "d" / kind / f"{i}.tif", np.full((4, 4), value, "f4"))
    data = from_directory(tmp_path / "d", image_size=4, validation=0, window=(0, 40))
    images, labels = data.train
    np.testing.assert_allclose(images[:].mean(axis=(1, 2, 3)), np.where(labels, 0.25, 0.75))
