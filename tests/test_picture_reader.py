"""One reader for the command line and for data sets: every data type, and never much memory."""

import io
import resource
import struct
import warnings
import zlib

import numpy as np
import pytest
import tifffile
from click.testing import CliRunner
from PIL import Image

from kerascnn import _picture_reader, cli
from kerascnn._picture_reader import PictureError, check, read
from kerascnn.cli._pictures import read_picture
from kerascnn.datasets import ImageFiles, from_directory

RAMP = np.linspace(0, 1, 24).reshape(4, 6)


def both(path, **options):
    """The grey of a picture as the command line and as a data set read it, and what is said."""
    said = []
    picture = read_picture(path, say=said.append, **options)
    height, width, _ = picture.shape
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        image = ImageFiles([path], image_size=(height, width), **options)[0]
    np.testing.assert_allclose(image, picture, atol=1e-6)
    assert len(caught) == len(said)
    np.testing.assert_array_equal(picture[..., 0], picture[..., 2])
    return picture[..., 0], " ".join(said)


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize(
    ("dtype", "largest"),
    [("u1", 255), ("u2", 65535), ("u4", 2**32 - 1), ("f2", 1), ("f4", 1), ("f8", 1)],
)
def test_the_range_is_that_of_the_data_type(dtype, largest, compression, order, tmp_path):
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
    dtype, low, high, compression, tmp_path
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


def test_unsigned_32_bits_that_pillow_takes_for_signed(tmp_path):
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


def test_dark_colours_of_sixteen_bits_that_pillow_reads(tmp_path, monkeypatch):
    color = np.stack([RAMP, RAMP[::-1], 1 - RAMP], axis=-1)
    path, said = tmp_path / "a.tif", []
    tifffile.imwrite(path, np.uint16(4095 * color), photometric="rgb", compression="zlib")
    with_tifffile = read_picture(path, say=said.append)
    monkeypatch.setattr(_picture_reader, "PACKED", ())  # as if it were LZW
    np.testing.assert_allclose(read_picture(path, say=said.append), with_tifffile, atol=0.07)
    np.testing.assert_allclose(with_tifffile, color, atol=0.01)
    for line, most in zip(said, (4095, 0x0F0F), strict=True):
        assert f"its uint16 values, 0 to {most}, use little of their range" in line


def test_a_palette_or_planes_that_pillow_misreads_are_refused(tmp_path):
    indices, path = np.arange(24, dtype="u2").reshape(4, 6), tmp_path / "a.tif"
    colors = np.zeros((3, 2**16), np.uint16)
    tifffile.imwrite(path, indices, photometric="palette", colormap=colors)
    with pytest.raises(PictureError, match=r"unsupported TIFF \(uint16, .*PALETTE"):
        read(path)
    for dtype, kind, samples in (("u2", "separated", 4), ("u1", "cielab", 3)):
        values = np.full((samples, 4, 6), 7, dtype)
        tifffile.imwrite(path, values, photometric=kind, planarconfig="separate")
        with pytest.raises(PictureError, match=rf"{kind.upper()}, NONE, SEPARATE"):
            read(path)


def test_nan_is_black_and_infinities_are_the_ends(tmp_path):
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


def test_a_kind_that_nothing_reads_is_named(tmp_path):
    two = np.zeros((4, 6, 2), np.float32)
    tifffile.imwrite(tmp_path / "a.tif", two, photometric="minisblack", planarconfig="contig")
    message = r"unsupported TIFF \(float32, 2 sample\(s\) per pixel, MINISBLACK, NONE, CONTIG\)"
    with pytest.raises(OSError, match=message):
        read_picture(tmp_path / "a.tif")


def test_a_constant_is_no_division_by_zero(tmp_path):
    for value, expected in ((0.25, 0.25), (0, 0), (7, 0)):
        tifffile.imwrite(tmp_path / "a.tif", np.full((4, 6), value, "f4"))
        np.testing.assert_array_equal(both(tmp_path / "a.tif")[0], expected)


def test_white_is_zero_in_radiographs(tmp_path):
    for dtype in ("u1", "u2"):
        values = (RAMP * np.iinfo(dtype).max).astype(dtype)
        tifffile.imwrite(tmp_path / "a.tif", values, photometric="miniswhite")
        np.testing.assert_allclose(both(tmp_path / "a.tif")[0], 1 - RAMP, atol=4e-3)
        whole = (0, int(np.iinfo(dtype).max))
        grey, _ = both(tmp_path / "a.tif", window=whole)
        np.testing.assert_allclose(grey, 1 - RAMP, atol=4e-3)


@pytest.mark.parametrize("compression", [None, "tiff_lzw"])
@pytest.mark.parametrize("dtype", ["u1", "u2", "f4"])
def test_tiffs_stand_upright(dtype, compression, tmp_path):
    values = (RAMP * (1 if dtype == "f4" else np.iinfo(dtype).max)).astype(dtype)
    for orientation, turned in ((2, values[:, ::-1]), (3, np.rot90(values, 2)),
                                (6, np.rot90(values, -1)), (8, np.rot90(values)),
                                (5, values.T)):  # fmt: skip
        image = Image.fromarray(values)
        image.save(tmp_path / "a.tif", tiffinfo={274: orientation}, compression=compression)
        grey, _ = both(tmp_path / "a.tif")
        np.testing.assert_allclose(grey, turned / values.max(), atol=1e-6)


