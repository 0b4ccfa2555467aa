import socket

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


@pytest.fixture
def data_dir(tmp_path, arrays):
    np.savez_compressed(tmp_path / "mnist.npz", **arrays)
    return tmp_path


@pytest.fixture
def no_network(tmp_path, monkeypatch):
    """An empty Keras cache and no way out; returns the cache."""
    from keras.src.backend import config

    def refuse(*args, **kwargs):
        raise OSError("Network is unreachable")

    monkeypatch.delenv("KERASCNN_DATA", raising=False)
    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    cache = tmp_path / "keras"
    cache.mkdir()
    monkeypatch.setattr(config, "keras_home", lambda: str(cache))
    return cache


def check(data, arrays):
    assert [len(part[1]) for part in (data.train, data.validation, data.test)] == [22, 2, 6]
    images = np.concatenate([data.train[0], data.validation[0]])
    assert images.dtype == np.float32
    np.testing.assert_allclose(images[..., 0] * 255, arrays["x_train"], atol=1e-4)
    np.testing.assert_allclose(data.test[0][..., 0] * 255, arrays["x_test"], atol=1e-4)
    np.testing.assert_array_equal(data.validation[1], arrays["y_train"][22:])


def test_a_directory_given_as_argument(data_dir, arrays):
    check(datasets.load("mnist", data_dir=data_dir), arrays)
    check(datasets.load("mnist", data_dir=str(data_dir)), arrays)


def test_a_directory_named_by_the_environment(data_dir, arrays, monkeypatch):
    monkeypatch.setenv("KERASCNN_DATA", str(data_dir))
    check(datasets.load("mnist"), arrays)


def test_the_argument_comes_before_the_environment(data_dir, tmp_path, monkeypatch):
    other = tmp_path / "other"
    other.mkdir()
    (other / "mnist.npz").write_bytes(b"nothing")
    monkeypatch.setenv("KERASCNN_DATA", str(other))
    assert len(datasets.load("mnist", data_dir=data_dir).test[1]) == 6


def test_a_directory_without_the_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"data_dir must contain mnist\.npz; '.*' does not"):
        datasets.load("mnist", data_dir=tmp_path)


def test_without_a_network_one_line_names_the_alternatives(no_network):
    with pytest.raises(OSError, match="MNIST could not be downloaded") as caught:
        datasets.load("mnist")
    line = str(caught.value)
    assert "\n" not in line
    for way_out in ("data_dir=", "KERASCNN_DATA", "'digits'"):
        assert way_out in line
    assert caught.value.__suppress_context__  # no chain of tracebacks
    assert not [file for file in no_network.rglob("*") if file.is_file()]  # no half file


def test_the_download_is_split_as_a_file_is(arrays, monkeypatch):
    from keras.datasets import mnist

    monkeypatch.delenv("KERASCNN_DATA", raising=False)
    monkeypatch.setattr(
        mnist,
        "load_data",
        lambda: ((arrays["x_train"], arrays["y_train"]), (arrays["x_test"], arrays["y_test"])),
    )
    check(datasets.load("mnist"), arrays)


def test_a_cut_off_file(data_dir):
    path = data_dir / "mnist.npz"
    path.write_bytes(path.read_bytes()[:-500])
    with pytest.raises(
        OSError, match=r"mnist.npz' cannot be read \(.*\): copy or download it again"
    ):
        datasets.load("mnist", data_dir=data_dir)


def test_a_flipped_byte(data_dir):
    path = data_dir / "mnist.npz"
    content = bytearray(path.read_bytes())
    content[200] ^= 0xFF
    path.write_bytes(bytes(content))
    with pytest.raises(OSError, match="cannot be read"):
        datasets.load("mnist", data_dir=data_dir)


@pytest.mark.parametrize("content", [b"", b"not an archive"])
def test_a_file_of_another_kind(tmp_path, content):
    (tmp_path / "mnist.npz").write_bytes(content)
    with pytest.raises(OSError, match="cannot be read"):
        datasets.load("mnist", data_dir=tmp_path)


def test_an_archive_with_other_contents(tmp_path, arrays):
    np.savez(tmp_path / "mnist.npz", **{**arrays, "y_test": arrays["y_test"][:-1]})
    with pytest.raises(ValueError, match=r"uint8 images \(N, 28, 28\) with N integer labels; rec"):
        datasets.load("mnist", data_dir=tmp_path)
    np.savez(tmp_path / "mnist.npz", **{**arrays, "x_train": arrays["x_train"] / 255})
    with pytest.raises(ValueError, match="received float64"):
        datasets.load("mnist", data_dir=tmp_path)
    del arrays["x_test"]
    np.savez(tmp_path / "mnist.npz", **arrays)
    with pytest.raises(ValueError, match="x_test is missing"):
        datasets.load("mnist", data_dir=tmp_path)


def test_a_bare_array_under_the_archives_name(tmp_path):
    with open(tmp_path / "mnist.npz", "wb") as file:
        np.save(file, np.zeros(3))
    with pytest.raises(OSError, match=r"not an \.npz archive"):
        datasets.load("mnist", data_dir=tmp_path)
