"""A data set of your own images and masks, in two directories."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageOps

from kerascnn._checks import check_pair, check_range, is_whole
from kerascnn._picture_reader import PictureError, size_of

from ._dataset import Dataset, Split
from ._image_files import ImageFiles
from ._masks import MASKS, Values, read_mask, resized, to_classes
from ._volumes import NIFTI, is_nifti, read_volume, scaled


class Classes(NamedTuple):
    """What the values of masks mean; see `to_classes`."""

    mask_values: Values | None
    count: int | None
    ignore_class: int | None


def from_pairs(
    images: Path, masks: Path, *, suffixes, image_size, validation, test, channels, resize, window,
    input_range, class_names, mask_values, ignore_class, seed, check, reading,
) -> Dataset:  # fmt: skip
    """Load images and masks; the arguments are those of `from_directory`."""
    if mask_values is not None and class_names is not None and len(mask_values) != len(class_names):
        raise ValueError(
            f"mask_values must be {len(class_names)}, one for each of class_names; received "
            f"{len(mask_values)}."
        )
    if ignore_class is not None and not is_whole(ignore_class, -np.inf):
        raise ValueError(f"ignore_class must be a whole number or None; received {ignore_class!r}.")
    if mask_values is not None and ignore_class in range(len(mask_values)):
        raise ValueError(
            f"ignore_class must not be one of the class indices of mask_values, "
            f"0…{len(mask_values) - 1}; received {ignore_class}: use another value, such as 255."
        )
    size = check_pair("image_size", image_size, of=" of pixels")
    classes = Classes(mask_values, len(class_names or mask_values or ()) or None, ignore_class)
    pairs = _pairs(images, masks, suffixes)
    options = {"resize": resize, "window": window, "input_range": input_range}
    files = ImageFiles(
        [image for image, _ in pairs], image_size=size, channels=channels, **options
    )  # checks the options
    if is_nifti(pairs[0][0]):
        arrays, labels, groups = _slices(pairs, size, channels, classes, **options)
    else:
        if check:
            files.check()
        arrays, labels = files, np.stack([_mask(*pair, size, resize, classes) for pair in pairs])
        groups = np.arange(len(pairs))
    if class_names is None:
        counted = labels if ignore_class is None else labels[labels != ignore_class]
        count = classes.count or max(int(counted.max(initial=0)) + 1, 2)
        class_names = tuple(map(str, range(count)))
    parts = {
        name: (_rows(arrays, rows, files), labels[rows])
        for name, rows in _split(groups, validation, test, seed).items()
        if len(rows)
    }
    name = images.resolve().name
    splits: list[Split | None] = [parts.get(part) for part in ("train", "validation", "test")]
    if splits[0] is None:
        raise ValueError(
            f"'{images}' must contain an image for each split; received {len(labels)} in all: "
            "add images, or pass validation=0 or test=0."
        )
    return Dataset(name, splits[0], splits[1], splits[2], tuple(class_names), reading)


def _pairs(images: Path, masks: Path, suffixes) -> list[tuple[Path, Path]]:
    """Find the mask of each image, the file of the same name but for its ending."""
    found = [_by_stem(images, (*suffixes, *NIFTI)), _by_stem(masks, (*MASKS, *NIFTI))]
    for one, other, what, folder in (
        (*found, "a mask", masks),
        (*found[::-1], "an image", images),
    ):
        alone = sorted(one.keys() - other.keys())
        if alone:
            raise ValueError(
                f"'{one[alone[0]]}' must have {what} of the same name in '{folder}', such as "
                f"'{alone[0]}.png'; received none ({len(alone)} in all)."
            )
    pairs = [(found[0][stem], found[1][stem]) for stem in sorted(found[0])]
    volumes = [is_nifti(path) for pair in pairs for path in pair]
    if any(volumes) and not all(volumes):
        raise ValueError(
            f"'{images}' and '{masks}' must contain pictures only or NIfTI volumes only; received "
            "both."
        )
    return pairs


def _by_stem(folder: Path, endings) -> dict[str, Path]:
    if not folder.is_dir():
        raise NotADirectoryError(f"images and masks must be directories; received '{folder}'.")
    found = {}
    for path in sorted(folder.iterdir()):
        ending = next((e for e in endings if path.name.lower().endswith(e)), None)
        if path.name.startswith(".") or ending is None:
            continue
        stem = path.name[: -len(ending)]
        if stem in found:
            raise ValueError(
                f"'{folder}' must contain one file named '{stem}'; received "
                f"'{found[stem].name}' and '{path.name}'."
            )
        found[stem] = path
    if not found:
        raise ValueError(
            f"'{folder}' must contain files that end in {', '.join(endings)}; found none."
        )
    return found


def _mask(image: Path, mask: Path, size, resize: str, classes: Classes) -> np.ndarray:
    indices = to_classes(mask, read_mask(mask), *classes)
    _check_sizes(mask, indices.shape, image, _size_of(image))
    return resized(indices, size, resize)


def _check_sizes(mask: Path, size: tuple, image: Path, wanted: tuple) -> None:
    if tuple(size) != tuple(wanted):
        raise ValueError(
            f"mask '{mask}' must have the size of its image '{image}', "
            f"{'x'.join(map(str, wanted))}; received {'x'.join(map(str, size))}."
        )


def _size_of(path: Path) -> tuple[int, int]:
    try:
        return size_of(path)
    except PictureError as error:
        raise OSError(f"image '{path}' cannot be read ({error}): replace or remove it.") from None


def _slices(pairs, size, channels, classes: Classes, *, resize, window, input_range):
    """Read volumes as slices: images (N, H, W, C), labels (N, H, W), the volume of each slice."""
    images, labels, groups = [], [], []
    low, high = check_range("input_range", input_range)
    for number, (image, mask) in enumerate(pairs):
        volume, affine = read_volume(image)
        values, of_mask = read_volume(mask)
        _check_sizes(mask, values.shape, image, volume.shape)
        if not np.allclose(affine, of_mask, atol=1e-3):
            raise ValueError(
                f"mask '{mask}' must have the orientation and spacing of its image '{image}'; "
                "received another affine matrix: resample one of them."
            )
        whole = np.rint(values)
        if not np.array_equal(whole, values):
            raise ValueError(f"mask '{mask}' must contain whole numbers, a class for each voxel.")
        flat = whole.reshape(-1, whole.shape[-1]).astype(int)  # masks of images have two axes
        indices = to_classes(mask, flat, *classes).reshape(whole.shape)
        for plane, index in zip(scaled(image, volume, window), indices, strict=True):
            images.append(_fit(plane, size, resize))
            labels.append(resized(index, size, resize))
            groups.append(number)
    stack = np.stack(images)[..., None] * np.float32(high - low) + np.float32(low)
    return np.repeat(stack, channels, axis=-1), np.stack(labels), np.array(groups)


def _fit(plane: np.ndarray, size: tuple[int, int], resize: str) -> np.ndarray:
    image, there = Image.fromarray(plane), (size[1], size[0])
    if resize == "crop":
        return np.asarray(ImageOps.fit(image, there, Image.Resampling.BILINEAR))
    return np.asarray(image.resize(there, Image.Resampling.BILINEAR))


def _rows(arrays, rows, files: ImageFiles):
    if not isinstance(arrays, ImageFiles):
        return arrays[rows]
    part = ImageFiles(
        [files.paths[row] for row in rows], image_size=files.shape[1:3], channels=files.shape[3],
        resize=files.resize, window=files.window, input_range=files.input_range,
    )  # fmt: skip
    part.warn_with(files)
    return part


def _split(groups: np.ndarray, validation: float, test: float, seed: int) -> dict[str, np.ndarray]:
    """Split files or volumes at random; slices of a single volume in blocks, as they lie."""
    shares = {"validation": validation, "test": test}
    members = np.unique(groups)
    if len(members) > sum(share > 0 for share in shares.values()):
        order = np.random.default_rng(seed).permutation(members)
    else:
        groups = order = members = np.arange(len(groups))
    rows = {}
    for part, share in shares.items():
        count = max(1, round(share * len(members))) if share else 0
        rows[part] = np.flatnonzero(np.isin(groups, order[len(order) - count :]))
        order = order[: len(order) - count]
    return {"train": np.flatnonzero(np.isin(groups, order)), **rows}
