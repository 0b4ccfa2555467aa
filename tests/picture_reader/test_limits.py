"""Large images: they take little memory, or are refused before they are decoded."""

import resource
import struct
import zlib

import numpy as np
import pytest
import tifffile
from PIL import Image

from kerascnn._picture_reader import PictureError, limits, read, values
from kerascnn.cli._pictures import read_picture
from kerascnn.datasets import ImageFiles


def png(width, height, depth=8, color=2):
    """The beginning of a PNG of this size, whose pixels are missing."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0)
    start = struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    return b"\x89PNG\r\n\x1a\n" + start + struct.pack(">I", 1 << 20) + b"IDAT" + b"\0" * 64


def test_what_is_too_large_is_said_to_be_so(tmp_path):
    (tmp_path / "a.png").write_bytes(png(30000, 30000))
    with pytest.raises(OSError, match=r"30000x30000 pixels, more than the 134 million") as error:
        read_picture(tmp_path / "a.png")
    assert "\n" not in str(error.value)
    with pytest.raises(OSError, match="30000x30000 pixels"):
        ImageFiles([tmp_path / "a.png"], image_size=8)[0]
    tifffile.memmap(tmp_path / "a.tif", shape=(9000, 9000), dtype="f8")  # a file with a hole
    with pytest.raises(PictureError, match="9000x9000 pixels, more than the 67 million"):
        read(tmp_path / "a.tif")


def test_a_narrow_picture_that_cannot_be_reduced_is_too_large(tmp_path):
    (tmp_path / "a.png").write_bytes(png(32, 3_000_000))
    with pytest.raises(OSError, match=r"32x3000000 pixels, more than the 67 million"):
        ImageFiles([tmp_path / "a.png"], image_size=20)[0]
    with pytest.raises(OSError, match=r"truncated|broken|decod"):  # it would be reduced by 2
        ImageFiles([tmp_path / "a.png"], image_size=16)[0]


@pytest.mark.parametrize("block", [1, 4, 7, 12])
def test_values_are_scaled_in_blocks(block, tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    color, opacity = rng.random((5, 6, 3)), rng.random((5, 6, 1))
    stored = np.uint16(np.round(65535 * np.concatenate([color, opacity], axis=-1)))
    options = {"photometric": "rgb", "extrasamples": ["unassalpha"]}
    tifffile.imwrite(tmp_path / "a.tif", stored, **options)
    monkeypatch.setattr(values, "BLOCK", block)
    picture = read(tmp_path / "a.tif", window=(1000, 40000))[0]
    expected = 1 - opacity * (1 - np.clip((65535 * color - 1000) / 39000, 0, 1))
    np.testing.assert_allclose(picture, expected, atol=1e-4)


def test_a_large_picture_takes_little_memory_and_is_reduced(tmp_path):
    """A small file of many pixels, and more than Pillow opens without a warning."""
    width, height = 12000, 9000
    packed = zlib.compressobj(1)
    rows = b"\0" + b"\x40" * width
    data = b"".join([*(packed.compress(rows) for _ in range(height)), packed.flush()])
    whole = png(width, height, color=0)[:33]
    for kind, part in ((b"IDAT", data), (b"IEND", b"")):
        whole += struct.pack(">I", len(part)) + kind + part
        whole += struct.pack(">I", zlib.crc32(kind + part))
    (tmp_path / "a.png").write_bytes(whole)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    picture = read_picture(tmp_path / "a.png", 64)
    assert picture.shape == (48, 64, 3)
    np.testing.assert_allclose(picture, 64 / 255, atol=1e-6)
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 < 10**9


def test_of_a_large_jpeg_a_part_is_decoded(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "MOST_PIXELS", 10_000)
    monkeypatch.setattr(limits, "ENOUGH", 8_000)
    image = Image.linear_gradient("L").resize((400, 300))
    image.save(tmp_path / "a.jpg", quality=95)
    picture = read_picture(tmp_path / "a.jpg")
    assert picture.shape == (75, 100, 3)
    np.testing.assert_allclose(picture[:, 50, 0], np.arange(75) / 75, atol=0.02)
    image.save(tmp_path / "b.jpg", progressive=True)  # all of it is kept while it is decoded
    with pytest.raises(OSError, match="400x300 pixels"):
        read_picture(tmp_path / "b.jpg")
