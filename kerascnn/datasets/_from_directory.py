"""A data set of your own images, with a directory for each class or with masks."""

from collections.abc import Sequence
from os import PathLike
from pathlib import Path

import numpy as np

from kerascnn._checks import check_count, is_number

from ._dataset import Dataset, Split
from ._from_pairs import from_pairs
from ._image_files import ImageFiles
from ._masks import Values

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".dcm")
PARTS = {"train": "train", "validation": "validation", "val": "validation", "test": "test"}


def from_directory(
    path: str | PathLike | None = None,
    *,
    images: str | PathLike | None = None,
    masks: str | PathLike | None = None,
    image_size: int | tuple[int, int],
    validation: float = 0.2,
    test: float = 0.0,
    channels: int = 3,
    resize: str = "crop",
    window: tuple[float, float] | None = None,
    input_range: tuple[float, float] = (0.0, 1.0),
    class_names: Sequence[str] | None = None,
    mask_values: Values | None = None,
    ignore_class: int | None = None,
    seed: int = 0,
    check: bool = True,
) -> Dataset:
    """Load images from a directory for classification, or images and masks for segmentation.

    Images are read on demand during training.

    `path` contains a directory for each class, with the name of the class; images may be in
    subdirectories. The images are split at random, with the same share of each class in each split.
    Alternatively, `path` contains the directories `train`, `validation` (or `val`) and `test`, each
    with a directory for each class. These are then the splits, and if `validation` or `test` is
    missing, it is split off from `train`.

    For segmentation, `images` and `masks` are two directories; a mask has the same name as its
    image, except for the extension. Masks are PNG, TIFF, BMP, GIF or DICOM files of class indices,
    in gray or, except in GIFs, as indices of a palette. They are turned by the orientation in their
    files and resized like their images, to the class of the nearest pixel. Both may also be NIfTI
    volumes, which are read as horizontal slices. Volumes are split at random, but the slices of a
    single volume are split in blocks, since neighboring slices are almost identical.

    Files that do not end in .dcm, .png, .jpg, .jpeg, .bmp, .gif, .tif, .tiff or .webp are ignored,
    as are files and directories whose names start with a dot. Only the first image of an animation
    is used.

    Args:
        path: The directory, for classification.
        images, masks: The directories, for segmentation.
        image_size: Height and width in pixels to resize the images to, or one number for both.
        validation: Fraction of the images to use for validation, from 0 to 1.
        test: Fraction of the images to use for testing, from 0 to 1.
        channels: 3, or 1 for gray.
        resize: `"crop"` keeps the aspect ratio and crops the image at its center; `"stretch"`
            keeps the whole image.
        window: The values in the files that become black and white. If `None`, they follow from
            the data type or, with a warning, from percentiles of each image. See `ImageFiles`.
        input_range: The values of black and white in the arrays, the range that the model expects:
            `(0, 255)` for a model that starts with a `Rescaling(1 / 255)`, `(-1, 1)` for Keras's
            MobileNetV2. `train` and `evaluate` use the same range.
        class_names: The names of all class directories, in the order of the class indices. If
            there are two classes, `evaluate` treats the second one as positive. If `None`, the
            names are sorted. For masks: a name for each class index; if `None`, numbers are used.
        mask_values: For masks: the value or color of each class, such as `(0, 255)` or
            `((0, 0, 0), (255, 0, 0))`. If `None`, the values are class indices. The values of
            masks of one bit are 0 and 1, or 0 and 255.
        ignore_class: For masks: a value that is not a class and is kept, such as 255 for void
            pixels.
        seed: Seed for splitting and shuffling; a non-negative integer.
        check: Whether to read the beginning of each file now, which takes about 0.1 ms each, so
            that files that are not images are found before training.

    Returns:
        A `Dataset` with the name of the directory. Its images are `ImageFiles`, whose `.paths` are
        the files. `.validation` or `.test` is `None` if it would be empty.

    Raises:
        OSError: If a directory does not exist or an image cannot be read.
        ImportError: If pydicom or nibabel is needed and not installed.
        ValueError: If a directory has no images, there are fewer than two classes, a class has too
            few images, a mask does not fit its image or has other values, or an option is out of
            range.

    >>> from tempfile import TemporaryDirectory
    >>> from PIL import Image
    >>> with TemporaryDirectory() as folder:
    ...     for kind in ("cat", "dog"):
    ...         Path(folder, "pets", kind).mkdir(parents=True)
    ...         for i in range(5):
    ...             Image.new("RGB", (40, 30)).save(f"{folder}/pets/{kind}/{i}.png")
    ...     pets = from_directory(f"{folder}/pets", image_size=16)
    >>> pets, pets.class_names
    (<Dataset 'pets': 8 train, 2 validation; 16x16x3, 2 classes>, ('cat', 'dog'))
    """
    check_count("seed", seed, 0)
    reading = {
        "validation": validation,
        "test": test,
        "resize": resize,
        "window": window,
        "input_range": input_range,
        "class_names": None if class_names is None else list(class_names),
        "seed": seed,
    }
    drawn = {"validation": validation, "test": test}
    if not all(is_number(share) and share >= 0 for share in drawn.values()) or (
        validation + test >= 1
    ):
        raise ValueError(
            f"validation and test must be non-negative fractions whose sum is less than 1; "
            f"received {validation!r} and {test!r}."
        )
    if images is not None or masks is not None:
        if path is not None or images is None or masks is None:
            raise ValueError(
                "from_directory must get either path, for classification, or images and masks, "
                "for segmentation."
            )
        reading |= {"mask_values": mask_values, "ignore_class": ignore_class}
        return from_pairs(
            Path(images), Path(masks), suffixes=SUFFIXES, image_size=image_size,
            validation=validation, test=test, channels=channels, resize=resize, window=window,
            input_range=input_range, class_names=class_names, mask_values=mask_values,
            ignore_class=ignore_class, seed=seed, check=check, reading=reading,
        )  # fmt: skip
    if path is None or mask_values is not None or ignore_class is not None:
        raise ValueError(
            "from_directory must get a path for classification, or images and masks for "
            "segmentation, to which mask_values and ignore_class belong."
        )
    path = Path(path)
    folders = _folders(path)
    if "train" in folders and folders.keys() <= PARTS.keys():
        if {"val", "validation"} <= folders.keys():
            raise ValueError(
                f"'{path}' must have only one of the directories 'val' and 'validation'."
            )
        parts = {PARTS[name]: _classes(folder) for name, folder in folders.items()}
        drawn = {part: share for part, share in drawn.items() if part not in parts}
    else:
        parts = {"train": _classes(path)}
    if class_names is not None:
        parts["train"] = _in_order(path, parts["train"], list(class_names))
    class_names = tuple(parts["train"])
    parts = {**_draw(parts.pop("train"), drawn, seed), **parts}

    rng = np.random.default_rng((seed, len(class_names)))
    splits: dict[str, Split] = {}
    first: ImageFiles | None = None  # all parts warn together
    for part, classes in parts.items():
        _check_names(path / part, classes, class_names)
        pictures = [
            (picture, label)
            for label, name in enumerate(class_names)
            for picture in classes.get(name, ())
        ]
        order = rng.permutation(len(pictures))  # so that the first few are not all in one class
        files, labels = zip(*(pictures[i] for i in order), strict=True)
        read = ImageFiles(
            files,
            image_size=image_size,
            channels=channels,
            resize=resize,
            window=window,
            input_range=input_range,
        )
        if first is None:
            first = read
        read.warn_with(first)
        if check:
            read.check()
        splits[part] = read, np.array(labels, np.int64)
    return Dataset(
        path.resolve().name,
        splits["train"],
        splits.get("validation"),
        splits.get("test"),
        class_names,
        reading,
    )


