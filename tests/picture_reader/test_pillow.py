"""Images of eight bits, and damaged files."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from kerascnn.cli._pictures import read_picture
from kerascnn.datasets import ImageFiles

RAMP = np.linspace(0, 1, 24).reshape(4, 6)


def test_what_is_transparent_is_white_for_both(both, tmp_path):
    clear = np.dstack([np.zeros((2, 2, 3), np.uint8), [[0, 255], [255, 51]]]).astype(np.uint8)
    Image.fromarray(clear).save(tmp_path / "a.png")
    np.testing.assert_allclose(both(tmp_path / "a.png")[0], [[1, 0], [0, 0.8]], atol=1e-6)
    palette = Image.fromarray(np.array([[0, 1]], np.uint8), "P")
    palette.putpalette([0, 0, 0, 51, 51, 51])
    palette.save(tmp_path / "b.png", transparency=0)
    np.testing.assert_allclose(both(tmp_path / "b.png")[0], [[1, 0.2]], atol=1e-6)


@pytest.mark.parametrize("mode", ["1", "P", "CMYK", "YCbCr", "LA"])
@pytest.mark.parametrize("ending", ["png", "tif", "jpg"])
def test_other_kinds_of_eight_bits(both, mode, ending, tmp_path):
    image = Image.fromarray(np.uint8([[0, 255, 255, 0]] * 8).repeat(8, axis=1)).convert(mode)
    try:
        image.save(tmp_path / f"a.{ending}")
    except OSError:
        pytest.skip(f"no {mode} in {ending}")
    grey, _ = both(tmp_path / f"a.{ending}")
    np.testing.assert_allclose(grey[:, [4, 12, 20, 28]], [[0, 1, 1, 0]] * 8, atol=0.03)


def test_damaged_exif_data_is_no_damaged_picture(tmp_path):
    image = Image.fromarray(np.uint8(255 * RAMP))
    image.save(tmp_path / "a.png", exif=b"Exif\0\0II*\0\xff\xff\xff\xff")
    with pytest.warns(UserWarning, match="Corrupt EXIF data"):  # Pillow's
        picture = read_picture(tmp_path / "a.png")
    np.testing.assert_array_equal(picture[..., 1], np.uint8(255 * RAMP) / np.float32(255))


@pytest.mark.parametrize("kind", ["png", "jpg", "gif", "bmp", "webp", "tif"])
def test_cut_files_are_one_line_or_a_picture(kind, tmp_path):
    file, path = io.BytesIO(), tmp_path / f"a.{kind}"
    noise = np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8)
    Image.fromarray(noise).save(file, Image.registered_extensions()[f".{kind}"])
    data = file.getvalue()
    for end in (0, 1, 7, 13, 30, len(data) // 2):
        path.write_bytes(data[:end])
        with pytest.raises(OSError, match=f"image .*a.{kind}") as error:
            ImageFiles([path], image_size=8)[0]
        assert "\n" not in str(error.value)


@pytest.mark.parametrize("kind", [0, 2], ids=["gray", "RGB"])
def test_a_clear_color_of_16_bits_is_white(both, kind, tmp_path):
    """Also black; a color that differs in the lower eight bits is another one."""
    values = np.array([[0, 1, 2 << 8, 2 << 8 | 3], [65535, 1000, 1000, 300]], ">u2")
    pixels = values if kind == 0 else np.dstack([values, values, values]).astype(">u2")
    for clear in (0, 2 << 8 | 3, 1000):
        rows = b"".join(b"\0" + row.tobytes() for row in pixels)
        transparency = struct.pack(">H", clear) * (1 if kind == 0 else 3)
        chunks = {
            b"IHDR": struct.pack(">IIBBBBB", 4, 2, 16, kind, 0, 0, 0),
            b"tRNS": transparency,
            b"IDAT": zlib.compress(rows),
            b"IEND": b"",
        }
        data = b"".join(
            struct.pack(">I", len(content)) + key + content
            + struct.pack(">I", zlib.crc32(key + content))
            for key, content in chunks.items()
        )  # fmt: skip
        (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + data)
        grey, said = both(tmp_path / "a.png")
        expected = np.where(values == clear, 1, values / 65535)
        np.testing.assert_allclose(grey, expected, atol=1e-6 if kind == 0 else 1 / 255)
        assert said == ""
