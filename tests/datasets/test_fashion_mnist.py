"""What is Fashion-MNIST's own; the reading of its file is tested with MNIST's."""

import numpy as np
import pytest

from kerascnn import datasets


@pytest.fixture
def arrays():
    rng = np.random.default_rng(0)
    return {
        "x_train": rng.integers(0, 256, (24, 28, 28), dtype=np.uint8),
        "y_train": np.arange(24, dtype=np.uint8) % 10,
        "x_test": rng.integers(0, 256, (6, 28, 28), dtype=np.uint8),
        "y_test": np.arange(6, dtype=np.uint8),
    }


def check(data, arrays):
    assert repr(data) == (
        "<Dataset 'fashion_mnist': 22 train, 2 validation, 6 test; 28x28x1, 10 classes>"
    )
    np.testing.assert_allclose(data.test[0][..., 0] * 255, arrays["x_test"], atol=1e-4)
    np.testing.assert_array_equal(data.test[1], arrays["y_test"])
    assert data.class_names[0] == "T-shirt/top"
    assert data.class_names[9] == "ankle boot"


def test_its_own_file_is_read(tmp_path, arrays):
    np.savez_compressed(tmp_path / "fashion_mnist.npz", **arrays)
    check(datasets.load("fashion_mnist", data_dir=tmp_path), arrays)


def test_mnists_file_is_not_taken_for_it(tmp_path, arrays):
    np.savez(tmp_path / "mnist.npz", **arrays)
    with pytest.raises(FileNotFoundError, match=r"data_dir must contain fashion_mnist\.npz"):
        datasets.load("fashion_mnist", data_dir=tmp_path)


def test_keras_downloads_it(arrays, monkeypatch):
    from keras.datasets import fashion_mnist

    monkeypatch.delenv("KERASCNN_DATA", raising=False)
    parts = (arrays["x_train"], arrays["y_train"]), (arrays["x_test"], arrays["y_test"])
    monkeypatch.setattr(fashion_mnist, "load_data", lambda: parts)
    check(datasets.load("fashion_mnist"), arrays)


def test_no_network_says_what_to_do(monkeypatch):
    from keras.datasets import fashion_mnist

    def refuse():
        raise Exception("URL fetch failure")

    monkeypatch.delenv("KERASCNN_DATA", raising=False)
    monkeypatch.setattr(fashion_mnist, "load_data", refuse)
    with pytest.raises(OSError, match=r"Fashion-MNIST could not be .* fashion_mnist\.npz"):
        datasets.load("fashion_mnist")


def test_labels_beyond_the_classes_are_refused(tmp_path, arrays):
    np.savez(tmp_path / "fashion_mnist.npz", **{**arrays, "y_test": np.arange(5, 11)})
    with pytest.raises(ValueError, match="must contain labels from 0 to 9; received 5 to 10"):
        datasets.load("fashion_mnist", data_dir=tmp_path)
