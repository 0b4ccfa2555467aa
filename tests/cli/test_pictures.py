"""Picture files of every kind, read upright and written whole."""

import numpy as np
import pytest
from PIL import Image

from kerascnn.cli._pictures import check_output, grey, middle, read_picture, write_picture

COLORS = np.array([[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [255, 255, 255]]], np.uint8)


def test_pixels_of_a_png(tmp_path):
    Image.fromarray(COLORS).save(tmp_path / "a.png")
    picture = read_picture(tmp_path / "a.png")
    assert picture.dtype == np.float32
    np.testing.assert_array_equal(picture, COLORS / np.float32(255))


def test_a_camera_that_was_held_sideways(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # orientation: to be turned a quarter clockwise
    Image.fromarray(COLORS).save(tmp_path / "a.png", exif=exif)
    np.testing.assert_array_equal(read_picture(tmp_path / "a.png") * 255, np.rot90(COLORS, k=-1))


def test_what_is_transparent_is_white_and_gray_has_three_channels(tmp_path):
    half = np.dstack([np.zeros((2, 2, 3), np.uint8), np.array([[0, 255], [255, 0]], np.uint8)])
    Image.fromarray(half).save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_picture(tmp_path / "a.png")[..., 1], [[1, 0], [0, 1]])
    Image.fromarray(np.array([[0, 51]], np.uint8)).save(tmp_path / "b.png")
    np.testing.assert_allclose(read_picture(tmp_path / "b.png")[0, 1], [0.2] * 3)


def test_the_longer_side_is_brought_down_and_never_up(tmp_path):
    Image.new("RGB", (300, 100)).save(tmp_path / "a.png")
    assert read_picture(tmp_path / "a.png", 60).shape == (20, 60, 3)
    assert read_picture(tmp_path / "a.png", 600).shape == (100, 300, 3)
    Image.new("RGB", (1, 150)).save(tmp_path / "thin.png")
    assert read_picture(tmp_path / "thin.png", 64).shape == (64, 1, 3)


@pytest.mark.parametrize("content", [None, b"", b"no picture", "cut"])
def test_what_cannot_be_read_is_one_line(tmp_path, content):
    path = tmp_path / "a.png"
    if content == "cut":
        Image.fromarray(np.random.default_rng(0).integers(0, 256, (50, 50, 3), np.uint8)).save(path)
        content = path.read_bytes()[:500]
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(OSError, match=r"a\.png' must be an image, such as a JPEG or PNG") as error:
        read_picture(path)
    assert "\n" not in str(error.value)


def test_written_and_read_again(tmp_path):
    picture = np.array([[[0.0, 0.5, 1.0], [1.2, -0.1, 0.25]]])
    write_picture(picture, tmp_path / "a.png")
    expected = np.round(picture.clip(0, 1) * 255) / 255
    np.testing.assert_allclose(read_picture(tmp_path / "a.png"), expected, atol=1e-6)
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_outputs_that_cannot_be(tmp_path):
    image = tmp_path / "a.png"
    image.write_bytes(b"")
    assert check_output(tmp_path / "b.jpg", str(image), None) == tmp_path / "b.jpg"
    with pytest.raises(ValueError, match=r"the output must end in one of"):
        check_output(tmp_path / "b.txt")
    with pytest.raises(ValueError, match="must differ from the inputs"):
        check_output(tmp_path / "x" / ".." / "a.png", str(image))
    with pytest.raises(OSError, match="folder must exist"):
        check_output(tmp_path / "none" / "b.png")


def test_the_middle():
    picture = np.arange(4 * 7 * 3).reshape(4, 7, 3)
    np.testing.assert_array_equal(middle(picture), picture[:, 1:5])
    np.testing.assert_array_equal(middle(picture.swapaxes(0, 1)), picture.swapaxes(0, 1)[1:5])


def test_grey_is_what_pillow_makes_of_colours():
    picture = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype="uint8")
    expected = np.asarray(Image.fromarray(picture).convert("L")) / 255
    np.testing.assert_allclose(grey(picture / 255)[..., 0], expected, atol=0.51 / 255)


def test_sixteen_bits_of_gray(tmp_path):
    Image.fromarray(np.array([[0, 51 * 257, 65535]], np.uint16)).save(tmp_path / "a.png")
    np.testing.assert_allclose(read_picture(tmp_path / "a.png")[0, :, 2], [0, 0.2, 1], atol=1e-6)
