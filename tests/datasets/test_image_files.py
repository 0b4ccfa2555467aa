import tracemalloc

import numpy as np
import pytest
from PIL import Image

from kerascnn.datasets import ImageFiles


@pytest.fixture(scope="module")
def pictures():
    return np.random.default_rng(0).integers(0, 256, (7, 6, 9, 3), np.uint8)


@pytest.fixture
def paths(pictures, tmp_path):
    paths = [tmp_path / f"{i}.png" for i in range(len(pictures))]
    for path, picture in zip(paths, pictures, strict=True):
        Image.fromarray(picture).save(path)
    return paths


def stripes(*colours, width=10, height=10):
    """A picture of vertical stripes."""
    return np.repeat(np.array([colours], np.uint8), width, axis=1).repeat(height, axis=0)


RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


def test_png_files_of_the_wanted_size_keep_their_values(paths, pictures):
    images = ImageFiles(paths, image_size=(6, 9))
    np.testing.assert_array_equal(np.asarray(images), pictures.astype(np.float32) / 255)


@pytest.mark.parametrize(
    "rows",
    [
        0, -1, np.int64(3), slice(None), slice(1, 5, 2), slice(9, 20), [4, 4, 0], [],
        np.array([6, 2]), np.array([[1, 2], [3, 0]]), np.arange(7) % 2 == 0,
    ],
    ids=str,
)  # fmt: skip
def test_rows_are_taken_as_from_an_array(paths, pictures, rows):
    images = ImageFiles(paths, image_size=(6, 9))
    if isinstance(rows, list) and not rows:
        rows = np.array(rows, int)
    expected = (pictures.astype(np.float32) / 255)[rows]
    assert images[rows].dtype == np.float32
    np.testing.assert_array_equal(images[rows], expected)


def test_it_says_what_an_array_says(paths):
    images = ImageFiles(paths, image_size=(6, 9), channels=1)
    everything = np.asarray(images)
    assert images.shape == everything.shape == (7, 6, 9, 1)
    assert images.dtype == everything.dtype == np.float32
    assert images.ndim == everything.ndim
    assert len(images) == 7
    assert images.paths == tuple(paths)
    assert repr(images) == "<ImageFiles: 7 of 6x9x1, on disk>"
    assert np.asarray(images, np.float64).dtype == np.float64
    assert len(list(images)) == 7  # a loop comes to an end


def test_only_the_rows_asked_for_are_read(paths, pictures):
    images = ImageFiles(paths, image_size=(6, 9))
    for i in (0, 1, 3, 6):
        paths[i].unlink()
    np.testing.assert_array_equal(images[[5, 2]], pictures[[5, 2]].astype(np.float32) / 255)
    with pytest.raises(OSError, match=r"image '.*3\.png' cannot be read \(.*No such file"):
        images[2:4]


def test_a_batch_takes_the_memory_of_a_batch(paths):
    images = ImageFiles(paths * 300, image_size=128)
    tracemalloc.start()
    batch = images[1000:1008]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 3 * batch.nbytes  # all of them would take 131 times as much and more


def test_wrong_rows_are_refused(paths):
    images = ImageFiles(paths, image_size=(6, 9))
    with pytest.raises(IndexError):
        images[7]
    for rows in ((0, 1), ..., None, (slice(None), 0)):
        with pytest.raises(TypeError, match="indexed by rows only"):
            images[rows]
    with pytest.raises(ValueError, match="no array to share"):
        np.asarray(images, copy=False)


def test_crop_keeps_the_middle_and_stretch_keeps_everything(tmp_path):
    path = tmp_path / "wide.png"
    Image.fromarray(stripes(RED, GREEN, BLUE)).save(path)  # 10 high, 30 wide
    cropped = ImageFiles([path], image_size=5)[0]
    np.testing.assert_array_equal(cropped[:, 1:-1], np.broadcast_to([0.0, 1, 0], (5, 3, 3)))
    assert cropped[..., 1].min() > 0.8  # smooth as in the larger picture that it is cut from
    stretched = ImageFiles([path], image_size=(5, 9), resize="stretch")[0]
    np.testing.assert_array_equal(stretched[0, [0, 4, 8]], np.eye(3))
    upright = ImageFiles([path], image_size=(10, 5))[0]
    np.testing.assert_array_equal(upright, np.broadcast_to([0.0, 1, 0], (10, 5, 3)))


