"""CIFAR-10 from a file made here, from Keras's cache, and from damaged files."""

import io

import numpy as np
import pytest
from PIL import Image

from kerascnn import datasets

COUNTS = {"train": 20, "test": 5}


def picture(color, size=(32, 32)):
    file = io.BytesIO()
    Image.new("RGB", size, color).save(file, "JPEG", quality=95)
    return file.getvalue()


@pytest.fixture
def arrays():
    made = {}
    for part, count in COUNTS.items():
        pictures = [picture((10 * i, 255 - 10 * i, 100)) for i in range(count)]
        made[f"jpeg_{part}"] = np.frombuffer(b"".join(pictures), np.uint8)
        made[f"offset_{part}"] = np.cumsum([0, *map(len, pictures)])
        made[f"y_{part}"] = np.arange(count, dtype=np.uint8) % 10
    return made


@pytest.fixture
def load(tmp_path, arrays):
    def write_and_load(**changed):
        np.savez(tmp_path / "cifar10_jpeg.npz", **(arrays | changed))
        return datasets.load("cifar10", data_dir=tmp_path)

    return write_and_load


def test_pictures_and_labels(load):
    data = load()
    assert [len(part[1]) for part in (data.train, data.validation, data.test)] == [18, 2, 5]
    images, labels = data.train
    assert images.shape == (18, 32, 32, 3)
    assert images.dtype == np.float32
    for i, image in enumerate(images):  # JPEG keeps a plain colour but for rounding
        np.testing.assert_allclose(image[5, 7] * 255, (10 * i, 255 - 10 * i, 100), atol=3)
    np.testing.assert_array_equal(labels, np.arange(18) % 10)
    np.testing.assert_allclose(data.validation[0][1, 0, 0] * 255, (190, 65, 100), atol=3)
    assert data.class_names[6] == "frog"


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"y_train": np.full(20, 10)}, "labels of 0 to 9"),
        ({"y_test": np.zeros(4, int)}, "6 offsets and 4 labels"),
        ({"jpeg_test": np.zeros(100)}, "must contain uint8 JPEG bytes"),
    ],
)
def test_something_else_in_the_file_is_refused(load, changed, message):
    with pytest.raises(ValueError, match=message):
        load(**changed)


def test_a_damaged_picture_is_named(load, arrays):
    broken = arrays["jpeg_train"].copy()
    start = arrays["offset_train"][3]
    broken[start : start + 20] = 0
    with pytest.raises(OSError, match=r"cannot be read \(image 3"):
        load(jpeg_train=broken)


def test_a_picture_of_another_size_is_named(load):
    small = np.frombuffer(picture((0, 0, 0), (8, 8)), np.uint8)
    with pytest.raises(OSError, match=r"cannot be read \(image 0"):
        load(jpeg_test=small, offset_test=np.array([0, len(small)]), y_test=np.zeros(1, int))


def test_what_keras_downloads(monkeypatch):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (12, 32, 32, 3), np.uint8)
    labels = np.arange(12, dtype=np.uint8)[:, None] % 10
    monkeypatch.delenv("KERASCNN_DATA", raising=False)
    monkeypatch.setattr("keras.datasets.cifar10.load_data", lambda: ((images, labels),) * 2)
    data = datasets.load("cifar10")
    np.testing.assert_allclose(data.test[0] * 255, images, atol=1e-4)
    np.testing.assert_array_equal(data.test[1], labels.ravel())
    assert len(data.train[1]) == 11


def test_no_network_says_what_to_do(monkeypatch):
    def refuse():
        raise Exception("URL fetch failure")

    monkeypatch.delenv("KERASCNN_DATA", raising=False)
    monkeypatch.setattr("keras.datasets.cifar10.load_data", refuse)
    with pytest.raises(OSError, match=r"CIFAR-10 could not be downloaded .* cifar10_jpeg.npz"):
        datasets.load("cifar10")
