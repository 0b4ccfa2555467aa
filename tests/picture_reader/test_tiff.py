"""TIFFs with more than eight bits, of several pages, turned, damaged."""

import io
import struct

import numpy as np
import pytest
import tifffile
from PIL import Image

from kerascnn._picture_reader import PictureError, read, read_labels, tiff
from kerascnn.cli._pictures import read_picture
from kerascnn.datasets import ImageFiles

RAMP = np.linspace(0, 1, 24).reshape(4, 6)


def test_unsigned_32_bits_that_pillow_takes_for_signed(both, tmp_path):
    values = np.array([[0, 2**31 + 5, 2**32 - 1]], np.uint32)
    file = io.BytesIO()
    Image.fromarray(values.view(np.int32)).save(file, "TIFF", compression="tiff_lzw")
    data = bytearray(file.getvalue())
    tag = data.index(struct.pack("<HHI", 339, 3, 1))  # SampleFormat
    data[tag + 8] = 1  # from signed to unsigned
    (tmp_path / "a.tif").write_bytes(data)
    np.testing.assert_allclose(both(tmp_path / "a.tif")[0], values / (2**32 - 1), atol=1e-6)


@pytest.mark.parametrize("planes", ["contig", "separate"])
@pytest.mark.parametrize(("dtype", "largest"), [("u2", 65535), ("f4", 1)])
def test_colours_of_more_than_eight_bits(dtype, largest, planes, tmp_path):
    color = np.stack([RAMP, RAMP[::-1], 1 - RAMP], axis=-1)
    values = np.moveaxis(color, -1, 0) if planes == "separate" else color
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, (values * largest).astype(dtype), photometric="rgb", planarconfig=planes)
    np.testing.assert_allclose(read_picture(path), color, atol=1e-4)
    grey = ImageFiles([path], image_size=(4, 6), channels=1)[0]
    np.testing.assert_allclose(grey[..., 0], color @ [0.299, 0.587, 0.114], atol=1e-4)


@pytest.mark.parametrize("planes", ["contig", "separate"])
@pytest.mark.parametrize("alpha", ["unassalpha", "assocalpha"])
@pytest.mark.parametrize(
    ("dtype", "most"), [("u2", 65535), ("u2", 4095), ("u4", 2**32 - 1), ("f4", 1)]
)
def test_transparency_of_more_than_eight_bits(dtype, most, alpha, planes, tmp_path):
    opacity = np.tile(np.linspace(0, 1, 6), (4, 1))
    color = np.stack([RAMP, RAMP[::-1], 1 - RAMP], axis=-1)
    largest = 1 if dtype == "f4" else np.iinfo(dtype).max
    path = tmp_path / "a.tif"
    for values in (color, RAMP[..., None]):
        stored = values * opacity[..., None] if alpha == "assocalpha" else values
        stored = np.concatenate([stored * most, opacity[..., None] * largest], axis=-1)
        stored = np.moveaxis(stored, -1, 0) if planes == "separate" else stored
        tifffile.imwrite(
            path, stored.astype(dtype), photometric="rgb" if len(values.T) == 3 else "minisblack",
            planarconfig=planes, extrasamples=[alpha],
        )  # fmt: skip
        expected = 1 - opacity[..., None] * (1 - np.broadcast_to(values, color.shape))
        read_in = read(path, window=None if most == largest else (0, most))[0]
        np.testing.assert_allclose(read_in, expected, atol=3e-4)


@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("byteorder", "<>")
@pytest.mark.parametrize("alpha", ["", "unspecified", "unassalpha", "assocalpha", "unsaid"])
def test_sixteen_bits_that_pillow_reads_are_not_shortened(
    alpha, byteorder, compression, tmp_path, monkeypatch
):
    stored = np.stack([RAMP, RAMP[::-1], 1 - RAMP] + [RAMP] * bool(alpha), axis=-1)
    path = tmp_path / "a.tif"
    extra = {"": None, "unsaid": ["unassalpha"]}.get(alpha, [alpha])
    tifffile.imwrite(
        path, np.uint16(4095 * stored), photometric="rgb", extrasamples=extra,
        byteorder=byteorder, compression=compression,
    )  # fmt: skip
    if alpha == "unsaid":  # OpenCV does not write the tag ExtraSamples
        tag = struct.Struct(f"{byteorder}HHI").pack
        path.write_bytes(path.read_bytes().replace(tag(338, 3, 1), tag(337, 3, 1)))
    expected, _ = read(path, window=(0, 4095))
    monkeypatch.setattr(tiff, "_is_for_tifffile", lambda _page: False)  # as if it were LZW
    picture, _ = read(path, window=(0, 4095))
    np.testing.assert_allclose(picture, expected, atol=1e-6)