def test_fine_detail_is_averaged_and_not_sampled(tmp_path):
    board = (np.indices((64, 64)).sum(axis=0) % 2 * 255).astype(np.uint8)
    Image.fromarray(board).save(tmp_path / "board.png")
    image = ImageFiles([tmp_path / "board.png"], image_size=8, channels=1)[0]
    np.testing.assert_allclose(image, 0.5, atol=0.01)


@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_photos_stand_upright_as_their_camera_noted(tmp_path, orientation):
    picture = np.zeros((16, 24, 3), np.uint8)
    picture[:8, :12] = 255  # bright at the upper left
    turns = {3: 2, 6: 1, 8: 3}[orientation]  # by which the camera's picture is turned back
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(np.rot90(picture, turns)).save(tmp_path / "a.jpg", exif=exif, quality=95)
    image = ImageFiles([tmp_path / "a.jpg"], image_size=(16, 24), channels=1)[0]
    assert image[:6, :10].min() > 0.9
    assert image[:, 14:].max() < 0.1
    assert image[10:].max() < 0.1


def test_every_kind_of_picture_becomes_grey_or_rgb(tmp_path):
    grey = np.array([[0, 51], [204, 255]], np.uint8)
    rgba = np.dstack([grey, grey, grey, np.full_like(grey, 255)])
    palette = Image.fromarray(np.dstack([grey] * 3)).quantize(4)
    kinds = {
        "grey.png": Image.fromarray(grey),
        "sixteen.png": Image.fromarray(grey.astype(np.uint16) * 257),
        "rgba.png": Image.fromarray(rgba),
        "palette.png": palette,
        "grey.bmp": Image.fromarray(grey),
        "grey.tif": Image.fromarray(grey),
        "sixteen.tif": Image.fromarray(grey.astype(np.uint16) * 257),
    }
    for name, picture in kinds.items():
        picture.save(tmp_path / name)
    names = list(kinds)
    for channels in (1, 3):
        images = ImageFiles([tmp_path / n for n in names], image_size=2, channels=channels)[:]
        for name, image in zip(names, images, strict=True):
            for channel in range(channels):
                np.testing.assert_allclose(image[..., channel], grey / 255, atol=1e-3, err_msg=name)


def test_a_large_jpeg_is_hardly_changed_by_reading_part_of_its_detail(tmp_path):
    from kerascnn.datasets import photo

    original = Image.fromarray(photo("astronaut"))
    original.save(tmp_path / "a.jpg", quality=95)
    image = ImageFiles([tmp_path / "a.jpg"], image_size=64)[0]
    with Image.open(tmp_path / "a.jpg") as full:
        exact = np.asarray(full.resize((64, 64), Image.Resampling.BILINEAR)) / 255
    assert np.abs(image - exact).mean() < 0.01
    assert np.abs(image - exact).max() < 0.1


@pytest.mark.parametrize("content", [b"", b"no picture at all"])
def test_what_is_no_picture_is_named(paths, content):
    paths[4].write_bytes(content)
    images = ImageFiles(paths, image_size=8)
    with pytest.raises(OSError, match=r"image '.*4\.png' cannot be read \(unknown file format\)"):
        images.check()
    with pytest.raises(OSError, match=r"image '.*4\.png' cannot be read"):
        images[:]
    assert images[:4].shape == (4, 8, 8, 3)


def test_a_cut_off_picture_is_named_when_it_is_read(paths):
    paths[1].write_bytes(paths[1].read_bytes()[:-60])
    images = ImageFiles(paths, image_size=8)
    images.check()  # its beginning is fine
    with pytest.raises(OSError, match=r"image '.*1\.png' cannot be read \(.*\): replace") as e:
        images[1]
    assert "\n" not in str(e.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"image_size": 0}, r"image_size must be a whole number of pixels .* received 0"),
        ({"image_size": (8, 8, 3)}, r"received \(8, 8, 3\)"),
        ({"image_size": 2.5}, "received 2.5"),
        ({"image_size": 8, "channels": 4}, "channels must be 3 for RGB or 1 for gray; received 4"),
        ({"image_size": 8, "resize": "pad"}, "resize must be one of 'crop', 'stretch'; rec"),
    ],
)
def test_a_wrong_option_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        ImageFiles([], **options)
