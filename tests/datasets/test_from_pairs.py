"""Your own images and masks."""

import numpy as np
import pytest
from PIL import Image

from kerascnn.datasets import from_directory

RNG = np.random.default_rng(0)
OPTIONS = {"image_size": (6, 8), "channels": 1, "validation": 0}


@pytest.fixture
def folders(tmp_path):
    for name in ("images", "masks"):
        (tmp_path / name).mkdir()
    return {"images": tmp_path / "images", "masks": tmp_path / "masks"}


def save(path, values):
    if path.suffix in (".tif", ".tiff"):
        from tifffile import imwrite

        imwrite(path, values)
    else:
        Image.fromarray(values).save(path)


def fill(folders, count=5, size=(6, 8), top=3):
    """Images whose number is their brightness, and masks of random classes."""
    masks = RNG.integers(top, size=(count, *size)).astype("uint8")
    for i, mask in enumerate(masks):
        save(folders["images"] / f"{i}.png", np.full(size, 10 * i, "uint8"))
        save(folders["masks"] / f"{i}.png", mask)
    return masks


def test_pairs_stay_together(folders):
    masks = fill(folders)
    data = from_directory(**folders, **(OPTIONS | {"validation": 0.2, "test": 0.2}))
    assert repr(data) == (
        "<Dataset 'images': 3 train, 1 validation, 1 test; 6x8x1, labels 6x8, 3 classes>"
    )
    seen = []
    for images, labels in (data.train, data.validation, data.test):
        for image, label in zip(images[:], labels, strict=True):
            number = round(float(image.mean()) * 25.5)
            np.testing.assert_array_equal(label, masks[number])
            seen.append(number)
    assert sorted(seen) == [0, 1, 2, 3, 4]
    again = from_directory(**folders, **(OPTIONS | {"validation": 0.2, "test": 0.2}))
    np.testing.assert_array_equal(again.train[1], data.train[1])


def test_values_and_colours_of_classes(folders):
    mask = RNG.integers(2, size=(6, 8)).astype("uint8")
    save(folders["images"] / "a.tif", RNG.integers(65535, size=(6, 8)).astype("uint16"))
    save(folders["masks"] / "a.png", 255 * mask)
    data = from_directory(**folders, **OPTIONS, mask_values=(0, 255), class_names=("no", "yes"))
    np.testing.assert_array_equal(data.train[1][0], mask)
    assert data.class_names == ("no", "yes")
    (folders["masks"] / "a.png").unlink()
    save(folders["masks"] / "a.tif", mask.astype("uint16") * 700)
    data = from_directory(**folders, **OPTIONS, mask_values=(0, 700))
    np.testing.assert_array_equal(data.train[1][0], mask)
    save(folders["masks"] / "a.tif", mask.astype("int16") * 8 - 1)
    data = from_directory(**folders, **OPTIONS, mask_values=(7, 9), ignore_class=-1)
    np.testing.assert_array_equal(data.train[1][0], np.where(mask, 0, -1))
    (folders["masks"] / "a.tif").unlink()
    colours = np.array([[9, 0, 0], [0, 200, 30]], "uint8")
    save(folders["masks"] / "a.png", colours[mask])
    data = from_directory(**folders, **OPTIONS, mask_values=((9, 0, 0), (0, 200, 30)))
    np.testing.assert_array_equal(data.train[1][0], mask)


def test_the_indices_of_a_palette_are_the_classes(folders):
    """As in PASCAL VOC, with 255 for pixels that do not count."""
    mask = RNG.integers(3, size=(6, 8)).astype("uint8")
    mask[0] = 255
    image = Image.fromarray(mask, "P")
    image.putpalette(RNG.integers(256, size=768).astype("uint8").tolist())
    image.save(folders["masks"] / "a.png")
    save(folders["images"] / "a.png", mask)
    data = from_directory(**folders, **OPTIONS, ignore_class=255)
    np.testing.assert_array_equal(data.train[1][0], mask)
    assert len(data.class_names) == 3