def test_a_palette_of_sixteen_bits(tmp_path):
    indices, path = np.arange(24, dtype="u2").reshape(4, 6) * 2500, tmp_path / "a.tif"
    colors = np.random.default_rng(0).integers(2**16, size=(3, 2**16), dtype="u2")
    tifffile.imwrite(path, indices, photometric="palette", colormap=colors)
    expected = np.moveaxis(colors[:, indices], 0, -1) / 65535
    np.testing.assert_allclose(read(path)[0], expected, atol=1e-6)
    np.testing.assert_array_equal(read_labels(path), indices)


def test_planes_that_pillow_misreads_are_refused(tmp_path):
    path = tmp_path / "a.tif"
    for dtype, kind, samples in (("u2", "separated", 4), ("u1", "cielab", 3)):
        values = np.full((samples, 4, 6), 7, dtype)
        tifffile.imwrite(path, values, photometric=kind, planarconfig="separate")
        with pytest.raises(PictureError, match=rf"{kind.upper()}, NONE, SEPARATE"):
            read(path)


def test_a_kind_that_nothing_reads_is_named(tmp_path):
    three = np.zeros((4, 6, 3), np.float32)
    tifffile.imwrite(tmp_path / "a.tif", three, photometric="minisblack", planarconfig="contig")
    message = r"unsupported TIFF \(float32, 3 sample\(s\) per pixel, MINISBLACK, NONE, CONTIG\)"
    with pytest.raises(OSError, match=message):
        read_picture(tmp_path / "a.tif")


@pytest.mark.parametrize("compression", [None, "tiff_lzw"])
@pytest.mark.parametrize("dtype", ["u1", "u2", "f4"])
def test_tiffs_stand_upright(both, dtype, compression, tmp_path):
    values = (RAMP * (1 if dtype == "f4" else np.iinfo(dtype).max)).astype(dtype)
    for orientation, turned in ((2, values[:, ::-1]), (3, np.rot90(values, 2)),
                                (6, np.rot90(values, -1)), (8, np.rot90(values)),
                                (5, values.T)):  # fmt: skip
        image = Image.fromarray(values)
        image.save(tmp_path / "a.tif", tiffinfo={274: orientation}, compression=compression)
        grey, _ = both(tmp_path / "a.tif")
        np.testing.assert_allclose(grey, turned / values.max(), atol=1e-6)


def test_of_several_pages_the_first_is_read_and_it_is_said(both, tmp_path):
    pages = np.uint8(255 * np.stack([RAMP, 1 - RAMP]))
    tifffile.imwrite(tmp_path / "a.tif", pages, photometric="minisblack")
    grey, said = both(tmp_path / "a.tif")
    np.testing.assert_array_equal(grey, pages[0] / np.float32(255))
    assert "more than one page" in said
    with tifffile.TiffWriter(tmp_path / "b.tif") as file:  # a thumbnail is no page
        file.write(pages[0])
        file.write(pages[0, ::2, ::2], subfiletype=1)
    assert both(tmp_path / "b.tif")[1] == ""


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_of_a_volume_in_one_page_the_first_slice_is_read_and_it_is_said(both, dtype, tmp_path):
    largest = np.iinfo(dtype).max
    slices = (largest * np.stack([RAMP, 1 - RAMP, RAMP])).astype(dtype)
    options = {"volumetric": True, "photometric": "minisblack", "tile": (2, 16, 16)}
    tifffile.imwrite(tmp_path / "a.tif", slices, **options)
    grey, said = both(tmp_path / "a.tif")
    np.testing.assert_allclose(grey, slices[0] / largest, atol=1e-6)
    assert "it has 3 slices in one page; only the first is read" in said


def test_a_tiff_that_says_it_is_wider_than_its_tiles(tmp_path):
    """Of which tifffile looks for each of 60,000 missing tiles."""
    file = io.BytesIO()
    tifffile.imwrite(file, np.zeros((24, 32)), tile=(16, 16))
    data = bytearray(file.getvalue())
    width = next(i for i in range(8, len(data)) if data[i : i + 2] == struct.pack("<H", 256))
    data[width + 8 : width + 12] = struct.pack("<I", 10**6)
    (tmp_path / "a.tif").write_bytes(data)
    with pytest.raises(OSError, match=r"a\.tif' must be an image"):
        read_picture(tmp_path / "a.tif")
