from pathlib import Path

import numpy as np
import pytest
import skimage.data

from kerascnn import datasets


@pytest.mark.parametrize("name", datasets.photo_names())
def test_a_photo_is_rgb_bytes_out_of_the_wheel(name, monkeypatch):
    from skimage.data import _fetchers

    # Without pooch nothing can be downloaded: what loads now came with the package.
    monkeypatch.setattr(_fetchers, "_image_fetcher", None)
    image = datasets.photo(name)
    assert image.dtype == np.uint8
    assert image.ndim == 3
    assert image.shape[2] == 3
    assert np.ptp(image) > 100


def test_grey_becomes_three_equal_channels():
    image = datasets.photo("camera")
    np.testing.assert_array_equal(image[..., 0], skimage.data.camera())
    np.testing.assert_array_equal(image[..., 1], image[..., 2])
    np.testing.assert_array_equal(datasets.photo("coffee"), skimage.data.coffee())


def test_each_call_gives_a_copy_of_its_own():
    first = datasets.photo("cat")
    first[:] = 0
    assert datasets.photo("cat").max() > 0


def test_an_unknown_name_gets_suggestions():
    with pytest.raises(ValueError, match="Did you mean 'astronaut'"):
        datasets.photo("astronaute")


def test_only_what_downloads_needs_keras():
    modules = set(Path(datasets.__file__).parent.glob("*.py"))
    for module in modules - {m for m in modules if m.stem in ("cifar10", "_mnist_file")}:
        assert "keras" not in {
            line.split()[1].split(".")[0]
            for line in module.read_text("utf-8").splitlines()
            if line.strip().startswith(("import ", "from ")) and "kerascnn" not in line
        }


def test_each_photo_has_a_credit():
    assert datasets.photo_credit("chelsea") == datasets.photo_credit("cat")
    rights = {datasets.photo_credit(name).rights for name in datasets.photo_names()}
    assert rights == {"CC0 1.0", "public domain", "no known copyright restrictions", "unknown"}
    for name in datasets.photo_names():  # as the docstring of scikit-image says
        credit, documented = datasets.photo_credit(name), getattr(skimage.data, name).__doc__
        if credit.rights == "CC0 1.0":
            assert "CC0" in documented
        elif credit.rights != "unknown":
            assert credit.rights in documented or "copyright" in documented
    with pytest.raises(ValueError, match="Did you mean 'camera'"):
        datasets.photo_credit("kamera")