def test_masks_are_resized_as_their_images_without_new_classes(folders):
    mask = np.zeros((20, 48), "uint8")
    mask[:10, :24] = 2
    save(folders["images"] / "a.png", 100 * mask)
    save(folders["masks"] / "a.png", mask)
    for resize in ("crop", "stretch"):
        data = from_directory(**folders, **OPTIONS, resize=resize)
        images, labels = data.train
        assert set(np.unique(labels)) == {0, 2}
        np.testing.assert_array_equal(images[0][..., 0] > 0.4, labels[0] == 2)


def save_turned(path, values, orientation):
    if path.suffix == ".tif":
        from tifffile import imwrite

        kind = "rgb" if values.ndim == 3 else "minisblack"
        imwrite(path, values, photometric=kind, extratags=[(274, "H", 1, orientation, True)])
    else:
        exif = Image.Exif()
        exif[274] = orientation
        Image.fromarray(values).save(path, exif=exif)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(
    ("image", "mask"),
    [("a.png", "a.png"), ("a.jpg", "a.png"), ("a.tif", "a.tif"), ("a.png", "a.tif")],
)
@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_masks_stand_upright_as_their_images(folders, image, mask, dtype, orientation):
    classes = np.zeros((40, 56), "uint8")
    classes[8:24, 8:16] = 1
    picture = np.repeat(classes[..., None] * np.uint8(200), 3, axis=-1)
    save_turned(folders["images"] / image, picture, orientation)
    save_turned(folders["masks"] / mask, classes.astype(dtype), orientation)
    size = (40, 56) if orientation < 5 else (56, 40)
    images, labels = from_directory(**folders, **(OPTIONS | {"image_size": size})).train
    np.testing.assert_array_equal(images[0][..., 0] > 0.4, labels[0] == 1)
    upright = np.rot90(classes, -1) if orientation == 6 else labels[0]
    np.testing.assert_array_equal(labels[0], upright)


def test_masks_of_kinds_that_pillow_reads(folders):
    """LZW; gray in GIF; gray in RGB; one bit, which programs show as 0 and 255."""
    mask = RNG.integers(2, size=(6, 8)).astype("uint8")
    save(folders["images"] / "a.png", mask)
    bits = Image.fromarray(mask > 0)
    for name, image, values in (
        ("a.tif", Image.fromarray(mask), None),
        ("a.gif", Image.fromarray(mask * np.uint8(255)), (0, 255)),
        ("a.png", Image.fromarray(np.dstack([mask] * 3)), None),
        ("a.png", bits, None), ("a.png", bits, (0, 255)), ("a.png", bits, (0, 1)),
        ("a.tif", bits, (0, 255)),
    ):  # fmt: skip
        image.save(
            folders["masks"] / name, **({"compression": "tiff_lzw"} if "tif" in name else {})
        )
        data = from_directory(**folders, **OPTIONS, mask_values=values)
        np.testing.assert_array_equal(data.train[1][0], mask)
        (folders["masks"] / name).unlink()
    image = Image.fromarray(mask, "P")
    image.putpalette([10, 20, 30, 200, 100, 50])
    image.save(folders["masks"] / "a.gif")
    with pytest.raises(ValueError, match="received colors: give mask_values"):
        from_directory(**folders, **OPTIONS)
    data = from_directory(**folders, **OPTIONS, mask_values=((10, 20, 30), (200, 100, 50)))
    np.testing.assert_array_equal(data.train[1][0], mask)


def test_a_mask_of_several_pages_is_refused(folders):
    pages = RNG.integers(2, size=(2, 6, 8)).astype("uint8")
    save(folders["images"] / "a.png", pages[0])
    save(folders["masks"] / "a.tif", pages)
    with pytest.raises(OSError, match=r"a\.tif' cannot be read \(it has more than one page; save"):
        from_directory(**folders, **OPTIONS)


