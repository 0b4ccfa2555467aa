"""Real images from optional packages."""

from importlib.util import find_spec

import numpy as np
import pytest

import kerascnn as kc
from kerascnn.datasets import _packaged


def write_package(folder, name, files):
    """Make a package with files, as pip would install it."""
    for path, write in files.items():
        file = folder / name / path
        file.parent.mkdir(parents=True, exist_ok=True)
        write(file)
    (folder / name / "__init__.py").write_text("raise RuntimeError('must not be imported')")


@pytest.fixture
def stardist(tmp_path, monkeypatch):
    """A package stardist whose image is brighter to the right and has four nuclei."""
    from tifffile import imwrite

    image = np.tile(np.arange(512, dtype="uint16"), (512, 1))
    mask = np.zeros((512, 512), "uint16")
    mask[250:262, 100:110] = 7  # across the two training quarters
    mask[300:310, 300:310] = 9
    mask[300:310, 320:330] = 4
    mask[10:20, 500:510] = 12
    write_package(
        tmp_path,
        "stardist",
        {
            "data/images/img2d.tif": lambda path: imwrite(path, image),
            "data/images/mask2d.tif": lambda path: imwrite(path, mask),
        },
    )
    monkeypatch.syspath_prepend(tmp_path)
    return image, mask


def test_nuclei_are_split_by_quarters(stardist):
    image, mask = stardist
    data = kc.datasets.load("nuclei")
    assert [part[0].shape for part in (data.train, data.validation, data.test)] == [
        (2, 256, 256, 1), (1, 256, 256, 1), (1, 256, 256, 1),
    ]  # fmt: skip
    white = np.percentile(image[:, :256], 99.8)
    np.testing.assert_allclose(data.train[0][1, :, :, 0], np.minimum(image[256:, :256] / white, 1))
    np.testing.assert_array_equal(data.train[1][0], mask[:256, :256] > 0)
    np.testing.assert_array_equal(data.validation[1][0], mask[:256, 256:] > 0)
    np.testing.assert_array_equal(data.test[1][0], mask[256:, 256:] > 0)


def test_instances_of_a_quarter_are_numbered_from_1(stardist):
    _, mask = stardist
    data = kc.datasets.load("nuclei", labels="instances")
    found = data.test[1][0]
    np.testing.assert_array_equal(found == 1, mask[256:, 256:] == 4)
    np.testing.assert_array_equal(found == 2, mask[256:, 256:] == 9)
    assert data.validation[1].max() == 1
    with pytest.raises(ValueError, match="labels must be one of"):
        kc.datasets.load("nuclei", labels="masks")


@pytest.mark.frameworks
def test_brain_tissue_by_hand(tmp_path, monkeypatch):
    """A volume whose values tell where they are: blocks of slices, upright."""
    nibabel = pytest.importorskip("nibabel")
    grey, white = np.zeros((2, 197, 233, 189), "uint8")
    grey[50:150, 50:150, 20:170] = 200  # 150 slices: five blocks of 30
    white[100:150, 50:150, 20:170] = 220
    t1 = np.zeros((197, 233, 189), "uint8")
    t1[:] = np.arange(189, dtype="uint8")
    t1[60, 140] = 255  # on the left, to the front

    def writes(values):
        return lambda path: nibabel.save(nibabel.Nifti1Image(values, np.eye(4)), path)

    write_package(
        tmp_path,
        "nilearn",
        {
            f"datasets/data/mni_icbm152_{name}_tal_nlin_sym_09a_converted.nii.gz": writes(values)
            for name, values in (("t1", t1), ("gm", grey), ("wm", white))
        },
    )
    monkeypatch.syspath_prepend(tmp_path)
    data = kc.datasets.load("brain_tissue")
    z = {part: np.rint(data.part(part)[0][:, 120, 100, 0] * 255).astype(int)
         for part in ("train", "validation", "test")}  # fmt: skip
    assert z["train"].tolist() == [*range(20, 47), *range(80, 107), *range(140, 170)]
    assert z["validation"].tolist() == [*range(50, 77)]
    assert z["test"].tolist() == [*range(110, 137)]
    images, masks = data.test
    assert images.shape == (27, 240, 208, 1)
    y, x = np.argwhere(images[0, :, :, 0] == 1)[0]
    assert (y, x) == (3 + 232 - 140, 5 + 60)
    assert masks[0, y, x] == 1
    assert masks[0, y, 5 + 100] == 2
    assert np.bincount(masks[0].ravel()).tolist() == [240 * 208 - 10_000, 5_000, 5_000]


@pytest.mark.parametrize("name", ["nuclei", "brain_tissue"])
def test_without_the_package_one_line_says_what_to_install(name, monkeypatch):
    monkeypatch.setattr(_packaged, "find_spec", lambda package: None)
    with pytest.raises(ImportError, match=r'pip install "kerascnn\[medical\]"') as error:
        kc.datasets.load(name)
    assert "\n" not in str(error.value)


def test_a_version_without_the_file_is_one_line(tmp_path, monkeypatch):
    (tmp_path / "stardist").mkdir()
    write_package(tmp_path, "stardist", {})
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(OSError, match=r"data/images/img2d.tif of the package stardist"):
        kc.datasets.load("nuclei")


@pytest.mark.frameworks
def test_the_real_nuclei():
    if find_spec("stardist") is None:
        pytest.skip("the medical extra is not installed")
    data = kc.datasets.load("nuclei", labels="instances")
    counts = [len(np.unique(mask)) - 1 for part in (data.train, data.test) for mask in part[1]]
    assert counts == [35, 40, 29]


@pytest.mark.frameworks
def test_the_real_brain():
    if find_spec("nilearn") is None:
        pytest.skip("the medical extra is not installed")
    data = kc.datasets.load("brain_tissue")
    assert data.test[0].shape[1:] == (240, 208, 1)
    shares = np.bincount(data.test[1].ravel()) / data.test[1].size
    assert shares[0] > 0.5
    assert min(shares[1:]) > 0.1
    means = [data.test[0][..., 0][data.test[1] == k].mean() for k in (1, 2)]
    assert means[0] < means[1]  # white matter is brighter in T1
