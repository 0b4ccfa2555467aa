"""Your own pictures as a data set: a folder for each class."""

from os import PathLike
from pathlib import Path

import numpy as np

from . import _synthetic
from ._dataset import Dataset
from ._image_files import ImageFiles

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp")
PARTS = {"train": "train", "validation": "validation", "val": "validation", "test": "test"}


def from_directory(
    path: str | PathLike,
    *,
    image_size: int | tuple[int, int],
    validation: float = 0.2,
    test: float = 0.0,
    channels: int = 3,
    resize: str = "crop",
    window: tuple[float, float] | None = None,
    input_range: tuple[float, float] = (0.0, 1.0),
    seed: int = 0,
    check: bool = True,
) -> Dataset:
    """Use pictures on disk as a data set for classification; they are read while a model trains.

    `path` has a folder for each class, whose name is the class's. Pictures may lie in folders
    within it. Parts that are drawn here hold the same share of each class. Instead, `path` may have
    the folders `train`, `validation` (or `val`) and `test`, each with a folder for each class; then
    these are the parts, and what is missing of `validation` and `test` is drawn from `train`.

    Files with other endings than .png .jpg .jpeg .bmp .gif .tif .tiff .webp, and files and folders
    whose names begin with a dot, are ignored. Of an animation the first picture counts.

    Args:
        path: The folder.
        image_size: Height and width in pixels that the pictures are brought to, or one number.
        validation: The share of the pictures, from 0 to 1, that is drawn for validation.
        test: The share that is drawn for the test.
        channels: 3, or 1 for grey.
        resize: `"crop"` keeps the aspect ratio and cuts off what is too much on both sides;
            `"stretch"` keeps everything.
        window: Two values of the files that become black and white; `None`: what their data types
            say, or with a warning percentiles of each picture. See `ImageFiles`.
        input_range: What black and white become in the arrays, the range that the model takes:
            `(0, 255)` for one that begins with a `Rescaling(1 / 255)`, `(-1, 1)` for Keras's
            MobileNetV2. Give `train` and `evaluate` the same.
        seed: Of the drawing and of the order. A whole number from 0 on.
        check: Whether the beginning of each file is read now, about 0.1 ms each, so that something
            that is no picture is found before the training.

    Returns:
        A `Dataset` named like the folder, with `ImageFiles` as images, which have `.paths`; classes
        are in the order of their names. `.validation` or `.test` is `None` if nothing is drawn.

    Raises:
        OSError: There is no such folder, or a picture cannot be read; it is named.
        ValueError: A folder without pictures, fewer than two classes, too few pictures of a class,
            or an option out of its range.

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
    _synthetic.whole("seed", seed, 0)
    drawn = {"validation": validation, "test": test}
    if not all(isinstance(share, int | float) and share >= 0 for share in drawn.values()) or (
        validation + test >= 1
    ):
        raise ValueError(
            f"validation and test must be shares from 0 on whose sum is less than 1; "
            f"received {validation!r} and {test!r}."
        )
    path = Path(path)
    folders = _folders(path)
    if "train" in folders and folders.keys() <= PARTS.keys():
        if {"val", "validation"} <= folders.keys():
            raise ValueError(f"'{path}' must have one of the folders 'val' and 'validation'.")
        parts = {PARTS[name]: _classes(folder) for name, folder in folders.items()}
        drawn = {part: share for part, share in drawn.items() if part not in parts}
    else:
        parts = {"train": _classes(path)}
    class_names = tuple(parts["train"])
    parts = {**_draw(parts.pop("train"), drawn, seed), **parts}

    rng = np.random.default_rng((seed, len(class_names)))
    splits = dict.fromkeys(("train", "validation", "test"))
    for part, classes in parts.items():
        _check_names(path / part, classes, class_names)
        pictures = [
            (picture, label)
            for label, name in enumerate(class_names)
            for picture in classes.get(name, ())
        ]
        order = rng.permutation(len(pictures))  # so that the first few are not all of one class
        files, labels = zip(*(pictures[i] for i in order), strict=True)
        images = ImageFiles(
            files,
            image_size=image_size,
            channels=channels,
            resize=resize,
            window=window,
            input_range=input_range,
        )
        if check:
            images.check()
        splits[part] = images, np.array(labels, np.int64)
    return Dataset(path.resolve().name, **splits, class_names=class_names)


def _folders(path):
    """The folders in a folder by their names, in order."""
    if not path.exists():
        raise FileNotFoundError(f"path must be a folder; there is no '{path}'.")
    if not path.is_dir():
        raise NotADirectoryError(f"path must be a folder; '{path}' is a file.")
    folders = sorted(p for p in path.iterdir() if p.is_dir() and not p.name.startswith("."))
    return {folder.name: folder for folder in folders}


def _classes(path):
    """The pictures of each class, in the order of their names."""
    classes = {name: _pictures(folder) for name, folder in _folders(path).items()}
    if not classes:
        raise ValueError(f"'{path}' must have a folder of pictures for each class; it has none.")
    for name, pictures in classes.items():
        if not pictures:
            raise ValueError(
                f"'{path / name}' must hold pictures, since each folder in '{path}' is a class; "
                f"found no file that ends in {' '.join(SUFFIXES)}."
            )
    return classes


def _pictures(folder):
    return sorted(
        file
        for file in folder.rglob("*")
        if file.suffix.lower() in SUFFIXES
        and not any(part.startswith(".") for part in file.relative_to(folder).parts)
    )


def _check_names(folder, classes, class_names):
    """Refuse a part with less than two classes, or with one that the training does not have."""
    if len(class_names) < 2:
        raise ValueError(
            f"'{folder.parent}' must have folders of two classes or more; "
            f"received {class_names[0]!r} only."
        )
    for name in classes:
        if name not in class_names:
            raise ValueError(f"'{folder}' has the class {name!r}, which the training has not.")


def _draw(classes, shares, seed):
    """Draw parts, the same share of each class for each, and leave the rest to the training."""
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
                f"class {name!r} must have a picture for each part; received {len(pictures)} in "
                f"all: add some, or draw fewer parts with validation=0 or test=0."
            )
    return {part: found for part, found in parts.items() if any(found.values())}