def test_of_several_pages_the_first_is_read_and_it_is_said(tmp_path):
    pages = np.uint8(255 * np.stack([RAMP, 1 - RAMP]))
    tifffile.imwrite(tmp_path / "a.tif", pages, photometric="minisblack")
    grey, said = both(tmp_path / "a.tif")
    np.testing.assert_array_equal(grey, pages[0] / np.float32(255))
    assert "more than one page" in said
    with tifffile.TiffWriter(tmp_path / "b.tif") as file:  # a thumbnail is no page
        file.write(pages[0])
        file.write(pages[0, ::2, ::2], subfiletype=1)
    assert both(tmp_path / "b.tif")[1] == ""


def test_what_is_transparent_is_white_for_both(tmp_path):
    clear = np.dstack([np.zeros((2, 2, 3), np.uint8), [[0, 255], [255, 51]]]).astype(np.uint8)
    Image.fromarray(clear).save(tmp_path / "a.png")
    np.testing.assert_allclose(both(tmp_path / "a.png")[0], [[1, 0], [0, 0.8]], atol=1e-6)
    palette = Image.fromarray(np.array([[0, 1]], np.uint8), "P")
    palette.putpalette([0, 0, 0, 51, 51, 51])
    palette.save(tmp_path / "b.png", transparency=0)
    np.testing.assert_allclose(both(tmp_path / "b.png")[0], [[1, 0.2]], atol=1e-6)


@pytest.mark.parametrize("mode", ["1", "P", "CMYK", "YCbCr", "LA"])
@pytest.mark.parametrize("ending", ["png", "tif", "jpg"])
def test_other_kinds_of_eight_bits(mode, ending, tmp_path):
    image = Image.fromarray(np.uint8([[0, 255, 255, 0]] * 8).repeat(8, axis=1)).convert(mode)
    try:
        image.save(tmp_path / f"a.{ending}")
    except OSError:
        pytest.skip(f"no {mode} in {ending}")
    grey, _ = both(tmp_path / f"a.{ending}")
    np.testing.assert_allclose(grey[:, [4, 12, 20, 28]], [[0, 1, 1, 0]] * 8, atol=0.03)


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


# -- sizes --------------------------------------------------------------------------------------


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
    from kerascnn import _picture_reader

    monkeypatch.setattr(_picture_reader, "MOST_PIXELS", 10_000)
    monkeypatch.setattr(_picture_reader, "ENOUGH", 8_000)
    image = Image.linear_gradient("L").resize((400, 300))
    image.save(tmp_path / "a.jpg", quality=95)
    picture = read_picture(tmp_path / "a.jpg")
    assert picture.shape == (75, 100, 3)
    np.testing.assert_allclose(picture[:, 50, 0], np.arange(75) / 75, atol=0.02)
    image.save(tmp_path / "b.jpg", progressive=True)  # all of it is kept while it is decoded
    with pytest.raises(OSError, match="400x300 pixels"):
        read_picture(tmp_path / "b.jpg")


# -- damage -------------------------------------------------------------------------------------


def test_damaged_exif_data_is_no_damaged_picture(tmp_path):
    image = Image.fromarray(np.uint8(255 * RAMP))
    image.save(tmp_path / "a.png", exif=b"Exif\0\0II*\0\xff\xff\xff\xff")
    with pytest.warns(UserWarning, match="Corrupt EXIF data"):  # Pillow's
        picture = read_picture(tmp_path / "a.png")
    np.testing.assert_array_equal(picture[..., 1], np.uint8(255 * RAMP) / np.float32(255))


def test_a_tiff_that_says_it_is_wider_than_its_tiles(tmp_path):
    """Of which tifffile looks for each of 60,000 missing tiles."""
    file = io.BytesIO()
    tifffile.imwrite(file, np.zeros((24, 32)), tile=(16, 16))
    data = bytearray(file.getvalue())
    width = next(i for i in range(8, len(data)) if data[i : i + 2] == struct.pack("<H", 256))
    data[width + 8 : width + 12] = struct.pack("<I", 10**6)
    (tmp_path / "a.tif").write_bytes(data)
    with pytest.raises(OSError, match=r"a\.tif' must be a picture"):
        read_picture(tmp_path / "a.tif")


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


# -- the command line ---------------------------------------------------------------------------


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
    assert "give --window BLACK WHITE" in result.stderr
    with Image.open("g.JPG") as image:
        assert image.format == "JPEG"


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (("-o", "g.gif"), ".svg, .png, .pdf, .jpg, .jpeg, .webp, .tif, .tiff; received 'g.gif'"),
        (("--window", "4", "-1"), "the value of black and a larger one of white; received 4 -1."),
    ],
)
def test_bad_options_are_one_line(options, line, gradcam):
    result = gradcam(*options)
    assert result.exit_code == 2
    (said,) = result.stderr.splitlines()
    assert line in said


def test_a_picture_of_which_no_maps_are_left():
    from kerascnn.trained import load

    net = load("vgg16", weights="cifar10")
    with pytest.raises(ValueError, match=r"less narrow.*its 1x300 pixels as 7x2048.*at most 32"):
        net.fitted(np.zeros((300, 1, 3), np.float32))
    assert net.fitted(np.zeros((300, 20, 3), np.float32)).shape == (960, 64, 3)
