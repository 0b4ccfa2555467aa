"""Images of eight bits, and damaged files."""

import io
import struct
import zlib

import numpy as np
import pytest
import tifffile
from PIL import Image, TiffImagePlugin

from kerascnn._picture_reader import PictureError, read, read_labels
from kerascnn.cli._pictures import read_picture
from kerascnn.datasets import ImageFiles

RAMP = np.linspace(0, 1, 24).reshape(4, 6)
COLOR = np.stack([RAMP, RAMP[::-1], 1 - RAMP], axis=-1)


def write_png(path, values, kind, **chunks):
    """Write 16 bits per channel, (H, W) or (H, W, C), which Pillow does not if there are colors."""
    height, width = values.shape[:2]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    chunks = {"IHDR": struct.pack(">IIBBBBB", width, height, 16, kind, 0, 0, 0), **chunks}
    data = b"\x89PNG\r\n\x1a\n"
    for name, content in (chunks | {"IDAT": zlib.compress(rows), "IEND": b""}).items():
        whole = name.encode() + content
        data += struct.pack(">I", len(content)) + whole + struct.pack(">I", zlib.crc32(whole))
    path.write_bytes(data)


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
        transparency = struct.pack(">H", clear) * (1 if kind == 0 else 3)
        write_png(tmp_path / "a.png", pixels, kind, tRNS=transparency)
        grey, said = both(tmp_path / "a.png")
        expected = np.where(values == clear, 1, values / 65535)
        np.testing.assert_allclose(grey, expected, atol=1e-6)
        assert said == ""


@pytest.mark.parametrize("kind", [0, 2, 4, 6], ids=["gray", "RGB", "gray+alpha", "RGBA"])
def test_a_png_of_16_bits_keeps_all_of_them(kind, tmp_path):
    color = COLOR if kind in (2, 6) else RAMP[..., None]
    opacity = np.tile(np.linspace(0, 1, 6), (4, 1))[..., None] if kind >= 4 else 1
    for most in (4095, 65535):
        stored = np.round(color * most)
        if kind >= 4:
            stored = np.concatenate([stored, np.round(opacity * 65535)], axis=-1)
        write_png(tmp_path / "a.png", stored, kind)
        expected = np.broadcast_to(1 - opacity * (1 - color), COLOR.shape)
        picture, notes = read(tmp_path / "a.png", window=(0, most))
        np.testing.assert_allclose(picture, expected, atol=3e-4)
        picture, notes = read(tmp_path / "a.png")
        assert ("0 to 4095, use little of their range" in notes.window) == (most == 4095)
        if most == 65535:
            np.testing.assert_allclose(picture, expected, atol=2e-5)


@pytest.mark.parametrize("most", [100, 255, 4095, 65535])
@pytest.mark.parametrize("kind", ["P2", "P3", "P5", "P6"])
def test_pgm_and_ppm_have_the_values_of_the_file(kind, most, tmp_path):
    color = COLOR if kind in ("P3", "P6") else RAMP
    values = np.round(color * most).astype(">u2" if most > 255 else "u1")
    plain = kind in ("P2", "P3")
    data = " ".join(map(str, values.flat)).encode() if plain else values.tobytes()
    (tmp_path / "a.pnm").write_bytes(f"{kind} 6 4 {most}\n".encode() + data)
    half = most // 2
    expected = np.clip(np.float32(values) / half, 0, 1)
    picture, _ = read(tmp_path / "a.pnm", window=(0, half))
    shape = (4, 6, -1)
    atol = 0.01 if kind in ("P3", "P6") and most > 255 else 1e-6  # of which Pillow keeps 8 bits
    np.testing.assert_allclose(
        picture, np.broadcast_to(expected.reshape(shape), picture.shape), atol=atol
    )
    picture, notes = read(tmp_path / "a.pnm")
    np.testing.assert_allclose(
        picture, np.broadcast_to(np.reshape(values / most, shape), picture.shape), atol=0.005
    )
    assert notes.window == ""


def test_jpeg_2000_has_the_values_of_the_file(tmp_path):
    values, path = np.uint16(RAMP * 65535), tmp_path / "a.jp2"
    Image.fromarray(values).save(path)
    picture, _ = read(path, window=(0, 65535), channels=1)
    np.testing.assert_allclose(picture[..., 0], RAMP, atol=2e-5)


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_jpeg_2000_of_other_depths(mode, tmp_path):
    """Files of 8 bits that say that they have 12: their middle, 128, becomes 2048."""
    path, gray = tmp_path / "a.jp2", np.arange(64, dtype="u1").reshape(8, 8) * 4
    Image.fromarray(gray).convert(mode).save(path)
    data = bytearray(path.read_bytes())
    start = data.index(b"\xff\x4f\xff\x51") + 42  # the first component's depth, less 1
    for position in range(start, start + 3 * len(mode), 3):
        assert data[position] == 7
        data[position] = 11
    data[data.index(b"ihdr") + 14] = 11
    path.write_bytes(data)
    if mode == "RGB":
        with pytest.raises(PictureError, match=r"colors of 12 bits .* JPEG 2000; convert it"):
            read(path)
    else:
        expected = gray + np.float32(2048 - 128)
        np.testing.assert_array_equal(read_labels(path), expected)
        for window, white in ((None, 4095), ((0, 3000), 3000)):
            picture, _ = read(path, window=window, channels=1)
            np.testing.assert_allclose(picture[..., 0], expected / white, atol=1e-6)


def test_gray_that_is_multiplied_by_its_opacity(both, tmp_path):
    if (b"II", 1, (1,), 1, (8, 8), (1,)) not in TiffImagePlugin.OPEN_INFO:
        pytest.skip("this version of Pillow does not read it")
    opacity = np.linspace(0, 1, 6)
    stored = np.uint8(np.round(255 * np.dstack([RAMP * opacity, np.tile(opacity, (4, 1))])))
    tifffile.imwrite(
        tmp_path / "a.tif", stored, photometric="minisblack", planarconfig="contig",
        extrasamples=["assocalpha"],
    )  # fmt: skip
    grey, _ = both(tmp_path / "a.tif")
    np.testing.assert_allclose(grey, 1 - opacity * (1 - RAMP), atol=0.01)


def test_a_window_applies_before_the_background(both, tmp_path):
    """0.4 of white is shown in white, half transparent black in gray."""
    stored = np.uint8([[[0, 255], [51, 255], [102, 255], [0, 0], [0, 51], [51, 51]]])
    Image.fromarray(stored).save(tmp_path / "a.png")
    grey, _ = both(tmp_path / "a.png", window=(0, 102))
    np.testing.assert_allclose(grey, [[0, 0.5, 1, 1, 0.8, 0.9]], atol=1e-6)


def test_a_mask_has_the_indices_of_a_palette_but_of_a_gif_the_colors(tmp_path):
    mask = np.uint8([[0, 2, 3], [3, 0, 2]])
    Image.fromarray(mask).save(tmp_path / "a.gif")  # Pillow leaves out the level 1
    np.testing.assert_array_equal(read_labels(tmp_path / "a.gif"), np.dstack([mask] * 3))
    palette = np.random.default_rng(0).integers(256, size=(256, 3), dtype="u1")
    image = Image.fromarray(mask, "P")
    image.putpalette(palette.ravel().tolist())
    for ending in ("gif", "png", "tif", "bmp"):
        image.save(tmp_path / f"b.{ending}")
        expected = palette[mask] if ending == "gif" else mask
        np.testing.assert_array_equal(read_labels(tmp_path / f"b.{ending}"), expected)