@pytest.mark.frameworks
def test_volumes_become_upright_slices_in_blocks(folders):
    """A volume that is stored from right to left and its mask, from 0 to 9 upwards."""
    nibabel = pytest.importorskip("nibabel")
    values = np.zeros((8, 6, 10), "float32")
    values[:] = np.arange(10)
    values[1, 4] += 20  # stored second from the right, to the front
    mask = (values >= 20).astype("uint8")
    affine = np.diag([-1, 1, 1, 1])
    for name, each in (("images", values), ("masks", mask)):
        nibabel.save(nibabel.Nifti1Image(each, affine), folders[name] / "brain.nii.gz")
    data = from_directory(**folders, **(OPTIONS | {"validation": 0.2}), window=(0, 29))
    images, labels = data.train
    assert images.shape == (8, 6, 8, 1)
    np.testing.assert_allclose(images[:, 0, 0, 0], np.arange(8) / 29, rtol=1e-5)
    assert np.argwhere(labels[0]).tolist() == [[1, 6]]
    assert data.validation[0][:, 0, 0, 0] * 29 == pytest.approx([8, 9])
    four = nibabel.Nifti1Image(np.zeros((8, 6, 10, 2)), affine)
    nibabel.save(four, folders["images"] / "brain.nii.gz")
    with pytest.raises(ValueError, match=r"three axes; received \(8, 6, 10, 2\)"):
        from_directory(**folders, **OPTIONS)
    nibabel.save(nibabel.Nifti1Image(values, np.eye(4)), folders["images"] / "brain.nii.gz")
    with pytest.raises(ValueError, match="orientation and spacing"):
        from_directory(**folders, **OPTIONS)


def write(folders, **change):
    values = {"image": np.zeros((6, 8), "uint8"), "mask": np.zeros((6, 8), "uint8")} | change
    values["mask"].flat[0] = 1
    save(folders["images"] / "a.png", values["image"])
    save(folders["masks"] / "a.png", values["mask"])


@pytest.mark.parametrize(
    ("change", "options", "words"),
    [
        ({"mask": np.zeros((6, 9), "uint8")}, {}, "size of its image.*6x8; received 6x9"),
        ({"mask": np.full((6, 8), 255, "uint8")}, {}, r"received 1, 255: give mask_values"),
        ({"mask": np.full((6, 8), 4, "uint8")}, {"class_names": "abc"}, "must contain 0…2"),
        ({"mask": np.zeros((6, 8, 3), "uint8")}, {}, "received colors: give mask_values"),
        ({"mask": np.full((6, 8), 7, "uint8")}, {"mask_values": (1, 9)}, "received also 7"),
        ({}, {"mask_values": ((0, 0, 0), (1, 1, 1))}, "mask_values must be numbers"),
        ({}, {"mask_values": (0, 1), "class_names": "abc"}, "one for each of class_names"),
        ({}, {"mask_values": (1, 0), "ignore_class": 1}, "must not be one of the class .* 0…1"),
        ({}, {"ignore_class": "x"}, "ignore_class must be"),
        ({}, {"validation": 0.5}, "must contain an image for each split"),
        ({}, {"path": "."}, "either path"),
        ({}, {"masks": None}, "either path"),
    ],
)
def test_what_does_not_fit_is_one_line(folders, change, options, words):
    write(folders, **change)
    with pytest.raises(ValueError, match=words) as error:
        from_directory(**(folders | OPTIONS | options))
    assert "\n" not in str(error.value)


def test_files_without_a_partner(folders):
    fill(folders)
    (folders["masks"] / "3.png").rename(folders["masks"] / "x.png")
    with pytest.raises(ValueError, match=r"3.png' must have a mask of the same name"):
        from_directory(**folders, **OPTIONS)
    (folders["images"] / "3.png").unlink()
    with pytest.raises(ValueError, match=r"x.png' must have an image of the same name"):
        from_directory(**folders, **OPTIONS)
    (folders["masks"] / "x.png").write_bytes(b"nothing")
    (folders["images"] / "x.png").write_bytes(b"nothing")
    with pytest.raises(OSError, match=r"x.png' cannot be read"):
        from_directory(**folders, **OPTIONS)
    with pytest.raises(OSError, match="must be directories"):
        from_directory(images="nowhere", masks=folders["masks"], **OPTIONS)
    with pytest.raises(ValueError, match="must get a path"):
        from_directory(image_size=8, mask_values=(0, 1))