def _folders(path):
    """Return the subdirectories of a directory by name, sorted."""
    if not path.exists():
        raise FileNotFoundError(f"path must be a directory; '{path}' does not exist.")
    if not path.is_dir():
        raise NotADirectoryError(f"path must be a directory; '{path}' is a file.")
    folders = sorted(p for p in path.iterdir() if p.is_dir() and not p.name.startswith("."))
    return {folder.name: folder for folder in folders}


def _classes(path):
    """Return the image files of each class, sorted by name."""
    classes = {name: _pictures(folder) for name, folder in _folders(path).items()}
    if not classes:
        raise ValueError(
            f"'{path}' must contain a directory of images for each class; it has no directories."
        )
    for name, pictures in classes.items():
        if not pictures:
            raise ValueError(
                f"'{path / name}' must contain images, since each directory in '{path}' is a "
                f"class; found no file that ends in {', '.join(SUFFIXES)}."
            )
    return classes


def _in_order(path, classes, names):
    """Return the classes in the order of the given names."""
    if sorted(names) != sorted(classes):
        raise ValueError(
            f"class_names must be the names of all class directories in '{path}', "
            f"{', '.join(classes)}; received {', '.join(map(str, names))}."
        )
    return {name: classes[name] for name in names}


def _pictures(folder):
    return sorted(
        file
        for file in folder.rglob("*")
        if file.suffix.lower() in SUFFIXES
        and not any(part.startswith(".") for part in file.relative_to(folder).parts)
    )


def _check_names(folder, classes, class_names):
    """Check that there are two classes or more, and that all of them occur in the training data."""
    if len(class_names) < 2:
        raise ValueError(
            f"'{folder.parent}' must contain directories for two or more classes; "
            f"received only {class_names[0]!r}."
        )
    for name in classes:
        if name not in class_names:
            raise ValueError(
                f"'{folder}' must contain only classes of the training data; received {name!r}."
            )


def _draw(classes, shares, seed):
    """Split off parts, with the same share of each class; what is left is the training data."""
    parts = {part: {} for part in ("train", *shares)}
    for number, (name, pictures) in enumerate(classes.items()):
        order = list(np.random.default_rng((seed, number)).permutation(len(pictures)))
        for part, share in shares.items():
            count = max(1, round(share * len(pictures))) if share else 0
            parts[part][name] = [pictures[i] for i in order[:count]]
            del order[:count]
        parts["train"][name] = [pictures[i] for i in order]
        if not order:
            raise ValueError(
                f"class {name!r} must have at least one image for each split; received "
                f"{len(pictures)} in total: add images, or pass validation=0 or test=0."
            )
    return {part: found for part, found in parts.items() if any(found.values())}
