"""Images of eight bits, and damaged files."""

import io

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
