"""Real images from optional packages."""

from importlib.util import find_spec

import numpy as np
import pytest

import kerascnn as kc
from kerascnn.datasets import _packaged, brain_tissue


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

    scan = kc.datasets.load("brain_tissue", noise=0.1, seed=3)
    again = kc.datasets.load("brain_tissue", noise=0.1, inhomogeneity=0, seed=3)
    np.testing.assert_array_equal(scan.test[0], again.test[0])
    np.testing.assert_array_equal(scan.test[1], masks)
    white = t1[100:150, 50:150, 20:170].mean() / 255
    outside = scan.test[0][:, 0]  # the black border
    assert outside.mean() == pytest.approx(0.1 * white * np.sqrt(np.pi / 2), rel=0.03)


def scanned(inhomogeneity, deviation, seed=0):
    """A slice with half its brightness in the middle, as from a scanner."""
    image = np.zeros((*brain_tissue.SIZE, 1), "float32")
    image[40:200, 30:180] = 0.5
    found = brain_tissue._scanned(np.random.default_rng(seed), image, inhomogeneity, deviation)
    return image, found


def test_the_field_has_its_range_over_the_brain_and_is_smooth():
    image, found = scanned(0.4, 0)
    brain = image > 0
    field = found[brain] / 0.5 * 1.2
    assert (field.min(), field.max()) == pytest.approx((0.8, 1.2))
    assert not found[~brain].any()
    steps = np.abs(np.diff(found[40:200, 30:180, 0], axis=1)) / 0.5 * 1.2
    assert steps.max() < 0.4 / 30  # from one side to the other takes 30 pixels at least
    _, weaker = scanned(0.2, 0)
    np.testing.assert_allclose(weaker[brain] / 0.5 * 1.1 - 1, (field - 1) / 2, atol=1e-6)


def test_the_noise_is_rayleigh_where_there_is_nothing_and_rician_elsewhere():
    image, found = scanned(0, 0.1)
    nothing, brain = found[image == 0], found[image > 0]
    assert nothing.mean() == pytest.approx(0.1 * np.sqrt(np.pi / 2), rel=0.02)
    assert nothing.std() == pytest.approx(0.1 * np.sqrt(2 - np.pi / 2), rel=0.02)
    assert (brain**2).mean() == pytest.approx(0.5**2 + 2 * 0.1**2, rel=0.01)
    np.testing.assert_array_equal(scanned(0, 0.1)[1], found)
    assert (scanned(0, 0.1, seed=1)[1] != found).any()


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"inhomogeneity": 1.5}, "inhomogeneity must be a number from 0 to 1"),
        ({"noise": -0.1}, "noise must be a number from 0 to 1"),
        ({"seed": -1}, "seed must be a whole number of at least 0"),
    ],
)
def test_options_of_the_scanner_are_checked_before_a_package_is_looked_for(options, line):
    with pytest.raises(ValueError, match=line):
        kc.datasets.load("brain_tissue", **options)


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
